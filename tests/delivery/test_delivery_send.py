"""Sending: intents before calls, outcomes after them, lanes in order, the gate, stop and start."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select, update

from gateway.errors import StorageError
from gateway.journal import accounts, decisions, messages
from gateway.journal.history import of_subject
from gateway.journal.lane_values import LaneRules
from gateway.journal.lanes import LaneKeeper
from gateway.journal.states import Change, change_messages
from gateway.journal.tables import attempt, content
from gateway.model import Answer, AnswerClass, MessageKind, MessageState
from tests.book import ORDER_WAIT, Book, change, order, status
from tests.clocks import ManualClock
from tests.delivery.delivery_help import (
    DOUBLE,
    FORBIDDEN,
    GONE,
    LOGIN,
    LOST,
    REFUSED,
    Call,
    Rig,
    ToldWire,
)

S = MessageState


def test_the_intent_is_durable_before_the_call(rig: Rig, book: Book, wire: ToldWire) -> None:
    """When the wire is called, the journal already says so: state, attempt, and the hash of exactly these bytes."""
    seen: list[tuple[str, str | None, Any]] = []

    def look(call: Call) -> None:
        def read(connection: Connection) -> tuple[str, str | None, Any]:
            row = messages.by_id(connection, key)
            assert row is not None
            found = connection.execute(select(attempt).where(attempt.c.message == key)).mappings().one()
            assert call.body == messages.body_of(connection, key)
            return row["state"], found["body_hash"], found["ended_at"]

        seen.append(book.journal.read(read))

    (key,) = book.drop(order())
    wire.on_send = look
    rig.pump()
    body = book.journal.read(lambda c: messages.body_of(c, key))

    assert [("sending", sha256(body or b"").hexdigest(), None)] == seen
    assert "sent" == book.state(key)


@pytest.mark.parametrize(
    ("answer", "state", "code", "attempts"),
    [
        (Answer(answer_class=AnswerClass.ACCEPTED, status=201), "sent", None, 1),
        (LOST, "unknown", "outcome-unknown", 1),
        (REFUSED, "failed", "refused-400", 1),
        (GONE, "retrying", "not-sent", 0),
        (Answer(answer_class=AnswerClass.COME_BACK, status=503), "retrying", "come-back", 0),
        (LOGIN, "retrying", "settings", 0),
        (RuntimeError("a mistake of ours"), "unknown", "outcome-unknown", 1),
    ],
    ids=["accepted", "maybe", "data", "not sent", "come back", "settings", "our own mistake"],
)
def test_each_outcome_is_recorded(
    answer: Answer | Exception, state: str, code: str | None, attempts: int, rig: Rig, book: Book, wire: ToldWire
) -> None:
    """State, reason, whether it counts, and the attempt with what was answered."""
    (key,) = book.drop(order())
    wire.answers.append(answer)
    rig.pump()
    row = book.row(key)
    expected = answer.answer_class if isinstance(answer, Answer) else AnswerClass.MAYBE

    assert (state, code, attempts) == (row["state"], row["reason_code"], row["attempts"])
    assert [(1, str(expected))] == [(number, found) for number, found, _ in rig.attempts(key)]
    assert 1 == len(wire.calls)


def test_a_lane_goes_strictly_in_order_while_others_go_beside_it(rig: Rig, book: Book, wire: ToldWire) -> None:
    """The change follows its order's answer, however many senders are free."""
    wire.hold = threading.Event()
    book.drop(order("PO-1"), change("PO-1"), status("PO-1"), order("PO-2"))
    rig.delivery.step()
    wire.until_calls(2)
    rig.delivery.step()

    assert ["Order PO-1", "Order PO-2"] == sorted(wire.told())
    wire.hold.set()
    rig.pump()
    assert ["Order PO-1", "OrderChange PO-1", "StatusMessage PO-1"] == [
        one for one in wire.told() if one.endswith("PO-1")
    ]
    assert ["sent"] * 4 == book.states()


