"""Real exports that none of us wrote: each is sent and valid by OASIS UBL 2.1, or refused for a true reason.

`real_files.toml` says which; what was sent is compared with its source by readings that share no code with the
mappings.
"""

from __future__ import annotations

import tomllib
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from carried_over import lost_of_ubl
from lxml import etree

from gateway.documents.ubl import facts
from gateway.mapping.mapping import MappingStore
from gateway.mapping.samples import Produced, run_sample
from gateway.mapping.worker import Worker
from gateway.model import Finding
from tests.acceptance.ledger_checks import check_flat_fi, check_opentrans
from tests.acceptance.ledger_checks_cxml import check_cxml
from tests.judges import oasis, profile
from tests.mappings.sample_runs import run, store

SHARED = Path(__file__).parents[3] / "shared" / "samples"
FLAT = SHARED / "csv" / "purchase-orders-flat-fi.csv"
SITE = Path(__file__).parent / "site"

FATES: list[dict[str, Any]] = tomllib.loads((Path(__file__).parent / "real_files.toml").read_text("utf-8"))["file"]

pytestmark = pytest.mark.skipif(not FLAT.is_file(), reason="the collected real files are not on this machine")

engine, mappings = Worker(SITE, None), MappingStore(SITE)


def fate_of(name: str) -> dict[str, Any] | None:
    """Return the first row of the table that fits a file, or None: files may be collected after the table."""
    return next((row for row in FATES if fnmatchcase(name, row["pattern"])), None)


def sent_by(mapping: str) -> list[Path]:
    """Return the real files that a mapping sends, by the table."""
    paths = sorted(path for path in SHARED.rglob("*") if path.is_file())
    rows = [(path, fate_of(path.relative_to(SHARED).as_posix())) for path in paths]
    return [path for path, row in rows if row and (row.get("mapping"), row["fate"]) == (mapping, "sent")]


def real_files() -> list[Any]:
    """Return the name of every real file; those whose run takes seconds are slow."""
    names = sorted(path.relative_to(SHARED).as_posix() for path in SHARED.rglob("*") if path.is_file())
    return [pytest.param(name, marks=pytest.mark.slow if (fate_of(name) or {}).get("slow") else ()) for name in names]


@pytest.mark.parametrize("name", real_files())
def test_a_real_file_meets_its_fate(name: str) -> None:
    """It is sent and valid against OASIS UBL 2.1, or refused with the reason that one who knows the format gives."""
    fate = fate_of(name)
    if fate is None:
        pytest.skip("no fate is stated for this file")
    if fate["fate"] == "elsewhere":
        return
    produced = run_sample(engine, mappings.get(fate["mapping"]), SHARED / name)
    findings = [*produced.file, *(one for some in produced.orders.values() for one in some)]
    errors = [one for one in findings if one.severity == "error"]
    if fate["fate"] == "sent":
        assert errors == []
        assert_sent(fate, produced)
        assert [one.message for one in findings if fate.get("warning", "?") not in one.message] == []
        assert bool(findings) == ("warning" in fate)
    else:
        assert produced.documents == {}
        assert_refused(fate, errors)


def assert_sent(fate: dict[str, Any], produced: Produced) -> None:
    """Hold what came of a file to both schemas and to the kind and number that the table states."""
    assert len(produced.documents) == fate.get("count", 1)
    for body in produced.documents.values():
        document = etree.fromstring(body)
        kind = etree.QName(document).localname
        assert kind == fate["kind"]
        assert profile(kind).validate(document), profile(kind).error_log
        assert kind == "StatusMessage" or oasis(kind).validate(document), oasis(kind).error_log


def assert_refused(fate: dict[str, Any], errors: list[Finding]) -> None:
    """Hold the first reason to what the table states, with its place."""
    assert errors
    first = errors[0]
    assert first.code == fate["code"]
    assert fate["words"] in first.message
    if "place" in fate:
        assert fate["place"] in (first.line, first.path, first.column)


@pytest.mark.slow
def test_the_flat_nordic_export_arrives_whole() -> None:
    """2,000 orders of 4,472 lines: each equal to its rows by an independent reading."""
    outcome = run(store.get("csv-flat-fi"), FLAT)
    documents = {facts(body).order_number: body for body in outcome.documents.values()}
    found = check_flat_fi(documents, FLAT)
    assert found.problems == []
    assert (found.orders, found.lines) == (2000, 4472)


@pytest.mark.parametrize("path", sent_by("opentrans-order"), ids=lambda path: path.name)
def test_an_opentrans_order_arrives_whole(path: Path) -> None:
    """Every order that is sent is equal to its source by an independent reading."""
    (body,) = run(store.get("opentrans-order"), path).documents.values()
    assert check_opentrans({facts(body).order_number: body}, [path]).problems == []


@pytest.mark.parametrize("path", sent_by("cxml-order"), ids=lambda path: path.name)
def test_a_cxml_order_arrives_whole(path: Path) -> None:
    """The same for cXML; and nothing secret is passed on."""
    (body,) = run(store.get("cxml-order"), path).documents.values()
    assert check_cxml({facts(body).order_number: body}, [path]).problems == []
    assert b"Secret!123" not in body


@pytest.mark.parametrize("path", sent_by("ubl-to-jakamo"), ids=lambda path: path.name)
def test_ubl_keeps_all_that_the_profile_has_a_place_for(path: Path) -> None:
    """Each value of a UBL order stands at the same path in what is sent, or is on the list of what moves or goes."""
    (body,) = run(store.get("ubl-to-jakamo"), path).documents.values()
    assert lost_of_ubl(path.read_bytes(), body) == []


@pytest.mark.parametrize("name", ["UBL-Order-2.1-Example.xml", "UBL-OrderChange-2.1-Example.xml"])
def test_the_pass_through_refuses_other_customizations(name: str) -> None:
    """The OASIS examples are UBL, but not for Jakamo: as they are, the reason names version or customization."""
    outcome = run(store.get("ubl"), SHARED / "ubl" / "oasis" / name)
    codes = {(one["code"], one.get("path")) for findings in outcome.orders.values() for one in findings}
    assert outcome.documents == {}
    assert any("CustomizationID" in str(place) or code == "missing-element" for code, place in codes)


def test_a_register_with_items_is_no_longer_refused(tmp_path: Path) -> None:
    """What the register lacks is the whole reason: with item, quantity and currency its rows are orders."""
    path = tmp_path / "register.csv"
    path.write_text(
        "po_id,supplier_id,order_date,expected_delivery_date,actual_delivery_date,total_amount,payment_terms,item,"
        "quantity,currency\nPO1,S1,2026-02-21,2026-03-14,NULL,875.00,Net 45,Bolt,10,EUR\n",
        encoding="utf-8",
    )
    produced = run_sample(engine, mappings.get("order-register"), path)
    assert (produced.orders, list(produced.documents)) == ({}, [1])
