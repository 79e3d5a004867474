"""Statements about placements: which file lies in error/ for whom, and why none lies there twice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Integer, RowMapping, bindparam, exists, func, insert, or_, select, update

from gateway.journal.history import Event, record
from gateway.journal.tables import interchange, message, placement
from gateway.model import WAITS_FOR_PERSON, InterchangeState, MessageState

ACTIVE = ("placing", "placed", "removed", "leaving")
MOST_AT_ONCE = 500
PERSON_STATES = tuple(sorted(map(str, WAITS_FOR_PERSON)))


_UNKNOWN = str(MessageState.UNKNOWN)
_ALL_ACTIVE = (
    select(*(column for column in placement.c if column.name != "bytes"))
    .where(placement.c.state.in_(ACTIVE))
    .order_by(placement.c.id)
)
_SERVED = exists().where(
    placement.c.state.in_(("placing", "placed", "removed")),
    or_(
        (placement.c.folder == "unknown") & (message.c.state == _UNKNOWN),
        (placement.c.folder == "error") & (message.c.state != _UNKNOWN),
    ),
    placement.c.interchange == message.c.interchange,
    or_(placement.c.message == message.c.id, placement.c.message.is_(None)),
)
_UNPLACED = (
    select(message)
    .where(message.c.state.in_(PERSON_STATES), ~_SERVED)
    .where(message.c.interchange.not_in(bindparam("full", expanding=True)))
    .order_by(message.c.interchange, message.c.ordinal)
    .limit(bindparam("most", type_=Integer))
)
_REJECTED = (
    select(interchange)
    .where(
        interchange.c.state == str(InterchangeState.REJECTED),
        ~exists().where(
            placement.c.state.in_(ACTIVE), placement.c.interchange == interchange.c.sequence,
            placement.c.message.is_(None),
        ),
    )
    .order_by(interchange.c.sequence)
    .limit(MOST_AT_ONCE)
)


def active(connection: Connection) -> list[RowMapping]:
    """Return placements that are not gone."""
    return list(connection.execute(_ALL_ACTIVE).mappings().all())


def bytes_of(connection: Connection, key: int) -> bytes | None:
    """Return the exact bytes that were placed."""
    found = connection.execute(select(placement.c.bytes).where(placement.c.id == key)).scalar()
    return None if found is None else bytes(found)


def full_interchanges(connection: Connection, most: int) -> list[int]:
    """Return interchanges of which so many orders lie in error/ that the others wait until some have left."""
    statement = (
        select(placement.c.interchange)
        .where(placement.c.state.in_(("placing", "placed", "removed")), placement.c.message.is_not(None))
        .group_by(placement.c.interchange)
        .having(func.count() >= most)
    )
    return list(connection.scalars(statement))


def unplaced_messages(connection: Connection, limit: int = MOST_AT_ONCE, full: Sequence[int] = ()) -> list[RowMapping]:
    """Return messages that wait for a person and have no file of their own yet where their state asks for it.

    A message whose whole file lies there is served by that one. Of interchanges in `full` none is returned.
    """
    wanted = {"most": limit, "full": list(full)}
    return list(connection.execute(_UNPLACED, wanted).mappings().all())


def unplaced_rejections(connection: Connection) -> list[RowMapping]:
    """Return rejected interchanges whose file is not in error/ yet."""
    return list(connection.execute(_REJECTED).mappings().all())


def plan(connection: Connection, values: dict[str, Any], now: datetime) -> int:
    """Record the intent to place a file; return the placement's id."""
    key = connection.execute(
        insert(placement).values(state="placing", placed_at=now, **values).returning(placement.c.id)
    ).scalar_one()
    record(connection, now, [Event("interchange", values["interchange"], "placing", values["name"])])
    return int(key)


def set_state(
    connection: Connection, key: int, seen: str, state: str, now: datetime, **values: Any
) -> bool:
    """Move a placement by compare-and-set; return whether it was still as seen."""
    if state == "gone":
        values["ended_at"] = now
    result = connection.execute(
        update(placement).where(placement.c.id == key, placement.c.state == seen).values(state=state, **values)
    )
    return bool(result.rowcount)


def open_owners(connection: Connection, row: RowMapping) -> list[RowMapping]:
    """Return the messages of a placement that still wait for a person in a state its folder stands for."""
    states = (_UNKNOWN,) if row["folder"] == "unknown" else tuple(s for s in PERSON_STATES if s != _UNKNOWN)
    statement = select(message).where(message.c.interchange == row["interchange"], message.c.state.in_(states))
    if row["message"] is not None:
        statement = statement.where(message.c.id == row["message"])
    return list(connection.execute(statement.order_by(message.c.ordinal)).mappings().all())


def rejected_owner(connection: Connection, row: RowMapping) -> RowMapping | None:
    """Return the interchange of a placement when it was refused as a whole and still waits."""
    statement = select(interchange).where(
        interchange.c.sequence == row["interchange"], interchange.c.state == str(InterchangeState.REJECTED)
    )
    return connection.execute(statement).mappings().first()


def still_moving(connection: Connection, sequence: int) -> bool:
    """Tell whether some message of an interchange has not left the mapping yet."""
    statement = select(message.c.id).where(
        message.c.interchange == sequence, message.c.state == str(MessageState.REGISTERED)
    )
    return connection.execute(statement.limit(1)).first() is not None


def all_wait(connection: Connection, sequence: int) -> bool:
    """Tell whether every message of an interchange waits for a person: then its file is wanted whole."""
    statement = select(message.c.id).where(
        message.c.interchange == sequence, message.c.state.not_in(PERSON_STATES)
    )
    return connection.execute(statement.limit(1)).first() is None


def successor_settled(connection: Connection, row: RowMapping) -> bool:
    """Tell whether what replaced a placement's messages has its own fate: then the old pair may leave.

    True as well when nothing replaced them.
    """
    statement = select(message.c.replaced_by).where(
        message.c.interchange == row["interchange"], message.c.replaced_by.is_not(None)
    )
    if row["message"] is not None:
        statement = statement.where(message.c.id == row["message"])
    successors = list(connection.scalars(statement))
    if not successors:
        return True
    moving = select(message.c.id).where(
        message.c.id.in_(successors), message.c.origin == "retry", message.c.state.in_(_MOVING)
    )
    return connection.execute(moving.limit(1)).first() is None


_MOVING = tuple(
    str(state)
    for state in (
        MessageState.REGISTERED,
        MessageState.READY,
        MessageState.SENDING,
        MessageState.RETRYING,
        MessageState.PARKED,
    )
)


def handed_back_since(connection: Connection, row: RowMapping) -> bool:
    """Tell whether a rejected file was handed back and the new one has come through pass one."""
    states = [str(s) for s in (InterchangeState.SPLIT, InterchangeState.CLOSING, InterchangeState.CLOSED)]
    statement = select(interchange.c.sequence).where(
        interchange.c.retry_of == row["interchange"],
        interchange.c.state.in_([*states, str(InterchangeState.REJECTED)]),
    )
    return connection.execute(statement.limit(1)).first() is not None
