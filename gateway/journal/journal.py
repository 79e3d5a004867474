"""Opening the journal: engine, migrations, the writer, and reads.

SQLite by default (WAL, `synchronous=FULL`: a commit is on the disk when it returns), PostgreSQL by URL;
one set of statements for both.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import QueuePool

from gateway.errors import JournalError
from gateway.journal.writer import WRITES, Writer, database_words

T = TypeVar("T")
MIGRATIONS = Path(__file__).parent / "migrations"
JOURNAL = "journal.sqlite3"  # in the state folder


class Journal:
    """The database that remembers everything. Thread-safe: any thread reads, one writes."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._writer = Writer(engine)

    def submit(self, operation: Callable[[Connection], T]) -> Future[T]:
        """Hand an operation to the writer; the future resolves once it is durable."""
        return self._writer.submit(operation)

    def write(self, operation: Callable[[Connection], T]) -> T:
        """Carry out an operation and wait until it is durable. Raises what the operation raised."""
        return self._writer.submit(operation).result()

    def read(self, operation: Callable[[Connection], T]) -> T:
        """Run a reading operation on a snapshot beside the writer.

        Raises JournalError when the database does not answer.
        """
        try:
            with self.engine.connect() as connection:
                return operation(connection)
        except SQLAlchemyError as error:
            raise JournalError(f"The journal could not be read: {database_words(error)}.") from error

    @property
    def commits(self) -> int:
        """How many transactions the writer has committed since the journal was opened."""
        return self._writer.commits

    def alive(self) -> bool:
        """Tell whether the writer still works."""
        return self._writer.alive()

    def close(self) -> None:
        """Finish what waits and close all connections."""
        self._writer.close()
        self.engine.dispose()


def journal_url(setting: str, state_folder: Path) -> str:
    """Return the database URL: the setting, or SQLite in the state folder."""
    return setting or f"sqlite:///{state_folder / JOURNAL}"


def open_journal(url: str) -> Journal:
    """Open the journal, bringing an older one up to this program's version.

    Raises JournalError when it is damaged, unreachable, or newer than this program.
    """
    engine = make_engine(url)
    try:
        _migrate(engine)
    except SQLAlchemyError as error:
        engine.dispose()
        raise JournalError(
            f"The journal cannot be opened: {database_words(error)}.",
            hint="Nothing was sent. Restore the state folder from a backup, or see the README, 'Operating'.",
        ) from error
    except BaseException:
        engine.dispose()
        raise
    return Journal(engine)


def make_engine(url: str) -> Engine:
    """Return an engine whose transactions begin when we say so.

    On SQLite a transaction that will write takes the write lock as it begins: one that reads first and is then
    overtaken by another process (a command that records an action) could not go on, however long it waited.
    """
    if not url.startswith("sqlite"):
        return create_engine(url, poolclass=QueuePool, pool_pre_ping=True)
    engine = create_engine(
        url, connect_args={"timeout": 30, "check_same_thread": False}, poolclass=QueuePool, pool_use_lifo=True
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver's own implicit BEGIN would come too late for reads
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA cache_size=-4000")  # of each connection: what one keeps all of them may keep
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get(WRITES) else "BEGIN")

    return engine


def _migrate(engine: Engine) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    script = ScriptDirectory.from_config(config)
    head = script.get_current_head()
    with engine.connect() as connection:
        present = MigrationContext.configure(connection).get_current_revision()
    if present == head:
        return
    if present is not None and present not in {revision.revision for revision in script.walk_revisions()}:
        raise JournalError(
            f"The journal was written by a newer gateway (version {present}; this one knows {head}).",
            hint="Start the newer program, or restore the state folder of before the upgrade.",
        )
    with engine.connect() as plain:
        connection = plain.execution_options(**{WRITES: True})
        with connection.begin():  # whoever opens it at the same time waits here, and then finds nothing to do
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


def check_journal(url: str) -> str | None:
    """Return what is wrong with an existing journal, or None. Changes nothing."""
    engine = make_engine(url)
    try:
        with engine.connect() as connection:
            if engine.dialect.name == "sqlite":
                verdict = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
                if verdict != "ok":
                    return f"damaged: {verdict}"
    except SQLAlchemyError as error:
        return database_words(error)
    finally:
        engine.dispose()
    return None
