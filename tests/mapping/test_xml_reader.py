"""A proprietary XML into orders: split, checked where the values stand, extracted in its own envelope."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from mapping_help import xml_mapping

from gateway.errors import FileRejected
from gateway.mapping.mapping import Mapping
from gateway.mapping.reading import extract_source, read_source
from gateway.model import Finding, MessageKind, OrderSource

DOCUMENT = """<?xml version="1.0" encoding="UTF-8"?>
<Orders xmlns="urn:example:erp" site="FI">
  <Sender><Name>Example Buyer Oy</Name></Sender>
  <Order no="PO1" action="new">
    <Date>2026-02-01</Date>
    <Lines><Line no="10"><Qty>1,5</Qty></Line><Line no="20"><Qty>2</Qty></Line></Lines>
  </Order>
  <Order no="PO2" action="update"><Rev>2</Rev><Date>2026-02-02</Date></Order>
</Orders>
"""
MORE = """
revision = "e:Rev"
kind = { path = "@action", values = { new = "Order", update = "OrderChange" } }
decimal = ","
dates = ["yyyy-mm-dd"]
envelope = ["/e:Orders/e:Sender", "/e:Orders/@site"]
[[xml.lines]]
path = "e:Lines/e:Line"
number = "@no"
[[xml.fields]]
path = "e:Date"
type = "date"
required = true
[[xml.fields]]
path = "e:Qty"
of = "line"
type = "decimal"
required = true
[[xml.fields]]
path = "@no"
max_length = 5
"""


@pytest.fixture
def mapping(tmp_path: Path) -> Mapping:
    """An XML mapping with everything that can be declared."""
    return xml_mapping(tmp_path / "erp", MORE)


def orders(mapping: Mapping, text: str | bytes) -> tuple[OrderSource, ...]:
    """Return the orders of a document."""
    data = text if isinstance(text, bytes) else text.encode()
    return read_source(mapping, data, name="orders.xml", trailer=False).orders


def refusal(mapping: Mapping, text: str | bytes) -> FileRejected:
    """Return why a document is refused."""
    with pytest.raises(FileRejected) as caught:
        orders(mapping, text)
    return caught.value


def places(order: OrderSource) -> list[tuple[str, int | None, str | None]]:
    """Return code, line and path of the findings of an order."""
    return [(one.code, one.line, one.path) for one in order.findings]


def test_orders_are_split_with_number_kind_and_revision(mapping: Mapping) -> None:
    """One canonical tree an order."""
    found = orders(mapping, DOCUMENT)
    assert [(one.order_number, one.kind_hint, one.revision, one.findings) for one in found] == [
        ("PO1", MessageKind.ORDER, None, ()),
        ("PO2", MessageKind.CHANGE, "2", ()),
    ]


def test_canonical_tree_holds_envelope_subtree_and_lines(mapping: Mapping) -> None:
    """The stylesheet sees what is declared outside the order, the order as written, and the line of each element."""
    tree = etree.fromstring(orders(mapping, DOCUMENT)[1].canonical)
    assert dict(tree.attrib) == {"number": "PO2", "kind": "OrderChange", "revision": "2"}
    envelope, order = tree
    assert envelope.get("site") == "FI"
    name = envelope.find("{urn:example:erp}Sender/{urn:example:erp}Name")
    assert name is not None
    assert (name.text, name.get("{urn:gateway:source}line")) == ("Example Buyer Oy", "3")
    assert order.tag == "{urn:example:erp}Order"
    assert [one.get("{urn:gateway:source}line") for one in order.iter()] == ["8", "8", "8"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("<Date>2026-02-01</Date>", "<Date>01.02.2026</Date>", [("bad-date", 5, "/Orders/Order[1]/Date")]),
        ("<Date>2026-02-01</Date>", "", [("missing-value", 4, "/Orders/Order[1]/Date")]),
        ("<Date>2026-02-01</Date>", "<Date/>", [("missing-value", 5, "/Orders/Order[1]/Date")]),
        ("<Qty>2</Qty>", "<Qty>2.5</Qty>", [("bad-decimal", 6, "/Orders/Order[1]/Lines/Line[2]/Qty")]),
        ("<Qty>2</Qty>", "", [("missing-value", 6, "/Orders/Order[1]/Lines/Line[2]/Qty")]),
        ('no="20"', 'no="10"', [("duplicate-line", 6, "/Orders/Order[1]/Lines/Line[2]")]),
        ('no="PO1"', 'no="PO1-LONG"', [("too-long", 4, "/Orders/Order[1]/@no")]),
        ('action="new"', 'action="drop"', [("unknown-kind", 4, "/Orders/Order[1]/@action")]),
        ('action="new"', "", []),
    ],
)
def test_values_are_checked_at_their_element(mapping: Mapping, old: str, new: str, expected: Any) -> None:
    """Line and path of the source; the other order goes on."""
    first, second = orders(mapping, DOCUMENT.replace(old, new, 1))
    assert places(first) == expected
    assert second.findings == ()


def test_several_faults_of_an_order_are_told_at_once(mapping: Mapping) -> None:
    """Everything wrong with an order in one report."""
    text = DOCUMENT.replace("2026-02-01", "soon").replace("1,5", "x").replace('no="20"', 'no="10"')
    assert [code for code, _line, _path in places(orders(mapping, text)[0])] == [
        "bad-date", "bad-decimal", "duplicate-line",
    ]  # fmt: skip


def test_the_same_order_twice_fails(mapping: Mapping) -> None:
    """Two subtrees of one number, kind and revision are two versions: nobody knows which holds."""
    text = DOCUMENT.replace('no="PO2" action="update"><Rev>2</Rev>', 'no="PO1" action="new">')
    (order,) = orders(mapping, text)
    assert [code for code, _line, _path in places(order)] == ["duplicate-order"]
    assert "lines 4 and 8" in order.findings[0].message


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("", "empty", None),
        ("Order;Date\nPO1;x\n", "file-type", None),
        ("just a note", "file-type", None),
        ("EDI_DC40  100", "file-type", None),
        ("UNB+UNOC:3+A+B'", "file-type", None),
        ("%PDF-1.7", "file-type", None),
        (DOCUMENT.replace("</Sender>", ""), "broken-xml", 9),
        (DOCUMENT.replace("</Orders>", ""), "incomplete", 10),
        (DOCUMENT.replace("<Orders", "<!DOCTYPE Orders SYSTEM 'x'><Orders"), "doctype", 2),
        (DOCUMENT.encode("latin-1").replace(b"Oy", b"\xd6y"), "encoding", 3),
        (DOCUMENT.replace("UTF-8", "iso-8859-1").replace("Oy", "Öy"), "encoding", None),
        (DOCUMENT.replace("urn:example:erp", "urn:other"), "unknown-root", 2),
        ("<Invoice/>", "unknown-root", 1),
        (DOCUMENT.replace(' no="PO2"', ""), "order-without-number", 8),
        (DOCUMENT.replace(' no="PO2"', ' no=" "'), "order-without-number", 8),
    ],
)
def test_faults_of_the_document_refuse_the_file(
    mapping: Mapping, text: str | bytes, code: str, line: int | None
) -> None:
    """Nothing of a file is sent whose structure cannot be trusted."""
    refused = refusal(mapping, text)
    first = refused.findings[0]
    assert isinstance(first, Finding)
    assert (refused.code, first.line) == (code, line)


def test_csv_given_to_an_xml_mapping_is_named(mapping: Mapping) -> None:
    """The reason says what it looks like."""
    assert "separated by semicolons" in str(refusal(mapping, "Order;Date\nPO1;x\n"))


def test_a_root_without_orders_is_a_good_file(mapping: Mapping) -> None:
    """An export of a day without orders."""
    assert orders(mapping, '<Orders xmlns="urn:example:erp"/>') == ()


def test_an_order_number_in_several_places_must_agree(tmp_path: Path) -> None:
    """Two numbers for one order: the file is refused rather than one of them guessed."""
    mapping = xml_mapping(tmp_path / "m")
    mapping.paths.order_number = etree.XPath("//e:No", namespaces={"e": "urn:example:erp"})
    text = '<Orders xmlns="urn:example:erp"><Order><No>1</No><No>{}</No></Order></Orders>'
    assert orders(mapping, text.format("1"))[0].order_number == "1"
    assert refusal(mapping, text.format("2")).code == "several-order-numbers"


def test_kind_by_root_and_several_split_paths(tmp_path: Path) -> None:
    """Formats that name the document by its root: one mapping takes both."""
    folder = tmp_path / "m"
    mapping = xml_mapping(folder)
    toml = (folder / "mapping.toml").read_text(encoding="utf-8")
    toml = toml.replace('"/e:Orders/e:Order"', '["/ORDER", "/ORDERCHANGE"]').replace('"@no"', '"ID"')
    toml += 'kind = { root = { ORDER = "Order" } }\n'
    (folder / "mapping.toml").write_text(toml, encoding="utf-8")
    mapping = type(mapping)(mapping.name, folder, "x", type(mapping.declared).model_validate(_toml(toml)))
    assert orders(mapping, "<ORDER><ID> 7 </ID></ORDER>")[0].kind_hint is MessageKind.ORDER
    (change,) = orders(mapping, "<ORDERCHANGE><ID>7</ID></ORDERCHANGE>")
    assert places(change) == [("unknown-kind", 1, "/ORDERCHANGE")]
    data = b"<ORDER><ID>7</ID></ORDER>"
    assert extract_source(mapping, data, [0], name="f") == data


def _toml(text: str) -> Any:
    import tomllib

    return tomllib.loads(text)


def test_an_absent_kind_is_what_is_declared_for_it(tmp_path: Path) -> None:
    """An attribute that its DTD gives a default may be left out: the declared kind stands in, else memory decides."""
    text = DOCUMENT.replace(' action="new"', "")
    assert orders(xml_mapping(tmp_path / "plain", MORE), text)[0].kind_hint is None
    declared = MORE.replace('update = "OrderChange" } }', 'update = "OrderChange" }, absent = "Order" }')
    found = orders(xml_mapping(tmp_path / "declared", declared), text)
    assert [one.kind_hint for one in found] == [MessageKind.ORDER, MessageKind.CHANGE]


def test_what_a_mapping_refuses_by_name_comes_before_its_root(tmp_path: Path) -> None:
    """A document of another root that the mapping knows by name is refused in the mapping's own words."""
    more = '[[xml.refuse]]\nof = "file"\npath = "/*[local-name() = \'Invoice\']"\nmessage = "An invoice."\n'
    with pytest.raises(FileRejected) as refusal:
        orders(xml_mapping(tmp_path / "erp", more), "<Invoice/>")
    (finding,) = refusal.value.findings
    assert isinstance(finding, Finding)
    assert (finding.code, finding.message, finding.path) == ("not-taken", "An invoice.", "/Invoice")


