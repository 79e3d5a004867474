"""Fixtures that several rooms' tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gateway.simulator import Simulator
from tests.crash.table import pytest_terminal_summary

__all__ = ["pytest_terminal_summary", "simulator"]


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """A running stand-in for Jakamo on a free port, user "integration", password "password"."""
    with Simulator() as running:
        yield running
