"""The orders that the simulated Jakamo holds: accepts documents by the rules, keeps each order's state."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from gateway.simulator.checks import Document, read_document
from gateway.simulator.ledger import DocumentRecord, Ledger
from gateway.simulator.values import Refused

DuplicateOrders = Literal[
    "refuse",  # a second POST of a known number is 409
    "accept",  # it is accepted and counted as a double
    "after-cancel",  # refused, unless the order was cancelled: then it is ordered anew, no double
]


@dataclass(frozen=True, slots=True)
class KeptAttachment:
    """A file the buyer sent for an order."""

    filename: str
    content_type: str
    content: bytes


@dataclass(slots=True)
class OrderState:
    """One order as the simulated Jakamo sees it. `state` is new, changed, cancelled, received or delivered."""

    number: str
    state: str = "new"
    changes: int = 0
    latest: DocumentRecord | None = None  # the Order or OrderChange in force
    attachments: list[KeptAttachment] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return the state without bodies."""
        return {
            "state": self.state,
            "changes": self.changes,
            "attachments": [
                {"filename": each.filename, "content_type": each.content_type, "size": len(each.content)}
                for each in self.attachments
            ],
        }


class OrderStore:
    """All orders by number. Thread-safe: checking a number and taking the order is one step."""

    def __init__(self, ledger: Ledger, *, duplicates: DuplicateOrders) -> None:
        self.set_duplicates(duplicates)
        self._ledger = ledger
        self._lock = threading.Lock()
        self._orders: dict[str, OrderState] = {}

    def set_duplicates(self, mode: DuplicateOrders) -> None:
        """Choose what becomes of a known number from now on; raises ValueError for an unknown mode."""
        if mode not in get_args(DuplicateOrders):
            raise ValueError(f"No mode {mode!r}; known: {', '.join(get_args(DuplicateOrders))}.")
        self.duplicates = mode

    def get(self, number: str) -> OrderState:
        """Return one order; raises LookupError when the number is unknown."""
        try:
            return self._orders[number]
        except KeyError:
            raise LookupError(f"No order {number!r}.") from None

    def __contains__(self, number: object) -> bool:
        return number in self._orders

    def to_json(self) -> dict[str, Any]:
        """Return every order's state with the hashes of its documents."""
        with self._lock:
            orders = list(self._orders.values())
        return {
            order.number: {
                **order.to_json(),
                "documents": [record.to_json() for record in self._ledger.documents_of(order.number)],
            }
            for order in orders
        }

    def take_order(self, body: bytes, request: int) -> Document:
        """Accept an Order. Raises Refused: 400 for a bad document, 409 for a known number."""
        document = read_document(body, ("Order",))
        with self._lock:
            known = self._orders.get(document.order_number)
            cancelled = known is not None and known.state == "cancelled"
            if known is not None and not (
                self.duplicates == "accept" or (self.duplicates == "after-cancel" and cancelled)
            ):
                self._ledger.count_refused_double()
                raise Refused(409, f"Order {document.order_number} already exists.")
            order = known or OrderState(document.order_number)
            order.latest = self._record(document, body, request, double=known is not None and not cancelled)
            order.state = "new"
            self._orders[order.number] = order
        return document

    def take_update(self, number: str, body: bytes, request: int) -> Document:
        """Accept an OrderChange or StatusMessage for the order in the URL.

        Raises Refused: 400 for a bad document or another order's, 404 for an unknown number.
        """
        document = read_document(body, ("OrderChange", "StatusMessage"))
        if document.order_number != number:
            raise Refused(400, f"The address names order {number}, the document {document.order_number}.")
        with self._lock:
            order = self._orders.get(number)
            if order is None:
                raise Refused(404, "Order not found")
            record = self._record(document, body, request, double=False)
            if document.kind == "OrderChange":
                order.state, order.latest = "changed", record
                order.changes += 1
            elif document.status_word is not None and not document.of_rows:
                order.state = document.status_word
        return document

    def take_attachment(self, number: str, attachment: KeptAttachment) -> None:
        """Keep a file for an order; raises Refused 404 for an unknown number."""
        with self._lock:
            order = self._orders.get(number)
            if order is None:
                raise Refused(404, "Order not found")
            order.attachments.append(attachment)

    def _record(self, document: Document, body: bytes, request: int, *, double: bool) -> DocumentRecord:
        return self._ledger.add_document(
            document.kind,
            document.order_number,
            body,
            request=request,
            double=double,
            status_word=document.status_word,
        )
