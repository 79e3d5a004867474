"""May the head of a lane go, and as what? A pure decision against what Jakamo was last sent.

Here stand the repeat rule, `unchanged`, the baseline of imported numbers, duplicates, lost lines, and the wait
of a change for its Order. Who is head, and who blocks whom, stands in `lane_rules`.
"""

from __future__ import annotations

from datetime import datetime

from gateway.journal.lane_values import LaneMessage, LaneRules, Memory, Move
from gateway.model import MessageKind, MessageState

S = MessageState
LINES_SHOWN = 20


def judge(message: LaneMessage, memory: Memory | None, now: datetime, rules: LaneRules) -> Move:
    """Decide about the head of the lane, which is mapped, valid and free to go."""
    if message.kind is MessageKind.ORDER or (message.kind is MessageKind.CHANGE and not message.explicit_change):
        move = _judge_order(message, memory, rules)
    else:
        move = _judge_explicit(message, memory, now, rules)
    if move is not None and not (move.baseline and not rules.send):
        return move
    if not rules.send:
        return _to(message, S.REHEARSED, "rehearsal", "Mapped and valid. Not sent: the account has send = false.")
    # A due time that has passed stays on record: it says that the wait for the Order is over. One that has not
    # must go, or a message that need not wait any more would.
    waited = message.due_at if message.due_at is not None and message.due_at <= now else None
    return Move(message_id=message.id, state=S.READY, turn=True, due_at=waited)


def _judge_explicit(message: LaneMessage, memory: Memory | None, now: datetime, rules: LaneRules) -> Move | None:
    """A status, or a change because the source says so: it needs its Order, and nothing else."""
    move = _duplicate(message, rules)
    if move is not None:
        return move
    if memory is None:
        return None if message.approved or not rules.send else _wait_for_order(message, now, rules)
    if message.kind is MessageKind.STATUS:
        return None
    if message.complete_order and not message.approved:
        move = _lost_lines(message, memory)
        if move is not None:
            return move
    return _fresh_number(message, memory)


def _judge_order(message: LaneMessage, memory: Memory | None, rules: LaneRules) -> Move | None:
    """An Order, or what the gateway made a change of because it knows the order."""
    if memory is None:
        move = _duplicate(message, rules)
        if move is not None:
            return move
        return _remap(message) if message.kind is MessageKind.CHANGE and message.release_as is None else None
    if not memory.cancelled:
        if memory.content_hash is None and memory.imported and message.release_as is None:
            return _baseline(message)
        if message.content_hash == memory.content_hash:
            return _to(message, S.UNCHANGED, "unchanged", "Equal to what was last sent for this order.")
    if not message.approved:
        move = _suspicious(message, memory) or _duplicate(message, rules) or _lost_lines(message, memory)
        if move is not None:
            return move
    return _as_order_or_change(message, memory)


def _as_order_or_change(message: LaneMessage, memory: Memory) -> Move | None:
    """The order is known and the new content may go: as what?"""
    wanted = message.release_as or {"change": MessageKind.CHANGE, "send": MessageKind.ORDER}.get(message.repeat)
    if wanted is None:
        if not message.approved:
            return _to(
                message,
                S.HELD,
                "repeat",
                "Jakamo already has an order with this number, and its content differs. Is it a change?",
            )
        if not message.assumed_known:
            return _remap(message)  # its mapping has not been told yet that Jakamo has the order
        wanted = message.kind  # released as it is
    if message.kind is wanted:
        return _fresh_number(message, memory) if wanted is MessageKind.CHANGE else None
    if message.assumed_known and message.assumed_change == memory.change_count + 1:
        return _to(
            message,
            S.HELD,
            "mapping-ignores-known",
            f"It should go as {wanted}, but its mapping makes {message.kind} of it whatever it is told.",
        )
    return _remap(message)


def _suspicious(message: LaneMessage, memory: Memory) -> Move | None:
    if memory.cancelled:
        return _to(
            message,
            S.HELD,
            "after-cancellation",
            "This order number was cancelled earlier. Is it really ordered again under the same number?",
        )
    for word, was, now in (
        ("supplier", memory.supplier, message.supplier),
        ("buyer", memory.buyer, message.buyer),
    ):
        if was is not None and now is not None and was != now:
            return _to(
                message,
                S.HELD,
                "other-party",
                f'Under this number an order of another {word} was sent ("{was}"; now "{now}").',
            )
    return None


def _lost_lines(message: LaneMessage, memory: Memory) -> Move | None:
    here = set(message.line_ids)
    lost = [line for line in memory.line_ids if line not in here]
    if not lost or message.lost_lines == "send":
        return None
    what = f"Lines that were sent earlier are missing now: {', '.join(lost[:LINES_SHOWN])}."
    if message.lost_lines == "refuse":
        return _to(message, S.FAILED, "lost-lines", what)
    return _to(message, S.HELD, "lost-lines", f"{what} Are they cancelled?")


def _duplicate(message: LaneMessage, rules: LaneRules) -> Move | None:
    if message.duplicate_of is None or message.approved or rules.duplicate_file == "send":
        return None
    text = f"The same file came before (interchange {message.duplicate_of})."
    if rules.duplicate_file == "skip":
        return _to(message, S.SKIPPED, "duplicate", text)
    return _to(message, S.HELD, "duplicate", f"{text} Shall it be sent again?")


def _wait_for_order(message: LaneMessage, now: datetime, rules: LaneRules) -> Move | None:
    if message.due_at is not None and message.due_at <= now:
        return None
    return _to(
        message,
        S.PARKED,
        "order-not-seen",
        "The Order itself has not been seen. It goes without it when the time is up.",
        due_at=message.due_at or now + rules.order_wait,
    )


def _fresh_number(message: LaneMessage, memory: Memory) -> Move | None:
    """The number of the change is inside the document: mapped for another number, it is mapped again."""
    return None if message.assumed_change == memory.change_count + 1 else _remap(message)


def _remap(message: LaneMessage) -> Move:
    return _to(message, S.REGISTERED, "map-again", "What was assumed when it was mapped no longer holds.")


def _baseline(message: LaneMessage) -> Move:
    return Move(
        message_id=message.id,
        state=S.UNCHANGED,
        reason_code="baseline",
        reason="The number was imported without content: this first repeat is the baseline and is not sent.",
        baseline=True,
    )


def _to(
    message: LaneMessage, state: MessageState, code: str, reason: str, *, due_at: datetime | None = None
) -> Move:
    return Move(message_id=message.id, state=state, reason_code=code, reason=reason, due_at=due_at)
