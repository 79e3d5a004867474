"""What suppliers confirmed, written as the ERP imports it: whole or not at all; no response is lost for it."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest

from gateway.app import Gateway
from gateway.files.durable import FileDoor
from gateway.journal import actions
from gateway.journal.journal import journal_url, open_journal
from gateway.simulator import Fault, Simulator
from tests.cli.cli_help import told
from tests.clocks import START
from tests.orders import export, row
from tests.site import Site

STATUS = b"<StatusMessage><OrderID>PO-1</OrderID><Status>Delivered</Status></StatusMessage>"
HEADER = (
    "order;response;response_date;line;delivery;line_status;item;supplier_item;quantity;unit;promised_date;"
    "price;price_quantity;currency;note"
)
TWO_LINES = b"""<OrderResponse xmlns="urn:oasis:names:specification:ubl:schema:xsd:Order-2">
  <ID>R-1</ID><IssueDate>2026-11-24</IssueDate><OrderReference><ID>PO-1</ID></OrderReference>
  <OrderLine><Note>Later, sorry; "soon"</Note><LineItem><ID>10</ID><Quantity unitCode="C62">100</Quantity>
    <Delivery><ID>1</ID><Quantity unitCode="C62">60</Quantity>
      <PromisedDeliveryPeriod><EndDate>2026-12-01</EndDate></PromisedDeliveryPeriod></Delivery>
    <Delivery><ID>2</ID><Quantity>40</Quantity>
      <PromisedDeliveryPeriod><StartDate>2026-12-10</StartDate><EndDate>2026-12-15</EndDate></PromisedDeliveryPeriod>
    </Delivery>
    <Price><PriceAmount currencyID="EUR">4.50</PriceAmount><BaseQuantity unitCode="C62">100</BaseQuantity></Price>
    <Item><BuyersItemIdentification><ID>A-1</ID></BuyersItemIdentification>
      <SellersItemIdentification><ID>S-9</ID></SellersItemIdentification></Item></LineItem></OrderLine>
  <OrderLine><LineItem><ID>20</ID><LineStatusCode>Cancelled</LineStatusCode></LineItem></OrderLine>
</OrderResponse>"""
TWO_LINES_AS_ROWS = [
    HEADER,
    'PO-1;R-1;2026-11-24;10;1;;A-1;S-9;60;C62;2026-12-01;4.50;100;EUR;"Later, sorry; ""soon"""',
    'PO-1;R-1;2026-11-24;10;2;;A-1;S-9;40;C62;2026-12-15;4.50;100;EUR;"Later, sorry; ""soon"""',
    "PO-1;R-1;2026-11-24;20;;Cancelled;;;;;;;;;",
]


@pytest.fixture
def site(tmp_path: Path, simulator: Simulator) -> Site:
    """A site whose ERP imports the CSV of confirmed lines."""
    return Site(tmp_path, simulator, responses={"mapping": "csv-confirmations"})


def own_mapping(site: Site, stylesheet_body: str, more: str = "", *, takes: str = '"OrderResponse"') -> None:
    """Give the site a response mapping of its own, `confirmed`."""
    folder = site.root / "xslt" / "confirmed"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "mapping.toml").write_text(
        'format = "response"\nstylesheet = "r.xsl"\n[response]\n'
        f'takes = [{takes}]\noutput = "text"\nending = ".txt"\n{more}'
    )
    (folder / "r.xsl").write_text(
        '<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">'
        f'<xsl:output method="text"/><xsl:template match="/">{stylesheet_body}</xsl:template></xsl:stylesheet>'
    )
    site.responses["mapping"] = "confirmed"


def ask(site: Site, kind: str, **arguments: str) -> None:
    """Record what a person asks for, as a command does."""
    journal = open_journal(journal_url("", site.root / "state"))
    try:
        journal.write(lambda c: actions.request(c, kind, arguments, "a person", START))
    finally:
        journal.close()


def reasons(site: Site) -> list[str]:
    """Return why raw messages lie in outbox/problems/."""
    found = sorted((site.outbox / "problems").glob("*.reason.json"))
    return [str(json.loads(path.read_text())["problem"]) for path in found]


