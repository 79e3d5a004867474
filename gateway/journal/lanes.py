"""Keeps lanes: reads what `lane_rules` needs, carries its moves out, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, insert, or_, select, update

from gateway.journal.history import Event, record
from gateway.journal.lane_rules import LaneMessage, LaneRules, Memory, Move, decide_lane
from gateway.journal.states import Change, change_messages
from gateway.journal.tables import account, message, order_memory
from gateway.model import ENDED, MessageKind, MessageState

Lane = tuple[str, str]  # account, order number
OPEN_STATES = tuple(sorted(str(state) for state in MessageState if state not in ENDED))
_CHUNK = 300

_COLUMNS = [
    message.c[name]
    for name in (
        "id",
        "account",
        "order_number",
        "version",
        "state",
        "kind",
        "kind_hint",
        "origin",
        "source_hash",
        "content_hash",
        "assumed_known",
        "assumed_change",
        "release_as",
        "approved",
        "duplicate_of",
        "supplier",
        "buyer",
        "line_ids",
        "status_word",
        "repeat_rule",
        "lost_lines_rule",
        "complete_order",
        "due_at",
        "turn",
        "waits_for",
        "reason_code",
    )
]


class LaneKeeper:
    """Knows each account's rules and keeps any lane of theirs up to date."""

    def __init__(self, rules: Mapping[str, LaneRules]) -> None:
        self._rules = dict(rules)

    def settle(self, connection: Connection, lanes: Iterable[Lane], now: datetime) -> None:
        """Bring lanes up to date. Call it in every transaction that changed one."""
        wanted = sorted(set(lanes))
        for start in range(0, len(wanted), _CHUNK):
            self._settle(connection, wanted[start : start + _CHUNK], now)

    def _settle(self, connection: Connection, lanes: Sequence[Lane], now: datetime) -> None:
        rows = _open_messages(connection, lanes)
        if not rows:
            return
        memories = remembered(connection, rows.keys())
        moves: list[tuple[RowMapping, Move]] = []
        for lane, members in rows.items():
            rules = self._rules.get(lane[0])
            if rules is None:
                continue  # an account that is no longer in the settings: its lanes stand still
            by_id = {int(row["id"]): row for row in members}
            decided = decide_lane([_lane_message(row) for row in members], memories.get(lane), now, rules)
            moves += [(by_id[move.message_id], move) for move in decided]
        _carry_out(connection, moves, now)


def _open_messages(connection: Connection, lanes: Sequence[Lane]) -> dict[Lane, list[RowMapping]]:
    statement = (
        select(*_COLUMNS)
        .where(_in_lanes(message.c.account, message.c.order_number, lanes), message.c.state.in_(OPEN_STATES))
        .order_by(message.c.lane_major, message.c.lane_minor, message.c.id)
    )
    found: dict[Lane, list[RowMapping]] = {}
    for row in connection.execute(statement).mappings():
        found.setdefault((row["account"], row["order_number"]), []).append(row)
    return found


def _in_lanes(account_column: Any, order_column: Any, lanes: Sequence[Lane]) -> ColumnElement[bool]:
    """Match lanes so that the index on (account, order number) serves: one IN list per account."""
    numbers: dict[str, list[str]] = {}
    for name, number in lanes:
        numbers.setdefault(name, []).append(number)
    return or_(*(and_(account_column == name, order_column.in_(some)) for name, some in numbers.items()))


def remembered(connection: Connection, lanes: Iterable[Lane]) -> dict[Lane, Memory]:
    """Return what Jakamo was last sent, for those lanes where it was sent anything."""
    wanted = sorted(set(lanes))
    if not wanted:
        return {}
    statement = (
        select(order_memory)
        .join(
            account,
            and_(account.c.name == order_memory.c.account, account.c.generation == order_memory.c.generation),
        )
        .where(_in_lanes(order_memory.c.account, order_memory.c.order_number, wanted))
    )
    return {
        (row["account"], row["order_number"]): Memory(
            content_hash=row["content_hash"],
            imported=row["imported"],
            change_count=row["change_count"],
            cancelled=row["cancelled"],
            supplier=row["supplier"],
            buyer=row["buyer"],
            line_ids=tuple(row["line_ids"] or ()),
        )
        for row in connection.execute(statement).mappings()
    }


