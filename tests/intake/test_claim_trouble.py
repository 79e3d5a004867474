"""Files that cannot be claimed now: each waits where it is, says so, holds nobody else up, and goes when it can."""

from __future__ import annotations

import errno
import os

import pytest

from gateway.mapping.pool import MappingPool
from tests.lives import living
from tests.orders import export, row
from tests.site import Site

CLAIM = "0b9f1c1e-5a51-4c0e-9f3e-2d8c3b7a6f10"


@pytest.fixture
def site(living_site: Site) -> Site:
    """A site with the shipped CSV, status, XML and UBL mappings on one account."""
    return living_site


def test_a_file_that_may_not_be_moved_waits_alone(site: Site, workers: MappingPool) -> None:
    """Another program holds one file: the others go; an incident names it until it can be taken."""
    with living(site, workers) as life:
        life.door.fails("do_rename_new", "inbox/held.csv", errno.EACCES)
        site.drop("held.csv", export(row("PO-1")))
        site.drop("free.csv", export(row("PO-2")))
        life.rest()
        assert (site.sent(), life.wrong()) == ([("Order", "PO-2")], ["claim:held.csv"])
        [(_, text)] = site.incidents()
        assert "held.csv: Permission denied (EACCES)" in text

        life.door.heal()
        life.rest()
        assert (site.sent(), life.wrong()) == ([("Order", "PO-2"), ("Order", "PO-1")], [])
        assert (site.done(), site.left_over()) == (["free.csv", "held.csv"], [])


def test_a_file_that_may_not_be_moved_and_is_taken_away_is_forgotten(site: Site, workers: MappingPool) -> None:
    """Whoever held it removed it: nothing is wrong any more, in this life or in the next."""
    for where in ("same life", "next life"):
        with living(site, workers) as life:
            life.door.fails("do_rename_new", "inbox/held.csv", errno.EACCES)
            path = site.drop("held.csv", export(row("PO-1")))
            life.rest()
            assert life.wrong() == ["claim:held.csv"]
            if where == "same life":
                path.unlink()
                life.rest()
                assert life.wrong() == []
    path.unlink()
    with living(site, workers) as life:
        life.rest()
        assert (life.wrong(), site.files(), site.sent()) == ([], [], [])


def test_a_name_longer_than_an_incident_key_is_told_of_too(site: Site, workers: MappingPool) -> None:
    """Two names that differ at their end only are two incidents, each ended by its own file."""
    names = ["x" * 250 + ".csv", "x" * 249 + "y.csv"]
    with living(site, workers) as life:
        for number, name in enumerate(names):
            life.door.fails("do_rename_new", name, errno.EACCES)
            site.drop(f"{number}.csv", export(row(f"PO-{number}"))).rename(site.inbox / name)
        life.rest()
        assert [len(key) for key in life.wrong()] == [200, 200]
        assert len(set(life.wrong())) == 2

        (site.inbox / names[0]).unlink()
        life.rest()
        assert len(life.wrong()) == 1
        life.door.heal()
        life.rest()
        assert (life.wrong(), site.sent()) == ([], [("Order", "PO-1")])


def test_a_file_taken_away_between_listing_and_claim_is_no_trouble(site: Site, workers: MappingPool) -> None:
    """The ERP withdraws its file at the last moment: nothing happened."""
    with living(site, workers) as life:
        path = site.drop("gone.csv", export(row("PO-1")))
        life.door.meanwhile("do_rename_new", "inbox/gone.csv", path.unlink)
        assert life.rest() == []
        assert (site.files(), site.sent(), life.wrong()) == ([], [], [])


def test_a_file_that_does_not_reach_the_disk_is_not_read(site: Site, workers: MappingPool) -> None:
    """A bad disk under one file: it has no row and is not read; mended, the same claim is taken up, and sent once."""
    with living(site, workers) as life:
        life.door.fails("do_sync", "~bad.csv")
        site.drop("bad.csv", export(row("PO-1")))
        site.drop("good.csv", export(row("PO-2")))
        life.rest()
        assert (site.sent(), life.wrong()) == ([("Order", "PO-2")], ["claim:bad.csv"])
        assert site.files() == [("good.csv", "closed")]
        [work_file] = site.left_over()

        life.door.heal()
        life.rest()
        assert site.sent() == [("Order", "PO-2"), ("Order", "PO-1")]
        assert (life.wrong(), site.left_over(), site.done()) == ([], [], ["bad.csv", "good.csv"])
        assert work_file.endswith("~bad.csv")


