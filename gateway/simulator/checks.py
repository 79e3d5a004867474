"""What the API asks of a document, as strictly as is publicly known; pure.

Certain are: root, UBL 2.1, CustomizationID Jakamo, lengths, UTF-8, decimal point, a currency on every amount,
ISO dates, both parties and at least one line. Of StatusMessage only the root and OrderID are known.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from lxml import etree

from gateway.simulator.markup import CBC, UBL, children, find, local_name, namespace, parse, text
from gateway.simulator.values import Refused

MAX_ORDER_NUMBER = 35
MAX_CURRENCY = 3
STATUS_WORDS = {
    "cancelled": "cancelled",
    "canceled": "cancelled",
    "cancel": "cancelled",
    "received": "received",
    "delivered": "delivered",
}
_DECIMAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)")
_CURRENCY = re.compile(r"[A-Z]{3}")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class Document:
    """A document that passed the checks."""

    kind: str
    order_number: str
    root: etree._Element
    status_word: str | None = None
    of_rows: bool = False  # a StatusMessage that names order rows: the order itself keeps its state


def read_document(body: bytes, allowed: tuple[str, ...]) -> Document:
    """Check a document whose root must be one of `allowed`.

    Raises Refused (400) with one error text per thing that is wrong.
    """
    root = parse(body)
    kind = local_name(root)
    if kind not in allowed:
        raise Refused(400, f"The root element must be {' or '.join(allowed)}; it is {kind}.")
    if kind == "StatusMessage":
        return _read_status(root)
    wanted = UBL.format(kind=kind)
    if namespace(root) != wanted:
        raise Refused(400, f"The root element {kind} must be in the namespace {wanted}.")
    wrong = [*_wrong_header(root, kind), *_wrong_lines(root, kind), *_wrong_values(root)]
    if wrong:
        raise Refused(400, *wrong)
    return Document(kind, order_number_in(root), root)


def order_number_in(root: etree._Element) -> str:
    """Return OrderReference/ID, else ID; for a StatusMessage OrderID; empty when there is none."""
    if local_name(root) == "StatusMessage":
        return text(root, "OrderID")
    return text(root, "OrderReference/ID") or text(root, "ID")


def peek_order_number(body: bytes) -> str | None:
    """Return the order number of a document that may be anything at all, None when it has none."""
    try:
        return order_number_in(parse(body)) or None
    except Refused:
        return None


def _read_status(root: etree._Element) -> Document:
    number = text(root, "OrderID")
    if not number:
        raise Refused(400, "StatusMessage/OrderID is missing.")
    if len(number) > MAX_ORDER_NUMBER:
        raise Refused(400, f"StatusMessage/OrderID is longer than {MAX_ORDER_NUMBER} characters.")
    words = (STATUS_WORDS.get(text(element).lower()) for element in root.iter() if not len(element))
    of_rows = any(local_name(element) == "OrderLine" for element in root)
    return Document("StatusMessage", number, root, next((word for word in words if word), None), of_rows)


def _wrong_header(root: etree._Element, kind: str) -> list[str]:
    wrong = []
    for name, only in (("UBLVersionID", "2.1"), ("CustomizationID", "Jakamo")):
        value = text(root, name)
        if value != only:
            wrong.append(f"{kind}/{name} must be {only}; it is {value or 'missing'}.")
    required = ["IssueDate", "BuyerCustomerParty", "SellerSupplierParty/Party", "OrderLine"]
    required += ["ID"] if kind == "Order" else ["SequenceNumberID", "OrderReference/ID"]
    for path in required:
        element = find(root, path)
        if element is None or not (len(element) or text(element)):
            wrong.append(f"{kind}/{path} is missing.")
    for path, longest in (("ID", MAX_ORDER_NUMBER), ("OrderReference/ID", MAX_ORDER_NUMBER)):
        if len(text(root, path)) > longest:
            wrong.append(f"{kind}/{path} is longer than {longest} characters.")
    currency = find(root, "DocumentCurrencyCode")
    if currency is not None and not _CURRENCY.fullmatch(text(currency)):
        wrong.append(f"{kind}/DocumentCurrencyCode must be a three-letter code; it is {text(currency)!r}.")
    return wrong


def _wrong_lines(root: etree._Element, kind: str) -> list[str]:
    wrong = []
    seen: set[str] = set()
    for position, line in enumerate(children(root, "OrderLine"), start=1):
        number = text(line, "LineItem/ID")
        if not number:
            wrong.append(f"{kind}/OrderLine[{position}]/LineItem/ID is missing.")
        elif number in seen:
            wrong.append(f"{kind}/OrderLine[{position}]/LineItem/ID {number} appears twice.")
        seen.add(number)
        if find(line, "LineItem/Item") is None:
            wrong.append(f"{kind}/OrderLine[{position}]/LineItem/Item is missing.")
    return wrong


def _wrong_values(root: etree._Element) -> list[str]:
    wrong = []
    for element in root.iter(f"{{{CBC}}}*"):
        name = local_name(element)
        value = element.text or ""
        if name.endswith("Amount"):
            if not _CURRENCY.fullmatch(element.get("currencyID", "")):
                wrong.append(f"{name} {value!r} needs a currencyID of three letters.")
            if not _DECIMAL.fullmatch(value.strip()):
                wrong.append(f"{name} must be a number with a decimal point; it is {value!r}.")
        elif name.endswith("Quantity"):
            if not _DECIMAL.fullmatch(value.strip()):
                wrong.append(f"{name} must be a number with a decimal point; it is {value!r}.")
        elif name.endswith("Date") and not _is_date(value.strip()):
            wrong.append(f"{name} must be a date YYYY-MM-DD; it is {value!r}.")
    return wrong


def _is_date(value: str) -> bool:
    if not _DATE.fullmatch(value):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True
