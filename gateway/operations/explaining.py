"""Explains a file: what would become of each order if it were dropped now. Nothing is sent, moved or written.

Reads through an engine (worker processes, as the service does) and looks into the journal when there is one. The
file is mapped twice: once to know what would become of all its orders, and once more those that are shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from lxml import etree

from gateway.documents.compare import describe_difference
from gateway.documents.ubl import DocumentError
from gateway.documents.xmlio import parse_document, read_prolog
from gateway.errors import FileRejected, UsageError
from gateway.jakamo.preview import Preview, preview_send
from gateway.jakamo.protocol import UnusableAddress
from gateway.journal.foresight import Past, pasts
from gateway.journal.glance import Glance
from gateway.journal.pass_one import first_with_bytes
from gateway.mapping.engine import Engine
from gateway.mapping.mapping import Mapping
from gateway.mapping.worker import ReadTask
from gateway.model import Facts, Finding, MapResult, MessageKind, MessageState, OrderSource, ReadResult
from gateway.operations.explanation import Explanation, LastSent, OrderDetail, OrderFate, Source
from gateway.operations.judging import Judge, Judged, Terms
from gateway.operations.lives import source_place
from gateway.operations.result_marks import marks, readable
from gateway.operations.source_view import SourceView, around_findings, view

NAMES_SHOWN = 10
_LINES = re.compile(rb' src:line="(\d+)"')
_ROWS = re.compile(rb'<row n="(\d+)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which orders are explained (all, when none is named), and how many of them are shown in full."""

    orders: tuple[str, ...] = ()
    limit: int = 20


class Explainer:
    """Explains files by one set of terms."""

    def __init__(self, terms: Terms, engine: Engine, glance: Glance | None, journal_words: str, now: datetime) -> None:
        self._terms, self._engine, self._glance = terms, engine, glance
        self._journal_words = journal_words
        self._judge = Judge(terms, engine, now)

    def explain(self, task: ReadTask, data: bytes, wanted: Wanted) -> Explanation:
        """Return everything about one file; `data` are its bytes. Raises UsageError for an order it does not hold."""
        try:
            read = self._engine.read(task)
        except FileRejected as refusal:
            return self._rejected(task, data, refusal)
        sources = _picked(read.orders, wanted.orders)
        known = self._pasts({source.order_number for source in sources})
        judged = self._judge.judge(sources, known)
        fates = self._judge.fates(judged, known, self._duplicate_of(read))
        shown = _worth_showing(fates, wanted.limit)
        details, rows = self._details(data, [one for one in judged if one.source.ordinal in shown], fates, known)
        source = replace(self._source(task, data, rows), sha256=read.sha256, orders=len(read.orders))
        empty = self._empty(task)
        return replace(
            empty, source=source, warnings=read.warnings, fates=tuple(fates.values()), shown=tuple(details)
        )

    # The file

    def _empty(self, task: ReadTask) -> Explanation:
        terms = self._terms
        return Explanation(
            file=task.name, mapping=terms.mapping, route=terms.route, account=terms.account_name,
            sends=terms.account is not None and terms.account.send, considered=terms.considered,
            journal=self._journal_words, source=None, rejected=(), rejected_source=None, warnings=(), fates=(),
            shown=(),
        )  # fmt: skip

    def _rejected(self, task: ReadTask, data: bytes, refusal: FileRejected) -> Explanation:
        findings = tuple(one for one in refusal.findings if isinstance(one, Finding))
        findings = findings or (Finding(code=refusal.code, message=refusal.message),)
        source = around_findings(self._terms.mapping, data, findings)
        return replace(
            self._empty(task), source=self._source(task, data, None), rejected=findings, rejected_source=source
        )

    def _source(self, task: ReadTask, data: bytes, rows: int | None) -> Source:
        mapping = self._terms.mapping
        return Source(
            name=task.name, size=len(data), sha256=None, format=mapping.format, dialect=_dialect(mapping, data),
            rows=rows, orders=0,
        )  # fmt: skip

    # What would become of each order

    def _pasts(self, numbers: Iterable[str]) -> dict[str, Past]:
        name, glance = self._terms.account_name, self._glance
        wanted = sorted(numbers)
        if glance is None or name is None:
            return {number: Past() for number in wanted}
        return glance.read(lambda c: pasts(c, name, wanted))

    def _duplicate_of(self, read: ReadResult) -> int | None:
        name, glance = self._terms.account_name, self._glance
        if glance is None or name is None:
            return None
        return glance.read(lambda c: first_with_bytes(c, [read.sha256])).get((name, read.sha256))

    # What is shown in full

    def _details(
        self, data: bytes, judged: Sequence[Judged], fates: dict[int, OrderFate], known: dict[str, Past]
    ) -> tuple[list[OrderDetail], int | None]:
        """Return the orders to show, and how many rows a CSV has."""
        places = {one.source.ordinal: self._numbers(one, data) for one in judged}
        whole, rows = view(self._terms.mapping, data, {number for some in places.values() for number in some})
        results = self._judge.map([(one.source, one.assumed) for one in judged])
        details = []
        for one in judged:
            ordinal = one.source.ordinal
            part = whole.part(places[ordinal])
            past = known[one.source.order_number]
            details.append(self._detail(one, fates[ordinal], results.get(ordinal), part, past))
        return details, rows

    def _detail(
        self, one: Judged, fate: OrderFate, result: MapResult | None, source: SourceView, past: Past
    ) -> OrderDetail:
        body = (result.body or result.refused_body) if result is not None else None
        text = readable(body) if body is not None else None
        canonical = one.source.canonical
        return OrderDetail(
            fate=fate,
            place=source_place(canonical),
            source=source,
            canonical=readable(canonical),
            result=text,
            request=self._request(fate, one.facts, body),
            last_sent=_last_sent(past, one.facts, body),
            marks=marks(text, fate.findings, canonical) if text is not None else {},
        )

    def _request(self, fate: OrderFate, facts: Facts | None, body: bytes | None) -> Preview | None:
        if facts is None or body is None or not (fate.goes or fate.state is MessageState.REHEARSED):
            return None
        try:
            return preview_send(self._terms.account, facts.kind, facts.order_number, body)
        except UnusableAddress:
            return None

    def _numbers(self, one: Judged, data: bytes) -> set[int]:
        """Return the rows or lines of the source that an order comes from, and those that its findings name."""
        named = {place for finding in one.findings if (place := finding.row or finding.line) is not None}
        if self._terms.mapping.format == "csv":
            return named | {int(number) for number in _ROWS.findall(one.source.canonical)}
        own = one.source.canonical.rpartition(b"</envelope>")[2]
        lines = [int(number) for number in _LINES.findall(own)]
        if self._terms.mapping.format == "ubl" or not lines:
            return named | set(range(1, data.count(b"\n") + 2))
        return named | set(range(min(lines), max(lines) + 2))


