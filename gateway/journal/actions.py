"""Actions: what commands and the page ask for. The service carries them out; a stale one is refused."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Integer, RowMapping, bindparam, insert, select, update

from gateway.journal.history import Event, record
from gateway.journal.tables import action

_WAITING = (
    select(action).where(action.c.state == "waiting").order_by(action.c.id).limit(bindparam("most", type_=Integer))
)


def request(connection: Connection, kind: str, arguments: dict[str, Any], by: str, now: datetime) -> int:
    """Record a wish; return its id."""
    key = connection.execute(
        insert(action)
        .values(kind=kind, arguments=arguments, requested_at=now, requested_by=by, state="waiting")
        .returning(action.c.id)
    ).scalar_one()
    record(connection, now, [Event("action", key, "requested", f"{kind} by {by}")])
    return int(key)


def waiting(connection: Connection, limit: int = 100) -> list[RowMapping]:
    """Return what was asked for and not carried out, oldest first."""
    return list(connection.execute(_WAITING, {"most": limit}).mappings())


def by_id(connection: Connection, key: int) -> RowMapping | None:
    """Return one action."""
    return connection.execute(select(action).where(action.c.id == key)).mappings().first()


def note(connection: Connection, key: int, arguments: dict[str, Any]) -> None:
    """Add to what is on record of a wish how it is being carried out, before it is."""
    connection.execute(update(action).where(action.c.id == key).values(arguments=arguments))


def conclude(connection: Connection, key: int, *, refused: bool, result: str, now: datetime) -> None:
    """Record what became of a wish, once; what has effects that must not be repeated does so in their own commit."""
    state = "refused" if refused else "done"
    concluded = connection.execute(
        update(action).where(action.c.id == key, action.c.state == "waiting").values(
            state=state, result=result, done_at=now
        )
    )
    if concluded.rowcount:
        record(connection, now, [Event("action", key, state, result)])
