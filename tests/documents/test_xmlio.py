"""The one module that makes XML parsers."""

from __future__ import annotations

import codecs
import re
import time
from pathlib import Path

import pytest
from lxml import etree

from gateway.documents.xmlio import (
    LINE_LIMIT,
    TrustedFolders,
    XmlError,
    element_lines,
    parse_document,
    parse_trusted,
    read_prolog,
)

GATEWAY = Path(__file__).resolve().parents[2] / "gateway"
EXTERNAL = b'<?xml version="1.0"?>\n<!DOCTYPE a SYSTEM "http://example.org/a.dtd">\n<a>x</a>'
BOMB = b'<!DOCTYPE a [<!ENTITY x "1234567890"><!ENTITY y "&x;&x;&x;&x;&x;&x;&x;&x;&x;">]><a>&y;</a>'


def refusal(data: bytes, doctype: str = "refuse") -> XmlError:
    """Return why a document is refused."""
    with pytest.raises(XmlError) as caught:
        parse_document(data, doctype=doctype)
    return caught.value


def test_no_other_module_makes_parsers() -> None:
    """Parsers of lxml are made in one place, where their locks can be seen at a glance."""
    makers = re.compile(r"XMLParser|HTMLParser|iterparse|XMLPullParser|etree\.(fromstring|parse|XML)\(")
    allowed = {GATEWAY / "documents" / "xmlio.py"}
    simulator = GATEWAY / "simulator"
    found = [
        path.relative_to(GATEWAY).as_posix()
        for path in GATEWAY.rglob("*.py")
        if path not in allowed and simulator not in path.parents and makers.search(path.read_text(encoding="utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize(
    "data",
    [
        b"<a/>",
        b'<?xml version="1.0" encoding="UTF-8"?>\n<a>x</a>',
        codecs.BOM_UTF8 + "<a>ä</a>".encode(),
        "<a>ä</a>".encode("utf-16"),
        '<?xml version="1.0" encoding="utf-16"?><a>ä</a>'.encode("utf-16"),
        '<?xml version="1.0" encoding="utf-16"?><a>ä</a>'.encode("utf-16-le"),
        '<?xml version="1.0" encoding="utf-16"?><a>ä</a>'.encode("utf-16-be"),
        '<?xml version="1.0" encoding="iso-8859-1"?><a>ä</a>'.encode("iso-8859-1"),
        '<?xml version="1.0" encoding="windows-1252"?><a>€</a>'.encode("windows-1252"),
        b"\n <!-- comment <!DOCTYPE in it --> <?pi <!DOCTYPE?> <a/>",
    ],
)
def test_well_formed_documents_are_read(data: bytes) -> None:
    """Encodings of real exports, byte order marks, comments and instructions before the root are fine."""
    assert parse_document(data).tag == "a"


@pytest.mark.parametrize(
    ("data", "code", "line"),
    [
        (b"", "empty", None),
        (b" \n\t", "empty", None),
        (b"hello", "not-xml", 1),
        (b"<a>\n<b></a>", "malformed", 2),
        (b"<a/>\ntail", "malformed", 2),
        (b"<!-- first -->\n<?xml version='1.0'?><a/>", "malformed", 2),
        (b"<a>\n&nbsp;</a>", "malformed", 2),
        (b"<a>\x01</a>", "malformed", 1),
        (b"<x:a/>", "malformed", 1),
        (b"<a b='1' b='2'/>", "malformed", 1),
        (b"<a>\n<b>", "incomplete", 2),
        (b"<a>\n<b attr='", "incomplete", 2),
        ("<a>ä</a>".encode("latin-1"), "encoding", 1),
        (b"<?xml version='1.0' encoding='klingon'?><a/>", "encoding", 1),
        (b"<?xml version='1.0' encoding='utf-7'?><a/>", "encoding", 1),
        (b"<?xml version='1.0' encoding='windows-1252'?><a>\x81</a>", "encoding", 1),
        (codecs.BOM_UTF8 + b"<?xml version='1.0' encoding='iso-8859-1'?><a/>", "encoding", 1),
        ("<?xml version='1.0' encoding='utf-8'?><a/>".encode("utf-16"), "encoding", 1),
        (b"<?xml version='1.0' encoding='utf-16'?><a/>", "encoding", 1),
        (codecs.BOM_UTF32_LE + "<a/>".encode("utf-32-le"), "encoding", None),
        (codecs.BOM_UTF16_LE + b"<\x00a\x00/\x00>\x00\x00\xd8", "encoding", None),
        (EXTERNAL, "doctype", 2),
        (BOMB, "doctype", 1),
    ],
)
def test_faults_have_code_and_line(data: bytes, code: str, line: int | None) -> None:
    """Each way to be no document has its own code, and the line where a person must look."""
    error = refusal(data)
    assert (error.code, error.line) == (code, line)
    assert str(error).endswith(".")


def test_every_prefix_of_a_document_is_incomplete() -> None:
    """A file cut off at any byte may only not be finished: it can wait, so it must be told from a broken one."""
    document = '<?xml version="1.0"?>\n<a x="1"><!-- ä --><b><![CDATA[q]]>tä</b></a>'.encode()
    codes = {refusal(document[:size]).code for size in range(1, len(document))}
    assert codes == {"incomplete"}


def test_wrong_byte_is_named() -> None:
    """An encoding error names the byte, its offset and what it may be instead."""
    assert "byte 3 (0xE4) is not valid utf-8" in str(refusal("<a>ä</a>".encode("latin-1")))
    assert "Windows-1252" in str(refusal("<a>ä</a>".encode("latin-1")))


def test_external_doctype_may_be_ignored_and_is_not_loaded() -> None:
    """A declared format may carry an external identifier; the address is not asked (nobody is there to answer)."""
    assert parse_document(EXTERNAL, doctype="ignore").text == "x"
    wide = '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE a SYSTEM "file:///etc/hostname"><a>ä</a>'
    assert parse_document(wide.encode("utf-16"), doctype="ignore").text == "ä"
    assert parse_document(wide.encode("utf-16-be"), doctype="ignore").text == "ä"


def test_line_numbers_survive_an_ignored_doctype() -> None:
    """Blanking the DOCTYPE out must not move the lines that findings name."""
    data = b"<!DOCTYPE a\n SYSTEM 'x.dtd'\n>\n<a>\n<b/></a>"
    assert [line for _one, line in element_lines(parse_document(data, doctype="ignore"), data)] == [4, 5]


def test_internal_subset_is_refused_always() -> None:
    """Definitions of its own are where entity bombs live: no setting lets them in."""
    for data in (BOMB, b"<!DOCTYPE a SYSTEM 'x' [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><a>&e;</a>", b"<!DOCTYPE a"):
        assert refusal(data, "ignore").code == "doctype"


def test_entity_of_an_ignored_doctype_is_an_error() -> None:
    """What the DTD would define is unknown to us: text may not vanish in silence."""
    error = refusal(b"<!DOCTYPE a SYSTEM 'x.dtd'><a>&company;</a>", "ignore")
    assert error.code == "malformed"
    assert "entity" in str(error)


def test_limits_stay_on() -> None:
    """Huge texts and deep nesting are refused within a second, in words that say so."""
    started = time.monotonic()
    assert refusal(b"<a>" + b"x" * 10_500_000 + b"</a>").code == "limits"
    assert refusal(b"<a>" * 3000 + b"</a>" * 3000).code == "limits"
    assert time.monotonic() - started < 5


def test_prolog_is_read_without_a_parser() -> None:
    """Encoding, root and DOCTYPE are told from the first bytes."""
    prolog = read_prolog(b"<?xml version='1.0' encoding='iso-8859-1'?><!-- x --><p:Order/>")
    assert (prolog.declared, prolog.root, prolog.doctype) == ("iso-8859-1", "p:Order", None)


def test_lines_beyond_the_limit_of_libxml2() -> None:
    """A finding in line 70,000 says 70,000, not 65,535."""
    data = b"<a>" + b"\n" * (LINE_LIMIT + 5) + b"<b/></a>"
    lines = {element.tag: line for element, line in element_lines(parse_document(data), data)}
    assert lines == {"a": 1, "b": LINE_LIMIT + 6}


def test_trusted_documents_include_only_from_their_folders(tmp_path: Path) -> None:
    """A stylesheet reaches its own folder and the shared one, also where that stands elsewhere; nothing else."""
    mine, shared = tmp_path / "site" / "mine", tmp_path / "shipped" / "common"
    mine.mkdir(parents=True)
    shared.mkdir(parents=True)
    sheet = '<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">{}</xsl:stylesheet>'
    (shared / "a.xsl").write_text(sheet.format('<xsl:template name="a"><got/></xsl:template>'), encoding="utf-8")
    folders = TrustedFolders([[mine], [tmp_path / "site" / "common", shared]])

    def run(href: str) -> str:
        body = f'<xsl:import href="{href}"/><xsl:template match="/"><xsl:call-template name="a"/></xsl:template>'
        (mine / "order.xsl").write_text(sheet.format(body), encoding="utf-8")
        return str(etree.XSLT(parse_trusted(mine / "order.xsl", folders))(etree.Element("x")))

    assert "<got/>" in run("../common/a.xsl")
    for outside in ("/etc/hostname", "http://127.0.0.1:1/a.xsl", "../common/none.xsl", "../../shipped/a.xsl"):
        with pytest.raises(XmlError, match="not a file of the mapping or schema folders"):
            run(outside)


def test_trusted_documents_carry_no_doctype_and_are_well_formed(tmp_path: Path) -> None:
    """Our own files are held to the same rules."""
    path = tmp_path / "a.xsd"
    for text, code in (("<!DOCTYPE a []><a/>", "doctype"), ("<a>", "incomplete")):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(XmlError) as caught:
            parse_trusted(path, TrustedFolders([[tmp_path]]))
        assert caught.value.code == code
