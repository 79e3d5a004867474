"""Files from `retry/`: linked to what failed or is held, by the order numbers inside, then by name.

The failed message's route and mapping apply, no trailer is asked of an extract, there is no duplicate check.
What becomes of each order is decided in `handback_rules`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, RowMapping

from gateway.errors import FileRejected, SettingsError, StorageError
from gateway.intake.content import choose_route
from gateway.intake.context import IntakeContext, message_rules
from gateway.intake.giveback import finish_giving_back, give_back, is_changed
from gateway.intake.handback_rules import Known, Verdict, judge_handback
from gateway.intake.split import no_route, registration
from gateway.intake.vanished import close_vanished
from gateway.journal import handbacks, incidents, interchanges
from gateway.journal.interchanges import Registration
from gateway.journal.order_memory import locate
from gateway.model import Finding, InterchangeState, MessageKind, MessageState, OrderSource, ReadResult
from gateway.settings import Route


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A handed-back file as read by the mapping of what it was linked to."""

    route: Route
    mapping: Any
    result: ReadResult
    originals: frozenset[int]
    retry_of: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """A handed-back file as it was found: `signature` is how it looked before it was read."""

    signature: str
    sha256: str
    size: int
    candidates: Sequence[handbacks.Candidate]
    reading: Reading | FileRejected


class Handback:
    """Takes claimed files of `retry/` through pass one. `step` is called by one thread only."""

    def __init__(self, context: IntakeContext) -> None:
        self._context = context
        self._unfinished = False  # a file could not be moved back to retry/; to be tried again
        self.blocked = 0  # files that cannot be read now, through no fault of their own

    def step(self) -> bool:
        """Take each claimed file of `retry/` on; return whether there was any that moved."""
        context = self._context
        if self._unfinished:
            finish_giving_back(context)
            self._unfinished = False
        rows = context.journal.read(
            lambda c: interchanges.in_state(c, InterchangeState.CLAIMED, node=context.node, limit=100)
        )
        taken = [self._take(row) for row in rows if row["origin"] == "retry"]
        self.blocked = taken.count(False)
        return any(taken)

    def _take(self, row: RowMapping) -> bool:
        context = self._context
        try:
            looked = self._look(row)
        except FileNotFoundError:
            close_vanished(context, row, _incident(row))
            return True
        except (SettingsError, StorageError) as error:
            now, text = context.clock.now(), f"{row['name']} in retry/ cannot be read: {error}"
            context.journal.write(lambda c: incidents.raise_incident(c, _incident(row), text, now))
            return False
        reading = looked.reading
        if is_changed(context, Path(row["path"]), looked.signature):
            self._give_back(row)
        elif isinstance(reading, FileRejected):
            self._reject(row, reading, looked)
        else:
            context.journal.write(lambda c: self._register(c, row, reading, looked))
        return True

    def _look(self, row: RowMapping) -> Looked:
        """Read a file by the mapping of what it belongs to. Raises FileNotFoundError, SettingsError, StorageError."""
        context, path = self._context, Path(row["path"])
        signature = str(context.files.entry(path).signature)
        sha256, size = context.files.sha256(path)
        candidates = context.journal.read(lambda c: handbacks.candidates(c, sha256, plain_name(row["name"])))
        try:
            reading: Reading | FileRejected = self._read(row, candidates)
        except FileRejected as rejected:
            reading = rejected
        return Looked(signature=signature, sha256=sha256, size=size, candidates=candidates, reading=reading)

    def _give_back(self, row: RowMapping) -> None:
        """Somebody still writes to it: back to retry/, where it has to lie still again."""
        context, now = self._context, self._context.clock.now()
        self._unfinished = True
        context.journal.write(lambda c: incidents.clear(c, _incident(row), now))
        give_back(context, row, "changed while read")
        self._unfinished = False

    def _read(self, row: RowMapping, candidates: Sequence[handbacks.Candidate]) -> Reading:
        """Read with each candidate's mapping until order numbers match; else by name; else as a new file."""
        first_failure: FileRejected | None = None
        fallback: Reading | None = None
        seen: set[tuple[str, str]] = set()
        for candidate in candidates:
            route = self._context.route(candidate.route)
            if route is None or (route.mapping, route.name) in seen:
                continue
            seen.add((route.mapping, route.name))
            try:
                reading = self._read_by(row, route, candidates)
            except FileRejected as rejected:
                if candidate.by_name or candidate.by_bytes:
                    first_failure = first_failure or rejected
                continue
            numbers = {source.order_number for source in reading.result.orders}
            if any(numbers & other.open_numbers for other in candidates if other.account == route.account):
                return reading
            if candidate.by_name or candidate.by_bytes:
                fallback = fallback or reading
        if fallback is not None:
            return fallback
        if first_failure is not None:
            raise first_failure
        return self._as_new(row)

    def _read_by(self, row: RowMapping, route: Route, candidates: Sequence[handbacks.Candidate]) -> Reading:
        context = self._context
        mapping = context.mappings.get(route.mapping)
        result = context.pool.read(
            route.mapping, Path(row["path"]), name=row["name"], trailer=False,
            max_bytes=context.settings.max_file_bytes,
        ).result()
        numbers = {source.order_number for source in result.orders}
        linked = [
            c for c in candidates
            if c.account == route.account and (c.by_name or c.by_bytes or numbers & c.open_numbers)
        ]
        rejected = next((c.interchange for c in linked if c.rejected and (c.by_name or c.by_bytes)), None)
        return Reading(
            route=route, mapping=mapping, result=result, originals=frozenset(c.interchange for c in linked),
            retry_of=rejected if rejected is not None else (linked[0].interchange if linked else None),
        )

    def _as_new(self, row: RowMapping) -> Reading:
        """Nothing that waits fits this file: it goes as if it had been dropped into the inbox."""
        context = self._context
        name = plain_name(row["name"])
        folders = dict.fromkeys(route.folder for route in context.routes)
        for folder in folders:
            route = choose_route(context.files, Path(row["path"]), name, folder, context.routes)
            if route is not None:
                return self._read_by(row, route, ())
        raise no_route(row["name"])

    def _link(self, candidates: Sequence[handbacks.Candidate], row: RowMapping) -> int | None:
        named = [c for c in candidates if c.by_bytes or c.by_name]
        return next((c.interchange for c in named if c.rejected), named[0].interchange if named else None)

    def _reject(self, row: RowMapping, rejected: FileRejected, looked: Looked) -> None:
        now = self._context.clock.now()
        retry_of = self._link(looked.candidates, row)
        findings = [finding for finding in rejected.findings if isinstance(finding, Finding)]

        def refuse(connection: Connection) -> None:
            interchanges.mark_rejected(
                connection, row, code=rejected.code, reason=rejected.message, findings=findings, now=now,
                sha256=looked.sha256, size=looked.size,
            )
            handbacks.link(connection, row["sequence"], retry_of)
            incidents.clear(connection, _incident(row), now)

        self._context.journal.write(refuse)

    def _register(self, connection: Connection, row: RowMapping, reading: Reading, looked: Looked) -> None:
        """Register each order by its verdict; what it replaces gives up its place in the same commit."""
        context, now = self._context, self._context.clock.now()
        account = reading.route.account
        interchanges.mark_split(
            connection, row, sha256=looked.sha256, size=reading.result.size, duplicate_of=None, now=now,
            signature=looked.signature, order_count=len(reading.result.orders), retry_of=reading.retry_of,
            route=reading.route.name, account=account, mapping=reading.route.mapping,
            findings=[finding.as_dict() for finding in reading.result.warnings],
        )
        generation = locate(connection, account)
        numbers = [source.order_number for source in reading.result.orders]
        lanes = handbacks.lanes_of(connection, account, numbers)
        verdicts = [_verdict(source, lanes.get(source.order_number, ()), reading) for source in reading.result.orders]
        registrations = [
            _registration(source, verdict, row["sequence"], generation)
            for source, verdict in zip(reading.result.orders, verdicts, strict=True)
        ]
        ids = interchanges.register(connection, row, registrations, message_rules(reading.mapping, reading.route), now)
        replaced = [(v.replaces, new) for v, new in zip(verdicts, ids, strict=True) if v.replaces is not None]
        handbacks.replace(connection, replaced, now)
        incidents.clear(connection, _incident(row), now)
        context.keeper.settle(connection, {(account, number) for number in numbers}, now)


