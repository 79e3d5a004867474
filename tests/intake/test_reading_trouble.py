"""Files that meet trouble while they are read: nothing of them leaves, and each has a place and a word for it."""

from __future__ import annotations

import errno
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from gateway.errors import ShareGone, StorageError
from gateway.intake.batches import HELD_BYTES
from gateway.journal.tables import interchange
from gateway.mapping.pool import MappingPool, PoolError
from tests.lives import Life, living
from tests.orders import bad, export, row
from tests.site import Site

MARKED = {"name": "m", "match": "*.dat", "mapping": "csv-order", "account": "main", "complete": "marker:.ok"}
WHOLE = export(row("PO-1"), row("PO-2"))
HALF = export(row("PO-1"))


@pytest.fixture
def site(living_site: Site) -> Site:
    """A site with the shipped CSV, status, XML and UBL mappings on one account."""
    return living_site


def work_file(site: Site, name: str) -> Path:
    """Return where a claimed file lies."""
    [found] = (site.inbox / ".work").rglob(f"*~{name}")
    return found


def written_to_while_read(life: Life, site: Site, name: str, data: bytes) -> None:
    """Let the ERP, which kept its handle, go on writing after the first look at the claimed file."""
    ending = f"~{name}"
    life.door.meanwhile("do_stat", ending, lambda: None)
    life.door.meanwhile("do_stat", ending, lambda: work_file(site, name).write_bytes(data))


@pytest.mark.parametrize("first", [HALF, b'"unclosed'], ids=["readable", "broken"])
def test_a_file_that_changes_while_it_is_read_goes_back_and_out_whole(
    site: Site, workers: MappingPool, first: bytes
) -> None:
    """Nothing of the first reading is sent or refused: it settles again in the inbox, and goes once."""
    with living(site, workers) as life:
        written_to_while_read(life, site, "a.csv", WHOLE)
        site.drop("a.csv", first)
        assert life.rest() == []
        assert sorted(site.sent()) == [("Order", "PO-1"), ("Order", "PO-2")]
        assert site.files() == [("a.csv", "returned"), ("a.csv", "closed")]
        assert (site.done(), site.errors(), site.left_over(), life.wrong()) == (["a.csv"], [], [], [])


def test_a_name_that_the_erp_took_meanwhile_is_left_to_the_erp(site: Site, workers: MappingPool) -> None:
    """The next export lies there already: the one that goes back lies beside it, and both go."""
    with living(site, workers) as life:
        written_to_while_read(life, site, "a.csv", export(row("PO-2")))
        life.door.meanwhile("do_rename_new", "~a.csv", lambda: None)  # the claim itself
        life.door.meanwhile("do_rename_new", "~a.csv", lambda: site.drop("a.csv", export(row("PO-3"))))
        site.drop("a.csv", export(row("PO-1")))
        assert life.rest() == []
        assert sorted(site.sent()) == [("Order", "PO-2"), ("Order", "PO-3")]
        assert sorted(site.done()) == ["a.csv", "a~2.csv"]
        assert (site.left_over(), life.wrong()) == ([], [])


@pytest.mark.parametrize("rival", [False, True], ids=["its own marker", "the ERP gave another sign"])
def test_a_companion_goes_back_with_its_file(site: Site, workers: MappingPool, *, rival: bool) -> None:
    """Both lie in the inbox again under names that belong together; a newer sign counts as well."""
    site.routes = [MARKED]
    with living(site, workers) as life:
        written_to_while_read(life, site, "a.dat", WHOLE)
        site.drop("a.dat", HALF)
        site.drop("a.dat.ok", b"old")
        if rival:
            life.door.meanwhile("do_rename_new", "~a.dat", lambda: site.drop("a.dat.ok", b"new"))
        assert life.rest() == []
        assert sorted(site.sent()) == [("Order", "PO-1"), ("Order", "PO-2")]
        assert (site.done(), site.left_over()) == (["a.dat", "a.dat.ok"], [])