def test_constant_kind_and_functions_in_paths(tmp_path: Path) -> None:
    """A path may be a function: joined, counted, tested."""
    for path, number in (
        ("concat('PO', @no)", "PO1"),
        ("count(*)", "2"),
        ("@no = '1'", "true"),
        ("number(@no) div 2", "0.5"),
    ):
        mapping = xml_mapping(tmp_path / "m", 'kind = "StatusMessage"\n')
        mapping.paths.order_number = etree.XPath(path)
        text = '<Orders xmlns="urn:example:erp"><Order no="1"><a/><b/></Order></Orders>'
        (order,) = orders(mapping, text)
        assert (order.order_number, order.kind_hint) == (number, MessageKind.STATUS)


def test_nested_text_is_joined(tmp_path: Path) -> None:
    """A value with markup inside is its whole text."""
    mapping = xml_mapping(tmp_path / "m")
    mapping.paths.order_number = etree.XPath("e:No", namespaces={"e": "urn:example:erp"})
    text = '<Orders xmlns="urn:example:erp"><Order><No>P<b>O</b>1</No></Order></Orders>'
    assert orders(mapping, text)[0].order_number == "PO1"


@pytest.mark.parametrize("encoding", ["UTF-8", "iso-8859-1", "UTF-16"])
def test_an_extract_keeps_envelope_and_encoding(mapping: Mapping, encoding: str) -> None:
    """The subtree of one order in the document it came in; unedited it counts as unedited."""
    text = DOCUMENT.replace("UTF-8", encoding).replace("Oy", "Öy" if encoding != "UTF-8" else "Oy")
    data = text.encode(encoding)
    extract = extract_source(mapping, data, [1], name="f")
    assert b"PO1" not in extract.replace(b"\0", b"")
    (again,) = orders(mapping, extract)
    original = orders(mapping, data)[1]
    assert (again.order_number, again.source_hash) == (original.order_number, original.source_hash)
    assert b"Example Buyer" in again.canonical
    assert extract_source(mapping, data, [0, 1], name="f") == data


