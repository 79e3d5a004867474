"""Operations in trouble: files that cannot be filed or shown now, decisions that a stop falls into, what ends when."""

from __future__ import annotations

import stat
from datetime import timedelta
from typing import Any

import pytest

from gateway.journal import actions
from gateway.mapping.pool import MappingPool
from gateway.simulator import Fault
from tests.files.file_doors import Crash
from tests.lives import Life, living
from tests.orders import bad, export, row
from tests.site import Site


@pytest.fixture
def site(living_site: Site) -> Site:
    """A site with the shipped mappings on one account."""
    return living_site


def ask(life: Life, wish: str, /, **arguments: Any) -> int:
    """Ask for an action, as a command does; return its number."""
    now = life.gateway.clock.now()
    return life.gateway.journal.write(lambda c: actions.request(c, wish, arguments, "a test", now))


def outcome(life: Life, number: int) -> tuple[str, str | None]:
    """Return what became of an action."""
    found = life.gateway.journal.read(lambda c: actions.by_id(c, number))
    assert found is not None
    return found["state"], found["result"]


def test_what_lies_in_state_is_private(site: Site, workers: MappingPool) -> None:
    """Journal, what SQLite keeps beside it, lock and records: nobody but the gateway's user reads them."""
    (site.root / "state" / "journal.sqlite3").unlink()
    with living(site, workers) as life:
        site.drop("a.csv", export(row("PO-1")))
        life.rest()
        files = [path for path in (site.root / "state").rglob("*") if path.is_file()]
        assert {"journal.sqlite3", "journal.sqlite3-wal", "journal.sqlite3-shm", "gateway.lock"} <= {
            path.name for path in files
        }
        assert {path.name: stat.filemode(path.stat().st_mode) for path in files} == {
            path.name: "-rw-------" for path in files
        }


def test_a_file_that_cannot_be_filed_waits_and_says_so(site: Site, workers: MappingPool) -> None:
    """Its orders are sent; done/ is in trouble: it lies in the work folder until that is mended."""
    with living(site, workers) as life:
        site.drop("a.csv", export(row("PO-1")))
        life.parts.scanner.step()
        day = life.gateway.clock.now().astimezone().date().isoformat()
        life.door.fails("do_rename_new", f"{day}/a.csv")
        life.rest()
        assert (site.sent(), life.wrong(), site.done()) == ([("Order", "PO-1")], ["closing:1"], [])
        life.door.heal()
        life.rest()
        assert (life.wrong(), site.done(), site.left_over()) == ([], ["a.csv"], [])


def test_a_file_that_cannot_be_looked_at_before_filing_waits_too(site: Site, workers: MappingPool) -> None:
    """Whether somebody wrote to it after it was read cannot be told now; others are filed."""
    with living(site, workers) as life:
        site.drop("a.csv", export(row("PO-1")))
        site.drop("b.csv", export(row("PO-2")))
        life.parts.scanner.step()
        life.parts.splitter.step()
        life.door.fails("do_stat", "~a.csv")
        life.rest()
        assert (life.wrong(), site.done()) == (["closing:1"], ["b.csv"])
        life.door.heal()
        life.rest()
        assert (life.wrong(), site.done()) == ([], ["a.csv", "b.csv"])


def test_a_file_written_to_after_it_was_read_is_shown_to_a_person(site: Site, workers: MappingPool) -> None:
    """What was read first went; what has not left is held, and the incident of an earlier trouble ends with it."""
    with living(site, workers) as life:
        site.drop("a.csv", export(row("PO-1")))
        life.parts.scanner.step()
        life.parts.splitter.step()
        [path] = (site.inbox / ".work" / "test").glob("*~a.csv")
        life.door.fails("do_stat", "~a.csv")
        life.rest()
        assert life.wrong() == ["closing:1"]
        life.door.heal()
        path.write_bytes(export(row("PO-1"), row("PO-2")))
        life.rest()
        assert (site.errors(), site.reason("a.csv")["code"]) == (["a.csv"], "written-after-pickup")
        assert (site.sent(), life.wrong()) == ([("Order", "PO-1")], [])


