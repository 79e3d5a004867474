"""One statement for many rows, compiled once and handed to the driver: here the journal's speed comes from.

SQLAlchemy prepares each row of each execution anew, which takes several times what the database needs for it.
`ForRows` does once for a dialect what does not depend on the row; values pass through SQLAlchemy's types as ever.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Dialect, Insert, Table, Update, insert
from sqlalchemy.sql.compiler import SQLCompiler


class ForRows:
    """An insert or update, carried out for many rows by one call of the driver. Each parameter is a key of the row."""

    def __init__(self, statement: Insert | Update, columns: Sequence[str] | None = None) -> None:
        """Take a statement; `columns` are those an insert fills."""
        self._statement, self._columns = statement, columns
        self._compiled: dict[str, _Compiled] = {}

    def run(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> int:
        """Carry the statement out for each row; return how many rows it touched."""
        if not rows:
            return 0
        dialect = connection.dialect
        compiled = self._compiled.get(dialect.name)
        if compiled is None:
            compiled = self._compiled[dialect.name] = _Compiled(self._statement, self._columns, dialect)
        return connection.exec_driver_sql(compiled.text, compiled.parameters(rows)).rowcount


def insert_rows(table: Table, *columns: str) -> ForRows:
    """Return an insert that fills these columns and returns nothing."""
    return ForRows(insert(table).inline(), columns)


class _Compiled:
    """The text of a statement for one dialect, and how its parameters are made of a row."""

    def __init__(self, statement: Insert | Update, columns: Sequence[str] | None, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect, column_keys=columns and list(columns))
        assert isinstance(compiled, SQLCompiler)  # noqa: S101 - that is what an insert or update compiles to
        self.text = str(compiled)
        self._positional = compiled.positional
        self._steps = [
            (name, compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect))
            for name in compiled.positiontup or compiled.params
        ]

    def parameters(self, rows: Sequence[Mapping[str, Any]]) -> list[Any]:
        """Return what the driver gets for the rows."""
        columns = [_column(name, process, rows) for name, process in self._steps]
        if self._positional:
            return list(zip(*columns, strict=True))
        names = [name for name, _ in self._steps]
        return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]


def _column(name: str, process: Callable[[Any], Any] | None, rows: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Return one parameter of all rows, as the driver takes it; many rows share a value, such as the instant."""
    values = [row[name] for row in rows]
    if process is None:
        return values
    first = values[0]
    if all(value is first for value in values):
        return [process(first)] * len(values)
    return [process(value) for value in values]
