"""An outage is weather: nothing is attempted, nothing booked, one alert, one all-clear; then all goes in order."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.delivery.breaker import FIRST_PAUSE_SECONDS
from gateway.journal import accounts
from gateway.model import Answer, AnswerClass
from tests.book import Book, change, order, status
from tests.clocks import ManualClock
from tests.delivery.delivery_help import GONE, LOGIN, LOST, OK, REFUSED, Rig, ToldWire

HOUR = 3600.0
BUSY = Answer(answer_class=AnswerClass.COME_BACK, status=503, retry_after_seconds=120.0)


def go_away(wire: ToldWire) -> None:
    """Let Jakamo vanish."""
    wire.always, wire.queue = GONE, GONE


def come_back(wire: ToldWire) -> None:
    """Let Jakamo be there again."""
    wire.always, wire.queue = OK, None


def weather(rig: Rig) -> str:
    """Return the breaker's state."""
    return str(rig.delivery.weather()["main"].weather)


def test_an_hours_outage_costs_nothing_and_afterwards_all_goes_in_lane_order(
    rig: Rig, book: Book, wire: ToldWire
) -> None:
    """No attempt is booked, nothing fails or is asked, one incident; then each lane goes as it was claimed."""
    go_away(wire)
    for number in range(6):
        book.drop(order(f"PO-{number}"), change(f"PO-{number}"), status(f"PO-{number}"))
    rig.pass_time(HOUR, by=15)

    assert {0} == rig.booked()
    assert {"ready", "retrying"} == set(book.states())
    assert ["outage:main"] == rig.incidents()
    assert "open" == weather(rig)
    tried = len(wire.calls)
    assert tried <= 5 + wire.fetches

    come_back(wire)
    rig.pass_time(HOUR, by=15)
    assert {"sent"} == set(book.states())
    assert {1} == rig.booked()
    assert [] == rig.incidents()
    sent = wire.told()[tried:]
    assert 18 == len(sent)
    for number in range(6):
        mine = [one for one in sent if one.endswith(f"PO-{number}")]
        assert [f"Order PO-{number}", f"OrderChange PO-{number}", f"StatusMessage PO-{number}"] == mine
    firsts = [one for one in sent if one.startswith("Order ")]
    assert sorted(firsts) == firsts
    assert HOUR <= rig.outage_seconds() < 1.2 * HOUR


def test_while_open_not_one_message_is_tried(rig: Rig, book: Book, wire: ToldWire) -> None:
    """Its probe reads the queue; it never sends an order."""
    go_away(wire)
    book.drop(*(order(f"PO-{number}") for number in range(4)))
    rig.pump()
    tried = len(wire.calls)
    rig.pass_time(4 * HOUR, by=60)

    assert tried == len(wire.calls)
    assert wire.fetches >= 5


def test_the_probes_pause_doubles(rig: Rig, book: Book, wire: ToldWire, clock: ManualClock) -> None:
    """30 seconds, then a minute, then two: looked at no more often than that."""
    go_away(wire)
    book.drop(*(order(f"PO-{number}") for number in range(3)))
    rig.pump()
    begin, seen = clock.monotonic(), []
    while len(seen) < 4:
        rig.pass_time(5)
        if wire.fetches > len(seen):
            seen.append(clock.monotonic() - begin)

    assert [FIRST_PAUSE_SECONDS * sum(2**n for n in range(number)) for number in range(1, 5)] == seen


def test_after_a_good_probe_one_at_a_time_and_what_may_be_repeated_first(
    rig: Rig, book: Book, wire: ToldWire
) -> None:
    """A change (PUT) goes before orders that were claimed earlier; its good answer ends the careful time."""
    book.drop(order("PO-9"))
    rig.pump()
    go_away(wire)
    book.drop(*(order(f"PO-{number}") for number in range(3)))
    rig.pump()
    book.drop(change("PO-9"))
    tried = len(wire.calls)
    come_back(wire)
    wire.hold = threading.Event()
    rig.clock.advance(FIRST_PAUSE_SECONDS)
    rig.delivery.step()
    rig.until_returned(1)
    rig.delivery.step()
    wire.until_calls(tried + 1)
    for _ in range(3):
        rig.delivery.step()

    assert "careful" == weather(rig)
    assert ["OrderChange PO-9"] == wire.told()[tried:]
    wire.hold.set()
    rig.pass_time(60)
    assert "closed" == weather(rig)
    assert {"sent"} == set(book.states())


