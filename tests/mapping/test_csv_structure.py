"""The structure of a CSV file: what is fine, what refuses the whole file, and in which words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mapping_help import COLUMNS, csv_orders, csv_refusal, form, places

from gateway.errors import FileRejected
from gateway.mapping.csv_reader import extract_csv, read_csv
from gateway.model import MessageKind

HEADER = "Order;Date;Line;Quantity\n"
GOOD = HEADER + "PO1;01.02.2026;1;5\nPO1;01.02.2026;2;6\n"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", ["", "{end}", "{end}{end}", "{end};;;{end}", "{end}  ;;;{end}{end}"])
def test_line_ends_and_empty_rows_at_the_end_are_fine(end: str, last: str) -> None:
    """CR, LF and CRLF, no line end at the end, empty rows after the last one: all seen in real exports."""
    data = GOOD.rstrip("\n").replace("\n", end) + last.format(end=end)
    assert [order.order_number for order in csv_orders(data)] == ["PO1"]


def test_mixed_line_ends_are_fine() -> None:
    """A CRLF header with LF rows is one of the shapes that real exports have."""
    assert len(csv_orders(HEADER.replace("\n", "\r\n") + "PO1;;1;5\nPO2;;1;5\r")) == 2


def test_a_header_alone_gives_no_orders() -> None:
    """An export of a day without orders is a good file."""
    assert csv_orders(HEADER) == ()
    assert csv_orders(HEADER.strip()) == ()


def test_quoted_cells_may_hold_anything() -> None:
    """Delimiters, doubled quotes, line breaks; and a lone inch mark in an unquoted cell is only a character."""
    columns = [{"name": "number", "header": "Order"}, {"name": "text", "header": "Text"}]
    declared = form(columns, line_number=None, trim=False)
    orders = csv_orders('Order;Text\nPO1;"a;b ""c""\r\nd"\nPO2;12" pipe\n', declared)
    assert b'<text c="2">a;b "c"&#13;\nd</text>' in orders[0].canonical
    assert b'12" pipe' in orders[1].canonical


def test_columns_are_found_by_header_in_any_order() -> None:
    """Columns not declared are ignored, an empty label at the end too."""
    orders = csv_orders("Extra;Line;Quantity;Order;Date;\nx;1;5;PO1;;\n")
    assert b'<number c="4">PO1</number>' in orders[0].canonical
    assert b"Extra" not in orders[0].canonical


STRUCTURE: list[tuple[str, dict[str, Any], str, int | None, str]] = [
    ("", {}, "empty", None, "empty"),
    (" \n\r\n", {}, "empty", None, "empty"),
    (HEADER + 'PO1;;1;5\nPO2;"01.02.2026;1;5\n', {}, "unclosed-quote", 3, "file ends inside"),
    (HEADER + 'PO1;"x;1;5\n' + "PO2;;1;5\n" * 40, {"max_record_characters": 200}, "unclosed-quote", 2, "not closed"),
    (HEADER + 'PO1;"x"y;1;5\n', {}, "bad-quote", 2, "goes on after its closing quote"),
    (HEADER + 'PO1;"x;1;5\nPO2;"y";1;5\n', {}, "bad-quote", 2, "goes on after its closing quote"),
    (HEADER + "PO1;;1;" + "5" * 300 + "\n", {"max_record_characters": 200}, "row-too-long", 2, "longer than 200"),
    (GOOD + "PO3;;1;5;6\n", {}, "too-many-columns", 4, "5 cells, more than the 4"),
    (GOOD + "PO3;;1\n", {}, "too-few-columns", 4, "3 cells, fewer than the 4"),
    (GOOD + ";01.02.2026;1;5\n", {}, "row-without-order", 4, "no order number"),
    (GOOD + "NULL;01.02.2026;1;5\n", {"null_values": ["NULL"]}, "row-without-order", 4, "no order number"),
    (GOOD + "PO\x01;01.02.2026;1;5\n", {}, "row-without-order", 4, "control character"),
    (HEADER + "PO1;;1;5\n\nPO2;;1;5\n", {}, "empty-row", 3, "row 4 is not"),
    ("\n" + GOOD, {}, "empty-row", 1, "row 2 is not"),
    ("Order;Date;Line\nPO1;;1\n", {}, "missing-column", 1, 'no column "Quantity"'),
    ("Order;Dates;Line;Quantity\nPO1;;1;5\n", {}, "missing-column", 1, 'renamed to "Dates"'),
    ("Order;Order;Date;Line;Quantity\nPO1;PO1;;1;5\n", {}, "duplicate-column", 1, "2 times: columns 1, 2"),
    (GOOD.replace("\n", ";x\n"), {"other_columns": "refuse"}, "unknown-column", 1, "does not declare"),
    (GOOD.replace(";", ","), {}, "dialect", 1, "separated by commas"),
    ("Order Date\nPO1 01022026\n", {}, "dialect", 1, "no separator"),
    ("ORDER0001 20260101 000000000010\n" * 3, {}, "dialect", 1, "fixed width"),
    (HEADER + '"PO1";"a\nb";1;5\n', {"line_breaks": False}, "unclosed-quote", 2, "line break"),
    (HEADER + 'PO1;01.02.2026;1;"5\nPO2;01.02.2026;1;5"\n', {}, "unclosed-quote", 2, "closed only 1 lines later"),
    ('Order;Date;Line;"Quantity\n', {}, "unclosed-quote", 1, "file ends inside"),
]


@pytest.mark.parametrize(("data", "changes", "code", "row", "words"), STRUCTURE)
def test_faults_of_structure_refuse_the_file(
    data: str, changes: dict[str, Any], code: str, row: int | None, words: str
) -> None:
    """Each names its row and says what is wrong; nothing of the file is sent."""
    refusal = csv_refusal(data, form(**changes))
    first = refusal.findings[0]
    assert (refusal.code, first.row) == (code, row)  # type: ignore[attr-defined]
    assert words in str(refusal)


def test_all_faults_of_structure_are_listed() -> None:
    """Every bad row is named, up to a sane number."""
    refusal = csv_refusal(GOOD + "PO3;;1\n;;1;1\nPO4;;1;5;6\n")
    assert [code for code, _row, _column in places(refusal.findings)] == [
        "too-few-columns",
        "row-without-order",
        "too-many-columns",
    ]
    assert "2 more faults" in str(refusal)
    assert len(csv_refusal(HEADER + "PO3;;1\n" * 500).findings) == 50


def test_a_long_multi_line_cell_is_no_swallowed_row() -> None:
    """A text with line breaks and a few semicolons is data, although it looks a little like rows."""
    data = HEADER + 'PO1;01.02.2026;1;5\n"PO\n2; see; note";;1;5\n'
    assert [order.order_number for order in csv_orders(data)] == ["PO1", "PO\n2; see; note"]


def test_empty_rows_anywhere_may_be_declared() -> None:
    """An export that puts blank rows between orders says so in its mapping."""
    declared = form(empty_rows="anywhere")
    assert len(csv_orders("\n" + HEADER + "\nPO1;;1;5\n;;;\nPO2;;1;5\n\n", declared)) == 2


def test_a_file_without_header_row() -> None:
    """Columns by position, tabs, no quotes: the number of cells is declared."""
    columns = [{"name": "number", "position": 2}, {"name": "item"}]
    declared = form(columns, header_row=False, column_count=4, delimiter="\t", quote="", line_number=None)
    assert b'<number c="2">PO1</number><item c="3">"x</item>' in csv_orders('a\tPO1\t"x\tb\n', declared)[0].canonical
    refusal = csv_refusal("a;PO1;x;b\n", declared)
    assert refusal.code == "too-few-columns"
    assert "separated by semicolons" in str(refusal)
    assert csv_refusal("PO1\tx\n", form(columns, header_row=False, delimiter="\t", line_number=None)).code == (
        "too-few-columns"
    )


def test_columns_that_may_be_missing() -> None:
    """An optional column may be absent from the file; roles it would have are then empty."""
    columns = [
        {"name": "number", "header": "Order"},
        {"name": "line", "header": "Line", "may_be_missing": True},
        {"name": "kind", "header": "Kind", "may_be_missing": True},
        {"name": "revision", "header": "Rev", "may_be_missing": True},
    ]
    kind = {"field": "kind", "values": {"N": "Order"}}
    declared = form(columns, kind=kind, revision="revision")
    order = csv_orders("Order\nPO1\n", declared)[0]
    assert (order.kind_hint, order.revision) == (None, None)
    assert csv_orders("Order;Kind\nPO1;N\n", declared)[0].kind_hint is MessageKind.ORDER


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"EDI_DC40  1000000000000", "flat (fixed-width) SAP IDoc"),
        (b"UNA:+.? '\r\nUNB+UNOC:3+A+B", "EDIFACT"),
        (b"UNB+UNOC:3+A+B'", "EDIFACT"),
        (b"ISA*00*          *", "X12"),
        (b"STX=ANA:1+", "TRADACOMS"),
        (b'<?xml version="1.0"?><Orders/>', "XML"),
        (b"\xef\xbb\xbf<Orders>", "XML"),
        ("<Orders>".encode("utf-16"), "XML"),
        (b'{"orders": []}', "JSON"),
        (b"{\\rtf1}", "RTF"),
        (b"PK\x03\x04....", "xlsx"),
        (b"\xd0\xcf\x11\xe0....", "xls"),
        (b"%PDF-1.7", "PDF"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"MZ\x90\x00", "program"),
        (b"a\x00\x00\x01b\x02\x03\x04\x05\x06\x07", "binary"),
        (GOOD.encode("utf-16-le"), "UTF-16"),
    ],
)
def test_what_is_not_ours_is_refused_by_name(data: bytes, words: str) -> None:
    """The reason says what the file looks like, so that nobody searches for a bad comma in an Excel workbook."""
    refusal = csv_refusal(data)
    assert refusal.code == "file-type"
    assert words in str(refusal)


TRAILER = {"mark": "END", "count": 2, "sum": 3, "sum_of": "quantity"}
ROWS = HEADER + "PO1;;1;5,50\nPO1;;2;1\nPO2;;1;\n"


@pytest.mark.parametrize("trailer", ["END;3;6,50\n", "END;3;6,5;\n", "END;003;6,500;;;;", " END ; 3 ; 6,50\n\n"])
def test_a_trailer_that_adds_up(trailer: str) -> None:
    """Count and sum are checked; the row may have fewer or more cells than the others."""
    declared = form(trailer=TRAILER)
    assert len(csv_orders(ROWS + trailer, declared, trailer=True)) == 2
    assert len(csv_orders(ROWS + trailer, declared, trailer=False)) == 2


@pytest.mark.parametrize(
    ("trailer", "code", "words"),
    [
        ("END;4;6,50\n", "trailer-mismatch", "count 4 of rows, the rows give 3"),
        ("END;3;6,51\n", "trailer-mismatch", "sum 6.51 of quantity, the rows give 6.50"),
        ("END;x;6,50\n", "bad-trailer", "no readable count"),
        ("END;3\n", "bad-trailer", "no readable sum in cell 3"),
        ("END;3;6,50\nPO3;;1;1\n", "row-after-trailer", "row after the last row"),
        ("END;3;6,50\nEND;3;6,50\n", "duplicate-trailer", "second last row"),
        ("END;3;6,5", "", ""),
        ("END;1", "incomplete", "count 1 of rows"),
        ("", "incomplete", "is missing"),
        ('PO3;"', "incomplete", "is missing"),
        ("PO3;;", "incomplete", "is missing"),
    ],
)
def test_a_trailer_that_does_not_add_up(trailer: str, code: str, words: str) -> None:
    """Where it tells that rows are missing the file is refused; where the file may only not be finished it waits."""
    declared = form(trailer=TRAILER)
    if not code:
        assert len(csv_orders(ROWS + trailer, declared, trailer=True)) == 2
        return
    refusal = csv_refusal(ROWS + trailer, declared, trailer=True)
    assert refusal.code == code
    assert words in str(refusal)


def test_a_trailer_that_nobody_declared_is_never_there() -> None:
    """A route that waits for a last row may not take a file as complete because its mapping knows none."""
    refusal = csv_refusal(ROWS, form(), trailer=True)
    assert refusal.code == "incomplete"
    assert "the mapping declares none" in str(refusal)


def test_no_trailer_is_asked_of_an_extract() -> None:
    """A file handed back has lost its last row; one that kept it is still checked."""
    declared = form(trailer=TRAILER)
    assert len(csv_orders(ROWS, declared, trailer=False)) == 2
    assert csv_refusal(ROWS + "END;4;6,50\n", declared, trailer=False).code == "trailer-mismatch"


def test_a_count_of_orders_and_a_sum_with_bad_cells() -> None:
    """Orders may be counted instead of rows; a sum with unreadable cells is not checked, and that is told."""
    declared = form(trailer=TRAILER | {"count_of": "orders"})
    content = read_csv((ROWS + "PO3;;1;x\nEND;3;99,9\n").encode(), declared, name="f", trailer=True)
    assert [one.code for one in content.warnings] == ["sum-not-checked"]
    assert csv_refusal(ROWS + "END;3;6,50\n", declared, trailer=True).code == "trailer-mismatch"


def test_an_extract_is_the_rows_byte_for_byte() -> None:
    """Header and rows of the orders asked for, in the file's own encoding, quotes and line ends; no trailer."""
    columns = [{"name": "number", "header": "Order"}, {"name": "text", "header": "Text"}]
    trailer = {"mark": "END", "count": 2}
    for encoding, bom in (("windows-1252", b""), ("utf-8", b"\xef\xbb\xbf"), ("utf-16", b"\xff\xfe")):
        declared = form(columns, line_number=None, encoding=encoding, trailer=trailer)
        codec = {"utf-16": "utf-16-le"}.get(encoding, encoding)
        parts = ["Order;Text\r\n", 'PO1;"ä\r\nö"\n', "PO2;x\r\n", '"PO1";  "y\r', "END;3\r\n"]
        data = bom + b"".join(part.encode(codec) for part in parts)
        wanted = bom + b"".join(part.encode(codec) for part in (parts[0], parts[1], parts[3]))
        assert extract_csv(data, declared, [[0]], name="f") == [wanted]
        assert csv_orders(wanted, declared)[0].source_hash == csv_orders(data, declared)[0].source_hash


