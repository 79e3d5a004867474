"""Interchanges, hand-backs, placements, incidents, wishes and fates: the statements around files."""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import Connection

from gateway.journal import accounts, actions, handbacks, incidents, interchanges, pass_one, placements
from gateway.journal.fates import answers, fates
from gateway.journal.history import of_subject
from gateway.model import Finding, InterchangeState, MessageState
from tests.book import Book, change, order

I, S = InterchangeState, MessageState  # noqa: E741 - as in `gateway.model`


def row_of(book: Book, sequence: int) -> Any:
    """Return an interchange."""
    row = book.journal.read(lambda c: interchanges.by_sequence(c, sequence))
    assert row is not None
    return row


def reject(book: Book, sequence: int) -> None:
    """Refuse a file as a whole."""
    row, now = row_of(book, sequence), book.clock.now()
    why = "A quote is not closed."
    findings = [Finding(code="unclosed-quote", message=why, row=3)]
    book.journal.write(
        lambda c: interchanges.mark_rejected(
            c, row, code="unclosed-quote", reason=why, findings=findings, now=now, sha256="s", size=9
        )
    )


def place(book: Book, sequence: int, key: int | None, name: str, folder: str = "error") -> int:
    """Put a file into error/, on record; return the placement."""
    values = {
        "interchange": sequence, "message": key, "folder": folder, "name": name,
        "sha256": hashlib.sha256(name.encode()).hexdigest(), "bytes": name.encode(), "reason_hashes": {},
    }  # fmt: skip
    now = book.clock.now()

    def write(connection: Connection) -> int:
        placed = placements.plan(connection, values, now)
        assert placements.set_state(connection, placed, "placing", "placed", now)
        return placed

    return book.journal.write(write)


def test_claims_are_recorded_once_in_order(book: Book) -> None:
    """The uuid is the key: whoever inserts second changes nothing."""
    claim = interchanges.Claim(
        claim="c1", node="node", origin="inbox", folder="", name="a.csv", path="/a", route=None, account=None,
        mapping=None,
    )  # fmt: skip
    now = book.clock.now()
    for _ in range(2):
        book.journal.write(lambda c: interchanges.record_claims(c, [claim], now))
    book.journal.write(lambda c: interchanges.record_claims(c, [], now))
    claimed = book.journal.read(lambda c: interchanges.in_state(c, I.CLAIMED, node="node"))

    assert ["a.csv"] == [row["name"] for row in claimed]
    assert {"c1"} == book.journal.read(lambda c: interchanges.known_claims(c, "node"))
    assert [] == book.journal.read(lambda c: interchanges.in_state(c, I.CLAIMED, node="another"))
    assert ["claimed"] == [e["event"] for e in book.journal.read(lambda c: of_subject(c, "interchange", [1]))]


def test_the_same_bytes_count_when_something_of_them_was_sent_or_waits(book: Book) -> None:
    """Not when all of the first failed, nor when it was sent before the account became a fresh one."""
    def first() -> dict[tuple[str, str], int]:
        return book.journal.read(lambda c: pass_one.first_with_bytes(c, ["a" * 64, "b" * 64]))

    sequence = book.claim()
    (key,) = book.split(sequence, order(bad_cell=True), sha256="a" * 64)
    assert {} == first()
    (second,) = book.split(book.claim(), order("PO-2"), sha256="a" * 64)
    assert {("main", "a" * 64): 2} == first()
    assert ["failed", "registered"] == book.states(key, second)

    now = book.clock.now()
    book.journal.write(lambda c: accounts.accept(c, "main", "https://z.example as main", fresh=True, now=now))
    assert {} == first()


def test_a_rejected_file_says_why(book: Book) -> None:
    """Code, reason, findings and what it was, for the reason file."""
    sequence = book.claim()
    reject(book, sequence)
    row = row_of(book, sequence)

    assert ("rejected", "unclosed-quote", "s", 9) == (row["state"], row["reason_code"], row["sha256"], row["size"])
    assert [3] == [finding["row"] for finding in row["findings"]]
    assert [sequence] == [found["sequence"] for found in book.journal.read(placements.unplaced_rejections)]


def test_the_gate_is_the_accounts_own(book: Book) -> None:
    """The first file still in pass one, of this account."""
    assert book.journal.read(lambda c: pass_one.oldest_in_pass_one(c, "main")) is None
    first, _ = book.claim("a.csv"), book.claim("b.csv")

    assert first == book.journal.read(lambda c: pass_one.oldest_in_pass_one(c, "main"))
    assert book.journal.read(lambda c: pass_one.oldest_in_pass_one(c, "other")) is None


