"""The breaker: an outage is weather. Pure values, played with instants."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.delivery.breaker import (
    FIRST_PAUSE_SECONDS,
    LONGEST_PAUSE_SECONDS,
    TROUBLES_TO_OPEN,
    Breaker,
    Weather,
)
from gateway.delivery.policy import Signal

W = Weather


def opened(now: float = 0.0) -> Breaker:
    """Return a breaker that has just opened."""
    breaker = Breaker()
    for _ in range(TROUBLES_TO_OPEN):
        breaker = breaker.after(Signal.TROUBLE, now, reason="no answer")
    return breaker


def test_three_troubles_in_a_row_open_it() -> None:
    """One lost call is nothing; the third in a row is an outage."""
    breaker = Breaker()
    seen = []
    for _ in range(TROUBLES_TO_OPEN):
        breaker = breaker.after(Signal.TROUBLE, 10.0, reason="no answer")
        seen.append(breaker.weather)

    assert [W.CLOSED, W.CLOSED, W.OPEN] == seen
    assert (10.0 + FIRST_PAUSE_SECONDS, "no answer") == (breaker.until, breaker.reason)


def test_a_good_answer_between_troubles_starts_the_count_anew() -> None:
    """In a row means in a row."""
    breaker = Breaker()
    for signal in (Signal.TROUBLE, Signal.TROUBLE, Signal.GOOD, Signal.TROUBLE, Signal.TROUBLE):
        breaker = breaker.after(signal, 0.0)

    assert W.CLOSED is breaker.weather


def test_asked_to_come_back_it_opens_at_once_for_as_long_as_asked() -> None:
    """429 and 503 are said for the whole account; their wait is obeyed."""
    breaker = Breaker().after(Signal.COME_BACK, 5.0, wait_seconds=120.0)

    assert (W.OPEN, 125.0) == (breaker.weather, breaker.until)


@pytest.mark.parametrize("signal", [Signal.SETTINGS, Signal.NONE])
def test_what_says_nothing_of_the_weather_leaves_it(signal: Signal) -> None:
    """A settings error is no outage, and a call that was never made is no answer."""
    for breaker in (Breaker(troubles=2), opened(), opened().probing(), Breaker(weather=W.CAREFUL)):
        assert breaker == breaker.after(signal, 7.0)


def test_while_open_nothing_may_go_and_the_probe_waits_for_the_pause() -> None:
    """Nothing is attempted, not even the probe, before the pause is over."""
    breaker = opened(0.0)

    assert 0 == breaker.allowed(8)
    assert not breaker.probe_is_due(FIRST_PAUSE_SECONDS - 0.1)
    assert breaker.probe_is_due(FIRST_PAUSE_SECONDS)
    assert not breaker.probing().probe_is_due(10**6)
    assert 0 == breaker.probing().allowed(8)
    assert breaker.is_outage
    assert breaker.probing().is_outage


@pytest.mark.parametrize("signal", [Signal.GOOD, Signal.SETTINGS])
def test_a_good_probe_lets_one_message_go_at_a_time(signal: Signal) -> None:
    """The queue can be read, or somebody must mend the settings: either way Jakamo is there."""
    breaker = opened().probing().probed(signal, 40.0)

    assert (W.CAREFUL, 1) == (breaker.weather, breaker.allowed(8))
    assert not breaker.is_outage
    assert breaker.is_disturbed


def test_a_failed_probe_doubles_the_pause_up_to_an_hour() -> None:
    """30 s, 1, 2, 4 ... minutes, an hour at most."""
    breaker, now, pauses = opened(0.0), 0.0, []
    for _ in range(10):
        now = breaker.until
        breaker = breaker.probing().probed(Signal.TROUBLE, now, reason="still away")
        pauses.append(breaker.until - now)

    assert [60.0, 120.0, 240.0, 480.0, 960.0, 1920.0, 3600.0, 3600.0, 3600.0, 3600.0] == pauses
    assert "still away" == breaker.reason


def test_a_probe_that_is_asked_to_wait_waits() -> None:
    """Retry-After on the queue counts as well."""
    breaker = opened().probing().probed(Signal.TROUBLE, 30.0, wait_seconds=900.0)

    assert 930.0 == breaker.until


def test_careful_ends_with_the_first_good_answer() -> None:
    """Then everything is as before, the pause included."""
    careful = opened().probing().probed(Signal.TROUBLE, 30.0).probing().probed(Signal.GOOD, 90.0)

    assert Breaker() == careful.after(Signal.GOOD, 91.0)


def test_careful_ends_with_the_next_trouble_and_a_doubled_pause() -> None:
    """Another "maybe received" opens it again."""
    breaker = opened().probing().probed(Signal.GOOD, 30.0).after(Signal.TROUBLE, 31.0)

    assert (W.OPEN, 31.0 + 2 * FIRST_PAUSE_SECONDS) == (breaker.weather, breaker.until)


def test_a_late_good_answer_does_not_end_the_pause() -> None:
    """A call from before the outage that comes back is no proof; the probe is."""
    for breaker in (opened(), opened().probing()):
        after = breaker.after(Signal.GOOD, 1.0)

        assert (breaker.weather, breaker.until) == (after.weather, after.until)


def test_late_troubles_do_not_prolong_the_pause_unless_asked_to() -> None:
    """Eight calls lost together are one outage."""
    breaker = opened(0.0)
    for _ in range(5):
        breaker = breaker.after(Signal.TROUBLE, 20.0)

    assert FIRST_PAUSE_SECONDS == breaker.until
    assert 620.0 == breaker.after(Signal.COME_BACK, 20.0, wait_seconds=600.0).until


def test_a_probe_that_nobody_waits_for_changes_nothing() -> None:
    """Only a breaker that is probing learns from a probe."""
    assert Breaker() == Breaker().probed(Signal.TROUBLE, 1.0)


signals = st.lists(st.tuples(st.sampled_from(list(Signal)), st.floats(0, 10**5)), max_size=40)


@given(signals)
def test_whatever_happens_the_pause_is_bounded_and_ends(steps: list[tuple[Signal, float]]) -> None:
    """The breaker never stays shut for good: there is always a probe that comes due, within an hour of our own."""
    breaker, now = Breaker(), 0.0
    for signal, wait in steps:
        now += 1.0
        if breaker.probe_is_due(now):
            breaker = breaker.probing().probed(signal, now, wait_seconds=0.0)
        else:
            breaker = breaker.after(signal, now, wait_seconds=wait if signal is Signal.COME_BACK else 0.0)

        assert FIRST_PAUSE_SECONDS <= breaker.pause_seconds <= LONGEST_PAUSE_SECONDS
        assert breaker.until <= now + max(LONGEST_PAUSE_SECONDS, 10**5)
        assert (breaker.allowed(4) == 0) == (breaker.weather in (W.OPEN, W.PROBING))
    if breaker.weather is W.OPEN:
        assert breaker.probe_is_due(breaker.until)
