"""Numbers and names every boundary that a running gateway crosses, and ends the process at a chosen one.

A boundary is the moment before or after one effect: on a file or folder, a commit of the journal, a call on the
wire. Its name says what happened where, without what differs from run to run (claim ids, times, tokens), so that
the same boundary has the same name in each run; of equal names the occurrences are counted.
"""

from __future__ import annotations

import os
import re
import signal
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from sqlalchemy import Connection, Engine, event
from sqlalchemy.pool import Pool

from gateway.files.durable import FileDoor
from gateway.jakamo.client import JakamoClient
from gateway.model import Answer, MessageKind, QueueAnswer

BEFORE, HALF, AFTER = "before", "half", "after"
CALLS = frozenset({"commit", "send", "fetch", "acknowledge"})
ONLY_ONCE = frozenset({"before fetch", "after fetch nothing"})
"""A gateway that waits looks at the queue again and again: the first look stands for all of them."""

_CHANGING = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "<claim>"),
    (re.compile(r"-[0-9a-f]{16}\.part"), "-<token>.part"),
    (re.compile(r"\d{8}T\d{6}\.\d{3}Z"), "<time>"),
    (re.compile(r"\d{4}-\d\d-\d\d"), "<date>"),
    (re.compile(r"(?<=state/marked/)\.?[0-9a-f]{16}"), "<folder>"),  # a hash of the absolute path
)


def plain_name(path: Path, root: Path) -> str:
    """Return a path of a site as it reads in every run."""
    if path.is_relative_to(root):
        text = str(path.relative_to(root))
    else:
        text = "<above>" if root.is_relative_to(path) else str(path)
    for pattern, word in _CHANGING:
        text = pattern.sub(word, text)
    return text


@dataclass(frozen=True, slots=True, order=True)
class Point:
    """One boundary: `label` is phase and name, `occurrence` counts from 1."""

    label: str
    occurrence: int

    @property
    def is_distinct(self) -> bool:
        """Tell whether a kill here can show what no other one shows.

        Before an effect on a file all is as it was after the thread's last one; before a commit or a call it is not.
        """
        phase, verb, *_ = self.label.split()
        return phase != BEFORE or verb in CALLS

    def __str__(self) -> str:
        return self.label if self.occurrence == 1 else f"{self.label} (#{self.occurrence})"


class Boundaries:
    """Counts boundaries, notes each in a log file that outlives the process, and dies at `kill`."""

    def __init__(self, log: Path, kill: Point | None) -> None:
        self._log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._kill = kill
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()

    def reach(self, phase: str, name: str) -> None:
        """Note a boundary; no other thread passes one while the process dies at this one."""
        label = f"{phase} {name}"
        with self._lock:
            if label in ONLY_ONCE and self._counts[label]:
                return
            self._counts[label] += 1
            point = Point(label, self._counts[label])
            os.write(self._log, f"{point.occurrence}\t{label}\n".encode())
            if point == self._kill:
                die()

    def next_is_killed(self, phase: str, name: str) -> bool:
        """Tell whether the next boundary of this name is the one to die at."""
        label = f"{phase} {name}"
        return self._kill == Point(label, self._counts[label] + 1)


def die() -> NoReturn:
    """End this process as `kill -9` does: no handler, no clean-up, no flush."""
    while True:
        os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(1)


def read_points(log: Path) -> list[Point]:
    """Return the boundaries that a process noted before its end."""
    lines = [line.partition("\t") for line in log.read_text(encoding="utf-8").splitlines()]
    return [Point(label, int(occurrence)) for occurrence, _, label in lines]


# Files

_VERBS = {
    "do_create": "create",
    "do_write": "write",
    "do_set_access": "set access of",
    "do_sync": "sync",
    "do_rename_new": "rename",
    "do_rename": "replace",
    "do_link": "link",
    "do_unlink": "remove",
    "do_make_folder": "make folder",
    "do_remove_folder": "remove folder",
    "do_set_folder_access": "set access of folder",
    "do_sync_folder": "sync folder",
}


class NumberedDoor(FileDoor):
    """The door to the file system, with a boundary before and after each effect, and in the middle of a write."""

    def __init__(self, boundaries: Boundaries, root: Path, **more: Any) -> None:
        super().__init__(**more)
        self.boundaries = boundaries
        self.root = root

    def describe(self, effect: str, arguments: Sequence[Any]) -> str:
        """Name an effect by what it does and where."""
        paths = [plain_name(argument, self.root) for argument in arguments if isinstance(argument, Path)]
        return f"{_VERBS[effect]} {' -> '.join(paths)}"


