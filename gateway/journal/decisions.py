"""What a person decides about messages and files: skip, try again, release, resolve. On record, with lanes settled."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, insert, select

from gateway.errors import StaleTransition
from gateway.journal.history import Event, record
from gateway.journal.lanes import LaneKeeper, remember_sent, remembered
from gateway.journal.states import Change, change_interchanges, change_messages
from gateway.journal.tables import content, interchange, message, route_pause
from gateway.model import InterchangeState, MessageKind, MessageState

S = MessageState


def skip(connection: Connection, ids: Sequence[int], by: str, keeper: LaneKeeper, now: datetime) -> int:
    """Take messages out of the way for good. What waited for a skipped Order becomes `held`. Return how many.

    Raises StaleTransition when one of them neither waits for a person nor in its lane.
    """
    rows = _in_states(connection, ids, (S.FAILED, S.HELD, S.PARKED), "skipped")
    _move(connection, rows, S.SKIPPED, "by-hand", f"Skipped by {by}.", now)
    lanes = _lanes(rows)
    known = remembered(connection, lanes)
    orphaned = {
        (row["account"], row["order_number"])
        for row in rows
        if (row["kind"] or row["kind_hint"] or MessageKind.ORDER) == MessageKind.ORDER
    } - known.keys()
    for account, number in sorted(orphaned):
        _hold_followers(connection, account, number, now)
    keeper.settle(connection, lanes, now)
    return len(rows)


def _hold_followers(connection: Connection, account: str, number: str, now: datetime) -> None:
    statement = select(message).where(
        message.c.account == account, message.c.order_number == number, message.c.state == str(S.PARKED)
    )
    rows = list(connection.execute(statement).mappings())
    _move(connection, rows, S.HELD, "order-skipped", "Its Order was skipped. Shall it be sent without it?", now)


def retry(connection: Connection, ids: Sequence[int], by: str, keeper: LaneKeeper, now: datetime) -> int:
    """Try failed messages again: same bytes when Jakamo refused them, mapped anew otherwise. Return how many.

    Raises StaleTransition when one of them has not failed.
    """
    rows = _in_states(connection, ids, (S.FAILED,), "tried again")
    with_body = set(
        connection.scalars(
            select(content.c.message).where(
                content.c.message.in_([row["id"] for row in rows]), content.c.body.is_not(None)
            )
        )
    )
    again = [row for row in rows if row["id"] in with_body and row["tries"]]
    _move(connection, again, S.READY, "by-hand", f"Tried again by {by}.", now)
    mapped = [row for row in rows if row not in again]
    _move(connection, mapped, S.REGISTERED, "by-hand", f"Mapped again for {by}.", now)
    keeper.settle(connection, _lanes(rows), now)
    return len(rows)


def release(
    connection: Connection, ids: Sequence[int], kind: MessageKind | None, by: str, keeper: LaneKeeper, now: datetime
) -> int:
    """Let held messages go: as they are, or as the kind a person names. Return how many.

    Raises StaleTransition when one of them is not held.
    """
    rows = _in_states(connection, ids, (S.HELD,), "released")
    word = f" as {kind}" if kind else ""
    values: dict[str, Any] = {"approved": True, "release_as": str(kind) if kind else None}
    _move(connection, rows, S.REGISTERED, "released", f"Released{word} by {by}.", now, **values)
    keeper.settle(connection, _lanes(rows), now)
    return len(rows)


def resolve(connection: Connection, key: int, *, arrived: bool, by: str, keeper: LaneKeeper, now: datetime) -> None:
    """Answer the question of an unknown outcome. Raises StaleTransition when it is no longer open."""
    rows = _in_states(connection, [key], (S.UNKNOWN,), "answered")
    if arrived:
        _move(connection, rows, S.SENT, "resolved", f"{by} says that it arrived.", now)
        remember_sent(connection, rows, now)
    else:
        text = f"{by} says that it did not arrive: sent again, same bytes."
        _move(connection, rows, S.READY, "resolved", text, now, approved=True)
    keeper.settle(connection, _lanes(rows), now)


def settle_by_response(
    connection: Connection, account: str, number: str, fetched_at: datetime, keeper: LaneKeeper, now: datetime
) -> bool:
    """A confirmation settles an `unknown` Order if it is the lane's first message ever and was fetched after it.

    Otherwise it is only a hint. Return whether it settled anything.
    """
    statement = (
        select(message)
        .where(message.c.account == account, message.c.order_number == number)
        .order_by(message.c.lane_major, message.c.lane_minor, message.c.id)
        .limit(1)
    )
    row = connection.execute(statement).mappings().first()
    if row is None or row["state"] != S.UNKNOWN or row["kind"] != MessageKind.ORDER or row["state_at"] > fetched_at:
        return False
    if (account, number) in remembered(connection, [(account, number)]):
        return False
    _move(connection, [row], S.SENT, "confirmed", "The supplier's answer shows that it arrived.", now)
    remember_sent(connection, [row], now)
    keeper.settle(connection, _lanes([row]), now)
    return True


def hold_open(connection: Connection, sequence: int, code: str, reason: str, keeper: LaneKeeper, now: datetime) -> None:
    """Hold every message of an interchange that has not left yet."""
    states = [str(s) for s in (S.REGISTERED, S.READY, S.RETRYING, S.PARKED)]
    statement = select(message).where(message.c.interchange == sequence, message.c.state.in_(states))
    rows = list(connection.execute(statement).mappings())
    _move(connection, rows, S.HELD, code, reason, now)
    keeper.settle(connection, _lanes(rows), now)


def close_rejected(connection: Connection, sequence: int, code: str, reason: str, now: datetime) -> bool:
    """A rejected file is done with: skipped or handed back. Return whether it was still open."""
    row = connection.execute(select(interchange).where(interchange.c.sequence == sequence)).mappings().one()
    if row["state"] != InterchangeState.REJECTED:
        return False
    values = {"state": str(InterchangeState.CLOSED), "closed_at": now}
    change_interchanges(connection, [Change(sequence, row["state"], row["version"], **values)])
    record(connection, now, [Event("interchange", sequence, code, reason)])
    return True


def pause_route(connection: Connection, route: str, by: str, now: datetime) -> None:
    """Stop taking files for a route."""
    if connection.execute(select(route_pause.c.route).where(route_pause.c.route == route)).first() is None:
        connection.execute(insert(route_pause).values(route=route, at=now, by=by))


def resume_route(connection: Connection, route: str) -> bool:
    """Take files for a route again; return whether it was paused."""
    return bool(connection.execute(delete(route_pause).where(route_pause.c.route == route)).rowcount)


def paused_routes(connection: Connection) -> set[str]:
    """Return the routes that a person paused."""
    return set(connection.scalars(select(route_pause.c.route)))


def _in_states(
    connection: Connection, ids: Sequence[int], states: Sequence[MessageState], verb: str
) -> list[RowMapping]:
    rows = list(connection.execute(select(message).where(message.c.id.in_(ids)).order_by(message.c.id)).mappings())
    allowed = {str(state) for state in states}
    for row in rows:
        if row["state"] not in allowed:
            raise StaleTransition(f"Message {row['id']}", f"to be {verb}", row["state"])
    missing = set(ids) - {row["id"] for row in rows}
    if missing:
        raise StaleTransition(f"Message {min(missing)}", f"to be {verb}", "not in the journal")
    return rows


def _move(
    connection: Connection,
    rows: Sequence[RowMapping],
    state: MessageState,
    code: str,
    reason: str,
    now: datetime,
    **values: Any,
) -> None:
    change_messages(
        connection,
        [
            Change(
                row["id"], row["state"], row["version"], state=str(state), state_at=now, turn=False,
                reason_code=code, reason=reason, due_at=None, waits_for=None, **values,
            )
            for row in rows
        ],
    )
    record(connection, now, [Event("message", row["id"], str(state), reason) for row in rows])


def _lanes(rows: Sequence[RowMapping]) -> set[tuple[str, str]]:
    return {(row["account"], row["order_number"]) for row in rows}
