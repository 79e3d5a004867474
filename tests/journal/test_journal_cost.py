"""Cost per order must not grow with the journal or the backlog: an index leads each statement of a message's life."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from gateway.journal import sending
from gateway.model import MessageState
from tests.book import Book, change, order, status
from tests.clocks import ManualClock

Statements = dict[str, Any]
SMALL = {"account", "route_pause"}  # one row an account or route


@pytest.fixture
def book(tmp_path: Path, clock: ManualClock) -> Iterator[Book]:
    """A journal on SQLite, which tells how it goes about a statement."""
    with_journal = Book(tmp_path, clock)
    yield with_journal
    with_journal.close()


@pytest.fixture
def statements(book: Book) -> Iterator[Statements]:
    """Everything that is asked of the database, with one set of parameters each."""
    seen: Statements = {}

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        seen.setdefault(statement, parameters[0] if many else parameters)

    event.listen(book.journal.engine, "before_cursor_execute", note)
    yield seen
    event.remove(book.journal.engine, "before_cursor_execute", note)


def plans(book: Book, statements: Statements) -> list[tuple[str, str]]:
    """Return the steps of how SQLite would carry out each statement."""
    steps = []
    with book.journal.engine.connect() as connection:
        for statement, parameters in list(statements.items()):
            if not statement.lstrip().startswith(("SELECT", "UPDATE")):
                continue
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters):
                steps.append((str(row[3]), statement))
    return steps


def live(book: Book) -> None:
    """Live through what ordinary messages do."""
    book.drop(order(), change(), status(), order("PO-2"))
    book.send_all()
    book.drop(order(text="3"), repeat="change")
    (out,) = book.begin(limit=3, before=10**6)
    book.finish(out, state=MessageState.RETRYING, due_at=book.clock.now())
    book.send_all()


def test_no_statement_walks_a_table_that_grows(book: Book, statements: Statements) -> None:
    """Neither mapping nor sending nor settling reads more than the rows it is about."""
    live(book)
    walks = [
        (step, statement) for step, statement in plans(book, statements)
        if step.startswith("SCAN") and step.split()[1] not in SMALL
    ]  # fmt: skip

    assert [] == walks


def test_who_goes_next_is_found_without_sorting_the_backlog(book: Book, statements: Statements) -> None:
    """The next heads of lanes, and the next to be mapped, are read from the index in claim order."""
    live(book)
    steps = plans(book, statements)
    heads = [step for step, statement in steps if "LIMIT" in statement and "message.turn" in statement]
    to_map = [step for step, statement in steps if "LIMIT" in statement and "interchange.state" in statement]

    assert any("message_turn" in step for step in heads)
    assert any("message_state" in step for step in to_map)
    assert not any("TEMP B-TREE" in step for step in heads + to_map)


def test_a_lane_of_years_is_not_read_again_and_again(book: Book, statements: Statements) -> None:
    """What has ended is left in the index: only the open messages of a lane are read."""
    live(book)
    lanes = [
        step for step, statement in plans(book, statements)
        if "FROM message" in statement and "message.order_number IN" in statement
    ]  # fmt: skip

    by_state = "message_lane (account=? AND order_number=? AND state=?)"
    assert lanes
    assert all(by_state in step for step in lanes if "message " in step)


def test_what_falls_due_is_found_among_the_parked_alone(book: Book, statements: Statements) -> None:
    """The look for waits that are over does not touch what was sent."""
    statements.clear()
    book.journal.write(lambda c: sending.wake_due(c, book.keeper, book.clock.now()))
    (step,) = [step for step, _ in plans(book, statements)]

    assert "message_state (state=? AND account=?)" in step
