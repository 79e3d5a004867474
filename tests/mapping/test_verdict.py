"""The verdict over documents: what is wrong, in plain words, and what of it refuses."""

from __future__ import annotations

import pytest
from lxml import etree

from gateway.mapping.faults import Fault
from gateway.mapping.provenance import in_document
from gateway.mapping.schemas import SchemaStore
from gateway.mapping.validate import verdict

SCHEMAS = SchemaStore(None)
UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
LINE = (
    '<a:OrderLine><a:LineItem><b:ID>{number}</b:ID><b:Quantity unitCode="C62">1</b:Quantity>'
    '<b:LineExtensionAmount currencyID="EUR">5.00</b:LineExtensionAmount>'
    '<a:Price><b:PriceAmount currencyID="EUR">5.00</b:PriceAmount></a:Price>'
    "<a:Item><b:Name>Seal</b:Name></a:Item></a:LineItem></a:OrderLine>"
)
PARTY = "<a:{role}><a:Party><a:PartyIdentification><b:ID>{number}</b:ID></a:PartyIdentification></a:Party></a:{role}>"
ORDER = (
    f'<Order xmlns="{UBL}Order-2" xmlns:a="{UBL}CommonAggregateComponents-2" xmlns:b="{UBL}CommonBasicComponents-2">'
    "<b:UBLVersionID>2.1</b:UBLVersionID><b:CustomizationID>Jakamo</b:CustomizationID><b:ID>PO1</b:ID>"
    "<b:IssueDate>2026-02-01</b:IssueDate><b:DocumentCurrencyCode>EUR</b:DocumentCurrencyCode>"
    + PARTY.format(role="BuyerCustomerParty", number="B1")
    + PARTY.format(role="SellerSupplierParty", number="S1")
    + LINE.format(number="10")
    + LINE.format(number="20")
    + "</Order>"
)


def judge(document: str, *, strict: bool = True) -> list[Fault]:
    """Return the faults of a document."""
    return verdict(etree.fromstring(document), SCHEMAS, strict=strict)


def test_a_good_order_has_no_fault() -> None:
    """The document that all the others are made of."""
    assert judge(ORDER) == []
    assert judge(ORDER, strict=False) == []


CASES = [
    # (old, new, code, words of the message, certain)
    ("<b:ID>PO1</b:ID>", f"<b:ID>{'x' * 36}</b:ID>", "too-long", "ID is 36 characters long; at most 35", True),
    ("2026-02-01", "2026-02-31", "bad-date", 'IssueDate "2026-02-31" is no real date', True),
    ("2026-02-01", "2026-02-01Z", "bad-", 'IssueDate "2026-02-01Z"', True),
    (">1</b:Quantity>", ">1,5</b:Quantity>", "bad-decimal", 'Quantity "1,5" is no decimal number', True),
    (">1</b:Quantity>", "></b:Quantity>", "bad-decimal", "Quantity has no value", True),
    (">1</b:Quantity>", ">-1</b:Quantity>", "out-of-range", 'Quantity "-1" is outside', False),
    (' currencyID="EUR">5.00</b:L', ">5.00</b:L", "missing-attribute", "LineExtensionAmount does not say its", True),
    ('currencyID="EUR">5.00</b:L', 'currencyID="euro">5.00</b:L', "bad-form", '@currencyID "euro"', True),
    (">2.1<", ">2.0<", "unknown-code", 'UBLVersionID "2.0" is not among', True),
    (">Jakamo<", ">Peppol<", "unknown-code", 'CustomizationID "Peppol" is not among', True),
    ("<b:UBLVersionID>2.1</b:UBLVersionID>", "", "missing-element", "Order has no UBLVersionID", True),
    ("<b:IssueDate>2026-02-01</b:IssueDate>", "", "missing-element", "Order has no IssueDate", True),
    ("<b:DocumentCurrencyCode>EUR</b:DocumentCurrencyCode>", "", "missing-element", "Order has no DocumentC", False),
    ("<a:Item><b:Name>Seal</b:Name></a:Item>", "", "missing-element", "LineItem has no Item", True),
    ("<b:Name>Seal</b:Name>", "<b:Name/>", "missing-value", "Name has no value", False),
    ("<b:IssueDate>", "<b:UUID>1</b:UUID><b:IssueDate>", "unexpected-element", "UUID is not known inside Order", False),
    ("<b:Name>Seal</b:Name>", '<b:Name x="1">Seal</b:Name>', "unexpected-attribute", "attribute x that is not", True),
    ("<b:ID>20</b:ID>", "<b:ID>10</b:ID>", "duplicate-line", "The number 10 is there twice", False),
    ("<b:ID>PO1</b:ID>", "<b:ID>PO1</b:ID><b:ID>PO1</b:ID>", "too-many", "ID is there more often", True),
    ("<a:OrderLine>", "text<a:OrderLine>", "schema", "Order holds text between its elements", True),
]


