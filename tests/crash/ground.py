"""The ground on which scenarios are played: a site prepared once, put back before each kill, and the lives on it."""

from __future__ import annotations

import json
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


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What undisturbed lives showed: the boundaries of the story itself, and how it ends."""

    points: list[Point]
    undisturbed: dict[str, str]


@dataclass(slots=True)
class Verdict:
    """What became of one kill."""

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
        with Simulator() as simulator:
            self._port = int(simulator.base_url.rpartition(":")[2])

    @contextmanager
    def played(self, scenario: Scenario) -> Iterator[tuple[Site, Expected]]:
        """Put the site back to where the scenario begins, with a fresh other side, and let it begin."""
        template = self._templates / scenario.key
        if not template.exists():
            self._prepare(scenario, template)
        shutil.rmtree(self.root, ignore_errors=True)
        shutil.copytree(template, self.root)
        with Simulator(port=self._port) as simulator:
            site = Site(self.root, simulator)
            yield site, scenario.act(site)

    def _prepare(self, scenario: Scenario, template: Path) -> None:
        shutil.rmtree(self.root, ignore_errors=True)
        with Simulator(port=self._port) as simulator:
            scenario.prepare(Site(self.root, simulator))
        shutil.copytree(self.root, template)

    def live(self, kill: Point | None = None) -> Life:
        """Live one life of the gateway as a process of its own."""
        return self._keeper.live(self.root / "gateway.toml", kill)

    def rehearsal(self, scenario: Scenario) -> Rehearsal:
        """Return what undisturbed lives show; asked once for all test processes, so that all know the same points."""
        place = self._shared / f"rehearsal-{scenario.key}.json"
        with FileLock(f"{place}.lock"):
            if not place.exists():
                found = self._rehearse(scenario)
                points = [[point.label, point.occurrence] for point in found.points]
                place.write_text(json.dumps([points, found.undisturbed]), encoding="utf-8")
        pairs, undisturbed = json.loads(place.read_text(encoding="utf-8"))
        return Rehearsal([Point(label, occurrence) for label, occurrence in pairs], undisturbed)

    def _rehearse(self, scenario: Scenario) -> Rehearsal:
        """Live twice undisturbed; what a start alone meets is no part of the story."""
        with self.played(scenario) as (site, expected):
            life = self.live()
            assert life.status == 0, life.output
            site.run()
            undisturbed = audit.listing(self.root)
            problems = audit.at_the_end(self.root, site.simulator, expected, undisturbed)
            assert problems == [], problems
            start = set(self.live().points)
        if not expected.files:  # the first start is a story of its own
            start = set()
        with self.played(scenario):
            again = self.live()
            assert again.status == 0, again.output
        points = dict.fromkeys([*life.points, *again.points])
        return Rehearsal([point for point in points if point not in start], undisturbed)

    def kill(self, scenario: Scenario, point: Point, rehearsal: Rehearsal) -> Verdict:
        """Kill a life at a boundary, restart, answer what is unknown, and audit all of it.

        A boundary that this life did not meet (commits travel together now and then) is tried again.
        """
        verdict = Verdict(point)
        for _ in range(TRIES):
            with self.played(scenario) as (site, expected):
                life = self.live(point)
                if not life.was_killed:
                    verdict.problems += [] if life.status == 0 else [f"ended with {life.status}: {life.output}"]
                    continue
                verdict.fired = True
                verdict.problems += audit.after_kill(self.root, site.simulator, expected)
                verdict.problems += self._afterwards(site, expected, rehearsal, verdict)
                break
        return verdict

    def _afterwards(self, site: Site, expected: Expected, rehearsal: Rehearsal, verdict: Verdict) -> list[str]:
        try:
            site.run()
            verdict.unknown = answer_unknown(site)
            site.run()
        except Exception as error:  # noqa: BLE001 - whatever stops a restart is what we are looking for
            return [f"the restart failed: {type(error).__name__}: {error}"]
        return audit.at_the_end(self.root, site.simulator, expected, rehearsal.undisturbed)


def answer_unknown(site: Site) -> int:
    """Answer each question in error/unknown/ as a person does who looked into Jakamo; return how many."""
    questions = [name for name in site.errors() if name.startswith("unknown/") and name.count("/") == 1]
    accepted = site.sent()
    for name in questions:
        [question] = site.reason(name)["messages"]
        there = (question["kind"], question["order"]) in accepted
        site.move_in_error(name, f"error/unknown/{'arrived' if there else 'send-again'}")
    return len(questions)
