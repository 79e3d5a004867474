"""The end of history: what happened since an instant or since a line, found without reading what was before.

Layer: journal. Only looks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CTE, ColumnElement, Connection, RowMapping, Select, func, select, true

from gateway.journal.tables import history, interchange, message, queue_message

CLOCK_SET_BACK = timedelta(hours=1)
"""History rows are in order of time, but for a clock that was set back: this much is looked at besides."""
_CHUNK = 500


def last_event(connection: Connection) -> int:
    """Return the number of the newest line of history; 0 when there is none."""
    return int(connection.execute(select(func.max(history.c.id))).scalar() or 0)


def first_event_since(connection: Connection, since: datetime) -> int:
    """Return a number that no line of history since then is below, found by halving; a little too early at most."""
    since -= CLOCK_SET_BACK
    low, high = 1, last_event(connection) + 1
    while low < high:
        middle = (low + high) // 2
        statement = select(history.c.id, history.c.at).where(history.c.id >= middle).order_by(history.c.id).limit(1)
        row = connection.execute(statement).first()
        if row is None or row[1] >= since:
            high = middle
        else:
            low = row[0] + 1
    return low


def recent_events(first: int) -> CTE:
    """Select the end of history by its numbers alone; by its subject an index would give all there ever was."""
    return select(history).where(history.c.id >= first).cte("recent").prefix_with("MATERIALIZED")


def events_since(connection: Connection, since: datetime) -> dict[tuple[str, str], int]:
    """Return how often each event (subject, event) has happened since an instant."""
    recent = recent_events(first_event_since(connection, since))
    return _event_counts(connection, recent, recent.c.at >= since)


def events_from(connection: Connection, first: int) -> dict[tuple[str, str], int]:
    """Return how often each event (subject, event) has happened from a line of history on."""
    return _event_counts(connection, recent_events(first), true())


def _event_counts(connection: Connection, recent: CTE, condition: ColumnElement[bool]) -> dict[tuple[str, str], int]:
    statement = (
        select(recent.c.subject, recent.c.event, func.count())
        .where(condition)
        .group_by(recent.c.subject, recent.c.event)
    )
    return {(str(row[0]), str(row[1])): int(row[2]) for row in connection.execute(statement)}


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedEvent:
    """One line of history with the names a person knows its subject by."""

    id: int
    at: datetime
    subject: str
    key: int
    event: str
    text: str
    account: str | None = None
    order_number: str | None = None
    file: str | None = None


def events_after(connection: Connection, after: int, limit: int) -> list[LoggedEvent]:
    """Return the lines of history that came after one, oldest first, each with order number, file and account."""
    statement = select(history).where(history.c.id > after).order_by(history.c.id).limit(limit)
    rows = list(connection.execute(statement).mappings())
    names = {
        "message": _message_names(connection, _keys(rows, "message")),
        "interchange": _file_names(connection, _keys(rows, "interchange")),
        "queue": _queue_names(connection, _keys(rows, "queue")),
    }
    return [
        LoggedEvent(
            id=row["id"], at=row["at"], subject=row["subject"], key=row["key"], event=row["event"], text=row["text"],
            **names.get(row["subject"], {}).get(row["key"], {}),
        )
        for row in rows
    ]


def _keys(rows: Sequence[RowMapping], subject: str) -> list[int]:
    return sorted({row["key"] for row in rows if row["subject"] == subject})


def _message_names(connection: Connection, keys: Sequence[int]) -> dict[int, dict[str, Any]]:
    columns = (message.c.id, message.c.account, message.c.order_number, interchange.c.name.label("file"))
    statement = select(*columns).join_from(message, interchange, interchange.c.sequence == message.c.interchange)
    return _names(connection, statement, message.c.id, keys)


def _file_names(connection: Connection, keys: Sequence[int]) -> dict[int, dict[str, Any]]:
    statement = select(interchange.c.sequence, interchange.c.account, interchange.c.name.label("file"))
    return _names(connection, statement, interchange.c.sequence, keys)


def _queue_names(connection: Connection, keys: Sequence[int]) -> dict[int, dict[str, Any]]:
    columns = (queue_message.c.id, queue_message.c.account, queue_message.c.order_number)
    return _names(connection, select(*columns, queue_message.c.name.label("file")), queue_message.c.id, keys)


def _names(connection: Connection, statement: Select[Any], key: Any, keys: Sequence[int]) -> dict[int, dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    for start in range(0, len(keys), _CHUNK):
        part = keys[start : start + _CHUNK]
        for row in connection.execute(statement.where(key.in_(part))).mappings():
            values = dict(row)
            found[values.pop(key.name)] = values
    return found
