"""SAP IDocs arrive whole: what is sent against a reading of the IDoc that shares nothing with the stylesheet."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from judges import oasis, profile
from lxml import etree
from sample_runs import MAPPINGS, mapper, run, store
from sent import SentLine, SentOrder, read_sent

from gateway.errors import FileRejected
from gateway.mapping.reading import read_source
from gateway.model import Finding, MapRequest, MapResult, MessageKind

NAME = "sap-idoc-orders05"
SAMPLES = MAPPINGS / NAME / "samples"


def convert(text: str, *, known: bool = False) -> list[MapResult]:
    """Return what becomes of each IDoc of a file; orders with findings of the reader come back with those."""
    mapping = store.get(NAME)
    results = []
    for order in read_source(mapping, text.encode(), name="idocs.xml", trailer=False).orders:
        if order.findings:
            results.append(MapResult(key=0, body=None, facts=None, findings=order.findings, mapping_hash=""))
            continue
        results.append(
            mapper.map_order(
                mapping,
                MapRequest(key=0, mapping=NAME, canonical=order.canonical, known=known, change_number=1),
            )
        )
    return results


def sent(text: str) -> SentOrder:
    """Return the one order that a file gives."""
    (result,) = convert(text)
    assert result.body is not None, result.findings
    return read_sent(result.body)


def refused(text: str) -> list[tuple[str, str]]:
    """Return why the one order of a file is refused: code and words."""
    (result,) = convert(text)
    assert result.body is None
    return [(one.code, one.message) for one in result.findings if isinstance(one, Finding)]


HEAD = """<ORDERS05><IDOC BEGIN="1">
<EDI_DC40 SEGMENT="1"><IDOCTYP>ORDERS05</IDOCTYP><MESTYP>ORDERS</MESTYP></EDI_DC40>
<E1EDK01 SEGMENT="1"><CURCY>EUR</CURCY><BELNR>4500000001</BELNR></E1EDK01>
<E1EDK03 SEGMENT="1"><IDDAT>012</IDDAT><DATUM>20261103</DATUM></E1EDK03>
<E1EDKA1 SEGMENT="1"><PARVW>AG</PARVW><PARTN>1000</PARTN></E1EDKA1>
<E1EDKA1 SEGMENT="1"><PARVW>LF</PARVW><PARTN>0000100131</PARTN></E1EDKA1>
"""
END = "</IDOC></ORDERS05>"
ITEM = '<E1EDP01 SEGMENT="1"><POSEX>00010</POSEX><MENGE>10.000</MENGE><MENEE>ST</MENEE>{}</E1EDP01>'


def idoc(*items: str, head: str = HEAD) -> str:
    """Return an IDoc with these items."""
    return head + "".join(items) + END


def check_against(source: ElementTree.Element, order: SentOrder) -> int:
    """Compare an IDoc with the order made of it, value by value; returns how many lines were compared."""

    def at(segment: ElementTree.Element, name: str) -> str | None:
        text = (segment.findtext(name) or "").strip()
        return text or None

    def amount(text: str | None) -> Decimal | None:
        return (-Decimal(text[:-1]) if text.endswith("-") else Decimal(text)) if text else None

    head = source.find("E1EDK01")
    assert head is not None
    assert (at(head, "BELNR"), at(head, "CURCY")) == (order.number, order.currency)
    items = source.findall("E1EDP01")
    assert [at(item, "POSEX") for item in items] == [line.number for line in order.lines]
    for item, line in zip(items, order.lines, strict=True):
        if at(item, "ACTION") == "003":
            assert (line.quantity, line.status, line.amount, line.deliveries) == (0, "Cancelled", None, ())
            continue
        assert (amount(at(item, "MENGE")), at(item, "MENEE")) == (line.quantity, line.unit)
        assert amount(at(item, "VPREI")) == line.price
        if line.price is not None:
            assert (amount(at(item, "PEINH")) or 1) == line.price_for
            assert line.price_unit in (at(item, "PMENE") or at(item, "MENEE"), None)
        if at(item, "NETWR") is not None:
            assert amount(at(item, "NETWR")) == line.amount
        _check_schedule(item, line)
        for qualifier, value in (("001", line.ours), ("002", line.theirs)):
            stated = next((at(one, "IDTNR") for one in item.findall("E1EDP19") if at(one, "QUALF") == qualifier), None)
            padded = stated is not None and len(stated) == 18 and stated.isdigit()
            assert (stated.lstrip("0") if padded and stated else stated) == value
    return len(items)


def _check_schedule(item: ElementTree.Element, line: SentLine) -> None:
    planned = [
        (Decimal((one.findtext("WMENG") or "").strip()), _day(one.findtext("EDATU"))) for one in item.findall("E1EDP20")
    ]
    if planned:
        assert tuple(planned) == line.deliveries
        assert sum(quantity for quantity, _day_of in planned) == line.quantity


def _day(text: str | None) -> str | None:
    return f"{text[:4]}-{text[4:6]}-{text[6:]}" if text and text.strip("0") else None


@pytest.mark.parametrize("name", ["basic", "change", "extended"])
def test_a_sample_arrives_value_by_value(name: str) -> None:
    """Numbers, quantities, units, prices and what they are for, schedules, item numbers, amounts and the total."""
    path = SAMPLES / f"{name}.xml"
    outcome = run(store.get(NAME), path)
    compared = 0
    for place, source in enumerate(ElementTree.parse(path).getroot().findall("IDOC"), 1):
        if source.findtext("E1EDK01/ACTION") == "001":
            continue
        order = read_sent(outcome.documents[place])
        compared += check_against(source, order)
        stated = [one.findtext("SUMME") for one in source.findall("E1EDS01") if one.findtext("SUMID") == "002"]
        if stated:
            assert order.total_of_lines is not None
            assert Decimal(str(stated[0])) == order.total_of_lines + order.charges
    assert compared > 0


numbers = st.decimals(min_value="0.001", max_value="99999.999", places=3)
prices = st.decimals(min_value="0.0001", max_value="9999.9999", places=4)


@st.composite
def items(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Items with split schedules, prices per 1 to 1000 or unknown, amounts stated or not."""
    found = []
    for place in range(draw(st.integers(1, 4))):
        parts = draw(st.lists(numbers, min_size=1, max_size=4))
        found.append(
            {
                "number": f"{(place + 1) * 10:05d}",
                "parts": [(part, draw(st.sampled_from(["20261201", "20270115", "00000000"]))) for part in parts],
                "price": draw(st.none() | prices),
                "per": draw(st.sampled_from(["", "1", "10", "100", "1000"])),
                "item": draw(st.sampled_from(["000000000010001547", "ABC-1", "42"])),
                "deleted": place > 0 and draw(st.booleans()),
            }
        )
    return found


