"""Orders whose mapping cannot be used now: no order is at fault, all of them wait, and go once it is mended."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gateway.mapping.mapping import shipped_folder
from gateway.mapping.pool import MappingPool
from tests.lives import Life, living
from tests.orders import export, row, status
from tests.site import Site


@pytest.fixture
def site(living_site: Site) -> Site:
    """A site with the shipped CSV, status, XML and UBL mappings on one account."""
    return living_site


def read_only(life: Life, site: Site, **files: bytes) -> None:
    """Drop files and let them be claimed and read, not mapped."""
    for name, data in files.items():
        site.drop(name.replace("_", "."), data)
    life.parts.scanner.step()
    life.parts.splitter.step()


def own_mapping(site: Site) -> Path:
    """Give the site a mapping of its own; return its stylesheet."""
    folder = site.root / "xslt" / "own"
    shutil.copytree(shipped_folder("xslt") / "csv-order", folder)
    site.routes[0]["mapping"] = "own"
    return folder / "order.xsl"


def test_a_stylesheet_that_is_broken_between_reading_and_mapping_holds_its_orders(site: Site) -> None:
    """They wait, under one incident; orders of another mapping that were batched with them go."""
    stylesheet = own_mapping(site)
    good = stylesheet.read_bytes()
    with MappingPool(site.root / "xslt") as workers, living(site, workers) as life:
        read_only(life, site, a_csv=export(row("PO-1"), row("PO-2")), b_sta=status(("PO-3", "received")))
        stylesheet.write_bytes(b"<broken")
        life.parts.releaser.step()
        assert life.wrong() == ["mapping-unusable"]
        assert site.incidents()[0][1].startswith("Orders wait for the mapping own: ")
        assert [state for _, state in site.states()][:2] == ["registered", "registered"]
        assert site.states()[2][1] != "registered"
        assert life.parts.releaser.blocked == 2

        stylesheet.write_bytes(good)
        life.parts.releaser.step()
        assert life.parts.releaser.blocked == 2  # looked at again after a while, not all the time
        life.rest()
        assert sorted(site.sent())[:2] == [("Order", "PO-1"), ("Order", "PO-2")]
        assert (life.wrong(), life.parts.releaser.blocked) == ([], 0)


def test_workers_that_stop_between_reading_and_mapping_fail_no_order(site: Site, workers: MappingPool) -> None:
    """The orders wait in the journal, and the next life's workers map them."""
    with MappingPool() as dying, living(site, dying) as life:
        read_only(life, site, a_csv=export(row("PO-1")))
        dying.close()
        life.parts.releaser.step()
        assert (site.states(), life.wrong()) == ([("PO-1", "registered")], ["mapping-unusable"])
    with living(site, workers) as life:
        life.rest()
        assert (site.sent(), life.wrong()) == ([("Order", "PO-1")], [])