def test_confirmed_lines_reach_the_erp_as_rows(site: Site, simulator: Simulator) -> None:
    """One row per confirmed delivery, in the order of the response, quoted where needed; a line without delivery is a
    row of its own. The file has the mapping's ending; the response is acknowledged; a status comes as it came.
    """
    simulator.enqueue(TWO_LINES)
    simulator.enqueue(STATUS)
    site.run()

    rows, status = site.outbox_files()
    assert rows.read_bytes().decode().split("\r\n") == [*TWO_LINES_AS_ROWS, ""]
    assert (rows.suffix, status.suffix, status.read_bytes()) == (".csv", ".xml", STATUS)
    assert (site.queue_states(), len(simulator.queue)) == (["acknowledged"] * 2, 0)
    assert (site.left_over(), site.incidents()) == ([], [])


def test_a_response_without_lines_is_still_a_row(site: Site, simulator: Simulator) -> None:
    """The ERP learns that the order was answered, though no line is confirmed."""
    simulator.enqueue(
        b"<OrderResponse><ID>R-2</ID><OrderReference><ID>PO-2</ID></OrderReference></OrderResponse>"
    )
    site.run()

    (path,) = site.outbox_files()
    assert path.read_text().splitlines() == [HEADER, "PO-2;R-2;;;;;;;;;;;;;"]


def test_the_ubl_can_lie_beside_the_mapped_file(site: Site, simulator: Simulator) -> None:
    """keep_ubl: byte for byte under the same name with the ending .ubl, which no import of *.xml or *.csv takes."""
    site.responses["keep_ubl"] = True
    simulator.enqueue(TWO_LINES)
    site.run()

    mapped, ubl = site.outbox_files()
    assert (mapped.suffix, ubl.suffix, mapped.stem) == (".csv", ".ubl", ubl.stem)
    assert ubl.read_bytes() == TWO_LINES
    assert site.left_over() == []


class FailsOnce(FileDoor):
    """A disk that refuses the final name of the mapped file once."""

    failed = False

    def do_rename_new(self, source: Path, target: Path) -> None:
        if source.suffix == ".csv" and not self.failed:
            self.failed = True
            raise OSError(errno.EIO, "this disk fails once", str(source))
        super().do_rename_new(source, target)


def test_a_stop_between_the_two_names_loses_and_doubles_neither(site: Site, simulator: Simulator) -> None:
    """The UBL has its name, the mapped file not yet: the next life gives it, and writes nothing twice."""
    site.responses["keep_ubl"] = True
    simulator.enqueue(TWO_LINES)
    door = FailsOnce()
    gateway = Gateway(site.settings(), files=door)
    try:
        gateway.parts.receivers["main"].step()
        assert door.failed
        assert [path.suffix for path in site.outbox_files()] == [".ubl"]
    finally:
        gateway.close()
    site.run()

    mapped, ubl = site.outbox_files()
    assert mapped.read_bytes().decode().split("\r\n") == [*TWO_LINES_AS_ROWS, ""]
    assert (ubl.read_bytes(), site.queue_states(), site.left_over()) == (TWO_LINES, ["acknowledged"], [])


def test_a_response_that_its_mapping_does_not_manage_is_a_problem_until_mended(
    site: Site, simulator: Simulator
) -> None:
    """Raw in problems/ with the stylesheet's words and what to do; the queue goes on; redelivery after mending writes
    the file, once, and the incident ends. Asked before mending, nothing is written.
    """
    own_mapping(site, '<xsl:message terminate="yes">No ERP number for this supplier.</xsl:message>')
    simulator.enqueue(TWO_LINES)
    simulator.enqueue(STATUS)
    site.run()
    assert [path.suffix for path in site.outbox_files()] == [".xml"]
    assert reasons(site) == ["The mapping confirmed failed: No ERP number for this supplier."]
    (text,) = (site.outbox / "problems").glob("*.reason.txt")
    assert "gateway redeliver PO-1" in text.read_text()
    assert len(site.incidents()) == 1
    ask(site, "redeliver", order="PO-1")
    site.run()
    own_mapping(site, "mended")
    ask(site, "redeliver", order="PO-1")
    site.run()

    assert sorted(path.suffix for path in site.outbox_files()) == [".txt", ".xml"]
    assert [path.read_text() for path in site.outbox_files() if path.suffix == ".txt"] == ["mended"]
    assert site.queue_states() == ["acknowledged"] * 2
    assert site.incidents() == []


