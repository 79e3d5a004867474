"""What the tests of delivery share: a message on its way, a wire that does as it is told, a rig around both."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from sqlalchemy import select

from gateway.delivery.breaker import Weather
from gateway.delivery.policy import SendingLimits
from gateway.delivery.send import Delivery, Route
from gateway.delivery.wire import Wire
from gateway.journal import accounts, incidents
from gateway.journal.sending import Outgoing
from gateway.journal.tables import attempt, message
from gateway.model import Answer, AnswerClass, MessageKind, QueueAnswer
from tests.book import Book
from tests.clocks import START

A = AnswerClass
OK = Answer(answer_class=A.ACCEPTED, status=200)
GONE = Answer(answer_class=A.NOT_SENT, words="connection refused")
LOST = Answer(answer_class=A.MAYBE, words="the connection was lost")
REFUSED = Answer(answer_class=A.DATA, status=400, words="Unit XX is not known")
DOUBLE = Answer(answer_class=A.DATA, status=409, words="exists already")
LOGIN = Answer(answer_class=A.SETTINGS, status=401, words="wrong password")
FORBIDDEN = Answer(answer_class=A.SETTINGS, status=403, words="not yours")
REAL_SECONDS = 10.0


def outgoing(**values: Any) -> Outgoing:
    """Return a message on its way, as `begin` gives it."""
    plain: dict[str, Any] = {
        "id": 1, "version": 1, "account": "main", "order_number": "PO-1", "kind": MessageKind.ORDER, "body": b"",
        "tries": 1, "attempts": 0, "first_try_at": START, "outage_at_first_try": 0, "unsure": False,
        "started_at": START, "fresh": True, "row": None,
    }  # fmt: skip
    return Outgoing(**{**plain, **values})


@dataclass(frozen=True)
class Call:
    """One call as the wire saw it."""

    kind: MessageKind
    order_number: str
    body: bytes

    def __str__(self) -> str:
        return f"{self.kind} {self.order_number}"


class ToldWire:
    """A wire in memory. Answers what it was told to, else accepts; `hold` keeps calls until they are let go."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.fetches = 0
        self.answers: deque[Answer | Exception] = deque()  # for the next calls, in turn
        self.always: Answer = OK  # once those are used up
        self.queue: Answer | None = None  # what a look at the queue gives; None: it is empty
        self.hold: threading.Event | None = None
        self.on_send: Callable[[Call], None] = lambda call: None
        self.most_at_once = 0
        self._tokens = threading.Semaphore(0)
        self._now = 0
        self._lock = threading.Lock()

    def send(self, kind: MessageKind, order_number: str, body: bytes) -> Answer:
        """Note the call and answer."""
        call = Call(kind, order_number, body)
        with self._lock:
            self.calls.append(call)
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
            answer = self.answers.popleft() if self.answers else self.always
        try:
            self.on_send(call)
            self._wait_until_let_go()
        finally:
            with self._lock:
                self._now -= 1
        if isinstance(answer, Exception):
            raise answer
        return answer

    def let_go(self, number: int) -> None:
        """Let so many of the held calls go."""
        for _ in range(number):
            self._tokens.release()

    def _wait_until_let_go(self) -> None:
        for _ in range(int(REAL_SECONDS / 0.001)):
            if self.hold is None or self.hold.wait(0.001) or self._tokens.acquire(blocking=False):
                return
        raise AssertionError("never let go")

    def fetch(self) -> QueueAnswer:
        """Let the queue be looked at."""
        with self._lock:
            self.fetches += 1
        if self.queue is None:
            return QueueAnswer(answer=OK, empty=True)
        return QueueAnswer(answer=self.queue)

    def told(self) -> list[str]:
        """Return the calls in short, in order."""
        return [str(call) for call in self.calls]

    def until_calls(self, number: int) -> None:
        """Wait until so many calls have come in."""
        tick = threading.Event()
        for _ in range(int(REAL_SECONDS / 0.001)):
            if len(self.calls) >= number:
                return
            tick.wait(0.001)
        raise AssertionError(f"{len(self.calls)} calls, not {number}")


