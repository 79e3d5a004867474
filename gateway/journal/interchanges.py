"""Statements about interchanges: claim, pass one, closing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Connection, Integer, RowMapping, bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite

from gateway.journal.batch import insert_rows
from gateway.journal.history import Event, record
from gateway.journal.states import Change, change_interchanges
from gateway.journal.tables import content, interchange, message
from gateway.model import ENDED, Finding, InterchangeState, MessageState, OrderSource

T = TypeVar("T")
I = InterchangeState  # noqa: E741 - the module's one abbreviation, read as in `gateway.model`
ENDED_STATES = tuple(sorted(map(str, ENDED)))
ROWS_A_STATEMENT = 500
_IDS = select(message.c.interchange, message.c.ordinal, message.c.id).where(
    message.c.interchange.in_(bindparam("sequences", expanding=True)), message.c.ordinal >= bindparam("first")
)
_IN_STATE = (
    select(interchange)
    .where(interchange.c.state == bindparam("state"))
    .order_by(interchange.c.sequence)
    .limit(bindparam("most", type_=Integer))
)
_IN_STATE_OF_NODE = _IN_STATE.where(interchange.c.node == bindparam("node"))
_COUNT = select(func.count()).where(
    interchange.c.state == bindparam("state"), interchange.c.node == bindparam("node")
)
_THESE = (
    select(interchange)
    .where(interchange.c.sequence.in_(bindparam("sequences", expanding=True)))
    .order_by(interchange.c.sequence)
)
_REGISTER = insert_rows(
    message,
    "interchange", "ordinal", "account", "generation", "order_number", "lane_major", "lane_minor", "kind_hint",
    "revision", "origin", "mapping", "route", "state", "version", "turn", "state_at", "created_at", "reason_code",
    "reason", "findings", "attempts", "tries", "outage_at_first_try", "unsure", "source_hash", "release_as", "approved",
    "duplicate_of", "repeat_rule", "lost_lines_rule", "complete_order", "replaced_by",
)  # fmt: skip
_CANONICAL = insert_rows(content, "message", "canonical")


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One file renamed into the work folder, to be recorded."""

    claim: str
    node: str
    origin: str
    folder: str
    name: str
    path: str
    route: str | None
    account: str | None
    mapping: str | None


_CLAIM_FIELDS = tuple(field.name for field in fields(Claim))


def record_claims(connection: Connection, claims: Sequence[Claim], now: datetime) -> None:
    """Make a row for each claimed file, in order. A claim already recorded changes nothing."""
    module = sqlite if connection.dialect.name == "sqlite" else postgresql
    statement = (
        module.insert(interchange)
        .on_conflict_do_nothing(index_elements=["claim"])
        .returning(interchange.c.sequence, interchange.c.name, interchange.c.origin)
    )
    fresh = {"state": str(I.CLAIMED), "version": 1, "claimed_at": now, "findings": []}
    values = [{**{name: getattr(claim, name) for name in _CLAIM_FIELDS}, **fresh} for claim in claims]
    rows = sorted(tuple(row) for row in connection.execute(statement, values)) if values else []
    record(connection, now, [Event("interchange", row[0], "claimed", f"{row[1]} ({row[2]})") for row in rows])


def in_state(
    connection: Connection, state: InterchangeState, *, node: str | None = None, limit: int = 100_000
) -> list[RowMapping]:
    """Return interchanges of one state, in claim order."""
    wanted = {"state": str(state), "node": node, "most": limit}
    statement = _IN_STATE if node is None else _IN_STATE_OF_NODE
    return list(connection.execute(statement, wanted).mappings().all())


def count_in_state(connection: Connection, state: InterchangeState, node: str) -> int:
    """Return how many interchanges of a node are in a state."""
    return int(connection.execute(_COUNT, {"state": str(state), "node": node}).scalar_one())


def by_sequence(connection: Connection, sequence: int) -> RowMapping | None:
    """Return one interchange."""
    return connection.execute(select(interchange).where(interchange.c.sequence == sequence)).mappings().first()


def by_sequences(connection: Connection, sequences: Sequence[int]) -> list[RowMapping]:
    """Return some interchanges, in claim order."""
    return list(connection.execute(_THESE, {"sequences": list(sequences)}).mappings().all())


def known_claims(connection: Connection, node: str) -> set[str]:
    """Return the claim ids of this node's interchanges that are not closed."""
    statement = select(interchange.c.claim).where(interchange.c.node == node, interchange.c.state != str(I.CLOSED))
    return set(connection.scalars(statement))


def read_since(connection: Connection, sequence: int, name: str) -> bool:
    """Tell whether a later file of this name was read."""
    later = (interchange.c.sequence > sequence, interchange.c.name == name, interchange.c.sha256.is_not(None))
    return connection.execute(select(interchange.c.sequence).where(*later).limit(1)).first() is not None


