"""The mapping.toml of a proposed CSV mapping: commented, each guess with its evidence and what to check. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from gateway.mapping.proposing.columns import ESSENTIAL, HEADER_ROLES, Columns, ProposedColumn
from gateway.mapping.proposing.dialect import Dialect
from gateway.mapping.proposing.guess import Guess
from gateway.mapping.proposing.shapes import Shape

LONGEST_NUMBER = 35
_DECIMALS = ("quantity", "price", "price_per", "line_total")
_CONTROL = re.compile("[\x00-\x1f\x7f]")


def toml_text(value: str) -> str:
    """Return a text as a TOML string."""
    safe = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + _CONTROL.sub(lambda found: f"\\u{ord(found.group()):04x}", safe) + '"'


def comment(text: str, width: int = 116) -> Iterable[str]:
    """Yield a text as comment lines, without anything that could end them."""
    words = " ".join(_CONTROL.sub(" ", text).split())
    line = "#"
    for word in words.split(" "):
        if len(line) + 1 + len(word) > width and line != "#":
            yield line
            line = "#  "
        line += f" {word}"
    yield line


def head(name: str, source: str, not_guessed: Sequence[str]) -> list[str]:
    """Return the first lines of the file: that it is a proposal, and what could not be guessed."""
    lines = list(comment(f"A PROPOSAL, guessed from {source} alone: edit it, then remove this line."))
    lines += comment(f"Try it: gateway explain FILE --mapping {name}; gateway test-mapping {name}; gateway check.")
    if not_guessed:
        lines.append("#")
        lines.append("# Could not be guessed:")
        for one in not_guessed:
            lines += comment(f"- {one}")
    return [*lines, ""]


def told(guess: Guess) -> Iterable[str]:
    """Yield a guess as comment lines."""
    check = f" CHECK: {guess.check}" if guess.check else ""
    return comment(f"guessed: {guess.evidence}.{check}")


class CsvText:
    """Writes the declaration of one CSV format."""

    def __init__(self, name: str, source: str, dialect: Dialect, columns: Columns) -> None:
        self._name, self._source = name, source
        self._dialect, self._columns = dialect, columns
        self._decimal, self._thousands = _marks(columns.columns)
        self._dates = tuple(dict.fromkeys(date for one in columns.columns if (date := self.date_of(one)) is not None))

    def date_of(self, column: ProposedColumn) -> str | None:
        """Return the date format of a column that will be declared as a date."""
        shape = column.shape
        if column.role in ("order_date", "delivery_date") or (column.role is None and not shape.integer):
            return shape.date
        return None

    def is_decimal(self, column: ProposedColumn) -> bool:
        """Tell whether a column will be declared as a decimal."""
        return column.role in _DECIMALS and column.shape.number

    def text(self) -> str:
        """Return the whole file."""
        lines = head(self._name, self._source, self._columns.not_guessed)
        lines += [
            'format = "csv"',
            'stylesheet = "order.xsl"',
            "",
            "# An order that was sent before and comes again as new is held; \"change\" sends an OrderChange.",
            'repeat = "hold"',
            'lost_lines = "hold"',
            "complete_order = true    # CHECK: is a changed order exported whole, with all its lines?",
            "",
            "[csv]",
        ]
        lines += self._dialect_lines()
        lines += self._grouping_lines()
        for column in self._columns.columns:
            if column.usable:
                lines += ["", *self._column_lines(column)]
        return "\n".join(lines) + "\n"

    def _dialect_lines(self) -> list[str]:
        dialect = self._dialect
        lines: list[str] = []
        guesses = {guess.what: guess for guess in dialect.guesses}
        for key in ("encoding", "delimiter", "quote"):
            lines += [*told(guesses[key]), f"{key} = {toml_text(guesses[key].value)}"]
        lines += [*told(guesses["header row"]), f"header_row = {'true' if dialect.header_row else 'false'}"]
        if not dialect.header_row:
            lines.append(f"column_count = {dialect.width}")
        if dialect.empty_rows == "anywhere":
            lines += ["# guessed: empty rows stand between others", 'empty_rows = "anywhere"']
        if self._decimal is not None:
            lines += [*comment(self._decimal_evidence()), f"decimal = {toml_text(self._decimal)}"]
        if self._thousands:
            lines.append(f"thousands = {toml_text(self._thousands)}")
        if self._dates:
            lines += self._date_evidence()
            lines += [f"dates = [{toml_text(self._dates[0])}]"] if len(self._dates) == 1 else []
        nulls = tuple(dict.fromkeys(null for one in self._columns.columns for null in one.shape.nulls))
        if nulls:
            lines += ["# guessed: these stand where no value is; CHECK that none of them is one",
                      f"null_values = [{', '.join(map(toml_text, nulls))}]"]  # fmt: skip
        return lines

    def _decimal_evidence(self) -> str:
        counts = {one.called: one.shape.marked for one in self._columns.columns if self.is_decimal(one)}
        marked = [f"{called} {count} times" for called, count in counts.items() if count]
        return f"guessed: it stands in {', '.join(marked)}." if marked else "guessed: no number has one. CHECK"

    def _date_evidence(self) -> Iterable[str]:
        for date in self._dates:
            columns = [one for one in self._columns.columns if self.date_of(one) == date]
            twin = next((one.shape.date_twin for one in columns if one.shape.date_twin is not None), None)
            check = f" CHECK: every one of them could be {twin} as well." if twin is not None else ""
            yield from comment(f"guessed: all of {', '.join(one.called for one in columns)} is {date}.{check}")

    def _grouping_lines(self) -> list[str]:
        columns, rows = self._columns, len(self._dialect.data)
        number = columns.grouping
        what = f"{number.called} groups {rows} rows of the sample into {columns.orders} orders"
        lines = list(comment(f"guessed: {what}: {number.evidence}."))
        lines.append(f"order_number = {toml_text(number.name)}")
        line = columns.of_role("line_number")
        if line is not None and line.shape.filled and not line.shape.empty:
            lines.append(f"line_number = {toml_text(line.name)}")
        return [*lines, *self._kind_lines()]

    def _kind_lines(self) -> list[str]:
        kind = self._columns.kind
        if kind is None:
            return [
                "# As far as was seen, no column says whether an order is new or changed. If one does, declare it:",
                '# kind = { field = "column", values = { N = "Order", M = "OrderChange" } }',
            ]
        column, values = kind
        words = f"{column.called} seems to tell new orders from changed ones. CHECK what else it says, then use it:"
        table = ", ".join(f"{toml_text(value)} = {toml_text(one)}" for value, one in values.items())
        return [*comment(words), f"# kind = {{ field = {toml_text(column.name)}, values = {{ {table} }} }}"]

    def _column_lines(self, column: ProposedColumn) -> list[str]:
        lines: list[str] = []
        if column.role is not None:
            thin = "no header" in column.evidence or "holds" in column.evidence
            check = "is it really that?" if thin else ""
            lines += told(Guess(what="", value="", evidence=_as(column), check=check))
        else:
            lines += comment("not used by order.xsl: nobody knows what it is. Use it there, or remove it here.")
        if column.role == "unit":
            lines += comment(
                'CHECK: Jakamo wants codes of UN/ECE Rec 20 (C62, KGM, MTR). Translate the ERP\'s own: type = "code", '
                'values = { ST = "C62" }, or a code table.'
            )
        lines.append("[[csv.columns]]")
        lines.append(f"header = {toml_text(column.label or '')}" if self._dialect.header_row
                     else f"position = {column.place}")  # fmt: skip
        lines.append(f"name = {toml_text(column.name)}")
        return lines + self._rules(column)

    def _rules(self, column: ProposedColumn) -> list[str]:
        shape, role = column.shape, column.role
        lines: list[str] = []
        if role == "line_number" and shape.integer:
            lines.append('type = "integer"')
        elif self.is_decimal(column):
            lines.append('type = "decimal"')
            if shape.marked and shape.decimal not in (None, self._decimal):
                lines.append(f"decimal = {toml_text(shape.decimal or '.')}")
            if shape.thousands != self._thousands and (shape.thousands or shape.decimal == self._thousands):
                lines.append(f"thousands = {toml_text(shape.thousands)}")
        elif (date := self.date_of(column)) is not None:
            lines.append('type = "date"')
            lines += [f"dates = [{toml_text(date)}]"] if len(self._dates) > 1 else []
        if role in (*ESSENTIAL, "line_number") and shape.filled and not shape.empty:
            lines.append("required = true")
        if role == "order_number" and shape.longest <= LONGEST_NUMBER:
            lines.append(f"max_length = {LONGEST_NUMBER}")
        if role in HEADER_ROLES - {"order_number"} and column.place in self._columns.constant:
            lines.append("per_order = true")
        return lines


def _as(column: ProposedColumn) -> str:
    return f"{(column.role or '').replace('_', ' ')}, {column.evidence}"


def _marks(columns: Sequence[ProposedColumn]) -> tuple[str | None, str]:
    """Return the decimal mark and the thousands mark that most numbers of the file have."""
    decimals: Counter[str] = Counter()
    thousands: Counter[str] = Counter()
    any_number = False
    for column in columns:
        shape: Shape = column.shape
        if column.role in _DECIMALS and shape.number:
            any_number = True
            decimals[shape.decimal or "."] += shape.marked
            if shape.thousands:
                thousands[shape.thousands] += 1
    if not any_number:
        return None, ""
    decimal = decimals.most_common(1)[0][0]
    fit = [mark for mark, _count in thousands.most_common() if mark != decimal]
    return decimal, fit[0] if fit else ""