def test_no_more_than_the_senders_are_in_flight(rig: Rig, book: Book, wire: ToldWire) -> None:
    """Twenty orders, four senders: four calls at most at a time, in claim order."""
    wire.hold = threading.Event()
    book.drop(*(order(f"PO-{number:02}") for number in range(20)))
    rig.delivery.step()
    wire.until_calls(4)
    for _ in range(3):
        assert not rig.delivery.step()
    assert {"Order PO-00", "Order PO-01", "Order PO-02", "Order PO-03"} == set(wire.told())
    wire.hold.set()
    rig.pump()

    assert 4 == wire.most_at_once
    assert ["sent"] * 20 == book.states()


def test_nothing_passes_an_earlier_file_in_pass_one(rig: Rig, book: Book, wire: ToldWire) -> None:
    """Claimed later and ready sooner is still later; other files of the account that came before it may go."""
    book.drop(order("PO-1"))
    gate = book.claim("large.csv")
    book.drop(order("PO-3"))
    rig.pump()
    assert ["Order PO-1"] == wire.told()

    book.split(gate, order("PO-2"))
    book.map()
    rig.pump()
    assert ["Order PO-1", "Order PO-2", "Order PO-3"] == wire.told()


def test_one_commit_carries_outcomes_and_the_next_intents(rig: Rig, book: Book, wire: ToldWire) -> None:
    """Four outcomes and the next four intents together cost one transaction."""
    wire.hold = threading.Event()
    book.drop(*(order(f"PO-{number}") for number in range(8)))
    rig.delivery.step()
    wire.until_calls(4)
    before = book.journal.commits
    wire.hold.set()
    rig.until_returned(4)
    assert rig.delivery.step()

    assert before + 1 == book.journal.commits


def test_outcomes_are_given_a_moment_to_come_together(rig: Rig, book: Book, wire: ToldWire, clock: ManualClock) -> None:
    """Two of four are back: the others get two milliseconds to join the commit. With none back nobody waits."""
    wire.hold = threading.Event()
    book.drop(*(order(f"PO-{number}") for number in range(4)))
    before = clock.monotonic()
    rig.delivery.gathered_step()
    wire.until_calls(4)
    rig.delivery.gathered_step()
    assert before == clock.monotonic()
    wire.let_go(2)
    rig.until_returned(2)
    rig.delivery.gathered_step()
    assert 0 < clock.monotonic() - before < 0.01
    wire.hold.set()
    rig.pump()

    assert ["sent"] * 4 == book.states()


def test_nobody_waits_once_all_are_back(rig: Rig, book: Book, wire: ToldWire, clock: ManualClock) -> None:
    """The commit follows the last outcome at once."""
    book.drop(*(order(f"PO-{number}") for number in range(4)))
    rig.delivery.gathered_step()
    rig.until_returned(4)
    before = clock.monotonic()
    assert rig.delivery.gathered_step()

    assert before == clock.monotonic()
    assert ["sent"] * 4 == book.states()


def test_a_look_that_finds_nothing_to_send_commits_nothing(rig: Rig, book: Book, clock: ManualClock) -> None:
    """An empty transaction would wake everything that waits for the journal to move. What falls due is still seen."""
    book.drop(order())
    (out,) = book.begin()
    book.finish(out, state=MessageState.RETRYING, due_at=clock.now() + timedelta(seconds=30))
    before = book.journal.commits
    assert not rig.delivery.step()
    assert before == book.journal.commits

    clock.advance(30)
    rig.pump()

    assert ["sent"] == book.states()


def test_an_answer_stands_although_the_look_at_the_queue_fails(rig: Rig, book: Book, wire: ToldWire) -> None:
    """403, and then our own look breaks: the 403 is what is recorded, as the account's trouble."""

    def broken() -> Any:
        raise RuntimeError("no")

    wire.fetch = broken  # type: ignore[method-assign]  # a fake of the test's own
    wire.answers.append(FORBIDDEN)
    (key,) = book.drop(order())
    rig.pump()

    assert ("retrying", "settings") == (book.state(key), book.row(key)["reason_code"])
    assert [(1, "settings", 403)] == rig.attempts(key)


def test_what_is_given_back_while_it_was_tried_before_stays_to_be_tried(rig: Rig, book: Book, wire: ToldWire) -> None:
    """A stop does not turn a message with a doubtful past into a fresh one: same state, same doubt, same patience."""
    book.drop(order())
    rig.pump()
    (key,) = book.drop(change())
    wire.answers.append(LOST)
    rig.pump()
    first = book.row(key)["first_try_at"]
    rig.clock.advance(60)
    rig.ask_to_stop()
    for out in book.begin():
        rig.hand_over(out)
    rig.until_returned(1)
    rig.delivery.stop(5.0)
    row = book.row(key)

    assert ("retrying", True, True, first) == (row["state"], row["turn"], row["unsure"], row["first_try_at"])


