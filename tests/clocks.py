"""Clocks for tests: time moves when a test says so, by hand or by waiting."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

START = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
REAL_PAUSE_SECONDS = 0.02


class ManualClock:
    """A clock that stands still until it is moved. Thread-safe.

    `wait` moves time on by what was asked for, when `waiting_moves_time`; otherwise it only lets other threads
    run for a moment, so that several loops can live on one clock that the test alone moves.
    """

    def __init__(self, start: datetime = START, *, waiting_moves_time: bool = True) -> None:
        self._lock = threading.Lock()
        self._now = start
        self._monotonic = 1_000.0
        self._waiting_moves_time = waiting_moves_time

    def now(self) -> datetime:
        """Return the present instant as aware UTC."""
        with self._lock:
            return self._now

    def monotonic(self) -> float:
        """Return seconds on a clock that never goes back."""
        with self._lock:
            return self._monotonic

    def advance(self, seconds: float) -> None:
        """Let time pass, on both clocks."""
        with self._lock:
            self._now += timedelta(seconds=seconds)
            self._monotonic += seconds

    def set_wall(self, now: datetime) -> None:
        """Set the wall clock, back or forward; durations do not notice."""
        with self._lock:
            self._now = now

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Return whether the event is set, now or after the wait."""
        if not self._waiting_moves_time:
            return event.wait(min(max(0.0, seconds), REAL_PAUSE_SECONDS))
        if event.is_set():
            return True
        self.advance(max(0.0, seconds))
        return event.wait(0)
