"""The door to the file system: what it writes is whole, what it returned from stays, nothing is replaced."""

from __future__ import annotations

import errno
import grp
import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from file_doors import FaultyDoor, LinkingDoor, PoorDoor, TwoVolumesDoor, os_error

from gateway.clock import SystemClock
from gateway.errors import FileDenied, FileRejected, SettingsError, ShareGone, StorageError
from gateway.files.durable import FileDoor, resolve_group
from gateway.files.layout import MARKER

DOORS = (FileDoor, LinkingDoor, PoorDoor)


@pytest.fixture
def tight_umask() -> Iterator[None]:
    """A umask that takes everything from everybody else."""
    before = os.umask(0o077)
    yield
    os.umask(before)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


class StillClock(SystemClock):
    """Notes how long it was asked to wait, and does not."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    def wait(self, event: threading.Event, seconds: float) -> bool:
        self.waits.append(seconds)
        return False


class HeldByScanner(PermissionError):
    """What Windows says of a file that another program has open."""

    winerror = 32


def held_by_scanner() -> OSError:
    return HeldByScanner(errno.EACCES, "Permission denied")


@pytest.mark.parametrize("door", DOORS)
def test_write_durably_gives_the_whole_file_and_nothing_else(door: type[FileDoor], tmp_path: Path) -> None:
    """A written file has its bytes, and no temporary name stays beside it."""
    door().write_durably(tmp_path / "a.xml", b"content")
    assert names_in(tmp_path) == ["a.xml"]
    assert (tmp_path / "a.xml").read_bytes() == b"content"


@pytest.mark.parametrize("door", DOORS)
def test_write_durably_never_replaces(door: type[FileDoor], tmp_path: Path) -> None:
    """A taken name is an answer, and what has it stays as it is."""
    (tmp_path / "a.xml").write_bytes(b"first")
    with pytest.raises(FileExistsError):
        door().write_durably(tmp_path / "a.xml", b"second")
    assert names_in(tmp_path) == ["a.xml"]
    assert (tmp_path / "a.xml").read_bytes() == b"first"


def test_write_order_is_write_sync_rename_sync_folder(tmp_path: Path) -> None:
    """Content is on the disk before the name, the name before we return."""
    door = FaultyDoor()
    door.write_durably(tmp_path / "a.xml", b"content")
    expected = ["do_create", "do_write", "do_set_access", "do_sync", "do_close", "do_rename_new", "do_sync_folder"]
    assert door.names() == expected


def test_write_of_a_longest_name_fits(tmp_path: Path) -> None:
    """A name of 255 bytes can be written although its temporary name would be longer."""
    name = "ä" * 125 + ".xml"
    FileDoor(owner="node-1").write_durably(tmp_path / name, b"x")
    assert names_in(tmp_path) == [name]


def test_write_unfinished_uses_exactly_this_name(tmp_path: Path) -> None:
    """The unfinished file lies under its own name, synced with its folder, and never replaces."""
    door = FaultyDoor()
    door.write_unfinished(tmp_path / "a.part", b"content")
    assert names_in(tmp_path) == ["a.part"]
    assert door.names()[-3:] == ["do_sync", "do_close", "do_sync_folder"]
    with pytest.raises(FileExistsError):
        door.write_unfinished(tmp_path / "a.part", b"other")
    assert (tmp_path / "a.part").read_bytes() == b"content"


@pytest.mark.usefixtures("tight_umask")
def test_modes_hold_whatever_the_umask_says(tmp_path: Path) -> None:
    """Files and folders get the configured mode; a private file gets its own."""
    door = FileDoor(file_mode=0o664, dir_mode=0o2775)
    door.make_folder(tmp_path / "new" / "deep")
    door.write_durably(tmp_path / "new" / "a.xml", b"x")
    door.write_unfinished(tmp_path / "new" / "b.xml", b"x")
    door.write_durably(tmp_path / "new" / "secret", b"x", mode=0o600)
    door.copy(tmp_path / "new" / "secret", tmp_path / "new" / "copy")
    door.make_folder(tmp_path / "private", mode=0o700)
    found = [mode_of(tmp_path / name) for name in ("new", "new/deep", "new/a.xml", "new/b.xml", "new/secret")]
    assert found == [0o2775, 0o2775, 0o664, 0o664, 0o600]
    assert (mode_of(tmp_path / "new/copy"), mode_of(tmp_path / "private")) == (0o664, 0o700)


def test_group_is_given_to_files_and_folders(tmp_path: Path) -> None:
    """A configured group owns what the gateway makes."""
    group = os.getgid()
    door = FaultyDoor(group=group)
    door.make_folder(tmp_path / "out")
    door.write_durably(tmp_path / "out" / "a.xml", b"x")
    assert (tmp_path / "out" / "a.xml").stat().st_gid == group
    given = [arguments[-1] for effect, arguments in door.calls if effect in ("do_set_access", "do_set_folder_access")]
    assert given == [group, group]


def test_group_names_are_resolved_or_refused() -> None:
    """A group may be a name or a number; an unknown name is a settings error."""
    name = grp.getgrgid(os.getgid()).gr_name
    assert [resolve_group(None), resolve_group(7), resolve_group("7")] == [None, 7, 7]
    assert resolve_group(name) == os.getgid()
    with pytest.raises(SettingsError, match="no group 'no-such-group-here'"):
        resolve_group("no-such-group-here")


def test_folder_that_cannot_get_its_mode_is_not_left_behind(tmp_path: Path) -> None:
    """Else the next try would find it and take its wrong mode as meant."""
    door = FaultyDoor(1, lambda: os_error(errno.EPERM), only="do_set_folder_access")
    with pytest.raises(StorageError, match=r"Cannot create folder .*new.*\(EPERM\)"):
        door.make_folder(tmp_path / "new")
    assert names_in(tmp_path) == []
    door.make_folder(tmp_path / "new")
    assert mode_of(tmp_path / "new") == 0o2775


def test_make_folder_syncs_the_parent_even_of_one_that_is_there(tmp_path: Path) -> None:
    """A crash between making and syncing must not leave a folder that power loss takes away with its files."""
    (tmp_path / "there").mkdir()
    door = FaultyDoor()
    door.make_folder(tmp_path / "there")
    door.make_folder(tmp_path / "there")
    assert [call for call in door.calls if call[0] == "do_sync_folder"] == [("do_sync_folder", (tmp_path,))]


def test_make_folder_refuses_a_file_of_that_name(tmp_path: Path) -> None:
    """What stands in the way is named."""
    (tmp_path / "new").write_bytes(b"")
    with pytest.raises(StorageError, match=r"new is not a folder\. Move away"):
        FileDoor().make_folder(tmp_path / "new")
    with pytest.raises(StorageError, match="ENOTDIR"):
        FileDoor().make_folder(tmp_path / "new" / "deeper")


def test_make_folder_may_live_under_a_parent_it_may_not_read(tmp_path: Path) -> None:
    """A folder the administrator made is used although its parent cannot be opened for a sync."""
    (tmp_path / "there").mkdir()
    FaultyDoor(1, lambda: os_error(errno.EACCES), only="do_sync_folder").make_folder(tmp_path / "there")
    with pytest.raises(StorageError, match="sync folder"):
        FaultyDoor(2, lambda: os_error(errno.EACCES), only="do_sync_folder").make_folder(tmp_path / "new")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS])
def test_disk_trouble_names_path_and_system_words(number: int, tmp_path: Path) -> None:
    """Own trouble says what, where, and in which words the system said so."""
    door = FaultyDoor(1, lambda: os_error(number), only="do_write")
    with pytest.raises(StorageError) as caught:
        door.write_durably(tmp_path / "a.xml", b"content")
    expected = f"Cannot write {tmp_path / 'a.xml'}: {os.strerror(number)} ({errno.errorcode[number]})."
    assert caught.value.message == expected
    assert caught.value.hint
    assert names_in(tmp_path) == []


def test_write_into_a_missing_folder_is_our_trouble(tmp_path: Path) -> None:
    """A folder that is gone is never mistaken for a file that is gone."""
    for write in (FileDoor().write_durably, FileDoor().write_unfinished):
        with pytest.raises(StorageError, match="ENOENT"):
            write(tmp_path / "gone" / "a.xml", b"x")


@pytest.mark.parametrize("door", DOORS)
def test_rename_never_replaces(door: type[FileDoor], tmp_path: Path) -> None:
    """Both files stay as they are when the target's name is taken."""
    (tmp_path / "a").write_bytes(b"a")
    (tmp_path / "b").write_bytes(b"b")
    with pytest.raises(FileExistsError) as caught:
        door().rename(tmp_path / "a", tmp_path / "b")
    assert caught.value.filename == str(tmp_path / "b")
    assert [(tmp_path / name).read_bytes() for name in names_in(tmp_path)] == [b"a", b"b"]


