"""What one listing of a folder says about each name in it. A value, no effects."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class Entry(NamedTuple):
    """One name in a folder as the listing saw it; links are described themselves, never followed."""

    folder: Path
    name: str
    size: int
    mtime_ns: int
    inode: tuple[int, int]  # device and file id; (0, 0) where the platform's listing has none
    is_file: bool  # a plain file: no folder, link, fifo, socket or device
    is_folder: bool
    is_link: bool

    @property
    def path(self) -> Path:
        """Return the full path."""
        return self.folder / self.name

    @property
    def signature(self) -> tuple[int, int, tuple[int, int]]:
        """Return what must stay the same while nobody writes: size, modification time, file id."""
        return self.size, self.mtime_ns, self.inode
