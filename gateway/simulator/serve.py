"""The simulator as a program of its own: runs until a signal ends it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from gateway.simulator.access import OAuthClient
from gateway.simulator.answers import Variant
from gateway.simulator.faults import Fault
from gateway.simulator.ledger import RequestRecord
from gateway.simulator.orders import DuplicateOrders
from gateway.simulator.simulator import Simulator


def _print_now(words: str) -> None:
    print(words, flush=True)


def describe(record: RequestRecord) -> str:
    """Return one line about a request: `200 POST /api/order PO-1`."""
    parts = [str(record.status or "cut"), record.method, record.target]
    if record.endpoint == "order" and record.order_number:
        parts.append(record.order_number)
    return " ".join(parts) + (" (fault)" if record.fault is not None else "")


def serve(
    host: str = "127.0.0.1",
    port: int = 8399,
    *,
    username: str | None = "integration",
    password: str = "password",
    oauth: OAuthClient | None = None,
    duplicate_orders: DuplicateOrders = "refuse",
    success_body: bytes = b"",
    auto_confirm: Sequence[Variant] = (),
    faults: Sequence[Fault] = (),
    announce: Callable[[str], None] = _print_now,
    show_requests: bool = False,
) -> None:
    """Run a simulator until SIGINT or SIGTERM; `announce` gets its URL once it listens.

    With `show_requests` it also gets a line for each request. Must be called from the main thread.
    Raises OSError when the port is taken.
    """
    simulator = Simulator(
        host=host,
        port=port,
        username=username,
        password=password,
        oauth=oauth,
        duplicate_orders=duplicate_orders,
        success_body=success_body,
        auto_confirm=auto_confirm,
        on_request=lambda record: announce(describe(record)) if show_requests else None,
    )
    simulator.faults.add(*faults)
    with simulator, _ending_signals() as ended:
        announce(simulator.base_url)
        ended.wait()


@contextmanager
def _ending_signals() -> Iterator[threading.Event]:
    """Yield an event that SIGINT and SIGTERM set; afterwards they mean again what they meant before."""
    ended = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        ended.set()

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield ended
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
