"""The service's log: the journal's history as it grows, one line an event, each with a stable `action`.

Room: cli. What is logged is what the journal recorded, after it was recorded: the two cannot differ. Bodies and
secrets are not in the history, so they are in no log either.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal, TextIO

import structlog
from sqlalchemy import Connection, RowMapping

from gateway.cli.output import plain
from gateway.errors import GatewayError
from gateway.journal import incidents
from gateway.journal.recent import LoggedEvent, events_after
from gateway.site import Site

LogFormat = Literal["auto", "console", "json", "off"]
LOOK_SECONDS = 0.5
MOST_AT_ONCE = 500
LOUD = frozenset({"failed", "unknown", "rejected", "problem", "paused", "refused"})
"""Events that somebody may have to look into; the rest is information."""
_SUBJECTS = {"interchange": "file", "queue": "response"}


def make_logger(form: LogFormat, stream: TextIO | None = None) -> structlog.typing.FilteringBoundLogger | None:
    """Return a logger to `stream` (stderr); None when nothing is to be logged."""
    stream = stream or sys.stderr
    if form == "off":
        return None
    if form == "auto":
        form = "console" if stream.isatty() else "json"
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=stream.isatty(), sort_keys=False, pad_event_to=0)
    )
    logger: structlog.typing.FilteringBoundLogger = structlog.wrap_logger(
        structlog.PrintLogger(stream),
        processors=[structlog.processors.add_log_level, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(0),
        cache_logger_on_first_use=True,
    )
    return logger


class EventLog:
    """Follows a site's history from where it stands, in a thread of its own, until closed; then tells the rest."""

    def __init__(self, site: Site, logger: structlog.typing.FilteringBoundLogger, after: int) -> None:
        self._site, self._logger, self._after = site, logger, after
        self._open: dict[str, str] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="event-log", daemon=True)

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def close(self) -> None:
        """Tell what is left, and end."""
        self._ended.set()
        self._thread.join()
        self.look()

    def note(self, action: str, event: str, **fields: Any) -> None:
        """Log something of the process itself, such as its start."""
        self._log("info", datetime.now(UTC), event, action, fields)

    def _follow(self) -> None:
        while not self._ended.wait(LOOK_SECONDS):
            self.look()

    def look(self) -> None:
        """Tell everything that is new. A journal that does not answer now is asked again."""
        try:
            while events := self._site.journal.read(lambda c: events_after(c, self._after, MOST_AT_ONCE)):
                for event in events:
                    self._tell(event)
                    self._after = event.id
            self._tell_incidents(self._site.journal.read(_open_incidents))
        except GatewayError as error:
            self._log("warning", datetime.now(UTC), plain(error.message), "log.behind", {})

    def _tell(self, event: LoggedEvent) -> None:
        subject = _SUBJECTS.get(event.subject, event.subject)
        fields = {
            f"{subject}_id": event.key, "order": event.order_number, "file": event.file, "account": event.account,
            "why": event.text or None,
        }  # fmt: skip
        words = f"{event.order_number or event.file or subject} {event.event}"
        level = "warning" if event.event in LOUD else "info"
        self._log(level, event.at, words, f"{subject}.{event.event}", fields)

    def _tell_incidents(self, found: Mapping[str, RowMapping]) -> None:
        """Tell incidents once when they open and once when they are over, however often they were counted."""
        for key, row in found.items():
            if key not in self._open:
                self._log("warning", row["opened_at"], row["text"], "incident.opened", {"key": key})
        for key in self._open.keys() - found.keys():
            self._log("info", datetime.now(UTC), self._open[key], "incident.cleared", {"key": key})
        self._open = {key: row["text"] for key, row in found.items()}

    def _log(self, level: str, at: datetime, words: str, action: str, fields: Mapping[str, Any]) -> None:
        kept = {key: plain(value) if isinstance(value, str) else value for key, value in fields.items()}
        self._logger.log(
            {"info": 20, "warning": 30}[level], plain(words), timestamp=at.astimezone(UTC).isoformat(), action=action,
            **{key: value for key, value in kept.items() if value is not None},
        )  # fmt: skip


def _open_incidents(connection: Connection) -> dict[str, RowMapping]:
    return {row["key"]: row for row in incidents.open_incidents(connection)}
