"""What is read from a message of the response queue: leniently, and never with an error."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.documents.ubl import queue_facts
from gateway.model import QueueKind

NUMBER = [("Jakamo-Order-Number", " PO-9 ")]
SAMPLE = Path(__file__).parents[3] / "shared" / "samples" / "ubl" / "jakamo" / "OrderResponse_mle.xml"


@pytest.mark.parametrize(
    "body",
    [
        "<OrderResponse><OrderReference><ID>PO-1</ID></OrderReference></OrderResponse>",
        "<orderresponse><OrderReference><ID> PO-1 </ID></OrderReference></orderresponse>",
        "<x:OrderResponse xmlns:x='u'><ID>R-7</ID><OrderReference><x:ID>PO-1</x:ID></OrderReference></x:OrderResponse>",
        "<OrderResponse>stray text<OrderReference/><OrderReference><ID>PO-1</ID></OrderReference></OrderResponse>",
    ],
)
def test_a_response_is_known_by_the_order_it_refers_to(body: str) -> None:
    """By local name, whatever the namespace, the case of the root, the place in the document."""
    found = queue_facts(body.encode(), [])
    assert (found.kind, found.order_number, found.problem) == (QueueKind.RESPONSE, "PO-1", None)


def test_without_a_reference_the_header_names_the_order() -> None:
    """A response whose reference is missing or empty is known by the header, name in any case."""
    for body in (b"<OrderResponse/>", b"<OrderResponse><OrderReference><ID/></OrderReference></OrderResponse>"):
        assert queue_facts(body, NUMBER).order_number == "PO-9"
        assert queue_facts(body, [("JAKAMO-ORDER-NUMBER", "PO-9")]).order_number == "PO-9"


def test_a_reference_in_a_line_is_not_the_responses_order() -> None:
    """A line may refer to another order; the response is not that order's."""
    line = "<OrderLine><OrderLineReference><OrderReference><ID>X</ID></OrderReference></OrderLineReference></OrderLine>"
    found = queue_facts(f"<OrderResponse>{line}</OrderResponse>".encode(), [])
    assert found.order_number is None
    assert "no order number" in str(found.problem)


def test_a_status_names_its_order_in_the_document() -> None:
    """The header is not trusted for a StatusMessage: it may name the seller's order."""
    assert queue_facts(b"<StatusMessage><OrderID>PO-1</OrderID></StatusMessage>", NUMBER).order_number == "PO-1"
    nested = b"<StatusMessage><Order><OrderID>PO-1</OrderID></Order></StatusMessage>"
    assert queue_facts(nested, []).order_number == "PO-1"
    assert "no order number" in str(queue_facts(b"<StatusMessage/>", NUMBER).problem)


def test_an_attachment_says_where_it_lies() -> None:
    """Address, file name and order come from the document."""
    body = (
        b'<attachment jakamo-attachment-uri=" https://example.com/a "><Filename>drawing.pdf</Filename>'
        b"<OrderID>PO-1</OrderID></attachment>"
    )
    found = queue_facts(body, [])
    assert found.kind is QueueKind.ATTACHMENT
    assert (found.attachment_uri, found.filename) == ("https://example.com/a", "drawing.pdf")
    assert (found.order_number, found.problem) == ("PO-1", None)


def test_an_attachment_without_an_address_is_a_problem() -> None:
    """It cannot be downloaded, so it must not count as understood."""
    found = queue_facts(b"<Attachment><OrderID>PO-1</OrderID></Attachment>", [])
    assert "where to fetch it" in str(found.problem)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"not xml at all", "does not begin with a tag"),
        (b"", "empty"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><OrderResponse/>', "document type not allowed"),
        (b"<Invoice/>", "none of OrderResponse, StatusMessage, Attachment"),
    ],
)
def test_what_is_not_understood_says_why(body: bytes, words: str) -> None:
    """Such a message is a problem with a reason; the kind is unknown."""
    found = queue_facts(body, [])
    assert found.kind is QueueKind.UNKNOWN
    assert words in str(found.problem)


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: f"<OrderResponse>{text}".encode()))
def test_no_message_makes_it_fail(body: bytes) -> None:
    """Whatever comes, something is returned."""
    assert queue_facts(body, [("", "")]).kind in QueueKind


@pytest.mark.skipif(not SAMPLE.is_file(), reason="the public sample is not on this machine")
def test_the_public_jakamo_sample_is_understood() -> None:
    """The only public Jakamo document is not schema-valid; its order is found all the same."""
    found = queue_facts(SAMPLE.read_bytes(), [])
    assert (found.kind, found.problem) == (QueueKind.RESPONSE, None)
    assert str(found.order_number).startswith("1635414141")
