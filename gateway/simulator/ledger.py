"""What the simulator saw and took, exactly: every request, every accepted document. Only grows. Thread-safe."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from gateway.simulator.values import Endpoint, Headers, find_header


@dataclass(slots=True)
class RequestRecord:
    """One request. `status` is the one answered, None while unanswered or when the connection was cut."""

    index: int
    connection: int  # number of the TCP connection it came on
    at: datetime  # when its head was read, aware UTC
    method: str
    target: str  # as written, percent-encoded
    headers: Headers
    endpoint: Endpoint
    order_number: str | None = None
    body: bytes = b""
    status: int | None = None
    carried_out: bool = False  # a document, an acknowledgement, a read: what was asked was done
    fault: dict[str, Any] | None = field(default=None)

    def header(self, name: str) -> str | None:
        """Return the first value under that name, case ignored."""
        return find_header(self.headers, name)

    def to_json(self) -> dict[str, Any]:
        """Return all but the body."""
        return {
            "index": self.index,
            "connection": self.connection,
            "at": self.at.isoformat(),
            "method": self.method,
            "path": self.target,
            "headers": [list(pair) for pair in self.headers],
            "endpoint": self.endpoint,
            "order_number": self.order_number,
            "size": len(self.body),
            "status": self.status,
            "carried_out": self.carried_out,
            "fault": self.fault,
        }


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """One document that was accepted."""

    index: int
    kind: str  # Order, OrderChange, StatusMessage
    order_number: str
    body: bytes
    request: int  # index of its request
    double: bool  # an Order for a number that was known and not cancelled
    at: datetime
    status_word: str | None = None  # StatusMessage: "cancelled", "received" ... in lower case

    @property
    def sha256(self) -> str:
        """Return the hash of the exact bytes."""
        return sha256(self.body).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """Return all but the body."""
        return {
            "index": self.index,
            "kind": self.kind,
            "order_number": self.order_number,
            "sha256": self.sha256,
            "size": len(self.body),
            "request": self.request,
            "double": self.double,
            "at": self.at.isoformat(),
            "status_word": self.status_word,
        }


class Ledger:
    """Requests and accepted documents in the order they came."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._requests: list[RequestRecord] = []
        self._documents: list[DocumentRecord] = []
        self._by_order: dict[str, list[DocumentRecord]] = {}
        self._doubles = 0
        self._refused_doubles = 0

    @property
    def requests(self) -> tuple[RequestRecord, ...]:
        """Return all requests so far."""
        with self._changed:
            return tuple(self._requests)

    @property
    def documents(self) -> tuple[DocumentRecord, ...]:
        """Return all accepted documents so far."""
        with self._changed:
            return tuple(self._documents)

    @property
    def doubles(self) -> int:
        """Return how many Orders were accepted a second time (mode "accept")."""
        return self._doubles

    @property
    def refused_doubles(self) -> int:
        """Return how many Orders were refused with 409 because their number was known."""
        return self._refused_doubles

    def requests_to(
        self, endpoint: Endpoint, *, method: str | None = None, order: str | None = None
    ) -> tuple[RequestRecord, ...]:
        """Return the requests to one endpoint, narrowed by method and order number."""
        return tuple(
            record
            for record in self.requests
            if record.endpoint == endpoint and method in (None, record.method) and order in (None, record.order_number)
        )

    def documents_of(self, order_number: str) -> tuple[DocumentRecord, ...]:
        """Return what was accepted for one order."""
        with self._changed:
            return tuple(self._by_order.get(order_number, ()))

    def wait_until(self, condition: Callable[[Ledger], bool], seconds: float) -> bool:
        """Wait until `condition(ledger)` holds, looked at after each change; tell whether it does."""
        with self._changed:
            return self._changed.wait_for(lambda: condition(self), seconds)

    def counts(self) -> dict[str, int]:
        """Return the sums, cheap enough to poll."""
        with self._changed:
            return {
                "requests": len(self._requests),
                "documents": len(self._documents),
                "orders": len(self._by_order),
                "doubles": self._doubles,
                "refused_doubles": self._refused_doubles,
            }

    def open_request(
        self, connection: int, method: str, target: str, headers: Headers, endpoint: Endpoint, order: str | None
    ) -> RequestRecord:
        """Note a request whose head was read; the connection fills in the rest."""
        with self._changed:
            record = RequestRecord(
                len(self._requests), connection, datetime.now(UTC), method, target, headers, endpoint, order
            )
            self._requests.append(record)
            self._changed.notify_all()
        return record

    def touch(self) -> None:
        """Tell waiters that a record was filled in."""
        with self._changed:
            self._changed.notify_all()

    def add_document(
        self, kind: str, order_number: str, body: bytes, *, request: int, double: bool, status_word: str | None
    ) -> DocumentRecord:
        """Note an accepted document."""
        with self._changed:
            record = DocumentRecord(
                len(self._documents), kind, order_number, body, request, double, datetime.now(UTC), status_word
            )
            self._documents.append(record)
            self._by_order.setdefault(order_number, []).append(record)
            self._doubles += double
            self._changed.notify_all()
        return record

    def count_refused_double(self) -> None:
        """Count an Order that was refused because its number is known."""
        with self._changed:
            self._refused_doubles += 1
