"""Files that go back to where they were dropped: they changed while they were read, or are not finished."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, RowMapping

from gateway.files.layout import free_name, marker_prefix
from gateway.intake.context import IntakeContext
from gateway.intake.vanished import close_vanished
from gateway.intake.watched import RETRY
from gateway.journal import interchanges
from gateway.journal.history import Event, record
from gateway.journal.states import Change, change_interchanges
from gateway.model import InterchangeState


def untold(claim: str, name: str) -> None:
    """Tell nobody under which name a file is given back: it may be taken as new."""


def is_changed(context: IntakeContext, path: Path, signature: str) -> bool:
    """Tell whether somebody wrote to a file since it looked so; a writer may keep its handle over our rename."""
    try:
        return str(context.files.entry(path).signature) != signature
    except FileNotFoundError:
        return True


def give_back(context: IntakeContext, row: RowMapping, why: str, note: Callable[[str, str], None] = untold) -> None:
    """Return a file to where it was dropped, under a free name; the row says so before the name changes.

    One that is not there any more is closed as taken out by hand.

    `note` is told claim and new name before the file is there, so that the scan does not take it as new.
    """
    if not context.files.exists(Path(row["path"])):
        close_vanished(context, row)
        return
    now = context.clock.now()
    folder = context.layout.retry if row["origin"] == RETRY else context.layout.intake(row["folder"])
    target = _free(context, row, folder)
    context.journal.write(lambda c: _returned(c, row, str(target), why, now))
    _move(context, row, folder, note)


def _free(context: IntakeContext, row: RowMapping, folder: Path) -> Path:
    return folder / free_name(row["name"], {entry.name for entry in context.files.list_folder(folder)})


def _move(
    context: IntakeContext, row: RowMapping, folder: Path, note: Callable[[str, str], None] = untold
) -> None:
    """Move the file, and its marker before it; a name that the ERP takes meanwhile is left to the ERP."""
    source = Path(row["path"])
    while context.files.exists(source):
        target = _free(context, row, folder)
        note(row["claim"], target.name)
        _give_back_marker(context, row, target)
        with contextlib.suppress(FileExistsError, FileNotFoundError):  # looked at once more
            context.files.move(source, target)


def _give_back_marker(context: IntakeContext, row: RowMapping, target: Path) -> None:
    """Return the companion marker that was taken along, under the name that belongs to the file's."""
    route = context.route(row["route"])
    if route is None or route.marker_suffix is None:
        return
    files, prefix = context.files, marker_prefix(row["claim"])
    for entry in files.list_folder(Path(row["path"]).parent):
        if entry.name.startswith(prefix):
            same_name = target.name == row["name"]
            name = entry.name.removeprefix(prefix) if same_name else target.name + route.marker_suffix
            try:
                files.move(entry.path, target.parent / name)
            except FileExistsError:
                files.remove(entry.path)  # the ERP gave another sign meanwhile


def finish_giving_back(context: IntakeContext) -> None:
    """Finish giving back what a stop, or trouble with the disk, interrupted."""
    rows = context.journal.read(lambda c: interchanges.in_state(c, InterchangeState.RETURNED, node=context.node))
    for row in rows:
        if row["target"] is not None:
            _move(context, row, Path(row["target"]).parent)


def _returned(connection: Connection, row: RowMapping, target: str, why: str, now: datetime) -> None:
    change_interchanges(
        connection,
        [Change(row["sequence"], row["state"], row["version"], state=str(InterchangeState.RETURNED), target=target)],
    )
    record(connection, now, [Event("interchange", row["sequence"], "returned", why)])
