"""Which element of an XML is the order, which its lines, and what stands where. By names, and by what repeats. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from gateway.mapping.proposing.columns import HEADER_ROLES, may_be
from gateway.mapping.proposing.guess import Guess
from gateway.mapping.proposing.shapes import Shape, shape_of
from gateway.mapping.proposing.words import EXACT, WORDS, folded, kinds_of, role_of
from gateway.mapping.proposing.xml_tree import VALUES_KEPT, Leaf, Steps, Tree

FURTHER_OUT = 30
"""What a name loses for each element between it and its value: a supplier's number is not the order's."""
_OF_ORDER = HEADER_ROLES | {"delivery_date", "note"}
_OF_LINE = frozenset(WORDS) - HEADER_ROLES
_LINE_NAMES = ("line", "item", "itemout", "position", "pos", "row", "detail", "orderline", "rivi", "rad", "zeile")
_UBL = "oasis:names:specification:ubl:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One value of the order or its lines: where it stands below them, what it looks like, why it is taken for that."""

    path: str
    shape: Shape
    evidence: str
    thin: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class XmlPlaces:
    """Where an order is and what it holds; paths below the order, or below each line."""

    split: str
    orders: int
    number_path: str
    lines_path: str | None
    line_element: str  # the last step of the path of lines
    of_order: dict[str, Found]
    of_line: dict[str, Found]
    kind: tuple[str, dict[str, str]] | None  # path and values that seem to tell new from changed
    guesses: tuple[Guess, ...]
    not_guessed: tuple[str, ...]


def find_places(tree: Tree) -> XmlPlaces | None:
    """Return where everything is; None when nothing in the document can be an order's number."""
    lines = _lines(tree)
    order, number = _order(tree, lines)
    if number is None:
        return None
    of_order = _roles((leaf for leaf in tree.below(order) if not _inside(leaf, lines)), order, _OF_ORDER)
    of_order.pop("order_number", None)
    of_line = _roles(tree.below(lines), lines, _OF_LINE) if lines is not None else {}
    relative = "/".join(lines[len(order) :]) if lines is not None else None
    return XmlPlaces(
        split=f"/{'/'.join(order)}", orders=tree.counts[order], number_path=number.below(order), lines_path=relative,
        line_element=lines[-1] if lines is not None else "*", of_order=of_order, of_line=of_line,
        kind=_kind(tree, order, lines), guesses=_guesses(tree, order, number, lines, of_order, of_line),
        not_guessed=_not_guessed(lines, number, of_order, of_line, ubl=any(_UBL in uri for uri in tree.prefixes)),
    )  # fmt: skip


def _inside(leaf: Leaf, lines: Steps | None) -> bool:
    return lines is not None and leaf.steps[: len(lines)] == lines


def _told(leaf: Leaf, roles: Collection[str]) -> tuple[str | None, int, str]:
    """Return the best role that one of a leaf's names tells, how surely, and the name."""
    best: tuple[str | None, int, str] = (None, 0, "")
    for distance, label in enumerate(leaf.labels()):
        role, score, word = role_of(label)
        worth = score + len(word) - FURTHER_OUT * max(0, distance - 1)
        if role in roles and worth > best[1]:
            best = (role, worth, label)
    return best


def _roles(leaves: Iterable[Leaf], start: Steps, roles: Iterable[str]) -> dict[str, Found]:
    """Give each role to the leaf whose name says it most surely, and whose values do not speak against it."""
    wanted = frozenset(roles)
    told = []
    for place, leaf in enumerate(leaves):
        role, worth, label = _told(leaf, wanted)
        if role is not None and any(leaf.values):
            shape = shape_of(leaf.values)
            if may_be(role, shape):
                told.append((-worth, place, role, label, leaf, shape))
    found: dict[str, Found] = {}
    used: set[str] = set()
    for worth, _place, role, label, leaf, shape in sorted(told, key=lambda one: one[:2]):
        path = leaf.below(start)
        if role not in found and path not in used:
            used.add(path)
            thin = -worth < EXACT
            found[role] = Found(path=path, shape=shape, evidence=f'the name "{label}"', thin=thin)
    return found


def _lines(tree: Tree) -> Steps | None:
    """Return the element of which an order has several, each with a quantity."""
    records = {
        _record(tree, leaf) for leaf in tree.leaves.values() if _told(leaf, _OF_LINE)[0] == "quantity" and _number(leaf)
    }

    def worth(steps: Steps) -> tuple[int, int]:
        roles = {_told(leaf, _OF_LINE)[0] for leaf in tree.below(steps)}
        points = 2 * bool(roles & {"item_id", "item_name", "supplier_item_id"}) + ("line_number" in roles)
        return points + _is_line_name(steps[-1]), -len(steps)

    return max((one for one in records if len(one) > 1), key=worth, default=None)


