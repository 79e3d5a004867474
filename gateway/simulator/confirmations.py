"""The supplier's side: an OrderResponse (UBL 2.1) made from the order that was kept, as ordered or with changes.

Pure: documents in, bytes out.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from lxml import etree

from gateway.simulator.answers import Delivery, LineAnswer, OrderedLine, line_items, ordered_lines
from gateway.simulator.markup import CAC, CBC, UBL, children, find, text

_HEADER_TEXTS = ("DocumentCurrencyCode", "CustomerReference", "AccountingCost")
_HEADER_PARTIES = ("SellerSupplierParty", "BuyerCustomerParty", "AccountingCustomerParty")
_BEFORE_DELIVERY = (
    "ID SalesOrderID UUID Note LineStatusCode Quantity LineExtensionAmount TotalTaxAmount MinimumQuantity "
    "MaximumQuantity MinimumBackorderQuantity MaximumBackorderQuantity InspectionMethodCode "
    "PartialDeliveryIndicator BackOrderAllowedIndicator AccountingCostCode AccountingCost WarrantyInformation"
).split()
_CENT = Decimal("0.01")


def order_response(
    root: etree._Element,
    order_number: str,
    *,
    response_id: str,
    sales_order_id: str,
    issued_at: datetime,
    answers: Mapping[str, LineAnswer],
) -> bytes:
    """Return the OrderResponse to an Order or OrderChange; lines without an answer are confirmed as ordered.

    Raises LookupError for an answer to a line that the order does not have.
    """
    lines = {line.id: line for line in ordered_lines(root)}
    if strange := set(answers) - set(lines):
        raise LookupError(f"Order {order_number} has no line {', '.join(sorted(strange))}.")
    response = _begin_response(response_id, sales_order_id, issued_at)
    _copy(root, response, _HEADER_TEXTS)
    reference = etree.SubElement(response, f"{{{CAC}}}OrderReference")
    _add(reference, "ID", order_number)
    _copy(root, response, _HEADER_PARTIES)
    for order_line in children(root, "OrderLine"):
        answered = copy.deepcopy(order_line)
        answered.tail = None
        response.append(answered)
        item = find(answered, "LineItem")
        if item is not None:
            line = lines[text(item, "ID")]
            _answer_line(item, line, answers.get(line.id, LineAnswer()))
    _add_total(response)
    etree.cleanup_namespaces(response, keep_ns_prefixes=["cac", "cbc"])
    etree.indent(response)
    return etree.tostring(response, xml_declaration=True, encoding="UTF-8")


def delivered_status(order_number: str, lines: tuple[str, ...] = ()) -> bytes:
    """Return a StatusMessage that says delivered, for the order or for some rows.

    Only the root and OrderID are publicly known; the rest is this simulator's guess.
    """
    root = etree.Element("StatusMessage")
    etree.SubElement(root, "OrderID").text = order_number
    etree.SubElement(root, "Status").text = "Delivered"
    for line in lines:
        etree.SubElement(etree.SubElement(root, "OrderLine"), "ID").text = line
    etree.indent(root)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def attachment_message(order_number: str, filename: str, uri: str) -> bytes:
    """Return the queue message that announces a file for an order."""
    root = etree.Element("Attachment", {"Jakamo-Attachment-URI": uri})
    etree.SubElement(root, "OrderID").text = order_number
    etree.SubElement(root, "Filename").text = filename
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _begin_response(response_id: str, sales_order_id: str, issued_at: datetime) -> etree._Element:
    space = UBL.format(kind="OrderResponse")
    prefixes: dict[Any, str] = {None: space, "cac": CAC, "cbc": CBC}  # the stubs know no default namespace
    response = etree.Element(f"{{{space}}}OrderResponse", nsmap=prefixes)
    for name, value in (
        ("UBLVersionID", "2.1"),
        ("CustomizationID", "Jakamo"),
        ("ID", response_id),
        ("SalesOrderID", sales_order_id),
        ("IssueDate", issued_at.date().isoformat()),
        ("IssueTime", issued_at.strftime("%H:%M:%SZ")),
    ):
        _add(response, name, value)
    return response


def _plain(number: Decimal) -> str:
    return format(number, "f")


def _add(parent: etree._Element, name: str, value: str, **attributes: str) -> etree._Element:
    element = etree.SubElement(parent, f"{{{CBC}}}{name}", attributes)
    element.text = value
    return element


def _copy(source: etree._Element, target: etree._Element, names: tuple[str, ...]) -> None:
    for name in names:
        element = find(source, name)
        if element is not None:
            target.append(copy.deepcopy(element))


def _answer_line(item: etree._Element, line: OrderedLine, answer: LineAnswer) -> None:
    quantity = answer.quantity if answer.quantity is not None else line.quantity
    element = find(item, "Quantity")
    if element is not None and answer.quantity is not None:
        element.text = _plain(answer.quantity)
    element = find(item, "Price/PriceAmount")
    if element is not None and answer.price is not None:
        element.text = _plain(answer.price)
    element = find(item, "LineExtensionAmount")
    price = answer.price if answer.price is not None else line.price
    if element is not None and quantity is not None and price is not None and answer != LineAnswer():
        base = Decimal(text(item, "Price/BaseQuantity") or "1") or Decimal(1)
        element.text = _plain((quantity * price / base).quantize(_CENT, ROUND_HALF_UP))
    deliveries = answer.deliveries or line.deliveries
    if answer.quantity is not None and not answer.deliveries:
        deliveries = ((answer.quantity, line.deliveries[0][1]),)
    _replace_deliveries(item, deliveries, line.unit)


def _replace_deliveries(item: etree._Element, deliveries: tuple[Delivery, ...], unit: str | None) -> None:
    for old in list(children(item, "Delivery")):
        item.remove(old)
    before = {f"{{{CBC}}}{name}" for name in _BEFORE_DELIVERY} | {f"{{{CAC}}}WarrantyInformation"}
    position = sum(1 for child in item if child.tag in before)
    for number, (quantity, promised) in enumerate(deliveries, start=1):
        delivery = etree.Element(f"{{{CAC}}}Delivery")
        _add(delivery, "ID", str(number))
        if quantity is not None:
            _add(delivery, "Quantity", _plain(quantity), **({"unitCode": unit} if unit else {}))
        _add(etree.SubElement(delivery, f"{{{CAC}}}PromisedDeliveryPeriod"), "EndDate", promised.isoformat())
        item.insert(position + number - 1, delivery)


def _add_total(response: etree._Element) -> None:
    """Put LegalMonetaryTotal before the lines when every line has an amount of one currency."""
    items = line_items(response)
    amounts = [amount for item in items if (amount := find(item, "LineExtensionAmount")) is not None]
    currencies = {amount.get("currencyID", "") for amount in amounts}
    if len(amounts) != len(items) or len(currencies) != 1:
        return
    total = etree.Element(f"{{{CAC}}}LegalMonetaryTotal")
    summed = _plain(sum((Decimal(text(amount)) for amount in amounts), Decimal(0)))
    currency = currencies.pop()
    _add(total, "LineExtensionAmount", summed, currencyID=currency)
    _add(total, "PayableAmount", summed, currencyID=currency)
    first = next(children(response, "OrderLine"))
    response.insert(response.index(first), total)
