"""The threads that talk to Jakamo, and nothing else: one call, its answer brought back whatever happens.

They never see the journal. A call that was not begun when the service stops comes back without an answer.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from gateway.clock import Clock
from gateway.delivery.wire import Route
from gateway.journal.sending import Outgoing
from gateway.model import Answer, AnswerClass

FORBIDDEN = 403

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """What a sender brings back."""

    account: str
    outgoing: Outgoing | None  # None: a probe
    answer: Answer | None  # None: never handed to the wire
    at: datetime
    queue_readable: bool = False  # looked at after a 403 alone


class Senders:
    """A bounded pool of senders per account. What they bring back waits in one queue; `wake` tells of it."""

    def __init__(self, routes: dict[str, Route], clock: Clock, wake: threading.Event) -> None:
        self._routes, self._clock, self._wake = routes, clock, wake
        self._returned: queue.SimpleQueue[Returned] = queue.SimpleQueue()
        self._counting = threading.Lock()
        self._under_way = 0
        self._all_back = threading.Event()
        self.stopping = threading.Event()
        self._pools = {
            name: ThreadPoolExecutor(route.workers, thread_name_prefix=f"send-{name}")
            for name, route in routes.items()
        }

    def send(self, outgoing: Outgoing) -> None:
        """Let a sender hand this message over; its intent is durable."""
        self._begin(outgoing.account, self._send, outgoing)

    def probe(self, name: str) -> None:
        """Let a sender read the account's queue, to see whether Jakamo answers."""
        self._begin(name, self._probe, name)

    def _begin(self, account: str, call: Callable[[T], None], about: T) -> None:
        with self._counting:
            self._under_way += 1
            self._all_back.clear()
        self._pools[account].submit(call, about)

    def wait_for_all(self, seconds: float) -> None:
        """Wait until every call has come back, as long as another one does within each `seconds`."""
        before = -1
        while before < self.returned and not self._all_back.is_set():
            before = self.returned
            self._clock.wait(self._all_back, seconds)

    def drain(self) -> list[Returned]:
        """Take what has come back."""
        items: list[Returned] = []
        while True:
            try:
                items.append(self._returned.get_nowait())
            except queue.Empty:
                return items

    @property
    def returned(self) -> int:
        """How many came back and wait to be taken."""
        with self._counting:
            return self._returned.qsize()

    def close(self) -> None:
        """Begin nothing any more; calls still on the wire end by their own deadline, unheard."""
        self.stopping.set()
        self._all_back.set()
        for pool in self._pools.values():
            pool.shutdown(wait=False, cancel_futures=True)

    def _send(self, outgoing: Outgoing) -> None:
        answer: Answer | None = None
        readable = False
        wire = self._routes[outgoing.account].wire
        try:
            if not self.stopping.is_set():
                answer = wire.send(outgoing.kind, outgoing.order_number, outgoing.body)
                if answer.status == FORBIDDEN:
                    looked = wire.fetch()
                    readable = looked.empty or looked.body is not None
        except Exception as error:  # noqa: BLE001 - the thread's outermost frame: an error of ours has no known outcome
            if answer is None:
                answer = Answer(answer_class=AnswerClass.MAYBE, words="the sender failed", detail=repr(error))
        self._bring(
            Returned(
                account=outgoing.account, outgoing=outgoing, answer=answer, at=self._clock.now(),
                queue_readable=readable,
            )
        )  # fmt: skip

    def _probe(self, name: str) -> None:
        try:
            answer = self._routes[name].wire.fetch().answer
        except Exception as error:  # noqa: BLE001 - the thread's outermost frame: counted as a failed probe
            answer = Answer(answer_class=AnswerClass.MAYBE, words="the probe failed", detail=repr(error))
        self._bring(Returned(account=name, outgoing=None, answer=answer, at=self._clock.now()))

    def _bring(self, item: Returned) -> None:
        with self._counting:
            self._returned.put(item)
            self._under_way -= 1
            if not self._under_way:
                self._all_back.set()
        self._wake.set()
