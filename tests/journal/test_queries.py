"""What lists, lives and totals tell, and that none of it reads whole tables."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text

from gateway.journal import incidents, queries, recent, totals
from gateway.journal.history import Event, record
from gateway.journal.journal import Journal, open_journal
from gateway.journal.queries import MessageFilter
from gateway.journal.tables import placement, queue_message, route_pause
from tests.journal.queries_help import START, Past, at, statements, whole_scans


@pytest.fixture
def past(tmp_path: Path) -> Iterator[Past]:
    """A journal with accounts and nothing else yet."""
    journal = open_journal(f"sqlite:///{tmp_path / 'journal.sqlite3'}")
    yield Past(journal)
    journal.close()


@pytest.fixture
def busy(past: Past) -> Past:
    """Three files, six orders in several states, one refused file."""
    past.file("monday.csv", "PO-1", "PO-2", "PO-3", hour=0)
    past.file("tuesday.csv", "PO-3", "PO-4", hour=24)
    past.file("other.csv", "AB[1]", hour=25, account="other")
    past.put("PO-1", "sent", hour=1)
    past.put("PO-2", "failed", hour=2, reason_code="bad-date", reason="row 3: no date")
    past.put("PO-3", "held", hour=26, reason_code="repeat", reason="Is it a change?")
    past.put("PO-4", "failed", hour=27, reason_code="schema", reason="no currency")
    past.put("AB[1]", "unknown", hour=28, reason_code="no-answer")
    past.reject("broken.csv", hour=3)
    return past


def numbers(past: Past, limit: int | None = 50, **wanted: Any) -> list[str]:
    """Return the order numbers a filter gives, in its order."""
    rows = past.journal.read(lambda c: queries.messages(c, MessageFilter(**wanted), limit))
    return [row["order_number"] for row in rows]


def test_orders_are_listed_the_newest_first(busy: Past) -> None:
    """Without a filter the list begins with what came last."""
    assert numbers(busy) == ["AB[1]", "PO-4", "PO-3", "PO-3", "PO-2", "PO-1"]
    assert numbers(busy, limit=2) == ["AB[1]", "PO-4"]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"states": ("failed",)}, ["PO-4", "PO-2"]),
        ({"states": ("failed", "unknown")}, ["AB[1]", "PO-4", "PO-2"]),
        ({"states": ("failed",), "code": "bad-date"}, ["PO-2"]),
        ({"code": "repeat"}, ["PO-3"]),
        ({"account": "other"}, ["AB[1]"]),
        ({"account": "nobody"}, []),
        ({"match": "PO-3"}, ["PO-3", "PO-3"]),
        ({"match": "PO-?", "states": ("held",)}, ["PO-3"]),
        ({"match": "*4"}, ["PO-4"]),
        ({"match": "AB[1]"}, ["AB[1]"]),
        ({"match": "AB[*"}, ["AB[1]"]),
        ({"match": "AB1"}, []),
        ({"match": "monday.csv"}, ["PO-3", "PO-2", "PO-1"]),
        ({"match": "*day.csv", "states": ("failed",)}, ["PO-4", "PO-2"]),
        ({"match": "PO-*", "account": "other"}, []),
        ({"since": at(26)}, ["AB[1]", "PO-4", "PO-3"]),
        ({"since": at(26), "states": ("failed",)}, ["PO-4"]),
        ({"since": at(0.5), "states": ("sent",)}, ["PO-1"]),
        ({"since": at(100)}, []),
        ({"since": at(26), "match": "PO-*"}, ["PO-4", "PO-3"]),
    ],
)
def test_a_filter_gives_what_it_says(busy: Past, wanted: dict[str, Any], expected: list[str]) -> None:
    """State, reason, account, name and time narrow the list, alone and together; brackets are only brackets."""
    assert numbers(busy, **wanted) == expected


def test_a_pattern_means_the_same_outside_the_database() -> None:
    """Rejected files are filtered in the program, by the rules of the database."""
    cases = {("PO-1", "PO-?"): True, ("PO-10", "PO-?"): False, ("a[1].csv", "a[1]*"): True, ("a1.csv", "a[1]*"): False,
             ("x", "*"): True, ("po-1", "PO-1"): False}  # fmt: skip
    assert cases == {case: queries.fits_pattern(*case) for case in cases}


def test_a_pattern_that_fits_very_much_still_finds_the_newest(past: Past) -> None:
    """More than can be gathered by name: then the list is walked from its end, and the result is the same."""
    sequence = past.file("many.csv", "PO-000000")
    past.journal.write(lambda c: _multiply(c, sequence, 20_050))
    past.put("PO-000777", "failed", hour=9)

    assert numbers(past, limit=2, match="PO-*") == ["PO-020050", "PO-020049"]
    assert numbers(past, limit=2, match="PO-*", states=("failed",)) == ["PO-000777"]


def _multiply(connection: Connection, sequence: int, count: int) -> None:
    columns = [row[1] for row in connection.exec_driver_sql("PRAGMA table_info(message)") if row[1] != "id"]
    values = {"order_number": "printf('PO-%06d', n.i)", "ordinal": "n.i", "lane_minor": "n.i"}
    selected = ", ".join(values.get(name, f"m.{name}") for name in columns)
    connection.execute(
        text(
            f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) "
            f"INSERT INTO message ({', '.join(columns)}) SELECT {selected} FROM n, message m "
            f"WHERE m.interchange = {sequence} AND m.ordinal = 0 ORDER BY n.i"
        )
    )


def test_similar_numbers_help_who_mistyped(busy: Past) -> None:
    """Case and missing parts are forgiven; wildcard characters of the database are only characters."""
    assert busy.journal.read(lambda c: queries.similar_numbers(c, "po-")) == ["PO-1", "PO-2", "PO-3", "PO-4"]
    assert busy.journal.read(lambda c: queries.similar_numbers(c, "%")) == []


def test_a_lane_is_told_in_its_order_with_files_and_source(busy: Past) -> None:
    """Both messages of an order, the older first, with the file each came in and its canonical tree."""
    rows = busy.journal.read(lambda c: queries.lane(c, "PO-3"))
    trees = busy.journal.read(lambda c: queries.canonical_trees(c, [row["id"] for row in rows]))

    assert [(row["file"], row["state"]) for row in rows] == [("monday.csv", "registered"), ("tuesday.csv", "held")]
    assert [b'<row n="4"' in trees[rows[0]["id"]], b'<row n="2"' in trees[rows[1]["id"]]] == [True, True]
    assert busy.journal.read(lambda c: queries.lane(c, "PO-3", "other")) == []


def test_files_are_found_by_name_and_by_the_name_they_have_in_error(busy: Past) -> None:
    """A file that lies in error/ under another name is found by that too, as long as it lies there."""
    first = busy.journal.read(lambda c: queries.files_named(c, "monday.csv", 9))[0]["sequence"]
    for name, state in (("monday~2.csv", "placed"), ("gone.csv", "gone")):
        busy.insert(
            placement, interchange=first, folder="error", name=name, sha256="x", reason_hashes={}, state=state,
            placed_at=START,
        )  # fmt: skip

    def names(pattern: str) -> list[str]:
        return [row["name"] for row in busy.journal.read(lambda c: queries.files_named(c, pattern, 9))]

    assert names("*day.csv") == ["tuesday.csv", "monday.csv"]
    assert names("monday~2.csv") == ["monday.csv"]
    assert names("gone.csv") == []


def test_totals_name_every_state(busy: Past) -> None:
    """Scripts find each state in the counts, also those with nothing in them."""
    counts = busy.journal.read(totals.message_counts)
    assert {"failed": 2, "held": 1, "unknown": 1, "sent": 1, "registered": 1} == {k: v for k, v in counts.items() if v}
    assert counts["rehearsed"] == 0
    assert busy.journal.read(totals.file_counts)["rejected"] == 1
    assert busy.journal.read(totals.queue_counts) == {"stored": 0, "delivered": 0, "acknowledged": 0, "problem": 0}


def test_what_waits_for_a_person_is_grouped_by_reason(busy: Past) -> None:
    """One line for each state and reason, with how many, an example and since when."""
    past = busy
    past.file("more.csv", "PO-9", hour=30)
    past.put("PO-9", "failed", hour=31, reason_code="bad-date")
    groups = past.journal.read(totals.attention)

    assert [(g["state"], g["reason_code"], g["count"]) for g in groups] == [
        ("failed", "bad-date", 2), ("failed", "schema", 1), ("held", "repeat", 1), ("unknown", "no-answer", 1),
    ]  # fmt: skip
    example = past.journal.read(lambda c: queries.messages_by_id(c, [groups[0]["first"]]))[0]
    assert (example["order_number"], groups[0]["oldest_at"]) == ("PO-2", at(2))


def test_small_lists_for_a_person(busy: Past) -> None:
    """Refused files, problems of the queue, files removed by hand, paused routes."""
    busy.insert(
        queue_message, account="main", generation=1, sequence=1, body=b"x", body_hash="h", headers=[], kind="Unknown",
        state="problem", version=1, acknowledged=True, name="p.raw", place="problems", problem="not XML", findings=[],
        fetched_at=START,
    )  # fmt: skip
    busy.insert(
        placement, interchange=1, folder="error", name="a.csv", sha256="x", reason_hashes={}, state="removed",
        placed_at=START,
    )  # fmt: skip
    busy.insert(route_pause, route="orders", at=START, by="somebody")

    assert [row["name"] for row in busy.journal.read(totals.rejected_files)] == ["broken.csv"]
    assert [row["problem"] for row in busy.journal.read(totals.problems)] == ["not XML"]
    assert [row["name"] for row in busy.journal.read(totals.removed_by_hand)] == ["a.csv"]
    assert list(busy.journal.read(totals.paused_routes)) == ["orders"]
    assert busy.journal.read(totals.waiting_actions) == 0


def test_events_are_counted_from_an_instant_and_from_a_line(busy: Past) -> None:
    """Today, and this run: what happened before does not count."""
    since = busy.journal.read(lambda c: recent.events_since(c, at(24)))
    assert (since["interchange", "claimed"], since["message", "held"]) == (2, 1)
    assert ("message", "sent") not in since
    last = busy.journal.read(recent.last_event)
    busy.put("PO-1", "failed", hour=40)
    assert busy.journal.read(lambda c: recent.events_from(c, last + 1)) == {("message", "failed"): 1}


def test_a_clock_that_was_set_back_hides_nothing(past: Past) -> None:
    """Lines written after the clock went back half an hour are counted by their own time."""
    hours = [0.0, 1.0, 2.0, 2.5, 2.1, 2.2, 3.0]
    for hour in hours:
        past.journal.write(partial(record, at=at(hour), events=[Event("action", 1, "requested")]))
    for since in (0.0, 2.05, 2.15, 2.4, 3.0, 4.0):
        counted = past.journal.read(partial(recent.events_since, since=at(since)))
        assert sum(counted.values()) == sum(1 for hour in hours if hour >= since)


def test_new_lines_of_history_come_with_the_names_people_know(busy: Past) -> None:
    """Order number, file and account stand beside each event; lines come in order and in parts."""
    first = busy.journal.read(lambda c: recent.events_after(c, 0, 3))
    rest = busy.journal.read(lambda c: recent.events_after(c, first[-1].id, 1000))
    lines = [*first, *rest]

    assert [line.id for line in lines] == sorted(line.id for line in lines)
    assert len(first) == 3
    held = next(line for line in lines if line.event == "held")
    assert (held.order_number, held.file, held.account, held.text) == ("PO-3", "tuesday.csv", "main", "Is it a change?")
    rejected = next(line for line in lines if line.event == "rejected")
    assert (rejected.file, rejected.subject, rejected.order_number) == ("broken.csv", "interchange", None)


LOOKS: dict[str, Callable[[Connection], Any]] = {
    "newest": lambda c: queries.messages(c, MessageFilter(), 50),
    "state": lambda c: queries.messages(c, MessageFilter(states=("sent",)), 50),
    "account": lambda c: queries.messages(c, MessageFilter(account="main"), 50),
    "state and class": lambda c: queries.messages(c, MessageFilter(states=("failed",), code="bad-date"), 50),
    "number": lambda c: queries.messages(c, MessageFilter(match="PO-0000777"), 50),
    "number*": lambda c: queries.messages(c, MessageFilter(match="PO-00007*"), 50),
    "file": lambda c: queries.messages(c, MessageFilter(match="f-77.csv"), 50),
    "all numbers": lambda c: queries.messages(c, MessageFilter(match="PO-*"), 50),
    "since": lambda c: queries.messages(c, MessageFilter(since=at(10_000)), 50),
    "lane": lambda c: queries.lane(c, "PO-0000777"),
    "memories": lambda c: queries.memories(c, "PO-0000777"),
    "responses": lambda c: queries.responses(c, "PO-0000777"),
    "attempts": lambda c: queries.attempts(c, [777]),
    "files": lambda c: queries.files_named(c, "f-77.csv", 10),
    "of files": lambda c: queries.messages_of_files(c, [77]),
    "events": lambda c: queries.events(c, "message", [777]),
    "unfinished": lambda c: queries.unfinished(c, 50),
    "message counts": totals.message_counts,
    "file counts": totals.file_counts,
    "queue counts": totals.queue_counts,
    "attention": totals.attention,
    "rejected": totals.rejected_files,
    "problems": totals.problems,
    "removed": totals.removed_by_hand,
    "waiting actions": totals.waiting_actions,
    "today": lambda c: recent.events_since(c, at(10_000)),
    "log": lambda c: recent.events_after(c, 5, 500),
    "incidents": incidents.open_incidents,
}


@pytest.mark.parametrize("name", [name for name in LOOKS if name != "incidents"])
def test_nothing_reads_a_whole_table(busy: Past, name: str) -> None:
    """Every look is served by an index or by the end of a table; SQLite's own plan says so."""
    with statements(busy.journal.engine) as ran:
        busy.journal.read(LOOKS[name])
    from_the_end = ["SCAN message"] if name == "newest" else []
    assert whole_scans(busy.journal, ran) == from_the_end


