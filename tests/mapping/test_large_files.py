"""A file too large to be held is read as a stream, with the very outcome that it would have had in memory."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mapping_help import form

from gateway.documents import byte_scan
from gateway.errors import FileRejected
from gateway.mapping.declaration import CsvFormat, MappingFile, XmlFormat
from gateway.mapping.large import cut_file, streams
from gateway.mapping.mapping import Mapping, MappingStore
from gateway.mapping.reading import cut_source, read_file, read_source
from gateway.mapping.spool import spooled_orders
from gateway.model import OrderSource

calm = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
COLUMNS = [
    {"name": "number", "header": "Order", "required": True, "max_length": 6},
    {"name": "kind", "header": "Kind"},
    {"name": "revision", "header": "Rev"},
    {"name": "line", "header": "Line", "type": "integer"},
    {"name": "amount", "header": "Amount", "type": "decimal"},
    {"name": "buyer", "header": "Buyer", "per_order": True},
]
HEADER = "Order;Kind;Rev;Line;Amount;Buyer"
KIND = {"field": "kind", "values": {"N": "Order", "M": "OrderChange"}}
CELLS = st.tuples(
    st.sampled_from(["PO1", "PO2", "PÖ3", "PO4", " PO1 ", "", "TOOLONG"]), st.sampled_from(["N", "N", "M", "X", ""]),
    st.sampled_from(["", "", "1", "2"]), st.sampled_from(["10", "20", "30", "x", ""]),
    st.sampled_from(["1,50", "2", "?"]), st.sampled_from(["A", "A", "B", '"A\nB"', '"A;""B"""']),
)  # fmt: skip
SOUND = st.tuples(
    st.sampled_from(["PO1", "PO2", "PO3", "PO4"]), st.sampled_from(["N", "N", "M"]), st.just(""),
    st.integers(1, 40).map(str), st.just("1,50"), st.just("A"),
)  # fmt: skip
ODD_ROWS = st.sampled_from(["", ";;;;;", "PO1;N", "PO1;N;;10;1;A;more", "END;2;3,00", "END;x;1", '"op', 'a"b;c', "\r"])
ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "windows-1252", "utf-16", "utf-16-le", "iso-8859-1"])


def csv_mapping(declared: CsvFormat) -> Mapping:
    """Return a mapping of which only the reading is used."""
    file = MappingFile.model_construct(format="csv", csv=declared, doctype="refuse")
    return Mapping(name="m", folder=Path("m"), hash="", declared=file)


def xml_mapping(declared: dict[str, Any], doctype: str = "refuse") -> Mapping:
    """Return a mapping of which only the reading is used."""
    file = MappingFile.model_construct(format="xml", xml=XmlFormat.model_validate(declared), doctype=doctype)
    return Mapping(name="m", folder=Path("m"), hash="", declared=file)


def held(mapping: Mapping, data: bytes, *, trailer: bool = False) -> Any:
    """Return what reading gives when the file is held: orders, warnings, hash and size, or the refusal."""
    try:
        result = read_source(mapping, data, name="f", trailer=trailer)
    except FileRejected as refusal:
        return refusal.code, refusal.message, refusal.findings
    return list(result.orders), result.warnings, result.sha256, result.size


def streamed(mapping: Mapping, data: bytes, *, trailer: bool = False, most: int = 3) -> Any:
    """Return the same when no file is small enough to be held."""
    assert streams(mapping)
    with tempfile.TemporaryDirectory() as folder:
        path, spool = Path(folder) / "f", Path(folder) / "spool"
        path.write_bytes(data)
        try:
            result = read_file(mapping, path, name="f", trailer=trailer, max_bytes=10**9, spool=spool)
        except FileRejected as refusal:
            return refusal.code, refusal.message, refusal.findings
        assert result.orders == ()
        parts = list(spooled_orders(spool, most_orders=most, most_bytes=1_000_000))
        assert all(len(part) <= most for part in parts)
        orders = [order for part in parts for order in part]
        assert result.order_count == len(orders)
        return orders, result.warnings, result.sha256, result.size


def check_extracts(mapping: Mapping, data: bytes, orders: Sequence[OrderSource]) -> None:
    """Compare the extract of each order with the one made from the file when it is held."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "f"
        path.write_bytes(data)
        cut = cut_file(mapping, path, Path(folder) / "spool", [order.ordinal for order in orders])
    assert cut == cut_source(mapping, data, [[order.ordinal] for order in orders], name="f")


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read in pieces so small that everything is met at a border."""
    monkeypatch.setattr(byte_scan, "CHUNK_BYTES", 7)