def test_with_posts_alone_the_earliest_goes_first(book: Book, wire: ToldWire) -> None:
    """Nothing is harmless to repeat when changes are POSTed too: then it is claim order."""
    rig = Rig(book, {"main": wire}, order_change_method="POST", status_method="POST")
    book.drop(order("PO-9"))
    rig.pump()
    go_away(wire)
    book.drop(*(order(f"PO-{number}") for number in range(3)))
    rig.pump()
    book.drop(change("PO-9"))
    tried = len(wire.calls)
    come_back(wire)
    rig.pass_time(120)

    assert ["Order PO-0", "OrderChange PO-9"] == [wire.told()[tried], wire.told()[-1]]
    rig.close()


def test_trouble_in_the_careful_time_opens_it_again(rig: Rig, book: Book, wire: ToldWire) -> None:
    """Another "maybe received" is one more question, not eight: the pause doubles."""
    book.drop(*(order(f"PO-{number}") for number in range(8)))
    wire.always = LOST
    rig.pump()
    assert 4 == book.states().count("unknown")
    rig.pass_time(FIRST_PAUSE_SECONDS)
    assert 5 == book.states().count("unknown")
    rig.pass_time(2 * FIRST_PAUSE_SECONDS - 5)
    assert 5 == book.states().count("unknown")
    rig.pass_time(10)
    assert 6 == book.states().count("unknown")


def test_asked_to_come_back_the_account_waits_as_long_as_asked(rig: Rig, book: Book, wire: ToldWire) -> None:
    """503 with Retry-After: nothing of this account for two minutes, no attempt used up."""
    book.drop(order("PO-1"))
    wire.answers.append(BUSY)
    rig.pump()
    book.drop(order("PO-2"))
    rig.pass_time(115)
    assert 1 == len(wire.calls)
    rig.pass_time(60)

    assert ["sent", "sent"] == book.states()
    assert {1} == rig.booked()


def test_when_nothing_waits_a_good_probe_is_the_all_clear(rig: Rig, book: Book, wire: ToldWire) -> None:
    """All that was tried is unknown, so nothing can prove the weather: polling goes on, the alert ends."""
    keys = book.drop(*(order(f"PO-{number}") for number in range(3)))
    wire.answers.extend([LOST, LOST, LOST])
    wire.queue = GONE
    rig.pump()
    assert ["unknown"] * 3 == book.states(*keys)
    assert rig.delivery.weather()["main"].is_outage
    assert ["outage:main"] == rig.incidents()
    wire.queue = None
    rig.pass_time(HOUR, by=15)

    assert not rig.delivery.weather()["main"].is_outage
    assert "careful" == weather(rig)
    assert [] == rig.incidents()
    assert rig.outage_seconds() < 120
    book.drop(order("PO-9"))
    rig.pass_time(10)
    assert "closed" == weather(rig)


def test_what_is_to_be_tried_again_later_keeps_the_alert(rig: Rig, book: Book, wire: ToldWire) -> None:
    """A good probe while a message still waits for its next try is not yet the all-clear: that try will tell."""
    book.drop(order("PO-1"))
    wire.answers.append(Answer(answer_class=AnswerClass.COME_BACK, status=503, retry_after_seconds=300.0))
    rig.pump()
    rig.pass_time(290, by=10)
    assert ["outage:main"] == rig.incidents()
    rig.pass_time(120, by=10)

    assert [] == rig.incidents()


def test_an_outage_does_not_use_up_patience(book: Book, wire: ToldWire) -> None:
    """Three days of outage and then a lost connection: not given up, for the outage's hours do not count."""
    rig = Rig(book, {"main": wire}, give_up=timedelta(hours=2))
    keys = book.drop(*(order(f"PO-{number}") for number in range(4)))
    go_away(wire)
    rig.pass_time(72 * HOUR, by=900)
    wire.queue = None  # the probe is good, but orders still do not get through
    rig.pass_time(2 * HOUR, by=300)
    assert {"ready", "retrying"} >= set(book.states(*keys))
    come_back(wire)
    rig.pass_time(2 * HOUR, by=60)

    assert ["sent"] * 4 == book.states(*keys)
    rig.close()


