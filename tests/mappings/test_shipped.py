"""Every shipped mapping does with its samples what stands beside them, and sends only what is valid UBL."""

from __future__ import annotations

from pathlib import Path

import pytest
from judges import PROFILE, oasis, profile
from lxml import etree
from sample_runs import MAPPINGS, engine, mapper, run, samples, store

from gateway.documents.ubl import facts
from gateway.mapping.reading import read_file
from gateway.mapping.samples import KNOWN_CHANGE_NUMBER, check_sample, expected_documents, left_behind
from gateway.model import MapRequest, MessageKind

SAMPLES = list(samples())
IDS = [f"{name}/{path.name}" for name, path in SAMPLES]
OF_ORDERS = [(name, path) for name, path in SAMPLES if store.get(name).format != "response"]
IDS_OF_ORDERS = [f"{name}/{path.name}" for name, path in OF_ORDERS]
NEEDED = (
    "csv-order", "erp-xml-order", "csv-status", "ubl", "csv-flat-fi", "opentrans-order", "csv-six-columns",
    "sap-idoc-orders05", "monitor-orders420", "sap-b1-order", "cxml-order", "ubl-to-jakamo",
)  # fmt: skip


def test_all_mappings_are_shipped_with_good_and_bad_samples() -> None:
    """Each mapping comes with a sample that works and one that is refused for a stated reason."""
    for name in NEEDED:
        folder = MAPPINGS / name / "samples"
        assert list(folder.glob("basic.*")), name
        assert (folder / "bad.expected.json").is_file(), name
    assert set(NEEDED) <= set(store.names())


@pytest.mark.parametrize(("name", "path"), SAMPLES, ids=IDS)
def test_a_sample_gives_what_stands_beside_it(name: str, path: Path) -> None:
    """Each document has exactly the expected bytes, each finding the code, place and value that the expected file
    states; none more, none fewer. `gateway test-mapping --accept` writes them.
    """
    assert check_sample(engine, store.get(name), path).differences == ()


@pytest.mark.parametrize("name", store.names())
def test_nothing_is_expected_of_a_sample_that_is_gone(name: str) -> None:
    """What stands beside no sample proves nothing."""
    assert left_behind(MAPPINGS / name) == []


@pytest.mark.parametrize(("name", "path"), OF_ORDERS, ids=IDS_OF_ORDERS)
def test_every_result_is_valid_by_our_profile_and_by_oasis(name: str, path: Path) -> None:
    """What a mapping gives is valid against our profile and, for orders and changes, against OASIS UBL 2.1."""
    for body in run(store.get(name), path).documents.values():
        document = etree.fromstring(body)
        kind = etree.QName(document).localname
        assert profile(kind).validate(document), profile(kind).error_log
        if kind != MessageKind.STATUS.value:
            assert oasis(kind).validate(document), oasis(kind).error_log


@pytest.mark.parametrize(("name", "path"), SAMPLES, ids=IDS)
def test_a_mapping_gives_the_same_bytes_every_time(name: str, path: Path) -> None:
    """No clock and no chance: the same source gives the same bytes."""
    assert run(store.get(name), path).documents == run(store.get(name), path).documents


@pytest.mark.parametrize("name", [name for name in NEEDED if name not in ("ubl", "csv-status")])
def test_any_order_can_be_released_as_a_change_and_back(name: str) -> None:
    """Told to release as OrderChange a mapping writes one, with the order's number twice and the change's number."""
    mapping = store.get(name)
    path = next((MAPPINGS / name / "samples").glob("basic.*[lv]"))
    order = read_file(mapping, path, name=path.name, trailer=False, max_bytes=1_000_000).orders[0]
    bodies = {}
    for kind in (MessageKind.ORDER, MessageKind.CHANGE):
        request = MapRequest(
            key=1, mapping=name, canonical=order.canonical, known=True, change_number=7, release_as=kind
        )
        result = mapper.map_order(mapping, request)
        assert result.valid, result.findings
        assert result.facts is not None
        assert kind is result.facts.kind
        assert result.body is not None
        bodies[kind] = result.body
    change = etree.fromstring(bodies[MessageKind.CHANGE])
    assert order.order_number == change.findtext("{*}ID") == change.findtext("{*}OrderReference/{*}ID")
    assert change.findtext("{*}SequenceNumberID") == "7"
    assert facts(bodies[MessageKind.ORDER]).content_hash == facts(bodies[MessageKind.CHANGE]).content_hash


def test_an_export_that_cannot_say_sends_a_change_when_the_order_is_known() -> None:
    """The flat Nordic export gives an OrderChange, with the number of the change, for an order Jakamo has."""
    path = MAPPINGS / "csv-flat-fi" / "samples" / "basic.csv"
    found = run(store.get("csv-flat-fi"), path, known=True).documents
    assert expected_documents(path, known=True) == found
    assert f"<cbc:SequenceNumberID>{KNOWN_CHANGE_NUMBER}<".encode() in found[1]


def test_the_six_columns_are_the_least_that_is_valid() -> None:
    """Nothing can be taken out of the smallest order without the profile refusing it, but quantity and item."""
    body = run(store.get("csv-six-columns"), MAPPINGS / "csv-six-columns" / "samples" / "basic.csv").documents[1]
    optional = {"Quantity", "Name"}
    count = len(list(etree.fromstring(body).iterdescendants()))
    for index in range(count):
        smaller = etree.fromstring(body)
        victim = list(smaller.iterdescendants())[index]
        parent = victim.getparent()
        assert parent is not None
        parent.remove(victim)
        assert (etree.QName(victim).localname in optional) == profile("Order").validate(smaller)


def test_pass_through_sends_the_bytes_of_the_file() -> None:
    """What an ERP writes in UBL leaves as it came, down to comments, tabs and prefixes."""
    path = MAPPINGS / "ubl" / "samples" / "basic.xml"
    assert {1: path.read_bytes()} == run(store.get("ubl"), path).documents


def test_no_card_number_leaves_the_house() -> None:
    """An openTRANS order paid by card tells the supplier so, without the card's number or holder."""
    path = MAPPINGS / "opentrans-order" / "samples" / "basic.xml"
    assert b"4000000000000000" in path.read_bytes()
    (body,) = run(store.get("opentrans-order"), path).documents.values()
    assert b"4000000000000000" not in body
    assert b">48</cbc:PaymentMeansCode>" in body


def test_schemas_compile() -> None:
    """Every shipped schema is one that libxml2 takes."""
    assert all(profile(kind) is not None for kind in PROFILE)
