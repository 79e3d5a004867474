"""From the words in which a stylesheet refused an order back to the value that made it refuse, by trying.

Surest first: a value that the words state and that, set to another which they state, mends the order; a value whose
marks the words repeat; a value whose change changes the words; a gap that must be filled.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gateway.mapping.marking import GOOD_DATE, GOOD_NUMBER, Marks, is_number
from gateway.mapping.slots import Slot
from gateway.mapping.told import CUT, stated_instead, told_values
from gateway.mapping.tracing import AT_ONCE, Change, Hints, good_number, other
from gateway.mapping.trials import Trials

MOST_CONTRADICTING = 12


class Culprit(NamedTuple):
    """The value that made a stylesheet refuse, and a text in its place with which it no longer refuses for it."""

    slot: Slot
    text: str | None  # None: taken out
    contradicts: bool = False  # the text is what the refusal states: the order is as good with it


def find_culprit(words: str, trials: Trials, hints: Hints) -> Culprit | None:
    """Return the value that made a stylesheet refuse in these words, or None; raises OutOfBudgetError."""
    told = told_values(words, trials.present)
    found = _mending(words, trials, told) or _repeated(words, trials, told)
    if found is not None:
        return found
    present = [*told, *(slot for slot in trials.present if slot not in told)]
    tries: list[tuple[Sequence[Slot], Change]] = [
        (present, change) for change in (other, good_number, *hints.compared())
    ]
    found = _changed(words, trials, tries)
    tries = [(hints.empty(), change) for change in hints.fillers()] if found is None else []
    return found or _changed(words, trials, [*tries, (present, _nothing)])


def contradicting(words: str, trials: Trials, culprit: Culprit) -> list[Slot]:
    """Return the other numbers that these words are about: each changes them, any may be the wrong one.

    Raises OutOfBudgetError.
    """
    slots = [slot for slot in trials.present if slot is not culprit.slot and is_number(slot.value.strip())]
    found: list[Slot] = []
    for at in range(0, len(slots), AT_ONCE):
        for party, _mends in _halved(words, trials, slots[at : at + AT_ONCE], other):
            found.append(party.slot)
            if len(found) == MOST_CONTRADICTING:
                return found
    return found


def _nothing(_slot: Slot) -> str | None:
    return None


def _mending(words: str, trials: Trials, told: Sequence[Slot]) -> Culprit | None:
    """Return the first value stated that mends the order when it is set to another value stated, or to a good one."""
    for slot in told:
        stated = stated_instead(words, slot)
        for text in (*stated, GOOD_NUMBER, GOOD_DATE):
            if trials.run([(slot, text)]).root is not None:
                return Culprit(slot, text, text in stated)
    return None


def _repeated(words: str, trials: Trials, told: Sequence[Slot]) -> Culprit | None:
    """Return the value whose marks the words repeat as they repeated the value itself."""
    marks = Marks(slot.value for slot in trials.present)
    for slot in told:
        refusal = marks.told(trials.run([(slot, marks.marked(slot.value, 0))]).refusal)
        spelled = marks.spelled(refusal, 0, slot.value.strip())
        if marks.owners(refusal) and (spelled == words or (len(slot.value) > CUT and spelled[:CUT] == words[:CUT])):
            return Culprit(slot, GOOD_NUMBER)
    return None


def _changed(words: str, trials: Trials, tries: Sequence[tuple[Sequence[Slot], Change]]) -> Culprit | None:
    """Return the first value without which the order is not refused; else the first without which the words differ."""
    second: Culprit | None = None
    for slots, change in tries:
        for at in range(0, len(slots), AT_ONCE):
            for culprit, mends in _halved(words, trials, slots[at : at + AT_ONCE], change):
                if mends:
                    return culprit
                second = second or culprit
    return second


def _halved(words: str, trials: Trials, slots: Sequence[Slot], change: Change) -> Iterator[tuple[Culprit, bool]]:
    """Change values at once; where the words change, halve them until one is left."""
    changes = [(slot, text) for slot in slots if (text := change(slot)) != slot.value]
    if not changes:
        return
    ran = trials.run(changes)
    if ran.root is None and ran.refusal == words:
        return
    if len(changes) == 1:
        if ran.root is not None or _skeleton(ran.refusal) == _skeleton(words):
            yield Culprit(*changes[0]), ran.root is not None
        return
    middle = len(changes) // 2
    yield from _halved(words, trials, [slot for slot, _text in changes[:middle]], change)
    yield from _halved(words, trials, [slot for slot, _text in changes[middle:]], change)


def _skeleton(words: str) -> str:
    """Return what is left of a message without its values; a change that is refused otherwise proves nothing."""
    return re.sub(r'"[^"]*"|[0-9]+', "", words)
