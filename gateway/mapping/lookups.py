"""Codes of an order through the mapping's tables, before its stylesheet runs; what no table knows, as findings.

Done when an order is mapped, not when it is read: after a table was mended the stored order is translated anew.
"""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from gateway.mapping.mapping import Mapping
from gateway.mapping.rejection import MAX_ORDER_FINDINGS, shown
from gateway.mapping.slots import row_of, source_line
from gateway.mapping.tables import Table
from gateway.mapping.xml_paths import CompiledField, elements, place, texts
from gateway.mapping.xml_reader import SOURCE_NAMESPACE
from gateway.model import UNMAPPED_CODE, Finding

_MARK = f"{UNMAPPED_CODE}|"
RAW = f"{{{SOURCE_NAMESPACE}}}raw"
"""Attribute of a translated element of an XML source: its text as written."""


def translate(mapping: Mapping, source: etree._Element) -> list[Finding]:
    """Put into an order's tree what its codes stand for; return a finding for each code that is in no table."""
    if not mapping.tables:
        return []
    found = _cells(mapping, source) if mapping.format == "csv" else _values(mapping, source)
    return list(found)[:MAX_ORDER_FINDINGS]


def _cells(mapping: Mapping, source: etree._Element) -> Iterator[Finding]:
    columns = {one.name: (mapping.tables[one.table], one.label) for one in mapping.csv.columns if one.table}
    for cell in source.iterdescendants(*columns) if columns else ():
        table, label = columns[str(cell.tag)]
        key = cell.text or ""
        value = table.translate(key)
        if value is None:
            row = row_of(cell)
            yield _unmapped(table, key, row=int(row.get("n", "0")) if row is not None else None, column=label)
        elif value != key:
            cell.set("raw", cell.get("raw", key))
            cell.text = value


def _values(mapping: Mapping, source: etree._Element) -> Iterator[Finding]:
    order, paths = source[-1], mapping.paths
    done: set[tuple[etree._Element, str | None]] = set()
    starts = [(field, order) for field in paths.order_fields if field.declared.table]
    for group in paths.lines:
        lines = elements(group.path, order)
        starts += [(field, line) for line in lines for field in paths.line_fields if field.declared.table]
    for field, start in starts:
        yield from _field(mapping.tables[str(field.declared.table)], field, start, done)


def _field(
    table: Table, field: CompiledField, start: etree._Element, done: set[tuple[etree._Element, str | None]]
) -> Iterator[Finding]:
    if field.when is not None and not field.when(start):
        return
    for text, element, attribute in texts(field.path, start):
        if element is None or (element, attribute) in done or field.check(text).value is None:
            continue
        done.add((element, attribute))
        value = table.translate(text)
        if value is None:
            path = place(element, attribute).removeprefix("/order")
            yield _unmapped(table, text, line=source_line(element), path=path)
        elif value != text:
            _put(element, attribute, text, value)


def _put(element: etree._Element, attribute: str | None, text: str, value: str) -> None:
    if attribute is None:
        element.set(RAW, text)
        element.text = value
        return
    for name, there in element.attrib.items():
        if etree.QName(name).localname == attribute and str(there).strip() == text:
            element.set(name, value)


def _unmapped(
    table: Table,
    key: str,
    *,
    row: int | None = None,
    column: str | None = None,
    line: int | None = None,
    path: str | None = None,
) -> Finding:
    return Finding(
        code=UNMAPPED_CODE,
        message=f'"{shown(key)}" is not in the code table {table.name} ({table.declared.file}).',
        row=row,
        column=column,
        line=line,
        path=path,
        value=shown(key),
        expected=f"a {table.declared.key} of {table.declared.file}",
    )


def of_message(mapping: Mapping, text: str) -> Finding | None:
    """Return the finding behind a message of the shared template `looked-up`; None for any other message.

    The message is: mark, table, row or line, name of the cell or element, key; divided by "|".
    """
    if not text.startswith(_MARK):
        return None
    parts = text.removeprefix(_MARK).split("|", 3)
    table = mapping.tables.get(parts[0]) if len(parts) == 4 else None
    if table is None:
        words = f"The stylesheet asks for a code table that is not declared: {shown(text)}"
        return Finding(code=UNMAPPED_CODE, message=words)
    number = int(parts[1]) if parts[1].isdecimal() else None
    if mapping.format == "csv":
        labels = {one.name: one.label for one in mapping.csv.columns}
        return _unmapped(table, parts[3], row=number, column=labels.get(parts[2]))
    return _unmapped(table, parts[3], line=number, path=parts[2] or None)