def test_all_problems_are_delivered_again_by_one_command(site: Site, simulator: Simulator) -> None:
    """`redeliver --problems`: after the mapping was mended, every response that failed, of every order; those that
    the ERP got already are left alone, and a message that belongs to no order stays for a person.
    """
    own_mapping(site, '<xsl:message terminate="yes">no</xsl:message>')
    for order in ("PO-1", "PO-2"):
        simulator.enqueue(TWO_LINES.replace(b"PO-1", order.encode()))
    simulator.enqueue(STATUS)
    simulator.enqueue(b"<Invoice/>")
    site.run()
    own_mapping(site, "mended")
    site.settings()
    asked = told("redeliver", "--problems", site=site.root)
    assert [one["order"] for one in asked["selected"]] == ["PO-1", "PO-2"]
    site.run()

    written = [path.name[:5] + path.read_text() for path in site.outbox_files() if path.suffix == ".txt"]
    assert written == ["PO-1_mended", "PO-2_mended"]
    assert len(site.outbox_files()) == 3
    assert len(site.incidents()) == 1


def test_a_mapping_that_cannot_be_used_leaves_the_queue_alone(site: Site, simulator: Simulator) -> None:
    """A broken stylesheet is the site's fault, not the response's: nothing is acknowledged, one incident says where;
    after mending the response arrives and the incident ends.
    """
    own_mapping(site, "<xsl:value-of/>")
    simulator.enqueue(TWO_LINES)
    site.run()
    assert (site.outbox_files(), len(simulator.queue)) == ([], 1)
    (key, words), = site.incidents()
    assert key == "mapping:main"
    assert "r.xsl, line 1" in words
    own_mapping(site, "mended")
    site.run()

    assert [path.read_text() for path in site.outbox_files()] == ["mended"]
    assert (site.incidents(), len(simulator.queue)) == ([], 0)


@pytest.mark.parametrize(
    ("more", "written", "problem"),
    [
        ('encoding = "iso-8859-1"', b"M\xfcller", None),
        ('encoding = "us-ascii"', None, 'Line 1 of what it wrote holds "ü" (U+00FC), which us-ascii has not.'),
        ('encoding = "us-ascii"\nunencodable = "replace"', b"M?ller", None),
    ],
)
def test_letters_that_the_encoding_has_not_are_refused_or_replaced_as_declared(
    site: Site, simulator: Simulator, more: str, written: bytes | None, problem: str | None
) -> None:
    """Never a file with other letters than declared; the reason names the letter and both remedies."""
    own_mapping(site, "Müller", more)
    simulator.enqueue(TWO_LINES)
    site.run()

    assert [path.read_bytes() for path in site.outbox_files()] == ([written] if written else [])
    assert [problem in words for words in reasons(site)] == ([True] if problem else [])


@pytest.mark.parametrize(("line_end", "expected"), [("lf", b"a\nb"), ("crlf", b"a\r\nb")])
def test_lines_end_as_declared(site: Site, simulator: Simulator, line_end: str, expected: bytes) -> None:
    """line_end decides what separates the rows that a stylesheet writes."""
    own_mapping(site, "<xsl:text>a&#10;b</xsl:text>", f'line_end = "{line_end}"')
    simulator.enqueue(TWO_LINES)
    site.run()

    assert [path.read_bytes() for path in site.outbox_files()] == [expected]


def test_an_empty_result_is_a_problem_not_a_lost_response(site: Site, simulator: Simulator) -> None:
    """A stylesheet that writes nothing for a kind it takes does not make a confirmation disappear."""
    own_mapping(site, "", takes='"OrderResponse", "StatusMessage"')
    simulator.enqueue(STATUS)
    site.run()

    assert (site.outbox_files(), reasons(site)) == ([], ["The mapping confirmed failed: It wrote nothing."])


def test_an_unmapped_response_still_settles_an_unknown_order(site: Site, simulator: Simulator) -> None:
    """The supplier's answer proves that the order arrived, whether or not the ERP's file could be written."""
    own_mapping(site, '<xsl:message terminate="yes">no</xsl:message>')
    simulator.faults.add(Fault(endpoint="order", cut="after-accepting"))
    site.drop("a.csv", export(row("PO-1")))
    site.run()
    assert site.states() == [("PO-1", "unknown")]
    simulator.confirm("PO-1", "as-ordered")
    site.run()

    assert site.states() == [("PO-1", "sent")]
    assert len(reasons(site)) == 1


def test_what_is_wrong_with_a_response_is_kept_beside_it(site: Site, simulator: Simulator) -> None:
    """A response that our schema refuses is delivered all the same, and `show` can tell what is wrong with it."""
    del site.responses["mapping"]
    simulator.enqueue(TWO_LINES)
    site.run()

    assert [path.read_bytes() for path in site.outbox_files()] == [TWO_LINES]
    assert [finding["code"] for finding in site.queue_findings()] == ["unknown-root"]
