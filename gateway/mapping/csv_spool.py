"""A CSV file too large to be held: its rows go to a spool by order number, then order by order into the same groups.

Rows that follow each other travel together. What belongs together is decided by the grouper alone, which sees all
rows of one order number, and only those: so the outcome is the same as for a file that is held.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from gateway.mapping.cells import Cell, ColumnReader
from gateway.mapping.csv_reader import MAX_WARNINGS, read_rows, regrouped
from gateway.mapping.declaration import CsvFormat
from gateway.mapping.encoding import SourceText
from gateway.mapping.groups import Group, Grouper, Roles
from gateway.mapping.spool import Spool
from gateway.model import Finding

MOST_ROWS_A_PART = 500


class _Runs:
    """Takes rows of cells and writes those of one order that follow each other as one part."""

    def __init__(self, spool: Spool, columns: Sequence[ColumnReader], roles: Roles) -> None:
        self._spool = spool
        self.columns, self.roles = columns, roles
        self._number = ""
        self._rows: list[tuple[int, list[str]]] = []

    def add(self, row: int, number: str, cells: Sequence[Cell]) -> None:
        if self._rows and (number != self._number or len(self._rows) == MOST_ROWS_A_PART):
            self._write()
        self._number = number
        self._rows.append((row, [cell.raw for cell in cells]))

    def order_count(self) -> int:
        self.close()
        return self._spool.order_count()

    def close(self) -> None:
        """Write what is left."""
        if self._rows:
            self._write()

    def _write(self) -> None:
        self._spool.add(self._number, json.dumps(self._rows).encode())
        self._rows.clear()

    def groups(self) -> Iterator[Group]:
        """Yield all groups, number by number; of one number in the order of their first rows."""
        for number, parts in self._spool.by_number():
            grouper = Grouper(self.columns, self.roles)
            for part in parts:
                for row, texts in json.loads(part):
                    cells = [column.read(text) for column, text in zip(self.columns, texts, strict=True)]
                    grouper.add(row, number, cells)
            yield from grouper.finish()


def spool_csv(source: SourceText, form: CsvFormat, spool: Spool, *, trailer: bool) -> list[Finding]:
    """Write the orders of a text to a spool; return warnings. Raises FileRejected as `read_csv` does."""
    made: list[_Runs] = []

    def make(columns: Sequence[ColumnReader], roles: Roles) -> _Runs:
        made.append(_Runs(spool, columns, roles))
        return made[0]

    warnings = list(read_rows(source, form, make, ask_for_trailer=trailer))
    return warnings + _put_together(made[0], spool)[: MAX_WARNINGS - len(warnings)]


def _put_together(runs: _Runs, spool: Spool) -> list[Finding]:
    """Write each group as an order at the place of its first row; return the first warnings in that order."""
    runs.close()
    warnings: list[tuple[int, Finding]] = []
    for group in runs.groups():
        spool.put(group.rows[0], group.source(0), group.rows)
        for warning in regrouped([group]):
            warnings.append((group.rows[0], warning))
        if len(warnings) > 2 * MAX_WARNINGS:
            warnings = _first(warnings)
    return [warning for _row, warning in _first(warnings)]


def _first(warnings: list[tuple[int, Finding]]) -> list[tuple[int, Finding]]:
    return sorted(warnings, key=lambda pair: pair[0])[:MAX_WARNINGS]
