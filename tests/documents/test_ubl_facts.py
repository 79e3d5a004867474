"""What the gateway reads from a document it sends: its kind, its order, and whether it says anything new."""

from __future__ import annotations

import pytest
from order_documents import CHANGE, ORDER, order

from gateway.documents.ubl import DocumentError, facts
from gateway.errors import GatewayError
from gateway.model import MessageKind

REGISTERED = "<cbc:RegistrationName>Example Oy</cbc:RegistrationName>"


def hash_of(body: bytes) -> str:
    """Return the content hash of a body."""
    return facts(body).content_hash


def test_an_order_is_read() -> None:
    """Kind, number, parties, currency and line numbers come from an Order."""
    found = facts(order())
    assert found.kind is MessageKind.ORDER
    assert found.order_number == "PO-1"
    assert (found.buyer, found.supplier, found.currency) == ("1000", "20015", "EUR")
    assert found.line_ids == ("10", "20")
    assert found.status_word is None
    assert not found.is_cancellation


def test_a_change_is_known_by_the_order_it_refers_to() -> None:
    """In normal UBL the ID of an OrderChange is its own number; the lane is that of OrderReference/ID."""
    assert facts(order(CHANGE, number="PO-1-c3", reference="PO-1")).order_number == "PO-1"


def test_a_change_without_a_reference_is_known_by_its_id() -> None:
    """Jakamo calls OrderChange an Order with its root renamed: then ID is the order's number."""
    assert facts(order(CHANGE, number="PO-1", reference=None)).order_number == "PO-1"


def test_an_orders_own_references_do_not_count() -> None:
    """A reference to another order does not change whose document an Order is."""
    body = order(extra="<cac:OrderReference><cbc:ID>OTHER</cbc:ID></cac:OrderReference>")
    assert facts(body).order_number == "PO-1"


def test_line_numbers_of_nested_lines_are_not_lines_of_the_order() -> None:
    """Components below a line are not counted as lines."""
    inner = "<cac:SubLineItem><cbc:ID>10.1</cbc:ID><cac:Item/></cac:SubLineItem>"
    assert facts(order(line_extra=inner)).line_ids == ("10", "20")


@pytest.mark.parametrize(
    ("party", "name"),
    [
        ("<cac:Party><cac:PartyIdentification><cbc:ID> 7 </cbc:ID></cac:PartyIdentification></cac:Party>", "7"),
        ("<cbc:CustomerAssignedAccountID>A7</cbc:CustomerAssignedAccountID><cac:Party/>", "A7"),
        ("<cac:Party><cac:PartyName><cbc:Name>Example Oy</cbc:Name></cac:PartyName></cac:Party>", "Example Oy"),
        (f"<cac:Party><cac:PartyLegalEntity>{REGISTERED}</cac:PartyLegalEntity></cac:Party>", "Example Oy"),
        ("<cac:Party/>", None),
    ],
)
def test_a_party_is_named_by_the_best_it_has(party: str, name: str | None) -> None:
    """Identification first, then the account number, then the name."""
    assert facts(order(supplier=party)).supplier == name


@pytest.mark.parametrize(
    ("body", "word", "cancels"),
    [
        ("<StatusMessage><OrderID>PO-1</OrderID><Status>Cancelled</Status></StatusMessage>", "cancelled", True),
        ("<StatusMessage><OrderID>PO-1</OrderID><Status> Received </Status></StatusMessage>", "received", False),
        (
            "<StatusMessage xmlns='u'><OrderID>PO-1</OrderID><Code/><StatusCode>CANCELED</StatusCode></StatusMessage>",
            "canceled",
            True,
        ),
        ("<StatusMessage><OrderID>PO-1</OrderID></StatusMessage>", None, False),
    ],
)
def test_a_status_message_says_what_happened(body: str, word: str | None, cancels: bool) -> None:
    """Order and status word are found whatever the namespace; a cancellation is told from a receipt."""
    found = facts(body.encode())
    assert found.kind is MessageKind.STATUS
    assert (found.order_number, found.status_word, found.is_cancellation) == ("PO-1", word, cancels)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"Order;1", "does not begin with a tag"),
        (b"", "empty"),
        (b"<Order><ID>1</ID>", "ends before"),
        (b'<!DOCTYPE Order SYSTEM "x"><Order/>', "document type not allowed"),
        (b"<Invoice/>", 'The root element is "Invoice"; expected one of Order, OrderChange, StatusMessage'),
        (b"<order><ID>1</ID></order>", 'The root element is "order"'),
        (b"<Order><ID> </ID></Order>", "carries no order number"),
        (b"<StatusMessage><ID>1</ID></StatusMessage>", "OrderID is missing or empty"),
    ],
)
def test_what_is_no_document_is_refused_in_plain_words(body: bytes, words: str) -> None:
    """The reason names what was found and what was expected; it is a ValueError and one of ours."""
    with pytest.raises(DocumentError, match=words) as caught:
        facts(body)
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, GatewayError)


