"""Mappings that change while the service lives: code tables mended, stylesheets edited, rules set, suppliers asked for.

Whole sites with real folders; the service is never restarted between a change and what comes of it.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from gateway.journal.tables import content, message
from gateway.mapping.mapping import shipped_folder
from gateway.simulator import Fault, Simulator
from tests.cli.cli_help import gateway, told
from tests.orders import export, row
from tests.site import Site, eventually

CODES = 'values = { kpl = "C62", pcs = "C62", kg = "KGM", m = "MTR", l = "LTR", h = "HUR" }'
TABLE = '\n[tables.units]\nfile = "tables/units.csv"\nkey = "code"\nvalue = "unit"\n'


def with_own_mapping(site: Site, *, tables: bool = False) -> Path:
    """Give a site its own copy of csv-order, its units in a code table if wanted; return its folder."""
    folder = site.root / "xslt" / "mine"
    shutil.copytree(shipped_folder("xslt") / "csv-order", folder)
    if tables:
        declared = (folder / "mapping.toml").read_text(encoding="utf-8")
        assert CODES in declared
        (folder / "mapping.toml").write_text(declared.replace(CODES, 'table = "units"') + TABLE, encoding="utf-8")
        (folder / "tables").mkdir()
        (folder / "tables" / "units.csv").write_text("code;unit\nkg;KGM\n", encoding="utf-8")
    site.routes = [{"name": "csv", "match": "*.csv", "mapping": "mine", "account": "main"}]
    return folder


def stored(site: Site) -> list[dict[str, Any]]:
    """Return order number, state, mapping's hash, findings and body of every message, in order of registration."""
    columns = (message.c.order_number, message.c.state, message.c.mapping_hash, message.c.findings, content.c.body)
    statement = select(*columns).join(content, content.c.message == message.c.id).order_by(message.c.id)
    return [dict(one._mapping) for one in site._rows(statement)]


@pytest.fixture
def site(tmp_path: Path, simulator: Simulator) -> Site:
    """A site with a simulator."""
    return Site(tmp_path / "site", simulator)


def test_what_the_code_tables_lack_is_one_list(site: Site) -> None:
    """Each missing code once, with how many orders wait for it; other classes have no such list."""
    with_own_mapping(site, tables=True)
    site.drop("monday.csv", export(row("PO-1"), row("PO-2", 10), row("PO-2", 20), row("PO-3").replace("pcs", "ltk")))
    site.run()
    assert told("orders", "--class", "unmapped-code", site=site.root)["missing"] == [
        {"mapping": "mine", "value": "pcs", "expected": "a code of tables/units.csv", "orders": 2},
        {"mapping": "mine", "value": "ltk", "expected": "a code of tables/units.csv", "orders": 1},
    ]
    assert "missing" not in told("orders", site=site.root)
    assert "gateway retry --class unmapped-code" in site.reason_text("monday.csv")


@pytest.mark.slow
def test_unmapped_codes_are_listed_mended_in_the_table_and_retried_at_once(site: Site) -> None:
    """Two files wait for the same code; one line in the table and one command send them all, mapped anew."""
    folder = with_own_mapping(site, tables=True)
    with site.living():
        site.drop("monday.csv", export(row("PO-1"), row("PO-2", 10), row("PO-2", 20)))
        site.drop("tuesday.csv", export(row("PO-3").replace("pcs", "kg"), row("PO-4").replace("pcs", "ltk")))
        eventually(lambda: sorted(state for _, state in site.states()) == ["failed", "failed", "failed", "sent"])

        listed = told("orders", "--class", "unmapped-code", site=site.root)
        assert {one["order"] for one in listed["orders"]} == {"PO-1", "PO-2", "PO-4"}
        assert [one["value"] for one in listed["missing"]] == ["pcs", "ltk"]
        assert "Missing in the code tables" in gateway("orders", "--class", "unmapped-code", site=site.root).output
        shown = gateway("show", "PO-2", site=site.root).output
        assert 'row 4, column "Unit": "pcs" is not in the code table units (tables/units.csv).' in shown
        eventually(lambda: site.errors() != [])

        (folder / "tables" / "units.csv").write_text("code;unit\nkg;KGM\npcs;C62\nltk;BX\n", encoding="utf-8")
        assert gateway("retry", "--class", "unmapped-code", "--yes", site=site.root).exit_code == 0
        eventually(lambda: {state for _, state in site.states()} == {"sent"})
        eventually(lambda: site.errors() == [])
    assert sorted(site.sent()) == [("Order", f"PO-{number}") for number in (1, 2, 3, 4)]
    bodies = {one["order_number"]: one["body"] for one in stored(site)}
    assert b'unitCode="C62"' in bodies["PO-2"]
    assert b'unitCode="BX"' in bodies["PO-4"]
    hashes = {one["order_number"]: one["mapping_hash"] for one in stored(site)}
    assert hashes["PO-3"] != hashes["PO-1"] == hashes["PO-4"]


