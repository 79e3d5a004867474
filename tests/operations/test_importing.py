"""An export folded into what Jakamo has: pure but for the reader, which stands in for the pool in this process."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import TypeVar

from gateway.journal.imports import Declared
from gateway.model import Facts, Finding, MapRequest, MapResult, MessageKind, OrderSource, ReadResult
from gateway.operations.importing import Export, foresee, read_export

T = TypeVar("T")
CHANGE, ORDER, STATUS = MessageKind.CHANGE, MessageKind.ORDER, MessageKind.STATUS


class Sheet:
    """Gives the documents it was made of, as a pool of workers would."""

    def __init__(self, *documents: tuple[str, MessageKind, str]) -> None:
        self.documents = documents
        self.largest = 0

    def read(self, mapping: str, path: Path, *, name: str, trailer: bool, max_bytes: int) -> Future[ReadResult]:
        """Return every document as an order source; one whose content is "bad" has a bad cell."""
        bad = (Finding(code="bad-date", message="no date", row=3),)
        orders = tuple(
            OrderSource(
                ordinal=place, order_number=number, kind_hint=kind, revision=None, canonical=b"", source_hash=content,
                findings=bad if content == "bad" else (),
            )
            for place, (number, kind, content) in enumerate(self.documents)
        )  # fmt: skip
        return _now(ReadResult(sha256="", size=1, orders=orders))

    def map(self, requests: Sequence[MapRequest]) -> Future[list[MapResult]]:
        """Return facts with the content as hash; its letters are the lines."""
        self.largest = max(self.largest, len(requests))
        return _now([self._one(request) for request in requests])

    def _one(self, request: MapRequest) -> MapResult:
        number, kind, content = self.documents[request.key]
        if content == "refused":
            refused = (Finding(code="schema", message="no unit"),)
            return MapResult(key=request.key, body=None, facts=None, findings=refused)
        known = Facts(
            kind=kind, order_number=number, content_hash=content, supplier="S" if kind is ORDER else None,
            line_ids=tuple(content), status_word=content if kind is STATUS else None,
        )  # fmt: skip
        return MapResult(key=request.key, body=b"x", facts=known)


def _now(value: T) -> Future[T]:
    future: Future[T] = Future()
    future.set_result(value)
    return future


def folded(*documents: tuple[str, MessageKind, str], complete: bool = True) -> dict[str, Declared]:
    """Return what an export of these documents declares, by order number."""
    export = Export(
        path=Path("x.csv"), mapping="m", strict=True, complete_order=complete, trailer=False, max_bytes=1
    )
    return {order.order_number: order for order in read_export(Sheet(*documents), export)[0]}


def test_the_last_document_of_an_order_is_what_counts() -> None:
    """An order and its change in one export: the change's content, and that it was the first change."""
    order = folded(("PO-1", ORDER, "ab"), ("PO-1", CHANGE, "abc"))["PO-1"]
    assert (order.content_hash, order.change_count, order.supplier, order.line_ids) == ("abc", 1, "S", ("a", "b", "c"))


def test_a_change_that_holds_only_what_changes_leaves_the_other_lines() -> None:
    """Where the mapping says that changes are partial, the lines of the order before are still there."""
    order = folded(("PO-1", ORDER, "ab"), ("PO-1", CHANGE, "c"), complete=False)["PO-1"]
    assert order.line_ids == ("a", "b", "c")


def test_a_cancellation_in_the_export_is_remembered_with_the_content() -> None:
    """The order was cancelled: its number must not go again as if nothing had been."""
    order = folded(("PO-1", ORDER, "ab"), ("PO-1", STATUS, "cancelled"), ("PO-2", STATUS, "received"))["PO-1"]
    assert (order.content_hash, order.cancelled) == ("ab", True)


def test_what_cannot_be_mapped_leaves_the_number_alone_with_the_reason() -> None:
    """A bad cell and a refused document: content unknown, each complaint with place and words."""
    sheet = Sheet(("PO-1", ORDER, "bad"), ("PO-2", ORDER, "refused"), ("PO-3", ORDER, "a"))
    export = Export(path=Path("x"), mapping="m", strict=True, complete_order=True, trailer=False, max_bytes=1)
    orders, complaints = read_export(sheet, export)

    assert [(o.order_number, o.content_hash) for o in orders] == [("PO-1", None), ("PO-2", None), ("PO-3", "a")]
    assert [(c.order_number, c.reason) for c in complaints] == [("PO-1", "row 3: no date"), ("PO-2", "no unit")]


def test_a_large_export_goes_in_batches_and_keeps_its_order() -> None:
    """Thousands of orders are mapped a hundred at a time."""
    sheet = Sheet(*((f"PO-{number}", ORDER, "a") for number in range(1050)))
    export = Export(path=Path("x"), mapping="m", strict=True, complete_order=True, trailer=False, max_bytes=1)
    orders, _ = read_export(sheet, export)
    assert [order.order_number for order in orders] == [f"PO-{number}" for number in range(1050)]
    assert sheet.largest == 100


def test_a_dry_run_counts_what_would_be_new() -> None:
    """Unknown numbers, and known ones that may still take content; what was sent or adds nothing is known already."""
    orders = [Declared(order_number=n, content_hash=h) for n, h in (("a", "x"), ("b", "x"), ("c", "x"), ("d", None))]
    report = foresee("main", orders, (), "f", {"b": True, "c": False, "d": True})
    assert (report.imported, report.already_known, report.numbers_alone) == (2, 2, 0)
