"""Date formats as people write them (`dd.mm.yyyy`), compiled once to a function. Pure.

Tokens: `yyyy`, `yy` (00-69 are 20xx), `mm`, `m`, `dd`, `d`; a time may follow and is dropped: `hh`, `mi`, `ss`, `fff`,
`zone` (Z or +02:00). `dd` and `mm` ask for two digits, `d` and `m` take one or two. All else stands for itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date

_TOKENS = {
    "yyyy": r"(?P<year>[0-9]{4})",
    "yy": r"(?P<short>[0-9]{2})",
    "mm": r"(?P<month>[0-9]{2})",
    "m": r"(?P<month>[0-9]{1,2})",
    "dd": r"(?P<day>[0-9]{2})",
    "d": r"(?P<day>[0-9]{1,2})",
    "hh": r"[0-9]{2}",
    "mi": r"[0-9]{2}",
    "ss": r"[0-9]{2}",
    "fff": r"[0-9]{1,9}",
    "zone": r"(?:Z|[+-][0-9]{2}:?[0-9]{2})",
}
TIME_TOKENS = ("hh", "mi", "ss", "fff", "zone")
_TOKEN = re.compile("|".join(sorted(_TOKENS, key=len, reverse=True)))


def _pattern(date_format: str) -> str:
    parts, at = [], 0
    for found in _TOKEN.finditer(date_format):
        parts.append(re.escape(date_format[at : found.start()]) + _TOKENS[found.group()])
        at = found.end()
    return "".join(parts) + re.escape(date_format[at:])


def date_format_problem(date_format: str) -> str | None:
    """Return why this is no date format, or None when it is one."""
    tokens = _TOKEN.findall(date_format)
    for unit in ("y", "m", "d"):
        wanted = [one for one in tokens if one[0] == unit and one not in TIME_TOKENS]
        if len(wanted) != 1:
            return f"{date_format!r} must name day, month and year once each, e.g. dd.mm.yyyy, yyyymmdd or m/d/yy"
    return None


def compile_dates(formats: Sequence[str]) -> Callable[[str], str | None]:
    """Return a function from a written date to its ISO form, or None when no format fits or the day is not real."""
    patterns = [re.compile(_pattern(one) + r"\Z") for one in formats]

    def to_iso(text: str) -> str | None:
        for pattern in patterns:
            match = pattern.match(text)
            if match is None:
                continue
            found = match.groupdict()
            year = int(found["year"]) if found.get("year") else _full_year(int(found["short"]))
            try:
                return date(year, int(found["month"]), int(found["day"])).isoformat()
            except ValueError:
                continue
        return None

    return to_iso


def _full_year(short: int) -> int:
    return 2000 + short if short < 70 else 1900 + short
