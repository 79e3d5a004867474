"""A proposal is guessed from any text without a crash, always loads, and says why it guessed what it did."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml import etree

from gateway.mapping.mapping import load_mapping
from gateway.mapping.problems import reference_problems
from gateway.mapping.proposing import NoProposal, Proposal, propose
from gateway.mapping.proposing.dialect import guess_encoding
from gateway.mapping.proposing.shapes import shape_of
from gateway.mapping.proposing.words import role_of, slug
from gateway.mapping.proposing.xml_text import date_expression
from gateway.mapping.samples import run_sample
from gateway.mapping.worker import Worker

SHARED = Path(__file__).parents[3] / "shared" / "samples"
REAL = sorted([*SHARED.glob("csv/**/*.csv"), *SHARED.glob("xml/*/*.xml"), *SHARED.glob("ubl/*/*.xml")])
LARGE_BYTES = 20_000


def sound(proposal: Proposal) -> None:
    """Fail unless a proposal would load and its stylesheet is one."""
    assert reference_problems(tomllib.loads(proposal.declaration)) == []
    assert proposal.mapping(Path("proposed")).name == proposal.name
    alone = proposal.stylesheet.replace('<xsl:import href="../common/document.xsl"/>', "")
    etree.XSLT(etree.fromstring(alone.encode()))


def made(folder: Path, proposal: Proposal, data: bytes, ending: str) -> Path:
    """Write a proposal as a folder; return its sample."""
    sample = folder / "samples" / f"basic{ending}"
    sample.parent.mkdir(parents=True)
    (folder / "mapping.toml").write_text(proposal.declaration, encoding="utf-8")
    (folder / "order.xsl").write_text(proposal.stylesheet, encoding="utf-8")
    sample.write_bytes(proposal.excerpt(data, sample.name))
    return sample


# Never a crash, never a proposal that does not load


def guessed(data: bytes, source: str) -> Proposal | None:
    """Return a proposal; None for a refusal, which says something."""
    try:
        return propose("any", data, source)
    except NoProposal as refusal:
        if not str(refusal):
            raise
        return None


def check(data: bytes, source: str) -> None:
    """Fail unless there is a proposal that loads, or a refusal in words."""
    proposal = guessed(data, source)
    if proposal is not None:
        sound(proposal)
        proposal.excerpt(data, source)


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_give_a_proposal_or_a_reason(data: bytes) -> None:
    """Whatever the bytes are, there is a proposal that loads or a refusal in words."""
    check(data, "any file.bin")


labels = st.sampled_from(
    ["Order", "Tilausnro", "Antal", "Pvm", "Hinta", "Supplier no", "Määrä", "", '"', "a\nb", "x--y", "<&>"]
) | st.text(max_size=8)
cells = st.sampled_from(
    ["", "10", "1,5", "1.234,50", "03.11.2026", "2026-11-03", "NULL", "EUR", "PO-1", "Bolt; long", "\x00", "]]>"]
) | st.text(max_size=8)


@st.composite
def tables(draw: st.DrawFn) -> bytes:
    """A table with any labels and cells, in some dialect, mostly with as many cells in each row."""
    width = draw(st.integers(1, 6))
    rows = [draw(st.lists(labels, min_size=width, max_size=width))]
    rows += draw(st.lists(st.lists(cells, min_size=width, max_size=width), max_size=6))
    rows += draw(st.lists(st.lists(cells, max_size=3), max_size=1))
    delimiter = draw(st.sampled_from([";", ",", "\t", "|"]))
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "windows-1252", "utf-16", "cp850"]))
    return draw(st.sampled_from(["\n", "\r\n", "\r"])).join(map(delimiter.join, rows)).encode(encoding, "replace")


@settings(deadline=None)
@given(tables(), st.text(max_size=12))
@example(b"Order;Qty\nPO-1;1\n", "a --> b.csv")
@example(b"Order;Qty \\ n;\"a\"\"b\"\nPO-1;1;2\n", "\\u.csv")
def test_any_table_gives_a_proposal_or_a_reason(data: bytes, source: str) -> None:
    """Labels and cells of any kind end up escaped in mapping.toml and stylesheet; so does the file's name."""
    check(data, source)