def segment(item: dict[str, Any]) -> str:
    """Return an item as SAP writes it."""
    if item["deleted"]:
        return f'<E1EDP01 SEGMENT="1"><POSEX>{item["number"]}</POSEX><ACTION>003</ACTION></E1EDP01>'
    schedule = "".join(
        f'<E1EDP20 SEGMENT="1"><WMENG>{part:>15}</WMENG><EDATU>{day}</EDATU></E1EDP20>' for part, day in item["parts"]
    )
    total = sum(part for part, _day_of in item["parts"])
    price = "" if item["price"] is None else f"<VPREI>{item['price']}</VPREI>"
    per = f"<PEINH>{item['per']}</PEINH>" if item["per"] else ""
    return (
        f'<E1EDP01 SEGMENT="1"><POSEX>{item["number"]}</POSEX><MENGE>{total}</MENGE><MENEE>ST</MENEE>{price}{per}'
        f'{schedule}<E1EDP19 SEGMENT="1"><QUALF>001</QUALF><IDTNR>{item["item"]}</IDTNR></E1EDP19></E1EDP01>'
    )


@settings(max_examples=25, deadline=None)
@given(items())
def test_any_split_schedule_and_price_unit_arrives(made: list[dict[str, Any]]) -> None:
    """Whatever is ordered: the instalments come to the quantity, the amount is exact, unknown prices stay unknown."""
    (result,) = convert(idoc(*map(segment, made)))
    assert result.body is not None, result.findings
    assert profile("Order").validate(etree.fromstring(result.body))
    assert oasis("Order").validate(etree.fromstring(result.body))
    order = read_sent(result.body)
    known = []
    for item, line in zip(made, order.lines, strict=True):
        if item["deleted"]:
            assert (line.quantity, line.status, line.amount) == (0, "Cancelled", None)
            continue
        expected = [(part, _day(day)) for part, day in item["parts"]]
        assert list(line.deliveries) == [one for one in expected if len(expected) > 1 or one[1]]
        assert line.quantity == sum(part for part, _day_of in expected)
        if item["price"] is None:
            assert (line.price, line.amount) == (None, None)
            known.append(None)
            continue
        worth = line.quantity * item["price"] / Decimal(item["per"] or 1)
        assert line.amount == worth.quantize(Decimal("0.01"), ROUND_HALF_UP)
        assert (line.price, line.price_for) == (item["price"], Decimal(item["per"] or 1))
        known.append(line.amount)
    assert order.total_of_lines == (None if None in known else sum(one for one in known if one is not None))


@pytest.mark.parametrize(
    ("item", "charges", "words"),
    [
        # the price holds the discount already: in words
        ("<VPREI>9.50</VPREI><NETWR>95.00</NETWR>", Decimal(0), "Condition: RB00 Quantity discount -5.00 EUR"),
        # it comes off the price: a discount
        ("<VPREI>10.00</VPREI><NETWR>95.00</NETWR>", Decimal("-5.00"), None),
        # nobody knows: in words
        ("<VPREI>10.00</VPREI>", Decimal(0), "Condition: RB00 Quantity discount -5.00 EUR"),
    ],
)
def test_a_condition_is_counted_once(item: str, charges: Decimal, words: str | None) -> None:
    """An amount that the net price holds already is not written beside it, but told."""
    condition = (
        '<E1EDP05 SEGMENT="1"><ALCKZ>+</ALCKZ><KSCHL>PB00</KSCHL><KOBTR>100.00</KOBTR></E1EDP05>'
        '<E1EDP05 SEGMENT="1"><KSCHL>RB00</KSCHL><KOTXT>Quantity discount</KOTXT><BETRG>5.00-</BETRG></E1EDP05>'
    )
    (line,) = sent(idoc(ITEM.format(item + condition))).lines
    assert line.charges == charges
    assert line.notes == ((words,) if words else ())


