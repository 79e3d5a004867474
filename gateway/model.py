"""The values and states that all rooms share. Frozen, no effects, no imports of other rooms.

States and their transitions are written down once, here; the journal enforces them.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any


class MessageKind(StrEnum):
    """What Jakamo is told: the root element of the document that is sent."""

    ORDER = "Order"
    CHANGE = "OrderChange"
    STATUS = "StatusMessage"


class QueueKind(StrEnum):
    """What Jakamo's response queue holds, told by the root element, case ignored."""

    RESPONSE = "OrderResponse"
    STATUS = "StatusMessage"
    ATTACHMENT = "Attachment"
    UNKNOWN = "Unknown"


class InterchangeState(StrEnum):
    """Life of one file as the ERP dropped it."""

    CLAIMED = "claimed"  # in .work/ under its uuid; pass one not finished
    SPLIT = "split"  # pass one done, messages registered
    CLOSING = "closing"  # every message at its end; the final place of the original is chosen
    CLOSED = "closed"  # original in its final place
    REJECTED = "rejected"  # refused as a whole; original in error/, waits for a person
    RETURNED = "returned"  # changed while we read it; given back to the inbox


class MessageState(StrEnum):
    """Life of one Order, OrderChange or StatusMessage."""

    REGISTERED = "registered"  # read by pass one, not yet mapped; holds its place in the lane
    READY = "ready"  # mapped, valid, exact bytes stored
    SENDING = "sending"  # intent committed; a call may be on the wire
    RETRYING = "retrying"  # surely not sent, or safe to repeat; due at a stated time
    SENT = "sent"
    UNKNOWN = "unknown"  # the answer never came; nobody may guess
    FAILED = "failed"  # a person must mend it
    HELD = "held"  # a person must decide
    PARKED = "parked"  # waits in its lane, and says for whom
    UNCHANGED = "unchanged"  # equal to what was last sent; not sent
    REPLACED = "replaced"  # a newer document took its place
    SKIPPED = "skipped"  # a person or a rule said: not to be sent
    REHEARSED = "rehearsed"  # send = false


class QueueState(StrEnum):
    """Life of one message of the response queue."""

    STORED = "stored"
    DELIVERED = "delivered"
    ACKNOWLEDGED = "acknowledged"
    PROBLEM = "problem"


I, M, Q = InterchangeState, MessageState, QueueState

INTERCHANGE_TRANSITIONS: dict[InterchangeState, frozenset[InterchangeState]] = {
    I.CLAIMED: frozenset({I.SPLIT, I.REJECTED, I.RETURNED, I.CLOSING}),
    I.SPLIT: frozenset({I.CLOSING, I.CLOSED, I.REJECTED}),
    I.CLOSING: frozenset({I.CLOSED}),
    I.CLOSED: frozenset(),
    I.REJECTED: frozenset({I.CLOSING, I.CLOSED}),
    I.RETURNED: frozenset(),
}

MESSAGE_TRANSITIONS: dict[MessageState, frozenset[MessageState]] = {
    M.REGISTERED: frozenset(
        {M.READY, M.FAILED, M.HELD, M.PARKED, M.UNCHANGED, M.REPLACED, M.SKIPPED, M.REHEARSED}
    ),
    M.READY: frozenset(
        {M.SENDING, M.REGISTERED, M.HELD, M.PARKED, M.UNCHANGED, M.REPLACED, M.SKIPPED, M.REHEARSED, M.FAILED}
    ),
    M.SENDING: frozenset({M.SENT, M.RETRYING, M.UNKNOWN, M.FAILED, M.READY}),
    M.RETRYING: frozenset({M.SENDING, M.FAILED, M.HELD, M.SKIPPED, M.REPLACED, M.UNKNOWN}),
    M.SENT: frozenset(),
    M.UNKNOWN: frozenset({M.SENT, M.READY, M.SKIPPED}),
    M.FAILED: frozenset({M.READY, M.REGISTERED, M.SKIPPED, M.REPLACED, M.HELD, M.PARKED, M.SENT}),
    M.HELD: frozenset({M.READY, M.REGISTERED, M.SKIPPED, M.REPLACED, M.PARKED, M.UNCHANGED}),
    M.PARKED: frozenset(
        {M.READY, M.REGISTERED, M.HELD, M.SKIPPED, M.REPLACED, M.UNCHANGED, M.REHEARSED, M.FAILED}
    ),
    M.UNCHANGED: frozenset(),
    M.REPLACED: frozenset(),
    M.SKIPPED: frozenset(),
    M.REHEARSED: frozenset(),
}

QUEUE_TRANSITIONS: dict[QueueState, frozenset[QueueState]] = {
    Q.STORED: frozenset({Q.DELIVERED, Q.PROBLEM}),
    Q.DELIVERED: frozenset({Q.ACKNOWLEDGED}),
    Q.PROBLEM: frozenset({Q.ACKNOWLEDGED, Q.STORED}),
    Q.ACKNOWLEDGED: frozenset({Q.STORED}),  # redeliver, by a person
}

ENDED = frozenset({M.SENT, M.UNCHANGED, M.REPLACED, M.SKIPPED, M.REHEARSED})
"""A message in one of these never moves again."""

WAITS_FOR_PERSON = frozenset({M.FAILED, M.HELD, M.UNKNOWN})
"""A message in one of these blocks its lane and shows in error/."""

MOVABLE = frozenset({M.REGISTERED, M.READY, M.SENDING, M.RETRYING})
"""A message in one of these moves by itself."""


