"""What a document that was sent says, read without the gateway: standard library only."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from xml.etree import ElementTree

CAC = "{urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2}"
CBC = "{urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2}"


@dataclass(frozen=True)
class SentLine:
    """One order line; None where it says nothing."""

    number: str
    quantity: Decimal | None
    unit: str | None
    price: Decimal | None
    price_for: Decimal
    price_unit: str | None
    amount: Decimal | None
    charges: Decimal  # discounts are below zero
    deliveries: tuple[tuple[Decimal | None, str | None], ...]  # quantity and day
    ours: str | None
    revision: str | None
    theirs: str | None
    name: str | None
    notes: tuple[str, ...]
    status: str | None


@dataclass(frozen=True)
class SentOrder:
    """One Order or OrderChange."""

    kind: str
    number: str
    date: str | None
    currency: str | None
    supplier: str | None
    total_of_lines: Decimal | None
    payable: Decimal | None
    tax: Decimal | None
    charges: Decimal
    lines: tuple[SentLine, ...]


def path(text: str) -> str:
    """Return a path with UBL's namespaces: "Party/ID" where a last step of cbc follows steps of cac."""
    *steps, last = text.split("/")
    return "/".join([*(CAC + step for step in steps), CBC + last])


def text_at(element: ElementTree.Element, where: str) -> str | None:
    """Return the text at a path, or None."""
    found = element.find(path(where))
    return found.text if found is not None else None


def number_at(element: ElementTree.Element, where: str) -> Decimal | None:
    """Return the number at a path, or None."""
    text = text_at(element, where)
    return Decimal(text) if text is not None else None


def _unit_at(element: ElementTree.Element, where: str) -> str | None:
    found = element.find(path(where))
    return found.get("unitCode") if found is not None else None


def _charges(element: ElementTree.Element) -> Decimal:
    total = Decimal(0)
    for charge in element.findall(f"{CAC}AllowanceCharge"):
        amount = number_at(charge, "Amount") or Decimal(0)
        total += amount if text_at(charge, "ChargeIndicator") == "true" else -amount
    return total


def read_sent(body: bytes) -> SentOrder:
    """Return what an Order or OrderChange says."""
    root = ElementTree.fromstring(body)
    return SentOrder(
        kind=root.tag.rpartition("}")[2],
        number=text_at(root, "ID") or "",
        date=text_at(root, "IssueDate"),
        currency=text_at(root, "DocumentCurrencyCode"),
        supplier=text_at(root, "SellerSupplierParty/Party/PartyIdentification/ID"),
        total_of_lines=number_at(root, "AnticipatedMonetaryTotal/LineExtensionAmount"),
        payable=number_at(root, "AnticipatedMonetaryTotal/PayableAmount"),
        tax=number_at(root, "TaxTotal/TaxAmount"),
        charges=_charges(root),
        lines=tuple(_line(line) for line in root.findall(f"{CAC}OrderLine")),
    )


def _line(line: ElementTree.Element) -> SentLine:
    item = line.find(f"{CAC}LineItem")
    assert item is not None
    deliveries = [
        (number_at(one, "Quantity"), text_at(one, "RequestedDeliveryPeriod/EndDate"))
        for one in item.findall(f"{CAC}Delivery")
    ]
    return SentLine(
        number=text_at(item, "ID") or "",
        quantity=number_at(item, "Quantity"),
        unit=_unit_at(item, "Quantity"),
        price=number_at(item, "Price/PriceAmount"),
        price_for=number_at(item, "Price/BaseQuantity") or Decimal(1),
        price_unit=_unit_at(item, "Price/BaseQuantity"),
        amount=number_at(item, "LineExtensionAmount"),
        charges=_charges(item),
        deliveries=tuple(deliveries),
        ours=text_at(item, "Item/BuyersItemIdentification/ID"),
        revision=text_at(item, "Item/BuyersItemIdentification/ExtendedID"),
        theirs=text_at(item, "Item/SellersItemIdentification/ID"),
        name=text_at(item, "Item/Name"),
        notes=tuple(note.text or "" for note in line.findall(f"{CBC}Note")),
        status=text_at(item, "LineStatusCode"),
    )