def closed_claims(connection: Connection, claims: Sequence[str]) -> set[str]:
    """Return those of some claim ids whose interchange is closed."""
    return set(
        connection.scalars(
            select(interchange.c.claim).where(interchange.c.claim.in_(claims), interchange.c.state == str(I.CLOSED))
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """What pass one makes of one order group: a message that holds its place in the lane."""

    source: OrderSource
    lane_major: int
    lane_minor: int
    generation: int
    state: MessageState = MessageState.REGISTERED
    reason_code: str | None = None
    reason: str | None = None
    release_as: str | None = None
    approved: bool = False
    duplicate_of: int | None = None
    replaced_by: int | None = None


class Registered(NamedTuple):
    """The messages of one interchange, to be registered; see `register` for `rules`."""

    row: RowMapping
    registrations: Sequence[Registration]
    rules: dict[str, Any]


def register(
    connection: Connection,
    row: RowMapping,
    registrations: Sequence[Registration],
    rules: dict[str, Any],
    now: datetime,
) -> list[int]:
    """Insert the messages of an interchange; return their ids in order.

    `rules` carries the mapping's repeat_rule, lost_lines_rule and complete_order, and the route and mapping.
    """
    return register_many(connection, [Registered(row, registrations, rules)], now)


def register_many(connection: Connection, files: Sequence[Registered], now: datetime) -> list[int]:
    """Insert the messages of several interchanges; return their ids in order."""
    wanted = [(file, one) for file in files for one in file.registrations]
    if not wanted:
        return []
    for part in _parts(wanted):
        _REGISTER.run(connection, [_message_values(file.row, one, file.rules, now) for file, one in part])
    sequences = [file.row["sequence"] for file in files]
    first = min(one.source.ordinal for _, one in wanted)  # a huge file comes in parts, one after the other
    rows = connection.execute(_IDS, {"sequences": sequences, "first": first})
    ids = {(row[0], row[1]): int(row[2]) for row in rows}
    keyed = [(ids[file.row["sequence"], one.source.ordinal], one) for file, one in wanted]
    for some in _parts(keyed):
        _CANONICAL.run(connection, [{"message": key, "canonical": one.source.canonical} for key, one in some])
        record(connection, now, [Event("message", key, str(one.state), one.reason or "") for key, one in some])
    return [key for key, _ in keyed]


def _parts(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    """Cut rows into what one statement takes, so that a huge file does not stand in memory once more."""
    for start in range(0, len(rows), ROWS_A_STATEMENT):
        yield rows[start : start + ROWS_A_STATEMENT]


def _message_values(
    row: RowMapping, registration: Registration, rules: dict[str, Any], now: datetime
) -> dict[str, Any]:
    source = registration.source
    return {
        "interchange": row["sequence"],
        "ordinal": source.ordinal,
        "account": rules["account"],
        "generation": registration.generation,
        "order_number": source.order_number,
        "lane_major": registration.lane_major,
        "lane_minor": registration.lane_minor,
        "kind_hint": str(source.kind_hint) if source.kind_hint else None,
        "revision": source.revision,
        "origin": row["origin"],
        "mapping": rules["mapping"],
        "route": rules["route"],
        "state": str(registration.state),
        "version": 1,
        "turn": False,
        "state_at": now,
        "created_at": now,
        "reason_code": registration.reason_code,
        "reason": registration.reason,
        "findings": [finding.as_dict() for finding in source.findings],
        "attempts": 0,
        "tries": 0,
        "outage_at_first_try": 0,
        "unsure": False,
        "source_hash": source.source_hash,
        "release_as": registration.release_as,
        "approved": registration.approved,
        "duplicate_of": registration.duplicate_of,
        "repeat_rule": rules["repeat_rule"],
        "lost_lines_rule": rules["lost_lines_rule"],
        "complete_order": rules["complete_order"],
        "replaced_by": registration.replaced_by,
    }


def mark_split(
    connection: Connection,
    row: RowMapping,
    *,
    sha256: str,
    size: int,
    duplicate_of: int | None,
    now: datetime,
    **more: Any,
) -> None:
    """Pass one is done and its messages stand."""
    change = Change(
        row["sequence"],
        row["state"],
        row["version"],
        state=str(I.SPLIT),
        sha256=sha256,
        size=size,
        duplicate_of=duplicate_of,
        **more,
    )
    change_interchanges(connection, [change])
    record(connection, now, [Event("interchange", row["sequence"], "split")])


def mark_rejected(
    connection: Connection,
    row: RowMapping,
    *,
    code: str,
    reason: str,
    findings: Sequence[Finding],
    now: datetime,
    sha256: str | None = None,
    size: int | None = None,
) -> None:
    """The file is refused as a whole; it will lie in error/ until a person mends or skips it."""
    change = Change(
        row["sequence"],
        row["state"],
        row["version"],
        state=str(I.REJECTED),
        reason_code=code,
        reason=reason,
        findings=[finding.as_dict() for finding in findings],
        sha256=sha256 or row["sha256"],
        size=size if size is not None else row["size"],
    )
    change_interchanges(connection, [change])
    record(connection, now, [Event("interchange", row["sequence"], "rejected", reason)])