def test_what_is_surely_not_sent_goes_again_by_itself_with_the_same_bytes(
    rig: Rig, book: Book, wire: ToldWire, clock: ManualClock
) -> None:
    """Not before it is due; no attempt is used up; every try is on record."""
    (key,) = book.drop(order())
    wire.answers.extend([GONE, GONE])
    rig.pump()
    assert 1 == len(wire.calls)
    assert not rig.delivery.step()
    rig.pass_time(60)

    assert ["sent", 1] == [book.state(key), book.row(key)["attempts"]]
    assert [(1, "not-sent", None), (2, "not-sent", None), (3, "accepted", 200)] == rig.attempts(key)
    assert 1 == len({call.body for call in wire.calls})


def test_a_put_without_answer_is_sent_again_and_then_asks_a_person(book: Book, wire: ToldWire) -> None:
    """A change may be repeated, `poison_after` times at most; then its outcome is unknown."""
    rig = Rig(book, {"main": wire}, poison_after=3)
    book.drop(order())
    rig.pump()
    (key,) = book.drop(change())
    wire.always = LOST
    rig.pass_time(4 * 3600, by=30)

    assert ("unknown", 3) == (book.state(key), book.row(key)["attempts"])
    assert 3 == wire.told().count("OrderChange PO-1")
    rig.close()


def test_an_order_without_answer_is_never_sent_again_by_itself(rig: Rig, book: Book, wire: ToldWire) -> None:
    """A day later it is still the same question, and its change still waits behind it."""
    key, follower = book.drop(order(), change())
    wire.answers.append(LOST)
    rig.pass_time(24 * 3600, by=600)

    assert ["unknown", "parked"] == book.states(key, follower)
    assert ["Order PO-1"] == wire.told()


@pytest.mark.parametrize("arrived", [True, False])
def test_a_persons_answer_settles_an_unknown_outcome(arrived: bool, rig: Rig, book: Book, wire: ToldWire) -> None:
    """Arrived: the order counts as sent, its change goes. Not arrived: the same bytes go again first."""
    key, _ = book.drop(order(), change())
    wire.answers.append(LOST)
    rig.pump()
    now = rig.clock.now()
    book.journal.write(
        lambda c: decisions.resolve(c, key, arrived=arrived, by="anna", keeper=book.keeper, now=now)
    )
    rig.pump()

    expected = ["Order PO-1", "OrderChange PO-1"] if arrived else ["Order PO-1", "Order PO-1", "OrderChange PO-1"]
    assert expected == wire.told()
    assert ["sent", "sent"] == book.states()
    assert 1 == len({call.body for call in wire.calls if call.kind is MessageKind.ORDER})


def test_a_duplicate_after_an_unknown_outcome_is_the_confirmation(rig: Rig, book: Book, wire: ToldWire) -> None:
    """409 for bytes that may have arrived: they had. 409 for others: refused."""
    (key,) = book.drop(order())
    wire.answers.extend([LOST, DOUBLE])
    rig.pump()
    now = rig.clock.now()
    book.journal.write(lambda c: decisions.resolve(c, key, arrived=False, by="anna", keeper=book.keeper, now=now))
    rig.pump()
    assert ("sent", "confirmed-by-duplicate") == (book.state(key), book.row(key)["reason_code"])

    (other,) = book.drop(order("PO-2"))
    wire.answers.append(DOUBLE)
    rig.pump()
    assert ("failed", "refused-409") == (book.state(other), book.row(other)["reason_code"])