def _incident(row: RowMapping) -> str:
    return f"retry:{row['claim']}"


def plain_name(name: str) -> str:
    """Return the name as dropped: without the `~2` that keeps names apart in error/."""
    stem, dot, extension = name.rpartition(".")
    if not dot:
        stem, extension = name, ""
    return re.sub(r"~\d+$", "", stem) + (f".{extension}" if dot else "")


def _verdict(source: OrderSource, rows: Sequence[RowMapping], reading: Reading) -> Verdict:
    known = [
        Known(
            id=row["id"], interchange=row["interchange"], state=MessageState(row["state"]),
            kind=MessageKind(row["kind"] or row["kind_hint"]) if row["kind"] or row["kind_hint"] else None,
            revision=row["revision"], source_hash=row["source_hash"],
            lane=(row["lane_major"], row["lane_minor"]), reason_code=row["reason_code"],
            release_as=MessageKind(row["release_as"]) if row["release_as"] else None, approved=row["approved"],
        )
        for row in rows
    ]
    return judge_handback(source.source_hash, source.kind_hint, source.revision, known, reading.originals)


def _registration(source: OrderSource, verdict: Verdict, sequence: int, generation: int) -> Registration:
    major, minor = verdict.lane or (sequence, source.ordinal)
    plain = registration(source, major=major, minor=minor, generation=generation)
    bad_cells = verdict.state is MessageState.REGISTERED and plain.state is MessageState.FAILED
    state = plain.state if bad_cells else verdict.state
    code = plain.reason_code if bad_cells else verdict.reason_code
    reason = plain.reason if bad_cells else verdict.reason
    return Registration(
        source=source, lane_major=major, lane_minor=minor, generation=generation, state=state,
        reason_code=code, reason=reason, approved=verdict.approved,
        release_as=str(verdict.release_as) if verdict.release_as else None,
    )
