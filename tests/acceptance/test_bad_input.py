"""Bad input, from the drop to the reason beside the file: what fails alone, what is refused whole.

All bad files lie in the inbox of one site at once, with good ones between them. Each is then asked for its reason,
for people and for programs: place, value, what was expected, what to do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from gateway.simulator import Simulator
from tests.erp_xml import six_columns, ubl_order, xml_export, xml_order
from tests.orders import bad, export, row
from tests.site import Site

LONG = "PO-" + "5" * 33  # 36 characters
CORRECT = (
    "Correct this file and move it to the folder retry. If the order is not wanted any more, move it to done."
)
EXPORT_AGAIN = (
    "Nothing of this file was sent. Correct it, or export it again, and move it to the folder retry. "
    "If it is not wanted any more, move it to done."
)
MEND_MAPPING = (
    "Unless the ERP writes such documents itself, the mapping is at fault, not this file. Tell whoever looks after "
    "the mappings; once it is mended, move this file to the folder retry. If the order is not wanted any more, move "
    "it to done."
)
ONE_OF_THREE = "Order or OrderChange or StatusMessage"
NOT_A_DATE = "This is no real date in the declared notation."
NOT_A_NUMBER = "This is no number in the declared notation."
TOO_LONG = "The value is 36 characters long; at most 35 are allowed."
UNKNOWN_CODE = "This code is not among the declared ones."


@dataclass(frozen=True, kw_only=True)
class Failed:
    """One order that fails while the rest of its file goes on, and its one finding."""

    original: str
    order: str
    finding: Mapping[str, Any]
    where: str  # the place in words, as people read it
    extract: bytes | str
    kind: str | None = "Order"
    step: str = CORRECT

    @property
    def name(self) -> str:
        """Return the name of the extract in error/."""
        stem, _, extension = self.original.rpartition(".")
        return f"{stem}.{self.order}.{extension}"

    def __str__(self) -> str:
        return f"{self.original}-{self.finding['code']}-{self.order[:6]}"


@dataclass(frozen=True, kw_only=True)
class Rejected:
    """One file that is refused whole, and its one finding."""

    name: str
    data: bytes
    finding: Mapping[str, Any]
    where: str = ""

    def __str__(self) -> str:
        return self.name


def found(code: str, message: str, **more: Any) -> dict[str, Any]:
    """Return a finding as the reason for programs has it."""
    return {"code": code, "message": message, "severity": "error", **more}


CSV_ORDERS = export(
    row("PO-1"),
    bad("PO-2"),
    row("PO-3", quantity="4.5"),
    row("PO-4").replace("A-10", ""),
    row(LONG),
    row("PO-6").replace("pcs", "boxes"),
    row("PO-7", quantity="-4"),
    row("PO-8"),
)
XML_ORDERS = xml_export(
    xml_order("PX-1"),
    xml_order("PX-2", date="2026-02-30"),
    xml_order("PX-3", quantity="1,5"),
    xml_order("PX-4", item=""),
    xml_order(LONG.replace("PO", "PX")),
    xml_order("PX-6", currency="EURO"),
    xml_order("PX-7", quantity="-2", net="-3.00"),
    xml_order("PX-8", net="4.00"),
    xml_order("PX-9"),
)
SOURCES: dict[str, bytes | str] = {
    "orders.csv": CSV_ORDERS,
    "orders.xml": XML_ORDERS,
    "odd.six": six_columns("PO-S1", "PO-S2", "PO-S3", "PO-S4"),
}


def csv_failed(order: str, line: str, finding: dict[str, Any]) -> Failed:
    """Return an order of orders.csv that fails at one cell; its extract holds the header and its one row."""
    where = f'row {finding["row"]}, column "{finding["column"]}"'
    return Failed(original="orders.csv", order=order, finding=finding, where=where, extract=export(line))


def xml_failed(order: str, source: str, finding: dict[str, Any]) -> Failed:
    """Return an order of orders.xml that fails; its extract is the file with this order alone."""
    where = f"line {finding['line']}, {finding['path']}" if "line" in finding else ""
    return Failed(original="orders.xml", order=order, finding=finding, where=where, extract=xml_export(source))


def odd_failed(order: str, finding: dict[str, Any]) -> Failed:
    """Return an order for which the site's own stylesheet gives something that is not sent."""
    return Failed(
        original="odd.six", order=order, finding=finding, where="", extract=six_columns(order), kind=None,
        step=MEND_MAPPING,
    )


