"""A shipped mapping written once more in XSLT 3.0: the same orders of the same files, finding for finding."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from lxml import etree
from sample_runs import MAPPINGS, SCHEMAS, engine, store

from gateway.mapping.mapping import Mapping, load_mapping
from gateway.mapping.samples import run_sample, sample_files
from gateway.mapping.schemas import SchemaStore
from gateway.mapping.stylesheets import declared_version
from gateway.mapping.transform import Mapper
from gateway.mapping.worker import Worker
from gateway.model import MapRequest

pytest.importorskip("saxonche")

NAME = "csv-order"
SHEET = Path(__file__).parent / "xslt3" / "csv-order.xsl"
SAMPLES = sample_files(MAPPINGS / NAME)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site whose own csv-order is of XSLT 3.0 and imports the shipped templates."""
    site = tmp_path_factory.mktemp("site")
    folder = site / NAME
    folder.mkdir()
    shutil.copy(MAPPINGS / NAME / "mapping.toml", folder)
    shutil.copy(SHEET, folder / "order.xsl")
    return site


@pytest.fixture(scope="module")
def of_3(site: Path) -> Mapping:
    """The mapping of XSLT 3.0."""
    return load_mapping(site / NAME)


def canonical(document: bytes) -> bytes:
    """Return a document as its content alone: indentation is each processor's own."""
    parser = etree.XMLParser(remove_blank_text=True, remove_comments=True)
    return bytes(etree.tostring(etree.fromstring(document, parser), method="c14n"))


def test_the_two_are_of_different_versions(of_3: Mapping) -> None:
    """Or nothing would be compared."""
    versions = [declared_version(etree.parse(one.stylesheet).getroot()) for one in (store.get(NAME), of_3)]
    assert versions == ["1.0", "3.0"]


@pytest.mark.parametrize("known", [False, True], ids=["new", "known"])
@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_both_versions_give_the_same(path: Path, known: bool, site: Path, of_3: Mapping) -> None:
    """On all samples, good and bad, for new orders and for known ones: documents and findings."""
    of_1 = run_sample(engine, store.get(NAME), path, known=known)
    again = run_sample(Worker(site, None), of_3, path, known=known)
    assert of_1.findings() == again.findings()
    assert {key: canonical(body) for key, body in of_1.documents.items()} == {
        key: canonical(body) for key, body in again.documents.items()
    }
    assert [one.facts for one in of_1.results] == [one.facts for one in again.results]


def test_the_samples_hold_something() -> None:
    """Several orders are compared, among them a change."""
    documents = [body for path in SAMPLES for body in run_sample(engine, store.get(NAME), path).documents.values()]
    roots = {etree.QName(etree.fromstring(body)).localname for body in documents}
    assert len(documents) >= 4
    assert roots == {"Order", "OrderChange"}


def test_a_fault_behind_xslt_3_is_found_at_its_cell(of_3: Mapping) -> None:
    """The tracer runs the stylesheet again, whatever its processor."""
    rows = (
        b'<order number="P1" kind="Order"><row n="2"><kind c="1">N</kind><order_number c="2">P1</order_number>'
        b'<order_date c="3">2026-11-03</order_date><supplier_id c="4">1</supplier_id>'
        b'<supplier_name c="5">S</supplier_name><buyer_id c="6">2</buyer_id><buyer_name c="7">B</buyer_name>'
        b'<currency c="8">EUR</currency><line_number c="9">1</line_number><item_id c="10">A</item_id>'
        b'<description c="11">D</description><quantity c="12" raw="-5,0">-5.0</quantity><unit c="13">C62</unit>'
        b'</row></order>'
    )
    request = MapRequest(key=1, mapping=NAME, canonical=rows)
    result = Mapper(SchemaStore(None, SCHEMAS)).map_order(of_3, request)
    assert {(one.code, one.row, one.column, one.value) for one in result.findings} == {
        ("out-of-range", 2, "Quantity", "-5,0")
    }
