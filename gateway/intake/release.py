"""Maps registered messages in worker processes and releases them: `ready` with exact bytes, or `failed`.

Stateless: what is `registered` in the journal is what remains to be done, also after a crash.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace

from gateway.errors import SettingsError
from gateway.intake.context import IntakeContext
from gateway.journal import incidents, messages
from gateway.journal.messages import ToMap
from gateway.model import MapResult

BATCH = 50


class Releaser:
    """Keeps the mapping workers fed. `step` is called by one thread only."""

    def __init__(self, context: IntakeContext, released: Callable[[], None]) -> None:
        self._context = context
        self._released = released  # tells delivery that something may be ready
        self._running: deque[tuple[list[ToMap], Future[list[MapResult]]]] = deque()

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
            batch = [self._with_profile(todo) for todo in self._next()]
            if not batch:
                break
            self._running.append((batch, self._context.pool.map([todo.request for todo in batch])))
            if len(batch) < BATCH:
                break
        return bool(self._running)

    def _next(self) -> list[ToMap]:
        busy = [todo.request.key for batch, _ in self._running for todo in batch]
        return self._context.journal.read(lambda c: messages.to_map(c, limit=BATCH, skip=busy))

    def _with_profile(self, todo: ToMap) -> ToMap:
        route = self._context.route(todo.route)
        strict = route is None or route.profile == "refuse"
        return replace(todo, request=replace(todo.request, strict=strict))

    def _store_first(self) -> None:
        batch, future = self._running.popleft()
        now = self._context.clock.now()
        try:
            results = {result.key: result for result in future.result()}
        except SettingsError as error:
            text = f"A mapping cannot be used: {error}"
            self._context.journal.write(lambda c: incidents.raise_incident(c, "mapping", text, now))
            raise
        mapped = [(todo, results[todo.request.key]) for todo in batch]
        self._context.journal.write(lambda c: messages.store_mapped(c, mapped, self._context.keeper, now))
        self._released()
