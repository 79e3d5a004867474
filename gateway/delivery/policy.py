"""What an answer means for the message, the account and the breaker: one pure decision.

It takes values and gives values: no clock, no journal, no wire.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from random import Random

from gateway.journal.sending import Outgoing
from gateway.model import Answer, AnswerClass, MessageKind, MessageState

S = MessageState
SHORT_WAIT_SECONDS = 5.0
LONGEST_SHORT_WAIT_SECONDS = 60.0
LONGEST_WAIT_SECONDS = 900.0
LONGEST_RETRY_AFTER_SECONDS = 12 * 3600.0


class Signal(StrEnum):
    """What one answer says about the account as a whole."""

    GOOD = "good"  # Jakamo answered as Jakamo
    TROUBLE = "trouble"  # not reached, or no answer
    COME_BACK = "come-back"  # asked to wait
    SETTINGS = "settings"  # nothing of this account will work until somebody acts
    NONE = "none"  # Jakamo was not asked


@dataclass(frozen=True, slots=True, kw_only=True)
class SendingLimits:
    """The account's settings that decide."""

    order_change_method: str = "PUT"
    status_method: str = "PUT"
    poison_after: int = 5
    give_up: timedelta = timedelta(hours=72)

    def repeatable(self, kind: MessageKind) -> bool:
        """Tell whether sending the same bytes twice is harmless: a PUT is, a POST is not (RFC 9110, 9.2.2)."""
        if kind is MessageKind.ORDER:
            return False
        method = self.order_change_method if kind is MessageKind.CHANGE else self.status_method
        return method == "PUT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What becomes of the message, and what the account learns."""

    state: MessageState
    signal: Signal
    reason_code: str | None = None
    reason: str | None = None
    due_at: datetime | None = None
    booked: bool = True
    unsure: bool = False


def decide(
    outgoing: Outgoing,
    answer: Answer,
    limits: SendingLimits,
    *,
    now: datetime,
    outage_seconds: int,
    queue_readable: bool = False,
    random: Random,
) -> Decision:
    """Decide what an answer means for the message that was sent.

    `queue_readable` tells, after a 403, that the account itself is fine. `outage_seconds` is the account's
    breaker-open time so far; it does not count against `give_up`.
    """
    match answer.answer_class:
        case AnswerClass.ACCEPTED:
            return Decision(state=S.SENT, signal=Signal.GOOD)
        case AnswerClass.DATA:
            return _refused(outgoing, answer)
        case AnswerClass.SETTINGS:
            return _settings(answer, queue_readable)
        case AnswerClass.MAYBE:
            return _maybe(outgoing, answer, limits, now, random)
        case AnswerClass.NOT_SENT | AnswerClass.COME_BACK:
            return _again(outgoing, answer, limits, now, outage_seconds, random)


def _refused(outgoing: Outgoing, answer: Answer) -> Decision:
    if answer.status == 409 and outgoing.unsure:
        return Decision(
            state=S.SENT,
            signal=Signal.GOOD,
            reason_code="confirmed-by-duplicate",
            reason="Jakamo answers that it has this order already: the attempt without an answer had arrived.",
        )
    if answer.status is None:  # no address can be made of its order number: nobody was asked
        return Decision(state=S.FAILED, signal=Signal.NONE, reason_code="refused", reason=_words(answer), booked=False)
    return Decision(
        state=S.FAILED,
        signal=Signal.GOOD,
        reason_code=f"refused-{answer.status}",
        reason=f"Jakamo refused it ({answer.status}): {answer.words or 'no reason given'}",
    )


def _settings(answer: Answer, queue_readable: bool) -> Decision:
    if answer.status == 403 and queue_readable:
        return Decision(
            state=S.FAILED,
            signal=Signal.GOOD,
            reason_code="forbidden-order",
            reason=f"Jakamo does not allow this order for this account (403): {answer.words or 'no reason given'}",
        )
    return Decision(
        state=S.RETRYING,
        signal=Signal.SETTINGS,
        reason_code="settings",
        reason=f"The account is paused: {_words(answer)}",
        booked=False,
    )


def _maybe(
    outgoing: Outgoing, answer: Answer, limits: SendingLimits, now: datetime, random: Random
) -> Decision:
    attempts = outgoing.attempts + 1
    if limits.repeatable(outgoing.kind) and attempts < limits.poison_after:
        wait = back_off(attempts, SHORT_WAIT_SECONDS, LONGEST_WAIT_SECONDS, random)
        return Decision(
            state=S.RETRYING,
            signal=Signal.TROUBLE,
            reason_code="no-answer",
            reason=f"No usable answer ({_words(answer)}). It is safe to send it again.",
            due_at=now + timedelta(seconds=_obey(answer, wait)),
            unsure=True,
        )
    return Decision(
        state=S.UNKNOWN,
        signal=Signal.TROUBLE,
        reason_code="outcome-unknown",
        reason=f"The answer never came ({_words(answer)}): Jakamo may or may not have it.",
        unsure=True,
    )


def _again(
    outgoing: Outgoing,
    answer: Answer,
    limits: SendingLimits,
    now: datetime,
    outage_seconds: int,
    random: Random,
) -> Decision:
    come_back = answer.answer_class is AnswerClass.COME_BACK
    signal = Signal.COME_BACK if come_back else Signal.TROUBLE
    trying = now - outgoing.first_try_at - timedelta(seconds=outage_seconds - outgoing.outage_at_first_try)
    if trying > limits.give_up:
        hours = round(limits.give_up.total_seconds() / 3600)
        state, code = (S.UNKNOWN, "outcome-unknown") if outgoing.unsure else (S.FAILED, "gave-up")
        reason = f"Given up after {hours} hours of trying: {_words(answer)}"
        return Decision(state=state, signal=signal, reason_code=code, reason=reason, booked=False)
    wait = back_off(outgoing.tries, SHORT_WAIT_SECONDS, LONGEST_SHORT_WAIT_SECONDS, random)
    return Decision(
        state=S.RETRYING,
        signal=signal,
        reason_code="come-back" if come_back else "not-sent",
        reason=f"Surely not taken: {_words(answer)}. It is tried again by itself.",
        due_at=now + timedelta(seconds=_obey(answer, wait)),
        booked=False,
    )


def _obey(answer: Answer, wait: float) -> float:
    """Return the longer of our own wait and the one that Jakamo asks for."""
    return max(wait, min(answer.retry_after_seconds or 0.0, LONGEST_RETRY_AFTER_SECONDS))


def back_off(tries: int, first_seconds: float, longest_seconds: float, random: Random) -> float:
    """Return the wait before the next try: doubled each time, capped, scattered by a fifth."""
    exponent = min(max(tries - 1, 0), 20)
    plain = min(longest_seconds, first_seconds * 2.0**exponent)
    return plain * (0.9 + 0.2 * random.random())


def _words(answer: Answer) -> str:
    parts = [str(answer.status) if answer.status is not None else "", answer.words or answer.detail]
    return ": ".join(part for part in parts if part) or "no details"
