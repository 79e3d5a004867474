"""Statements about departure: intent committed before the call, outcome after it, and what time alone brings."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Integer, RowMapping, bindparam, or_, select, update

from gateway.journal.batch import ForRows, insert_rows
from gateway.journal.decisions import settle_by_earlier_response
from gateway.journal.history import Event, record
from gateway.journal.lanes import LaneKeeper
from gateway.journal.order_memory import CONTENT_COLUMNS, remember_sent
from gateway.journal.states import Change, change_messages
from gateway.journal.tables import account, attempt, content, message, order_memory
from gateway.model import Answer, MessageKind, MessageState

S = MessageState
MOST_WOKEN_AT_ONCE = 500
NO_GATE = 2**62  # beyond any interchange

_MEMORY = (
    (order_memory.c.account == message.c.account)
    & (order_memory.c.generation == account.c.generation)
    & (order_memory.c.order_number == message.c.order_number)
)
_HEADS = (
    select(
        *(
            message.c[name]
            for name in (
                "id", "version", "state", "account", "order_number", "kind", "kind_hint", "tries", "attempts",
                "first_try_at", "outage_at_first_try", "unsure", "assumed_known", "assumed_change", "approved",
                "complete_order", "status_word", *CONTENT_COLUMNS,
            )
        ),
        content.c.body, content.c.body_hash, account.c.outage_seconds, account.c.generation,
        order_memory.c.change_count.label("sent_changes"),
    )
    .join(content, content.c.message == message.c.id)
    .join(account, account.c.name == message.c.account)
    .outerjoin(order_memory, _MEMORY)
    .where(
        message.c.account == bindparam("name"),
        message.c.turn.is_(True),
        message.c.state.in_([str(S.READY), str(S.RETRYING)]),
        or_(message.c.due_at.is_(None), message.c.due_at <= bindparam("now")),
        message.c.lane_major < bindparam("gate"),
    )
    .order_by(message.c.lane_major, message.c.lane_minor, message.c.id)
    .limit(bindparam("most", type_=Integer))
)  # fmt: skip
_PREFERRED = _HEADS.where(message.c.kind.in_(bindparam("kinds", expanding=True)))
_THESE = _HEADS.where(message.c.id.in_(bindparam("ids", expanding=True)))
_A_HEAD = (
    select(message.c.id)
    .where(
        message.c.account == bindparam("name"),
        message.c.turn.is_(True),
        message.c.state.in_([str(S.READY), str(S.RETRYING)]),
    )
    .limit(1)
)
_DUE_HEAD = _A_HEAD.where(or_(message.c.due_at.is_(None), message.c.due_at <= bindparam("now")))
_ATTEMPT = insert_rows(attempt, "message", "number", "kind", "body_hash", "started_at")
_ANSWER = ("ended_at", "answer_class", "status", "words", "detail")
_ATTEMPT_ENDED = ForRows(
    update(attempt)
    .where(attempt.c.message == bindparam("w_message"), attempt.c.number == bindparam("w_number"))
    .values({name: bindparam(f"v_{name}") for name in _ANSWER})
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A message whose intent to be sent is durable."""

    id: int
    version: int
    account: str
    order_number: str
    kind: MessageKind
    body: bytes
    tries: int  # this one included: the number of the attempt
    attempts: int
    first_try_at: datetime
    outage_at_first_try: int
    unsure: bool
    started_at: datetime
    fresh: bool  # nobody has tried since it became ready
    row: RowMapping = field(repr=False)  # as it was begun; nothing of what it says of the document changes later


