"""Statements that link a handed-back file to what failed or is held, and let it take its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, select, update

from gateway.journal.history import Event, record
from gateway.journal.placements import ACTIVE
from gateway.journal.states import Change, change_messages
from gateway.journal.tables import interchange, message, placement
from gateway.model import InterchangeState, MessageState

_WAITING = (str(MessageState.FAILED), str(MessageState.HELD))


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An interchange that has something waiting, to which a handed-back file may belong."""

    interchange: int
    route: str | None
    account: str | None
    open_numbers: frozenset[str]
    rejected: bool
    by_bytes: bool  # the file is exactly what was placed for it
    by_name: bool


def candidates(connection: Connection, sha256: str, name: str) -> list[Candidate]:
    """Return what a file may belong to: same bytes first, then same name, then the newest."""
    numbers: dict[int, set[str]] = {}
    for sequence, number in connection.execute(
        select(message.c.interchange, message.c.order_number).where(message.c.state.in_(_WAITING))
    ):
        numbers.setdefault(sequence, set()).add(number)
    rejected = set(
        connection.scalars(
            select(interchange.c.sequence).where(interchange.c.state == str(InterchangeState.REJECTED))
        )
    )
    same_bytes, same_name = _placed_as(connection, sha256, name)
    wanted = sorted(numbers.keys() | rejected | same_bytes | same_name)
    found = []
    for start in range(0, len(wanted), 500):
        statement = select(interchange).where(interchange.c.sequence.in_(wanted[start : start + 500]))
        for row in connection.execute(statement).mappings():
            sequence = row["sequence"]
            found.append(
                Candidate(
                    interchange=sequence, route=row["route"], account=row["account"],
                    open_numbers=frozenset(numbers.get(sequence, ())), rejected=sequence in rejected,
                    by_bytes=sequence in same_bytes, by_name=sequence in same_name or row["name"] == name,
                )
            )
    return sorted(found, key=lambda c: (not c.by_bytes, not c.by_name, -c.interchange))


def _placed_as(connection: Connection, sha256: str, name: str) -> tuple[set[int], set[int]]:
    same_bytes, same_name = set(), set()
    columns = (placement.c.interchange, placement.c.name, placement.c.sha256)
    for sequence, placed_name, placed_sha in connection.execute(select(*columns).where(placement.c.state.in_(ACTIVE))):
        if placed_sha == sha256:
            same_bytes.add(sequence)
        if placed_name == name:
            same_name.add(sequence)
    return same_bytes, same_name


def lanes_of(connection: Connection, account: str, numbers: Sequence[str]) -> dict[str, list[RowMapping]]:
    """Return all messages of some order numbers, in lane order."""
    found: dict[str, list[RowMapping]] = {}
    for start in range(0, len(numbers), 500):
        statement = (
            select(message)
            .where(message.c.account == account, message.c.order_number.in_(numbers[start : start + 500]))
            .order_by(message.c.lane_major, message.c.lane_minor, message.c.id)
        )
        for row in connection.execute(statement).mappings():
            found.setdefault(row["order_number"], []).append(row)
    return found


def replace(connection: Connection, replaced: Sequence[tuple[int, int]], now: datetime) -> None:
    """Let handed-back messages take the place of the ones they correct: pairs of old and new id."""
    if not replaced:
        return
    new_of = dict(replaced)
    rows = list(connection.execute(select(message).where(message.c.id.in_(list(new_of)))).mappings())
    change_messages(
        connection,
        [
            Change(
                row["id"], row["state"], row["version"], state=str(MessageState.REPLACED), state_at=now, turn=False,
                reason_code="handed-back", reason=f"Handed back as message {new_of[row['id']]}.",
                replaced_by=new_of[row["id"]],
            )
            for row in rows
        ],
    )
    record(
        connection, now, [Event("message", row["id"], "replaced", f"handed back: {new_of[row['id']]}") for row in rows]
    )


def link(connection: Connection, sequence: int, retry_of: int | None) -> None:
    """Note which interchange a handed-back file belongs to."""
    connection.execute(
        update(interchange).where(interchange.c.sequence == sequence).values(retry_of=retry_of)
    )
