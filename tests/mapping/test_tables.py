"""Code tables: read whole or refused with their place, used the same by both processors, unmapped codes at the cell."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from mapping_help import CSV_TOML, STATUS, STYLESHEET, XML_TOML

from gateway.documents.xmlio import parse_document
from gateway.errors import SettingsError
from gateway.mapping.mapping import Mapping, load_mapping
from gateway.mapping.respond import Responder
from gateway.mapping.schemas import SchemaStore
from gateway.mapping.tables import load_table
from gateway.mapping.transform import Mapper
from gateway.model import MapRequest, MapResult, QueueKind, ResponseRequest, ResponseResult

COLUMN = '\n[[csv.columns]]\nheader = "Unit"\nname = "unit"\ntype = "code"\ntable = "units"\n'
TABLE = '\n[tables.units]\nfile = "tables/units.csv"\nkey = "code"\nvalue = "unit"\n'
UNITS = "code;unit;name\nkpl;C62;piece\nkg;KGM;kilogram\n"
ORDER = (
    b'<order number="PO1"><row n="2"><number c="1">PO1</number><unit c="3">kpl</unit></row>'
    b'<row n="3"><number c="1">PO1</number><unit c="3">ltk</unit></row></order>'
)
GOOD = ORDER.replace(b"ltk", b"kg")
mapper = Mapper(SchemaStore(None))


def folder(place: Path, declared: str, body: str, *, top: str = "", version: str = "1.0", units: str = UNITS) -> Path:
    """Write a mapping with a code table."""
    (place / "tables").mkdir(parents=True, exist_ok=True)
    (place / "mapping.toml").write_text(declared, encoding="utf-8")
    (place / "tables" / "units.csv").write_text(units, encoding="utf-8")
    sheet = STYLESHEET.format(f'{top}<xsl:template match="/">{body}</xsl:template>')
    (place / "order.xsl").write_text(sheet.replace('version="1.0"', f'version="{version}"', 1), encoding="utf-8")
    return place


def noted(select: str) -> str:
    """Return a status message whose note is what an expression gives."""
    note = f"<Note>{select}</Note></StatusMessage>"
    return STATUS.format('<xsl:value-of select="order/@number"/>').replace("</StatusMessage>", note)


UNIT_TEXTS = noted('<xsl:for-each select="order/row"><xsl:value-of select="concat(unit, \' \')"/></xsl:for-each>')


def run(mapping: Mapping, canonical: bytes = GOOD) -> MapResult:
    """Map one order."""
    return mapper.map_order(mapping, MapRequest(key=1, mapping=mapping.name, canonical=canonical))


def test_a_declared_column_is_translated_before_the_stylesheet(tmp_path: Path) -> None:
    """The stylesheet sees what the code stands for; nothing else of the tree has changed."""
    mapping = load_mapping(folder(tmp_path / "m", CSV_TOML + COLUMN + TABLE, UNIT_TEXTS))
    result = run(mapping)
    assert result.valid
    assert b"<Note>C62 KGM </Note>" in (result.body or b"")


def test_an_unmapped_code_is_found_at_its_cell_with_its_table(tmp_path: Path) -> None:
    """Its own class, so that all of them can be listed; every one at once, and nothing that follows from them."""
    mapping = load_mapping(folder(tmp_path / "m", CSV_TOML + COLUMN + TABLE, UNIT_TEXTS))
    result = run(mapping, ORDER.replace(b"kpl", b"pkt"))
    told = [(one.code, one.severity, one.row, one.column, one.value, one.expected) for one in result.findings]
    assert told == [
        ("unmapped-code", "error", 2, "Unit", "pkt", "a code of tables/units.csv"),
        ("unmapped-code", "error", 3, "Unit", "ltk", "a code of tables/units.csv"),
    ]
    assert result.findings[1].message == '"ltk" is not in the code table units (tables/units.csv).'
    assert (result.body, result.mapping_hash) == (None, mapping.hash)


@pytest.mark.parametrize(("rule", "wanted"), [('unmapped = "pass"', "C62 ltk "), ('default = "ZZ"', "C62 ZZ ")])
def test_a_table_says_what_becomes_of_an_unmapped_code(tmp_path: Path, rule: str, wanted: str) -> None:
    """Passed on as it is, or replaced by a default; refused only where nothing is declared."""
    mapping = load_mapping(folder(tmp_path / "m", f"{CSV_TOML}{COLUMN}{TABLE}{rule}\n", UNIT_TEXTS))
    result = run(mapping, ORDER)
    assert result.findings == ()
    assert f"<Note>{wanted}</Note>".encode() in (result.body or b"")


def test_values_of_an_xml_source_are_translated_where_they_stand(tmp_path: Path) -> None:
    """Elements and attributes, of the order and of its lines; an unmapped one with line and path."""
    declared = (
        XML_TOML
        + '[[xml.lines]]\npath = "e:Line"\n'
        + '[[xml.fields]]\npath = "e:Unit"\nof = "line"\ntype = "code"\ntable = "units"\n'
        + '[[xml.fields]]\npath = "@unit"\ntype = "code"\ntable = "units"\n'
        + TABLE
    )
    body = noted("<xsl:value-of select=\"concat(order/*/@unit, ' ', string(order/*/*/*[1]))\"/>")
    mapping = load_mapping(folder(tmp_path / "m", declared, body))
    canonical = (
        b'<order number="PO1" xmlns:s="urn:gateway:source">'
        b'<Order xmlns="urn:example:erp" no="PO1" unit="kg" s:line="2">'
        b'<Line s:line="3"><Unit s:line="4"> kpl </Unit></Line></Order></order>'
    )
    assert b"<Note>KGM C62</Note>" in (run(mapping, canonical).body or b"")
    findings = run(mapping, canonical.replace(b"kpl", b"pkt").replace(b'unit="kg"', b'unit="g"')).findings
    assert [(one.line, one.path, one.value) for one in findings] == [
        (2, "/Order/@unit", "g"), (4, "/Order/Line/Unit", "pkt"),
    ]  # fmt: skip


def test_a_fault_behind_a_translated_code_names_the_code_as_written(tmp_path: Path) -> None:
    """The person who must act knows the ERP's code, not what the table made of it."""
    body = STATUS.format('<xsl:value-of select="order/@number"/>').replace("Cancelled", "<xsl:value-of select='{}'/>")
    mapping = load_mapping(folder(tmp_path / "m", CSV_TOML + COLUMN + TABLE, body.format("order/row[2]/unit")))
    (finding,) = run(mapping).findings
    assert (finding.code, finding.row, finding.column, finding.value) == ("unknown-code", 3, "Unit", "kg")
    field = '[[xml.fields]]\npath = "e:Unit"\ntype = "code"\ntable = "units"\n'
    of_xml = load_mapping(folder(tmp_path / "x", XML_TOML + field + TABLE, body.format("order/*/*[1]")))
    canonical = (
        b'<order number="PO1" xmlns:s="urn:gateway:source"><Order xmlns="urn:example:erp" no="PO1" s:line="2">'
        b'<Unit s:line="3">kg</Unit></Order></order>'
    )
    (finding,) = run(of_xml, canonical).findings
    assert (finding.code, finding.line, finding.path, finding.value) == ("unknown-code", 3, "/Order/Unit", "kg")


