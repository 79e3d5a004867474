"""SAP Business One orders arrive whole, in both spellings: against a reading without the stylesheet."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree

import pytest
from sample_runs import MAPPINGS, mapper, run, store
from sent import SentOrder, read_sent

from gateway.errors import FileRejected
from gateway.mapping.reading import read_source
from gateway.model import MapRequest, MapResult, MessageKind

NAME = "sap-b1-order"
SAMPLES = MAPPINGS / NAME / "samples"
ORDER = """<BOM><BO><AdmInfo><Object>22</Object></AdmInfo>
<OPOR><row><DocNum>1</DocNum><DocType>I</DocType><CANCELED>N</CANCELED><DocDate>20261102</DocDate><CardCode>V1</CardCode>
<DocCur>EUR</DocCur><SlpCode>7</SlpCode>{head}</row></OPOR>
<POR1><row><LineNum>0</LineNum><ItemCode>A-1</ItemCode><Quantity>8.000000</Quantity>{row}</row></POR1></BO></BOM>"""


def convert(text: str, *, known: bool = False) -> MapResult:
    """Return what becomes of the one order of a file."""
    mapping = store.get(NAME)
    (order,) = read_source(mapping, text.encode(), name="order.xml", trailer=False).orders
    if order.findings:
        return MapResult(key=0, body=None, facts=None, findings=order.findings, mapping_hash="")
    request = MapRequest(key=0, mapping=NAME, canonical=order.canonical, known=known, change_number=1)
    return mapper.map_order(mapping, request)


def sent(head: str = "", row: str = "") -> SentOrder:
    """Return the order that a file with these values gives."""
    result = convert(ORDER.format(head=head, row=row))
    assert result.body is not None, result.findings
    return read_sent(result.body)


def value(element: ElementTree.Element, *names: str) -> str | None:
    """Return the first of these children that says something."""
    texts = ((element.findtext(name) or "").strip() for name in names)
    return next((text for text in texts if text), None)


def some(element: ElementTree.Element, *names: str) -> Decimal | None:
    """Return the first of these children that is a number other than zero."""
    texts = ((element.findtext(name) or "0").strip() or "0" for name in names)
    return next((Decimal(text) for text in texts if Decimal(text)), None)


@pytest.mark.parametrize("name", ["basic", "names"])
def test_a_sample_arrives_row_by_row(name: str) -> None:
    """Numbers, quantities, units, prices, days, amounts in the order's currency, and what it all comes to."""
    path: Path = SAMPLES / f"{name}.xml"
    documents = run(store.get(NAME), path).documents
    compared = 0
    for place, source in enumerate(ElementTree.parse(path).getroot().iter("BO"), 1):
        head = source.find("OPOR/row") if source.find("OPOR") is not None else source.find("Documents/row")
        assert head is not None
        if value(head, "CANCELED") == "Y":
            assert b"Cancelled" in documents[place]
            continue
        order = read_sent(documents[place])
        foreign = some(head, "DocTotalFC", "DocTotalFc") is not None
        rows = [*source.findall("POR1/row"), *source.findall("Document_Lines/row")]
        assert (value(head, "DocNum"), value(head, "CardCode")) == (order.number, order.supplier)
        assert [value(row, "LineNum") for row in rows] == [line.number for line in order.lines]
        for row, line in zip(rows, order.lines, strict=True):
            assert some(row, "Quantity") == line.quantity
            assert value(row, "unitMsr", "MeasureUnit", "UomCode") == line.unit
            reduced = some(row, "DiscPrcnt", "DiscountPercent") is not None
            wanted = ("PriceBefDi", "UnitPrice") if reduced else ("Price",)
            assert some(row, *wanted) == line.price
            assert some(row, *(("TotalFrgn", "RowTotalFC") if foreign else ("LineTotal",))) == line.amount
            day = (value(row, "ShipDate") or "").replace("-", "")[:8]
            expected = [f"{day[:4]}-{day[4:6]}-{day[6:]}"] if day.strip("0") else []
            assert [one for _quantity, one in line.deliveries] == expected
            if line.amount is not None and line.price is not None and line.quantity is not None:
                assert line.amount == line.quantity * line.price + line.charges
            compared += 1
        amounts = [line.amount for line in order.lines]
        if None not in amounts:
            assert order.payable == some(head, *(("DocTotalFC", "DocTotalFc") if foreign else ("DocTotal",)))
            assert order.total_of_lines == sum(one for one in amounts if one is not None)
            assert order.payable == order.total_of_lines + order.charges + (order.tax or 0)
        else:
            assert (order.payable, order.tax, order.charges) == (None, None, 0)
    assert compared > 0


