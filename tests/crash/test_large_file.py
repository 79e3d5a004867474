"""`kill -9` while a large file becomes messages in many commits: it is read again, and nothing of it is doubled."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from gateway.intake.batches import HELD_BYTES
from gateway.intake.spooled import MOST_ORDERS_A_COMMIT
from tests.crash import audit
from tests.crash.audit import Expected
from tests.crash.boundaries import Point
from tests.crash.ground import Ground
from tests.crash.scenarios import Scenario
from tests.orders import bad, export, row
from tests.site import Site

ORDERS = 2 * MOST_ORDERS_A_COMMIT + 50
BAD = "PO-0300"
BLANKS = " " * (HELD_BYTES // ORDERS)  # they make it large, and nothing else


def large_file() -> bytes:
    """Return a file that is not held: many orders, one of them bad, one in two places."""
    numbers = [f"PO-{number:04d}" for number in range(1, ORDERS + 1)]
    rows = [row(number).replace(";EUR;", f";EUR;{BLANKS}") for number in numbers]
    return export(*rows, row(numbers[0], 20), bad(BAD, 20))


def _started(site: Site) -> None:
    site.run()


def _dropped(site: Site) -> Expected:
    data = large_file()
    assert len(data) > HELD_BYTES
    site.drop("large.csv", data)
    return Expected(files=(data,))


LARGE = Scenario(
    "large", "a file that becomes messages in several commits", _started, _dropped,
    options={"account": {"send": False}},
)  # fmt: skip


def registered_once(root: Path) -> None:
    """Check states, places and history of all messages."""
    with closing(sqlite3.connect(root / "state" / "journal.sqlite3")) as journal:
        states = dict(journal.execute("SELECT state, count(*) FROM message GROUP BY state").fetchall())
        ordinals = [row[0] for row in journal.execute("SELECT ordinal FROM message ORDER BY ordinal")]
        events = journal.execute(
            "SELECT count(*), count(DISTINCT key) FROM history WHERE subject = 'message' AND event = 'registered'"
        ).fetchone()
        contents = journal.execute("SELECT count(*) FROM content").fetchone()
    assert states == {"rehearsed": ORDERS - 1, "failed": 1}
    assert ordinals == list(range(ORDERS))
    assert (events, contents) == ((ORDERS, ORDERS), (ORDERS,))


@pytest.mark.kills
@pytest.mark.timeout(600)
def test_killed_between_its_commits_a_large_file_is_registered_once(ground: Ground) -> None:
    """After the first part, after the second, before the file counts as read, and just after."""
    with ground.played(LARGE) as (site, _):
        site.run()
        undisturbed = audit.listing(ground.root)
    assert f"inbox/error/large.{BAD}.csv" in undisturbed
    for point in (
        Point("after commit message/registered", 1), Point("after commit message/registered", 2),
        Point("before commit interchange/split", 1), Point("after commit interchange/split", 1),
    ):  # fmt: skip
        with ground.played(LARGE) as (site, _):
            assert ground.live(point).was_killed, point
            site.run()
            registered_once(ground.root)
            assert audit.listing(ground.root) == undisturbed, point
