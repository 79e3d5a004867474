"""Counts from outside: folders, the other side's ledger and queue, the journal as a database file.

Nothing here asks the gateway. `after_kill` looks at what a killed life left behind, before anything is mended;
`at_the_end` at what the lives after it made of it. Both return what is wrong, in words; nothing when all is well.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import stat
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from gateway.simulator import Simulator
from tests.crash.boundaries import plain_name

REASONS = (".reason.txt", ".reason.json")
OF_ITS_TIME = ("written_at", "fetched_at", "headers", "interchange", "id", "attempts")
RESTING_MESSAGES = {"sent", "failed", "held", "parked", "unchanged", "replaced", "skipped"}
RESTING_FILES = {"closed", "rejected", "returned"}
OPEN_BY_NATURE = ("stuck:", "problem:")  # incidents that tell of the outside, not of us


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a scenario must come to, however often the gateway was killed on the way."""

    files: tuple[bytes, ...]  # every file that was ever dropped, by its content
    accepted: tuple[tuple[str, str], ...] = ()  # kind and order number, in the order of each lane
    queue: tuple[bytes, ...] = ()  # what the other side put into the queue
    problems: tuple[bytes, ...] = ()  # what of it cannot be understood
    redelivered: tuple[bytes, ...] = ()  # what was delivered before, and is now in outbox/ besides
    mapped: tuple[bytes, ...] = ()  # what a mapping makes of the queue, in outbox/ beside the UBL

    @property
    def outbox(self) -> Counter[bytes]:
        """Return what the ERP is to find in the end."""
        return Counter([*(body for body in self.queue if body not in self.problems), *self.redelivered, *self.mapped])


def after_kill(root: Path, simulator: Simulator, expected: Expected) -> list[str]:
    """Return what was lost, doubled, torn or done too early at the moment of a kill."""
    problems = _files_once(root, expected)
    visible, filed = _responses(root)
    problems += [f"torn, foreign or doubled in outbox/: {body[:60]!r}" for body in visible - expected.outbox]
    gone = [expected.queue[int(key) - 1] for key in simulator.queue.acknowledged]
    problems += [
        f"acknowledged before its file was there: {body[:60]!r}" for body in gone if body not in visible | filed
    ]
    problems += _doubles(simulator)
    problems += _sent_without_intent(root, simulator)
    return problems


def at_the_end(root: Path, simulator: Simulator, expected: Expected, undisturbed: Mapping[str, str]) -> list[str]:
    """Return what differs, in the end, from what was expected and from what an undisturbed life had left."""
    problems = _files_once(root, expected)
    problems += _different(undisturbed, listing(root))
    problems += _doubles(simulator)
    problems += _ledger(simulator, expected)
    problems += _queue(root, simulator, expected)
    with _journal(root) as journal:
        problems += _journal_problems(journal, root, simulator)
    return problems


# Files


def listing(root: Path) -> dict[str, str]:
    """Return every file and folder of a site with its rights and what it holds, times aside."""
    found = {}
    for top in ("inbox", "outbox", "state"):
        for path in sorted((root / top).rglob("*")):
            status = path.lstat()
            rights = oct(stat.S_IMODE(status.st_mode))
            inside = "folder" if path.is_dir() else "" if top == "state" else _content(path)
            name = plain_name(path, root)
            while name in found:  # alike but for what changes from run to run: each counts
                name += " again"
            found[name] = f"{rights} {inside}".rstrip()
    return found


def _content(path: Path) -> str:
    if path.name.endswith(REASONS[0]):
        return "a reason"
    data = path.read_bytes()
    if path.name.endswith(REASONS[1]):
        reason = json.loads(data)
        for part in (reason, *reason.get("messages", ())):
            for name in OF_ITS_TIME:
                part.pop(name, None)
        data = json.dumps(reason, sort_keys=True).encode()
    return sha256(data).hexdigest()[:16]