names = st.sampled_from(["Order", "OrderID", "Line", "Quantity", "Supplier", "n", "Date", "xml_", "cac", "i"])


@st.composite
def elements(draw: st.DrawFn, depth: int = 3) -> etree._Element:
    """An element with any children, attributes, texts and namespaces."""
    space = draw(st.sampled_from([None, "urn:a", "urn:b&'"]))
    element = etree.Element(f"{{{space}}}{draw(names)}" if space else draw(names))
    for name in draw(st.lists(names, max_size=2, unique=True)):
        element.set(name, draw(st.sampled_from(["PO-1", "2", "1,5", "new", "", "<&'\">"])))
    if draw(st.booleans()):
        element.text = draw(st.sampled_from(["PO-1", "10", "2026-11-03", "20261103", " ", "update"]))
    if depth:
        for child in draw(st.lists(elements(depth - 1), max_size=3)):
            element.append(child)
    return element


@settings(deadline=None, max_examples=40)
@given(elements())
def test_any_xml_gives_a_proposal_or_a_reason(root: etree._Element) -> None:
    """Whatever an XML holds, paths, prefixes and values of the proposal are ones that load."""
    check(etree.tostring(root), "any.xml")


# What is guessed

EXPORTS = {
    "fi": ("Tilausnro;Tilauspvm;Toimittajanro;Rivi;Tuotenro;Määrä;Yks;Hinta;Valuutta", "cp1252"),
    "sv": ("Beställningsnr;Beställningsdatum;Leverantörsnr;Rad;Artikelnr;Antal;Enhet;Pris;Valuta", "utf-8"),
    "de": ("Bestellnr;Bestelldatum;Lieferantennr;Position;Artikelnr;Menge;Einheit;Preis;Währung", "utf-8-sig"),
    "en": ("PO number;Order date;Supplier no;Line;Item number;Qty;UOM;Unit price;Currency", "utf-16"),
}
ROLES = ("order_number", "order_date", "supplier_id", "line_number", "item_id", "quantity", "unit", "price", "currency")
ROWS = (
    "4500001;03.11.2026;20015;10;A-1;1.250,5;kpl;1,20;EUR",
    "4500001;03.11.2026;20015;20;A-2;4;kpl;1.000,00;EUR",
    "4500002;24.11.2026;20016;10;A-3;7;kg;0,5;EUR",
)


@pytest.mark.parametrize("language", EXPORTS)
def test_an_ordinary_export_is_recognised(language: str, tmp_path: Path) -> None:
    """Headers of each language, marks, dates and grouping are told, and the proposal maps its sample at once."""
    header, encoding = EXPORTS[language]
    data = ("\r\n".join([header, *ROWS]) + "\r\n").encode(encoding)
    proposal = propose("proposed", data, "export.csv")
    declared = proposal.mapping(tmp_path).csv

    dialect = (declared.delimiter, declared.decimal, declared.thousands, declared.dates)
    assert dialect == (";", ",", ".", ("dd.mm.yyyy",))
    assert declared.encoding == {"cp1252": "windows-1252", "utf-8-sig": "utf-8"}.get(encoding, encoding)
    assert [column.name for column in declared.columns] == list(ROLES)
    assert (declared.order_number, declared.line_number) == ("order_number", "line_number")
    assert {column.name for column in declared.columns if column.per_order} == {"order_date", "supplier_id", "currency"}
    assert proposal.to_fill_in == ("buyer_id",)

    sample = made(tmp_path / "proposed", proposal, data, ".csv")
    filled = tmp_path / "proposed" / "order.xsl"
    unfilled = 'name="buyer-id" select="\'\'"'
    filled.write_text(filled.read_text().replace(unfilled, 'name="buyer-id" select="1000"'))
    produced = run_sample(Worker(tmp_path, None), load_mapping(tmp_path / "proposed"), sample)
    assert produced.findings() == {}
    first = etree.fromstring(produced.documents[1])
    assert first.findtext("{*}IssueDate") == "2026-11-03"
    assert [line.text for line in first.iter("{*}LineExtensionAmount")][1:] == ["1500.60", "4000.00"]


