"""Which XML mappings can be read without holding the document: told from the declared paths alone. Pure.

An order must say everything about itself below its own element, and what else is wanted must stand outside of all
orders. Any other mapping is read whole, as far as the memory of a worker goes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from gateway.mapping.declaration import XmlFormat, XmlKind

_PLAIN = re.compile(r"(/(\*|[\w.-]+(:[\w.-]+)?))+\Z")
_PLAIN_ATTRIBUTE = re.compile(r"/@[\w.:-]+\Z")
_OUTSIDE = re.compile(r"ancestor|preceding|following|parent::|(^|[\s(|=,+\[<>!-])/")
_NOWHERE = re.compile(r"(/[^\[\]]+)\[not\(([\w.:-]+(/(\*|[\w.:-]+))*)\)\]\Z")
_OF_ABOVE = re.compile(r"((\.\.|parent::\*)/)+@[\w.:-]+")  # an attribute of what holds the order is known by then
_UPWARDS = re.compile(r"(\.\./?)+")


@dataclass(frozen=True, slots=True)
class Steps:
    """The steps of a plain split path: names in Clark notation, or * for any."""

    names: tuple[str, ...]

    def fits(self, tags: list[str]) -> bool:
        """Tell whether the tags from the root down to an element are these."""
        return len(tags) == len(self.names) and all(
            name in ("*", tag) for name, tag in zip(self.names, tags, strict=True)
        )


def split_steps(form: XmlFormat) -> tuple[Steps, ...]:
    """Return the steps of each split path of a mapping that streams."""
    return tuple(
        Steps(tuple(_clark(step, form.namespaces) for step in path.split("/")[1:])) for path in form.split_paths
    )


def _clark(step: str, spaces: dict[str, str]) -> str:
    prefix, colon, name = step.partition(":")
    return f"{{{spaces[prefix]}}}{name}" if colon else step


def xml_streams(form: XmlFormat) -> bool:
    """Tell whether files of a mapping can be read element by element."""
    splits = form.split_paths
    return (
        all(_PLAIN.match(path) and not path.endswith("*") for path in splits)
        and not any(_contains(one, other) for one in splits for other in splits if one != other)
        and all(_apart(path, splits) for path in form.envelope)
        and all(_below(path, 0) for path in _of_order(form))
        and all(_below(path, _depth(form)) for path in _of_line(form))
        and all(
            one.when is None and (is_local(one.path, form) or is_nowhere(one.path, form))
            for one in form.refuse
            if one.of == "file"
        )
        and not any(one.when for one in form.refuse if one.of == "file")
    )


def is_local(path: str, form: XmlFormat) -> bool:
    """Tell whether a path for the whole file looks at each order by itself."""
    return any(
        re.match(re.escape(split) + r"(?![\w.:-])", path) and _below(path.removeprefix(split).lstrip("/"), 0)
        for split in form.split_paths
    )


def is_nowhere(path: str, form: XmlFormat) -> bool:
    """Tell whether a path for the whole file finds its root when no order holds something: /root[not(order/what)]."""
    found = _NOWHERE.match(path)
    return found is not None and any(
        f"{found[1]}/{found[2]}" == split or f"{found[1]}/{found[2]}".startswith(f"{split}/")
        for split in form.split_paths
    )


def _contains(one: str, other: str) -> bool:
    """Tell whether elements at one path may hold those at the other; a * may be any name."""
    outer, inner = one.split("/"), other.split("/")
    return len(outer) <= len(inner) and all(a == b or "*" in (a, b) for a, b in zip(outer, inner, strict=False))


def _apart(path: str, splits: tuple[str, ...]) -> bool:
    """Tell whether a part of the envelope neither holds orders nor is held by one."""
    attribute = _PLAIN_ATTRIBUTE.search(path)
    element = path[: attribute.start()] if attribute else path
    if not _PLAIN.match(element):
        return False
    inside = any(_contains(split, element) for split in splits)
    around = attribute is None and any(_contains(element, split) for split in splits)
    return not inside and not around


def _below(path: str, depth: int) -> bool:
    """Tell whether a path that starts `depth` steps below an order stays inside of it."""
    path = _OF_ABOVE.sub("@a", re.sub(r"'[^']*'|\"[^\"]*\"", "''", path))
    if _OUTSIDE.search(path):
        return False
    return all(match.group().count("..") <= depth + _inner(path[: match.start()]) for match in _UPWARDS.finditer(path))


def _inner(path: str) -> int:
    """Return how many steps further down a predicate stands that is open at the end of a path."""
    before, bracket, _ = path.partition("[")
    return before.rpartition("|")[2].count("/") + 1 if bracket and path.count("[") > path.count("]") else 0


def _depth(form: XmlFormat) -> int:
    """Return how many steps the lines are below their order, at least."""
    return min((one.path.count("/") + 1 for one in form.lines), default=0)


def _of_order(form: XmlFormat) -> Iterator[str]:
    yield form.order_number
    if form.revision is not None:
        yield form.revision
    if isinstance(form.kind, XmlKind):
        yield form.kind.path or ""
        yield from form.kind.when or {}
    yield from (one.path for one in form.lines)
    yield from (one.path for one in form.fields if one.of == "order")
    yield from (one.when for one in form.fields if one.of == "order" and one.when)
    yield from (path for one in form.refuse if one.of == "order" for path in (one.path, one.when or ""))
    yield from (one.when for one in form.refuse if one.of == "order" and one.when)


def _of_line(form: XmlFormat) -> Iterator[str]:
    yield from (one.number for one in form.lines if one.number)
    yield from (one.path for one in form.fields if one.of == "line")
    yield from (one.when for one in form.fields if one.of == "line" and one.when)
    yield from (path for one in form.refuse if one.of == "line" for path in (one.path, one.when or ""))
    yield from (one.when for one in form.refuse if one.of == "line" and one.when)
