"""The cells of a CSV row: checked, and written as elements of the canonical tree. Pure.

Values repeat in real exports, so what was found for a text is remembered per column, in bounded number.
"""

from __future__ import annotations

from typing import NamedTuple
from xml.sax.saxutils import escape, quoteattr

from gateway.mapping.declaration import Column, CsvFormat
from gateway.mapping.rejection import shown
from gateway.mapping.values import NOT_XML, Fault, compile_check
from gateway.model import Finding

REMEMBERED = 4096


class Cell(NamedTuple):
    """One cell as read: raw text (blanks aside), value as used, its element in the tree, what is wrong with it."""

    raw: str
    value: str | None
    element: str
    fault: Fault | None


class ColumnReader:
    """One declared column at its position in the file."""

    def __init__(self, column: Column, index: int, form: CsvFormat) -> None:
        self.column = column
        self.index = index
        self._trim = form.trim
        self._check = compile_check(column, form)
        self._known: dict[str, Cell] = {}

    def read(self, text: str) -> Cell:
        """Return what the cell holds."""
        cell = self._known.get(text)
        if cell is None:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            cell = self._known[text] = self._fresh(text)
        return cell

    def _fresh(self, text: str) -> Cell:
        raw = text.strip() if self._trim else text
        value, fault = self._check(raw)
        return Cell(raw, value, self._element(raw, value), fault)

    def _element(self, raw: str, value: str | None) -> str:
        """Write the cell as an element; `raw` stands beside a value that reads otherwise in the file."""
        if value is None:
            return ""
        name, place = self.column.name, self.index + 1
        beside = "" if raw == value else f" raw={attribute(raw)}"
        return f'<{name} c="{place}"{beside}>{text_node(value)}</{name}>'

    def finding(self, fault: Fault, raw: str, row: int) -> Finding:
        """Return a fault at its place in the file."""
        return Finding(
            code=fault.code,
            message=fault.message,
            row=row,
            column=self.column.label,
            value=shown(raw) if raw else None,
            expected=fault.expected,
        )


def xml_safe(text: str) -> str:
    """Return a text that XML may hold; only ever used where the order fails because of it anyway."""
    return NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def text_node(value: str) -> str:
    """Return a value as XML text; a carriage return must be spelled out or a parser would change it."""
    return escape(value, {"\r": "&#13;"})


def attribute(value: str) -> str:
    """Return a value as a quoted XML attribute."""
    return quoteattr(xml_safe(value), {"\r": "&#13;", "\n": "&#10;", "\t": "&#9;"})
