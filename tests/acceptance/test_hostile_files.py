"""Hostile names, sizes and contents: only ever data. One site, one run; nothing harmful comes of any of them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

import pytest

from gateway.simulator import Simulator
from tests.erp_xml import HEAD, TAIL, xml_export, xml_order
from tests.orders import bad, export, row
from tests.site import Site

NAMES = (
    "new\nline.csv", "a\u202egnp.csv", "x" * 251 + ".csv", "ä" * 125 + ".csv", "CON.csv", "blank .csv",
    "Case.csv", "case.csv", "~2.csv", "b~2.csv", "q'uo\"te;$(x).csv", "-dash.csv", "100%.csv",
)
IGNORED = {
    "..csv": "name begins with a dot: hidden or unfinished",
    "dir.csv": "a folder",
    "fifo.csv": "not a plain file (fifo, socket or device)",
    "link.csv": "a link; only plain files are taken",
    "orders.csv.part": "temporary name (.part)",
    "~$orders.csv": "name begins with ~$: lock file of an office program",
}
BOMB = (
    '<?xml version="1.0"?>\n<!DOCTYPE lolz [<!ENTITY l "lol">'
    + "".join(f'<!ENTITY l{n} "{f"&l{n - 1 or str()};" * 10}">' for n in range(1, 10))
    + "]>\n<lolz>&l9;</lolz>"
)
DEEP = HEAD + "<a>" * 100_000 + "</a>" * 100_000 + TAIL
INCLUDE = '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd" parse="text"/>'
NUMBERS = ("../../etc/passwd", "..", "CON", "a:b*c?", "<b>&\"'")
REFUSED = {
    "bomb.xml": ("doctype", "Line 2: Document type not allowed: a DOCTYPE with definitions of its own."),
    "deep.xml": ("limits", "Line 4: The document goes beyond the limits of a safe reader."),
    "large.csv": ("too-large", "The file large.csv has 1,100,000 bytes; at most 1,048,576 are allowed."),
    "bom.csv": (
        "encoding",
        (
            "The file begins with the byte order mark of utf-8, but the mapping declares windows-1252. "
            "Expected: a file in windows-1252, or the mapping's encoding corrected."
        ),
    ),
    "utf16.csv": (
        "encoding",
        (
            "The file begins with the byte order mark of utf-16, but the mapping declares windows-1252. "
            "Expected: a file in windows-1252, or the mapping's encoding corrected."
        ),
    ),
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site in whose inbox all of it lay at once, after the gateway came to rest."""
    with Simulator() as simulator:
        site = Site(tmp_path_factory.mktemp("site"), simulator, intake={"max_file_mb": 1})
        site.inbox.mkdir(parents=True)
        for number, name in enumerate(NAMES):
            (site.inbox / name).write_bytes(export(row(f"PO-{number}"), bad(f"PB-{number}")))
        (site.inbox / os.fsdecode(b"raw\xff.csv")).write_bytes(export(row("PO-RAW")))
        (site.inbox / "link.csv").symlink_to("/etc/passwd")
        os.mkfifo(site.inbox / "fifo.csv")
        (site.inbox / "dir.csv").mkdir()
        for name in ("..csv", "orders.csv.part", "~$orders.csv"):
            (site.inbox / name).write_bytes(export(row("PO-IGNORED")))
        (site.inbox / "bomb.xml").write_text(BOMB)
        (site.inbox / "deep.xml").write_text(DEEP)
        (site.inbox / "include.xml").write_text(
            xml_export(xml_order("PX-1")).replace("<p:Header>\n", f"<p:Header>\n{INCLUDE}\n")
        )
        (site.inbox / "large.csv").write_bytes(b"x" * 1_100_000)
        (site.inbox / "bom.csv").write_bytes(b"\xef\xbb\xbf" + export(row("PO-BOM")))
        (site.inbox / "utf16.csv").write_bytes(export(row("PO-UTF16")).decode("cp1252").encode("utf-16"))
        nul, bell = row("PN-1").replace("Välilevy", "V\0"), row("PN-2").replace("Välilevy", "V\a")
        (site.inbox / "control.csv").write_bytes(export(nul, bell, row("PN-3")))
        (site.inbox / "formula.csv").write_bytes(export(row("PF-1").replace("Välilevy 10", "=cmd|' /C calc'!A0")))
        (site.inbox / "numbers.csv").write_bytes(export(*map(bad, NUMBERS[:4]), row(NUMBERS[4])))
        site.run()
        yield site