def test_real_flat_export_of_another_system() -> None:
    """4,472 rows give 2,000 orders without a finding (real data, where it is at hand)."""
    path = Path(__file__).resolve().parents[3] / "shared" / "samples" / "csv" / "purchase-orders-flat-fi.csv"
    if not path.is_file():
        pytest.skip("the real samples are not here")
    text = path.read_bytes().decode("windows-1252")
    labels = text.splitlines()[0].split(";")
    columns: list[dict[str, Any]] = [{"name": f"c{place}", "header": label} for place, label in enumerate(labels)]
    columns[1]["type"] = columns[14]["type"] = "date"
    columns[10]["type"] = columns[12]["type"] = columns[13]["type"] = "decimal"
    for column in columns[1:7]:
        column["per_order"] = True
    declared = form(columns, encoding="windows-1252", order_number="c0", line_number="c7")
    content = read_csv(path.read_bytes(), declared, name=path.name, trailer=False)
    orders = content.orders()
    assert len(orders) == 2000
    assert sum(len(group.rows) for group in content.groups) == 4472
    assert not any(order.findings for order in orders)
    assert extract_csv(path.read_bytes(), declared, [range(2000)], name="f") == [path.read_bytes()]


def test_the_columns_of_these_tests_are_sound() -> None:
    """A typing slip in the shared columns would make every test above prove nothing."""
    assert [column["name"] for column in COLUMNS] == ["number", "date", "line", "quantity"]
    with pytest.raises(FileRejected):
        csv_orders("nothing")
