"""The bare effects on the file system: one system call a method, `OSError` as it comes.

Nothing here decides, repeats, translates or cleans up; that is `durable.FileDoor`, which inherits all of it.
Each method names the path it acts on even where the call itself needs only a descriptor, so that a subclass
can make one call fail, tear a write, or keep account of what was never synced.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import os
import shutil
import stat
import sys
from collections.abc import Callable
from pathlib import Path

from gateway.files.entry import Entry

PRIVATE_FOLDER = 0o700
RENAME_NOREPLACE = 1
AT_FDCWD = -100
BINARY = getattr(os, "O_BINARY", 0)
NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
NO_BLOCK = getattr(os, "O_NONBLOCK", 0)  # opening a fifo that took a file's place must not hang


class Effects:
    """Every primitive effect of the gateway on files and folders."""

    def do_create(self, path: Path) -> int:
        """Create the file for writing, owner only, and return its descriptor; it must not exist."""
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | NO_FOLLOW | BINARY, 0o600)

    def do_write(self, descriptor: int, path: Path, data: memoryview) -> int:
        """Write some of `data` and return how many bytes were taken."""
        return os.write(descriptor, data)

    def do_set_access(self, descriptor: int, path: Path, mode: int, group: int | None) -> None:
        """Give the open file its group and mode, whatever the umask says."""
        if group is not None and hasattr(os, "fchown"):
            os.fchown(descriptor, -1, group)
        if hasattr(os, "fchmod"):
            os.fchmod(descriptor, mode)

    def do_sync(self, descriptor: int, path: Path) -> None:
        """Bring the open file's content to the disk."""
        os.fsync(descriptor)

    def do_open(self, path: Path) -> int:
        """Open the file for reading and return its descriptor; links are not followed."""
        return os.open(path, os.O_RDONLY | NO_FOLLOW | NO_BLOCK | BINARY)

    def do_read(self, descriptor: int, path: Path, count: int) -> bytes:
        """Read at most `count` bytes; none at the end."""
        return os.read(descriptor, count)

    def do_stat_open(self, descriptor: int, path: Path) -> os.stat_result:
        """Describe the open file."""
        return os.fstat(descriptor)

    def do_close(self, descriptor: int, path: Path) -> None:
        """Close the descriptor."""
        os.close(descriptor)

    def do_rename_new(self, source: Path, target: Path) -> None:
        """Rename in one step, never replacing; `ENOSYS`, `EINVAL` or `EOPNOTSUPP` where that is not offered."""
        exclusive_rename(source, target)

    def do_rename(self, source: Path, target: Path) -> None:
        """Rename by the plain call, which on POSIX replaces what is there."""
        os.rename(source, target)

    def do_link(self, source: Path, target: Path) -> None:
        """Give the file a second name; it must not exist."""
        os.link(source, target, follow_symlinks=False)

    def do_unlink(self, path: Path) -> None:
        """Remove the name."""
        os.unlink(path)

    def do_make_folder(self, path: Path) -> None:
        """Create the folder, owner only; its parent must exist."""
        os.mkdir(path, PRIVATE_FOLDER)

    def do_remove_folder(self, path: Path) -> None:
        """Remove the empty folder."""
        os.rmdir(path)

    def do_set_folder_access(self, path: Path, mode: int, group: int | None) -> None:
        """Give the folder its group and mode, whatever the umask says."""
        if group is not None and hasattr(os, "chown"):
            os.chown(path, -1, group)
        os.chmod(path, mode)

    def do_sync_folder(self, path: Path) -> None:
        """Bring the folder's names to the disk; nothing to do where folders cannot be opened."""
        if os.name == "nt":
            return
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def do_list(self, path: Path) -> list[Entry]:
        """List the folder by one scan; a name that vanishes meanwhile is left out."""
        entries = []
        with os.scandir(path) as names:
            for name in names:
                try:
                    status = name.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                entries.append(entry_from(path, name.name, status))
        return entries

    def do_stat(self, path: Path) -> os.stat_result:
        """Describe the name itself; links are not followed."""
        return os.lstat(path)

    def do_is_folder(self, path: Path) -> bool:
        """Tell whether a folder is reached by this path; a configured folder may be a link to a share."""
        return stat.S_ISDIR(os.stat(path).st_mode)

    def do_may_change(self, folder: Path) -> bool:
        """Tell whether names in the folder may be made and removed by this process."""
        return os.access(folder, os.W_OK | os.X_OK)

    def do_free_bytes(self, folder: Path) -> int:
        """Return the free bytes of the folder's volume."""
        return shutil.disk_usage(folder).free


def entry_from(folder: Path, name: str, status: os.stat_result) -> Entry:
    """Put a name and its status into one value."""
    mode = status.st_mode
    return Entry(
        folder,
        name,
        status.st_size,
        status.st_mtime_ns,
        (status.st_dev, status.st_ino),
        stat.S_ISREG(mode),
        stat.S_ISDIR(mode),
        stat.S_ISLNK(mode),
    )


@functools.cache
def _renameat2() -> Callable[..., int] | None:
    """Return the C library's `renameat2`, or None where it has none."""
    if not sys.platform.startswith("linux"):
        return None
    function = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if function is not None:
        function.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint)
    return function


def exclusive_rename(source: Path, target: Path) -> None:
    """Rename in one step that fails with `FileExistsError` instead of replacing.

    Raises `OSError` with `ENOSYS` where the platform has no such call, and what the file system says
    (`EINVAL`, `EOPNOTSUPP`) where it does not take part.
    """
    if os.name == "nt":
        os.rename(source, target)  # never replaces on this platform
        return
    function = _renameat2()
    if function is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS), str(source), None, str(target))
    if function(AT_FDCWD, os.fsencode(source), AT_FDCWD, os.fsencode(target), RENAME_NOREPLACE) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(source), None, str(target))
