"""Statements that only look: lists, counts and lives, for commands and the page. Nothing here changes anything.

Each one is served by an index or by the end of a table, so that it costs the same with a million rows behind
it. Rows come back as mappings; which columns a list carries is said in its constant.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, and_, func, or_, select

from gateway.journal.history import of_subject
from gateway.journal.placements import ACTIVE
from gateway.journal.recent import first_event_since, last_event, recent_events
from gateway.journal.tables import (
    account,
    action,
    attempt,
    content,
    interchange,
    message,
    order_memory,
    placement,
    queue_message,
)
from gateway.model import WAITS_FOR_PERSON, MessageState, QueueState

PERSON_STATES = tuple(sorted(map(str, WAITS_FOR_PERSON)))
_CHUNK = 500
_MANY = 20_000
_MANY_EVENTS = 200_000

MESSAGE_COLUMNS = (
    *(
        message.c[name]
        for name in (
            "id", "account", "order_number", "kind", "kind_hint", "revision", "state", "state_at", "created_at",
            "reason_code", "reason", "due_at", "waits_for", "attempts", "route", "mapping", "mapping_hash", "origin",
            "supplier",
            "interchange", "ordinal", "replaced_by",
        )
    ),
    interchange.c.name.label("file"),
)
QUEUE_COLUMNS = tuple(column for column in queue_message.c if column.name not in ("body", "headers"))


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFilter:
    """Which messages are meant. What is left out does not narrow.

    `match` is an order number or a file name, with * for any text and ? for one character; `since` is the
    instant from which on the message came into its present state.
    """

    states: tuple[str, ...] = ()
    code: str | None = None
    since: datetime | None = None
    match: str | None = None
    account: str | None = None

    @property
    def empty(self) -> bool:
        """Tell whether it narrows nothing."""
        return not (self.states or self.code or self.since or self.match or self.account)


# Messages


def messages(connection: Connection, wanted: MessageFilter, limit: int | None) -> list[RowMapping]:
    """Return messages (MESSAGE_COLUMNS), the newest first, at most `limit`."""
    conditions = _conditions(wanted)
    ids: list[int] | None = None
    if wanted.match is not None:
        ids = _named(connection, wanted.match, wanted.account)
        if ids is None:
            number, file = (fits(connection, c, wanted.match) for c in (message.c.order_number, interchange.c.name))
            conditions.append(or_(number, file))
    elif wanted.since is not None:
        ids = _changed_since(connection, wanted.since)
    if ids is not None:
        return _of_ids(connection, ids, conditions, limit)
    if wanted.states or wanted.account:
        return _by_state(connection, wanted, conditions, limit)
    statement = _listed().where(*conditions).order_by(message.c.id.desc()).limit(limit)
    return list(connection.execute(statement).mappings())


def _listed() -> Select[Any]:
    return select(*MESSAGE_COLUMNS).join_from(message, interchange, interchange.c.sequence == message.c.interchange)


def _conditions(wanted: MessageFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.states:
        conditions.append(message.c.state.in_(wanted.states))
    if wanted.code is not None:
        conditions.append(message.c.reason_code == wanted.code)
    if wanted.since is not None:
        conditions.append(message.c.state_at >= wanted.since)
    if wanted.account is not None:
        conditions.append(message.c.account == wanted.account)
    return conditions


def _by_state(
    connection: Connection, wanted: MessageFilter, conditions: Sequence[ColumnElement[bool]], limit: int | None
) -> list[RowMapping]:
    """Walk the index on state and account from its end, each pair by itself: no sort over all that was ever sent."""
    names = [wanted.account] if wanted.account is not None else account_names(connection)
    rows: list[RowMapping] = []
    for state in wanted.states or tuple(map(str, MessageState)):
        for name in names:
            statement = (
                _listed()
                .where(message.c.state == state, message.c.account == name, *conditions)
                .order_by(message.c.lane_major.desc(), message.c.lane_minor.desc())
                .limit(limit)
            )
            rows += connection.execute(statement).mappings()
    return sorted(rows, key=lambda row: -int(row["id"]))[:limit]


def _of_ids(
    connection: Connection, ids: Sequence[int], conditions: Sequence[ColumnElement[bool]], limit: int | None
) -> list[RowMapping]:
    rows: list[RowMapping] = []
    for part in chunks(sorted(ids, reverse=True)):
        statement = _listed().where(message.c.id.in_(part), *conditions).order_by(message.c.id.desc())
        rows += connection.execute(statement).mappings()
        if limit is not None and len(rows) >= limit:
            return rows[:limit]
    return rows


def _named(connection: Connection, pattern: str, account_name: str | None) -> list[int] | None:
    """Return the ids of messages whose order number or file fits; None when it fits so many that a walk finds some."""
    names = [account_name] if account_name is not None else account_names(connection)
    by_number = select(message.c.id).where(
        message.c.account.in_(names), fits(connection, message.c.order_number, pattern)
    )
    by_file = (
        select(message.c.id)
        .join(interchange, interchange.c.sequence == message.c.interchange)
        .where(fits(connection, interchange.c.name, pattern))
    )
    found: set[int] = set()
    for statement in (by_number, by_file):
        found.update(connection.scalars(statement.limit(_MANY + 1)))
        if len(found) > _MANY:
            return None
    return list(found)


def _changed_since(connection: Connection, since: datetime) -> list[int] | None:
    """Return the ids of messages to which something happened since; None when a walk over all is no dearer."""
    first = first_event_since(connection, since)
    if last_event(connection) - first > _MANY_EVENTS:
        return None
    recent = recent_events(first)
    statement = select(recent.c.key).where(recent.c.subject == "message", recent.c.at >= since).distinct()
    return list(connection.scalars(statement))


def fits(connection: Connection, column: Any, pattern: str) -> ColumnElement[bool]:
    """Return the condition that a text fits a pattern of * and ?; served by an index up to the first of them."""
    if "*" not in pattern and "?" not in pattern:
        exact: ColumnElement[bool] = column == pattern
        return exact
    if connection.dialect.name == "sqlite":
        globbed: ColumnElement[bool] = column.op("GLOB", is_comparison=True)(pattern.replace("[", "[[]"))
        return globbed
    escaped = pattern.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    like: ColumnElement[bool] = column.like(escaped.replace("*", "%").replace("?", "_"), escape="\\")
    return like


def fits_pattern(text: str, pattern: str) -> bool:
    """Tell whether a text fits a pattern of * and ?, as `fits` does in the database."""
    parts = (".*" if char == "*" else "." if char == "?" else re.escape(char) for char in pattern)
    return re.fullmatch("".join(parts), text, re.DOTALL) is not None


def messages_by_id(connection: Connection, ids: Iterable[int]) -> list[RowMapping]:
    """Return messages (MESSAGE_COLUMNS) by id, in the order of ids."""
    rows: list[RowMapping] = []
    for part in chunks(sorted(set(ids))):
        rows += connection.execute(_listed().where(message.c.id.in_(part)).order_by(message.c.id)).mappings()
    return rows


def chunks(items: Sequence[Any]) -> Iterable[Sequence[Any]]:
    """Cut into parts that a database takes as parameters."""
    return (items[start : start + _CHUNK] for start in range(0, len(items), _CHUNK))


def similar_numbers(connection: Connection, text: str, limit: int = 5) -> list[str]:
    """Return order numbers that contain a text, whatever its case: for "did you mean"."""
    escaped = text.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    statement = (
        select(message.c.order_number)
        .where(func.lower(message.c.order_number).like(f"%{escaped}%", escape="\\"))
        .distinct()
        .limit(limit)
    )
    return sorted(connection.scalars(statement))


# One order, one file


def lane(connection: Connection, order_number: str, account_name: str | None = None) -> list[RowMapping]:
    """Return all messages of an order number (all columns, and `file`), in lane order, account by account."""
    names = [account_name] if account_name is not None else account_names(connection)
    statement = (
        select(message, interchange.c.name.label("file"), interchange.c.claimed_at)
        .join(interchange, interchange.c.sequence == message.c.interchange)
        .where(message.c.account.in_(names), message.c.order_number == order_number)
        .order_by(message.c.account, message.c.lane_major, message.c.lane_minor, message.c.id)
    )
    return list(connection.execute(statement).mappings())


def memories(connection: Connection, order_number: str, account_name: str | None = None) -> list[RowMapping]:
    """Return what Jakamo was last sent under a number, one row an account, of the present generation."""
    names = [account_name] if account_name is not None else account_names(connection)
    statement = (
        select(order_memory)
        .join(
            account,
            and_(account.c.name == order_memory.c.account, account.c.generation == order_memory.c.generation),
        )
        .where(order_memory.c.account.in_(names), order_memory.c.order_number == order_number)
        .order_by(order_memory.c.account)
    )
    return list(connection.execute(statement).mappings())


def attempts(connection: Connection, ids: Sequence[int]) -> dict[int, list[RowMapping]]:
    """Return every attempt to send some messages, in order."""
    found: dict[int, list[RowMapping]] = {}
    for part in chunks(ids):
        statement = select(attempt).where(attempt.c.message.in_(part)).order_by(attempt.c.message, attempt.c.number)
        for row in connection.execute(statement).mappings():
            found.setdefault(row["message"], []).append(row)
    return found


def canonical_trees(connection: Connection, ids: Sequence[int]) -> dict[int, bytes]:
    """Return the stored canonical trees, which know the source rows."""
    found: dict[int, bytes] = {}
    for part in chunks(ids):
        rows = connection.execute(select(content.c.message, content.c.canonical).where(content.c.message.in_(part)))
        found.update({row[0]: bytes(row[1]) for row in rows})
    return found


def responses(connection: Connection, order_number: str | None, account_name: str | None = None) -> list[RowMapping]:
    """Return an order's queue messages without their bytes, oldest first; without an order, all that are problems."""
    names = [account_name] if account_name is not None else account_names(connection)
    statement = select(*QUEUE_COLUMNS).where(queue_message.c.account.in_(names))
    if order_number is not None:
        statement = statement.where(queue_message.c.order_number == order_number)
    else:
        problem = queue_message.c.state == str(QueueState.PROBLEM)
        statement = statement.where(problem, queue_message.c.order_number.is_not(None))
    return list(connection.execute(statement.order_by(queue_message.c.id)).mappings())