def _lane_message(row: RowMapping) -> LaneMessage:
    return LaneMessage(
        id=row["id"],
        state=MessageState(row["state"]),
        kind=MessageKind(row["kind"]) if row["kind"] else None,
        kind_hint=MessageKind(row["kind_hint"]) if row["kind_hint"] else None,
        origin=row["origin"],
        source_hash=row["source_hash"],
        content_hash=row["content_hash"],
        assumed_known=row["assumed_known"],
        assumed_change=row["assumed_change"],
        release_as=MessageKind(row["release_as"]) if row["release_as"] else None,
        approved=row["approved"],
        duplicate_of=row["duplicate_of"],
        supplier=row["supplier"],
        buyer=row["buyer"],
        line_ids=tuple(row["line_ids"] or ()),
        status_word=row["status_word"],
        repeat=row["repeat_rule"],
        lost_lines=row["lost_lines_rule"],
        complete_order=row["complete_order"],
        due_at=row["due_at"],
        turn=row["turn"],
        waits_for=row["waits_for"],
        reason_code=row["reason_code"],
    )


def _carry_out(connection: Connection, moves: Sequence[tuple[RowMapping, Move]], now: datetime) -> None:
    changes, events = [], []
    for row, move in moves:
        values: dict[str, Any] = {
            "state": str(move.state),
            "turn": move.turn,
            "reason_code": move.reason_code,
            "reason": move.reason,
            "waits_for": move.waits_for,
            "due_at": move.due_at,
            "state_at": now,
            "replaced_by": move.replaced_by,
        }
        changes.append(Change(row["id"], row["state"], row["version"], **values))
        if str(move.state) != row["state"]:
            events.append(Event("message", row["id"], str(move.state), move.reason or ""))
        if move.baseline:
            _remember_baseline(connection, row)
    change_messages(connection, changes)
    record(connection, now, events)


def _remember_baseline(connection: Connection, row: RowMapping) -> None:
    connection.execute(
        update(order_memory)
        .where(
            order_memory.c.account == row["account"],
            order_memory.c.order_number == row["order_number"],
            order_memory.c.generation
            == select(account.c.generation).where(account.c.name == row["account"]).scalar_subquery(),
        )
        .values(
            content_hash=row["content_hash"],
            supplier=row["supplier"],
            buyer=row["buyer"],
            line_ids=row["line_ids"],
            last_message=row["id"],
        )
    )


def remember_sent(connection: Connection, rows: Sequence[Mapping[str, Any]], now: datetime) -> None:
    """Note what Jakamo now has. `rows` are message rows with account, generation and what was sent.

    A status message changes nothing but `cancelled`; an Order resets it; changes are counted.
    """
    for row in rows:
        key = (
            (order_memory.c.account == row["account"])
            & (order_memory.c.generation == row["generation"])
            & (order_memory.c.order_number == row["order_number"])
        )
        present = connection.execute(select(order_memory).where(key)).mappings().first()
        values = _memory_after(present, row, now)
        if present is None:
            connection.execute(
                insert(order_memory).values(
                    account=row["account"],
                    generation=row["generation"],
                    order_number=row["order_number"],
                    imported=False,
                    **values,
                )
            )
        else:
            connection.execute(update(order_memory).where(key).values(**values))


def _memory_after(present: RowMapping | None, row: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    values: dict[str, Any] = {"last_sent_at": now, "last_message": row["id"]}
    if row["kind"] == MessageKind.STATUS:
        cancels = str(row["status_word"] or "").startswith("cancel")
        values["cancelled"] = cancels or bool(present is not None and present["cancelled"])
        if present is None:
            values["change_count"] = 0
        return values
    changes = present["change_count"] if present is not None else 0
    values["change_count"] = changes + 1 if row["kind"] == MessageKind.CHANGE else changes
    values["cancelled"] = False
    for name in ("content_hash", "supplier", "buyer", "line_ids"):
        values[name] = row[name]
    return values


def locate(connection: Connection, name: str) -> int:
    """Return the account's generation (0 when the account is not in the journal yet)."""
    found = connection.execute(select(account.c.generation).where(account.c.name == name)).scalar()
    return int(found or 0)


__all__ = ["Lane", "LaneKeeper", "OPEN_STATES", "locate", "remember_sent", "remembered"]
