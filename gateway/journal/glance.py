"""A look into a journal that exists: nothing is written, nothing migrated, no file made; a service may be running."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from gateway.errors import JournalError
from gateway.journal.journal import MIGRATIONS
from gateway.journal.writer import database_words

T = TypeVar("T")


class Glance:
    """One journal, to be read only."""

    def __init__(self, url: str) -> None:
        """Look whether it can be read. Raises JournalError when it cannot, or is of another version than this."""
        self._url = make_url(url)
        present = self.read(lambda c: MigrationContext.configure(c).get_current_revision())
        known = _head()
        if present != known:
            raise JournalError(
                f"The journal is of version {present or 'none'}, this program knows {known}.",
                hint="Start the gateway of this version once: it brings the journal up to date.",
            )

    def read(self, operation: Callable[[Connection], T]) -> T:
        """Run an operation that reads, on one snapshot. Raises JournalError when the database does not answer.

        It may be run twice: a journal that nobody has open is read as a file that does not change, because SQLite
        would make two files beside it otherwise; when somebody opens it meanwhile, that reading does not count.
        """
        try:
            if self._url.get_backend_name() != "sqlite":
                return self._with(create_engine(self._url, poolclass=NullPool), operation)
            path = Path(str(self._url.database))
            if not _is_open(path):
                found = self._with(_sqlite(path, "immutable=1"), operation)
                if not _is_open(path):
                    return found
            return self._with(_sqlite(path, "mode=ro"), operation)
        except SQLAlchemyError as error:
            raise JournalError(f"The journal could not be read: {database_words(error)}.") from error

    @staticmethod
    def _with(engine: Engine, operation: Callable[[Connection], T]) -> T:
        try:
            with engine.execution_options(postgresql_readonly=True).connect() as connection:
                return operation(connection)
        finally:
            engine.dispose()


def _is_open(path: Path) -> bool:
    """Tell whether the write-ahead log is there: somebody has the journal open, or was killed with it."""
    return path.with_name(f"{path.name}-wal").exists()


def _sqlite(path: Path, how: str) -> Engine:
    address = f"{path.absolute().as_uri()}?{how}"
    return create_engine("sqlite://", creator=lambda: sqlite3.connect(address, uri=True), poolclass=NullPool)


def _head() -> str | None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return ScriptDirectory.from_config(config).get_current_head()
