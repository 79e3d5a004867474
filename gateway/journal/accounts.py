"""Statements about accounts: identity, pause, outage time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, insert, select, update

from gateway.errors import JournalError
from gateway.journal.history import Event, record
from gateway.journal.tables import account

PERSON = "person"
ANSWER = "answer"
_ALL = select(account).order_by(account.c.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Why an account stands still, and what ends it."""

    reason: str
    digest: str
    by: str  # "answer" (ends by itself when settings or secrets change) or "person"
    at: datetime


def ensure(connection: Connection, identities: dict[str, str]) -> list[str]:
    """Make rows for new accounts; return the names of those whose identity differs from the remembered one."""
    present = {row["name"]: row["identity"] for row in connection.execute(select(account)).mappings()}
    for name in identities.keys() - present.keys():
        connection.execute(
            insert(account).values(
                name=name, identity=identities[name], generation=1, outbox_sequence=0, outage_seconds=0
            )
        )
    return sorted(name for name, identity in identities.items() if present.get(name, identity) != identity)


def accept(connection: Connection, name: str, identity: str, *, fresh: bool, now: datetime) -> None:
    """Accept that an account points elsewhere now: the same Jakamo account, or a fresh one without memory.

    Raises JournalError when the journal does not know the account.
    """
    row = one(connection, name)
    if row is None:
        raise JournalError(f'The journal knows no account "{name}".')
    generation = row["generation"] + (1 if fresh else 0)
    connection.execute(
        update(account).where(account.c.name == name).values(identity=identity, generation=generation)
    )
    word = "fresh: what was sent before is set aside" if fresh else "the same account under a new address"
    record(connection, now, [Event("account", generation, "accepted", f"{name}: {word} ({identity})")])


def one(connection: Connection, name: str) -> RowMapping | None:
    """Return the account's row."""
    return connection.execute(select(account).where(account.c.name == name)).mappings().first()


def all_rows(connection: Connection) -> list[RowMapping]:
    """Return all accounts by name."""
    return list(connection.execute(_ALL).mappings().all())


def pause_of(connection: Connection, name: str) -> Pause | None:
    """Return the account's pause, or None."""
    row = one(connection, name)
    if row is None or row["paused_at"] is None:
        return None
    return Pause(
        reason=row["pause_reason"] or "", digest=row["pause_digest"] or "", by=row["pause_by"] or "answer",
        at=row["paused_at"],
    )


def pause(connection: Connection, name: str, *, reason: str, digest: str, by: str, now: datetime) -> bool:
    """Stop sending and polling for the account; return whether that is new.

    A person's pause takes the place of one that would end by itself, never the other way round.
    """
    row = one(connection, name)
    if row is None or (row["paused_at"] is not None and (by != PERSON or row["pause_by"] == PERSON)):
        return False
    connection.execute(
        update(account)
        .where(account.c.name == name)
        .values(paused_at=row["paused_at"] or now, pause_reason=reason, pause_digest=digest, pause_by=by)
    )
    record(connection, now, [Event("account", 0, "paused", f"{name}: {reason}")])
    return True


def resume(connection: Connection, name: str, *, why: str, now: datetime) -> bool:
    """End the account's pause; return whether there was one.

    The time it took is no message's fault: like an outage it does not count against `give_up_hours`.
    """
    row = one(connection, name)
    if row is None or row["paused_at"] is None:
        return False
    connection.execute(
        update(account)
        .where(account.c.name == name)
        .values(paused_at=None, pause_reason=None, pause_digest=None, pause_by=None)
    )
    add_outage(connection, name, (now - row["paused_at"]).total_seconds())
    record(connection, now, [Event("account", 0, "resumed", f"{name}: {why}")])
    return True


def add_outage(connection: Connection, name: str, seconds: float) -> None:
    """Add time in which nothing could be sent, whole seconds: it does not count against `give_up_hours`."""
    connection.execute(
        update(account)
        .where(account.c.name == name)
        .values(outage_seconds=account.c.outage_seconds + max(0, round(seconds)))
    )
