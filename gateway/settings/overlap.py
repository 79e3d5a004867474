"""Routes that can want the same file: allowed, the first wins, but worth a warning.

Layer: settings. Pure.
"""

from __future__ import annotations

import re
import string
from collections import deque
from fnmatch import fnmatchcase

from gateway.settings.models import Settings
from gateway.settings.route import Route, folded

_TOKEN = re.compile(r"\*|\?|\[!?\]?[^\]]*\]|.", re.DOTALL)
_LIKELY = "x" + string.ascii_lowercase + string.digits + "".join(sorted(set(string.printable[62:95])))


def overlap_warnings(settings: Settings) -> list[str]:
    """Return one sentence for each two routes of which the later can lose files to the earlier."""
    warnings = []
    for position, later in enumerate(settings.routes):
        for earlier in settings.routes[:position]:
            example = _shared_name(earlier, later)
            if example is None:
                continue
            where = f"subfolder {later.folder}" if later.folder else "inbox"
            warnings.append(
                f'Routes "{earlier.name}" and "{later.name}" both fit a file such as "{example}" in the {where}: '
                f'"{earlier.name}" takes it, because it comes first.'
            )
    return warnings


def _shared_name(earlier: Route, later: Route) -> str | None:
    """Return a file name that the earlier route takes away from the later one, or None."""
    if earlier.folder != later.folder:
        return None
    if earlier.content is not None and earlier.content != later.content:
        return None  # the earlier one looks inside and leaves the rest to the later one
    return common_name(folded(earlier.match), folded(later.match))


def common_name(first: str, second: str) -> str | None:
    """Return a shortest text that fits both patterns, or None when there is none.

    Walks both patterns side by side, breadth first; a star stays where it is while the other side moves on.
    """
    one, two = _TOKEN.findall(first), _TOKEN.findall(second)
    candidates = list(dict.fromkeys(_LIKELY + first + second))
    seen = {(0, 0)}
    queue = deque([(0, 0, "")])
    while queue:
        left, right, text = queue.popleft()
        if left == len(one) and right == len(two):
            return text or "x"
        a = one[left] if left < len(one) else None
        b = two[right] if right < len(two) else None
        steps = [(left + 1, right, "")] if a == "*" else []
        steps += [(left, right + 1, "")] if b == "*" else []
        letter = _common_letter(a, b, candidates)
        if letter is not None:
            steps.append((left + (a != "*"), right + (b != "*"), letter))
        for new_left, new_right, letter in steps:
            if (new_left, new_right) not in seen:
                seen.add((new_left, new_right))
                queue.append((new_left, new_right, text + letter))
    return None


def _common_letter(a: str | None, b: str | None, candidates: list[str]) -> str | None:
    """Return a character that both tokens accept; none when either pattern is at its end."""
    if a is None or b is None:
        return None
    return next((letter for letter in candidates if fnmatchcase(letter, a) and fnmatchcase(letter, b)), None)
