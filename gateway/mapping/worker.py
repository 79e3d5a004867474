"""What runs inside a worker process: mapping folders, stylesheets and schemas loaded once, limits set at the start.

A worker opens the files it is told to read and those of mappings and schemas; it writes nothing but the spool that it
is told to make of a large file.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from gateway.errors import FileRejected, SettingsError
from gateway.mapping.limits import at_work, set_limits
from gateway.mapping.mapping import Mapping, MappingStore
from gateway.mapping.reading import extracts, read_file
from gateway.mapping.rejection import reject
from gateway.mapping.respond import Responder
from gateway.mapping.schemas import SchemaStore
from gateway.mapping.transform import Mapper
from gateway.model import Finding, MapRequest, MapResult, ReadResult, ResponseRequest, ResponseResult

MAPPING_FAULT = "mapping-fault"
MAPPING_SETTINGS = "mapping-settings"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ReadTask:
    """One file to read."""

    mapping: str
    path: Path
    name: str
    trailer: bool
    max_bytes: int
    spool: Path | None = None  # where the orders of a file too large to be held may go


class Worker:
    """Everything a worker keeps between tasks."""

    def __init__(self, site_mappings: Path | None, site_schemas: Path | None) -> None:
        self._mappings = MappingStore(site_mappings)
        self._schemas = SchemaStore(site_schemas)
        self._mapper = Mapper(self._schemas)
        self._responder = Responder(self._mapper, self._schemas)

    def read(self, task: ReadTask) -> ReadResult:
        """Return what pass one gives for a file; raises as `read_file` does, SettingsError for the mapping."""
        return _read(self._mappings.get(task.mapping), task)

    def read_many(self, tasks: Sequence[ReadTask]) -> list[ReadResult | FileRejected]:
        """Return what each file gives; own trouble with disk or settings is raised for all."""
        mappings = {name: self._mappings.get(name) for name in {task.mapping for task in tasks}}
        results: list[ReadResult | FileRejected] = []
        for task in tasks:
            try:
                results.append(_read(mappings[task.mapping], task))
            except FileRejected as refusal:
                results.append(refusal)
        return results

    def extracts(self, mapping: str, path: Path, ordinals: Sequence[int], spool: Path | None) -> list[bytes]:
        """Return for each order the file with only that one."""
        return extracts(self._mappings.get(mapping), path, ordinals, spool)

    def map(self, requests: Sequence[MapRequest]) -> list[MapResult]:
        """Return the result of each request; a mapping that cannot be used fails its own requests alone."""
        self._schemas.refresh()
        self._mapper.begin_batch()
        loaded: dict[str, Mapping | SettingsError] = {}
        return [self._map_one(request, loaded) for request in requests]

    def respond(self, request: ResponseRequest) -> ResponseResult:
        """Return what is wrong with a queue message, and what the ERP gets in its place."""
        self._schemas.refresh()
        try:
            mapping = self._mappings.get(request.mapping) if request.mapping else None
            return self._responder.respond(mapping, request)
        except SettingsError as error:
            return ResponseResult(unusable=str(error))
        except MemoryError:
            return ResponseResult(problem="Mapping this response needs more memory than is allowed.")

    def _map_one(self, request: MapRequest, loaded: dict[str, Mapping | SettingsError]) -> MapResult:
        if request.mapping not in loaded:
            try:
                loaded[request.mapping] = self._mappings.get(request.mapping)
            except SettingsError as error:
                loaded[request.mapping] = error
        mapping = loaded[request.mapping]
        if isinstance(mapping, SettingsError):
            return failed(request, MAPPING_SETTINGS, str(mapping))
        try:
            return self._mapper.map_order(mapping, request)
        except SettingsError as error:
            return failed(request, MAPPING_SETTINGS, str(error), mapping.hash)
        except MemoryError:
            words = "Mapping this order needs more memory than is allowed."
            return failed(request, MAPPING_FAULT, words, mapping.hash)


def _read(mapping: Mapping, task: ReadTask) -> ReadResult:
    try:
        return read_file(
            mapping, task.path, name=task.name, trailer=task.trailer, max_bytes=task.max_bytes, spool=task.spool
        )
    except MemoryError:
        raise reject(MAPPING_FAULT, "Reading this file needs more memory than is allowed.") from None


def failed(request: MapRequest, code: str, message: str, mapping_hash: str = "") -> MapResult:
    """Return the result of an order that could not be mapped through no fault of its own."""
    finding = Finding(code=code, message=message)
    return MapResult(key=request.key, body=None, facts=None, findings=(finding,), mapping_hash=mapping_hash)


_worker: list[Worker] = []
"""The one worker of this process; empty in every other process."""

def start(site_mappings: Path | None, site_schemas: Path | None, memory_limit_mb: int) -> None:
    """Set up this process as a worker: limits first."""
    # The pool ends a worker only when no other holds the channel, and a stylesheet that spins in C code
    # would never come back to Python to see the signal.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    set_limits(memory_limit_mb)
    _worker[:] = [Worker(site_mappings, site_schemas)]


def run(seconds: float, method: Callable[..., T], *arguments: object) -> T:
    """Call a method of this process's worker, which must end in so many seconds."""
    with at_work(seconds):
        return method(_worker[0], *arguments)
