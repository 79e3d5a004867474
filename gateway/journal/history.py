"""Append-only history: what happened to an interchange, a message, a queue message, an account."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from gateway.journal.batch import insert_rows
from gateway.journal.tables import history

_APPEND = insert_rows(history, "at", "subject", "key", "event", "text")


class Event(NamedTuple):
    """One line of history."""

    subject: str
    key: int
    event: str
    text: str = ""


def record(connection: Connection, at: datetime, events: Iterable[Event]) -> None:
    """Append events, in the transaction of what they tell about."""
    _APPEND.run(
        connection,
        [{"at": at, "subject": e.subject, "key": e.key, "event": e.event, "text": e.text} for e in events],
    )


def of_subject(connection: Connection, subject: str, keys: Sequence[int]) -> list[dict[str, Any]]:
    """Return the history of some subjects, oldest first."""
    statement = select(history).where(history.c.subject == subject, history.c.key.in_(keys)).order_by(history.c.id)
    return [dict(row) for row in connection.execute(statement).mappings()]
