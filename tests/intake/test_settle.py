"""When a file is complete, judged only by what was seen to change; no disk, no clock."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.files.entry import Entry
from gateway.intake.settle import EveryFile, Observation, Reason, SettleTracker
from gateway.settings import Route

MINUTE = 60.0


def file(name: str, size: int = 10, mtime_ns: int = 0, inode: int = 0, *, folder: bool = False) -> Entry:
    """Return one name of a listing; its file id follows from the name unless given."""
    inode = inode or hash(name)
    return Entry(Path("inbox"), name, size, mtime_ns, (1, inode), not folder, folder, False)


def route(name: str, match: str, complete: str = "quiet", settle_seconds: float | None = None) -> Route:
    return Route(
        name=name, match=match, complete=complete, settle_seconds=settle_seconds, mapping="csv-order", account="main"
    )


def tracker(*routes: Route, settle_seconds: float = 5.0) -> SettleTracker:
    """Return a tracker with half an hour of patience."""
    chosen = routes or (route("csv", "*.csv"),)
    return SettleTracker(
        chosen, settle_seconds=settle_seconds, stuck_seconds=30 * MINUTE, own_names={".work", "done", "error", "retry"}
    )


def settled(seen: Observation) -> list[str]:
    return [one.entry.name for one in seen.settled]


def waiting(seen: Observation) -> dict[str, tuple[Reason, str]]:
    return {one.entry.name: (one.reason, one.detail) for one in seen.waiting}


def test_quiet_file_is_settled_after_its_time() -> None:
    """A file is taken once it was seen unchanged for settle_seconds, not before."""
    judge = tracker()
    looks = [settled(judge.observe([file("a.csv")], now)) for now in (100.0, 104.9, 105.0)]
    assert looks == [[], [], ["a.csv"]]


def test_own_time_of_a_file_means_nothing() -> None:
    """A copy that kept an old time, or one from the future, waits like any other."""
    for mtime_ns in (0, 2**62):
        judge = tracker()
        assert settled(judge.observe([file("a.csv", mtime_ns=mtime_ns)], 0.0)) == []
        assert settled(judge.observe([file("a.csv", mtime_ns=mtime_ns)], 5.0)) == ["a.csv"]


@pytest.mark.parametrize("changed", [file("a.csv", 11), file("a.csv", mtime_ns=1), file("a.csv", inode=7)])
def test_any_change_starts_the_time_anew(changed: Entry) -> None:
    """Size, time and file id must all stay the same."""
    judge = tracker()
    judge.observe([file("a.csv")], 0.0)
    looks = [settled(judge.observe([changed], now)) for now in (4.0, 8.9, 9.0)]
    assert looks == [[], [], ["a.csv"]]


def test_settled_file_that_changes_is_not_settled_any_more() -> None:
    """What was not taken yet and is written again waits again, from then on."""
    judge = tracker()
    judge.observe([file("a.csv")], 0.0)
    assert settled(judge.observe([file("a.csv")], 5.0)) == ["a.csv"]
    seen = judge.observe([file("a.csv", 20)], 10.0)
    assert (settled(seen), seen.waiting[0].since) == ([], 10.0)


def test_no_settle_time_means_settled_at_first_sight() -> None:
    """Zero seconds trust the writer."""
    assert settled(tracker(settle_seconds=0).observe([file("a.csv")], 0.0)) == ["a.csv"]


def test_route_may_have_its_own_time() -> None:
    """The route's settle_seconds goes before the common one."""
    judge = tracker(route("slow", "slow*", settle_seconds=20), route("csv", "*.csv"))
    judge.observe([file("slow.csv"), file("a.csv")], 0.0)
    assert settled(judge.observe([file("slow.csv"), file("a.csv")], 5.0)) == ["a.csv"]
    assert settled(judge.observe([file("slow.csv")], 20.0)) == ["slow.csv"]


