"""One order through its stylesheet, and the verdict over what came out. Never raises for what an order holds.

Stylesheets may read no file, write none and reach no network; what they import comes from the mapping's folder and
the shared templates. Limits on time and memory are the pool's.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

from lxml import etree

from gateway.documents.ubl import DocumentError, facts_of
from gateway.documents.xmlio import parse_document, read_prolog
from gateway.mapping.faults import Fault
from gateway.mapping.lookups import of_message, translate
from gateway.mapping.mapping import Mapping
from gateway.mapping.provenance import Stand, findings, refusal_findings
from gateway.mapping.rejection import shown
from gateway.mapping.rules import broken_rules
from gateway.mapping.schemas import SchemaStore, root_problem
from gateway.mapping.stylesheets import Stylesheet, StylesheetError, compile_stylesheet
from gateway.mapping.tables import beside
from gateway.mapping.tracing import Knowledge
from gateway.mapping.trials import Budget, Ran
from gateway.mapping.validate import verdict
from gateway.model import Facts, Finding, MapRequest, MapResult, MessageKind

KEPT_STYLESHEETS = 32
TRACING_RUNS = 600
TRACING_SECONDS = 4.0
BATCH_TRACING_SECONDS = 12.0  # well below the time that a batch of orders may take
_SENT_ROOTS = tuple(kind.value for kind in MessageKind)


class Mapper:
    """Maps orders; keeps what it compiled, by the hash of the mapping."""

    def __init__(self, schemas: SchemaStore) -> None:
        self._schemas = schemas
        self._stylesheets: OrderedDict[str, Stylesheet] = OrderedDict()
        self._knowledge: OrderedDict[str, Knowledge] = OrderedDict()
        self._tracing_seconds = BATCH_TRACING_SECONDS

    def begin_batch(self) -> None:
        """Give the orders that come now their time to be traced; without, all orders share the first."""
        self._tracing_seconds = BATCH_TRACING_SECONDS

    def map_order(self, mapping: Mapping, request: MapRequest) -> MapResult:
        """Return the valid body of one order with its facts, or the findings that refuse it.

        Raises SettingsError when the stylesheet or a schema cannot be used: no fault of the order.
        """
        outcome = _Outcome(mapping, request)
        source = parse_document(request.canonical)
        if mapping.format == "ubl":
            outcome.body, root, result = request.canonical, source, source.getroottree()
        else:
            outcome.add(translate(mapping, source))
            if outcome.has_errors:
                return outcome.result()
            try:
                result = self._run(mapping, source, request, outcome)
            except StylesheetError as error:
                return self._refused(mapping, source, request, outcome, error)
            if outcome.has_errors:
                return outcome.result()
            found: Any = result.getroot()
            if found is None:
                return outcome.refused("unknown-root", "The stylesheet gave no document.", _wanted())
            root = found
            outcome.body = serialised(result)
        wrong = root_problem(root, _SENT_ROOTS) or _encoding_problem(outcome.body)
        if wrong is not None:
            return outcome.refused(*wrong)
        faults = verdict(root, self._schemas, strict=request.strict)
        faults += broken_rules(root, request.rules, faults, request.suppliers)
        if faults:
            outcome.add(findings(faults, root, stand := self._stand(mapping, source, request)))
            self._tracing_seconds -= stand.budget.spent_seconds
        return outcome.with_facts(root, source)

    def _refused(
        self, mapping: Mapping, source: etree._Element, request: MapRequest, outcome: _Outcome, error: StylesheetError
    ) -> MapResult:
        if not error.refused:
            return outcome.refused("mapping-fault", str(error))
        stand = self._stand(mapping, source, request)

        def judge(root: etree._Element, as_in_source: bool) -> list[Fault]:
            if root_problem(root, _SENT_ROOTS) is not None:
                return []
            faults = verdict(root, self._schemas, strict=request.strict)
            rules = request.rules if as_in_source else ()
            return faults + broken_rules(root, rules, faults, request.suppliers)

        outcome.add(refusal_findings(str(error), stand, judge))
        self._tracing_seconds -= stand.budget.spent_seconds
        return outcome.result()

    def _stand(self, mapping: Mapping, source: etree._Element, request: MapRequest) -> Stand:
        """Return what it takes to try an order again."""
        parameters = _parameters(request)

        def run(tree: etree._Element) -> Ran:
            try:
                result, _messages = self.transform(mapping, tree, parameters)
                return Ran(result.getroot())
            except StylesheetError as error:
                return Ran(None, str(error))

        knowledge = self._knowledge.setdefault(mapping.hash, Knowledge())
        if len(self._knowledge) > KEPT_STYLESHEETS:
            self._knowledge.popitem(last=False)
        budget = Budget(TRACING_RUNS, min(TRACING_SECONDS, self._tracing_seconds))
        return Stand(mapping, source, run, knowledge, budget)

    def _run(self, mapping: Mapping, source: etree._Element, request: MapRequest, outcome: _Outcome) -> Any:
        result, messages = self.transform(mapping, source, _parameters(request))
        outcome.add(of_message(mapping, text.strip()) or message_finding(text) for text in messages)
        return result

    def transform(
        self, mapping: Mapping, source: etree._Element, parameters: dict[str, str]
    ) -> tuple[Any, list[str]]:
        """Return what the mapping's stylesheet makes of a source, and its messages. Raises StylesheetError."""
        tables = mapping.tables_element
        with beside(source, tables):
            return self._stylesheet(mapping).transform(source, parameters, has_tables=tables is not None)

    def _stylesheet(self, mapping: Mapping) -> Stylesheet:
        known = self._stylesheets.get(mapping.hash)
        if known is None:
            known = compile_stylesheet(mapping)
            self._stylesheets[mapping.hash] = known
            if len(self._stylesheets) > KEPT_STYLESHEETS:
                self._stylesheets.popitem(last=False)
        return known