@pytest.mark.parametrize("version", ["1.0", "3.0"])
def test_a_stylesheet_reaches_the_tables_in_both_versions(tmp_path: Path, version: str) -> None:
    """As $tables: each column an attribute. The stylesheet may read no file; the tables stand behind the rows."""
    if version == "3.0":
        pytest.importorskip("saxonche")
    body = noted("<xsl:value-of select=\"concat($tables/units/row[@code = 'kg']/@name, count(order/*))\"/>")
    mapping = load_mapping(
        folder(tmp_path / "m", CSV_TOML + TABLE, body, top='<xsl:param name="tables"/>', version=version)
    )
    for _again in range(2):
        assert b"<Note>kilogram3</Note>" in (run(mapping).body or b"")
    source = parse_document(GOOD)
    before = etree.tostring(source)
    mapper.transform(mapping, source, {})
    assert etree.tostring(source) == before


LOOK_UP = (
    '<xsl:import href="../common/tables.xsl"/>',
    noted(
        '<xsl:for-each select="order/row"><xsl:call-template name="looked-up">'
        "<xsl:with-param name=\"table\" select=\"'units'\"/><xsl:with-param name=\"key\" select=\"string(unit)\"/>"
        '<xsl:with-param name="at" select="unit"/>{}</xsl:call-template><xsl:text> </xsl:text></xsl:for-each>'
    ),
)
PLAIN_COLUMN = COLUMN.replace('type = "code"\ntable = "units"\n', "")


