"""What is to be mapped and what is told to the stylesheet; what mapping gave; what is remembered of what was sent."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import select

from gateway.journal import accounts, decisions, messages, sending
from gateway.journal.history import of_subject
from gateway.journal.imports import Declared, record_declared
from gateway.journal.messages import ToMap
from gateway.journal.states import Change, change_messages
from gateway.journal.tables import content
from gateway.model import Facts, Finding, MapResult, MessageKind, MessageState
from tests.book import Book, Doc, change, order, status, stylesheet

K, S = MessageKind, MessageState


def to_map(book: Book, limit: int = 50, **more: Any) -> list[ToMap]:
    """Return what is to be mapped."""
    return book.journal.read(lambda c: messages.to_map(c, limit=limit, **more))


def store(book: Book, *mapped: tuple[ToMap, MapResult]) -> None:
    """Store results."""
    book.journal.write(lambda c: messages.store_mapped(c, mapped, book.keeper, book.clock.now()))


# What is to be mapped


def test_messages_are_mapped_in_claim_order_batch_by_batch(book: Book) -> None:
    """Also those of several accounts; what is being mapped already is passed over."""
    book.journal.write(lambda c: accounts.ensure(c, {"other": "https://y.example as other"}))
    first = book.split(book.claim(), order("PO-1"), order("PO-2"))
    second = book.split(book.claim(account="other"), order("PO-1"), account="other")
    third = book.split(book.claim(), order("PO-3"))
    ids = [one.request.key for one in to_map(book, 3)]

    assert [*first, *second] == ids
    assert [*third] == [one.request.key for one in to_map(book, 3, skip=ids)]
    assert [*first, *second, *third] == [one.request.key for one in to_map(book, nodes=["node"])]
    assert [] == to_map(book, nodes=["another"])


def test_what_is_mapped_and_may_go_is_written_once(book: Book) -> None:
    """Ready and its lane's head in one change of the row; history tells of both when the lane says otherwise."""
    first, second = book.drop(order("PO-1"), order("PO-2", refused=True))
    (behind,) = book.drop(order("PO-2", text="3"), origin="retry")

    assert [2, 2, 2] == [book.row(key)["version"] for key in (first, second, behind)]
    assert book.row(first)["turn"]
    assert "parked" == book.row(behind)["state"]
    told = book.journal.read(lambda c: [event["event"] for event in of_subject(c, "message", [behind])])
    assert ["registered", "ready", "parked"] == told


KNOWN_BEFORE: dict[str, tuple[list[Doc], list[Doc], tuple[bool, int]]] = {
    # sent before, waiting before it -> known, number of the change this would be
    "nothing is known": ([], [], (False, 1)),
    "sent before": ([order()], [], (True, 1)),
    "sent and changed before": ([order(), change()], [], (True, 2)),
    "an order waits before it": ([], [order()], (True, 1)),
    "an order and a change wait before it": ([], [order(), change()], (True, 2)),
    "sent before, and a change waits": ([order()], [change()], (True, 2)),
    "a status waits before it": ([], [status()], (False, 1)),
    "another order": ([order("PO-9")], [order("PO-8")], (False, 1)),
    "a failed order does not count": ([], [order(bad_cell=True)], (False, 1)),
}


@pytest.mark.parametrize("name", KNOWN_BEFORE)
def test_the_stylesheet_is_told_what_will_be_known_by_then(name: str, book: Book) -> None:
    """Known, and which change this would be: from what was sent, and from what will go before it."""
    sent, waiting, expected = KNOWN_BEFORE[name]
    for doc in sent:
        book.drop(doc)
        book.send_all()
    if waiting:
        book.split(book.claim(), *waiting)
    book.split(book.claim(), order(text="9"))
    told = to_map(book)[-1].request

    assert expected == (told.known, told.change_number)


@pytest.mark.parametrize(
    ("rule", "hint", "known", "released", "expected"),
    [
        ("hold", None, True, None, None),
        ("change", None, True, None, None),
        ("send", None, True, None, "Order"),
        ("send", None, False, None, None),
        ("change", "Order", True, None, "OrderChange"),
        ("hold", "Order", True, None, None),
        ("send", "Order", True, None, None),
        ("change", "OrderChange", True, None, None),
        ("send", "OrderChange", True, None, None),
        ("send", "StatusMessage", True, None, None),
        ("hold", None, True, "Order", "Order"),
        ("send", None, True, "OrderChange", "OrderChange"),
    ],
)
def test_the_stylesheet_is_told_as_what_it_is_to_go(
    rule: str, hint: str | None, known: bool, released: str | None, expected: str | None, book: Book
) -> None:
    """A person's word first, then the repeat rule where the source says otherwise or nothing."""
    if known:
        book.drop(order())
        book.send_all()
    book.split(book.claim(), order(text="9", hint=hint), repeat=rule, release_as=released)
    told = to_map(book)[-1].request

    assert (expected and K(expected)) == told.release_as


