"""Which processor runs a stylesheet: its own version says; and how the one for 2.0 and 3.0 behaves."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from mapping_help import COPY_NUMBER, CSV_TOML, STATUS, write_folder

from gateway.errors import SettingsError
from gateway.mapping.mapping import load_mapping
from gateway.mapping.schemas import SchemaStore
from gateway.mapping.stylesheets import compile_stylesheet
from gateway.mapping.transform import Mapper
from gateway.mapping.worker import Worker
from gateway.model import MapRequest, MapResult, MessageKind

ORDER = b'<order number="PO1"><row n="2"><number c="1">PO1</number></row></order>'
TEXT = STATUS.format("{order/@number}").replace("Cancelled", "{('Cancelled', 'Received')[1]}")


def sheet(folder: Path, version: str, body: str = COPY_NUMBER, top: str = "", attributes: str = "") -> Path:
    """Write a mapping with a stylesheet of a version."""
    write_folder(folder, CSV_TOML, body, top)
    path = folder / "order.xsl"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('version="1.0"', f'version="{version}" {attributes}', 1), encoding="utf-8")
    return folder


def run(folder: Path, **request: object) -> MapResult:
    """Map one order."""
    mapping = load_mapping(folder)
    made = MapRequest(key=7, mapping="m", canonical=ORDER, **request)  # type: ignore[arg-type]
    return Mapper(SchemaStore(None)).map_order(mapping, made)


def problems(folder: Path) -> str:
    """Return what is wrong with a stylesheet."""
    with pytest.raises(SettingsError) as caught:
        compile_stylesheet(load_mapping(folder))
    return str(caught.value)


@pytest.mark.parametrize("version", ["2.0", "3.0"])
def test_a_stylesheet_of_3_0_is_run_as_such(tmp_path: Path, version: str) -> None:
    """What only XSLT 3.0 knows works; the same checks, facts and hash as ever."""
    pytest.importorskip("saxonche")
    attributes = 'expand-text="yes"' if version == "3.0" else ""
    result = run(sheet(tmp_path / "m", version, TEXT if version == "3.0" else COPY_NUMBER, attributes=attributes))
    assert result.valid, result.findings
    assert result.facts is not None
    assert (result.facts.order_number, result.facts.kind) == ("PO1", MessageKind.STATUS)
    assert (result.body or b"").startswith(b'<?xml version="1.0" encoding="UTF-8"?>')


def test_it_is_told_of_the_past_as_ever(tmp_path: Path) -> None:
    """known, change-number and release-as, as texts."""
    pytest.importorskip("saxonche")
    top = "".join(f'<xsl:param name="{name}"/>' for name in ("known", "change-number", "release-as"))
    body = COPY_NUMBER.replace("</StatusMessage>", "<Note>{$known}{$change-number}{$release-as}</Note></StatusMessage>")
    folder = sheet(tmp_path / "m", "3.0", body, top, 'expand-text="yes"')
    told = run(folder, known=True, change_number=3, release_as=MessageKind.STATUS)
    assert b"<Note>true3StatusMessage</Note>" in (told.body or b"")
    assert b"<Note>false0</Note>" in (run(folder).body or b"")


def test_its_messages_are_heard(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A remark is a warning, a terminating one refuses; nothing of it is written to the service's own output."""
    pytest.importorskip("saxonche")
    remark = run(sheet(tmp_path / "a", "3.0", f"<xsl:message>No price</xsl:message>{COPY_NUMBER}"))
    assert remark.valid
    assert [(one.code, one.severity, one.message) for one in remark.findings] == [
        ("stylesheet-message", "warning", "No price")
    ]
    refused = run(sheet(tmp_path / "b", "3.0", '<xsl:message terminate="yes">Unit KPL is not known</xsl:message>'))
    assert [(one.code, one.message) for one in refused.findings] == [("refused-by-stylesheet", "Unit KPL is not known")]
    run(sheet(tmp_path / "c", "3.0", "<o><xsl:value-of select=\"error((), 'lost')\"/></o>"))
    assert capfd.readouterr().err == ""


