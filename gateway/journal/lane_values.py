"""What the rules of a lane look at and what they answer: frozen values, no decision and no effect.

A lane is all messages of one order number in one account.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.model import MessageKind, MessageState

S = MessageState


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneMessage:
    """One open message of a lane, as far as the rules look at it."""

    id: int
    state: MessageState
    kind: MessageKind | None  # root element of the result; None until mapped
    kind_hint: MessageKind | None  # what the source itself says
    origin: str
    source_hash: str
    content_hash: str | None
    assumed_known: bool | None  # what the stylesheet was told
    assumed_change: int | None
    release_as: MessageKind | None  # a person's decision
    approved: bool  # a person has seen what stands against it, and said: go
    duplicate_of: int | None
    supplier: str | None
    buyer: str | None
    line_ids: tuple[str, ...]
    status_word: str | None
    repeat: str
    lost_lines: str
    complete_order: bool
    due_at: datetime | None
    turn: bool
    waits_for: int | None = None
    reason_code: str | None = None

    @property
    def probable_kind(self) -> MessageKind:
        """The kind, or what the source says, or Order: what an unmapped export most likely is."""
        return self.kind or self.kind_hint or MessageKind.ORDER

    @property
    def explicit_change(self) -> bool:
        """An OrderChange because the source says so, not because the gateway remembered the order.

        A mapping that was told that the order is known makes a change of any repeat: that is the gateway's own
        idea, and the repeat rule judges it.
        """
        if self.probable_kind is not MessageKind.CHANGE:
            return False
        return self.kind_hint is MessageKind.CHANGE or (self.release_as is None and not self.assumed_known)

    @property
    def whole_document(self) -> bool:
        """It says everything about the order, so what it does not say is gone."""
        kind = self.probable_kind
        return kind is MessageKind.ORDER or (
            kind is MessageKind.CHANGE and (self.complete_order or not self.explicit_change)
        )

    @property
    def cancels(self) -> bool:
        """A status message that cancels the order."""
        return self.kind is MessageKind.STATUS and (self.status_word or "").startswith("cancel")

    @property
    def waits_for_order(self) -> bool:
        """It came before its Order and waits for that alone; nothing in its lane stands in its way."""
        return self.state is S.PARKED and self.waits_for is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What Jakamo was last sent under an order number."""

    content_hash: str | None  # None: only the number is known
    imported: bool  # declared by `orders import`, not sent by us
    change_count: int
    cancelled: bool
    supplier: str | None
    buyer: str | None
    line_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneRules:
    """The settings that the rules read."""

    order_wait: timedelta
    duplicate_file: str = "hold"
    send: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One message to be put into `state`; `turn` says that it is its lane's head and may go."""

    message_id: int
    state: MessageState
    turn: bool = False
    reason_code: str | None = None
    reason: str | None = None
    waits_for: int | None = None
    due_at: datetime | None = None
    replaced_by: int | None = None
    baseline: bool = False  # its content becomes what counts as last sent
