"""How a text export is written: encoding, delimiter, quote, header row. Guessed with evidence. Pure, never raises."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.mapping.proposing.guess import Guess
from gateway.mapping.proposing.shapes import shape_of
from gateway.mapping.proposing.words import EXACT, role_of

ROWS_LOOKED_AT = 5000
_DELIMITERS = {";": "semicolon", "\t": "tab", ",": "comma", "|": "vertical bar", "^": "caret", "~": "tilde"}
_BETWEEN_WORDS = re.compile(r"[\s\";,|^~]+")
_SINGLE_BYTE = ("windows-1252", "cp850", "iso-8859-1")
_LETTERS = frozenset("\N{LATIN SMALL LETTER A WITH DIAERESIS}\N{LATIN SMALL LETTER O WITH DIAERESIS}"
                     "\N{LATIN SMALL LETTER A WITH RING ABOVE}\N{LATIN SMALL LETTER U WITH DIAERESIS}"
                     "\N{LATIN SMALL LETTER SHARP S}\N{LATIN SMALL LETTER E WITH ACUTE}"
                     "\N{LATIN SMALL LETTER O WITH STROKE}\N{LATIN SMALL LETTER AE}")  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How the text is written, and its rows; the header row, if there is one, is the first of them."""

    encoding: str
    delimiter: str
    quote: str
    header_row: bool
    empty_rows: str  # "end" or "anywhere"
    width: int
    rows: tuple[tuple[str, ...], ...]  # with as many cells as the header, or as most have; empty ones left out
    misfits: tuple[tuple[int, tuple[str, ...]], ...]  # rows with another number of cells
    guesses: tuple[Guess, ...]

    @property
    def data(self) -> tuple[tuple[str, ...], ...]:
        """Return the rows without the header."""
        return self.rows[1:] if self.header_row else self.rows


def guess_encoding(data: bytes) -> tuple[str, str, Guess]:
    """Return the encoding, the text, and why."""
    for mark, name in ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            text = data.decode(name, "replace").removeprefix("\ufeff")
            return name, text, Guess(what="encoding", value=name, evidence="the file begins with its byte order mark")
    for name, zeros in (("utf-16-le", data[1:400:2]), ("utf-16-be", data[0:400:2])):
        if len(zeros) > 1 and zeros.count(0) * 10 >= len(zeros) * 9:
            text = data.decode(name, "replace")
            return name, text, Guess(what="encoding", value=name, evidence="every other byte is zero", check="look")
    if data.isascii():
        why = "the sample is plain ASCII, which fits almost any encoding"
        check = "a real file with letters such as \N{LATIN SMALL LETTER A WITH DIAERESIS}"
        return "utf-8", data.decode("ascii"), Guess(what="encoding", value="utf-8", evidence=why, check=check)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return _single_byte(data)
    return "utf-8", text, Guess(what="encoding", value="utf-8", evidence=f'it reads as UTF-8: "{_example(text)}"')


def _single_byte(data: bytes) -> tuple[str, str, Guess]:
    """Return the single-byte encoding in which most of the special characters are letters of the languages we know."""
    best = ("iso-8859-1", data.decode("iso-8859-1"), -1)
    for name in _SINGLE_BYTE:
        try:
            text = data.decode(name)
        except UnicodeDecodeError:
            continue
        letters = sum(1 for char in text.lower() if char in _LETTERS)
        if letters > best[2]:
            best = (name, text, letters)
    name, text, _letters = best
    why = f'it is not UTF-8; as {name} it reads "{_example(text)}"'
    return name, text, Guess(what="encoding", value=name, evidence=why, check="is that a word?")


def _example(text: str) -> str:
    """Return a word with a character above ASCII."""
    words = (word for line in text.splitlines()[:200] for word in _BETWEEN_WORDS.split(line))
    return next((word[:40] for word in words if not word.isascii()), "")


