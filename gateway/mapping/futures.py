"""What the pool promises: futures passed on, failed, gathered, and the error when the workers do not run."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import Any, TypeVar

from gateway.errors import GatewayError

T = TypeVar("T")


class PoolError(GatewayError):
    """The worker processes do not run: shut down, or they cannot be started. No fault of a file or an order."""

    code = "mapping-pool"
    hint = "Nothing was lost; the work is done when the workers run again."


def promise() -> Future[Any]:
    """Return a future that a caller cannot cancel: somebody always sets it."""
    future: Future[Any] = Future()
    future.set_running_or_notify_cancel()
    return future


def failed_future(error: Exception) -> Future[Any]:
    """Return a future that has failed already."""
    future = promise()
    future.set_exception(error)
    return future


def error_of(ran: Future[Any]) -> BaseException | None:
    """Return why a future that has ended failed; None when it did not. Cancelled is: the workers were shut down."""
    return PoolError("The mapping workers were shut down.") if ran.cancelled() else ran.exception()


def pass_on(ran: Future[T], future: Future[T]) -> None:
    """Let a future end as another one did."""
    error = error_of(ran)
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(ran.result())


def gather(parts: list[Future[list[Any]]]) -> Future[list[Any]]:
    """Return one future of all lists joined in order; the first error in order ends it once all have ended."""
    whole: Future[list[Any]] = promise()
    lock = threading.Lock()
    left = [len(parts)]

    def one_ended(_part: Future[list[Any]]) -> None:
        with lock:
            left[0] -= 1
            if left[0]:
                return
        error = next((found for part in parts if (found := error_of(part)) is not None), None)
        results = [] if error is not None else [item for part in parts for item in part.result()]
        parts.clear()  # each part knows this function: in a ring they would keep all results until it is collected
        if error is not None:
            whole.set_exception(error)
        else:
            whole.set_result(results)

    if not parts:
        whole.set_result([])
    for part in tuple(parts):
        part.add_done_callback(one_ended)
    return whole
