"""Business rules: what each finds and leaves alone, what is tolerated, and who says whether it refuses."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from mapping_help import csv_mapping

from gateway.documents.xmlio import parse_document
from gateway.mapping.faults import Fault
from gateway.mapping.rules import CHECKS, SUPPLIER_KNOWN, broken_rules
from gateway.mapping.schemas import SchemaStore
from gateway.mapping.transform import Mapper
from gateway.mapping.validate import verdict
from gateway.model import KnownSuppliers, MapRequest
from gateway.settings.rules import Rules

UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
FRAME = (
    f'<Order xmlns="{UBL}Order-2" xmlns:cac="{UBL}CommonAggregateComponents-2"'
    f' xmlns:cbc="{UBL}CommonBasicComponents-2">'
    "<cbc:UBLVersionID>2.1</cbc:UBLVersionID><cbc:CustomizationID>Jakamo</cbc:CustomizationID><cbc:ID>PO1</cbc:ID>"
    "<cbc:IssueDate>2026-11-03</cbc:IssueDate><cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>"
    "<cac:BuyerCustomerParty><cac:Party><cac:PartyIdentification><cbc:ID>1000</cbc:ID></cac:PartyIdentification>"
    "</cac:Party></cac:BuyerCustomerParty>"
    "<cac:SellerSupplierParty><cac:Party><cac:PartyIdentification><cbc:ID>20015</cbc:ID></cac:PartyIdentification>"
    "</cac:Party></cac:SellerSupplierParty>{}</Order>"
)
DELIVERY = (
    "<cac:Delivery><cac:RequestedDeliveryPeriod>{}</cac:RequestedDeliveryPeriod></cac:Delivery>"
)


def amount(name: str, value: str, currency: str = "EUR") -> str:
    """Return an amount."""
    return f'<cbc:{name} currencyID="{currency}">{value}</cbc:{name}>'


def charge(value: str, *, indicator: str = "true") -> str:
    """Return an allowance or a charge."""
    said = f"<cbc:ChargeIndicator>{indicator}</cbc:ChargeIndicator>"
    return f"<cac:AllowanceCharge>{said}{amount('Amount', value)}</cac:AllowanceCharge>"


def line(
    number: str = "10", quantity: str = "2", price: str = "5.00", total: str = "10.00", base: str = "", more: str = ""
) -> str:
    """Return an order line; what is empty is left out."""
    per = f"<cbc:BaseQuantity>{base}</cbc:BaseQuantity>" if base else ""
    return (
        f"<cac:OrderLine><cac:LineItem><cbc:ID>{number}</cbc:ID>"
        + (f"<cbc:Quantity>{quantity}</cbc:Quantity>" if quantity else "")
        + (amount("LineExtensionAmount", total) if total else "")
        + more
        + (f"<cac:Price>{amount('PriceAmount', price)}{per}</cac:Price>" if price else "")
        + "<cac:Item/></cac:LineItem></cac:OrderLine>"
    )


def total(**amounts: str) -> str:
    """Return the totals of an order."""
    parts = "".join(amount(name, value) for name, value in amounts.items())
    return f"<cac:AnticipatedMonetaryTotal>{parts}</cac:AnticipatedMonetaryTotal>"


def order(*parts: str) -> etree._Element:
    """Return an order."""
    return parse_document(FRAME.format("".join(parts)).encode())


def change(*parts: str) -> etree._Element:
    """Return a change."""
    text = FRAME.format("".join(parts)).replace("Order-2", "OrderChange-2")
    return parse_document(text.replace("<Order ", "<OrderChange ").replace("</Order>", "</OrderChange>").encode())


def broken(root: etree._Element, rule: str | None = None) -> list[tuple[str, str | None, str | None]]:
    """Return code, value and what was expected of each fault; of all rules unless one is named."""
    rules = [(rule, "warn")] if rule else list(Rules().levels())
    return [(one.code, one.value, one.expected) for one in broken_rules(root, rules)]


def test_a_good_order_breaks_no_rule() -> None:
    """Also with a price for a hundred, a discount, freight and tax."""
    parts = [
        charge("4.00"), "<cac:TaxTotal>" + amount("TaxAmount", "3.36") + "</cac:TaxTotal>",
        total(LineExtensionAmount="10.00", ChargeTotalAmount="4.00", PayableAmount="17.36"),
        line(more=DELIVERY.format("<cbc:EndDate>2026-11-24</cbc:EndDate>"), quantity="250", price="4.00", base="100"),
    ]  # fmt: skip
    assert broken(order(*parts)) == []


RULES = {
    "line-numbers-unique": [
        (order(line("10"), line("20")), []),
        (order(line("10"), line("20"), line("10")), [("10", "each line number once in an order")]),
    ],
    "quantity-positive": [
        (order(line(quantity="0.001", total="", price="")), []),
        (order(line(quantity="0", total="")), [("0", "more than zero")]),
        (order(line(quantity="-5", total="")), [("-5", "more than zero")]),
        (change(line(quantity="0", total="")), []),
        (change(line(quantity="-5", total="")), [("-5", "zero or more")]),
        (order(line(base="0", total="")), [("0", "more than zero")]),
        (order(line(quantity="five", total=""), line(quantity="", total="")), []),
    ],
    "one-currency": [
        (order(line(), total(PayableAmount="10.00")), []),
        (order(line(more=amount("TotalTaxAmount", "1.00", "SEK"))), [("SEK", "EUR")]),
    ],
    "dates-in-order": [
        (order(DELIVERY.format("<cbc:EndDate>2026-11-03</cbc:EndDate>")), []),
        (order(DELIVERY.format("<cbc:EndDate>2026-11-02</cbc:EndDate>")), [("2026-11-02", "2026-11-03 or later")]),
        (
            order(DELIVERY.format("<cbc:StartDate>2026-11-09</cbc:StartDate><cbc:EndDate>2026-11-08</cbc:EndDate>")),
            [("2026-11-09", "2026-11-08 or earlier")],
        ),
        (order(DELIVERY.format("<cbc:StartDate>2026-11-01</cbc:StartDate>")), [("2026-11-01", "2026-11-03 or later")]),
        (order(DELIVERY.format("<cbc:EndDate>soon</cbc:EndDate>")), []),
    ],
    "amounts-add-up": [
        (order(line(quantity="3", price="3.333", total="10.00")), []),
        (order(line(quantity="100", price="100.00", total="100.00")), [("100.00", "10000.00")]),
        (order(line(quantity="1000", price="0.12", total="124.90")), []),  # a price of 0.1249, printed as 0.12
        (order(line(quantity="1000", price="0.12", total="126.00")), [("126.00", "120.00")]),
        (order(line(quantity="250", price="4.00", base="100", total="1000.00")), [("1000.00", "10.00")]),
        (order(line(total="9.00", more=charge("1.00", indicator="false"))), []),
        (order(line(total="10.00", more=charge("1.00", indicator="false"))), []),  # stated before the discount
        (order(line(total="11.00", more=charge("0.50"))), [("11.00", "10.50")]),
        (order(line(price=""), line(total=""), line(price="free")), []),
    ],
    "totals-add-up": [
        (order(total(LineExtensionAmount="20.00", PayableAmount="20.00"), line("10"), line("20")), []),
        (order(total(LineExtensionAmount="21.00", PayableAmount="21.00"), line()), [("21.00", "10.00")]),
        (order(total(LineExtensionAmount="10.00", PayableAmount="12.00"), line()), [("12.00", "10.00")]),
        (order(total(PayableAmount="12.00"), line()), [("12.00", "10.00")]),
        (order(charge("2.00"), total(PayableAmount="12.00"), line()), []),
        (order(total(LineExtensionAmount="99.00", PayableAmount="99.00"), line(), line("20", total="")), []),
        (order(total(PayableAmount="8.00", PrepaidAmount="2.00"), line()), []),
    ],
}  # fmt: skip
CASES = [
    pytest.param(rule, *case, id=f"{rule}-{number}")
    for rule, cases in RULES.items()
    for number, case in enumerate(cases)
]


@pytest.mark.parametrize(("rule", "root", "wanted"), CASES)
def test_each_rule_finds_its_fault_and_no_other(
    rule: str, root: etree._Element, wanted: list[tuple[str, str]]
) -> None:
    """Value and what was expected; the fault stands at the element that holds the value."""
    assert broken(root, rule) == [(rule, value, expected) for value, expected in wanted]


def test_tax_may_be_in_the_currency_of_the_tax() -> None:
    """Only where the document names that currency."""
    tax = f"<cac:TaxTotal>{amount('TaxAmount', '9.00', 'SEK')}</cac:TaxTotal>"
    named = FRAME.replace("<cac:Buyer", "<cbc:TaxCurrencyCode>SEK</cbc:TaxCurrencyCode><cac:Buyer", 1)
    assert broken(parse_document(named.format(tax).encode()), "one-currency") == []
    assert broken(order(tax), "one-currency") == [("one-currency", "SEK", "EUR")]


PLACES = st.integers(2, 5)


@given(st.integers(1, 10**6), st.integers(0, 10**8), PLACES, st.sampled_from(["", "1", "10", "100", "1000"]))
def test_rounding_alone_never_breaks_a_rule(quantity: int, price: int, places: int, base: str) -> None:
    """A line's amount counted from the unrounded price, both printed rounded; and the total of three such lines."""
    exact = Decimal(price) / 10**6
    amount_of_line = (exact * quantity / Decimal(base or 1)).quantize(Decimal("0.01"))
    printed = str(exact.quantize(Decimal(1).scaleb(-places)))
    lines = [line(n, str(quantity), printed, str(amount_of_line), base) for n in ("1", "2", "3")]
    whole = (exact * quantity / Decimal(base or 1) * 3).quantize(Decimal("0.01"))
    root = order(total(LineExtensionAmount=str(whole), PayableAmount=str(whole)), *lines)
    assert broken(root, "amounts-add-up") == broken(root, "totals-add-up") == []


