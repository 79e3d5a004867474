"""What an XML mapping declares beyond its paths: what it refuses, when a value is checked, tests that tell the kind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mapping_help import COLUMNS, XML_TOML, csv_orders, form, places, write_folder, xml_mapping

from gateway.errors import FileRejected, SettingsError
from gateway.mapping.mapping import load_mapping
from gateway.mapping.reading import read_source
from gateway.model import Finding, MessageKind, OrderSource

MORE = """
decimal = "."
trailing_minus = true
[xml.kind.when]
"e:Gone" = "StatusMessage"
"self::*[@action = 'update']" = "OrderChange"
"e:First[. = 'yes']" = "Order"
[[xml.lines]]
path = "e:Line"
number = "@no"
[[xml.refuse]]
of = "file"
path = "/e:Orders/e:Order/e:Type[. = 'invoice']"
message = "An invoice is no order."
[[xml.refuse]]
of = "file"
path = "/e:Orders[not(e:Order)]"
message = "There is no order in it."
[[xml.refuse]]
path = "@test"
message = "A test is not sent."
[[xml.refuse]]
when = "not(e:Large)"
path = "count(e:Line) > 3"
message = "At most three lines."
[[xml.refuse]]
of = "line"
path = "e:Locked"
message = "The line is locked."
[[xml.fields]]
path = "e:Qty"
of = "line"
when = "not(@deleted)"
type = "decimal"
required = true
"""


def orders(folder: Path, content: str) -> tuple[OrderSource, ...]:
    """Return the orders of a document that holds the given orders."""
    mapping = xml_mapping(folder / "erp", MORE)
    data = f'<Orders xmlns="urn:example:erp">\n{content}\n</Orders>'.encode()
    return read_source(mapping, data, name="orders.xml", trailer=False).orders


def told(findings: tuple[Any, ...]) -> list[tuple[str, str, int | None, str | None, str | None]]:
    """Return what the findings say."""
    return [(one.code, one.message, one.line, one.path, one.value) for one in findings if isinstance(one, Finding)]


@pytest.mark.parametrize(
    ("order", "kind"),
    [
        ('<Order no="1" action="update"><Gone/></Order>', MessageKind.STATUS),
        ('<Order no="1" action="update"/>', MessageKind.CHANGE),
        ('<Order no="1"><First>yes</First></Order>', MessageKind.ORDER),
        ('<Order no="1"><First>no</First></Order>', None),
    ],
)
def test_the_first_test_that_finds_something_tells_the_kind(
    tmp_path: Path, order: str, kind: MessageKind | None
) -> None:
    """In their order; when none does, the kind is unknown and memory decides."""
    (found,) = orders(tmp_path, order)
    assert (found.kind_hint, found.findings) == (kind, ())


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            '<Order no="1"><Type>invoice</Type></Order>',
            [("not-taken", "An invoice is no order.", 2, "/Orders/Order/Type", "invoice")],
        ),
        ("", [("not-taken", "There is no order in it.", 1, "/Orders", None)]),
    ],
)
def test_what_is_refused_of_the_file_refuses_all_of_it(tmp_path: Path, content: str, expected: Any) -> None:
    """In the words of the mapping, at its line and path, with the value."""
    with pytest.raises(FileRejected) as caught:
        orders(tmp_path, content)
    assert told(caught.value.findings) == expected


def test_what_is_refused_of_an_order_or_line_refuses_that_order_alone(tmp_path: Path) -> None:
    """An attribute shows its value, a test stands at where it began, a line fails its order; the others go on.

    Where a condition does not hold, nothing is refused.
    """
    line = '<Line no="{}"><Qty>1</Qty></Line>'
    many = "".join(line.format(number) for number in range(4))
    content = (
        f'<Order no="1" test="X">\n{many}</Order>\n'
        '<Order no="2">\n<Line no="1"><Qty>1</Qty>\n<Locked/></Line></Order>\n'
        f'<Order no="3"><Large/>{many}</Order>'
    )
    first, second, third = orders(tmp_path, content)
    assert told(first.findings) == [
        ("not-taken", "A test is not sent.", 2, "/Orders/Order[1]/@test", "X"),
        ("not-taken", "At most three lines.", 2, "/Orders/Order[1]", None),
    ]
    assert told(second.findings) == [("not-taken", "The line is locked.", 6, "/Orders/Order[2]/Line/Locked", None)]
    assert third.findings == ()


def test_a_value_is_only_checked_where_its_condition_holds(tmp_path: Path) -> None:
    """A deleted line needs no quantity; any other one does."""
    (order,) = orders(tmp_path, '<Order no="1"><Line no="1" deleted="1"/><Line no="2"><Qty>x</Qty></Line></Order>')
    assert [(one.code, one.path) for one in order.findings if isinstance(one, Finding)] == [
        ("bad-decimal", "/Orders/Order/Line[2]/Qty")
    ]


@pytest.mark.parametrize(
    ("text", "sound"),
    [("12.50-", True), ("12.50 -", True), ("-12.50", True), ("12.50", True), ("-12.50-", False), ("+1-", False),
     ("-", False), ("12-50", False)],
)  # fmt: skip
def test_a_minus_may_stand_behind_the_number_where_that_is_declared(tmp_path: Path, text: str, sound: bool) -> None:
    """As SAP writes it, once and at one end only."""
    (order,) = orders(tmp_path, f'<Order no="1"><Line no="1"><Qty>{text}</Qty></Line></Order>')
    assert (order.findings == ()) is sound


def test_a_minus_behind_is_turned_in_csv(tmp_path: Path) -> None:
    """The stylesheet sees the number with its minus in front; without the setting it is no number."""
    data = "Order;Date;Line;Quantity\nPO1;01.02.2026;10;2,50-\n"
    (order,) = csv_orders(data, form(COLUMNS, trailing_minus=True))
    assert b">-2.50<" in order.canonical
    (refused,) = csv_orders(data, form(COLUMNS))
    assert places(refused.findings) == [("bad-decimal", 2, "Quantity")]


@pytest.mark.parametrize(
    ("more", "key"),
    [
        ('refuse = [{path = "/Orders", message = "m"}]', "xml.refuse[1].path"),
        ('refuse = [{path = "Orders", message = "m", of = "file"}]', "xml.refuse[1].path"),
        ('refuse = [{path = "y:Order", message = "m"}]', "xml.refuse[1].path"),
        ('refuse = [{path = "@x", message = ""}]', "xml.refuse[1].message"),
        ('refuse = [{path = "@x", message = "m", of = "line"}]', "xml.refuse[1].of"),
        ('refuse = [{path = "@x", message = "m", when = "/x"}]', "xml.refuse[1].when"),
        ('fields = [{path = "@x", when = "y:No"}]', "xml.fields[1].when"),
        ('kind = { when = { "/x" = "Order" } }', "xml.kind.when"),
        ('kind = { root = { a = "Order" }, when = { "x" = "Order" } }', "xml.kind"),
    ],
)
def test_what_cannot_work_is_told_when_the_mapping_is_loaded(tmp_path: Path, more: str, key: str) -> None:
    """Paths, prefixes, empty words, lines that are not declared."""
    with pytest.raises(SettingsError) as caught:
        load_mapping(write_folder(tmp_path / "m", f"{XML_TOML}{more}\n"))
    assert key in {one.place.partition("mapping.toml: ")[2] for one in caught.value.problems}