def test_a_duplicate_says_nothing_of_other_bytes(rig: Rig, book: Book, wire: ToldWire) -> None:
    """What may have arrived was mapped anew since: a 409 is about what Jakamo has, not about this version."""
    (key,) = book.drop(order())
    wire.answers.extend([LOST, DOUBLE])
    rig.pump()
    now = rig.clock.now()

    def answered_but_other_bytes(connection: Connection) -> None:
        other = json.dumps(asdict(order(text="9"))).encode()
        connection.execute(update(content).values(canonical=other))
        decisions.resolve(connection, key, arrived=False, by="anna", keeper=book.keeper, now=now)
        row = messages.by_id(connection, key)
        assert row is not None
        change_messages(connection, [Change(key, row["state"], row["version"], state="registered", turn=False)])

    book.journal.write(answered_but_other_bytes)
    book.map()
    rig.pump()

    assert ("failed", "refused-409") == (book.state(key), book.row(key)["reason_code"])


def test_resend_sends_once_more_and_then_asks(book: Book, wire: ToldWire, clock: ManualClock) -> None:
    """unknown_outcome = resend: once, after the wait, the same bytes; a second silence is a person's question."""
    rig = Rig(book, {"main": wire}, resend_after=timedelta(minutes=10))
    (key,) = book.drop(order())
    wire.answers.extend([LOST, LOST])
    rig.pump()
    rig.pass_time(590, by=30)
    assert 1 == len(wire.calls)
    rig.pass_time(60, by=10)
    assert 2 == len(wire.calls)
    rig.pass_time(7200, by=300)

    assert 2 == len(wire.calls)
    assert 1 == len({call.body for call in wire.calls})
    assert ("unknown", 2) == (book.state(key), book.row(key)["attempts"])
    rig.close()


def test_a_change_before_its_order_waits_and_then_goes(rig: Rig, book: Book, wire: ToldWire) -> None:
    """Ten minutes for the order to come; then Jakamo may know it."""
    (key,) = book.drop(change())
    rig.pump()
    assert ["parked", []] == [book.state(key), wire.told()]
    rig.pass_time(599, by=60)
    assert [] == wire.told()
    rig.pass_time(10)

    assert ["OrderChange PO-1"] == wire.told()


def test_the_wait_does_not_begin_anew_after_a_stop(rig: Rig, book: Book, wire: ToldWire) -> None:
    """Handed back un-started by a stop, what has waited goes at once at the next start."""
    (key,) = book.drop(change())
    rig.clock.advance(601)
    rig.delivery.tend()
    (out,) = book.begin()
    book.finish(out, state=S.READY, answer=None, booked=False)

    assert ("ready", True) == (book.state(key), book.row(key)["turn"])


# Forbidden, settings


def test_a_forbidden_order_fails_alone(rig: Rig, book: Book, wire: ToldWire) -> None:
    """403 while the queue can be read: that order; the others go on."""
    keys = book.drop(order("PO-1"), order("PO-2"))
    wire.answers.append(FORBIDDEN)
    rig.pump()

    assert {"failed", "sent"} == set(book.states(*keys))
    assert 1 == wire.fetches
    assert rig.pause() is None


def test_three_different_forbidden_orders_in_a_row_pause_the_account(rig: Rig, book: Book, wire: ToldWire) -> None:
    """Then it is not the orders' fault any more."""
    wire.always = FORBIDDEN
    for number in range(3):
        book.drop(order(f"PO-{number}"))
        rig.pump()
    book.drop(order("PO-9"))
    rig.pump()
    pause = rig.pause()

    assert ["failed", "failed", "failed", "ready"] == book.states()
    assert pause is not None
    assert "PO-0, PO-1, PO-2" in pause.reason
    assert ["paused:main"] == rig.incidents()


def test_the_same_forbidden_order_thrice_or_a_good_one_between_does_not_pause(
    rig: Rig, book: Book, wire: ToldWire
) -> None:
    """Three different ones, in a row: a person's retries of one do not count, an answer to another ends the row."""
    wire.answers.extend([FORBIDDEN, FORBIDDEN, FORBIDDEN, REFUSED, FORBIDDEN, FORBIDDEN])
    (key,) = book.drop(order("PO-1"))
    rig.pump()
    for _ in range(2):
        book.journal.write(lambda c: decisions.retry(c, [key], "anna", book.keeper, rig.clock.now()))
        rig.pump()
    for number in (2, 3, 4):
        book.drop(order(f"PO-{number}"))
        rig.pump()

    assert 6 == len(wire.calls)
    assert rig.pause() is None


