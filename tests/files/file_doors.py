"""Doors to the file system that misbehave on request: errors, crashes, torn writes, poor shares, power loss."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gateway.files.durable import FileDoor

EFFECTS = tuple(name for name in dir(FileDoor) if name.startswith("do_"))


class Crash(BaseException):
    """The process dies here; nothing of ours may catch it."""


def os_error(number: int) -> OSError:
    """Return the error the system raises for this number."""
    return OSError(number, os.strerror(number))


class FaultyDoor(FileDoor):
    """Counts effects in `calls` and raises `fault` instead of the effect number `fail_at` (from 1)."""

    def __init__(self, fail_at: int = 0, fault: Callable[[], BaseException] = Crash, only: str = "", **more: Any):
        super().__init__(**more)
        self.fail_at = fail_at
        self.fault = fault
        self.only = only
        self.calls: list[tuple[str, tuple[Any, ...]]] = []

    def happen(self, effect: str, arguments: tuple[Any, ...]) -> None:
        """Note an effect, or raise in its place."""
        if self.only and effect != self.only:
            return
        self.calls.append((effect, arguments))
        if len(self.calls) == self.fail_at:
            raise self.fault()

    def names(self) -> list[str]:
        """Return the effects so far, by name."""
        return [effect for effect, _ in self.calls]


def _counted(effect: str) -> Callable[..., Any]:
    plain = getattr(FileDoor, effect)

    def call(self: FaultyDoor, *arguments: Any) -> Any:
        self.happen(effect, arguments)
        return plain(self, *arguments)

    return call


for _effect in EFFECTS:
    setattr(FaultyDoor, _effect, _counted(_effect))


class TearingDoor(FaultyDoor):
    """As `FaultyDoor`, and each write takes three bytes only, so a fault can fall between two of them."""

    def do_write(self, descriptor: int, path: Path, data: memoryview) -> int:
        self.happen("do_write", (descriptor, path, data))
        return os.write(descriptor, data[:3])


class LinkingDoor(FaultyDoor):
    """A share that has no exclusive rename, but knows second names (NFS)."""

    def do_rename_new(self, source: Path, target: Path) -> None:
        raise os_error(errno.EINVAL)


class PoorDoor(LinkingDoor):
    """A share that has neither exclusive rename nor second names."""

    def do_link(self, source: Path, target: Path) -> None:
        raise os_error(errno.EPERM)


class TwoVolumesDoor(FaultyDoor):
    """Folders named `other` are on another volume."""

    def do_rename_new(self, source: Path, target: Path) -> None:
        self.happen("do_rename_new", (source, target))
        if ("other" in source.parts) != ("other" in target.parts):
            raise os_error(errno.EXDEV)
        FileDoor.do_rename_new(self, source, target)


class PowerLossDoor(FaultyDoor):
    """Keeps account of what was synced; `lose_power` leaves only that on the disk, the worst a disk may do.

    Names that were not synced in their folder are as they were, content that was not synced is gone.
    """

    def __init__(self, root: Path, **more: Any) -> None:
        super().__init__(**more)
        self.root = root
        self._serials: dict[int, int] = {}  # inode -> serial number, as inodes are used again
        self._names: dict[Path, dict[str, int | None]] = {}  # None: a folder
        self._content: dict[int, bytes] = {}
        for folder, _, files in os.walk(root):
            for name in files:
                path = Path(folder, name)
                self._content[self._serial(path)] = path.read_bytes()
            self._names[Path(folder)] = self._present(Path(folder))

    def _serial(self, path: Path, *, fresh: bool = False) -> int:
        inode = path.lstat().st_ino
        if fresh or inode not in self._serials:
            self._serials[inode] = len(self._content) + len(self._serials) * 100_000
        return self._serials[inode]

    def _present(self, folder: Path) -> dict[str, int | None]:
        return {path.name: None if path.is_dir() else self._serial(path) for path in folder.iterdir()}

    def do_create(self, path: Path) -> int:
        descriptor = super().do_create(path)
        self._serial(path, fresh=True)
        return descriptor

    def do_sync(self, descriptor: int, path: Path) -> None:
        super().do_sync(descriptor, path)
        self._content[self._serial(path)] = path.read_bytes()

    def do_sync_folder(self, path: Path) -> None:
        super().do_sync_folder(path)
        if path.is_relative_to(self.root):
            self._names[path] = self._present(path)

    def lose_power(self) -> None:
        """Put on the disk what a restart would find there."""
        for path in self.root.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        self._restore(self.root)

    def _restore(self, folder: Path) -> None:
        for name, serial in self._names.get(folder, {}).items():
            if serial is None:
                (folder / name).mkdir()
                self._restore(folder / name)
            else:
                (folder / name).write_bytes(self._content.get(serial, b""))
