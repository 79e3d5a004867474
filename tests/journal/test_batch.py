"""Statements for many rows, handed to the driver: written as SQLAlchemy itself would; rows touched are counted."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, bindparam, insert, select, update

from gateway.journal.batch import ForRows, insert_rows
from gateway.journal.tables import content, history, incident, queue_message
from tests.book import Book

AT = datetime(2026, 11, 24, 8, 30, 15, 250_001, tzinfo=UTC)
LATER = datetime(2026, 11, 24, 9, tzinfo=UTC)


def queue_row(sequence: int, **more: Any) -> dict[str, Any]:
    """Return a row with every type that the tables know: text, number, bytes, JSON, truth, instant, and nothing."""
    return {
        "account": "main", "generation": 1, "sequence": sequence, "uri": None, "body": b"\x00\xffbytes",
        "body_hash": "a" * 64, "headers": [["Name", "ä % ' \" :x ?"]], "kind": "OrderResponse", "order_number": "PO-1",
        "state": "stored", "version": 1, "acknowledged": False, "name": "PO-1.xml", "place": "outbox", "problem": None,
        "findings": [], "fetched_at": AT, "delivered_at": None, **more,
    }  # fmt: skip


ROWS = [
    queue_row(1),
    queue_row(2, acknowledged=True, uri="https://x.example/1", findings=[{"code": "x"}], delivered_at=LATER),
    queue_row(3, fetched_at=LATER, order_number=None),
]


def rows_of(connection: Connection) -> list[dict[str, Any]]:
    """Return what is in the table, but for the key that the database chose."""
    columns = [column for column in queue_message.c if column.name != "id"]
    return [dict(row) for row in connection.execute(select(*columns).order_by(queue_message.c.sequence)).mappings()]


def test_rows_are_written_as_sqlalchemy_writes_them(book: Book) -> None:
    """Instants, JSON, bytes, truth values and nothing at all come back the same from either way."""
    fast = insert_rows(queue_message, *ROWS[0])
    book.journal.write(lambda c: fast.run(c, ROWS))
    found = book.journal.read(rows_of)
    book.journal.write(lambda c: c.execute(queue_message.delete()) and None)
    book.journal.write(lambda c: c.execute(insert(queue_message), ROWS) and None)

    assert found == book.journal.read(rows_of)
    assert [row["fetched_at"] for row in found] == [AT, AT, LATER]


@pytest.mark.parametrize("count", [1, 3])
def test_it_says_how_many_rows_it_touched(book: Book, count: int) -> None:
    """What compare-and-set rests on: a row that is not as it was seen is not counted, for one row or for many."""
    mark = ForRows(
        update(queue_message)
        .where(queue_message.c.sequence == bindparam("w_sequence"), queue_message.c.state == bindparam("w_state"))
        .values(state=bindparam("v_state"), delivered_at=bindparam("v_at"))
    )
    book.journal.write(lambda c: insert_rows(queue_message, *ROWS[0]).run(c, ROWS))
    seen = [{"w_sequence": n, "w_state": "stored", "v_state": "delivered", "v_at": AT} for n in range(1, count + 1)]

    assert count == book.journal.write(lambda c: mark.run(c, seen))
    assert book.journal.write(lambda c: mark.run(c, seen)) == 0
    delivered = [row["delivered_at"] for row in book.journal.read(rows_of)]
    assert [AT] * count == delivered[:count]


def test_no_rows_are_no_statement(book: Book) -> None:
    """Nothing is asked of the database."""
    assert book.journal.read(lambda c: insert_rows(history, "at").run(c, [])) == 0


def test_a_row_that_lacks_a_parameter_is_refused(book: Book) -> None:
    """It would otherwise be written with a gap."""
    with pytest.raises(KeyError):
        book.journal.write(lambda c: insert_rows(content, "message", "canonical").run(c, [{"message": 1}]))


def test_columns_left_out_are_filled_by_the_table(book: Book) -> None:
    """A column that is not named stays empty."""
    some = insert_rows(incident, "key", "text", "count", "opened_at", "last_at")
    row = {"key": "k", "text": "t", "count": 1, "opened_at": AT, "last_at": AT}
    book.journal.write(lambda c: some.run(c, [row, {**row, "key": "k2"}]))

    assert [None, None] == book.journal.read(lambda c: list(c.scalars(select(incident.c.cleared_at))))
