"""How one account stands: its breaker, what is in flight, forbidden orders, time lost to outages. In memory only.

Learns from answers; what must be durable of it (a pause, an incident, outage time) is written by `send`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.delivery.breaker import Breaker, Weather
from gateway.delivery.policy import Decision, Signal
from gateway.delivery.wire import Route
from gateway.model import Answer, AnswerClass, MessageKind

FORBIDDEN_IN_A_ROW = 3


@dataclass(slots=True)
class Standing:
    """The running state of one account. Instants are monotonic seconds."""

    route: Route
    breaker: Breaker = field(default_factory=Breaker)
    in_flight: int = 0
    paused: bool = False  # the journal says so, or will in the next commit
    pause_reason: str | None = None  # to be recorded with the next commit
    digest_checked_at: float = float("-inf")
    alarmed: bool = True  # an outage incident may be open: one of an earlier run, to begin with
    booked_outage: int = 0  # seconds, as the journal has it
    unbooked_outage: float = 0.0
    _forbidden: list[str] = field(default_factory=list)
    _disturbed_since: float | None = None

    @property
    def outage_seconds(self) -> int:
        """All the time in which nothing, or one message at a time, could be sent."""
        return self.booked_outage + int(self.unbooked_outage)

    @property
    def free(self) -> int:
        """How many more messages may be in flight now."""
        return self.breaker.allowed(self.route.workers) - self.in_flight

    @property
    def careful(self) -> bool:
        """After a good probe: one message at a time, and rather one that may be sent twice."""
        return self.breaker.weather is Weather.CAREFUL

    def preferred_kinds(self) -> tuple[MessageKind, ...]:
        """Return what goes first now: while careful, what is harmless to repeat."""
        return tuple(kind for kind in MessageKind if self.careful and self.route.limits.repeatable(kind))

    def keep_time(self, monotonic: float) -> None:
        """Count the trouble's time up to now. Call it before and after whatever changes the breaker."""
        if self._disturbed_since is not None:
            self.unbooked_outage += max(0.0, monotonic - self._disturbed_since)
        self._disturbed_since = monotonic if self.breaker.is_disturbed else None

    def booked(self, seconds: int) -> None:
        """Say that so much of the outage's time is in the journal now."""
        self.unbooked_outage -= seconds
        self.booked_outage += seconds

    def all_clear(self) -> None:
        """Jakamo answers and nothing waits that could prove more: the clock of the outage stops."""
        self._disturbed_since = None

    def learn(self, order_number: str, answer: Answer, decision: Decision, monotonic: float) -> None:
        """Let the account learn from the answer to one message."""
        self.keep_time(monotonic)
        self.breaker = self.breaker.after(
            decision.signal, monotonic, reason=decision.reason or "", wait_seconds=answer.retry_after_seconds or 0.0
        )
        self.keep_time(monotonic)
        if decision.signal is Signal.SETTINGS:
            self.pause_reason = decision.reason
        elif decision.signal is Signal.GOOD:
            self._count_forbidden(order_number, decision)

    def _count_forbidden(self, order_number: str, decision: Decision) -> None:
        """Three different orders in a row that are forbidden are no longer the orders' fault."""
        if decision.reason_code != "forbidden-order":
            self._forbidden.clear()
            return
        if order_number not in self._forbidden:
            self._forbidden.append(order_number)
        if len(self._forbidden) >= FORBIDDEN_IN_A_ROW:
            self.pause_reason = f"Three different orders in a row were forbidden (403): {', '.join(self._forbidden)}."
            self._forbidden.clear()

    def learn_from_probe(self, answer: Answer, monotonic: float) -> None:
        """Let the account learn from a look at the queue."""
        self.keep_time(monotonic)
        self.breaker = self.breaker.probed(
            _signal_of_probe(answer),
            monotonic,
            reason=answer.words or answer.detail,
            wait_seconds=answer.retry_after_seconds or 0.0,
        )
        self.keep_time(monotonic)


def _signal_of_probe(answer: Answer) -> Signal:
    match answer.answer_class:
        case AnswerClass.ACCEPTED | AnswerClass.DATA:
            return Signal.GOOD
        case AnswerClass.SETTINGS:
            return Signal.SETTINGS
        case _:
            return Signal.TROUBLE
