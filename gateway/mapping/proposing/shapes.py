"""What the values of one column look like: dates of which format, numbers with which marks, codes, texts. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.mapping.dates import compile_dates
from gateway.mapping.declaration import DecimalMark, ThousandsMark

_DAYS = (
    "yyyy-mm-dd", "dd.mm.yyyy", "d.m.yyyy", "yyyymmdd", "dd/mm/yyyy", "mm/dd/yyyy", "d/m/yyyy", "m/d/yyyy",
    "dd-mm-yyyy", "yyyy/mm/dd", "yyyy.mm.dd", "dd.mm.yy", "d.m.yy", "d/m/yy", "m/d/yy", "mmddyyyy", "ddmmyyyy",
)  # fmt: skip
_SHORT_TIMES = ("", " hh:mi:ss")
_TIMES = (" hh:mi:ss.fff", " hh:mi", "Thh:mi:ss", "Thh:mi:sszone", "Thh:mi:ss.fff", "Thh:mi:ss.fffzone", "zone")
DATE_FORMATS = (
    *(f"{day}{time}" for time in _SHORT_TIMES for day in _DAYS),
    *(f"{day}{time}" for time in _TIMES for day in _DAYS[:2]),
)
"""Tried in this order; the first that fits all values wins."""
_TWINS = (("dd/mm/yyyy", "mm/dd/yyyy"), ("d/m/yyyy", "m/d/yyyy"), ("d/m/yy", "m/d/yy"), ("mmddyyyy", "ddmmyyyy"))
_TO_ISO = {one: compile_dates((one,)) for one in DATE_FORMATS}
_YEARS = ("1980", "2099")

NULLS = ("NULL", "null", "N/A", "n/a", "#N/A", "-", "00000000", "00.00.0000", "0000-00-00", "00/00/0000", "1/0/1900")
_DIGITS = re.compile(r"[+-]?[0-9]{1,15}\Z")
_POINT = re.compile(r"[+-]?[0-9]{0,15}\.[0-9]+\Z")
_COMMA = re.compile(r"[+-]?[0-9]{0,15},[0-9]+\Z")
_GROUPED = re.compile(
    r"[+-]?[0-9]{1,3}(?P<mark>[ .,'\xa0])[0-9]{3}(?:(?P=mark)[0-9]{3})*(?:(?P<decimal>[.,])[0-9]+)?\Z"
)
CURRENCIES = frozenset("EUR SEK NOK DKK USD GBP CHF PLN CZK HUF RON BGN ISK JPY CNY CAD AUD INR BRL MXN TRY".split())
UNITS = frozenset(
    "PCS PCE PC EA ST STK KPL C62 H87 KG KGM G GRM T TNE M MTR MM MMT CM CMT M2 MTK M3 MTQ L LTR H HUR SET PR PAR BOX "
    "CS CTN CAN ROL RLL PAK PKT FT FTK ZPCS".split()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What all values of a column have in common; the empty ones and `nulls` aside."""

    filled: int
    empty: int
    distinct: int
    longest: int
    nulls: tuple[str, ...] = ()
    date: str | None = None
    date_twin: str | None = None  # another format that fits as well
    integer: bool = False
    decimal: DecimalMark | None = None  # a number; its mark, "." when no value has one
    marked: int = 0  # values with a decimal mark
    thousands: ThousandsMark = ""
    currency: bool = False
    unit: bool = False
    words: bool = False  # some value holds a blank: words, not codes

    @property
    def number(self) -> bool:
        """Tell whether every value is a number."""
        return self.integer or self.decimal is not None


def shape_of(values: Sequence[str]) -> Shape:
    """Return the shape of a column's values, blanks around them aside."""
    texts = [value.strip() for value in values]
    filled = [text for text in texts if text]
    nulls = tuple(one for one in NULLS if one in filled) if any(text not in NULLS for text in filled) else ()
    told = [text for text in filled if text not in nulls]
    date, twin = _date(told)
    decimal, thousands, marked = _number(told)
    return Shape(
        filled=len(told), empty=len(texts) - len(told), distinct=len(set(told)),
        longest=max(map(len, told), default=0), nulls=nulls, date=date, date_twin=twin,
        integer=bool(told) and all(_DIGITS.match(text) for text in told), decimal=decimal, thousands=thousands,
        marked=marked, currency=bool(told) and all(text in CURRENCIES for text in told),
        unit=bool(told) and all(text.upper() in UNITS for text in told) and not all(map(str.isdigit, told)),
        words=any(" " in text for text in told),
    )  # fmt: skip


def _date(texts: Sequence[str]) -> tuple[str | None, str | None]:
    """Return the format that fits all texts, and its twin with day and month the other way round if that fits too."""
    if not texts or not all(6 <= len(text) <= 35 for text in texts):
        return None, None
    different = list(dict.fromkeys(texts))
    found = next((one for one in DATE_FORMATS if _all_dates(one, different)), None)
    if found is None:
        return None, None
    twin = next((other for pair in _TWINS for other in pair if found in pair and other != found), None)
    return found, twin if twin is not None and _all_dates(twin, different) else None


def _all_dates(date_format: str, texts: Sequence[str]) -> bool:
    to_iso = _TO_ISO[date_format]
    return all((iso := to_iso(text)) is not None and _YEARS[0] <= iso[:4] <= _YEARS[1] for text in texts)


def _number(texts: Sequence[str]) -> tuple[DecimalMark | None, ThousandsMark, int]:
    """Return decimal mark, thousands mark and how many texts have a decimal mark; no mark when one is no number.

    "1,234" alone could be either; it is a fraction unless other values say that the comma groups thousands.
    """
    if not texts:
        return None, "", 0
    points = sum(1 for text in texts if _POINT.match(text))
    commas = sum(1 for text in texts if _COMMA.match(text))
    whole = sum(1 for text in texts if _DIGITS.match(text))
    if points + commas + whole == len(texts) and not (points and commas):
        return ("," if commas else "."), "", points + commas
    grouped = [match for text in texts if (match := _GROUPED.match(text)) and not _DIGITS.match(text)]
    for mark in (" ", "'", "\xa0", ".", ","):
        decimal: DecimalMark = "," if mark == "." else "."
        if mark not in (".", ",") and (commas or any(one["decimal"] == "," for one in grouped)):
            decimal = ","
        if all(_fits_marks(text, mark, decimal) for text in texts):
            return decimal, _thousands(mark), sum(1 for text in texts if decimal in text)
    return None, "", 0


def _thousands(mark: str) -> ThousandsMark:
    return {" ": " ", "'": "'", "\xa0": "\N{NO-BREAK SPACE}", ".": ".", ",": ","}[mark]  # type: ignore[return-value]


def _fits_marks(text: str, mark: str, decimal: str) -> bool:
    whole, found, fraction = text.lstrip("+-").partition(decimal)
    parts = whole.split(mark)
    sound = (parts[0].isascii() and parts[0].isdigit() and (len(parts) == 1 or len(parts[0]) <= 3)) and all(
        len(part) == 3 and part.isascii() and part.isdigit() for part in parts[1:]
    )
    return sound and (not found or (fraction.isascii() and fraction.isdigit()))
