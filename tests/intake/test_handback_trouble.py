"""Files in `retry/` that belong to nothing, or meet trouble: each has its place, its word, and waits for nobody."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gateway.errors import StorageError
from gateway.mapping.pool import MappingPool
from tests.lives import Life, living
from tests.orders import bad, export, row
from tests.site import Site


@pytest.fixture
def site(living_site: Site) -> Site:
    """A site with the shipped CSV, status, XML and UBL mappings on one account."""
    return living_site


def claimed(life: Life, site: Site, data: bytes, name: str = "a.csv") -> Path:
    """Drop a file into retry/ and let it be claimed, not read; return where it lies."""
    site.hand_back(name, data)
    life.parts.scanner.step()
    [found] = (site.inbox / ".work" / "test" / ".retry").glob(f"*~{name}")
    return found


def test_a_file_that_belongs_to_nothing_goes_as_if_dropped_into_the_inbox(site: Site, workers: MappingPool) -> None:
    """Its route is chosen by name and content, in whatever folder that route takes from; without one it is refused."""
    site.routes += [
        {"name": "plant", "match": "*.txt", "mapping": "csv-order", "account": "main", "folder": "plant-2",
         "content": {"header": "Kind;Order"}},
    ]  # fmt: skip
    with living(site, workers) as life:
        site.hand_back("a.csv", export(row("PO-1")))
        site.hand_back("b.txt", export(row("PO-2")))
        site.hand_back("c.txt", b"something else")
        assert life.rest() == []
        assert sorted(site.sent()) == [("Order", "PO-1"), ("Order", "PO-2")]
        assert (site.errors(), site.reason("c.txt")["code"]) == (["c.txt"], "no-route")
        assert (site.left_over(), life.wrong()) == ([], [])


def test_a_name_without_an_ending_is_linked_too(site: Site, workers: MappingPool) -> None:
    """What was refused as `EXPORT~2` and comes back under that name is the correction of `EXPORT`."""
    site.routes = [{"name": "all", "match": "EXPORT*", "mapping": "csv-order", "account": "main"}]
    with living(site, workers) as life:
        site.drop("EXPORT", b'"unclosed')
        life.rest()
        site.hand_back("EXPORT~2", export(row("PO-1")))
        (site.error / "EXPORT").unlink()
        life.rest()
        assert (site.sent(), site.errors()) == ([("Order", "PO-1")], [])


def test_a_correction_with_other_orders_inside_is_linked_by_its_name(site: Site, workers: MappingPool) -> None:
    """The order number itself was the mistake: the new one goes, the old one still waits for its answer."""
    with living(site, workers) as life:
        site.drop("a.csv", export(bad("PO-l")))
        life.rest()
        site.hand_back("a.csv", export(row("PO-1")))
        life.rest()
        assert site.sent() == [("Order", "PO-1")]
        assert site.states() == [("PO-l", "failed"), ("PO-1", "sent")]


def test_the_newest_of_two_that_wait_under_one_name_is_meant(site: Site, workers: MappingPool) -> None:
    """Two refused files of one name and one route are read by that route once; a broken correction is told of."""
    with living(site, workers) as life:
        for number in range(2):
            site.drop("a.csv", f'"unclosed {number}'.encode())
            life.rest()
        assert site.errors() == ["a.csv", "a~2.csv"]
        site.hand_back("a.csv", b'"still unclosed')
        life.rest()
        assert ("a.csv", "rejected") in site.files()
        assert len(site.errors()) == 2  # the one that it was meant to correct has left
        assert site.sent() == []


def test_a_file_that_is_no_order_of_another_route_is_refused_by_its_own(site: Site, workers: MappingPool) -> None:
    """What waits on other routes is asked too, and says nothing when it cannot read the file."""
    with living(site, workers) as life:
        site.drop("a.xml", "<broken")
        site.drop("b.csv", export(bad("PO-2")))
        life.after(31 * 60)
        site.hand_back("new.csv", export(row("PO-1")))
        life.rest()
        assert site.sent() == [("Order", "PO-1")]


def test_a_file_taken_out_before_it_is_read_is_said_once(site: Site, workers: MappingPool) -> None:
    """A person takes it back at the last moment: it has its end, and what it was to correct waits on."""
    with living(site, workers) as life:
        site.drop("a.csv", export(bad("PO-1")))
        life.rest()
        claimed(life, site, export(row("PO-1"))).unlink()
        assert life.rest() == []
        assert site.files() == [("a.csv", "closed"), ("a.csv", "closed")]
        assert (site.states(), life.wrong()) == ([("PO-1", "failed")], ["vanished:2"])
        assert life.parts.handback.blocked == 0


def test_a_file_that_an_editor_still_writes_goes_back_to_retry(site: Site, workers: MappingPool) -> None:
    """Saved again while it was read: only the last saved version counts, and the first is not sent."""
    with living(site, workers) as life:
        path = claimed(life, site, export(row("PO-1")))
        life.door.meanwhile("do_open", "~a.csv", lambda: None)  # its hash
        life.door.meanwhile("do_stat", "~a.csv", lambda: None)  # how it looks
        life.door.meanwhile("do_stat", "~a.csv", lambda: path.write_bytes(export(row("PO-1", quantity="7"))))
        assert life.rest() == []
        assert site.files() == [("a.csv", "returned"), ("a.csv", "closed")]
        assert [b">7<" in one.body for one in site.simulator.ledger.documents] == [True]
        assert (site.done(), site.left_over(), life.wrong()) == (["a.csv"], [], [])


def test_going_back_to_retry_is_finished_after_trouble_with_the_disk(site: Site, workers: MappingPool) -> None:
    """It lies in the work folder until it can go back, and is sent once."""
    with living(site, workers) as life:
        path = claimed(life, site, export(row("PO-1")))
        life.door.meanwhile("do_stat", "~a.csv", lambda: None)
        life.door.meanwhile("do_stat", "~a.csv", lambda: path.write_bytes(export(row("PO-2"))))
        life.door.fails("do_rename_new", "retry/a.csv")
        with pytest.raises(StorageError):
            life.parts.handback.step()
        assert (site.sent(), path.exists()) == ([], True)
        life.door.heal()
        assert life.rest() == []
        assert (site.sent(), site.done(), site.left_over()) == ([("Order", "PO-2")], ["a.csv"], [])


def test_a_file_that_cannot_be_read_now_waits_and_says_so(site: Site, workers: MappingPool) -> None:
    """Trouble with the disk, or with the mapping that belongs to it: nothing is refused, and mended it goes."""
    with living(site, workers) as life:
        claimed(life, site, export(row("PO-1")))
        life.door.fails("do_open", "~a.csv")
        life.rest()
        assert (site.sent(), life.parts.handback.blocked) == ([], 1)
        [(key, text)] = site.incidents()
        assert key.startswith("retry:")
        assert text.startswith("a.csv in retry/ cannot be read: Cannot read ")

        life.door.heal()
        declaration = site.root / "xslt" / "csv-order" / "mapping.toml"
        declaration.parent.mkdir(parents=True)
        declaration.write_text("format = 'nonsense'")
        life.rest()
        assert (site.sent(), life.wrong()) == ([], [key])
        shutil.rmtree(declaration.parent)
        life.rest()
        assert (site.sent(), life.wrong()) == ([("Order", "PO-1")], [])


def test_what_waits_for_a_route_that_is_gone_is_read_as_new(site: Site, workers: MappingPool) -> None:
    """The settings name other routes than when the order failed: the file goes by one of today's."""
    with living(site, workers) as life:
        site.drop("a.csv", export(bad("PO-1")))
        life.rest()
    site.routes = [{**site.routes[0], "name": "renamed"}]
    with living(site, workers) as life:
        site.hand_back("a.csv", export(row("PO-1")))
        assert life.rest() == []
        assert site.sent() == [("Order", "PO-1")]
        assert site.states() == [("PO-1", "replaced"), ("PO-1", "sent")]
