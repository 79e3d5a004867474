"""Two versions of an order: what is gone, what differs, told in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from order_documents import CHANGE, line, order

from gateway.documents.compare import describe_difference, lost_lines
from gateway.documents.ubl import DocumentError, facts


@pytest.mark.parametrize(
    ("old", "new", "lost"),
    [
        ((), (), ()),
        (("10", "20"), ("20", "10"), ()),
        (("10", "20", "30"), ("20",), ("10", "30")),
        (("10", "10"), (), ("10",)),
        (("10",), ("010",), ("10",)),
    ],
)
def test_lines_that_are_gone_are_named(old: tuple[str, ...], new: tuple[str, ...], lost: tuple[str, ...]) -> None:
    """In the old version's order, each once; numbers are texts."""
    assert lost_lines(old, new) == lost


def test_equal_versions_have_no_difference() -> None:
    """Also an Order and the OrderChange that repeats it, sent at another time."""
    again = order(CHANGE, number="PO-1-c1", reference="PO-1", head="<cbc:IssueTime>10:00:00</cbc:IssueTime>")
    assert describe_difference(order(), again) == []
    assert describe_difference(order(), order().replace(b">Bolt<", b">Bo<!-- a comment -->lt<")) == []


def test_differences_are_told_as_a_buyer_would() -> None:
    """Header first, then line by line: what it was and what it is."""
    new = order(
        head="<cbc:Note>Hurry</cbc:Note>",
        supplier="<cac:Party><cac:PartyIdentification><cbc:ID>20016</cbc:ID></cac:PartyIdentification></cac:Party>",
        lines=line("10", "5", price="1.60") + line("30", "1", item="Nut"),
    )
    assert describe_difference(order(), new) == [
        'The order: supplier\'s number was "20015", is now "20016".',
        'The order: note is now "Hurry".',
        'Line 10: quantity was "4 C62", is now "5 C62".',
        'Line 10: price was "1.50 EUR", is now "1.60 EUR".',
        "Line 20 is gone (250 C62, Bolt).",
        "Line 30 is new (1 C62, Nut).",
    ]


def test_split_deliveries_are_told_apart() -> None:
    """The second delivery of a line is named as the second."""
    first = "<cac:Delivery><cbc:Quantity>1</cbc:Quantity></cac:Delivery>"
    second = "<cac:Delivery><cbc:Quantity>3</cbc:Quantity></cac:Delivery>"
    words = describe_difference(order(line_extra=first + second), order(line_extra=first))
    assert words == ['Line 10: delivery quantity (2) was "3", is no longer given.']


def test_a_place_without_a_name_is_called_by_its_path() -> None:
    """Nothing is left untold for want of a word."""
    words = describe_difference(order(), order(extra="<cac:Contract><cbc:ID>F-1</cbc:ID></cac:Contract>"))
    assert words == ['The order: Contract/ID is now "F-1".']


def test_reordered_lines_are_told() -> None:
    """The same lines in another order are another document, so something is said."""
    lines = [line("10", "4"), line("20", "250")]
    words = describe_difference(order(lines="".join(lines)), order(lines="".join(reversed(lines))))
    assert words == ["The lines are the same, in another order."]


def test_a_line_number_that_stands_twice_is_not_lost() -> None:
    """Also a broken version can be described."""
    words = describe_difference(order(), order(lines=line("10", "4") + line("10", "9") + line("20", "250")))
    assert words == ["Line 10 (again) is new (9 C62, Bolt)."]


def test_a_line_without_anything_can_be_described() -> None:
    """A line of which nothing is known is still told."""
    empty = "<cac:OrderLine><cac:LineItem><cac:Item/></cac:LineItem></cac:OrderLine>"
    assert describe_difference(order(lines=empty), order(lines="")) == [
        "Line ? is gone (no quantity, an item without a name)."
    ]


def test_what_is_no_xml_is_refused() -> None:
    """A body that is no XML has no difference to tell."""
    with pytest.raises(DocumentError, match="tag"):
        describe_difference(order(), b"PO-1;10;4")


VALUES = st.sampled_from(["4", "5", " 4", "4 ", "", " "])
LINES = st.lists(st.tuples(st.sampled_from(["10", "20", "30"]), VALUES, VALUES), max_size=3, unique_by=lambda x: x[0])


@given(LINES, LINES, VALUES, VALUES)
def test_words_and_hash_agree(
    old: list[tuple[str, str, str]], new: list[tuple[str, str, str]], note: str, other: str
) -> None:
    """Something is told exactly when the content hash says that something differs."""

    def version(lines: list[tuple[str, str, str]], text: str) -> bytes:
        body = "".join(line(number, quantity, item=item) for number, quantity, item in lines)
        return order(head=f"<cbc:Note>{text}</cbc:Note>", lines=body)

    first, second = version(old, note), version(new, other)
    same = facts(first).content_hash == facts(second).content_hash
    assert same == (describe_difference(first, second) == [])