def test_without_header_words_values_tell() -> None:
    """A tab-separated table without a header: the order number by its runs, amounts by their product, currency."""
    rows = [
        "7001\t1\tAB1\tEUR\t4\t50.25\t201.00\t2026-11-03",
        "7001\t2\tAB2\tEUR\t3\t10.50\t31.50\t2026-11-03",
        "7002\t1\tAB3\tEUR\t550\t2.00\t1100.00\t2026-11-04",
    ]
    proposal = propose("x", "\n".join(rows).encode(), "x.txt")
    declared = proposal.mapping(Path("x")).csv
    told = {column.name: column.position for column in declared.columns}
    assert not declared.header_row
    assert declared.column_count == 8
    assert {name: told[name] for name in ("order_number", "line_number", "currency", "order_date")} == {
        "order_number": 1, "line_number": 2, "currency": 4, "order_date": 8,
    }  # fmt: skip
    assert (told["quantity"], told["price"], told["line_total"]) == (5, 6, 7)
    assert all("CHECK" in part for part in proposal.declaration.split("[[csv.columns]]") if "no header" in part)


def test_a_number_that_only_rises_is_no_line_number() -> None:
    """One row an order: whole numbers that rise and fall count no lines, and none are claimed."""
    proposal = propose("x", b"7001\t1\tAB1\n7002\t3\tAB2\n7003\t2\tAB3\n", "x.txt")
    assert "line_number" not in {column.name for column in proposal.mapping(Path("x")).csv.columns}


def test_what_could_be_two_things_is_marked() -> None:
    """A date that day-month and month-day both fit, an encoding of plain ASCII, a missing supplier are said."""
    data = b"Order,Date,Qty,Item\nPO-1,03/04/2026,2,A\nPO-2,05/06/2026,3,B\n"
    proposal = propose("x", data, "x.csv")
    assert "could be mm/dd/yyyy as well" in proposal.declaration
    assert any("supplier" in one for one in proposal.not_guessed)
    assert any(one.what == "encoding" and one.check for one in proposal.guesses)
    assert "A PROPOSAL" in proposal.declaration.splitlines()[0]
    assert "supplier" in proposal.declaration


def test_a_column_that_tells_new_from_changed_is_pointed_out() -> None:
    """Ready to be used once a person has seen what else it may say; not used before."""
    data = "Typ;Order;Antal\nNY;1;2\n\xc4NDRAD;2;3\n".encode()
    text = propose("x", data, "x.csv").declaration
    (line,) = [line for line in text.splitlines() if line.startswith("# kind = ")]
    assert line == '# kind = { field = "typ", values = { "NY" = "Order", "\xc4NDRAD" = "OrderChange" } }'
    tomllib.loads(text.replace("# kind", "kind"))


def test_null_dates_and_duplicate_labels_are_seen() -> None:
    """A literal that stands for no date becomes a null value; a label that is there twice is left out and said."""
    data = b"Order;Qty;Delivery date;Material;Material\nPO-1;2;20261103;A;x\nPO-2;3;00000000;B;y\n"
    proposal = propose("x", data, "x.csv")
    declared = proposal.mapping(Path("x")).csv
    assert declared.null_values == ("00000000",)
    assert declared.dates == ("yyyymmdd",)
    assert "Material" not in {column.header for column in declared.columns}
    assert any('"Material" is there 2 times' in one for one in proposal.not_guessed)


