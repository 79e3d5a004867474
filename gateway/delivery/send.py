"""Sends what is ready: intents committed, then calls, then outcomes committed; lanes and breaker obeyed.

One dispatcher (`step`) decides and writes; a bounded pool of senders per account only talks to Jakamo. The
outcomes that came in and the next intents share one commit.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Protocol

from sqlalchemy import Connection

from gateway.clock import Clock
from gateway.delivery.breaker import Breaker
from gateway.delivery.policy import Decision, SendingLimits, Signal, decide
from gateway.journal import accounts, incidents, interchanges, sending
from gateway.journal.journal import Journal
from gateway.journal.lanes import LaneKeeper
from gateway.journal.sending import Outcome, Outgoing
from gateway.model import Answer, AnswerClass, MessageKind, MessageState, QueueAnswer

FORBIDDEN_IN_A_ROW = 3
DIGEST_SECONDS = 5.0


class Wire(Protocol):
    """What delivery needs of the Jakamo client. Neither call raises for trouble on the wire."""

    def send(self, kind: MessageKind, order_number: str, body: bytes) -> Answer:
        """Send one document and say what the answer means."""
        ...

    def fetch(self) -> QueueAnswer:
        """Read the head of the queue without consuming it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One account as delivery sees it."""

    name: str
    wire: Wire
    limits: SendingLimits
    workers: int
    digest: Callable[[], str]  # of settings and secrets: another one ends a pause
    resend_after: timedelta | None = None  # unknown_outcome = "resend"


@dataclass(slots=True)
class _Lane:
    """The running state of one account."""

    route: Route
    pool: ThreadPoolExecutor
    breaker: Breaker
    in_flight: int = 0
    forbidden: int = 0
    paused: bool = False
    digest_checked_at: float = float("-inf")
    outage_seconds: int = 0


@dataclass(frozen=True, slots=True)
class _Returned:
    """What a sender brings back."""

    lane: _Lane
    outgoing: Outgoing | None  # None: a probe
    answer: Answer | None
    queue_readable: bool
    at: datetime


class Delivery:
    """The dispatcher. `step` is called by one thread only; `poke` by anyone."""

    def __init__(
        self, journal: Journal, keeper: LaneKeeper, routes: Sequence[Route], clock: Clock, random: Random | None = None
    ) -> None:
        self._journal, self._keeper, self._clock = journal, keeper, clock
        self._random = random or Random()
        self._returned: queue.SimpleQueue[_Returned] = queue.SimpleQueue()
        self.wake = threading.Event()  # set when something may be ready or has come back
        self._stopping = threading.Event()
        self._unrecorded: list[tuple[_Returned, Decision | None]] = []
        self._lanes = {
            route.name: _Lane(route, ThreadPoolExecutor(route.workers, f"send-{route.name}"), Breaker())
            for route in routes
        }

    def recover(self) -> int:
        """At start: what was being sent has an unknown outcome. Return how many."""
        now = self._clock.now()
        return self._journal.write(lambda c: sending.settle_unknown_at_start(c, self._keeper, now))

    def poke(self) -> None:
        """Say that something may be ready."""
        self.wake.set()

    def wait(self, seconds: float) -> None:
        """Wait for an outcome or a poke."""
        self._clock.wait(self.wake, seconds)
        self.wake.clear()

    def weather(self) -> Mapping[str, Breaker]:
        """Return each account's breaker, for people to see."""
        return {name: lane.breaker for name, lane in self._lanes.items()}

    @property
    def busy(self) -> bool:
        """Tell whether a call is on its way or an outcome waits to be recorded."""
        in_flight = any(lane.in_flight for lane in self._lanes.values())
        return in_flight or bool(self._unrecorded) or not self._returned.empty()

    def step(self) -> bool:
        """Record what came back and commit the next intents, in one commit; then hand them to the senders.

        Return whether anything was done.
        """
        returned = self._drain()
        now, monotonic = self._clock.now(), self._clock.monotonic()
        # Kept until they are durable: a journal that cannot be written now must not make an answer unheard.
        self._unrecorded += [(item, self._decide(item, now, monotonic)) for item in returned]
        decided = list(self._unrecorded)
        outcomes = [_outcome(item, decision) for item, decision in decided if item.outgoing is not None]
        wanted = {} if self._stopping.is_set() else self._wanted(monotonic)
        if not outcomes and not wanted and not decided:
            return False
        begun = self._journal.write(lambda c: self._commit(c, decided, outcomes, wanted, now))
        self._unrecorded.clear()
        for outgoing in begun:
            lane = self._lanes[outgoing.account]
            lane.in_flight += 1
            lane.pool.submit(self._send, lane, outgoing)
        return bool(outcomes or begun or decided)

    def _drain(self) -> list[_Returned]:
        items: list[_Returned] = []
        while True:
            try:
                item = self._returned.get_nowait()
            except queue.Empty:
                return items
            if item.outgoing is not None:
                item.lane.in_flight -= 1
            items.append(item)

    def _wanted(self, monotonic: float) -> dict[str, int]:
        """Return how many messages each account may take now; start probes that are due."""
        wanted = {}
        for name, lane in self._lanes.items():
            if lane.paused and not self._unpaused(lane, monotonic):
                continue
            if lane.breaker.probe_is_due(monotonic):
                lane.breaker = lane.breaker.probing()
                lane.pool.submit(self._probe, lane)
                continue
            free = lane.breaker.allowed(lane.route.workers) - lane.in_flight
            if free > 0:
                wanted[name] = free
        return wanted

    def _unpaused(self, lane: _Lane, monotonic: float) -> bool:
        """Look whether a pause has ended: by a person, or because settings or secrets changed."""
        name = lane.route.name
        pause = self._journal.read(lambda c: accounts.pause_of(c, name))
        if pause is None:
            lane.paused = False
            return True
        if pause.by == "person" or monotonic - lane.digest_checked_at < DIGEST_SECONDS:
            return False
        lane.digest_checked_at = monotonic
        if lane.route.digest() == pause.digest:
            return False
        now = self._clock.now()
        self._journal.write(lambda c: _resume(c, name, now))
        lane.paused = False
        return True

    def _decide(self, item: _Returned, now: datetime, monotonic: float) -> Decision | None:
        """Decide one outcome and let the account learn from it. None for a probe or what never left."""
        lane, answer = item.lane, item.answer
        if answer is None:
            return None
        if item.outgoing is None:
            signal = _signal_of_probe(answer)
            lane.breaker = lane.breaker.probed(signal, monotonic, answer.words or answer.detail)
            return None
        decision = decide(
            item.outgoing, answer, lane.route.limits, now=now, outage_seconds=lane.outage_seconds,
            queue_readable=item.queue_readable, random=self._random,
        )
        lane.forbidden = lane.forbidden + 1 if decision.reason_code == "forbidden-order" else (
            0 if answer.answer_class is AnswerClass.ACCEPTED else lane.forbidden
        )
        before = lane.breaker
        lane.breaker = before.after(
            decision.signal, monotonic, reason=decision.reason or "", wait_seconds=answer.retry_after_seconds or 0.0
        )
        if before.is_outage and not lane.breaker.is_outage:
            lane.outage_seconds += round(monotonic - before.opened_at)
        return decision

    def _commit(
        self,
        connection: Connection,
        decided: Sequence[tuple[_Returned, Decision | None]],
        outcomes: Sequence[Outcome],
        wanted: Mapping[str, int],
        now: datetime,
    ) -> list[Outgoing]:
        if outcomes:
            sending.finish(connection, outcomes, self._keeper, now)
        self._note_accounts(connection, decided, now)
        begun: list[Outgoing] = []
        if not wanted:
            return begun
        rows = {row["name"]: row for row in accounts.all_rows(connection)}
        gates = interchanges.oldest_in_pass_one(connection)
        for name, free in wanted.items():
            lane = self._lanes[name]
            row = rows.get(name)
            if row is None or row["paused_at"] is not None:
                lane.paused = row is not None
                continue
            lane.outage_seconds = max(lane.outage_seconds, row["outage_seconds"])
            begun += sending.begin(
                connection, account_name=name, limit=free, before=gates.get(name), now=now, keeper=self._keeper,
                prefer=lane.route.limits.repeatable_kinds if lane.breaker.is_outage else (),
            )
        return begun

    def _note_accounts(
        self, connection: Connection, decided: Sequence[tuple[_Returned, Decision | None]], now: datetime
    ) -> None:
        """Record pauses, outages and their ends: one incident each, however many messages met them."""
        for lane in {item.lane.route.name: item.lane for item, _ in decided}.values():
            name = lane.route.name
            settings = next(
                (d for item, d in decided if item.lane is lane and d is not None and d.signal is Signal.SETTINGS), None
            )
            reason = settings.reason if settings is not None else None
            if lane.forbidden >= FORBIDDEN_IN_A_ROW:
                reason, lane.forbidden = "Three different orders in a row were forbidden (403).", 0
            if reason is not None and not lane.paused:
                lane.paused = True
                if accounts.pause(
                    connection, name, reason=reason, digest=lane.route.digest(), by="answer", now=now
                ):
                    incidents.raise_incident(connection, f"paused:{name}", f"Account {name}: {reason}", now)
            if lane.breaker.is_outage:
                text = f"Jakamo does not answer account {name}: {lane.breaker.reason}"
                incidents.raise_incident(connection, f"outage:{name}", text, now)
            elif incidents.clear(connection, f"outage:{name}", now):
                row = accounts.one(connection, name)
                known = row["outage_seconds"] if row is not None else 0
                accounts.add_outage(connection, name, lane.outage_seconds - known)

    def _send(self, lane: _Lane, outgoing: Outgoing) -> None:
        """Run in a sender thread: one call, its answer brought back whatever happens."""
        answer: Answer | None = None
        readable = False
        try:
            if not self._stopping.is_set():
                answer = lane.route.wire.send(outgoing.kind, outgoing.order_number, outgoing.body)
                if answer.status == 403:
                    looked = lane.route.wire.fetch()
                    readable = looked.empty or looked.body is not None
        except Exception as error:  # noqa: BLE001 - the sender's outermost frame: an error of ours has an unknown outcome
            answer = Answer(answer_class=AnswerClass.MAYBE, words="the sender failed", detail=repr(error))
        self._returned.put(_Returned(lane, outgoing, answer, readable, self._clock.now()))
        self.wake.set()

    def _probe(self, lane: _Lane) -> None:
        try:
            looked = lane.route.wire.fetch()
            answer = looked.answer
        except Exception as error:  # noqa: BLE001 - the sender's outermost frame: counted as a failed probe
            answer = Answer(answer_class=AnswerClass.MAYBE, words="the probe failed", detail=repr(error))
        self._returned.put(_Returned(lane, None, answer, False, self._clock.now()))
        self.wake.set()

    def tend(self) -> bool:
        """Do what time alone brings: waits for an Order that are over, resends by rule. Return whether any."""
        now = self._clock.now()
        woken = self._journal.write(lambda c: sending.wake_due(c, self._keeper, now))
        for lane in self._lanes.values():
            if lane.route.resend_after is not None:
                woken += self._resend(lane.route.name, now - lane.route.resend_after, now)
        return bool(woken)

    def _resend(self, name: str, before: datetime, now: datetime) -> int:
        return self._journal.write(lambda c: sending.resend_unknown(c, name, before, self._keeper, now))

    def stop(self, seconds: float) -> None:
        """Begin nothing new, give running calls `seconds`, record their outcomes. The rest is `unknown` at start."""
        self._stopping.set()
        deadline = self._clock.monotonic() + seconds
        while self.busy and self._clock.monotonic() < deadline:
            if not self.step():
                self.wait(min(0.2, seconds))
        for lane in self._lanes.values():
            lane.pool.shutdown(wait=False, cancel_futures=True)


def _resume(connection: Connection, name: str, now: datetime) -> None:
    accounts.resume(connection, name, why="settings or secrets changed", now=now)
    incidents.clear(connection, f"paused:{name}", now)


def _signal_of_probe(answer: Answer) -> Signal:
    match answer.answer_class:
        case AnswerClass.ACCEPTED | AnswerClass.DATA:
            return Signal.GOOD
        case AnswerClass.SETTINGS:
            return Signal.SETTINGS
        case _:
            return Signal.TROUBLE


def _outcome(item: _Returned, decision: Decision | None) -> Outcome:
    assert item.outgoing is not None  # noqa: S101 - callers pass messages only
    if decision is None:
        return Outcome(
            outgoing=item.outgoing, answer=None, state=MessageState.READY, booked=False, ended_at=item.at
        )
    return Outcome(
        outgoing=item.outgoing, answer=item.answer, state=decision.state, reason_code=decision.reason_code,
        reason=decision.reason, due_at=decision.due_at, booked=decision.booked, unsure=decision.unsure,
        ended_at=item.at,
    )