def guess_dialect(data: bytes) -> Dialect | None:
    """Return how a text is written; None when it has no columns that could be told apart."""
    encoding, text, of_encoding = guess_encoding(data)
    tried = [_Tried.of(text, delimiter, quote) for delimiter in _DELIMITERS for quote in ('"', "")]
    usable = [one for one in tried if one is not None and one.width > 1]
    if not usable:
        return None
    best = max(usable, key=lambda one: (round(one.share, 2), one.width, one.quote != ""))
    full = [row for row in best.rows if any(cell.strip() for cell in row)]
    width = best.width
    rows = [row for row in full if len(row) == width]
    header, of_header = _has_header(rows)
    quoted = best.quote != "" and f"{best.quote}" in text
    name = _DELIMITERS[best.delimiter]
    share = f"{best.share:.0%} of the rows have {width} cells with it"
    guesses = (
        of_encoding,
        Guess(what="delimiter", value=best.delimiter, evidence=f"{name}: {share}"),
        Guess(what="quote", value=best.quote, evidence="it reads so without fault" if quoted or not best.quote
              else "none is in the sample; this is the usual one"),
        of_header,
    )  # fmt: skip
    last_full = max((place for place, row in enumerate(best.rows) if any(cell.strip() for cell in row)), default=0)
    gaps = any(not any(cell.strip() for cell in row) for row in best.rows[:last_full])
    misfits = tuple(
        (place, tuple(row))
        for place, row in enumerate(best.rows, start=1)
        if len(row) != width and any(cell.strip() for cell in row)
    )
    return Dialect(
        encoding=encoding, delimiter=best.delimiter, quote=best.quote, header_row=header,
        empty_rows="anywhere" if gaps else "end", width=width, rows=tuple(map(tuple, rows)), misfits=misfits,
        guesses=guesses,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Tried:
    """A text read with one delimiter and quote."""

    delimiter: str
    quote: str
    rows: list[list[str]]
    width: int
    share: float  # of rows that have this width

    @staticmethod
    def of(text: str, delimiter: str, quote: str) -> _Tried | None:
        """Read the text; None when it cannot be read so."""
        quoting = {"quotechar": quote} if quote else {"quoting": csv.QUOTE_NONE, "quotechar": None}
        rows: list[list[str]] = []
        try:
            reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True, **quoting)
            for row in reader:
                rows.append(row)
                if len(rows) >= ROWS_LOOKED_AT:
                    break
        except csv.Error:
            return None
        counts = Counter(len(row) for row in rows if any(cell.strip() for cell in row))
        if not counts:
            return None
        width, many = max(counts.items(), key=lambda one: (one[1], one[0]))
        return _Tried(delimiter, quote, rows, width, many / sum(counts.values()))


def _has_header(rows: Sequence[Sequence[str]]) -> tuple[bool, Guess]:
    """Tell whether the first row holds the names of the columns: words, no numbers or dates, each once."""
    if not rows:
        return False, Guess(what="header row", value="no", evidence="there is no row")
    labels = [cell.strip() for cell in rows[0]]
    told = [label for label in labels if label]
    known = sum(1 for label in told if role_of(label)[1] == EXACT)
    values = [label for label in told if (shape := shape_of([label])).number or shape.date is not None]
    if values or not told:
        why = f'the first row holds values such as "{values[0][:40]}"' if values else "the first row is empty"
        return False, Guess(what="header row", value="no", evidence=why)
    if known >= 2:
        return True, Guess(what="header row", value="yes", evidence=f"{known} cells of the first row are known words")
    below = [shape_of([row[place] for row in rows[1:200]]) for place in range(len(labels))]
    other = sum(1 for shape in below if shape.number or shape.date is not None)
    if other:
        why = f"the first row is words, below it {other} columns hold numbers or dates"
        return True, Guess(what="header row", value="yes", evidence=why)
    return len(rows) > 1 and len(set(told)) == len(labels), Guess(
        what="header row", value="unsure", evidence="all rows are words", check="does the first row name the columns?"
    )
