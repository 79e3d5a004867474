"""Fixtures of delivery's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.book import Book
from tests.clocks import ManualClock
from tests.delivery.delivery_help import Rig, ToldWire


@pytest.fixture
def clock() -> ManualClock:
    """A clock that only the test moves."""
    return ManualClock()


@pytest.fixture
def book(tmp_path: Path, clock: ManualClock) -> Iterator[Book]:
    """A real journal with the account "main"."""
    with_journal = Book(tmp_path, clock)
    yield with_journal
    with_journal.close()


@pytest.fixture
def wire() -> ToldWire:
    """A wire that does as it is told."""
    return ToldWire()


@pytest.fixture
def rig(book: Book, wire: ToldWire) -> Iterator[Rig]:
    """A delivery with four senders over that wire."""
    ready = Rig(book, {"main": wire})
    yield ready
    ready.close()
