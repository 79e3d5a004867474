"""Every effect on the file system in turn fails, or the process dies there, until a life gets through untouched.

This is how SQLite is tested: effect number 1 fails, then number 2, and so on, until a run ends without the fault
having struck. After a failed effect the same life must come to the undisturbed end by itself; after a death the next.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
from collections.abc import Iterator
from typing import Any, TypeVar

import pytest

from gateway.errors import GatewayError
from gateway.mapping.pool import MappingPool
from gateway.places import site_files
from gateway.settings import Settings
from tests.crash import audit
from tests.crash.audit import Expected
from tests.crash.ground import Ground, answer_unknown
from tests.crash.scenarios import SCENARIOS
from tests.crash.stepped import SteppedGateway
from tests.files.file_doors import Crash, FaultyDoor, os_error
from tests.site import Site

Door = TypeVar("Door", bound=FaultyDoor)
LOOKING = frozenset({"do_open", "do_read", "do_stat_open", "do_list", "do_stat", "do_is_folder", "do_may_change"})
STRIDE = 17  # of the tests that always run


def stories(always: str, besides: str = "") -> list[Any]:
    """Return the stories to be played with some effects failing, and those with every one (these take minutes)."""
    some = [pytest.param(key, STRIDE, id=f"{key}-some") for key in always.split()]
    every = [
        pytest.param(key, 1, id=f"{key}-every", marks=[pytest.mark.slow, pytest.mark.timeout(900)])
        for key in f"{always} {besides}".split()
    ]
    return some + every


class TroubledDoor(FaultyDoor):
    """Its one fault is a full disk where something is written, a bad block where something is read."""

    counted: int | None = None  # effects up to when it was disarmed

    def disarm(self) -> None:
        """Fail no more, and count no more."""
        self.fail_at, self.counted = 0, len(self.calls)

    def happen(self, effect: str, arguments: tuple[Any, ...]) -> None:
        """Note an effect, or raise the error that suits it."""
        self.fault = lambda: os_error(errno.EIO if effect in LOOKING else errno.ENOSPC)
        super().happen(effect, arguments)


pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def workers() -> Iterator[MappingPool]:
    """Mapping workers that serve many lives."""
    with MappingPool() as pool:
        yield pool


def door_with(settings: Settings, fail_at: int, kind: type[Door]) -> Door:
    """Return a door with the rights of the settings that fails at one effect."""
    plain = site_files(settings)
    return kind(
        fail_at, file_mode=plain.file_mode, dir_mode=plain.dir_mode, group=plain.group, owner=plain.owner
    )


def clean_lives(site: Site, workers: MappingPool) -> None:
    """Live once undisturbed, answer what is unknown, live once more."""
    for last in (False, True):
        settings = site.settings()
        gateway = SteppedGateway(settings, site_files(settings), workers)
        try:
            assert gateway.live() == []
        finally:
            gateway.abandon()
        if not last:
            answer_unknown(site)


@pytest.mark.parametrize(("key", "stride"), stories("A D", "B C E"))
def test_a_failed_effect_is_weather(key: str, stride: int, ground: Ground, workers: MappingPool) -> None:
    """A full disk or a bad read at any one effect: the work goes on by itself once it is over, in the same life."""
    scenario = SCENARIOS[key]
    undisturbed = ground.undisturbed(scenario)
    for number in itertools.count(1, stride):
        with ground.played(scenario) as (site, expected):
            struck, problems = troubled_life(site, expected, undisturbed, number, workers)
        assert problems == [], f"effect {number}"
        if not struck:
            return


def troubled_life(
    site: Site, expected: Expected, undisturbed: dict[str, str], number: int, workers: MappingPool
) -> tuple[bool, list[str]]:
    """Live with effect `number` failing, then once more; return whether it failed, and what was wrong after either."""
    settings = site.settings()
    door = door_with(settings, number, TroubledDoor)
    problems = []
    came_to_rest = False
    with contextlib.suppress(GatewayError):  # trouble at the start: it says so, and is started again
        gateway = SteppedGateway(settings, door, workers)
        try:
            with contextlib.suppress(GatewayError):
                gateway.live()
                door.disarm()
                gateway.come_to_rest()  # when it struck in the last looks before the rest
                came_to_rest = True
        finally:
            gateway.abandon()
    if came_to_rest:
        problems = audit.at_the_end(site.root, site.simulator, expected, undisturbed)
    failed = [f"{effect} {arguments}" for effect, arguments in door.calls[: door.counted][number - 1 : number]]
    clean_lives(site, workers)
    problems += audit.at_the_end(site.root, site.simulator, expected, undisturbed)
    return bool(failed), [*failed, *problems] if problems else []


@pytest.mark.parametrize(("key", "stride"), stories("A D"))
def test_a_death_at_any_effect_loses_and_doubles_nothing(
    key: str, stride: int, ground: Ground, workers: MappingPool
) -> None:
    """The process dies at any one effect: the next life brings all to the undisturbed end."""
    scenario = SCENARIOS[key]
    undisturbed = ground.undisturbed(scenario)
    for number in itertools.count(1, stride):
        with ground.played(scenario) as (site, expected):
            settings = site.settings()
            door = door_with(settings, number, FaultyDoor)
            gateway: SteppedGateway | None = None
            try:
                gateway = SteppedGateway(settings, door, workers)
                gateway.live()
            except Crash:
                pass
            finally:
                if gateway is not None:
                    gateway.abandon()
            problems = audit.after_kill(ground.root, site.simulator, expected)
            clean_lives(site, workers)
            problems += audit.at_the_end(ground.root, site.simulator, expected, undisturbed)
        assert problems == [], f"effect {number}: {door.calls[number - 1 : number]}"
        if len(door.calls) < number:
            return


def test_the_stepped_life_ends_as_a_threaded_one(ground: Ground, workers: MappingPool) -> None:
    """What these tests run is the gateway: the same folders, journal and ledger come of it."""
    for key in ("A", "D"):
        undisturbed = ground.undisturbed(SCENARIOS[key])
        with ground.played(SCENARIOS[key]) as (site, expected):
            clean_lives(site, workers)
            found = audit.at_the_end(ground.root, site.simulator, expected, undisturbed)
        assert found == []
