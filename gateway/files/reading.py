"""The looking half of the door: lists, describes, reads and hashes. Writes nothing.

Links are described themselves and never followed; only plain files are read, and a fifo that took a file's
place cannot make the gateway hang.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from collections.abc import Generator
from pathlib import Path

from gateway.errors import FileDenied, FileRejected, ShareGone, StorageError
from gateway.files.effects import Effects, entry_from
from gateway.files.entry import Entry
from gateway.files.names import MARKER
from gateway.files.trouble import one_file, trouble, words

CHUNK_BYTES = 1 << 20


class Reading(Effects):
    """Everything the gateway asks of files and folders."""

    def list_folder(self, path: Path) -> list[Entry]:
        """List the folder by one scan, unsorted; raises `StorageError`, so a partial list is never returned.

        An unmounted share lists as an empty folder: ask `check_marker` after the listing, before absence
        is trusted.
        """
        with trouble("list", path):
            return self.do_list(path)

    def check_marker(self, folder: Path) -> None:
        """Raise `ShareGone` unless the folder carries its liveness marker."""
        try:
            self.do_stat(folder / MARKER)
        except FileNotFoundError as error:
            raise ShareGone(f"{folder} has no marker {MARKER} any more: the share counts as gone.") from error
        except OSError as error:
            raise ShareGone(f"{folder} cannot be reached: {words(error)}.") from error

    def is_folder(self, path: Path) -> bool:
        """Tell whether a folder is there; raises `StorageError` if something else has the name."""
        with trouble("look at", path):
            try:
                found = self.do_is_folder(path)
            except FileNotFoundError:
                return False
        if not found:
            raise StorageError(f"{path} is not a folder.", hint="Move away the file that has this name.")
        return True

    def entry(self, path: Path) -> Entry:
        """Describe one name itself; raises `FileNotFoundError`, `StorageError`."""
        with trouble("look at", path, FileNotFoundError):
            return entry_from(path.parent, path.name, self.do_stat(path))

    def exists(self, path: Path) -> bool:
        """Tell whether the name is taken, be it by a link to nowhere; raises `StorageError`."""
        with trouble("look at", path):
            return self._look(path) is not None

    def _look(self, path: Path) -> os.stat_result | None:
        try:
            return self.do_stat(path)
        except FileNotFoundError:
            return None

    def head(self, path: Path, count: int) -> bytes:
        """Return the first `count` bytes, or fewer if the file is shorter. Raises as `read`, but for the limit."""
        parts, size = [], 0
        with contextlib.closing(self._chunks(path)) as chunks:
            for chunk in chunks:
                parts.append(chunk)
                size += len(chunk)
                if size >= count:
                    break
        return b"".join(parts)[:count]

    def read(self, path: Path, limit_bytes: int) -> bytes:
        """Return the whole content.

        Raises `FileRejected` (code "too-large") above the limit, `FileNotFoundError`, `FileDenied` (rights,
        another program, a link or no plain file), `StorageError`.
        """
        parts, size = [], 0
        with contextlib.closing(self._chunks(path)) as chunks:
            for chunk in chunks:
                size += len(chunk)
                if size > limit_bytes:
                    raise FileRejected(f"{path.name} is larger than {limit_bytes} bytes.", code="too-large")
                parts.append(chunk)
        return b"".join(parts)

    def sha256(self, path: Path) -> tuple[str, int]:
        """Return hash (hex) and size of the content, in constant memory; raises as `read`, but for the limit."""
        digest, size = hashlib.sha256(), 0
        for chunk in self._chunks(path):
            digest.update(chunk)
            size += len(chunk)
        return digest.hexdigest(), size

    def _chunks(self, path: Path) -> Generator[bytes, None, None]:
        with one_file("read", path):
            descriptor = self.do_open(path)
            try:
                if not stat.S_ISREG(self.do_stat_open(descriptor, path).st_mode):
                    raise FileDenied(f"{path} is not a plain file.", hint="Only plain files are read; remove it.")
                while chunk := self.do_read(descriptor, path, CHUNK_BYTES):
                    yield chunk
            finally:
                self.do_close(descriptor, path)

    def free_bytes(self, folder: Path) -> int:
        """Return the free bytes of the folder's volume; raises `StorageError`."""
        with trouble("ask free space of", folder):
            return self.do_free_bytes(folder)