def _picked(orders: Sequence[OrderSource], names: Sequence[str]) -> Sequence[OrderSource]:
    if not names:
        return orders
    there = {order.order_number for order in orders}
    absent = [name for name in names if name not in there]
    if absent:
        some = ", ".join(list(dict.fromkeys(order.order_number for order in orders))[:NAMES_SHOWN])
        more = f" ... ({len(there)} in all)" if len(there) > NAMES_SHOWN else ""
        raise UsageError(f'The file holds no order "{absent[0]}".', hint=f"It holds: {some}{more}.")
    return [order for order in orders if order.order_number in names]


def _worth_showing(fates: dict[int, OrderFate], limit: int) -> set[int]:
    """Return the orders to show: those that need a person first, then as they stand in the file."""
    first = sorted(fates.values(), key=lambda fate: (not fate.needs_person, not fate.findings, fate.ordinal))
    return {fate.ordinal for fate in first[:limit]}


def _last_sent(past: Past, facts: Facts | None, body: bytes | None) -> LastSent | None:
    if past.last is None or facts is None or body is None or facts.kind is MessageKind.STATUS:
        return None
    try:
        difference = tuple(describe_difference(past.last.body, body))
    except DocumentError:
        return None
    return LastSent(message=past.last.message, at=past.last.at, difference=difference)


def _dialect(mapping: Mapping, data: bytes) -> tuple[tuple[str, str], ...]:
    """Return how the file is written: as the mapping declares it, or as an XML says itself."""
    if mapping.format != "csv":
        prolog = read_prolog(data)
        return (("encoding", prolog.declared or prolog.bom or "utf-8"), *_root(data, mapping.doctype))
    form = mapping.csv
    told = (
        ("encoding", form.encoding),
        ("delimiter", {"\t": "tab", " ": "blank"}.get(form.delimiter, form.delimiter)),
        ("quote", form.quote or "none"),
        ("decimal mark", form.decimal or ""),
        ("dates", ", ".join(form.dates or ())),
        ("header row", "yes" if form.header_row else "no"),
    )
    return tuple((word, value) for word, value in told if value)


def _root(data: bytes, doctype: str) -> tuple[tuple[str, str], ...]:
    try:
        root = parse_document(data, doctype=doctype)
    except ValueError:
        return ()
    name = etree.QName(root)
    return (("root", name.localname), *((("namespace", name.namespace),) if name.namespace else ()))
