"""What keeps an account's queue from moving: told once as an incident each, cleared when it is over, and never
met by a tight loop.
"""

from __future__ import annotations

from sqlalchemy import Connection

from gateway.clock import Clock
from gateway.journal import incidents
from gateway.journal.journal import Journal

FIRST_WAIT_SECONDS = 5.0
LONGEST_WAIT_SECONDS = 300.0
_KINDS = ("poll", "outbox", "queue", "mapping")


class Standstill:
    """The troubles of one account's queue. Used by one thread only.

    `stick` stands for a head that cannot be removed: each time in a row the wait doubles, up to five minutes (or
    the account's own poll interval, if that is longer).
    """

    def __init__(self, journal: Journal, clock: Clock, account: str, poll_seconds: float) -> None:
        self._journal, self._clock, self._account = journal, clock, account
        self._longest = max(LONGEST_WAIT_SECONDS, poll_seconds)
        self._seconds = 0.0
        self._until = 0.0
        self._open: set[str] | None = None  # keys of incidents; None: not asked yet
        self.stuck = False

    @property
    def wait_seconds(self) -> float:
        """Return how long the head is left alone now; 0 when it may be looked at."""
        return max(0.0, self._until - self._clock.monotonic()) if self.stuck else 0.0

    def stick(self, code: str, text: str) -> None:
        """Say that the head cannot be removed, and why; slow down."""
        self.stuck = True
        self._seconds = min(self._longest, max(FIRST_WAIT_SECONDS, self._seconds * 2))
        self._until = self._clock.monotonic() + self._seconds
        self.say(f"queue:{code}", text)

    def unstick(self) -> None:
        """Say that the queue moves again."""
        self.stuck, self._seconds = False, 0.0
        for key in [key for key in self._known() if key.startswith("queue:")]:
            self._clear(key)

    def say(self, kind: str, text: str) -> None:
        """Open an incident, or count it once more."""
        key, now = f"{kind}:{self._account}", self._clock.now()
        self._known().add(key)
        self._journal.write(lambda c: incidents.raise_incident(c, key, text, now))

    def over(self, kind: str) -> None:
        """Close an incident, if it is open."""
        key = f"{kind}:{self._account}"
        if key in self._known():
            self._clear(key)

    def _clear(self, key: str) -> None:
        now = self._clock.now()
        self._journal.write(lambda c: incidents.clear(c, key, now))
        self._known().discard(key)

    def _known(self) -> set[str]:
        """Return the open incidents of this account's queue, those of an earlier life of the service too."""
        if self._open is None:
            self._open = self._journal.read(self._of_earlier)
        return self._open

    def _of_earlier(self, connection: Connection) -> set[str]:
        found = [incidents.open_keys(connection, f"{kind}:") for kind in _KINDS]
        return {key for keys in found for key in keys if key.endswith(f":{self._account}")}