def test_a_work_file_taken_out_before_it_is_on_the_disk_is_no_trouble(site: Site, workers: MappingPool) -> None:
    """It has no row yet: whoever took it has it, and nothing is claimed of it."""
    with living(site, workers) as life:
        site.drop("gone.csv", export(row("PO-1")))
        work = site.inbox / ".work" / "test"
        life.door.meanwhile("do_sync", "~gone.csv", lambda: [one.unlink() for one in work.glob("*gone.csv")])
        life.door.fails("do_sync", "~gone.csv", errno.ENOENT)
        assert life.rest() == []
        assert (site.files(), site.sent(), life.wrong()) == ([], [], [])


def test_an_inbox_that_cannot_be_listed_proves_nothing(site: Site, workers: MappingPool) -> None:
    """What lies there waits; `retry/` is taken all the same; the incident ends when the folder is well again."""
    with living(site, workers) as life:
        life.door.fails("do_list", "site/inbox")
        site.drop("a.csv", export(row("PO-1")))
        site.hand_back("b.csv", export(row("PO-2")))
        life.rest()
        assert (site.sent(), life.wrong()) == ([("Order", "PO-2")], ["folder:inbox"])
        assert life.parts.scanner.reports[""].trouble is not None

        life.door.heal()
        life.rest()
        assert (site.sent()[-1], life.wrong()) == (("Order", "PO-1"), [])


def test_a_claim_in_trouble_is_not_forgotten_while_the_inbox_cannot_be_listed(
    site: Site, workers: MappingPool
) -> None:
    """Absence from a listing that was not made is no sign that the file was taken away."""
    with living(site, workers) as life:
        life.door.fails("do_rename_new", "inbox/held.csv", errno.EACCES)
        site.drop("held.csv", export(row("PO-1")))
        life.rest()
        life.door.fails("do_list", "site/inbox")
        life.rest()
        assert life.wrong() == ["claim:held.csv", "folder:inbox"]
        life.door.heal()
        life.rest()
        assert (life.wrong(), site.sent()) == ([], [("Order", "PO-1")])


def test_a_work_folder_that_cannot_be_listed_is_told_until_it_can(site: Site, workers: MappingPool) -> None:
    """What an earlier stop left in it waits for it, under one incident; new files go meanwhile."""
    left = site.inbox / ".work" / "test" / f"{CLAIM}~left.csv"
    site.drop("left.csv", export(row("PO-1")))
    left.parent.mkdir(parents=True)
    (site.inbox / "left.csv").rename(left)
    with living(site, workers) as life:
        life.door.fails("do_list", ".work/test")
        site.drop("new.csv", export(row("PO-2")))
        life.rest()
        assert (site.sent(), life.wrong()) == ([("Order", "PO-2")], ["folder:work:inbox"])
        life.door.heal()
        life.rest()
        assert (site.sent()[-1], life.wrong(), site.left_over()) == (("Order", "PO-1"), [], [])


@pytest.mark.parametrize("rival", [False, True], ids=["alone", "the ERP gave another sign"])
def test_a_marker_taken_without_its_file_goes_back(site: Site, workers: MappingPool, *, rival: bool) -> None:
    """A stop fell between the two renames: the marker lies in the inbox again, once, and the pair goes."""
    site.routes = [
        {"name": "m", "match": "*.dat", "mapping": "csv-order", "account": "main", "complete": "marker:.ok"}
    ]
    marker = site.drop(f".work/test/{CLAIM}.marker~a.dat.ok", b"old")
    site.drop("a.dat", export(row("PO-1")))
    if rival:
        site.drop("a.dat.ok", b"new")
    with living(site, workers) as life:
        life.rest()
        assert site.sent() == [("Order", "PO-1")]
        assert (site.done(), site.left_over(), marker.exists()) == (["a.dat", "a.dat.ok"], [], False)
    [filed] = (site.inbox / "done").rglob("a.dat.ok")
    assert filed.read_bytes() == (b"new" if rival else b"old")


