"""Statements about messages between pass one and their end: mapping, departure, outcome."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, func, insert, or_, select, update

from gateway.journal.history import Event, record
from gateway.journal.lanes import LaneKeeper, remember_sent, remembered
from gateway.journal.states import Change, change_messages
from gateway.journal.tables import account, attempt, content, interchange, message
from gateway.model import Answer, InterchangeState, MapRequest, MapResult, MessageKind, MessageState

S = MessageState


def by_id(connection: Connection, key: int) -> RowMapping | None:
    """Return one message."""
    return connection.execute(select(message).where(message.c.id == key)).mappings().first()


def of_interchange(connection: Connection, sequence: int) -> list[RowMapping]:
    """Return the messages of an interchange in their order."""
    statement = select(message).where(message.c.interchange == sequence).order_by(message.c.ordinal)
    return list(connection.execute(statement).mappings())


def canonical_of(connection: Connection, key: int) -> bytes:
    """Return the stored canonical tree."""
    return bytes(connection.execute(select(content.c.canonical).where(content.c.message == key)).scalar_one())


def body_of(connection: Connection, key: int) -> bytes | None:
    """Return the exact bytes that are or will be sent."""
    found = connection.execute(select(content.c.body).where(content.c.message == key)).scalar()
    return None if found is None else bytes(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToMap:
    """A registered message with everything its mapping needs, and the version it was seen in."""

    request: MapRequest
    version: int
    route: str | None


def to_map(
    connection: Connection, *, limit: int, skip: Sequence[int] = (), nodes: Sequence[str] | None = None
) -> list[ToMap]:
    """Return registered messages of split interchanges in claim order, with what is assumed of their past."""
    statement = (
        select(message, content.c.canonical)
        .join(interchange, interchange.c.sequence == message.c.interchange)
        .join(content, content.c.message == message.c.id)
        .where(message.c.state == str(S.REGISTERED), interchange.c.state != str(InterchangeState.CLAIMED))
        .order_by(message.c.lane_major, message.c.lane_minor, message.c.id)
        .limit(limit + len(skip))
    )
    if nodes is not None:
        statement = statement.where(interchange.c.node.in_(nodes))
    busy = set(skip)
    rows = [row for row in connection.execute(statement).mappings() if row["id"] not in busy][:limit]
    memories = remembered(connection, {(row["account"], row["order_number"]) for row in rows})
    pending = _pending(connection, rows)
    return [
        _to_map(row, memories.get((row["account"], row["order_number"])), pending.get(row["id"], ())) for row in rows
    ]


def _pending(connection: Connection, rows: Sequence[RowMapping]) -> dict[int, tuple[str, ...]]:
    """Kinds of the open messages before each row in its lane: they are assumed to be sent first."""
    numbers = {row["order_number"] for row in rows}
    if not numbers:
        return {}
    movable = [str(state) for state in (S.REGISTERED, S.READY, S.SENDING, S.RETRYING, S.PARKED)]
    statement = select(
        message.c.id, message.c.account, message.c.order_number, message.c.lane_major, message.c.lane_minor,
        message.c.kind, message.c.kind_hint,
    ).where(message.c.order_number.in_(numbers), message.c.state.in_(movable))  # fmt: skip
    lanes: dict[tuple[str, str], list[RowMapping]] = {}
    for other in connection.execute(statement).mappings():
        lanes.setdefault((other["account"], other["order_number"]), []).append(other)
    found = {}
    for row in rows:
        place = (row["lane_major"], row["lane_minor"], row["id"])
        found[row["id"]] = tuple(
            other["kind"] or other["kind_hint"] or str(MessageKind.ORDER)
            for other in lanes.get((row["account"], row["order_number"]), ())
            if (other["lane_major"], other["lane_minor"], other["id"]) < place
        )
    return found


def _to_map(row: RowMapping, memory: Any, pending: Sequence[str]) -> ToMap:
    documents = [kind for kind in pending if kind != MessageKind.STATUS]
    known = memory is not None or bool(documents)
    sent_changes = memory.change_count if memory is not None else 0
    first_is_order = memory is None and bool(documents)
    coming = len(documents) - (1 if first_is_order else 0)
    release_as = row["release_as"]
    if release_as is None and known and row["repeat_rule"] == "send":
        release_as = None
    return ToMap(
        request=MapRequest(
            key=row["id"],
            mapping=row["mapping"],
            canonical=bytes(row["canonical"]),
            known=known,
            change_number=sent_changes + coming + 1,
            release_as=MessageKind(release_as) if release_as else None,
        ),
        version=row["version"],
        route=row["route"],
    )


def store_mapped(
    connection: Connection, mapped: Sequence[tuple[ToMap, MapResult]], keeper: LaneKeeper, now: datetime
) -> None:
    """Store exact bytes and findings; a valid message becomes `ready`, another `failed`; settle their lanes.

    A message that moved in the meantime (skipped, replaced) is left as it is.
    """
    seen = {
        row["id"]: row
        for row in connection.execute(
            select(
                message.c.id, message.c.state, message.c.version, message.c.account, message.c.order_number
            ).where(message.c.id.in_([todo.request.key for todo, _ in mapped]))
        ).mappings()
    }
    changes, events, bodies, lanes = [], [], [], set()
    for todo, result in mapped:
        row = seen[result.key]
        if row["state"] != S.REGISTERED or row["version"] != todo.version:
            continue
        lanes.add((row["account"], row["order_number"]))
        changes.append(_mapped_change(todo, result, row["order_number"], now))
        if result.valid:
            bodies.append({"w_message": result.key, "body": result.body})
            events.append(Event("message", result.key, "ready", f"mapping {result.mapping_hash[:12]}"))
        else:
            events.append(Event("message", result.key, "failed", changes[-1]["reason"]))
    if bodies:
        statement = update(content).where(content.c.message == bindparam("w_message")).values(body=bindparam("body"))
        connection.execute(statement, bodies)
    change_messages(connection, changes)
    record(connection, now, events)
    keeper.settle(connection, lanes, now)


def _mapped_change(todo: ToMap, result: MapResult, order_number: str, now: datetime) -> Change:
    findings = [finding.as_dict() for finding in result.findings]
    common: dict[str, Any] = {"findings": findings, "mapping_hash": result.mapping_hash, "state_at": now}
    facts = result.facts
    if result.valid and facts is not None and facts.order_number == order_number:
        return Change(
            result.key, S.REGISTERED, todo.version, state=str(S.READY), kind=str(facts.kind),
            content_hash=facts.content_hash, supplier=facts.supplier, buyer=facts.buyer,
            line_ids=list(facts.line_ids), status_word=facts.status_word,
            assumed_known=todo.request.known, assumed_change=todo.request.change_number,
            reason_code=None, reason=None, due_at=None, **common,
        )  # fmt: skip
    code, reason = _why_failed(result, order_number)
    return Change(
        result.key, S.REGISTERED, todo.version, state=str(S.FAILED), kind=str(facts.kind) if facts else None,
        content_hash=facts.content_hash if facts else None, reason_code=code, reason=reason, turn=False, **common,
    )  # fmt: skip


def _why_failed(result: MapResult, order_number: str) -> tuple[str, str]:
    errors = [finding for finding in result.findings if finding.severity == "error"]
    if errors:
        first = errors[0]
        where = first.where()
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        return first.code, f"{where}: {first.message}{more}" if where else f"{first.message}{more}"
    found = result.facts.order_number if result.facts else "none"
    return "other-number", f'The mapping made order number "{found}" of "{order_number}": the two must be the same.'


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A message whose intent to be sent is durable."""

    id: int
    version: int
    account: str
    order_number: str
    kind: MessageKind
    body: bytes
    attempt: int  # row of the attempt
    tries: int
    attempts: int
    first_try_at: datetime
    outage_at_first_try: int
    unsure: bool


