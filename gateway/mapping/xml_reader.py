"""A proprietary XML file into orders, and a file with only some of them. Pure: bytes in, values out."""

from __future__ import annotations

import codecs
import copy
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from gateway.documents.xmlio import XmlError, element_lines, parse_document, read_prolog
from gateway.errors import FileRejected
from gateway.mapping.cells import xml_safe
from gateway.mapping.declaration import XmlKind
from gateway.mapping.encoding import decode_source, describe_text, what_it_is
from gateway.mapping.rejection import INCOMPLETE, reject, rejected, shown
from gateway.mapping.xml_checks import check_order
from gateway.mapping.xml_paths import CompiledPaths, elements, place, texts
from gateway.model import Finding, MessageKind, OrderSource

SOURCE_NAMESPACE = "urn:gateway:source"
LINE = f"{{{SOURCE_NAMESPACE}}}line"

Lines = dict[etree._Element, int]


@dataclass(slots=True)
class XmlOrder:
    """One order of a document: usually one element; several when the same order is there more than once."""

    number: str
    kind: MessageKind | None
    revision: str | None
    found: list[etree._Element] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def parse_source(data: bytes, *, name: str, doctype: str) -> etree._Element:
    """Return the root of a file that should be XML; raises FileRejected in plain words otherwise."""
    words = what_it_is(data)
    if words is not None and words != "XML":
        raise reject("file-type", f"The file {shown(name)} is no XML: it looks like {words}.")
    try:
        root = parse_document(data, doctype=doctype)
    except XmlError as error:
        raise _refusal(error, data, name) from error
    _check_encoding(data)
    return root


def _refusal(error: XmlError, data: bytes, name: str) -> FileRejected:
    if error.code == "empty":
        return reject("empty", f"The file {shown(name)} is empty.")
    if error.code == "not-xml":
        hint = describe_text(data[:4096].decode("latin-1"), "\0")
        if hint is None or hint.endswith("no separator at all"):
            hint = "it is plain text"
        return reject("file-type", f"The file {shown(name)} is no XML: {hint}.")
    code = {"malformed": "broken-xml", INCOMPLETE: INCOMPLETE}.get(error.code, error.code)
    return rejected([Finding(code=code, message=f"{error.message[:1].upper()}{error.message[1:]}.", line=error.line)])


def _check_encoding(data: bytes) -> None:
    """Refuse a document that declares a single-byte encoding and is UTF-8: no parser would notice."""
    declared = read_prolog(data).declared
    if declared is not None and codecs.lookup(declared).name not in ("utf-8", "utf-16", "utf-16-le", "utf-16-be"):
        decode_source(data, declared)


def split_orders(root: etree._Element, paths: CompiledPaths, lines: Lines) -> list[XmlOrder]:
    """Return the orders of a document; raises FileRejected for an unknown root or an order without a number."""
    if not any(elements(path, root) for path in paths.roots):
        wanted = " or ".join(dict.fromkeys(str(path.path) for path in paths.roots))
        raise rejected(
            [
                Finding(
                    code="unknown-root",
                    message=f"The document's root is {shown(str(root.tag))}; this mapping takes {wanted}.",
                    line=lines.get(root),
                    value=shown(str(root.tag)),
                    expected=wanted,
                )
            ]
        )
    orders: dict[tuple[str, MessageKind | None, str | None], XmlOrder] = {}
    faults: list[Finding] = []
    for path in paths.split:
        for element in elements(path, root):
            _take(element, paths, lines, orders, faults)
    if faults:
        raise rejected(faults)
    return list(orders.values())


def _take(
    element: etree._Element,
    paths: CompiledPaths,
    lines: Lines,
    orders: dict[tuple[str, MessageKind | None, str | None], XmlOrder],
    faults: list[Finding],
) -> None:
    line = lines.get(element)
    numbers = list(dict.fromkeys(one.text for one in texts(paths.order_number, element) if one.text))
    if len(numbers) != 1:
        code = "order-without-number" if not numbers else "several-order-numbers"
        what = "no order number" if not numbers else f"several order numbers ({', '.join(map(shown, numbers))})"
        message = f"This order has {what} at {paths.form.order_number}."
        faults.append(Finding(code=code, message=message, line=line, path=place(element)))
        return
    kind, wrong = _kind(element, paths, lines)
    revisions = [one.text for one in texts(paths.revision, element)] if paths.revision is not None else []
    revision = next((text for text in revisions if text), None)
    order = orders.setdefault((numbers[0], kind, revision), XmlOrder(numbers[0], kind, revision))
    order.found.append(element)
    order.findings += wrong
    order.findings += check_order(element, paths, lines)
    if len(order.found) > 1:
        first = lines.get(order.found[0])
        message = f"Order {shown(order.number)} is there twice: lines {first} and {line}. Two versions in one file?"
        order.findings.append(Finding(code="duplicate-order", message=message, line=line, path=place(element)))


