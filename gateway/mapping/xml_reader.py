"""A proprietary XML file into orders, and a file with only some of them. Pure: bytes in, values out."""

from __future__ import annotations

import codecs
import copy
import hashlib
from collections.abc import Mapping as Dictionary
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeGuard

from lxml import etree

from gateway.documents.xmlio import XmlError, element_lines, parse_document, read_prolog
from gateway.errors import FileRejected
from gateway.mapping.cells import xml_safe
from gateway.mapping.declaration import XmlKind
from gateway.mapping.encoding import decode_source, describe_text, what_it_is
from gateway.mapping.gaps import nearest_gap, plain_paths, words
from gateway.mapping.rejection import INCOMPLETE, MAX_STRUCTURE_FINDINGS, reject, rejected, shown
from gateway.mapping.xml_checks import check_order, refused
from gateway.mapping.xml_paths import CompiledPaths, elements, place, texts
from gateway.model import Finding, MessageKind, OrderSource

SOURCE_NAMESPACE = "urn:gateway:source"
LINE = f"{{{SOURCE_NAMESPACE}}}line"

Lines = Dictionary[etree._Element, int]


@dataclass(slots=True)
class XmlOrder:
    """One order of a document: usually one element; several when the same order is there more than once."""

    number: str
    kind: MessageKind | None
    revision: str | None
    found: list[etree._Element] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class XmlPart:
    """One element of a document that is an order, or a part of one."""

    number: str
    kind: MessageKind | None
    revision: str | None
    findings: tuple[Finding, ...]
    line: int | None

    @property
    def key(self) -> tuple[str, MessageKind | None, str | None]:
        """Return what makes elements one order."""
        return self.number, self.kind, self.revision


def parse_source(data: bytes, *, name: str, doctype: str) -> etree._Element:
    """Return the root of a file that should be XML; raises FileRejected in plain words otherwise."""
    check_kind_of_file(data, name)
    try:
        root = parse_document(data, doctype=doctype)
    except XmlError as error:
        raise refusal(error, data, name) from error
    _check_encoding(data)
    return root


def check_kind_of_file(head: bytes, name: str) -> None:
    """Refuse, by name, a file that begins as something else."""
    words = what_it_is(head)
    if words is not None and words != "XML":
        raise reject("file-type", f"The file {shown(name)} is no XML: it looks like {words}.")


def refusal(error: XmlError, data: bytes, name: str) -> FileRejected:
    """Return why a document that cannot be read is refused; `data` is at least its beginning."""
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
    if may_hide_utf8(declared):
        decode_source(data, declared)


def may_hide_utf8(declared: str | None) -> TypeGuard[str]:
    """Tell whether a declared encoding is one in which any bytes are a text."""
    return declared is not None and codecs.lookup(declared).name not in ("utf-8", "utf-16", "utf-16-le", "utf-16-be")


def check_root(root: etree._Element, paths: CompiledPaths, lines: Lines) -> None:
    """Refuse a document whose root is none that the mapping takes."""
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


def split_orders(root: etree._Element, paths: CompiledPaths, lines: Lines) -> list[XmlOrder]:
    """Return the orders of a document; raises FileRejected for an unknown root or an order without a number."""
    faults: list[Finding] = list(refused(paths.file_refusals, root, lines))
    if faults:
        raise rejected(faults[:MAX_STRUCTURE_FINDINGS])
    check_root(root, paths, lines)
    orders: dict[tuple[str, MessageKind | None, str | None], XmlOrder] = {}
    for path in paths.split:
        for element in elements(path, root):
            _take(element, paths, lines, orders, faults)
    if faults:
        raise rejected(faults[:MAX_STRUCTURE_FINDINGS])
    return list(orders.values())


def _take(
    element: etree._Element,
    paths: CompiledPaths,
    lines: Lines,
    orders: dict[tuple[str, MessageKind | None, str | None], XmlOrder],
    faults: list[Finding],
) -> None:
    part = read_part(element, paths, lines)
    if isinstance(part, Finding):
        faults.append(part)
        return
    order = orders.setdefault(part.key, XmlOrder(*part.key))
    order.found.append(element)
    order.findings += part.findings
    if len(order.found) > 1:
        order.findings.append(there_twice(part, lines.get(order.found[0]), place(element)))


def there_twice(part: XmlPart, first_line: int | None, path: str) -> Finding:
    """Return what to say of an order that is in the document a second time."""
    where = f"lines {first_line} and {part.line}"
    message = f"Order {shown(part.number)} is there twice: {where}. Two versions in one file?"
    return Finding(code="duplicate-order", message=message, line=part.line, path=path)


def read_part(element: etree._Element, paths: CompiledPaths, lines: Lines) -> XmlPart | Finding:
    """Return what one order element says; a finding when it does not say its number, which refuses the file."""
    line = lines.get(element)
    numbers = list(dict.fromkeys(one.text for one in texts(paths.order_number, element) if one.text))
    if len(numbers) != 1:
        code = "order-without-number" if not numbers else "several-order-numbers"
        what = "no order number" if not numbers else f"several order numbers ({', '.join(map(shown, numbers))})"
        message = f"This order has {what} at {paths.form.order_number}."
        at, where = _place_of_number(element, paths)
        return Finding(code=code, message=message, line=lines.get(at), path=where)
    kind, wrong = _kind(element, paths, lines)
    revisions = [one.text for one in texts(paths.revision, element)] if paths.revision is not None else []
    revision = next((text for text in revisions if text), None)
    findings = (*wrong, *check_order(element, paths, lines))
    return XmlPart(numbers[0], kind, revision, findings, line)


