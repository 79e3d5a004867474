"""A message of the response queue, looked over and, where a site wants it, written as what its ERP imports.

What comes from the queue is never refused for a fault of the schema: findings say what is wrong, the message goes on.
A mapping that does not manage a message is that message's problem; one that cannot be used at all is the site's.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lxml import etree

from gateway.documents.xmlio import XmlError, parse_document
from gateway.mapping.declaration import ResponseFormat
from gateway.mapping.lookups import of_message
from gateway.mapping.mapping import Mapping
from gateway.mapping.provenance import in_document
from gateway.mapping.schemas import ROOTS, SchemaStore, root_problem
from gateway.mapping.stylesheets import StylesheetError
from gateway.mapping.transform import Mapper, message_finding, serialised
from gateway.mapping.validate import verdict
from gateway.model import Finding, ResponseRequest, ResponseResult

LINE_ENDS = {"lf": "\n", "crlf": "\r\n"}
MOST_FINDINGS = 100


class Responder:
    """Looks over queue messages and maps them; compiled stylesheets and schemas are the mapper's."""

    def __init__(self, mapper: Mapper, schemas: SchemaStore) -> None:
        self._mapper, self._schemas = mapper, schemas

    def respond(self, mapping: Mapping | None, request: ResponseRequest) -> ResponseResult:
        """Return what is wrong with a message, and what the ERP gets in its place, if a mapping takes its kind.

        Raises SettingsError when the mapping or a schema cannot be used: no fault of the message.
        """
        try:
            root = parse_document(request.body)
        except XmlError as error:
            return ResponseResult(problem=str(error))
        looked = ResponseResult(findings=tuple(self._findings(root))[:MOST_FINDINGS])
        if mapping is None or request.kind not in mapping.response.takes:
            return looked
        parameters = {
            "order-number": request.order_number,
            "account": request.account,
            "kind": str(request.kind),
        }
        try:
            result, messages = self._mapper.transform(mapping, root, parameters)
            for missing in filter(None, (of_message(mapping, text.strip()) for text in messages)):
                raise StylesheetError(missing.message, refused=True)
            written = _written(mapping, result)
        except StylesheetError as error:
            return replace(looked, problem=f"The mapping {mapping.name} failed: {error}")
        findings = (*looked.findings, *map(message_finding, messages))
        return replace(looked, findings=findings, written=written, ending=mapping.response.ending)

    def _findings(self, root: etree._Element) -> list[Finding]:
        wrong = root_problem(root, tuple(ROOTS))
        if wrong is not None:
            code, message, expected = wrong
            return [Finding(code=code, message=message, severity="warning", expected=expected)]
        faults = verdict(root, self._schemas, strict=False)
        return [replace(in_document(fault), severity="warning") for fault in faults]


def _written(mapping: Mapping, result: Any) -> bytes:
    """Return the result as bytes for the ERP. Raises StylesheetError when there is none, or it cannot be encoded."""
    declared = mapping.response
    if declared.output == "xml":
        if result.getroot() is None:
            raise StylesheetError("It gave no document.", refused=False)
        return serialised(result)
    text = str(result).replace("\r\n", "\n")
    if not text:
        raise StylesheetError("It wrote nothing.", refused=False)
    return _encoded(text.replace("\n", LINE_ENDS[declared.line_end]), declared)


def _encoded(text: str, declared: ResponseFormat) -> bytes:
    try:
        return text.encode(declared.encoding)
    except UnicodeEncodeError as error:
        if declared.unencodable == "replace":
            return text.encode(declared.encoding, errors="replace")
        letter, line = text[error.start], text.count("\n", 0, error.start) + 1
        words = (
            f'Line {line} of what it wrote holds "{letter}" (U+{ord(letter):04X}), which {declared.encoding} has not. '
            'Choose encoding = "utf-8", or unencodable = "replace".'
        )
        raise StylesheetError(words, refused=False) from None
