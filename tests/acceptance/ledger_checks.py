"""Were the orders sent that the source holds? Compares documents with the files they came from.

Shares no code with the gateway or its mappings: the standard library's csv, decimal and ElementTree, and a reading of
its own of each source format. Each function takes the documents by order number (as a ledger holds them) and returns
what it compared and every difference it found.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from xml.etree import ElementTree

CAC = "{urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2}"
CBC = "{urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2}"
OPENTRANS = "{http://www.opentrans.org/XMLSchema/2.1}"
BMECAT = "{http://www.bmecat.org/bmecat/2005}"


@dataclass
class Comparison:
    """What was compared, and what is not as it should be."""

    orders: int = 0
    lines: int = 0
    values: int = 0
    problems: list[str] = field(default_factory=list)

    def same(self, where: str, expected: object, actual: object) -> None:
        """Note a difference between what the source says and what was sent."""
        self.values += 1
        if expected != actual:
            self.problems.append(f"{where}: the source says {expected!r}, sent was {actual!r}")

    def only(self, what: str, numbers: Iterable[str]) -> None:
        """Note order numbers that are on one side only."""
        self.problems += [f"{number}: {what}" for number in sorted(numbers)]


@dataclass(frozen=True)
class Line:
    """What an order line says; None where it says nothing."""

    number: str
    item: str | None
    name: str | None
    quantity: Decimal | None
    unit: str | None
    price: Decimal | None
    price_for: Decimal
    amount: Decimal | None
    delivery: str | None


def check_flat_fi(documents: Mapping[str, bytes], source: Path) -> Comparison:
    """Compare orders with the flat Nordic export (Windows-1252, semicolons, decimal commas, dd.mm.yyyy)."""
    with source.open(encoding="cp1252", newline="") as file:
        rows: dict[str, list[dict[str, str]]] = defaultdict(list)
        for row in csv.DictReader(file, delimiter=";"):
            rows[row["Tilausnro"]].append(row)
    result = Comparison()
    result.only("in the source, never sent", rows.keys() - documents.keys())
    result.only("sent, not in the source", documents.keys() - rows.keys())
    for number in rows.keys() & documents.keys():
        _compare_flat(result, number, rows[number], ElementTree.fromstring(documents[number]))
    return result


def _compare_flat(result: Comparison, number: str, rows: list[dict[str, str]], sent: ElementTree.Element) -> None:
    result.orders += 1
    head = rows[0]
    result.same(f"{number} number", number, _text(sent, f"{CBC}ID"))
    result.same(f"{number} date", _finnish_date(head["Tilauspvm"]), _text(sent, f"{CBC}IssueDate"))
    result.same(f"{number} currency", head["Valuutta"], _text(sent, f"{CBC}DocumentCurrencyCode"))
    supplier = f"{CAC}SellerSupplierParty/{CAC}Party"
    result.same(
        f"{number} supplier", head["Toimittajanro"], _text(sent, f"{supplier}/{CAC}PartyIdentification/{CBC}ID")
    )
    result.same(f"{number} supplier", head["Toimittaja"], _text(sent, f"{supplier}/{CAC}PartyName/{CBC}Name"))
    buyer = f"{CAC}BuyerCustomerParty/{CAC}BuyerContact/{CBC}ID"
    result.same(f"{number} purchaser", head["Ostaja"], _text(sent, buyer))
    method = f"{CAC}AdditionalDocumentReference/{CBC}ID"
    result.same(f"{number} delivery method", head["Toimitustapa"] or None, _text(sent, method))
    expected = [
        Line(
            number=row["Rivi"],
            item=row["Tuotenro"],
            name=row["Nimike"],
            quantity=_comma(row["Määrä"]),
            unit=row["Yksikkö"],
            price=_comma(row["Yksikköhinta"]),
            price_for=Decimal(1),
            amount=_comma(row["Rivisumma"]),
            delivery=_finnish_date(row["Toimituspvm"]) if row["Toimituspvm"] else None,
        )
        for row in rows
    ]
    _compare_lines(result, number, expected, _lines(sent, "Buyers"))
    amounts = [line.amount for line in expected]
    _compare_total(result, number, sent, None if None in amounts else sum(one for one in amounts if one is not None))


def check_opentrans(documents: Mapping[str, bytes], sources: Iterable[Path]) -> Comparison:
    """Compare orders with the openTRANS 2.1 files they came from (each file one ORDER or ORDERCHANGE)."""
    result = Comparison()
    expected: dict[str, ElementTree.Element] = {}
    for path in sources:
        root = ElementTree.parse(path).getroot()
        expected[_stripped(_info(root).find(f"{OPENTRANS}ORDER_ID")) or "?"] = root
    result.only("in the source, never sent", expected.keys() - documents.keys())
    result.only("sent, not in the source", documents.keys() - expected.keys())
    for number in expected.keys() & documents.keys():
        _compare_opentrans(result, number, expected[number], ElementTree.fromstring(documents[number]))
    return result


def _compare_opentrans(result: Comparison, number: str, source: ElementTree.Element, sent: ElementTree.Element) -> None:
    result.orders += 1
    changed = source.tag == f"{OPENTRANS}ORDERCHANGE"
    result.same(f"{number} kind", "OrderChange" if changed else "Order", sent.tag.rpartition("}")[2])
    result.same(f"{number} number", number, _text(sent, f"{CBC}ID"))
    info = _info(source)
    day = _stripped(info.find(f"{OPENTRANS}{'ORDERCHANGE_DATE' if changed else 'ORDER_DATE'}"))
    result.same(f"{number} date", _iso_day(day), _text(sent, f"{CBC}IssueDate"))
    currency = _stripped(info.find(f"{BMECAT}CURRENCY"))
    if currency:
        result.same(f"{number} currency", currency, _text(sent, f"{CBC}DocumentCurrencyCode"))
    common = _opentrans_delivery(info.find(f"{OPENTRANS}DELIVERY_DATE"))
    items = source.findall(f"*/{OPENTRANS}ORDER_ITEM")
    _compare_lines(result, number, [_opentrans_line(item, common) for item in items], _lines(sent, "Sellers"))
    stated = _decimal(_stripped(source.find(f"*/{OPENTRANS}TOTAL_AMOUNT")))
    if stated is not None:
        _compare_total(result, number, sent, stated)


def _info(root: ElementTree.Element) -> ElementTree.Element:
    for name in ("ORDER_INFO", "ORDERCHANGE_INFO"):
        found = root.find(f"*/{OPENTRANS}{name}")
        if found is not None:
            return found
    raise ValueError(f"{root.tag} is no openTRANS order")


def _opentrans_line(item: ElementTree.Element, common: str | None) -> Line:
    price = f"{OPENTRANS}PRODUCT_PRICE_FIX/{BMECAT}"
    quantity = _decimal(_stripped(item.find(f"{OPENTRANS}QUANTITY")))
    amount = _decimal(_stripped(item.find(f"{OPENTRANS}PRICE_LINE_AMOUNT")))
    each = _decimal(_stripped(item.find(f"{price}PRICE_AMOUNT")))
    per = _decimal(_stripped(item.find(f"{price}PRICE_QUANTITY"))) or Decimal(1)
    if amount is None and each is not None and quantity is not None:
        amount = round(quantity * each / per + Decimal(0), 2)
    return Line(
        number=_stripped(item.find(f"{OPENTRANS}LINE_ITEM_ID")) or "",
        item=_stripped(item.find(f"{OPENTRANS}PRODUCT_ID/{BMECAT}SUPPLIER_PID")),
        name=_stripped(item.find(f"{OPENTRANS}PRODUCT_ID/{BMECAT}DESCRIPTION_SHORT")),
        quantity=quantity,
        unit=_stripped(item.find(f"{BMECAT}ORDER_UNIT")),
        price=each,
        price_for=per,
        amount=amount,
        delivery=_opentrans_delivery(item.find(f"{OPENTRANS}DELIVERY_DATE")) or common,
    )


def _opentrans_delivery(dates: ElementTree.Element | None) -> str | None:
    if dates is None:
        return None
    return _iso_day(_stripped(dates.find(f"{OPENTRANS}DELIVERY_END_DATE")))


def _lines(sent: ElementTree.Element, numbered_by: str) -> list[Line]:
    """Return the order lines of a UBL document; the item's number is the buyer's or the seller's."""
    found = []
    for line in sent.findall(f"{CAC}OrderLine/{CAC}LineItem"):
        quantity = line.find(f"{CBC}Quantity")
        per = _decimal(_text(line, f"{CAC}Price/{CBC}BaseQuantity"))
        found.append(
            Line(
                number=_text(line, f"{CBC}ID") or "",
                item=_text(line, f"{CAC}Item/{CAC}{numbered_by}ItemIdentification/{CBC}ID"),
                name=_text(line, f"{CAC}Item/{CBC}Name"),
                quantity=_decimal(_stripped(quantity)),
                unit=quantity.get("unitCode") if quantity is not None else None,
                price=_decimal(_text(line, f"{CAC}Price/{CBC}PriceAmount")),
                price_for=per if per is not None else Decimal(1),
                amount=_decimal(_text(line, f"{CBC}LineExtensionAmount")),
                delivery=_text(line, f"{CAC}Delivery/{CAC}RequestedDeliveryPeriod/{CBC}EndDate"),
            )
        )
    return found


