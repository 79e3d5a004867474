"""Fixtures that several rooms' tests share."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.journal.journal import JOURNAL, journal_url, open_journal
from gateway.mapping.pool import MappingPool
from gateway.simulator import Simulator
from tests.crash.table import pytest_terminal_summary
from tests.site import Site

__all__ = ["living_site", "pytest_terminal_summary", "simulator", "workers"]


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """A running stand-in for Jakamo on a free port, user "integration", password "password"."""
    with Simulator() as running:
        yield running


@pytest.fixture(scope="session")
def workers() -> Iterator[MappingPool]:
    """Mapping workers with the shipped mappings alone, which outlive the lives that use them."""
    with MappingPool() as pool:
        yield pool


@pytest.fixture(scope="session")
def empty_journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A journal as it is before the first run, made once: its tables take longer than many a test."""
    folder = tmp_path_factory.mktemp("empty")
    open_journal(journal_url("", folder)).close()
    return folder / JOURNAL


@pytest.fixture
def living_site(tmp_path: Path, simulator: Simulator, empty_journal: Path) -> Site:
    """A site for `tests.lives`: the shipped CSV, status, XML and UBL mappings on one account."""
    site = Site(tmp_path / "site", simulator)
    (site.root / "state").mkdir(parents=True, mode=0o700)
    shutil.copyfile(empty_journal, site.root / "state" / JOURNAL)
    return site