def test_an_edited_order_has_another_hash(mapping: Mapping) -> None:
    """One changed value is an edit; comments are none."""
    first = orders(mapping, DOCUMENT)[0].source_hash
    assert orders(mapping, DOCUMENT.replace("1,5", "1,6"))[0].source_hash != first
    assert orders(mapping, DOCUMENT.replace("<Lines>", "<!-- seen --><Lines>"))[0].source_hash == first


def test_findings_of_an_order_are_bounded(mapping: Mapping) -> None:
    """A thousand bad lines give a list that ends."""
    lines = "".join(f'<Line no="{number}"><Qty>x</Qty></Line>' for number in range(1000))
    text = DOCUMENT.replace("<Lines>", f"<Lines>{lines}")
    findings = orders(mapping, text)[0].findings
    assert findings[-1].code == "more-faults"
    assert len(findings) < 600


def test_doctype_may_be_declared_as_tolerated(tmp_path: Path) -> None:
    """For formats that carry one; the address in it is never asked."""
    mapping = xml_mapping(tmp_path / "m")
    text = DOCUMENT.replace("<Orders", "<!DOCTYPE Orders SYSTEM 'http://127.0.0.1:1/x.dtd'><Orders")
    declared = mapping.declared.model_copy(update={"doctype": "ignore"})
    tolerant = type(mapping)(mapping.name, mapping.folder, mapping.hash, declared)
    assert len(orders(tolerant, text)) == 2
    assert refusal(mapping, text).code == "doctype"
