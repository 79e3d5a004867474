"""From places of a result back to the values of the source that made them, by trying: marks first, then other values.

Three kinds of trials, each for all places and over all rows at once:

    marks    every value replaced by marks, those left out that change the shape of the result: what was copied, cut
             or joined shows whose it is
    fillers  what is absent is filled in: what was missing appears
    others   values replaced by others of the same looks, then by good ones: what is calculated changes with them

Fillers and others are tried many at once, then halved, until single columns are left. What is learnt of a mapping
(which values cannot be marked, what depends on what) is kept for its next order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from lxml import etree

from gateway.mapping.faults import local
from gateway.mapping.gaps import Steps
from gateway.mapping.homes import Homes
from gateway.mapping.marking import GOOD_DATE, GOOD_NUMBER, Marks, is_number, other_value
from gateway.mapping.slots import Slot
from gateway.mapping.targets import Target, line_of
from gateway.mapping.told import stated_instead, told_values
from gateway.mapping.trials import OutOfBudgetError, Ran, Trials, content, counterpart

MOST_SINGLE_TRIALS = 20
MOST_TEXTS = 12
MOST_CONTRADICTING = 3
MOST_ALONE = 4
AT_ONCE = 16  # of more columns changed at once, one may hide what another does

Change = Callable[[Slot], str | None]
Paths = dict[str, list[Slot]]


@dataclass(slots=True)
class Knowledge:
    """What tracing has learnt of one mapping."""

    unmarkable: set[str] = field(default_factory=set)  # paths whose marks change the shape of the result
    markable: set[str] = field(default_factory=set)
    asked: tuple[Steps, ...] | None = None  # the paths that its stylesheets ask for
    texts: dict[str, tuple[str, ...]] | None = None  # the texts that they compare with
    sources: dict[str, set[str]] = field(default_factory=dict)  # kind of place to the paths that it depends on


@dataclass(frozen=True, slots=True)
class Hints:
    """What may be tried in an order: its gaps, good values of columns of codes, texts that its stylesheet knows."""

    empty: Callable[[], Sequence[Slot]]
    codes: dict[str, str]  # by path
    texts: Callable[[], dict[str, tuple[str, ...]]]  # by the local name of an element, an attribute or a column

    def fillers(self) -> list[Change]:
        """Return what can be tried in a gap."""
        return [lambda slot, good=good: self.codes.get(slot.path, good) for good in (GOOD_NUMBER, GOOD_DATE)]  # type: ignore[misc]

    def compared(self) -> list[Change]:
        """Return changes that put, one after the other, the texts that a stylesheet compares a value with."""
        known = self.texts()
        most = max(map(len, known.values()), default=0)
        return [_nth_text(known, number) for number in range(min(most, MOST_TEXTS))]


def _nth_text(known: dict[str, tuple[str, ...]], number: int) -> Change:
    def change(slot: Slot) -> str:
        texts = known.get(local(slot.path.rpartition("/")[2]).removeprefix("@"), ())
        return texts[number] if number < len(texts) else slot.value

    return change


@dataclass(frozen=True, slots=True)
class Trace:
    """Where a place of a result comes from: the values it is made of, the row or line element it belongs to."""

    slots: tuple[Slot, ...] = ()
    home: etree._Element | None = None
    near: tuple[Slot, ...] = ()  # of a place without a value: what the element around it is made of
    cut_short: bool = False  # there was no time to look further
    constant: bool = False  # no value of the source changes it


class Tracer:
    """Traces all places of one result at fault."""

    def __init__(self, trials: Trials, root: etree._Element, homes: Homes, knowledge: Knowledge) -> None:
        self._trials = trials
        self._root = root
        self._homes = homes
        self._knowledge = knowledge
        self._found: dict[Target, tuple[Slot, ...]] = {}
        self._near: dict[Target, tuple[Slot, ...]] = {}

    def trace(self, targets: Sequence[Target], hints: Hints) -> dict[Target, Trace]:
        """Return where each place comes from, as far as the budget goes."""
        cut_short = False
        try:
            self._by_marks(targets)
            gaps = [one for one in targets if one not in self._found and not one.text]
            slots = _by_path(hints.empty()) if gaps else {}
            for change in hints.fillers():
                self._by_change(self._waiting(gaps), slots, change, first=True)
            for change in hints.compared() if self._waiting(gaps) else ():
                self._by_change(self._waiting(gaps), self._trials.by_path, change, first=True)
            for change in (other, good_number, _date):
                self._by_change(self._waiting(targets), self._trials.by_path, change)
        except OutOfBudgetError:
            cut_short = True
        return {one: self._trace(one, cut_short) for one in targets}

    def _waiting(self, targets: Sequence[Target]) -> list[Target]:
        return [one for one in targets if one not in self._found]

    def _trace(self, target: Target, cut_short: bool) -> Trace:
        slots = self._found.get(target, ())
        home = self._homes.of(target.element)
        own = {self._homes.of_slot(one) for one in slots}
        if len(own) == 1 and None not in own:
            home = own.pop()
        constant = not slots and not cut_short and bool(target.text)
        return Trace(slots, home, self._near.get(target, ()), cut_short and not slots, constant)

    def _by_marks(self, targets: Sequence[Target]) -> None:
        slots = self._trials.present
        marks = Marks(slot.value for slot in slots)
        numbers = {slot: number for number, slot in enumerate(slots[: len(marks)])}
        marked = self._marked(marks, numbers)
        if marked is None:
            return
        self._homes.learn(marked, marks, slots)
        for target in targets:
            found = target.read(marked) or ""
            owners = marks.owners(found)
            if owners and len(found) == len(target.text):
                self._found[target] = tuple(slots[number] for number, _weight in owners.most_common())
            elif target.missing and (around := counterpart(target.element, marked)) is not None:
                self._near[target] = tuple(slots[number] for number in marks.owners(content(around)))

    def _marked(self, marks: Marks, numbers: dict[Slot, int]) -> etree._Element | None:
        """Return the result with all values marked that may be; learn first which those are where it is not known."""
        known = self._knowledge

        def run(paths: Iterable[str]) -> Ran:
            chosen = set(paths)
            used = [slot for slot in numbers if slot.path in chosen]
            return self._trials.run((slot, marks.marked(slot.value, numbers[slot])) for slot in used)

        def learn(paths: list[str]) -> None:
            if not paths:
                return
            if self._same_shape(run(paths)):
                known.markable.update(paths)
            elif len(paths) == 1:
                known.unmarkable.add(paths[0])
            else:
                learn(paths[: len(paths) // 2])
                learn(paths[len(paths) // 2 :])

        paths = set(self._trials.by_path)
        ran = run(paths - known.unmarkable)
        if not self._same_shape(ran):
            learn(sorted(paths - known.unmarkable - known.markable))
            ran = run(paths - known.unmarkable)
        return ran.root

    def _same_shape(self, ran: Ran) -> bool:
        if ran.root is None:
            return False
        return [one.tag for one in ran.root.iter()] == [one.tag for one in self._root.iter()]

    def _by_change(
        self, targets: Sequence[Target], by_path: Paths, change: Change, *, first: bool = False
    ) -> None:
        """Find the columns that places depend on, or the first of them, then the one value of each column."""
        if not targets or not by_path:
            return
        known = self._knowledge.sources
        likely = set().union(*(known.get(one.kind, ()) for one in targets))
        hits: dict[Target, list[str]] = defaultdict(list)
        for path in (path for path in by_path if path in likely):
            self._search(targets, [path], by_path, change, hits)
        rest = [one for one in targets if one not in hits]
        paths = [path for path in by_path if path not in likely]
        for at in range(0, len(paths), AT_ONCE):
            open_ones = [one for one in rest if one not in hits] if first else rest
            self._search(open_ones, paths[at : at + AT_ONCE], by_path, change, hits)
        for target, found in hits.items():
            used = found[:1] if first else found
            known.setdefault(target.kind, set()).update(used)
            slots = tuple(slot for path in used for slot in self._cells(target, by_path[path], change))
            if slots:
                self._found[target] = slots

    def _search(
        self,
        targets: Sequence[Target],
        paths: list[str],
        by_path: Paths,
        change: Change,
        hits: dict[Target, list[str]],
    ) -> None:
        """Change all columns at once; where a place changes, or the result has another shape, halve them."""
        changes = [(slot, text) for path in paths for slot in by_path[path] if (text := change(slot)) != slot.value]
        if not targets or not changes:
            return
        root = self._root_with(changes) if len(paths) == 1 else self._trials.run(changes).root
        if len(paths) == 1:
            for target in targets[: None if root is not None else MOST_ALONE]:
                if self._hit(target, root, by_path[paths[0]], change):
                    hits[target].append(paths[0])
            return
        open_ones = [one for one in targets if root is None or one.read(root) != one.text]
        self._search(open_ones, paths[: len(paths) // 2], by_path, change, hits)
        self._search(open_ones, paths[len(paths) // 2 :], by_path, change, hits)

    def _hit(
        self, target: Target, root: etree._Element | None, slots: Sequence[Slot], change: Change
    ) -> bool:
        """Tell whether a place changed with a column; where all rows at once are refused, with the cell of its row."""
        if root is not None:
            return target.read(root) not in (None, target.text)
        home = self._homes.of(target.element) if line_of(target.element) is not None else None
        own = [one for one in slots if home is not None and self._homes.of_slot(one) is home]
        return len(slots) > 1 and any(self._changes(target, one, change(one)) for one in own[:MOST_ALONE])

    def _cells(self, target: Target, slots: Sequence[Slot], change: Change) -> list[Slot]:
        """Return those values of one column that a place depends on: of its own line first, else of the whole order."""
        if line_of(target.element) is not None:
            home = self._homes.of(target.element)
            own = [one for one in slots if home is not None and self._homes.of_slot(one) is home]
            slots = own or [one for one in slots if self._homes.of_slot(one) is None] or slots
        if len(slots) == 1:
            return list(slots)
        first = next((one for one in slots[:MOST_SINGLE_TRIALS] if self._changes(target, one, change(one))), None)
        if first is None:
            return []
        last = slots[-1]
        if first is last or not self._changes(target, last, change(last)):
            return [first]
        return list(slots)  # all of them: a sum

    def _changes(self, target: Target, slot: Slot, text: str | None) -> bool:
        root = self._root_with([(slot, text)])
        return root is not None and target.read(root) not in (None, target.text)

    def _root_with(self, changes: list[tuple[Slot, str | None]]) -> etree._Element | None:
        """Return the result with some changes.

        Where the stylesheet refuses because another value contradicts them, that is set to what the refusal states.
        """
        ran = self._trials.run(changes)
        if ran.root is not None:
            return ran.root
        changed = {slot for slot, _text in changes}
        for slot in told_values(ran.refusal, self._trials.present)[:MOST_CONTRADICTING]:
            for text in stated_instead(ran.refusal, slot) if slot not in changed else ():
                root = self._trials.run([*changes, (slot, text)]).root
                if root is not None:
                    return root
        return None


def _by_path(slots: Iterable[Slot]) -> Paths:
    found: Paths = defaultdict(list)
    for slot in slots:
        found[slot.path].append(slot)
    return found


def other(slot: Slot) -> str:
    """Return another value of the same looks."""
    return other_value(slot.value)


def good_number(slot: Slot) -> str:
    """Return a number for what is none."""
    return slot.value if is_number(slot.value) else GOOD_NUMBER


def _date(_slot: Slot) -> str:
    return GOOD_DATE
