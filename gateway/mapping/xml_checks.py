"""The declared values of one XML order, checked where they stand: required, type, length, unique line numbers. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Mapping as Dictionary

from lxml import etree

from gateway.mapping.gaps import nearest_gap, words
from gateway.mapping.rejection import MAX_ORDER_FINDINGS, shown
from gateway.mapping.values import Fault
from gateway.mapping.xml_paths import CompiledField, CompiledPaths, CompiledRefusal, Found, elements, met, place, texts
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
    yield from refused(paths.order_refusals, order, lines)
    for field in paths.order_fields:
        if not field.is_sound(order):
            yield from _check_field(field, order, lines)
    for group in paths.lines:
        seen: dict[str, etree._Element] = {}
        for line in elements(group.path, order):
            yield from refused(paths.line_refusals, line, lines)
            for field in paths.line_fields:
                if not field.is_sound(line):
                    yield from _check_field(field, line, lines)
            number = next((one.text for one in texts(group.number, line) if one.text), None) if group.number else None
            if number is not None and seen.setdefault(number, line) is not line and group.declared.unique:
                yield _duplicate(number, seen[number], line, lines)


def refused(refusals: Sequence[CompiledRefusal], start: etree._Element, lines: Lines) -> Iterator[Finding]:
    """Yield what a mapping does not take, each in the words that it declares."""
    for refusal in refusals:
        if refusal.when is not None and not refusal.when(start):
            continue
        for found in met(refusal.path, start):
            at = found.element if found.element is not None else start
            yield Finding(
                code="not-taken",
                message=refusal.declared.message,
                line=lines.get(at),
                path=place(at, found.attribute),
                value=shown(found.text) if found.text and (found.attribute or not len(at)) else None,
            )


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
    where = place(element, found.attribute)
    if not there:
        gap = nearest_gap(start, field.steps)
        element, where = (gap[0], place(gap[0]) + words(gap[1])) if gap else (start, f"{where}/{field.declared.path}")
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
