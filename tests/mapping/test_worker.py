"""What a worker does with a task, seen from inside its process."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree
from mapping_help import CSV_TOML, csv_mapping, write_folder
from test_verdict import ORDER

from gateway.errors import FileRejected, SettingsError
from gateway.mapping.validate import as_libxml2_says
from gateway.mapping.worker import ReadTask, Worker
from gateway.model import MapRequest


@pytest.fixture
def mine(tmp_path: Path) -> Worker:
    """A worker of a site with one good mapping, and two that cannot be used."""
    csv_mapping(tmp_path / "good")
    csv_mapping(tmp_path / "broken", "<xsl:value-of/>")
    write_folder(tmp_path / "typo", CSV_TOML.replace("csv", "cvs"))
    return Worker(tmp_path, None)


def task(path: Path, mapping: str = "good") -> ReadTask:
    """Return the task of reading a file."""
    return ReadTask(mapping, path, path.name, trailer=False, max_bytes=1000)


def test_refusals_stand_in_the_place_of_results(mine: Worker, tmp_path: Path) -> None:
    """One bad file among many is one refusal; a mapping that cannot be used is told for all."""
    good, bad = tmp_path / "a.csv", tmp_path / "b.csv"
    good.write_bytes(b"Order;Line\nPO1;1\n")
    bad.write_bytes(b"Order;Line\nPO1;1;1\n")
    first, second = mine.read_many([task(good), task(bad)])
    assert not isinstance(first, FileRejected)
    assert isinstance(second, FileRejected)
    assert mine.extracts("good", good, [0], None) == [good.read_bytes()]
    with pytest.raises(SettingsError):
        mine.read_many([task(good), task(good, "typo")])


def test_requests_of_a_batch_fail_one_by_one(mine: Worker) -> None:
    """A mapping file with a slip and a stylesheet that does not compile fail their own orders alone."""
    names = ["good", "broken", "typo", "good", "typo"]
    results = mine.map([MapRequest(key=1, mapping=name, canonical=b'<order number="1"/>') for name in names])
    assert [one.findings[0].code if one.findings else "valid" for one in results] == [
        "valid", "mapping-settings", "mapping-settings", "valid", "mapping-settings",
    ]  # fmt: skip
    assert results[1].mapping_hash
    assert "order.xsl, line 1" in results[1].findings[0].message


def test_the_first_judge_is_heard_when_the_second_finds_nothing() -> None:
    """Should the two libraries ever differ, the refusal stands, in the words of the one that refused."""
    document = etree.fromstring(ORDER)
    found, lost = as_libxml2_says([("too odd", "/*/b:ID"), ("odder", "")], document)
    assert (found.message, str(found.element.tag).rpartition("}")[2], found.code) == ("too odd", "ID", "schema")
    assert lost.element is document
