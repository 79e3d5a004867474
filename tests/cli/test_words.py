"""Small things said and understood: times, spans, counts, questions; and the rarer lines of `status` and `show`."""

from __future__ import annotations

import io
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console

from gateway.cli import output
from gateway.cli.invocation import confirm, since_instant
from gateway.cli.running import progress
from gateway.errors import FileRejected, StorageError, UsageError
from gateway.journal import accounts, incidents
from gateway.journal.imports import Declared, record_declared
from gateway.journal.lanes import LaneKeeper
from gateway.journal.tables import queue_message, route_pause
from gateway.simulator import Simulator
from gateway.site import Site as OpenSite
from gateway.site import has_journal, person, runs
from tests.cli.cli_help import gateway, told
from tests.site import Site

NOW = datetime(2026, 11, 24, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30m", NOW - timedelta(minutes=30)),
        ("2h", NOW - timedelta(hours=2)),
        ("3d", NOW - timedelta(days=3)),
        ("1w", NOW - timedelta(weeks=1)),
        ("2026-11-20T06:00:00Z", datetime(2026, 11, 20, 6, tzinfo=UTC)),
        ("2026-11-20 06:00", datetime(2026, 11, 20, 6).astimezone(UTC)),
        ("2026-11-20", datetime(2026, 11, 20).astimezone(UTC)),
        ("08:15", NOW.astimezone().replace(hour=8, minute=15).astimezone(UTC)),
        (None, None),
    ],
)
def test_since_takes_times_as_people_type_them(text: str | None, expected: datetime | None) -> None:
    """Spans back from now, a time of today, a day, an instant; local time unless a zone is named."""
    assert since_instant(text, NOW) == expected


@pytest.mark.parametrize("text", ["", "soon", "25:00", "3 fortnights", "2026-13-01"])
def test_since_refuses_what_is_no_time(text: str) -> None:
    """A wrong time is told, not taken for "always"."""
    with pytest.raises(UsageError, match="is no time"):
        since_instant(text, NOW)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(5, "5 s"), (65, "1 min"), (3600 * 3 + 720, "3 h 12 min"), (86400 * 2 + 3600 * 5, "2 d 5 h"), (-30, "0 s")],
)
def test_ages_are_told_in_two_units_at_most(seconds: int, words: str) -> None:
    """A clock that is ahead gives no negative age."""
    assert output.ago(NOW - timedelta(seconds=seconds), NOW) == words


def test_counts_and_empty_times() -> None:
    """One order, two orders; nothing for no time."""
    assert [output.counted(n, "order") for n in (0, 1, 2)] == ["0 orders", "1 order", "2 orders"]
    assert (output.ago(None), output.local(None)) == ("", "")


def test_exit_codes_follow_the_error() -> None:
    """Usage and settings are 2, everything a person must look into is 1."""
    codes = [output.exit_code_of(error) for error in (UsageError("x"), FileRejected("x"), StorageError("x"))]
    assert codes == [2, 1, 1]


def test_nothing_is_done_to_many_where_nobody_can_be_asked() -> None:
    """In a script a question is a refusal; --yes answers it."""
    confirm("Skip 3 messages?", yes=True)
    with pytest.raises(UsageError, match="Nobody can be asked here"):
        confirm("Skip 3 messages?", yes=False)


def test_progress_counts_from_where_the_run_began() -> None:
    """What ended in earlier runs is no progress of this one."""
    stream = io.StringIO()
    with progress(Console(file=stream, force_terminal=True, width=100)) as report:
        report({"sent": 500})
        report({"sent": 500, "ready": 3, "sending": 1})
        report({"sent": 503, "ready": 0, "sending": 1})
    assert "3 ready, 1 sending" in stream.getvalue() or "1 sending" in stream.getvalue()


def test_the_record_says_who_asked() -> None:
    """User, machine, and that it was the command line."""
    assert "@" in person()
    assert person().endswith("(command line)")


def test_status_tells_pauses_outages_problems_and_rehearsals(tmp_path: Path, simulator: Simulator) -> None:
    """Each rarer trouble has its line; an outage alone is weather and needs nobody."""
    site = Site(tmp_path / "site", simulator)
    site.run()
    with OpenSite(site.settings()) as opened:
        write = opened.journal.write
        write(lambda c: incidents.raise_incident(c, "outage:main", "Jakamo does not answer account main", NOW))
        assert not told("status", site=site.root)["needs_person"]
        assert "Jakamo does not answer" in gateway("status", site=site.root).stdout
        write(lambda c: accounts.pause(c, "main", reason="401", digest="x", by="answer", now=NOW))
        write(lambda c: c.execute(route_pause.insert().values(route="csv", at=NOW, by="x")) and None)
        write(
            lambda c: c.execute(
                queue_message.insert().values(
                    account="main", generation=1, sequence=1, body=b"x", body_hash="h", headers=[], kind="Unknown",
                    state="problem", version=1, acknowledged=True, name="p.raw", place="problems", problem="not XML",
                    findings=[], fetched_at=NOW,
                )
            )
            and None
        )  # fmt: skip
        write(lambda c: record_declared(c, "main", [Declared(order_number="PO-9")], LaneKeeper({}), "", NOW))
    data = told("status", site=site.root, code=1)
    assert data["accounts"][0]["paused"]["reason"] == "401"
    assert data["accounts"][0]["outage"]["text"].startswith("Jakamo does not answer")
    assert [one["problem"] for one in data["problems"]] == ["not XML"]
    words = gateway("status", site=site.root).stdout
    assert all(text in words for text in ("paused: 401", "Paused routes: csv", "not XML", "What is wrong now"))
    assert "was imported" in gateway("show", "PO-9", site=site.root).stdout
    site.account["send"] = False
    site.settings()
    with OpenSite(site.settings()) as opened:
        opened.journal.write(lambda c: accounts.resume(c, "main", why="test", now=NOW))
        opened.journal.write(lambda c: incidents.clear(c, "outage:main", NOW))
    assert "rehearsal (send = false)" in gateway("status", site=site.root).stdout


def test_status_knows_companions_and_files_of_no_route(fresh: Site) -> None:
    """A marker beside its file is no stray; a file that no route fits is told."""
    fresh.routes = [
        {"name": "csv", "match": "*.csv", "mapping": "csv-order", "account": "main", "complete": "marker:.ok"}
    ]
    fresh.settings()
    for name in ("a.csv", "a.csv.ok", "letter.doc"):
        fresh.drop(name, "x")
    data = told("status", site=fresh.root)
    assert [(Path(one["path"]).name, one["reason"]) for one in data["ignored"]] == [
        ("letter.doc", "no route fits its name")
    ]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="rights do not bind the superuser")
def test_a_user_without_rights_is_told_so(fresh: Site) -> None:
    """The state folder belongs to the service: whoever may not look is not told that nothing has ever run."""
    fresh.run()
    state = fresh.root / "state"
    state.chmod(0)
    try:
        with pytest.raises(StorageError, match="cannot be looked at"):
            has_journal(fresh.settings())
    finally:
        state.chmod(0o700)
    assert not runs(fresh.settings())
