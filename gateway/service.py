"""The loops: each stage in a thread of its own; stop; whether all are idle.

A loop that raises records it as an incident, waits and goes on; three times in an hour and the process ends,
so that whatever supervises it starts it afresh: never alive but silent.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from gateway.clock import Clock
from gateway.errors import GatewayError
from gateway.journal import incidents
from gateway.journal.journal import Journal

FAILURES_TO_END = 3
FAILURE_WINDOW_SECONDS = 3600.0
AFTER_FAILURE_SECONDS = 5.0
STOP_SECONDS = 15.0
LOOK_ANYWAY_SECONDS = 10.0


@dataclass(slots=True)
class Loop:
    """One stage: `step` returns whether it did something; `pause` says how long to wait when it did not."""

    name: str
    step: Callable[[], bool]
    pause: Callable[[], float]
    rest: float = 0.0  # seconds between two rounds even when there is more to do, so that many share one
    wake: threading.Event = field(default_factory=threading.Event)
    troubled: bool = False  # its last failure is an open incident
    working: bool = True
    rounds: int = 0
    failures: deque[float] = field(default_factory=deque)


class WhenMoved:
    """A step that is taken only when the journal has moved since it was last quiet; every so often all the same.

    Other processes write too (a command that records an action), and time alone makes things due.
    """

    def __init__(self, journal: Journal, clock: Clock, step: Callable[[], bool]) -> None:
        self._journal, self._clock, self._step = journal, clock, step
        self._commits, self._looked_at = -1, float("-inf")

    def __call__(self) -> bool:
        """Take the step if it is worth while; return whether it did something."""
        commits, now = self._journal.commits, self._clock.monotonic()
        if commits == self._commits and now - self._looked_at < LOOK_ANYWAY_SECONDS:
            return False
        did = self._step()
        self._commits, self._looked_at = commits, now  # as they were before it
        return did


class Service:
    """Runs loops until told to stop, or until nothing can move by itself any more."""

    def __init__(self, journal: Journal, clock: Clock, loops: Sequence[Loop]) -> None:
        self._journal, self._clock = journal, clock
        self._loops = list(loops)
        self._stop = threading.Event()
        self._failed: list[str] = []
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start every loop in a thread of its own."""
        for loop in self._loops:
            thread = threading.Thread(target=self._run, args=(loop,), name=loop.name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """Ask every loop to end after its present step."""
        self._stop.set()
        for loop in self._loops:
            loop.wake.set()

    def join(self, seconds: float = STOP_SECONDS) -> None:
        """Wait for the loops to end."""
        deadline = self._clock.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.1, deadline - self._clock.monotonic()))

    @property
    def loops(self) -> Sequence[Loop]:
        """Return the loops, to wake one of them."""
        return self._loops

    @property
    def stopping(self) -> threading.Event:
        """The event that says that the service is to end."""
        return self._stop

    @property
    def failed(self) -> list[str]:
        """Return what made the service give up; empty when nothing did."""
        return list(self._failed)

    def wake_all(self) -> None:
        """Let every loop look again now."""
        for loop in self._loops:
            loop.wake.set()

    def quiet_rounds(self, since: dict[str, int]) -> bool:
        """Tell whether each loop has finished at least two idle rounds since the counts in `since`."""
        return all(not loop.working and loop.rounds >= since[loop.name] + 2 for loop in self._loops)

    def rounds(self) -> dict[str, int]:
        """Return how many rounds each loop has finished."""
        return {loop.name: loop.rounds for loop in self._loops}

    def _run(self, loop: Loop) -> None:
        while not self._stop.is_set():
            loop.wake.clear()
            try:
                did = loop.step()
            except Exception as error:  # noqa: BLE001 - the outermost loop: it records the failure and goes on
                self._note_failure(loop, error)
                self._clock.wait(self._stop, AFTER_FAILURE_SECONDS)
                continue
            if loop.troubled:
                self._note_recovery(loop)
            loop.working = did
            loop.rounds += 1
            if not did and not self._stop.is_set():
                self._clock.wait(loop.wake, loop.pause())
            elif loop.rest:
                self._clock.wait(self._stop, loop.rest)

    def _note_recovery(self, loop: Loop) -> None:
        """Close the incident of a loop that works again; if that cannot be written, the next round tries."""
        at = self._clock.now()
        try:
            self._journal.write(lambda c: incidents.clear(c, f"loop:{loop.name}", at))
        except GatewayError:
            return
        loop.troubled = False

    def _note_failure(self, loop: Loop, error: Exception) -> None:
        now = self._clock.monotonic()
        while loop.failures and now - loop.failures[0] > FAILURE_WINDOW_SECONDS:
            loop.failures.popleft()
        loop.failures.append(now)
        text = f"The {loop.name} loop failed: {error}" if isinstance(error, GatewayError) else (
            f"The {loop.name} loop failed: {type(error).__name__}: {error}"
        )
        loop.troubled = True
        try:
            at = self._clock.now()
            self._journal.write(lambda c: incidents.raise_incident(c, f"loop:{loop.name}", text, at))
        except GatewayError as trouble:
            text = f"{text} (and it could not be recorded: {trouble})"
        if not isinstance(error, GatewayError) and len(loop.failures) >= FAILURES_TO_END:
            self._failed.append(text)
            self.stop()