def begin(
    connection: Connection,
    *,
    account_name: str,
    limit: int,
    before: int | None,
    now: datetime,
    keeper: LaneKeeper,
    prefer: Collection[MessageKind] = (),
) -> list[Outgoing]:
    """Commit the intent to send: heads of lanes that are due, in claim order, at most `limit`.

    `before` is the first interchange of the account still in pass one; nothing claimed after it may go. Messages
    of a kind in `prefer` go first. What was assumed when a message was mapped is checked here, in the commit that
    makes it `sending`; the body's hash and an attempt row are stored in the same commit.
    """
    wanted = {"name": account_name, "gate": NO_GATE if before is None else before, "now": now, "most": limit}
    rows: list[RowMapping] = []
    if prefer:
        preferred = {**wanted, "kinds": [str(kind) for kind in prefer]}
        rows = list(connection.execute(_PREFERRED, preferred).mappings().all())
    if not rows:
        rows = list(connection.execute(_HEADS, wanted).mappings().all())
    doubtful = [row for row in rows if row["state"] == S.READY and _doubtful(row)]
    if doubtful:
        keeper.settle(connection, {(row["account"], row["order_number"]) for row in doubtful}, now)
        rows = list(connection.execute(_THESE, {**wanted, "ids": [row["id"] for row in rows]}).mappings().all())
    return _begin_rows(connection, rows, now) if rows else []


def _doubtful(row: RowMapping) -> bool:
    """Tell whether the order's past is not what the mapping was told; then the lane is judged once more."""
    known = row["sent_changes"] is not None
    if bool(row["assumed_known"]) != known:
        return True
    return row["kind"] == MessageKind.CHANGE and known and row["assumed_change"] != row["sent_changes"] + 1