def _parameters(request: MapRequest) -> dict[str, str]:
    """Return what a stylesheet is told of an order."""
    return {
        "known": "true" if request.known else "false",
        "change-number": str(request.change_number),
        "release-as": request.release_as.value if request.release_as else "",
    }


class _Outcome:
    """What is known of one result so far."""

    def __init__(self, mapping: Mapping, request: MapRequest) -> None:
        self._mapping = mapping
        self._request = request
        self._findings: list[Finding] = []
        self.body: bytes = b""

    def add(self, findings: Iterable[Finding]) -> None:
        """Keep findings."""
        self._findings += findings

    @property
    def has_errors(self) -> bool:
        """Tell whether a finding refuses the order already."""
        return any(one.severity == "error" for one in self._findings)

    def result(self) -> MapResult:
        """Return the refusal of the order for the findings there are."""
        return self._result(None, None)

    def refused(self, code: str, message: str, expected: str | None = None) -> MapResult:
        """Return the refusal of the order for one more reason."""
        self._findings.append(Finding(code=code, message=message, expected=expected))
        return self._result(None, None)

    def with_facts(self, root: etree._Element, source: etree._Element) -> MapResult:
        """Return the result, valid unless a finding refuses it."""
        if self.has_errors:
            return self._result(None, None)
        try:
            known = facts_of(root)
        except DocumentError as error:
            return self.refused("unknown-document", error.message)
        grouped = source.get("number") if self._mapping.format != "ubl" else None
        if grouped is not None and grouped != known.order_number:
            wrote, said = shown(known.order_number), shown(grouped)
            words = f'The stylesheet wrote order number "{wrote}", the source says "{said}".'
            return self.refused("order-number-changed", words, said)
        wanted = self._request.release_as
        if wanted is not None and known.kind is not wanted:
            words = f"The document is an {known.kind}, but was to be sent as {wanted}."
            return self.refused("released-as-other", words, f"a document with root {wanted}")
        return self._result(self.body, known)

    def _result(self, body: bytes | None, known: Facts | None) -> MapResult:
        return MapResult(
            key=self._request.key,
            body=body,
            facts=known,
            findings=tuple(self._findings),
            mapping_hash=self._mapping.hash,
            refused_body=self.body or None if body is None else None,
        )


def _encoding_problem(body: bytes) -> tuple[str, str, str] | None:
    """Return why Jakamo would not read a document's bytes, which a pass-through sends as they are; or None."""
    prolog = read_prolog(body)
    written = (prolog.declared or prolog.bom or "utf-8").lower()
    if written in ("utf-8", "us-ascii", "ascii"):
        return None
    return "encoding", f"The document is written in {shown(written)}; Jakamo takes UTF-8 only.", "UTF-8"


def _wanted() -> str:
    return f"a document with root {' or '.join(_SENT_ROOTS)}"


def serialised(result: Any) -> bytes:
    """Return the result as its stylesheet wants it written; always UTF-8 with a declaration."""
    body = bytes(result)
    if body.startswith(b"<?xml") and (read_prolog(body).declared or "utf-8").lower() == "utf-8":
        return body
    return bytes(etree.tostring(result, encoding="UTF-8", xml_declaration=True))


def message_finding(text: str) -> Finding:
    """Return what a stylesheet said by a message as a warning."""
    return Finding(code="stylesheet-message", message=shown(text.strip()), severity="warning")
