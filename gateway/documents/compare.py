"""Two versions of an order against each other: which lines are gone, and what differs, in words.

Room: documents. Pure: bytes or values in, values out. What says when or how often a document was sent (`IssueTime`,
`SequenceNumberID`, the header's `OrderReference`, the root's name and `ID`) is no difference.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from lxml import etree

from gateway.documents.ubl import DocumentError
from gateway.documents.xmlio import parse_document

HEADER = ""
LEFT_OUT = frozenset({"ID", "IssueTime", "SequenceNumberID", "OrderReference", "OrderID"})
UNITS = ("unitCode", "currencyID")

NAMES = {
    "IssueDate": "order date",
    "Note": "note",
    "DocumentCurrencyCode": "currency",
    "CustomerReference": "reference",
    "AccountingCost": "cost centre",
    "BuyerCustomerParty/Party/PartyIdentification/ID": "buyer's number",
    "BuyerCustomerParty/Party/PartyName/Name": "buyer",
    "BuyerCustomerParty/BuyerContact/ID": "purchaser",
    "SellerSupplierParty/Party/PartyIdentification/ID": "supplier's number",
    "SellerSupplierParty/Party/PartyName/Name": "supplier",
    "DeliveryTerms/ID": "delivery terms",
    "PaymentTerms/ID": "payment terms",
    "PaymentTerms/Note": "payment terms",
    "AnticipatedMonetaryTotal/LineExtensionAmount": "total of lines",
    "AnticipatedMonetaryTotal/PayableAmount": "total",
    "LineItem/Quantity": "quantity",
    "LineItem/LineExtensionAmount": "line amount",
    "LineItem/Price/PriceAmount": "price",
    "LineItem/Price/BaseQuantity": "price unit",
    "LineItem/Item/Name": "item name",
    "LineItem/Item/Description": "item description",
    "LineItem/Item/BuyersItemIdentification/ID": "item number",
    "LineItem/Item/BuyersItemIdentification/ExtendedID": "revision",
    "LineItem/Item/SellersItemIdentification/ID": "supplier's item number",
    "LineItem/Delivery/Quantity": "delivery quantity",
    "LineItem/Delivery/RequestedDeliveryPeriod/StartDate": "earliest delivery",
    "LineItem/Delivery/RequestedDeliveryPeriod/EndDate": "delivery date",
}
"""What a person calls a place in the document; all other places are called by their path."""

Leaves = dict[str, str]  # path by local names, counted where there are several -> value

_COUNT = re.compile(r"\[(\d+)\]")


def lost_lines(old_line_ids: Iterable[str], new_line_ids: Iterable[str]) -> tuple[str, ...]:
    """Return the line numbers that the new version no longer has, in the old one's order, each once."""
    kept = set(new_line_ids)
    return tuple(dict.fromkeys(number for number in old_line_ids if number not in kept))


def describe_difference(old_body: bytes, new_body: bytes) -> list[str]:
    """Return one sentence for each difference, the header first, then line by line; empty when there is none.

    Raises DocumentError when one of the bodies is no XML.
    """
    old, new = _scopes(old_body), _scopes(new_body)
    words = list(_differences("The order", old[HEADER], new[HEADER]))
    for number in dict.fromkeys((*old, *new)):
        if number == HEADER:
            continue
        if number not in new:
            words.append(f"Line {number} is gone ({_summary(old[number])}).")
        elif number not in old:
            words.append(f"Line {number} is new ({_summary(new[number])}).")
        else:
            words += _differences(f"Line {number}", old[number], new[number])
    if not words and list(old) != list(new):
        words.append("The lines are the same, in another order.")
    return words


def _differences(where: str, old: Leaves, new: Leaves) -> Iterator[str]:
    for path in dict.fromkeys((*old, *new)):
        before, after = old.get(path), new.get(path)
        if before == after:
            continue
        if before is None:
            yield f'{where}: {_called(path)} is now "{after}".'
        elif after is None:
            yield f'{where}: {_called(path)} was "{before}", is no longer given.'
        else:
            yield f'{where}: {_called(path)} was "{before}", is now "{after}".'


def _called(path: str) -> str:
    """Return a person's name for a path: "delivery date (2)" for the second delivery's."""
    counts = "".join(f" ({count})" for count in _COUNT.findall(path))
    plain = _COUNT.sub("", path)
    return f"{NAMES[plain]}{counts}" if plain in NAMES else path


def _summary(line: Leaves) -> str:
    """Return what a line is about: quantity and item."""
    quantity = line.get("LineItem/Quantity", "no quantity")
    places = ("LineItem/Item/Name", "LineItem/Item/BuyersItemIdentification/ID", "LineItem/Item/Description")
    item = next((line[place] for place in places if place in line), "an item without a name")
    return f"{quantity}, {item}"


def _scopes(body: bytes) -> dict[str, Leaves]:
    """Return the values of the header, under "", and of each line, under its number."""
    try:
        root = parse_document(body)
    except ValueError as error:
        raise DocumentError(str(error)) from error
    header: Leaves = {}
    scopes: dict[str, Leaves] = {HEADER: header}
    for child, path in _counted(root):
        name = _local(child)
        if name == "OrderLine":
            number = (child.findtext("{*}LineItem/{*}ID") or child.findtext("{*}ID") or "?").strip()
            while number in scopes:
                number += " (again)"
            line: Leaves = {}
            _collect(child, "", line)
            line.pop("LineItem/ID", None)
            scopes[number] = line
        elif name not in LEFT_OUT:
            _collect(child, path, header)
    return scopes


def _collect(element: etree._Element, path: str, into: Leaves) -> None:
    own, children = _value(element), list(_counted(element))
    if own or not children:
        into[path] = own
    for child, name in children:
        _collect(child, f"{path}/{name}".lstrip("/"), into)


def _counted(element: etree._Element) -> Iterator[tuple[etree._Element, str]]:
    """Yield children with their local names, the second and later ones of a name counted: Note, Note[2]."""
    seen: Counter[str] = Counter()
    for child in element.iterchildren(etree.Element):
        name = _local(child)
        seen[name] += 1
        yield child, f"{name}[{seen[name]}]" if seen[name] > 1 else name


def _value(element: etree._Element) -> str:
    """Return text and attributes: "4 C62", "100.00 EUR", "4006381333931 (schemeID GTIN)"."""
    text = (element.text or "") + "".join(one.tail or "" for one in element if not isinstance(one.tag, str))
    parts = [text] if text and not text.isspace() else []
    parts += [str(element.get(name)) for name in UNITS if element.get(name)]
    others = sorted((str(name), str(value)) for name, value in element.attrib.items() if name not in UNITS)
    return " ".join([*parts, *(f"({name} {value})" for name, value in others)])


def _local(element: etree._Element) -> str:
    return str(element.tag).rpartition("}")[2]
