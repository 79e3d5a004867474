"""A client for the running simulator."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from simulator_help import Client

from gateway.simulator import Simulator


@pytest.fixture
def client(simulator: Simulator) -> Iterator[Client]:
    """A raw HTTP client with valid credentials, hung up at the end."""
    made = Client(simulator)
    yield made
    made.close()