def test_a_changed_stylesheet_is_used_at_once_and_ready_orders_keep_their_bytes(site: Site) -> None:
    """Each order says by which mapping it was made; what was ready before the change leaves as it was."""
    folder = with_own_mapping(site)
    sheet = folder / "order.xsl"
    with site.living():
        assert gateway("pause", "main", site=site.root).exit_code == 0
        site.drop("first.csv", export(row("PO-1")))
        eventually(lambda: site.states() == [("PO-1", "ready")])
        (before,) = stored(site)

        text = sheet.read_text(encoding="utf-8").replace('"description"', "\"concat('New: ', description)\"")
        sheet.write_text(text, encoding="utf-8")
        site.drop("second.csv", export(row("PO-2")))
        eventually(lambda: site.states() == [("PO-1", "ready"), ("PO-2", "ready")])
        assert gateway("resume", "main", site=site.root).exit_code == 0
        eventually(lambda: site.states() == [("PO-1", "sent"), ("PO-2", "sent")])
    first, second = stored(site)
    assert (first["body"], first["mapping_hash"]) == (before["body"], before["mapping_hash"])
    assert first["mapping_hash"] != second["mapping_hash"]
    assert b"New: " not in first["body"]
    assert b"New: " in second["body"]
    sent = {document.order_number: document.body for document in site.simulator.ledger.documents}
    assert sent == {"PO-1": first["body"], "PO-2": second["body"]}


@pytest.mark.slow
@pytest.mark.parametrize(
    "body",
    [
        '<xsl:call-template name="r"/>',  # without end
        "<o>" + '<xsl:for-each select="//*">' * 8 + "<y>much</y>" + "</xsl:for-each>" * 8 + "</o>",  # 10 GB and more
    ],
    ids=["recursion", "output"],
)
def test_a_hostile_stylesheet_fails_its_order_and_the_service_goes_on(site: Site, body: str) -> None:
    """The other orders are sent; after the stylesheet was mended the failed one is, too."""
    folder = with_own_mapping(site)
    good = (folder / "order.xsl").read_text(encoding="utf-8")
    hostile = f'<xsl:template match="/">{body}</xsl:template><xsl:template name="r"><xsl:call-template name="r"/>'
    sheet = '<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">{}</xsl:template>{}'
    (folder / "order.xsl").write_text(sheet.format(hostile, "</xsl:stylesheet>"), encoding="utf-8")
    site.routes.append({"name": "other", "match": "*.txt", "mapping": "csv-order", "account": "main"})
    site.drop("orders.csv", export(*(row("PO-1", line) for line in range(10, 200, 10))))
    site.drop("others.txt", export(row("PO-2")))
    with site.living():
        eventually(lambda: sorted(site.states()) == [("PO-1", "failed"), ("PO-2", "sent")], seconds=50)
        assert [code for number, _, code in site.reasons() if number == "PO-1"] == ["mapping-fault"]
        (folder / "order.xsl").write_text(good, encoding="utf-8")
        assert gateway("retry", "PO-1", "--yes", site=site.root).exit_code == 0
        eventually(lambda: sorted(site.states()) == [("PO-1", "sent"), ("PO-2", "sent")], seconds=20)
    assert {number for _, number in site.sent()} == {"PO-1", "PO-2"}


@pytest.mark.slow
def test_rules_warn_or_refuse_as_the_route_says(site: Site) -> None:
    """A warning is stored with the order that was sent, and shown; a refusal names the cell in error/."""
    late = row("PO-1", date="23.12.2026")  # wanted on 14.12.2026
    site.drop("late.csv", export(late))
    site.run()
    (sent,) = stored(site)
    assert (sent["state"], [one["code"] for one in sent["findings"]]) == ("sent", ["dates-in-order"])
    shown = gateway("show", "PO-1", site=site.root).output
    assert "Delivery is wanted on 2026-12-14, before the order is dated (2026-12-23)." in shown

    site.routes[0]["rules"] = {"dates-in-order": "refuse"}
    site.drop("later.csv", export(late.replace("PO-1", "PO-2")))
    site.run()
    (order,) = site.reason("later.csv")["messages"]
    (finding,) = order["findings"]
    assert (order["code"], finding["row"], finding["column"], finding["value"]) == (
        "dates-in-order", 2, "Delivery date", "14.12.2026",
    )  # fmt: skip

    site.routes[0]["rules"] = {"dates-in-order": "off"}
    site.hand_back("later.csv")
    site.run()
    assert site.sent() == [("Order", "PO-1"), ("Order", "PO-2")]
    assert stored(site)[-1]["findings"] == []


def test_an_order_for_a_supplier_that_jakamo_does_not_know_is_refused(tmp_path: Path) -> None:
    """Only where the route asks for it; asked once, not for each order."""
    listed = [{"CompanyName": "Example Supplier Oy", "MappedId": "20015"}]
    with Simulator(mapped_companies=listed) as jakamo:
        site = Site(tmp_path / "site", jakamo)
        site.routes[0]["rules"] = {"supplier-known": "refuse"}
        site.drop("orders.csv", export(row("PO-1"), row("PO-2", supplier="20016")))
        site.run()
    assert site.reasons() == [("PO-1", "sent", None), ("PO-2", "failed", "supplier-known")]
    (order,) = site.reason("orders.PO-2.csv")["messages"]
    (finding,) = order["findings"]
    assert (finding["row"], finding["column"], finding["value"]) == (3, "Supplier no", "20016")
    asked = [one for one in site.simulator.ledger.requests if one.endpoint == "mapped-companies"]
    assert len(asked) == 1


def test_an_order_is_sent_with_a_remark_when_jakamo_cannot_be_asked(site: Site) -> None:
    """The list is a help, never a reason to wait: not when the address fails, not when the answer is no list."""
    site.routes[0]["rules"] = {"supplier-known": "refuse"}
    site.simulator.faults.add(Fault(endpoint="mapped-companies", status=404, times=100))
    site.drop("orders.csv", export(row("PO-1")))
    site.run()
    (order,) = stored(site)
    assert (order["state"], [one["code"] for one in order["findings"]]) == ("sent", ["supplier-known-unchecked"])
    assert "could not be checked" in order["findings"][0]["message"]
