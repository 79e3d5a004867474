"""What could be there in a canonical tree and is not. Pure.

A csv row lacks the cells that are empty. An xml order lacks what its mapping declares, what its like elements have,
and what the stylesheet asks for: proposals only, for trying tells which of them fills a gap.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from lxml import etree

from gateway.mapping.gaps import Gap, Steps, gaps, plain_paths
from gateway.mapping.mapping import Mapping
from gateway.mapping.slots import Slot
from gateway.mapping.xml_paths import elements
from gateway.mapping.xml_reader import SOURCE_NAMESPACE

MOST_PROPOSALS = 3000
MOST_HOLDERS = 40
DECLARED = 99  # surer than any path of a stylesheet

_OWN = f"{{{SOURCE_NAMESPACE}}}"


def empty_slots(
    tree: etree._Element, slots: Sequence[Slot], mapping: Mapping, asked: Iterable[Steps]
) -> list[Slot]:
    """Return the places of a canonical tree that hold no value, the likely ones first."""
    empty = [slot for slot in slots if not slot.value]
    if mapping.format == "csv":
        return empty
    found: dict[Gap, int] = {}  # each gap with the length of the path that led to it: the longer, the surer
    for gap, length in _proposals(tree, mapping, list(asked)):
        found[gap] = max(length, found.get(gap, 0))
    likely = sorted(found, key=lambda gap: (len(gap[1]), -_depth(gap[0]), -found[gap]))[:MOST_PROPOSALS]
    containers = {one.tag for one in tree.iterdescendants(etree.Element) if len(one)}
    containers |= {holder.tag for holder, steps in likely if found[holder, steps] == DECLARED and steps[0][0] != "@"}
    leaves = [one for one in empty if one.attribute is not None or one.holder.tag not in containers]
    absent = [Slot(f"{_path(holder)}+{'/'.join(steps)}", holder, absent=steps) for holder, steps in likely]
    return leaves + absent + [slot for slot in empty if slot not in leaves]


def good_codes(mapping: Mapping) -> dict[str, str]:
    """Return a value that its column takes, by the path of each column of codes."""
    if mapping.format != "csv":
        return {}
    codes = [(column.name, column.values) for column in mapping.csv.columns if column.values]
    return {name: next(iter(values.values() if isinstance(values, dict) else values)) for name, values in codes}


def _depth(element: etree._Element) -> int:
    return sum(1 for _ in element.iterancestors())


def _path(holder: etree._Element) -> str:
    return "/".join(reversed([str(holder.tag), *(str(one.tag) for one in holder.iterancestors())]))


def _proposals(tree: etree._Element, mapping: Mapping, asked: list[Steps]) -> Iterator[tuple[Gap, int]]:
    order = tree[-1] if len(tree) else tree
    lines = [line for one in mapping.paths.lines for line in elements(one.path, order)]
    for path, starts in _declared(mapping, order, lines):
        for steps in plain_paths(path, mapping.xml.namespaces):
            yield from ((gap, DECLARED) for start in starts for gap in gaps(start, steps))
    yield from ((gap, DECLARED) for gap in _as_their_like(tree))
    yield from _where_known(tree, asked)
    for steps in asked:
        yield from ((gap, len(steps)) for start in [order, *lines] for gap in gaps(start, steps))


def _declared(
    mapping: Mapping, order: etree._Element, lines: list[etree._Element]
) -> Iterator[tuple[str, list[etree._Element]]]:
    """Yield the paths of the mapping's declaration, each with the elements it starts from."""
    yield from ((one.path, lines if one.of == "line" else [order]) for one in mapping.xml.fields)
    yield from ((one.path, [order]) for one in mapping.xml.lines)


def _as_their_like(tree: etree._Element) -> Iterator[Gap]:
    """Yield what an element lacks that another of its name has."""
    seen: dict[str, dict[Steps, None]] = defaultdict(dict)
    for element in tree.iterdescendants(etree.Element):
        own = seen[str(element.tag)]
        own |= dict.fromkeys(_attributes(element))
        for child in element.iterchildren(etree.Element):
            own.setdefault((str(child.tag),))
            own |= dict.fromkeys((str(child.tag), *steps) for steps in _attributes(child))
    for element in tree.iterdescendants(etree.Element):
        for steps in seen[str(element.tag)]:
            yield from gaps(element, steps)


def _attributes(element: etree._Element) -> Iterator[Steps]:
    return ((f"@{name}",) for name in map(str, element.attrib) if not name.startswith(_OWN))


def _where_known(tree: etree._Element, asked: Iterable[Steps]) -> Iterator[tuple[Gap, int]]:
    """Yield where paths break off that begin at an element which is there, wherever it is."""
    by_tag: dict[str, list[etree._Element]] = defaultdict(list)
    for element in tree.iter(etree.Element):
        by_tag[str(element.tag)].append(element)
    for steps in asked:
        for element in by_tag.get(steps[0], ())[:MOST_HOLDERS]:
            if len(steps) > 1:
                yield from ((gap, len(steps)) for gap in gaps(element, steps[1:]))