@pytest.mark.parametrize("door", DOORS)
def test_rename_of_a_file_to_its_own_name_loses_nothing(door: type[FileDoor], tmp_path: Path) -> None:
    """Not even when the file has a second name, as after a broken link-and-unlink."""
    (tmp_path / "a").write_bytes(b"a")
    os.link(tmp_path / "a", tmp_path / "second")
    with pytest.raises(FileExistsError):
        door().rename(tmp_path / "a", tmp_path / "a")
    assert names_in(tmp_path) == ["a", "second"]


@pytest.mark.parametrize("door", DOORS)
def test_rename_moves_and_does_not_sync(door: type[FileDoor], tmp_path: Path) -> None:
    """Many renames share one sync, so it is the caller's."""
    (tmp_path / "a").write_bytes(b"a")
    used = door()
    used.rename(tmp_path / "a", tmp_path / "b")
    assert names_in(tmp_path) == ["b"]
    if isinstance(used, FaultyDoor):
        assert "do_sync_folder" not in used.names()


@pytest.mark.parametrize("door", DOORS)
def test_rename_tells_a_missing_file_from_a_missing_folder(door: type[FileDoor], tmp_path: Path) -> None:
    """The one is an answer, the other our trouble."""
    (tmp_path / "a").write_bytes(b"a")
    with pytest.raises(FileNotFoundError) as caught:
        door().rename(tmp_path / "gone", tmp_path / "b")
    assert caught.value.filename == str(tmp_path / "gone")
    with pytest.raises(StorageError, match="ENOENT"):
        door().rename(tmp_path / "a", tmp_path / "no-folder" / "a")