def _numbered(effect: str) -> Any:
    plain = getattr(FileDoor, effect)

    def call(self: NumberedDoor, *arguments: Any) -> Any:
        name = self.describe(effect, arguments)
        self.boundaries.reach(BEFORE, name)
        if effect == "do_write":
            _write_half(self, plain, name, arguments)
        result = plain(self, *arguments)
        self.boundaries.reach(AFTER, name)
        return result

    return call


def _write_half(door: NumberedDoor, plain: Any, name: str, arguments: Sequence[Any]) -> None:
    """Tear the write in two when the process is to die in the middle of it."""
    descriptor, path, data = arguments
    if door.boundaries.next_is_killed(HALF, name):
        plain(door, descriptor, path, data[: len(data) // 2])
    door.boundaries.reach(HALF, name)


for _effect in _VERBS:
    setattr(NumberedDoor, _effect, _numbered(_effect))


# The journal

_WRITE = re.compile(r"(?:INSERT INTO|UPDATE|DELETE FROM)\s+(\w+)", re.IGNORECASE)
_COLUMNS = re.compile(r"INSERT INTO history\s*\(([^)]*)\)", re.IGNORECASE)
_PLACEMENT_STATES = frozenset({"placing", "placed", "removed", "leaving", "gone"})
_EVENTS, _TABLES, _COMMITTED = "crash events", "crash tables", "crash committed"


def number_commits(boundaries: Boundaries) -> None:
    """Make every commit of every engine of this process a boundary, named by the history it writes."""

    def begin(connection: Connection) -> None:
        connection.info[_EVENTS], connection.info[_TABLES] = [], set()

    def execute(
        connection: Connection, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool
    ) -> None:
        found = _WRITE.match(statement)
        if found is not None:
            connection.info.setdefault(_TABLES, set()).add(found[1])
            rows = parameters if many else [parameters]
            connection.info.setdefault(_EVENTS, []).extend(_events(found[1], statement, rows))

    def commit(connection: Connection) -> None:
        tables: set[str] = connection.info.get(_TABLES, set())
        if tables:
            name = _commit_name(tables, connection.info.get(_EVENTS, []))
            connection.info[_COMMITTED] = name
            boundaries.reach(BEFORE, name)

    def checkin(_connection: Any, record: Any) -> None:
        name = record.info.pop(_COMMITTED, None)
        if name is not None:
            boundaries.reach(AFTER, name)  # durable, and nobody has been told yet

    event.listen(Engine, "begin", begin)
    event.listen(Engine, "before_cursor_execute", execute)
    event.listen(Engine, "commit", commit)
    event.listen(Pool, "checkin", checkin)


def _events(table: str, statement: str, rows: Sequence[Any]) -> list[str]:
    """Return what one statement says of states: the history it writes, or the new state of a placement."""
    if table == "placement":
        return [f"placement/{value}" for row in rows for value in _values(row) if value in _PLACEMENT_STATES][:1]
    columns = _COLUMNS.match(statement)
    if columns is None:
        return []
    names = [name.strip() for name in columns[1].split(",")]
    subject, happened = names.index("subject"), names.index("event")
    return [f"{row[subject]}/{row[happened]}" for row in rows]


def _values(row: Any) -> list[str]:
    return [value for value in row if isinstance(value, str)]


def _commit_name(tables: set[str], events: Sequence[str]) -> str:
    if "alembic_version" in tables:
        return "commit of the tables themselves"
    return f"commit {', '.join(dict.fromkeys(events)) or ' and '.join(sorted(tables))}"


# The wire


class NumberedWire:
    """The client of one account, with a boundary before each call and after each answer."""

    def __init__(self, client: JakamoClient, boundaries: Boundaries) -> None:
        self._client, self._boundaries = client, boundaries

    def send(self, kind: MessageKind, order_number: str, body: bytes) -> Answer:
        """Send one document."""
        self._boundaries.reach(BEFORE, f"send {kind} {order_number}")
        answer = self._client.send(kind, order_number, body)
        self._boundaries.reach(AFTER, f"send {kind} {order_number}")
        return answer

    def fetch(self) -> QueueAnswer:
        """Read the head of the queue."""
        self._boundaries.reach(BEFORE, "fetch")
        answer = self._client.fetch()
        self._boundaries.reach(AFTER, "fetch nothing" if answer.body is None else "fetch a message")
        return answer

    def acknowledge(self, uri: str) -> Answer:
        """Remove the head of the queue."""
        self._boundaries.reach(BEFORE, "acknowledge")
        answer = self._client.acknowledge(uri)
        self._boundaries.reach(AFTER, "acknowledge")
        return answer

    def close(self) -> None:
        """End the client."""
        self._client.close()
