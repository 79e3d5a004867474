"""A claimed file that somebody took out of the work folder before it was read: its row gets an end, and a reason."""

from __future__ import annotations

from sqlalchemy import Connection, RowMapping

from gateway.intake.context import IntakeContext
from gateway.journal import decisions, incidents, interchanges


def close_vanished(context: IntakeContext, row: RowMapping, *over: str) -> None:
    """Say it once, and let nothing wait for the file any more; `over` are incidents that end with it.

    Raises ShareGone: on a share that is gone absence proves nothing.
    """
    context.files.check_marker(context.layout.inbox)
    now = context.clock.now()
    text = (
        f"{row['name']} was taken out of the work folder by hand before it was read; nothing of it was sent. "
        "If it is wanted, drop it again."
    )

    def close(connection: Connection) -> None:
        interchanges.mark_rejected(connection, row, code="vanished", reason=text, findings=(), now=now)
        decisions.close_rejected(connection, row["sequence"], "vanished", text, now)
        incidents.raise_incident(connection, f"vanished:{row['sequence']}", text, now)
        for key in over:
            incidents.clear(connection, key, now)

    context.journal.write(close)
