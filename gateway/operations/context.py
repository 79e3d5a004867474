"""What operations share: their doors, wired once by `app`."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from gateway.clock import Clock
from gateway.files.durable import FileDoor
from gateway.files.layout import Layout
from gateway.journal.journal import Journal
from gateway.journal.lanes import LaneKeeper


class Extractor(Protocol):
    """Cuts single orders out of a file, in a worker process."""

    def extracts(
        self, mapping: str, path: Path, ordinals: Sequence[int], spool: Path | None
    ) -> Future[list[bytes]]:
        """Return for each order the file with only that one; the future raises FileRejected or StorageError.

        A large file is read into `spool` meanwhile.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationsContext:
    """Doors of the operations room."""

    journal: Journal
    keeper: LaneKeeper
    files: FileDoor
    layout: Layout
    clock: Clock
    extractor: Extractor
    node: str
    max_file_bytes: int
    marker_routes: frozenset[str] = frozenset()  # routes whose files come with a companion marker

    def error_place(self, folder: str) -> Path:
        """Return the folder that a placement names: error/ itself, or unknown/ in it."""
        return self.layout.unknown if folder == "unknown" else self.layout.error
