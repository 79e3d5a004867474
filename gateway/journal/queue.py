"""Statements about messages of the response queue: stored, delivered, acknowledged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, insert, or_, select, update

from gateway.journal.history import Event, record
from gateway.journal.states import Change, change_queue_messages
from gateway.journal.tables import account, queue_message
from gateway.model import Finding, QueueKind, QueueState

Q = QueueState


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """The queue's head as read, understood as far as it goes."""

    account: str
    uri: str | None
    body: bytes
    body_hash: str
    headers: tuple[tuple[str, str], ...]
    kind: QueueKind
    order_number: str | None
    place: str  # outbox, problems, none
    problem: str | None = None
    understood: bool = True  # false when nobody can say what it is or for which order; a failed mapping is no such
    findings: tuple[Finding, ...] = ()


def find_redelivery(connection: Connection, name: str, body_hash: str, uri: str | None) -> RowMapping | None:
    """Return the message this one is again: same bytes and not yet acknowledged, or same bytes and address."""
    statement = (
        select(queue_message)
        .join(account, account.c.name == queue_message.c.account)
        .where(
            queue_message.c.account == name,
            queue_message.c.generation == account.c.generation,
            queue_message.c.body_hash == body_hash,
            or_(queue_message.c.acknowledged.is_(False), queue_message.c.uri == uri),
        )
        .order_by(queue_message.c.id.desc())
        .limit(1)
    )
    return connection.execute(statement).mappings().first()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserved:
    """A place in the account's sequence, and a time that never goes back."""

    sequence: int
    at: datetime


def next_place(connection: Connection, name: str, now: datetime) -> Reserved:
    """Return the next place of the account's outbox; `store` takes it. Only the account's one poller asks."""
    row = connection.execute(select(account).where(account.c.name == name)).mappings().one()
    last = row["outbox_time"]
    return Reserved(sequence=row["outbox_sequence"] + 1, at=now if last is None or now > last else last)


def take_place(connection: Connection, name: str, reserved: Reserved) -> None:
    """Record that a place is used. Gaps are harmless, repeats are not."""
    connection.execute(
        update(account)
        .where(account.c.name == name, account.c.outbox_sequence < reserved.sequence)
        .values(outbox_sequence=reserved.sequence, outbox_time=reserved.at)
    )


def store(connection: Connection, fetched: Fetched, reserved: Reserved, file_name: str, now: datetime) -> RowMapping:
    """Record body, headers and the final name, before anything appears under it; return the row."""
    state = Q.PROBLEM if fetched.problem else Q.STORED
    take_place(connection, fetched.account, reserved)
    generation = select(account.c.generation).where(account.c.name == fetched.account).scalar_subquery()
    statement = (
        insert(queue_message)
        .values(
            account=fetched.account, generation=generation, sequence=reserved.sequence, uri=fetched.uri,
            body=fetched.body, body_hash=fetched.body_hash, headers=[list(pair) for pair in fetched.headers],
            kind=str(fetched.kind), order_number=fetched.order_number, state=str(state), version=1,
            acknowledged=False, name=file_name, place=fetched.place, problem=fetched.problem,
            findings=[finding.as_dict() for finding in fetched.findings], fetched_at=now,
        )
        .returning(queue_message)
    )
    row = connection.execute(statement).mappings().one()
    record(connection, now, [Event("queue", row["id"], str(state), fetched.problem or file_name)])
    return row


def mark_delivered(connection: Connection, row: RowMapping, now: datetime) -> RowMapping:
    """The file is durable under its final name; return the row as it is now."""
    change = Change(row["id"], row["state"], row["version"], state=str(Q.DELIVERED), delivered_at=now)
    change_queue_messages(connection, [change])
    record(connection, now, [Event("queue", row["id"], "delivered", row["name"])])
    present = _present(connection, row)
    if not present["acknowledged"]:
        return present
    mark_acknowledged(connection, present, now)  # delivered once more: it left the queue long ago
    return _present(connection, row)


