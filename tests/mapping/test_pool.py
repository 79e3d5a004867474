"""Worker processes: what a stylesheet or a file does to its worker harms nothing but itself. Real processes."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest
from mapping_help import COPY_NUMBER, CSV_TOML, csv_mapping, write_folder
from pebble import ProcessExpired

from gateway.errors import FileRejected, SettingsError
from gateway.mapping.futures import PoolError
from gateway.mapping.limits import MEMORY_EXIT_CODE
from gateway.mapping.pool import MappingPool
from gateway.model import MapRequest, ReadResult

EAT = (
    '<o><xsl:for-each select="//x"><xsl:for-each select="//x"><xsl:for-each select="//x"><xsl:for-each select="//x">'
    '<xsl:for-each select="//x"><y/></xsl:for-each></xsl:for-each></xsl:for-each></xsl:for-each></xsl:for-each></o>'
)
SPIN = EAT.replace("<y/>", '<xsl:if test="count(//x) = -1"><y/></xsl:if>')
CROWD = b'<order number="PO9">' + b"<x/>" * 200 + b"</order>"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of mappings: one good, one that eats memory, one that eats time, one broken."""
    folder = tmp_path_factory.mktemp("site")
    csv_mapping(folder / "good")
    csv_mapping(folder / "eater", EAT)
    csv_mapping(folder / "spinner", SPIN)
    csv_mapping(folder / "broken", "<xsl:value-of/>")
    return folder


@pytest.fixture(scope="module")
def pool(site: Path) -> Iterator[MappingPool]:
    """Two workers with tight limits."""
    with MappingPool(site, workers=2, time_limit_seconds=1.0, memory_limit_mb=150) as running:
        yield running


def request(key: int, mapping: str = "good", canonical: bytes = b'<order number="PO1"/>') -> MapRequest:
    """Return a request."""
    return MapRequest(key=key, mapping=mapping, canonical=canonical)


def outcome(pool: MappingPool, *requests: MapRequest) -> list[tuple[int, str]]:
    """Return key and first finding of each result."""
    results = pool.map(requests).result(60)
    return [(one.key, one.findings[0].code if one.findings else "valid") for one in results]


def test_results_come_in_the_order_of_the_requests(pool: MappingPool) -> None:
    """Whatever worker did which batch."""
    keys = list(range(150))
    assert [key for key, code in outcome(pool, *map(request, keys)) if code == "valid"] == keys
    assert pool.map([]).result(1) == []


def test_a_stylesheet_that_eats_memory_fails_its_order_alone(site: Path, pool: MappingPool) -> None:
    """Its neighbours in the batch are done again; the finding says what happened."""
    assert outcome(pool, request(1), request(2, "eater", CROWD), request(3), request(4)) == [
        (1, "valid"), (2, "mapping-fault"), (3, "valid"), (4, "valid"),
    ]  # fmt: skip
    with MappingPool(site, time_limit_seconds=30.0, memory_limit_mb=150) as patient:  # on a busy machine, too
        (alone,) = patient.map([request(2, "eater", CROWD)]).result(60)
    assert "more memory" in alone.findings[0].message


def test_a_stylesheet_that_spins_is_stopped_at_its_limit(pool: MappingPool) -> None:
    """The worker is ended although it never comes back to Python; the next order finds a new one."""
    started = time.monotonic()
    assert outcome(pool, request(1, "spinner", CROWD)) == [(1, "mapping-fault")]
    assert time.monotonic() - started < 10
    (alone,) = pool.map([request(2, "spinner", CROWD)]).result(60)
    assert "in the time" in alone.findings[0].message
    assert outcome(pool, request(3)) == [(3, "valid")]


def test_a_mapping_that_cannot_be_used_fails_only_its_own_orders(pool: MappingPool) -> None:
    """Told apart from a fault of the order: nothing is wrong with that."""
    assert outcome(pool, request(1, "broken"), request(2), request(3, "none")) == [
        (1, "mapping-settings"), (2, "valid"), (3, "mapping-settings"),
    ]  # fmt: skip


def test_reading_through_the_pool(pool: MappingPool, tmp_path: Path) -> None:
    """Results and refusals cross the process border whole."""
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_bytes(b"Order;Line\nPO1;1\nPO2;1\n")
    bad.write_bytes(b"Order;Line\nPO1\n")
    result = pool.read("good", good, name="orders.csv", trailer=False, max_bytes=1000).result(60)
    assert [order.order_number for order in result.orders] == ["PO1", "PO2"]
    with pytest.raises(FileRejected) as caught:
        pool.read("good", bad, name="orders.csv", trailer=False, max_bytes=1000).result(60)
    assert (caught.value.code, caught.value.findings[0].row) == ("too-few-columns", 2)
    with pytest.raises(SettingsError):
        pool.read("none", good, name="orders.csv", trailer=False, max_bytes=1000).result(60)
    with pytest.raises(FileNotFoundError):
        pool.read("good", tmp_path / "none", name="orders.csv", trailer=False, max_bytes=1000).result(60)
    assert pool.extracts("good", good, [1]).result(60) == [b"Order;Line\nPO2;1\n"]
    files = [("good", good, "a", False, None), ("good", bad, "b", False, None)] * 3
    many = pool.read_many(files, max_bytes=1000).result(60)
    assert [isinstance(one, ReadResult) for one in many] == [True, False] * 3
    with pytest.raises(SettingsError):
        pool.read_many([("good", good, "a", False, None), ("none", good, "b", False, None)], max_bytes=1000).result(60)