def test_repeat_send_goes_as_an_order_again_although_the_order_is_known(book: Book) -> None:
    """The stylesheet would make a change of it; the rule says Order."""
    book.drop(order())
    book.send_all()
    book.drop(order(text="2"), repeat="send")

    assert [("Order", "PO-1")] == book.send_all()


def test_a_repeat_held_by_rule_is_held_also_when_its_mapping_makes_a_change_of_it(book: Book) -> None:
    """That Jakamo knows the order is the gateway's knowledge, not the source's word: nobody said "change"."""
    book.drop(order())
    book.send_all()
    (same,) = book.drop(order())
    (other,) = book.drop(order(text="2"))

    assert ["unchanged", "held"] == book.states(same, other)
    assert [] == book.send_all()


# What mapping gave


def test_the_exact_bytes_and_their_hash_are_stored(book: Book) -> None:
    """Before the first attempt; the same hash stands with the attempt."""
    (key,) = book.drop(order())
    statement = select(content.c.body, content.c.body_hash).where(content.c.message == key)
    body, digest = book.journal.read(lambda c: c.execute(statement).one())

    assert sha256(body).hexdigest() == digest
    assert body == book.journal.read(lambda c: messages.body_of(c, key))
    assert book.journal.read(lambda c: messages.body_of(c, 999)) is None


def test_a_message_that_moved_meanwhile_is_left_as_it_is(book: Book) -> None:
    """Held, or released anew, while its mapping ran: that result is of yesterday."""
    (key,) = book.split(book.claim(), order())
    (todo,) = to_map(book)
    now = book.clock.now()
    book.journal.write(lambda c: decisions.hold_open(c, 1, "why", "why", book.keeper, now))
    store(book, (todo, stylesheet(todo.request)))
    assert "held" == book.state(key)

    book.journal.write(lambda c: decisions.release(c, [key], None, "anna", book.keeper, now))
    store(book, (todo, stylesheet(todo.request)))
    assert "registered" == book.state(key)
    store(book)


def test_another_order_number_than_the_sources_is_refused(book: Book) -> None:
    """The lane, the address and the document must speak of one order."""
    (key,) = book.split(book.claim(), order())
    (todo,) = to_map(book)
    facts = Facts(kind=K.ORDER, order_number="PO-2", content_hash="h")
    store(book, (todo, MapResult(key=key, body=b"<Order/>", facts=facts)))
    row = book.row(key)

    assert ("failed", "other-number") == (row["state"], row["reason_code"])
    assert '"PO-2" of "PO-1"' in row["reason"]
    assert book.journal.read(lambda c: messages.body_of(c, key)) is None


def test_findings_are_kept_and_the_first_is_the_reason(book: Book) -> None:
    """All of them for the report; one, with its place, for the list. Warnings refuse nothing."""
    key, warned = book.split(book.claim(), order(), order("PO-2"))
    one, two = to_map(book)
    findings = (
        Finding(code="note", message="Odd.", severity="warning"),
        Finding(code="schema", message="Too long.", row=7, column="Unit"),
        Finding(code="schema", message="Missing.", row=8),
    )
    good = stylesheet(two.request)
    warning = MapResult(key=warned, body=good.body, facts=good.facts, findings=findings[:1], mapping_hash="b")
    store(book, (one, MapResult(key=key, body=None, facts=None, findings=findings)), (two, warning))
    row = book.row(key)

    assert ("failed", "schema", 'row 7, column "Unit": Too long. (and 1 more)') == (
        row["state"], row["reason_code"], row["reason"],
    )  # fmt: skip
    assert 3 == len(row["findings"])
    assert ["ready", 1] == [book.state(warned), len(book.row(warned)["findings"])]


def test_a_result_without_body_or_finding_is_refused(book: Book) -> None:
    """Nothing is sent on the strength of nothing."""
    (key,) = book.split(book.claim(), order())
    (todo,) = to_map(book)
    store(book, (todo, MapResult(key=key, body=None, facts=None)))

    assert ("failed", "other-number") == (book.state(key), book.row(key)["reason_code"])


def test_mapped_again_and_refused_it_has_no_old_bytes_left(book: Book) -> None:
    """What the mended mapping refuses must not go as the old one made it."""
    (key,) = book.drop(order())
    (out,) = book.begin()
    book.finish(out, state=S.UNKNOWN, unsure=True)
    now = book.clock.now()
    book.journal.write(lambda c: decisions.resolve(c, key, arrived=False, by="anna", keeper=book.keeper, now=now))
    row = book.row(key)
    to_be_mapped = Change(key, row["state"], row["version"], state="registered", turn=False)
    book.journal.write(lambda c: change_messages(c, [to_be_mapped]))
    (todo,) = to_map(book)
    store(book, (todo, MapResult(key=key, body=None, facts=None, findings=(Finding(code="schema", message="No."),))))
    assert book.journal.read(lambda c: messages.body_of(c, key)) is None
    book.journal.write(lambda c: decisions.retry(c, [key], "anna", book.keeper, now))

    assert "registered" == book.state(key)


