"""Rows into orders: order number, kind and revision make a group, wherever its rows stand in the file. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from gateway.mapping.cells import Cell, ColumnReader, attribute
from gateway.mapping.declaration import CsvKind
from gateway.mapping.rejection import MAX_ORDER_FINDINGS, shown
from gateway.mapping.values import Fault
from gateway.model import Finding, MessageKind, OrderSource

Key = tuple[str, MessageKind | None, str | None]


@dataclass(frozen=True, slots=True)
class Roles:
    """Which cells of a row say what about its order; an index counts the columns of the file that are declared."""

    number_index: int
    constant_kind: MessageKind | None
    kind_index: int | None
    kind: CsvKind | None
    revision_index: int | None
    line_index: int | None
    unique_lines: bool
    per_order: tuple[int, ...]

    def kind_unreadable(self, cell: Cell) -> bool:
        """Tell whether a cell should say the kind and does not."""
        return cell.fault is not None or self.kind_fault(cell) is not None

    def kind_fault(self, cell: Cell) -> Fault | None:
        """Return what is wrong with a cell that should tell the kind, unless its own check already said so."""
        if self.kind is None or cell.raw in self.kind.values or cell.value is None:
            return None
        names = ", ".join(f"{text} ({kind})" for text, kind in self.kind.values.items())
        return Fault("unknown-kind", "This value does not say whether the order is new or changed.", f"one of {names}")


@dataclass(slots=True)
class Group:
    """The rows of one order so far."""

    number: str
    kind: MessageKind | None
    revision: str | None
    rows: list[int] = field(default_factory=list)
    elements: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    lines: dict[str, int] = field(default_factory=dict)
    per_order: tuple[Cell, ...] = ()
    raw: hashlib._Hash = field(default_factory=hashlib.sha256)
    left_out: int = 0

    def report(self, finding: Finding) -> None:
        """Keep a finding, up to a sane number."""
        if len(self.findings) < MAX_ORDER_FINDINGS:
            self.findings.append(finding)
        else:
            self.left_out += 1

    def source(self, ordinal: int) -> OrderSource:
        """Return the finished order."""
        findings = tuple(self.findings)
        if self.left_out:
            more = f"There are {self.left_out} more faults in this order."
            findings += (Finding(code="more-faults", message=more),)
        return OrderSource(
            ordinal=ordinal,
            order_number=self.number,
            kind_hint=self.kind,
            revision=self.revision,
            canonical=self._canonical().encode(),
            source_hash=self.raw.hexdigest(),
            findings=findings,
        )

    def _canonical(self) -> str:
        kind = f' kind="{self.kind}"' if self.kind else ""
        revision = f" revision={attribute(self.revision)}" if self.revision is not None else ""
        return f"<order number={attribute(self.number)}{kind}{revision}>{''.join(self.elements)}</order>"

    def broken_runs(self) -> str | None:
        """Return in words where the rows stand when they are not adjacent."""
        first, last = self.rows[0], self.rows[-1]
        if last - first + 1 == len(self.rows):
            return None
        later = next(row for before, row in zip(self.rows, self.rows[1:], strict=False) if row != before + 1)
        return f"rows {first} and {later}"


class Grouper:
    """Takes rows in file order and knows all groups, in order of their first row."""

    def __init__(self, columns: Sequence[ColumnReader], roles: Roles) -> None:
        self._columns = columns
        self._roles = roles
        self.groups: dict[Key, Group] = {}
        self._adrift: dict[str, Group] = {}  # rows whose kind or revision cannot be read, by order number

    def add(self, row: int, number: str, cells: Sequence[Cell]) -> None:
        """Put a row into its group; a row whose kind or revision is wrong fails every group of its order."""
        group = self._group(number, cells)
        if group.rows:
            self._compare_per_order(group, row, cells)
        else:
            group.per_order = tuple(cells[index] for index in self._roles.per_order)
        group.rows.append(row)
        group.elements.append(f'<row n="{row}">{"".join([cell.element for cell in cells])}</row>')
        group.raw.update("\x1f".join([cell.raw for cell in cells]).encode("utf-8", "surrogatepass") + b"\x1e")
        for column, cell in zip(self._columns, cells, strict=True):
            if cell.fault is not None:
                group.report(column.finding(cell.fault, cell.raw, row))
        self._check_kind(group, row, cells)
        self._check_line(group, row, cells)

    def order_count(self) -> int:
        """Return how many order numbers there are."""
        return len({number for number, _kind, _revision in self.groups} | self._adrift.keys())

    def finish(self) -> list[Group]:
        """Return all groups; those of an order with rows adrift carry the findings of these."""
        for number, stray in self._adrift.items():
            own = [group for group in self.groups.values() if group.number == number]
            for group in own:
                for finding in stray.findings:
                    group.report(finding)
            if own:
                self._merge(own[0], stray)
            else:
                self.groups[(number, None, None)] = stray
        return sorted(self.groups.values(), key=lambda group: group.rows[0])

    @staticmethod
    def _merge(group: Group, stray: Group) -> None:
        rows = sorted(zip(group.rows + stray.rows, group.elements + stray.elements, strict=True))
        group.rows = [row for row, _element in rows]
        group.elements = [element for _row, element in rows]
        group.raw.update(stray.raw.digest())

    def _group(self, number: str, cells: Sequence[Cell]) -> Group:
        roles = self._roles
        kind = roles.constant_kind
        adrift = False
        if roles.kind_index is not None and roles.kind is not None:
            kind = roles.kind.values.get(cells[roles.kind_index].raw)
            adrift = kind is None and roles.kind_unreadable(cells[roles.kind_index])
        revision = None
        if roles.revision_index is not None:
            revision = cells[roles.revision_index].value
            adrift = adrift or cells[roles.revision_index].fault is not None
        if adrift:
            return self._adrift.setdefault(number, Group(number, None, None))
        key = (number, kind, revision)
        group = self.groups.get(key)
        if group is None:
            group = self.groups[key] = Group(number, kind, revision)
        return group

    def _check_kind(self, group: Group, row: int, cells: Sequence[Cell]) -> None:
        index = self._roles.kind_index
        if index is not None and (fault := self._roles.kind_fault(cells[index])) is not None:
            group.report(self._columns[index].finding(fault, cells[index].raw, row))

    def _check_line(self, group: Group, row: int, cells: Sequence[Cell]) -> None:
        index = self._roles.line_index
        if index is None or (line := cells[index].value) is None:
            return
        first = group.lines.setdefault(line, row)
        if first != row and self._roles.unique_lines:
            twice = f"Line {line} is there twice in order {group.number}: rows {first} and {row}."
            words = f"{twice} Two versions of the order in one file?"
            fault = Fault("duplicate-line", words, "each line number once in an order")
            group.report(self._columns[index].finding(fault, cells[index].raw, row))

    def _compare_per_order(self, group: Group, row: int, cells: Sequence[Cell]) -> None:
        for index, first in zip(self._roles.per_order, group.per_order, strict=True):
            cell = cells[index]
            if cell is not first and cell.value != first.value and cell.fault is None and first.fault is None:
                there = f'"{shown(first.raw)}"' if first.raw else "no value"
                words = f"The value differs within order {group.number}: row {group.rows[0]} has {there}."
                fault = Fault("differs-within-order", words, f"{there}, the same in each row of the order")
                group.report(self._columns[index].finding(fault, cell.raw, row))
