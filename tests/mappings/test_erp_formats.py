"""What the mappings of real ERP formats send adds up by the gateway's own business rules."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree
from sample_runs import MAPPINGS, run, store

from gateway.mapping.reading import read_file
from gateway.mapping.rules import CHECKS, broken_rules
from gateway.mapping.xml_streaming import xml_streams

FORMATS = ("sap-idoc-orders05", "sap-b1-order", "monitor-orders420")
SAMPLES = [path for name in FORMATS for path in sorted((MAPPINGS / name / "samples").glob("*.xml"))]


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: f"{path.parent.parent.name}/{path.name}")
def test_no_business_rule_is_broken(path: Path) -> None:
    """Amounts, totals, dates, currencies and line numbers of every document that a sample gives."""
    for body in run(store.get(path.parent.parent.name), path).documents.values():
        faults = broken_rules(etree.fromstring(body), [(rule, "refuse") for rule in CHECKS])
        assert [fault.message for fault in faults] == []


def test_a_file_of_many_idocs_gives_an_order_for_each(tmp_path: Path) -> None:
    """Order numbers in the order of the file."""
    text = (MAPPINGS / "sap-idoc-orders05" / "samples" / "extended.xml").read_text(encoding="utf-8")
    head, idoc, end = (
        text.partition("<IDOC")[0],
        text[text.index("<IDOC") : text.index("</IDOC>") + 7],
        "</_-EXA_-ORDERS05_EXT>",
    )
    numbers = [str(4500000000 + place) for place in range(200)]
    path = tmp_path / "many.xml"
    path.write_text(head + "\n".join(idoc.replace("4500017003", number) for number in numbers) + end, encoding="utf-8")
    mapping = store.get("sap-idoc-orders05")
    held = read_file(mapping, path, name=path.name, trailer=False, max_bytes=10**7)
    assert [order.order_number for order in held.orders] == numbers
    assert not any(order.findings for order in held.orders)


@pytest.mark.parametrize("name", ["sap-idoc-orders05", "sap-b1-order"])
def test_a_file_too_large_to_be_held_can_be_read(name: str) -> None:
    """Nothing that these mappings declare looks outside of its own order."""
    assert xml_streams(store.get(name).xml)