@pytest.mark.postgres
def test_postgresql_gives_the_same(postgres: str) -> None:
    """The statements are one set for both databases: patterns, times and plans aside, the same comes back."""
    journal = open_journal(postgres)
    past = Past(journal)
    past.file("monday_1.csv", "PO-1", "PO%2", hour=0)
    past.put("PO-1", "failed", hour=2, reason_code="bad-date")
    past.put("PO%2", "sent", hour=3)
    assert numbers(past, match="PO-?") == ["PO-1"]
    assert numbers(past, match="PO%*") == ["PO%2"]
    assert numbers(past, match="monday_*") == ["PO%2", "PO-1"]
    assert numbers(past, match="mondayx1*") == []
    assert numbers(past, since=at(2.5)) == ["PO%2"]
    assert numbers(past, states=("failed",)) == ["PO-1"]
    for look in LOOKS.values():
        journal.read(look)
    journal.close()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_million_orders_are_looked_at_in_no_time(tmp_path: Path) -> None:
    """With a million messages in the journal every look answers within a third of a second, at the median."""
    journal = open_journal(f"sqlite:///{tmp_path / 'journal.sqlite3'}")
    past = Past(journal)
    past.file("f-0.csv", "PO-x")
    journal.write(_a_million)
    slow = {}
    for name, look in LOOKS.items():
        seconds = sorted(_timed(journal, look) for _ in range(5))[2]
        if seconds > 0.3:
            slow[name] = round(seconds, 2)
    journal.close()
    assert slow == {}


