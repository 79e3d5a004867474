"""An XML file too large to be held: read element by element, each order to the spool as soon as its end tag is read.

What a single order says is read by the same functions as in a document that is held. Only what needs the others is
done at the end: the same order twice, the numbers in paths, the parts outside the orders.
"""

from __future__ import annotations

import copy
import json
from collections import ChainMap
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from lxml import etree

from gateway.documents.byte_scan import Opener
from gateway.documents.xmlio import XmlError, parse_document
from gateway.documents.xmlstream import Lines, StreamedDocument
from gateway.mapping.encoding import stream_source
from gateway.mapping.rejection import MAX_STRUCTURE_FINDINGS, rejected
from gateway.mapping.spool import Spool
from gateway.mapping.xml_checks import refused
from gateway.mapping.xml_paths import CompiledPaths, place
from gateway.mapping.xml_reader import Lines as ElementLines
from gateway.mapping.xml_reader import (
    XmlPart,
    check_kind_of_file,
    check_root,
    copied_with_lines,
    cut_elements,
    envelope_of,
    hash_of,
    hash_of_all,
    may_hide_utf8,
    read_part,
    refusal,
    there_twice,
    wrapped,
)
from gateway.mapping.xml_streaming import is_local, split_steps
from gateway.model import Finding, MessageKind, OrderSource

PLACES_A_PATH = 1 << 44
"""Orders of a later split path come after all of an earlier one."""


def stream_document(opener: Opener, *, name: str, doctype: str) -> StreamedDocument:
    """Return a document that is known to be well-formed; raises FileRejected as `parse_source` does."""
    with opener() as source:
        head = source.read(1 << 20)
    check_kind_of_file(head, name)
    try:
        document = StreamedDocument(opener, doctype=doctype)
    except XmlError as error:
        raise refusal(error, head, name) from error
    if may_hide_utf8(document.declared):
        stream_source(opener, document.declared)
    return document


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where an order element stands among its like: its parent, by number, and which of the parent's children."""

    parent: int
    child: int
    name: str


class OrderElements:
    """Walks over the order elements of a document, in its order; each but those to `keep` is gone before the next."""

    def __init__(self, document: StreamedDocument, paths: CompiledPaths, keep: Container[int] = ()) -> None:
        self._document, self._steps, self._keep = document, split_steps(paths.form), keep
        self.kept: dict[int, etree._Element] = {}
        self.lines = Lines()
        self.root: Any = None
        self._parents: dict[etree._Element, int] = {}
        self._places: dict[int, str] = {}
        self._children: dict[tuple[int, str], int] = {}

    def __iter__(self) -> Iterator[tuple[etree._Element, int, _Spot]]:
        """Yield each order element, the number of its split path, and where it stands. Raises XmlError."""
        before: etree._Element | None = None
        sequence = 0
        for element, is_root in self._document.elements([steps.names[-1] for steps in self._steps], self.lines):
            if is_root:
                self.root = element
                break
            which = self._which(element)
            if which is None:
                continue
            if before is not None:
                _take_out(before)
            yield element, which, self._spot(element)
            if sequence in self._keep:
                self.kept[sequence], before = element, None
            else:
                _emptied(element)
                before = element
            sequence += 1
        if before is not None:
            _take_out(before)
        self.lines.finish(self.root)

    def _which(self, element: etree._Element) -> int | None:
        tags = [str(one.tag) for one in chain([element], element.iterancestors())][::-1]
        return next((number for number, steps in enumerate(self._steps) if steps.fits(tags)), None)

    def _spot(self, element: etree._Element) -> _Spot:
        parent, tag = element.getparent(), str(element.tag)
        number = self._parents.setdefault(parent, len(self._parents)) if parent is not None else -1
        self._children[number, tag] = child = self._children.get((number, tag), 0) + 1
        return _Spot(number, child, tag)

    def path(self, spot: _Spot) -> str:
        """Return the path of an order element for people, once the whole document was read."""
        name = etree.QName(spot.name).localname
        if spot.parent < 0:
            return f"/{name}"
        if not self._places:
            self._places = {number: place(parent) for parent, number in self._parents.items()}
        several = self._children[spot.parent, spot.name] > 1
        return f"{self._places[spot.parent]}/{name}" + (f"[{spot.child}]" if several else "")


def _emptied(element: Any) -> None:
    """Let go of all that an element holds; what follows it may not have been read yet."""
    element.clear(keep_tail=True)


def _take_out(element: etree._Element) -> None:
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)