def test_workers_are_released_when_idle_and_come_back(pool: MappingPool) -> None:
    """A quiet night costs no memory; a task under way keeps its workers."""
    assert outcome(pool, request(1)) == [(1, "valid")]
    busy = pool.map([request(1, "spinner", CROWD)])
    assert pool.release_idle(0) is False
    busy.result(60)
    assert pool.release_idle(60) is False
    assert pool.release_idle(0) is True
    assert pool.release_idle(0) is False
    assert outcome(pool, request(2)) == [(2, "valid")]


def test_an_edited_stylesheet_is_picked_up(site: Path, pool: MappingPool) -> None:
    """Without a restart, and with another hash on the result."""
    write_folder(site / "edited", CSV_TOML)
    before = pool.map([request(1, "edited")]).result(60)[0]
    write_folder(site / "edited", CSV_TOML, COPY_NUMBER.replace("Cancelled", "Received"))
    after = pool.map([request(1, "edited")]).result(60)[0]
    assert b"Cancelled" in (before.body or b"")
    assert b"Received" in (after.body or b"")
    assert before.mapping_hash != after.mapping_hash


def test_several_threads_share_the_pool(pool: MappingPool) -> None:
    """Intake and delivery map at the same time."""
    results: list[list[tuple[int, str]]] = []
    threads = [threading.Thread(target=lambda: results.append(outcome(pool, request(1), request(2)))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert results == [[(1, "valid"), (2, "valid")]] * 6


def test_closing_ends_what_is_under_way(site: Path) -> None:
    """Neither done nor failed: an order may not be blamed for the end of the service."""
    pool = MappingPool(site, workers=1, time_limit_seconds=30)
    busy = pool.map([request(1, "spinner", CROWD), request(2)])
    pool.close()
    with pytest.raises(PoolError, match="shut down"):
        busy.result(10)
    with pytest.raises(PoolError, match="shut down"):
        pool.map([request(1)]).result(10)
    pool.close()


def test_a_worker_killed_from_outside_blames_nobody(site: Path) -> None:
    """A single death convicts nobody: the order is done again, by another worker."""
    with MappingPool(site, workers=1, time_limit_seconds=1) as pool:
        assert outcome(pool, request(1)) == [(1, "valid")]
        assert pool._pool is not None
        victims = list(pool._pool._pool_manager.worker_manager.workers)
        busy = pool.map([request(1, "spinner", CROWD)])
        waited = threading.Event()
        while not any(task.worker_id for task in pool._pool._pool_manager.task_manager.tasks.values()):
            waited.wait(0.01)
        for victim in victims:
            os.kill(victim, signal.SIGKILL)
        assert "in the time" in busy.result(60)[0].findings[0].message


class Scripted(MappingPool):
    """A pool whose processes are a list of outcomes: for ends that no test can bring about on demand."""

    def __init__(self, *outcomes: object) -> None:
        super().__init__(None)
        self.outcomes = list(outcomes)

    def _schedule(self, task, done) -> None:  # type: ignore[no-untyped-def]
        ran: Future[object] = Future()
        end = self.outcomes.pop(0)
        if isinstance(end, Exception):
            ran.set_exception(end)
        else:
            ran.set_result(end)
        done(ran)


def test_deaths_and_breakdowns_are_counted_apart(tmp_path: Path) -> None:
    """Two deaths convict a task; a pool that broke ended the innocent too, and is only tried again so often."""
    killed, broke = ProcessExpired("killed", 9), BrokenProcessPool("all gone")  # type: ignore[no-untyped-call]
    full = ProcessExpired("full", MEMORY_EXIT_CODE)  # type: ignore[no-untyped-call]

    def read(*outcomes: object) -> object:
        pool = Scripted(*outcomes)
        return pool.read("good", tmp_path / "a", name="a.csv", trailer=False, max_bytes=1).result(1)

    assert read(killed, "result") == "result"
    assert read(broke, broke, "result") == "result"
    late = TimeoutError()
    for ends, words in (((killed, killed), "tried twice"), ((full,), "more memory"), ((late,), "in the time")):
        with pytest.raises(FileRejected, match=words) as caught:
            read(*ends)
        assert caught.value.code == "mapping-fault"
    with pytest.raises(PoolError, match="do not start"):
        read(broke, broke, broke)
    with pytest.raises(ValueError, match="ours"):
        read(ValueError("ours"))
    one, two = Scripted(killed, killed, ["b"]), Scripted(broke, ["a"], ["b"])
    many = one.read_many([("m", tmp_path, "a", False, None)] * 2, max_bytes=1).result(1)
    assert [type(each) for each in many] == [FileRejected, str]
    assert two.map([request(1), request(2)]).result(1) == ["a", "b"]
