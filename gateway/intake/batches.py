"""Many small files are read in one trip to a worker process: which go together, and what came of each."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import RowMapping

from gateway.errors import FileRejected, SettingsError, StorageError
from gateway.files.effects import PRIVATE_FOLDER
from gateway.intake.context import IntakeContext
from gateway.journal.states import Change
from gateway.model import InterchangeState, ReadResult
from gateway.settings import Route

MOST_FILES = 50
MOST_BYTES = 4_000_000
HELD_BYTES = 2_000_000
"""A larger file travels alone, and its orders come back in a spool."""

Reading = ReadResult | FileRejected | StorageError | SettingsError | FileNotFoundError
"""What reading one file gave; the last three are our own trouble, not the file's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A claimed file that is to be read, and how it looked before."""

    row: RowMapping
    route: Route
    mapping: Any
    path: Path
    size: int
    signature: str

    def split(self, result: ReadResult, duplicate_of: int | None) -> Change:
        """Return the change that ends its pass one."""
        return Change(
            self.row["sequence"], self.row["state"], self.row["version"], state=str(InterchangeState.SPLIT),
            sha256=result.sha256, size=result.size, duplicate_of=duplicate_of, signature=self.signature,
            order_count=result.order_count, findings=[finding.as_dict() for finding in result.warnings],
        )


class Usable:
    """The mappings as one step finds them: looked at once, however many files ask for them."""

    def __init__(self, context: IntakeContext) -> None:
        self._mappings = context.mappings
        self._found: dict[str, Any] = {}

    def get(self, name: str) -> Any:
        """Return the mapping; raises SettingsError."""
        if name not in self._found:
            try:
                self._found[name] = self._mappings.get(name)
            except SettingsError as error:
                self._found[name] = error
        found = self._found[name]
        if isinstance(found, SettingsError):
            raise found
        return found


def read_batches(context: IntakeContext, files: Sequence[Opened]) -> Iterator[tuple[list[Opened], list[Reading]]]:
    """Keep the workers busy and yield batch by batch, in order, what came of each file.

    Only so many batches are under way that none waits: what has come back and is not yet looked at is held.
    """
    started: deque[tuple[list[Opened], Future[list[ReadResult | FileRejected]]]] = deque()
    for batch in _batches(files):
        started.append((batch, _read_many(context, batch)))
        if len(started) > context.settings.mapping_workers:
            yield _taken(context, started)
    while started:
        yield _taken(context, started)


def _taken(
    context: IntakeContext, started: deque[tuple[list[Opened], Future[list[ReadResult | FileRejected]]]]
) -> tuple[list[Opened], list[Reading]]:
    batch, future = started.popleft()
    return batch, _results(context, batch, future)


def _batches(files: Sequence[Opened]) -> Iterator[list[Opened]]:
    batch: list[Opened] = []
    for one in files:
        alone = one.size > HELD_BYTES or bool(batch and batch[-1].size > HELD_BYTES)
        full = len(batch) == MOST_FILES or sum(other.size for other in batch) + one.size > MOST_BYTES
        if batch and (full or alone):
            yield batch
            batch = []
        batch.append(one)
    if batch:
        yield batch


def _read_many(context: IntakeContext, batch: Sequence[Opened]) -> Future[list[ReadResult | FileRejected]]:
    tasks = [
        (one.route.mapping, one.path, str(one.row["name"]), one.route.complete == "trailer", _spool(context, one))
        for one in batch
    ]
    return context.pool.read_many(tasks, max_bytes=context.settings.max_file_bytes)


def _spool(context: IntakeContext, one: Opened) -> Path | None:
    """Return where the orders of a large file may lie while they are registered; None for any other."""
    if one.size <= HELD_BYTES:
        return None
    context.files.make_folder(context.layout.spools, PRIVATE_FOLDER)
    remove_spool(context, one)  # of a reading that came to nothing
    return context.layout.spools / str(one.row["claim"])


def remove_spool(context: IntakeContext, one: Opened) -> None:
    """Remove what a large file became while it was read."""
    if one.size > HELD_BYTES:
        context.files.remove(context.layout.spools / str(one.row["claim"]))


def _results(
    context: IntakeContext, batch: Sequence[Opened], future: Future[list[ReadResult | FileRejected]]
) -> list[Reading]:
    """Return the result of each file; trouble of our own with one of them is not that of the others."""
    try:
        return list(future.result())
    except (StorageError, SettingsError, FileNotFoundError) as error:
        if len(batch) == 1:
            return [error]
        return [result for one in batch for result in _results(context, [one], _read_many(context, [one]))]


def without_equal_bytes(
    files: Sequence[tuple[Opened, ReadResult]],
) -> Iterator[list[tuple[Opened, ReadResult]]]:
    """Cut files into runs in which no two of an account hold the same bytes."""
    run: list[tuple[Opened, ReadResult]] = []
    seen: set[tuple[str, str]] = set()
    for one, result in files:
        key = (one.route.account, result.sha256)
        if key in seen:
            yield run
            run, seen = [], set()
        seen.add(key)
        run.append((one, result))
    if run:
        yield run