def _compare_lines(result: Comparison, number: str, expected: list[Line], sent: list[Line]) -> None:
    result.same(f"{number} line numbers", [line.number for line in expected], [line.number for line in sent])
    for wanted, given in zip(expected, sent, strict=False):
        result.lines += 1
        for name in Line.__dataclass_fields__:
            result.same(f"{number} line {wanted.number} {name}", getattr(wanted, name), getattr(given, name))


def _compare_total(result: Comparison, number: str, sent: ElementTree.Element, expected: Decimal | int | None) -> None:
    for name in ("LineExtensionAmount", "PayableAmount"):
        total = _decimal(_text(sent, f"{CAC}AnticipatedMonetaryTotal/{CBC}{name}"))
        result.same(f"{number} {name}", expected, total)
    currency = _text(sent, f"{CBC}DocumentCurrencyCode")
    for amount in sent.iter():
        if amount.get("currencyID") is not None:
            result.same(f"{number} currency of {amount.tag.rpartition('}')[2]}", currency, amount.get("currencyID"))


def _text(element: ElementTree.Element, path: str) -> str | None:
    return _stripped(element.find(path))


def _stripped(element: ElementTree.Element | None) -> str | None:
    if element is None:
        return None
    text = "".join(element.itertext()).strip()
    return " ".join(text.split()) or None


def _comma(text: str) -> Decimal | None:
    return _decimal(text.strip().replace(",", ".")) if text.strip() else None


def _decimal(text: str | None) -> Decimal | None:
    if not text:
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        return Decimal("NaN")  # equal to nothing: shows up as a difference


def _finnish_date(text: str) -> str:
    day, month, year = text.split(".")
    return f"{year}-{month}-{day}"


def _iso_day(text: str | None) -> str | None:
    if text is None:
        return None
    return f"{text[:4]}-{text[4:6]}-{text[6:8]}" if len(text) == 8 and text.isdigit() else text[:10]