def test_a_companion_gets_the_name_that_fits_its_files_new_one(site: Site, workers: MappingPool) -> None:
    """The file goes back under another name: its marker says so too, or it would wait for ever."""
    site.routes = [MARKED]
    with living(site, workers) as life:
        written_to_while_read(life, site, "a.dat", WHOLE)
        life.door.meanwhile("do_stat", "~a.dat", lambda: site.drop("a.dat", export(row("PO-3"))))
        site.drop("a.dat", HALF)
        site.drop("a.ok", b"")
        assert life.rest() == []
        assert sorted(site.sent()) == [("Order", "PO-1"), ("Order", "PO-2")]
        assert site.left_over() == ["a.dat"]  # the newer one waits for a sign of its own
        assert life.parts.scanner.waiting()[0].detail == "a.dat.ok"


@pytest.mark.parametrize("ended", ["healed", "started again"])
def test_giving_back_is_finished_after_trouble_with_the_disk(
    site: Site, workers: MappingPool, ended: str
) -> None:
    """The row says already that it goes back; it lies in the work folder until it can, and is sent once."""
    with living(site, workers) as life:
        written_to_while_read(life, site, "a.csv", WHOLE)
        site.drop("a.csv", HALF)
        life.parts.scanner.step()
        life.door.fails("do_rename_new", "inbox/a.csv")
        with pytest.raises(StorageError, match="Cannot move"):
            life.parts.splitter.step()
        assert (site.files(), site.sent()) == ([("a.csv", "returned")], [])
        assert work_file(site, "a.csv").read_bytes() == WHOLE
        if ended == "healed":
            life.door.heal()
            assert life.rest() == []
    with living(site, workers) as life:
        assert life.rest() == []
        assert sorted(site.sent()) == [("Order", "PO-1"), ("Order", "PO-2")]
        assert (site.done(), site.left_over(), life.wrong()) == (["a.csv"], [], [])


def claimed_alone(life: Life, site: Site) -> Path:
    """Drop a file and let it be claimed, not read; return where it lies."""
    site.drop("a.csv", WHOLE)
    life.parts.scanner.step()
    return work_file(site, "a.csv")


def test_a_file_taken_out_of_the_work_folder_is_said_once_and_waited_for_by_nobody(
    site: Site, workers: MappingPool
) -> None:
    """Others go on; what happened is told for a day and kept in the history for ever."""
    with living(site, workers) as life:
        claimed_alone(life, site).unlink()
        site.drop("b.csv", export(row("PO-3")))
        assert life.rest() == []
        assert (site.sent(), site.files()) == ([("Order", "PO-3")], [("a.csv", "closed"), ("b.csv", "closed")])
        [(key, text)] = site.incidents()
        assert key == "vanished:1"
        assert text == (
            "a.csv was taken out of the work folder by hand before it was read; nothing of it was sent. "
            "If it is wanted, drop it again."
        )
        life.after(timedelta(days=1).total_seconds())
        assert (life.wrong(), site.errors()) == ([], [])


def test_a_file_taken_out_while_it_is_read_is_said_too(site: Site, workers: MappingPool) -> None:
    """Whatever the moment, it has its end; what was read in the same trip goes, and no other trouble stays behind."""
    with living(site, workers) as life:
        site.drop("a.csv", WHOLE)
        site.drop("b.csv", export(row("PO-3")))
        life.door.meanwhile("do_stat", "~b.csv", lambda: work_file(site, "a.csv").unlink())
        assert life.rest() == []
        assert (site.sent(), site.files()) == ([("Order", "PO-3")], [("a.csv", "closed"), ("b.csv", "closed")])
        assert life.wrong() == ["vanished:1"]


def test_a_file_taken_out_after_it_was_read_is_not_sent(site: Site, workers: MappingPool) -> None:
    """Its last look finds nothing: whoever took it meant it, and that is said as well."""
    with living(site, workers) as life:
        path = claimed_alone(life, site)
        life.door.meanwhile("do_stat", "~a.csv", lambda: None)
        life.door.meanwhile("do_stat", "~a.csv", path.unlink)
        assert life.rest() == []
        assert (site.sent(), site.files(), life.wrong()) == ([], [("a.csv", "closed")], ["vanished:1"])


