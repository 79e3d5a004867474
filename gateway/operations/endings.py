"""Ends incidents whose subject is over, however it came about: a decision, a hand-back, a file that came again.

Only those about one single file or order, named by its number in the journal; others are ended by what met them.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, RowMapping

from gateway.journal import incidents, interchanges, messages
from gateway.journal.placements import PERSON_STATES
from gateway.model import InterchangeState
from gateway.operations.context import OperationsContext

REMOVED = "vanished"  # a claimed file was removed by hand
CLOSING, ORIGINAL = "closing", "original"  # a file cannot be filed, or not be put into error/
EXTRACT = "extract"  # one order of a file cannot be put into error/
SAID_FOR = timedelta(days=1)  # nothing waits for a removed file: long enough to be read
_AT_REST = frozenset(map(str, (InterchangeState.CLOSED, InterchangeState.RETURNED)))


class Endings:
    """Looks which incidents have lost their subject. `step` is called by one thread only."""

    def __init__(self, context: OperationsContext) -> None:
        self._context = context

    def step(self) -> bool:
        """Close what is over; return whether anything was."""
        context, now = self._context, self._context.clock.now()
        over = context.journal.read(
            lambda c: [row["key"] for row in incidents.open_incidents(c) if _is_over(c, row, now)]
        )
        if over:
            context.journal.write(lambda c: [incidents.clear(c, key, now) for key in over])
        return bool(over)


def _is_over(connection: Connection, incident: RowMapping, now: datetime) -> bool:
    kind, _, subject = str(incident["key"]).partition(":")
    if kind not in (REMOVED, CLOSING, ORIGINAL, EXTRACT):
        return False
    number = int(subject)
    if kind == EXTRACT:
        message = messages.by_id(connection, number)
        return message is None or message["state"] not in PERSON_STATES
    file = interchanges.by_sequence(connection, number)
    if file is None:
        return True
    if kind == REMOVED:
        return incident["last_at"] + SAID_FOR <= now or interchanges.read_since(connection, number, file["name"])
    if kind == CLOSING:
        return file["state"] in (*_AT_REST, InterchangeState.REJECTED)
    return file["state"] in _AT_REST
