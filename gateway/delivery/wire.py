"""What delivery knows of one account: its door to Jakamo, and the settings that decide. Values and a protocol only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from gateway.delivery.policy import SendingLimits
from gateway.model import Answer, MessageKind, QueueAnswer


class Wire(Protocol):
    """What delivery needs of the Jakamo client. Neither call raises for trouble on the wire."""

    def send(self, kind: MessageKind, order_number: str, body: bytes) -> Answer:
        """Send one document and say what the answer means."""
        ...

    def fetch(self) -> QueueAnswer:
        """Read the head of the queue without consuming it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One account as delivery sees it."""

    name: str
    wire: Wire
    limits: SendingLimits
    workers: int
    digest: Callable[[], str]  # of settings and secrets: another one ends a pause; slow
    resend_after: timedelta | None = None  # unknown_outcome = "resend"