def test_a_supplier_must_be_one_that_jakamo_knows() -> None:
    """Asked only with a list; where there is none, that is said and refuses nothing."""
    root, rules = order(line()), [(SUPPLIER_KNOWN, "refuse")]

    def told(known: KnownSuppliers | None) -> list[tuple[str, str | None, bool]]:
        return [(one.code, one.value, one.certain) for one in broken_rules(root, rules, suppliers=known)]

    assert told(None) == []
    assert told(KnownSuppliers(ids=frozenset({"20015"}))) == []
    assert told(KnownSuppliers(ids=frozenset({"20016"}))) == [("supplier-known", "20015", True)]
    unknown = KnownSuppliers(ids=None, trouble="Jakamo is away.")
    assert told(unknown) == [("supplier-known-unchecked", "20015", False)]
    (fault,) = broken_rules(root, rules, suppliers=unknown)
    assert "Jakamo is away." in fault.message


def test_a_route_says_what_refuses() -> None:
    """The level decides between error and warning, rule by rule; the defaults refuse only what is ambiguous."""
    root = order(total(PayableAmount="1.00"), line(), line())
    levels = dict(Rules().levels())
    assert {rule for rule, level in levels.items() if level == "refuse"} == {"line-numbers-unique"}
    faults = broken_rules(root, levels.items())
    assert [(one.code, one.certain) for one in faults] == [("line-numbers-unique", True), ("totals-add-up", False)]
    mine = Rules.model_validate({"line-numbers-unique": "warn", "totals-add-up": "refuse"})
    faults = broken_rules(root, mine.levels())
    assert [(one.code, one.certain) for one in faults] == [("line-numbers-unique", False), ("totals-add-up", True)]
    off = Rules.model_validate(dict.fromkeys(levels, "off"))
    assert broken_rules(root, off.levels()) == []