def test_rename_finishes_a_half_done_link(tmp_path: Path) -> None:
    """A crash between second name and removal of the first is mended by the next try."""
    (tmp_path / "a").write_bytes(b"a")
    os.link(tmp_path / "a", tmp_path / "b")
    FileDoor().rename(tmp_path / "a", tmp_path / "b")
    assert names_in(tmp_path) == ["b"]


def test_rename_looks_before_it_repeats(tmp_path: Path) -> None:
    """A share that renamed and lost the reply has renamed: our file is at the target."""

    class LostReply(FileDoor):
        def do_rename_new(self, source: Path, target: Path) -> None:
            super().do_rename_new(source, target)
            raise os_error(errno.EIO)

    (tmp_path / "a").write_bytes(b"a")
    (tmp_path / "b").write_bytes(b"b")
    door = LostReply()
    door.rename(tmp_path / "a", tmp_path / "a2", door.entry(tmp_path / "a"))
    assert names_in(tmp_path) == ["a2", "b"]
    with pytest.raises(FileNotFoundError):
        door.rename(tmp_path / "b", tmp_path / "b2")  # nobody knows which file it was


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM, errno.EBUSY])
def test_rename_denied_for_one_file_is_not_the_folders_trouble(number: int, tmp_path: Path) -> None:
    """Where both folders may be changed it is this file, and the scan goes on with the others."""
    (tmp_path / "a").write_bytes(b"a")
    with pytest.raises(FileDenied, match=r"a: .*"):
        FaultyDoor(1, lambda: os_error(number), only="do_rename_new").rename(tmp_path / "a", tmp_path / "b")

    class NoRight(FaultyDoor):
        def do_may_change(self, folder: Path) -> bool:
            return False

    with pytest.raises(StorageError) as caught:
        NoRight(1, lambda: os_error(number), only="do_rename_new").rename(tmp_path / "a", tmp_path / "b")
    assert not isinstance(caught.value, FileDenied)