def files_named(connection: Connection, pattern: str, limit: int) -> list[RowMapping]:
    """Return interchanges by name (with * and ?), the newest first; also those whose file lies in error/ so called."""
    by_name = select(interchange).where(fits(connection, interchange.c.name, pattern))
    rows = list(connection.execute(by_name.order_by(interchange.c.sequence.desc()).limit(limit)).mappings())
    placed = select(placement.c.interchange).where(placement.c.state.in_(ACTIVE), placement.c.name == pattern)
    known = {row["sequence"] for row in rows}
    more = [sequence for sequence in connection.scalars(placed.distinct()) if sequence not in known]
    return rows + files_by_sequence(connection, more)


def files_by_sequence(connection: Connection, sequences: Iterable[int]) -> list[RowMapping]:
    """Return interchanges by their numbers."""
    rows: list[RowMapping] = []
    for part in chunks(sorted(set(sequences))):
        statement = select(interchange).where(interchange.c.sequence.in_(part)).order_by(interchange.c.sequence)
        rows += connection.execute(statement).mappings()
    return rows


def messages_of_files(connection: Connection, sequences: Sequence[int]) -> list[RowMapping]:
    """Return the messages (MESSAGE_COLUMNS) of some files, in the files' own order."""
    rows: list[RowMapping] = []
    for part in chunks(sequences):
        statement = (
            _listed()
            .where(message.c.interchange.in_(part))
            .order_by(message.c.interchange, message.c.ordinal)
        )
        rows += connection.execute(statement).mappings()
    return rows


