"""A journal with a known past, written by the journal's own functions, for tests that only look."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, event, insert, text, update

from gateway.journal import accounts, interchanges
from gateway.journal.history import Event, record
from gateway.journal.interchanges import Claim, Registration
from gateway.journal.journal import Journal
from gateway.journal.tables import message
from gateway.model import InterchangeState, MessageKind, OrderSource

START = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)
RULES = {
    "account": "main", "route": "orders", "mapping": "csv-order", "repeat_rule": "hold", "lost_lines_rule": "hold",
    "complete_order": True,
}  # fmt: skip


def at(hours: float) -> datetime:
    """Return an instant so many hours after the start."""
    return START + timedelta(hours=hours)


class Past:
    """Writes files and orders into a journal, at stated hours."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        journal.write(lambda c: accounts.ensure(c, {"main": "https://a as b", "other": "https://c as d"}))

    def file(self, name: str, *numbers: str, hour: float = 0, account: str = "main") -> int:
        """Drop a file with these orders; return its number."""

        def write(connection: Connection) -> int:
            claim = Claim(
                claim=f"{name}{hour}".ljust(32, "0")[:32], node="n", origin="inbox", folder="", name=name,
                path=f"/site/{name}", route="orders", account=account, mapping="csv-order",
            )  # fmt: skip
            interchanges.record_claims(connection, [claim], at(hour))
            rows = interchanges.in_state(connection, InterchangeState.CLAIMED)
            row = rows[-1]
            interchanges.mark_split(
                connection, row, sha256=f"{row['sequence']:064x}", size=10, duplicate_of=None, now=at(hour),
                order_count=len(numbers),
            )  # fmt: skip
            registrations = [
                Registration(source=source(number, place), lane_major=row["sequence"], lane_minor=place, generation=1)
                for place, number in enumerate(numbers)
            ]
            interchanges.register(connection, row, registrations, {**RULES, "account": account}, at(hour))
            return int(row["sequence"])

        return self.journal.write(write)

    def reject(self, name: str, *, hour: float = 0, code: str = "unclosed-quote") -> int:
        """Drop a file that is refused as a whole; return its number."""

        def write(connection: Connection) -> int:
            claim = Claim(
                claim=f"{name}{hour}".ljust(32, "0")[:32], node="n", origin="inbox", folder="", name=name,
                path=f"/site/{name}", route="orders", account="main", mapping="csv-order",
            )  # fmt: skip
            interchanges.record_claims(connection, [claim], at(hour))
            row = interchanges.in_state(connection, InterchangeState.CLAIMED)[-1]
            interchanges.mark_rejected(connection, row, code=code, reason="It is broken.", findings=(), now=at(hour))
            return int(row["sequence"])

        return self.journal.write(write)

    def put(self, number: str, state: str, *, hour: float, **values: Any) -> None:
        """Put the newest message of an order into a state, on record."""

        def write(connection: Connection) -> None:
            key = connection.execute(
                text("select max(id) from message where order_number = :number"), {"number": number}
            ).scalar_one()
            connection.execute(
                update(message)
                .where(message.c.id == key)
                .values(state=state, state_at=at(hour), kind=values.pop("kind", "Order"), **values)
            )
            record(connection, at(hour), [Event("message", key, state, values.get("reason", ""))])

        self.journal.write(write)

    def insert(self, table: Any, **values: Any) -> None:
        """Insert one row."""
        self.journal.write(lambda c: c.execute(insert(table).values(**values)) and None)


def source(number: str, ordinal: int = 0) -> OrderSource:
    """Return an order as pass one reads it."""
    canonical = f'<order number="{number}"><row n="{ordinal + 2}"/></order>'.encode()
    return OrderSource(
        ordinal=ordinal, order_number=number, kind_hint=MessageKind.ORDER, revision=None, canonical=canonical,
        source_hash=f"{number}-{ordinal}",
    )  # fmt: skip


@contextmanager
def statements(engine: Engine) -> Iterator[list[tuple[str, Any]]]:
    """Collect every statement that is run meanwhile."""
    found: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        found.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", note)


def whole_scans(journal: Journal, ran: Sequence[tuple[str, Any]]) -> list[str]:
    """Return the steps in which SQLite reads a table row by row from its begin, for want of an index."""
    steps: list[str] = []

    def explain(connection: Connection) -> None:
        for statement, parameters in ran:
            if statement.startswith(("SELECT", "WITH")):
                rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
                steps.extend(str(row[3]) for row in rows)

    journal.read(explain)
    small = ("account", "recent")
    return [
        step
        for step in steps
        if step.startswith("SCAN ") and "INDEX" not in step and not step.removeprefix("SCAN ").startswith(small)
    ]