def test_the_marker_of_a_claimed_file_stays_with_it(site: Site, workers: MappingPool) -> None:
    """A stop fell between the claim and its row: both are there, and both are filed."""
    site.routes = [
        {"name": "m", "match": "*.dat", "mapping": "csv-order", "account": "main", "complete": "marker:.ok"}
    ]
    site.drop(f".work/test/{CLAIM}.marker~a.dat.ok", b"")
    site.drop(f".work/test/{CLAIM}~a.dat", export(row("PO-1")))
    site.drop(".work/test/somebody's own.txt", b"not ours")
    with living(site, workers) as life:
        life.rest()
        assert (site.sent(), site.done()) == ([("Order", "PO-1")], ["a.dat", "a.dat.ok"])
        assert site.left_over() == ["somebody's own.txt"]


def test_a_mapping_that_cannot_be_used_leaves_its_files_in_the_inbox(site: Site, workers: MappingPool) -> None:
    """They are not claimed, other routes go on; mended, they go, and the incident is over."""
    declaration = site.root / "xslt" / "csv-order" / "mapping.toml"  # a site's own goes before the shipped one
    declaration.parent.mkdir(parents=True)
    declaration.write_text("format = 'nonsense'")
    with living(site, workers) as life:
        path = site.drop("a.csv", export(row("PO-1")))
        site.drop("b.ubl", "<x/>")
        life.rest()
        assert (path.exists(), site.sent(), site.errors()) == (True, [], ["b.ubl"])
        assert life.wrong() == ["mapping:csv-order"]
        [(_, text)] = site.incidents()
        assert text.startswith("The files of route csv wait: ")

        declaration.unlink()
        declaration.parent.rmdir()
        life.rest()
        assert (site.sent(), life.wrong()) == ([("Order", "PO-1")], [])


def test_a_file_whose_content_cannot_be_asked_waits_alone(site: Site, workers: MappingPool) -> None:
    """Its route depends on what is in it: no guess, no refusal; the others go, and it goes once it can be read."""
    site.routes[0]["content"] = {"header": "Kind;Order"}
    with living(site, workers) as life:
        life.door.fails("do_open", "~bad.csv", errno.EACCES)
        site.drop("bad.csv", export(row("PO-1")))
        life.gateway.hand_clock.advance(1)
        site.drop("good.csv", export(row("PO-2")))
        assert life.rest() == []
        assert (site.sent(), site.errors(), life.wrong()) == ([("Order", "PO-2")], [], ["claim:bad.csv"])

        life.door.heal()
        life.rest()
        assert (site.sent()[-1], site.errors(), life.wrong()) == (("Order", "PO-1"), [], [])
        assert site.left_over() == []


def test_a_stuck_file_with_a_name_that_is_no_text_is_told_of(site: Site, workers: MappingPool) -> None:
    """A name of raw bytes is shown as it can be written down, and stops nothing."""
    with living(site, workers) as life:
        path = site.inbox / os.fsdecode(b"raw\xff.csv")
        path.write_bytes(b"")
        site.drop("b.csv", export(row("PO-1")))
        life.rest()
        life.door.fails("do_rename_new", os.fsdecode(b"raw\xff.csv"), errno.EACCES)
        life.after(31 * 60)
        assert life.wrong() == ["claim:raw%FF.csv"]
        life.door.heal()
        life.after(1)
        assert (life.wrong(), site.errors(), site.sent()) == ([], ["raw%FF.csv"], [("Order", "PO-1")])


def test_a_file_without_a_route_waits_an_hour_for_one(site: Site, workers: MappingPool) -> None:
    """It may be a mistake that somebody is mending; then it is refused with the remedy."""
    with living(site, workers) as life:
        site.drop("a.pdf", b"%PDF")
        life.rest()
        life.after(50 * 60)
        assert (site.errors(), site.files()) == ([], [])
        life.after(10 * 60)
        assert (site.errors(), site.reason("a.pdf")["code"]) == (["a.pdf"], "no-route")
