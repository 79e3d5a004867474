"""cXML orders: what they are, how their items lie, and what is never passed on."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from lxml import etree
from sample_runs import MAPPINGS, Outcome, run, store

from tests.acceptance.ledger_checks_cxml import check_cxml

NAME = "cxml-order"
BASIC = MAPPINGS / NAME / "samples" / "basic.xml"
DOCUMENT = """<?xml version="1.0"?>
<!DOCTYPE cXML SYSTEM "file:///nowhere/cXML.dtd">
<cXML payloadID="1" timestamp="2026-11-26T08:00:00Z"><Header>
<From><Credential domain="NetworkID"><Identity>AN1</Identity></Credential></From>
<To><Credential domain="NetworkID"><Identity>AN2</Identity></Credential></To>
<Sender><Credential domain="NetworkID"><Identity>AN1</Identity><SharedSecret>hush</SharedSecret></Credential></Sender>
</Header><Request><OrderRequest>
<OrderRequestHeader orderID="PO-1" orderDate="2026-11-26T08:00:00Z"{head}>
<Total><Money currency="EUR">{total}</Money></Total></OrderRequestHeader>{items}</OrderRequest></Request></cXML>"""
ITEM = """<ItemOut quantity="{quantity}"{more}><ItemID><SupplierPartID>S</SupplierPartID></ItemID><ItemDetail>
<UnitPrice><Money currency="EUR">{price}</Money></UnitPrice><Description xml:lang="en">Part</Description>
<UnitOfMeasure>EA</UnitOfMeasure>{detail}</ItemDetail></ItemOut>"""


def item(more: str = "", quantity: str = "1", price: str = "10", detail: str = "") -> str:
    """Return one ItemOut."""
    return ITEM.format(more=f" {more}" if more else "", quantity=quantity, price=price, detail=detail)


def convert(tmp_path: Path, *items: str, head: str = "", total: str = "10") -> Outcome:
    """Return what comes of an OrderRequest with these items."""
    path = tmp_path / "order.xml"
    path.write_text(DOCUMENT.format(head=head, total=total, items="".join(items)), encoding="utf-8")
    return run(store.get(NAME), path)


def sent(outcome: Outcome) -> etree._Element:
    """Return the one document that came of it."""
    assert outcome.orders == {}
    (body,) = outcome.documents.values()
    return etree.fromstring(body)


def texts(root: etree._Element, path: str) -> list[str]:
    """Return the texts at a path of local names."""
    steps = "/".join(f"*[local-name()='{one}']" for one in path.split("/"))
    return [str(one.text) for one in root.xpath(steps)]  # type: ignore[union-attr]  # a node-set


@pytest.mark.parametrize(
    ("head", "root"),
    [
        ("", "Order"),
        (' type="new"', "Order"),
        (' type="update"', "OrderChange"),
        (' type="delete"', "StatusMessage"),
    ],
)
def test_the_type_says_what_it_is(tmp_path: Path, head: str, root: str) -> None:
    """Without the attribute it is new: the default of a DTD that is never loaded."""
    assert etree.QName(sent(convert(tmp_path, item('lineNumber="1"'), head=head))).localname == root


def test_items_below_items_are_no_lines_of_the_order(tmp_path: Path) -> None:
    """Two levels of parts make one line; what they cost is the line's, and the order's total."""
    items = [
        item('lineNumber="1" itemType="composite" compositeItemType="itemLevel"', price="0"),
        item('lineNumber="2" parentLineNumber="1" compositeItemType="itemLevel"', price="0"),
        item('lineNumber="3" parentLineNumber="2"', "2", "3.50"),
        item('lineNumber="4" parentLineNumber="1"', "1", "5"),
        item('lineNumber="5"', "1", "1"),
    ]
    document = sent(convert(tmp_path, *items, total="13"))
    assert texts(document, "OrderLine/LineItem/ID") == ["1", "5"]
    assert texts(document, "OrderLine/LineItem/SubLineItem/ID") == ["2", "4"]
    assert texts(document, "OrderLine/LineItem/SubLineItem/SubLineItem/ID") == ["3"]
    assert texts(document, "OrderLine/LineItem/LineExtensionAmount") == ["12.00", "1.00"]
    assert texts(document, "AnticipatedMonetaryTotal/LineExtensionAmount") == ["13.00"]


def test_a_group_is_priced_once(tmp_path: Path) -> None:
    """Where the whole bears the price, its parts cost nothing on top."""
    items = [
        item('lineNumber="1" compositeItemType="groupLevel"', price="10"),
        item('lineNumber="2" parentLineNumber="1"', price="99"),
    ]
    document = sent(convert(tmp_path, *items, total="10"))
    assert texts(document, "OrderLine/LineItem/LineExtensionAmount") == ["10.00"]


def test_items_in_a_circle_are_never_lost(tmp_path: Path) -> None:
    """Items that name each other as parent belong to no line: the order is refused, not sent without them."""
    circle = [item('lineNumber="2" parentLineNumber="3"'), item('lineNumber="3" parentLineNumber="2"')]
    outcome = convert(tmp_path, item('lineNumber="1"'), *circle)
    assert outcome.documents == {}
    assert "name each other" in outcome.orders["PO-1"][0]["message"]


def test_items_without_a_number_bear_their_place(tmp_path: Path) -> None:
    """Older senders number nothing; the order of the items is theirs."""
    assert texts(sent(convert(tmp_path, item(), item(), total="20")), "OrderLine/LineItem/ID") == ["1", "2"]


@pytest.mark.parametrize(
    ("basis", "amount"),
    [
        ('<PriceBasisQuantity quantity="100"><UnitOfMeasure>EA</UnitOfMeasure></PriceBasisQuantity>', "0.31"),
        ('<PriceBasisQuantity quantity="1" conversionFactor="0.5"/>', "15.43"),
        ("", "30.86"),
    ],
)
def test_a_price_may_be_for_other_units(tmp_path: Path, basis: str, amount: str) -> None:
    """Price per hundred, or in the unit of the price: the line's amount is exact to the cent."""
    document = sent(convert(tmp_path, item('lineNumber="1"', "2.5", "12.345", basis), total=amount))
    assert texts(document, "OrderLine/LineItem/LineExtensionAmount") == [amount]


