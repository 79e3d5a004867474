"""Opening the journal: migrations, a newer journal, damage, and what a commit is worth."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, text

from gateway.errors import JournalError
from gateway.journal.journal import Journal, check_journal, journal_url, make_engine, open_journal
from gateway.journal.tables import metadata
from tests.book import Book, change, order
from tests.clocks import ManualClock


def differences(engine: Engine) -> list[object]:
    """Return what the migrated schema lacks of the tables, or has besides."""
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        return list(compare_metadata(context, metadata))


def test_the_migrated_schema_is_the_tables(journal: Journal) -> None:
    """Migrated from nothing, the schema is what the program believes. If not: a migration is missing."""
    assert [] == differences(journal.engine)


def test_opening_twice_changes_nothing(tmp_path: Path) -> None:
    """An up-to-date journal is opened as it is."""
    url = f"sqlite:///{tmp_path / 'journal.sqlite3'}"
    for _ in range(2):
        open_journal(url).close()

    assert check_journal(url) is None


def test_two_programs_may_open_a_new_journal_at_the_same_time(tmp_path: Path) -> None:
    """The service and a command start together: one migrates, the other waits and finds it done."""
    url = f"sqlite:///{tmp_path / 'journal.sqlite3'}"
    failed: list[BaseException] = []

    def start() -> None:
        try:
            open_journal(url).close()
        except JournalError as error:
            failed.append(error)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert [] == failed


def test_a_journal_of_a_newer_program_is_refused(tmp_path: Path) -> None:
    """An older program does not guess at what a newer one wrote; it says what to do."""
    url = f"sqlite:///{tmp_path / 'journal.sqlite3'}"
    journal = open_journal(url)
    journal.write(lambda c: c.execute(text("UPDATE alembic_version SET version_num = '9999'")) and None)
    journal.close()
    with pytest.raises(JournalError, match=r"newer gateway \(version 9999; this one knows 0001\)"):
        open_journal(url)


def test_a_file_that_is_no_journal_is_refused(tmp_path: Path) -> None:
    """A damaged journal is never overwritten; nothing is sent."""
    path = tmp_path / "journal.sqlite3"
    path.write_bytes(b"this is not a database, and long enough to be taken for one" * 50)
    with pytest.raises(JournalError, match="cannot be opened: file is not a database") as refused:
        open_journal(f"sqlite:///{path}")

    assert "Nothing was sent" in str(refused.value)
    assert "file is not a database" == check_journal(f"sqlite:///{path}")


def test_damage_inside_is_found_by_the_check(tmp_path: Path) -> None:
    """A journal that opens may still be damaged: the check reads all of it."""
    path = tmp_path / "journal.sqlite3"
    open_journal(f"sqlite:///{path}").close()
    data = bytearray(path.read_bytes())
    data[4096 * 3 : 4096 * 3 + 200] = b"\xff" * 200
    path.write_bytes(data)

    assert (check_journal(f"sqlite:///{path}") or "").startswith(("damaged", "database disk image is malformed"))


def test_a_commit_is_on_the_disk_when_it_returns(journal: Journal) -> None:
    """WAL with synchronous=FULL: no answer of the writer runs ahead of the disk."""
    with journal.engine.connect() as connection:
        assert "wal" == connection.exec_driver_sql("PRAGMA journal_mode").scalar()
        assert 2 == connection.exec_driver_sql("PRAGMA synchronous").scalar()


def test_the_journal_lies_in_the_state_folder_unless_a_url_says_otherwise(tmp_path: Path) -> None:
    """SQLite by default, PostgreSQL by setting."""
    assert f"sqlite:///{tmp_path / 'journal.sqlite3'}" == journal_url("", tmp_path)
    assert "postgresql+psycopg://db/gateway" == journal_url("postgresql+psycopg://db/gateway", tmp_path)


def test_an_odd_folder_name_does_not_matter(tmp_path: Path) -> None:
    """Percent signs and spaces in a path are only characters."""
    folder = tmp_path / "50% of it"
    folder.mkdir()
    open_journal(f"sqlite:///{folder / 'journal.sqlite3'}").close()

    assert (folder / "journal.sqlite3").stat().st_size > 0


# PostgreSQL


@pytest.mark.postgres
def test_on_postgresql_the_migrated_schema_is_the_tables(postgres: str) -> None:
    """One set of tables for both databases."""
    journal = open_journal(postgres)
    found = differences(journal.engine)
    journal.close()

    assert [] == found


@pytest.mark.postgres
def test_on_postgresql_an_order_and_its_changes_go_their_way(postgres: str, tmp_path: Path) -> None:
    """The same statements, the same life of a message."""
    book = Book(tmp_path, ManualClock(), url=postgres)
    book.drop(order(), change(text="2"), order("PO-2"))
    sent = book.send_all()
    book.drop(order(text="3"), repeat="change")
    sent += book.send_all()
    held = book.drop(order(text="4"))
    states = book.states()
    memory = book.memory()
    book.close()

    assert [("Order", "PO-1"), ("Order", "PO-2"), ("OrderChange", "PO-1"), ("OrderChange", "PO-1")] == sent
    assert ["sent", "sent", "sent", "sent", "held"] == states
    assert 5 == len(held) + 4
    assert 2 == (memory or {})["change_count"]


@pytest.mark.postgres
def test_a_server_that_does_not_answer_is_said_plainly() -> None:
    """An unreachable database is no traceback."""
    with pytest.raises(JournalError, match="cannot be opened"):
        open_journal("postgresql+psycopg://nobody@127.0.0.1:9/none?connect_timeout=1")


def test_an_engine_begins_when_we_say_so(tmp_path: Path) -> None:
    """A read sees one state of the journal from its first statement to its last."""
    engine = make_engine(f"sqlite:///{tmp_path / 'x.sqlite3'}")
    with engine.connect() as writer:
        writer.exec_driver_sql("CREATE TABLE t (a)")
        writer.commit()
        with engine.connect() as reader:
            first = reader.exec_driver_sql("SELECT count(*) FROM t").scalar()
            writer.exec_driver_sql("INSERT INTO t VALUES (1)")
            writer.commit()
            second = reader.exec_driver_sql("SELECT count(*) FROM t").scalar()
    engine.dispose()

    assert (0, 0) == (first, second)
