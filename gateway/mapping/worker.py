"""What runs inside a worker process: mapping folders, stylesheets and schemas loaded once, limits set at the start.

A worker opens the files it is told to read and those of mappings and schemas; it writes nothing.
"""

from __future__ import annotations

import mmap
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from gateway.errors import FileRejected, SettingsError
from gateway.mapping.mapping import Mapping, MappingStore
from gateway.mapping.reading import extract, read_file
from gateway.mapping.rejection import reject
from gateway.mapping.schemas import SchemaStore
from gateway.mapping.transform import Mapper
from gateway.model import Finding, MapRequest, MapResult, ReadResult

try:
    import resource
except ImportError:  # Windows has no such limits
    resource = None  # type: ignore[assignment]

MAPPING_FAULT = "mapping-fault"
MAPPING_SETTINGS = "mapping-settings"

MEMORY_EXIT_CODE = 77
TIME_EXIT_CODE = 78
GRACE_SECONDS = 5.0
STATUS = Path("/proc/self/statm")
MEGABYTE = 1_000_000
HEADROOM = 256 * MEGABYTE
WATCH_SECONDS = 0.05

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ReadTask:
    """One file to read."""

    mapping: str
    path: Path
    name: str
    trailer: bool
    max_bytes: int


class Worker:
    """Everything a worker keeps between tasks."""

    def __init__(self, site_mappings: Path | None, site_schemas: Path | None) -> None:
        self._mappings = MappingStore(site_mappings)
        self._schemas = SchemaStore(site_schemas)
        self._mapper = Mapper(self._schemas)

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

    def extract(self, mapping: str, path: Path, ordinals: Sequence[int]) -> bytes:
        """Return the file with only these orders."""
        return extract(self._mappings.get(mapping), path, ordinals)

    def map(self, requests: Sequence[MapRequest]) -> list[MapResult]:
        """Return the result of each request; a mapping that cannot be used fails its own requests alone."""
        self._schemas.refresh()
        loaded: dict[str, Mapping | SettingsError] = {}
        return [self._map_one(request, loaded) for request in requests]

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
        return read_file(mapping, task.path, name=task.name, trailer=task.trailer, max_bytes=task.max_bytes)
    except MemoryError:
        raise reject(MAPPING_FAULT, "Reading this file needs more memory than is allowed.") from None


def failed(request: MapRequest, code: str, message: str, mapping_hash: str = "") -> MapResult:
    """Return the result of an order that could not be mapped through no fault of its own."""
    finding = Finding(code=code, message=message)
    return MapResult(key=request.key, body=None, facts=None, findings=(finding,), mapping_hash=mapping_hash)


_worker: list[Worker] = []
"""The one worker of this process; empty in every other process."""

_busy = threading.Event()
"""Set while a task runs in this process."""

_deadline: list[float] = [0.0]
"""When the task that runs must have ended, on the monotonic clock."""


def start(site_mappings: Path | None, site_schemas: Path | None, memory_limit_mb: int) -> None:
    """Set up this process as a worker: limits first."""
    # The pool ends a worker only when no other holds the channel, and a stylesheet that spins in C code
    # would never come back to Python to see the signal.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    set_limits(memory_limit_mb)
    _worker[:] = [Worker(site_mappings, site_schemas)]


def run(seconds: float, method: Callable[..., T], *arguments: object) -> T:
    """Call a method of this process's worker, which must end in so many seconds."""
    _deadline[0] = time.monotonic() + seconds + GRACE_SECONDS
    _busy.set()
    try:
        return method(_worker[0], *arguments)
    finally:
        _busy.clear()


def set_limits(memory_limit_mb: int) -> None:
    """End this process when a task needs so much more memory than it has now (where the system tells) or time.

    A watching thread ends it with a code of its own. For memory the system's limit stands above that: met alone,
    libxml2 would go on without memory, reporting every single failure, until its time is over. Time is the pool's
    to watch; the thread steps in later, when the gateway was killed and nobody else would end this process.
    """
    growth = memory_limit_mb * MEGABYTE
    most: int | None = None
    if resource is not None and STATUS.exists():
        size, resident = _memory()
        most = resident + growth
        resource.setrlimit(resource.RLIMIT_AS, (size + growth + HEADROOM, resource.RLIM_INFINITY))
    threading.Thread(target=_watch, args=(most,), daemon=True, name="limits").start()


def _memory() -> tuple[int, int]:
    """Return the bytes of address space and of memory that this process uses."""
    pages = STATUS.read_bytes().split()
    return int(pages[0]) * mmap.PAGESIZE, int(pages[1]) * mmap.PAGESIZE


def _watch(most_memory: int | None) -> None:
    while True:
        _busy.wait()
        try:
            if most_memory is not None and _memory()[1] > most_memory:
                os._exit(MEMORY_EXIT_CODE)
        except MemoryError:
            os._exit(MEMORY_EXIT_CODE)
        if time.monotonic() > _deadline[0]:
            os._exit(TIME_EXIT_CODE)
        time.sleep(WATCH_SECONDS)