def test_a_blanket_order_and_a_wrong_total_are_refused(tmp_path: Path) -> None:
    """A blanket order asks for no delivery; a total that the lines do not come to is one of the two wrong."""
    blanket = convert(tmp_path, item('lineNumber="1"'), head=' orderType="blanket"')
    assert "release orders" in blanket.orders["PO-1"][0]["message"]
    wrong = convert(tmp_path, item('lineNumber="1"'), total="10.02")
    assert wrong.orders["PO-1"][0]["message"].startswith("Total says 10.02, but the lines come to 10.00.")
    rounded = sent(convert(tmp_path, item('lineNumber="1"'), total="10.01"))
    assert texts(rounded, "AnticipatedMonetaryTotal/PayableAmount") == ["10.01"]


@pytest.mark.parametrize("total", ["10", "10.95", "11.00", "11.95"])
def test_what_is_to_be_paid_holds_shipping_and_tax_once(tmp_path: Path, total: str) -> None:
    """Total is without them by definition; some senders have added one or both already: the lines tell."""
    path = tmp_path / "order.xml"
    extra = '<Shipping><Money currency="EUR">0.95</Money></Shipping><Tax><Money currency="EUR">1</Money></Tax>'
    text = DOCUMENT.format(head="", total=total, items=item('lineNumber="1"'))
    path.write_text(text.replace("</Total>", f"</Total>{extra}"), encoding="utf-8")
    document = sent(run(store.get(NAME), path))
    assert texts(document, "AnticipatedMonetaryTotal/PayableAmount") == ["11.95"]


def test_an_empty_day_of_a_line_is_the_order_s(tmp_path: Path) -> None:
    """Some senders write the attribute in any case."""
    head = ' requestedDeliveryDate="2026-12-24"'
    document = sent(convert(tmp_path, item('lineNumber="1" requestedDeliveryDate=""'), head=head))
    assert texts(document, "OrderLine/LineItem/Delivery/RequestedDeliveryPeriod/EndDate") == ["2026-12-24"]


@pytest.mark.parametrize(
    ("code", "number"), [("358", "+358 40 1"), ("+358", "+358 40 1"), ("FI", "40 1"), ("", "40 1")]
)
def test_a_telephone_number_can_be_dialled(tmp_path: Path, code: str, number: str) -> None:
    """A country code of letters is left out, one of digits gets its plus."""
    phone = f"<CountryCode>{code}</CountryCode><AreaOrCityCode>40</AreaOrCityCode><Number>1</Number>"
    contact = f'<Contact role="buyer"><Name>B</Name><Phone><TelephoneNumber>{phone}</TelephoneNumber></Phone></Contact>'
    path = tmp_path / "order.xml"
    text = DOCUMENT.format(head="", total="10", items=item('lineNumber="1"'))
    path.write_text(text.replace("</Total>", f"</Total>{contact}"), encoding="utf-8")
    document = sent(run(store.get(NAME), path))
    assert texts(document, "BuyerCustomerParty/BuyerContact/Telephone") == [number]


def test_secrets_and_cards_stay_inside() -> None:
    """Neither the shared secret nor the card's number is in what is sent, nor in the order's own tree."""
    assert b"not-to-be-seen" in BASIC.read_bytes()
    (body,) = run(store.get(NAME), BASIC).documents.values()
    assert (b"not-to-be-seen" in body, b"4000000000000000" in body) == (False, False)


def test_split_schedules_add_up_to_their_line() -> None:
    """Each ScheduleLine is a delivery of its own with quantity and day."""
    (body,) = run(store.get(NAME), BASIC).documents.values()
    line = etree.fromstring(body).find("{*}OrderLine/{*}LineItem")
    assert line is not None
    quantities = [Decimal(text) for text in texts(line, "Delivery/Quantity")]
    assert sum(quantities) == Decimal(str(line.findtext("{*}Quantity")))
    assert texts(line, "Delivery/RequestedDeliveryPeriod/EndDate") == ["2026-12-08", "2027-01-12"]


def test_the_independent_reading_sees_a_difference(tmp_path: Path) -> None:
    """The comparison used for real files is not blind: another price is a difference."""
    path = tmp_path / "order.xml"
    outcome = convert(tmp_path, item('lineNumber="1"', price="10"))
    (body,) = outcome.documents.values()
    assert check_cxml({"PO-1": body}, [path]).problems == []
    assert check_cxml({"PO-1": body.replace(b">10<", b">11<")}, [path]).problems != []
