"""Where a site stands now: what `status` and the page's first screen tell. Looks, changes nothing.

The keys of `as_json` are a contract with scripts.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, RowMapping

from gateway.journal import accounts, incidents, queries, totals
from gateway.journal.recent import events_since
from gateway.operations.places import Places
from gateway.operations.reasons import next_step
from gateway.settings import Settings

STANDING = (
    "stuck:", "share:", "folder:", "claim:", "mapping:", "mapping-unusable", "reading:", "placement:", "closing:",
    "queue:", "outbox:", "paused:",
)  # fmt: skip
"""Incidents that stay open exactly as long as a person is needed. An outage is none: it passes by itself."""
MOST_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """What the journal says, read in one snapshot."""

    accounts: tuple[RowMapping, ...]
    paused_routes: Mapping[str, RowMapping]
    messages: Mapping[str, int]
    files: Mapping[str, int]
    queue: Mapping[str, int]
    today: Mapping[tuple[str, str], int]
    attention: tuple[RowMapping, ...]
    examples: Mapping[int, RowMapping]
    rejected: tuple[RowMapping, ...]
    problems: tuple[RowMapping, ...]
    removed: tuple[RowMapping, ...]
    incidents: tuple[RowMapping, ...]
    actions_waiting: int

    @property
    def needs_person(self) -> bool:
        """Tell whether something waits for somebody: an order, a file, a queue message, settings, a folder."""
        return bool(
            self.attention
            or self.rejected
            or self.problems
            or any(row["paused_at"] is not None and row["pause_by"] != "person" for row in self.accounts)
            or any(row["key"].startswith(STANDING) for row in self.incidents)
        )


def read_journal(connection: Connection, midnight: datetime) -> Remembered:
    """Read everything an overview tells; `midnight` is when today began."""
    attention = totals.attention(connection)
    return Remembered(
        accounts=tuple(accounts.all_rows(connection)),
        paused_routes=totals.paused_routes(connection),
        messages=totals.message_counts(connection),
        files=totals.file_counts(connection),
        queue=totals.queue_counts(connection),
        today=events_since(connection, midnight),
        attention=tuple(attention),
        examples={
            row["id"]: row for row in queries.messages_by_id(connection, [group["first"] for group in attention])
        },
        rejected=tuple(totals.rejected_files(connection, MOST_SHOWN)),
        problems=tuple(totals.problems(connection, MOST_SHOWN)),
        removed=tuple(totals.removed_by_hand(connection)),
        incidents=tuple(incidents.open_incidents(connection)),
        actions_waiting=totals.waiting_actions(connection),
    )


NOTHING = Remembered(
    accounts=(), paused_routes={}, messages={}, files={}, queue={}, today={}, attention=(), examples={}, rejected=(),
    problems=(), removed=(), incidents=(), actions_waiting=0,
)  # fmt: skip
"""What is remembered before the first run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Where a site stands."""

    settings: Settings
    running: bool
    has_run: bool
    remembered: Remembered
    places: Places
    at: datetime

    @property
    def needs_person(self) -> bool:
        """Tell whether something waits for somebody."""
        return self.remembered.needs_person

    def as_json(self) -> dict[str, Any]:
        """Return all of it for scripts."""
        known, settings = self.remembered, self.settings
        return {
            "config": str(settings.path) if settings.path else None,
            "node": settings.intake.node,
            "at": stamp(self.at),
            "running": self.running,
            "has_run": self.has_run,
            "needs_person": self.needs_person,
            "accounts": [self._account(name) for name in settings.accounts],
            "routes": self._routes(),
            "messages": dict(known.messages),
            "files": dict(known.files),
            "queue": dict(known.queue),
            "today": {word: known.today.get(event, 0) for word, event in COUNTED.items()},
            "attention": [self._attention(row) for row in known.attention],
            "rejected": [_told(row, _REJECTED) for row in known.rejected],
            "problems": [_told(row, _PROBLEM) for row in known.problems],
            "removed_by_hand": [_told(row, _REMOVED) for row in known.removed],
            "incidents": [_told(row, _INCIDENT) for row in known.incidents],
            "actions_waiting": known.actions_waiting,
            "folders": [_told(asdict(one), _FOLDER) for one in self.places.folders],
            "ignored": [{"path": str(one.path), "reason": one.reason} for one in self.places.ignored],
        }

    def _routes(self) -> list[dict[str, Any]]:
        return [
            {
                "name": route.name, "match": route.match, "folder": route.folder, "mapping": route.mapping,
                "account": route.account, "paused": route.name in self.remembered.paused_routes,
            }
            for route in self.settings.routes
        ]  # fmt: skip

    def _account(self, name: str) -> dict[str, Any]:
        row = next((row for row in self.remembered.accounts if row["name"] == name), None)
        outage = next((one for one in self.remembered.incidents if one["key"] == f"outage:{name}"), None)
        paused = row is not None and row["paused_at"] is not None
        return {
            "name": name,
            "base_url": self.settings.accounts[name].base_url,
            "send": self.settings.accounts[name].send,
            "paused": {"since": stamp(row["paused_at"]), "reason": row["pause_reason"], "by": row["pause_by"]}
            if row is not None and paused
            else None,
            "outage": {"since": stamp(outage["opened_at"]), "text": outage["text"]} if outage is not None else None,
        }

    def _attention(self, row: RowMapping) -> dict[str, Any]:
        example = self.remembered.examples.get(row["first"])
        return {
            "state": row["state"],
            "code": row["reason_code"],
            "count": row["count"],
            "oldest_at": stamp(row["oldest_at"]),
            "example": None
            if example is None
            else {"message": example["id"], "order": example["order_number"], "reason": example["reason"]},
            "what_to_do": next_step(row["state"]),
        }


COUNTED = {
    "files": ("interchange", "claimed"),
    "sent": ("message", "sent"),
    "failed": ("message", "failed"),
    "responses": ("queue", "delivered"),
}
_REJECTED = {"file": "name", "file_id": "sequence", "code": "reason_code", "reason": "reason", "since": "claimed_at"}
_PROBLEM = {
    "id": "id", "account": "account", "order": "order_number", "file": "name", "problem": "problem",
    "since": "fetched_at",
}  # fmt: skip
_REMOVED = {"file": "name", "folder": "folder", "message": "message", "file_id": "interchange"}
_INCIDENT = {"key": "key", "text": "text", "count": "count", "since": "opened_at", "last_at": "last_at"}
_FOLDER = {"name": "name", "path": "path", "files": "files", "oldest_at": "oldest_at", "trouble": "trouble"}


def _told(row: Mapping[Any, Any], keys: Mapping[str, str]) -> dict[str, Any]:
    """Return some columns of a row under the names that scripts know."""
    return {key: told(row[column]) for key, column in keys.items()}


def told(value: Any) -> Any:
    """Return a value as JSON has it."""
    if isinstance(value, datetime):
        return stamp(value)
    return str(value) if isinstance(value, Path) else value


def stamp(at: datetime | None) -> str | None:
    """Return an instant as scripts read it: ISO 8601, UTC."""
    return None if at is None else at.astimezone(UTC).isoformat()


def midnight_before(at: datetime) -> datetime:
    """Return when the local day of an instant began."""
    local = time.localtime(at.timestamp())
    return datetime.fromtimestamp(time.mktime((*local[:3], 0, 0, 0, 0, 0, -1)), UTC)
