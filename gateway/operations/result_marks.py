"""Which lines of a result a finding is about: by its path there, else by the value it names. Pure.

A value that stands at many places marks none: a wrong mark would be worse than no mark.
"""

from __future__ import annotations

from collections.abc import Sequence

from lxml import etree

from gateway.documents.xmlio import XmlError, parse_document
from gateway.mapping.xml_paths import place
from gateway.model import Finding

MOST_PLACES = 3


def readable(body: bytes) -> str:
    """Return a document as text of many lines; one that has lines of its own stays as it is. Never raises."""
    if body.count(b"\n") > 1:
        return body.decode("utf-8", "replace")
    try:
        root = parse_document(body)
    except (XmlError, ValueError):
        return body.decode("utf-8", "replace")
    etree.indent(root)
    return etree.tostring(root, encoding="unicode") + "\n"


def marks(text: str, findings: Sequence[Finding], canonical: bytes) -> dict[int, tuple[int, ...]]:
    """Return for lines of a result, first is 1, the numbers of the findings that are about them."""
    try:
        root, source = parse_document(text.encode()), parse_document(canonical)
    except (XmlError, ValueError):
        return {}
    found: dict[int, tuple[int, ...]] = {}
    for number, finding in enumerate(findings):
        for element in _places(finding, root, source):
            line: object = element.sourceline
            if isinstance(line, int):
                found[line] = (*found.get(line, ()), number)
    return found


def _places(finding: Finding, root: etree._Element, source: etree._Element) -> list[etree._Element]:
    if finding.path is not None:
        wanted = finding.path.partition("/@")[0]
        named = [one for one in root.iter(etree.Element) if place(one) == wanted]
        if named:
            return named
    scope = _line_of_row(finding, root, source)
    texts = _texts(finding, source)
    holders = [one for one in scope.iter(etree.Element) if texts & {(one.text or "").strip(), *one.attrib.values()}]
    return holders if len(holders) <= MOST_PLACES else []


def _line_of_row(finding: Finding, root: etree._Element, source: etree._Element) -> etree._Element:
    """Return the line of the result that a row of the source became, when each row became one; else all of it."""
    rows = [one.get("n") for one in source if one.tag == "row"]
    lines = [one for one in root if etree.QName(one).localname == "OrderLine"]
    if finding.row is None or len(lines) != len(rows) or str(finding.row) not in rows:
        return root
    line = lines[rows.index(str(finding.row))]
    inside = _texts(finding, source) & {(one.text or "").strip() for one in line.iter(etree.Element)}
    return line if inside else root


def _texts(finding: Finding, source: etree._Element) -> set[str]:
    """Return the value as the finding has it, and as the stylesheet was given it."""
    if not finding.value:
        return set()
    texts = {finding.value}
    for row in source:
        if row.get("n") == str(finding.row):
            texts |= {cell.text or "" for cell in row if finding.value in (cell.get("raw"), cell.text)}
    return texts - {""}
