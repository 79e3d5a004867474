"""Fixtures of the crash tests: one ground, with its keeper of victims, for each test process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.ground import Ground
from tests.crash.keeper import Keeper


@pytest.fixture(scope="session")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """A site that can be put back, and a process that forks victims; all test processes share what was rehearsed."""
    scratch = tmp_path_factory.mktemp("crash")
    base = tmp_path_factory.getbasetemp()
    shared: Path = base.parent if base.name.startswith("popen-") else base
    with Keeper(scratch) as keeper:
        yield Ground(scratch, shared, keeper)
