"""What an `OSError` of a file system means for the gateway, in words a person can act on. No effects."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from gateway.errors import FileDenied, StorageError

NOT_OFFERED = frozenset({errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.ENOTSUP})
"""A file system that does not take part in a call says one of these."""

ONE_FILE = frozenset({errno.EACCES, errno.EPERM, errno.EBUSY, errno.ETXTBSY, errno.ELOOP})
"""These may be the state of one single file, while its neighbours are well."""

HELD_BY_OTHERS = (5, 32, 33)
"""Windows: access denied, sharing violation, lock violation; a virus scanner or reader, mostly for a moment."""

HINTS = {
    errno.ENOSPC: "Free some space on this disk; the gateway goes on by itself.",
    errno.EDQUOT: "Raise the quota or free some space; the gateway goes on by itself.",
    errno.EROFS: "Mount this disk for writing; the gateway goes on by itself.",
    errno.EACCES: "Give the gateway's user the right to do this; the gateway goes on by itself.",
    errno.EPERM: "Give the gateway's user the right to do this; the gateway goes on by itself.",
}


@contextlib.contextmanager
def trouble(doing: str, path: Path, *answers: type[OSError]) -> Iterator[None]:
    """Turn an `OSError` into a `StorageError` that names the path; let those pass that are answers."""
    try:
        yield
    except OSError as error:
        if isinstance(error, answers):
            raise
        raise storage_error(doing, path, error) from error


@contextlib.contextmanager
def one_file(doing: str, path: Path) -> Iterator[None]:
    """As `trouble` for a call on one file: `FileNotFoundError` passes, what is its own matter is `FileDenied`."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        if error.errno in ONE_FILE:
            raise denied(doing, path, error) from error
        raise storage_error(doing, path, error) from error


def storage_error(doing: str, path: Path, error: OSError) -> StorageError:
    """Return the error for our own side's trouble with this path."""
    hint = HINTS.get(error.errno) if error.errno is not None else None
    return StorageError(f"Cannot {doing} {path}: {words(error)}.", hint=hint)


def denied(doing: str, path: Path, error: OSError) -> FileDenied:
    """Return the error for one single file that may not be touched."""
    return FileDenied(f"Cannot {doing} {path}: {words(error)}.")


def words(error: OSError) -> str:
    """Return the system's words with the error's name: `No space left on device (ENOSPC)`."""
    if error.errno is None:
        return str(error) or type(error).__name__
    name = errno.errorcode.get(error.errno, str(error.errno))
    return f"{error.strerror or os.strerror(error.errno)} ({name})"


def is_held(error: BaseException) -> bool:
    """Tell whether another program holds the file open for the moment."""
    return getattr(error, "winerror", None) in HELD_BY_OTHERS
