"""Which column of a text export is what: by the words of its header, else by what its values look like. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from gateway.mapping.proposing.dialect import Dialect
from gateway.mapping.proposing.guess import Guess
from gateway.mapping.proposing.shapes import Shape, shape_of
from gateway.mapping.proposing.words import EXACT, kinds_of, role_of, slug

HEADER_ROLES = frozenset(
    "order_number order_date supplier_id supplier_name buyer_id buyer_name purchaser_id currency delivery_terms "
    "payment_terms reference delivery_method".split()
)
"""What is said once for an order, and repeated on each of its rows."""
ESSENTIAL = ("order_number", "order_date", "supplier_id", "currency", "quantity", "item_id")
_NUMBERS = ("quantity", "price", "price_per", "line_total")
_DATES = ("order_date", "delivery_date")
_SHORTEST_NUMBER = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedColumn:
    """One column of the export: its place (first is 1), its label if it has one, and what it is taken for."""

    place: int
    label: str | None
    name: str
    role: str | None
    shape: Shape
    evidence: str
    usable: bool = True  # False: its label is there twice, or empty

    @property
    def called(self) -> str:
        """Return what a person calls it."""
        return f'"{self.label}"' if self.label else f"column {self.place}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """All columns, the one that groups rows into orders, and why."""

    columns: tuple[ProposedColumn, ...]
    grouping: ProposedColumn
    constant: frozenset[int]  # places of columns that are the same in all rows of an order
    orders: int
    guesses: tuple[Guess, ...]
    not_guessed: tuple[str, ...]
    kind: tuple[ProposedColumn, dict[str, str]] | None = None  # what seems to tell new orders from changed ones

    def of_role(self, role: str) -> ProposedColumn | None:
        """Return the column that is taken for something."""
        return next((one for one in self.columns if one.role == role), None)


def guess_columns(dialect: Dialect) -> Columns | None:
    """Return what the columns are; None when none of them can hold an order number."""
    values = [list(column) for column in zip(*dialect.data, strict=True)] or [[] for _ in range(dialect.width)]
    shapes = [shape_of(column) for column in values]
    labels = [cell.strip() for cell in dialect.rows[0]] if dialect.header_row else [""] * dialect.width
    usable = [not dialect.header_row or (bool(label) and labels.count(label) == 1) for label in labels]
    roles = _by_words(labels, shapes, usable)
    number = next((place for place, role in roles.items() if role[0] == "order_number"), None)
    if number is None:
        number = _by_grouping(values, shapes, usable, roles)
        if number is None:
            return None
        why = f"{shapes[number].distinct} different values in {len(values[number])} rows, equal ones side by side"
        roles[number] = ("order_number", f"{why}; no header word says so")
    _by_shapes(values, shapes, usable, roles, number)
    columns = _named(labels, shapes, usable, roles)
    constant = _constant(values, number)
    return Columns(
        columns=columns, grouping=columns[number], constant=constant, orders=shapes[number].distinct,
        guesses=_guesses(columns), not_guessed=_not_guessed(columns, labels),
        kind=_kind(columns, values),
    )  # fmt: skip


Roles = dict[int, tuple[str, str]]  # index of the column -> role, evidence


def _by_words(labels: Sequence[str], shapes: Sequence[Shape], usable: Sequence[bool]) -> Roles:
    """Give each role to the column whose header says it most surely and whose values do not speak against it."""
    told = []
    for index, label in enumerate(labels):
        role, score, word = role_of(label)
        if role is not None and usable[index] and may_be(role, shapes[index]):
            told.append((-score, index, role, word))
    roles: Roles = {}
    taken: set[str] = set()
    for score, index, role, word in sorted(told):
        if role not in taken:
            taken.add(role)
            how = "is a word for it" if -score == EXACT else f'holds "{word}"'
            roles[index] = (role, f'the header "{labels[index]}" {how}')
    _names_that_are_codes(shapes, roles)
    return roles


def _names_that_are_codes(shapes: Sequence[Shape], roles: Roles) -> None:
    """Take a name whose values are no words for the number, where no other column is the number."""
    for name, number in (("supplier_name", "supplier_id"), ("buyer_name", "buyer_id"), ("item_name", "item_id")):
        index = next((at for at, (role, _why) in roles.items() if role == name), None)
        there = any(role == number for role, _why in roles.values())
        if index is not None and not there and shapes[index].filled and not shapes[index].words:
            roles[index] = (number, f"{roles[index][1]}; its values are codes, not words")


def may_be(role: str, shape: Shape) -> bool:
    """Tell whether values do not speak against a role."""
    if not shape.filled:
        return True
    if role in _DATES:
        return shape.date is not None
    if role in _NUMBERS:
        return shape.number
    if role == "line_number":
        return shape.integer
    if role in ("order_number", "item_name", "supplier_name", "buyer_name"):
        return shape.marked == 0 and (shape.date is None or shape.date == "yyyymmdd")
    if role == "currency":
        return shape.longest <= 3
    return True


def _by_grouping(
    values: Sequence[Sequence[str]], shapes: Sequence[Shape], usable: Sequence[bool], roles: Roles
) -> int | None:
    """Return the column whose equal values stand side by side, as those of an order number do."""

    def worth(index: int) -> tuple[int, int, int]:
        runs = 1 + sum(1 for one, two in zip(values[index], values[index][1:], strict=False) if one != two)
        shape = shapes[index]
        grouped = runs == shape.distinct and shape.distinct > 1
        repeats = grouped and shape.distinct < len(values[index])
        return (int(repeats), int(grouped), -index)

    fit = [
        index
        for index, shape in enumerate(shapes)
        if usable[index] and index not in roles and shape.filled and not shape.empty and shape.date is None
        and not shape.marked and shape.longest <= 35
    ]  # fmt: skip
    return max(fit, key=worth, default=None)


def _by_shapes(
    values: Sequence[Sequence[str]], shapes: Sequence[Shape], usable: Sequence[bool], roles: Roles, number: int
) -> None:
    """Fill roles that no header told, where values are plain enough."""
    taken = {role for role, _evidence in roles.values()}
    constant = {place - 1 for place in _constant(values, number)}

    def give(role: str, why: str, fits: Callable[[int], bool]) -> None:
        if role in taken:
            return
        free = (index for index in range(len(shapes)) if usable[index] and index not in roles and shapes[index].filled)
        found = next((index for index in free if fits(index)), None)
        if found is not None:
            roles[found] = (role, f"{why}; no header word says so")
            taken.add(role)

    give("currency", "all values are currency codes", lambda index: shapes[index].currency)
    give("unit", "all values are codes of units", lambda index: shapes[index].unit and not shapes[index].currency)
    give("line_number", "it counts up within each order", lambda index: _counts_up(values, index, number))
    give("order_date", "a date, the same in all rows of an order",
         lambda index: index in constant and _is_day(shapes[index]))  # fmt: skip
    give("delivery_date", "another date", lambda index: _is_day(shapes[index]))
    _by_product(values, shapes, usable, roles, taken)


def _is_day(shape: Shape) -> bool:
    return shape.date is not None and not (shape.integer and shape.date not in ("yyyymmdd",))


def _counts_up(values: Sequence[Sequence[str]], index: int, number: int) -> bool:
    """Tell whether whole numbers rise within each order and start again with the next."""
    last: dict[str, int] = {}
    restarts = several = False
    before = 0
    for order, text in zip(values[number], values[index], strict=True):
        if not (text.strip().isascii() and text.strip().isdigit() and len(text.strip()) <= 6):
            return False
        line = int(text)
        if order in last and line <= last[order]:
            return False
        restarts = restarts or (order not in last and bool(last) and line <= before)
        several = several or order in last
        last[order] = before = line
    return restarts and several


def _by_product(
    values: Sequence[Sequence[str]], shapes: Sequence[Shape], usable: Sequence[bool], roles: Roles, taken: set[str]
) -> None:
    """Find three columns of which one is the product of the others: quantity, price, total of the line."""
    if taken & {"quantity", "price", "line_total"}:
        return
    free = [
        index for index, shape in enumerate(shapes)
        if usable[index] and index not in roles and shape.number and shape.date is None
    ][:12]  # fmt: skip
    rows = list(range(min(len(values[0]), 200))) if values else []
    numbers = {index: [_decimal(values[index][row], shapes[index]) for row in rows] for index in free}
    for quantity in free:
        for price in free:
            for total in free:
                if len({quantity, price, total}) == 3 and _is_product(
                    numbers[quantity], numbers[price], numbers[total]
                ) and shapes[price].marked >= shapes[quantity].marked:  # fmt: skip
                    why = f"column {quantity + 1} times column {price + 1} is column {total + 1}; no header says so"
                    roles.update({quantity: ("quantity", why), price: ("price", why), total: ("line_total", why)})
                    return


def _decimal(text: str, shape: Shape) -> Decimal | None:
    plain = text.strip()
    if not plain or plain in shape.nulls:
        return None
    plain = plain.replace(shape.thousands, "") if shape.thousands else plain
    return Decimal(plain.replace(shape.decimal or ".", "."))


Numbers = Sequence[Decimal | None]


def _is_product(first: Numbers, second: Numbers, both: Numbers) -> bool:
    """Tell whether a product holds in nearly all rows, and not only because of ones and zeros."""
    told = [(a, b, c) for a, b, c in zip(first, second, both, strict=True) if a is not None and b is not None and c]
    plain = [one for one in told if one[0] not in (0, 1) and one[1] not in (0, 1)]
    right = sum(1 for a, b, c in told if abs(a * b - c) <= max(Decimal("0.01"), abs(c) / 1000))
    return len(plain) >= 2 and right * 100 >= len(told) * 95


def _constant(values: Sequence[Sequence[str]], number: int) -> frozenset[int]:
    """Return the places of columns that are the same in all rows of each order."""
    if not values:
        return frozenset()
    first: dict[str, int] = {}
    for row, order in enumerate(values[number]):
        first.setdefault(order, row)
    same = [
        index + 1 for index, column in enumerate(values)
        if all(text == column[first[order]] for text, order in zip(column, values[number], strict=True))
    ]  # fmt: skip
    return frozenset(same)


def _named(
    labels: Sequence[str], shapes: Sequence[Shape], usable: Sequence[bool], roles: Roles
) -> tuple[ProposedColumn, ...]:
    used = {role for role, _evidence in roles.values()}
    found = []
    for index, (label, shape) in enumerate(zip(labels, shapes, strict=True)):
        role, evidence = roles.get(index, (None, ""))
        name = role or slug(label or f"column_{index + 1}", used)
        found.append(
            ProposedColumn(
                place=index + 1, label=label or None, name=name, role=role, shape=shape, evidence=evidence,
                usable=usable[index],
            )
        )  # fmt: skip
    return tuple(found)


def _kind(
    columns: Sequence[ProposedColumn], values: Sequence[Sequence[str]]
) -> tuple[ProposedColumn, dict[str, str]] | None:
    for column in columns:
        kinds = kinds_of(values[column.place - 1]) if column.role is None and column.usable else None
        if kinds is not None:
            return column, kinds
    return None


def _guesses(columns: Sequence[ProposedColumn]) -> tuple[Guess, ...]:
    found = []
    for column in columns:
        if column.role is not None:
            thin = "no header" in column.evidence or "holds" in column.evidence
            found.append(
                Guess(
                    what=column.role.replace("_", " "), value=column.called, evidence=column.evidence,
                    check="is it really that?" if thin else "",
                )
            )  # fmt: skip
    return tuple(found)


def _not_guessed(columns: Sequence[ProposedColumn], labels: Sequence[str]) -> tuple[str, ...]:
    roles = {column.role for column in columns}
    words = [f"no column was recognised as {role.replace('_', ' ')}" for role in ESSENTIAL if role not in roles]
    if "supplier_name" in roles and "supplier_id" not in roles:
        words = [one for one in words if "supplier" not in one]
    if "item_name" in roles:
        words = [one for one in words if "item id" not in one]
    twice = [label for label, count in Counter(labels).items() if count > 1 and label]
    words += [f'the label "{one}" is there {labels.count(one)} times; those columns are left out' for one in twice]
    return tuple(words)
