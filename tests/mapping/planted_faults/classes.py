"""Classes of faults: each turns a good value into a wrong one, or says that it does not apply. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable

NUMBER = re.compile(r"-?[0-9]+(?:[.,][0-9]+)?\Z")
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{4}|(?:19|20)[0-9]{2}[01][0-9][0-3][0-9]\Z")
YEAR = re.compile(r"(?<![0-9])(?:19|20)[0-9]{2}")
MISSING = "missing"


def _is_number(value: str) -> bool:
    return NUMBER.match(value) is not None and not DATE.match(value)


def _is_date(value: str) -> bool:
    return DATE.match(value) is not None


def _wrong_type(value: str) -> str | None:
    return "four" if _is_number(value) or _is_date(value) else None


def _not_text(value: str) -> str | None:
    return None if _is_number(value) or _is_date(value) else "1,5 / x"


def _too_long(value: str) -> str | None:
    return "9" * 60 if _is_number(value) else "X" * 400 if not _is_date(value) else None


def _unknown_code(value: str) -> str | None:
    return "qqq" if not _is_number(value) and not _is_date(value) else None


def _no_real_date(value: str) -> str | None:
    return re.sub("[0-9]", "9", value) if _is_date(value) else None


def _negative(value: str) -> str | None:
    return f"-{value}" if _is_number(value) and not value.startswith("-") else None


def _long_ago(value: str) -> str | None:
    return YEAR.sub("1997", value, count=1) if _is_date(value) else None


def _far_ahead(value: str) -> str | None:
    return YEAR.sub("2096", value, count=1) if _is_date(value) else None


def _off(value: str) -> str | None:
    return f"1{value}" if _is_number(value) and not value.startswith("-") else None


CLASSES: dict[str, Callable[[str], str | None]] = {
    "wrong type": _wrong_type,
    "other text": _not_text,
    MISSING: lambda _value: "",
    "too long": _too_long,
    "unknown code": _unknown_code,
    "no real date": _no_real_date,
    "below zero": _negative,
    "date long ago": _long_ago,
    "date far ahead": _far_ahead,
    "number off": _off,
}
"""By name. A date long ago or far ahead is out of order with the others; a number off makes totals wrong."""
