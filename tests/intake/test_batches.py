"""Many small files read in one trip: which go together, and that what one meets is not what the others meet."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, cast

import pytest

from gateway.clock import SystemClock
from gateway.errors import FileRejected, SettingsError, StorageError
from gateway.files.durable import FileDoor
from gateway.files.layout import Layout
from gateway.intake.batches import HELD_BYTES, MOST_BYTES, MOST_FILES, Opened, Usable, read_batches, without_equal_bytes
from gateway.intake.context import IntakeContext
from gateway.model import ReadResult
from gateway.settings import Intake, Route
from gateway.settings.models import Folders

ROUTE = Route(name="csv", match="*.csv", mapping="csv-order", account="main")
OTHER = Route(name="other", match="*.txt", mapping="csv-order", account="other")


class ToldReader:
    """Reads as it was told: the outcome of each name; our own trouble is raised for the whole trip."""

    def __init__(self, **outcomes: Exception) -> None:
        self.outcomes = outcomes
        self.trips: list[list[str]] = []
        self.spools: list[Path] = []

    def read_many(self, files: Sequence[tuple[str, Path, str, bool, Path | None]], *, max_bytes: int) -> Future[Any]:
        """Return what each file gives."""
        names = [name for _, _, name, _, _ in files]
        self.trips.append(names)
        self.spools += [spool for *_, spool in files if spool is not None]
        future: Future[Any] = Future()
        trouble = [self.outcomes[name] for name in names if name in self.outcomes]
        own = [error for error in trouble if not isinstance(error, FileRejected)]
        if own:
            future.set_exception(own[0])
        else:
            future.set_result([self.outcomes.get(name, read(name)) for name in names])
        return future


class ToldMappings:
    """Counts how often it is asked; one mapping is broken."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def get(self, name: str) -> str:
        """Return the mapping."""
        self.asked.append(name)
        if name == "broken":
            raise SettingsError("mapping.toml is broken")
        return name.upper()


def read(name: str, sha256: str | None = None) -> ReadResult:
    return ReadResult(sha256=sha256 or f"hash of {name}", size=1, orders=())


def opened(name: str, size: int = 10, route: Route = ROUTE) -> Opened:
    row = cast("Any", {"name": name, "claim": f"claim-of-{name}", "sequence": 1, "state": "claimed", "version": 1})
    return Opened(row=row, route=route, mapping=None, path=Path(name), size=size, signature="s")


def context(pool: ToldReader | None = None, mappings: ToldMappings | None = None) -> IntakeContext:
    """Return a context of which only what reads is there."""
    nothing = cast("Any", None)
    state = Path(tempfile.gettempdir())
    layout = Layout(Folders(inbox=state, outbox=state, error=state, retry=state, done=state, state=state))
    return IntakeContext(
        journal=nothing, keeper=nothing, files=FileDoor(clock=SystemClock()), layout=layout, clock=nothing,
        pool=cast("Any", pool), mappings=cast("Any", mappings), settings=Intake(node="test"), routes=(ROUTE,),
    )  # fmt: skip


def outcomes(pool: ToldReader, files: Sequence[Opened]) -> dict[str, object]:
    """Read the files; return what became of each by name, which is also a check of their order."""
    pairs = [
        (one.row["name"], result)
        for batch, results in read_batches(context(pool), files)
        for one, result in zip(batch, results, strict=True)
    ]
    assert [one.row["name"] for one in files] == [name for name, _ in pairs]
    return dict(pairs)


def test_small_files_share_a_trip_up_to_a_number() -> None:
    """Fifty at a time, in the order of claims."""
    pool = ToldReader()
    files = [opened(f"{number}.csv") for number in range(MOST_FILES + 1)]

    assert outcomes(pool, files) == {one.row["name"]: read(one.row["name"]) for one in files}
    assert [len(trip) for trip in pool.trips] == [MOST_FILES, 1]


def test_large_files_travel_alone() -> None:
    """What a trip holds in memory is bounded, whatever the number of files; the orders of a large one get a spool."""
    pool = ToldReader()
    outcomes(pool, [opened("small.csv"), opened("large.csv", HELD_BYTES + 1), opened("a.csv"), opened("b.csv")])

    assert pool.trips == [["small.csv"], ["large.csv"], ["a.csv", "b.csv"]]
    assert [spool.name for spool in pool.spools] == ["claim-of-large.csv"]


def test_a_trip_takes_only_so_many_bytes() -> None:
    """Files of some size that come together are cut into several trips."""
    pool = ToldReader()
    outcomes(pool, [opened(name, MOST_BYTES // 2) for name in ("a.csv", "b.csv", "c.csv")])

    assert pool.trips == [["a.csv", "b.csv"], ["c.csv"]]


def test_no_files_no_trip() -> None:
    """Nothing claimed, nothing asked."""
    pool = ToldReader()

    assert outcomes(pool, []) == {}
    assert pool.trips == []


@pytest.mark.parametrize("trouble", [StorageError("disk"), SettingsError("mapping"), FileNotFoundError("gone")])
def test_our_own_trouble_with_one_file_is_not_that_of_the_others(trouble: Exception) -> None:
    """A trip that met it is made again file by file."""
    rejected = FileRejected("broken", code="unclosed-quote")
    pool = ToldReader(**{"b.csv": trouble, "c.csv": rejected})

    found = outcomes(pool, [opened("a.csv"), opened("b.csv"), opened("c.csv")])

    assert found == {"a.csv": read("a.csv"), "b.csv": trouble, "c.csv": rejected}


def test_equal_bytes_are_registered_one_after_the_other() -> None:
    """The second of a pair must find the first in the journal; another account's file is no pair."""
    files = [
        (opened("a.csv"), read("a", "1")), (opened("b.csv"), read("b", "2")), (opened("c.csv"), read("c", "1")),
        (opened("d.txt", route=OTHER), read("d", "1")), (opened("e.csv"), read("e", "1")),
    ]  # fmt: skip

    runs = [[one.row["name"] for one, _ in run] for run in without_equal_bytes(files)]

    assert runs == [["a.csv", "b.csv"], ["c.csv", "d.txt"], ["e.csv"]]
    assert list(without_equal_bytes([])) == []


def test_a_step_looks_at_each_mapping_once() -> None:
    """However many files ask, and whether it can be used or not."""
    mappings = ToldMappings()
    usable = Usable(context(mappings=mappings))

    assert [usable.get("good"), usable.get("good")] == ["GOOD", "GOOD"]
    for _ in range(2):
        with pytest.raises(SettingsError, match="broken"):
            usable.get("broken")
    assert mappings.asked == ["good", "broken"]
