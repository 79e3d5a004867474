"""The breaker of one account: an outage is weather, not an error. Pure values, no clock of its own.

closed -> open after three troubles in a row (at once when Jakamo asks to come back later);
open -> probing when the pause is over: the queue is read, no order is sent;
probing -> careful after a good probe: one message at a time; -> open again otherwise;
careful -> closed after a good answer; -> open with the pause doubled (up to an hour) after trouble.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from gateway.delivery.policy import Signal

TROUBLES_TO_OPEN = 3
FIRST_PAUSE_SECONDS = 30.0
LONGEST_PAUSE_SECONDS = 3600.0


class Weather(StrEnum):
    """The breaker's state."""

    CLOSED = "closed"
    OPEN = "open"
    PROBING = "probing"
    CAREFUL = "careful"


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """What is known of the weather; instants are monotonic seconds."""

    weather: Weather = Weather.CLOSED
    troubles: int = 0
    pause_seconds: float = FIRST_PAUSE_SECONDS
    until: float = 0.0
    reason: str = ""

    def allowed(self, workers: int) -> int:
        """Return how many messages may be in flight now."""
        match self.weather:
            case Weather.CLOSED:
                return workers
            case Weather.CAREFUL:
                return 1
            case _:
                return 0

    def probe_is_due(self, now: float) -> bool:
        """Tell whether the pause is over and somebody should read the queue."""
        return self.weather is Weather.OPEN and now >= self.until

    def probing(self) -> Breaker:
        """Return the breaker while a probe is on its way."""
        return replace(self, weather=Weather.PROBING)

    def probed(self, signal: Signal, now: float, *, reason: str = "", wait_seconds: float = 0.0) -> Breaker:
        """Return the breaker after a probe came back. A settings answer ends the outage: a pause takes over."""
        if self.weather is not Weather.PROBING:
            return self
        if signal in (Signal.GOOD, Signal.SETTINGS):
            return replace(self, weather=Weather.CAREFUL)
        return self._opened(now, reason, doubled=True, wait_seconds=wait_seconds)

    def after(self, signal: Signal, now: float, *, reason: str = "", wait_seconds: float = 0.0) -> Breaker:
        """Return the breaker after the answer to a message."""
        if signal is Signal.GOOD:
            if self.weather in (Weather.CLOSED, Weather.CAREFUL):
                return Breaker()
            return replace(self, troubles=0)  # a late good answer does not end a pause: the probe does
        if signal in (Signal.SETTINGS, Signal.NONE):
            return self
        if self.weather in (Weather.OPEN, Weather.PROBING):
            return replace(self, until=max(self.until, now + wait_seconds))
        if self.weather is Weather.CAREFUL:
            return self._opened(now, reason, doubled=True, wait_seconds=wait_seconds)
        troubles = self.troubles + 1
        if signal is Signal.COME_BACK or troubles >= TROUBLES_TO_OPEN:
            return replace(self, troubles=troubles)._opened(now, reason, wait_seconds=wait_seconds)
        return replace(self, troubles=troubles, reason=reason)

    def _opened(self, now: float, reason: str, *, doubled: bool = False, wait_seconds: float = 0.0) -> Breaker:
        pause = min(LONGEST_PAUSE_SECONDS, self.pause_seconds * 2) if doubled else self.pause_seconds
        return Breaker(
            weather=Weather.OPEN,
            troubles=self.troubles,
            pause_seconds=pause,
            until=now + max(pause, wait_seconds),
            reason=reason or self.reason,
        )

    @property
    def is_outage(self) -> bool:
        """Tell whether Jakamo is left alone but for the probe: nothing is sent, and the queue is not polled."""
        return self.weather in (Weather.OPEN, Weather.PROBING)

    @property
    def is_disturbed(self) -> bool:
        """Tell whether the trouble is not over: an outage, or the careful time after it."""
        return self.weather is not Weather.CLOSED