def test_a_failure_names_file_and_line(tmp_path: Path) -> None:
    """Also when it lies in an imported module; whether found at the start or with an order."""
    pytest.importorskip("saxonche")
    common = tmp_path / "common"
    common.mkdir()
    module = (
        '<xsl:stylesheet version="3.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:template name="inner">\n\n'
        "<xsl:sequence select=\"{}\"/></xsl:template></xsl:stylesheet>"
    )
    top, body = '<xsl:import href="../common/inner.xsl"/>', '<xsl:call-template name="inner"/>'
    (common / "inner.xsl").write_text(module.format("error((), 'lost')"), encoding="utf-8")
    (finding,) = run(sheet(tmp_path / "m", "3.0", body, top)).findings
    assert (finding.code, finding.message) == ("mapping-fault", "The stylesheet failed (inner.xsl, line 3): lost.")
    (common / "inner.xsl").write_text(module.format("$nothing"), encoding="utf-8")
    assert "inner.xsl, line 3: " in problems(tmp_path / "m")
    assert "base64" not in problems(tmp_path / "m")
    (finding,) = run(sheet(tmp_path / "n", "3.0", "\n\n<o><xsl:value-of select=\"error((), 'lost')\"/></o>")).findings
    assert "(order.xsl, line 3)" in finding.message


def test_modules_are_found_as_by_version_1(tmp_path: Path) -> None:
    """A site's mapping finds the shipped templates; a circle or a missing module is told, a comment is none."""
    pytest.importorskip("saxonche")
    body = STATUS.format('<xsl:call-template name="cents-as-amount"><xsl:with-param name="cents" select="123"/>'
                         "</xsl:call-template>")
    top = '<!-- <xsl:import href="old.xsl"/> --><xsl:import href="../common/amount.xsl"/>'
    folder = sheet(tmp_path / "m", "3.0", body, top)
    result = run(folder)
    assert [one.code for one in result.findings] == ["order-number-changed"]
    assert b"<OrderID>1.23</OrderID>" in (result.refused_body or b"")
    assert "is not a file of the mapping" in problems(sheet(tmp_path / "n", "3.0", top='<xsl:import href="no.xsl"/>'))
    assert "imports itself" in problems(sheet(tmp_path / "o", "3.0", top='<xsl:import href="order.xsl"/>'))


def test_an_unknown_version_is_refused(tmp_path: Path) -> None:
    """Nobody can know what it means."""
    assert 'says version="4.0"; expected 1.0, 2.0 or 3.0' in problems(sheet(tmp_path / "m", "4.0"))
    assert "does not say its version" in problems(sheet(tmp_path / "n", ""))


def test_without_the_extra_it_is_said_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By check, and with each order, which waits and is not failed: nothing is wrong with it."""
    monkeypatch.setitem(sys.modules, "saxonche", None)
    sheet(tmp_path / "m", "3.0")
    assert "pip install 'jakamo-file-gateway[xslt3]'" in problems(tmp_path / "m")
    request = MapRequest(key=1, mapping="m", canonical=ORDER)
    (result,) = Worker(tmp_path, None).map([request])
    assert result.findings[0].code == "mapping-settings"
    assert 'the extra "xslt3"' in result.findings[0].message


SPIN = """
import sys
from pathlib import Path
from gateway.mapping import limits
from gateway.mapping.worker import Worker
from gateway.model import MapRequest
limits.GRACE_SECONDS = 0.5
worker = Worker(Path(sys.argv[1]), None)
with limits.at_work(0.5):
    worker.map([MapRequest(key=1, mapping="m", canonical=b'<order number="PO1"/>')])
"""


@pytest.mark.slow
def test_a_worker_that_nobody_watches_ends_itself(tmp_path: Path) -> None:
    """After the gateway was killed, although Saxon never lets Python look at the clock."""
    pytest.importorskip("saxonche")
    spin = '<o><xsl:value-of select="count(for $i in 1 to 90000, $j in 1 to 90000 return $i[. = $j + 90000])"/></o>'
    sheet(tmp_path / "m", "3.0", spin)
    ran = subprocess.run([sys.executable, "-c", SPIN, str(tmp_path)], timeout=30, check=False, capture_output=True)
    assert ran.returncode < 0, ran
