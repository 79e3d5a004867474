"""The one door to the file system. Whatever the gateway writes, renames or removes goes through `FileDoor`.

Every file appears whole or not at all; what a method has returned from is on the disk, but for `rename` and
`remove`, whose folders the caller syncs (many renames, one sync). No name ever replaces another.

Errors. Trouble of our own side (disk full, share gone, rights on a folder) is a `StorageError` that names the
path: work waits, no file is at fault. One single file that may not be touched is its subclass `FileDenied`.
Two plain errors pass as they are, because they are answers: `FileNotFoundError` (that one file is not there)
and `FileExistsError` (the target name is taken).
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential

from gateway.clock import Clock, SystemClock
from gateway.errors import GatewayError, SettingsError, StorageError
from gateway.files.effects import PRIVATE_FOLDER
from gateway.files.entry import Entry
from gateway.files.names import MARKER, is_temporary, temporary_name
from gateway.files.reading import Reading
from gateway.files.trouble import NOT_OFFERED, ONE_FILE, denied, is_held, one_file, storage_error, trouble

__all__ = ["Entry", "FileDoor", "resolve_group"]

FEW_FILES = 8  # not worth threads
SYNCS_AT_ONCE = 8
NO_LINKS = NOT_OFFERED | {errno.EPERM, errno.EMLINK}
MARKER_TEXT = (
    b"This file tells the gateway that this folder is really there, and is not the empty place under an\n"
    b"unmounted share. Please leave it.\n"
)


class FileDoor(Reading):
    """All reading, writing, renaming and removing of files, durable and never replacing.

    `file_mode` and `dir_mode` hold whatever the umask says; `group` is a group id. `owner` (the node) is
    part of temporary names, so that a sweep removes only what this owner left behind. The clock is asked
    only to wait while another program holds a file open. Usable from many threads.
    """

    def __init__(
        self,
        *,
        file_mode: int = 0o664,
        dir_mode: int = 0o2775,
        group: int | None = None,
        owner: str = "",
        clock: Clock | None = None,
    ) -> None:
        self.file_mode = file_mode
        self.dir_mode = dir_mode
        self.group = group
        self.owner = owner
        self._clock = clock or SystemClock()
        self._synced_folders: set[Path] = set()

    # Writing

    def write_durably(self, path: Path, data: bytes, mode: int | None = None) -> None:
        """Write a new file that appears whole or not at all, and is on the disk when this returns.

        Raises `FileExistsError` if the name is taken, `StorageError` for the rest. After a `StorageError` the
        name may be taken by our own whole file, whose folder alone could not be synced: compare and sync.
        """
        temporary = self._temporary(path)
        with trouble("write", path, FileExistsError):
            self._write_new(temporary, data, mode)
            try:
                self._rename_raw(temporary, path)
            except OSError:
                self._discard(temporary)
                raise
        self.sync_folder(path.parent)

    def write_unfinished(self, path: Path, data: bytes, mode: int | None = None) -> None:
        """Write a new file under exactly this name, on the disk when this returns; a crash may leave a part.

        For names that only the gateway reads, such as those in `outbox/.work/`. Raises as `write_durably`.
        """
        with trouble("write", path, FileExistsError):
            self._write_new(path, data, mode)
        try:
            self.sync_folder(path.parent)
        except StorageError:
            self._discard(path)  # nobody knows this name: it is written again under another
            raise

    def _write_new(self, path: Path, data: bytes, mode: int | None) -> None:
        self._fill_new(path, mode, lambda descriptor: self._write_all(descriptor, path, data))

    def _fill_new(self, path: Path, mode: int | None, fill: Callable[[int], None]) -> None:
        """Create, fill, set access, sync, close; a failed write is final, so what there is of it is removed."""
        descriptor = self.do_create(path)
        try:
            try:
                fill(descriptor)
                self.do_set_access(descriptor, path, self.file_mode if mode is None else mode, self.group)
                self.do_sync(descriptor, path)
            finally:
                self.do_close(descriptor, path)
        except (OSError, GatewayError):
            self._discard(path)
            raise

    def _write_all(self, descriptor: int, path: Path, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            taken = self.do_write(descriptor, path, rest)
            if taken <= 0:  # would go round for ever
                raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))
            rest = rest[taken:]

    def _discard(self, path: Path) -> None:
        with contextlib.suppress(OSError):  # the sweep at the next start takes it
            self.do_unlink(path)

    def _temporary(self, path: Path) -> Path:
        return path.parent / temporary_name(path.name, self.owner, secrets.token_hex(8))

    def sync_file(self, path: Path) -> None:
        """Bring a file's content to the disk, such as one that another program wrote; raises as `read`."""
        with one_file("sync", path):
            descriptor = self.do_open(path)
            try:
                self.do_sync(descriptor, path)
            finally:
                self.do_close(descriptor, path)

    def sync_files(self, paths: Sequence[Path]) -> dict[Path, StorageError | FileNotFoundError]:
        """Bring many files to the disk, several at a time: a disk takes them down together. Return what failed."""
        if len(paths) <= FEW_FILES:
            return self._sync_one_by_one(paths)
        failed: dict[Path, StorageError | FileNotFoundError] = {}
        with ThreadPoolExecutor(SYNCS_AT_ONCE, thread_name_prefix="sync") as pool:
            for found in pool.map(self._sync_one_by_one, (paths[at::SYNCS_AT_ONCE] for at in range(SYNCS_AT_ONCE))):
                failed.update(found)
        return failed

    def _sync_one_by_one(self, paths: Sequence[Path]) -> dict[Path, StorageError | FileNotFoundError]:
        failed: dict[Path, StorageError | FileNotFoundError] = {}
        for path in paths:
            try:
                self.sync_file(path)
            except (StorageError, FileNotFoundError) as error:
                failed[path] = error
        return failed

    # Renaming, moving, removing

    def rename(self, source: Path, target: Path, seen: Entry | None = None) -> None:
        """Rename within a volume, never replacing; the caller syncs both folders, the target's first.

        With `seen`, the listing's entry of the source, a rename that a share carried out but answered with
        an error counts as done. Raises `FileNotFoundError` (source not there), `FileExistsError`,
        `FileDenied` (this file only), `StorageError` (a folder, the disk, another volume).
        """
        try:
            self._rename_raw(source, target, seen)
        except OSError as error:
            raise self._rename_error(source, target, error) from error

    def _rename_raw(self, source: Path, target: Path, seen: Entry | None = None) -> None:
        try:
            self._patiently(lambda: self._rename_once(source, target))
        except OSError:
            if not self._was_done(source, target, seen):
                raise

    def _rename_once(self, source: Path, target: Path) -> None:
        """Rename by the first way the file system offers: one exclusive step, a second name, a look before."""
        try:
            self.do_rename_new(source, target)
            return
        except OSError as error:
            if error.errno not in NOT_OFFERED:
                raise
        try:
            self.do_link(source, target)
        except OSError as error:
            if error.errno not in NO_LINKS:
                raise
            if self._look(target) is not None:
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target)) from error
            self.do_rename(source, target)
            return
        with contextlib.suppress(FileNotFoundError):  # gone is what was wanted
            self.do_unlink(source)

    def _was_done(self, source: Path, target: Path, seen: Entry | None) -> bool:
        """Look before repeating: is our file at the target already? A second name left half-way is removed."""
        try:
            there, here = self._look(target), self._look(source)
            if there is None or not there.st_ino:
                return False
            if here is None:
                return seen is not None and seen.inode == (there.st_dev, there.st_ino)
            same_file = (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino)
            same_name = source.name.casefold() == target.name.casefold()  # one name, on a share that ignores case
            if not same_file or same_name or here.st_nlink < 2:
                return False
            self.do_unlink(source)
        except OSError:
            return False  # the first error is the one worth telling
        return True

    def _rename_error(self, source: Path, target: Path, error: OSError) -> Exception:
        try:
            gone = self._look(source) is None
            one_file_only = error.errno in ONE_FILE and all(map(self.do_may_change, (source.parent, target.parent)))
        except OSError as second:
            return storage_error("look at", source, second)
        if gone:
            return FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(source))
        if isinstance(error, FileExistsError):
            return FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
        doing = f"move to {target.parent} the file"
        return (denied if one_file_only else storage_error)(doing, source, error)

    def move(self, source: Path, target: Path, *, resume: bool = False) -> None:
        """Move a file, across volumes too, and sync both folders; never replacing.

        `resume` says that this very move is on record and may have been interrupted: then a target with the
        source's content, or one whose source is gone, counts as done. Raises as `rename`.
        """
        try:
            self._move_once(source, target)
        except FileNotFoundError:
            if not resume or not self.exists(target):
                raise
        except FileExistsError:
            if not resume or self.sha256(source) != self.sha256(target):
                raise
            self.sync_folder(target.parent)
            self.remove(source)
        self.sync_folders((target.parent, source.parent))

    def _move_once(self, source: Path, target: Path) -> None:
        try:
            self._rename_raw(source, target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise self._rename_error(source, target, error) from error
            self.copy(source, target)
            self.remove(source)

    def copy(self, source: Path, target: Path, mode: int | None = None) -> None:
        """Copy a file under a new name that appears whole or not at all, synced and compared.

        Raises as `rename`; a source that changes meanwhile is a `StorageError`.
        """
        before = self.entry(source).signature
        if self.exists(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
        temporary = self._temporary(target)
        with trouble("copy to", target):
            self._fill_new(temporary, mode, lambda descriptor: self._copy_into(descriptor, temporary, source))
        try:
            if self.sha256(temporary) != self.sha256(source) or self.entry(source).signature != before:
                raise StorageError(f"{source} changed while it was copied to {target}.", hint="It is tried again.")
            self.rename(temporary, target)
        except (OSError, GatewayError):
            self._discard(temporary)
            raise
        self.sync_folder(target.parent)

    def _copy_into(self, descriptor: int, path: Path, source: Path) -> None:
        for chunk in self._chunks(source):
            self._write_all(descriptor, path, chunk)

    def remove(self, path: Path) -> bool:
        """Remove a file and tell whether it was there; the caller syncs the folder. Raises `StorageError`."""
        try:
            self._patiently(lambda: self.do_unlink(path))
        except FileNotFoundError:
            return False
        except OSError as error:
            raise storage_error("remove", path, error) from error
        return True

    def _patiently(self, call: Callable[[], None]) -> None:
        """Repeat a call for about a second while another program holds the file (a virus scanner, a reader)."""
        try:
            call()
        except OSError as error:
            if not is_held(error):
                raise
            repeats = Retrying(
                retry=retry_if_exception(is_held),
                wait=wait_exponential(multiplier=0.05),
                stop=stop_after_attempt(5),
                sleep=self._pause,
                reraise=True,
            )
            repeats(call)

    def _pause(self, seconds: float) -> None:
        self._clock.wait(threading.Event(), seconds)

    # Folders

    def make_folder(self, path: Path, mode: int | None = None) -> None:
        """Make sure the folder and its parents exist, on the disk; new ones get `mode` or the door's own.

        Raises `StorageError`, also where something else has that name.
        """
        wanted = self.dir_mode if mode is None else mode
        there = self._make_folder(path, wanted)
        if there and self._is_half_made(path, wanted):
            with trouble("create folder", path):
                self.do_set_folder_access(path, wanted, self.group)

    def _make_folder(self, path: Path, mode: int) -> bool:
        """Make the folder, its parents first; tell whether it was there, and never asked for before."""
        there = self.is_folder(path)
        if there and path in self._synced_folders:
            return False
        if not there:
            self._make_folder(path.parent, mode)
            with trouble("create folder", path), contextlib.suppress(FileExistsError):  # somebody was faster
                self._make_one(path, mode)
        try:
            self.do_sync_folder(path.parent)  # also for one that is there: a crash may have kept its maker from it
        except OSError as error:
            if error.errno not in NOT_OFFERED and not (there and isinstance(error, PermissionError)):
                raise storage_error("sync folder", path.parent, error) from error
        self._synced_folders.add(path)
        return there

    def _make_one(self, path: Path, mode: int) -> None:
        self.do_make_folder(path)
        try:
            self.do_set_folder_access(path, mode, self.group)
        except OSError:
            with contextlib.suppress(OSError):
                self.do_remove_folder(path)  # else the next try would find it there and take its mode as meant
            raise

    def _is_half_made(self, path: Path, wanted: int) -> bool:
        """Tell whether a crash kept this folder's maker from giving it its access: ours, private and empty."""
        if wanted & 0o777 == PRIVATE_FOLDER or not hasattr(os, "geteuid"):
            return False
        with trouble("look at", path):
            status = self.do_stat(path)
            private = stat.S_ISDIR(status.st_mode) and status.st_mode & 0o777 == PRIVATE_FOLDER
            return private and status.st_uid == os.geteuid() and not self.do_list(path)

    def sync_folder(self, path: Path) -> None:
        """Bring the folder's names to the disk; a share that offers no such call is taken at its word."""
        try:
            self.do_sync_folder(path)
        except OSError as error:
            if error.errno not in NOT_OFFERED:
                raise storage_error("sync folder", path, error) from error

    def sync_folders(self, paths: Iterable[Path]) -> None:
        """Sync each folder once, in the order given: first those that gained names, then those that lost them."""
        for path in dict.fromkeys(paths):
            self.sync_folder(path)

    def sweep(self, folder: Path, owner: str | None = None) -> list[str]:
        """Remove what broken-off writes of this owner (or a dead one, named) left in the folder; return the names."""
        whose = self.owner if owner is None else owner
        stale = [entry for entry in self.list_folder(folder) if entry.is_file and is_temporary(entry.name, whose)]
        removed = [entry.name for entry in stale if self.remove(entry.path)]
        if removed:
            self.sync_folder(folder)
        return removed

    def place_marker(self, folder: Path) -> None:
        """Place the liveness marker in the folder unless it is there."""
        if not self.exists(folder / MARKER):
            with contextlib.suppress(FileExistsError):
                self.write_durably(folder / MARKER, MARKER_TEXT)


def resolve_group(group: str | int | None) -> int | None:
    """Return the id of a group by name or number; raises `SettingsError` if the system does not know it."""
    if group is None or isinstance(group, int):
        return group
    if group.isdecimal():
        return int(group)
    try:
        import grp  # not on every platform

        return grp.getgrnam(group).gr_gid
    except (ImportError, KeyError) as error:
        raise SettingsError(f"folders.group: this system knows no group {group!r}") from error