def test_a_file_dropped_again_ends_what_was_said(site: Site, workers: MappingPool) -> None:
    """A file of that name came in and was read: nothing is wrong any more."""
    with living(site, workers) as life:
        claimed_alone(life, site).unlink()
        life.rest()
        assert life.wrong() == ["vanished:1"]
        site.drop("a.csv", WHOLE)
        life.rest()
        assert (life.wrong(), len(site.sent())) == ([], 2)


def test_a_file_put_back_into_the_work_folder_is_taken_up_again(site: Site, workers: MappingPool) -> None:
    """A person moved it out and thinks better of it: at the next start it is claimed anew and goes, once."""
    with living(site, workers) as life:
        path = claimed_alone(life, site)
        aside = path.rename(site.root / "aside")
        life.rest()
        assert (site.files(), site.sent()) == ([("a.csv", "closed")], [])
        aside.rename(path)
    for _ in range(2):
        with living(site, workers) as life:
            assert life.rest() == []
            assert site.files() == [("a.csv", "closed"), ("a.csv", "closed")]
            assert (len(site.sent()), site.done(), site.left_over(), life.wrong()) == (2, ["a.csv"], [], [])


def test_what_came_back_and_went_again_meanwhile_is_no_trouble(site: Site, workers: MappingPool) -> None:
    """It is taken out of the work folder once more, just before it is claimed anew; or it may not be moved then."""
    with living(site, workers) as life:
        path = claimed_alone(life, site)
        aside = path.rename(site.root / "aside")
        life.rest()
    aside.rename(path)
    with living(site, workers) as life:
        life.door.fails("do_rename_new", "~a.csv", errno.EACCES)
        life.rest()
        assert "claim:a.csv" in life.wrong()
        life.door.heal()
        life.door.meanwhile("do_rename_new", "~a.csv", path.unlink)
        life.rest()
        assert (site.files(), site.sent(), life.wrong()) == ([("a.csv", "closed")], [], ["vanished:1"])


def test_nothing_is_concluded_from_absence_on_a_share_that_is_gone(site: Site, workers: MappingPool) -> None:
    """The whole inbox looks empty: a claimed file is waited for, and read when the share is back."""
    with living(site, workers) as life:
        claimed_alone(life, site)
        site.inbox.rename(site.root / "unmounted")
        site.inbox.mkdir()
        life.parts.scanner.step()
        for _ in range(2):
            with pytest.raises(ShareGone):
                life.parts.splitter.step()
        assert (site.files(), site.sent()) == ([("a.csv", "claimed")], [])
        assert "share:inbox" in life.wrong()

        shutil.rmtree(site.inbox)
        (site.root / "unmounted").rename(site.inbox)
        life.rest()
        assert (len(site.sent()), site.done(), life.wrong()) == (2, ["a.csv"], [])


def test_a_file_that_cannot_be_read_waits_and_says_so(site: Site, workers: MappingPool) -> None:
    """A folder took the claimed file's place: no fault of the file, and what came after it waits behind it."""
    with living(site, workers) as life:
        path = claimed_alone(life, site)
        aside = path.rename(site.root / "aside")
        path.mkdir()
        (path / "x").touch()
        site.drop("b.csv", export(row("PO-3")))
        life.rest()
        assert (site.sent(), site.errors(), life.wrong()) == ([], [], ["reading:csv"])
        assert life.parts.splitter.blocked == 1

        shutil.rmtree(path)
        aside.rename(path)
        life.rest()
        assert (len(site.sent()), life.wrong(), site.left_over()) == (3, [], [])


