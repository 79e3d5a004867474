"""Judges the orders of a file: maps them, and asks the rules of their lanes what would become of each.

Room: operations. Reads and maps through an engine; keeps no document, for there may be very many orders.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.journal.foresight import FIRST_ID, Past, foresee
from gateway.journal.lane_values import LaneMessage, LaneRules, Move
from gateway.journal.messages import Assumed, assume
from gateway.mapping.engine import Engine
from gateway.mapping.mapping import Mapping
from gateway.model import Facts, Finding, MapRequest, MapResult, MessageKind, MessageState, OrderSource
from gateway.operations.explanation import Considered, OrderFate
from gateway.settings import Account
from gateway.settings.rules import Rules

BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """By what a file is judged: its mapping, and as much of a site as there is."""

    mapping: Mapping
    max_bytes: int
    route: str | None = None
    strict: bool = True
    business_rules: tuple[tuple[str, str], ...] = tuple(Rules().levels())
    trailer: bool = False
    account_name: str | None = None
    account: Account | None = None
    rules: LaneRules | None = None
    considered: tuple[Considered, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One order with what its mapping was told and gave; bodies are not kept."""

    source: OrderSource
    assumed: Assumed
    facts: Facts | None
    findings: tuple[Finding, ...]


class Judge:
    """Judges by one set of terms."""

    def __init__(self, terms: Terms, engine: Engine, now: datetime) -> None:
        self._terms, self._engine, self._now = terms, engine, now

    def judge(self, sources: Sequence[OrderSource], known: dict[str, Past]) -> list[Judged]:
        """Map all orders, a batch at a time, and keep what the rules of the lanes look at."""
        told = list(zip(sources, self._assumed(sources, known), strict=True))
        judged = []
        for start in range(0, len(told), BATCH):
            batch = told[start : start + BATCH]
            results = self.map(batch)
            for source, assumed in batch:
                result = results.get(source.ordinal)
                findings = (*source.findings, *(result.findings if result is not None else ()))
                facts = result.facts if result is not None and result.valid else None
                judged.append(Judged(source=source, assumed=assumed, facts=facts, findings=findings))
        return judged

    def _assumed(self, sources: Sequence[OrderSource], known: dict[str, Past]) -> Iterator[Assumed]:
        """Yield what each mapping is told: what the journal knows, and what comes before it in this file."""
        pending = {number: past.kinds_before() for number, past in known.items()}
        for source in sources:
            before = pending[source.order_number]
            yield assume(
                known[source.order_number].memory, before, hint=source.kind_hint, repeat=self._terms.mapping.repeat
            )
            if not _wrong_cells(source):
                before.append(str(source.kind_hint or MessageKind.ORDER))

    def map(self, told: Sequence[tuple[OrderSource, Assumed]]) -> dict[int, MapResult]:
        """Return the results of orders, by their place in the file; one with wrong cells is not mapped."""
        terms = self._terms
        requests = [
            assumed.told(
                MapRequest(
                    key=source.ordinal, mapping=terms.mapping.name, canonical=source.canonical, strict=terms.strict,
                    rules=terms.business_rules,
                )
            )
            for source, assumed in told
            if not _wrong_cells(source)
        ]
        return {result.key: result for result in self._engine.map(requests)}

    def fates(
        self, judged: Sequence[Judged], known: dict[str, Past], duplicate_of: int | None
    ) -> dict[int, OrderFate]:
        """Return what would become of each order, by its place in the file."""
        lanes: dict[str, list[LaneMessage]] = {}
        for one in judged:
            lanes.setdefault(one.source.order_number, []).append(self._as_message(one, duplicate_of))
        moves: dict[int, Move] = {}
        if self._terms.rules is not None:
            for number, coming in lanes.items():
                moves.update(foresee(known[number], coming, self._now, self._terms.rules))
        return {one.source.ordinal: _fate(one, moves.get(FIRST_ID + one.source.ordinal)) for one in judged}

    def _as_message(self, one: Judged, duplicate_of: int | None) -> LaneMessage:
        source, facts, mapping = one.source, one.facts, self._terms.mapping
        return LaneMessage(
            id=FIRST_ID + source.ordinal,
            state=MessageState.READY if facts is not None else MessageState.FAILED,
            kind=facts.kind if facts is not None else None,
            kind_hint=source.kind_hint,
            origin="inbox",
            source_hash=source.source_hash,
            content_hash=facts.content_hash if facts is not None else None,
            assumed_known=one.assumed.known,
            assumed_change=one.assumed.change_number,
            release_as=None,
            approved=False,
            duplicate_of=duplicate_of,
            supplier=facts.supplier if facts is not None else None,
            buyer=facts.buyer if facts is not None else None,
            line_ids=facts.line_ids if facts is not None else (),
            status_word=facts.status_word if facts is not None else None,
            repeat=mapping.repeat,
            lost_lines=mapping.lost_lines,
            complete_order=mapping.complete_order,
            due_at=None,
            turn=False,
        )


def _wrong_cells(source: OrderSource) -> bool:
    return any(finding.severity == "error" for finding in source.findings)


def _fate(one: Judged, move: Move | None) -> OrderFate:
    errors = [finding for finding in one.findings if finding.severity == "error"]
    state, code, reason, waits_for = MessageState.READY, None, None, None
    if one.facts is None:
        first = errors[0] if errors else None
        state, code = MessageState.FAILED, first.code if first is not None else None
        reason = _sentence(errors) if errors else None
    elif move is not None:
        state, code, reason, waits_for = move.state, move.reason_code, move.reason, move.waits_for
    return OrderFate(
        ordinal=one.source.ordinal, order_number=one.source.order_number,
        kind=one.facts.kind if one.facts is not None else None, kind_hint=one.source.kind_hint, state=state,
        code=code, reason=reason, waits_for=waits_for, findings=one.findings,
    )  # fmt: skip


def _sentence(errors: Sequence[Finding]) -> str:
    where, more = errors[0].where(), f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return f"{where}: {errors[0].message}{more}" if where else f"{errors[0].message}{more}"
