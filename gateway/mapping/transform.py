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
from gateway.documents.xmlio import TrustedFolders, XmlError, parse_document, parse_trusted, read_prolog
from gateway.errors import Problem, SettingsError
from gateway.mapping.mapping import Mapping, common_folders
from gateway.mapping.provenance import finding
from gateway.mapping.rejection import shown
from gateway.mapping.schemas import SchemaStore, root_problem
from gateway.mapping.validate import verdict
from gateway.model import Facts, Finding, MapRequest, MapResult, MessageKind

KEPT_STYLESHEETS = 32
_SENT_ROOTS = tuple(kind.value for kind in MessageKind)


class StylesheetError(Exception):
    """A stylesheet did not finish, or said by a message that it will not; `refused` tells which."""

    def __init__(self, message: str, *, refused: bool) -> None:
        super().__init__(message)
        self.refused = refused


def compile_stylesheet(mapping: Mapping) -> etree.XSLT:
    """Return the compiled stylesheet of a mapping; raises SettingsError naming file and line."""
    path = mapping.stylesheet
    if path is None:
        raise SettingsError([Problem(str(mapping.folder), "this mapping has no stylesheet")])
    folders = TrustedFolders([[mapping.folder], common_folders(mapping.folder)])
    try:
        return etree.XSLT(parse_trusted(path, folders), access_control=_no_access())
    except (XmlError, etree.XSLTParseError, OSError) as error:
        log: Any = getattr(error, "error_log", ())
        problems = [Problem(f"{entry.filename}, line {entry.line}", str(entry.message)) for entry in log]
        raise SettingsError(problems or [Problem(str(path), f"this stylesheet cannot be used: {error}")]) from error


def _no_access() -> etree.XSLTAccessControl:
    return etree.XSLTAccessControl(  # type: ignore[call-arg]  # stubs lag
        read_file=False, write_file=False, create_dir=False, read_network=False, write_network=False
    )


class Mapper:
    """Maps orders; keeps what it compiled, by the hash of the mapping."""

    def __init__(self, schemas: SchemaStore) -> None:
        self._schemas = schemas
        self._stylesheets: OrderedDict[str, etree.XSLT] = OrderedDict()

    def map_order(self, mapping: Mapping, request: MapRequest) -> MapResult:
        """Return the valid body of one order with its facts, or the findings that refuse it.

        Raises SettingsError when the stylesheet or a schema cannot be used: no fault of the order.
        """
        outcome = _Outcome(mapping, request)
        source = parse_document(request.canonical)
        if mapping.format == "ubl":
            outcome.body, root, result = request.canonical, source, source.getroottree()
        else:
            try:
                result = self._run(mapping, source, request, outcome)
            except StylesheetError as error:
                return outcome.refused("refused-by-stylesheet" if error.refused else "mapping-fault", str(error))
            found: Any = result.getroot()
            if found is None:
                return outcome.refused("unknown-root", "The stylesheet gave no document.", _wanted())
            root = found
            outcome.body = _serialised(result)
        wrong = root_problem(root, _SENT_ROOTS) or _encoding_problem(outcome.body)
        if wrong is not None:
            return outcome.refused(*wrong)
        outcome.add(finding(fault, mapping, source) for fault in verdict(root, self._schemas, strict=request.strict))
        return outcome.with_facts(root, source)

    def _run(self, mapping: Mapping, source: etree._Element, request: MapRequest, outcome: _Outcome) -> Any:
        transform = self._stylesheet(mapping)
        text = etree.XSLT.strparam
        parameters: dict[str, Any] = {
            "known": text("true" if request.known else "false"),
            "change-number": text(str(request.change_number)),
            "release-as": text(request.release_as.value if request.release_as else ""),
        }
        try:
            result = transform(source, **parameters)
        except etree.XSLTApplyError as error:
            raise _stylesheet_error(error) from error
        log: Any = transform.error_log  # type: ignore[attr-defined]  # stubs lag
        outcome.add(_message(str(entry.message)) for entry in log)
        return result

    def _stylesheet(self, mapping: Mapping) -> etree.XSLT:
        known = self._stylesheets.get(mapping.hash)
        if known is None:
            known = compile_stylesheet(mapping)
            self._stylesheets[mapping.hash] = known
            if len(self._stylesheets) > KEPT_STYLESHEETS:
                self._stylesheets.popitem(last=False)
        return known


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

    def refused(self, code: str, message: str, expected: str | None = None) -> MapResult:
        """Return the refusal of the order for one more reason."""
        self._findings.append(Finding(code=code, message=message, expected=expected))
        return self._result(None, None)

    def with_facts(self, root: etree._Element, source: etree._Element) -> MapResult:
        """Return the result, valid unless a finding refuses it."""
        if any(one.severity == "error" for one in self._findings):
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


def _serialised(result: Any) -> bytes:
    """Return the result as its stylesheet wants it written; always UTF-8 with a declaration."""
    body = bytes(result)
    if body.startswith(b"<?xml") and (read_prolog(body).declared or "utf-8").lower() == "utf-8":
        return body
    return bytes(etree.tostring(result, encoding="UTF-8", xml_declaration=True))


def _message(text: str) -> Finding:
    return Finding(code="stylesheet-message", message=shown(text.strip()), severity="warning")


def _stylesheet_error(error: etree.XSLTApplyError) -> StylesheetError:
    """Return what went wrong: the stylesheet's own last words, or the library's with file and line."""
    log: Any = error.error_log
    entries = [(str(entry.filename or ""), int(entry.line), str(entry.message)) for entry in log]
    places = [(name, line) for name, line, message in entries if message.startswith("runtime error")]
    words = [message.strip() for _name, _line, message in entries if not message.startswith("runtime error")]
    useful = [one for one in words if one != "unknown error"] or [str(error)]
    if not places and not any("XPath" in one for one in words):
        return StylesheetError(shown(useful[-1]), refused=True)
    at = f" ({places[0][0].rpartition('/')[2]}, line {places[0][1]})" if places else ""
    said = "; ".join(dict.fromkeys(useful))
    return StylesheetError(f"The stylesheet failed{at}: {shown(said)}.", refused=False)