def test_file_held_by_another_program_is_tried_a_few_times(tmp_path: Path) -> None:
    """A virus scanner lets go after a moment; the wait is bounded and by our clock."""
    (tmp_path / "a").write_bytes(b"a")
    clock = StillClock()
    FaultyDoor(1, held_by_scanner, only="do_rename_new", clock=clock).rename(tmp_path / "a", tmp_path / "b")
    assert names_in(tmp_path) == ["b"]

    class Held(FileDoor):
        def do_rename_new(self, source: Path, target: Path) -> None:
            raise held_by_scanner()

        def do_unlink(self, path: Path) -> None:
            raise held_by_scanner()

    with pytest.raises(FileDenied):
        Held(clock=clock).rename(tmp_path / "b", tmp_path / "c")
    with pytest.raises(StorageError):
        Held(clock=clock).remove(tmp_path / "b")
    assert names_in(tmp_path) == ["b"]
    assert 0 < sum(clock.waits) < 4


def test_sync_folders_keeps_the_order_and_syncs_each_once(tmp_path: Path) -> None:
    """Folders that gained names come first, so that no file can be in neither after a power loss."""
    (tmp_path / "b").mkdir()
    door = FaultyDoor()
    door.sync_folders([tmp_path / "b", tmp_path, tmp_path / "b"])
    assert door.calls == [("do_sync_folder", (tmp_path / "b",)), ("do_sync_folder", (tmp_path,))]


def test_folder_sync_that_a_share_does_not_offer_is_no_error(tmp_path: Path) -> None:
    """Some shares know no folder sync; any other error of it is ours."""
    FaultyDoor(1, lambda: os_error(errno.EINVAL)).sync_folder(tmp_path)
    with pytest.raises(StorageError, match="sync folder"):
        FaultyDoor(1, lambda: os_error(errno.EIO)).sync_folder(tmp_path)