def test_a_name_in_done_that_is_taken_at_the_last_moment_is_left_alone(site: Site, workers: MappingPool) -> None:
    """Somebody files an own file there between choice and rename: the original gets another name."""
    with living(site, workers) as life:
        day = site.inbox / "done" / life.gateway.clock.now().astimezone().date().isoformat()
        site.drop("a.csv", export(row("PO-1")))
        life.door.meanwhile("do_rename_new", f"{day.name}/a.csv", lambda: (day / "a.csv").write_bytes(b"a person's"))
        life.rest()
        assert (site.done(), (day / "a.csv").read_bytes(), life.wrong()) == (["a.csv", "a~2.csv"], b"a person's", [])


def test_an_original_removed_by_hand_is_said_for_a_day(site: Site, workers: MappingPool) -> None:
    """All its orders are accounted for: nothing waits, and nothing stays wrong for ever."""
    with living(site, workers) as life:
        site.drop("a.csv", export(row("PO-1")))
        life.parts.scanner.step()
        life.parts.splitter.step()
        [path] = (site.inbox / ".work" / "test").glob("*~a.csv")
        path.unlink()
        life.rest()
        assert (site.files(), life.wrong()) == ([("a.csv", "closed")], ["vanished:1"])
        assert "all of its orders are accounted for" in site.incidents()[0][1]
        life.after(timedelta(days=1).total_seconds())
        assert life.wrong() == []


def test_a_refused_file_that_is_not_there_any_more_is_told_until_a_person_decides(
    site: Site, workers: MappingPool
) -> None:
    """It cannot be shown in error/; skipped by command, it is over."""
    with living(site, workers) as life:
        site.drop("a.csv", b'"unclosed')
        life.parts.scanner.step()
        life.parts.splitter.step()
        [path] = (site.inbox / ".work" / "test").glob("*~a.csv")
        path.unlink()
        life.rest()
        assert (life.wrong(), site.errors(), site.files()) == (["original:1"], [], [("a.csv", "rejected")])
        number = ask(life, "skip", interchanges=[1])
        life.rest()
        assert (outcome(life, number), life.wrong()) == (("done", "1 skipped"), [])


def test_an_extract_that_cannot_be_made_is_told_until_its_order_is_decided(
    site: Site, workers: MappingPool
) -> None:
    """The original was removed before its failed order could be shown; skipped, nothing is wrong any more."""
    with living(site, workers) as life:
        site.drop("a.csv", export(row("PO-1"), bad("PO-2")))
        life.parts.scanner.step()
        life.parts.splitter.step()
        [path] = (site.inbox / ".work" / "test").glob("*~a.csv")
        path.unlink()
        life.rest()
        assert (life.wrong(), site.errors()) == (["extract:2"], [])
        number = ask(life, "skip", messages=[2])
        life.rest()
        assert outcome(life, number) == ("done", "1 skipped")
        assert life.wrong() == ["vanished:1"]  # the original itself, for a day


def test_a_reason_that_cannot_be_written_holds_nobody_up(site: Site, workers: MappingPool) -> None:
    """error/ takes no file of one name: the other is shown, and the first once it can be."""
    with living(site, workers) as life:
        life.door.fails("do_rename_new", "error/a.csv.reason.txt")
        site.drop("a.csv", b'"unclosed')
        site.drop("b.csv", b'"unclosed too')
        life.rest()
        assert (site.errors(), life.wrong()) == (["b.csv"], ["placement:1"])
        life.door.heal()
        life.rest()
        assert (site.errors(), life.wrong()) == (["a.csv", "b.csv"], [])


# Actions


def test_a_retry_of_refused_files_moves_them_as_a_person_would(site: Site, workers: MappingPool) -> None:
    """All or none: a file that does not wait, or is not where it was put, is told, and nothing moves."""
    with living(site, workers) as life:
        for name in ("a.csv", "b.csv", "c.csv"):
            site.drop(name, f'"unclosed {name}'.encode())
        site.drop("d.csv", export(row("PO-1")))
        life.rest()
        (site.error / "c.csv").unlink()
        refused = [ask(life, "retry", interchanges=[1, 4]), ask(life, "retry", interchanges=[1, 3])]
        life.rest()
        states, words = zip(*(outcome(life, number) for number in refused), strict=True)
        assert states == ("refused", "refused")
        assert "File 4 is not one that was rejected and waits." in words[0]
        assert "c.csv is no longer at" in words[1]
        assert "repair-folders" in words[1]
        assert site.errors() == ["a.csv", "b.csv"]

        (site.inbox / "retry" / "b.csv").write_bytes(export(row("PO-2")))
        number = ask(life, "retry", interchanges=[1, 2])
        life.parts.actions.step()
        assert outcome(life, number) == ("done", "2 tried again")
        assert sorted(path.name for path in (site.inbox / "retry").iterdir()) == ["a.csv", "b.csv", "b~2.csv"]