def test_due_tells_when_to_look_again() -> None:
    """The scan may sleep until something can have settled, and no longer."""
    judge = tracker()
    assert judge.observe([file("a.csv")], 0.0).due_in_seconds == 5.0
    assert judge.observe([file("a.csv"), file("b.csv")], 2.0).due_in_seconds == 3.0
    assert judge.observe([file("a.csv"), file("b.csv")], 8.0).due_in_seconds is None


def test_vanished_file_is_forgotten() -> None:
    """A file that comes back is a new one, and memory holds the present listing only."""
    judge = tracker()
    judge.observe([file("a.csv")], 0.0)
    judge.observe([], 1.0)
    assert settled(judge.observe([file("a.csv")], 6.0)) == []


def test_claimed_name_that_comes_at_once_again_starts_anew() -> None:
    """Even where file ids say nothing, the next file of the name gets its own quiet time."""
    judge = tracker()
    judge.observe([file("a.csv")], 0.0)
    assert settled(judge.observe([file("a.csv")], 5.0)) == ["a.csv"]
    judge.forget("a.csv")
    assert settled(judge.observe([file("a.csv")], 6.0)) == []


def test_order_is_first_scan_then_time_then_natural_name() -> None:
    """Files are claimed as they came; what one scan finds together by time, then by numbers in the name."""
    judge = tracker(settle_seconds=0)
    first = [file("z.csv", mtime_ns=5), file("po-10.csv", mtime_ns=7), file("po-9.csv", mtime_ns=7)]
    judge.observe(first, 0.0)
    seen = judge.observe([file("a.csv", mtime_ns=1), *first], 1.0)
    assert settled(seen) == ["z.csv", "po-9.csv", "po-10.csv", "a.csv"]
    assert [one.place.scan for one in seen.settled] == [1, 1, 1, 2]


def test_round_number_makes_places_of_several_folders_compare() -> None:
    """The caller may number the rounds over all folders."""
    seen = tracker(settle_seconds=0).observe([file("a.csv")], 0.0, scan=41)
    assert seen.settled[0].place == (41, 0, "a.csv")


def test_no_file_overtakes_an_older_unsettled_one_of_its_route() -> None:
    """A change that is complete waits for the orders that are still being written; other routes go on."""
    judge = tracker(route("orders", "*.csv"), route("xml", "*.xml"))
    judge.observe([file("orders.csv", 1)], 0.0)
    judge.observe([file("orders.csv", 2), file("changes.csv"), file("a.xml")], 1.0)
    seen = judge.observe([file("orders.csv", 3), file("changes.csv"), file("a.xml")], 10.0)
    assert settled(seen) == ["a.xml"]
    assert waiting(seen) == {"orders.csv": (Reason.CHANGING, ""), "changes.csv": (Reason.BEHIND, "orders.csv")}
    seen = judge.observe([file("orders.csv", 3), file("changes.csv")], 15.0)
    assert settled(seen) == ["orders.csv", "changes.csv"]


def test_stuck_file_is_reported_once_and_holds_nobody() -> None:
    """After stuck_minutes the others go on; the slow one is never taken early."""
    judge = tracker()
    both = [file("slow.csv", 1), file("b.csv")]
    judge.observe([both[0]], 0.0)
    judge.observe(both, 1.0)
    reports = []
    for step, now in enumerate((29 * MINUTE, 30 * MINUTE, 31 * MINUTE)):
        seen = judge.observe([file("slow.csv", step + 2), both[1]], now)
        reports.append((settled(seen), [one.entry.name for one in seen.newly_stuck], len(seen.stuck)))
    assert reports == [([], [], 0), (["b.csv"], ["slow.csv"], 1), (["b.csv"], [], 1)]
    assert seen.stuck[0].since == 0.0
    assert settled(judge.observe([file("slow.csv", 4)], 32 * MINUTE)) == ["slow.csv"]


def test_file_stuck_again_later_is_reported_again() -> None:
    """Each time counts from its own beginning."""
    judge = tracker()
    judge.observe([file("a.csv", 1)], 0.0)
    assert judge.observe([file("a.csv", 2)], 30 * MINUTE).newly_stuck
    assert settled(judge.observe([file("a.csv", 2)], 31 * MINUTE)) == ["a.csv"]
    judge.observe([file("a.csv", 3)], 32 * MINUTE)
    assert not judge.observe([file("a.csv", 4)], 61 * MINUTE).newly_stuck
    assert judge.observe([file("a.csv", 5)], 62 * MINUTE).newly_stuck