def test_a_price_in_another_unit_than_the_quantity_is_for_that_unit() -> None:
    """Cartons ordered, pieces priced: BMNG2 pieces make the amount, and BaseQuantity says what the price is for."""
    (line,) = sent(
        idoc(ITEM.format("<BMNG2>30.000</BMNG2><PMENE>EA</PMENE><VPREI>250.00</VPREI><PEINH>100</PEINH>"))
    ).lines
    assert (line.quantity, line.unit, line.price, line.price_for, line.price_unit, line.amount) == (
        Decimal(10), "ST", Decimal(250), Decimal(100), "EA", Decimal(75),
    )  # fmt: skip


def test_an_amount_in_an_unknown_unit_stays_unknown() -> None:
    """Without BMNG2 nobody can tell what 10 cartons cost at a price per piece."""
    order = sent(idoc(ITEM.format("<PMENE>EA</PMENE><VPREI>2.50</VPREI>")))
    assert (order.lines[0].price, order.lines[0].amount, order.total_of_lines) == (Decimal("2.5"), None, None)


@pytest.mark.parametrize(
    ("messages", "action", "kind"),
    [
        ("ORDERS", "", MessageKind.ORDER),
        ("ORDERS", "000", MessageKind.ORDER),
        ("ORDCHG", "004", MessageKind.CHANGE),
        ("ORDCHG", "001", MessageKind.STATUS),
        ("/EXA/VENDOR_PO", "", None),
    ],
)
def test_new_changed_or_reversed(messages: str, action: str, kind: MessageKind | None) -> None:
    """By message type and action; a type of the customer's own leaves it to the memory of what was sent."""
    text = idoc(ITEM.format("")).replace("ORDERS</MESTYP>", f"{messages}</MESTYP>")
    text = text.replace("<CURCY>", f"<ACTION>{action}</ACTION><CURCY>" if action else "<CURCY>")
    (order,) = read_source(store.get(NAME), text.encode(), name="i.xml", trailer=False).orders
    assert order.kind_hint is kind
    kinds = [result.facts.kind for known in (False, True) for result in convert(text, known=known) if result.facts]
    assert kinds == ([kind, kind] if kind else [MessageKind.ORDER, MessageKind.CHANGE])


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("<MESTYP>ORDERS<", "<MESTYP>ORDRSP<", "order confirmation"),
        ("<MESTYP>ORDERS<", "<MESTYP>REQOTE<", "inquiry"),
        ("</MESTYP>", "</MESTYP><TEST>X</TEST>", "marked as a test"),
        ("<DATUM>20261103<", "<DATUM>00000000<", "no document date"),
        ("<PARTN>0000100131<", "<PARTN> <", "names no supplier"),
        ("<POSEX>00010</POSEX>", "<POSEX>00010</POSEX><ACTION>005</ACTION>", "locked"),
        ("<POSEX>00010</POSEX>", "<POSEX>00010</POSEX><ACTION>097</ACTION>", "goods movement"),
        ("<POSEX>00010</POSEX>", "<POSEX>00010</POSEX><CURCY>USD</CURCY>", "another currency"),
        ("</E1EDP01>", '<E1EDP20 SEGMENT="1"><WMENG>4.000</WMENG></E1EDP20></E1EDP01>', "come to 4"),
        ("<PARVW>AG<", "<PARVW>XX<", "names no buyer"),
        ("<MENGE>10.000<", "<MENGE>10.000-<", "below zero"),
        ("</IDOC>", '<E1EDS01 SEGMENT="1"><SUMID>001</SUMID><SUMME>3</SUMME></E1EDS01></IDOC>', "announces 3"),
    ],
)
def test_what_is_no_order_to_send_is_refused_in_saps_words(old: str, new: str, words: str) -> None:
    """One reason, and it names what a person who knows IDocs would look for."""
    ((_code, message),) = refused(idoc(ITEM.format("")).replace(old, new))
    assert words in message


@pytest.mark.parametrize("name", ["flat.txt", "invoice.xml", "no-idoc.xml"])
def test_what_is_no_order_idoc_is_refused_as_a_file(name: str) -> None:
    """A flat IDoc, an invoice, an XML that is no IDoc."""
    path = SAMPLES / name
    with pytest.raises(FileRejected) as caught:
        read_source(store.get(NAME), path.read_bytes(), name=name, trailer=False)
    (finding,) = caught.value.findings
    assert "IDoc" in finding.message


def test_no_card_number_leaves_the_house() -> None:
    """Neither from E1EDK36 nor from a reference of the qualifier for card numbers."""
    path: Path = SAMPLES / "basic.xml"
    assert path.read_bytes().count(b"4000000000000000") == 2
    assert all(b"4000000000000000" not in body for body in run(store.get(NAME), path).documents.values())
