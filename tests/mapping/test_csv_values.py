"""The cells of a CSV file: what becomes of values, and which findings name which cell."""

from __future__ import annotations

from typing import Any

import pytest
from lxml import etree
from mapping_help import COLUMNS, csv_orders, form, places

from gateway.mapping.cells import REMEMBERED
from gateway.mapping.dates import compile_dates, date_format_problem
from gateway.mapping.declaration import Notation, Value
from gateway.mapping.rejection import MAX_ORDER_FINDINGS, shown
from gateway.mapping.values import compile_check


def check(text: str, **declared: Any) -> tuple[str | None, str | None]:
    """Return the value and the code of what is wrong with it."""
    notation = Notation.model_validate({"decimal": ",", "dates": ["dd.mm.yyyy"]})
    value, fault = compile_check(Value.model_validate(declared), notation)(text)
    return value, fault.code if fault else None


@pytest.mark.parametrize(
    ("text", "declared", "value"),
    [
        ("any", {}, "any"),
        ("", {}, None),
        ("NULL", {"null_values": ["NULL"]}, None),
        ("00010", {"type": "integer"}, "10"),
        ("+7", {"type": "integer"}, "7"),
        ("-7", {"type": "integer"}, "-7"),
        ("-0", {"type": "integer"}, "0"),
        ("1 500", {"type": "integer", "thousands": " "}, "1500"),
        ("9" * 5000, {"type": "integer"}, "9" * 5000),
        ("50,2600", {"type": "decimal"}, "50.2600"),
        ("50", {"type": "decimal"}, "50"),
        (",5", {"type": "decimal"}, "0.5"),
        (".00", {"type": "decimal", "decimal": "."}, "0.00"),
        ("-1,5", {"type": "decimal"}, "-1.5"),
        ("+1,5", {"type": "decimal"}, "1.5"),
        ("1.234.567,89", {"type": "decimal", "thousands": "."}, "1234567.89"),
        ("1234567,89", {"type": "decimal", "thousands": "."}, "1234567.89"),
        ("1\u00a0500,0", {"type": "decimal", "thousands": "\u00a0"}, "1500.0"),
        ("24.12.2026", {"type": "date"}, "2026-12-24"),
        ("20261224", {"type": "date", "dates": ["yyyymmdd"]}, "2026-12-24"),
        ("1/2/26", {"type": "date", "dates": ["m/d/yy"]}, "2026-01-02"),
        ("1/2/70", {"type": "date", "dates": ["m/d/yy"]}, "1970-01-02"),
        ("2022-04-15 00:00:00.000", {"type": "date", "dates": ["yyyy-mm-dd hh:mi:ss.fff"]}, "2022-04-15"),
        ("2022-04-15T10:00:00+02:00", {"type": "date", "dates": ["yyyy-mm-ddThh:mi:sszone"]}, "2022-04-15"),
        ("2.1.2026", {"type": "date", "dates": ["dd.mm.yyyy", "d.m.yyyy"]}, "2026-01-02"),
        ("kpl", {"type": "code", "values": {"kpl": "C62"}}, "C62"),
        ("EUR", {"type": "code", "values": ["EUR"]}, "EUR"),
    ],
)
def test_values_as_stylesheets_get_them(text: str, declared: dict[str, Any], value: str | None) -> None:
    """Point, ISO dates, no leading zeros, translated codes; digits are never changed, empty is never zero."""
    assert check(text, **declared) == (value, None)


@pytest.mark.parametrize(
    ("text", "declared", "code"),
    [
        ("", {"required": True}, "missing-value"),
        ("NULL", {"required": True, "null_values": ["NULL"]}, "missing-value"),
        ("1,0", {"type": "integer"}, "bad-integer"),
        ("ten", {"type": "integer"}, "bad-integer"),
        ("\u0661", {"type": "integer"}, "bad-integer"),
        ("1.5", {"type": "decimal"}, "bad-decimal"),
        ("1.5", {"type": "decimal", "thousands": "."}, "bad-decimal"),
        ("1.23.456", {"type": "decimal", "thousands": "."}, "bad-decimal"),
        ("1,", {"type": "decimal"}, "bad-decimal"),
        (",", {"type": "decimal"}, "bad-decimal"),
        ("-", {"type": "decimal"}, "bad-decimal"),
        ("5,0 EUR", {"type": "decimal"}, "bad-decimal"),
        ("1e5", {"type": "decimal"}, "bad-decimal"),
        ("31.02.2026", {"type": "date"}, "bad-date"),
        ("1.2.2026", {"type": "date"}, "bad-date"),
        ("2026-01-02", {"type": "date"}, "bad-date"),
        ("01.02.2026 ", {"type": "date"}, "bad-date"),
        ("00.00.0000", {"type": "date"}, "bad-date"),
        ("box", {"type": "code", "values": ["EUR"]}, "unknown-code"),
        ("12345", {"max_length": 4}, "too-long"),
        ("a\x0bb", {}, "control-character"),
        ("a\x00b", {"type": "decimal"}, "control-character"),
        ("\ufffe", {}, "control-character"),
    ],
)
def test_values_that_are_refused(text: str, declared: dict[str, Any], code: str) -> None:
    """What is not written as declared is a finding; 1.5 is never taken for fifteen hundred or for fifteen."""
    assert check(text, **declared)[1] == code


