"""From text to rows of cells, each with its place in the text; the csv module does the reading. Pure.

A row is what a spreadsheet shows as one: a quoted cell may hold line breaks, an empty line is a row without cells.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any, NamedTuple, TextIO

from gateway.errors import FileRejected
from gateway.mapping.declaration import CsvFormat
from gateway.mapping.rejection import reject, shown


class Record(NamedTuple):
    """One row: its number in the file (first is 1), its cells, the text it stands in, and over how many lines."""

    row: int
    cells: list[str]
    raw: str
    lines: int


class _RecordTooLongError(Exception):
    """A row went on beyond the declared length."""


class _Lines:
    """Feed physical lines to csv.reader, bounding how many one row may eat; keep those of the present row."""

    def __init__(self, text: TextIO, limit: int) -> None:
        self._text = text
        self._limit = limit
        self._pieces: list[str] = []
        self._size = 0

    def __iter__(self) -> Iterator[str]:
        limit = self._limit
        while line := self._text.readline(limit + 1):
            self._pieces.append(line)
            self._size += len(line)
            if self._size > limit:
                raise _RecordTooLongError
            yield line

    def raw(self) -> str:
        """Return the text of the present row so far."""
        return self._pieces[0] if len(self._pieces) == 1 else "".join(self._pieces)

    def next_row(self) -> None:
        """Begin another row."""
        self._pieces.clear()
        self._size = 0


def read_records(text: TextIO, form: CsvFormat) -> Iterator[Record]:
    """Yield each row of a text in the declared dialect; the text was opened without translating line ends.

    Raises FileRejected at a quote that is not closed, a row longer than declared, or text after a closing quote.
    """
    source = _Lines(text, form.max_record_characters)
    row = lines = 0
    try:
        reader = _reader(source, form)
        for cells in reader:
            row += 1
            yield Record(row, cells, source.raw(), reader.line_num - lines)
            source.next_row()
            lines = reader.line_num
    except _RecordTooLongError:
        quoted = bool(form.quote) and form.quote in source.raw()[: form.max_record_characters]
        raise _too_long(form, row + 1, quoted) from None
    except csv.Error as error:
        raise _bad_quote(source.raw(), form, row + 1, str(error)) from error


def _reader(source: _Lines, form: CsvFormat) -> Any:
    if not form.quote:
        return csv.reader(source, delimiter=form.delimiter, quoting=csv.QUOTE_NONE, quotechar=None, strict=True)
    return csv.reader(source, delimiter=form.delimiter, quotechar=form.quote, doublequote=True, strict=True)


def _too_long(form: CsvFormat, row: int, quoted: bool) -> FileRejected:
    if quoted:
        return reject(
            "unclosed-quote",
            f"A quote ({form.quote}) opened in this row is not closed within {form.max_record_characters:,} "
            "characters. Expected: a closing quote before the next delimiter.",
            row=row,
        )
    return reject("row-too-long", f"This row is longer than {form.max_record_characters:,} characters.", row=row)


def _bad_quote(raw: str, form: CsvFormat, row: int, detail: str) -> FileRejected:
    if "end of data" in detail:
        return reject(
            "unclosed-quote",
            f"A quote ({form.quote}) opened in this row is not closed; the file ends inside the cell. "
            "Expected: a closing quote before the next delimiter.",
            row=row,
        )
    if "expected after" in detail:
        swallowed = " (or a quote opened earlier in this row was not closed)" if raw.count("\n") > 1 else ""
        return reject(
            "bad-quote",
            f"A quoted cell goes on after its closing quote{swallowed}: {shown(raw.strip())!r}. "
            f"Expected: a delimiter after the closing quote; quotes inside a quoted cell are doubled.",
            row=row,
        )
    return reject("bad-row", f"This row cannot be read as CSV ({detail}).", row=row)
