"""An outage is weather: an hour without Jakamo, played with the clock over real sockets."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from gateway.app import Gateway
from gateway.journal import incidents
from gateway.journal.tables import message
from gateway.simulator import Simulator
from tests.clocks import ManualClock
from tests.orders import export, row
from tests.site import Site

REAL_SECONDS = 30.0


@pytest.fixture
def clock() -> ManualClock:
    """A clock that only the test moves."""
    return ManualClock(waiting_moves_time=False)


@pytest.fixture
def running(tmp_path: Path, simulator: Simulator, clock: ManualClock) -> Iterator[tuple[Site, Gateway]]:
    """A site whose service runs on the test's clock."""
    site = Site(tmp_path, simulator, account={"poll_seconds": 60}, intake={"scan_seconds": 5})
    site.clock = clock
    gateway = site.gateway()
    gateway.start()
    yield site, gateway
    gateway.close()


def until(condition: Callable[[], bool], clock: ManualClock, step_seconds: float = 0.0) -> None:
    """Let time pass in steps until something holds."""
    deadline = time.monotonic() + REAL_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        clock.advance(step_seconds)
        threading.Event().wait(0.01)


def test_an_hour_without_jakamo_costs_nothing(
    running: tuple[Site, Gateway], simulator: Simulator, clock: ManualClock
) -> None:
    """Orders and a change dropped during an hour's outage wait: no file in error/, no attempt used up, one
    incident; afterwards all are sent by themselves, each lane in order."""
    site, gateway = running
    simulator.stop()
    for number in range(12):
        site.drop(f"{number:02}.csv", export(row(f"PO-{number}")))
    site.drop("change.csv", export(row("PO-3", kind="M", quantity="9")))
    until(lambda: weather(gateway).is_outage, clock, 1.0)
    begin = clock.now()
    until(lambda: (clock.now() - begin).total_seconds() > 3600, clock, 20.0)

    assert [] == site.errors()
    assert {0} == {attempts for attempts, _ in rows(gateway)}
    assert {"ready", "retrying"} >= {state for _, state in rows(gateway)}
    open_now = gateway.journal.read(incidents.open_incidents)
    assert ["outage:main"] == [incident["key"] for incident in open_now if incident["key"].startswith("outage")]

    simulator.start()
    until(lambda: len(simulator.ledger.documents) == 13, clock, 10.0)
    until(lambda: {state for _, state in rows(gateway)} == {"sent"}, clock, 1.0)

    assert ["Order", "OrderChange"] == [document.kind for document in simulator.ledger.documents_of("PO-3")]
    assert 0 == simulator.ledger.doubles
    until(lambda: len(site.done()) == 13, clock, 1.0)
    assert [] == site.errors()
    outages = [i["key"] for i in gateway.journal.read(incidents.open_incidents) if i["key"].startswith("outage")]
    assert [] == outages


def weather(gateway: Gateway) -> object:
    """Return the account's breaker."""
    return gateway.parts.delivery.weather()["main"]


def rows(gateway: Gateway) -> list[tuple[int, str]]:
    """Return booked attempts and state of every message."""
    statement = select(message.c.attempts, message.c.state)
    return [(found[0], found[1]) for found in gateway.journal.read(lambda c: list(c.execute(statement)))]


def test_a_run_until_idle_ends_during_an_outage(tmp_path: Path, simulator: Simulator) -> None:
    """Without Jakamo nothing moves but by a probe that is due later: the run ends, orders wait, error/ is empty."""
    site = Site(tmp_path, simulator)
    simulator.stop()
    for number in range(12):
        site.drop(f"{number:02}.csv", export(row(f"PO-{number}")))
    site.run(60)

    assert [] == site.errors()
    assert {"ready", "retrying"} >= {state for _, state in site.states()}

    simulator.start()
    site.clock = ManualClock(datetime.now(UTC) + timedelta(hours=1), waiting_moves_time=False)
    site.run(60)

    assert 12 == len(site.sent())