def test_every_file_name_is_only_data(site: Site) -> None:
    """Line ends, direction marks, 255 bytes, device names, two that differ in case: each is taken, sent and filed."""
    orders = {f"PO-{number}" for number in range(len(NAMES))} | {"PO-RAW"}
    assert orders <= {number for _, number in site.sent()}
    printable = [name.replace("\n", "%0A").replace("\u202e", "%E2%80%AE") for name in NAMES]
    assert {*printable, "raw%FF.csv"} <= set(site.done())
    for number, name in enumerate(printable):
        extracts = [one for one in site.errors() if one.endswith(f".PB-{number}.csv")]
        assert len(extracts) == 1
        assert extracts[0].startswith(name.removesuffix(".csv")[:50])
        assert site.reason(extracts[0])["messages"][0]["code"] == "bad-date"


def test_what_is_no_plain_file_or_not_finished_is_ignored_and_listed(site: Site) -> None:
    """Links, fifos, folders, hidden and temporary names stay where they are, each with its reason for `status`."""
    gateway = site.gateway()
    try:
        gateway.parts.scanner.step()
        seen = gateway.parts.scanner.reports[""].observation
        assert seen is not None
        assert {one.entry.name: one.reason for one in seen.ignored} == IGNORED
    finally:
        gateway.close()
    assert "PO-IGNORED" not in {number for _, number in site.sent()}


@pytest.mark.parametrize("name", REFUSED)
def test_bombs_depth_size_and_marks_are_refused_whole(site: Site, name: str) -> None:
    """Entity bombs, nesting, size and contradicting byte order marks: refused at once, each with its reason."""
    reason = site.reason(name)
    assert (reason["state"], reason["code"], reason["reason"]) == ("rejected", *REFUSED[name])
    assert reason["reason"] in site.reason_text(name)


def test_a_file_that_is_too_large_is_moved_as_it_is(site: Site) -> None:
    """It is not read, not kept twice, and does not keep other files from error/."""
    assert (site.error / "large.csv").stat().st_size == 1_100_000


def test_nothing_is_included_from_elsewhere(site: Site) -> None:
    """An XInclude in an order is an unknown element, not a command."""
    (document,) = site.simulator.ledger.documents_of("PX-1")
    assert b"root:" not in document.body


def test_control_characters_fail_their_order_and_are_named(site: Site) -> None:
    """NUL and bell name row, column and code point; the order without goes."""
    found = [site.reason(f"control.PN-{number}.csv")["messages"][0]["findings"][0] for number in (1, 2)]
    assert [(one["code"], one["row"], one["column"]) for one in found] == [
        ("control-character", 2, "Description"), ("control-character", 3, "Description"),
    ]
    assert ["U+0000" in found[0]["message"], "U+0007" in found[1]["message"]] == [True, True]
    assert site.simulator.ledger.documents_of("PN-3") != ()


def test_formulas_are_passed_on_as_text(site: Site) -> None:
    """A cell that a spreadsheet would run is a name like any other."""
    (document,) = site.simulator.ledger.documents_of("PF-1")
    assert b"<cbc:Name>=cmd|' /C calc'!A0</cbc:Name>" in document.body


def test_order_numbers_never_become_paths(site: Site) -> None:
    """Extracts of hostile order numbers lie in error/ itself, under harmless names that do not meet."""
    extracts = [name for name in site.errors() if name.startswith("numbers.")]
    assert len(extracts) == 4
    assert all(re.fullmatch(r"numbers\.[A-Za-z0-9._-]+-[0-9a-f]{8}\.csv", name) for name in extracts)
    assert {site.reason(name)["messages"][0]["order"] for name in extracts} == set(NUMBERS[:4])
    assert site.simulator.ledger.documents_of(NUMBERS[4]) != ()


def test_everything_has_one_place(site: Site) -> None:
    """Nothing is left but what is ignored; no incident is open."""
    assert site.left_over() == sorted(name for name in IGNORED if name not in ("dir.csv", "fifo.csv"))
    assert site.incidents() == []