# What is remembered


def remembered(book: Book, *names: str) -> list[Any]:
    """Return parts of what is remembered of PO-1."""
    memory = book.memory()
    assert memory is not None
    return [memory[name] for name in names]


def test_an_order_and_its_changes_are_remembered(book: Book) -> None:
    """Content, parties, lines, how many changes, and by which message."""
    book.drop(order(lines=("10", "20")))
    book.send_all()
    assert [0, False, "S-1", "B-1", ["10", "20"], 1, False] == remembered(
        book, "change_count", "cancelled", "supplier", "buyer", "line_ids", "last_message", "imported"
    )
    book.drop(order(text="2", lines=("10", "20", "30")), repeat="change")
    book.send_all()

    assert [1, ["10", "20", "30"], 2] == remembered(book, "change_count", "line_ids", "last_message")


def test_a_change_that_need_not_be_whole_adds_its_lines(book: Book) -> None:
    """Lines that it does not mention are not gone: the next full export has lost none."""
    book.drop(order(lines=("10", "20")))
    book.send_all()
    book.drop(change(lines=("20", "30")))
    book.send_all()
    assert [["10", "20", "30"]] == remembered(book, "line_ids")

    book.drop(change(text="4", lines=("20", "30")), complete=True, lost="send")
    book.send_all()
    assert [["20", "30"]] == remembered(book, "line_ids")


def test_a_status_changes_nothing_but_a_cancellation(book: Book) -> None:
    """Received says nothing about the content; cancelled is remembered until it is ordered again."""
    book.drop(order())
    book.send_all()
    before = remembered(book, "content_hash", "line_ids", "change_count")
    book.drop(status())
    book.send_all()
    assert [*before, False] == remembered(book, "content_hash", "line_ids", "change_count", "cancelled")
    book.drop(status(word="Cancelled".lower()))
    book.send_all()
    assert [*before, True] == remembered(book, "content_hash", "line_ids", "change_count", "cancelled")


@pytest.mark.parametrize(
    ("doc", "released", "cancelled"),
    [(order(text="2"), K.CHANGE, False), (order(text="2"), K.ORDER, False), (change(), None, True)],
    ids=["ordered again, as a change", "ordered again, as an Order", "a change, because the source says so"],
)
def test_what_takes_a_cancellation_back(
    doc: Doc, released: MessageKind | None, cancelled: bool, book: Book
) -> None:
    """A person said that it is ordered again; a mere change does not say so."""
    book.drop(order(), status(word="cancelled"))
    book.send_all()
    (key,) = book.drop(doc)
    if released is not None:
        now = book.clock.now()
        assert "after-cancellation" == book.row(key)["reason_code"]
        book.journal.write(lambda c: decisions.release(c, [key], released, "anna", book.keeper, now))
        book.map()
    assert 1 == len(book.send_all())

    assert [cancelled] == remembered(book, "cancelled")


def test_an_explicit_change_released_by_a_person_takes_a_cancellation_back(book: Book) -> None:
    """Held for another reason and let go by a person: it counts."""
    book.drop(order(), status(word="cancelled"))
    book.send_all()
    book.drop(change(), approved=True)
    book.send_all()

    assert [False] == remembered(book, "cancelled")


def test_a_status_for_an_order_never_sent_makes_its_number_known(book: Book) -> None:
    """Jakamo took it, so it has the order: a later export of that number is a repeat, not an order."""
    (key,) = book.drop(status())
    book.clock.advance(700)
    book.journal.write(lambda c: sending.wake_due(c, book.keeper, book.clock.now()))
    assert [("StatusMessage", "PO-1")] == book.send_all()
    (repeat,) = book.drop(order())

    assert ["sent", "held"] == book.states(key, repeat)


def test_the_first_repeat_of_an_imported_number_becomes_the_baseline(book: Book) -> None:
    """Not sent, noted; from then on it is compared with."""
    now = book.clock.now()
    numbers = [Declared(order_number="PO-1")]
    book.journal.write(lambda c: record_declared(c, "main", numbers, book.keeper, "a list", now))
    first, second = book.drop(order())[0], book.drop(order())[0]
    (third,) = book.drop(order(text="2"), repeat="change")

    assert ["unchanged", "unchanged", "ready"] == book.states(first, second, third)
    assert ("baseline", "unchanged") == (book.row(first)["reason_code"], book.row(second)["reason_code"])
    assert [("OrderChange", "PO-1")] == book.send_all()
