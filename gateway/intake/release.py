"""Maps registered messages in worker processes and releases them: `ready` with exact bytes, or `failed`.

Stateless: what is `registered` in the journal is what remains to be done, also after a crash.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace

from sqlalchemy import Connection

from gateway.errors import GatewayError
from gateway.intake.context import IntakeContext
from gateway.journal import incidents, messages
from gateway.journal.messages import ToMap
from gateway.model import MapResult

BATCH = 50
LOOK_AGAIN_SECONDS = 30.0
UNUSABLE = "mapping-settings"  # the finding that blames the mapping, not the order
INCIDENT = "mapping-unusable"


class Releaser:
    """Keeps the mapping workers fed. `step` is called by one thread only."""

    def __init__(self, context: IntakeContext, released: Callable[[], None]) -> None:
        self._context = context
        self._released = released  # tells delivery that something may be ready
        self._running: deque[tuple[list[ToMap], Future[list[MapResult]]]] = deque()
        self._later: dict[int, float] = {}  # orders whose mapping cannot be used now, and when to look again

    @property
    def blocked(self) -> int:
        """How many orders wait for their mapping to be mended."""
        return len(self._later)

    def step(self) -> bool:
        """Map what is registered until nothing is; return whether anything was."""
        done = False
        while self._fill():
            self._store_first()
            done = True
        return done

    def _fill(self) -> bool:
        """Start batches until every worker has one and one waits; return whether any is running."""
        wanted = self._context.settings.mapping_workers + 1
        while len(self._running) < wanted:
            batch = [self._held_to_its_route(todo) for todo in self._next()]
            if not batch:
                break
            sound = [todo.request for todo in batch if not todo.bad_cells]
            self._running.append((batch, self._context.pool.map(sound)))
            if len(batch) < BATCH:
                break
        return bool(self._running)

    def _next(self) -> list[ToMap]:
        now = self._context.clock.monotonic()
        self._later = {key: due for key, due in self._later.items() if due > now}
        busy = [*self._later, *(todo.request.key for batch, _ in self._running for todo in batch)]
        return self._context.journal.read(lambda c: messages.to_map(c, limit=BATCH, skip=busy))

    def _held_to_its_route(self, todo: ToMap) -> ToMap:
        """Say what the order is held to: the profile, and the business rules of its route."""
        route = self._context.route(todo.route)
        if route is None:
            return todo
        asks = route.rules.supplier_known != "off"
        request = replace(
            todo.request,
            strict=route.profile == "refuse",
            rules=tuple(route.rules.levels()),
            suppliers=self._context.suppliers(route.account) if asks else None,
        )
        return replace(todo, request=request)

    def _store_first(self) -> None:
        """Store what came back; an order whose mapping cannot be used is not at fault, and waits."""
        batch, future = self._running.popleft()
        try:
            results = {todo.request.key: _not_mapped(todo) for todo in batch if todo.bad_cells}
            results |= {result.key: result for result in future.result()}
        except GatewayError as error:
            self._put_off(batch, str(error))
            return
        unusable = [todo for todo in batch if _unusable(results[todo.request.key])]
        if unusable:
            self._put_off(unusable, results[unusable[0].request.key].findings[0].message)
        mapped = [(todo, results[todo.request.key]) for todo in batch if todo not in unusable]
        now = self._context.clock.now()

        def store(connection: Connection) -> None:
            messages.store_mapped(connection, mapped, self._context.keeper, now)
            if not self._later:
                incidents.clear(connection, INCIDENT, now)

        self._context.journal.write(store)
        self._released()

    def _put_off(self, batch: Sequence[ToMap], text: str) -> None:
        now, due = self._context.clock.now(), self._context.clock.monotonic() + LOOK_AGAIN_SECONDS
        self._later.update((todo.request.key, due) for todo in batch)
        names = ", ".join(sorted({todo.request.mapping for todo in batch}))
        words = f"Orders wait for the mapping {names}: {text}"
        self._context.journal.write(lambda c: incidents.raise_incident(c, INCIDENT, words, now))


def _not_mapped(todo: ToMap) -> MapResult:
    return MapResult(key=todo.request.key, body=None, facts=None)


def _unusable(result: MapResult) -> bool:
    return any(finding.code == UNUSABLE for finding in result.findings)