def begin(
    connection: Connection, *, account_name: str, limit: int, before: int | None, now: datetime, prefer_put: bool = False
) -> list[Outgoing]:
    """Commit the intent to send: heads of lanes that are due, in claim order, at most `limit`.

    `before` is the first interchange of the account still in pass one; nothing claimed after it may go.
    The body hash and an attempt row are stored in the same commit.
    """
    due = or_(message.c.due_at.is_(None), message.c.due_at <= now)
    statement = (
        select(message, content.c.body, account.c.outage_seconds)
        .join(content, content.c.message == message.c.id)
        .join(account, account.c.name == message.c.account)
        .where(
            message.c.account == account_name,
            message.c.turn.is_(True),
            message.c.state.in_([str(S.READY), str(S.RETRYING)]),
            due,
        )
        .limit(limit)
    )
    if before is not None:
        statement = statement.where(message.c.lane_major < before)
    order = [message.c.lane_major, message.c.lane_minor, message.c.id]
    if prefer_put:
        order.insert(0, (message.c.kind == str(MessageKind.ORDER)))  # type: ignore[arg-type]
    rows = list(connection.execute(statement.order_by(*order)).mappings())
    return _begin_rows(connection, rows, now) if rows else []


def _begin_rows(connection: Connection, rows: Sequence[RowMapping], now: datetime) -> list[Outgoing]:
    change_messages(
        connection,
        [
            Change(
                row["id"], row["state"], row["version"], state=str(S.SENDING), state_at=now, tries=row["tries"] + 1,
                first_try_at=row["first_try_at"] or now,
                outage_at_first_try=row["outage_at_first_try"] if row["first_try_at"] else row["outage_seconds"],
                reason_code=None, reason=None,
            )
            for row in rows
        ],  # fmt: skip
    )
    statement = insert(attempt).returning(attempt.c.id, sort_by_parameter_order=True)
    values = [
        {"message": row["id"], "number": row["tries"] + 1, "kind": row["kind"], "started_at": now} for row in rows
    ]
    attempts = list(connection.scalars(statement, values))
    record(connection, now, [Event("message", row["id"], "sending", f"attempt {row['tries'] + 1}") for row in rows])
    return [
        Outgoing(
            id=row["id"],
            version=row["version"] + 1,
            account=row["account"],
            order_number=row["order_number"],
            kind=MessageKind(row["kind"]),
            body=bytes(row["body"]),
            attempt=int(attempt_id),
            tries=row["tries"] + 1,
            attempts=row["attempts"],
            first_try_at=row["first_try_at"] or now,
            outage_at_first_try=row["outage_at_first_try"] if row["first_try_at"] else row["outage_seconds"],
            unsure=row["unsure"],
        )
        for row, attempt_id in zip(rows, attempts, strict=True)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one attempt, as decided by the delivery policy."""

    outgoing: Outgoing
    answer: Answer | None  # None: never handed to the wire (stopping)
    state: MessageState
    reason_code: str | None = None
    reason: str | None = None
    due_at: datetime | None = None
    booked: bool = True  # counts as an attempt
    unsure: bool = False
    ended_at: datetime = field(kw_only=True)


def finish(connection: Connection, outcomes: Sequence[Outcome], keeper: LaneKeeper, now: datetime) -> None:
    """Record outcomes, remember what was sent, and settle the lanes."""
    changes, events, ended, lanes = [], [], [], set()
    for outcome in outcomes:
        out = outcome.outgoing
        lanes.add((out.account, out.order_number))
        changes.append(
            Change(
                out.id, S.SENDING, out.version, state=str(outcome.state), state_at=now, due_at=outcome.due_at,
                reason_code=outcome.reason_code, reason=outcome.reason,
                attempts=out.attempts + (1 if outcome.booked else 0), unsure=out.unsure or outcome.unsure,
                turn=outcome.state in (S.RETRYING, S.READY),
            )  # fmt: skip
        )
        events.append(Event("message", out.id, str(outcome.state), outcome.reason or ""))
        answer = outcome.answer
        ended.append(
            {
                "w_id": out.attempt,
                "ended_at": outcome.ended_at,
                "answer_class": str(answer.answer_class) if answer else None,
                "status": answer.status if answer else None,
                "words": answer.words if answer else "not handed over: the service was stopping",
                "detail": answer.detail if answer else "",
            }
        )
    change_messages(connection, changes)
    connection.execute(update(attempt).where(attempt.c.id == bindparam("w_id")), ended)
    record(connection, now, events)
    _remember(connection, [o.outgoing.id for o in outcomes if o.state is S.SENT], now)
    keeper.settle(connection, lanes, now)


def _remember(connection: Connection, ids: Sequence[int], now: datetime) -> None:
    if ids:
        rows = connection.execute(select(message).where(message.c.id.in_(ids)).order_by(message.c.id)).mappings()
        remember_sent(connection, list(rows), now)


def settle_unknown_at_start(connection: Connection, keeper: LaneKeeper, now: datetime) -> int:
    """At start: `sending` without outcome becomes `unknown`, never "not sent". Return how many."""
    rows = list(connection.execute(select(message).where(message.c.state == str(S.SENDING))).mappings())
    change_messages(
        connection,
        [
            Change(
                row["id"], row["state"], row["version"], state=str(S.UNKNOWN), state_at=now, unsure=True, turn=False,
                attempts=row["attempts"] + 1, reason_code="stopped-while-sending",
                reason="The gateway was stopped while this was being sent; Jakamo may or may not have it.",
            )
            for row in rows
        ],  # fmt: skip
    )
    record(connection, now, [Event("message", row["id"], "unknown", "stopped while sending") for row in rows])
    keeper.settle(connection, {(row["account"], row["order_number"]) for row in rows}, now)
    return len(rows)


def wake_due(connection: Connection, keeper: LaneKeeper, now: datetime, limit: int = 500) -> int:
    """Settle lanes whose message waited for its Order and whose time is up. Return how many."""
    statement = (
        select(message.c.account, message.c.order_number)
        .where(message.c.state == str(S.PARKED), message.c.due_at.is_not(None), message.c.due_at <= now)
        .limit(limit)
    )
    lanes = {(row[0], row[1]) for row in connection.execute(statement)}
    keeper.settle(connection, lanes, now)
    return len(lanes)


def next_due(connection: Connection, now: datetime) -> timedelta | None:
    """Return how long until the next message is due by itself, or None."""
    statement = select(func.min(message.c.due_at)).where(
        message.c.state.in_([str(S.RETRYING), str(S.PARKED)]), message.c.due_at.is_not(None), message.c.due_at > now
    )
    found = connection.execute(statement).scalar()
    return None if found is None else found - now


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
    rows = list(connection.execute(statement).mappings())
    change_messages(
        connection,
        [
            Change(
                row["id"], row["state"], row["version"], state=str(S.READY), state_at=now, approved=True, turn=False,
                reason_code="resend-by-rule", reason="Sent once more by the setting unknown_outcome.",
            )
            for row in rows
        ],  # fmt: skip
    )
    record(connection, now, [Event("message", row["id"], "ready", "sent once more by rule") for row in rows])
    keeper.settle(connection, {(row["account"], row["order_number"]) for row in rows}, now)
    return len(rows)