def test_an_order_and_a_change_of_equal_content_are_equal() -> None:
    """Root, namespace, own number, reference, sequence and time of issue do not make a difference."""
    change = order(CHANGE, number="PO-1-c1", reference="PO-1", head="<cbc:SequenceNumberID>4</cbc:SequenceNumberID>")
    timed = order(ORDER, head="<cbc:IssueTime>10:00:00</cbc:IssueTime>")
    assert hash_of(order()) == hash_of(change) == hash_of(timed)


def test_layout_is_no_content() -> None:
    """Indentation, comments, prefixes, attribute order, CDATA and schema locations do not make a difference."""
    plain = order()
    assert hash_of(plain) == hash_of(plain.replace(b"><", b">\n\t<"))
    assert hash_of(plain) == hash_of(plain.replace(b"<cac:OrderLine>", b"<!-- a line --><?x y?><cac:OrderLine>"))
    assert hash_of(plain) == hash_of(plain.replace(b"cbc:", b"b:").replace(b"xmlns:cbc", b"xmlns:b"))
    assert hash_of(plain) == hash_of(plain.replace(b">Bolt<", b"><![CDATA[Bolt]]><"))
    assert hash_of(plain) == hash_of(plain.replace(b">Bolt<", b">Bo<!-- a comment -->lt<"))
    located = b' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="a b" xmlns:cac'
    assert hash_of(plain) == hash_of(plain.replace(b" xmlns:cac", located, 1))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b">4<", b">5<"),
        (b">4<", b">4.0<"),
        (b'unitCode="C62"', b'unitCode="KGM"'),
        (b">Bolt<", b">Bolt <"),
        (b">20015<", b">20016<"),
        (b"2026-11-03", b"2026-11-04"),
        (b"<cbc:ID>20</cbc:ID>", b"<cbc:ID>30</cbc:ID>"),
        (b"<cbc:ID>PO-1</cbc:ID>", b"<cbc:ID>PO-2</cbc:ID>"),
    ],
)
def test_content_is_content(old: bytes, new: bytes) -> None:
    """Any value that a supplier could read makes another hash."""
    assert old in order()
    assert hash_of(order()) != hash_of(order().replace(old, new, 1))


def test_neighbouring_values_do_not_run_together() -> None:
    """A text that moves from one element into the next is another content."""
    one = order(head="<cbc:Note>ab</cbc:Note><cbc:Note>c</cbc:Note>")
    two = order(head="<cbc:Note>a</cbc:Note><cbc:Note>bc</cbc:Note>")
    three = order(head="<cbc:Note>ab<x>c</x></cbc:Note>")
    four = order(head="<cbc:Note>a<x>bc</x></cbc:Note>")
    assert len({hash_of(one), hash_of(two), hash_of(three), hash_of(four)}) == 4


def test_an_attribute_of_the_root_is_content() -> None:
    """What a document says about itself in an attribute counts."""
    assert hash_of(order()) != hash_of(order().replace(b" xmlns:cac", b' draft="true" xmlns:cac', 1))


def test_a_status_is_never_equal_to_an_order() -> None:
    """A status message about an order has a hash of its own."""
    assert hash_of(b"<Order><ID>1</ID></Order>") != hash_of(b"<StatusMessage><OrderID>1</OrderID></StatusMessage>")
