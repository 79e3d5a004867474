"""Orders declared, not sent: what is taken, what is left alone, and what becomes of lanes that already wait."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.journal import queries
from gateway.journal.imports import Declared, known_numbers, record_declared
from gateway.journal.journal import Journal, open_journal
from gateway.journal.lane_values import LaneRules
from gateway.journal.lanes import LaneKeeper
from gateway.journal.tables import order_memory
from tests.journal.queries_help import Past, at

KEEPER = LaneKeeper({"main": LaneRules(order_wait=timedelta(minutes=10))})


@pytest.fixture
def past(tmp_path: Path) -> Iterator[Past]:
    """A journal with accounts and nothing else yet."""
    journal = open_journal(f"sqlite:///{tmp_path / 'journal.sqlite3'}")
    yield Past(journal)
    journal.close()


def declare(journal: Journal, *orders: Declared, hour: float = 1) -> set[str]:
    """Declare orders of the account "main"; return the numbers that were taken."""
    return journal.write(lambda c: record_declared(c, "main", orders, KEEPER, "from a test", at(hour)))


def hashes(journal: Journal) -> dict[str, str | None]:
    """Return what is remembered of each number."""
    return {
        row["order_number"]: row["content_hash"]
        for row in journal.read(lambda c: list(c.execute(order_memory.select()).mappings()))
    }


def check_taking(journal: Journal) -> None:
    """New numbers are taken; a number adds nothing to one that is known, content does, what was sent stays."""
    first = declare(journal, *(Declared(order_number=f"PO-{n}") for n in range(700)), Declared(order_number="A"))
    assert len(first) == 701
    assert declare(journal, Declared(order_number="A"), Declared(order_number="B", content_hash="b")) == {"B"}
    assert declare(journal, Declared(order_number="A", content_hash="a", line_ids=("1",))) == {"A"}
    assert declare(journal, Declared(order_number="B")) == set()
    journal.write(lambda c: c.execute(order_memory.update().values(last_message=7)) and None)
    assert declare(journal, Declared(order_number="A", content_hash="z")) == set()

    assert (hashes(journal)["A"], hashes(journal)["B"], hashes(journal)["PO-5"]) == ("a", "b", None)
    assert journal.read(lambda c: known_numbers(c, "main", ["A", "X"])) == {"A": False}
    assert journal.read(lambda c: queries.memories(c, "A"))[0]["imported"]


def test_what_is_taken_and_what_is_left_alone(past: Past) -> None:
    """On SQLite."""
    check_taking(past.journal)


@pytest.mark.postgres
def test_postgresql_takes_the_same(postgres: str) -> None:
    """On PostgreSQL, by the same function."""
    journal = open_journal(postgres)
    Past(journal)
    check_taking(journal)
    journal.close()


def test_an_order_that_already_waits_is_judged_anew(past: Past) -> None:
    """Declared while its file lies ready: what would have gone as new is the baseline, or unchanged, at once."""
    past.file("a.csv", "PO-1", "PO-2")
    for number in ("PO-1", "PO-2"):
        past.put(number, "ready", hour=0.5, content_hash=f"hash {number}", assumed_known=False, assumed_change=1)
    declare(past.journal, Declared(order_number="PO-1"), Declared(order_number="PO-2", content_hash="hash PO-2"))

    rows = past.journal.read(lambda c: [queries.lane(c, number)[0] for number in ("PO-1", "PO-2")])
    assert [(row["state"], row["reason_code"]) for row in rows] == [
        ("unchanged", "baseline"), ("unchanged", "unchanged"),
    ]  # fmt: skip
    assert hashes(past.journal) == {"PO-1": "hash PO-1", "PO-2": "hash PO-2"}
