"""A CSV file into orders, and a file with only some of them. Pure: text in, values out.

The whole file is read before anything of it is given back: any fault of structure refuses all of it. Rows go, one by
one, to whatever puts them together: in memory for a file of ordinary size, on disk for one that is too large for that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from gateway.errors import FileRejected
from gateway.mapping.cells import Cell, ColumnReader
from gateway.mapping.declaration import CsvFormat, CsvKind
from gateway.mapping.encoding import HeldText, SourceText, decode_source, describe_text, what_it_is
from gateway.mapping.groups import Group, Grouper, Roles
from gateway.mapping.header import Layout, layout_by_header, layout_by_position
from gateway.mapping.records import Record, read_records
from gateway.mapping.rejection import INCOMPLETE, MAX_STRUCTURE_FINDINGS, reject, rejected, shown
from gateway.mapping.trailer import TrailerCheck
from gateway.mapping.values import NOT_XML
from gateway.model import Finding, MessageKind, OrderSource

MAX_WARNINGS = 20
SWALLOW_COLUMNS = 4
BLANKS = b" \t\r\n\0\xef\xbb\xbf\xff\xfe"


@dataclass(slots=True)
class CsvContent:
    """What one reading of a file gave: its orders, and where everything stands in the text."""

    source: HeldText
    groups: list[Group] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)

    def orders(self) -> tuple[OrderSource, ...]:
        """Return the orders of the file."""
        return tuple(group.source(ordinal) for ordinal, group in enumerate(self.groups))


class RowSink(Protocol):
    """What takes the rows of a file, in order, and puts those of one order together."""

    def add(self, row: int, number: str, cells: Sequence[Cell]) -> None:
        """Take one row of an order."""
        ...

    def order_count(self) -> int:
        """Return how many order numbers there were."""
        ...


MakeSink = Callable[[Sequence[ColumnReader], Roles], RowSink]


def read_csv(data: bytes, form: CsvFormat, *, name: str, trailer: bool) -> CsvContent:
    """Return the orders of a CSV file; `trailer` asks for the declared last row, else it is checked if there.

    Raises FileRejected with every fault of structure found; code "incomplete" when the file may not be finished.
    """
    check_csv(data, form, name, trailer=trailer)
    source = decode_source(data, form.encoding)
    made: list[Grouper] = []

    def make(columns: Sequence[ColumnReader], roles: Roles) -> Grouper:
        made.append(Grouper(columns, roles))
        return made[0]

    warnings = list(read_rows(source, form, make, ask_for_trailer=trailer))
    groups = made[0].finish()
    warnings += regrouped(groups)[: MAX_WARNINGS - len(warnings)]
    return CsvContent(source, groups, warnings)


def check_csv(head: bytes, form: CsvFormat, name: str, *, trailer: bool) -> None:
    """Refuse what can be told from the beginning of a file: empty, of another kind, without the trailer asked for."""
    _refuse_what_is_not_csv(head, form.encoding, name)
    if trailer and form.trailer is None:
        raise reject(INCOMPLETE, "The route waits for a last row with count or sum, but the mapping declares none.")


def read_rows(source: SourceText, form: CsvFormat, make: MakeSink, *, ask_for_trailer: bool) -> Sequence[Finding]:
    """Read all rows of a text into the sink that `make` gives; return warnings, raise FileRejected for any fault."""
    reading = _Reading(form, source, make)
    try:
        with source.open() as text:
            for record in read_records(text, form):
                reading.take(record)
                if len(reading.faults) >= MAX_STRUCTURE_FINDINGS:
                    break
    except FileRejected as refusal:
        if ask_for_trailer and reading.trailer is not None and refusal.code == "unclosed-quote":
            raise rejected([reading.trailer.missing(), *_findings(refusal)], code=INCOMPLETE) from refusal
        raise
    return reading.finish(ask_for_trailer=ask_for_trailer)


def regrouped(groups: Iterable[Group]) -> list[Finding]:
    """Return a warning for each order whose rows did not follow each other."""
    warnings = []
    for group in groups:
        runs = group.broken_runs()
        if runs:
            words = f"The rows of order {group.number} do not follow each other ({runs}); they were put together."
            warnings.append(Finding(code="rows-regrouped", message=words, severity="warning"))
    return warnings


def _findings(refusal: FileRejected) -> list[Finding]:
    return [one for one in refusal.findings if isinstance(one, Finding)]


def extract_csv(data: bytes, form: CsvFormat, groups: Sequence[Sequence[int]], *, name: str) -> list[bytes]:
    """Return for each group of ordinals the file with only these orders; see `cut_rows`."""
    content = read_csv(data, form, name=name, trailer=False)
    wanted = [[row for ordinal in ordinals for row in content.groups[ordinal].rows] for ordinals in groups]
    return cut_rows(content.source, form, wanted)


def cut_rows(source: SourceText, form: CsvFormat, wanted: Sequence[Iterable[int]]) -> list[bytes]:
    """Return for each set of row numbers the header and these rows, byte for byte; the trailer is left out."""
    extracts: list[list[str]] = [[] for _ in wanted]
    of_row: dict[int, list[int]] = {}
    for number, rows in enumerate(wanted):
        for row in rows:
            of_row.setdefault(row, []).append(number)
    before_data = form.header_row
    with source.open() as text:
        for record in read_records(text, form):
            for number in range(len(wanted)) if before_data else of_row.get(record.row, ()):
                extracts[number].append(record.raw)
            before_data = before_data and not "".join(record.cells).strip()
    return [source.bom + "".join(extract).encode(source.codec) for extract in extracts]


def _refuse_what_is_not_csv(data: bytes, encoding: str, name: str) -> None:
    if not data.strip(BLANKS):
        raise reject("empty", f"The file {shown(name)} is empty.")
    words = what_it_is(data, encoding)
    if words is not None:
        raise reject("file-type", f"The file {shown(name)} is no CSV: it looks like {words}.")


class _Reading:
    """The state of one pass over the rows."""

    def __init__(self, form: CsvFormat, source: SourceText, make: MakeSink) -> None:
        self.form = form
        self.source = source
        self.make = make
        self.faults: list[Finding] = []
        self.trailer = TrailerCheck(form.trailer, form) if form.trailer else None
        self.empty: list[int] = []
        self.width = 0  # cells in a row; not known before the header
        if not form.header_row:
            self._lay_out(layout_by_position(form))

    def _lay_out(self, layout: Layout) -> None:
        self.width = layout.width
        self.columns = [ColumnReader(column, index, self.form) for column, index in layout.columns]
        self.roles = _roles(self.form, self.columns)
        self.sink = self.make(self.columns, self.roles)
        names = [column.column.name for column in self.columns]
        summed = self.trailer.declared.sum_of if self.trailer else None
        self.summed = names.index(summed) if summed in names else None

    def take(self, record: Record) -> None:
        """Take the next row of the file."""
        cells = record.cells
        if not self.width:
            self._take_header(record)
        elif len(cells) == self.width and cells[self.columns[self.roles.number_index].index].strip():
            if self.trailer is not None and self.trailer.is_trailer(cells):
                self._take_trailer(record, self.trailer)
            else:
                self._take_data(record)
        elif not "".join(cells).strip():
            if len(self.empty) < MAX_STRUCTURE_FINDINGS:
                self.empty.append(record.row)
        elif self.trailer is not None and self.trailer.is_trailer(cells):
            self._take_trailer(record, self.trailer)
        else:
            self._after_empty_or_trailer(record)
            self._misfit(record)

    def _take_header(self, record: Record) -> None:
        if not "".join(record.cells).strip():
            self.empty.append(record.row)
            return
        self._after_empty_or_trailer(record)
        self._lay_out(layout_by_header(record.cells, self.form, record.row, self.source.head))

    def _take_data(self, record: Record) -> None:
        self._after_empty_or_trailer(record)
        if record.lines > 1:
            self._check_line_breaks(record)
        texts = record.cells
        cells = [column.read(texts[column.index]) for column in self.columns]
        number = cells[self.roles.number_index]
        if self.trailer is not None:
            self.trailer.add(cells[self.summed] if self.summed is not None else None)
        order = number.value if number.value is not None else number.raw
        if self._usable(number, record.row):
            self.sink.add(record.row, order, cells)

    def _usable(self, number: Cell, row: int) -> bool:
        if number.value is None and (number.fault is None or number.fault.code == "missing-value"):
            self._fault("row-without-order", "This row has no order number.", row, self._number_label(), number.raw)
            return False
        if NOT_XML.search(number.raw):
            words = "The order number holds a control character."
            self._fault("row-without-order", words, row, self._number_label(), number.raw)
            return False
        return True

    def _take_trailer(self, record: Record, trailer: TrailerCheck) -> None:
        self._after_empty_or_trailer(record)
        if trailer.found is None:
            trailer.found = (record.row, record.cells)

    def _after_empty_or_trailer(self, record: Record) -> None:
        """Refuse a row that comes after one that should have been the last."""
        if self.empty and self.form.empty_rows == "end":
            for row in self.empty:
                self._fault("empty-row", f"This row is empty, but row {record.row} is not.", row)
        self.empty.clear()
        if self.trailer is not None and self.trailer.found is not None:
            again = self.trailer.is_trailer(record.cells)
            code = "duplicate-trailer" if again else "row-after-trailer"
            words = "second last row" if again else "row after the last row"
            self._fault(code, f"There is a {words} (the last row is row {self.trailer.found[0]}).", record.row)

    def _misfit(self, record: Record) -> None:
        count, width = len(record.cells), self.width
        if count == width:
            self._fault("row-without-order", "This row has no order number.", record.row, self._number_label())
            return
        code, many = ("too-many-columns", "more") if count > width else ("too-few-columns", "fewer")
        source = "the header row" if self.form.header_row else "the mapping"
        message = f"This row has {count} cells, {many} than the {width} of {source}."
        hint = None if self.form.header_row else describe_text(self.source.head, self.form.delimiter)
        if hint is not None and not self.faults:
            message += f" The file is not separated by {self.form.delimiter!r}: {hint}."
        self._fault(code, message, record.row, value=record.raw.strip(), expected=f"{width} cells")

    def _check_line_breaks(self, record: Record) -> None:
        """Refuse a row that took others in with it: nothing else tells a quote that was closed by a later row."""
        if not self.form.line_breaks:
            words = "A quoted cell of this row holds a line break, which the mapping does not allow: unclosed quote?"
            self._fault("unclosed-quote", words, record.row)
            return
        if self.width < SWALLOW_COLUMNS:
            return
        lines = record.raw.rstrip("\r\n").replace("\r", "\n").split("\n")
        lines = [line for line in lines if line]
        if all(line.count(self.form.delimiter) >= self.width - 1 for line in lines):
            words = f"A quote opened in this row seems to be closed only {len(lines) - 1} lines later, in another row."
            self._fault("unclosed-quote", words, record.row, expected="a closing quote before the next delimiter")

    def _number_label(self) -> str:
        return self.columns[self.roles.number_index].column.label

    def _fault(
        self, code: str, words: str, row: int, column: str | None = None, value: str = "", expected: str | None = None
    ) -> None:
        finding = Finding(
            code=code,
            message=words,
            row=row,
            column=column,
            value=shown(value) if value else None,
            expected=expected,
        )
        self.faults.append(finding)

    def finish(self, *, ask_for_trailer: bool) -> list[Finding]:
        """Return warnings; raises FileRejected when anything about the structure is wrong."""
        if not self.width:
            raise reject("empty", "The file holds no header row and no data.")
        warnings = self._check_trailer(self.trailer, ask_for_trailer) if self.trailer is not None else []
        if self.faults:
            raise rejected(self.faults)
        return warnings

    def _check_trailer(self, trailer: TrailerCheck, ask: bool) -> list[Finding]:
        if trailer.found is None:
            if ask:
                raise rejected([trailer.missing(), *self.faults], code=INCOMPLETE)
            return []
        if self.faults:
            return []
        differences = trailer.findings(*trailer.found, self.sink.order_count())
        if differences:
            unfinished = ask and not self.source.ends_a_line()
            raise rejected(differences, code=INCOMPLETE if unfinished else None)
        if not trailer.unreadable:
            return []
        words = f"The sum of the last row was not checked: {trailer.unreadable} cells are no numbers."
        return [Finding(code="sum-not-checked", message=words, severity="warning")]


def _roles(form: CsvFormat, columns: Sequence[ColumnReader]) -> Roles:
    names = {column.column.name: index for index, column in enumerate(columns)}
    kind = form.kind if isinstance(form.kind, CsvKind) else None
    return Roles(
        number_index=names[form.order_number],
        constant_kind=form.kind if isinstance(form.kind, MessageKind) else None,
        kind_index=names.get(kind.field) if kind else None,
        kind=kind,
        revision_index=names.get(form.revision) if form.revision else None,
        line_index=names.get(form.line_number) if form.line_number else None,
        unique_lines=form.unique_lines,
        per_order=tuple(index for index, column in enumerate(columns) if column.column.per_order),
    )
