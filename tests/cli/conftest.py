"""Sites that commands look at: one that has worked for a while, shared by tests that change nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.simulator import Fault, Simulator
from tests.orders import bad, export, row
from tests.site import Site


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site after one run: PO-1 sent and confirmed, PO-2 failed, PO-3 unknown, PO-4 parked behind it, a broken file.

    Nobody runs it now.
    """
    with Simulator() as simulator:
        simulator.faults.add(Fault(endpoint="order", order="PO-3", cut="after-accepting"))
        site = Site(tmp_path_factory.mktemp("worked"), simulator)
        site.drop("monday.csv", export(row("PO-1"), bad("PO-2")))
        site.drop("tuesday.csv", export(row("PO-3")))
        site.drop("broken.csv", export(row("PO-9")) + b'N;"PO-10')
        site.run()
        simulator.confirm("PO-1")
        site.drop("wednesday.csv", export(row("PO-3", kind="M", quantity="6")))
        site.drop("notes.tmp", "x")
        site.run()
        yield site


@pytest.fixture
def fresh(tmp_path: Path, simulator: Simulator) -> Site:
    """A site with its settings written, that has never run."""
    site = Site(tmp_path / "site", simulator)
    site.settings()
    return site
