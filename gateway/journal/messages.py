"""Statements about messages between pass one and their release: what is to be mapped, and what mapping gave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Column, Connection, Integer, RowMapping, bindparam, select, update

from gateway.journal.batch import ForRows
from gateway.journal.history import Event
from gateway.journal.lane_values import Memory
from gateway.journal.lanes import LaneKeeper
from gateway.journal.order_memory import by_account, in_lanes, remembered
from gateway.journal.states import Change
from gateway.journal.tables import account, content, interchange, message
from gateway.model import Finding, InterchangeState, MapRequest, MapResult, MessageKind, MessageState

S = MessageState
SENT_BEFORE = tuple(str(state) for state in (S.REGISTERED, S.READY, S.SENDING, S.RETRYING, S.PARKED))


def _columns(*names: str) -> list[Column[Any]]:
    return [message.c[name] for name in names]


_IDS = message.c.id.in_(bindparam("ids", expanding=True))
_PLACE = (message.c.lane_major, message.c.lane_minor, message.c.id)
_TO_MAP = (
    select(
        *_columns("id", "account", "order_number", "lane_major", "lane_minor", "mapping", "version", "route"),
        *_columns("release_as", "kind_hint", "repeat_rule", "mapping_hash", "findings"), content.c.canonical,
    )
    .join(content, content.c.message == message.c.id)
    .where(_IDS)
    .order_by(*_PLACE)
)  # fmt: skip
_ACCOUNTS = select(account.c.name)
_REGISTERED = (
    select(*_PLACE)
    .join(interchange, interchange.c.sequence == message.c.interchange)
    .where(message.c.state == str(S.REGISTERED), message.c.account == bindparam("name"))
    .where(interchange.c.state != str(InterchangeState.CLAIMED))
    .order_by(*_PLACE)
    .limit(bindparam("most", type_=Integer))
)
_BEFORE = select(
    *_columns("id", "account", "order_number", "lane_major", "lane_minor", "kind", "kind_hint")
).where(in_lanes(message.c.account, message.c.order_number), message.c.state.in_(SENT_BEFORE))
_SET_BODY = ForRows(
    update(content)
    .where(content.c.message == bindparam("w_message"))
    .values(body=bindparam("v_body"), body_hash=bindparam("v_body_hash"))
)
_SEEN = (
    select(
        *_columns("id", "state", "version", "account", "order_number", "unsure", "mapping_hash", "findings"),
        content.c.body_hash,
    )
    .join(content, content.c.message == message.c.id)
    .where(_IDS)
)


def by_id(connection: Connection, key: int) -> RowMapping | None:
    """Return one message."""
    return connection.execute(select(message).where(message.c.id == key)).mappings().first()


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
    bad_cells: bool = False  # it will fail for what its reader found: mapping it is of no use


def to_map(
    connection: Connection, *, limit: int, skip: Sequence[int] = (), nodes: Sequence[str] | None = None
) -> list[ToMap]:
    """Return registered messages of split interchanges in claim order, with what is assumed of their past."""
    ids = _first_registered(connection, limit, frozenset(skip), nodes)
    rows = list(connection.execute(_TO_MAP, {"ids": ids}).mappings().all()) if ids else []
    memories = remembered(connection, {(row["account"], row["order_number"]) for row in rows})
    pending = _pending(connection, rows)
    return [
        _to_map(row, memories.get((row["account"], row["order_number"])), pending.get(row["id"], ())) for row in rows
    ]


def _first_registered(
    connection: Connection, limit: int, busy: frozenset[int], nodes: Sequence[str] | None
) -> list[int]:
    """Walk the index account by account, so that a batch costs the same however much waits behind it."""
    found: list[tuple[int, int, int]] = []
    statement = _REGISTERED if nodes is None else _REGISTERED.where(interchange.c.node.in_(nodes))
    for name in list(connection.scalars(_ACCOUNTS)):
        rows = connection.execute(statement, {"name": name, "most": limit + len(busy)})
        found += [(row[0], row[1], row[2]) for row in rows if row[2] not in busy]
    return [key for _, _, key in sorted(found)[:limit]]


def _pending(connection: Connection, rows: Sequence[RowMapping]) -> dict[int, tuple[str, ...]]:
    """Kinds of the open messages before each row in its lane: they are assumed to be sent first."""
    lanes: dict[tuple[str, str], list[RowMapping]] = {}
    for some in by_account((row["account"], row["order_number"]) for row in rows):
        for other in connection.execute(_BEFORE, some).mappings().all():
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


def _to_map(row: RowMapping, memory: Memory | None, pending: Sequence[str]) -> ToMap:
    assumed = assume(
        memory, pending, hint=row["kind_hint"], repeat=row["repeat_rule"], decided=row["release_as"] or None
    )
    request = MapRequest(key=row["id"], mapping=row["mapping"], canonical=bytes(row["canonical"]))
    return ToMap(
        request=assumed.told(request), version=row["version"], route=row["route"], bad_cells=bool(_bad_cells(row))
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumed:
    """What the stylesheet is told about an order's past."""

    known: bool
    change_number: int
    release_as: MessageKind | None

    def told(self, request: MapRequest) -> MapRequest:
        """Return the request with all of it."""
        return replace(request, known=self.known, change_number=self.change_number, release_as=self.release_as)