def _kind(
    element: etree._Element, paths: CompiledPaths, lines: Lines
) -> tuple[MessageKind | None, list[Finding]]:
    declared = paths.form.kind
    if not isinstance(declared, XmlKind):
        return declared, []
    if declared.root is not None or paths.kind is None:
        root = element.getroottree().getroot()
        table, text, at = declared.root or {}, etree.QName(root).localname, root
        where = place(root)
    else:
        found = next(iter(texts(paths.kind, element)), None)
        table, text = declared.values or {}, found.text if found else ""
        at = found.element if found and found.element is not None else element
        where = place(at, found.attribute if found else None)
    if text in table:
        return table[text], []
    if not text:
        return None, []
    names = ", ".join(f"{one} ({kind})" for one, kind in table.items())
    message = f"The value at {declared.path or 'the root'} does not say whether the order is new or changed."
    return None, [
        Finding(
            code="unknown-kind",
            message=message,
            line=lines.get(at),
            path=where,
            value=shown(text),
            expected=f"one of {names}",
        )
    ]


def read_xml(data: bytes, paths: CompiledPaths, *, name: str, doctype: str) -> tuple[OrderSource, ...]:
    """Return the orders of an XML file.

    Raises FileRejected for anything wrong with the document itself; code "incomplete" when its end is missing.
    """
    root = parse_source(data, name=name, doctype=doctype)
    lines: Lines = dict(element_lines(root, data))
    orders = split_orders(root, paths, lines)
    envelope = _envelope(root, paths, lines)
    return tuple(_source(ordinal, order, envelope, lines) for ordinal, order in enumerate(orders))


def _envelope(root: etree._Element, paths: CompiledPaths, lines: Lines) -> etree._Element | None:
    """Return the declared parts outside the orders: elements as children, attributes as attributes."""
    if not paths.envelope:
        return None
    envelope = etree.Element("envelope", nsmap={"src": SOURCE_NAMESPACE})
    for path in paths.envelope:
        for element in elements(path, root):
            part = copy.deepcopy(element)
            part.tail = None
            envelope.append(part)
            for copied, original in zip(part.iter(etree.Element), element.iter(etree.Element), strict=True):
                copied.set(LINE, str(lines[original]))
        for found in texts(path, root):
            if found.attribute is not None:
                envelope.set(found.attribute, found.text)
    return envelope


def _source(ordinal: int, order: XmlOrder, envelope: etree._Element | None, lines: Lines) -> OrderSource:
    raw = hashlib.sha256()
    for element in order.found:
        raw.update(etree.tostring(element, method="c14n", exclusive=True, with_comments=False, with_tail=False))
    wrapper = etree.Element("order", nsmap={"src": SOURCE_NAMESPACE})
    wrapper.set("number", xml_safe(order.number))
    if order.kind is not None:
        wrapper.set("kind", order.kind.value)
    if order.revision is not None:
        wrapper.set("revision", order.revision)
    if envelope is not None:
        wrapper.append(copy.deepcopy(envelope))
    for element in order.found:
        element.tail = None
        wrapper.append(element)
        for one in element.iter(etree.Element):
            one.set(LINE, str(lines[one]))
    return OrderSource(
        ordinal=ordinal,
        order_number=order.number,
        kind_hint=order.kind,
        revision=order.revision,
        canonical=etree.tostring(wrapper, encoding="utf-8"),
        source_hash=raw.hexdigest(),
        findings=tuple(order.findings),
    )


def extract_xml(data: bytes, paths: CompiledPaths, ordinals: Sequence[int], *, name: str, doctype: str) -> bytes:
    """Return the document with only these orders, in its own envelope and encoding."""
    root = parse_source(data, name=name, doctype=doctype)
    orders = split_orders(root, paths, dict(element_lines(root, data)))
    wanted = set(ordinals)
    if wanted.issuperset(range(len(orders))):
        return data
    for ordinal, order in enumerate(orders):
        if ordinal not in wanted:
            for element in order.found:
                _remove(element)
    tree = root.getroottree()
    info = tree.docinfo
    head: dict[str, Any] = {"encoding": info.encoding or "UTF-8", "standalone": info.standalone}
    return bytes(etree.tostring(tree, xml_declaration=True, **head))


def _remove(element: etree._Element) -> None:
    parent = element.getparent()
    if parent is not None:  # the root is the only order of its document, so it is never left out
        parent.remove(element)
