"""Incidents: one open row per thing that is wrong, with a count; cleared when it is over."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, RowMapping, insert, select, update

from gateway.journal.tables import incident


def raise_incident(connection: Connection, key: str, text: str, now: datetime) -> bool:
    """Open an incident or count it again; return whether it is new."""
    open_one = (incident.c.key == key) & incident.c.cleared_at.is_(None)
    result = connection.execute(
        update(incident).where(open_one).values(count=incident.c.count + 1, last_at=now, text=text)
    )
    if result.rowcount:
        return False
    connection.execute(insert(incident).values(key=key, text=text, count=1, opened_at=now, last_at=now))
    return True


def clear(connection: Connection, key: str, now: datetime) -> bool:
    """Close an incident; return whether one was open."""
    result = connection.execute(
        update(incident).where(incident.c.key == key, incident.c.cleared_at.is_(None)).values(cleared_at=now)
    )
    return bool(result.rowcount)


def open_incidents(connection: Connection) -> list[RowMapping]:
    """Return what is wrong now, oldest first."""
    statement = select(incident).where(incident.c.cleared_at.is_(None)).order_by(incident.c.id)
    return list(connection.execute(statement).mappings())


def open_keys(connection: Connection, prefix: str) -> set[str]:
    """Return the keys of open incidents that begin with `prefix`."""
    statement = select(incident.c.key).where(incident.c.cleared_at.is_(None), incident.c.key.startswith(prefix))
    return set(connection.scalars(statement))