class _Reading:
    """One pass over the orders of a document."""

    def __init__(self, paths: CompiledPaths, spool: Spool, orders: OrderElements) -> None:
        self._paths, self._spool, self._orders = paths, spool, orders
        self._faults: list[tuple[tuple[int, ...], Finding, str, _Spot]] = []
        refusals = paths.file_refusals
        self._local = [(n, one) for n, one in enumerate(refusals) if is_local(one.declared.path, paths.form)]
        self._nowhere = {n: one for n, one in enumerate(refusals) if not is_local(one.declared.path, paths.form)}

    def read(self) -> None:
        """Read all orders into the spool; raises FileRejected for a fault of structure, XmlError."""
        for sequence, (element, which, spot) in enumerate(self._orders):
            lines = ChainMap(self._orders.lines.settle(element), self._orders.lines.kept)
            self._refuse(element, lines, sequence, spot)
            part = read_part(element, self._paths, lines)
            if isinstance(part, Finding):
                self._fault((len(self._paths.file_refusals), which, sequence), part, place(element), spot)
            else:
                self._write(part, element, lines, which, sequence, spot)
        self._finish()

    def _refuse(self, element: etree._Element, lines: ElementLines, sequence: int, spot: _Spot) -> None:
        root = element.getroottree().getroot()
        for number, refusal_of_file in self._local:
            for finding in refused([refusal_of_file], root, lines):
                self._fault((number, sequence), finding, place(element), spot)
        self._nowhere = {n: one for n, one in self._nowhere.items() if one.path(root)}

    def _fault(self, order: tuple[int, ...], finding: Finding, shown_as: str, spot: _Spot) -> None:
        self._faults.append((order, finding, shown_as, spot))
        if len(self._faults) > 4 * MAX_STRUCTURE_FINDINGS:
            self._faults = sorted(self._faults, key=lambda fault: fault[0])[:MAX_STRUCTURE_FINDINGS]

    def _write(
        self,
        part: XmlPart,
        element: etree._Element,
        lines: ElementLines,
        which: int,
        sequence: int,
        spot: _Spot,
    ) -> None:
        wrapper = wrapped(*part.key)
        wrapper.append(copied_with_lines(element, lines))
        told = {
            "kind": part.kind, "revision": part.revision, "line": part.line, "where": place(element), "hash":
            hash_of(element), "findings": [finding.as_dict() for finding in part.findings], "place":
            which * PLACES_A_PATH + sequence, "piece": sequence, "spot": [spot.parent, spot.child, spot.name],
        }  # fmt: skip
        self._spool.add(part.number, json.dumps(told).encode() + b"\n" + etree.tostring(wrapper, encoding="utf-8"))

    def _finish(self) -> None:
        root, kept = self._orders.root, self._orders.lines.kept
        nothing = _Spot(-1, 0, str(root.tag))
        for number, one in self._nowhere.items():
            for finding in refused([one], root, kept):
                self._fault((number, 0), finding, "\0", nothing)
        faults = sorted(self._faults, key=lambda fault: fault[0])[:MAX_STRUCTURE_FINDINGS]
        of_file = [fault for fault in faults if fault[0][0] < len(self._paths.file_refusals)]
        if of_file:
            raise rejected([self._placed(*fault[1:]) for fault in of_file])
        check_root(root, self._paths, kept)
        if faults:
            raise rejected([self._placed(*fault[1:]) for fault in faults])

    def _placed(self, finding: Finding, shown_as: str, spot: _Spot) -> Finding:
        return _placed(finding, shown_as, self._orders.path(spot))


def _placed(finding: Finding, shown_as: str, path: str) -> Finding:
    """Return a finding with the path of its order as it is in the whole document."""
    if finding.path is None or not finding.path.startswith(shown_as):
        return finding
    return replace(finding, path=path + finding.path.removeprefix(shown_as))


def spool_xml(opener: Opener, paths: CompiledPaths, spool: Spool, *, name: str, doctype: str) -> None:
    """Write the orders of a document to a spool. Raises FileRejected as `read_xml` does."""
    document = stream_document(opener, name=name, doctype=doctype)
    orders = OrderElements(document, paths)
    try:
        _Reading(paths, spool, orders).read()
    except XmlError as error:
        raise refusal(error, b"", name) from error
    envelope = envelope_of(orders.root, paths, orders.lines.kept)
    for number, parts in spool.by_number():
        grouped: dict[tuple[Any, Any], list[tuple[dict[str, Any], bytes]]] = {}
        for data in parts:
            head, _, tree = data.partition(b"\n")
            told = json.loads(head)
            grouped.setdefault((told["kind"], told["revision"]), []).append((told, tree))
        for found in grouped.values():
            found.sort(key=lambda one: int(one[0]["place"]))
            order = _order(number, found, envelope, orders)
            spool.put(found[0][0]["place"], order, [told["piece"] for told, _tree in found])


def _order(
    number: str,
    found: Sequence[tuple[dict[str, Any], bytes]],
    envelope: etree._Element | None,
    orders: OrderElements,
) -> OrderSource:
    first, tree = found[0]
    kind = MessageKind(first["kind"]) if first["kind"] else None
    single = len(found) == 1
    return OrderSource(
        ordinal=0,
        order_number=number,
        kind_hint=kind,
        revision=first["revision"],
        canonical=tree if single and envelope is None else _joined([tree for _told, tree in found], envelope),
        source_hash=hash_of_all([told["hash"] for told, _tree in found]),
        findings=tuple(_findings(number, kind, found, orders)),
    )


def _findings(
    number: str, kind: MessageKind | None, found: Sequence[tuple[dict[str, Any], bytes]], orders: OrderElements
) -> Iterator[Finding]:
    for count, (told, _tree) in enumerate(found):
        if not told["findings"] and not count:
            continue
        path = orders.path(_Spot(*told["spot"]))
        for one in told["findings"]:
            yield _placed(Finding.from_dict(one), told["where"], path)
        if count:
            part = XmlPart(number, kind, told["revision"], (), told["line"])
            yield there_twice(part, found[0][0]["line"], path)


def _joined(trees: Sequence[bytes], envelope: etree._Element | None) -> bytes:
    """Return the canonical tree of an order from those of its parts, with what stands outside the orders."""
    roots = [parse_document(tree) for tree in trees]
    whole = roots[0]
    if envelope is not None:
        whole.insert(0, copy.deepcopy(envelope))
    for other in roots[1:]:
        whole.extend(list(other))
    return etree.tostring(whole, encoding="utf-8")


def cut_xml(document: StreamedDocument, paths: CompiledPaths, wanted: Sequence[Sequence[int]]) -> list[bytes]:
    """Return for each set of order elements, told by their number, the document with only these."""
    orders = OrderElements(document, paths, frozenset(number for numbers in wanted for number in numbers))
    for _order_element in orders:
        pass
    return cut_elements(orders.root.getroottree(), [[orders.kept[number] for number in numbers] for numbers in wanted])
