"""Which paths of a source the stylesheets of a mapping ask for, as far as they are plain steps.

Reads the mapping's folder. A proposal, no proof: what a variable or the current node stands for is followed by name,
and what cannot be followed is left out.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from lxml import etree

from gateway.documents.xmlio import TrustedFolders, parse_trusted
from gateway.mapping.gaps import NAME, Steps, plain_paths
from gateway.mapping.mapping import Mapping

DEEPEST = 6
MOST_MEANINGS = 24

_XSLT = "{http://www.w3.org/1999/XSL/Transform}"
_PATH = re.compile(
    rf"(?<![\w.:'\"-])(?:\$(?P<variable>{NAME})(?=[/\[)\s|]|$)/?)?(?P<steps>(?:(?:{NAME}|\*)/)*@?{NAME}(?![\w.:('\"-]))?"
)
_EXPRESSIONS = ("select", "test", "match", "use")
_OPERATORS = frozenset({"and", "or", "div", "mod"})


_COMPARED = re.compile(rf"(?:{NAME}:)?({NAME})\)?\s*=\s*'([^']*)'")
"""A comparison with a text, e.g. `normalize-space(QUALF) = '001'`."""


def asked_for(mapping: Mapping) -> tuple[Steps, ...]:
    """Return the paths of a mapping's own stylesheets, each once."""
    return tuple(dict.fromkeys(_Sheets(_sheets(mapping)).paths()))


def compared_with(mapping: Mapping) -> dict[str, tuple[str, ...]]:
    """Return the texts that a mapping's own stylesheets compare with, by the local name of the element or column."""
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for root in _sheets(mapping):
        for element in root.iter(etree.Element):
            for expression in (element.get(name) for name in _EXPRESSIONS):
                for name, text in _COMPARED.findall(expression or ""):
                    found[name.rpartition(":")[2]].setdefault(text)
    return {name: tuple(text for text in texts if text) for name, texts in found.items()}


def _sheets(mapping: Mapping) -> list[etree._Element]:
    folders = TrustedFolders([[mapping.folder]])
    return [parse_trusted(path, folders).getroot() for path in sorted(mapping.folder.glob("*.xsl*"))]


class _Sheets:
    def __init__(self, roots: list[etree._Element]) -> None:
        self._roots = roots
        self._variables: dict[str, list[etree._Element]] = defaultdict(list)
        for root in roots:
            for element in root.iter(f"{_XSLT}variable", f"{_XSLT}with-param", f"{_XSLT}param"):
                if element.get("select"):
                    self._variables[str(element.get("name"))].append(element)

    def paths(self) -> Iterator[Steps]:
        for root in self._roots:
            for element in root.iter(etree.Element):
                for expression in (element.get(name) for name in _EXPRESSIONS):
                    if expression:
                        yield from self._meanings(expression, element, 0)

    def _meanings(self, expression: str, element: etree._Element, depth: int) -> Iterator[Steps]:
        """Yield what the paths of an expression may mean: with what their beginning stands for, and without."""
        spaces = {str(prefix): uri for prefix, uri in element.nsmap.items() if prefix}
        for found in _PATH.finditer(expression):
            variable, steps = found["variable"], found["steps"]
            if steps in _OPERATORS or not (variable or steps):
                continue
            for path in plain_paths(steps, spaces) if steps else [()]:
                for beginning in self._beginnings(variable, element, depth):
                    if not path or not beginning[-1].startswith("@"):
                        yield beginning + path
                if path:
                    yield path

    def _beginnings(self, variable: str | None, element: etree._Element, depth: int) -> list[Steps]:
        if depth >= DEEPEST:
            return []
        found: dict[Steps, None] = {}
        for expression, where in self._values(variable) if variable else _context(element):
            for steps in self._meanings(expression, where, depth + 1):
                found.setdefault(steps)
                if len(found) == MOST_MEANINGS:
                    return list(found)
        return list(found)

    def _values(self, variable: str) -> Iterator[tuple[str, etree._Element]]:
        for element in self._variables.get(variable, ()):
            yield str(element.get("select")), element


def _context(element: etree._Element) -> list[tuple[str, etree._Element]]:
    """Return the expression that chose the current node of an element of a stylesheet."""
    for around in element.iterancestors(f"{_XSLT}for-each", f"{_XSLT}template"):
        expression = around.get("select") or around.get("match")
        return [(expression, around)] if expression else []
    return []