def test_zero_bytes_wait_and_are_empty_in_the_end() -> None:
    """An empty file is neither sent nor dropped; after stuck_minutes of emptiness it is one to reject."""
    judge = tracker(settle_seconds=0)
    seen = judge.observe([file("a.csv", 0), file("b.csv", mtime_ns=1)], 0.0)
    assert (settled(seen), waiting(seen)["a.csv"]) == ([], (Reason.ZERO_BYTES, ""))
    seen = judge.observe([file("a.csv", 0), file("b.csv", mtime_ns=1)], 30 * MINUTE)
    assert (settled(seen), [one.entry.name for one in seen.empty]) == (["b.csv"], ["a.csv"])
    assert (seen.stuck, seen.newly_stuck, seen.waiting) == ([], [], [])


def test_file_that_fills_in_the_last_minute_is_not_empty() -> None:
    """The verdict falls by what is there, not by what was."""
    judge = tracker()
    judge.observe([file("a.csv", 0)], 0.0)
    seen = judge.observe([file("a.csv", 5)], 30 * MINUTE)
    assert (seen.empty, waiting(seen)["a.csv"]) == ([], (Reason.CHANGING, ""))
    assert settled(judge.observe([file("a.csv", 5)], 31 * MINUTE)) == ["a.csv"]


@pytest.mark.parametrize("marker", ["orders.csv.ok", "orders.ok", "ORDERS.OK"])
def test_marker_route_waits_for_its_marker(marker: str) -> None:
    """Quiet is not enough: the marker must be there and quiet too; then it goes with its file."""
    judge = tracker(route("csv", "*", "marker:.ok"))
    judge.observe([file("orders.csv")], 0.0)
    seen = judge.observe([file("orders.csv")], 10.0)
    assert (settled(seen), waiting(seen)) == ([], {"orders.csv": (Reason.NO_MARKER, "orders.csv.ok")})
    both = [file("orders.csv"), file(marker, 0)]
    assert waiting(judge.observe(both, 20.0)) == {"orders.csv": (Reason.MARKER_CHANGING, marker)}
    seen = judge.observe(both, 25.0)
    assert [(one.entry.name, one.marker) for one in seen.settled] == [("orders.csv", both[1])]
    assert waiting(seen) == {}


def test_marker_does_not_vouch_for_a_file_that_is_still_written() -> None:
    """A marker that came too early waits with its file."""
    judge = tracker(route("csv", "*.csv", "marker:.ok"))
    judge.observe([file("a.csv", 1), file("a.ok", 0)], 0.0)
    seen = judge.observe([file("a.csv", 2), file("a.ok", 0)], 10.0)
    assert waiting(seen) == {"a.csv": (Reason.CHANGING, "")}


def test_marker_without_its_file_is_listed() -> None:
    """A marker is no data file, and holds nobody."""
    judge = tracker(route("csv", "*", "marker:.ok"))
    listing = [file("b.csv.ok", 0), file("a.csv"), file("a.csv.ok", 0)]
    judge.observe(listing, 0.0)
    seen = judge.observe(listing, 10.0)
    assert (settled(seen), waiting(seen)) == (["a.csv"], {"b.csv.ok": (Reason.NO_FILE, "")})


def test_second_spelling_of_a_marker_is_listed() -> None:
    """Two markers that differ in case only: one goes with the file, the other is not passed over in silence."""
    judge = tracker(route("csv", "*.csv", "marker:.ok"))
    listing = [file("a.csv"), file("a.ok", 0), file("A.OK", 0)]
    judge.observe(listing, 0.0)
    seen = judge.observe(listing, 10.0)
    taken = [one.marker.name for one in seen.settled if one.marker]
    assert sorted([*taken, *waiting(seen)]) == ["A.OK", "a.ok"]


