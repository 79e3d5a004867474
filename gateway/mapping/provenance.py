"""From a fault in the result back to the source: its row or line, and the cell where the value tells which. Pure.

A line of the result is found in the source by its line number, else by its place. A cell is named when exactly one
column of that row holds the value, as written or as read; a computed value keeps its row alone.
"""

from __future__ import annotations

from collections.abc import Iterable

from lxml import etree

from gateway.mapping.declaration import Column
from gateway.mapping.faults import Fault, local
from gateway.mapping.mapping import Mapping
from gateway.mapping.xml_paths import elements, place, texts
from gateway.mapping.xml_reader import LINE
from gateway.model import Finding


def finding(fault: Fault, mapping: Mapping, source: etree._Element) -> Finding:
    """Return a fault as a finding, placed in the source as far as it is known."""
    if mapping.format == "csv":
        return _in_rows(fault, mapping, source)
    if mapping.format == "xml":
        return _in_elements(fault, mapping, source)
    return _plain(fault, line=_line(fault.element), path=place(fault.element, fault.attribute))


def _line(element: etree._Element) -> int | None:
    known: object = element.sourceline
    return known if isinstance(known, int) else None


def _plain(
    fault: Fault,
    *,
    row: int | None = None,
    column: str | None = None,
    line: int | None = None,
    path: str | None = None,
    value: str | None = None,
) -> Finding:
    return Finding(
        code=fault.code,
        message=fault.message,
        severity="error" if fault.certain else "warning",
        row=row,
        column=column,
        line=line,
        path=path,
        value=value if value is not None else fault.value,
        expected=fault.expected,
    )


def _result_line(element: etree._Element) -> tuple[int, str, int] | None:
    """Return which line of the result holds an element: its place, its number, and how many lines there are."""
    at: etree._Element | None = element
    while at is not None:
        parent = at.getparent()
        if parent is not None and parent.getparent() is None and local(at.tag) == "OrderLine":
            lines = [one for one in parent if local(one.tag) == "OrderLine"]
            number = at.findtext("{*}LineItem/{*}ID") or at.findtext("{*}ID") or ""
            return lines.index(at), number.strip(), len(lines)
        at = parent
    return None


def _in_rows(fault: Fault, mapping: Mapping, source: etree._Element) -> Finding:
    rows = list(source)
    result_line = _result_line(fault.element)
    result_path = place(fault.element, fault.attribute)
    row = _row_of(result_line, rows, mapping) if result_line is not None else rows[0] if rows else None
    if row is None:
        return _plain(fault, path=result_path)
    number = int(row.get("n", "0"))
    columns = mapping.csv.columns
    if result_line is None:
        columns = tuple(one for one in columns if one.per_order) or columns
    cell = _only_cell(fault.value, row, columns, mapping)
    if cell is None:
        return _plain(fault, row=number, path=result_path)
    element, column = cell
    return _plain(fault, row=number, column=column.label, value=element.get("raw") or element.text)


def _row_of(result_line: tuple[int, str, int], rows: list[etree._Element], mapping: Mapping) -> etree._Element | None:
    index, number, count = result_line
    field = mapping.csv.line_number
    if field and number:
        same = [row for row in rows if (row.findtext(field) or "") == number]
        if len(same) == 1:
            return same[0]
    return rows[index] if count == len(rows) else None


def _only_cell(
    value: str | None, row: etree._Element, columns: Iterable[Column], mapping: Mapping
) -> tuple[etree._Element, Column] | None:
    if not value:
        return None
    by_name = {column.name: column for column in columns}
    by_name.setdefault(mapping.csv.order_number, _column(mapping, mapping.csv.order_number))
    found = [cell for cell in row if value in (cell.text, cell.get("raw")) and str(cell.tag) in by_name]
    return (found[0], by_name[str(found[0].tag)]) if len(found) == 1 else None


def _column(mapping: Mapping, name: str) -> Column:
    return next(column for column in mapping.csv.columns if column.name == name)


def _in_elements(fault: Fault, mapping: Mapping, source: etree._Element) -> Finding:
    order = source[-1]
    result_line = _result_line(fault.element)
    lines = [(one, line) for one in mapping.paths.lines for line in elements(one.path, order)]
    start: etree._Element = order
    if result_line is not None:
        index, number, count = result_line
        same = [line for one, line in lines if number and one.number and number in _numbers(one.number, line)]
        if len(same) == 1:
            start = same[0]
        elif count == len(lines):
            start = lines[index][1]
    inside_lines = {inner for _one, line in lines for inner in line.iter()} if result_line is None else set()
    found = _holders(fault.value, start, inside_lines)
    if len(found) == 1:
        element, attribute = found[0]
        return _plain(fault, line=_source_line(element), path=_below_order(element, attribute))
    return _plain(fault, line=_source_line(start), path=_below_order(start, None))


def _numbers(path: etree.XPath, line: etree._Element) -> list[str]:
    return [one.text for one in texts(path, line)]


def _holders(
    value: str | None, start: etree._Element, outside: set[etree._Element]
) -> list[tuple[etree._Element, str | None]]:
    if not value:
        return []
    found: list[tuple[etree._Element, str | None]] = []
    for element in start.iter(etree.Element):
        if element in outside:
            continue
        if (element.text or "").strip() == value:
            found.append((element, None))
        found += [(element, local(name)) for name, text in element.attrib.items() if name != LINE and text == value]
    return found


def _source_line(element: etree._Element) -> int | None:
    line = element.get(LINE)
    return int(line) if line else None


def _below_order(element: etree._Element, attribute: str | None) -> str:
    return place(element, attribute).removeprefix("/order")
