"""Lives of a whole gateway in one thread, on a clock that the test moves, through a door that meets agreed trouble."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gateway.errors import GatewayError
from gateway.mapping.pool import MappingPool
from gateway.places import site_files
from gateway.settings import Settings
from tests.crash.stepped import SteppedGateway
from tests.files.file_doors import FaultyDoor, os_error
from tests.site import Site

Deed = Callable[[], object]


class TroubledDoor(FaultyDoor):
    """The door with the rights of the settings. Before an effect on a path that ends so, it does what was agreed."""

    def __init__(self, settings: Settings) -> None:
        plain = site_files(settings)
        super().__init__(file_mode=plain.file_mode, dir_mode=plain.dir_mode, group=plain.group, owner=plain.owner)
        self._failing: list[tuple[str, str, int]] = []
        self._meanwhile: list[tuple[str, str, Deed]] = []

    def fails(self, effect: str, ending: str, number: int = errno.EIO) -> None:
        """Let this effect fail on such a path until `heal`."""
        self._failing.append((effect, ending, number))

    def heal(self) -> None:
        """Let nothing fail any more."""
        self._failing.clear()

    def meanwhile(self, effect: str, ending: str, deed: Deed) -> None:
        """Before the next such effect, let somebody else do something; of several the first agreed comes first."""
        self._meanwhile.append((effect, ending, deed))

    def happen(self, effect: str, arguments: tuple[Any, ...]) -> None:
        """Do what was agreed, then fail if that was."""
        paths = [str(one) for one in arguments if isinstance(one, Path)]
        for agreed in self._meanwhile:
            if agreed[0] == effect and any(path.endswith(agreed[1]) for path in paths):
                self._meanwhile.remove(agreed)
                agreed[2]()
                break
        for failing, ending, number in self._failing:
            if failing == effect and any(path.endswith(ending) for path in paths):
                raise os_error(number)


class Life:
    """One life: take its steps, to rest or one stage at a time, and look at the site between them."""

    def __init__(self, site: Site, gateway: SteppedGateway, door: TroubledDoor) -> None:
        self.site, self.gateway, self.door = site, gateway, door
        self.parts = gateway.parts

    def rest(self) -> list[GatewayError]:
        """Take steps until nothing moves; return the trouble of our own that single steps met."""
        return self.gateway.come_to_rest()

    def after(self, seconds: float) -> None:
        """Let time pass, then come to rest without any trouble."""
        self.gateway.hand_clock.advance(seconds)
        assert self.rest() == []

    def wrong(self) -> list[str]:
        """Return the keys of the open incidents, sorted."""
        return sorted(key for key, _ in self.site.incidents())


@contextmanager
def living(site: Site, workers: MappingPool) -> Iterator[Life]:
    """Let a site live in this thread; its end is as sudden as that of a killed process."""
    settings = site.settings()
    door = TroubledDoor(settings)
    gateway = SteppedGateway(settings, door, workers)
    try:
        gateway.recover()
        yield Life(site, gateway, door)
    finally:
        gateway.abandon()
