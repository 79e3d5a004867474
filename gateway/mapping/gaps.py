"""Where a path of an xml document breaks off: the element that lacks something, and the names it lacks. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Mapping as Dictionary

from lxml import etree

NAME = r"(?:[A-Za-z_][\w.-]*:)?[A-Za-z_][\w.-]*"
_STEP = re.compile(rf"\*|@?{NAME}")

Steps = tuple[str, ...]  # names in Clark notation, the last may be "@name"
Gap = tuple[etree._Element, Steps]


def plain_paths(expression: str, spaces: Dictionary[str, str]) -> Iterator[Steps]:
    """Yield the alternatives of a path that are plain steps; `*` stands for any element."""
    for one in expression.split("|"):
        names = one.strip().removeprefix("./").split("/")
        if all(_STEP.fullmatch(name) and _is_known(name, spaces) for name in names):
            yield tuple(_clark(name, spaces) for name in names)


def _is_known(name: str, spaces: Dictionary[str, str]) -> bool:
    prefix, colon, _rest = name.removeprefix("@").rpartition(":")
    return not colon or prefix in spaces


def _clark(name: str, spaces: Dictionary[str, str]) -> str:
    prefix, colon, rest = name.removeprefix("@").rpartition(":")
    sign = "@" if name.startswith("@") else ""
    return f"{sign}{{{spaces[prefix]}}}{rest}" if colon else name


def gaps(start: etree._Element, steps: Steps) -> Iterator[Gap]:
    """Yield where a path breaks off below an element; nothing where it leads to something."""
    step, rest = steps[0], steps[1:]
    if step.startswith("@"):
        if not start.get(step[1:]):
            yield start, steps
        return
    there = [one for one in start.iterchildren(etree.Element) if step in ("*", one.tag)]
    if rest:
        for one in there:
            yield from gaps(one, rest)
    if not there and "*" not in steps:
        yield start, steps


def nearest_gap(start: etree._Element, paths: tuple[Steps, ...]) -> Gap | None:
    """Return where the path that leads farthest breaks off."""
    found = [gap for steps in paths for gap in gaps(start, steps)]
    return min(found, key=lambda gap: len(gap[1]), default=None)


def words(steps: Steps) -> str:
    """Return steps as a person reads them: /Header/@number."""
    return "".join(f"/{'@' if one.startswith('@') else ''}{one.rpartition('}')[2].removeprefix('@')}" for one in steps)
