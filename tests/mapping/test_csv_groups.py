"""Rows into orders: kind, revision, line numbers, values that belong to the whole order."""

from __future__ import annotations

from typing import Any

import pytest
from mapping_help import csv_orders, form, places

from gateway.mapping.csv_reader import read_csv
from gateway.model import MessageKind

COLUMNS: list[dict[str, Any]] = [
    {"name": "kind", "header": "Kind"},
    {"name": "number", "header": "Order"},
    {"name": "revision", "header": "Rev", "type": "integer"},
    {"name": "line", "header": "Line"},
    {"name": "currency", "header": "Currency", "per_order": True},
]
KIND = {"field": "kind", "values": {"N": "Order", "M": "OrderChange", "X": "StatusMessage"}}
HEADER = "Kind;Order;Rev;Line;Currency\n"


def orders(rows: str, **changes: Any) -> list[tuple[str, str | None, str | None, list[Any]]]:
    """Return number, kind, revision and findings of each order."""
    declared = form(COLUMNS, **({"kind": KIND, "revision": "revision"} | changes))
    return [
        (one.order_number, one.kind_hint.value if one.kind_hint else None, one.revision, places(one.findings))
        for one in csv_orders(HEADER + rows, declared)
    ]


def test_number_kind_and_revision_make_a_group() -> None:
    """Each revision is its own message, in row order; new and changed are two messages too."""
    assert orders("N;PO1;0;1;EUR\nM;PO1;1;1;EUR\nM;PO1;02;1;EUR\nN;PO2;0;1;EUR\nN;PO1;0;2;EUR\n") == [
        ("PO1", "Order", "0", []),
        ("PO1", "OrderChange", "1", []),
        ("PO1", "OrderChange", "2", []),
        ("PO2", "Order", "0", []),
    ]


def test_rows_that_are_not_adjacent_are_put_together_in_row_order() -> None:
    """Never two orders of one number, and the regrouping is told."""
    declared = form(COLUMNS, kind="Order")
    content = read_csv(
        (HEADER + ";PO1;;2;EUR\n;PO2;;1;EUR\n;PO1;;1;EUR\n").encode(), declared, name="f", trailer=False
    )
    assert [group.rows for group in content.groups] == [[2, 4], [3]]
    assert [(one.code, one.severity) for one in content.warnings] == [("rows-regrouped", "warning")]
    first = content.orders()[0]
    assert first.kind_hint is MessageKind.ORDER
    assert first.canonical.index(b'n="2"') < first.canonical.index(b'n="4"')


def test_an_export_that_cannot_say() -> None:
    """Without a declared kind, or with an empty cell where that is allowed, the kind is unknown."""
    assert orders(";PO1;;1;EUR\n", kind=None, revision=None) == [("PO1", None, None, [])]
    assert orders(";PO1;;1;EUR\n") == [("PO1", None, None, [])]
    assert orders(";PO1;;1;EUR\n", kind={"field": "kind", "values": {"": "Order"}})[0][1] == "Order"


def test_an_unknown_kind_fails_every_group_of_its_order() -> None:
    """The row might belong to any of them: sending the rest would be sending an order with a line missing."""
    found = orders("N;PO1;0;1;EUR\nZ;PO1;0;2;EUR\nM;PO1;1;1;EUR\nN;PO2;0;1;EUR\n")
    wrong = [("unknown-kind", 3, "Kind")]
    assert found == [
        ("PO1", "Order", "0", wrong),
        ("PO1", "OrderChange", "1", wrong),
        ("PO2", "Order", "0", []),
    ]


def test_rows_adrift_travel_with_their_order() -> None:
    """The extract of the failed order holds the row with the bad kind, or nobody could mend it."""
    declared = form(COLUMNS, kind=KIND, revision="revision")
    content = read_csv((HEADER + "N;PO1;0;1;EUR\nZ;PO1;0;2;EUR\n").encode(), declared, name="f", trailer=False)
    assert [group.rows for group in content.groups] == [[2, 3]]
    alone = read_csv((HEADER + "Z;PO1;0;2;EUR\n").encode(), declared, name="f", trailer=False)
    assert [(group.number, group.kind, group.rows) for group in alone.groups] == [("PO1", None, [2])]


def test_a_bad_revision_fails_its_order() -> None:
    """As with the kind, nobody knows which version the row belongs to."""
    assert orders("N;PO1;0;1;EUR\nN;PO1;x;2;EUR\n") == [("PO1", "Order", "0", [("bad-integer", 3, "Rev")])]


def test_a_required_kind_that_is_missing_fails_its_order() -> None:
    """An empty cell is no kind where the column is required."""
    columns = [COLUMNS[0] | {"required": True}, *COLUMNS[1:]]
    declared = form(columns, kind=KIND, revision="revision")
    found = csv_orders(HEADER + "N;PO1;0;1;EUR\n;PO1;0;2;EUR\n", declared)
    assert [places(one.findings) for one in found] == [[("missing-value", 3, "Kind")]]


@pytest.mark.parametrize(("unique", "expected"), [(True, [("duplicate-line", 4, "Line")]), (False, [])])
def test_the_same_line_number_twice_fails_the_order(unique: bool, expected: list[Any]) -> None:
    """Two versions of an order in one file would otherwise become one order with doubled lines."""
    found = orders("N;PO1;0;1;EUR\nN;PO1;0;2;EUR\nN;PO1;0;1;EUR\nN;PO2;0;1;EUR\n", unique_lines=unique)
    assert [findings for _number, _kind, _revision, findings in found] == [expected, []]


def test_line_numbers_are_compared_as_read() -> None:
    """10 and 010 are one line where the column is an integer; rows without a number are not compared."""
    columns = [*COLUMNS[:3], {"name": "line", "header": "Line", "type": "integer"}, COLUMNS[4]]
    found = csv_orders(HEADER + ";PO1;;10;\n;PO1;;010;\n;PO1;;;\n;PO1;;;\n", form(columns))
    assert places(found[0].findings) == [("duplicate-line", 3, "Line")]
    assert "rows 2 and 3" in found[0].findings[0].message


def test_values_of_the_whole_order_must_agree() -> None:
    """A currency that changes inside an order is a finding that names both rows."""
    found = csv_orders(HEADER + ";PO1;;1;EUR\n;PO1;;2;SEK\n;PO1;;3;\n;PO2;;1;SEK\n", form(COLUMNS))
    assert places(found[0].findings) == [
        ("differs-within-order", 3, "Currency"),
        ("differs-within-order", 4, "Currency"),
    ]
    assert 'row 2 has "EUR"' in found[0].findings[0].message
    assert found[1].findings == ()


def test_values_that_read_the_same_agree() -> None:
    """5 and 5 written twice is one value, whatever the spelling in front of it."""
    columns = [*COLUMNS[:4], {"name": "days", "header": "Currency", "type": "integer", "per_order": True}]
    assert csv_orders(HEADER + ";PO1;;1;5\n;PO1;;2;05\n", form(columns))[0].findings == ()
