"""Properties of the CSV reader: whatever a spreadsheet can write in a declared dialect comes back cell for cell."""

from __future__ import annotations

import csv
import io

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from mapping_help import form

from gateway.errors import FileRejected
from gateway.mapping.csv_reader import extract_csv, read_csv
from gateway.mapping.records import read_records

ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "windows-1252", "iso-8859-1", "cp850"]
CHARACTERS = st.characters(blacklist_categories=["Cs", "Cc"], blacklist_characters="\ufffe\uffff\ufeff")
CELLS = st.text(CHARACTERS | st.sampled_from(list("\";,\t|'\n\r")), max_size=12)
DELIMITERS = st.sampled_from([";", ",", "\t", "|"])
QUOTES = st.sampled_from(['"', "'"])
ENDS = st.sampled_from(["\n", "\r\n", "\r"])
TABLES = st.lists(st.lists(CELLS, min_size=1, max_size=6), max_size=8)

COLUMNS = [
    {"name": "number", "header": "Order"},
    {"name": "text", "header": "Text"},
    {"name": "more", "header": "More"},
]
NUMBERS = st.sampled_from(["PO1", "PO2", "PO3", "PÖ4", "5"])
LATIN = st.text(st.characters(min_codepoint=32, max_codepoint=126) | st.sampled_from(list("äöåÄÖÅ€;\"\n")), max_size=8)
ROWS = st.lists(st.tuples(NUMBERS, LATIN, LATIN), max_size=10)

calm = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])


def written(rows: list[list[str]], delimiter: str, quote: str, end: str) -> str:
    """Write rows as the csv module does; it leaves a line break bare when that is not its own line end."""
    bare = any(mark in cell for row in rows for cell in row for mark in "\r\n" if mark not in end)
    out = io.StringIO(newline="")
    quoting = csv.QUOTE_ALL if bare else csv.QUOTE_MINIMAL
    csv.writer(out, delimiter=delimiter, quotechar=quote, lineterminator=end, quoting=quoting).writerows(rows)
    return out.getvalue()


@calm
@given(table=TABLES, delimiter=DELIMITERS, quote=QUOTES, end=ENDS)
def test_any_table_reads_back_cell_for_cell(table: list[list[str]], delimiter: str, quote: str, end: str) -> None:
    """Rows have their numbers, and what they stand in joins to the text itself."""
    text = written(table, delimiter, quote, end)
    declared = form(COLUMNS, line_number=None, delimiter=delimiter, quote=quote)
    records = list(read_records(io.StringIO(text, newline=""), declared))
    assert [record.cells for record in records] == table
    assert [record.row for record in records] == list(range(1, len(table) + 1))
    assert "".join(record.raw for record in records) == text


@calm
@given(rows=ROWS, encoding=st.sampled_from(ENCODINGS), end=ENDS)
def test_extracts_read_back_to_the_same_orders(rows: list[tuple[str, str, str]], encoding: str, end: str) -> None:
    """The extract of all orders is the file; the extract of one is that order; row by row nothing is lost."""
    text = written([["Order", "Text", "More"], *map(list, rows)], ";", '"', end)
    try:
        data = text.encode(encoding)
    except UnicodeEncodeError:
        assume(False)
    declared = form(COLUMNS, line_number=None, encoding=encoding)
    content = read_csv(data, declared, name="f.csv", trailer=False)
    orders = content.orders()
    assert sorted({row[0] for row in rows}) == sorted(order.order_number for order in orders)
    assert sum(len(group.rows) for group in content.groups) == len(rows)
    assert extract_csv(data, declared, [range(len(orders))], name="f.csv") == [data]
    for order in orders:
        (extract,) = extract_csv(data, declared, [[order.ordinal]], name="f.csv")
        again = read_csv(extract, declared, name="f.csv", trailer=False).orders()
        assert [(one.order_number, one.source_hash) for one in again] == [(order.order_number, order.source_hash)]


@calm
@given(data=st.binary(max_size=200), encoding=st.sampled_from(ENCODINGS))
def test_no_bytes_do_anything_but_read_or_be_refused(data: bytes, encoding: str) -> None:
    """Hostile bytes end in a refusal with a finding, in words."""
    declared = form(COLUMNS, line_number=None, encoding=encoding, other_columns="ignore")
    for start in (b"", "Order;Text;More\n".encode(encoding)):
        refused: FileRejected | None = None
        try:
            read_csv(start + data, declared, name="f.csv", trailer=False)
        except FileRejected as refusal:
            refused = refusal
        assert refused is None or (refused.findings and str(refused))
