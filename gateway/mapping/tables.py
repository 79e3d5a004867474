"""Code tables of a mapping: CSV files in its folder, one row for each key. Reads the mapping's own files alone."""

from __future__ import annotations

import contextlib
import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from lxml import etree

from gateway.errors import Problem
from gateway.mapping.declaration import FIELD_NAME, CodeTable

NAMESPACE = "urn:gateway:tables"
TABLES = f"{{{NAMESPACE}}}tables"
IN_SOURCE = f"/*/*[last()][namespace-uri() = '{NAMESPACE}']"
"""Where a stylesheet finds them: libxslt's parameters can only be texts or something of the source."""
MOST_PROBLEMS = 20


@dataclass(frozen=True, slots=True)
class Table:
    """One code table as read: for each key its row, by the names of the columns."""

    name: str
    declared: CodeTable
    rows: Mapping[str, Mapping[str, str]]

    def translate(self, key: str) -> str | None:
        """Return what a key stands for, or what the table declares for keys it has not; None: it is refused."""
        row = self.rows.get(key)
        if row is not None:
            return row[self.declared.value]
        return key if self.declared.unmapped == "pass" else self.declared.default


def load_table(folder: Path, place: str, name: str, declared: CodeTable) -> tuple[Table | None, list[Problem]]:
    """Return a table, or what is wrong with it, each with its row; `place` is the declaration's."""
    path = folder / declared.file
    if not path.resolve().is_relative_to(folder.resolve()):
        return None, [Problem(place, f"{declared.file!r} lies outside the mapping's folder")]
    try:
        text = path.read_bytes().decode(declared.encoding).removeprefix("\ufeff")
    except OSError as error:
        return None, [Problem(place, f"the file {declared.file!r} cannot be read: {error.strerror}")]
    except UnicodeError as error:
        words = f"is not written in {declared.encoding} ({error}); declare its encoding"
        return None, [Problem(str(path), words)]
    rows: dict[str, dict[str, str]] = {}
    problems = _read(text, declared, rows)
    if problems:
        return None, [Problem(f"{path}{at}", words) for at, words in problems[:MOST_PROBLEMS]]
    return Table(name, declared, rows), []


def _read(text: str, declared: CodeTable, rows: dict[str, dict[str, str]]) -> list[tuple[str, str]]:
    """Fill `rows`; return what is wrong, each with its place."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=declared.delimiter, strict=True)
    problems: list[tuple[str, str]] = []
    header: list[str] | None = None
    try:
        for number, cells in enumerate(reader, 1):
            values = [cell.strip() for cell in cells]
            if not any(values):
                continue
            if header is None:
                header = values
                problems += _header_problems(header, declared)
                if problems:
                    return problems
                continue
            problems += [(f", row {number}", words) for words in _take(values, header, declared, rows)]
    except csv.Error as error:
        problems.append((f", row {reader.line_num}", f"cannot be read as CSV ({error})"))
    return problems if header is not None else [("", "is empty; its first row must name the columns")]


def _header_problems(header: list[str], declared: CodeTable) -> list[tuple[str, str]]:
    names = ", ".join(header)
    found = [
        (", row 1", f'there is no column "{wanted}"; there are: {names} (delimiter {declared.delimiter!r})')
        for wanted in dict.fromkeys((declared.key, declared.value))
        if wanted not in header
    ]
    for name in header:
        if not FIELD_NAME.match(name):
            found.append((", row 1", f'"{name}" is no plain name for a column (letters, digits, _ - .)'))
        elif header.count(name) > 1:
            found.append((", row 1", f'the column "{name}" is there more than once'))
    return list(dict.fromkeys(found))


def _take(values: list[str], header: list[str], declared: CodeTable, rows: dict[str, dict[str, str]]) -> list[str]:
    if len(values) != len(header):
        return [f"has {len(values)} cells, the first row has {len(header)}"]
    row = dict(zip(header, values, strict=True))
    key = row[declared.key]
    if not key:
        return [f'has no value in the column "{declared.key}"']
    if not row[declared.value]:
        return [f'has no value in the column "{declared.value}"']
    if key in rows:
        return [f'the {declared.key} "{key}" is there twice']
    rows[key] = row
    return []


def as_element(tables: Mapping[str, Table]) -> etree._Element | None:
    """Return tables as the stylesheet sees them as $tables: one element each, its rows with a column an attribute."""
    if not tables:
        return None
    whole = etree.Element(TABLES, nsmap={"t": NAMESPACE})
    for table in tables.values():
        declared = table.declared
        one = etree.SubElement(whole, table.name, {"key": declared.key, "value": declared.value})
        if declared.unmapped == "pass":
            one.set("pass", "yes")
        if declared.default is not None:
            one.set("default", declared.default)
        for row in table.rows.values():
            etree.SubElement(one, "row", dict(row))
    return whole


@contextlib.contextmanager
def beside(source: etree._Element, tables: etree._Element | None) -> Iterator[None]:
    """Let tables stand at the end of a source for as long as a stylesheet runs."""
    if tables is None:
        yield
        return
    source.append(tables)
    try:
        yield
    finally:
        source.remove(tables)