def mark_filed(connection: Connection, row: RowMapping, now: datetime) -> RowMapping:
    """A message that could not be understood lies in problems/, durable; return the row as it is now."""
    change = Change(row["id"], row["state"], row["version"], state=row["state"], delivered_at=now)
    change_queue_messages(connection, [change])
    record(connection, now, [Event("queue", row["id"], "filed", row["name"])])
    return _present(connection, row)


def _present(connection: Connection, row: RowMapping) -> RowMapping:
    return connection.execute(select(queue_message).where(queue_message.c.id == row["id"])).mappings().one()


def mark_acknowledged(connection: Connection, row: RowMapping, now: datetime) -> None:
    """Jakamo has removed it from the queue. A `problem` stays one: it still needs a person."""
    change_queue_messages(connection, [_acknowledged(row, now)])
    record(connection, now, [Event("queue", row["id"], "acknowledged")])


def mark_gone(connection: Connection, rows: Sequence[RowMapping], now: datetime) -> None:
    """The queue moved on: these were removed, although the answer to the acknowledgement never came."""
    change_queue_messages(connection, [_acknowledged(row, now) for row in rows])
    record(connection, now, [Event("queue", row["id"], "acknowledged", "the queue moved on") for row in rows])


def _acknowledged(row: RowMapping, now: datetime) -> Change:
    state = row["state"] if row["state"] == Q.PROBLEM else str(Q.ACKNOWLEDGED)
    return Change(row["id"], row["state"], row["version"], state=state, acknowledged=True, acknowledged_at=now)


def reopen(connection: Connection, row: RowMapping, file_name: str, now: datetime) -> None:
    """Deliver once more under a new name, because a person asked."""
    again = {"state": str(Q.STORED), "name": file_name, "place": "outbox", "delivered_at": None}
    change_queue_messages(connection, [Change(row["id"], row["state"], row["version"], **again)])
    record(connection, now, [Event("queue", row["id"], "redeliver", file_name)])


def unacknowledged(connection: Connection, name: str) -> list[RowMapping]:
    """Return an account's messages that have their file and were not acknowledged, as far as we know."""
    statement = select(queue_message).where(
        queue_message.c.account == name,
        queue_message.c.state.in_([str(Q.DELIVERED), str(Q.PROBLEM)]),
        queue_message.c.acknowledged.is_(False),
    )
    return list(connection.execute(statement.order_by(queue_message.c.sequence)).mappings())


def unfiled_problems(connection: Connection, name: str) -> list[RowMapping]:
    """Return an account's messages that could not be understood and do not lie in problems/ yet."""
    statement = select(queue_message).where(
        queue_message.c.account == name,
        queue_message.c.state == str(Q.PROBLEM),
        queue_message.c.delivered_at.is_(None),
    )
    return list(connection.execute(statement.order_by(queue_message.c.sequence)).mappings())


def in_state(connection: Connection, name: str, state: QueueState, limit: int = 1000) -> list[RowMapping]:
    """Return an account's queue messages of one state, in sequence."""
    statement = (
        select(queue_message)
        .where(queue_message.c.account == name, queue_message.c.state == str(state))
        .order_by(queue_message.c.sequence)
        .limit(limit)
    )
    return list(connection.execute(statement).mappings())


def by_id(connection: Connection, key: int) -> RowMapping | None:
    """Return one queue message."""
    return connection.execute(select(queue_message).where(queue_message.c.id == key)).mappings().first()


def of_order(connection: Connection, order_number: str, account_name: str | None = None) -> list[RowMapping]:
    """Return the queue messages of an order, oldest first."""
    statement = select(queue_message).where(queue_message.c.order_number == order_number).order_by(queue_message.c.id)
    if account_name is not None:
        statement = statement.where(queue_message.c.account == account_name)
    return list(connection.execute(statement).mappings())