class AnswerClass(StrEnum):
    """What an answer to a call means; see the table in the README."""

    NOT_SENT = "not-sent"  # surely not sent: no byte of the request was written
    COME_BACK = "come-back"  # refused for now: 429, 503
    MAYBE = "maybe-received"
    ACCEPTED = "accepted"
    DATA = "data"  # this document is refused
    SETTINGS = "settings"  # the account, not the document


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The meaning of one call to Jakamo. Secrets never appear in `words` or `detail`."""

    answer_class: AnswerClass
    status: int | None = None
    words: str = ""  # Jakamo's own words, or the transport's, cut to a sane length
    detail: str = ""  # for the technical reader: exception name, redirect target, certificate subject
    retry_after_seconds: float | None = None
    elapsed_seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueAnswer:
    """What a GET of the response queue gave.

    `message` is set when the queue's head was read whole; `empty` when the queue said so; otherwise
    `answer` says why neither (HTML page, error, outage).
    """

    answer: Answer
    empty: bool = False
    body: bytes | None = None
    headers: tuple[tuple[str, str], ...] = ()

    def header(self, name: str) -> str | None:
        """Return the header's value; names compare without regard to case (RFC 9110)."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)


UNMAPPED_CODE = "unmapped-code"
"""Code of the finding that a code table lacks a code of the source: mended in the table, not in the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing wrong with a document, placed in the source as far as it is known."""

    code: str  # stable, kebab-case: "bad-date", "too-long", "schema", "row-without-order" ...
    message: str  # what is wrong and what was expected, in the words of the source
    severity: str = "error"  # "error" refuses, "warning" is shown
    row: int | None = None  # CSV: row in the file, header row is 1
    column: str | None = None  # CSV: header text, or column number as text
    line: int | None = None  # XML: line in the source
    path: str | None = None  # XML: path in the source; or path in the result when not traced
    value: str | None = None
    expected: str | None = None

    def where(self) -> str:
        """Return the place in words: 'row 7, column "Toimituspvm"'."""
        parts = []
        if self.row is not None:
            parts.append(f"row {self.row}")
        if self.column is not None:
            parts.append(f'column "{self.column}"')
        if self.line is not None:
            parts.append(f"line {self.line}")
        if self.path is not None:
            parts.append(self.path)
        return ", ".join(parts)

    def as_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dict without empty fields."""
        return {key: value for key, value in asdict(self).items() if value is not None}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Finding:
        """Read back what `as_dict` wrote."""
        return cls(**data)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the gateway itself reads from a document it sends."""

    kind: MessageKind
    order_number: str
    content_hash: str  # equal for equal content: issue time, sequence number and root name aside
    supplier: str | None = None
    buyer: str | None = None
    currency: str | None = None
    line_ids: tuple[str, ...] = ()
    status_word: str | None = None  # StatusMessage only, lower case: "cancelled", "received" ...

    @property
    def is_cancellation(self) -> bool:
        """Tell whether this is a StatusMessage that cancels the order."""
        return self.kind is MessageKind.STATUS and (self.status_word or "").startswith("cancel")


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSource:
    """One order group of a file, as pass one read it: not yet mapped."""

    ordinal: int
    order_number: str
    kind_hint: MessageKind | None  # what the source itself says; None when it cannot say
    revision: str | None
    canonical: bytes  # canonical tree, UTF-8, with source positions
    source_hash: str  # hash of the raw values alone: equal means unedited
    findings: tuple[Finding, ...] = ()  # bad cells: any error among them fails the order


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadResult:
    """What pass one gives: the whole file was read once.

    The orders of a file too large to be held lie in a spool (see `mapping.spool`), `spooled` of them; else in `orders`.
    """

    sha256: str
    size: int
    orders: tuple[OrderSource, ...]
    warnings: tuple[Finding, ...] = ()
    spool: Path | None = None
    spooled: int = 0

    @property
    def order_count(self) -> int:
        """Return how many orders the file holds."""
        return len(self.orders) if self.spool is None else self.spooled


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownSuppliers:
    """The supplier numbers that Jakamo has a company for; None when that could not be asked, and why."""

    ids: frozenset[str] | None
    trouble: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MapRequest:
    """One order to be mapped, with what the stylesheet is told about the order's past."""

    key: int  # message id, given back in the result
    mapping: str
    canonical: bytes
    known: bool = False  # Jakamo has this order already
    change_number: int = 0  # which change this would be: 1 for the first
    release_as: MessageKind | None = None  # a person's decision, or the repeat rule's
    strict: bool = True  # profile = "refuse"
    rules: tuple[tuple[str, str], ...] = ()  # business rules to be held to: id, and "refuse" or "warn"
    suppliers: KnownSuppliers | None = None  # for the rule that asks whether Jakamo knows the supplier


@dataclass(frozen=True, slots=True, kw_only=True)
class MapResult:
    """What mapping one order gave: a valid body with its facts, or findings that refuse it."""

    key: int
    body: bytes | None
    facts: Facts | None
    findings: tuple[Finding, ...] = ()
    mapping_hash: str = ""
    refused_body: bytes | None = None  # what the stylesheet made when a finding refuses it: to be looked at, never sent

    @property
    def valid(self) -> bool:
        """Tell whether the body may be sent."""
        return self.body is not None and self.facts is not None and not any(
            finding.severity == "error" for finding in self.findings
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseRequest:
    """One understood queue message to be looked at and, when a mapping is named, to be mapped for the ERP."""

    kind: QueueKind
    order_number: str
    account: str
    body: bytes
    mapping: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseResult:
    """What is wrong with a queue message, and what the ERP gets instead of it, if anything."""

    findings: tuple[Finding, ...] = ()
    written: bytes | None = None  # None: the message itself, byte for byte
    ending: str = ""  # of the file's name, with its dot
    problem: str | None = None  # why the mapping did not manage this message
    unusable: str | None = None  # why the mapping or a schema cannot be used: no fault of the message
