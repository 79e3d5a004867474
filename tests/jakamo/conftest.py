"""Certificates for this room's tests: made once, on the spot."""

from __future__ import annotations

from pathlib import Path

import pytest
from jakamo_certificates import Authority


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A certificate authority nobody but the tests trusts."""
    return Authority(Path(tmp_path_factory.mktemp("authority")))