XML = b"""<?xml version="1.0" encoding="UTF-8"?>
<e:Export xmlns:e="urn:example:export"><e:Sender>9</e:Sender>
  <PurchaseOrder orderNo="PO-1" type="new"><OrderDate>20261103</OrderDate><Currency>EUR</Currency>
    <Supplier><Number>20015</Number><Name>Example Supplier Oy</Name></Supplier>
    <Buyer><Number>1000</Number></Buyer>
    <Lines><Line no="1"><Item number="A-1"><Name>Bolt</Name></Item><Quantity unit="C62">1,5</Quantity>
        <Price>2,00</Price><Schedule date="20261201" quantity="1"/></Line>
      <Line no="2"><Item number="A-2"><Name>Nut</Name></Item><Quantity unit="C62">4</Quantity><Price>0,10</Price></Line>
    </Lines></PurchaseOrder>
  <PurchaseOrder orderNo="PO-2" type="update"><OrderDate>20261104</OrderDate><Currency>EUR</Currency>
    <Supplier><Number>20016</Number><Name>Exempelbolag AB</Name></Supplier><Buyer><Number>1000</Number></Buyer>
    <Lines><Line no="1"><Item number="A-3"><Name>Axle</Name></Item><Quantity unit="C62">2</Quantity></Line></Lines>
  </PurchaseOrder>
</e:Export>"""


def test_an_xml_is_recognised(tmp_path: Path) -> None:
    """The repeated order, its number and lines, parties by the names around them; dates and commas are turned."""
    proposal = propose("x", XML, "x.xml")
    declared = proposal.mapping(tmp_path).xml
    assert declared.split_paths == ("/e:Export/PurchaseOrder",)
    assert (declared.order_number, [(one.path, one.number) for one in declared.lines]) == (
        "@orderNo", [("Lines/Line", "@no")],
    )  # fmt: skip
    assert '# kind = { path = "@type", values = { "new" = "Order", "update" = "OrderChange" } }' in proposal.declaration
    assert proposal.to_fill_in == ()

    sample = made(tmp_path / "x", proposal, XML, ".xml")
    produced = run_sample(Worker(tmp_path, None), load_mapping(tmp_path / "x"), sample)
    assert produced.findings() == {}
    first = etree.fromstring(produced.documents[1])
    assert first.findtext("{*}IssueDate") == "2026-11-03"
    assert [one.text for one in first.iter("{*}LineExtensionAmount")] == ["3.40", "3.00", "0.40"]
    assert [one.text for one in first.iter("{*}EndDate")] == ["2026-12-01"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"PK\x03\x04xxxx", "Excel"),
        (b"UNA:+.? 'UNB+UNOC:3+1+2'", "EDIFACT"),
        (b"EDI_DC40  1000", "IDoc"),
        (b"one\ntwo\nthree\n", "no columns"),
        (b"<a><b></a>", "no XML that can be read"),
        (b"<a/>", "order number"),
    ],
)
def test_what_is_no_export_is_refused_by_name(data: bytes, words: str) -> None:
    """There is no proposal for what no mapping could take; the reason says what it looks like."""
    with pytest.raises(NoProposal, match=words):
        propose("x", data, "x")


# The pieces


