"""Worker processes that read and map, so that a stylesheet can harm nothing but its own order.

Processes start with the first task and may be released when idle. Orders travel in batches; when a worker dies or
takes too long over one, its items are done again one by one, and only the guilty fail.
"""

from __future__ import annotations

import itertools
import multiprocessing
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any, TypeVar

from pebble import ProcessExpired, ProcessPool

from gateway.errors import FileRejected
from gateway.mapping.futures import PoolError, error_of, failed_future, gather, pass_on, promise
from gateway.mapping.limits import MEMORY_EXIT_CODE, SAXON_MEMORY_EXIT_CODE, TIME_EXIT_CODE
from gateway.mapping.rejection import reject, shown
from gateway.mapping.worker import (
    MAPPING_FAULT,
    ReadTask,
    Worker,
    failed,
    run,
    start,
)
from gateway.model import MapRequest, MapResult, ReadResult, ResponseRequest, ResponseResult

BATCH = 50
DEATHS_THAT_CONVICT = 2
BREAKS_THAT_END = 3
SECONDS_PER_MEGABYTE = 5.0
MEGABYTE = 1_000_000
OUT_OF_MEMORY = (MEMORY_EXIT_CODE, SAXON_MEMORY_EXIT_CODE)

T = TypeVar("T")
Faults = (TimeoutError, ProcessExpired, BrokenProcessPool)
Task = tuple[Callable[..., T], tuple[Any, ...], float]  # method of the worker, its arguments, seconds allowed
Batch = Callable[[Worker, Sequence[Any]], list[Any]]


