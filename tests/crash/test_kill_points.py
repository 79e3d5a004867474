"""`kill -9` of the real process at every boundary: nothing is lost, nothing is doubled, nothing is left behind.

Each kill: the site is put back to where a story begins, one life of the gateway is ended by SIGKILL exactly at one
boundary, what it left is audited as it lies, the normal gateway is started on it, unknown outcomes are answered by
the two folders, and all folders, the other side and the journal are audited against an undisturbed life.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.simulator import Simulator
from tests.crash.boundaries import Point
from tests.crash.ground import Ground, Verdict
from tests.crash.keeper import REPOSITORY
from tests.crash.scenarios import SCENARIOS
from tests.crash.table import BOUNDARIES, PROPERTY, as_property, boundaries_of
from tests.orders import export, row
from tests.site import Site

SLICES = {"B": 4, "G": 3}
MOST_MISSED = 0.05
ORPHAN_SECONDS = 10.0
NAMED = {
    "A": {
        "claim": "after rename inbox/a.csv -> inbox/.work/test/<claim>~a.csv",
        "row": "after commit interchange/claimed",
        "sending": "after commit message/sending",
        "answered": "after send Order PO-1",
        "close": "after rename inbox/.work/test/<claim>~a.csv -> inbox/done/<date>/a.csv",
    },
    "D": {
        "stored": "after commit queue/stored",
        "delivered": "after commit queue/delivered",
        "acknowledged": "after acknowledge",
    },
}


def slices() -> list[tuple[str, int, int]]:
    """Return the parts into which stories are cut, so that test processes share them."""
    return [(key, part, SLICES.get(key, 2)) for key in SCENARIOS for part in range(SLICES.get(key, 2))]


def problems_of(verdicts: list[Verdict]) -> dict[str, list[str]]:
    return {f"{verdict.scenario}: {verdict.point}": verdict.problems for verdict in verdicts if verdict.problems}


@pytest.mark.kills
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("key", "part", "parts"), slices())
def test_killed_at_every_boundary_it_loses_and_doubles_nothing(
    key: str, part: int, parts: int, ground: Ground, record_property: Callable[[str, object], None]
) -> None:
    """Every boundary that an undisturbed life of the story meets is killed once; each time all comes out the same."""
    scenario = SCENARIOS[key]
    points = ground.points(scenario)
    verdicts = [ground.kill(scenario, point) for point in points[part::parts]]
    record_property(PROPERTY, as_property(verdicts))
    assert problems_of(verdicts) == {}
    missed = [str(verdict.point) for verdict in verdicts if not verdict.fired]
    assert len(missed) <= max(1, MOST_MISSED * len(points)), missed


@pytest.mark.kills
@pytest.mark.timeout(600)
def test_every_named_boundary_is_met_by_some_story(ground: Ground) -> None:
    """No boundary of the table is a mere word: the stories cross each of them."""
    met = {name for scenario in SCENARIOS.values() for p in ground.points(scenario) for name in boundaries_of(p.label)}
    assert BOUNDARIES.keys() - met == set()


@pytest.mark.kills
@pytest.mark.parametrize("key", NAMED)
def test_killed_at_the_named_boundaries_it_loses_and_doubles_nothing(key: str, ground: Ground) -> None:
    """The boundaries of which the design speaks, one kill each, in the tests that always run."""
    for name, label in NAMED[key].items():
        assert name in boundaries_of(label)
        verdict = ground.kill(SCENARIOS[key], Point(label, 1))
        assert verdict.fired, f"no life met: {label}"
        assert problems_of([verdict]) == {}


@pytest.mark.kills
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="counts processes by /proc")
def test_mapping_workers_end_with_the_killed_process(tmp_path: Path, simulator: Simulator) -> None:
    """Nothing outlives a killed gateway: its mapping workers notice and end by themselves."""
    site = Site(tmp_path / "site", simulator)
    site.run()
    site.drop("a.csv", export(row("PO-1")))
    command = [sys.executable, "-m", "tests.crash.victim", str(site.root / "gateway.toml")]
    victim = subprocess.Popen([*command, "--kill", "before send Order PO-1"], cwd=REPOSITORY, start_new_session=True)
    assert victim.wait(30) == -signal.SIGKILL
    deadline = time.monotonic() + ORPHAN_SECONDS
    while (left := living_in_session(victim.pid)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left == []


def living_in_session(leader: int) -> list[str]:
    """Return the processes of a session that still live; one that only waits to be reaped does not."""
    found = []
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = place.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue  # it ended meanwhile
        state, _parent, _group, session = text.rpartition(")")[2].split()[:4]
        if int(session) == leader and state not in "ZX":
            found.append(text)
    return found