def _begin_rows(connection: Connection, rows: Sequence[RowMapping], now: datetime) -> list[Outgoing]:
    changes = []
    for row in rows:
        first = row["first_try_at"] is None
        changes.append(
            Change(
                row["id"], row["state"], row["version"], state=str(S.SENDING), state_at=now, turn=False,
                tries=row["tries"] + 1, first_try_at=now if first else row["first_try_at"],
                outage_at_first_try=row["outage_seconds"] if first else row["outage_at_first_try"],
                generation=row["generation"], reason_code=None, reason=None,
            )
        )  # fmt: skip
    change_messages(connection, changes)
    values = [
        {
            "message": row["id"],
            "number": row["tries"] + 1,
            "kind": row["kind"],
            "body_hash": row["body_hash"],
            "started_at": now,
        }
        for row in rows
    ]
    _ATTEMPT.run(connection, values)
    record(connection, now, [Event("message", row["id"], "sending", f"attempt {row['tries'] + 1}") for row in rows])
    return [
        Outgoing(
            id=row["id"],
            version=row["version"] + 1,
            account=row["account"],
            order_number=row["order_number"],
            kind=MessageKind(row["kind"]),
            body=bytes(row["body"]),
            tries=change["tries"],
            attempts=row["attempts"],
            first_try_at=change["first_try_at"],
            outage_at_first_try=change["outage_at_first_try"],
            unsure=row["unsure"],
            started_at=now,
            fresh=row["first_try_at"] is None,
            row=row,
        )
        for row, change in zip(rows, changes, strict=True)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one attempt, as decided by the delivery policy."""

    outgoing: Outgoing
    answer: Answer | None  # None: never handed to the wire (stopping)
    state: MessageState
    ended_at: datetime
    reason_code: str | None = None
    reason: str | None = None
    due_at: datetime | None = None
    booked: bool = True  # counts as an attempt
    unsure: bool = False


def finish(connection: Connection, outcomes: Sequence[Outcome], keeper: LaneKeeper, now: datetime) -> None:
    """Record outcomes, remember what was sent, and settle the lanes."""
    change_messages(connection, [_finished(outcome, now) for outcome in outcomes])
    _ATTEMPT_ENDED.run(connection, [_ended(outcome) for outcome in outcomes])
    record(
        connection,
        now,
        [Event("message", o.outgoing.id, str(o.state), o.reason or ("" if o.answer else "not sent")) for o in outcomes],
    )
    remember_sent(connection, [outcome.outgoing.row for outcome in outcomes if outcome.state is S.SENT], now)
    keeper.settle(connection, {(o.outgoing.account, o.outgoing.order_number) for o in outcomes}, now)
    for out in (outcome.outgoing for outcome in outcomes if outcome.state is S.UNKNOWN):
        settle_by_earlier_response(connection, out.account, out.order_number, out.started_at, keeper, now)


def _finished(outcome: Outcome, now: datetime) -> Change:
    out = outcome.outgoing
    change = Change(
        out.id, S.SENDING, out.version, state=str(outcome.state), state_at=now,
        attempts=out.attempts + (1 if outcome.booked else 0), unsure=out.unsure or outcome.unsure,
    )  # fmt: skip
    if outcome.answer is not None:
        change.update(reason_code=outcome.reason_code, reason=outcome.reason, due_at=outcome.due_at)
    elif out.fresh:
        change.update(first_try_at=None, outage_at_first_try=0)  # it never left: its patience has not begun
    return change


def _ended(outcome: Outcome) -> dict[str, Any]:
    answer = outcome.answer
    return {
        "w_message": outcome.outgoing.id,
        "w_number": outcome.outgoing.tries,
        "v_ended_at": outcome.ended_at,
        "v_answer_class": str(answer.answer_class) if answer else None,
        "v_status": answer.status if answer else None,
        "v_words": answer.words if answer else "not handed over: the service was stopping",
        "v_detail": answer.detail if answer else "",
    }


def settle_unknown_at_start(connection: Connection, keeper: LaneKeeper, now: datetime) -> int:
    """At start: `sending` without outcome becomes `unknown`, never "not sent". Return how many were so."""
    rows = connection.execute(select(message).where(message.c.state == str(S.SENDING))).mappings().all()
    changes = [
        Change(
            row["id"], row["state"], row["version"], state=str(S.UNKNOWN), state_at=now, unsure=True, turn=False,
            attempts=row["attempts"] + 1, reason_code="stopped-while-sending",
            reason="The gateway was stopped while this was being sent; Jakamo may or may not have it.",
        )
        for row in rows
    ]  # fmt: skip
    change_messages(connection, changes)
    record(connection, now, [Event("message", row["id"], "unknown", "stopped while sending") for row in rows])
    keeper.settle(connection, {(row["account"], row["order_number"]) for row in rows}, now)
    for row in rows:
        settle_by_earlier_response(connection, row["account"], row["order_number"], row["state_at"], keeper, now)
    return len(rows)


def wake_due(connection: Connection, keeper: LaneKeeper, now: datetime, limit: int = MOST_WOKEN_AT_ONCE) -> int:
    """Settle lanes whose message waited for its Order and whose time is up. Return how many."""
    statement = (
        select(message.c.account, message.c.order_number)
        .where(
            message.c.state == str(S.PARKED),
            message.c.account.in_(keeper.accounts),
            message.c.due_at.is_not(None),
            message.c.due_at <= now,
        )
        .limit(limit)
    )
    lanes = {(row[0], row[1]) for row in connection.execute(statement)}
    keeper.settle(connection, lanes, now)
    return len(lanes)


def any_waiting(connection: Connection, account_name: str) -> bool:
    """Tell whether a lane's head of this account is on its way, due or not."""
    return connection.execute(_A_HEAD, {"name": account_name}).first() is not None


def any_due(connection: Connection, account_name: str, now: datetime) -> bool:
    """Tell whether a lane's head of this account may go now, but for files still in pass one."""
    return connection.execute(_DUE_HEAD, {"name": account_name, "now": now}).first() is not None


def resend_unknown(
    connection: Connection, account_name: str, before: datetime, keeper: LaneKeeper, now: datetime
) -> int:
    """`unknown_outcome = "resend"`: send once more what nobody answered, same bytes. Return how many."""
    statement = select(message).where(
        message.c.account == account_name,
        message.c.state == str(S.UNKNOWN),
        message.c.attempts == 1,
        message.c.state_at <= before,
    )
    rows = connection.execute(statement).mappings().all()
    changes = [
        Change(
            row["id"], row["state"], row["version"], state=str(S.READY), state_at=now, approved=True, turn=False,
            first_try_at=None, reason_code="resend-by-rule", reason="Sent once more by the setting unknown_outcome.",
        )
        for row in rows
    ]  # fmt: skip
    change_messages(connection, changes)
    record(connection, now, [Event("message", row["id"], "ready", "sent once more by rule") for row in rows])
    keeper.settle(connection, {(row["account"], row["order_number"]) for row in rows}, now)
    return len(rows)
