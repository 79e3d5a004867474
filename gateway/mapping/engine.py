"""What tries a mapping out: something that reads a file into orders and maps them. Here or in worker processes.

A `Worker` does it in this process; `Pooled` lets worker processes do it, which stop a stylesheet at its limits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from gateway.mapping.worker import ReadTask
from gateway.model import MapRequest, MapResult, ReadResult, ResponseRequest, ResponseResult

if TYPE_CHECKING:
    from gateway.mapping.pool import MappingPool


class Engine(Protocol):
    """Reads and maps, as the gateway does in its workers."""

    def read(self, task: ReadTask) -> ReadResult:
        """Return the orders of a file. Raises FileRejected, SettingsError, StorageError, FileNotFoundError."""
        ...

    def map(self, requests: Sequence[MapRequest]) -> list[MapResult]:
        """Return the result of each request; never raises for what an order holds."""
        ...

    def respond(self, request: ResponseRequest) -> ResponseResult:
        """Return what the ERP gets of a message of the response queue."""
        ...


class Pooled:
    """A pool of worker processes as an engine; whoever made the pool closes it."""

    def __init__(self, pool: MappingPool) -> None:
        self._pool = pool

    def read(self, task: ReadTask) -> ReadResult:
        """Return the orders of a file, read by a worker."""
        reading = self._pool.read(
            task.mapping, task.path, name=task.name, trailer=task.trailer, max_bytes=task.max_bytes
        )
        return reading.result()

    def map(self, requests: Sequence[MapRequest]) -> list[MapResult]:
        """Return the result of each request, mapped by workers."""
        return self._pool.map(requests).result()

    def respond(self, request: ResponseRequest) -> ResponseResult:
        """Return what the ERP gets of a message, mapped by a worker."""
        return self._pool.respond(request).result()
