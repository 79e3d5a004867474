"""Real exports that none of us wrote go through the shipped mappings, and nothing is lost or changed on the way."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

from gateway.documents.ubl import facts
from tests.acceptance.ledger_checks import check_flat_fi, check_opentrans
from tests.judges import oasis
from tests.mappings.sample_runs import run, store

SHARED = Path(__file__).parents[3] / "shared" / "samples"
FLAT = SHARED / "csv" / "purchase-orders-flat-fi.csv"
OPENTRANS = sorted((SHARED / "xml" / "opentrans").glob("*.xml"))
RESPONSES = [path for path in OPENTRANS if "response" in path.name.lower()]
ORDERS = [path for path in OPENTRANS if path not in RESPONSES]
UBL = [SHARED / "ubl" / "oasis" / name for name in ("UBL-Order-2.1-Example.xml", "UBL-OrderChange-2.1-Example.xml")]

pytestmark = pytest.mark.skipif(not FLAT.is_file(), reason="the collected real files are not on this machine")


@pytest.mark.slow
def test_the_flat_nordic_export_arrives_whole() -> None:
    """2,000 orders of 4,472 lines: each valid UBL, each equal to its rows by an independent reading."""
    outcome = run(store.get("csv-flat-fi"), FLAT)
    assert outcome.findings() == {}
    documents = {facts(body).order_number: body for body in outcome.documents.values()}
    found = check_flat_fi(documents, FLAT)
    assert found.problems == []
    assert (found.orders, found.lines) == (2000, 4472)
    assert all(oasis("Order").validate(etree.fromstring(body)) for body in documents.values())


@pytest.mark.parametrize("path", ORDERS, ids=lambda path: path.name)
def test_an_opentrans_order_arrives_or_is_refused_for_a_true_reason(path: Path) -> None:
    """Every real openTRANS order is mapped to valid UBL equal to its source; a change by a negative quantity is
    refused, because a change must state what is wanted, not the difference.
    """
    outcome = run(store.get("opentrans-order"), path)
    errors = [one for findings in outcome.orders.values() for one in findings if one["severity"] == "error"]
    if path.name == "minimal_valid_orderchange.xml":
        assert [(one["code"], one["value"]) for one in errors] == [("out-of-range", "-5.0")]
        assert outcome.documents == {}
        return
    assert errors == []
    (body,) = outcome.documents.values()
    assert oasis("Order").validate(etree.fromstring(body))
    assert check_opentrans({facts(body).order_number: body}, [path]).problems == []


@pytest.mark.parametrize("path", RESPONSES, ids=lambda path: path.name)
def test_what_is_no_order_is_rejected(path: Path) -> None:
    """An openTRANS order response does not belong into an order route."""
    (finding,) = run(store.get("opentrans-order"), path).file
    assert finding["code"] == "unknown-root"


@pytest.mark.parametrize("path", UBL, ids=lambda path: path.name)
def test_other_customizations_of_ubl_are_refused(path: Path) -> None:
    """The OASIS examples are UBL, but not for Jakamo: the reason names version or customization."""
    outcome = run(store.get("ubl"), path)
    codes = {(one["code"], one.get("path")) for findings in outcome.orders.values() for one in findings}
    assert outcome.documents == {}
    assert any("CustomizationID" in str(place) or code == "missing-element" for code, place in codes)