@pytest.mark.parametrize("bad", ["", "dd.mm", "yyyy-mm", "dd.mm.yyyy yyyy", "dd.dd.mm.yyyy", "hello", "mi.dd.yyyy"])
def test_what_is_no_date_format(bad: str) -> None:
    """Day, month and year once each."""
    assert date_format_problem(bad) is not None


@pytest.mark.parametrize("good", ["dd.mm.yyyy", "yyyymmdd", "m/d/yy", "mmddyyyy", "yyyy-mm-ddThh:mi:sszone"])
def test_what_is_a_date_format(good: str) -> None:
    """The shapes that real exports have can be declared."""
    assert date_format_problem(good) is None
    assert compile_dates([good])("nonsense") is None


def test_all_bad_cells_of_an_order_are_found_and_the_rest_goes_on() -> None:
    """Row, column header, value as written, what was expected; the other orders of the file are untouched."""
    data = "Order;Date;Line;Quantity\nPO1;31.02.2026;x;4,5\nPO2;01.02.2026;1;1.5\nPO3;01.02.2026;1;1\n"
    first, second, third = csv_orders(data)
    assert places(first.findings) == [("bad-date", 2, "Date"), ("bad-integer", 2, "Line")]
    assert places(second.findings) == [("bad-decimal", 3, "Quantity")]
    assert third.findings == ()
    finding = first.findings[0]
    assert (finding.value, finding.expected) == ("31.02.2026", "a date written as dd.mm.yyyy")
    assert finding.where() == 'row 2, column "Date"'
    assert "decimal comma" in str(second.findings[0].expected)


def test_an_order_number_that_is_too_long_fails_its_order_alone() -> None:
    """It still names its order, so that the file goes on."""
    orders = csv_orders("Order;Date;Line;Quantity\nPO1234567890;;1;1\nPO2;;1;1\n")
    assert [places(order.findings) for order in orders] == [[("too-long", 2, "Order")], []]


def test_control_characters_name_their_code_point() -> None:
    """A character that XML may not hold is told by row and code point, never dropped."""
    columns = [{"name": "number", "header": "Order"}, {"name": "text", "header": "Text"}]
    order = csv_orders("Order;Text\nPO1;a\x0bb\n", form(columns, line_number=None))[0]
    assert places(order.findings) == [("control-character", 2, "Text")]
    assert "U+000B" in order.findings[0].message
    assert order.findings[0].value == "a\\u000bb"
    etree.fromstring(order.canonical)


def test_canonical_tree_holds_rows_and_positions() -> None:
    """Element names are those declared; the raw text stands beside a value that reads otherwise; empty is absent."""
    order = csv_orders("Order;Date;Line;Quantity\n PO&1 ;24.12.2026;010;\n")[0]
    assert order.canonical == (
        b'<order number="PO&amp;1"><row n="2"><number c="1">PO&amp;1</number>'
        b'<date c="2" raw="24.12.2026">2026-12-24</date><line c="3" raw="010">10</line></row></order>'
    )


def test_blanks_count_where_the_mapping_says_so() -> None:
    """trim = false keeps blanks around a cell."""
    columns = [{"name": "number", "header": "Order"}, {"name": "text", "header": "Text"}]
    for trim, value in ((True, b">x<"), (False, b"> x <")):
        order = csv_orders("Order;Text\nPO1; x \n", form(columns, line_number=None, trim=trim))[0]
        assert value in order.canonical


def test_source_hash_is_of_the_values_alone() -> None:
    """Quoting, line ends, blanks, other orders and columns that are not used make no edit; a changed cell does."""
    first = csv_orders("Order;Date;Line;Quantity\nPO1;;1;5,0\n")[0].source_hash
    same = csv_orders("Line;Order;Quantity;Date;More\r\n1;PO0;5,0;;\r\n\"1\"; PO1 ;5,0;;more\r\n")[1].source_hash
    other = csv_orders("Order;Date;Line;Quantity\nPO1;;1;5,00\n")[0].source_hash
    assert first == same != other


def test_remembering_values_is_bounded() -> None:
    """A million different values must not fill the memory, and forgetting changes no result."""
    rows = "".join(f"PO{number};;1;{number}\n" for number in range(REMEMBERED + 9))
    assert len(csv_orders("Order;Date;Line;Quantity\n" + rows)) == REMEMBERED + 9


def test_findings_of_an_order_are_bounded() -> None:
    """A column of nonsense in a huge order gives a list that a person can open."""
    rows = "".join(f"PO1;;{number};x\n" for number in range(MAX_ORDER_FINDINGS + 5))
    findings = csv_orders("Order;Date;Line;Quantity\n" + rows)[0].findings
    assert len(findings) == MAX_ORDER_FINDINGS + 1
    assert "5 more" in findings[-1].message


def test_values_are_shown_fit_for_people() -> None:
    """Control characters are spelled out, long values are cut."""
    assert shown("a\x00b") == "a\\u0000b"
    assert len(shown("x" * 1000)) < 250
    assert len(COLUMNS) == 4
