"""Totals for `status` and the page: how much there is of everything, and what waits for a person.

Layer: journal. Only looks; each statement is served by an index.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, func, or_, select

from gateway.journal.queries import PERSON_STATES, QUEUE_COLUMNS
from gateway.journal.tables import account, action, interchange, message, placement, queue_message, route_pause
from gateway.model import InterchangeState, MessageState, QueueState


def message_counts(connection: Connection) -> dict[str, int]:
    """Return how many messages are in each state, every state named."""
    return _counts(connection, message.c.state, map(str, MessageState))


def file_counts(connection: Connection) -> dict[str, int]:
    """Return how many files are in each state, every state named."""
    return _counts(connection, interchange.c.state, map(str, InterchangeState))


def queue_counts(connection: Connection) -> dict[str, int]:
    """Return how many queue messages are in each state, every state named."""
    return _counts(connection, queue_message.c.state, map(str, QueueState))


def _counts(connection: Connection, column: Any, states: Iterable[str]) -> dict[str, int]:
    found = dict.fromkeys(states, 0)
    rows = connection.execute(select(column, func.count()).group_by(column))
    found.update({str(row[0]): int(row[1]) for row in rows})
    return found


def attention(connection: Connection) -> list[RowMapping]:
    """Return what waits for a person, by state and reason: count, `first` message, `oldest_at`."""
    statement = (
        select(
            message.c.state, message.c.reason_code, func.count().label("count"), func.min(message.c.id).label("first"),
            func.min(message.c.state_at).label("oldest_at"),
        )
        .where(message.c.state.in_(PERSON_STATES))
        .group_by(message.c.state, message.c.reason_code)
        .order_by(func.count().desc(), message.c.state, message.c.reason_code)
    )
    return list(connection.execute(statement).mappings())


def findings_counted(connection: Connection, code: str) -> list[tuple[str, str, str, int]]:
    """Return what orders that failed for a reason lack: mapping, value, what was expected, how many orders."""
    statement = select(message.c.mapping, message.c.findings).where(
        message.c.state == str(MessageState.FAILED), message.c.reason_code == code
    )
    found: Counter[tuple[str, str, str]] = Counter()
    for mapping, findings in connection.execute(statement):
        of_code = [one for one in findings if one["code"] == code]
        found.update({(mapping, one.get("value", ""), one.get("expected", "")) for one in of_code})
    return [(*key, count) for key, count in sorted(found.items(), key=lambda item: (-item[1], item[0]))]


def rejected_files(connection: Connection, limit: int | None = None) -> list[RowMapping]:
    """Return files that were refused as a whole and wait for a person, oldest first."""
    statement = (
        select(interchange)
        .where(interchange.c.state == str(InterchangeState.REJECTED))
        .order_by(interchange.c.sequence)
        .limit(limit)
    )
    return list(connection.execute(statement).mappings())


def problems(connection: Connection, limit: int | None = None) -> list[RowMapping]:
    """Return queue messages that could not be understood, oldest first."""
    statement = (
        select(*QUEUE_COLUMNS)
        .where(queue_message.c.state == str(QueueState.PROBLEM))
        .order_by(queue_message.c.id)
        .limit(limit)
    )
    return list(connection.execute(statement).mappings())


def removed_by_hand(connection: Connection) -> list[RowMapping]:
    """Return files that somebody took out of error/ without saying what becomes of their orders."""
    statement = (
        select(
            placement.c.id, placement.c.folder, placement.c.name, placement.c.message, placement.c.interchange,
            placement.c.placed_at,
        )
        .where(placement.c.state == "removed")
        .order_by(placement.c.id)
    )
    return list(connection.execute(statement).mappings())


def paused_routes(connection: Connection) -> dict[str, RowMapping]:
    """Return the routes that a person paused, with since when and by whom."""
    return {row["route"]: row for row in connection.execute(select(route_pause)).mappings()}


def waiting_actions(connection: Connection) -> int:
    """Return how many actions were asked for and not carried out."""
    statement = select(func.count()).select_from(action).where(action.c.state == "waiting")
    return int(connection.execute(statement).scalar_one())


def moving(connection: Connection, now: datetime, resting: Sequence[str] = (), *, most: int) -> int:
    """Count what moves by itself now, without waiting for a due time, and what was asked for and not carried out.

    Of each no more than `most` are counted: whether there are more than a few must not cost more with a huge file.

    Orders of an account that is paused, or that is `resting` because of the weather, do not count.
    """
    states = [str(state) for state in (MessageState.REGISTERED, MessageState.SENDING)]
    going = select(account.c.name).where(account.c.paused_at.is_(None), account.c.name.not_in(resting))
    statements = (
        select(message.c.id).where(message.c.state.in_(states)),
        select(message.c.id).where(
            message.c.state.in_([str(MessageState.READY), str(MessageState.RETRYING)]), message.c.turn.is_(True),
            or_(message.c.due_at.is_(None), message.c.due_at <= now), message.c.account.in_(going),
        ),
        select(interchange.c.sequence).where(
            interchange.c.state.in_([str(InterchangeState.CLAIMED), str(InterchangeState.CLOSING)])
        ),
        select(action.c.id).where(action.c.state == "waiting"),
    )
    counts = [select(func.count()).select_from(statement.limit(most).subquery()) for statement in statements]
    return sum(int(connection.execute(count).scalar_one()) for count in counts)
