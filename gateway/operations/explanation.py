"""What `explain` tells of a file: frozen values, made by `explaining`, printed by the command. Its JSON is a contract.

Room: operations. No effects.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gateway.jakamo.preview import Preview
from gateway.mapping.mapping import Mapping
from gateway.model import Finding, MessageKind, MessageState
from gateway.operations.overview import stamp
from gateway.operations.source_view import SourceView


@dataclass(frozen=True, slots=True, kw_only=True)
class Considered:
    """One route that was looked at: whether it takes the file, and why or why not."""

    route: str
    takes: bool
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What the file is."""

    name: str
    size: int
    sha256: str | None  # None when the file was rejected before it was read whole
    format: str
    dialect: tuple[tuple[str, str], ...]  # word and value: ("encoding", "windows-1252")
    rows: int | None  # CSV: rows in the file, the header row too
    orders: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LastSent:
    """What was last sent for the order, as the journal knows it."""

    message: int
    at: datetime
    difference: tuple[str, ...]  # one sentence each; empty when nothing differs


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFate:
    """One order: what would become of it if the file were dropped now. Small, for there may be very many."""

    ordinal: int
    order_number: str
    kind: MessageKind | None
    kind_hint: MessageKind | None
    state: MessageState  # ready: it would go
    code: str | None
    reason: str | None
    waits_for: int | None
    findings: tuple[Finding, ...]

    @property
    def needs_person(self) -> bool:
        """Tell whether somebody must do something before it goes."""
        waits = self.state is MessageState.PARKED and self.waits_for is not None
        return waits or self.state in (MessageState.FAILED, MessageState.HELD)

    @property
    def goes(self) -> bool:
        """Tell whether it would be sent by itself, now or after a wait."""
        return self.state in (MessageState.READY, MessageState.REGISTERED, MessageState.PARKED) and (
            not self.needs_person
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDetail:
    """One order that is shown in full."""

    fate: OrderFate
    place: str  # "rows 2-4", "line 14"
    source: SourceView
    canonical: str
    result: str | None  # the document as text; also of a refused one, when its stylesheet gave one
    request: Preview | None  # the request that would go; None when nothing may go
    last_sent: LastSent | None
    marks: dict[int, tuple[int, ...]] = field(default_factory=dict)  # line of the result -> numbers of findings


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """All of it."""

    file: str
    mapping: Mapping | None  # None: no route takes the file
    route: str | None
    account: str | None
    sends: bool
    considered: tuple[Considered, ...]
    journal: str  # whether a journal was looked into, in words
    source: Source | None
    rejected: tuple[Finding, ...]  # why the whole file is refused
    rejected_source: SourceView | None
    warnings: tuple[Finding, ...]  # of the file
    fates: tuple[OrderFate, ...]
    shown: tuple[OrderDetail, ...]

    @property
    def left_out(self) -> int:
        """Return how many orders are not shown in full."""
        return len(self.fates) - len(self.shown)

    @property
    def needs_person(self) -> bool:
        """Tell whether not all of it would go."""
        return self.mapping is None or bool(self.rejected) or any(fate.needs_person for fate in self.fates)

    def count(self, state: MessageState) -> int:
        """Return how many orders would come into a state."""
        return sum(1 for fate in self.fates if fate.state is state)

    def as_json(self) -> dict[str, Any]:
        """Return it for scripts."""
        mapping, source = self.mapping, self.source
        return {
            "file": self.file,
            "needs_person": self.needs_person,
            "route": self.route,
            "routes": [{"route": one.route, "takes": one.takes, "why": one.why} for one in self.considered],
            "mapping": None if mapping is None else {
                "name": mapping.name, "folder": str(mapping.folder), "hash": mapping.hash,
            },
            "account": self.account,
            "sends": self.sends,
            "journal": self.journal,
            "source": None if source is None else {
                "name": source.name, "size": source.size, "sha256": source.sha256, "format": source.format,
                "dialect": dict(source.dialect), "rows": source.rows, "orders": source.orders,
            },
            "rejected": [finding.as_dict() for finding in self.rejected],
            "warnings": [finding.as_dict() for finding in self.warnings],
            "counts": {
                str(state): self.count(state) for state in dict.fromkeys(fate.state for fate in self.fates)
            },
            "orders": [_detail_json(one) for one in self.shown],
            "left_out": self.left_out,
        }  # fmt: skip


def _detail_json(one: OrderDetail) -> dict[str, Any]:
    fate, request, last = one.fate, one.request, one.last_sent
    return {
        "order": fate.order_number,
        "ordinal": fate.ordinal,
        "place": one.place,
        "kind": fate.kind,
        "kind_in_source": fate.kind_hint,
        "would_be": str(fate.state),
        "goes": fate.goes,
        "needs_person": fate.needs_person,
        "code": fate.code,
        "reason": fate.reason,
        "findings": [finding.as_dict() for finding in fate.findings],
        "canonical": one.canonical,
        "result": one.result,
        "request": None if request is None else {
            "method": request.method, "url": request.url, "headers": dict(request.headers),
        },
        "last_sent": None if last is None else {
            "message": last.message, "at": stamp(last.at), "difference": list(last.difference),
        },
    }  # fmt: skip
