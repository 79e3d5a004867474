"""Monitor's ORDERS420 arrives whole: rows against a reading of the file that shares nothing with the stylesheet."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from xml.etree import ElementTree

import pytest
from sample_runs import MAPPINGS, mapper, run, store
from sent import SentOrder, read_sent, text_at

from gateway.mapping.reading import read_source
from gateway.model import MapRequest, MapResult, MessageKind

NAME = "monitor-orders420"
SAMPLES = MAPPINGS / NAME / "samples"
CENT = Decimal("0.01")

ORDER = """<ORDERS420><Order OrderNumber="B1"><Head>
<Supplier SupplierCodeEdi="5560000001"/>
<Buyer BuyerCodeEdi="1792"><Name>Example Buyer AB</Name>
<ZipCity1>283 22 OSBY</ZipCity1><Country>Sverige</Country></Buyer>
<Terms><OrderDate>2026-11-02</OrderDate></Terms><Export><Currency>SEK</Currency></Export></Head>
<Rows>{}</Rows></Order></ORDERS420>"""
ROW = '<Row RowNumber="10" RowType="1"><Part PartNumber="A-1"/><Text>Ring</Text><Quantity>10.00</Quantity>{}</Row>'


def convert(text: str, *, known: bool = False) -> MapResult:
    """Return what becomes of the one order of a file."""
    mapping = store.get(NAME)
    (order,) = read_source(mapping, text.encode(), name="order.xml", trailer=False).orders
    if order.findings:
        return MapResult(key=0, body=None, facts=None, findings=order.findings, mapping_hash="")
    request = MapRequest(key=0, mapping=NAME, canonical=order.canonical, known=known, change_number=1)
    return mapper.map_order(mapping, request)


def sent(text: str) -> SentOrder:
    """Return the order that a file gives."""
    result = convert(text)
    assert result.body is not None, result.findings
    return read_sent(result.body)


@pytest.mark.parametrize("name", ["basic", "no-price"])
def test_a_sample_arrives_row_by_row(name: str) -> None:
    """Each row that orders something is one line, with its number, quantity, unit, price, day, amount and texts."""
    root = ElementTree.parse(SAMPLES / f"{name}.xml").getroot()
    (body,) = run(store.get(NAME), SAMPLES / f"{name}.xml").documents.values()
    order = read_sent(body)
    source = root.find("Order")
    assert source is not None
    assert order.number in (source.get("OrderNumber"), root.get("OrderNumber"))
    rows = [row for row in source.iter("Row") if row.get("RowType") not in ("4", "5")]
    assert [row.get("RowNumber") for row in rows] == [line.number for line in order.lines]
    for row, line in zip(rows, order.lines, strict=True):
        part = row.find("Part")
        assert part is not None
        assert (part.get("PartNumber") or None, part.get("SupplierPartNumber") or None, part.get("Revision")) == (
            line.ours, line.theirs, line.revision,
        )  # fmt: skip
        assert (Decimal(row.findtext("Quantity", "")), row.findtext("Unit")) == (line.quantity, line.unit)
        each = row.findtext("Each")
        assert (Decimal(each) if each else None) == line.price
        day = row.findtext("DeliveryPeriod")
        assert line.deliveries == (((line.quantity, day),) if day else ())
        texts = [
            one.findtext("Text") for one in source.iter("Row")
            if one.get("RowType") == "4" and one.get("RowNumber") == line.number
        ]  # fmt: skip
        assert set(texts) <= set(line.notes)
        if line.amount is not None and line.price is not None and line.quantity is not None:
            assert line.amount == line.quantity * line.price + line.charges
    amounts = [line.amount for line in order.lines]
    assert order.total_of_lines == (None if None in amounts else sum(one for one in amounts if one is not None))


@pytest.mark.parametrize("discount", ["-11.34", "-0.50", "-100.00"])
def test_a_discount_below_zero_makes_the_row_cheaper_by_so_many_percent(discount: str) -> None:
    """Exact to the hundredth, halves away from zero."""
    (line,) = sent(ORDER.format(ROW.format(f"<Each>372.97</Each><Discount>{discount}</Discount>"))).lines
    off = (Decimal("3729.70") * Decimal(discount) / 100).quantize(CENT, ROUND_HALF_UP)
    assert (line.charges, line.amount) == (off, Decimal("3729.70") + off)


@pytest.mark.parametrize(
    ("more", "note"),
    [
        ("<Discount>5.00</Discount>", "Discount: 5.00"),
        ("<Discount>0.00</Discount><Alloy>1.25</Alloy>", "Alloy surcharge: 1.25"),
    ],
)
def test_what_is_not_certain_is_told_and_nothing_is_worked_out(more: str, note: str) -> None:
    """A positive discount, an alloy surcharge: in words, and neither amount nor total."""
    order = sent(ORDER.format(ROW.format(f"<Each>10.00</Each>{more}")))
    assert (order.lines[0].notes, order.lines[0].amount, order.total_of_lines) == ((note,), None, None)


def test_an_empty_price_is_unknown() -> None:
    """No price, no amount, no total; never zero."""
    order = sent(ORDER.format(ROW.format("<Each/>")))
    assert (order.lines[0].price, order.lines[0].amount, order.total_of_lines) == (None, None, None)


@pytest.mark.parametrize(
    ("field", "code", "city"),
    [
        ("283 22 OSBY", "283 22", "OSBY"),
        ("33333 Smålandsstenar", "33333", "Smålandsstenar"),
        ("DK-8000 Aarhus C", "DK-8000", "Aarhus C"),
        ("Gnosjö", None, "Gnosjö"),
        ("33100", "33100", None),
        ("FI-33100  Tampere", "FI-33100", "Tampere"),
    ],
)
def test_post_code_and_city_are_told_apart(field: str, code: str | None, city: str | None) -> None:
    """They share one field."""
    result = convert(ORDER.replace("283 22 OSBY", field).format(ROW.format("")))
    assert result.body is not None
    root = ElementTree.fromstring(result.body)
    address = "BuyerCustomerParty/Party/PostalAddress"
    assert (text_at(root, f"{address}/PostalZone"), text_at(root, f"{address}/CityName")) == (code, city)


@pytest.mark.parametrize(
    ("name", "code", "called"),
    [("Sverige", "SE", None), ("SVERIGE", "SE", None), ("Österrike", "AT", None), ("Färöarna", None, "Färöarna"),
     ("FI", "FI", None)],
)  # fmt: skip
def test_a_country_goes_by_its_code_where_that_is_known(name: str, code: str | None, called: str | None) -> None:
    """Monitor writes names; one that is not known stays a name."""
    result = convert(ORDER.replace("Sverige", name).format(ROW.format("")))
    assert result.body is not None
    root = ElementTree.fromstring(result.body)
    country = "BuyerCustomerParty/Party/PostalAddress/Country"
    assert (text_at(root, f"{country}/IdentificationCode"), text_at(root, f"{country}/Name")) == (code, called)


def test_the_same_number_again_is_a_change() -> None:
    """The file cannot say: memory does."""
    text = ORDER.format(ROW.format(""))
    kinds = [result.facts.kind for known in (False, True) if (result := convert(text, known=known)).facts]
    assert kinds == [MessageKind.ORDER, MessageKind.CHANGE]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('RowType="1"', 'RowType="4"', "no row that orders anything"),
        ('RowType="1"', 'RowType="6"', "RowType 6"),
        (' SupplierCodeEdi="5560000001"', "", "names no supplier"),
    ],
)
def test_what_cannot_be_sent_is_refused_in_monitors_words(old: str, new: str, words: str) -> None:
    """The reason names the field of the format."""
    result = convert(ORDER.format(ROW.format("")).replace(old, new))
    assert result.body is None
    assert any(words in str(getattr(one, "message", "")) for one in result.findings)
