"""What may happen next in one lane: a pure decision over its open messages and the memory of its order.

A lane is all messages of one order number in one account. This is the one place that knows the repeat
rule, `unchanged`, replacement, parking, and who may go. `journal.lanes` carries the moves out, in the same
transaction as whatever changed the lane.

The walk: take the open messages in their places. Let newer whole documents replace what waits for a
person, let a cancellation close an order that never left, then go from front to back. The first message
that waits for a person blocks all behind it; the first that is on its way makes the others wait their turn;
the first that is ready and finds neither is judged against what Jakamo was last sent (`_judge`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.model import WAITS_FOR_PERSON, MessageKind, MessageState

S = MessageState
_REPLACEABLE = frozenset({S.FAILED, S.HELD, S.PARKED})
_WAITING = frozenset({S.READY, S.PARKED})


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneMessage:
    """One open message of a lane, as far as the rules look at it."""

    id: int
    state: MessageState
    kind: MessageKind | None
    kind_hint: MessageKind | None
    origin: str
    source_hash: str
    content_hash: str | None
    assumed_known: bool | None
    assumed_change: int | None
    release_as: MessageKind | None
    approved: bool
    duplicate_of: int | None
    supplier: str | None
    buyer: str | None
    line_ids: tuple[str, ...]
    status_word: str | None
    repeat: str
    lost_lines: str
    complete_order: bool
    due_at: datetime | None
    turn: bool
    waits_for: int | None = None
    reason_code: str | None = None

    @property
    def probable_kind(self) -> MessageKind:
        """The kind, or what the source says, or Order: what an unmapped export most likely is."""
        return self.kind or self.kind_hint or MessageKind.ORDER

    @property
    def explicit_change(self) -> bool:
        """An OrderChange because the source says so, not because the gateway remembered the order."""
        if self.probable_kind is not MessageKind.CHANGE or self.release_as is not None:
            return False
        return self.kind_hint is MessageKind.CHANGE or not (self.repeat == "change" and self.assumed_known)

    @property
    def whole_document(self) -> bool:
        """It says everything about the order, so what it does not say is gone."""
        kind = self.probable_kind
        return kind is MessageKind.ORDER or (
            kind is MessageKind.CHANGE and (self.complete_order or not self.explicit_change)
        )

    @property
    def cancels(self) -> bool:
        """A status message that cancels the order."""
        return self.kind is MessageKind.STATUS and (self.status_word or "").startswith("cancel")


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What Jakamo was last sent under an order number."""

    content_hash: str | None  # None: only the number is known
    imported: bool  # declared by `orders import`, not sent by us
    change_count: int
    cancelled: bool
    supplier: str | None
    buyer: str | None
    line_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneRules:
    """The settings that the rules read."""

    order_wait: timedelta
    duplicate_file: str = "hold"
    send: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One message to be put into `state`; `turn` says that it is its lane's head and may go."""

    message_id: int
    state: MessageState
    turn: bool = False
    reason_code: str | None = None
    reason: str | None = None
    waits_for: int | None = None
    due_at: datetime | None = None
    replaced_by: int | None = None
    baseline: bool = False  # its content becomes what counts as last sent


def decide_lane(
    messages: Sequence[LaneMessage], memory: Memory | None, now: datetime, rules: LaneRules
) -> list[Move]:
    """Return the moves that bring the lane up to date; an empty list when it is."""
    moves: dict[int, Move] = {}
    lane = _order_first(messages, memory)
    _replace(lane, moves)
    _cancel_unsent(lane, memory, moves)
    _walk([message for message in lane if message.id not in moves], memory, now, rules, moves)
    by_id = {message.id: message for message in messages}
    return [move for move in moves.values() if _changes(by_id[move.message_id], move)]


def _changes(message: LaneMessage, move: Move) -> bool:
    if message.state is not move.state or message.turn != move.turn:
        return True
    if move.state is not S.PARKED:
        return False
    return (message.waits_for, message.due_at) != (move.waits_for, move.due_at)


