"""What an order asks for, line by line, and how the supplier answers: exactly, or by a named variant. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Any, Literal, get_args

from lxml import etree

from gateway.simulator.markup import children, find, text

Variant = Literal["as-ordered", "quantity", "date", "price", "split"]
VARIANTS: tuple[Variant, ...] = get_args(Variant)

Delivery = tuple[Decimal | None, date]
"""Quantity (None where the order has none) and day of one delivery."""

_DAYS_WITHOUT_REQUEST = 14
_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class OrderedLine:
    """What one order line asks for; None where the order does not say. There is always one delivery at least."""

    id: str
    quantity: Decimal | None
    unit: str | None
    price: Decimal | None
    deliveries: tuple[Delivery, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LineAnswer:
    """How the supplier answers one line. None, or no deliveries: as ordered."""

    quantity: Decimal | None = None
    price: Decimal | None = None
    deliveries: tuple[Delivery, ...] = ()  # quantity and promised day of each

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> LineAnswer:
        """Read `{"quantity": "5", "price": "1.20", "deliveries": [["3", "2026-12-01"], ...]}`."""
        if unknown := set(data) - {"quantity", "price", "deliveries"}:
            raise ValueError(f"A line's answer has no {', '.join(sorted(unknown))}.")
        return cls(
            quantity=Decimal(str(data["quantity"])) if "quantity" in data else None,
            price=Decimal(str(data["price"])) if "price" in data else None,
            deliveries=tuple((Decimal(str(q)), date.fromisoformat(d)) for q, d in data.get("deliveries", ())),
        )


def ordered_lines(root: etree._Element) -> list[OrderedLine]:
    """Return what an Order or OrderChange asks for, line by line."""
    header = next((day for each in children(root, "Delivery") if (day := _requested_day(each))), None)
    day = header or date.fromisoformat(text(root, "IssueDate")) + timedelta(days=_DAYS_WITHOUT_REQUEST)
    return [_ordered_line(item, day) for item in line_items(root)]


def _ordered_line(item: etree._Element, day_without_request: date) -> OrderedLine:
    element = find(item, "Quantity")
    quantity = _number(element)
    deliveries = tuple(
        (_number(find(each, "Quantity")) or quantity, _requested_day(each) or day_without_request)
        for each in children(item, "Delivery")
    )
    return OrderedLine(
        id=text(item, "ID"),
        quantity=quantity,
        unit=element.get("unitCode") if element is not None else None,
        price=_number(find(item, "Price/PriceAmount")),
        deliveries=deliveries or ((quantity, day_without_request),),
    )


def variant_answers(variant: Variant, lines: list[OrderedLine]) -> dict[str, LineAnswer]:
    """Return the answers of a named variant.

    quantity: the first line is cut to half (a single piece becomes two); date: every line a week later;
    price: the first line costs ten per cent more; split: the first line comes in two deliveries, a week apart.
    """
    if variant not in VARIANTS:
        raise ValueError(f"No variant {variant!r}; known: {', '.join(VARIANTS)}.")
    if variant == "date":
        return {
            line.id: LineAnswer(deliveries=tuple((quantity, day + _WEEK) for quantity, day in line.deliveries))
            for line in lines
        }
    for line in lines:
        quantity, day = line.quantity, line.deliveries[0][1]
        if variant == "quantity" and quantity:
            return {line.id: LineAnswer(quantity=quantity * 2 if quantity == 1 else _half(quantity))}
        if variant == "price" and line.price:
            return {line.id: LineAnswer(price=(line.price * Decimal("1.1")).normalize())}
        if variant == "split" and quantity:
            first = _half(quantity)
            return {line.id: LineAnswer(deliveries=((first, day), (quantity - first, day + _WEEK)))}
    return {}


def line_items(root: etree._Element) -> list[etree._Element]:
    """Return every OrderLine/LineItem of an order or response."""
    items = (find(line, "LineItem") for line in children(root, "OrderLine"))
    return [item for item in items if item is not None]


def _number(element: etree._Element | None) -> Decimal | None:
    return None if element is None else Decimal(text(element))


def _requested_day(delivery: etree._Element) -> date | None:
    for path in ("RequestedDeliveryPeriod/EndDate", "RequestedDeliveryPeriod/StartDate", "LatestDeliveryDate"):
        if value := text(delivery, path):
            return date.fromisoformat(value)
    return None


def _half(quantity: Decimal) -> Decimal:
    """Return half of it, in whole pieces when there are at least two."""
    half = quantity / 2
    return half.quantize(Decimal(1), ROUND_DOWN) if half >= 1 else half
