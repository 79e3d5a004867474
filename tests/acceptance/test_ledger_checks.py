"""The independent checker sees what it should: a wrong value anywhere is a difference, a right one is none."""

from __future__ import annotations

from pathlib import Path

import pytest
from ledger_checks import check_flat_fi, check_opentrans

XSLT = Path(__file__).parents[2] / "xslt"
FLAT = XSLT / "csv-flat-fi" / "samples" / "basic.csv"
OPENTRANS = XSLT / "opentrans-order" / "samples" / "change.xml"


@pytest.fixture
def flat() -> dict[str, bytes]:
    """The documents that the flat sample gives."""
    expected = FLAT.parent / "basic.expected"
    return {f"PO90000{number}": (expected / f"{number}.xml").read_bytes() for number in (1, 2)}


def test_right_documents_have_no_difference(flat: dict[str, bytes]) -> None:
    """Everything was compared and everything is right."""
    found = check_flat_fi(flat, FLAT)
    assert found.problems == []
    assert (found.orders, found.lines) == (2, 3)
    assert found.values > 50


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("<cbc:ID>PO900001<", "<cbc:ID>PO900009<", "number"),
        (">2026-11-03<", ">2026-03-11<", "date"),
        (">2026-11-17<", ">2026-11-18<", "delivery"),
        (">ESIMERKKI01<", ">ESIMERKKI02<", "supplier"),
        (">258<", ">259<", "purchaser"),
        (">3</cbc:ID>", ">4</cbc:ID>", "delivery method"),
        (">EUR<", ">SEK<", "currency"),
        ('unitCode="EA"', 'unitCode="CS"', "unit"),
        (">50.2600<", ">50.26001<", "price"),
        (">550<", ">55.0<", "quantity"),
        (">8847.30<", ">8847.31<", "amount"),
        ("PayableAmount currencyID=\"EUR\">9048.34<", "PayableAmount currencyID=\"EUR\">9048.35<", "PayableAmount"),
        ("<cbc:ID>20<", "<cbc:ID>30<", "line numbers"),
        ("Säätöruuvi", "Saatoruuvi", "name"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_seen(flat: dict[str, bytes], old: str, new: str, what: str) -> None:
    """Any value changed on its way shows up under its name."""
    text = flat["PO900001"].decode()
    assert old in text
    flat["PO900001"] = text.replace(old, new, 1).encode()
    assert any(what in problem for problem in check_flat_fi(flat, FLAT).problems)


def test_missing_and_surplus_orders_are_seen(flat: dict[str, bytes]) -> None:
    """An order never sent, and one that nobody ordered."""
    flat["PO900003"] = flat.pop("PO900001")
    assert check_flat_fi(flat, FLAT).problems == [
        "PO900001: in the source, never sent",
        "PO900003: sent, not in the source",
    ]


def test_opentrans_is_compared_too() -> None:
    """A changed quantity in an openTRANS order is seen."""
    body = (OPENTRANS.parent / "change.expected" / "1.xml").read_bytes()
    assert check_opentrans({"PO-8001": body}, [OPENTRANS]).problems == []
    wrong = body.replace(b">2000<", b">2001<", 1)
    (problem,) = check_opentrans({"PO-8001": wrong}, [OPENTRANS]).problems
    assert "quantity" in problem
