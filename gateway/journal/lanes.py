"""Keeps lanes: reads what `lane_rules` needs, carries its moves out, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from gateway.journal.history import Event, record
from gateway.journal.lane_rules import decide_lane
from gateway.journal.lane_values import LaneMessage, LaneRules, Move
from gateway.journal.order_memory import Lane, by_account, in_lanes, remember_baseline, remembered
from gateway.journal.states import Change, change_messages
from gateway.journal.tables import message
from gateway.model import ENDED, MessageKind, MessageState

S = MessageState
OPEN_STATES = tuple(sorted(str(state) for state in MessageState if state not in ENDED))
_STANDING = (str(S.READY), str(S.RETRYING), str(S.PARKED))
_CHUNK = 300

Row = Mapping[Any, Any]  # of a message, as it is or will be

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

_OPEN = (
    select(*_COLUMNS)
    .where(in_lanes(message.c.account, message.c.order_number), message.c.state.in_(OPEN_STATES))
    .order_by(message.c.lane_major, message.c.lane_minor, message.c.id)
)


class LaneKeeper:
    """Knows each account's rules and keeps any lane of theirs up to date."""

    def __init__(self, rules: Mapping[str, LaneRules]) -> None:
        self._rules = dict(rules)

    @property
    def accounts(self) -> Collection[str]:
        """The accounts whose lanes are kept; the lanes of any other stand still."""
        return self._rules.keys()

    def settle(self, connection: Connection, lanes: Iterable[Lane], now: datetime) -> None:
        """Bring lanes up to date. Call it in every transaction that changed one, or what is remembered of one."""
        self.change_and_settle(connection, (), (), lanes, now)

    def change_and_settle(
        self, connection: Connection, changes: Sequence[Change], events: Sequence[Event], lanes: Iterable[Lane],
        now: datetime,
    ) -> None:
        """Make changes of messages, with what history says of them, and settle their lanes: each row is written once.

        Lanes are judged as the changes will leave them.
        """
        wanted = sorted(set(lanes))
        pending = {change.key: change for change in changes}
        told = list(events)
        for start in range(0, len(wanted), _CHUNK):
            told += self._settle(connection, wanted[start : start + _CHUNK], pending, now)
        change_messages(connection, list(pending.values()))
        record(connection, now, told)

    def settle_all(self, connection: Connection, now: datetime) -> None:
        """Bring every lane with something waiting up to date: at start, when settings may have changed."""
        statement = (
            select(message.c.account, message.c.order_number)
            .where(message.c.state.in_(_STANDING), message.c.account.in_(self.accounts))
            .distinct()
        )
        self.settle(connection, [(row[0], row[1]) for row in connection.execute(statement)], now)

    def _settle(
        self, connection: Connection, lanes: Sequence[Lane], pending: dict[int, Change], now: datetime
    ) -> list[Event]:
        """Add the moves of these lanes to what is to be changed; return what history says of them."""
        rows = _open_messages(connection, lanes, pending)
        memories = remembered(connection, rows.keys()) if rows else {}
        events: list[Event] = []
        for lane, members in rows.items():
            rules = self._rules.get(lane[0])
            if rules is None:
                continue  # an account that is no longer in the settings: its lanes stand still
            by_id = {int(row["id"]): row for row in members}
            for move in decide_lane([_lane_message(row) for row in members], memories.get(lane), now, rules):
                row = by_id[move.message_id]
                change = pending.setdefault(move.message_id, Change(row["id"], row["state"], row["version"]))
                change.update(_values(row, move, now))
                if str(move.state) != row["state"]:
                    events.append(Event("message", row["id"], str(move.state), move.reason or ""))
                if move.baseline:
                    remember_baseline(connection, row)
        return events


def open_lanes(connection: Connection, lanes: Iterable[Lane]) -> dict[Lane, list[LaneMessage]]:
    """Return the open messages of lanes in their places, as the rules look at them; lanes without any are left out."""
    found = _open_messages(connection, sorted(set(lanes)), {})
    return {lane: [_lane_message(row) for row in rows] for lane, rows in found.items()}


def _open_messages(
    connection: Connection, lanes: Sequence[Lane], pending: Mapping[int, Change]
) -> dict[Lane, list[Row]]:
    found: dict[Lane, list[Row]] = {}
    for some in by_account(lanes):
        for row in connection.execute(_OPEN, some).mappings().all():
            change = pending.get(row["id"])
            present = row if change is None else {**row, **change}
            if present["state"] in OPEN_STATES:
                found.setdefault((row["account"], row["order_number"]), []).append(present)
    return found


def _lane_message(row: Row) -> LaneMessage:
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


def _values(row: Row, move: Move, now: datetime) -> dict[str, Any]:
    if str(move.state) == row["state"] and move.state is not S.PARKED:
        return {"state": str(move.state), "turn": move.turn, "due_at": move.due_at}  # it stays what it was and why
    values: dict[str, Any] = {
        "state": str(move.state),
        "turn": move.turn,
        "reason_code": move.reason_code,
        "reason": move.reason,
        "waits_for": move.waits_for,
        "due_at": move.due_at,
        "replaced_by": move.replaced_by,
    }
    if str(move.state) != row["state"]:
        values["state_at"] = now
    return values