@pytest.mark.parametrize(
    ("values", "decimal", "thousands"),
    [
        (["1", "20"], ".", ""),
        (["1,5", "2"], ",", ""),
        (["1.5", ".25"], ".", ""),
        (["1.234,50", "2,1"], ",", "."),
        (["1,234.50", "12"], ".", ","),
        (["1 234,50"], ",", " "),
        (["1,234,567"], ".", ","),
        (["12 kg"], None, ""),
        (["1,5", "1.5"], None, ""),
        ([], None, ""),
    ],
)
def test_marks_of_numbers(values: list[str], decimal: str | None, thousands: str) -> None:
    """Decimal and thousands marks are told by all values of a column together."""
    shape = shape_of(values)
    assert (shape.decimal, shape.thousands) == (decimal, thousands)


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (["03.11.2026", "24.12.2026"], "dd.mm.yyyy"),
        (["3.11.2026"], "d.m.yyyy"),
        (["11/24/2026", "01/02/2026"], "mm/dd/yyyy"),
        (["2022-04-15 00:00:00.000"], "yyyy-mm-dd hh:mi:ss.fff"),
        (["2022-09-14T16:12:13+00:00"], "yyyy-mm-ddThh:mi:sszone"),
        (["20261103"], "yyyymmdd"),
        (["31.02.2026"], None),
        (["PO-1"], None),
    ],
)
def test_formats_of_dates(values: list[str], found: str | None) -> None:
    """A format is told when all values are real dates in it."""
    assert shape_of(values).date == found


@given(st.dates())
def test_an_xml_date_is_turned_by_its_places(day: object) -> None:
    """What XPath makes of a date in each fixed format is its ISO form; of no date, nothing."""
    import datetime

    assert isinstance(day, datetime.date)
    root = etree.Element("d")
    for written, date_format in (
        (f"{day:%d.%m.}{day.year:04}", "dd.mm.yyyy"), (f"{day.year:04}{day:%m%d}", "yyyymmdd"),
        (f"{day:%m/%d/}{day.year:04}", "mm/dd/yyyy"), (f"{day.isoformat()}T00:00:00", "yyyy-mm-ddThh:mi:ss"),
    ):  # fmt: skip
        root.text = written
        assert root.xpath(date_expression(".", date_format)) == day.isoformat()
    root.text = ""
    assert root.xpath(date_expression(".", "yyyymmdd")) == ""


@given(st.text(max_size=30), st.sets(st.text(max_size=5), max_size=3))
def test_any_label_gives_a_name_of_its_own(label: str, used: set[str]) -> None:
    """A name is a plain element name, not the gateway's own, and never one that is taken."""
    before = set(used)
    name = slug(label, used)
    assert name.isascii()
    assert name.isidentifier()
    assert name not in before | {"order", "row"}
    role_of(label)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "windows-1252", "cp850"])
def test_an_encoding_is_told_by_its_letters(encoding: str) -> None:
    """Finnish text is read as it was written, whichever of the usual encodings it came in."""
    written = "Tilausnro;Määrä;Selite\nPO-1;2;Säätöruuvi ja välirengas\n"
    _name, text, guess = guess_encoding(written.encode(encoding))
    assert text == written
    assert guess.evidence


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of mappings for all proposals, so that one worker compiles the schemas once."""
    return tmp_path_factory.mktemp("mappings")


@pytest.fixture(scope="module")
def worker(folder: Path) -> Worker:
    """What runs them."""
    return Worker(folder, None)


@pytest.mark.skipif(not REAL, reason="the collected real files are not on this machine")
@pytest.mark.parametrize(
    "path",
    [pytest.param(one, marks=pytest.mark.slow if one.stat().st_size > LARGE_BYTES else ()) for one in REAL],
    ids=[f"{one.parent.name}/{one.name}" for one in REAL],
)
def test_a_real_export_gets_a_proposal_that_runs(path: Path, folder: Path, worker: Worker) -> None:
    """Every collected CSV and XML gets a folder that loads and whose sample runs, or a refusal that says why."""
    data = path.read_bytes()
    proposal = guessed(data, path.name)
    if proposal is None:
        assert path.parent.name in ("not-well-formed", "oasis-val")
        return
    own = folder / f"{path.parent.name}-{path.stem}"
    sample = made(own, proposal, data, path.suffix)
    produced = run_sample(worker, load_mapping(own), sample)
    assert produced.documents or produced.orders
    assert not produced.file
    assert not any(one.code == "mapping-fault" for some in produced.orders.values() for one in some)