@pytest.mark.parametrize("version", ["1.0", "3.0"])
def test_a_stylesheet_looks_up_by_the_shared_template(tmp_path: Path, version: str) -> None:
    """What only a stylesheet can look up gives the same findings as a declared column, under both versions."""
    if version == "3.0":
        pytest.importorskip("saxonche")
    top, body = LOOK_UP
    mapping = load_mapping(
        folder(tmp_path / "m", CSV_TOML + PLAIN_COLUMN + TABLE, body.format(""), top=top, version=version)
    )
    assert b"<Note>C62 KGM </Note>" in (run(mapping).body or b"")
    (finding,) = run(mapping, ORDER).findings
    assert (finding.code, finding.row, finding.column, finding.value) == ("unmapped-code", 3, "Unit", "ltk")
    other = body.format("<xsl:with-param name=\"column\" select=\"'name'\"/>")
    named = load_mapping(
        folder(tmp_path / "n", CSV_TOML + PLAIN_COLUMN + TABLE, other, top=top, version=version)
    )
    assert b"<Note>piece kilogram </Note>" in (run(named).body or b"")


RESPONSE = 'format = "response"\nstylesheet = "order.xsl"\n[response]\noutput = "text"\nending = ".csv"\n'
ANSWER = b"<StatusMessage><OrderID>PO1</OrderID><Unit>kg</Unit></StatusMessage>"


@pytest.mark.parametrize("version", ["1.0", "3.0"])
def test_responses_are_looked_up_too(tmp_path: Path, version: str) -> None:
    """What the ERP imports bears its own codes; a code that is missing is that response's problem, in words."""
    if version == "3.0":
        pytest.importorskip("saxonche")
    body = (
        '<xsl:call-template name="looked-up"><xsl:with-param name="table" select="\'units\'"/>'
        '<xsl:with-param name="key" select="string(*/Unit)"/></xsl:call-template><xsl:text>;ä&#10;</xsl:text>'
    )
    declared = RESPONSE + 'takes = ["StatusMessage"]\n' + TABLE
    mapping = load_mapping(
        folder(
            tmp_path / "m", declared, body, version=version,
            top='<xsl:import href="../common/tables.xsl"/><xsl:output method="text"/>',
        )
    )  # fmt: skip

    def answer(data: bytes) -> ResponseResult:
        request = ResponseRequest(kind=QueueKind.STATUS, order_number="PO1", account="main", body=data)
        return Responder(mapper, SchemaStore(None)).respond(mapping, request)

    assert answer(ANSWER).written == "KGM;ä\r\n".encode()
    assert '"ltk" is not in the code table units' in (answer(ANSWER.replace(b"kg", b"ltk")).problem or "")


