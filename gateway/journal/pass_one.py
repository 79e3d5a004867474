"""Statements of pass one, for many files in one transaction: what came before, the files marked as read, the gate
that no later file may pass.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, exists, func, select

from gateway.journal.history import Event, record
from gateway.journal.states import Change, change_interchanges
from gateway.journal.tables import account, content, history, interchange, message
from gateway.model import InterchangeState, MessageState

_NOTHING_SENT = tuple(
    str(state)
    for state in (MessageState.FAILED, MessageState.SKIPPED, MessageState.REPLACED, MessageState.REHEARSED)
)
_COUNTS = exists().where(
    message.c.interchange == interchange.c.sequence,
    message.c.generation == account.c.generation,
    message.c.state.not_in(_NOTHING_SENT),
)
_SAME_BYTES = (
    select(interchange.c.account, interchange.c.sha256, func.min(interchange.c.sequence))
    .join(account, account.c.name == interchange.c.account)
    .where(interchange.c.sha256.in_(bindparam("hashes", expanding=True)), _COUNTS)
    .group_by(interchange.c.account, interchange.c.sha256)
)

_UNFINISHED = (
    select(message.c.id)
    .join(interchange, interchange.c.sequence == message.c.interchange)
    .where(interchange.c.state == str(InterchangeState.CLAIMED), interchange.c.node == bindparam("node"))
    .limit(500)
)
_OLDEST_CLAIMED = (
    select(interchange.c.sequence)
    .where(interchange.c.state == str(InterchangeState.CLAIMED), interchange.c.account == bindparam("account"))
    .order_by(interchange.c.sequence)
    .limit(1)
)


def first_with_bytes(connection: Connection, hashes: Collection[str]) -> dict[tuple[str, str], int]:
    """Return for account and hash the first interchange with these bytes of which something was sent or may still be.

    It is no duplicate when nothing of the first was sent or is waiting, nor when that was before the account was
    accepted as a fresh one.
    """
    rows = connection.execute(_SAME_BYTES, {"hashes": list(hashes)})
    return {(str(row[0]), str(row[1])): int(row[2]) for row in rows}


def earlier(first: Mapping[tuple[str, str], int], account_name: str, sha256: str, sequence: int) -> int | None:
    """Return whose bytes an interchange repeats; one that came later and was read earlier is none of those."""
    found = first.get((account_name, sha256))
    return found if found is not None and found < sequence else None


def duplicate_of(connection: Connection, account_name: str, sha256: str, sequence: int) -> int | None:
    """Return whose bytes one interchange repeats, or None."""
    return earlier(first_with_bytes(connection, [sha256]), account_name, sha256, sequence)


def forget_unfinished(connection: Connection, node: str) -> int:
    """Take back messages of a node's files whose pass one a stop broke off: the files are read again, from the start.

    Nothing was mapped, sent or judged because of them. Return how many were taken back; ask again until none is.
    """
    keys = list(connection.scalars(_UNFINISHED, {"node": node}))
    if keys:
        connection.execute(delete(content).where(content.c.message.in_(keys)))
        connection.execute(delete(history).where(history.c.subject == "message", history.c.key.in_(keys)))
        connection.execute(delete(message).where(message.c.id.in_(keys)))
    return len(keys)


def mark_split(connection: Connection, changes: Sequence[Change], now: datetime) -> None:
    """Pass one of these files is done and their messages stand. Raises StaleTransition."""
    change_interchanges(connection, changes)
    record(connection, now, [Event("interchange", change.key, "split") for change in changes])


def oldest_in_pass_one(connection: Connection, account_name: str) -> int | None:
    """Return the account's first interchange still in pass one, if any: nothing claimed later may pass it."""
    found = connection.execute(_OLDEST_CLAIMED, {"account": account_name}).scalar()
    return None if found is None else int(found)
