"""What became of every file and order: the last word of a run until idle and of the demo."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select

from gateway.journal.tables import interchange, message, queue_message


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """One order of one file, or a file without orders (then `order_number` is empty)."""

    file: str
    path: str
    order_number: str
    kind: str
    state: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One message of the response queue."""

    kind: str
    order_number: str
    state: str
    name: str


def fates(connection: Connection) -> list[Fate]:
    """Return every order with its file, in claim order; a file without orders once, with its own state."""
    columns = (
        interchange.c.name,
        interchange.c.path,
        interchange.c.state.label("file_state"),
        interchange.c.reason.label("file_reason"),
        message.c.order_number,
        message.c.kind,
        message.c.kind_hint,
        message.c.state,
        message.c.reason,
    )
    statement = (
        select(*columns)
        .outerjoin(message, message.c.interchange == interchange.c.sequence)
        .order_by(interchange.c.sequence, message.c.ordinal)
    )
    return [
        Fate(
            file=row["name"],
            path=row["path"],
            order_number=row["order_number"] or "",
            kind=row["kind"] or row["kind_hint"] or "",
            state=row["state"] or row["file_state"],
            reason=row["reason"] or row["file_reason"] or "",
        )
        for row in connection.execute(statement).mappings()
    ]


def answers(connection: Connection) -> list[Answered]:
    """Return every message of the response queue in the order in which it came."""
    columns = (queue_message.c.kind, queue_message.c.order_number, queue_message.c.state, queue_message.c.name)
    statement = select(*columns).order_by(queue_message.c.id)
    return [
        Answered(kind=row[0], order_number=row[1] or "", state=row[2], name=row[3])
        for row in connection.execute(statement)
    ]
