"""A look into a journal changes nothing, whoever has it open, and sees what was committed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, insert, select

from gateway.errors import JournalError
from gateway.journal.glance import Glance
from gateway.journal.journal import journal_url, open_journal
from gateway.journal.tables import account

ROW = {"name": "main", "identity": "here as me", "generation": 1, "outbox_sequence": 0, "outage_seconds": 0}


def count(connection: Connection) -> int:
    """Return how many accounts there are."""
    return int(connection.execute(select(func.count()).select_from(account)).scalar_one())


def put(connection: Connection, name: str = "main") -> None:
    """Add an account."""
    connection.execute(insert(account).values({**ROW, "name": name}))


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A journal that was closed in order, with one account."""
    address = journal_url("", tmp_path)
    journal = open_journal(address)
    journal.write(put)
    journal.close()
    return address


def test_a_closed_journal_is_read_without_a_trace(url: str, tmp_path: Path) -> None:
    """No file appears beside it, and not a byte or time of it changes."""
    path = tmp_path / "journal.sqlite3"
    before = (sorted(tmp_path.iterdir()), path.read_bytes(), path.stat().st_mtime_ns)
    assert Glance(url).read(count) == 1
    assert (sorted(tmp_path.iterdir()), path.read_bytes(), path.stat().st_mtime_ns) == before


def test_an_open_journal_shows_what_is_committed(url: str) -> None:
    """Beside a running service the newest commit is seen, and neither waits for the other."""
    journal = open_journal(url)
    try:
        glance = Glance(url)
        journal.write(lambda connection: put(connection, "second"))
        assert glance.read(count) == 2
        journal.write(lambda connection: put(connection, "third"))
        assert glance.read(count) == 3
    finally:
        journal.close()


def test_the_journal_of_a_killed_service_is_read(tmp_path: Path) -> None:
    """What was committed before a kill is seen, though nobody has put the log back into the file."""
    url = journal_url("", tmp_path)
    code = (
        "import os\nfrom gateway.journal.journal import open_journal\nfrom tests.journal.test_glance import put\n"
        f"open_journal({url!r}).write(put)\nos._exit(9)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 9
    assert (tmp_path / "journal.sqlite3-wal").stat().st_size > 0
    assert Glance(url).read(count) == 1


def test_nothing_can_be_written_through_it(url: str) -> None:
    """An operation that would write is refused by the database, also while the journal is open elsewhere."""
    with pytest.raises(JournalError, match="readonly"):
        Glance(url).read(lambda connection: put(connection, "second"))
    journal = open_journal(url)
    try:
        with pytest.raises(JournalError, match="readonly"):
            Glance(url).read(lambda connection: put(connection, "second"))
        assert journal.read(count) == 1
    finally:
        journal.close()


def test_a_journal_of_another_version_is_not_looked_into(url: str) -> None:
    """It is not migrated in passing; the words say what to do."""
    journal = open_journal(url)
    journal.write(lambda connection: connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0000'"))
    journal.close()
    with pytest.raises(JournalError, match="version 0000"):
        Glance(url)


def test_what_is_no_journal_is_told(tmp_path: Path) -> None:
    """A damaged file, or none, is an error in words and never a traceback of the database."""
    with pytest.raises(JournalError):
        Glance(journal_url("", tmp_path))
    (tmp_path / "journal.sqlite3").write_bytes(b"no database" * 100)
    with pytest.raises(JournalError, match="not a database"):
        Glance(journal_url("", tmp_path))