# Hand-backs


def candidates(book: Book, sha256: str = "", name: str = "") -> list[handbacks.Candidate]:
    """Return what a handed-back file may belong to."""
    return book.journal.read(lambda c: handbacks.candidates(c, sha256, name))


def test_a_hand_back_is_linked_by_bytes_then_by_name_then_to_the_newest(book: Book) -> None:
    """Only what waits for a person can be corrected; a rejected file is one, too."""
    old = book.claim("orders.csv")
    (key,) = book.split(old, order("PO-1", bad_cell=True))
    new = book.claim("orders.csv")
    (second,) = book.split(new, order("PO-2", bad_cell=True))
    refused = book.claim("broken.csv")
    reject(book, refused)
    fine = book.claim("fine.csv")
    book.split(fine, order("PO-3"))
    place(book, old, key, "orders.PO-1.csv")
    digest = hashlib.sha256(b"orders.PO-1.csv").hexdigest()

    assert [refused, new, old] == [one.interchange for one in candidates(book)]
    assert [old, refused, new] == [one.interchange for one in candidates(book, digest)]
    assert [refused, new, old] == [one.interchange for one in candidates(book, name="broken.csv")]
    by_name = candidates(book, name="orders.csv")
    assert [(new, True, False), (old, True, False), (refused, False, True)] == [
        (one.interchange, one.by_name, one.rejected) for one in by_name
    ]
    assert frozenset({"PO-2"}) == by_name[0].open_numbers
    assert by_name == candidates(book, name="orders.csv")
    assert second != key


def test_a_handed_back_message_takes_the_place_of_the_old_one(book: Book) -> None:
    """In the lane too: what waited behind the failed one waits behind the new one, and goes after it."""
    key, follower = book.drop(order(bad_cell=True), change())
    row = book.row(key)
    sequence = book.claim(origin="retry")
    (new,) = book.split(sequence, order(), place=(row["lane_major"], row["lane_minor"]))

    def take_over(connection: Connection) -> None:
        handbacks.replace(connection, [(key, new)], book.clock.now())
        handbacks.replace(connection, [], book.clock.now())
        handbacks.link(connection, sequence, 1)
        book.keeper.settle(connection, [("main", "PO-1")], book.clock.now())

    book.journal.write(take_over)
    book.map()

    assert ("replaced", new, 1) == (book.state(key), book.row(key)["replaced_by"], row_of(book, sequence)["retry_of"])
    assert [("Order", "PO-1"), ("OrderChange", "PO-1")] == book.send_all()
    lanes = book.journal.read(lambda c: handbacks.lanes_of(c, "main", ["PO-1"]))
    assert [key, new, follower] == [found["id"] for found in lanes["PO-1"]]


# Placements


def test_what_waits_and_has_no_file_yet_is_to_be_placed(book: Book) -> None:
    """Once each: in error/, or in unknown/ when that is the question now."""
    failed, unknown = book.drop(order("PO-1", bad_cell=True), order("PO-2"))
    (out,) = book.begin()
    book.finish(out, state=S.UNKNOWN, unsure=True)
    assert [failed, unknown] == [row["id"] for row in book.journal.read(placements.unplaced_messages)]
    placed = place(book, 1, failed, "orders.PO-1.csv")
    assert [unknown] == [row["id"] for row in book.journal.read(placements.unplaced_messages)]
    place(book, 1, unknown, "orders.PO-2.csv", "unknown")

    assert [] == book.journal.read(placements.unplaced_messages)
    active = book.journal.read(placements.active)
    assert ["orders.PO-1.csv", "orders.PO-2.csv"] == [row["name"] for row in active]
    assert [[failed], [unknown]] == [
        [owner["id"] for owner in book.journal.read(lambda c, row=row: placements.open_owners(c, row))]
        for row in active
    ]
    assert b"orders.PO-1.csv" == book.journal.read(lambda c: placements.bytes_of(c, placed))
    assert book.journal.read(lambda c: placements.bytes_of(c, 99)) is None


def test_a_placement_leaves_by_compare_and_set(book: Book) -> None:
    """Whoever comes second moves nothing."""
    (key,) = book.drop(order(bad_cell=True))
    placed, now = place(book, 1, key, "a.csv"), book.clock.now()

    def move(seen: str, state: str) -> bool:
        return book.journal.write(lambda c: placements.set_state(c, placed, seen, state, now))

    assert [True, False, True] == [move("placed", "leaving"), move("placed", "leaving"), move("leaving", "gone")]
    assert [] == book.journal.read(placements.active)