def at(order: int, line: int, path: str) -> dict[str, Any]:
    """Return the place in orders.xml: line of the order's n-th line, path below the n-th order."""
    return {"line": 3 + 11 * (order - 1) + line, "path": f"/PurchaseOrders/PurchaseOrder[{order}]{path}"}


FAILED = [
    csv_failed(
        "PO-2",
        bad("PO-2"),
        found(
            "bad-date", NOT_A_DATE, row=3, column="Order date", value="31.11.2026",
            expected="a date written as dd.mm.yyyy",
        ),
    ),
    csv_failed(
        "PO-3",
        row("PO-3", quantity="4.5"),
        found(
            "bad-decimal", NOT_A_NUMBER, row=4, column="Quantity", value="4.5",
            expected="a number with decimal comma and nothing between thousands, e.g. 1234,50",
        ),
    ),
    csv_failed(
        "PO-4",
        row("PO-4").replace("A-10", ""),
        found("missing-value", "The value is missing.", row=5, column="Item", expected="a value"),
    ),
    csv_failed(
        LONG,
        row(LONG),
        found("too-long", TOO_LONG, row=6, column="Order", value=LONG, expected="at most 35 characters"),
    ),
    csv_failed(
        "PO-6",
        row("PO-6").replace("pcs", "boxes"),
        found(
            "unknown-code", UNKNOWN_CODE, row=7, column="Unit", value="boxes",
            expected="one of kpl, pcs, kg, m, l, h",
        ),
    ),
    csv_failed(
        "PO-7",
        row("PO-7", quantity="-4"),
        found(
            "out-of-range", 'Quantity "-4" is outside the allowed range.', row=8, column="Quantity", value="-4",
            expected="at least 0",
        ),
    ),
    xml_failed(
        "PX-2",
        xml_order("PX-2", date="2026-02-30"),
        found(
            "bad-date", NOT_A_DATE, **at(2, 1, "/@date"), value="2026-02-30",
            expected="a date written as yyyy-mm-dd",
        ),
    ),
    xml_failed(
        "PX-3",
        xml_order("PX-3", quantity="1,5"),
        found(
            "bad-decimal", NOT_A_NUMBER, **at(3, 7, "/Lines/Line/Quantity"), value="1,5",
            expected="a number with decimal point and nothing between thousands, e.g. 1234.50",
        ),
    ),
    xml_failed(
        "PX-4",
        xml_order("PX-4", item=""),
        found("missing-value", "The value is missing.", **at(4, 6, "/Lines/Line/Item/@number"), expected="a value"),
    ),
    xml_failed(
        LONG.replace("PO", "PX"),
        xml_order(LONG.replace("PO", "PX")),
        found(
            "too-long", TOO_LONG, **at(5, 1, "/@number"), value=LONG.replace("PO", "PX"),
            expected="at most 35 characters",
        ),
    ),
    xml_failed(
        "PX-6",
        xml_order("PX-6", currency="EURO"),
        found(
            "unknown-code", UNKNOWN_CODE, **at(6, 1, "/@currency"), value="EURO",
            expected="one of EUR, SEK, NOK, DKK, USD, GBP",
        ),
    ),
    xml_failed(
        "PX-7",
        xml_order("PX-7", quantity="-2", net="-3.00"),
        found(
            "out-of-range", 'Quantity "-2" is outside the allowed range.', line=at(7, 7, "")["line"],
            path="/PurchaseOrder/Lines/Line/Quantity", value="-2", expected="at least 0",
        ),
    ),
    xml_failed(
        "PX-8",
        xml_order("PX-8", net="4.00"),
        found(
            "refused-by-stylesheet",
            "Totals/@net says 4.00, but the lines come to 3.00. "
            '(Compared with "Quantity" of line 87, "Price" of line 88.)',
            line=90, path="/PurchaseOrder/Totals/@net", value="4.00",
        ),
    ),
    odd_failed(
        "PO-S2",
        found("unknown-root", 'The document\'s root is "Invoice".', expected=f"a root element {ONE_OF_THREE}"),
    ),
    odd_failed(
        "PO-S3",
        found("unknown-root", "The stylesheet gave no document.", expected=f"a document with root {ONE_OF_THREE}"),
    ),
    odd_failed(
        "PO-S4",
        found(
            "unknown-root", "The root Order stands in no namespace.",
            expected="the namespace urn:oasis:names:specification:ubl:schema:xsd:Order-2",
        ),
    ),
]
"""What the stylesheet of a site gives for "odd.six" stands in `odd_mapping`."""

