"""What may happen next in one lane: a pure decision over its open messages and the memory of its order.

This is the one place that knows replacement, parking, and who may go; `lane_judge` judges the head against
what Jakamo was last sent. `lanes` carries the moves out, in the same transaction as whatever changed the lane.

The walk: take the open messages in their places. Let a cancellation close an order that never left, let newer
whole documents replace what waits for a person, then go from front to back. The first message
that waits for a person blocks all behind it; the first that is on its way makes the others wait their turn;
the first that is ready and finds neither is judged. What the walk holds may be replaced by what is behind it,
so it is repeated until nothing moves any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from gateway.journal.lane_judge import judge
from gateway.journal.lane_values import LaneMessage, LaneRules, Memory, Move
from gateway.model import ENDED, WAITS_FOR_PERSON, MessageKind, MessageState

S = MessageState
_REPLACEABLE = frozenset({S.FAILED, S.HELD, S.PARKED})
_WAITING = frozenset({S.READY, S.PARKED})
_MAY_BE_PASSED = frozenset({S.REGISTERED, S.READY, S.PARKED})
_WHAT_IT_DOES = {
    S.FAILED: "failed",
    S.HELD: "waits for a decision",
    S.UNKNOWN: "has no known outcome",
}


def decide_lane(
    messages: Sequence[LaneMessage], memory: Memory | None, now: datetime, rules: LaneRules
) -> list[Move]:
    """Return the moves that bring the lane up to date; an empty list when it is.

    `messages` are the lane's open messages in their places. Once the moves are carried out, the same call
    returns none.
    """
    present = list(messages)
    decided: dict[int, Move] = {}
    for _ in range(2 * len(present) + 2):  # enough for any lane; a bound, so that no mistake here can stop the writer
        moves = _round(present, memory, now, rules)
        if not moves:
            break
        decided.update({move.message_id: move for move in moves})
        memory = _memory_after(memory, present, moves)
        if len(messages) == 1:
            break  # nothing stands beside it that the move could set going
        by_id = {move.message_id: move for move in moves}
        present = [_moved(message, by_id.get(message.id)) for message in present]
        present = [message for message in present if message.state not in ENDED]
    before = {message.id: message for message in messages}
    return [move for move in decided.values() if _changes(before[move.message_id], move)]


def _round(
    messages: Sequence[LaneMessage], memory: Memory | None, now: datetime, rules: LaneRules
) -> list[Move]:
    moves: dict[int, Move] = {}
    lane = _order_first(messages, memory)
    _cancel_unsent(lane, memory, moves)
    _replace(lane, rules, moves)
    _walk([message for message in lane if message.id not in moves], memory, now, rules, moves)
    by_id = {message.id: message for message in messages}
    return [move for move in moves.values() if _changes(by_id[move.message_id], move)]


def _changes(message: LaneMessage, move: Move) -> bool:
    if message.state is not move.state or message.turn != move.turn:
        return True
    if move.state is not S.PARKED:
        return False
    return (message.waits_for, message.due_at) != (move.waits_for, move.due_at)


def _moved(message: LaneMessage, move: Move | None) -> LaneMessage:
    if move is None:
        return message
    return replace(
        message,
        state=move.state,
        turn=move.turn,
        due_at=move.due_at,
        waits_for=move.waits_for,
        reason_code=move.reason_code,
    )


def _memory_after(memory: Memory | None, messages: Sequence[LaneMessage], moves: Sequence[Move]) -> Memory | None:
    baseline = next((move.message_id for move in moves if move.baseline), None)
    if memory is None or baseline is None:
        return memory
    return _with_content(memory, next(message for message in messages if message.id == baseline))


def _with_content(memory: Memory, message: LaneMessage) -> Memory:
    return replace(
        memory,
        content_hash=message.content_hash,
        supplier=message.supplier,
        buyer=message.buyer,
        line_ids=message.line_ids,
    )


def _order_first(messages: Sequence[LaneMessage], memory: Memory | None) -> list[LaneMessage]:
    """A change or status that came before its Order lets the Order pass, also one that is not mapped yet."""
    lane = list(messages)
    if memory is not None:
        return lane
    for index, message in enumerate(lane):
        if message.probable_kind is MessageKind.ORDER:
            if all(early.state in _MAY_BE_PASSED for early in lane[:index]):
                return [message, *lane[:index], *lane[index + 1 :]]
            return lane
    return lane


def _replace(lane: Sequence[LaneMessage], rules: LaneRules, moves: dict[int, Move]) -> None:
    """Let each newer whole document join its equal, or take the place of what waits for a person."""
    for index in range(len(lane) - 1, 0, -1):
        newer = lane[index]
        if newer.origin != "inbox" or not newer.whole_document or newer.id in moves:
            continue
        if newer.state not in _REPLACEABLE and newer.state is not S.READY:
            continue
        older = [message for message in lane[:index] if _replaceable(message) and message.id not in moves]
        if not older or any(m.state is S.REGISTERED for m in lane[lane.index(older[0]) : index]):
            continue  # what is not mapped yet may be a cancellation: first it must be known
        twin = next((m for m in older if _same(m, newer) and not _cancelled_between(lane, m, newer)), None)
        if twin is not None:
            moves[newer.id] = Move(
                message_id=newer.id,
                state=S.SKIPPED,
                reason_code="joins",
                reason=f"Says the same as message {twin.id}, which already waits for a person.",
                replaced_by=twin.id,
            )
        elif not _asks_whether_duplicate(newer, rules):
            moves.update({message.id: _replaced(message, newer) for message in older})


def _replaceable(message: LaneMessage) -> bool:
    """What waits for its Order alone is not stuck: the newer Order passes it and it follows."""
    return (
        message.state in _REPLACEABLE
        and message.probable_kind is not MessageKind.STATUS
        and not message.waits_for_order
    )


def _replaced(message: LaneMessage, newer: LaneMessage) -> Move:
    return Move(
        message_id=message.id,
        state=S.REPLACED,
        reason_code="newer",
        reason=f"A newer document of this order came (message {newer.id}).",
        replaced_by=newer.id,
    )


def _same(older: LaneMessage, newer: LaneMessage) -> bool:
    """Equal in what counts, and no nearer to being sent than the one that already waits."""
    if older.state not in (S.FAILED, S.HELD) or newer.approved:
        return False
    if newer.state is S.FAILED:
        return older.state is S.FAILED and older.source_hash == newer.source_hash
    return older.content_hash is not None and older.content_hash == newer.content_hash


def _cancelled_between(lane: Sequence[LaneMessage], older: LaneMessage, newer: LaneMessage) -> bool:
    """Ordered, cancelled, ordered again: the second order is not the first, however equal."""
    return any(message.cancels for message in lane[lane.index(older) : lane.index(newer)])


def _asks_whether_duplicate(message: LaneMessage, rules: LaneRules) -> bool:
    """The same file once more is no newer word: it replaces nothing before somebody has said so."""
    return message.duplicate_of is not None and not message.approved and rules.duplicate_file != "send"


def _cancel_unsent(lane: Sequence[LaneMessage], memory: Memory | None, moves: dict[int, Move]) -> None:
    """A cancellation of an order that never left closes both: there is nothing to cancel."""
    if memory is not None:
        return
    for index, message in enumerate(lane):
        if not message.cancels or message.state not in _WAITING or message.id in moves:
            continue
        earlier = [other for other in lane[:index] if other.id not in moves]
        stuck = [other for other in earlier if other.state in (S.FAILED, S.HELD)]
        if not any(other.probable_kind is MessageKind.ORDER for other in stuck):
            continue
        if any(other.state not in _REPLACEABLE for other in earlier):
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
    on_its_way = any(message.state is S.SENDING for message in lane)
    for message in lane:
        free = blocker is None and not on_its_way
        if message.state in WAITS_FOR_PERSON:
            blocker = blocker or message
        elif message.state not in _WAITING:
            on_its_way = True
            if message.state is S.RETRYING:
                moves[message.id] = _keep(message, turn=free)
        elif blocker is not None:
            moves[message.id] = _park(message, blocker)
        elif on_its_way:
            moves[message.id] = Move(message_id=message.id, state=S.READY, due_at=message.due_at)
        else:
            move = judge(message, memory, now, rules)
            moves[message.id] = move
            if move.state in WAITS_FOR_PERSON:
                blocker = replace(message, state=move.state)
            elif move.state not in ENDED:
                on_its_way = True
            if move.baseline and memory is not None:
                memory = _with_content(memory, message)


def _keep(message: LaneMessage, *, turn: bool) -> Move:
    """A message with a next try goes on by itself; only its turn may come and go."""
    return Move(message_id=message.id, state=S.RETRYING, turn=turn, due_at=message.due_at)


def _park(message: LaneMessage, blocker: LaneMessage) -> Move:
    return Move(
        message_id=message.id,
        state=S.PARKED,
        reason_code="waits-in-lane",
        reason=f"Waits for message {blocker.id} ({blocker.probable_kind}) of the same order, "
        f"which {_WHAT_IT_DOES[blocker.state]}.",
        waits_for=blocker.id,
    )


__all__ = ["LaneMessage", "LaneRules", "Memory", "Move", "decide_lane"]
