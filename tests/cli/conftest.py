"""Sites that commands look at: one that has worked for a while, shared by tests that at most ask for actions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.simulator import Fault, Simulator
from tests.orders import bad, export, row
from tests.site import Site


@pytest.fixture(scope="session")
def worked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site after two runs: PO-1 sent and confirmed, PO-2 with a wrong cell, PO-3 unknown with a change parked behind
    it, PO-5 refused by Jakamo, a broken file.

    Nobody runs it now, so that what is asked for is not carried out.
    """
    with Simulator() as simulator:
        simulator.faults.add(Fault(endpoint="order", order="PO-3", cut="after-accepting"))
        site = Site(tmp_path_factory.mktemp("worked"), simulator)
        site.drop("monday.csv", export(row("PO-1"), bad("PO-2")))
        simulator.faults.add(Fault(endpoint="order", order="PO-5", status=422, body=b"<error>no such unit</error>"))
        site.drop("tuesday.csv", export(row("PO-3")))
        site.drop("refused.csv", export(row("PO-5")))
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
