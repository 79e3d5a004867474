"""One order through its stylesheet: parameters, locks, faults, and the checks on what came out."""

from __future__ import annotations

from pathlib import Path

import pytest
from mapping_help import COPY_NUMBER, STATUS, csv_mapping, xml_mapping

from gateway.documents.xmlio import parse_document, read_prolog
from gateway.errors import SettingsError
from gateway.mapping.mapping import Mapping, MappingStore
from gateway.mapping.schemas import SchemaStore
from gateway.mapping.stylesheets import compile_stylesheet
from gateway.mapping.transform import KEPT_STYLESHEETS, Mapper
from gateway.model import MapRequest, MapResult, MessageKind

SCHEMAS = SchemaStore(None)
ORDER = b'<order number="PO1"><row n="2"><number c="1">PO1</number></row></order>'
UBL = "urn:oasis:names:specification:ubl:schema:xsd:"


def run(mapping: Mapping, canonical: bytes = ORDER, **request: object) -> MapResult:
    """Map one order."""
    made = MapRequest(key=7, mapping=mapping.name, canonical=canonical, **request)  # type: ignore[arg-type]
    return Mapper(SCHEMAS).map_order(mapping, made)


def codes(result: MapResult) -> list[tuple[str, str]]:
    """Return code and severity of the findings."""
    return [(one.code, one.severity) for one in result.findings]


def test_a_valid_order_comes_with_its_facts(tmp_path: Path) -> None:
    """Body in UTF-8 with a declaration, facts, key and hash of the mapping."""
    mapping = csv_mapping(tmp_path / "m")
    result = run(mapping)
    assert result.valid
    assert (result.key, result.mapping_hash) == (7, mapping.hash)
    assert result.body is not None
    assert result.body.startswith(b"<?xml version=")
    assert result.facts is not None
    assert (result.facts.order_number, result.facts.kind) == ("PO1", MessageKind.STATUS)


def test_stylesheets_are_told_of_the_past(tmp_path: Path) -> None:
    """known, change-number and release-as, as texts; quotes in them do no harm."""
    top = "".join(f'<xsl:param name="{name}"/>' for name in ("known", "change-number", "release-as"))
    note = '<xsl:value-of select="concat($known, $change-number, $release-as)"/>'
    body = COPY_NUMBER.replace("</StatusMessage>", f"<Note>{note}</Note></StatusMessage>")
    mapping = csv_mapping(tmp_path / "m", body, top)
    told = run(mapping, known=True, change_number=3, release_as=MessageKind.STATUS)
    assert b"<Note>true3StatusMessage</Note>" in (told.body or b"")
    assert b"<Note>false0</Note>" in (run(mapping).body or b"")


@pytest.mark.parametrize(
    "top",
    [
        '<xsl:output method="text"/>',
        '<xsl:output encoding="iso-8859-1"/>',
        '<xsl:output omit-xml-declaration="yes"/>',
        '<xsl:output indent="yes"/>',
    ],
)
def test_results_are_utf8_whatever_the_stylesheet_says(tmp_path: Path, top: str) -> None:
    """Jakamo takes UTF-8 only."""
    body = STATUS.format('<xsl:value-of select="order/@number"/>').replace("</Status>", "</Status><Note>ä</Note>")
    result = run(csv_mapping(tmp_path / "m", body, top))
    assert result.body is not None
    assert result.body.startswith(b"<?xml version=")
    assert (read_prolog(result.body).declared or "UTF-8").upper() == "UTF-8"
    assert parse_document(result.body).findtext("Note") == "ä"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("only text", "gave no document"),
        ("", "gave no document"),
        ("<Invoice/>", 'root is "Invoice"'),
        ("<Order/>", "stands in no namespace"),
        (f'<Order xmlns="{UBL}OrderChange-2"/>', "stands in the namespace"),
        ('<StatusMessage xmlns="urn:x"/>', "stands in the namespace"),
        (f'<OrderResponse xmlns="{UBL}OrderResponse-2"/>', 'root is "OrderResponse"'),
    ],
)
def test_the_root_must_be_one_of_ours(tmp_path: Path, body: str, words: str) -> None:
    """An empty or foreign result is caught before any schema is asked."""
    result = run(csv_mapping(tmp_path / "m", body))
    assert codes(result) == [("unknown-root", "error")]
    assert words in result.findings[0].message
    assert (result.body, result.facts, result.valid) == (None, None, False)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("<xsl:copy-of select=\"document('/etc/hostname')\"/>", "denied"),
        ("<xsl:copy-of select=\"document('order.xsl')\"/>", "refused"),
        ("<xsl:copy-of select=\"document('http://127.0.0.1:1/x')\"/>", "denied"),
        ('<exsl:document href="out.xml"><a/></exsl:document>', "denied"),
        ('<xsl:value-of select="nothing()"/>', "Unregistered function"),
        ('<xsl:value-of select="$nothing"/>', "nothing"),
    ],
)
def test_stylesheets_reach_no_file_and_no_network(tmp_path: Path, body: str, words: str) -> None:
    """Denied, and the finding names the stylesheet and its line."""
    result = run(csv_mapping(tmp_path / "m", f"<o>{body}</o>"))
    assert codes(result) == [("mapping-fault", "error")]
    assert words in result.findings[0].message
    assert "(order.xsl, line 1)" in result.findings[0].message
    assert not (tmp_path / "m" / "out.xml").exists()


