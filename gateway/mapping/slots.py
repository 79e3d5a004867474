"""Every value of a canonical tree, and every value that could be there: what tracing marks, changes and fills.

A slot knows its path without numbers: the same for all values of one column, or of one element or attribute
wherever it repeats.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from lxml import etree

from gateway.mapping.mapping import Mapping
from gateway.mapping.xml_reader import LINE, SOURCE_NAMESPACE

RAW = "raw"


@dataclass(frozen=True, slots=True, eq=False)
class Slot:
    """One value: the text of an element or an attribute of it; or the place below it where a value is absent."""

    path: str
    holder: etree._Element
    value: str = ""
    attribute: str | None = None
    absent: tuple[str, ...] = ()  # names to be made below the holder; the last may be "@name"

    def put(self, text: str | None) -> Callable[[], None]:
        """Write a text in the place of the value, or take the value out; returns what undoes it."""
        if self.absent:
            return _create(self.holder, self.absent, text or "")
        if self.attribute is not None:
            return _set(self.holder, self.attribute, text)
        return _take_out(self.holder) if text is None else _write(self.holder, text)


def _set(holder: etree._Element, name: str, text: str | None) -> Callable[[], None]:
    before = holder.get(name)
    _assign(holder, name, text)
    return lambda: _assign(holder, name, before)


def _assign(holder: etree._Element, name: str, text: str | None) -> None:
    if text is not None:
        holder.set(name, text)
    elif name in holder.attrib:
        holder.attrib.pop(name)


def _write(holder: etree._Element, text: str) -> Callable[[], None]:
    before, raw = holder.text, holder.get(RAW)
    holder.text = text
    if raw is not None:
        holder.set(RAW, text)

    def undo() -> None:
        holder.text = before
        if raw is not None:
            holder.set(RAW, raw)

    return undo


def _take_out(holder: etree._Element) -> Callable[[], None]:
    parent = holder.getparent()
    if parent is None or len(holder):
        return _write(holder, "")
    place, tail = parent.index(holder), holder.tail
    parent.remove(holder)

    def undo() -> None:
        parent.insert(place, holder)
        holder.tail = tail

    return undo


def _create(holder: etree._Element, names: tuple[str, ...], text: str) -> Callable[[], None]:
    *elements, last = names
    made = [holder]
    for name in elements if last.startswith("@") else names:
        made.append(etree.SubElement(made[-1], name))
    if last.startswith("@"):
        made[-1].set(last[1:], text)
    else:
        made[-1].text = text

    def undo() -> None:
        if len(made) > 1:
            holder.remove(made[1])
        else:
            holder.attrib.pop(last[1:])

    return undo


def read_slots(tree: etree._Element, mapping: Mapping) -> list[Slot]:
    """Return the values of a canonical tree, in document order; what a csv row does not hold comes as absent."""
    slots = [Slot("@" + name, tree, value, name) for name, value in _text_attributes(tree)]
    if mapping.format == "csv":
        return slots + list(_cells(tree, mapping))
    return slots + list(_values(tree))


def _text_attributes(element: etree._Element) -> Iterator[tuple[str, str]]:
    for name, value in element.attrib.items():
        if not str(name).startswith(f"{{{SOURCE_NAMESPACE}}}"):
            yield str(name), str(value)


def _cells(tree: etree._Element, mapping: Mapping) -> Iterator[Slot]:
    names = [column.name for column in mapping.csv.columns]
    for element in tree.iterdescendants(etree.Element):
        if element.get("n") is not None:
            there = {str(cell.tag) for cell in element}
            yield from (Slot(name, element, absent=(name,)) for name in names if name not in there)
        elif not len(element):
            yield Slot(str(element.tag), element, element.text or "")


def _values(tree: etree._Element) -> Iterator[Slot]:
    paths = {tree: ""}
    for element in tree.iterdescendants(etree.Element):
        parent = element.getparent()
        path = paths[element] = f"{paths[parent] if parent is not None else ''}/{element.tag}"
        for name, value in _text_attributes(element):
            yield Slot(f"{path}/@{name}", element, value, name)
        if not len(element) or (element.text or "").strip():
            yield Slot(path, element, element.text or "")


def row_of(element: etree._Element) -> etree._Element | None:
    """Return the row of the file that an element of a csv tree belongs to."""
    at: etree._Element | None = element
    while at is not None and at.get("n") is None:
        at = at.getparent()
    return at


def source_line(element: etree._Element) -> int | None:
    """Return the line of the file where an element of an xml tree begins."""
    at: etree._Element | None = element
    while at is not None:
        line = at.get(LINE)
        if line:
            return int(line)
        at = at.getparent()
    return None


def common_element(elements: Iterable[etree._Element]) -> etree._Element | None:
    """Return the innermost element that holds all of these."""
    shared: list[etree._Element] | None = None
    for element in elements:
        around = [element, *element.iterancestors()]
        shared = around if shared is None else [one for one in shared if one in around]
    return shared[0] if shared else None
