"""What a sample XML holds: its elements by path, their values, and the names to call them by. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

VALUES_KEPT = 300
ELEMENTS_LOOKED_AT = 200_000
_TAKEN = frozenset({"src", "xsl", "exsl", "cac", "cbc", "xml", "xmlns"})
_PREFIX = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")

Steps = tuple[str, ...]  # names with prefixes, from the root down


@dataclass(slots=True)
class Leaf:
    """One place where values stand: an element's text, or an attribute."""

    steps: Steps  # of the element that holds it
    attribute: str | None
    values: list[str] = field(default_factory=list)

    def below(self, start: Steps) -> str:
        """Return its path below an element."""
        inside = "/".join(self.steps[len(start) :])
        if self.attribute is None:
            return inside or "."
        return f"{inside}/@{self.attribute}" if inside else f"@{self.attribute}"

    def labels(self) -> list[str]:
        """Return what it may be called: its own name, and with those of the elements around it."""
        names = [step.rpartition(":")[2] for step in self.steps]
        if self.attribute is not None:
            names.append(self.attribute)
        own = names[-1]
        return [own, *(f"{name} {own}" for name in reversed(names[-4:-1]))]


@dataclass(slots=True)
class Tree:
    """All element paths of a document: how often each is there, whether it repeats, and the leaves."""

    root: etree._Element
    prefixes: dict[str, str]  # namespace -> prefix
    counts: Counter[Steps] = field(default_factory=Counter)
    repeats: set[Steps] = field(default_factory=set)
    leaves: dict[tuple[Steps, str | None], Leaf] = field(default_factory=dict)

    def namespaces(self) -> dict[str, str]:
        """Return prefix and namespace of all names."""
        return {prefix: uri for uri, prefix in self.prefixes.items()}

    def below(self, start: Steps) -> Iterator[Leaf]:
        """Yield the leaves of an element and of what is inside it, in the document's order."""
        yield from (leaf for leaf in self.leaves.values() if leaf.steps[: len(start)] == start)


def read_tree(root: etree._Element) -> Tree:
    """Return what a document holds; of a very large one its beginning."""
    tree = Tree(root, _prefixes(root))
    waiting: list[tuple[etree._Element, Steps]] = [(root, (_name(root, tree.prefixes),))]
    seen = 0
    while waiting and seen < ELEMENTS_LOOKED_AT:
        element, steps = waiting.pop()
        seen += 1
        tree.counts[steps] += 1
        _take_values(tree, element, steps)
        children = [(child, (*steps, _name(child, tree.prefixes))) for child in element.iterchildren(etree.Element)]
        for path, count in Counter(path for _child, path in children).items():
            if count > 1:
                tree.repeats.add(path)
        waiting += reversed(children)
    return tree


def _take_values(tree: Tree, element: etree._Element, steps: Steps) -> None:
    for name, value in element.attrib.items():
        if not str(name).startswith("{"):  # xml:lang and the like say nothing of an order
            _keep(tree, steps, str(name), str(value))
    text = (element.text or "").strip()
    if text or not len(element):
        _keep(tree, steps, None, text)


def _keep(tree: Tree, steps: Steps, attribute: str | None, value: str) -> None:
    leaf = tree.leaves.setdefault((steps, attribute), Leaf(steps, attribute))
    if len(leaf.values) < VALUES_KEPT:
        leaf.values.append(value)


def _prefixes(root: etree._Element) -> dict[str, str]:
    """Return a prefix for each namespace: the document's own where it has a usable one."""
    found: dict[str, str] = {}
    used = set(_TAKEN)
    for number, element in enumerate(root.iter(etree.Element)):
        if number >= ELEMENTS_LOOKED_AT:
            break
        uri = etree.QName(element).namespace
        if uri is None or uri in found:
            continue
        own = element.prefix if element.prefix is not None and _PREFIX.match(element.prefix) else None
        prefix = own if own is not None and own not in used else None
        number_of = len(found) + 1
        while prefix is None or prefix in used:
            prefix, number_of = f"n{number_of}", number_of + 1
        used.add(prefix)
        found[uri] = prefix
    return found


def _name(element: etree._Element, prefixes: dict[str, str]) -> str:
    name = etree.QName(element)
    return name.localname if name.namespace is None else f"{prefixes.get(name.namespace, 'n0')}:{name.localname}"
