"""Findings at the source: whatever a stylesheet does with a value on its way, the cell it came from is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mapping_help import STYLESHEET

from gateway.mapping.mapping import Mapping, load_mapping
from gateway.mapping.reading import read_source
from gateway.mapping.schemas import SchemaStore
from gateway.mapping.transform import Mapper
from gateway.model import Finding, MapRequest

SCHEMAS = SchemaStore(None)

CSV = """
format = "csv"
stylesheet = "order.xsl"
[csv]
encoding = "utf-8"
delimiter = ";"
dates = ["dd.mm.yyyy"]
order_number = "number"
columns = [
  { header = "Order", name = "number" }, { header = "State", name = "state" }, { header = "Day", name = "day" },
  { header = "When", name = "when", type = "date" }, { header = "No", name = "no" }, { header = "Pieces", name = "n" },
  { header = "Boxes", name = "m" }, { header = "Unit", name = "unit" }, { header = "Left", name = "left" },
]
"""
HEADER = "Order;State;Day;When;No;Pieces;Boxes;Unit;Left"
GOOD = ["A;Received;24.11.2026;24.11.2026;10;2;3;kg;x", "A;Received;24.11.2026;24.11.2026;20;2;3;kg;x"]

XML = """
format = "xml"
stylesheet = "order.xsl"
[xml]
split = "/e:Orders/e:Order"
namespaces = { e = "urn:example:erp" }
order_number = "@no"
envelope = ["/e:Orders/e:Sender"]
lines = [{ path = "e:Lines/e:Line", number = "@no" }]
fields = [{ path = "e:Head/@when", type = "date", dates = ["dd.mm.yyyy"] }]
"""


def status(
    status_date: str = "", line: str = "", note: str = "", state: str = "row[1]/state", rows: str = "row"
) -> str:
    """Return the template of a StatusMessage; each part is what it writes there."""
    date = f"<StatusDate>{status_date}</StatusDate>" if status_date else ""
    return (
        f'<StatusMessage><OrderID><xsl:value-of select="/order/@number"/></OrderID>'
        f'<Status><xsl:value-of select="order/{state}"/></Status>{date}{note}'
        f'<xsl:for-each select="order/{rows}"><OrderLine><ID><xsl:value-of select="no|@no"/></ID>{line}</OrderLine>'
        f"</xsl:for-each></StatusMessage>"
    )


def value(select: str) -> str:
    """Return an instruction that writes what an expression gives."""
    return f'<xsl:value-of select="{select}"/>'


def mapped(folder: Path, declared: str, body: str, data: str, mapper: Mapper | None = None) -> tuple[Finding, ...]:
    """Return the findings of the one order of a file."""
    mapping = written(folder, declared, body)
    (order,) = read_source(mapping, data.encode(), name="x", trailer=False).orders
    assert order.findings == ()
    request = MapRequest(key=0, mapping="m", canonical=order.canonical)
    return (mapper or Mapper(SCHEMAS)).map_order(mapping, request).findings


def written(folder: Path, declared: str, body: str) -> Mapping:
    """Write a mapping folder and return what it holds."""
    folder.mkdir(exist_ok=True)
    (folder / "mapping.toml").write_text(declared, encoding="utf-8")
    top = '<xsl:template match="/">{}</xsl:template>'
    sheet = STYLESHEET.format(top.format(body))
    sheet = sheet.replace("<xsl:stylesheet ", '<xsl:stylesheet xmlns:e="urn:example:erp" ')
    (folder / "order.xsl").write_text(sheet, encoding="utf-8")
    return load_mapping(folder)


def csv(folder: Path, body: str, *changes: tuple[int, str, str], **more: Any) -> tuple[Finding, ...]:
    """Return the findings of two good rows with some cells changed: row of the file, header, text."""
    rows = [row.split(";") for row in GOOD]
    for row, header, text in changes:
        rows[row - 2][HEADER.split(";").index(header)] = text
    return mapped(folder, CSV, body, "\n".join([HEADER, *map(";".join, rows)]) + "\n", **more)


def places(findings: tuple[Finding, ...]) -> list[tuple[str, int | None, str | None, str | None]]:
    """Return code, row, column and value of each finding."""
    return [(one.code, one.row, one.column, one.value) for one in findings]


DAY = "substring(order/row[1]/day, {})"
ISO = f"concat({DAY.format('7')}, '-', {DAY.format('4, 2')}, '-', {DAY.format('1, 2')})"
QUANTITY = "<Quantity>{}</Quantity>"


def when(test: str, content: str) -> str:
    """Return an instruction that is carried out when a test holds."""
    return f'<xsl:if test="{test}">{content}</xsl:if>'


def refuse(test: str, words: str) -> str:
    """Return an instruction that refuses the order when a test holds."""
    return when(test, f'<xsl:message terminate="yes">{words}</xsl:message>')


def test_a_value_cut_joined_and_translated_leads_to_its_cell(tmp_path: Path) -> None:
    """The value is told as the file has it."""
    body = status(value(ISO), QUANTITY.format(value("translate(n, ',', '.')")))
    found = csv(tmp_path / "m", body, (2, "Day", "44.11.2026"), (3, "Pieces", "1,2,3"))
    assert places(found) == [("bad-date", 2, "Day", "44.11.2026"), ("bad-decimal", 3, "Pieces", "1,2,3")]


def test_of_equal_values_the_one_of_its_own_row_is_named(tmp_path: Path) -> None:
    """Two rows that differ in nothing but their number: the row is told by what came to this line and no other."""
    found = csv(tmp_path / "m", status(line=QUANTITY.format(value("n"))), (3, "Pieces", "-2"), (3, "Boxes", "-2"))
    assert places(found) == [("out-of-range", 3, "Pieces", "-2")]


def test_a_calculated_value_leads_to_what_it_is_made_of(tmp_path: Path) -> None:
    """The suspicious one is named as the cell, all of them in the words."""
    body = status(line=QUANTITY.format(value("n * m")))
    (found,) = csv(tmp_path / "m", body, (3, "Boxes", "-3"))
    assert (found.row, found.column, found.value) == (3, "Boxes", "-3")
    assert found.message.endswith('(It is made of "Boxes", "Pieces".)')
    (found,) = csv(tmp_path / "m", body, (2, "Pieces", "two"))
    assert (found.row, found.column, found.value) == (2, "Pieces", "two")


def test_a_value_of_the_whole_order_does_not_draw_its_lines_to_its_own_row(tmp_path: Path) -> None:
    """The unit of the first row goes to every line: it says nothing of where a line is from."""
    line = f'<Quantity unitCode="{{/order/row[1]/left}}">{value("n * m")}</Quantity>'
    (found,) = csv(tmp_path / "m", status(line=line), (2, "Left", "kilogram"), (3, "Boxes", "-3"))
    assert (found.row, found.column) == (3, "Boxes")


def test_a_value_that_decides_what_is_written_is_found_by_other_values(tmp_path: Path) -> None:
    """Its marks would change the shape of the result, so they are left out; another text of the same looks is not."""
    small = "translate(unit, 'abcdefghijklmnopqrstuvwxyz', '') = ''"
    line = when(small, QUANTITY.format(value("concat(unit, n)")))
    found = csv(tmp_path / "m", status(line=line), (3, "Pieces", ""))
    assert [one[:3] for one in places(found)] == [("bad-decimal", 2, "Pieces"), ("bad-decimal", 3, "Unit")]


def test_what_is_missing_leads_to_the_empty_cell_that_would_fill_it(tmp_path: Path) -> None:
    """Also when the empty cell leaves the whole element out; expected is what its column takes."""
    body = status("<xsl:value-of select=\"order/row[1]/when\"/>", note=f"<Note>{value('order/row[1]/left')}</Note>")
    found = csv(tmp_path / "m", body, (2, "When", ""), (2, "Left", ""))
    assert places(found) == [("bad-date", 2, "When", None), ("missing-value", 2, "Left", None)]
    assert [one.expected for one in found] == ["a date written as dd.mm.yyyy", "a value"]


def test_what_the_stylesheet_writes_itself_is_said_to_be_its_own(tmp_path: Path) -> None:
    """No cell is blamed for a constant."""
    (found,) = csv(tmp_path / "m", status("soon"))
    assert (found.row, found.column, found.path) == (2, None, "/StatusMessage/StatusDate")
    assert "the mapping itself may write it" in found.message


def test_a_value_that_goes_to_many_places_is_told_once(tmp_path: Path) -> None:
    """One wrong cell, one finding."""
    line = QUANTITY.format(value("/order/row[1]/unit"))
    found = csv(tmp_path / "m", status(value("order/row[1]/unit"), line))
    assert places(found) == [("bad-date", 2, "Unit", "kg"), ("bad-decimal", 2, "Unit", "kg")]


def test_a_refusal_leads_to_the_value_that_it_repeats(tmp_path: Path) -> None:
    """The row of that value too, though another row holds the same text in another column."""
    stop = refuse("number(n) != number(n)", f'"{value("n")}" is no number.')
    found = csv(tmp_path / "m", status(line=stop), (3, "Pieces", "four"), (2, "Left", "four"))
    assert places(found) == [("refused-by-stylesheet", 3, "Pieces", "four")]


def test_a_refusal_over_a_sum_leads_to_the_value_that_contradicts_it(tmp_path: Path) -> None:
    """And what is wrong beside it is told at once, as if the sum were right."""
    rows, whole = "sum(order/row/n)", "order/row[1]/m"
    stop = refuse(f"{rows} != {whole}", f"All is {value(whole)}, but the rows are {value(rows)}.")
    body = stop + status(line=QUANTITY.format(value("n")))
    found = csv(tmp_path / "m", body, (2, "Boxes", "40"), (3, "Pieces", "-7"))
    assert places(found) == [("refused-by-stylesheet", 2, "Boxes", "40"), ("out-of-range", 3, "Pieces", "-7")]
    assert found[0].message.endswith('(Compared with "Pieces", "Pieces" of row 3.)')


def test_a_refusal_over_what_is_missing_leads_to_the_gap(tmp_path: Path) -> None:
    """Some text must be there: the empty cell is named, in the row that lacks it."""
    stop = refuse("order/row[not(left)]", "Nothing is left.")
    found = csv(tmp_path / "m", stop + status(), (3, "Left", ""))
    assert places(found) == [("refused-by-stylesheet", 3, "Left", None)]


def test_out_of_time_only_the_row_is_named_and_that_is_said(tmp_path: Path) -> None:
    """Tracing may not hold up the orders that wait behind; what was tried until then still counts."""
    mapper = Mapper(SCHEMAS)
    mapper._tracing_seconds = 0.0
    body = status(line=QUANTITY.format(value("n * m")))
    (found,) = csv(tmp_path / "m", body, (3, "Boxes", "-3"), mapper=mapper)
    assert (found.row, found.column) == (3, None)
    assert found.message.endswith("(Only the row is known: there was no time to look for the column.)")
    mapper.begin_batch()
    (found,) = csv(tmp_path / "m", body, (3, "Boxes", "-3"), mapper=mapper)
    assert (found.row, found.column) == (3, "Boxes")


DOCUMENT = """<Orders xmlns="urn:example:erp">
<Sender><Name>x</Name></Sender>
<Order no="A" state="Received"><Head when="24.11.2026"/>
<Lines>
<Line no="10"><Count>2</Count><Each per="1">3</Each></Line>
<Line no="20">
<Count>2</Count><Each per="1">3</Each></Line>
</Lines></Order></Orders>
"""
LINES = "e:Order/e:Lines/e:Line"


def xml(folder: Path, body: str, *changes: tuple[str, str]) -> list[tuple[str, int | None, str | None]]:
    """Return code, line and path of the findings of a document with some texts changed."""
    data = DOCUMENT
    for old, new in changes:
        data = data.replace(old, new)
    return [(one.code, one.line, one.path) for one in mapped(folder, XML, body, data)]


def xml_status(line: str, date: str = "") -> str:
    """Return the template of a StatusMessage over the lines of the document."""
    return status(date, line, state="e:Order/@state", rows=LINES)


@pytest.mark.parametrize(
    ("line", "old", "new", "wanted"),
    [
        (value("e:Count"), '20">\n<Count>2', '20">\n<Count>x', ("bad-decimal", 7, "/Order/Lines/Line[2]/Count")),
        (value("e:Each/@per"), 'Each per="1">3</Each></Line>\n</', 'Each per="?">3</Each></Line>\n</',
         ("bad-decimal", 7, "/Order/Lines/Line[2]/Each/@per")),
        (value("e:Count * e:Each"), '20">\n<Count>2', '20">\n<Count>-2',
         ("out-of-range", 7, "/Order/Lines/Line[2]/Count")),
        (value("e:Each"), '<Line no="20">\n<Count>2</Count><Each per="1">3</Each>', '<Line no="20">\n<Count>2</Count>',
         ("bad-decimal", 6, "/Order/Lines/Line[2]/Each")),
        (value("/order/envelope/e:Sender/e:Name"), "none", "none", ("bad-decimal", 2, "/Orders/Sender/Name")),
    ],
)  # fmt: skip
def test_faults_of_xml_name_line_and_path(
    tmp_path: Path, line: str, old: str, new: str, wanted: tuple[str, int, str]
) -> None:
    """Elements, attributes, what is calculated, what is gone, and what stands outside the order."""
    assert xml(tmp_path / "m", xml_status(QUANTITY.format(line)), (old, new)) == [wanted]


def test_a_gap_in_xml_is_found_by_what_the_stylesheet_asks_for(tmp_path: Path) -> None:
    """Neither declared nor in a like element: only the stylesheet knows it, through a variable."""
    date = '<xsl:variable name="more" select="order/e:Order/e:More"/>' + value("$more/e:Day/@iso")
    found = xml(tmp_path / "m", xml_status("", date))
    assert found == [("bad-date", 3, "/Order/More/Day/@iso")]


def test_a_wrong_qualifier_is_found_by_what_the_stylesheet_compares_it_with(tmp_path: Path) -> None:
    """The value is there, but its kind is written in a way that the stylesheet does not know."""
    date = value("order/e:Order/e:Date[@kind = 'due']")
    change = ('<Head when="24.11.2026"/>', '<Date kind="duee">2026-11-24</Date>')
    found = xml(tmp_path / "m", xml_status("", date), change)
    assert found == [("bad-date", 3, "/Order/Date/@kind")]