def test_a_settings_error_pauses_the_account_and_nothing_else(book: Book, tmp_path: Path, clock: ManualClock) -> None:
    """401: sending stops, no attempt is used up, one incident; another account goes on."""
    folder = tmp_path / "two"
    folder.mkdir()
    two = Book(folder, clock, accounts_=("main", "other"))
    wires = {"main": ToldWire(), "other": ToldWire()}
    wires["main"].always = LOGIN
    rig = Rig(two, dict(wires))
    two.drop(*(order(f"PO-{number}") for number in range(6)))
    two.drop(order("PO-1"), account="other")
    rig.pump()
    rig.pass_time(600, by=30)

    assert {"ready", "retrying", "sent"} == set(two.states())
    assert 4 >= len(wires["main"].calls)
    assert ["Order PO-1"] == wires["other"].told()
    assert {0, 1} == rig.booked()
    assert ["paused:main"] == rig.incidents()
    pause = rig.pause()
    assert pause is not None
    assert ("answer", "as before") == (pause.by, pause.digest)
    rig.close()
    two.close()


def test_changed_settings_or_secrets_end_a_pause(rig: Rig, book: Book, wire: ToldWire) -> None:
    """Seen by their digest, looked at now and then only; then everything goes, in order."""
    wire.answers.append(LOGIN)
    book.drop(order("PO-1"))
    rig.pump()
    book.drop(order("PO-2"))
    asked = rig.digests_asked
    for _ in range(10):
        rig.delivery.step()
    assert asked + 1 >= rig.digests_asked
    rig.digest = "mended"
    rig.pump()
    assert 1 == len(wire.calls)
    rig.pass_time(6)

    assert ["Order PO-1", "Order PO-1", "Order PO-2"] == wire.told()
    assert ([], None) == (rig.incidents(), rig.pause())


def test_a_person_may_end_a_pause(rig: Rig, book: Book, wire: ToldWire) -> None:
    """`resume` needs no changed settings."""
    wire.answers.append(LOGIN)
    book.drop(order("PO-1"))
    rig.pump()
    book.journal.write(lambda c: accounts.resume(c, "main", why="resumed by anna", now=rig.clock.now()))
    rig.pump()

    assert ["sent"] == book.states()


def test_a_persons_pause_does_not_end_by_itself(rig: Rig, book: Book, wire: ToldWire) -> None:
    """Whatever the settings do, only `resume` ends it; also when an answer had paused the account before."""
    wire.answers.append(LOGIN)
    book.drop(order("PO-1"))
    rig.pump()
    now = rig.clock.now()
    assert book.journal.write(
        lambda c: accounts.pause(c, "main", reason="Paused by anna.", digest="as before", by="person", now=now)
    )
    rig.digest = "mended"
    rig.pass_time(600, by=60)
    assert 1 == len(wire.calls)
    book.journal.write(lambda c: accounts.resume(c, "main", why="resumed", now=rig.clock.now()))
    rig.pump()

    assert ["sent"] == book.states()


def test_a_pause_that_polling_recorded_stops_sending_too(rig: Rig, book: Book, wire: ToldWire) -> None:
    """The queue said 401 first: no order has to find out for itself."""
    pause = {"reason": "The queue cannot be read.", "digest": "as before", "by": "answer", "now": rig.clock.now()}
    book.journal.write(lambda c: accounts.pause(c, "main", **pause))
    book.drop(order("PO-1"))
    rig.pass_time(60)

    assert [] == wire.calls


# Stop and start


def test_stop_gives_back_what_was_not_begun(rig: Rig, book: Book, wire: ToldWire) -> None:
    """Calls on the wire get their time, what no sender had taken up is ready as if nothing had been."""
    keys = book.drop(order("PO-1"), order("PO-2"))
    rig.ask_to_stop()
    for out in book.begin():
        rig.hand_over(out)
    rig.until_returned(2)
    rig.delivery.stop(5.0)
    row = book.row(keys[0])

    assert [] == wire.calls
    assert ["ready", "ready"] == book.states()
    assert (True, 0, None, None) == (row["turn"], row["attempts"], row["first_try_at"], row["reason_code"])
    events = [event["event"] for event in book.journal.read(lambda c: of_subject(c, "message", [keys[0]]))]
    assert ["registered", "ready", "sending", "ready"] == events