@pytest.mark.parametrize(
    ("units", "place", "words"),
    [
        ("", "units.csv", "is empty"),
        ("code;measure\nkpl;C62\n", "row 1", 'there is no column "unit"; there are: code, measure'),
        ("code,unit\nkpl,C62\n", "row 1", "delimiter ';'"),
        ("code;unit;my name\nkpl;C62;x\n", "row 1", "no plain name"),
        ("code;unit;unit\nkpl;C62;x\n", "row 1", "more than once"),
        ("code;unit\nkpl;C62\nkpl;EA\n", "row 3", 'the code "kpl" is there twice'),
        ("code;unit\n;C62\n", "row 2", 'no value in the column "code"'),
        ("code;unit\nkpl;\n", "row 2", 'no value in the column "unit"'),
        ("code;unit\nkpl\n", "row 2", "has 1 cells, the first row has 2"),
        ('code;unit\n"kpl;C62\n', "row", "cannot be read as CSV"),
    ],
)
def test_what_is_wrong_with_a_table_is_told_with_its_row(tmp_path: Path, units: str, place: str, words: str) -> None:
    """A slip in a table is a problem of the mapping, found by check and at once, not with the first order."""
    with pytest.raises(SettingsError) as caught:
        load_mapping(folder(tmp_path / "m", CSV_TOML + COLUMN + TABLE, UNIT_TEXTS, units=units))
    problems = [(one.place, one.message) for one in caught.value.problems]
    assert any(place in where and words in said for where, said in problems), problems


@pytest.mark.parametrize(
    ("declared", "key", "words"),
    [
        (CSV_TOML + COLUMN, "csv.columns[3].table", "there is no [tables.units]"),
        (CSV_TOML + COLUMN.replace('type = "code"\n', "") + TABLE, "csv.columns[3].table", "only for type = 'code'"),
        (CSV_TOML + COLUMN + 'values = ["kpl"]' + TABLE, "csv.columns[3].table", "in place of values"),
        (CSV_TOML + TABLE + 'unmapped = "pass"\ndefault = "x"\n', "tables.units.default", "either a default or"),
        (CSV_TOML + TABLE.replace("tables/units.csv", "../units.csv"), "tables.units", "lies outside"),
        (CSV_TOML + TABLE.replace("units.csv", "none.csv"), "tables.units", "cannot be read"),
        (CSV_TOML + TABLE + 'encoding = "utf-16"\n', "units.csv", "declare its encoding"),
        ('format = "ubl"\n' + TABLE, "tables", "nothing is looked up"),
    ],
)
def test_what_is_wrong_with_the_declaration_is_told(tmp_path: Path, declared: str, key: str, words: str) -> None:
    """Names that name nothing, and keys that do not go together."""
    with pytest.raises(SettingsError) as caught:
        load_mapping(folder(tmp_path / "m", declared, UNIT_TEXTS))
    problems = [(one.place, one.message) for one in caught.value.problems]
    assert any(key in where and words in said for where, said in problems), problems


def test_a_table_is_part_of_the_mapping(tmp_path: Path) -> None:
    """A changed table is another mapping: another hash, so that each order says by which it was mapped."""
    before = load_mapping(folder(tmp_path / "m", CSV_TOML + COLUMN + TABLE, UNIT_TEXTS))
    after = load_mapping(folder(tmp_path / "m", CSV_TOML + COLUMN + TABLE, UNIT_TEXTS, units=f"{UNITS}ltk;BX;box\n"))
    assert before.hash != after.hash
    assert not run(before, ORDER).valid
    assert run(after, ORDER).valid


CODES = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1, max_size=8).map(str.strip).filter(bool)


@settings(max_examples=40)
@given(st.dictionaries(CODES, CODES, max_size=20))
def test_whatever_a_spreadsheet_saves_is_read_as_it_stands(
    tmp_path_factory: pytest.TempPathFactory, codes: dict[str, str]
) -> None:
    """Quotes, delimiters, line ends and byte order marks change no code."""
    place = tmp_path_factory.mktemp("table")
    quoted = [[f'"{text.replace(chr(34), chr(34) * 2)}"' for text in pair] for pair in codes.items()]
    text = "\ufeff" + "\r\n".join(["code;unit", *(";".join(pair) for pair in quoted)]) + "\r\n"
    (place / "units.csv").write_bytes(text.encode())
    declared = load_mapping(folder(place / "m", CSV_TOML + TABLE, UNIT_TEXTS)).declared.tables["units"]
    table, problems = load_table(place, "tables.units", "units", declared.model_copy(update={"file": "units.csv"}))
    assert problems == []
    assert table is not None
    assert {key: table.translate(key) for key in codes} == codes
