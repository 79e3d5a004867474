"""What a person decides about messages and files: skip, try again, release, resolve. On record, with lanes settled."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, delete, insert, select

from gateway.errors import StaleTransition
from gateway.journal.history import Event, record
from gateway.journal.lanes import OPEN_STATES, LaneKeeper
from gateway.journal.order_memory import remember_sent, remembered
from gateway.journal.states import Change, change_interchanges, change_messages
from gateway.journal.tables import account, content, interchange, message, queue_message, route_pause
from gateway.model import InterchangeState, MessageKind, MessageState, QueueKind

S = MessageState


def skip(connection: Connection, ids: Sequence[int], by: str, keeper: LaneKeeper, now: datetime) -> int:
    """Take messages out of the way for good. What waited for a skipped Order becomes `held`. Return how many.

    Raises StaleTransition when one of them neither waits for a person nor in its lane.
    """
    rows = _in_states(connection, ids, (S.FAILED, S.HELD, S.PARKED), "skipped")
    _move(connection, rows, S.SKIPPED, "by-hand", f"Skipped by {by}.", now)
    lanes = _lanes(rows)
    orders = {(row["account"], row["order_number"]) for row in rows if _probably_order(row)}
    for account_name, number in sorted(orders - remembered(connection, orders).keys()):
        _hold_followers(connection, account_name, number, now)
    keeper.settle(connection, lanes, now)
    return len(rows)


def _probably_order(row: RowMapping) -> bool:
    return bool((row["kind"] or row["kind_hint"] or MessageKind.ORDER) == MessageKind.ORDER)


def _hold_followers(connection: Connection, account_name: str, number: str, now: datetime) -> None:
    """Ask about what waited for an Order that will not come, unless another Order of the lane still may."""
    in_lane = (message.c.account == account_name, message.c.order_number == number)
    rows = _rows(connection, *in_lane, message.c.state.in_(OPEN_STATES))
    if not any(_probably_order(row) for row in rows):
        parked = [row for row in rows if row["state"] == S.PARKED]
        _move(connection, parked, S.HELD, "order-skipped", "Its Order was skipped. Shall it be sent without it?", now)


def retry(connection: Connection, ids: Sequence[int], by: str, keeper: LaneKeeper, now: datetime) -> int:
    """Try failed messages again: same bytes when Jakamo refused them, mapped anew otherwise. Return how many.

    Raises StaleTransition when one of them has not failed.
    """
    rows = _in_states(connection, ids, (S.FAILED,), "tried again")
    statement = select(content.c.message).where(content.c.message.in_([row["id"] for row in rows]))
    with_body = set(connection.scalars(statement.where(content.c.body.is_not(None))))
    again = [row for row in rows if row["id"] in with_body and row["tries"]]
    mapped = [row for row in rows if not (row["id"] in with_body and row["tries"])]
    _move(connection, again, S.READY, "by-hand", f"Tried again by {by}.", now, first_try_at=None)
    _move(connection, mapped, S.REGISTERED, "by-hand", f"Mapped again for {by}.", now, first_try_at=None)
    keeper.settle(connection, _lanes(rows), now)
    return len(rows)


def release(
    connection: Connection, ids: Sequence[int], kind: MessageKind | None, by: str, keeper: LaneKeeper, now: datetime
) -> int:
    """Let held messages go: as they are, or as the kind a person names. Return how many.

    The answer is to the question that was asked: a duplicate that is let go counts as a new file from then on, and
    what else speaks against it is asked in its turn. Raises StaleTransition when one of them is not held.
    """
    rows = _in_states(connection, ids, (S.HELD,), "released")
    as_new = [row for row in rows if row["reason_code"] == "duplicate" and kind is None]
    decided = [row for row in rows if row["reason_code"] != "duplicate" or kind is not None]
    text = f"Released as {kind} by {by}." if kind else f"Released by {by}."
    values: dict[str, Any] = {"duplicate_of": None, "first_try_at": None}
    _move(connection, as_new, S.REGISTERED, "released", text, now, **values)
    values["approved"] = True
    if kind is not None:
        values["release_as"] = str(kind)
    _move(connection, decided, S.REGISTERED, "released", text, now, **values)
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
        _move(connection, rows, S.READY, "resolved", text, now, approved=True, first_try_at=None)
    keeper.settle(connection, _lanes(rows), now)


def settle_by_response(
    connection: Connection, account_name: str, number: str, fetched_at: datetime, keeper: LaneKeeper, now: datetime
) -> bool:
    """A confirmation settles an `unknown` Order if it is the lane's first message ever and was fetched after it.

    Otherwise it is only a hint. Return whether it settled anything.
    """
    in_lane = (message.c.account == account_name, message.c.order_number == number)
    unknown = _rows(connection, *in_lane, message.c.state == str(S.UNKNOWN))
    if not unknown or unknown[0]["kind"] != MessageKind.ORDER or unknown[0]["state_at"] > fetched_at:
        return False
    first = select(message.c.id).where(*in_lane).order_by(message.c.lane_major, message.c.lane_minor, message.c.id)
    row = unknown[0]
    if connection.execute(first.limit(1)).scalar() != row["id"] or remembered(connection, [(account_name, number)]):
        return False
    _move(connection, [row], S.SENT, "confirmed", "The supplier's answer shows that it arrived.", now)
    remember_sent(connection, [row], now)
    keeper.settle(connection, _lanes([row]), now)
    return True


def settle_by_earlier_response(
    connection: Connection, account_name: str, number: str, since: datetime, keeper: LaneKeeper, now: datetime
) -> bool:
    """Look whether the confirmation of an order came while its own answer was still waited for; settle by that.

    `since` is when the attempt began. Return whether it settled anything.
    """
    statement = (
        select(queue_message.c.id)
        .join(account, account.c.name == queue_message.c.account)
        .where(
            queue_message.c.account == account_name,
            queue_message.c.generation == account.c.generation,
            queue_message.c.order_number == number,
            queue_message.c.kind == str(QueueKind.RESPONSE),
            queue_message.c.problem.is_(None),
            queue_message.c.fetched_at >= since,
        )
        .limit(1)
    )
    if connection.execute(statement).first() is None:
        return False
    return settle_by_response(connection, account_name, number, now, keeper, now)


def hold_open(connection: Connection, sequence: int, code: str, reason: str, keeper: LaneKeeper, now: datetime) -> None:
    """Hold every message of an interchange that has not left yet."""
    states = [str(s) for s in (S.REGISTERED, S.READY, S.RETRYING, S.PARKED)]
    rows = _rows(connection, message.c.interchange == sequence, message.c.state.in_(states))
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
    rows = _rows(connection, message.c.id.in_(ids))
    allowed = {str(state) for state in states}
    for row in rows:
        if row["state"] not in allowed:
            raise StaleTransition(f"Message {row['id']}", f"to be {verb}", row["state"])
    missing = set(ids) - {row["id"] for row in rows}
    if missing:
        raise StaleTransition(f"Message {min(missing)}", f"to be {verb}", "not in the journal")
    return rows


def _rows(connection: Connection, *conditions: ColumnElement[bool]) -> list[RowMapping]:
    statement = select(message).where(*conditions).order_by(message.c.id)
    return list(connection.execute(statement).mappings())


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
