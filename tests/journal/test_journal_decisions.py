"""What persons decide: skip, try again, release, resolve, hold, pause; and what a confirmation settles."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from gateway.errors import StaleTransition
from gateway.journal import accounts, decisions, interchanges, queue, sending
from gateway.journal.history import of_subject
from gateway.journal.imports import Declared, record_declared
from gateway.journal.lanes import LaneKeeper
from gateway.journal.queue import Fetched
from gateway.journal.tables import order_memory
from gateway.model import MessageKind, MessageState, QueueKind
from tests.book import Book, change, order, status

K, S = MessageKind, MessageState


def skip(book: Book, *keys: int) -> int:
    """Skip messages."""
    return book.journal.write(lambda c: decisions.skip(c, keys, "anna", book.keeper, book.clock.now()))


def retry(book: Book, *keys: int) -> int:
    """Try messages again, and map what is to be mapped."""
    count = book.journal.write(lambda c: decisions.retry(c, keys, "anna", book.keeper, book.clock.now()))
    book.map()
    return count


def release(book: Book, *keys: int, kind: MessageKind | None = None) -> int:
    """Release messages, and map what is to be mapped."""
    count = book.journal.write(lambda c: decisions.release(c, keys, kind, "anna", book.keeper, book.clock.now()))
    book.map()
    return count


def resolve(book: Book, key: int, *, arrived: bool) -> None:
    """Answer an unknown outcome."""
    keeper, now = book.keeper, book.clock.now()
    book.journal.write(lambda c: decisions.resolve(c, key, arrived=arrived, by="anna", keeper=keeper, now=now))


def confirmation(book: Book, number: str = "PO-1", kind: QueueKind = QueueKind.RESPONSE, **more: Any) -> bool:
    """Let a confirmation be fetched and stored, as the receiver does; return whether it settled anything."""
    now = book.clock.now()
    fetched = Fetched(
        account="main", uri="/x", body=b"<OrderResponse/>", body_hash="h", headers=(), kind=kind, order_number=number,
        place="outbox", **more,
    )  # fmt: skip

    def store(connection: Any) -> bool:
        queue.store(connection, fetched, queue.next_place(connection, "main", now), "name.xml", now)
        return decisions.settle_by_response(connection, "main", number, now, book.keeper, now)

    return book.journal.write(store)


# Skip


def test_when_an_order_is_skipped_those_that_waited_for_it_are_held(book: Book) -> None:
    """Its change and its status make no sense without it: a person is asked about each."""
    key, *followers = book.drop(order(bad_cell=True), change(), status())
    assert ["failed", "parked", "parked"] == book.states()
    assert 1 == skip(book, key)

    assert ["skipped", "held", "held"] == book.states()
    assert "order-skipped" == book.row(followers[0])["reason_code"]
    assert 2 == release(book, *followers)
    assert [("OrderChange", "PO-1"), ("StatusMessage", "PO-1")] == book.send_all()


def test_when_a_repeat_is_skipped_the_others_go_on(book: Book) -> None:
    """Jakamo has the order: what waited behind the skipped repeat needs nothing of it."""
    book.drop(order())
    book.send_all()
    held, follower = book.drop(order(text="2"), status())
    assert ["held", "parked"] == book.states(held, follower)
    skip(book, held)

    assert ["skipped", "ready"] == book.states(held, follower)


def test_when_another_order_of_the_lane_may_still_come_nobody_is_asked(book: Book) -> None:
    """Of two Orders one is skipped: what waits still waits for the other."""
    first, waiting = book.drop(order(bad_cell=True), change())
    (second,) = book.drop(order(text="2", bad_cell=True), origin="retry")
    skip(book, second)
    assert ["failed", "parked", "skipped"] == book.states(first, waiting, second)


def test_a_skipped_change_lets_the_next_go(book: Book) -> None:
    """What blocked the lane is out of the way."""
    book.drop(order())
    book.send_all()
    failed, follower = book.drop(change(refused=True), status())
    assert ["failed", "parked"] == book.states(failed, follower)
    skip(book, failed)

    assert [("StatusMessage", "PO-1")] == book.send_all()


@pytest.mark.parametrize("verb", [skip, retry, release])
def test_a_stale_decision_is_refused_with_the_present_state(verb: Any, book: Book) -> None:
    """It was sent meanwhile, or never was there: nothing changes, and the refusal says how it is."""
    (key,) = book.drop(order())
    book.send_all()
    with pytest.raises(StaleTransition) as refused:
        verb(book, key)
    with pytest.raises(StaleTransition, match="not in the journal"):
        verb(book, 999)

    assert "sent" == refused.value.present


# Try again


def test_what_jakamo_refused_goes_again_with_the_same_bytes(book: Book) -> None:
    """The same bytes, and the patience begins anew."""
    (key,) = book.drop(order())
    (first,) = book.begin()
    book.finish(first, state=S.FAILED, reason_code="refused-400")
    book.clock.advance(100 * 3600)
    assert 1 == retry(book, key)
    (again,) = book.begin()

    assert (first.body, 2, book.clock.now()) == (again.body, again.tries, again.first_try_at)


def test_what_mapping_refused_is_mapped_anew(book: Book) -> None:
    """A mended mapping may make something else of it."""
    (key,) = book.drop(order(refused=True))
    assert 1 == retry(book, key)
    events = [event["event"] for event in book.journal.read(lambda c: of_subject(c, "message", [key]))]

    assert ["registered", "failed", "registered", "failed"] == events


def test_bad_cells_are_not_mended_by_trying_again(book: Book) -> None:
    """What could not be read is missing, whatever a mapping makes of the rest: only a corrected file helps."""
    (key,) = book.drop(order(bad_cell=True))
    retry(book, key)
    row = book.row(key)
    assert ("failed", "bad-date", "row 1: No such day.") == (row["state"], row["reason_code"], row["reason"])
    assert ["bad-date"] == [finding["code"] for finding in row["findings"]]
    retry(book, key)
    assert "failed" == book.state(key)

    (held,) = book.drop(order("PO-2", bad_cell=True), state="held")
    release(book, held)
    assert ("failed", "bad-date") == (book.state(held), book.row(held)["reason_code"])


def test_a_failed_message_that_gave_up_is_not_given_up_at_once(book: Book) -> None:
    """Tried again by hand after days, it has its full time once more."""
    (key,) = book.drop(order())
    (out,) = book.begin()
    book.finish(out, state=S.FAILED, reason_code="gave-up", booked=False)
    retry(book, key)

    assert book.row(key)["first_try_at"] is None


# Release


def test_a_released_repeat_goes_as_what_the_person_says(book: Book) -> None:
    """As a change with the next number, or as an Order again."""
    book.drop(order())
    book.send_all()
    for text, kind in (("2", K.CHANGE), ("3", K.ORDER), ("4", None)):
        (key,) = book.drop(order(text=text))
        assert "held" == book.state(key)
        assert 1 == release(book, key, kind=kind)
        assert [(kind or K.CHANGE, "PO-1")] == book.send_all()
    memory = book.memory()

    assert memory is not None
    assert 2 == memory["change_count"]


def test_a_released_duplicate_counts_as_new_and_is_asked_the_next_question(book: Book) -> None:
    """The person said "not a duplicate", not "a change": the repeat rule asks in its turn."""
    (key,) = book.drop(order())
    book.send_all()
    (changed,) = book.drop(order(text="2"), repeat="change")
    book.send_all()
    (again,) = book.drop(order(), duplicate_of=1)
    assert "duplicate" == book.row(again)["reason_code"]
    release(book, again)

    row = book.row(again)
    assert ("held", "repeat", None, False) == (row["state"], row["reason_code"], row["duplicate_of"], row["approved"])
    assert ["sent", "sent"] == book.states(key, changed)


def test_a_released_duplicate_of_an_order_never_sent_goes(book: Book) -> None:
    """As if new."""
    (key,) = book.drop(order(), duplicate_of=99)
    assert "held" == book.state(key)
    release(book, key)

    assert [("Order", "PO-1")] == book.send_all()


def test_an_earlier_decision_is_kept_when_it_is_released_as_it_is(book: Book) -> None:
    """Released as a change once, held again for another reason, released as it is: still a change."""
    book.drop(order())
    book.send_all()
    (key,) = book.drop(order(text="2"), release_as="OrderChange", approved=True)
    book.journal.write(lambda c: decisions.hold_open(c, 2, "written-after", "why", book.keeper, book.clock.now()))
    assert "held" == book.state(key)
    release(book, key)

    assert "OrderChange" == book.row(key)["release_as"]


# Resolve, and what a confirmation settles


def an_unknown_order(book: Book) -> int:
    """Return an order whose answer never came."""
    (key,) = book.drop(order())
    (out,) = book.begin()
    book.finish(out, state=S.UNKNOWN, unsure=True, reason_code="outcome-unknown")
    return key


def test_arrived_counts_as_sent(book: Book) -> None:
    """It is remembered like any other; the same export is unchanged from then on."""
    key = an_unknown_order(book)
    resolve(book, key, arrived=True)
    (again,) = book.drop(order())

    assert ["sent", "unchanged"] == book.states(key, again)
    with pytest.raises(StaleTransition, match="sent"):
        resolve(book, key, arrived=True)


def test_send_again_sends_the_same_bytes_and_still_knows_its_doubt(book: Book) -> None:
    """What is sent again is what may have arrived."""
    key = an_unknown_order(book)
    resolve(book, key, arrived=False)
    (out,) = book.begin()

    assert (True, 1, 2) == (out.unsure, out.attempts, out.tries)


def test_a_confirmation_settles_the_lanes_first_message(book: Book) -> None:
    """The supplier answered: the order had arrived."""
    key = an_unknown_order(book)

    assert confirmation(book)
    assert ("sent", "confirmed") == (book.state(key), book.row(key)["reason_code"])
    assert book.memory() is not None


def test_a_confirmation_of_an_earlier_version_is_a_hint_only(book: Book) -> None:
    """With anything in the lane before, it may be the answer to that."""
    book.drop(order())
    book.send_all()
    (key,) = book.drop(order(text="2"), repeat="send")
    (out,) = book.begin()
    book.finish(out, state=S.UNKNOWN, unsure=True)

    assert not confirmation(book)
    assert "unknown" == book.state(key)


def test_a_confirmation_of_an_imported_number_is_a_hint_only(book: Book) -> None:
    """Jakamo had the number already, so the answer may be to the older order."""
    key = an_unknown_order(book)
    declared = [Declared(order_number="PO-1", content_hash="other")]
    book.journal.write(lambda c: record_declared(c, "main", declared, book.keeper, "by hand", book.clock.now()))

    assert not confirmation(book)
    assert "unknown" == book.state(key)


def test_a_confirmation_of_a_change_or_of_nothing_settles_nothing(book: Book) -> None:
    """Only an Order is settled so, and only one that is unknown."""
    assert not confirmation(book, "PO-9")
    (key,) = book.drop(change(), approved=True)
    (out,) = book.begin()
    book.finish(out, state=S.UNKNOWN, unsure=True)

    assert not confirmation(book)
    assert "unknown" == book.state(key)


def test_a_confirmation_that_came_while_the_answer_was_waited_for_settles_too(book: Book) -> None:
    """The supplier confirms at once, our call times out a minute later: nobody needs to be asked."""
    (key,) = book.drop(order())
    (out,) = book.begin()
    book.clock.advance(5)
    assert not confirmation(book)
    book.clock.advance(95)
    book.finish(out, state=S.UNKNOWN, unsure=True, reason_code="outcome-unknown")

    assert ("sent", "confirmed") == (book.state(key), book.row(key)["reason_code"])


@pytest.mark.parametrize(
    "more", [{"kind": QueueKind.STATUS}, {"problem": "no order number"}], ids=["a status", "not understood"]
)
def test_another_message_that_came_meanwhile_does_not(more: dict[str, Any], book: Book) -> None:
    """Only a confirmation proves that the order arrived."""
    (key,) = book.drop(order())
    (out,) = book.begin()
    confirmation(book, **more)
    book.finish(out, state=S.UNKNOWN, unsure=True)

    assert "unknown" == book.state(key)


def test_a_confirmation_from_before_the_attempt_does_not(book: Book) -> None:
    """It answers something else."""
    confirmation(book)
    book.clock.advance(1)
    key = an_unknown_order(book)

    assert "unknown" == book.state(key)


def test_at_start_too_a_confirmation_that_came_meanwhile_settles(book: Book) -> None:
    """Killed while sending, with the confirmation already in the outbox."""
    (key,) = book.drop(order())
    book.begin()
    confirmation(book)
    book.journal.write(lambda c: sending.settle_unknown_at_start(c, book.keeper, book.clock.now()))

    assert "sent" == book.state(key)


# Holding, closing, pausing


def test_a_file_written_after_pickup_holds_what_has_not_left(book: Book) -> None:
    """What was sent stays sent; everything else of it is a question now."""
    keys = book.drop(order("PO-1"), order("PO-2"), order("PO-3"))
    out = book.begin(1)
    (retrying,) = book.begin(1)
    book.finish(*out)
    book.finish(retrying, state=S.RETRYING, due_at=book.clock.now() + timedelta(seconds=5))
    now = book.clock.now()
    book.journal.write(lambda c: decisions.hold_open(c, 1, "written-after-pickup", "why", book.keeper, now))

    assert ["sent", "held", "held"] == book.states(*keys)
    assert [] == book.begin()


def test_a_rejected_file_is_closed_once(book: Book) -> None:
    """Skipped or handed back: done with, on record."""
    sequence = book.claim()
    now = book.clock.now()

    def reject(connection: Any) -> None:
        row = interchanges.by_sequence(connection, sequence)
        assert row is not None
        interchanges.mark_rejected(connection, row, code="broken", reason="why", findings=(), now=now)

    book.journal.write(reject)

    def close() -> bool:
        return book.journal.write(lambda c: decisions.close_rejected(c, sequence, "skipped", "by anna", now))

    assert [True, False] == [close(), close()]


def test_a_route_may_be_paused(book: Book) -> None:
    """Twice is once; the other routes go on."""
    now = book.clock.now()
    for _ in range(2):
        book.journal.write(lambda c: decisions.pause_route(c, "orders", "anna", now))
    assert {"orders"} == book.journal.read(decisions.paused_routes)

    assert [True, False] == [book.journal.write(lambda c: decisions.resume_route(c, "orders")) for _ in range(2)]
    assert set() == book.journal.read(decisions.paused_routes)


# Accounts


def test_an_account_that_points_elsewhere_is_noticed_and_accepted(book: Book) -> None:
    """The same account under a new address keeps its memory; a fresh one knows nothing."""
    book.drop(order())
    book.send_all()
    now = book.clock.now()
    moved = {"main": "https://new.example as main"}
    assert ["main"] == book.journal.write(lambda c: accounts.ensure(c, moved))
    book.journal.write(lambda c: accounts.accept(c, "main", moved["main"], fresh=False, now=now))
    assert [] == book.journal.write(lambda c: accounts.ensure(c, moved))
    (again,) = book.drop(order())
    assert "unchanged" == book.state(again)

    book.journal.write(lambda c: accounts.accept(c, "main", moved["main"], fresh=True, now=now))
    (anew,) = book.drop(order(), generation=2)
    assert "ready" == book.state(anew)
    with pytest.raises(Exception, match="knows no account"):
        book.journal.write(lambda c: accounts.accept(c, "nobody", "x", fresh=True, now=now))


def test_what_was_mapped_for_the_old_account_is_judged_anew_for_a_fresh_one(book: Book) -> None:
    """A change that was ready for the known order becomes an Order for an account that never had it."""
    book.drop(order())
    book.send_all()
    (key,) = book.drop(order(text="2"), repeat="change")
    assert ("ready", "OrderChange") == (book.state(key), book.row(key)["kind"])
    now = book.clock.now()
    book.journal.write(lambda c: accounts.accept(c, "main", "https://fresh.example as main", fresh=True, now=now))
    assert [] == book.begin()
    book.map()

    assert [("Order", "PO-1")] == book.send_all()
    memory = book.memory()
    assert memory is not None
    assert (2, key, 0) == (memory["generation"], memory["last_message"], memory["change_count"])


def test_what_was_assumed_is_checked_in_the_commit_that_sends(book: Book) -> None:
    """The memory changed behind the lane's back: the message is judged once more before it leaves."""
    book.drop(order())
    book.send_all()
    (key,) = book.drop(change())
    book.journal.write(lambda c: c.execute(update(order_memory).values(change_count=4)) and None)
    assert [] == book.begin()
    assert "registered" == book.state(key)
    book.map()
    (out,) = book.begin()

    assert b"<b:SequenceNumberID>5</b:SequenceNumberID>" in out.body


