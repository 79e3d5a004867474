"""Messages of a lane for tests, as the rules see them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from gateway.journal.lane_rules import decide_lane
from gateway.journal.lane_values import LaneMessage, LaneRules, Memory, Move
from gateway.model import MessageKind, MessageState
from tests.clocks import START

S, K = MessageState, MessageKind
NOW = START
RULES = LaneRules(order_wait=timedelta(minutes=10))
DUE = NOW + timedelta(minutes=10)


def msg(key: int, state: MessageState = S.READY, **values: Any) -> LaneMessage:
    """Return a mapped Order from the inbox, unless told otherwise. `text` is its content."""
    text = values.pop("text", "v1")
    plain: dict[str, Any] = {
        "kind": K.ORDER, "kind_hint": None, "origin": "inbox", "source_hash": f"raw {text}", "content_hash": text,
        "assumed_known": False, "assumed_change": 1, "release_as": None, "approved": False, "duplicate_of": None,
        "supplier": "S-1", "buyer": "B-1", "line_ids": ("10",), "status_word": None, "repeat": "hold",
        "lost_lines": "hold", "complete_order": False, "due_at": None, "turn": False,
    }  # fmt: skip
    return LaneMessage(id=key, state=state, **{**plain, **values})


def chg(key: int, state: MessageState = S.READY, **values: Any) -> LaneMessage:
    """Return a change, because the source says so."""
    return msg(key, state, **{"kind": K.CHANGE, "kind_hint": K.CHANGE, "assumed_known": True, "text": "v2", **values})


def sts(key: int, state: MessageState = S.READY, word: str = "received", **values: Any) -> LaneMessage:
    """Return a status message."""
    plain = {"kind": K.STATUS, "kind_hint": K.STATUS, "status_word": word, "text": word, "line_ids": ()}
    return msg(key, state, **{**plain, **values})


def raw(key: int, **values: Any) -> LaneMessage:
    """Return a message that is not mapped yet."""
    plain = {"kind": None, "content_hash": None, "assumed_known": None, "assumed_change": None, "line_ids": ()}
    return msg(key, S.REGISTERED, **{**plain, **values})


def mem(text: str | None = "v1", **values: Any) -> Memory:
    """Return the memory of an order that was sent once."""
    plain: dict[str, Any] = {
        "imported": False, "change_count": 0, "cancelled": False, "supplier": "S-1", "buyer": "B-1",
        "line_ids": ("10",),
    }  # fmt: skip
    return Memory(content_hash=text, **{**plain, **values})


def brief(moves: Sequence[Move]) -> dict[int, str]:
    """Return moves in short: "ready!" has the turn, "held repeat" says why, "parked 1" for whom."""
    return {move.message_id: _brief(move) for move in moves}


def _brief(move: Move) -> str:
    if move.state is S.PARKED and move.waits_for is not None:
        return f"parked {move.waits_for}"
    if move.state in (S.READY, S.RETRYING):
        return f"{move.state}{'!' if move.turn else ''}"
    return f"{move.state} {move.reason_code}"


def after(messages: Sequence[LaneMessage], moves: Sequence[Move]) -> list[LaneMessage]:
    """Return the lane once the moves are carried out, ended messages included."""
    by_id = {move.message_id: move for move in moves}
    changed = []
    for message in messages:
        move = by_id.get(message.id)
        if move is None:
            changed.append(message)
            continue
        changed.append(
            replace(
                message, state=move.state, turn=move.turn, due_at=move.due_at, waits_for=move.waits_for,
                reason_code=move.reason_code,
            )
        )  # fmt: skip
    return changed


def decide(messages: Sequence[LaneMessage], memory: Memory | None = None, **rules: Any) -> dict[int, str]:
    """Return what the rules say, in short."""
    return brief(decide_lane(messages, memory, NOW, replace(RULES, **rules)))
