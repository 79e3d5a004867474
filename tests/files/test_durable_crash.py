"""Each effect of the door in turn fails, the process dies there, or the power goes: nothing is lost or torn."""

from __future__ import annotations

import contextlib
import errno
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from file_doors import Crash, FaultyDoor, LinkingDoor, PoorDoor, PowerLossDoor, TearingDoor, TwoVolumesDoor, os_error

from gateway.errors import StorageError
from gateway.files.durable import FileDoor

CONTENT = b"exactly these bytes"
DOORS = (FaultyDoor, TearingDoor, LinkingDoor, PoorDoor)


def full() -> OSError:
    return os_error(errno.ENOSPC)


def rounds(base: Path, work: Callable[[Path, int], FaultyDoor]) -> Iterator[Path]:
    """Run `work` in a fresh folder with the fault at effect 1, 2, 3 ... until it gets through."""
    for number in itertools.count(1):
        folder = base / str(number)
        folder.mkdir()
        door = work(folder, number)
        yield folder
        if len(door.calls) < number:
            return


def whole_or_absent(path: Path) -> bool:
    return not path.exists() or path.read_bytes() == CONTENT


def strangers(folder: Path, *known: str) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name not in known)


@pytest.mark.parametrize("kind", DOORS)
def test_failing_write_leaves_all_or_nothing_and_can_be_repeated(kind: type[FaultyDoor], tmp_path: Path) -> None:
    """A full disk at any effect is a StorageError; no part stays, and the same write works afterwards."""

    def work(folder: Path, number: int) -> FaultyDoor:
        door = kind(number, full)
        try:
            door.write_durably(folder / "a.xml", CONTENT)
        except StorageError as error:
            assert str(folder) in str(error)  # noqa: PT017 - the caller wants the door, whether it raised or not
        return door

    for folder in rounds(tmp_path, work):
        assert whole_or_absent(folder / "a.xml")
        assert strangers(folder, "a.xml") == []
        if not (folder / "a.xml").exists():
            FileDoor().write_durably(folder / "a.xml", CONTENT)
        assert (folder / "a.xml").read_bytes() == CONTENT


@pytest.mark.parametrize("kind", DOORS)
def test_crash_in_a_write_leaves_only_what_the_sweep_takes(kind: type[FaultyDoor], tmp_path: Path) -> None:
    """After a crash at any effect the name is whole or absent, and a sweep removes the rest."""

    def work(folder: Path, number: int) -> FaultyDoor:
        door = kind(number, Crash, owner="node")
        with contextlib.suppress(Crash):
            door.write_durably(folder / "a.xml", CONTENT)
        return door

    for folder in rounds(tmp_path, work):
        assert whole_or_absent(folder / "a.xml")
        FileDoor(owner="node").sweep(folder)
        assert strangers(folder, "a.xml") == []
        assert whole_or_absent(folder / "a.xml")


@pytest.mark.parametrize("fault", [Crash, full])
@pytest.mark.parametrize("kind", [*DOORS, TwoVolumesDoor])
def test_broken_off_move_is_resumed(kind: type[FaultyDoor], fault: Callable[[], BaseException], tmp_path: Path) -> None:
    """Whatever effect a move dies at, the file is at one of its places, whole, and a resumed move ends it."""

    def work(folder: Path, number: int) -> FaultyDoor:
        (folder / "other").mkdir()
        (folder / "f").write_bytes(CONTENT)
        door = kind(number, fault, owner="node")
        with contextlib.suppress(Crash, StorageError):
            door.move(folder / "f", folder / "other" / "g")
        return door

    for folder in rounds(tmp_path, work):
        assert whole_or_absent(folder / "f")
        assert whole_or_absent(folder / "other" / "g")
        assert (folder / "f").exists() or (folder / "other" / "g").exists()
        door = kind(owner="node")
        door.sweep(folder / "other")
        door.move(folder / "f", folder / "other" / "g", resume=True)
        assert (strangers(folder, "other"), strangers(folder / "other")) == ([], ["g"])


def test_broken_off_make_folder_is_repeated(tmp_path: Path) -> None:
    """A folder whose making was broken off at any effect is there after the next call, its name synced."""

    def work(folder: Path, number: int) -> FaultyDoor:
        door = FaultyDoor(number, Crash)
        with contextlib.suppress(Crash):
            door.make_folder(folder / "one" / "two")
        return door

    for folder in rounds(tmp_path, work):
        again = PowerLossDoor(tmp_path)
        again.make_folder(folder / "one" / "two")
        again.lose_power()
        assert (folder / "one" / "two").is_dir()


def test_folder_whose_maker_died_gets_its_rights(tmp_path: Path) -> None:
    """Made, but not yet given its access when the process died: the next call gives it, unless somebody uses it."""
    for name, used in (("new", False), ("private", True)):
        door = FaultyDoor(1, Crash, only="do_set_folder_access")
        with contextlib.suppress(Crash):
            door.make_folder(tmp_path / name)
        if used:
            (tmp_path / name / "file").write_bytes(CONTENT)
        FileDoor().make_folder(tmp_path / name)
        assert (tmp_path / name).stat().st_mode & 0o7777 == (0o700 if used else 0o2775)


def test_what_was_written_survives_power_loss(tmp_path: Path) -> None:
    """What a call has returned from is on the disk: files, folders and moves."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "orders.csv").write_bytes(b"orders")
    door = PowerLossDoor(tmp_path)
    door.make_folder(tmp_path / "out" / ".work")
    door.write_durably(tmp_path / "out" / "a.xml", CONTENT)
    door.write_unfinished(tmp_path / "out" / ".work" / "b.xml", CONTENT)
    door.move(tmp_path / "in" / "orders.csv", tmp_path / "out" / "orders.csv")
    door.rename(tmp_path / "out" / ".work" / "b.xml", tmp_path / "out" / "c.xml")
    door.lose_power()
    found = {str(path.relative_to(tmp_path)): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert found == {"out/a.xml": CONTENT, "out/.work/b.xml": CONTENT, "out/orders.csv": b"orders"}


@pytest.mark.parametrize("kind", ["write", "move"])
def test_power_loss_at_any_effect_leaves_whole_files(kind: str, tmp_path: Path) -> None:
    """With the power gone at any effect a name is whole or absent, and a moved file is somewhere."""
    for number in itertools.count(1):
        root = tmp_path / f"{number}"
        (root / "a").mkdir(parents=True)
        (root / "b").mkdir()
        (root / "a" / "f").write_bytes(CONTENT)
        door = PowerLossDoor(root, fail_at=number)
        with contextlib.suppress(Crash):
            if kind == "write":
                door.write_durably(root / "b" / "g", CONTENT)
            else:
                door.move(root / "a" / "f", root / "b" / "g")
        done = len(door.calls) < number
        door.lose_power()
        assert whole_or_absent(root / "a" / "f")
        assert whole_or_absent(root / "b" / "g")
        assert (root / "a" / "f").exists() or (root / "b" / "g").exists()
        if done:
            assert (root / "b" / "g").exists()
            return