def test_an_accounts_pause_is_the_persons_once_a_person_paused_it(book: Book) -> None:
    """A person's pause takes over, is not taken over, and the time it took counts as an outage."""

    def pause(by: str) -> bool:
        now = book.clock.now()
        return book.journal.write(
            lambda c: accounts.pause(c, "main", reason=f"by {by}", digest="d", by=by, now=now)
        )

    assert [True, False] == [pause("answer"), pause("answer")]
    book.clock.advance(60)
    assert [True, False, False] == [pause("person"), pause("person"), pause("answer")]
    found = book.journal.read(lambda c: accounts.pause_of(c, "main"))
    assert found is not None
    assert ("by person", "person") == (found.reason, found.by)
    book.clock.advance(60)
    assert book.journal.write(lambda c: accounts.resume(c, "main", why="x", now=book.clock.now()))
    assert not book.journal.write(lambda c: accounts.resume(c, "main", why="x", now=book.clock.now()))
    row = book.journal.read(lambda c: accounts.one(c, "main"))
    assert row is not None
    assert 120 == row["outage_seconds"]
    at = book.clock.now()
    assert not book.journal.write(
        lambda c: accounts.pause(c, "nobody", reason="", digest="", by="person", now=at)
    )


def test_a_message_of_an_account_that_is_gone_stands_still(book: Book) -> None:
    """An account taken out of the settings: its lanes neither move nor keep the others busy."""
    (key,) = book.drop(change())
    assert "parked" == book.state(key)
    book.keeper = LaneKeeper({})
    book.clock.advance(3600)

    assert 0 == book.journal.write(lambda c: sending.wake_due(c, book.keeper, book.clock.now()))
    book.journal.write(lambda c: book.keeper.settle(c, [("main", "PO-1")], book.clock.now()))
    book.journal.write(lambda c: book.keeper.settle_all(c, book.clock.now()))
    assert "parked" == book.state(key)