def test_whole_or_extract_is_told_by_what_went_on(book: Book) -> None:
    """When every order of a file waits for a person, its file is wanted whole."""
    book.drop(order("PO-1", bad_cell=True), order("PO-2", refused=True))
    book.drop(order("PO-3", bad_cell=True), order("PO-4"))
    book.split(book.claim(), order("PO-5"))

    assert [True, False] == [book.journal.read(lambda c, s=s: placements.all_wait(c, s)) for s in (1, 2)]
    assert [False, True] == [book.journal.read(lambda c, s=s: placements.still_moving(c, s)) for s in (1, 3)]


def test_an_old_pair_leaves_once_its_successor_has_its_fate(book: Book) -> None:
    """Replaced by a newer export: at once. Handed back: when that is no longer on its way."""
    (key,) = book.drop(order(bad_cell=True))
    row = {"interchange": 1, "message": key, "folder": "error"}
    read = book.journal.read
    assert read(lambda c: placements.successor_settled(c, row))
    place_of = (book.row(key)["lane_major"], book.row(key)["lane_minor"])
    (new,) = book.split(book.claim(origin="retry"), order(), place=place_of)
    book.journal.write(lambda c: handbacks.replace(c, [(key, new)], book.clock.now()))
    assert not read(lambda c: placements.successor_settled(c, row))
    book.journal.write(lambda c: book.keeper.settle(c, [("main", "PO-1")], book.clock.now()))
    book.map()
    book.send_all()

    assert read(lambda c: placements.successor_settled(c, row))


def test_a_rejected_file_leaves_when_its_correction_came_through(book: Book) -> None:
    """Linked by name; read well, it takes the old one's place."""
    refused = book.claim("broken.csv")
    reject(book, refused)
    row = {"interchange": refused, "message": None, "folder": "error"}
    assert book.journal.read(lambda c: placements.rejected_owner(c, row)) is not None
    assert not book.journal.read(lambda c: placements.handed_back_since(c, row))
    again = book.claim("broken.csv", origin="retry")
    book.split(again, order())
    book.journal.write(lambda c: handbacks.link(c, again, refused))

    assert book.journal.read(lambda c: placements.handed_back_since(c, row))


# Incidents, wishes, fates


def test_an_incident_is_one_open_row_with_a_count(book: Book) -> None:
    """The same trouble again is counted, not told again; cleared, it may open anew."""
    now = book.clock.now()

    def raise_it(key: str = "outage:main") -> bool:
        return book.journal.write(lambda c: incidents.raise_incident(c, key, "away", now))

    assert [True, False, False] == [raise_it(), raise_it(), raise_it()]
    assert [3] == [row["count"] for row in book.journal.read(incidents.open_incidents)]
    assert {"outage:main"} == book.journal.read(lambda c: incidents.open_keys(c, "outage:"))
    assert [True, False] == [book.journal.write(lambda c: incidents.clear(c, "outage:main", now)) for _ in range(2)]
    assert [] == book.journal.read(incidents.open_incidents)
    assert raise_it()


def test_a_wish_is_carried_out_once(book: Book) -> None:
    """Asked for, done or refused, on record."""
    now = book.clock.now()
    first = book.journal.write(lambda c: actions.request(c, "skip", {"messages": [1]}, "anna", now))
    second = book.journal.write(lambda c: actions.request(c, "pause", {"name": "main"}, "anna", now))
    assert [first, second] == [row["id"] for row in book.journal.read(actions.waiting)]
    for refused in (True, False):
        book.journal.write(lambda c, r=refused: actions.conclude(c, first, refused=r, result="stale", now=now))
    row = book.journal.read(lambda c: actions.by_id(c, first))

    assert row is not None
    assert ("refused", "stale") == (row["state"], row["result"])
    assert [second] == [found["id"] for found in book.journal.read(actions.waiting)]
    events = [event["event"] for event in book.journal.read(lambda c: of_subject(c, "action", [first]))]
    assert ["requested", "refused"] == events


def test_every_order_and_file_has_a_fate(book: Book) -> None:
    """What a run until idle says last."""
    book.drop(order("PO-1"), order("PO-2", bad_cell=True))
    book.send_all()
    refused = book.claim("broken.csv")
    reject(book, refused)
    found = book.journal.read(fates)

    assert [
        ("orders.csv", "PO-1", "Order", "sent"),
        ("orders.csv", "PO-2", "", "failed"),
        ("broken.csv", "", "", "rejected"),
    ] == [(one.file, one.order_number, one.kind, one.state) for one in found]
    assert "A quote is not closed." == found[-1].reason
    assert [] == book.journal.read(answers)
