"""One thing wrong with a document, before it is placed in its source. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lxml import etree

_OF_VALUES = frozenset(
    {"bad-boolean", "bad-date", "bad-decimal", "bad-form", "bad-integer", "bad-time"}
    | {"missing-value", "out-of-range", "too-long", "unknown-code"}
)
"""Codes of faults of a value, of which a place has one at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing wrong with a document, at an element of it."""

    code: str
    message: str
    element: etree._Element
    value: str | None = None
    expected: str | None = None
    attribute: str | None = None
    against: tuple[etree._Element, ...] = ()  # what it contradicts: any of these may be the wrong one
    certain: bool = False  # refused by OASIS UBL or by Jakamo's own rules, not only by our schema

    @property
    def place(self) -> tuple[Any, ...]:
        """Return what two faults have in common that say the same: a value has one fault, an element may lack many."""
        if self.code in _OF_VALUES:
            return self.element, self.attribute
        return self.element, self.attribute, self.message


def local(tag: object) -> str:
    """Return a name without its namespace or prefix."""
    return str(tag).rpartition("}")[2].rpartition(":")[2]
