"""Where an order stands in its file, read from its canonical tree."""

from __future__ import annotations

import pytest

from gateway.operations.lives import source_place


@pytest.mark.parametrize(
    ("canonical", "place"),
    [
        (b'<order number="1"><row n="2"><a>1</a></row></order>', "row 2"),
        (b'<order number="1"><row n="2"/><row n="3"/><row n="4"/><row n="9"/></order>', "rows 2-4, 9"),
        (b'<order xmlns:s="urn:gateway:source" number="1"><PO s:line="14"><L s:line="15"/></PO></order>', "line 14"),
        (b'<Order xmlns="urn:x"><ID>row n="5"</ID></Order>', ""),
        (b"", ""),
    ],
)
def test_the_place_is_told_as_people_count(canonical: bytes, place: str) -> None:
    """Rows of a CSV, neighbours together; the line of an XML; nothing for a document that knows no source."""
    assert source_place(canonical) == place