class Rig:
    """A delivery over a real journal, on a clock that the test moves."""

    def __init__(self, book: Book, wires: dict[str, Wire], **route: Any) -> None:
        self.book, self.clock = book, book.clock
        self.digest = "as before"
        self.digests_asked = 0
        names = ("poison_after", "give_up", "order_change_method", "status_method")
        limits = {name: route.pop(name) for name in names if name in route}
        self.routes = [
            Route(
                name=name, wire=wire, workers=route.get("workers", 4), digest=self._digest,
                limits=SendingLimits(**limits), resend_after=route.get("resend_after"),
            )
            for name, wire in wires.items()
        ]  # fmt: skip
        self.delivery = Delivery(book.journal, book.keeper, self.routes, self.clock, Random(1))

    def _digest(self) -> str:
        self.digests_asked += 1
        return self.digest

    def close(self) -> None:
        """Stop the senders."""
        self.delivery.stop(0.0)

    def pump(self) -> None:
        """Step until nothing is on its way and nothing may go; what is to be mapped again is mapped."""
        for _ in range(10_000):
            did = self.delivery.step()
            self.book.map()
            if did:
                continue
            if not self.delivery.busy and not self._probing():
                return
            assert self.delivery.wake.wait(REAL_SECONDS)
            self.delivery.wake.clear()
        raise AssertionError("never at rest")

    def _probing(self) -> bool:
        return any(breaker.weather is Weather.PROBING for breaker in self.delivery.weather().values())

    def until_returned(self, number: int) -> None:
        """Wait until so many answers have come back and wait to be recorded."""
        tick = threading.Event()
        for _ in range(int(REAL_SECONDS / 0.001)):
            if self.delivery._senders.returned + len(self.delivery._decided) >= number:
                return
            tick.wait(0.001)
        raise AssertionError(f"fewer than {number} answers came back")

    def hand_over(self, outgoing: Outgoing) -> None:
        """Do what `step` does with a message once its intent is durable."""
        self.delivery._standings[outgoing.account].in_flight += 1
        self.delivery._senders.send(outgoing)

    def ask_to_stop(self) -> None:
        """Let the senders begin nothing any more, as a stop does first."""
        self.delivery._senders.stopping.set()

    def pass_time(self, seconds: float, *, by: float = 5.0) -> None:
        """Let time pass in steps, as the service's loops see it."""
        end = self.clock.monotonic() + seconds
        while self.clock.monotonic() < end:
            self.clock.advance(min(by, end - self.clock.monotonic()))
            self.delivery.tend()
            self.pump()

    # Looking

    def attempts(self, key: int) -> list[tuple[int, str | None, int | None]]:
        """Return a message's attempts: number, class of the answer, status."""
        statement = select(attempt.c.number, attempt.c.answer_class, attempt.c.status)
        rows = self.book.journal.read(
            lambda c: c.execute(statement.where(attempt.c.message == key).order_by(attempt.c.id)).all()
        )
        return [(row[0], row[1], row[2]) for row in rows]

    def incidents(self) -> list[str]:
        """Return what is wrong now."""
        return [row["key"] for row in self.book.journal.read(incidents.open_incidents)]

    def pause(self, name: str = "main") -> accounts.Pause | None:
        """Return the account's pause."""
        return self.book.journal.read(lambda c: accounts.pause_of(c, name))

    def booked(self) -> set[int]:
        """Return how many attempts messages have used up."""
        return set(self.book.journal.read(lambda c: list(c.scalars(select(message.c.attempts)))))

    def outage_seconds(self) -> int:
        """Return the outage time in the journal."""
        row = self.book.journal.read(lambda c: accounts.one(c, "main"))
        assert row is not None
        return int(row["outage_seconds"])
