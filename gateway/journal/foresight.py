"""What would become of orders that have not come yet, by the rules of their lanes. Reads; the decision is pure.

The same rules as for real messages: what is remembered of an order, what waits in its lane, and what goes before it
in the same file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, or_, select

from gateway.journal.lane_rules import decide_lane
from gateway.journal.lane_values import LaneMessage, LaneRules, Memory, Move
from gateway.journal.lanes import open_lanes
from gateway.journal.messages import SENT_BEFORE
from gateway.journal.order_memory import by_account, in_lanes, remembered
from gateway.journal.tables import account, content, message, order_memory
from gateway.model import MessageKind, MessageState

FIRST_ID = 1 << 60
"""Ids of messages that are only thought of: above all real ones, so that they stand last in their lanes."""

_DOCUMENTS = (str(MessageKind.ORDER), str(MessageKind.CHANGE))
_REMEMBERED_AS = and_(
    order_memory.c.account == message.c.account,
    order_memory.c.generation == message.c.generation,
    order_memory.c.order_number == message.c.order_number,
)
_LAST_DOCUMENTS = (
    select(message.c.account, message.c.order_number, message.c.id, message.c.state_at, content.c.body)
    .join(content, content.c.message == message.c.id)
    .join(account, and_(account.c.name == message.c.account, account.c.generation == message.c.generation))
    .join(order_memory, _REMEMBERED_AS)
    .where(in_lanes(message.c.account, message.c.order_number), message.c.kind.in_(_DOCUMENTS))
    .where(or_(message.c.state == str(MessageState.SENT), message.c.id == order_memory.c.last_message))
    .order_by(message.c.lane_major, message.c.lane_minor, message.c.id)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The document that was last sent for an order: its message, since when, its bytes."""

    message: int
    at: datetime
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What the journal knows of one order number before another document of it comes."""

    memory: Memory | None = None
    open: tuple[LaneMessage, ...] = ()
    last: Sent | None = None

    def kinds_before(self) -> list[str]:
        """Return the kinds of the messages that would go before the next one."""
        return [str(one.probable_kind) for one in self.open if str(one.state) in SENT_BEFORE]


def pasts(connection: Connection, account_name: str, order_numbers: Iterable[str]) -> dict[str, Past]:
    """Return what is known of each order number."""
    lanes = {(account_name, number) for number in order_numbers}
    memories, opened, last = remembered(connection, lanes), open_lanes(connection, lanes), {}
    for some in by_account(lanes):
        for row in connection.execute(_LAST_DOCUMENTS, some).mappings():
            if row["body"] is not None:
                last[(row["account"], row["order_number"])] = Sent(
                    message=row["id"], at=row["state_at"], body=bytes(row["body"])
                )
    return {
        lane[1]: Past(memory=memories.get(lane), open=tuple(opened.get(lane, ())), last=last.get(lane))
        for lane in lanes
    }


def foresee(past: Past, coming: Sequence[LaneMessage], now: datetime, rules: LaneRules) -> Mapping[int, Move]:
    """Return what would become of messages that came now, in this order, by id; one without a move waits its turn."""
    moves = {move.message_id: move for move in decide_lane([*past.open, *coming], past.memory, now, rules)}
    return {one.id: moves[one.id] for one in coming if one.id in moves}