def test_move_on_one_volume_syncs_target_then_source(tmp_path: Path) -> None:
    """A move is a rename with both folders on the disk."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    (tmp_path / "a" / "f").write_bytes(b"x")
    door = FaultyDoor()
    door.move(tmp_path / "a" / "f", tmp_path / "b" / "f")
    expected = [("do_sync_folder", (tmp_path / "b",)), ("do_sync_folder", (tmp_path / "a",))]
    assert door.calls[-2:] == expected
    assert (tmp_path / "b" / "f").read_bytes() == b"x"


def test_move_to_another_volume_copies_compares_and_removes(tmp_path: Path) -> None:
    """The source goes only after the copy is whole, synced, compared and has its name on the disk."""
    (tmp_path / "other").mkdir()
    (tmp_path / "f").write_bytes(b"x" * 3_000_000)
    door = TwoVolumesDoor()
    door.move(tmp_path / "f", tmp_path / "other" / "f")
    assert names_in(tmp_path) == ["other"]
    assert (tmp_path / "other" / "f").read_bytes() == b"x" * 3_000_000
    last = [call for call in door.calls if call[0] in ("do_sync", "do_rename_new", "do_sync_folder", "do_unlink")]
    names = [effect for effect, _ in last]
    assert names == ["do_rename_new", "do_sync", "do_rename_new", "do_sync_folder", "do_unlink"] + 2 * [
        "do_sync_folder"
    ]


def test_move_to_another_volume_never_replaces(tmp_path: Path) -> None:
    """A taken name on the other volume leaves both files as they are."""
    (tmp_path / "other").mkdir()
    (tmp_path / "f").write_bytes(b"new")
    (tmp_path / "other" / "f").write_bytes(b"old")
    for resume in (False, True):
        with pytest.raises(FileExistsError):
            TwoVolumesDoor().move(tmp_path / "f", tmp_path / "other" / "f", resume=resume)
    assert ((tmp_path / "f").read_bytes(), (tmp_path / "other" / "f").read_bytes()) == (b"new", b"old")


def test_copy_of_a_file_that_changes_meanwhile_is_given_up(tmp_path: Path) -> None:
    """Neither half of the old nor half of the new content gets a name."""

    class Changing(FileDoor):
        def do_sync(self, descriptor: int, path: Path) -> None:
            super().do_sync(descriptor, path)
            (tmp_path / "f").write_bytes(b"changed")

    (tmp_path / "f").write_bytes(b"content")
    (tmp_path / "to").mkdir()
    with pytest.raises(StorageError, match="changed while it was copied"):
        Changing().copy(tmp_path / "f", tmp_path / "to" / "f")
    assert names_in(tmp_path / "to") == []
    assert (tmp_path / "f").read_bytes() == b"changed"


def test_move_of_what_is_not_there(tmp_path: Path) -> None:
    """A missing source is an answer; on resume a target that is there says it was done."""
    door = FileDoor()
    for resume in (False, True):
        with pytest.raises(FileNotFoundError):
            door.move(tmp_path / "f", tmp_path / "g", resume=resume)
    (tmp_path / "g").write_bytes(b"x")
    door.move(tmp_path / "f", tmp_path / "g", resume=True)
    with pytest.raises(FileNotFoundError):
        door.move(tmp_path / "f", tmp_path / "g")


def test_remove_tells_whether_there_was_something(tmp_path: Path) -> None:
    """A name that is gone already is no error; a folder is."""
    (tmp_path / "f").write_bytes(b"x")
    (tmp_path / "folder").mkdir()
    assert [FileDoor().remove(tmp_path / "f"), FileDoor().remove(tmp_path / "f")] == [True, False]
    with pytest.raises(StorageError, match="Cannot remove"):
        FileDoor().remove(tmp_path / "folder")


def test_listing_describes_names_themselves(tmp_path: Path) -> None:
    """Files, folders, links and fifos are told apart, and links are not followed."""
    (tmp_path / "file").write_bytes(b"abc")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "file")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "fifo")
    entries = {entry.name: entry for entry in FileDoor().list_folder(tmp_path)}
    found = {name: (one.is_file, one.is_folder, one.is_link) for name, one in entries.items()}
    assert found == {
        "file": (True, False, False),
        "folder": (False, True, False),
        "link": (False, False, True),
        "dangling": (False, False, True),
        "fifo": (False, False, False),
    }
    status = (tmp_path / "file").stat()
    expected = (3, status.st_mtime_ns, (status.st_dev, status.st_ino))
    assert entries["file"].signature == expected
    assert entries["file"].path == tmp_path / "file"
    assert FileDoor().entry(tmp_path / "file") == entries["file"]


def test_partial_listing_is_never_returned(tmp_path: Path) -> None:
    """A share that goes away while listing is our trouble, not an empty folder."""
    with pytest.raises(StorageError, match="Cannot list"):
        FaultyDoor(1, lambda: os_error(errno.ESTALE)).list_folder(tmp_path)
    with pytest.raises(StorageError, match="Cannot list"):
        FileDoor().list_folder(tmp_path / "gone")


def test_read_and_hash(tmp_path: Path) -> None:
    """Content comes back exactly, and its hash with its size."""
    (tmp_path / "f").write_bytes(b"abc")
    assert FileDoor().read(tmp_path / "f", 3) == b"abc"
    expected = ("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", 3)
    assert FileDoor().sha256(tmp_path / "f") == expected


def test_read_refuses_above_the_limit(tmp_path: Path) -> None:
    """A file over the limit is the file's fault, and named with the limit."""
    (tmp_path / "f").write_bytes(b"abcd")
    with pytest.raises(FileRejected, match="f is larger than 3 bytes") as caught:
        FileDoor().read(tmp_path / "f", 3)
    assert caught.value.code == "too-large"


