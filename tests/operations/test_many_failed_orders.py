"""A file of which very many orders fail: error/ holds as many of them as a person can look at, the rest follow."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.operations.error_folder import MOST_EXTRACTS_A_FILE
from gateway.simulator import Simulator
from tests.orders import bad, export, row
from tests.site import Site

MORE = 5


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_only_so_many_orders_of_a_file_lie_in_error_at_a_time(tmp_path: Path) -> None:
    """Each with its own extract, cut out many at once; what leaves makes room, and nothing is forgotten."""
    failed = [f"PB-{number:04d}" for number in range(MOST_EXTRACTS_A_FILE + MORE)]
    with Simulator() as simulator:
        site = Site(tmp_path / "site", simulator, account={"send": False})
        site.drop("orders.csv", export(row("PO-1"), *map(bad, failed)))
        site.run(120)
        lying = site.errors()
        assert len(lying) == MOST_EXTRACTS_A_FILE
        assert (site.error / "orders.PB-0000.csv").read_bytes() == export(bad("PB-0000"))
        assert any("500 orders of one file" in text for _key, text in site.incidents())

        for name in lying[:MORE]:
            site.move_in_error(name, "done")
        site.run(120)
        assert len(site.errors()) == MOST_EXTRACTS_A_FILE
        assert {f"orders.{number}.csv" for number in failed} == {*lying, *site.errors()}
