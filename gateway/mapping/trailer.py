"""The last row of a complete CSV file: found, and checked against what the rows add up to. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from gateway.mapping.cells import Cell
from gateway.mapping.declaration import Column, CsvFormat, Trailer
from gateway.mapping.rejection import INCOMPLETE, shown
from gateway.mapping.values import compile_check
from gateway.model import Finding


@dataclass(slots=True)
class TrailerCheck:
    """Counts and adds while rows go by, and compares at the end."""

    declared: Trailer
    form: CsvFormat
    rows: int = 0
    total: Decimal = field(default_factory=Decimal)
    unreadable: int = 0  # cells of the summed column that are no number
    found: tuple[int, list[str]] | None = None

    def is_trailer(self, cells: list[str]) -> bool:
        """Tell whether a row is the trailer."""
        return bool(cells) and cells[0].strip() == self.declared.mark

    def add(self, cell: Cell | None) -> None:
        """Count a row of data, and add what it has in the summed column."""
        self.rows += 1
        if cell is None or cell.value is None:
            self.unreadable += bool(cell is not None and cell.fault is not None)
        else:
            self.total += Decimal(cell.value)

    def missing(self) -> Finding:
        """Return what to say of a file without its last row."""
        message = f'The last row (first cell "{self.declared.mark}") is missing: the file may not be complete.'
        return Finding(code=INCOMPLETE, message=message, expected=f'a last row that begins with "{self.declared.mark}"')

    def findings(self, row: int, cells: list[str], orders: int) -> list[Finding]:
        """Return where the trailer that was found differs from the rows."""
        found = []
        if self.declared.count is not None:
            what = self.declared.count_of
            counted = self.rows if what == "rows" else orders
            found += self._compare(row, cells, self.declared.count, "count", counted, what)
        if self.declared.sum is not None and not self.unreadable:
            found += self._compare(row, cells, self.declared.sum, "sum", self.total, str(self.declared.sum_of))
        return found

    def _compare(
        self, row: int, cells: list[str], place: int, kind: str, actual: Decimal | int, what: str
    ) -> list[Finding]:
        text = cells[place - 1].strip() if place <= len(cells) else ""
        column = Column(name="trailer", type="integer") if kind == "count" else self._summed()
        value = compile_check(column.model_copy(update={"required": False, "max_length": None}), self.form)(text).value
        if value is None:
            message = f"The last row has no readable {kind} in cell {place}."
            return [Finding(code="bad-trailer", message=message, row=row, column=str(place), value=shown(text))]
        if Decimal(value) == actual:
            return []
        message = f"The last row says {kind} {value} of {what}, the rows give {actual}: rows are missing or doubled."
        return [
            Finding(
                code="trailer-mismatch",
                message=message,
                row=row,
                column=str(place),
                value=shown(text),
                expected=str(actual),
            )
        ]

    def _summed(self) -> Column:
        return next(column for column in self.form.columns if column.name == self.declared.sum_of)
