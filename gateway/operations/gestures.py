"""What a person says by moving files: to done/ = skip, to unknown/arrived or unknown/send-again = the answer.

Absence is no answer: a file that is nowhere leaves its message as it was, shown as removed by hand. A file of
an unknown outcome that was moved anywhere else is put back with its question.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, RowMapping, select

from gateway.errors import StaleTransition
from gateway.files.entry import Entry
from gateway.journal import decisions, placements
from gateway.journal.tables import interchange
from gateway.model import MessageState
from gateway.operations.context import OperationsContext
from gateway.operations.error_folder import ErrorFolder

OPERATOR = "an operator (file moved)"


class Gestures:
    """Looks for placed files that are no longer where they were put. `step` is called by one thread only."""

    def __init__(self, context: OperationsContext, folder: ErrorFolder) -> None:
        self._context = context
        self._error_folder = folder

    def step(self) -> bool:
        """Read every move made since the last look; return whether there was any."""
        context = self._context
        active = [row for row in context.journal.read(placements.active) if row["state"] in ("placed", "removed")]
        if not active:
            return False
        files, layout = context.files, context.layout
        here = {
            "error": {entry.name for entry in files.list_folder(layout.error)},
            "unknown": {entry.name for entry in files.list_folder(layout.unknown)},
        }
        moved = False
        for row in active:
            present = row["name"] in here[row["folder"]]
            if present and row["state"] == "removed":
                self._set(row, "placed")
            elif not present:
                moved = self._look_for(row) or moved
        return moved

    def _look_for(self, row: RowMapping) -> bool:
        layout = self._context.layout
        if row["folder"] == "unknown":
            for folder, arrived in ((layout.arrived, True), (layout.send_again, False)):
                found = self._find(folder, row)
                if found is not None:
                    return self._answer(row, arrived=arrived)
        for folder in (layout.done, layout.done_for(self._context.clock.now().astimezone().date()), layout.error):
            found = self._find(folder, row, by_name=folder == layout.done)
            if found is not None and not self._is_an_original(found):
                return self._moved_to(row, found)
        if row["folder"] == "unknown" and self._handed_back(row):
            return self._put_back(row, None)
        if row["state"] == "placed":
            self._set(row, "removed")
        return False

    def _find(self, folder: Path, row: RowMapping, *, by_name: bool = True) -> Path | None:
        """Find the file of a placement: under its name, or under another with the same bytes."""
        files = self._context.files
        if not files.is_folder(folder):
            return None
        listing: list[Entry] = files.list_folder(folder)
        path = folder / str(row["name"])
        if any(entry.name == row["name"] and entry.is_file for entry in listing) and (
            by_name or files.sha256(path)[0] == row["sha256"]
        ):
            return path
        return None

    def _is_an_original(self, path: Path) -> bool:
        """Tell whether this is where an interchange's own original lies: then nobody moved it there."""
        statement = select(interchange.c.sequence).where(interchange.c.path == str(path)).limit(1)
        return self._context.journal.read(lambda c: c.execute(statement).first()) is not None

    def _moved_to(self, row: RowMapping, found: Path) -> bool:
        if row["folder"] == "unknown":
            return self._put_back(row, found)
        if found.parent == self._context.layout.error:
            return False
        return self._skip(row, found)

    def _skip(self, row: RowMapping, found: Path) -> bool:
        context = self._context
        now = context.clock.now()

        def skip(connection: Connection) -> None:
            owners = [o["id"] for o in placements.open_owners(connection, row)]
            if owners:
                decisions.skip(connection, owners, OPERATOR, context.keeper, now)
            elif row["message"] is None:
                text = f"Skipped by {OPERATOR}."
                decisions.close_rejected(connection, row["interchange"], "skipped", text, now)

        return self._error_folder.leave(row, skip, found)

    def _answer(self, row: RowMapping, *, arrived: bool) -> bool:
        """Record the answer, then file the paper away."""
        context = self._context
        now = context.clock.now()

        def answer(connection: Connection) -> None:
            for owner in placements.open_owners(connection, row):
                if owner["state"] == MessageState.UNKNOWN:
                    decisions.resolve(
                        connection, owner["id"], arrived=arrived, by=OPERATOR, keeper=context.keeper, now=now
                    )

        try:
            return self._error_folder.leave(row, answer)
        except StaleTransition:
            return False

    def _put_back(self, row: RowMapping, found: Path | None) -> bool:
        """An unknown outcome is answered by two folders alone: back it goes, with its question."""
        context = self._context
        target = context.layout.unknown / row["name"]
        if found is not None:
            context.files.move(found, target)
        else:
            data = context.journal.read(lambda c: placements.bytes_of(c, row["id"]))
            context.files.write_durably(target, data or b"")
        self._set(row, "placed")
        return True

    def _handed_back(self, row: RowMapping) -> bool:
        """Tell whether the very bytes came in through retry/ after they were placed."""
        statement = select(interchange.c.sequence).where(
            interchange.c.sha256 == row["sha256"],
            interchange.c.origin == "retry",
            interchange.c.claimed_at >= row["placed_at"],
        )
        return self._context.journal.read(lambda c: c.execute(statement.limit(1)).first()) is not None

    def _set(self, row: Any, state: str) -> None:
        now = self._context.clock.now()
        self._context.journal.write(lambda c: placements.set_state(c, row["id"], row["state"], state, now))

    def repair(self) -> int:
        """Put back every file that was removed by hand; return how many."""
        context = self._context
        count = 0
        for row in context.journal.read(placements.active):
            if row["state"] != "removed":
                continue
            self._error_folder.put_again(row)
            count += 1
        return count
