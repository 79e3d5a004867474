"""File events, which do one thing only: wake the scan. The scan is the truth, with events or without.

Events get lost (full kernel queues, shares, dead threads), so nothing is concluded from them and nothing is
passed on from them. A folder that cannot be watched is scanned all the same; `start` says so in words.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from pathlib import Path

from watchdog.events import (
    FileClosedEvent,
    FileCreatedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver
from watchdog.observers.polling import PollingObserver

WAKING: list[type[FileSystemEvent]] = [FileCreatedEvent, FileModifiedEvent, FileMovedEvent, FileClosedEvent]
"""Not the others: reading and removing files are our own doing and would wake us for nothing."""

STOP_SECONDS = 5.0


class Watcher:
    """Sets `wake` when something happens to a file directly in one of the folders.

    `polled` are the folders among them that deliver no events of their own (network shares): those are
    listed every `poll_seconds`. Each folder has an observer for itself, so that one that dies takes no
    other along. `start` may be called again at any time: it revives what does not live.
    """

    def __init__(
        self,
        folders: Iterable[Path],
        wake: threading.Event,
        *,
        polled: Iterable[Path] = (),
        poll_seconds: float = 10.0,
    ) -> None:
        self._polled = frozenset(polled)
        self._folders = tuple(dict.fromkeys([*folders, *self._polled]))
        self._wake = wake
        self._poll_seconds = poll_seconds
        self._observers: dict[Path, BaseObserver] = {}

    def start(self) -> list[str]:
        """Watch every folder that is not watched, wake the scan once, and return warnings; raises nothing."""
        warnings = []
        for folder in self.silent():
            self._end(folder)
            observer = self._observer_for(folder)
            try:
                observer.schedule(_Waker(self._wake), str(folder), recursive=False, event_filter=WAKING)
                observer.start()
            except (OSError, RuntimeError) as error:  # no folder, no more watches or threads
                warnings.append(f"{folder} cannot be watched ({error}); it is scanned all the same, only later.")
                observer.stop()  # whatever of it did start
            else:
                self._observers[folder] = observer
        self._wake.set()  # what came while nobody watched
        return warnings

    def _observer_for(self, folder: Path) -> BaseObserver:
        if folder in self._polled:
            return PollingObserver(timeout=self._poll_seconds)
        return Observer()

    def stop(self) -> None:
        """Stop watching; waits a few seconds at most."""
        for folder in list(self._observers):
            self._end(folder)

    def _end(self, folder: Path) -> None:
        observer = self._observers.pop(folder, None)
        if observer is not None:
            observer.stop()
            observer.join(STOP_SECONDS)

    def alive(self) -> bool:
        """Tell whether every folder is watched by living threads."""
        return not self.silent()

    def silent(self) -> list[Path]:
        """Return the folders from which no event can come."""
        return [folder for folder in self._folders if not _lives(self._observers.get(folder))]


def _lives(observer: BaseObserver | None) -> bool:
    """An observer outlives the thread that reads its events, so both are asked."""
    return observer is not None and observer.is_alive() and all(one.is_alive() for one in observer.emitters)


class _Waker(FileSystemEventHandler):
    """Sets the event for anything about a file whose name could be taken."""

    def __init__(self, wake: threading.Event) -> None:
        self._wake = wake

    def on_any_event(self, event: FileSystemEvent) -> None:
        name = os.path.basename(os.fsdecode(event.dest_path or event.src_path))
        if not event.is_directory and not name.startswith("."):
            self._wake.set()
