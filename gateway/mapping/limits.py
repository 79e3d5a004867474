"""Limits of a worker process on memory and time: it ends itself with a code that says which was met.

Several guards, because none sees everything. A watching thread measures memory and time, but sleeps while a library
holds Python's lock, as Saxon does. The system's limit on data stands a little above: met alone, libxml2 would go on
without memory, reporting every single failure, until its time is over; Saxon ends the process. Time is the pool's to
watch; thread and alarm step in later, when the gateway was killed and nobody else would end this process.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

try:
    import resource
except ImportError:  # Windows has no such limits
    resource = None  # type: ignore[assignment]

MEMORY_EXIT_CODE = 77
TIME_EXIT_CODE = 78
SAXON_MEMORY_EXIT_CODE = 99  # how Saxon's runtime ends a process that gets no more memory
GRACE_SECONDS = 5.0
STATUS = Path("/proc/self/statm")
MEGABYTE = 1_000_000
HEADROOM = 256 * MEGABYTE
WATCH_SECONDS = 0.05

_busy = threading.Event()
"""Set while a task runs in this process."""

_deadline: list[float] = [0.0]
"""When the task that runs must have ended, on the monotonic clock."""


@contextlib.contextmanager
def at_work(seconds: float) -> Iterator[None]:
    """Let a task run that must end in so many seconds; a while later this process ends."""
    _deadline[0] = time.monotonic() + seconds + GRACE_SECONDS
    _alarm(seconds + GRACE_SECONDS)
    _busy.set()
    try:
        yield
    finally:
        _busy.clear()
        _alarm(0)


def _alarm(seconds: float) -> None:
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, seconds)  # nobody handles the signal: it ends the process


def set_limits(memory_limit_mb: int) -> None:
    """End this process when a task needs so much more memory than it has now (where the system tells) or time."""
    growth = memory_limit_mb * MEGABYTE
    most: int | None = None
    if resource is not None and STATUS.exists():
        resident, data = _memory()
        most = resident + growth
        # Of data, not of address space: Saxon reserves tens of gigabytes that it never touches.
        resource.setrlimit(resource.RLIMIT_DATA, (data + growth + HEADROOM, resource.RLIM_INFINITY))
    threading.Thread(target=_watch, args=(most,), daemon=True, name="limits").start()


def _memory() -> tuple[int, int]:
    """Return the bytes of memory that this process uses, and those of data that it may write to."""
    pages = STATUS.read_bytes().split()
    return int(pages[1]) * mmap.PAGESIZE, int(pages[5]) * mmap.PAGESIZE


def _watch(most_memory: int | None) -> None:
    while True:
        _busy.wait()
        try:
            if most_memory is not None and _memory()[0] > most_memory:
                os._exit(MEMORY_EXIT_CODE)
        except MemoryError:
            os._exit(MEMORY_EXIT_CODE)
        if time.monotonic() > _deadline[0]:
            os._exit(TIME_EXIT_CODE)
        time.sleep(WATCH_SECONDS)