def _number(leaf: Leaf) -> bool:
    shape = shape_of(leaf.values)
    return shape.number or not shape.filled


def _record(tree: Tree, leaf: Leaf) -> Steps:
    """Return the nearest element around a value that repeats, or is called a line; else the one that holds it."""
    start = leaf.steps if leaf.attribute is not None else leaf.steps[:-1]
    for length in range(len(start), 1, -1):
        if start[:length] in tree.repeats or _is_line_name(start[length - 1]):
            return start[:length]
    return start


def _is_line_name(step: str) -> int:
    name = folded(step.rpartition(":")[2])
    return int(name in _LINE_NAMES or name.endswith(("orderitem", "orderline", "lineitem", "itemout")))


def _order(tree: Tree, lines: Steps | None) -> tuple[Steps, Leaf | None]:
    """Return the order's element and its number: the element nearest to the lines in which a number stands."""
    outer = lines[:-1] if lines is not None else None
    lengths = range(len(outer), 0, -1) if outer is not None else range(1, 1 + max(map(len, tree.counts)))
    starts = [outer[:length] for length in lengths] if outer is not None else sorted(tree.counts, key=len)
    outside = [leaf for leaf in tree.leaves.values() if not _inside(leaf, lines) and any(leaf.values)]
    for least in (EXACT, 1):  # a name that surely says it, also further out, before one that may
        for start in starts:
            once = [leaf for leaf in outside if leaf.steps[: len(start)] == start and _once(tree, leaf, start)]
            named = [(worth, leaf) for leaf in once if (worth := _told(leaf, ("order_number",))[1]) >= least]
            if named:
                return start, max(named, key=lambda one: (one[0], -len(one[1].steps)))[1]
    for start in starts:
        once = [leaf for leaf in outside if leaf.steps[: len(start)] == start and _once(tree, leaf, start)]
        plain = [leaf for leaf in once if shape_of(leaf.values).longest <= 35]
        if plain:
            return start, plain[0]
    return (starts[0] if starts else ()), None


def _once(tree: Tree, leaf: Leaf, start: Steps) -> bool:
    """Tell whether a value stands once in each element of a path."""
    everywhere = sum(map(bool, leaf.values)) >= min(tree.counts[start], VALUES_KEPT)
    inner = (leaf.steps[:length] for length in range(len(start) + 1, len(leaf.steps) + 1))
    return everywhere and not any(steps in tree.repeats for steps in inner)


def _kind(tree: Tree, order: Steps, lines: Steps | None) -> tuple[str, dict[str, str]] | None:
    """Return a value that seems to say whether an order is new or changed."""
    for leaf in tree.below(order):
        kinds = None if _inside(leaf, lines) else kinds_of(leaf.values)
        if kinds is not None:
            return leaf.below(order), kinds
    return None


def _guesses(
    tree: Tree, order: Steps, number: Leaf, lines: Steps | None, of_order: dict[str, Found], of_line: dict[str, Found]
) -> tuple[Guess, ...]:
    _role, worth, label = _told(number, ("order_number",))
    why = f'the name "{label}"' if worth else "the first value there is; no name says so"
    found = [
        Guess(what="order", value=f"/{'/'.join(order)}", evidence=f"{tree.counts[order]} in the sample"),
        Guess(what="order number", value=number.below(order), evidence=why,
              check="" if worth >= EXACT else "is it really that?"),
    ]  # fmt: skip
    if lines is not None:
        many = f"{tree.counts[lines]} in the sample, each with a quantity"
        found.append(Guess(what="lines", value="/".join(lines[len(order) :]), evidence=many))
    for role, one in (*of_order.items(), *of_line.items()):
        check = "is it really that?" if one.thin else ""
        found.append(Guess(what=role.replace("_", " "), value=one.path, evidence=one.evidence, check=check))
    return tuple(found)


def _not_guessed(
    lines: Steps | None, number: Leaf, of_order: dict[str, Found], of_line: dict[str, Found], *, ubl: bool
) -> tuple[str, ...]:
    words = ["it is UBL: look at the shipped mappings for UBL first"] if ubl else []
    if not _told(number, ("order_number",))[1]:
        words.append("no name says what the order number is")
    if lines is None:
        words.append("no element with a quantity was found that could be a line")
    if not of_order.keys() & {"supplier_id", "supplier_name"}:
        words.append("no supplier was recognised")
    absent = [role.replace("_", " ") for role in ("order_date", "currency") if role not in of_order]
    words += [f"no {role} was recognised" for role in absent]
    if lines is not None and not of_line.keys() & {"item_id", "item_name", "supplier_item_id"}:
        words.append("no item was recognised in the lines")
    return tuple(words)
