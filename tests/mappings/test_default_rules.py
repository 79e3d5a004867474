"""By default the business rules refuse nothing that a shipped mapping makes of a good file, real or ours."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree
from sample_runs import MAPPINGS, run, store

from gateway.mapping.rules import broken_rules
from gateway.settings.rules import Rules

SHARED = Path(__file__).parents[3] / "shared" / "samples"
REAL = [
    *(("csv-flat-fi", path) for path in sorted((SHARED / "csv").glob("purchase-orders-flat-*.csv"))),
    *(("opentrans-order", path) for path in sorted((SHARED / "xml" / "opentrans").glob("*.xml"))),
    *(("cxml-order", path) for path in sorted((SHARED / "xml" / "cxml").rglob("*.xml"))),
]
DEFAULTS = tuple(Rules().levels())
DOCUMENTS = sorted(MAPPINGS.glob("*/samples/*.expected/*.xml"))


def refused(document: bytes) -> list[tuple[str, str]]:
    """Return code and words of what the default rules refuse."""
    faults = broken_rules(etree.fromstring(document), DEFAULTS)
    return [(fault.code, fault.message) for fault in faults if fault.certain]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(MAPPINGS)))
def test_no_sample_is_refused(path: Path) -> None:
    """Whatever stands beside a sample as its result may be sent."""
    assert refused(path.read_bytes()) == []


@pytest.mark.slow
@pytest.mark.skipif(not REAL, reason="the collected real files are not on this machine")
@pytest.mark.parametrize(("name", "path"), REAL, ids=lambda one: one.name if isinstance(one, Path) else one)
def test_no_real_order_is_refused(name: str, path: Path) -> None:
    """Each order that its mapping makes valid stays so."""
    documents = run(store.get(name), path).documents
    assert [found for body in documents.values() if (found := refused(body))] == []