def events(connection: Connection, subject: str, keys: Sequence[int]) -> list[dict[str, Any]]:
    """Return the history of some subjects, oldest first."""
    return [row for part in chunks(keys) for row in of_subject(connection, subject, part)]


def unfinished(connection: Connection, limit: int) -> list[RowMapping]:
    """Return messages (MESSAGE_COLUMNS) that have not ended, oldest first."""
    ended = (MessageState.SENT, MessageState.UNCHANGED, MessageState.REPLACED, MessageState.SKIPPED)
    states = tuple(str(s) for s in MessageState if s not in (*ended, MessageState.REHEARSED))
    statement = (
        _listed()
        .where(message.c.state.in_(states))
        .order_by(message.c.lane_major, message.c.lane_minor, message.c.id)
        .limit(limit)
    )
    return list(connection.execute(statement).mappings())


def account_names(connection: Connection) -> list[str]:
    """Return the accounts that the journal knows."""
    return list(connection.scalars(select(account.c.name).order_by(account.c.name)))


def actions_by_id(connection: Connection, ids: Sequence[int]) -> list[RowMapping]:
    """Return actions with what became of them, in the order of ids."""
    rows: list[RowMapping] = []
    for part in chunks(ids):
        rows += connection.execute(select(action).where(action.c.id.in_(part)).order_by(action.c.id)).mappings()
    return rows