def test_trying_without_an_outage_ends_in_failed(book: Book, wire: ToldWire) -> None:
    """One order that never gets through while others do is given up after its time, and the next may go."""
    rig = Rig(book, {"main": wire}, give_up=timedelta(minutes=30))
    (key,) = book.drop(order("PO-1"))
    number = 0
    while book.state(key) != "failed":
        wire.answers.clear()
        wire.answers.append(GONE)
        rig.pass_time(70, by=70)
        wire.answers.clear()
        number += 1
        book.drop(order(f"PO-1{number}"))
        rig.pump()
        assert number < 50

    assert "gave-up" == book.row(key)["reason_code"]
    assert 0 == book.row(key)["attempts"]
    assert 1800 / 70 <= number <= 1800 / 70 + 3
    rig.close()


def test_a_pause_does_not_use_up_patience_either(book: Book, wire: ToldWire) -> None:
    """A week with the wrong password is nobody's trying."""
    rig = Rig(book, {"main": wire}, give_up=timedelta(hours=2))
    (key,) = book.drop(order("PO-1"))
    wire.answers.extend([LOGIN, GONE])
    rig.pump()
    rig.clock.advance(7 * 24 * HOUR)
    rig.digest = "mended"
    rig.pump()
    assert "retrying" == book.state(key)
    rig.pass_time(60)

    assert "sent" == book.state(key)
    rig.close()


def test_outage_time_survives_a_stop(book: Book, wire: ToldWire) -> None:
    """It is booked as it goes, so that a stop in the middle of an outage does not forget it."""
    rig = Rig(book, {"main": wire})
    go_away(wire)
    book.drop(*(order(f"PO-{number}") for number in range(3)))
    rig.pass_time(HOUR, by=30)
    rig.close()

    assert 0.4 * HOUR < rig.outage_seconds() <= HOUR
    again = Rig(book, {"main": wire})
    come_back(wire)
    again.delivery.recover()
    again.pass_time(60)
    assert {"sent"} == set(book.states())
    assert [] == again.incidents()
    again.close()


@pytest.mark.parametrize("answer", [REFUSED, OK], ids=["refused", "accepted"])
def test_any_answer_of_jakamo_is_good_weather(answer: Answer, rig: Rig, book: Book, wire: ToldWire) -> None:
    """A refused document proves as well that Jakamo is there."""
    wire.answers.extend([GONE, GONE, answer, GONE, GONE])
    for number in range(5):
        book.drop(order(f"PO-{number}"))
        rig.pump()

    assert "closed" == weather(rig)


def test_a_settings_answer_in_the_careful_time_pauses(rig: Rig, book: Book, wire: ToldWire) -> None:
    """The outage is over, the password wrong: a pause takes over, with its own incident."""
    go_away(wire)
    book.drop(*(order(f"PO-{number}") for number in range(3)))
    rig.pump()
    wire.always, wire.queue = LOGIN, LOGIN
    rig.pass_time(120)
    assert rig.pause() is not None
    assert "paused:main" in rig.incidents()
    come_back(wire)
    book.journal.write(lambda c: accounts.resume(c, "main", why="resumed", now=rig.clock.now()))
    rig.pass_time(60)

    assert {"sent"} == set(book.states())


def test_a_probe_that_fails_in_us_is_a_failed_probe(rig: Rig, book: Book, wire: ToldWire) -> None:
    """An error of our own while probing does not stop the probing."""

    class Broken(ToldWire):
        """Its queue cannot even be asked."""

        def fetch(self) -> object:  # type: ignore[override]  # it never returns
            raise RuntimeError("no")

    broken = Broken()
    broken.always = GONE
    other = Rig(book, {"main": broken})
    book.drop(*(order(f"PO-{number}") for number in range(3)))
    other.pass_time(120)

    assert other.delivery.weather()["main"].is_outage
    assert "the probe failed" == other.delivery.weather()["main"].reason
    other.close()


def test_accounts_have_their_own_weather(tmp_path: Path, clock: ManualClock) -> None:
    """One Jakamo account is away, the other goes on."""
    book = Book(tmp_path, clock, accounts_=("main", "other"))
    wire, away = ToldWire(), ToldWire()
    go_away(away)
    rig = Rig(book, {"main": wire, "other": away})
    book.drop(*(order(f"PO-{number}") for number in range(3)))
    book.drop(*(order(f"PO-{number}") for number in range(3)), account="other")
    rig.pass_time(60)

    assert ["sent"] * 3 + ["retrying"] * 3 == book.states()
    assert ["outage:other"] == rig.incidents()
    rig.close()
    book.close()
