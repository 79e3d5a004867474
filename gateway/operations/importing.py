"""Declares what Jakamo already has, at a cut-over: a list of order numbers, or a whole export through its mapping.

The mapped content of an export counts as last sent, so that the next full export sends only what changed.
An order of which no content can be had (a number alone, or one that its mapping refuses) is remembered by its
number: its first repeat becomes the baseline and is not sent.
"""

from __future__ import annotations

import unicodedata
from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from gateway.clock import Clock
from gateway.errors import UsageError
from gateway.journal.imports import Declared, known_numbers, record_declared
from gateway.journal.journal import Journal
from gateway.journal.lanes import LaneKeeper
from gateway.model import MapRequest, MapResult, MessageKind, OrderSource, ReadResult

BATCH = 100
BATCHES_AHEAD = 4
LONGEST_NUMBER = 35
MOST_COMPLAINTS = 10


class Mapper(Protocol):
    """What importing needs of the mapping pool."""

    def read(self, mapping: str, path: Path, *, name: str, trailer: bool, max_bytes: int) -> Future[ReadResult]:
        """Read a whole file; the future raises FileRejected when its structure is broken."""
        ...

    def map(self, requests: Sequence[MapRequest]) -> Future[list[MapResult]]:
        """Map and validate a batch; one bad request does not fail the others."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """A file to be read as its route reads it."""

    path: Path
    mapping: str
    strict: bool
    complete_order: bool
    trailer: bool
    max_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """One order of which only the number could be taken, and why."""

    order_number: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What an import did, or in a dry run would do."""

    account: str
    file: str
    orders: int  # different order numbers in the file
    imported: int
    already_known: int  # sent by the gateway, or known and with nothing to add
    numbers_alone: int  # of the imported ones: those without content
    complaints: tuple[Complaint, ...]
    dry_run: bool


class Importer:
    """Imports into one account of an open journal."""

    def __init__(self, journal: Journal, keeper: LaneKeeper, clock: Clock, account: str) -> None:
        self._journal, self._keeper, self._clock, self._account = journal, keeper, clock, account

    def take(self, orders: Sequence[Declared], complaints: Sequence[Complaint], file: str, by: str) -> ImportReport:
        """Remember orders, in one transaction, and say which were new."""
        now, text = self._clock.now(), f"from {file} by {by}"
        taken = self._journal.write(lambda c: record_declared(c, self._account, orders, self._keeper, text, now))
        return _report(self._account, file, orders, taken, complaints, dry_run=False)

    def foresee(self, orders: Sequence[Declared], complaints: Sequence[Complaint], file: str) -> ImportReport:
        """Say what `take` would do; change nothing."""
        numbers = [order.order_number for order in orders]
        known = self._journal.read(lambda c: known_numbers(c, self._account, numbers))
        return foresee(self._account, orders, complaints, file, known)


def foresee(
    account: str,
    orders: Sequence[Declared],
    complaints: Sequence[Complaint],
    file: str,
    known: Mapping[str, bool] = MappingProxyType({}),
) -> ImportReport:
    """Say what an import would do, where `known` says of each remembered number whether it may take new content."""
    taken = {
        order.order_number
        for order in orders
        if order.order_number not in known or (known[order.order_number] and order.content_hash is not None)
    }
    return _report(account, file, orders, taken, complaints, dry_run=True)


def _report(
    account: str,
    file: str,
    orders: Sequence[Declared],
    taken: Collection[str],
    complaints: Sequence[Complaint],
    *,
    dry_run: bool,
) -> ImportReport:
    alone = sum(1 for order in orders if order.order_number in taken and order.content_hash is None)
    return ImportReport(
        account=account, file=file, orders=len(orders), imported=len(taken),
        already_known=len(orders) - len(taken), numbers_alone=alone, complaints=tuple(complaints), dry_run=dry_run,
    )  # fmt: skip


