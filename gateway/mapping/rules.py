"""Business rules beyond the schema, on the document that would be sent. Pure.

Each rule has an id, which is also the code of its findings; a route says of each whether it refuses, warns or is off
(`gateway/settings/rules.py`). A rule judges only what is there and readable: what is missing or no number is the
schema's to tell. A StatusMessage has no public definition, and no rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from lxml import etree

from gateway.mapping.faults import Fault, local
from gateway.mapping.order_view import (
    Children,
    Document,
    Element,
    Line,
    charges_of,
    children_of,
    date_of,
    number_of,
    taken_apart,
    text_of,
)
from gateway.mapping.rejection import shown
from gateway.model import KnownSuppliers, MessageKind

SUPPLIER_KNOWN = "supplier-known"
_CENT_PLACES = 2

_WITH_CURRENCY = etree.XPath("//*[@currencyID]")

Check = Callable[[Document], Iterable[Fault]]


def broken_rules(
    root: Element,
    rules: Sequence[tuple[str, str]],
    known: Iterable[Fault] = (),
    suppliers: KnownSuppliers | None = None,
) -> list[Fault]:
    """Return what breaks the rules given (id, and "refuse" or "warn"); a fault that refuses is `certain`.

    What the schema said already (`known`) is not said again. `suppliers` are those that Jakamo knows; without them
    `supplier-known` is not asked.
    """
    if not rules or local(root.tag) == MessageKind.STATUS.value:
        return []
    said = {(fault.element, fault.attribute) for fault in known}
    document = taken_apart(root)
    faults: list[Fault] = []
    for rule, level in rules:
        found = _supplier_known(document, suppliers) if rule == SUPPLIER_KNOWN else CHECKS[rule](document)
        for fault in found:
            if _told(fault) not in said:
                faults.append(replace(fault, certain=level == "refuse" and fault.code == rule))
    return faults


def _told(fault: Fault) -> tuple[Element | None, str | None]:
    """Return where the schema speaks of the same: a number that is there twice it blames on the whole line."""
    if fault.code == "line-numbers-unique":
        return fault.element.getparent(), None
    return fault.element, fault.attribute


def _line_numbers_unique(document: Document) -> Iterator[Fault]:
    seen: set[str] = set()
    for line in document.lines:
        number = line.children.get("ID")
        value = text_of(number)
        if number is not None and value and value in seen:
            words = f"The line number {shown(value)} is there twice."
            yield _fault("line-numbers-unique", words, number, "each line number once in an order")
        seen.add(value)


def _quantity_positive(document: Document) -> Iterator[Fault]:
    """A change may set the quantity of a line to nothing: that takes the line back."""
    is_change = local(document.root.tag) == MessageKind.CHANGE.value
    for line in document.lines:
        element, base = line.children.get("Quantity"), line.price.get("BaseQuantity")
        quantity, per = number_of(element), number_of(base)
        if element is not None and quantity is not None and (quantity < 0 or (quantity == 0 and not is_change)):
            expected = "zero or more" if is_change else "more than zero"
            yield _fault("quantity-positive", f"The quantity is {text_of(element)}.", element, expected)
        if base is not None and per is not None and per <= 0:
            yield _fault("quantity-positive", f"The price is for {text_of(base)} units.", base, "more than zero")


def _one_currency(document: Document) -> Iterator[Fault]:
    """Amounts of tax may be in the currency of the tax, where the document names one."""
    named = document.children.get("DocumentCurrencyCode")
    wanted = text_of(named)
    other = text_of(document.children.get("TaxCurrencyCode"))
    found: Any = _WITH_CURRENCY(document.root)
    for element in found:
        currency = str(element.get("currencyID"))
        wanted = wanted or currency
        if currency and currency != wanted and not (currency == other and _is_tax(element)):
            words = f"{local(element.tag)} is in {shown(currency)}, the order in {shown(wanted)}."
            fault = _fault("one-currency", words, element, wanted, [named])
            yield replace(fault, value=shown(currency), attribute="currencyID")


def _is_tax(element: Element) -> bool:
    return any(local(one.tag) == "TaxTotal" for one in element.iterancestors())


def _dates_in_order(document: Document) -> Iterator[Fault]:
    dated = document.children.get("IssueDate")
    issued = date_of(dated)
    for period in document.root.iter("{*}RequestedDeliveryPeriod"):
        children = children_of(period)
        start, end = children.get("StartDate"), children.get("EndDate")
        first, last = date_of(start), date_of(end)
        if start is not None and first and last and first > last:
            words = f"The delivery would begin on {first}, after it ends ({last})."
            yield _fault("dates-in-order", words, start, f"{last} or earlier", [end])
        element, wanted = (end, last) if last else (start, first)
        if element is not None and issued and wanted and wanted < issued:
            words = f"Delivery is wanted on {wanted}, before the order is dated ({issued})."
            yield _fault("dates-in-order", words, element, f"{issued} or later", [dated])


def _line_amounts(document: Document) -> Iterator[Fault]:
    """Quantity times price, for so many units; with the line's allowances and charges, as UBL has it, or without.

    Tolerated: what rounding can do, half of the last decimal of the amount, and for each unit half of the last
    decimal of the price (of a cent where the price has fewer decimals).
    """
    for line in document.lines:
        amount, price = line.children.get("LineExtensionAmount"), line.price.get("PriceAmount")
        stated, quantity, each = number_of(amount), number_of(line.children.get("Quantity")), number_of(price)
        base, extra = number_of(line.price.get("BaseQuantity")), charges_of(line.element, line.children)
        if amount is None or stated is None or quantity is None or each is None or extra is None or base == 0:
            continue
        if _priced_in_another_unit(line):
            continue
        units = quantity / (base or Decimal(1))
        plain, whole = units * each, units * each + extra
        tolerance = _half(text_of(amount)) + abs(units) * _half(text_of(price))
        if all(abs(wanted - stated) > tolerance for wanted in (plain, whole)):
            words = f"The line amount is {text_of(amount)}, but {_sum_in_words(line)} is {_rounded(whole)}."
            parts = [line.children.get("Quantity"), price, line.price.get("BaseQuantity")]
            yield _fault("amounts-add-up", words, amount, _rounded(whole), parts)


def _priced_in_another_unit(line: Line) -> bool:
    """Tell whether the price is for another unit than the quantity is in: boxes ordered, pieces priced."""
    quantity, base = line.children.get("Quantity"), line.price.get("BaseQuantity")
    units = {one.get("unitCode") for one in (quantity, base) if one is not None}
    return None not in units and len(units) > 1


def _sum_in_words(line: Line) -> str:
    words = f"{text_of(line.children.get('Quantity'))} x {text_of(line.price.get('PriceAmount'))}"
    base = line.price.get("BaseQuantity")
    if base is not None and number_of(base) != 1:
        words += f" / {text_of(base)}"
    return f"{words} with its allowances and charges" if "AllowanceCharge" in line.children else words


def _totals(document: Document) -> Iterator[Fault]:
    """The lines' amounts add up to the total; with allowances, charges and perhaps tax to what is to be paid.

    Tolerated: half of the last decimal of each amount that is added.
    """
    total = children_of(document.children.get("AnticipatedMonetaryTotal"))
    amounts = [line.children.get("LineExtensionAmount") for line in document.lines]
    values = [value for one in amounts if (value := number_of(one)) is not None]
    complete = bool(amounts) and len(values) == len(amounts)
    stated, payable = total.get("LineExtensionAmount"), total.get("PayableAmount")
    whole = number_of(stated)
    tolerance = sum((_half(text_of(one)) for one in amounts), _half(text_of(stated)))
    if stated is not None and whole is not None and complete and abs(sum(values) - whole) > tolerance:
        words = f"The lines add up to {sum(values)}, the total of the lines says {text_of(stated)}."
        yield _fault("totals-add-up", words, stated, str(sum(values)))
    net = whole if whole is not None else sum(values, Decimal()) if complete else None
    if payable is not None and net is not None:
        yield from _payable(document, total, payable, net, tolerance)


def _payable(
    document: Document, total: Children, payable: Element, net: Decimal, tolerance: Decimal
) -> Iterator[Fault]:
    to_pay, extra = number_of(payable), charges_of(document.root, document.children)
    allowances, charges = number_of(total.get("AllowanceTotalAmount")), number_of(total.get("ChargeTotalAmount"))
    if allowances is not None or charges is not None:
        extra = (charges or Decimal()) - (allowances or Decimal())
    taxes = [number_of(children_of(one).get("TaxAmount")) for one in document.root.iterchildren("{*}TaxTotal")]
    if to_pay is None or extra is None or None in taxes:
        return
    net += extra - (number_of(total.get("PrepaidAmount")) or 0) + (number_of(total.get("PayableRoundingAmount")) or 0)
    with_tax = net + sum((tax for tax in taxes if tax is not None), Decimal())
    tolerance += _half(text_of(payable)) * (2 + len(taxes))
    if all(abs(to_pay - one) > tolerance for one in (net, with_tax)):
        wanted = str(net) if net == with_tax else f"{net} without tax, {with_tax} with it"
        words = f"The amount to pay is {text_of(payable)}; lines, allowances, charges and taxes give {wanted}."
        yield _fault("totals-add-up", words, payable, wanted)


def _supplier_known(document: Document, suppliers: KnownSuppliers | None) -> Iterator[Fault]:
    """What cannot be asked is said and refuses nothing: an order does not wait for the list."""
    party = document.children.get("SellerSupplierParty")
    if suppliers is None or party is None:
        return
    element = party.find("{*}Party/{*}PartyIdentification/{*}ID")
    element = element if element is not None else children_of(party).get("CustomerAssignedAccountID")
    if element is None or not text_of(element):
        return
    number = shown(text_of(element))
    if suppliers.ids is None:
        words = f"Whether Jakamo knows the supplier {number} could not be checked: {suppliers.trouble}"
        yield replace(_fault(SUPPLIER_KNOWN, words, element), code=f"{SUPPLIER_KNOWN}-unchecked")
    elif text_of(element) not in suppliers.ids:
        words = f"Jakamo has no company mapped to the supplier number {number}."
        yield _fault(SUPPLIER_KNOWN, words, element, "a number under Company mappings of the integration in Jakamo")


CHECKS: dict[str, Check] = {
    "line-numbers-unique": _line_numbers_unique,
    "quantity-positive": _quantity_positive,
    "one-currency": _one_currency,
    "dates-in-order": _dates_in_order,
    "amounts-add-up": _line_amounts,
    "totals-add-up": _totals,
}
"""All rules but `supplier-known`, which asks for a list."""


def _fault(
    rule: str, words: str, element: Element, expected: str | None = None, against: Iterable[Element | None] = ()
) -> Fault:
    others = tuple(one for one in against if one is not None)
    value = shown(text_of(element)) or None
    return Fault(code=rule, message=words, element=element, value=value, expected=expected, against=others)


def _half(text: str) -> Decimal:
    """Return half of the last decimal of a number as written, of a cent where it has fewer than two decimals."""
    places = max(_CENT_PLACES, len(text.partition(".")[2]))
    return Decimal(5).scaleb(-places - 1)


def _rounded(value: Decimal) -> str:
    return f"{value:.2f}"  # quantize would fail for a number of more than 28 digits