@pytest.mark.parametrize(("old", "new", "code", "words", "certain"), CASES)
def test_faults_in_plain_words(old: str, new: str, code: str, words: str, certain: bool) -> None:
    """Strict refuses each; where a route only warns, the certain ones still refuse and the rest is shown."""
    broken = ORDER.replace(old, new, 1)
    strict = judge(broken)
    assert [fault.code.startswith(code) and words in fault.message for fault in strict] == [True], strict
    assert strict[0].certain
    lenient = judge(broken, strict=False)
    assert [(fault.message, fault.certain) for fault in lenient] == [(strict[0].message, certain)]


def test_wrong_order_of_elements_is_named() -> None:
    """UBL is a sequence: the finding says what must come before what, and OASIS would refuse it as well."""
    swapped = ORDER.replace("<b:Name>Seal</b:Name>", "<b:Name>Seal</b:Name><b:Description>d</b:Description>", 1)
    (fault,) = judge(swapped, strict=False)
    assert (fault.code, fault.certain) == ("wrong-order", True)
    assert fault.message == "Description stands after Name; in Item it must come before."


def test_all_faults_are_told_at_once() -> None:
    """An order with five faults gives five findings, in one report."""
    broken = ORDER.replace("2026-02-01", "soon").replace(">1</b:Quantity>", ">one</b:Quantity>", 1)
    broken = broken.replace("<b:ID>PO1</b:ID>", f"<b:ID>{'x' * 40}</b:ID>")
    broken = broken.replace(PARTY.format(role="SellerSupplierParty", number="S1"), "")
    broken = broken.replace("<b:IssueDate>", "<b:UUID>1</b:UUID><b:IssueDate>")
    assert {fault.code for fault in judge(broken)} == {
        "bad-date", "bad-decimal", "too-long", "missing-element", "unexpected-element",
    }  # fmt: skip
    assert any("no SellerSupplierParty" in fault.message for fault in judge(broken))


def test_a_status_message_has_one_certain_rule() -> None:
    """Its public definition is unknown: only the length of the number is sure."""
    status = "<StatusMessage><OrderID>{}</OrderID><Mood>Cancelled</Mood></StatusMessage>"
    assert all(not fault.certain for fault in judge(status.format("PO1"), strict=False))
    assert [fault.code for fault in judge(status.format("x" * 36), strict=False) if fault.certain] == ["too-long"]


def test_what_hides_behind_an_unknown_element_is_found_where_it_is_certain() -> None:
    """libxml2 stops at the first stranger among an element's children; the certain rules look at all of them."""
    broken = ORDER.replace("<b:IssueDate>2026-02-01</b:IssueDate>", "<b:UUID>1</b:UUID>")
    messages = {fault.message for fault in judge(broken, strict=False) if fault.certain}
    assert messages == {"Order has no IssueDate."}


def test_faults_of_a_pass_through_name_the_line_of_the_file() -> None:
    """There the document is the source; what is missing is told by the path that it would have."""
    document = etree.fromstring(ORDER.replace("<b:IssueDate>", "\n<b:IssueDate>"))
    element = next(document.iter("{*}IssueDate"))
    placed = in_document(Fault(code="x", message="m", element=element, certain=True))
    assert (placed.line, placed.path, placed.severity) == (2, "/Order/IssueDate", "error")
    placed = in_document(Fault(code="missing-element", message="m", element=document, expected="ID"))
    assert (placed.line, placed.path, placed.severity) == (1, "/Order/ID", "warning")
