"""What the stages of intake share: their doors and settings, wired once by `app`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from gateway.clock import Clock
from gateway.errors import FileRejected
from gateway.files.durable import FileDoor
from gateway.files.layout import Layout
from gateway.journal.journal import Journal
from gateway.journal.lanes import LaneKeeper
from gateway.model import KnownSuppliers, MapRequest, MapResult, ReadResult
from gateway.settings import Intake, Route


class Reader(Protocol):
    """What intake needs of the mapping pool; all calls are carried out in worker processes."""

    def read(self, mapping: str, path: Path, *, name: str, trailer: bool, max_bytes: int) -> Future[ReadResult]:
        """Read a whole file; the future raises FileRejected when its structure is broken."""
        ...

    def read_many(
        self, files: Sequence[tuple[str, Path, str, bool, Path | None]], *, max_bytes: int
    ) -> Future[list[ReadResult | FileRejected]]:
        """Read many files, each (mapping, path, name, trailer, spool); own trouble is raised for all of them."""
        ...

    def map(self, requests: Sequence[MapRequest]) -> Future[list[MapResult]]:
        """Map and validate a batch; one bad request does not fail the others."""
        ...


class Mappings(Protocol):
    """What intake needs to know of mappings before their files are read."""

    def get(self, name: str) -> Any:
        """Return the mapping; raises SettingsError."""
        ...


def nobody_asked(_account: str) -> KnownSuppliers | None:
    """Return that no list of suppliers is wanted."""
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeContext:
    """Doors and settings of intake."""

    journal: Journal
    keeper: LaneKeeper
    files: FileDoor
    layout: Layout
    clock: Clock
    pool: Reader
    mappings: Mappings
    settings: Intake
    routes: Sequence[Route]
    suppliers: Callable[[str], KnownSuppliers | None] = nobody_asked  # by account: whom Jakamo knows

    @property
    def node(self) -> str:
        """The name of this gateway."""
        return self.settings.node

    def route(self, name: str | None) -> Route | None:
        """Return a route by name."""
        return next((route for route in self.routes if route.name == name), None)


def message_rules(mapping: Any, route: Route) -> dict[str, Any]:
    """Return what each message of a file takes over from its mapping and route."""
    return {
        "account": route.account,
        "route": route.name,
        "mapping": route.mapping,
        "repeat_rule": mapping.repeat,
        "lost_lines_rule": mapping.lost_lines,
        "complete_order": mapping.complete_order,
    }


