"""Incidents: one open row per thing that is wrong, with a count; cleared when it is over."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256

from sqlalchemy import Connection, RowMapping, insert, select, update

from gateway.journal.tables import incident

KEY_LENGTH = 200


def key_of(kind: str, name: str) -> str:
    """Return the key of an incident about a name, which may be longer than a key."""
    key = f"{kind}{name}"
    return key if len(key) <= KEY_LENGTH else f"{key[: KEY_LENGTH - 9]}~{sha256(name.encode()).hexdigest()[:8]}"


def raise_incident(connection: Connection, key: str, text: str, now: datetime) -> bool:
    """Open an incident or count it again; return whether it is new.

    `text` may hold a file's name that is no text at all; it is told as far as it can be written down.
    """
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")
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