def _order_first(messages: Sequence[LaneMessage], memory: Memory | None) -> list[LaneMessage]:
    """A change or status that came before its Order lets the Order pass."""
    lane = list(messages)
    if memory is not None:
        return lane
    for index, message in enumerate(lane):
        if message.kind is MessageKind.ORDER:
            if all(early.state in (S.READY, S.PARKED, S.REGISTERED) for early in lane[:index]):
                return [message, *lane[:index], *lane[index + 1 :]]
            return lane
    return lane


def _replace(lane: Sequence[LaneMessage], moves: dict[int, Move]) -> None:
    """Let each newer whole document join its equal, or take the place of what waits for a person."""
    for index in range(len(lane) - 1, 0, -1):
        newer = lane[index]
        if newer.origin != "inbox" or not newer.whole_document or newer.id in moves:
            continue
        if newer.state not in _REPLACEABLE and newer.state is not S.READY:
            continue
        older = [
            message
            for message in lane[:index]
            if message.state in _REPLACEABLE
            and message.id not in moves
            and message.probable_kind is not MessageKind.STATUS
        ]
        twin = next((message for message in older if _same(message, newer)), None)
        if twin is not None:
            moves[newer.id] = Move(
                message_id=newer.id,
                state=S.SKIPPED,
                reason_code="joins",
                reason=f"Says the same as message {twin.id}, which already waits for a person.",
                replaced_by=twin.id,
            )
            continue
        for message in older:
            moves[message.id] = Move(
                message_id=message.id,
                state=S.REPLACED,
                reason_code="newer",
                reason=f"A newer document of this order came (message {newer.id}).",
                replaced_by=newer.id,
            )


def _same(older: LaneMessage, newer: LaneMessage) -> bool:
    """Equal in what counts, and no nearer to being sent than the one that already waits."""
    if older.state not in (S.FAILED, S.HELD):
        return False
    if newer.state is S.FAILED:
        return older.state is S.FAILED and older.source_hash == newer.source_hash
    return older.content_hash is not None and older.content_hash == newer.content_hash


def _cancel_unsent(lane: Sequence[LaneMessage], memory: Memory | None, moves: dict[int, Move]) -> None:
    """A cancellation of an order that never left closes both: there is nothing to cancel."""
    if memory is not None:
        return
    for index, message in enumerate(lane):
        if not message.cancels or message.state not in _WAITING or message.id in moves:
            continue
        earlier = [other for other in lane[:index] if other.id not in moves]
        if not any(
            other.probable_kind is MessageKind.ORDER and other.state in (S.FAILED, S.HELD) for other in earlier
        ) or any(other.state not in _REPLACEABLE for other in earlier):
            continue
        for other in [*earlier, message]:
            moves[other.id] = Move(
                message_id=other.id,
                state=S.SKIPPED,
                reason_code="never-sent",
                reason="The order was never sent and has been cancelled: nothing to send, nothing to cancel.",
            )


def _walk(
    lane: Sequence[LaneMessage],
    memory: Memory | None,
    now: datetime,
    rules: LaneRules,
    moves: dict[int, Move],
) -> None:
    blocker: LaneMessage | None = None
    on_its_way = False
    for message in lane:
        if message.state in WAITS_FOR_PERSON:
            blocker = blocker or message
        elif message.state not in _WAITING:
            on_its_way = True
            if message.turn is False and message.state is S.RETRYING and blocker is None:
                moves[message.id] = Move(
                    message_id=message.id, state=S.RETRYING, turn=True, due_at=message.due_at
                )
        elif blocker is not None:
            moves[message.id] = _park(message, blocker)
        elif on_its_way:
            moves[message.id] = Move(message_id=message.id, state=S.READY)
        else:
            move = _judge(message, memory, now, rules)
            moves[message.id] = move
            if move.state in (S.HELD, S.FAILED):
                blocker = message
            elif move.state in (S.READY, S.REGISTERED) or (move.state is S.PARKED and move.waits_for is None):
                on_its_way = True
            if move.baseline:
                memory = None if memory is None else _with_content(memory, message)