def _timed(journal: Journal, look: Callable[[Connection], Any]) -> float:
    begun = time.perf_counter()
    journal.read(look)
    return time.perf_counter() - begun


def _a_million(connection: Connection) -> None:
    """Copy the first message a million times, ten to a file, half a minute apart, each with its history."""
    start = (START - START.replace(year=1970, month=1, day=1, hour=0)) // timedelta(microseconds=1)
    for table, count, values in (
        ("interchange", 100_000, {
            "claim": "printf('%032x', n.i)", "name": "'f-' || n.i || '.csv'", "state": "'closed'", "claimed_at": "0",
        }),
        ("message", 1_000_000, {
            "interchange": "(n.i - 1) / 10 + 2", "ordinal": "(n.i - 1) % 10", "lane_major": "(n.i - 1) / 10 + 2",
            "lane_minor": "(n.i - 1) % 10", "order_number": "printf('PO-%07d', n.i)",
            "state": "CASE n.i % 10000 WHEN 0 THEN 'failed' ELSE 'sent' END", "kind": "'Order'",
            "state_at": f"{start} + n.i * 30000000",
        }),
    ):  # fmt: skip
        key = "sequence" if table == "interchange" else "id"
        columns = [row[1] for row in connection.exec_driver_sql(f"PRAGMA table_info({table})") if row[1] != key]
        selected = ", ".join(values.get(name, f"m.{name}") for name in columns)
        connection.execute(
            text(
                f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) "
                f"INSERT INTO {table} ({', '.join(columns)}) "
                f"SELECT {selected} FROM n, {table} m WHERE m.{key} = 1 ORDER BY n.i"
            )
        )
    connection.execute(
        text(
            'INSERT INTO history ("at", subject, "key", event, text) '
            "SELECT state_at, 'message', id, e.word, '' FROM message, (SELECT 'registered' AS word "
            "UNION SELECT 'ready' UNION SELECT 'sending' UNION SELECT 'sent') e ORDER BY id"
        )
    )
