"""`test-mapping` and `init-mapping`: a mapping is proposed, tried, edited and proven, and nothing is overwritten."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from gateway.mapping.mapping import shipped_folder
from gateway.simulator import Simulator
from tests.cli.cli_help import gateway, told
from tests.site import Site

EXPORT = (
    "Tilausnro;Tilauspvm;Toimittajanro;Rivi;Tuotenro;Määrä;Hinta;Valuutta\r\n"
    "PO-1;03.11.2026;20015;10;A-1;1,5;2,00;EUR\r\nPO-1;03.11.2026;20015;20;A-2;4;1,00;EUR\r\n"
    "PO-2;04.11.2026;20016;10;A-3;7;0,50;EUR\r\n"
).encode("cp1252")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder without a site, with a sample export and a copy of a shipped mapping."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sample.csv").write_bytes(EXPORT)
    shutil.copytree(shipped_folder("xslt") / "csv-six-columns", tmp_path / "xslt" / "own")
    return tmp_path


def test_every_difference_is_told_and_accepted_on_request(here: Path) -> None:
    """A diff with its lines, exit code 1; accepted, what came is what is expected, and only that file is written."""
    document = here / "xslt" / "own" / "samples" / "lines.expected" / "2.xml"
    right = document.read_bytes()
    document.write_bytes(right.replace(b"<cbc:Name>Nut<", b"<cbc:Name>Bolt<"))

    result = gateway("test-mapping", "xslt/own")
    assert result.exit_code == 1
    assert "lines.expected/2.xml: differs" in result.output
    assert re.search(r"- +<cbc:Name>Bolt</cbc:Name>\n +\+ +<cbc:Name>Nut</cbc:Name>", result.output)
    assert "1 sample of 3 not as expected" in result.output

    data = told("test-mapping", "xslt/own", "--accept")
    assert data["accepted"] == [str(document)]
    assert document.read_bytes() == right
    assert told("test-mapping", "xslt/own")["ok"]


def test_a_mapping_without_samples_or_that_cannot_be_used_is_told(here: Path) -> None:
    """No sample proves nothing: exit code 1. A mapping that does not load: 2, its problems named, the others run."""
    shutil.rmtree(here / "xslt" / "own" / "samples")
    assert "no samples" in gateway("test-mapping", "xslt/own").output
    assert gateway("test-mapping", "xslt/own").exit_code == 1

    (here / "xslt" / "own" / "mapping.toml").write_text('format = "csv"\n')
    data = told("test-mapping", "xslt/own", "csv-status", code=2)
    assert [(one["name"], one["ok"]) for one in data["mappings"]] == [("own", False), ("csv-status", True)]
    assert any("stylesheet" in one["place"] for one in data["mappings"][0]["problems"])
    assert gateway("test-mapping", "absent").exit_code == 2


def test_a_site_has_its_mappings_tested_with_the_shipped_ones(here: Path, simulator: Simulator) -> None:
    """By name alone a site's own mapping is found, before a shipped one of that name."""
    site = Site(here / "site", simulator)
    site.settings()
    shutil.copytree(here / "xslt" / "own", site.root / "xslt" / "csv-status")
    (one,) = told("test-mapping", "csv-status", site=site.root)["mappings"]
    assert (one["ok"], one["folder"]) == (True, str(site.root / "xslt" / "csv-status"))


def test_a_proposal_is_written_whole_and_runs(here: Path, simulator: Simulator) -> None:
    """Folder, sample and expected result; what was guessed and what was not; check, explain and test-mapping run."""
    site = Site(here / "site", simulator)
    site.routes = [{"name": "new", "match": "*.csv", "mapping": "new-erp", "account": "main"}]
    site.settings()
    data = told("init-mapping", "new-erp", "--from", "sample.csv", site=site.root)
    folder = site.root / "xslt" / "new-erp"
    assert data["files"] == ["mapping.toml", "order.xsl", "samples/basic.csv", "samples/basic.expected.json"]
    assert (folder / "samples" / "basic.csv").read_bytes() == EXPORT
    assert data["to_fill_in"] == ["buyer_id"]
    assert {one["what"]: one["value"] for one in data["guesses"]}["order number"] == '"Tilausnro"'
    assert told("check", site=site.root)["ok"]
    assert told("test-mapping", "new-erp", site=site.root)["ok"]

    stylesheet = folder / "order.xsl"
    unfilled = 'name="buyer-id" select="\'\'"'
    stylesheet.write_text(stylesheet.read_text().replace(unfilled, "name=\"buyer-id\" select=\"'1000'\""))
    told("test-mapping", "new-erp", "--accept", site=site.root)
    assert sorted(path.name for path in (folder / "samples" / "basic.expected").iterdir()) == ["1.xml", "2.xml"]
    assert not (folder / "samples" / "basic.expected.json").exists()
    site.drop("today.csv", EXPORT)
    assert told("explain", str(site.inbox / "today.csv"), site=site.root)["counts"] == {"ready": 2}


def test_nothing_is_overwritten_and_nothing_written_for_a_refusal(here: Path) -> None:
    """A folder that is there stays as it is; what is no export is refused by name, and leaves no folder."""
    before = (here / "xslt" / "own" / "mapping.toml").read_bytes()
    assert gateway("init-mapping", "own", "--from", "sample.csv").exit_code == 2
    assert (here / "xslt" / "own" / "mapping.toml").read_bytes() == before

    (here / "book.csv").write_bytes(b"PK\x03\x04rest")
    result = gateway("init-mapping", "new", "--from", "book.csv")
    assert (result.exit_code, "Excel" in result.output) == (2, True)
    assert gateway("init-mapping", "new", "--from", "absent.csv").exit_code == 2
    assert gateway("init-mapping", "a b", "--from", "sample.csv").exit_code == 2
    assert not (here / "xslt" / "new").exists()


def test_the_guesses_are_told_with_their_evidence(here: Path) -> None:
    """For people: what was guessed and why, what was not, and what to type next."""
    result = gateway("init-mapping", "xslt/new", "--from", "sample.csv")
    assert result.exit_code == 0
    for words in ('"Tilausnro" is a word for it', "fill in buyer id", "gateway explain sample.csv --mapping xslt/new"):
        assert words in result.output, words
    text = (here / "xslt" / "new" / "mapping.toml").read_text(encoding="utf-8")
    assert text.startswith("# A PROPOSAL")
    assert '# guessed: it stands in "Määrä" 1 times, "Hinta" 3 times.\ndecimal = ","' in text