def test_settings_and_checks_know_the_same_rules() -> None:
    """A rule that could be set and is not there would be a promise nobody keeps."""
    ids = {name.replace("_", "-") for name in Rules.model_fields}
    assert {*CHECKS, SUPPLIER_KNOWN} == ids


def test_what_the_schema_says_is_not_said_twice() -> None:
    """A negative quantity and a number that is there twice are faults of the profile already."""
    root = order(line(quantity="-5", total=""), line())
    schema = verdict(root, SchemaStore(None), strict=True)
    assert {fault.code for fault in schema} >= {"out-of-range", "duplicate-line"}
    assert broken_rules(root, Rules().levels(), schema) == []


def test_a_status_message_has_no_rules() -> None:
    """Nothing but its number is known of it."""
    root = parse_document(b"<StatusMessage><OrderID>1</OrderID><OrderLine/></StatusMessage>")
    assert broken_rules(root, Rules().levels()) == []


def test_findings_of_rules_and_schema_come_together(tmp_path: Path) -> None:
    """Through a stylesheet, all at once; a warning alone lets the order go and is kept with it."""
    body = FRAME.format(total(PayableAmount="1.00") + line(number="<xsl:value-of select='order/row/line'/>"))
    mapping = csv_mapping(tmp_path / "m", body.replace(">PO1<", "><xsl:value-of select='order/@number'/><"))
    rules = tuple(Rules().levels())
    canonical = b'<order number="PO1"><row n="2"><number c="1">PO1</number><line c="2">10</line></row></order>'
    request = MapRequest(key=1, mapping="m", canonical=canonical, rules=rules)
    mapper = Mapper(SchemaStore(None))
    result = mapper.map_order(mapping, request)
    assert result.valid, result.findings
    assert [(one.code, one.severity) for one in result.findings] == [("totals-add-up", "warning")]
    strict = MapRequest(key=1, mapping="m", canonical=canonical, rules=tuple((rule, "refuse") for rule, _ in rules))
    refused = mapper.map_order(mapping, strict)
    assert (refused.valid, refused.findings[0].severity) == (False, "error")
    assert refused.refused_body


def test_a_fault_knows_its_element() -> None:
    """So that the tracer finds the cell behind it."""
    root = order(line(quantity="100", price="100.00", total="100.00"))
    (fault,) = broken_rules(root, [("amounts-add-up", "warn")])
    assert isinstance(fault, Fault)
    assert etree.QName(fault.element).localname == "LineExtensionAmount"
    assert fault.message == "The line amount is 100.00, but 100 x 100.00 is 10000.00."