fixture_is_fine = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@settings(calm, suppress_health_check=list(fixture_is_fine.suppress_health_check))
@given(rows=st.lists(SOUND, min_size=1, max_size=30), end=st.sampled_from(["\n", "\r\n", "\r"]), encoding=ENCODINGS)
def test_sound_rows_come_together_wherever_they_stand(
    rows: list[tuple[str, ...]], end: str, encoding: str
) -> None:
    """Same orders, in the same order, with the same bytes, hashes, findings and warnings; same extracts."""
    text = end.join([HEADER, *map(";".join, rows)]) + end
    mapping = csv_mapping(form(COLUMNS, kind=KIND, revision="revision", encoding=encoding))
    data = text.encode(encoding)
    expected = held(mapping, data)
    assert expected == streamed(mapping, data)
    check_extracts(mapping, data, expected[0])


@settings(calm, suppress_health_check=list(fixture_is_fine.suppress_health_check))
@given(
    rows=st.lists(CELLS.map(";".join) | ODD_ROWS, max_size=14), end=st.sampled_from(["\n", "\r\n"]), encoding=ENCODINGS,
    trailer=st.booleans(), asked=st.booleans(), anywhere=st.booleans(), last=st.booleans(),
)  # fmt: skip
def test_whatever_is_wrong_is_told_in_the_same_words(
    rows: list[str], end: str, encoding: str, trailer: bool, asked: bool, anywhere: bool, last: bool
) -> None:
    """Bad cells, rows that fit nowhere, quotes, trailers, files cut short: the streaming reader says the same."""
    declared = form(
        COLUMNS, kind=KIND, revision="revision", encoding=encoding, empty_rows="anywhere" if anywhere else "end",
        **({"trailer": {"mark": "END", "count": 2, "sum": 3, "sum_of": "amount"}} if trailer else {}),
    )  # fmt: skip
    data = (end.join([HEADER, *rows]) + (end if last else "")).encode(encoding)
    mapping = csv_mapping(declared)
    assert held(mapping, data, trailer=asked) == streamed(mapping, data, trailer=asked)


@settings(calm, suppress_health_check=list(fixture_is_fine.suppress_health_check))
@given(
    data=st.binary(max_size=60) | st.text("Aä€\U0001f600\r\n;", max_size=40).map(str.encode), encoding=ENCODINGS,
    begun=st.booleans(),
)  # fmt: skip
def test_wrong_bytes_are_named_alike(data: bytes, encoding: str, begun: bool) -> None:
    """The same byte, the same row, the same guess, wherever the pieces of the stream end."""
    mapping = csv_mapping(form(COLUMNS, encoding=encoding))
    whole = ((HEADER + "\r\n").encode(encoding) if begun else b"") + data
    assert held(mapping, whole) == streamed(mapping, whole)


XML = {
    "split": ["/e:Orders/e:Order", "/e:Orders/e:Change"], "namespaces": {"e": "urn:e", "x": "urn:x"},
    "order_number": "@no", "revision": "@rev", "envelope": ["/e:Orders/e:Sender", "/e:Orders/@batch"],
    "kind": {"path": "@kind", "values": {"new": "Order", "changed": "OrderChange"}},
    "lines": [{"path": "x:Line", "number": "@n"}],
    "fields": [
        {"path": "@date", "type": "date", "dates": ["yyyy-mm-dd"]},
        {"path": "x:Qty", "type": "integer", "required": True, "of": "line"},
        {"path": "../@batch", "type": "integer", "required": True},
    ],
    "refuse": [
        {"of": "file", "path": "/e:Orders/e:Order/x:Stop", "message": "Stopped."},
        {"of": "line", "path": "@of[not(. = ../../@no)]", "message": "Of another order."},
    ],
}  # fmt: skip
LINES = st.lists(
    st.sampled_from([
        '<x:Line n="1"><x:Qty>1</x:Qty></x:Line>', '<x:Line n="2" of="A">\n<x:Qty>x</x:Qty></x:Line>', "<x:Line/>",
        '<y:Line xmlns:y="urn:x" n="3"><y:Qty>3</y:Qty><!-- y --></y:Line>', "text &amp; more", "<?pi x?>", "<Other/>",
    ]), max_size=3,
)  # fmt: skip
ATTRIBUTES = st.sampled_from([
    'no="A" kind="new"', 'no="B" kind="changed" date="2026-01-02"', 'no="C" kind="odd"', 'no="A" rev="2"', 'kind="new"',
    'no="Ä"', 'no="A" date="x"', 'no="D"', 'no="E"',
])  # fmt: skip
ORDERS = st.builds(
    lambda tag, told, lines: f"<{tag} {told}>{''.join(lines)}</{tag}>",
    st.sampled_from(["Order", "Order", "Order", "Change"]), ATTRIBUTES, LINES,
)
BETWEEN = st.sampled_from([
    "", "\n", "\r\n  ", "<!-- c -->", '<Sender code="1">\n<x:Name u="1"/></Sender>', "<Note><x:Order/></Note>",
])  # fmt: skip
BROKEN = st.sampled_from(["", "", "", "<x:Stop/>", "&nbsp;", "<z:Q/>", "</Order>", "<Order", "\x01", "<!DOCTYPE a>"])