def test_read_tells_missing_denied_and_broken_apart(tmp_path: Path) -> None:
    """One file's matter lets the scan go on; the disk's does not."""
    (tmp_path / "f").write_bytes(b"abc")
    with pytest.raises(FileNotFoundError):
        FileDoor().read(tmp_path / "gone", 3)
    with pytest.raises(FileDenied, match=r"Cannot read .*f: .*\(EACCES\)"):
        FaultyDoor(1, lambda: os_error(errno.EACCES)).sha256(tmp_path / "f")
    with pytest.raises(StorageError) as caught:
        FaultyDoor(1, lambda: os_error(errno.EIO), only="do_read").read(tmp_path / "f", 3)
    assert not isinstance(caught.value, FileDenied)
    with pytest.raises(FileNotFoundError):
        FileDoor().entry(tmp_path / "gone")


def test_links_and_fifos_are_never_read(tmp_path: Path) -> None:
    """A link or fifo put in a file's place neither leads us astray nor makes us hang."""
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "link").symlink_to(tmp_path / "secret")
    os.mkfifo(tmp_path / "fifo")
    for name in ("link", "fifo"):
        with pytest.raises(FileDenied):
            FileDoor().read(tmp_path / name, 100)


def test_marker_tells_a_folder_from_its_empty_stand_in(tmp_path: Path) -> None:
    """Without the marker the share counts as gone, whatever else is there."""
    door = FaultyDoor()
    with pytest.raises(ShareGone, match=MARKER):
        door.check_marker(tmp_path)
    door.place_marker(tmp_path)
    door.check_marker(tmp_path)
    writes = door.names().count("do_write")
    door.place_marker(tmp_path)
    assert door.names().count("do_write") == writes
    with pytest.raises(ShareGone, match="cannot be reached"):
        FaultyDoor(1, lambda: os_error(errno.EHOSTDOWN)).check_marker(tmp_path)
    with pytest.raises(ShareGone):
        door.check_marker(tmp_path / "gone")


def test_sweep_takes_only_what_this_owner_left(tmp_path: Path) -> None:
    """Another node may be writing right now, and the ERP's own temporary files are not ours."""
    token = "0123456789abcdef"
    ours, others = f".a.xml.node-1-{token}.part", f".a.xml.node-2-{token}.part"
    for name in (ours, others, f".a.xml.{token}.part", "a.xml", ".b.part", "c.xml.part"):
        (tmp_path / name).write_bytes(b"x")
    door = FileDoor(owner="node-1")
    assert door.sweep(tmp_path) == [ours]
    assert door.sweep(tmp_path, owner="node-2") == [others]
    assert FileDoor().sweep(tmp_path) == [f".a.xml.{token}.part"]
    assert names_in(tmp_path) == [".b.part", "a.xml", "c.xml.part"]


def test_free_bytes_and_sync_file(tmp_path: Path) -> None:
    """Free space is known, and a file of another program can be synced."""
    (tmp_path / "f").write_bytes(b"x")
    FileDoor().sync_file(tmp_path / "f")
    assert FileDoor().free_bytes(tmp_path) > 0
    with pytest.raises(FileNotFoundError):
        FileDoor().sync_file(tmp_path / "gone")
    with pytest.raises(StorageError, match="Cannot sync"):
        FaultyDoor(1, lambda: os_error(errno.EIO), only="do_sync").sync_file(tmp_path / "f")


@pytest.mark.parametrize("count", [3, 40])
def test_many_files_are_synced_and_what_failed_is_told(tmp_path: Path, count: int) -> None:
    """One after the other or several at a time: the trouble of each is its own."""
    paths = [tmp_path / str(number) for number in range(count)]
    for path in paths[1:]:
        path.write_bytes(b"x")
    door = FaultyDoor(only="do_sync")

    failed = door.sync_files(paths)

    assert list(failed) == [paths[0]]
    assert isinstance(failed[paths[0]], FileNotFoundError)
    assert len(door.calls) == count - 1
    broken = FaultyDoor(1, lambda: os_error(errno.EIO), only="do_sync").sync_files(paths[1:])
    assert [type(error) for error in broken.values()] == [StorageError]
