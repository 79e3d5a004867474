"""Which values of an order the words of a refusal state, and what they state instead. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from gateway.mapping.marking import as_number
from gateway.mapping.slots import Slot

MOST_TOLD = 16
MOST_STATED = 6
CUT = 100  # words are cut to a sane length; so much of a long value is there

_NUMBER = re.compile(r"(?<![\w.])-?[0-9]+(?:\.[0-9]+)?(?![\w])")


def told_values(words: str, slots: Iterable[Slot]) -> list[Slot]:
    """Return the values that the words state, as text or as the same number, the longest first."""
    numbers = {as_number(one) for one in _NUMBER.findall(words)}

    def is_told(text: str) -> bool:
        number = as_number(text)
        if number is not None and number in numbers:
            return True
        if len(text) > CUT:
            return text[:CUT] in words
        return bool(text) and re.search(rf"(?<!\w){re.escape(text)}(?!\w)", words) is not None

    told = [slot for slot in slots if is_told(slot.value.strip())]
    return sorted(told, key=lambda slot: -len(slot.value))[:MOST_TOLD]


def stated_instead(words: str, slot: Slot) -> list[str]:
    """Return the numbers that the words state besides a value."""
    stated = list(dict.fromkeys(_NUMBER.findall(words)))[:MOST_STATED]
    return [one for one in stated if as_number(one) != as_number(slot.value.strip())]
