"""Parts of a source file fit to be shown: rows of a CSV, lines of an XML. Pure: bytes in, values out; never raises.

Also a file that its mapping refuses can be shown: what cannot be read as declared is shown as plain lines.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from gateway.documents.xmlio import read_prolog
from gateway.errors import FileRejected
from gateway.mapping.declaration import CsvFormat
from gateway.mapping.encoding import decode_source
from gateway.mapping.mapping import Mapping
from gateway.mapping.records import read_records
from gateway.model import Finding

MOST_LINES = 400
MOST_CHARACTERS = 400
AROUND = 2


@dataclass(frozen=True, slots=True)
class SourceView:
    """Numbered rows of cells, or numbered lines, which are rows of one cell; with the labels of a CSV's columns."""

    rows: tuple[tuple[int, tuple[str, ...]], ...] = ()
    labels: tuple[str, ...] = ()
    table: bool = False
    cut: int = 0  # rows or lines that were asked for and are too many to show

    def part(self, numbers: Collection[int]) -> SourceView:
        """Return some of its rows, at most MOST_LINES of them."""
        wanted = set(numbers)
        rows = tuple(row for row in self.rows if row[0] in wanted)
        return replace(self, rows=rows[:MOST_LINES], cut=max(0, len(rows) - MOST_LINES))

    def column_of(self, label: str | None) -> int | None:
        """Return the place of the column that a finding names; first is 0."""
        if label is None:
            return None
        if label in self.labels:
            return self.labels.index(label)
        return int(label) - 1 if label.isdecimal() and 0 < int(label) <= max(len(self.labels), 1) else None


def view(mapping: Mapping, data: bytes, wanted: Iterable[int]) -> tuple[SourceView, int | None]:
    """Return rows or lines of a file by their numbers, and how many rows a CSV has.

    The count is None for XML, and when the CSV cannot be read to its end as declared.
    """
    numbers = set(wanted)
    return _table(data, mapping.csv, numbers) if mapping.format == "csv" else (_xml_lines(data, numbers), None)


def around_findings(mapping: Mapping, data: bytes, findings: Iterable[Finding]) -> SourceView:
    """Return the rows or lines that findings name, and a few around them; without any, how the file begins."""
    places = [place for one in findings if (place := one.row or one.line) is not None] or [1]
    wanted = {number for place in places for number in range(max(1, place - AROUND), place + AROUND + 1)}
    return view(mapping, data, wanted)[0].part(wanted)


def _table(data: bytes, form: CsvFormat, wanted: Collection[int]) -> tuple[SourceView, int | None]:
    kept: list[tuple[int, tuple[str, ...]]] = []
    labels: tuple[str, ...] = ()
    count = 0
    try:
        for record in read_records(decode_source(data, form.encoding).open(), form):
            count = record.row
            if not labels and form.header_row and any(cell.strip() for cell in record.cells):
                labels = tuple(cell.strip() for cell in record.cells)
            if record.row in wanted:
                kept.append((record.row, tuple(_cut(cell) for cell in record.cells)))
    except FileRejected:
        return _plain_lines(data.decode("utf-8", "replace"), wanted), None
    if not form.header_row:
        labels = _labels_by_position(form, max((len(cells) for _row, cells in kept), default=0))
    return SourceView(tuple(kept), labels, True), count


def _labels_by_position(form: CsvFormat, width: int) -> tuple[str, ...]:
    names: dict[int, str] = {}
    position = 0
    for column in form.columns:
        position = column.position if column.position is not None else position + 1
        names[position] = column.label
    return tuple(names.get(number, str(number)) for number in range(1, max(width, *names, 0) + 1))


def _xml_lines(data: bytes, wanted: Collection[int]) -> SourceView:
    prolog = read_prolog(data)
    try:
        text = data.decode(prolog.bom or prolog.declared or "utf-8", "replace")
    except LookupError:
        text = data.decode("latin-1")
    return _plain_lines(text.removeprefix("\ufeff"), wanted)


def _plain_lines(text: str, wanted: Collection[int]) -> SourceView:
    lines: Sequence[str] = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return SourceView(tuple((n, (_cut(lines[n - 1]),)) for n in sorted(wanted) if 0 < n <= len(lines)))


def _cut(text: str) -> str:
    return f"{text[:MOST_CHARACTERS]}..." if len(text) > MOST_CHARACTERS else text
