"""Events of real files wake the scan, and nothing else depends on them."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.intake.watch import Watcher

SOON = 5.0  # seconds within which an event must come; it comes at once
NEVER = 0.3  # seconds after which we believe that none comes


@pytest.fixture
def wake() -> threading.Event:
    """The event the scan waits for."""
    return threading.Event()


@pytest.fixture
def watcher(tmp_path: Path, wake: threading.Event) -> Iterator[Watcher]:
    """A running watcher of two folders, the second polled, each with one file."""
    for name in ("native", "polled"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "old.csv").write_bytes(b"x")
    running = Watcher([tmp_path / "native"], wake, polled=[tmp_path / "polled"], poll_seconds=0.05)
    assert running.start() == []
    yield running
    running.stop()


def woken(wake: threading.Event, action: Callable[[], object], seconds: float) -> bool:
    """Tell whether the scan is woken within `seconds` after the action."""
    wake.clear()
    action()
    return wake.wait(seconds)


def test_start_wakes_the_scan(watcher: Watcher, wake: threading.Event) -> None:
    """What came while nobody watched is found at once."""
    assert wake.is_set()
    assert watcher.alive()
    assert watcher.silent() == []


@pytest.mark.usefixtures("watcher")
@pytest.mark.parametrize("folder", ["native", "polled"])
def test_files_that_come_wake_the_scan(folder: str, wake: threading.Event, tmp_path: Path) -> None:
    """A new file, one that grows, and one that gets its final name."""
    place = tmp_path / folder
    assert woken(wake, lambda: (place / "new.csv").write_bytes(b"x"), SOON)
    assert woken(wake, lambda: (place / "old.csv").write_bytes(b"more"), SOON)
    (tmp_path / "elsewhere.csv").write_bytes(b"x")
    assert woken(wake, lambda: os.rename(tmp_path / "elsewhere.csv", place / "moved.csv"), SOON)


@pytest.mark.usefixtures("watcher")
def test_final_name_after_a_temporary_one_wakes_the_scan(wake: threading.Event, tmp_path: Path) -> None:
    """The hidden name does not wake, the final one does."""
    place = tmp_path / "native"
    assert not woken(wake, lambda: (place / ".new.part").write_bytes(b"x"), NEVER)
    assert woken(wake, lambda: os.rename(place / ".new.part", place / "new.csv"), SOON)


@pytest.mark.usefixtures("watcher")
def test_our_own_doing_does_not_wake_the_scan(wake: threading.Event, tmp_path: Path) -> None:
    """Reading, claiming and making folders would keep the scan awake for ever."""
    place = tmp_path / "native"

    def claim() -> None:
        (place / "old.csv").read_bytes()
        (place / ".work").mkdir()
        os.rename(place / "old.csv", place / ".work" / "old.csv")

    assert not woken(wake, claim, NEVER)


def test_folder_that_cannot_be_watched_is_a_warning(wake: threading.Event, tmp_path: Path) -> None:
    """The gateway goes on by scanning, says so, and tries again when asked."""
    folders = [tmp_path / "gone", tmp_path / "here"]
    (tmp_path / "here").mkdir()
    watcher = Watcher(folders, wake, polled=[tmp_path / "gone too"])
    try:
        warnings = watcher.start()
        assert [str(folder) in warning for folder, warning in zip(folders[:1], warnings, strict=False)] == [True]
        assert len(warnings) == 2
        assert "scanned all the same" in warnings[0]
        assert watcher.silent() == [tmp_path / "gone", tmp_path / "gone too"]
        assert not watcher.alive()
        assert woken(wake, lambda: (tmp_path / "here" / "a.csv").write_bytes(b"x"), SOON)
        for name in ("gone", "gone too"):
            (tmp_path / name).mkdir()
        assert watcher.start() == []
        assert watcher.alive()
        assert woken(wake, lambda: (tmp_path / "gone" / "a.csv").write_bytes(b"x"), SOON)
    finally:
        watcher.stop()


@pytest.mark.parametrize("folder", ["native", "polled"])
def test_folder_that_goes_away_is_noticed(folder: str, watcher: Watcher, tmp_path: Path) -> None:
    """An observer that outlives its folder is not taken for alive, and start brings it back."""
    shutil.rmtree(tmp_path / folder)
    pause = threading.Event()
    assert any(not watcher.alive() or pause.wait(0.02) for _ in range(250))
    assert watcher.silent() == [tmp_path / folder]
    (tmp_path / folder).mkdir()
    assert watcher.start() == []
    assert watcher.alive()


def test_stopped_watcher_is_silent_and_can_start_again(watcher: Watcher, wake: threading.Event, tmp_path: Path) -> None:
    """Stop ends all threads of ours; a second stop is nothing; start works after it."""
    watcher.stop()
    watcher.stop()
    assert not watcher.alive()
    assert not woken(wake, lambda: (tmp_path / "native" / "new.csv").write_bytes(b"x"), NEVER)
    assert watcher.start() == []
    assert woken(wake, lambda: (tmp_path / "native" / "newer.csv").write_bytes(b"x"), SOON)