def _with_content(memory: Memory, message: LaneMessage) -> Memory:
    return Memory(
        content_hash=message.content_hash,
        imported=memory.imported,
        change_count=memory.change_count,
        cancelled=memory.cancelled,
        supplier=message.supplier,
        buyer=message.buyer,
        line_ids=message.line_ids,
    )


def _park(message: LaneMessage, blocker: LaneMessage) -> Move:
    what = {S.FAILED: "failed", S.HELD: "waits for a decision", S.UNKNOWN: "has no known outcome"}.get(
        blocker.state, "waits for a decision"
    )
    return Move(
        message_id=message.id,
        state=S.PARKED,
        reason_code="waits-in-lane",
        reason=f"Waits for message {blocker.id} ({blocker.probable_kind}) of the same order, which {what}.",
        waits_for=blocker.id,
    )


def _judge(message: LaneMessage, memory: Memory | None, now: datetime, rules: LaneRules) -> Move:
    """Decide about the head of the lane, which is mapped, valid and free to go."""
    if message.kind is MessageKind.ORDER or (message.kind is MessageKind.CHANGE and not message.explicit_change):
        move = _judge_order(message, memory, rules)
    else:
        move = _judge_explicit(message, memory, now, rules)
    if move is not None:
        return move
    if not rules.send:
        return _to(message, S.REHEARSED, "rehearsal", "Mapped and valid. Not sent: the account has send = false.")
    # A due time that has passed stays on record: it says that the wait for the Order is over.
    return Move(message_id=message.id, state=S.READY, turn=True, due_at=message.due_at)


def _judge_explicit(
    message: LaneMessage, memory: Memory | None, now: datetime, rules: LaneRules
) -> Move | None:
    """A status, or a change because the source says so: it needs its Order, and nothing else."""
    move = _duplicate(message, rules)
    if move is not None:
        return move
    if memory is None:
        return None if message.approved else _wait_for_order(message, now, rules)
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
    if memory.content_hash is None and memory.imported:
        return _to(
            message,
            S.UNCHANGED,
            "baseline",
            "The number was imported without content: this first repeat is the baseline and is not sent.",
            baseline=True,
        )
    if not memory.cancelled and message.content_hash == memory.content_hash:
        return _to(message, S.UNCHANGED, "unchanged", "Equal to what was last sent for this order.")
    if not message.approved:
        move = _duplicate(message, rules) or _suspicious(message, memory) or _lost_lines(message, memory)
        if move is not None:
            return move
    return _as_order_or_change(message, memory)


def _as_order_or_change(message: LaneMessage, memory: Memory) -> Move | None:
    """The order is known and the new content may go: as what?"""
    wanted = message.release_as
    if wanted is None:
        if message.repeat == "hold" and not message.approved:
            return _to(
                message,
                S.HELD,
                "repeat",
                "Jakamo already has an order with this number, and its content differs. Is it a change?",
            )
        wanted = MessageKind.CHANGE if message.repeat == "change" else MessageKind.ORDER
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
    lost = [line for line in memory.line_ids if line not in message.line_ids]
    if not lost or message.lost_lines == "send":
        return None
    what = f"Lines that were sent earlier are missing now: {', '.join(lost[:20])}."
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
    due_at = message.due_at or now + rules.order_wait
    return _to(
        message,
        S.PARKED,
        "order-not-seen",
        "The Order itself has not been seen. It goes without it when the time is up.",
        due_at=due_at,
    )


def _fresh_number(message: LaneMessage, memory: Memory) -> Move | None:
    """The number of the change is inside the document: mapped for another number, it is mapped again."""
    return None if message.assumed_change == memory.change_count + 1 else _remap(message)


def _remap(message: LaneMessage) -> Move:
    return _to(message, S.REGISTERED, "map-again", "What was assumed when it was mapped no longer holds.")


def _to(
    message: LaneMessage,
    state: MessageState,
    code: str,
    reason: str,
    *,
    due_at: datetime | None = None,
    baseline: bool = False,
) -> Move:
    return Move(
        message_id=message.id, state=state, reason_code=code, reason=reason, due_at=due_at, baseline=baseline
    )
