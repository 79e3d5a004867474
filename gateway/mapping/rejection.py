"""How this room says that a file or a value is wrong: helpers around Finding and FileRejected. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.errors import FileRejected
from gateway.model import Finding

INCOMPLETE = "incomplete"
"""Code of a file that may only not be finished yet: it may wait."""

MAX_STRUCTURE_FINDINGS = 50
MAX_ORDER_FINDINGS = 500
_SHOWN = 200


def shown(value: str) -> str:
    """Return a value fit to be printed, stored and read: control characters spelled out, cut to a sane length."""
    safe = "".join(char if char.isprintable() or char in "\n\t" else f"\\u{ord(char):04x}" for char in value[:_SHOWN])
    return f"{safe}..." if len(value) > _SHOWN else safe


def rejected(findings: Sequence[Finding], *, code: str | None = None) -> FileRejected:
    """Return the refusal of a whole file; its text is the first finding and how many more there are."""
    first = findings[0]
    place = first.where()
    text = f"{place[:1].upper()}{place[1:]}: {first.message}" if place else first.message
    more = len(findings) - 1
    if more:
        text += f" And {more} more {'fault' if more == 1 else 'faults'} of structure."
    return FileRejected(text, tuple(findings), code=code or first.code)


def reject(code: str, message: str, *, row: int | None = None, line: int | None = None) -> FileRejected:
    """Return the refusal of a whole file for one reason."""
    return rejected([Finding(code=code, message=message, row=row, line=line)])
