"""A site's folders: their layout, the door to them, and the liveness markers that say a share is there.

Layer: below `app` and `site`, which both start from here; above the rooms.
"""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path

from gateway.clock import Clock, SystemClock
from gateway.files.durable import FileDoor, resolve_group
from gateway.files.layout import Layout
from gateway.journal.journal import JOURNAL
from gateway.settings import Settings

STATE_MODE = 0o700
RECORD_MODE = 0o600
LOCK = "gateway.lock"  # in the state folder, held while a gateway runs
MARKED = "marked"  # folder in state/: one record for each folder that was given a marker


def site_layout(settings: Settings) -> Layout:
    """Return the places of a site."""
    outboxes = {name: account.outbox for name, account in settings.accounts.items() if account.outbox is not None}
    return Layout(settings.folders, outboxes)


def site_files(settings: Settings, clock: Clock | None = None) -> FileDoor:
    """Return the door to the file system with the rights from the settings."""
    folders = settings.folders
    return FileDoor(
        file_mode=folders.file_mode_bits, dir_mode=folders.dir_mode_bits, group=resolve_group(folders.group),
        owner=settings.intake.node, clock=clock or SystemClock(),
    )


def prepare_folders(settings: Settings, files: FileDoor) -> None:
    """Make the folders that are missing; place a liveness marker in each that never had one.

    Raises ShareGone when a folder that was marked before has lost its marker: nothing is made on such a one.
    """
    layout = site_layout(settings)
    records = layout.state / MARKED
    files.make_folder(layout.state, STATE_MODE)
    files.make_folder(records, STATE_MODE)
    wanted = layout.folders_to_mark(settings.accounts)
    known = {entry.name for entry in files.list_folder(records)}
    fresh = [folder for folder in wanted if _record_name(folder) not in known]
    for folder in wanted:
        if folder not in fresh:
            files.check_marker(folder)
    for folder in layout.folders_to_make(settings.intake.node, settings.accounts, [r.folder for r in settings.routes]):
        files.make_folder(folder)
    for folder in fresh:
        _mark(files, folder, records)
    if not settings.journal.url:
        _make_journal_private(files, layout.state / JOURNAL)


def _make_journal_private(files: FileDoor, path: Path) -> None:
    """Make the journal's file, empty, before SQLite would make it readable for others; what lies beside it follows."""
    if not files.exists(path):
        with contextlib.suppress(FileExistsError):  # somebody was faster
            files.write_unfinished(path, b"", RECORD_MODE)


def mark_folders(settings: Settings) -> list[str]:
    """Make the site's folders and place their liveness markers anew; return the marked ones.

    For folders that were replaced on purpose. Raises StorageError.
    """
    files, layout = site_files(settings), site_layout(settings)
    records = layout.state / MARKED
    files.make_folder(layout.state, STATE_MODE)
    files.make_folder(records, STATE_MODE)
    marked = layout.folders_to_mark(settings.accounts)
    for folder in marked:
        files.make_folder(folder)
        _mark(files, folder, records)
    return [str(folder) for folder in marked]


def _mark(files: FileDoor, folder: Path, records: Path) -> None:
    """Place the marker first: a record without its marker would say that a share is gone."""
    files.place_marker(folder)
    record = records / _record_name(folder)
    if not files.exists(record):
        files.write_durably(record, f"{folder}\n".encode(), RECORD_MODE)


def _record_name(folder: Path) -> str:
    return hashlib.sha256(str(folder).encode()).hexdigest()[:16]
