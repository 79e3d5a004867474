"""What lies in the folders: how many files, how old the oldest, and what is never taken from the inbox and why.

Looks, changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from gateway.errors import StorageError
from gateway.files.durable import FileDoor
from gateway.files.entry import Entry
from gateway.files.layout import Layout, ignored_reason, reason_of
from gateway.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """One folder that people or the ERP look into."""

    name: str
    path: Path
    files: int = 0
    oldest_at: datetime | None = None
    trouble: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """A file that is not taken from the inbox, and why."""

    path: Path
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """What lies in the folders."""

    folders: tuple[Folder, ...]
    ignored: tuple[Ignored, ...]


def look_at_folders(settings: Settings, layout: Layout, files: FileDoor) -> Places:
    """List the folders once each; a folder that cannot be listed says so instead of counting as empty."""
    folders: list[Folder] = []
    ignored: list[Ignored] = []
    routed = list(dict.fromkeys(["", *(route.folder for route in settings.routes)]))
    for folder in routed:
        own = layout.own_names(folder, [other for other in routed if other])
        name = f"inbox/{folder}" if folder else "inbox"
        entries, trouble = _listed(files, layout.intake(folder))
        entries = [entry for entry in entries if entry.name not in own]
        left_out = [(entry, _why_ignored(settings, folder, entry)) for entry in entries]
        ignored += [Ignored(path=entry.path, reason=reason) for entry, reason in left_out if reason is not None]
        taken = [entry for entry, reason in left_out if reason is None]
        folders.append(_folder(name, layout.intake(folder), taken, trouble))
    named = [("retry", layout.retry), ("error", layout.error), ("error/unknown", layout.unknown)]
    outboxes = dict.fromkeys(layout.outbox(account) for account in settings.accounts)
    named += [("outbox" if len(outboxes) == 1 else f"outbox {path}", path) for path in outboxes]
    for name, path in named:
        entries, trouble = _listed(files, path)
        plain = [e for e in entries if e.is_file and not e.name.startswith(".") and reason_of(e.name) is None]
        folders.append(_folder(name, path, plain, trouble))
    return Places(folders=tuple(folders), ignored=tuple(ignored))


def _listed(files: FileDoor, path: Path) -> tuple[list[Entry], str | None]:
    try:
        return files.list_folder(path), None
    except StorageError as error:
        return [], error.message


def _folder(name: str, path: Path, entries: Iterable[Entry], trouble: str | None) -> Folder:
    times = [entry.mtime_ns for entry in entries]
    oldest = datetime.fromtimestamp(min(times) / 1e9, UTC) if times else None
    return Folder(name=name, path=path, files=len(times), oldest_at=oldest, trouble=trouble)


def _why_ignored(settings: Settings, folder: str, entry: Entry) -> str | None:
    """Return why a file is not taken; None when a route fits its name or it is a route's marker."""
    reason = ignored_reason(entry)
    if reason is not None:
        return reason
    here = [route for route in settings.routes if route.folder == folder]
    if any(route.matches(entry.name) for route in here):
        return None
    if any(route.marker_suffix and entry.name.lower().endswith(route.marker_suffix.lower()) for route in here):
        return None
    return "no route fits its name"
