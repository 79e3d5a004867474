"""The response queue: first in, first out; the head stays until somebody posts to its acknowledge address."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from gateway.simulator.values import XML, Headers, Refused, Reply, replace_headers

ACKNOWLEDGE_PATH = "/api/order/response/acknowledge/"
EMPTY = b"<status>No more messages available.</status>"


@dataclass(slots=True)
class QueuedMessage:
    """One message that waits. `headers` may hold `{acknowledge_path}`, filled in when it is read."""

    id: str
    body: bytes
    headers: Mapping[str, str | None]
    fetched: int = 0  # how often it was read

    def to_json(self) -> dict[str, Any]:
        """Return all but the body."""
        return {
            "id": self.id,
            "headers": dict(self.headers),
            "sha256": sha256(self.body).hexdigest(),
            "size": len(self.body),
            "fetched": self.fetched,
        }


class ResponseQueue:
    """All that waits for the buyer. Thread-safe."""

    def __init__(self, *, fresh_uris: bool = False) -> None:
        self.fresh_uris = fresh_uris
        """Give the head another acknowledge address at each read; the older ones work too."""
        self._lock = threading.Lock()
        self._messages: list[QueuedMessage] = []
        self._count = 0
        self._acknowledged: list[str] = []

    def __len__(self) -> int:
        return len(self._messages)

    @property
    def acknowledged(self) -> tuple[str, ...]:
        """Return the ids of the messages that are gone, in the order they went."""
        with self._lock:
            return tuple(self._acknowledged)

    def messages(self) -> tuple[QueuedMessage, ...]:
        """Return what waits, head first."""
        with self._lock:
            return tuple(self._messages)

    def put(self, body: bytes, headers: Mapping[str, str | None] | None = None) -> str:
        """Append a message and return its id.

        `headers` add to or replace Content-Type and X-Acknowledge-Uri; a value of None drops the header.
        """
        with self._lock:
            self._count += 1
            message = QueuedMessage(str(self._count), body, dict(headers or {}))
            self._messages.append(message)
        return message.id

    def head(self, base_url: str) -> Reply:
        """Return the first message as it is answered, or the words for an empty queue."""
        with self._lock:
            if not self._messages:
                return Reply(200, EMPTY, (("Content-Type", XML),))
            message = self._messages[0]
            message.fetched += 1
            suffix = f"-{message.fetched}" if self.fresh_uris else ""
        path = f"{ACKNOWLEDGE_PATH}{message.id}{suffix}"
        plain: Headers = (("Content-Type", XML), ("X-Acknowledge-Uri", f"{base_url}{path}"))
        filled = replace_headers(plain, dict(message.headers))
        return Reply(
            200, message.body, tuple((name, value.replace("{acknowledge_path}", path)) for name, value in filled)
        )

    def acknowledge(self, token: str) -> None:
        """Remove the message with that acknowledge token; raises Refused 404 when it is not there (any more)."""
        wanted = token.partition("-")[0]
        with self._lock:
            for position, message in enumerate(self._messages):
                if message.id == wanted:
                    del self._messages[position]
                    self._acknowledged.append(wanted)
                    return
        raise Refused(404, "Message not found")