def _different(undisturbed: Mapping[str, str], present: Mapping[str, str]) -> list[str]:
    lost = [f"missing: {name} ({undisturbed[name]})" for name in sorted(undisturbed.keys() - present.keys())]
    more = [f"left over: {name} ({present[name]})" for name in sorted(present.keys() - undisturbed.keys())]
    other = [
        f"differs: {name} ({present[name]}, undisturbed {undisturbed[name]})"
        for name in sorted(undisturbed.keys() & present.keys())
        if undisturbed[name] != present[name]
    ]
    return lost + more + other


def _visible(folder: Path) -> list[Path]:
    names = folder.iterdir() if folder.exists() else ()
    return sorted(path for path in names if path.is_file() and not path.name.startswith("."))


def _files_once(root: Path, expected: Expected) -> list[str]:
    """Every dropped file lies in exactly one place, whole, wherever that is."""
    everywhere = [path for path in (root / "inbox").rglob("*") if path.is_file()]
    problems = []
    for data in expected.files:
        places = [
            str(path.relative_to(root))
            for path in everywhere
            if not path.name.startswith(".") and path.stat().st_size == len(data) and path.read_bytes() == data
        ]
        if len(places) != 1:
            problems.append(f"a dropped file ({len(data)} bytes) is in {len(places)} places: {', '.join(places)}")
    return problems


# The other side


def _doubles(simulator: Simulator) -> list[str]:
    counts = simulator.ledger.counts()
    return [f"{counts[name]} {name}" for name in ("doubles", "refused_doubles") if counts[name]]


def _ledger(simulator: Simulator, expected: Expected) -> list[str]:
    """Each document was accepted once, and in the order of its lane."""
    accepted = [(document.kind, document.order_number) for document in simulator.ledger.documents]
    lanes = {number for _, number in [*accepted, *expected.accepted]}
    return [
        f"order {lane}: accepted {_lane(accepted, lane)}, expected {_lane(expected.accepted, lane)}"
        for lane in sorted(lanes)
        if _lane(accepted, lane) != _lane(expected.accepted, lane)
    ]


def _lane(documents: Sequence[tuple[str, str]], lane: str) -> list[str]:
    return [kind for kind, number in documents if number == lane]


def _queue(root: Path, simulator: Simulator, expected: Expected) -> list[str]:
    visible, filed = _responses(root)
    problems = [
        f"{where} holds {sum(found.values())} files, {sum(wanted.values())} were expected, or their bytes differ"
        for where, found, wanted in (
            ("outbox/", visible, expected.outbox),
            ("outbox/problems/", filed, Counter(expected.problems)),
        )
        if found != wanted
    ]
    if len(simulator.queue) or len(simulator.queue.acknowledged) != len(expected.queue):
        problems.append(f"{len(simulator.queue)} still in the queue, acknowledged {simulator.queue.acknowledged}")
    return problems


def _responses(root: Path) -> tuple[Counter[bytes], Counter[bytes]]:
    """Return what the ERP sees in the outbox, and what was filed as a problem."""
    filed = [path for path in _visible(root / "outbox" / "problems") if not path.name.endswith(REASONS)]
    visible = _visible(root / "outbox")
    return Counter(path.read_bytes() for path in visible), Counter(path.read_bytes() for path in filed)


# The journal


@contextmanager
def _journal(root: Path) -> Iterator[sqlite3.Connection]:
    """Open a copy of the journal, write-ahead log and all, so that the original stays as it was left."""
    copy = root / "audited.sqlite3"
    for ending in ("", "-wal"):
        source = root / "state" / f"journal.sqlite3{ending}"
        if source.exists():
            shutil.copyfile(source, f"{copy}{ending}")
    try:
        with closing(sqlite3.connect(copy)) as connection:
            connection.row_factory = sqlite3.Row
            yield connection
    finally:
        for ending in ("", "-wal", "-shm"):
            Path(f"{copy}{ending}").unlink(missing_ok=True)


