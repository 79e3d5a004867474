"""Values that stand for themselves, and values of the same looks: what tracing puts in the place of a value. Pure.

A mark is a private-use character. A value whose every character is the same mark can still be copied, cut, joined
and translated by a stylesheet, and what comes out shows which value it was made of.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal

_RANGES = (range(0xE000, 0xF900), range(0xF0000, 0xFFFFE), range(0x100000, 0x10FFFE))
"""The private-use characters of Unicode, 137,468 in all; no export means anything by them that others could know."""

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)\Z")
_DATE = re.compile(r"([0-9]{4}-[0-9]{2}-)([0-9]{2})(.*)\Z", re.DOTALL)
_SPELLED = re.compile(r"\\u(e[0-9a-f]{3}|f[0-8][0-9a-f]{2}|f[0-9a-f]{4}|10[0-9a-f]{4})")
_OPPOSITES = {"true": "false", "false": "true"}

GOOD_NUMBER = "1"
GOOD_DATE = "2026-01-02"


class Marks:
    """One mark for each value, by the value's number; from the ranges that the texts themselves do not use."""

    def __init__(self, texts: Iterable[str]) -> None:
        points = {ord(character) for character in set().union(*texts)}
        self._ranges = [one for one in _RANGES if points.isdisjoint(one)]

    def __len__(self) -> int:
        """Return how many values can be marked at once."""
        return sum(map(len, self._ranges))

    def _mark(self, number: int) -> str:
        for one in self._ranges:
            if number < len(one):
                return chr(one[number])
            number -= len(one)
        raise IndexError("more values than marks")

    def _number(self, character: str) -> int | None:
        point, before = ord(character), 0
        for one in self._ranges:
            if point in one:
                return before + point - one.start
            before += len(one)
        return None

    def marked(self, text: str, number: int) -> str:
        """Return a text as long as this one, blanks kept, all else the mark of a value."""
        mark = self._mark(number)
        return "".join(character if character.isspace() else mark for character in text)

    def owners(self, text: str) -> Counter[int]:
        """Return the numbers of the values that a text is made of, each with how many characters it gave."""
        return Counter(number for one in text if (number := self._number(one)) is not None)

    def told(self, words: str) -> str:
        """Return a message in which marks were spelled out, as what cannot be printed is, with its marks again."""
        return _SPELLED.sub(lambda found: chr(int(found[1], 16)), words)

    def spelled(self, text: str, number: int, value: str) -> str:
        """Return a text with the marks of one value turned back into the value."""
        mark = self._mark(number)
        return re.sub(rf"{mark}(?:\s*{mark})*", lambda _found: value, text)


def is_number(text: str) -> bool:
    """Tell whether a stylesheet could calculate with a text."""
    return _NUMBER.match(text) is not None


def as_number(text: str) -> Decimal | None:
    """Return the number that a text is, so that 1605.29 is found in 1605.290000."""
    return Decimal(text) if is_number(text) else None


def other_value(text: str) -> str:
    """Return another text of the same looks: a date for a date, digits for digits, capitals for capitals."""
    if text in _OPPOSITES:
        return _OPPOSITES[text]
    day = _DATE.match(text)
    if day is not None:
        return f"{day[1]}{'15' if day[2] != '15' else '16'}{day[3]}"
    other = "".join(map(_next, text))
    if text.startswith("-"):  # by another step, or a sum with a number above zero would stay as it is
        other = "".join(map(_next, other))
    return other if other != text else f"x{text[1:]}"


def _next(character: str) -> str:
    if "0" <= character <= "8" or "a" <= character <= "y" or "A" <= character <= "Y":
        return chr(ord(character) + 1)
    return {"9": "8", "z": "y", "Z": "Y"}.get(character, character)
