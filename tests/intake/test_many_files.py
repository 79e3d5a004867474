"""A full inbox on a whole site: files go through in batches and in order, and no file is a burden to another."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.intake.claim import MOST_CLAIMS_A_SCAN
from gateway.simulator import Simulator
from tests.orders import export, row
from tests.site import Site

MORE_THAN_A_BATCH = 60


@pytest.fixture
def site(tmp_path: Path, simulator: Simulator) -> Site:
    """A site with the shipped mappings on one account."""
    return Site(tmp_path, simulator)


def test_one_bad_file_in_a_batch_is_rejected_alone(site: Site) -> None:
    """Its neighbours, which were read in the same trip, are sent."""
    for number in range(1, MORE_THAN_A_BATCH + 1):
        site.drop(f"{number:02}.csv", export(row(f"PO-{number}")))
    site.drop("07.csv", '"unclosed')
    site.run()

    assert site.errors() == ["07.csv"]
    assert len(site.sent()) == MORE_THAN_A_BATCH - 1
    assert site.left_over() == []


def test_equal_files_dropped_together_go_once(site: Site) -> None:
    """Of the same bytes under three names one is sent; the others would send nothing new and are closed."""
    for name in ("a.csv", "b.csv", "c.csv"):
        site.drop(name, export(row("PO-1"), row("PO-2")))
    site.run()

    assert sorted(site.sent()) == [("Order", "PO-1"), ("Order", "PO-2")]
    assert site.done() == ["a.csv", "b.csv", "c.csv"]
    assert sorted(state for _, state in site.states()) == ["sent", "sent", *["unchanged"] * 4]


@pytest.mark.slow
def test_more_than_one_scan_takes_goes_through_in_the_order_of_files(site: Site) -> None:
    """Claims are made ahead of the reading, but places in the journal are those of the files."""
    count = MOST_CLAIMS_A_SCAN + 30
    for number in range(1, count + 1):
        site.drop(f"{number:04}.csv", export(row(f"PO-{number}")))
    site.run(60)

    assert [name for name, _ in site.files()] == [f"{number:04}.csv" for number in range(1, count + 1)]
    assert len(site.sent()) == count
    assert site.left_over() == []