def test_endless_recursion_is_a_mapping_fault(tmp_path: Path) -> None:
    """libxslt notices it by itself."""
    top = '<xsl:template name="r"><xsl:call-template name="r"/></xsl:template>'
    result = run(csv_mapping(tmp_path / "m", '<xsl:call-template name="r"/>', top))
    assert codes(result) == [("mapping-fault", "error")]
    assert "recursion" in result.findings[0].message


def test_a_stylesheet_may_refuse_or_remark(tmp_path: Path) -> None:
    """xsl:message is shown as a warning; with terminate it refuses the order in the integrator's words."""
    remark = run(csv_mapping(tmp_path / "a", f"<xsl:message>No price</xsl:message>{COPY_NUMBER}"))
    assert remark.valid
    assert codes(remark) == [("stylesheet-message", "warning")]
    refused = run(csv_mapping(tmp_path / "b", '<xsl:message terminate="yes">Unit KPL is not known</xsl:message>'))
    assert codes(refused) == [("refused-by-stylesheet", "error")]
    assert refused.findings[0].message == "Unit KPL is not known"


def test_the_order_number_may_not_change_on_the_way(tmp_path: Path) -> None:
    """Lane and URL were chosen by the number in the source: a stylesheet that writes another breaks both."""
    result = run(csv_mapping(tmp_path / "m", STATUS.format("PO2")))
    assert codes(result) == [("order-number-changed", "error")]
    assert result.findings[0].expected == "PO1"


def test_a_document_must_be_what_it_is_released_as(tmp_path: Path) -> None:
    """A person said OrderChange: a stylesheet that ignores it must not send an Order in its place."""
    result = run(csv_mapping(tmp_path / "m"), release_as=MessageKind.CHANGE)
    assert codes(result) == [("released-as-other", "error")]


def test_a_document_without_a_number_is_refused(tmp_path: Path) -> None:
    """On a route that only warns the schema does not say it, but nothing can be sent without a number."""
    result = run(csv_mapping(tmp_path / "m", "<StatusMessage><Status>Cancelled</Status></StatusMessage>"), strict=False)
    assert codes(result)[-1] == ("unknown-document", "error")


def test_pass_through_sends_the_bytes_as_they_came() -> None:
    """Byte for byte, also where a stylesheet would have written it otherwise; UTF-8 only."""
    mapping = MappingStore(None).get("ubl")
    body = b"<StatusMessage>\r\n<OrderID >PO1</OrderID><Status>Cancelled</Status></StatusMessage>"
    assert run(mapping, body).body == body
    latin = b"<?xml version='1.0' encoding='iso-8859-1'?>" + body
    assert codes(run(mapping, latin)) == [("encoding", "error")]
    assert codes(run(mapping, body, release_as=MessageKind.ORDER)) == [("released-as-other", "error")]


def test_findings_are_placed_in_the_source(tmp_path: Path) -> None:
    """A schema fault behind a stylesheet names row and column where the value tells it."""
    body = STATUS.format('<xsl:value-of select="order/@number"/>').replace(
        "Cancelled", '<xsl:value-of select="order/row/line"/>'
    )
    canonical = ORDER.replace(b"</row>", b'<line c="2" raw="005">5</line></row>')
    result = run(csv_mapping(tmp_path / "m", body), canonical)
    (finding,) = result.findings
    assert (finding.code, finding.row, finding.column, finding.value) == ("unknown-code", 2, "Line", "005")
    assert finding.expected == "one of Cancelled, Received, Delivered"


def test_compiled_stylesheets_are_kept_in_bounded_number(tmp_path: Path) -> None:
    """Years of edited mappings must not fill the memory."""
    mapper = Mapper(SCHEMAS)
    mapping = csv_mapping(tmp_path / "m")
    for number in range(KEPT_STYLESHEETS + 3):
        version = Mapping(mapping.name, mapping.folder, str(number), mapping.declared)
        mapper.map_order(version, MapRequest(key=1, mapping="m", canonical=ORDER))
    assert len(mapper._stylesheets) == KEPT_STYLESHEETS


def test_a_mapping_without_stylesheet_has_none_to_compile(tmp_path: Path) -> None:
    """A fault of ours is told as a problem of the settings; so is a stylesheet that has gone."""
    with pytest.raises(SettingsError, match="no stylesheet"):
        compile_stylesheet(MappingStore(None).get("ubl"))
    mapping = xml_mapping(tmp_path / "m")
    (tmp_path / "m" / "order.xsl").unlink()
    with pytest.raises(SettingsError, match="cannot be used"):
        compile_stylesheet(mapping)
