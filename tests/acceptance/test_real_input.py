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