def document(parts: Sequence[str], broken: str, head: str, end: str) -> str:
    """Return a document with something in its middle that may break it."""
    middle = len(parts) // 2
    inside = "".join([*parts[:middle], broken, *parts[middle:]])
    return f'{head}<Orders xmlns="urn:e" xmlns:x="urn:x" xmlns:unused="urn:u" batch="7">{inside}{end}'


@settings(calm, suppress_health_check=list(fixture_is_fine.suppress_health_check))
@given(
    parts=st.lists(ORDERS | BETWEEN, max_size=14), broken=BROKEN, encoding=st.sampled_from(["utf-8", "iso-8859-1"]),
    head=st.sampled_from(["", "\n<!-- first -->", "<!DOCTYPE Orders SYSTEM 'x.dtd'>\n"]), ignored=st.booleans(),
    end=st.sampled_from(["</Orders>", "</Orders>", "</Orders>\n<!-- last -->", "</Orders>x", ""]),
)  # fmt: skip
def test_documents_read_alike(
    parts: list[str], broken: str, encoding: str, head: str, ignored: bool, end: str
) -> None:
    """Same orders, bytes, paths, lines and refusals, whatever stands between the orders; same extracts."""
    declared = f'<?xml version="1.0" encoding="{encoding}"?>' if encoding != "utf-8" else ""
    data = (declared + document(parts, broken, head, end)).encode(encoding)
    mapping = xml_mapping(XML, "ignore" if ignored else "refuse")
    expected = held(mapping, data)
    assert expected == streamed(mapping, data)
    if isinstance(expected[0], list) and len(expected[0]) > 1:
        check_extracts(mapping, data, expected[0])


def test_lines_are_known_beyond_what_libxml2_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of orders, of findings in them, and of what stands outside, behind 70,000 lines."""
    monkeypatch.setattr(byte_scan, "CHUNK_BYTES", 50_000)
    parts = ["\n" * 70_000, '<Order no="A" date="x"><x:Line n="1">\n<x:Qty>x</x:Qty></x:Line></Order>', "\n\n",
             '<Note/><Order no="A"/>', "\n<Sender><x:Name/></Sender>"]  # fmt: skip
    data = document(parts, "", "", "</Orders>").encode()
    mapping = xml_mapping(XML)
    expected = held(mapping, data)
    assert expected == streamed(mapping, data)
    assert [finding.line for finding in expected[0][0].findings] == [70_001, 70_002, 70_004]
    assert b'src:line="70005"' in expected[0][0].canonical


@pytest.mark.parametrize(
    "changes",
    [
        {"split": "/e:Orders/e:Order[@no]"}, {"split": "//e:Order"}, {"order_number": "../e:Sender"},
        {"order_number": "/e:Orders/@no"}, {"envelope": ["/e:Orders"]}, {"envelope": ["/e:Orders/e:Order/x:Head"]},
        {"fields": [{"path": "ancestor::e:Orders/@a"}]}, {"fields": [{"path": "../../e:A", "of": "line"}]},
        {"refuse": [{"of": "file", "path": "/e:Orders[count(e:Order) > 3]", "message": "Many."}]},
        {"refuse": [{"of": "order", "path": "@a", "when": "../e:Test", "message": "A test."}]},
    ],
)  # fmt: skip
def test_mappings_that_look_beyond_an_order_need_the_whole_document(changes: dict[str, Any]) -> None:
    """They are told from their paths, and read whole."""
    assert not streams(xml_mapping({**XML, **changes}))


def test_shipped_mappings_for_files_of_many_orders_stream() -> None:
    """The formats that pack thousands of orders into one file."""
    store = MappingStore(None)
    tables = ("csv-order", "csv-flat-fi", "csv-six-columns", "csv-status")
    for name in (*tables, "erp-xml-order", "monitor-orders420", "sap-idoc-orders05"):
        assert streams(store.get(name)), name
    assert not streams(store.get("ubl"))
