"""The service: a loop that fails is recorded and goes on; one that fails for good ends the process, never silently."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.errors import StorageError
from gateway.journal import incidents
from gateway.journal.journal import Journal, open_journal
from gateway.service import LOOK_ANYWAY_SECONDS, Loop, Service, WhenMoved
from tests.clocks import ManualClock

PATIENCE_SECONDS = 10.0


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """A real journal."""
    opened = open_journal(f"sqlite:///{tmp_path / 'journal.sqlite3'}")
    yield opened
    opened.close()


def open_keys(journal: Journal) -> list[str]:
    """Return the keys of open incidents."""
    return [row["key"] for row in journal.read(incidents.open_incidents)]


def lived(journal: Journal, step: Callable[[], bool], until: threading.Event) -> Service:
    """Run one loop until the event, then stop it."""
    service = Service(journal, ManualClock(), [Loop("stage", step, lambda: 1.0)])
    service.start()
    assert until.wait(PATIENCE_SECONDS)
    service.stop()
    service.join(PATIENCE_SECONDS)
    return service


def test_trouble_of_our_own_side_is_an_incident_and_is_over_when_the_loop_works_again(journal: Journal) -> None:
    """A full disk, however often it is met, stops nothing for good: one incident, closed by the first good round."""
    rounds: list[int] = []
    well, seen = threading.Event(), []

    def step() -> bool:
        rounds.append(1)
        if len(rounds) <= 5:
            raise StorageError("The disk is full.")
        if len(rounds) == 6:
            seen.extend(open_keys(journal))
        if len(rounds) == 8:
            well.set()
        return False

    service = lived(journal, step, well)

    assert [] == service.failed
    assert ["loop:stage"] == seen
    assert [] == open_keys(journal)


def test_a_loop_that_breaks_three_times_ends_the_service_and_says_why(journal: Journal) -> None:
    """An error nobody foresaw is tried again twice; then the process ends, so that a supervisor starts it afresh."""
    broken = threading.Event()
    calls: list[int] = []

    def step() -> bool:
        calls.append(1)
        if len(calls) == 3:
            broken.set()
        raise ZeroDivisionError("division by zero")

    service = lived(journal, step, broken)

    assert 3 == len(calls)
    assert service.stopping.is_set()
    assert "The stage loop failed: ZeroDivisionError: division by zero" in service.failed[0]


def test_a_loop_that_has_nothing_to_do_waits_and_can_be_woken(journal: Journal) -> None:
    """An idle loop rests until it is woken or its pause is over; rounds are counted."""
    third = threading.Event()
    calls: list[int] = []

    def step() -> bool:
        calls.append(1)
        if len(calls) == 3:
            third.set()
        return len(calls) == 1

    service = lived(journal, step, third)

    assert service.rounds()["stage"] >= 3
    assert service.quiet_rounds({"stage": 0})


def test_a_step_is_left_out_while_nothing_was_written(journal: Journal) -> None:
    """It is taken when the journal has moved, as long as it finds something, and every so often all the same."""
    clock, looks, finds = ManualClock(), [], [True, False]

    def step() -> bool:
        looks.append(1)
        if finds and finds.pop(0):
            journal.write(lambda c: None)  # what it found to do
            return True
        return False

    when_moved = WhenMoved(journal, clock, step)

    assert [when_moved() for _ in range(4)] == [True, False, False, False]
    assert len(looks) == 2
    journal.write(lambda c: None)
    assert not when_moved()
    assert len(looks) == 3
    clock.advance(LOOK_ANYWAY_SECONDS)
    assert not when_moved()
    assert len(looks) == 4


def test_a_step_that_broke_is_taken_again(journal: Journal) -> None:
    """Trouble is no quiet round."""
    looks: list[int] = []

    def step() -> bool:
        looks.append(1)
        raise StorageError("The disk is full.")

    when_moved = WhenMoved(journal, ManualClock(), step)
    for _ in range(2):
        with pytest.raises(StorageError):
            when_moved()
    assert len(looks) == 2


def test_a_loop_may_rest_between_two_rounds(journal: Journal) -> None:
    """So that much that comes in one by one is dealt with together."""
    clock, calls, done = ManualClock(), [], threading.Event()

    def step() -> bool:
        calls.append(clock.monotonic())
        if len(calls) == 3:
            done.set()
        return True

    service = Service(journal, clock, [Loop("stage", step, lambda: 1.0, rest=0.5)])
    service.start()
    assert done.wait(PATIENCE_SECONDS)
    service.stop()
    service.join(PATIENCE_SECONDS)

    assert [later - calls[0] for later in calls[:3]] == [0.0, 0.5, 1.0]