def _sent_without_intent(root: Path, simulator: Simulator) -> list[str]:
    """What the other side accepted was on record before it left."""
    accepted = Counter(document.order_number for document in simulator.ledger.documents)
    if not accepted:
        return []
    statement = (
        "select m.order_number, count(*) from attempt a join message m on m.id = a.message"
        " where a.started_at >= 0 group by m.order_number"
    )
    with _journal(root) as journal:
        intended = Counter({row[0]: row[1] for row in journal.execute(statement)})
    return [
        f"order {number}: accepted {count} times, intended {intended[number]}"
        for number, count in accepted.items()
        if intended[number] < count
    ]


def _journal_problems(journal: sqlite3.Connection, root: Path, simulator: Simulator) -> list[str]:
    verdict = journal.execute("pragma integrity_check").fetchone()[0]
    problems = [] if verdict == "ok" else [f"the journal is damaged: {verdict}"]
    for row in journal.execute("select id, order_number, state, tries, attempts from message"):
        if row["state"] not in RESTING_MESSAGES:
            problems.append(f"message {row['id']} ({row['order_number']}) is {row['state']}")
        tried = journal.execute("select count(*) from attempt where message = ?", (row["id"],)).fetchone()[0]
        if tried != row["tries"]:
            problems.append(f"message {row['id']}: {row['tries']} tries, {tried} on record")
    problems += _interchange_problems(journal, root)
    problems += _placement_problems(journal, root)
    for row in journal.execute("select * from queue_message"):
        if row["state"] != ("problem" if row["problem"] else "acknowledged") or not row["acknowledged"]:
            problems.append(f"queue message {row['id']} is {row['state']}")
    for row in journal.execute("select id, kind, result from action where state != 'done'"):
        problems.append(f"action {row['id']} ({row['kind']}) was not carried out: {row['result']}")
    problems += _memory_problems(journal, simulator)
    for row in journal.execute("select key, text from incident where key like 'loop:%'"):
        problems.append(f"{row['key']}: {row['text']}")
    for row in journal.execute("select key, text from incident where cleared_at is null"):
        if not row["key"].startswith(OPEN_BY_NATURE):
            problems.append(f"still open: {row['key']}: {row['text']}")
    return problems


def _interchange_problems(journal: sqlite3.Connection, root: Path) -> list[str]:
    problems = []
    for row in journal.execute("select * from interchange"):
        name = f"file {row['sequence']} ({row['name']})"
        if row["state"] not in RESTING_FILES:
            problems.append(f"{name} is {row['state']}")
        path = Path(row["path"])
        if row["state"] == "returned":
            continue
        if not path.is_file():
            problems.append(f"{name} is not where the journal has it: {plain_name(path, root)}")
        elif row["sha256"] != sha256(path.read_bytes()).hexdigest():
            problems.append(f"{name}: another file lies where the journal has it: {plain_name(path, root)}")
    return problems


def _placement_problems(journal: sqlite3.Connection, root: Path) -> list[str]:
    problems = []
    for row in journal.execute("select * from placement where state != 'gone'"):
        folder = root / "inbox" / "error" / ("unknown" if row["folder"] == "unknown" else "")
        hashes = {row["name"]: row["sha256"], **json.loads(row["reason_hashes"])}
        wrong = [name for name, known in hashes.items() if _hash_of(folder / name) != known]
        if row["state"] != "placed" or wrong or len(hashes) != 3:
            problems.append(f"placement of {row['name']} is {row['state']}, not as recorded: {wrong}")
    return problems


def _hash_of(path: Path) -> str | None:
    return sha256(path.read_bytes()).hexdigest() if path.is_file() else None


def _memory_problems(journal: sqlite3.Connection, simulator: Simulator) -> list[str]:
    """What the gateway remembers of each order is what the other side accepted in this run."""
    problems = []
    accepted: dict[str, list[Any]] = {}
    for document in simulator.ledger.documents:
        accepted.setdefault(document.order_number, []).append(document)
    for number, documents in accepted.items():
        row = journal.execute("select * from order_memory where order_number = ?", (number,)).fetchone()
        changes = sum(document.kind == "OrderChange" for document in documents)
        if row is None or row["change_count"] != changes:
            problems.append(f"order {number}: {changes} changes accepted, remembered {dict(row) if row else None}")
    return problems