GOOD, GOOD_XML = row("PO-91"), xml_order("PX-91")
UNCLOSED = row("PO-92").replace("Välilevy 10", '"Välilevy 10')
TOO_MANY = f"{row('PO-92')};more"
UTF8_AT = len(export(GOOD).split("Vä".encode("cp1252"))[0]) + 1
LATIN_AT = len(six_columns("PO-91")) + len("PO-92,2026-11-03,1000,20015,V")
LATIN_XML = xml_export(GOOD_XML, xml_order("PX-92", item="Ä"))
EDIFACT = b"UNA:+.? 'UNB+UNOC:3+1000:91+20015:91+261124:0800+1'UNH+1+ORDERS:D:96A:UN'BGM+220+PO-92+9'\r\n"
IDOC = b"EDI_DC40  100000000000000123456731I 3012  ORDERS05                      ORDERS\r\n"
BINARY = b"PK\x03\x04\x14\x00\x06\x00\x08\x00" + bytes(range(256))
INTERNAL = '\n<!DOCTYPE p:PurchaseOrders [<!ENTITY price "1.50">]>'
EXTERNAL = '\n<!DOCTYPE o:Order SYSTEM "https://www.example.com/order.dtd">'

REJECTED = [
    Rejected(
        name="unclosed.csv",
        data=export(GOOD, UNCLOSED),
        where="row 3",
        finding=found(
            "unclosed-quote",
            'A quote (") opened in this row is not closed; the file ends inside the cell. '
            "Expected: a closing quote before the next delimiter.",
            row=3,
        ),
    ),
    Rejected(
        name="columns.csv",
        data=export(GOOD, TOO_MANY),
        where="row 3",
        finding=found(
            "too-many-columns", "This row has 19 cells, more than the 18 of the header row.", row=3,
            value=TOO_MANY, expected="18 cells",
        ),
    ),
    Rejected(
        name="missing.csv",
        data=export(GOOD).replace(b"Quantity", b"Qty"),
        where='row 1, column "Quantity"',
        finding=found(
            "missing-column",
            'The header row has no column "Quantity". Columns that the mapping does not know: "Qty".',
            row=1, column="Quantity", expected='a column "Quantity"',
        ),
    ),
    Rejected(
        name="utf8.csv",
        data=export(GOOD, row("PO-92")).decode("cp1252").encode(),
        where="row 2",
        finding=found(
            "encoding",
            f"The mapping declares windows-1252, but the file is UTF-8: at byte {UTF8_AT} it says "
            '"ä", which as windows-1252 would read "Ã¤".',
            row=2,
        ),
    ),
    Rejected(
        name="latin.six",
        data=six_columns("PO-91").encode() + "PO-92,2026-11-03,1000,20015,Välilevy,1\n".encode("cp1252"),
        where="row 3",
        finding=found(
            "encoding",
            f"Byte {LATIN_AT} (0xE4) is not valid utf-8, the encoding that the mapping declares. "
            "It may be Windows-1252. Expected: the whole file in utf-8.",
            row=3,
        ),
    ),
    Rejected(
        name="latin.xml",
        data=LATIN_XML.encode("cp1252"),
        where="line 20",
        finding=found(
            "encoding",
            f"Byte {LATIN_XML.index('Ä')} (0xC4) is not valid UTF-8, the encoding of this document; "
            "it may be Windows-1252.",
            line=20,
        ),
    ),
    Rejected(
        name="no-order.csv",
        data=export(GOOD, row("")),
        where='row 3, column "Order"',
        finding=found("row-without-order", "This row has no order number.", row=3, column="Order"),
    ),
    Rejected(
        name="no-order.xml",
        data=xml_export(GOOD_XML, xml_order("")).encode(),
        where="line 15, /PurchaseOrders/PurchaseOrder[2]/@number",
        finding=found(
            "order-without-number", "This order has no order number at @number.", line=15,
            path="/PurchaseOrders/PurchaseOrder[2]/@number",
        ),
    ),
    Rejected(
        name="broken.xml",
        data=xml_export(GOOD_XML, xml_order("PX-92").replace("</p:Lines>", "</p:Line>"), xml_order("PX-93")).encode(),
        where="line 23",
        finding=found(
            "broken-xml",
            "An end tag does not fit its start tag (Opening and ending tag mismatch: Lines line 19 and Line).",
            line=23,
        ),
    ),
    Rejected(
        name="doctype.xml",
        data=xml_export(GOOD_XML).replace("?>", f"?>{INTERNAL}", 1).encode(),
        where="line 2",
        finding=found("doctype", "Document type not allowed: a DOCTYPE with definitions of its own.", line=2),
    ),
    Rejected(
        name="doctype.ubl",
        data=ubl_order("PO-91").replace("?>", f"?>{EXTERNAL}", 1).encode(),
        where="line 2",
        finding=found("doctype", "Document type not allowed: the document carries a DOCTYPE.", line=2),
    ),
    Rejected(
        name="root.xml",
        data=b'<?xml version="1.0"?>\n<Invoice/>\n',
        where="line 2",
        finding=found(
            "unknown-root", "The document's root is Invoice; this mapping takes /p:PurchaseOrders.", line=2,
            value="Invoice", expected="/p:PurchaseOrders",
        ),
    ),
    Rejected(
        name="text.xml",
        data=b"Nothing to order this week.\n",
        finding=found("file-type", "The file text.xml is no XML: it is plain text."),
    ),
    *(
        Rejected(
            name=f"{name}.{extension}",
            data=data,
            finding=found(
                "file-type",
                f"The file {name}.{extension} is no {extension.upper()}: it looks like {words}.",
            ),
        )
        for extension in ("csv", "xml")
        for name, data, words in (
            ("edifact", EDIFACT, "an EDIFACT interchange"),
            ("idoc", IDOC, "a flat (fixed-width) SAP IDoc"),
            ("workbook", BINARY, "an Excel workbook (xlsx) or another zip archive"),
        )
    ),
]