def test_stop_waits_for_running_calls_and_records_them(book: Book, wire: ToldWire, tmp_path: Path) -> None:
    """A call that comes back in time is sent, not unknown; nothing new is begun meanwhile."""

    class Patient(ManualClock):
        """Lets the call go once somebody waits for it."""

        def wait(self, event: threading.Event, seconds: float) -> bool:
            assert wire.hold is not None
            wire.hold.set()
            return event.wait(10) or super().wait(event, seconds)

    book.clock = Patient()
    rig = Rig(book, {"main": wire})
    wire.hold = threading.Event()
    book.drop(order("PO-1"), change("PO-1"), order("PO-2"))
    rig.delivery.step()
    wire.until_calls(2)
    rig.delivery.stop(5.0)

    assert ["sent", "ready", "sent"] == book.states()
    assert not rig.delivery.busy


def test_a_call_that_outlasts_the_stop_is_unknown_at_the_next_start(rig: Rig, book: Book, wire: ToldWire) -> None:
    """`sending` without outcome becomes `unknown`, never "not sent"; what waited behind it stays behind it."""
    wire.hold = threading.Event()
    key, follower = book.drop(order(), change())
    rig.delivery.step()
    wire.until_calls(1)
    rig.delivery.stop(1.0)
    assert "sending" == book.state(key)
    wire.hold.set()
    again = Rig(book, {"main": wire})

    assert 1 == again.delivery.recover()
    assert ["unknown", "parked"] == book.states(key, follower)
    row = book.row(key)
    assert (True, 1, "stopped-while-sending") == (row["unsure"], row["attempts"], row["reason_code"])
    assert 0 == again.delivery.recover()
    again.close()


def test_at_start_lanes_follow_the_settings_of_today(book: Book, wire: ToldWire, tmp_path: Path) -> None:
    """What was ready under yesterday's settings is judged by today's: a rehearsal sends nothing."""
    (key,) = book.drop(order())
    book.keeper = LaneKeeper({"main": LaneRules(order_wait=ORDER_WAIT, send=False)})
    rig = Rig(book, {"main": wire})
    rig.delivery.recover()
    rig.pump()

    assert ["rehearsed", []] == [book.state(key), wire.told()]
    rig.close()


# Our own trouble


class Failing:
    """A journal that cannot write for a while, as with a full disk."""

    def __init__(self, journal: Any) -> None:
        self._journal, self.broken = journal, False

    def write(self, operation: Any) -> Any:
        """Refuse while broken."""
        if self.broken:
            raise StorageError("The journal could not be written: disk full.")
        return self._journal.write(operation)

    def read(self, operation: Any) -> Any:
        """Reading works."""
        return self._journal.read(operation)


@pytest.fixture
def failing(book: Book) -> Iterator[Failing]:
    """The book's journal behind a disk that may fill up."""
    journal = book.journal
    book.journal = Failing(journal)  # type: ignore[assignment]  # what the rig is given
    yield book.journal  # type: ignore[misc]
    book.journal = journal


def test_an_outcome_that_cannot_be_recorded_is_kept(failing: Failing, book: Book, wire: ToldWire) -> None:
    """The disk is full when the answer comes: it is recorded once there is room, not lost, not decided twice."""
    rig = Rig(book, {"main": wire})
    keys = book.drop(order("PO-1"), order("PO-2"))
    wire.answers.append(FORBIDDEN)
    wire.hold = threading.Event()
    rig.delivery.step()
    wire.until_calls(2)
    failing.broken = True
    wire.hold.set()
    rig.until_returned(2)
    for _ in range(3):
        with pytest.raises(StorageError):
            rig.delivery.step()
    assert rig.delivery.busy
    failing.broken = False
    rig.pump()

    assert ["failed", "sent"] == sorted(book.states(*keys))
    assert 2 == len(wire.calls)
    assert not rig.delivery.busy
    rig.close()


def test_weather_and_waiting_are_told_to_the_outside(rig: Rig, book: Book, wire: ToldWire) -> None:
    """People see the breaker; a poke ends a wait."""
    assert "closed" == rig.delivery.weather()["main"].weather
    rig.delivery.poke()
    assert rig.delivery.wake.is_set()
    rig.delivery.wait(1.0)
    assert not rig.delivery.wake.is_set()
    assert not rig.delivery.tend()