def assume(
    memory: Memory | None, pending: Sequence[str], *, hint: str | None, repeat: str, decided: str | None = None
) -> Assumed:
    """Return what is assumed of an order's past; `pending` are the kinds of the messages that go before it."""
    documents = [kind for kind in pending if kind != MessageKind.STATUS]
    known = memory is not None or bool(documents)
    sent_changes = memory.change_count if memory is not None else 0
    first_is_order = memory is None and bool(documents)
    coming = len(documents) - (1 if first_is_order else 0)
    release_as = _release_as(hint, repeat, decided, known=known)
    return Assumed(known=known, change_number=sent_changes + coming + 1, release_as=release_as)


def _release_as(hint: str | None, repeat: str, decided: str | None, *, known: bool) -> MessageKind | None:
    """Return as what it is to go: a person's word; for a repeat what the repeat rule says against the source.

    A stylesheet that is told nothing makes what the source says, else a change of every known order.
    """
    if decided:
        return MessageKind(decided)
    if known and repeat == "change" and hint == MessageKind.ORDER:
        return MessageKind.CHANGE
    if known and repeat == "send" and hint is None:
        return MessageKind.ORDER
    return None


def store_mapped(
    connection: Connection, mapped: Sequence[tuple[ToMap, MapResult]], keeper: LaneKeeper, now: datetime
) -> None:
    """Store exact bytes and findings; a valid message becomes `ready`, another `failed`; settle their lanes.

    A message that moved in the meantime (skipped, replaced) is left as it is.
    """
    seen = _seen(connection, [todo.request.key for todo, _ in mapped])
    changes, events, bodies, lanes = [], [], [], set()
    for todo, result in mapped:
        row = seen[result.key]
        if row["state"] != S.REGISTERED or row["version"] != todo.version:
            continue
        lanes.add((row["account"], row["order_number"]))
        bad_cells = _bad_cells(row)
        wrong = _in_words(bad_cells) if bad_cells else _why_failed(result, row["order_number"])
        body = result.body if wrong is None else None
        body_hash = None if body is None else sha256(body).hexdigest()
        bodies.append({"w_message": result.key, "v_body": body, "v_body_hash": body_hash})
        changes.append(
            Change(
                result.key, S.REGISTERED, todo.version, state_at=now,
                mapping_hash=None if bad_cells else result.mapping_hash,
                findings=[finding.as_dict() for finding in bad_cells or result.findings],
                # What may have arrived are other bytes: a 409 for these would say nothing about them.
                unsure=row["unsure"] and row["body_hash"] == body_hash,
                **(_ready(todo, result) if wrong is None else _failed(result, *wrong)),
            )
        )  # fmt: skip
        said = ("ready", f"mapping {result.mapping_hash[:12]}") if wrong is None else ("failed", wrong[1])
        events.append(Event("message", result.key, *said))
    _SET_BODY.run(connection, bodies)
    keeper.change_and_settle(connection, changes, events, lanes, now)


def _seen(connection: Connection, keys: Sequence[int]) -> dict[int, RowMapping]:
    return {row["id"]: row for row in connection.execute(_SEEN, {"ids": list(keys)}).mappings().all()}


def _ready(todo: ToMap, result: MapResult) -> dict[str, Any]:
    facts = result.facts
    assert facts is not None  # noqa: S101 - a valid result has them
    return {
        "state": str(S.READY),
        "kind": str(facts.kind),
        "content_hash": facts.content_hash,
        "supplier": facts.supplier,
        "buyer": facts.buyer,
        "line_ids": list(facts.line_ids),
        "status_word": facts.status_word,
        "assumed_known": todo.request.known,
        "assumed_change": todo.request.change_number,
        "reason_code": None,
        "reason": None,
    }


def _failed(result: MapResult, code: str, reason: str) -> dict[str, Any]:
    facts = result.facts
    return {
        "state": str(S.FAILED),
        "kind": str(facts.kind) if facts else None,
        "content_hash": facts.content_hash if facts else None,
        "reason_code": code,
        "reason": reason,
    }


def _bad_cells(row: RowMapping) -> list[Finding]:
    """Return what the reader found wrong with a source that was never mapped: no mapping can make up for it."""
    if row["mapping_hash"] is not None:
        return []
    findings = [Finding.from_dict(finding) for finding in row["findings"]]
    return findings if any(finding.severity == "error" for finding in findings) else []


def _why_failed(result: MapResult, order_number: str) -> tuple[str, str] | None:
    """Return code and reason when the result must not be sent, None when it may."""
    if any(finding.severity == "error" for finding in result.findings):
        return _in_words(result.findings)
    found = result.facts.order_number if result.facts else "none"
    if not result.valid or found != order_number:
        return "other-number", f'The mapping made order number "{found}" of "{order_number}": the two must be the same.'
    return None


def _in_words(findings: Sequence[Finding]) -> tuple[str, str]:
    """Return code and reason of the first error, saying how many more there are."""
    errors = [finding for finding in findings if finding.severity == "error"]
    first = errors[0]
    where = first.where()
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return first.code, f"{where}: {first.message}{more}" if where else f"{first.message}{more}"
