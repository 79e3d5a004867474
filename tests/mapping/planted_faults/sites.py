"""Every place of every shipped sample where a fault can be planted, with what a finding must say of it.

On two levels: in the file, so that its reader sees it first; and in the canonical tree of an order, as if the mapping
declared nothing of the value, so that only the stylesheet and the verdict can find it.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lxml import etree

from gateway.documents.xmlio import element_lines
from gateway.mapping.mapping import Mapping
from gateway.model import Finding, OrderSource

LINE = "{urn:gateway:source}line"


@dataclass(frozen=True)
class Wanted:
    """What a finding must name: one of these rows and this column; or this line and the end of this path."""

    rows: frozenset[int] = frozenset()
    column: str | None = None
    line: int | None = None
    path: str = ""
    lines: range = range(0)  # of the order line, or of the order for what stands in no line


@dataclass(frozen=True)
class Site:
    """One value of a sample: where it is, and how to put another in its place."""

    mapping: Mapping
    sample: str
    level: str  # "file" or "tree"
    key: str  # its column or path, the same for all rows
    value: str
    plant: Callable[[str], tuple[Any, Wanted]]  # bytes of the file, or the order with its tree
    order: OrderSource | None = None


def csv_file_sites(mapping: Mapping, path: Path) -> Iterator[Site]:
    """Yield every declared cell of a csv sample."""
    form = mapping.csv
    rows = list(csv.reader(io.StringIO(path.read_bytes().decode(form.encoding), newline=""), **_dialect(mapping)))
    header = [cell.strip() for cell in rows[0]] if form.header_row else []
    for column in form.columns:
        index = header.index(column.header) if column.header in header else (column.position or 0) - 1
        number = next(one for one in form.columns if one.name == form.order_number)
        at = header.index(number.header) if number.header in header else (number.position or 1) - 1
        if index < 0:
            continue
        shared = column.per_order or column.name in (form.order_number, form.revision) or _is_kind(mapping, column.name)
        for row in range(1 if header else 0, len(rows)):
            if len(rows[row]) <= index or not rows[row][index].strip():
                continue
            same = [one for one, cells in enumerate(rows) if len(cells) > at and cells[at] == rows[row][at]]

            def plant(
                text: str,
                index: int = index,
                chosen: tuple[int, ...] = tuple(same if shared else [row]),
                label: str = column.label,
            ) -> tuple[bytes, Wanted]:
                changed = [list(cells) for cells in rows]
                for one in chosen:
                    changed[one][index] = text
                return _written(mapping, changed), Wanted(frozenset(one + 1 for one in chosen), label)

            yield Site(mapping, path.name, "file", column.label, rows[row][index], plant)


def _is_kind(mapping: Mapping, name: str) -> bool:
    return getattr(mapping.csv.kind, "field", None) == name


def _dialect(mapping: Mapping) -> dict[str, Any]:
    form = mapping.csv
    quoting = {"quotechar": form.quote} if form.quote else {"quoting": csv.QUOTE_NONE}
    return {"delimiter": form.delimiter, **quoting}


def _written(mapping: Mapping, rows: list[list[str]]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n", **_dialect(mapping)).writerows(rows)
    return out.getvalue().encode(mapping.csv.encoding)


def csv_tree_sites(mapping: Mapping, sample: str, order: OrderSource) -> Iterator[Site]:
    """Yield every cell of an order; of what is the same in all rows only the first."""
    tree = etree.fromstring(order.canonical)
    labels = {column.name: column for column in mapping.csv.columns}
    cells = [one for one in tree.iterdescendants() if not len(one) and one.get("n") is None]
    seen: set[str] = set()
    for place, cell in enumerate(cells):
        column = labels[str(cell.tag)]
        if (column.per_order or column.name == mapping.csv.order_number) and column.name in seen:
            continue
        seen.add(column.name)

        def plant(text: str, place: int = place, label: str = column.label) -> tuple[bytes, Wanted]:
            changed = etree.fromstring(order.canonical)
            one = [cell for cell in changed.iterdescendants() if not len(cell) and cell.get("n") is None][place]
            row = one.getparent()
            assert row is not None
            if one.tag == mapping.csv.order_number:
                changed.set("number", text)
            one.text = text
            one.attrib.pop("raw", None)
            if not text:
                row.remove(one)
            return etree.tostring(changed, encoding="utf-8"), Wanted(frozenset({int(row.get("n", "0"))}), label)

        yield Site(mapping, sample, "tree", column.label, cell.text or "", plant, order)


@dataclass(frozen=True)
class Value:
    """One value of an xml document: the number of its element in document order, its attribute if it is one."""

    element: int
    attribute: str | None
    text: str
    key: str


def values(root: etree._Element) -> Iterator[Value]:
    """Yield all texts and attributes of a document."""
    for number, element in enumerate(root.iter(etree.Element)):
        key = "/".join(_local(one.tag) for one in [*reversed([*element.iterancestors()]), element])
        for name, text in element.attrib.items():
            if not str(name).startswith("{urn:gateway:source}"):
                yield Value(number, str(name), str(text), f"{key}/@{_local(name)}")
        if not len(element) and (element.text or "").strip():
            yield Value(number, None, (element.text or "").strip(), key)


def _local(name: object) -> str:
    return str(name).rpartition("}")[2]


def put(root: etree._Element, value: Value, text: str, *, remove: bool) -> tuple[etree._Element, str]:
    """Put a text in the place of a value; returns the element that is left of it, and the rest of its path."""
    element = list(root.iter(etree.Element))[value.element]
    if value.attribute is not None:
        if remove:
            element.attrib.pop(value.attribute)
        else:
            element.set(value.attribute, text)
        return element, f"/@{_local(value.attribute)}"
    parent = element.getparent()
    if remove and parent is not None:
        parent.remove(element)
        return parent, f"/{_local(element.tag)}"
    element.text = text
    return element, ""


def tail(element: etree._Element, top: etree._Element) -> str:
    """Return the path of an element below another, numbered where there are several."""
    parts = []
    while element is not top and (parent := element.getparent()) is not None:
        same = [one for one in parent if one.tag == element.tag]
        number = f"[{same.index(element) + 1}]" if len(same) > 1 else ""
        parts.append(f"/{_local(element.tag)}{number}")
        element = parent
    return "".join(reversed(parts))


def extent(element: etree._Element, lines: dict[etree._Element, int]) -> range:
    """Return the lines of the file that an element stands on, as far as its parts begin."""
    found = [lines[one] for one in element.iter(etree.Element) if one in lines]
    return range(min(found), max(found) + 1) if found else range(0)


def xml_file_sites(mapping: Mapping, path: Path) -> Iterator[Site]:
    """Yield every value of an xml sample, each once to be changed or emptied; see `put` for one to be left out."""
    data = path.read_bytes()
    root = etree.fromstring(data)
    for value in values(root):

        def plant(text: str, value: Value = value, remove: bool = False) -> tuple[bytes, Wanted]:
            changed = etree.fromstring(data)
            element, rest = put(changed, value, text, remove=remove or (not text and value.attribute is not None))
            written = etree.tostring(changed.getroottree(), encoding="utf-8", xml_declaration=True)
            again = etree.fromstring(written)
            lines = dict(element_lines(again, written))
            place = list(changed.iter(etree.Element)).index(element)
            found = list(again.iter(etree.Element))[place]
            return written, _wanted(mapping, found, rest, lines)

        yield Site(mapping, path.name, "file", value.key, value.text, plant)


def xml_tree_sites(mapping: Mapping, sample: str, order: OrderSource) -> Iterator[Site]:
    """Yield every value of an order's tree but those of the gateway's own root."""
    for value in values(etree.fromstring(order.canonical)):
        if not value.element:
            continue

        def plant(text: str, value: Value = value) -> tuple[bytes, Wanted]:
            changed = etree.fromstring(order.canonical)
            element, rest = put(changed, value, text, remove=not text)
            lines = {one: int(one.get(LINE, "0")) for one in changed.iter(etree.Element) if one.get(LINE)}
            return etree.tostring(changed, encoding="utf-8"), _wanted(mapping, element, rest, lines)

        yield Site(mapping, sample, "tree", value.key, value.text, plant, order)


def _wanted(mapping: Mapping, element: etree._Element, rest: str, lines: dict[etree._Element, int]) -> Wanted:
    """Return what a finding must name; paths are told from the order element down, which every path ends with."""
    top = element.getroottree().getroot()
    around = [element, *element.iterancestors()]
    home = next((one for one in around if mapping.format == "xml" and one in _lines(mapping, top)), None)
    order = next((one for one in around if mapping.format == "xml" and one in _orders(mapping, top)), top)
    below = (tail(element, order) + rest).removeprefix("/envelope")
    return Wanted(
        line=lines.get(element),
        path=below,
        lines=extent(home if home is not None else order, lines),
    )


def _orders(mapping: Mapping, top: etree._Element) -> list[etree._Element]:
    if top.tag == "order":
        return [top[-1]]
    return [one for path in mapping.paths.split for one in path(top)]


def _lines(mapping: Mapping, top: etree._Element) -> list[etree._Element]:
    return [line for order in _orders(mapping, top) for one in mapping.paths.lines for line in one.path(order)]


def corrected(data: bytes, finding: Finding, text: str) -> bytes | None:
    """Return an xml document or tree with another text at the place that a finding names; None if it names none."""
    if finding.line is None or finding.path is None:
        return None
    root = etree.fromstring(data)
    lines = dict(element_lines(root, data))
    names = re.sub(r"\[[0-9]+\]|[\w.-]+:", "", finding.path).strip("/").split("/")
    attribute = names.pop().removeprefix("@") if names[-1].startswith("@") else None
    there = [one for one in root.iter(etree.Element) if int(one.get(LINE) or lines[one]) == finding.line]
    for element in there:
        if _local(element.tag) == names[-1]:
            return _changed(root, element, attribute, text)
    for element in there:
        if attribute is None and len(names) > 1 and _local(element.tag) == names[-2]:
            made = etree.SubElement(element, str(element.tag).replace(_local(element.tag), names[-1]))
            return _changed(root, made, None, text)
    return None


def _changed(root: etree._Element, element: etree._Element, attribute: str | None, text: str) -> bytes | None:
    if attribute is not None:
        names = [str(name) for name in element.attrib if _local(name) == attribute]
        element.set(names[0] if names else attribute, text)
    elif len(element):
        return None
    else:
        element.text = text
    return etree.tostring(root.getroottree(), encoding="utf-8", xml_declaration=True)