def test_a_price_of_zero_is_none() -> None:
    """Business One writes zero where nothing was entered: no price, no amount, no total are claimed."""
    order = sent("<DocTotal>0.000000</DocTotal>", "<Price>0.000000</Price><LineTotal>0.000000</LineTotal>")
    assert (order.lines[0].price, order.lines[0].amount, order.payable) == (None, None, None)


def test_the_amount_in_the_orders_currency_is_taken() -> None:
    """Of two columns the foreign one, as soon as the order is in a foreign currency."""
    order = sent(
        "<DocTotal>10.00</DocTotal><DocTotalFC>80.000000</DocTotalFC>",
        "<Price>10.000000</Price><LineTotal>10.00</LineTotal><TotalFrgn>80.000000</TotalFrgn>",
    )
    assert (order.lines[0].amount, order.payable) == (80, 80)


@pytest.mark.parametrize(("total", "sent_so"), [("80.010000", True), ("80.06", False), ("90.00", False)])
def test_a_total_that_the_rows_do_not_come_to_is_refused(total: str, sent_so: bool) -> None:
    """A hundredth of rounding is let pass; more means that rows are missing."""
    row = "<Price>10.000000</Price><LineTotal>80.000000</LineTotal>"
    result = convert(ORDER.format(head=f"<DocTotal>{total}</DocTotal>", row=row))
    assert (result.body is not None) is sent_so


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ("<CANCELED>N<", "<CANCELED>N<", MessageKind.CHANGE),
        ("<CANCELED>N<", "<CANCELED>Y<", MessageKind.STATUS),
        ("<CANCELED>N<", "<CANCELED>C<", MessageKind.STATUS),
    ],
)
def test_again_is_a_change_and_cancelled_is_a_cancellation(old: str, new: str, kind: MessageKind) -> None:
    """The export does not say whether an order is new: memory does. A cancelled one is told as such."""
    result = convert(ORDER.format(head="", row="").replace(old, new), known=True)
    assert result.facts is not None
    assert result.facts.kind is kind


def test_fields_of_the_users_own_stay_inside_unless_named() -> None:
    """Margins and the like are nobody's business; the revision is."""
    row = "<U_Revision>C</U_Revision><U_Cost>7.77</U_Cost>"
    result = convert(ORDER.format(head="<U_Margin>12.5</U_Margin>", row=row))
    assert result.body is not None
    assert read_sent(result.body).lines[0].revision == "C"
    assert b"12.5" not in result.body
    assert b"7.77" not in result.body


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("<SlpCode>7<", "<SlpCode>-1<", "names no buyer"),
        ("<CardCode>V1<", "<CardCode><", "value is missing"),
        ("<DocType>", "<Confirmed>N</Confirmed><DocType>", "not approved"),
        ("<ItemCode>", "<Currency>USD</Currency><ItemCode>", "None of the rows"),
        (
            "</row></POR1>",
            "<Currency>USD</Currency></row><row><LineNum>1</LineNum><Quantity>1</Quantity><Currency>EUR</Currency></row></POR1>",
            "in another currency",
        ),
    ],
)
def test_what_cannot_be_sent_is_refused_in_business_ones_words(old: str, new: str, words: str) -> None:
    """The reason names the field of the format."""
    result = convert(ORDER.format(head="", row="").replace(old, new))
    assert result.body is None
    assert any(words in str(getattr(one, "message", "")) for one in result.findings)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [("<Object>22<", "<Object>17<", "17 is a sales order"), ("OPOR>", "ORDR>", "neither table OPOR")],
)
def test_another_object_is_refused_as_a_file(old: str, new: str, words: str) -> None:
    """A sales order in the route of purchase orders."""
    data = ORDER.format(head="", row="").replace(old, new).encode()
    with pytest.raises(FileRejected, match=words):
        read_source(store.get(NAME), data, name="order.xml", trailer=False)
