"""Were the orders sent that a cXML OrderRequest holds? Compares documents with the files they came from.

Shares no code with the gateway or its mappings, like `ledger_checks`, whose comparison it uses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree

from tests.acceptance.ledger_checks import (
    CAC,
    CBC,
    Comparison,
    Line,
    _compare_lines,
    _decimal,
    _lines,
    _stripped,
    _text,
)

KINDS = {None: "Order", "new": "Order", "update": "OrderChange"}
CITY = f"{CAC}Delivery/{CAC}DeliveryLocation/{CAC}Address/{CBC}CityName"


def check_cxml(documents: Mapping[str, bytes], sources: Iterable[Path]) -> Comparison:
    """Compare orders and changes with the cXML files they came from (each file one OrderRequest)."""
    result = Comparison()
    expected: dict[str, ElementTree.Element] = {}
    for path in sources:
        root = ElementTree.parse(path).getroot()
        header = root.find("Request/OrderRequest/OrderRequestHeader")
        assert header is not None
        expected[header.get("orderID", "?")] = root
    result.only("in the source, never sent", expected.keys() - documents.keys())
    result.only("sent, not in the source", documents.keys() - expected.keys())
    for number in expected.keys() & documents.keys():
        _compare(result, number, expected[number], ElementTree.fromstring(documents[number]))
    return result


def _compare(result: Comparison, number: str, source: ElementTree.Element, sent: ElementTree.Element) -> None:
    result.orders += 1
    header = source.find("Request/OrderRequest/OrderRequestHeader")
    assert header is not None
    result.same(f"{number} kind", KINDS[header.get("type")], sent.tag.rpartition("}")[2])
    result.same(f"{number} date", header.get("orderDate", "")[:10], _text(sent, f"{CBC}IssueDate"))
    total = header.find("Total/Money")
    assert total is not None
    result.same(f"{number} currency", total.get("currency"), _text(sent, f"{CBC}DocumentCurrencyCode"))
    payable = _decimal(_text(sent, f"{CAC}AnticipatedMonetaryTotal/{CBC}PayableAmount"))
    result.same(f"{number} total", _decimal(_stripped(total)), payable)
    for role, side in (("BuyerCustomerParty", "From"), ("SellerSupplierParty", "To")):
        identity = _stripped(source.find(f"Header/{side}/Credential/Identity"))
        found = [_stripped(one) for one in sent.findall(f"{CAC}{role}/{CAC}Party/{CAC}PartyIdentification/{CBC}ID")]
        result.same(f"{number} {side} is told", True, identity in found)
    result.same(f"{number} city", _stripped(header.find("ShipTo/Address/PostalAddress/City")), _text(sent, CITY))
    common = header.get("requestedDeliveryDate")
    items = source.findall("Request/OrderRequest/ItemOut")
    _compare_lines(result, number, [_line(item, common) for item in items], _lines(sent, "Sellers"))


def _line(item: ElementTree.Element, common: str | None) -> Line:
    quantity, price = _decimal(item.get("quantity")), _decimal(_stripped(item.find("ItemDetail/UnitPrice/Money")))
    wished = item.get("requestedDeliveryDate") or common
    return Line(
        number=item.get("lineNumber", ""),
        item=_stripped(item.find("ItemID/SupplierPartID")),
        name=_stripped(item.find("ItemDetail/Description")),
        quantity=quantity,
        unit=_stripped(item.find("ItemDetail/UnitOfMeasure")),
        price=price,
        price_for=Decimal(1),
        amount=round(quantity * price, 2) if quantity is not None and price is not None else None,
        delivery=wished[:10] if wished else None,
    )
