"""Check one value against what is declared for it and write it the way stylesheets expect. Pure.

Decimals come out with a point, dates as ISO, integers without leading zeros, codes translated where a table says so.
Digits are never changed: no rounding, no padding. An empty value is None, never zero.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from gateway.mapping.dates import compile_dates
from gateway.mapping.declaration import Notation, Value

NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Characters that no XML document may hold."""

T = TypeVar("T")

_MARK_NAMES = {",": "comma", ".": "point"}


class Fault(NamedTuple):
    """What is wrong with a value: a stable code, words, what was expected."""

    code: str
    message: str
    expected: str


class Checked(NamedTuple):
    """A value as it will be used (None: no value), or what is wrong with it."""

    value: str | None
    fault: Fault | None = None


Check = Callable[[str], Checked]


def compile_check(declared: Value, notation: Notation) -> Check:
    """Return the function that checks a value; `notation` stands in for what the value itself does not declare."""
    nulls = frozenset(_pick(declared.null_values, notation.null_values, ()))
    convert = _converter(declared, notation)
    required, longest = declared.required, declared.max_length
    missing = Fault("missing-value", "The value is missing.", "a value")

    def check(text: str) -> Checked:
        if not text or text in nulls:
            return Checked(None, missing if required else None)
        illegal = NOT_XML.search(text)
        if illegal is not None:
            return Checked(None, _illegal(illegal))
        found = convert(text)
        if found.value is not None and longest is not None and len(found.value) > longest:
            words = f"The value is {len(found.value)} characters long; at most {longest} are allowed."
            return Checked(found.value, Fault("too-long", words, f"at most {longest} characters"))
        return found

    return check


def _illegal(match: re.Match[str]) -> Fault:
    point = f"U+{ord(match.group()):04X}"
    words = f"The value holds a control character ({point}) that no XML document may hold."
    return Fault("control-character", words, "text without control characters")


def _pick(own: T | None, shared: T | None, default: T) -> T:
    return own if own is not None else shared if shared is not None else default


def _converter(declared: Value, notation: Notation) -> Check:
    behind = _pick(declared.trailing_minus, notation.trailing_minus, False)
    if declared.type == "integer":
        return _minus_in_front(_integers(_pick(declared.thousands, notation.thousands, "")), behind)
    if declared.type == "decimal":
        decimal = _pick(declared.decimal, notation.decimal, ".")
        return _minus_in_front(_decimals(decimal, _pick(declared.thousands, notation.thousands, "")), behind)
    if declared.type == "date":
        return _dates(_pick(declared.dates, notation.dates, ()))
    if declared.type == "code" and declared.table is None:  # a table's codes are looked up when the order is mapped
        return _codes(declared.values or ())
    return Checked


def _minus_in_front(check: Check, behind: bool) -> Check:
    """Return a check that also takes a minus at the end, where that is declared."""
    if not behind:
        return check

    def turned(text: str) -> Checked:
        return check(f"-{text[:-1].rstrip()}") if text.endswith("-") else check(text)

    return turned


def _grouped(thousands: str) -> str:
    if not thousands:
        return "[0-9]+"
    mark = re.escape(thousands)
    return f"(?:[0-9]{{1,3}}(?:{mark}[0-9]{{3}})+|[0-9]+)"


def _integers(thousands: str) -> Check:
    pattern = re.compile(rf"([+-]?)({_grouped(thousands)})\Z")
    fault = Fault("bad-integer", "This is no whole number.", "a whole number, e.g. 10")

    def check(text: str) -> Checked:
        match = pattern.match(text)
        if match is None:
            return Checked(None, fault)
        digits = match[2].replace(thousands, "") if thousands else match[2]
        digits = digits.lstrip("0") or "0"
        return Checked(f"-{digits}" if match[1] == "-" and digits != "0" else digits)

    return check


def _decimals(decimal: str, thousands: str) -> Check:
    mark = re.escape(decimal)
    pattern = re.compile(rf"([+-]?)({_grouped(thousands)})?(?:{mark}([0-9]+))?\Z")
    grouping = f" and {thousands!r} between thousands" if thousands else " and nothing between thousands"
    expected = f"a number with decimal {_MARK_NAMES[decimal]}{grouping}, e.g. 1{thousands}234{decimal}50"
    fault = Fault("bad-decimal", "This is no number in the declared notation.", expected)

    def check(text: str) -> Checked:
        match = pattern.match(text)
        if match is None or (match[2] is None and match[3] is None):
            return Checked(None, fault)
        whole = match[2] or "0"
        if thousands:
            whole = whole.replace(thousands, "")
        sign = "-" if match[1] == "-" else ""
        return Checked(f"{sign}{whole}.{match[3]}" if match[3] else f"{sign}{whole}")

    return check


def _dates(formats: tuple[str, ...]) -> Check:
    to_iso = compile_dates(formats)
    expected = f"a date written as {' or '.join(formats)}"
    fault = Fault("bad-date", "This is no real date in the declared notation.", expected)

    def check(text: str) -> Checked:
        iso = to_iso(text)
        return Checked(iso) if iso is not None else Checked(None, fault)

    return check


def _codes(values: tuple[str, ...] | dict[str, str]) -> Check:
    table = dict(values) if isinstance(values, dict) else {value: value for value in values}
    names = ", ".join(list(table)[:20]) + (" ..." if len(table) > 20 else "")
    fault = Fault("unknown-code", "This code is not among the declared ones.", f"one of {names}")

    def check(text: str) -> Checked:
        return Checked(table[text]) if text in table else Checked(None, fault)

    return check