def test_marker_of_several_files_goes_with_the_last() -> None:
    """A crash between two claims must not leave a file whose marker is gone."""
    judge = tracker(route("all", "*", "marker:.ok"))
    listing = [file("a.csv"), file("a.xml"), file("a.ok", 0)]
    judge.observe(listing, 0.0)
    seen = judge.observe(listing, 10.0)
    assert [(one.entry.name, one.marker) for one in seen.settled] == [("a.csv", None), ("a.xml", listing[2])]
    judge.observe([listing[0], file("a.xml", 20), listing[2]], 20.0)
    seen = judge.observe([listing[0], file("a.xml", 30), listing[2]], 30.0)
    assert [(one.entry.name, one.marker) for one in seen.settled] == [("a.csv", None)]  # a.xml still needs it


def test_empty_file_takes_its_marker_along() -> None:
    """A rejected file leaves no lonely marker behind."""
    judge = tracker(route("csv", "*.csv", "marker:.ok"))
    listing = [file("a.csv", 0), file("a.ok", 0)]
    judge.observe(listing, 0.0)
    assert [one.marker for one in judge.observe(listing, 30 * MINUTE).empty] == [listing[1]]


def test_incomplete_file_waits_until_it_changes() -> None:
    """A file the reader found without its end is not read again and again, and holds its route."""
    judge = tracker(route("csv", "*.csv", "trailer"))
    listing = [file("a.csv"), file("b.csv", mtime_ns=1)]
    judge.observe(listing, 0.0)
    assert settled(judge.observe(listing, 5.0)) == ["a.csv", "b.csv"]
    judge.note_incomplete("a.csv")
    seen = judge.observe(listing, 600.0)
    assert waiting(seen) == {"a.csv": (Reason.INCOMPLETE, ""), "b.csv": (Reason.BEHIND, "a.csv")}
    listing[0] = file("a.csv", 20)
    assert settled(judge.observe(listing, 610.0)) == []
    assert settled(judge.observe(listing, 615.0)) == ["a.csv", "b.csv"]


def test_incomplete_file_that_was_given_back_keeps_its_place() -> None:
    """It was claimed, read and given back under a free name meanwhile; later files still do not overtake it."""
    judge = tracker(route("csv", "*.csv", "trailer"))
    a = file("a.csv", inode=1)
    judge.observe([a], 0.0)
    claimed = judge.observe([a], 5.0).settled[0]
    b = file("b.csv", inode=2)
    judge.observe([b], 6.0)
    judge.note_incomplete("a~2.csv", claimed)
    back = file("a~2.csv", inode=1)
    judge.observe([b, back], 10.0)
    seen = judge.observe([b, back], 20.0)
    assert waiting(seen) == {"a~2.csv": (Reason.INCOMPLETE, ""), "b.csv": (Reason.BEHIND, "a~2.csv")}


def test_change_while_the_incomplete_file_was_read_is_not_missed() -> None:
    """The writer finished after the read and before the file was back: it settles, and is not stuck for ever."""
    judge = tracker(route("csv", "*.csv", "trailer"))
    judge.observe([file("a.csv")], 0.0)
    claimed = judge.observe([file("a.csv")], 5.0).settled[0]
    judge.observe([], 6.0)
    judge.note_incomplete("a.csv", claimed)
    judge.observe([file("a.csv", 99)], 10.0)
    assert settled(judge.observe([file("a.csv", 99)], 15.0)) == ["a.csv"]


def test_incomplete_file_without_more_knowledge_waits_too() -> None:
    """Without its history the content at its next sight counts as the incomplete one."""
    judge = tracker(route("csv", "*.csv", "trailer"))
    judge.note_incomplete("a.csv")
    judge.observe([file("a.csv")], 0.0)
    assert waiting(judge.observe([file("a.csv")], 60.0)) == {"a.csv": (Reason.INCOMPLETE, "")}


