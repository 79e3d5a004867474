"""Compare-and-set: the only way a row changes its state, checked against the transitions of `gateway.model`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import Column, Connection, Table, bindparam, literal_column, select, update

from gateway.errors import JournalError, StaleTransition
from gateway.journal.batch import ForRows
from gateway.journal.tables import interchange, message, queue_message
from gateway.model import (
    INTERCHANGE_TRANSITIONS,
    MESSAGE_TRANSITIONS,
    QUEUE_TRANSITIONS,
    InterchangeState,
    MessageState,
    QueueState,
)

_ALLOWED: dict[str, dict[str, frozenset[str]]] = {
    "message": {str(a): frozenset(map(str, b)) for a, b in MESSAGE_TRANSITIONS.items()},
    "interchange": {str(a): frozenset(map(str, b)) for a, b in INTERCHANGE_TRANSITIONS.items()},
    "queue_message": {str(a): frozenset(map(str, b)) for a, b in QUEUE_TRANSITIONS.items()},
}


class Change(dict[str, Any]):
    """Column values to set; `key`, `seen` (state) and `version` name the row as the caller saw it."""

    def __init__(self, key: int, seen: str, version: int, **values: Any) -> None:
        super().__init__(values)
        self.key, self.seen, self.version = key, str(seen), version


def change_messages(connection: Connection, changes: Sequence[Change]) -> None:
    """Move messages. Raises StaleTransition when one is no longer as it was seen, JournalError when not allowed."""
    _change(connection, message, message.c.id, changes, MessageState)


def change_interchanges(connection: Connection, changes: Sequence[Change]) -> None:
    """Move interchanges; raises as `change_messages`."""
    _change(connection, interchange, interchange.c.sequence, changes, InterchangeState)


def change_queue_messages(connection: Connection, changes: Sequence[Change]) -> None:
    """Move queue messages; raises as `change_messages`."""
    _change(connection, queue_message, queue_message.c.id, changes, QueueState)


def _change(
    connection: Connection, table: Table, key: Column[Any], changes: Sequence[Change], states: type[Any]
) -> None:
    groups: dict[tuple[str, ...], list[Change]] = {}
    for change in changes:
        _check(table.name, change, states)
        groups.setdefault(tuple(sorted(change)), []).append(change)
    for columns, group in groups.items():
        statement = _compare_and_set(table, key, columns)
        rows = [
            {"w_key": c.key, "w_seen": c.seen, "w_version": c.version, **{f"v_{k}": v for k, v in c.items()}}
            for c in group
        ]
        if statement.run(connection, rows) != len(rows):
            raise _stale(connection, table, key, group)


@cache
def _compare_and_set(table: Table, key: Column[Any], columns: tuple[str, ...]) -> ForRows:
    """Return the statement for these columns; built once, because building it takes longer than running it."""
    next_version = table.c.version + literal_column("1")
    return ForRows(
        update(table)
        .where(key == bindparam("w_key"), table.c.state == bindparam("w_seen"))
        .where(table.c.version == bindparam("w_version"))
        .values({**{name: bindparam(f"v_{name}") for name in columns}, "version": next_version})
    )


def _check(table: str, change: Change, states: type[Any]) -> None:
    target = change.get("state")
    if target is None:
        return
    states(target)
    allowed = _ALLOWED[table][change.seen]
    if str(target) not in allowed and not (str(target) == change.seen and allowed):
        raise JournalError(f"A {table} cannot go from {change.seen} to {target}.")


def _stale(connection: Connection, table: Table, key: Column[Any], group: Sequence[Change]) -> StaleTransition:
    """Find the row that was not as it had been seen; those that were are already changed by the same statement."""
    keys = [change.key for change in group]
    rows = connection.execute(select(key, table.c.state, table.c.version).where(key.in_(keys)))
    present = {row[0]: (str(row[1]), int(row[2])) for row in rows}
    after = {change.key: (str(change.get("state", change.seen)), change.version + 1) for change in group}
    stale = next((change for change in group if present.get(change.key) != after[change.key]), group[0])
    state = present.get(stale.key, ("gone", 0))[0]
    expected = stale.seen if state != stale.seen else "as it was seen"
    return StaleTransition(f"{table.name} {stale.key}", expected, state)
