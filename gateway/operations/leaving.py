"""Takes away what error/ need not show any more: on record first, with the place the file goes to; then the files.

What ends a placement (a person's decision, say) is committed together with the intent, so that a stop in between
leaves either the question or its whole answer. A file whose bytes are not those that were placed is never removed.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, update

from gateway.files.layout import free_name, reason_names
from gateway.journal import interchanges, placements
from gateway.journal.tables import interchange
from gateway.operations.context import OperationsContext


class Leaving:
    """Ends placements: `record` commits that one leaves, `finish` carries it out and may be repeated."""

    def __init__(self, context: OperationsContext) -> None:
        self._context = context

    def record(
        self, row: Any, decide: Callable[[Connection], None] | None = None, filed: Path | None = None
    ) -> bool:
        """Commit that a placement leaves, and what is decided by it; `filed` is where a person already put the file.

        Return False, with nothing changed but the decision, when the placement is no longer as it was seen.
        """
        context, now = self._context, self._context.clock.now()
        target = filed
        if target is None and row["message"] is None and self._lies_at(row) is not None:
            target = self._free_in_done(row["name"])

        def leave(connection: Connection) -> bool:
            if decide is not None:
                decide(connection)
            if not placements.set_state(connection, row["id"], row["state"], "leaving", now):
                return False
            if row["message"] is None and target is not None:
                _lies_now(connection, row["interchange"], target)
            return True

        return context.journal.write(leave)

    def finish(self, row: Any) -> None:
        """File the original in done/, delete an extract, remove the reasons, then record that all is gone.

        What a person corrected before answering is filed too, never deleted.
        """
        context, files = self._context, self._context.files
        found = self._lies_at(row)
        if found is not None:
            if row["message"] is None:
                self._file_original(row, found)
            elif files.sha256(found)[0] == row["sha256"]:
                files.remove(found)
            else:
                files.move(found, self._free_in_done(row["name"]))
        self._remove_reasons(row)
        files.sync_folders(self._places(row))
        now = context.clock.now()
        context.journal.write(lambda c: placements.set_state(c, row["id"], "leaving", "gone", now))

    def _lies_at(self, row: Any) -> Path | None:
        """Return where the file of a placement is: where it was put, unchanged, or where a person answered by it."""
        files = self._context.files
        path, *answers = (folder / str(row["name"]) for folder in self._places(row))
        if files.exists(path) and files.sha256(path)[0] == row["sha256"]:
            return path
        return next((answer for answer in answers if files.exists(answer)), None)

    def _places(self, row: Any) -> list[Path]:
        layout = self._context.layout
        answers = [layout.arrived, layout.send_again] if row["folder"] == "unknown" else []
        return [self._context.error_place(row["folder"]), *answers]

    def _file_original(self, row: Any, found: Path) -> None:
        """Move the original to the recorded place; to another one when somebody took that name meanwhile."""
        context = self._context
        owner = context.journal.read(lambda c: interchanges.by_sequence(c, row["interchange"]))
        target = Path(owner["path"]) if owner is not None else found
        if target != found:
            try:
                context.files.make_folder(target.parent)
                context.files.move(found, target, resume=True)
                return
            except FileExistsError:
                pass
        other = self._free_in_done(row["name"])
        context.journal.write(lambda c: _lies_now(c, row["interchange"], other))
        context.files.move(found, other, resume=True)

    def _free_in_done(self, name: str) -> Path:
        """Return a free name in today's folder under done/."""
        context = self._context
        folder = context.layout.done_for(context.clock.now().astimezone().date())
        context.files.make_folder(folder)
        return folder / free_name(name, {entry.name for entry in context.files.list_folder(folder)})

    def _remove_reasons(self, row: Any) -> None:
        """Remove the reasons where they were put, and where a person dragged them along with their file."""
        files, layout = self._context.files, self._context.layout
        place = self._context.error_place(row["folder"])
        for name in reason_names(row["name"]):
            written = (row["reason_hashes"] or {}).get(name)
            for folder in (place, layout.retry, layout.done, layout.arrived, layout.send_again):
                path = folder / name
                if files.exists(path) and ((written is None and folder == place) or files.sha256(path)[0] == written):
                    files.remove(path)


def _lies_now(connection: Connection, sequence: int, path: Path) -> None:
    connection.execute(update(interchange).where(interchange.c.sequence == sequence).values(path=str(path)))
