"""A stylesheet run again over a changed canonical tree, and what it then writes at a place of its result.

Bounded: so many runs, so many seconds. The tree that is changed is a copy; each trial leaves it as it was.
"""

from __future__ import annotations

import copy
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from lxml import etree

from gateway.mapping.mapping import Mapping
from gateway.mapping.slots import Slot, read_slots


@dataclass(frozen=True, slots=True)
class Ran:
    """What one run of a stylesheet gave: the root of its result, or the words in which it refused."""

    root: etree._Element | None
    refusal: str = ""


Run = Callable[[etree._Element], Ran]
"""Runs the stylesheet over a canonical tree, as it ran over the order itself."""


class OutOfBudgetError(Exception):
    """More trials would take longer than tracing may."""


@dataclass(slots=True)
class Budget:
    """What tracing one order may cost, and what it has cost."""

    most_runs: int
    most_seconds: float
    runs: int = 0
    spent_seconds: float = 0.0

    @property
    def empty(self) -> bool:
        """Tell whether nothing more may be tried."""
        return self.runs >= self.most_runs or self.spent_seconds >= self.most_seconds


class Trials:
    """Runs of one stylesheet over variants of one order."""

    def __init__(self, source: etree._Element, mapping: Mapping, run: Run, budget: Budget) -> None:
        self.tree = copy.deepcopy(source)
        self.slots = read_slots(self.tree, mapping)
        self.present = [slot for slot in self.slots if slot.value]
        self.by_path: dict[str, list[Slot]] = defaultdict(list)
        for slot in self.present:
            self.by_path[slot.path].append(slot)
        self._run = run
        self._budget = budget

    def run(self, changes: Iterable[tuple[Slot, str | None]]) -> Ran:
        """Return what the stylesheet makes of the order with these values; raises OutOfBudgetError."""
        if self._budget.empty:
            raise OutOfBudgetError
        started = time.perf_counter()
        undo = [slot.put(text) for slot, text in changes]
        try:
            return self._run(self.tree)
        finally:
            for one in reversed(undo):
                one()
            self._budget.runs += 1
            self._budget.spent_seconds += time.perf_counter() - started


def counterpart(element: etree._Element, root: etree._Element) -> etree._Element | None:
    """Return the element at the same place of another result, or None where that has another shape on the way."""
    steps: list[tuple[str, int, int]] = []
    at = element
    while (parent := at.getparent()) is not None:
        same = [one for one in parent if one.tag == at.tag]
        steps.append((str(at.tag), same.index(at), len(same)))
        at = parent
    if at.tag != root.tag:
        return None
    found = root
    for tag, index, count in reversed(steps):
        same = [one for one in found if one.tag == tag]
        if len(same) != count:
            return None
        found = same[index]
    return found


def content(element: etree._Element) -> str:
    """Return all text below an element, attributes too."""
    parts = []
    for one in element.iter(etree.Element):
        parts += [str(value) for value in one.attrib.values()]
        if one.text and one.text.strip():
            parts.append(one.text.strip())
    return "".join(parts)
