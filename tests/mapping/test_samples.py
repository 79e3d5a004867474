"""The samples of a mapping prove it: what differs is told, what is accepted holds from then on."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from gateway.mapping.mapping import load_mapping, shipped_folder
from gateway.mapping.samples import SampleReport, check_sample, findings_text, fits, left_behind, sample_files
from gateway.mapping.worker import Worker


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A site's own copy of the smallest mapping, with its samples."""
    made = tmp_path / "own-columns"
    shutil.copytree(shipped_folder("xslt") / "csv-six-columns", made)
    return made


def check(folder: Path, sample: str = "basic.csv") -> SampleReport:
    """Run one sample of a folder."""
    worker = Worker(folder.parent, None)
    return check_sample(worker, load_mapping(folder), folder / "samples" / sample)


def accept(report: SampleReport) -> None:
    """Write what came, as the command does."""
    for one in report.differences:
        one.path.unlink(missing_ok=True)
        if one.found is not None:
            one.path.parent.mkdir(exist_ok=True)
            one.path.write_bytes(one.found)


def test_a_copied_mapping_is_proven_by_the_samples_it_brings(folder: Path) -> None:
    """Every sample gives what stands beside it, under the copy's own name too."""
    for path in sample_files(folder):
        assert check(folder, path.name).differences == ()


def test_a_changed_document_is_told_and_holds_once_accepted(folder: Path) -> None:
    """The differing document is named with both versions; after accepting nothing differs, and the file is as came."""
    document = folder / "samples" / "basic.expected" / "1.xml"
    right = document.read_bytes()
    document.write_bytes(right.replace(b"Bolt M8", b"Bolt M9"))

    (one,) = check(folder).differences
    assert (one.path, one.found) == (document, right)
    accept(check(folder))
    assert document.read_bytes() == right
    assert check(folder).differences == ()


def test_a_document_too_many_or_too_few_is_told(folder: Path) -> None:
    """An expected document that did not come has nothing found; one that came unexpected has nothing expected."""
    expected = folder / "samples" / "basic.expected"
    shutil.copy(expected / "1.xml", expected / "2.xml")
    (too_many,) = check(folder).differences
    assert (too_many.path.name, too_many.found) == ("2.xml", None)

    shutil.rmtree(expected)
    report = check(folder)
    (too_few,) = report.differences
    assert (too_few.path.name, too_few.expected) == ("1.xml", None)
    assert report.unproven
    accept(report)
    assert not check(folder).differences


def test_findings_are_compared_by_what_is_stated(folder: Path) -> None:
    """An expected finding that says less still holds; one that says something else, or is missing, does not."""
    place = folder / "samples" / "bad.expected.json"
    stated = json.loads(place.read_text())
    (number,) = stated["orders"]
    stated["orders"][number] = [{"code": one["code"]} for one in stated["orders"][number]]
    place.write_text(json.dumps(stated))
    assert check(folder, "bad.csv").differences == ()

    stated["orders"][number][0]["row"] = 99
    place.write_text(json.dumps(stated))
    (one,) = check(folder, "bad.csv").differences
    assert one.path == place
    place.unlink()
    (one,) = check(folder, "bad.csv").differences
    assert one.expected is None
    accept(check(folder, "bad.csv"))
    written = json.loads(place.read_text())["orders"][number]
    assert {"code", "severity", "row", "column"} <= written[0].keys()
    assert "message" not in written[0], "words may be improved without touching samples"
    assert check(folder, "bad.csv").differences == ()


def test_accepting_leaves_right_statements_as_they_are_stated() -> None:
    """Only the finding that was wrong is written anew; its neighbours keep what a person chose to state."""
    found = {"orders": {"PO-1": [{"code": "a", "message": "x", "row": 2}, {"code": "b", "message": "y", "row": 3}]}}
    expected = {"orders": {"PO-1": [{"code": "a"}, {"code": "b", "row": 9}]}}
    assert not fits(expected, found)
    assert json.loads(findings_text(found, expected)) == {
        "orders": {"PO-1": [{"code": "a"}, {"code": "b", "row": 3}]}
    }  # fmt: skip


def test_the_known_run_is_asked_for_by_its_folder(folder: Path) -> None:
    """An (even empty) folder basic.known.expected asks what comes of orders that Jakamo has: a change, numbered."""
    (folder / "samples" / "basic.known.expected").mkdir()
    report = check(folder)
    (one,) = report.differences
    assert one.path.parent.name == "basic.known.expected"
    assert one.found is not None
    assert b"<cbc:SequenceNumberID>3<" in one.found
    accept(report)
    assert check(folder).differences == ()


def test_what_belongs_to_no_sample_is_told(folder: Path) -> None:
    """An expected folder or finding whose sample is gone proves nothing."""
    assert left_behind(folder) == []
    (folder / "samples" / "bad.csv").unlink()
    assert {path.name for path in left_behind(folder)} == {"bad.expected", "bad.expected.json"}


def test_a_mapping_for_responses_is_proven_by_queue_messages(tmp_path: Path) -> None:
    """The sample is what Jakamo's queue holds; its one document is what the ERP gets, under that ending."""
    folder = tmp_path / "confirmed"
    shutil.copytree(shipped_folder("xslt") / "csv-confirmations", folder)
    assert check(folder, "basic.xml").differences == ()
    expected = folder / "samples" / "basic.expected" / "1.csv"
    assert expected.read_bytes().startswith(b"order;response;")
    expected.unlink()
    (one,) = check(folder, "basic.xml").differences
    assert (one.path, one.expected) == (expected, None)
    broken = folder / "samples" / "broken.xml"
    broken.write_text("<OrderResponse>")
    (one,) = check(folder, "broken.xml").differences
    assert one.path.name == "broken.expected.json"
