"""Sends what is ready: intents committed, then calls, then outcomes committed; lanes and breaker obeyed.

One dispatcher (`step`) decides and writes; a bounded pool of senders per account only talks to Jakamo. The
outcomes that came in and the next intents share one commit.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random

from sqlalchemy import Connection

from gateway.clock import Clock
from gateway.delivery.breaker import Breaker
from gateway.delivery.policy import Decision, SendingLimits, decide
from gateway.delivery.senders import Returned, Senders
from gateway.delivery.standing import Standing
from gateway.delivery.wire import Route, Wire
from gateway.errors import GatewayError
from gateway.journal import accounts, incidents, pass_one, sending
from gateway.journal.journal import Journal
from gateway.journal.lanes import LaneKeeper
from gateway.journal.sending import Outcome, Outgoing
from gateway.model import MessageState

DIGEST_SECONDS = 5.0
STOP_LOOK_SECONDS = 0.2
GATHER_SECONDS = 0.002


@dataclass(frozen=True, slots=True)
class _Decided:
    """What came back, with what becomes of it; None for a probe and for what never left."""

    item: Returned
    decision: Decision | None


class Delivery:
    """The dispatcher. `step` is called by one thread only; `poke` by anyone."""

    def __init__(
        self, journal: Journal, keeper: LaneKeeper, routes: Sequence[Route], clock: Clock, random: Random | None = None
    ) -> None:
        self._journal, self._keeper, self._clock = journal, keeper, clock
        self._random = random or Random()  # noqa: S311 - it scatters waits, it keeps no secret
        self.wake = threading.Event()  # set when something may be ready or has come back
        self._standings = {route.name: Standing(route) for route in routes}
        self._senders = Senders({route.name: route for route in routes}, clock, self.wake)
        self._decided: list[_Decided] = []  # decided, not yet in the journal

    def recover(self) -> int:
        """At start: what was being sent has an unknown outcome; settings may have changed. Return how many."""
        now = self._clock.now()

        def settle(connection: Connection) -> int:
            unknown = sending.settle_unknown_at_start(connection, self._keeper, now)
            self._keeper.settle_all(connection, now)
            return unknown

        return self._journal.write(settle)

    def poke(self) -> None:
        """Say that something may be ready."""
        self.wake.set()

    def wait(self, seconds: float) -> None:
        """Wait for an outcome or a poke."""
        self._clock.wait(self.wake, seconds)
        self.wake.clear()

    def weather(self) -> Mapping[str, Breaker]:
        """Return each account's breaker, for people to see."""
        return {name: standing.breaker for name, standing in self._standings.items()}

    @property
    def busy(self) -> bool:
        """Tell whether a call is on its way or an outcome waits to be recorded."""
        in_flight = any(standing.in_flight for standing in self._standings.values())
        return in_flight or bool(self._decided) or self._senders.returned > 0

    def gathered_step(self) -> bool:
        """Give outcomes a moment to come together, then `step`: a commit for several costs little more than for one."""
        if self._senders.returned:
            self._senders.wait_for_all(GATHER_SECONDS)
        return self.step()

    def step(self) -> bool:
        """Record what came back and commit the next intents, in one commit; then hand them to the senders.

        Return whether anything was done. What could not be recorded (a full disk, say) is kept for the next step.
        """
        now, monotonic = self._clock.now(), self._clock.monotonic()
        self._decided += [self._decide(item, now, monotonic) for item in self._senders.drain()]
        wanted = {} if self._senders.stopping.is_set() else self._wanted(monotonic)
        if not self._decided:
            wanted = self._with_work(wanted, now)
            if not wanted:
                return False
        decided = self._decided
        told = {decided_one.item.account for decided_one in decided}
        digests = {name: self._digest(name) for name in told}
        try:
            begun, booked = self._journal.write(lambda c: self._commit(c, decided, digests, wanted, now))
        except GatewayError:
            for name in told:
                self._standings[name].alarmed = True  # whatever was cleared in that commit is not
            raise
        self._decided = []
        for name, seconds in booked.items():
            self._standings[name].booked(seconds)
        for name in told:
            self._standings[name].pause_reason = None
        for outgoing in begun:
            self._standings[outgoing.account].in_flight += 1
            self._senders.send(outgoing)
        return bool(begun or decided)

    def _digest(self, name: str) -> str:
        """Return what the settings look like now, if a pause is to be recorded; it takes its time."""
        standing = self._standings[name]
        return standing.route.digest() if standing.pause_reason is not None else ""

    def _wanted(self, monotonic: float) -> dict[str, int]:
        """Return how many messages each account may take now; start probes that are due."""
        wanted = {}
        for name, standing in self._standings.items():
            if standing.paused and not self._unpaused(standing, monotonic):
                continue
            if standing.breaker.probe_is_due(monotonic):
                standing.breaker = standing.breaker.probing()
                self._senders.probe(name)
            elif standing.free > 0:
                wanted[name] = standing.free
        return wanted

    def _with_work(self, wanted: Mapping[str, int], now: datetime) -> dict[str, int]:
        """Leave out accounts with nothing due: a commit without a change would set everything going that looks at it.

        One that has just had an outage is not left out: that nothing waits any more is its all-clear.
        """

        def due(name: str) -> bool:
            return self._journal.read(lambda c: sending.any_due(c, name, now))

        return {name: free for name, free in wanted.items() if self._standings[name].careful or due(name)}

    def _unpaused(self, standing: Standing, monotonic: float) -> bool:
        """Look whether a pause has ended: by a person, or because settings or secrets changed."""
        name = standing.route.name
        pause = self._journal.read(lambda c: accounts.pause_of(c, name))
        if pause is not None:
            if pause.by == accounts.PERSON or monotonic - standing.digest_checked_at < DIGEST_SECONDS:
                return False
            standing.digest_checked_at = monotonic
            if standing.route.digest() == pause.digest:
                return False
            now = self._clock.now()
            self._journal.write(lambda c: _resume(c, name, now))
        standing.paused = False
        return True

    def _decide(self, item: Returned, now: datetime, monotonic: float) -> _Decided:
        """Decide one outcome and let the account learn from it."""
        standing, out = self._standings[item.account], item.outgoing
        if out is not None:
            standing.in_flight -= 1
        if item.answer is None:
            return _Decided(item, None)
        if out is None:
            standing.learn_from_probe(item.answer, monotonic)
            return _Decided(item, None)
        standing.keep_time(monotonic)
        decision = decide(
            out, item.answer, standing.route.limits, now=now, outage_seconds=standing.outage_seconds,
            queue_readable=item.queue_readable, random=self._random,
        )  # fmt: skip
        standing.learn(out.order_number, item.answer, decision, monotonic)
        return _Decided(item, decision)

    def _commit(
        self,
        connection: Connection,
        decided: Sequence[_Decided],
        digests: Mapping[str, str],
        wanted: Mapping[str, int],
        now: datetime,
    ) -> tuple[list[Outgoing], dict[str, int]]:
        """Record and begin in one transaction; return what may go and the outage seconds that were booked."""
        outcomes = [outcome for outcome in map(_outcome, decided) if outcome is not None]
        if outcomes:
            sending.finish(connection, outcomes, self._keeper, now)
        booked = {name: self._note_account(connection, name, digest, now) for name, digest in digests.items()}
        return (self._begin(connection, wanted, booked, now) if wanted else []), booked

    def _begin(
        self, connection: Connection, wanted: Mapping[str, int], booked: Mapping[str, int], now: datetime
    ) -> list[Outgoing]:
        rows = {row["name"]: row for row in accounts.all_rows(connection)}
        begun: list[Outgoing] = []
        for name, free in wanted.items():
            standing, row = self._standings[name], rows.get(name)
            if row is None or row["paused_at"] is not None:
                standing.paused = row is not None
                continue
            standing.booked_outage = row["outage_seconds"] - booked.get(name, 0)
            mine = sending.begin(
                connection, account_name=name, limit=free, before=pass_one.oldest_in_pass_one(connection, name),
                now=now, keeper=self._keeper, prefer=standing.preferred_kinds(),
            )  # fmt: skip
            begun += mine
            if standing.careful and not mine and not standing.in_flight:
                self._rest(connection, standing, now)
        return begun

    def _rest(self, connection: Connection, standing: Standing, now: datetime) -> None:
        """Jakamo answers again and nothing waits that could prove it: give the all-clear, stay careful."""
        name = standing.route.name
        if standing.alarmed and not sending.any_waiting(connection, name):
            incidents.clear(connection, f"outage:{name}", now)
            standing.alarmed = False
            standing.all_clear()

    def _note_account(self, connection: Connection, name: str, digest: str, now: datetime) -> int:
        """Record pause, outage and its end: one incident each, however many messages met them.

        Return the whole seconds of outage that were booked.
        """
        standing = self._standings[name]
        reason = standing.pause_reason
        if reason is not None:
            standing.paused = True
            if accounts.pause(connection, name, reason=reason, digest=digest, by=accounts.ANSWER, now=now):
                incidents.raise_incident(connection, f"paused:{name}", f"Account {name}: {reason}", now)
        if standing.breaker.is_outage:
            text = f"Jakamo does not answer account {name}: {standing.breaker.reason}"
            incidents.raise_incident(connection, f"outage:{name}", text, now)
            standing.alarmed = True
        elif standing.alarmed and not standing.breaker.is_disturbed:
            incidents.clear(connection, f"outage:{name}", now)
            standing.alarmed = False
        seconds = int(standing.unbooked_outage)
        if seconds:
            accounts.add_outage(connection, name, seconds)
        return seconds

    def tend(self) -> bool:
        """Do what time alone brings: waits for an Order that are over, resends by rule. Return whether any."""
        now = self._clock.now()
        woken = self._journal.write(lambda c: sending.wake_due(c, self._keeper, now))
        for name, standing in self._standings.items():
            after = standing.route.resend_after
            if after is not None:
                woken += self._resend(name, now - after, now)
        if woken:
            self.poke()
        return bool(woken)

    def _resend(self, name: str, before: datetime, now: datetime) -> int:
        return self._journal.write(lambda c: sending.resend_unknown(c, name, before, self._keeper, now))

    def stop(self, seconds: float) -> None:
        """Begin nothing new, give running calls `seconds`, record their outcomes. The rest is `unknown` at start."""
        self._senders.stopping.set()
        deadline = self._clock.monotonic() + seconds
        while self.busy and self._clock.monotonic() < deadline:
            if not self.step():
                self.wait(min(STOP_LOOK_SECONDS, seconds))
        self._senders.close()


def _resume(connection: Connection, name: str, now: datetime) -> None:
    accounts.resume(connection, name, why="settings or secrets changed", now=now)
    incidents.clear(connection, f"paused:{name}", now)


def _outcome(decided: _Decided) -> Outcome | None:
    """Return what is recorded of a message; None for a probe."""
    item, decision = decided.item, decided.decision
    if item.outgoing is None:
        return None
    if decision is None:  # it never left: as it was before, at once
        state = MessageState.READY if item.outgoing.fresh else MessageState.RETRYING
        return Outcome(outgoing=item.outgoing, answer=None, state=state, booked=False, ended_at=item.at)
    return Outcome(
        outgoing=item.outgoing, answer=item.answer, state=decision.state, reason_code=decision.reason_code,
        reason=decision.reason, due_at=decision.due_at, booked=decision.booked, unsure=decision.unsure,
        ended_at=item.at,
    )  # fmt: skip


__all__ = ["Delivery", "Route", "SendingLimits", "Wire"]
