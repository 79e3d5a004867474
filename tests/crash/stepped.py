"""One life of the gateway in this process and thread: its loops' steps taken in turn, on a clock that only we move.

What a threaded life does at random happens here in one order, so that "make effect number N fail" means the same
effect each time. Only the senders (which talk to the other side) and the journal's writer have threads.
"""

from __future__ import annotations

from typing import Any

from gateway.app import Gateway
from gateway.clock import SystemClock
from gateway.errors import GatewayError
from gateway.files.durable import FileDoor
from gateway.mapping.pool import MappingPool
from gateway.settings import Settings
from tests.clocks import ManualClock

MOST_ROUNDS = 500
QUIET_ROUNDS = 3
IDLE_SECONDS = 61.0  # longer than any loop waits before it looks again although nothing seems to have moved


class SteppedGateway(Gateway):
    """The gateway as it is, on a clock that stands still, with mapping workers that outlive it."""

    def __init__(self, settings: Settings, files: FileDoor, workers: MappingPool) -> None:
        self._workers = workers
        self.hand_clock = ManualClock(SystemClock().now())
        super().__init__(settings, clock=self.hand_clock, files=files)

    def _build(self) -> Any:
        self.pool.close()  # none of its processes has started yet
        self.pool = self._workers
        return super()._build()

    def live(self) -> list[GatewayError]:
        """Recover and take steps until nothing moves any more; return the trouble that single steps met.

        Trouble of our own side ends a step, as it does in the service; anything else comes out.
        """
        self.recover()
        return self.come_to_rest()

    def come_to_rest(self) -> list[GatewayError]:
        """Take steps until nothing moves any more."""
        met: list[GatewayError] = []
        quiet = 0
        for _ in range(MOST_ROUNDS):
            moved = False
            for loop in self.service.loops:
                try:
                    moved = loop.step() or moved
                except GatewayError as error:
                    met.append(error)
                    moved = True
            if self.parts.delivery.busy:
                self.parts.delivery.wake.wait(0.2)
                self.parts.delivery.wake.clear()
                moved = True
            quiet = 0 if moved else quiet + 1
            if quiet == QUIET_ROUNDS:
                return met
            if not moved:
                self.hand_clock.advance(IDLE_SECONDS)
        raise AssertionError(f"it does not come to rest; trouble met: {met[-3:]}")

    def abandon(self) -> None:
        """Let go of what would keep the next life out, and do nothing more: the process is dead."""
        for client in self._clients.values():
            client.close()
        self.journal.close()
        self._lock.release()
