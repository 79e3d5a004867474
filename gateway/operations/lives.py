"""The life of one order or file, told from the journal: for `show`, `history` and the page. Looks, changes nothing.

The keys of the JSON are a contract with scripts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping

from gateway.journal import queries
from gateway.model import MessageState
from gateway.operations.overview import stamp, told

_ROWS = re.compile(rb'<row n="(\d+)"')
_LINE = re.compile(rb':line="(\d+)"')
_ATTEMPT = {
    "number": "number", "kind": "kind", "started_at": "started_at", "ended_at": "ended_at", "class": "answer_class",
    "status": "status", "words": "words", "detail": "detail",
}  # fmt: skip
_RESPONSE = {
    "id": "id", "kind": "kind", "state": "state", "file": "name", "place": "place", "problem": "problem",
    "fetched_at": "fetched_at", "delivered_at": "delivered_at", "acknowledged_at": "acknowledged_at",
    "findings": "findings",
}  # fmt: skip
_MEMORY = {
    "last_sent_at": "last_sent_at", "changes": "change_count", "cancelled": "cancelled", "imported": "imported",
    "supplier": "supplier", "buyer": "buyer", "lines": "line_ids",
}  # fmt: skip
_MESSAGE = {
    "id": "id", "kind": "kind", "state": "state", "since": "state_at", "code": "reason_code", "reason": "reason",
    "due_at": "due_at", "waits_for": "waits_for", "replaced_by": "replaced_by", "file": "file",
    "file_id": "interchange", "claimed_at": "claimed_at", "origin": "origin", "route": "route", "mapping": "mapping",
    "mapping_hash": "mapping_hash", "supplier": "supplier", "findings": "findings",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLife:
    """Everything the journal knows of one order number in one account."""

    order_number: str
    account: str
    memory: RowMapping | None
    messages: tuple[RowMapping, ...]
    attempts: Mapping[int, Sequence[RowMapping]]
    places: Mapping[int, str]  # where in its file each message stands
    responses: tuple[RowMapping, ...]

    def behind(self, key: int) -> list[int]:
        """Return the messages that wait behind one."""
        parked = str(MessageState.PARKED)
        return [row["id"] for row in self.messages if row["waits_for"] == key and row["state"] == parked]

    def as_json(self) -> dict[str, Any]:
        """Return all of it for scripts."""
        return {
            "account": self.account,
            "remembered": None if self.memory is None else _named(self.memory, _MEMORY),
            "messages": [
                {
                    **_named(row, _MESSAGE),
                    "kind": row["kind"] or row["kind_hint"],
                    "place": self.places.get(row["id"], ""),
                    "attempts": [_named(one, _ATTEMPT) for one in self.attempts.get(row["id"], ())],
                    "waiting_behind": self.behind(row["id"]),
                }
                for row in self.messages
            ],
            "responses": [_named(row, _RESPONSE) for row in self.responses],
        }


def order_lives(connection: Connection, order_number: str, account: str | None) -> list[OrderLife]:
    """Return the life of an order number in each account that knows it; an empty list when none does."""
    messages = queries.lane(connection, order_number, account)
    memories = {row["account"]: row for row in queries.memories(connection, order_number, account)}
    responses = queries.responses(connection, order_number, account)
    ids = [row["id"] for row in messages]
    attempts, trees = queries.attempts(connection, ids), queries.canonical_trees(connection, ids)
    places = {key: source_place(tree) for key, tree in trees.items()}
    names = {row["account"] for row in (*messages, *responses)} | memories.keys()
    return [
        OrderLife(
            order_number=order_number, account=name, memory=memories.get(name),
            messages=tuple(row for row in messages if row["account"] == name), attempts=attempts, places=places,
            responses=tuple(row for row in responses if row["account"] == name),
        )
        for name in sorted(names)
    ]  # fmt: skip


def source_place(canonical: bytes) -> str:
    """Return where in its file an order stands, from its canonical tree: "rows 2-4, 9", "line 14"; empty if unsaid."""
    if not canonical.lstrip().startswith((b"<order", b"<?xml")):
        return ""
    rows = [int(number) for number in _ROWS.findall(canonical)]
    if rows:
        return f"row{'s' if len(rows) > 1 else ''} {', '.join(_runs(rows))}"
    line = _LINE.search(canonical.rpartition(b"</envelope>")[2])  # the order itself stands after what all orders share
    return f"line {int(line[1])}" if line else ""


def _runs(numbers: Iterable[int]) -> list[str]:
    """Put neighbours together: 2, 3, 4, 9 are "2-4" and "9"."""
    runs: list[list[int]] = []
    for number in sorted(set(numbers)):
        if runs and runs[-1][1] == number - 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return [str(first) if first == last else f"{first}-{last}" for first, last in runs]


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One line of a history: when, to what, and what."""

    at: datetime
    subject: str  # file, message, response
    key: int
    name: str  # the file's name, or order number and document
    event: str
    text: str

    def as_json(self) -> dict[str, Any]:
        """Return it for scripts."""
        return {
            "at": stamp(self.at), "subject": self.subject, "id": self.key, "name": self.name, "event": self.event,
            "text": self.text,
        }  # fmt: skip


def happenings(connection: Connection, name: str, account: str | None, files: int) -> list[Happening]:
    """Return what happened to an order number, or to the newest `files` files of a name and all their orders."""
    messages = {row["id"]: row for row in queries.lane(connection, name, account)}
    answers = {row["id"]: row for row in queries.responses(connection, name, account)}
    found = {row["sequence"]: row for row in queries.files_named(connection, name, files)}
    for row in queries.messages_of_files(connection, sorted(found)):
        messages.setdefault(row["id"], row)
    if not found:
        of_order = queries.files_by_sequence(connection, {row["interchange"] for row in messages.values()})
        found = {row["sequence"]: row for row in of_order}
    lines = [
        *_told(connection, "interchange", "file", {key: str(row["name"]) for key, row in found.items()}),
        *_told(connection, "message", "message", {key: _document(row) for key, row in messages.items()}),
        *_told(connection, "queue", "response", {key: _document(row) for key, row in answers.items()}),
    ]
    return [line for _, line in sorted(lines, key=lambda pair: pair[0])]


def _document(row: RowMapping) -> str:
    kind = row["kind"] or row.get("kind_hint") or "Order"
    return f"{row['order_number']} {kind}"


def _told(
    connection: Connection, subject: str, word: str, names: Mapping[int, str]
) -> Iterable[tuple[int, Happening]]:
    for event in queries.events(connection, subject, sorted(names)):
        yield event["id"], Happening(
            at=event["at"], subject=word, key=event["key"], name=names[event["key"]], event=event["event"],
            text=event["text"],
        )  # fmt: skip


def _named(row: Mapping[Any, Any], keys: Mapping[str, str]) -> dict[str, Any]:
    return {key: told(row[column]) for key, column in keys.items()}
