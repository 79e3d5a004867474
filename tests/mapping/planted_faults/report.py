"""The table of planted faults: for each class how many there were, and how many findings named their place. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.mapping.planted_faults.planting import Planted

MOST_TOLD = 3


@dataclass(frozen=True)
class Rates:
    """Counts of one class of faults."""

    planted: int
    noticed: int
    rows: int
    columns: int
    themselves: int
    misled: int

    @property
    def row_rate(self) -> float:
        """Return the share of the faults noticed whose row or order line was named."""
        return self.rows / self.noticed if self.noticed else 1.0

    @property
    def column_rate(self) -> float:
        """Return the share of the faults noticed whose column, element or attribute was named."""
        return self.columns / self.noticed if self.noticed else 1.0


    @property
    def itself_rate(self) -> float:
        """Return the share whose very cell was named, and not one that contradicts it."""
        return self.themselves / self.noticed if self.noticed else 1.0


def rates(faults: Sequence[Planted]) -> Rates:
    """Return the counts of some faults."""
    noticed = [one for one in faults if one.noticed]
    return Rates(
        planted=len(faults),
        noticed=len(noticed),
        rows=sum(one.row_named for one in noticed),
        columns=sum(one.column_named for one in noticed),
        themselves=sum(one.named_itself for one in noticed),
        misled=sum(one.misled for one in noticed),
    )


def table(faults: Iterable[Planted]) -> str:
    """Return the rates by class, level and what the stylesheet does with the value, as text."""
    groups: dict[tuple[str, str, str], list[Planted]] = defaultdict(list)
    everything = list(faults)
    for one in everything:
        groups[one.fault, one.level, one.usage].append(one)
    heads = "".join(f"{one:>10}" for one in ("planted", "no effect", "found", "row", "column", "itself", "misled"))
    lines = [f"{'class':16}{'level':6}{'value':10}{heads}"]
    for (fault, level, usage), some in [*sorted(groups.items()), (("all", "", ""), everything)]:
        of = rates(some)
        shares = [f"{one:.1%}" if of.noticed else "-" for one in (of.row_rate, of.column_rate, of.itself_rate)]
        figures = (of.planted, of.planted - of.noticed, of.noticed, *shares, of.misled)
        lines.append(f"{fault:16}{level:6}{usage:10}" + "".join(f"{one:>10}" for one in figures))
    return "\n".join(lines)


def without_effect(faults: Iterable[Planted]) -> str:
    """Return the columns and elements in which faults change nothing that can be wrong, by mapping and class."""
    groups: dict[tuple[str, str], set[str]] = defaultdict(set)
    for one in faults:
        if not one.noticed:
            groups[one.mapping, one.fault].add(one.key.rpartition("/")[2] if "/" in one.key else one.key)
    lines = (f"{mapping}, {fault}: {', '.join(sorted(keys))}" for (mapping, fault), keys in sorted(groups.items()))
    return "\n".join(lines)


def missed(faults: Iterable[Planted]) -> str:
    """Return every fault whose place was not named, with what was said instead."""
    lines = []
    for one in faults:
        if one.noticed and not one.column_named:
            told = (f"{found.code} at {found.where() or 'no place'}: {found.message}" for found in one.findings)
            said = "; ".join(list(told)[:MOST_TOLD])
            mark = "" if one.row_named else "ROW "
            lines.append(f"{mark}{one.mapping} {one.sample} {one.level} {one.key} ({one.usage}), {one.fault}: {said}")
    return "\n".join(lines)