def _place_of_number(element: etree._Element, paths: CompiledPaths) -> tuple[etree._Element, str]:
    """Return where the number of an order is, the last of several, or should be: its element, and its path."""
    there = [one for one in texts(paths.order_number, element) if one.element is not None]
    if there and there[-1].element is not None:
        return there[-1].element, place(there[-1].element, there[-1].attribute)
    gap = nearest_gap(element, tuple(plain_paths(paths.form.order_number, paths.form.namespaces)))
    return (gap[0], place(gap[0]) + words(gap[1])) if gap is not None else (element, place(element))


def _kind(
    element: etree._Element, paths: CompiledPaths, lines: Lines
) -> tuple[MessageKind | None, list[Finding]]:
    declared = paths.form.kind
    if not isinstance(declared, XmlKind):
        return declared, []
    if declared.when is not None:
        return next((one.kind for one in paths.kind_tests if one.path(element)), None), []
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
        return declared.absent, []
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
    envelope = envelope_of(root, paths, lines)
    return tuple(_source(ordinal, order, envelope, lines) for ordinal, order in enumerate(orders))


def envelope_of(root: etree._Element, paths: CompiledPaths, lines: Lines) -> etree._Element | None:
    """Return the declared parts outside the orders: elements as children, attributes as attributes."""
    if not paths.envelope:
        return None
    envelope = etree.Element("envelope", nsmap={"src": SOURCE_NAMESPACE})
    for path in paths.envelope:
        for element in elements(path, root):
            part = copy.deepcopy(element)
            part.tail = None
            envelope.append(part)
            note_lines(part, element, lines)
        for found in texts(path, root):
            if found.attribute is not None:
                envelope.set(found.attribute, found.text)
    return envelope


def _source(ordinal: int, order: XmlOrder, envelope: etree._Element | None, lines: Lines) -> OrderSource:
    source_hash = hash_of_all([hash_of(element) for element in order.found])
    wrapper = wrapped(order.number, order.kind, order.revision)
    if envelope is not None:
        wrapper.append(copy.deepcopy(envelope))
    for element in order.found:
        wrapper.append(copied_with_lines(element, lines))
    return OrderSource(
        ordinal=ordinal,
        order_number=order.number,
        kind_hint=order.kind,
        revision=order.revision,
        canonical=etree.tostring(wrapper, encoding="utf-8"),
        source_hash=source_hash,
        findings=tuple(order.findings),
    )


def hash_of(element: etree._Element) -> str:
    """Return the hash of what an element says."""
    said = etree.tostring(element, method="c14n", exclusive=True, with_comments=False, with_tail=False)
    return hashlib.sha256(said).hexdigest()


def hash_of_all(hashes: Sequence[str]) -> str:
    """Return the hash of an order from those of its elements: usually there is one."""
    return hashes[0] if len(hashes) == 1 else hashlib.sha256("".join(hashes).encode()).hexdigest()


def wrapped(number: str, kind: MessageKind | None, revision: str | None) -> etree._Element:
    """Return the root of an order's canonical tree, still empty."""
    wrapper = etree.Element("order", nsmap={"src": SOURCE_NAMESPACE})
    wrapper.set("number", xml_safe(number))
    if kind is not None:
        wrapper.set("kind", kind.value)
    if revision is not None:
        wrapper.set("revision", revision)
    return wrapper


def copied_with_lines(element: etree._Element, lines: Lines) -> etree._Element:
    """Return a copy of an element, by the same prefixes, on each element of which its line in the source is written."""
    copied = copy.deepcopy(element)
    copied.tail = None
    note_lines(copied, element, lines)
    return copied


def note_lines(copied: etree._Element, original: etree._Element, lines: Lines) -> None:
    """Write on each element of a tree in which line of the source it stands."""
    for one, source in zip(copied.iter(etree.Element), original.iter(etree.Element), strict=True):
        one.set(LINE, str(lines[source]))


def extract_xml(
    data: bytes, paths: CompiledPaths, groups: Sequence[Sequence[int]], *, name: str, doctype: str
) -> list[bytes]:
    """Return for each group of ordinals the document with only these orders, in its own envelope and encoding."""
    root = parse_source(data, name=name, doctype=doctype)
    orders = split_orders(root, paths, dict(element_lines(root, data)))
    wanted = {ordinal for ordinals in groups for ordinal in ordinals}
    for ordinal, order in enumerate(orders):
        for element in order.found if ordinal not in wanted else ():
            _remove(element)
    kept = [[element for ordinal in ordinals for element in orders[ordinal].found] for ordinals in groups]
    cut = cut_elements(root.getroottree(), kept)
    return [data if len(set(ordinals)) == len(orders) else one for one, ordinals in zip(cut, groups, strict=True)]


def cut_elements(tree: etree._ElementTree, groups: Sequence[Sequence[etree._Element]]) -> list[bytes]:
    """Return for each group of elements the document without those of the others."""
    every = {element for elements_of_group in groups for element in elements_of_group}
    extracts = []
    for group in groups:
        copied = copy.deepcopy(tree)
        pairs = zip(tree.getroot().iter(), copied.getroot().iter(), strict=True)
        for element in [twin for original, twin in pairs if original in every and original not in group]:
            _remove(element)
        extracts.append(serialised(copied))
    return extracts


def serialised(tree: etree._ElementTree) -> bytes:
    """Return a document as bytes, in its own encoding."""
    info = tree.docinfo
    head: dict[str, Any] = {"encoding": info.encoding or "UTF-8", "standalone": info.standalone}
    return bytes(etree.tostring(tree, xml_declaration=True, **head))


def _remove(element: etree._Element) -> None:
    parent = element.getparent()
    if parent is not None:  # the root is the only order of its document, so it is never left out
        parent.remove(element)