def test_names_that_are_never_taken_are_listed_with_reasons() -> None:
    """Nothing is passed over in silence, but for the gateway's own names."""
    listing = [file("a.csv.part"), file("sub", folder=True), file(".work", folder=True), file("done", folder=True)]
    seen = tracker(settle_seconds=0).observe(listing, 0.0)
    found = {one.entry.name: one.reason for one in seen.ignored}
    assert found == {"a.csv.part": "temporary name (.part)", "sub": "a folder"}
    assert (seen.settled, seen.waiting, seen.unrouted) == ([], [], [])


def test_file_without_route_is_listed_with_its_age() -> None:
    """Someone has to say what it is; how long it has been there decides when it is put aside."""
    judge = tracker()
    judge.observe([file("a.pdf")], 7.0)
    seen = judge.observe([file("a.pdf")], 100.0)
    assert [(one.entry.name, one.reason, one.since) for one in seen.unrouted] == [("a.pdf", Reason.NO_ROUTE, 7.0)]
    assert settled(seen) == []


def test_first_matching_route_counts() -> None:
    """Routes are asked in the order of the settings, without regard to case."""
    judge = tracker(route("orders", "orders*.csv"), route("rest", "*"), settle_seconds=0)
    seen = judge.observe([file("ORDERS-1.CSV"), file("other.csv")], 0.0)
    assert {one.entry.name: one.route for one in seen.settled} == {"ORDERS-1.CSV": "orders", "other.csv": "rest"}


def test_folder_without_routes_takes_every_file() -> None:
    """What a person drops into retry/ is judged as well, whatever its name."""
    judge = SettleTracker([EveryFile("retry")], settle_seconds=2, stuck_seconds=60)
    listing = [file("orders.PO-1.csv"), file("orders.PO-1.csv.reason.txt")]
    judge.observe(listing, 0.0)
    seen = judge.observe(listing, 2.0)
    assert (settled(seen), [one.entry.name for one in seen.ignored]) == ([listing[0].name], [listing[1].name])


@pytest.mark.slow
def test_hundred_thousand_files_are_judged_without_quadratic_work() -> None:
    """A backlog of 100,000 files costs a moment a scan, also when all wait behind one."""
    judge = tracker()
    listing = [file(f"po-{number}.csv", mtime_ns=number, inode=number + 1) for number in range(100_000)]
    started = time.process_time()
    judge.observe(listing, 0.0)
    listing[0] = file("po-0.csv", 99, mtime_ns=0, inode=1)
    assert len(judge.observe(listing, 6.0).waiting) == 100_000
    assert judge.observe([], 7.0).waiting == []
    assert time.process_time() - started < 8


@given(
    st.lists(
        st.tuples(st.integers(0, 4), st.dictionaries(st.sampled_from("abcd"), st.integers(0, 2), max_size=4)),
        max_size=25,
    )
)
def test_whatever_happens_each_name_has_one_verdict_and_quiet_is_kept(steps: list[tuple[int, dict[str, int]]]) -> None:
    """In any history each file is in one list, and none is settled that was not seen unchanged for its time."""
    judge = tracker(settle_seconds=3)
    now, since = 0.0, dict[str, tuple[int, float]]()
    for seconds, sizes in steps:
        now += seconds
        since = {
            name: since[name] if name in since and since[name][0] == size else (size, now)
            for name, size in sizes.items()
        }
        seen = judge.observe([file(f"{name}.csv", size) for name, size in sizes.items()], now)
        verdicts = settled(seen) + list(waiting(seen)) + [one.entry.name for one in seen.empty]
        assert sorted(verdicts) == sorted(f"{name}.csv" for name in sizes)
        assert all(sizes[name[0]] > 0 and now - since[name[0]][1] >= 3 for name in settled(seen))


def test_note_about_a_file_that_is_not_back_yet_is_kept() -> None:
    """Noted before the file is moved back, it holds however many looks come between."""
    judge = tracker(route("csv", "*.csv", "trailer"))
    judge.note_incomplete("a.csv")
    judge.observe([], 0.0)
    judge.observe([file("b.csv")], 1.0)
    judge.observe([file("a.csv"), file("b.csv")], 2.0)

    assert waiting(judge.observe([file("a.csv"), file("b.csv")], 60.0))["a.csv"] == (Reason.INCOMPLETE, "")
