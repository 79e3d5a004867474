"""The orders of a file too large to be held: written to a file of their own while it is read, taken from it in parts.

The spool is a throwaway SQLite file with a small cache: nothing in it is ever needed after a stop, because the source
is then simply read again. One process writes it; once it is complete, another reads it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from gateway.model import Finding, MessageKind, OrderSource

CACHE_KILOBYTES = 4_000
_SCHEMA = """
CREATE TABLE part (id INTEGER PRIMARY KEY, number TEXT NOT NULL, data BLOB NOT NULL);
CREATE INDEX part_number ON part (number);
CREATE TABLE made (
    place INTEGER PRIMARY KEY, number TEXT NOT NULL, kind TEXT, revision TEXT, source_hash TEXT NOT NULL,
    findings TEXT NOT NULL, pieces TEXT NOT NULL, canonical BLOB NOT NULL
);
"""
_PART = "INSERT INTO part (number, data) VALUES (?, ?)"
_NEXT = "SELECT id, number FROM part WHERE id > ? ORDER BY id LIMIT 500"
_OF_NUMBER = "SELECT id, data FROM part WHERE number = ? ORDER BY id"
_MADE = "INSERT INTO made VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_ORDERS = "SELECT place, number, kind, revision, source_hash, findings, canonical FROM made ORDER BY place"
_PIECES = "SELECT pieces FROM made ORDER BY place"


class Spool:
    """A spool that is being written: parts as they are met, then whole orders, by their place in the source.

    Raises sqlite3.Error when there is one already, of a reading that was broken off: its owner removes it.
    """

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path, isolation_level=None)
        self._run("PRAGMA journal_mode = OFF")
        self._run("PRAGMA synchronous = OFF")
        self._run(f"PRAGMA cache_size = -{CACHE_KILOBYTES}")
        self._database.executescript(_SCHEMA)
        self._run("BEGIN")

    def _run(self, statement: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        return self._database.execute(statement, values)

    def add(self, number: str, data: bytes) -> None:
        """Keep a part of the order with this number."""
        self._run(_PART, (number, data))

    def order_count(self) -> int:
        """Return how many order numbers there are."""
        return int(self._run("SELECT count(DISTINCT number) FROM part").fetchone()[0])

    def by_number(self) -> Iterator[tuple[str, list[bytes]]]:
        """Yield each order number with all its parts in order, in the order of first parts."""
        last = 0
        while rows := self._run(_NEXT, (last,)).fetchall():
            for key, number in rows:
                parts = self._run(_OF_NUMBER, (number,)).fetchall()
                if parts[0][0] == key:
                    yield number, [bytes(data) for _key, data in parts]
            last = int(rows[-1][0])

    def put(self, place: int, order: OrderSource, pieces: Sequence[int]) -> None:
        """Keep a whole order; `place` puts it among the others, `pieces` say what of the source belongs to it."""
        findings = json.dumps([finding.as_dict() for finding in order.findings])
        kind = str(order.kind_hint) if order.kind_hint else None
        values = (place, order.order_number, kind, order.revision, order.source_hash, findings)
        self._run(_MADE, (*values, json.dumps(list(pieces)), order.canonical))

    def finish(self) -> int:
        """Make the spool readable for others; return how many orders it holds."""
        count = int(self._run("SELECT count(*) FROM made").fetchone()[0])
        self._run("COMMIT")
        self._database.close()
        return count

    def __enter__(self) -> Spool:
        """Return the spool, closed at the end of the block whatever happens."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the database; what is not finished is lost."""
        self._database.close()


def spooled_orders(path: Path, *, most_orders: int, most_bytes: int) -> Iterator[list[OrderSource]]:
    """Yield the orders of a finished spool in bounded parts; ordinals count from 0 in the order of the source."""
    part: list[OrderSource] = []
    size = 0
    with closing(_opened(path)) as database:
        for ordinal, row in enumerate(database.execute(_ORDERS)):
            if part and (len(part) == most_orders or size + len(row[6]) > most_bytes):
                yield part
                part, size = [], 0
            part.append(_order(ordinal, row))
            size += len(row[6])
    if part:
        yield part


def spooled_pieces(path: Path, ordinals: Sequence[int]) -> list[list[int]]:
    """Return for each ordinal what of the source belongs to that order, as `put` was told. Raises IndexError."""
    wanted: dict[int, list[int]] = {}
    with closing(_opened(path)) as database:
        for ordinal, row in enumerate(database.execute(_PIECES)):
            if ordinal in ordinals:
                wanted[ordinal] = json.loads(row[0])
    if len(wanted) < len(set(ordinals)):
        raise IndexError("the file holds fewer orders than are asked for")
    return [wanted[ordinal] for ordinal in ordinals]


def _opened(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
    database.execute(f"PRAGMA cache_size = -{CACHE_KILOBYTES}")
    return database


def _order(ordinal: int, row: Sequence[Any]) -> OrderSource:
    _place, number, kind, revision, source_hash, findings, canonical = row
    return OrderSource(
        ordinal=ordinal,
        order_number=number,
        kind_hint=MessageKind(kind) if kind else None,
        revision=revision,
        canonical=bytes(canonical),
        source_hash=source_hash,
        findings=tuple(Finding.from_dict(one) for one in json.loads(findings)),
    )
