"""The ground on which scenarios are played: a site prepared once, put back before each kill, and the lives on it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock

from gateway.simulator import Simulator
from tests.crash import audit
from tests.crash.audit import Expected
from tests.crash.boundaries import Point
from tests.crash.keeper import Keeper, Life
from tests.crash.scenarios import Scenario
from tests.site import Site

TRIES = 3
PORTS = range(20_000, 32_000)  # below those that a system gives out by itself, to whoever asks meanwhile


@dataclass(slots=True)
class Verdict:
    """What became of one kill."""

    scenario: str
    point: Point
    fired: bool = False
    unknown: int = 0  # outcomes that were unknown after the restart, and answered
    problems: list[str] = field(default_factory=list)


class Ground:
    """One site, always at the same place and port, since the journal remembers both."""

    def __init__(self, scratch: Path, shared: Path, keeper: Keeper) -> None:
        self.root = scratch / "site"
        self._templates = scratch / "templates"
        self._shared = shared
        self._keeper = keeper
        self._undisturbed: dict[str, dict[str, str]] = {}
        self._port = _own_port()

    @contextmanager
    def played(self, scenario: Scenario, *, begun: bool = True) -> Iterator[tuple[Site, Expected]]:
        """Put the site back to where the scenario begins, with a fresh other side, and let it begin."""
        template = self._templates / scenario.key
        if not template.exists():
            self._prepare(scenario, template)
        shutil.rmtree(self.root, ignore_errors=True)
        shutil.copytree(template, self.root)
        with Simulator(port=self._port) as simulator:
            site = Site(self.root, simulator, **scenario.options)
            yield site, scenario.act(site) if begun else Expected(files=())

    def _prepare(self, scenario: Scenario, template: Path) -> None:
        shutil.rmtree(self.root, ignore_errors=True)
        with Simulator(port=self._port) as simulator:
            scenario.prepare(Site(self.root, simulator, **scenario.options))
        shutil.copytree(self.root, template)

    def live(self, kill: Point | None = None) -> Life:
        """Live one life of the gateway as a process of its own."""
        return self._keeper.live(self.root / "gateway.toml", kill)

    def undisturbed(self, scenario: Scenario) -> dict[str, str]:
        """Return what lies in the site's folders when nothing happened to the gateway."""
        if scenario.key not in self._undisturbed:
            with self.played(scenario) as (site, expected):
                site.run()
                site.run()
                listing = audit.listing(self.root)
                problems = audit.at_the_end(self.root, site.simulator, expected, listing)
                assert problems == [], problems
                self._undisturbed[scenario.key] = listing
        return self._undisturbed[scenario.key]

    def points(self, scenario: Scenario) -> list[Point]:
        """Return the boundaries of the story; asked once for all test processes, so that all know the same."""
        place = self._shared / f"boundaries-{scenario.key}.json"
        with FileLock(f"{place}.lock"):
            if not place.exists():
                found = [[point.label, point.occurrence] for point in self._rehearse(scenario)]
                place.write_text(json.dumps(found), encoding="utf-8")
        return [Point(label, occurrence) for label, occurrence in json.loads(place.read_text(encoding="utf-8"))]

    def _rehearse(self, scenario: Scenario) -> list[Point]:
        """Live the story twice undisturbed; what a start alone meets is no part of it, unless it is the story."""
        met: dict[Point, None] = {}
        start: set[Point] = set()
        for _ in range(2):
            with self.played(scenario):
                life = self.live()
                assert life.status == 0, life.output
                met |= dict.fromkeys(life.points)
        if not scenario.is_a_start:
            with self.played(scenario, begun=False):
                start = set(self.live().points)
        return [point for point in met if point not in start and point.is_distinct]

    def kill(self, scenario: Scenario, point: Point) -> Verdict:
        """Kill a life at a boundary, restart, answer what is unknown, and audit all of it.

        A boundary that this life did not meet (commits travel together now and then) is tried again.
        """
        verdict = Verdict(scenario.key, point)
        undisturbed = self.undisturbed(scenario)
        for _ in range(TRIES):
            with self.played(scenario) as (site, expected):
                life = self.live(point)
                if not life.was_killed:
                    verdict.problems += [] if life.status == 0 else [f"ended with {life.status}: {life.output}"]
                    continue
                verdict.fired = True
                verdict.problems += audit.after_kill(self.root, site.simulator, expected)
                verdict.problems += self._afterwards(site, expected, undisturbed, verdict)
                break
        return verdict

    def _afterwards(self, site: Site, expected: Expected, undisturbed: dict[str, str], verdict: Verdict) -> list[str]:
        try:
            site.run()
            verdict.unknown = answer_unknown(site)
            site.run()
        except Exception as error:  # noqa: BLE001 - whatever stops a restart is what we are looking for
            return [f"the restart failed: {type(error).__name__}: {error}"]
        return audit.at_the_end(self.root, site.simulator, expected, undisturbed)


def answer_unknown(site: Site) -> int:
    """Answer each question in error/unknown/ as a person does who looked into Jakamo; return how many."""
    questions = [name for name in site.errors() if name.startswith("unknown/") and name.count("/") == 1]
    accepted = site.sent()
    for name in questions:
        [question] = site.reason(name)["messages"]
        there = (question["kind"], question["order"]) in accepted
        site.move_in_error(name, f"error/unknown/{'arrived' if there else 'send-again'}")
    return len(questions)


def _own_port() -> int:
    """Return a port that no other test process uses, now or between two lives."""
    for attempt in range(100):
        port = PORTS[(os.getpid() + 997 * attempt) % len(PORTS)]
        try:
            with Simulator(port=port):
                return port
        except OSError:
            continue
    raise OSError("no free port")