def test_a_mapping_broken_after_the_claim_holds_the_file_in_the_work_folder(
    site: Site, workers: MappingPool
) -> None:
    """It is nobody's fault but the mapping's: the file waits there, is not refused, and goes when that is mended."""
    with living(site, workers) as life:
        claimed_alone(life, site)
        declaration = site.root / "xslt" / "csv-order" / "mapping.toml"
        declaration.parent.mkdir(parents=True)
        declaration.write_text("format = 'nonsense'")
        life.rest()
        assert (site.files(), site.errors(), life.wrong()) == ([("a.csv", "claimed")], [], ["mapping:csv-order"])

        shutil.rmtree(declaration.parent)
        life.rest()
        assert (len(site.sent()), life.wrong()) == (2, [])


def test_a_claimed_file_whose_route_is_gone_from_the_settings_is_refused(site: Site, workers: MappingPool) -> None:
    """The settings changed between claim and reading: it lies in error/ with the remedy."""
    with living(site, workers) as life:
        claimed_alone(life, site)
    site.routes = [{**site.routes[0], "name": "renamed"}]
    with living(site, workers) as life:
        life.rest()
        assert (site.errors(), site.reason("a.csv")["code"], site.sent()) == (["a.csv"], "no-route", [])
        assert "add a route" in site.reason("a.csv")["reason"]


def test_workers_that_do_not_run_are_weather(site: Site) -> None:
    """Files wait in the work folder; the next life, whose workers run, sends them."""
    with MappingPool() as dead:
        pass
    with living(site, dead) as life:
        claimed_alone(life, site)
        with pytest.raises(PoolError):
            life.parts.splitter.step()
        assert (site.files(), site.errors()) == ([("a.csv", "claimed")], [])
    with MappingPool() as workers, living(site, workers) as life:
        life.rest()
        assert len(site.sent()) == 2


def test_a_file_that_the_journal_refuses_does_not_hold_up_its_neighbours(
    site: Site, workers: MappingPool
) -> None:
    """Files read together are recorded together, and each by itself when one of them moved on meanwhile."""
    with living(site, workers) as life:
        site.drop("a.csv", export(row("PO-1")))
        site.drop("b.csv", export(row("PO-2")))
        life.parts.scanner.step()
        journal = life.gateway.journal
        def overtake() -> None:
            statement = update(interchange).where(interchange.c.name == "a.csv")
            journal.write(lambda c: c.execute(statement.values(version=interchange.c.version + 1)) and None)

        life.door.meanwhile("do_stat", "~a.csv", lambda: None)
        life.door.meanwhile("do_stat", "~a.csv", overtake)
        life.rest()
        assert sorted(site.sent()) == [("Order", "PO-1"), ("Order", "PO-2")]


def test_a_disk_that_is_full_at_the_look_is_weather(site: Site, workers: MappingPool) -> None:
    """The claimed file cannot even be looked at: the step says so and is taken again."""
    with living(site, workers) as life:
        claimed_alone(life, site)
        life.door.fails("do_stat", "~a.csv", errno.EIO)
        with pytest.raises(StorageError, match="Cannot look at"):
            life.parts.splitter.step()
        life.door.heal()
        life.rest()
        assert len(site.sent()) == 2


def test_a_large_file_goes_through_a_spool_that_does_not_stay(site: Site, workers: MappingPool) -> None:
    """Its good orders go, a bad one fails alone; what an earlier stop left of a spool is removed at the start."""
    blank_lines = (b" " * 998 + b"\r\n") * (HELD_BYTES // 1000)
    with living(site, workers) as life:
        spools = life.gateway.layout.spools
        path = claimed_alone(life, site)
        path.write_bytes(export(row("PO-1"), bad("PO-2"), row("PO-3")) + blank_lines)
    spools.mkdir(mode=0o700, exist_ok=True)
    (spools / "left").write_bytes(b"half an order")
    with living(site, workers) as life:
        assert list(spools.iterdir()) == []
        assert life.rest() == []
        assert sorted(site.sent()) == [("Order", "PO-1"), ("Order", "PO-3")]
        assert (site.files(), site.errors()) == ([("a.csv", "closed")], ["a.PO-2.csv"])
        assert (list(spools.iterdir()), site.left_over(), life.wrong()) == ([], [], [])