def odd_mapping(folder: Path) -> None:
    """Write a site's own mapping whose stylesheet gives a good document for PO-S1 alone."""
    from gateway.mapping.mapping import shipped_folder

    folder.mkdir(parents=True)
    plain = (shipped_folder("xslt") / "csv-six-columns" / "mapping.toml").read_text(encoding="utf-8")
    (folder / "mapping.toml").write_text(plain, encoding="utf-8")
    (folder / "order.xsl").write_text(
        """<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"
    xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2">
  <xsl:import href="../common/document.xsl"/>
  <xsl:template match="/order[@number = 'PO-S1']">
    <xsl:call-template name="document">
      <xsl:with-param name="issue-date" select="row/order_date"/>
      <xsl:with-param name="currency" select="'EUR'"/>
    </xsl:call-template>
  </xsl:template>
  <xsl:template match="order" mode="buyer">
    <cac:BuyerCustomerParty>
      <xsl:call-template name="party"><xsl:with-param name="id" select="row/buyer_id"/></xsl:call-template>
    </cac:BuyerCustomerParty>
  </xsl:template>
  <xsl:template match="order" mode="supplier">
    <cac:SellerSupplierParty>
      <xsl:call-template name="party"><xsl:with-param name="id" select="row/supplier_id"/></xsl:call-template>
    </cac:SellerSupplierParty>
  </xsl:template>
  <xsl:template match="order" mode="lines">
    <xsl:call-template name="order-line">
      <xsl:with-param name="number" select="1"/>
      <xsl:with-param name="quantity" select="row/quantity"/>
      <xsl:with-param name="item-name" select="row/item"/>
    </xsl:call-template>
  </xsl:template>
  <xsl:template match="/order[@number = 'PO-S2']"><Invoice/></xsl:template>
  <xsl:template match="/order[@number = 'PO-S3']"/>
  <xsl:template match="/order[@number = 'PO-S4']"><Order/></xsl:template>
</xsl:stylesheet>
""",
        encoding="utf-8",
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site in whose inbox everything of this module lay, after the gateway came to rest."""
    with Simulator(duplicate_orders="refuse") as simulator:
        site = Site(
            tmp_path_factory.mktemp("site"),
            simulator,
            routes=[
                {"name": "csv", "match": "*.csv", "mapping": "csv-order", "account": "main"},
                {"name": "erp", "match": "*.xml", "mapping": "erp-xml-order", "account": "main"},
                {"name": "ubl", "match": "*.ubl", "mapping": "ubl", "account": "main"},
                {"name": "odd", "match": "odd*.six", "mapping": "odd", "account": "main"},
                {"name": "six", "match": "*.six", "mapping": "csv-six-columns", "account": "main"},
            ],
            intake={"unrouted_minutes": 0},
        )
        odd_mapping(site.root / "xslt" / "odd")
        for name, data in SOURCES.items():
            site.drop(name, data)
        for one in REJECTED:
            site.drop(one.name, one.data)
        site.drop("orders.edi", EDIFACT)
        site.run()
        yield site


def timeless(text: str) -> str:
    """Return a reason for people with its times made one."""
    return re.sub(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}", "T", text)


def plain(data: bytes | str) -> bytes | str:
    """Return a file's bytes; of XML its canonical form, in which quotes of the declaration make no difference."""
    raw = data.encode() if isinstance(data, str) else data
    return etree.canonicalize(xml_data=raw.decode()) if raw.startswith(b"<?xml") else raw


def as_told(finding: Mapping[str, Any], where: str) -> str:
    """Return a finding as people read it: place, what is wrong, what was found, what was expected."""
    text = f"  - {where + ': ' if where else ''}{finding['message']}"
    if finding.get("value") and finding["value"] not in finding["message"]:
        text += f' Found: "{finding["value"]}".'
    if finding.get("expected") and finding["expected"] not in finding["message"]:
        text += f" Expected: {finding['expected']}."
    return text


@pytest.mark.parametrize("case", FAILED, ids=str)
def test_a_bad_order_fails_alone_and_says_where_and_what_to_do(site: Site, case: Failed) -> None:
    """The order lies in error/ by itself, with place, value, what was expected and the remedy."""
    assert case.name in site.errors()
    assert plain(case.extract) == plain((site.error / case.name).read_bytes())

    reason = site.reason(case.name)
    reached = f"{case.where}: {case.finding['message']}" if case.where else case.finding["message"]
    assert (case.name, case.original, "open") == (reason["file"], reason["original"], reason["state"])
    assert [
        {
            "order": case.order,
            "kind": case.kind,
            "state": "failed",
            "code": case.finding["code"],
            "reason": reached,
            "attempts": 0,
            "findings": [case.finding],
            "what_to_do": case.step,
        }
    ] == [{key: value for key, value in one.items() if key != "id"} for one in reason["messages"]]

    counted = f"Rows and lines are counted in {case.original}, as it was dropped.\n" if case.where else ""
    assert timeless(site.reason_text(case.name)) == (
        f"{case.name}\nfrom {case.original}, taken T; written T\n{counted}\n"
        f"{case.order} (Order) FAILED: {reached}\n{as_told(case.finding, case.where)}\n\n"
        f"What to do:\n{case.step}\n"
    )


def test_the_rest_of_a_file_with_bad_orders_goes_on(site: Site) -> None:
    """Before and after the bad orders of a file the good ones are sent, each once, and nothing else at all."""
    good = ["PO-1", "PO-8", "PO-S1", "PX-1", "PX-9"]
    assert [("Order", number) for number in good] == sorted(site.sent())
    assert {"orders.csv", "orders.xml", "odd.six"} <= set(site.done())


@pytest.mark.parametrize("case", REJECTED, ids=str)
def test_a_broken_file_is_refused_whole_and_says_where_and_what_to_do(site: Site, case: Rejected) -> None:
    """The file lies in error/ as it was dropped, with its one finding; nothing of it was even registered."""
    assert case.data == (site.error / case.name).read_bytes()
    reason = site.reason(case.name)
    place = f"{case.where[:1].upper()}{case.where[1:]}: " if case.where else ""
    assert {
        "file": case.name,
        "original": case.name,
        "state": "rejected",
        "code": case.finding["code"],
        "reason": f"{place}{case.finding['message']}",
        "findings": [case.finding],
        "messages": [],
        "what_to_do": EXPORT_AGAIN,
    }.items() <= reason.items()
    assert timeless(site.reason_text(case.name)) == (
        f"{case.name}\nfrom {case.name}, taken T; written T\n\n"
        f"REJECTED: {place}{case.finding['message']}\n\n{as_told(case.finding, case.where)}\n\n"
        f"What to do:\n{EXPORT_AGAIN}\n"
    )


def test_nothing_of_a_refused_file_is_sent_though_its_first_order_is_good(site: Site) -> None:
    """The good orders before the fault never reached the other side, and no message stands for them."""
    assert [number for _, number in site.sent() if re.fullmatch("P[OX]-9[123]", number)] == []
    assert [number for number, _ in site.states() if re.fullmatch("P[OX]-9[123]", number)] == []


def test_a_file_that_no_route_takes_goes_to_error_after_a_while(site: Site) -> None:
    """A name that no route knows waits `unrouted_minutes`, then lies in error/ and says what to do."""
    reason = site.reason("orders.edi")
    words = (
        "No route takes a file called orders.edi. Name it as agreed, or add a route for it to the settings."
    )
    assert ("rejected", "no-route", words) == (reason["state"], reason["code"], reason["reason"])
    assert words in site.reason_text("orders.edi")
    assert (site.error / "orders.edi").read_bytes() == EDIFACT


def test_everything_bad_has_one_place_and_nothing_is_left(site: Site) -> None:
    """error/ holds exactly the bad ones; inbox, work folders and retry are empty."""
    assert sorted([*(one.name for one in FAILED), *(one.name for one in REJECTED), "orders.edi"]) == site.errors()
    assert site.left_over() == []


def test_a_document_that_ubl_itself_refuses_fails_with_its_line(tmp_path: Path, simulator: Simulator) -> None:
    """What an ERP writes as UBL is checked as well: amount without currency, comma in a number, long number."""
    site = Site(tmp_path, simulator)
    site.drop("currency.ubl", ubl_order("PO-1", price="<b:PriceAmount>1.50</b:PriceAmount>"))
    site.drop("comma.ubl", ubl_order("PO-2", price='<b:PriceAmount currencyID="EUR">1,50</b:PriceAmount>'))
    site.drop("code.ubl", ubl_order("PO-3", price='<b:PriceAmount currencyID="euro">1.50</b:PriceAmount>'))
    site.drop("long.ubl", ubl_order(LONG))
    site.drop("good.ubl", ubl_order("PO-5"))
    site.run()

    price = "/Order/OrderLine/LineItem/Price/PriceAmount"
    assert site.sent() == [("Order", "PO-5")]
    assert {
        "currency.ubl": found(
            "missing-attribute", "PriceAmount does not say its currencyID.", line=16, path=f"{price}/@currencyID",
            expected="an attribute currencyID",
        ),
        "comma.ubl": found(
            "bad-decimal", 'PriceAmount "1,50" is no decimal number.', line=16, path=price, value="1,50",
            expected="a number with decimal point, e.g. 1234.50",
        ),
        "code.ubl": found(
            "bad-form", 'PriceAmount @currencyID "euro" is not written as it must be.', line=16,
            path=f"{price}/@currencyID", value="euro", expected="three capital letters, e.g. EUR",
        ),
        "long.ubl": found(
            "too-long", "ID is 36 characters long; at most 35 are allowed.", line=5, path="/Order/ID", value=LONG,
            expected="at most 35 characters",
        ),
    } == {name: site.reason(name)["messages"][0]["findings"][0] for name in site.errors()}
    assert all(CORRECT in site.reason_text(name) for name in site.errors())


def test_a_refused_file_goes_out_once_it_is_mended(tmp_path: Path, simulator: Simulator) -> None:
    """Correct the unclosed quote, move the file to retry/: all of it goes, error/ is empty again."""
    site = Site(tmp_path, simulator)
    site.drop("orders.csv", export(GOOD, UNCLOSED))
    site.run()
    assert site.sent() == []

    (site.error / "orders.csv").write_bytes(export(GOOD, row("PO-92")))
    site.hand_back("orders.csv")
    site.run()

    assert sorted(site.sent()) == [("Order", "PO-91"), ("Order", "PO-92")]
    assert site.errors() == []
    assert (list(site.error.glob("*.reason.*")), site.left_over()) == ([], [])
