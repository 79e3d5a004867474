"""The table of kills: which boundary of the life of a message was hit how often, and what came of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.crash.ground import Verdict

PROPERTY = "kills"
BOUNDARIES = {
    "claim": r"rename inbox/\S+ -> inbox/\.work/|sync (?:folder )?inbox/\.work/",
    "row": r"commit .*interchange/claimed",
    "pass one": r"commit .*interchange/split",
    "ready": r"commit .*message/ready",
    "sending": r"commit .*message/sending|before send",
    "answered": r"after send",
    "outcome": r"commit .*message/(?:sent|failed|unknown)",
    "close": r"-> inbox/done/|inbox/done|commit .*interchange(?:/closed|$)",
    "fetched": r"fetch",
    "stored": r"commit .*queue/(?:stored|problem)|outbox/\.work/[^ >]+$",
    "renamed": r"rename outbox/\.work/\S+ -> outbox/|sync folder outbox(?:/\.work)?$",
    "delivered": r"commit .*queue/(?:delivered|filed)",
    "acknowledged": r"acknowledge",
    "placed in error": r"inbox/error|placement/|interchange/placing",
    "a person's answer": r"message/(?:skipped|replaced)|interchange/(?:skipped|handed-back)|rename inbox/retry",
}
OTHER = "start and upkeep"


def boundaries_of(label: str) -> list[str]:
    """Return the named boundaries that a kill at this label hits; a commit may carry several."""
    found = [name for name, pattern in BOUNDARIES.items() if re.search(pattern, label)]
    return found or [OTHER]


def as_property(verdicts: Iterable[Verdict]) -> str:
    """Return verdicts as text that travels from a test process to the one that prints."""
    return json.dumps(
        [[v.scenario, v.point.label, v.point.occurrence, v.fired, v.unknown, len(v.problems)] for v in verdicts]
    )


@dataclass(slots=True)
class _Row:
    kills: int = 0
    unknown: int = 0
    problems: int = 0
    scenarios: set[str] = field(default_factory=set)
    points: set[str] = field(default_factory=set)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the table, if any kill was made in this run."""
    texts = [
        value
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", "") == "call"
        for name, value in report.user_properties
        if name == PROPERTY
    ]
    kills = [kill for text in texts for kill in json.loads(text)]
    if kills:
        terminalreporter.section("kill -9 at every boundary")
        for line in _lines(kills, with_points=terminalreporter.verbosity > 0):
            terminalreporter.write_line(line)


def _lines(kills: list[list[Any]], *, with_points: bool) -> list[str]:
    rows = {name: _Row() for name in [*BOUNDARIES, OTHER]}
    missed = []
    for scenario, label, occurrence, fired, unknown, problems in kills:
        if not fired:
            missed.append(f"{scenario}: {label} (#{occurrence})")
            continue
        for name in boundaries_of(label):
            row = rows[name]
            row.kills, row.unknown, row.problems = row.kills + 1, row.unknown + unknown, row.problems + problems
            row.scenarios.add(scenario)
            row.points.add(label)
    fired = sum(1 for kill in kills if kill[3])
    lines = [f"{'boundary':<18}{'points':>7}{'kills':>6}{'unknown, answered':>19}{'problems':>10}  scenarios"]
    for name, row in rows.items():
        counts = f"{len(row.points):>7}{row.kills:>6}{row.unknown:>19}{row.problems:>10}"
        lines.append(f"{name:<18}{counts}  {' '.join(sorted(row.scenarios))}")
        lines += [f"    {label}" for label in sorted(row.points)] if with_points else []
    lines.append(f"{fired} kills, of which one may hit several boundaries.")
    if missed:
        lines.append(f"{len(missed)} not met again, commits that travelled with another this time: {'; '.join(missed)}")
    return lines