@pytest.mark.parametrize("taken", [False, True], ids=["lies in retry", "taken by the next scan"])
def test_a_retry_that_a_stop_fell_into_is_done_not_refused(
    site: Site, workers: MappingPool, *, taken: bool
) -> None:
    """The file had moved, the answer was not written: the next life says that it was done, and does it once."""
    with living(site, workers) as life:
        site.drop("a.csv", b'"unclosed')
        site.drop("b.csv", export(bad("PO-1")))
        life.rest()
        number = ask(life, "retry", interchanges=[1], messages=[1])
        life.door.meanwhile("do_sync_folder", "inbox/retry", die)
        with pytest.raises(Crash):
            life.parts.actions.step()
        assert outcome(life, number) == ("waiting", None)
    with living(site, workers) as life:
        if taken:
            life.parts.scanner.step()
            life.parts.handback.step()
        life.rest()
        assert outcome(life, number) == ("done", "2 tried again")
        assert site.errors() == ["a.csv", "b.csv"]
        assert [state for name, state in site.files() if name == "a.csv"] == ["closed", "rejected"]


def die() -> None:
    """End the process here."""
    raise Crash


def test_a_decision_and_its_answer_are_one_commit(site: Site, workers: MappingPool) -> None:
    """Skip, release, resolve, pause and resume: what was decided is on record with its answer, both or neither."""
    site.simulator.faults.add(Fault(endpoint="order", order="PO-3", cut="after-accepting"))
    site.simulator.faults.add(Fault(endpoint="order", order="PO-4", cut="after-reading"))
    with living(site, workers) as life:
        site.drop("a.csv", export(bad("PO-1"), row("PO-2")))
        life.rest()
        site.drop("b.csv", export(row("PO-2", quantity="9")))
        life.rest()
        site.drop("c.csv", export(row("PO-3"), row("PO-4")))
        life.rest()
        assert [state for _, state in site.states()] == ["failed", "sent", "held", "unknown", "unknown"]
        wishes = {
            ask(life, "skip", messages=[1]): "1 skipped",
            ask(life, "release", messages=[3], **{"as": "OrderChange"}): "1 released",
            ask(life, "resolve", message=4, arrived=True): "recorded as sent",
            ask(life, "resolve", message=5, arrived=False): "sent again",
            ask(life, "pause", name="csv", kind="route"): "route csv is paused",
            ask(life, "pause", name="main"): "account main is paused",
            ask(life, "resume", name="csv", kind="route"): "route csv goes on",
            ask(life, "resume", name="main"): "account main goes on",
        }
        commits = life.gateway.journal.commits
        life.parts.actions.step()
        assert {number: outcome(life, number) for number in wishes} == {
            number: ("done", words) for number, words in wishes.items()
        }
        assert life.gateway.journal.commits - commits <= 2 * len(wishes)
        stale = ask(life, "skip", messages=[1])
        unheard = ask(life, "dance")
        life.rest()
        assert outcome(life, stale)[0] == "refused"
        assert outcome(life, unheard) == ("refused", 'There is no action "dance".')
        assert [state for _, state in site.states()] == ["skipped", "sent", "sent", "sent", "sent"]
        assert ("OrderChange", "PO-2") in site.sent()


def test_a_paused_route_leaves_its_files_in_the_inbox(site: Site, workers: MappingPool) -> None:
    """Other routes go on; resumed, its files go in their order."""
    with living(site, workers) as life:
        ask(life, "pause", name="csv", kind="route")
        life.rest()
        path = site.drop("a.csv", export(row("PO-1")))
        site.drop("b.ubl", "<broken/>")
        life.rest()
        assert (path.exists(), site.sent(), site.errors()) == (True, [], ["b.ubl"])
        ask(life, "resume", name="csv", kind="route")
        life.rest()
        assert site.sent() == [("Order", "PO-1")]
