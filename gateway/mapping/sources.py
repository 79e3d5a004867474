"""How a person finds a value in the source: row and column with its header, or line and path. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from gateway.mapping.declaration import Value
from gateway.mapping.faults import local
from gateway.mapping.lookups import RAW as RAW_TEXT
from gateway.mapping.mapping import Mapping
from gateway.mapping.slots import RAW, Slot, row_of, source_line
from gateway.mapping.values import compile_check
from gateway.mapping.xml_paths import elements, place, texts

_TYPES = {"bad-date": ("date",), "bad-decimal": ("decimal", "integer"), "bad-integer": ("decimal", "integer")}
_GAPS = frozenset({"missing-element", "missing-value", "missing-attribute"})
_NEVER_GOOD = "?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A place of the source and the value there as the file has it."""

    row: int | None = None
    column: str | None = None
    line: int | None = None
    path: str | None = None
    value: str | None = None
    expected: str | None = None  # what its column or field asks for, in words
    type: str | None = None
    absent: bool = False

    @property
    def name(self) -> str:
        """Return what a person calls the value."""
        return self.column or (self.path or "").rpartition("/")[2]

    def wanted(self, code: str) -> str | None:
        """Return what was expected in the words of the source, where these say more than those of the result."""
        if self.absent or code in _GAPS:
            return self.expected or "a value"
        return self.expected if self.type in _TYPES.get(code, ()) else None


def source_of(slot: Slot | None, home: etree._Element | None, mapping: Mapping) -> Source:
    """Return where a value stands; without one, the row or line element that it must be in."""
    if mapping.format == "csv":
        return _in_row(slot, home, mapping)
    return _in_element(slot, home, mapping)


def _in_row(slot: Slot | None, home: etree._Element | None, mapping: Mapping) -> Source:
    row = row_of(slot.holder) if slot is not None else None
    row = row if row is not None else home
    number = int(row.get("n", "0")) if row is not None else None
    if slot is None:
        return Source(row=number)
    name, value, raw = slot.path, slot.value, slot.holder.get(RAW) if not slot.attribute else None
    if name in ("@number", "@revision"):
        name = (mapping.csv.order_number if name == "@number" else mapping.csv.revision) or name
        cell = row.find(name) if row is not None else None
        raw = cell.get(RAW) if cell is not None else None
    column = next((one for one in mapping.csv.columns if one.name == name), None)
    return Source(
        row=number,
        column=column.label if column is not None else name,
        value=raw or value,
        expected=_asked_for(column, mapping),
        type=column.type if column is not None else None,
        absent=not slot.value,
    )


def _asked_for(declared: Value | None, mapping: Mapping) -> str | None:
    """Return in words what a column or field takes; None for any text."""
    if declared is None or declared.type == "text":
        return None
    fault = compile_check(declared, mapping.csv if mapping.format == "csv" else mapping.xml)(_NEVER_GOOD).fault
    return fault.expected if fault is not None else None


def _in_element(slot: Slot | None, home: etree._Element | None, mapping: Mapping) -> Source:
    if slot is None:
        return Source(line=source_line(home), path=_below_order(home, mapping)) if home is not None else Source()
    holder, attribute = slot.holder, slot.attribute
    if holder.getparent() is None:  # the gateway's own root: its attributes repeat values of the order
        holder, attribute = _original(slot, holder, mapping)
    names = [local(one.removeprefix("@")) if "{" in one else one.removeprefix("@") for one in slot.absent]
    if slot.absent and slot.absent[-1].startswith("@"):
        names[-1] = f"@{names[-1]}"
    declared = _declared(holder, attribute, mapping) if not slot.absent else None
    written = holder.get(RAW_TEXT) if attribute is None and not slot.absent else None
    return Source(
        line=source_line(holder),
        path="/".join([_below_order(holder, mapping, attribute), *names]),
        value=(written or slot.value).strip(),
        expected=_asked_for(declared, mapping),
        type=declared.type if declared is not None else None,
        absent=not slot.value,
    )


def _original(
    slot: Slot, root: etree._Element, mapping: Mapping
) -> tuple[etree._Element, str | None]:
    order = root[-1] if len(root) else root
    path = {"number": mapping.paths.order_number, "revision": mapping.paths.revision, "kind": mapping.paths.kind}.get(
        str(slot.attribute)
    )
    found = next(iter(texts(path, order)), None) if path is not None else None
    if found is None or found.element is None:
        return order, None
    return found.element, found.attribute


def _declared(holder: etree._Element, attribute: str | None, mapping: Mapping) -> Value | None:
    """Return what a mapping declares of a value."""
    order = next(one for one in [*holder.iterancestors(), holder] if one.getparent() is None)[-1]
    lines = [line for one in mapping.paths.lines for line in elements(one.path, order)]
    for field in (*mapping.paths.order_fields, *mapping.paths.line_fields):
        for start in lines if field.declared.of == "line" else [order]:
            for found in texts(field.path, start):
                if found.element is holder and found.attribute == attribute:
                    return field.declared
    return None


def _below_order(element: etree._Element, mapping: Mapping, attribute: str | None = None) -> str:
    """Return the path of an element as the file has it, from the order element down; of the envelope from the top."""
    path = place(element, local(attribute) if attribute else None).removeprefix("/order")
    if not path.startswith("/envelope"):
        return path
    inside = path.removeprefix("/envelope")
    name = inside.split("/")[1].partition("[")[0] if inside else ""
    for declared in mapping.xml.envelope:
        steps = [one.rpartition(":")[2] for one in declared.strip("/").split("/")]
        if steps[-1] == name:
            return "/".join(["", *steps[:-1]]) + inside
    return path
