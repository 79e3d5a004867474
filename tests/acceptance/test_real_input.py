"""Real exports that none of us wrote, through the real command, against the simulator, checked from outside.

`ledger_checks` shares no code with the mappings: it reads the source again by itself and compares every
order that the simulator accepted, value by value.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest
from lxml import etree

from gateway.simulator import Simulator
from tests.acceptance.ledger_checks import check_flat_fi, check_opentrans
from tests.judges import oasis
from tests.site import Site

SHARED = Path(__file__).parents[3] / "shared" / "samples"
FLAT = SHARED / "csv" / "purchase-orders-flat-fi.csv"
OPENTRANS = sorted(p for p in (SHARED / "xml" / "opentrans").glob("*.xml") if "response" not in p.name.lower())
REFUSED = "minimal_valid_orderchange.xml"  # a quantity of -5.0

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not FLAT.is_file(), reason="the collected real files are not on this machine"),
]


def run_command(site: Site) -> dict[str, object]:
    """Run the real command until idle; return its JSON."""
    site.settings()
    command = [sys.executable, "-m", "gateway", "--config", str(site.root / "gateway.toml"), "run", "--until-idle"]
    done = subprocess.run([*command, "--json"], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode in (0, 1), done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_the_flat_nordic_export_is_sent_whole_and_only_once(
    tmp_path: Path, simulator: Simulator, record_property: pytest.RecordProperty
) -> None:
    """2,000 orders, 4,472 lines: each is accepted once, valid by OASIS, equal to its rows; again it sends nothing."""
    route = {"name": "daily", "match": "*.csv", "mapping": "csv-flat-fi", "account": "main"}
    site = Site(tmp_path, simulator, routes=[route])
    site.drop("orders.csv", FLAT.read_bytes())
    began = time.monotonic()
    run_command(site)
    seconds = time.monotonic() - began

    documents = {document.order_number: document.body for document in simulator.ledger.documents}
    found = check_flat_fi(documents, FLAT)
    assert [] == found.problems
    assert (2000, 4472) == (found.orders, found.lines)
    assert all(oasis("Order").validate(etree.fromstring(body)) for body in documents.values())
    assert (0, 2000) == (simulator.ledger.doubles, len(simulator.ledger.documents))
    assert ["orders.csv"] == site.done()

    site.drop("orders.csv", FLAT.read_bytes())
    run_command(site)

    assert 2000 == len(simulator.ledger.documents)
    assert ["orders.csv", "orders~2.csv"] == site.done()
    peak_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"\n2,000 orders, 4,472 lines: {seconds:.1f} s from start to idle, peak {peak_mb:.0f} MB (largest process)")
    record_property("seconds", round(seconds, 1))


def test_opentrans_orders_arrive_or_are_refused_for_a_true_reason(tmp_path: Path, simulator: Simulator) -> None:
    """A proprietary XML: every order equals its source; the one with a negative quantity says so in error/."""
    route = {"name": "opentrans", "match": "*.xml", "mapping": "opentrans-order", "account": "main"}
    numbers: dict[str, list[Path]] = {}
    for path in OPENTRANS:
        number = etree.parse(str(path)).getroot().findtext(".//{*}ORDER_ID") or ""
        numbers.setdefault(number.strip(), []).append(path)
    for number, paths in numbers.items():
        for path in paths:  # the samples share order numbers: each gets a site of its own
            site = Site(tmp_path / path.stem, simulator, routes=[route])
            before = len(simulator.ledger.documents)
            with Simulator() as alone:
                site.simulator, site.account["base_url"] = alone, alone.base_url
                site.drop(path.name, path.read_bytes())
                site.run(60)
                if path.name == REFUSED:
                    assert [path.name] == site.errors()
                    assert "-5" in site.reason_text(path.name)
                    continue
                assert [] == site.errors(), path.name
                documents = {d.order_number: d.body for d in alone.ledger.documents}
                assert [number] == list(documents), path.name
                assert [] == check_opentrans(documents, [path]).problems
            assert before == len(simulator.ledger.documents)


ONE_INBOX = [
    {"name": "cxml", "match": "*.xml", "mapping": "cxml-order", "account": "main", "content": {"root": "cXML"}},
    {
        "name": "opentrans", "match": "*.xml", "mapping": "opentrans-order", "account": "main",
        "content": {"root": "{http://www.opentrans.org/XMLSchema/2.1}ORDER"},
    },
    {"name": "ubl", "match": "*.xml", "mapping": "ubl-to-jakamo", "account": "main"},
]  # fmt: skip
ORDERS = {
    "xml/cxml/CXmlTest_Builder_fixtures_order_request.xml": "myorder-1",
    "xml/cxml/CXmlTest_Handling_fixtures_order_request.xml": "acme-1-1",
    "xml/opentrans/Example_ORDER_Testdistributor_Bestellung.xml": "ORDER_180801-004",
    "ubl/oasis/UBL-Order-2.0-Example.xml": "AEG012345",
    "ubl/oasis/UBL-Order-2.1-Example.xml": "34",
    "ubl/peppol-bis3/UC1_Order.xml": "1",
}
NO_ORDERS = {
    "ubl/peppol-bis3/OrderResponse_Example.xml": "not-taken",
    "ubl/oasis-val/order-test-bad-syntax.xml": "broken-xml",
    "xml/opentrans/Example_ORDERRESPONSE_Testdistributor_Auftragsbestaetigung.xml": "unknown-root",
    "xml/not-well-formed/PurchaseOrder.xml": "broken-xml",
    "torture/xml/xmlbomb.xml": "doctype",
}


def test_formats_that_share_an_inbox_are_told_apart_by_their_root(tmp_path: Path, simulator: Simulator) -> None:
    """Six real orders of three formats are sent and valid; what is no order lies in error/ with its reason."""
    site = Site(tmp_path, simulator, routes=ONE_INBOX)
    for name in (*ORDERS, *NO_ORDERS):
        site.drop(Path(name).name, (SHARED / name).read_bytes())
    site.run(120)
    assert sorted(site.sent()) == sorted(("Order", number) for number in ORDERS.values())
    for document in simulator.ledger.documents:
        assert oasis("Order").validate(etree.fromstring(document.body))
    assert site.errors() == sorted(Path(name).name for name in NO_ORDERS)
    assert {name: site.reason(Path(name).name)["code"] for name in NO_ORDERS} == NO_ORDERS


def test_a_peppol_order_is_changed_and_cancelled(tmp_path: Path, simulator: Simulator) -> None:
    """The three documents of Peppol's own scenario reach Jakamo as what they are, under the order's number."""
    folder = SHARED / "ubl" / "peppol-bis3" / "advanced_ordering_sc1"
    site = Site(tmp_path, simulator, routes=ONE_INBOX)
    for name in ("Order_sc1.xml", "OrderChange_sc1.xml", "OrderCancellation_sc1.xml"):
        site.drop(name, (folder / name).read_bytes())
        site.run(60)
    assert site.errors() == []
    assert site.sent() == [("Order", "Order-1"), ("OrderChange", "Order-1"), ("StatusMessage", "Order-1")]


def test_a_cxml_order_is_updated_and_deleted(tmp_path: Path, simulator: Simulator) -> None:
    """One attribute says what it is: new, then an update with another quantity, then a delete."""
    (text,) = [path.read_text("utf-8") for path in (SHARED / "xml" / "cxml").glob("*Builder*")]
    update = text.replace('type="new"', 'type="update"').replace("3420.60", "4183.80").replace('"3" line', '"4" line')
    site = Site(tmp_path, simulator, routes=ONE_INBOX)
    for number, document in enumerate((text, update, text.replace('type="new"', 'type="delete"'))):
        site.drop(f"{number}.xml", document)
        site.run(60)
    assert site.errors() == []
    assert [kind for kind, _number in site.sent()] == ["Order", "OrderChange", "StatusMessage"]
    assert b">4</cbc:Quantity>" in simulator.ledger.documents[1].body
