"""An order or a change taken apart for those who judge it: its lines, children by name, values. Pure.

Elements are found by local name. What is not there or cannot be read is None.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from lxml import etree

_LINES = etree.XPath("*[local-name() = 'OrderLine']/*[local-name() = 'LineItem']")

Element = etree._Element
Children = dict[str, Element]


@dataclass(frozen=True, slots=True)
class Line:
    """One order line: its children by name, those of its price too."""

    element: Element
    children: Children
    price: Children


@dataclass(frozen=True, slots=True)
class Document:
    """An order or a change, taken apart once for all rules."""

    root: Element
    children: Children
    lines: tuple[Line, ...]


def taken_apart(root: Element) -> Document:
    """Return an order or a change, taken apart."""
    lines = []
    found: Any = _LINES(root)
    for element in found:
        children = children_of(element)
        lines.append(Line(element, children, children_of(children.get("Price"))))
    return Document(root, children_of(root), tuple(lines))


def children_of(element: Element | None) -> Children:
    """Return the children of an element by name, the first of each."""
    found: Children = {}
    for child in element if element is not None else ():
        if isinstance(child.tag, str):
            found.setdefault(child.tag.rpartition("}")[2], child)
    return found


def text_of(element: Element | None) -> str:
    """Return the trimmed text of an element; empty when there is none."""
    return (element.text or "").strip() if element is not None else ""


def number_of(element: Element | None) -> Decimal | None:
    """Return the number in an element."""
    if element is None:
        return None
    try:
        value = Decimal(text_of(element))
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


def date_of(element: Element | None) -> date | None:
    """Return the date in an element, whatever time or zone stands behind it."""
    try:
        return date.fromisoformat(text_of(element)[:10])
    except ValueError:
        return None


def charges_of(element: Element, children: Children) -> Decimal | None:
    """Return the charges less the allowances right below an element; None when one is no amount."""
    total = Decimal()
    for one in element.iterchildren("{*}AllowanceCharge") if "AllowanceCharge" in children else ():
        parts = children_of(one)
        amount = number_of(parts.get("Amount"))
        if amount is None:
            return None
        total += amount if text_of(parts.get("ChargeIndicator")) in ("true", "1") else -amount
    return total
