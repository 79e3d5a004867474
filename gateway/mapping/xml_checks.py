"""The declared values of one XML order, checked where they stand: required, type, length, unique line numbers. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as Dictionary

from lxml import etree

from gateway.mapping.rejection import MAX_ORDER_FINDINGS, shown
from gateway.mapping.values import Fault
from gateway.mapping.xml_paths import CompiledField, CompiledPaths, Found, elements, place, texts
from gateway.model import Finding

Lines = Dictionary[etree._Element, int]


def check_order(order: etree._Element, paths: CompiledPaths, lines: Lines) -> list[Finding]:
    """Return what is wrong with the declared values of one order, up to a sane number."""
    findings: list[Finding] = []
    for finding in _all(order, paths, lines):
        if len(findings) == MAX_ORDER_FINDINGS:
            findings.append(Finding(code="more-faults", message="There are more faults in this order."))
            break
        findings.append(finding)
    return findings


def _all(order: etree._Element, paths: CompiledPaths, lines: Lines) -> Iterator[Finding]:
    for field in paths.order_fields:
        if not field.is_sound(order):
            yield from _check_field(field, order, lines)
    for group in paths.lines:
        seen: dict[str, etree._Element] = {}
        for line in elements(group.path, order):
            for field in paths.line_fields:
                if not field.is_sound(line):
                    yield from _check_field(field, line, lines)
            number = next((one.text for one in texts(group.number, line) if one.text), None) if group.number else None
            if number is not None and seen.setdefault(number, line) is not line and group.declared.unique:
                yield _duplicate(number, seen[number], line, lines)


def _check_field(field: CompiledField, start: etree._Element, lines: Lines) -> Iterator[Finding]:
    found = texts(field.path, start)
    for one in found or [Found("", start)]:
        checked = field.check(one.text)
        if checked.fault is not None:
            yield _finding(checked.fault, one, field, start, lines, there=bool(found))


def _finding(
    fault: Fault, found: Found, field: CompiledField, start: etree._Element, lines: Lines, *, there: bool
) -> Finding:
    element = found.element if found.element is not None else start
    where = place(element, found.attribute) if there else f"{place(start)}/{field.declared.path}"
    return Finding(
        code=fault.code,
        message=fault.message,
        line=lines.get(element),
        path=where,
        value=shown(found.text) if found.text else None,
        expected=fault.expected,
    )


def _duplicate(number: str, first: etree._Element, again: etree._Element, lines: Lines) -> Finding:
    message = (
        f"Line {shown(number)} is there twice: in lines {lines.get(first)} and {lines.get(again)} of the file. "
        "Two versions of the order in one file?"
    )
    return Finding(code="duplicate-line", message=message, line=lines.get(again), path=place(again), value=number)