def read_numbers(data: bytes) -> list[Declared]:
    """Return the orders of a list: one number a line, UTF-8, empty lines left out, each number once.

    Raises UsageError for what looks like no list of order numbers.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UsageError(f"Line {line} is not UTF-8. Save the list as UTF-8.") from None
    numbers: dict[str, None] = {}
    complaints = []
    for count, written in enumerate(text.splitlines(), start=1):
        word = written.strip()
        wrong = _not_a_number(word)
        if wrong:
            complaints.append(f"line {count} {wrong}")
        elif word:
            numbers[word] = None
    if complaints:
        more = f", and {len(complaints) - MOST_COMPLAINTS} more" if len(complaints) > MOST_COMPLAINTS else ""
        raise UsageError(
            f"This is no list of order numbers: {'; '.join(complaints[:MOST_COMPLAINTS])}{more}.",
            hint="A list has one order number a line and nothing else. For a whole export name its route (--route).",
        )
    return [Declared(order_number=number) for number in numbers]


def _not_a_number(word: str) -> str:
    if len(word) > LONGEST_NUMBER:
        return f"has {len(word)} characters; an order number has at most {LONGEST_NUMBER}"
    if ";" in word or "\t" in word or "<" in word:
        return "holds more than one value"
    if any(unicodedata.category(char).startswith("C") for char in word):
        return "holds control characters"
    return ""


def read_export(mapper: Mapper, export: Export) -> tuple[list[Declared], list[Complaint]]:
    """Read and map a whole export; return each order once, as its last document in the file leaves it.

    Raises FileRejected when the file's structure is broken; then nothing of it counts.
    """
    reading = mapper.read(
        export.mapping, export.path, name=export.path.name, trailer=export.trailer, max_bytes=export.max_bytes
    )
    folded = _Folded(export.complete_order)
    for source, result in _mapped(mapper, reading.result().orders, export):
        folded.add(source, result)
    return list(folded.orders.values()), folded.complaints


def _mapped(
    mapper: Mapper, sources: Sequence[OrderSource], export: Export
) -> Iterable[tuple[OrderSource, MapResult | None]]:
    """Map a few batches ahead; an order with bad cells is not mapped at all. In the order of the file."""
    batches = (sources[start : start + BATCH] for start in range(0, len(sources), BATCH))
    running: deque[tuple[Sequence[OrderSource], Future[list[MapResult]]]] = deque()

    def first() -> Iterable[tuple[OrderSource, MapResult | None]]:
        batch, future = running.popleft()
        results = {result.key: result for result in future.result()}
        return ((source, results.get(source.ordinal)) for source in batch)

    for batch in batches:
        requests = [
            MapRequest(key=source.ordinal, mapping=export.mapping, canonical=source.canonical, strict=export.strict)
            for source in batch
            if not _errors(source)
        ]
        running.append((batch, mapper.map(requests)))
        if len(running) >= BATCHES_AHEAD:
            yield from first()
    while running:
        yield from first()


def _errors(source: OrderSource) -> list[str]:
    return [
        f"{finding.where()}: {finding.message}" if finding.where() else finding.message
        for finding in source.findings
        if finding.severity == "error"
    ]


class _Folded:
    """What an export says of each order once all its documents are taken in turn."""

    def __init__(self, complete_order: bool) -> None:
        self.orders: dict[str, Declared] = {}
        self.complaints: list[Complaint] = []
        self._complete_order = complete_order

    def add(self, source: OrderSource, result: MapResult | None) -> None:
        """Take one document. What cannot be mapped leaves the number alone, for its content is not known now."""
        number = source.order_number
        before = self.orders.get(number) or Declared(order_number=number)
        if result is None or not result.valid or result.facts is None or result.facts.order_number != number:
            self.complaints.append(Complaint(order_number=number, reason=_why(source, result)))
            self.orders[number] = Declared(order_number=number)
            return
        facts = result.facts
        if facts.kind is MessageKind.STATUS:
            self.orders[number] = replace(before, cancelled=before.cancelled or facts.is_cancellation)
            return
        changes, lines = before.change_count, facts.line_ids
        if facts.kind is MessageKind.CHANGE:
            changes += 1
            if source.kind_hint is MessageKind.CHANGE and not self._complete_order:
                lines = tuple(dict.fromkeys([*before.line_ids, *facts.line_ids]))
        self.orders[number] = Declared(
            order_number=number, content_hash=facts.content_hash, supplier=facts.supplier or before.supplier,
            buyer=facts.buyer or before.buyer, line_ids=lines, change_count=changes,
        )  # fmt: skip


def _why(source: OrderSource, result: MapResult | None) -> str:
    errors = _errors(source)
    if not errors and result is not None:
        found = [finding for finding in result.findings if finding.severity == "error"]
        errors = [f"{one.where()}: {one.message}" if one.where() else one.message for one in found]
    if not errors:
        return "its mapping made another order number of it"
    return errors[0] + (f" (and {len(errors) - 1} more)" if len(errors) > 1 else "")