class MappingPool:
    """Reads files and maps orders in worker processes. Safe to use from several threads."""

    def __init__(
        self,
        site_mappings: Path | None = None,
        site_schemas: Path | None = None,
        *,
        workers: int = 1,
        time_limit_seconds: float = 30.0,
        memory_limit_mb: int = 1024,
    ) -> None:
        self._workers = workers
        self._seconds = time_limit_seconds
        folders = tuple(folder.resolve() if folder is not None else None for folder in (site_mappings, site_schemas))
        self._start_arguments = (*folders, memory_limit_mb)
        self._context = _context()
        self._lock = threading.Lock()
        self._pool: ProcessPool | None = None
        self._under_way: dict[int, Callable[[Future[Any]], None]] = {}
        self._tickets = itertools.count()
        self._used_at = time.monotonic()  # when a task began or ended, the last time
        self._closed = False

    def read(self, mapping: str, path: Path, *, name: str, trailer: bool, max_bytes: int) -> Future[ReadResult]:
        """Read a whole file; the future raises FileRejected, SettingsError, StorageError, FileNotFoundError."""
        task = ReadTask(mapping, path, name, trailer, max_bytes)
        return self._single((Worker.read, (task,), self._read_seconds([task])), lambda error: _refuse(error, name))

    def read_many(
        self, files: Sequence[tuple[str, Path, str, bool, Path | None]], *, max_bytes: int
    ) -> Future[list[ReadResult | FileRejected]]:
        """Read many files in one go, each (mapping, path, name, trailer, spool); a refusal takes its place.

        The orders of a file too large to be held are written to its spool, if it has one.
        """
        tasks = [
            ReadTask(mapping, path, name, trailer, max_bytes, spool) for mapping, path, name, trailer, spool in files
        ]

        def verdict(task: ReadTask, error: Exception) -> FileRejected:
            return _refusal(error, task.name)

        return self._batches(Worker.read_many, tasks, self._read_seconds, verdict)

    def map(self, requests: Sequence[MapRequest]) -> Future[list[MapResult]]:
        """Map orders, results in the order of the requests; one that harms its worker fails as "mapping-fault"."""
        return self._batches(
            Worker.map,
            list(requests),
            lambda _batch: self._seconds,
            lambda request, error: failed(request, MAPPING_FAULT, f"The stylesheet {_words(error)}"),
        )

    def respond(self, request: ResponseRequest) -> Future[ResponseResult]:
        """Look over a queue message and map it; one that harms its worker is its own problem. Raises PoolError."""
        task: Task[ResponseResult] = (Worker.respond, (request,), self._seconds)
        return self._single(task, lambda error: ResponseResult(problem=f"The stylesheet {_words(error)}"))

    def extracts(
        self, mapping: str, path: Path, ordinals: Sequence[int], spool: Path | None = None
    ) -> Future[list[bytes]]:
        """Return for each order the file with only that one; the future raises as that of `read`.

        A file too large to be held is given a `spool`, which it is read into meanwhile.
        """
        seconds = self._seconds + _megabytes(path) * SECONDS_PER_MEGABYTE
        task: Task[list[bytes]] = (Worker.extracts, (mapping, path, tuple(ordinals), spool), seconds)
        return self._single(task, lambda error: _refuse(error, path.name))

    def release_idle(self, idle_seconds: float) -> bool:
        """End the worker processes when nothing was under way for so long; return whether it did.

        The next task starts new ones.
        """
        with self._lock:
            idle = not self._under_way and time.monotonic() - self._used_at >= idle_seconds
            if self._pool is None or not idle:
                return False
            pool, self._pool = self._pool, None
        _end(pool)
        return True

    def close(self) -> None:
        """End the worker processes; what is under way ends with PoolError."""
        with self._lock:
            self._closed = True
            pool, self._pool = self._pool, None
            abandoned = list(self._under_way.values())
            self._under_way.clear()
        if pool is not None:
            _end(pool)
        for ended in abandoned:
            ended(failed_future(PoolError("The mapping workers were shut down.")))

    def __enter__(self) -> MappingPool:
        """Return the pool, to be closed at the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the pool."""
        self.close()

    def _read_seconds(self, tasks: Sequence[ReadTask]) -> float:
        return self._seconds + sum(_megabytes(task.path) for task in tasks) * SECONDS_PER_MEGABYTE

    def _batches(
        self,
        method: Batch,
        items: list[Any],
        seconds: Callable[[Sequence[Any]], float],
        verdict: Callable[[Any, Exception], Any],
    ) -> Future[list[Any]]:
        """Cut items into batches, at least one for each worker, and gather what they give in order."""
        size = max(1, min(BATCH, -(-len(items) // self._workers)))
        batches = [items[at : at + size] for at in range(0, len(items), size)]
        return gather([self._batch(method, batch, seconds, verdict) for batch in batches])

    def _batch(
        self,
        method: Batch,
        batch: list[Any],
        seconds: Callable[[Sequence[Any]], float],
        verdict: Callable[[Any, Exception], Any],
    ) -> Future[list[Any]]:
        """Run a batch; when it harmed its worker, run its items one by one."""

        def single(item: Any, deaths: int) -> Future[list[Any]]:
            return self._single((method, ([item],), seconds([item])), lambda error: [verdict(item, error)], deaths)

        if len(batch) == 1:
            return single(batch[0], 0)
        future: Future[list[Any]] = promise()

        def done(ran: Future[list[Any]]) -> None:
            if isinstance(error_of(ran), Faults):
                gather([single(item, 1) for item in batch]).add_done_callback(lambda every: pass_on(every, future))
            else:
                pass_on(ran, future)

        self._schedule((method, (batch,), seconds(batch)), done)
        return future

    def _single(self, task: Task[T], verdict: Callable[[Exception], T], deaths: int = 0) -> Future[T]:
        """Run one task; `verdict` says, or raises, what becomes of it when it is what harms the worker."""
        future: Future[T] = promise()
        self._try(task, verdict, future, deaths, 0)
        return future

    def _try(
        self, task: Task[T], verdict: Callable[[Exception], T], future: Future[T], deaths: int, breaks: int
    ) -> None:
        def done(ran: Future[T]) -> None:
            error = error_of(ran)
            if not isinstance(error, Faults):
                pass_on(ran, future)
            elif isinstance(error, BrokenProcessPool):  # every task of the pool ended, the innocent too
                if breaks + 1 < BREAKS_THAT_END:
                    self._try(task, verdict, future, deaths, breaks + 1)
                else:
                    future.set_exception(PoolError(f"The mapping workers do not start or do not stay: {error}"))
            elif deaths + 1 >= DEATHS_THAT_CONVICT or _beyond_doubt(error):
                try:
                    future.set_result(verdict(error))
                except FileRejected as refusal:
                    future.set_exception(refusal)
            else:
                self._try(task, verdict, future, deaths + 1, breaks)

        self._schedule(task, done)

    def _schedule(self, task: Task[T], done: Callable[[Future[T]], None]) -> None:
        """Run a method of the worker in a process and call `done`, once, when it ended in any way."""
        method, arguments, seconds = task
        with self._lock:
            running: Future[T]
            if self._closed:
                running = failed_future(PoolError("The mapping workers are shut down."))
            else:
                running = self._running_pool().schedule(run, args=(seconds, method, *arguments), timeout=seconds)
            self._used_at = time.monotonic()
            ticket = next(self._tickets)
            self._under_way[ticket] = done

        def ended(ran: Future[T]) -> None:
            with self._lock:
                self._used_at = time.monotonic()
                waiting = self._under_way.pop(ticket, None)
            if waiting is not None:
                waiting(ran)

        running.add_done_callback(ended)

    def _running_pool(self) -> ProcessPool:
        """Return the pool, a new one if there is none or it broke; the lock is held."""
        if self._pool is not None and not self._pool.active:
            # This may run in a thread of the broken pool itself, which cannot wait for its own end.
            threading.Thread(target=_end, args=(self._pool,), daemon=True).start()
            self._pool = None
        if self._pool is None:
            self._pool = ProcessPool(
                max_workers=self._workers, initializer=start, initargs=self._start_arguments, context=self._context
            )
        return self._pool


def _context() -> Any:
    """Return how processes are started: never by a bare fork, which would copy locks that other threads hold."""
    if sys.platform == "linux":
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([Worker.__module__])
        return context
    return multiprocessing.get_context("spawn")


def _end(pool: ProcessPool) -> None:
    pool.stop()  # type: ignore[no-untyped-call]
    pool.join()


def _megabytes(path: Path) -> float:
    try:
        return path.stat().st_size / MEGABYTE
    except OSError:
        return 0.0  # the worker will say what is wrong with it


def _exit_code(error: Exception) -> int | None:
    return int(error.exitcode) if isinstance(error, ProcessExpired) else None


def _beyond_doubt(error: Exception) -> bool:
    """Tell whether the task itself ended its worker, so that trying it again would prove nothing."""
    return isinstance(error, TimeoutError) or _exit_code(error) in (*OUT_OF_MEMORY, TIME_EXIT_CODE)


def _words(error: Exception) -> str:
    if _exit_code(error) in OUT_OF_MEMORY:
        return "needed more memory than it is allowed and was stopped."
    if _beyond_doubt(error):
        return "did not finish in the time it is allowed and was stopped."
    return f"ended its worker process ({error}); it was tried twice."


def _refusal(error: Exception, name: str) -> FileRejected:
    return reject(MAPPING_FAULT, f"Reading the file {shown(name)} {_words(error)}")


def _refuse(error: Exception, name: str) -> Any:
    raise _refusal(error, name)
