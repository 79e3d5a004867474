"""Pass one over files on disk, whatever they are."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from mapping_help import CSV_TOML, csv_mapping, write_folder, xml_mapping

from gateway.errors import FileRejected, StorageError
from gateway.mapping.mapping import Mapping, MappingStore, load_mapping
from gateway.mapping.reading import extracts, read_file, read_source
from gateway.model import MessageKind

SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "samples"
UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
ORDER = f'<Order xmlns="{UBL}Order-2" xmlns:b="{UBL}CommonBasicComponents-2"><b:ID>PO1</b:ID></Order>'.encode()


def read(mapping: Mapping, path: Path, limit: int = 1_000_000):  # type: ignore[no-untyped-def]
    """Read a file."""
    return read_file(mapping, path, name=path.name, trailer=False, max_bytes=limit)


def test_hash_and_size_are_of_the_exact_bytes(tmp_path: Path) -> None:
    """They tell whether the file changed, and whether it was here before."""
    path = tmp_path / "a.csv"
    path.write_bytes(b"Order;Line\r\nPO1;1\r\n")
    result = read(csv_mapping(tmp_path / "m"), path)
    assert (result.sha256, result.size) == (hashlib.sha256(path.read_bytes()).hexdigest(), 19)
    assert [order.order_number for order in result.orders] == ["PO1"]


def test_files_beyond_the_limit_are_refused_unread(tmp_path: Path) -> None:
    """The limit is named."""
    path = tmp_path / "a.csv"
    path.write_bytes(b"x" * 1001)
    with pytest.raises(FileRejected, match="1,001 bytes; at most 1,000") as caught:
        read(csv_mapping(tmp_path / "m"), path, 1000)
    assert caught.value.code == "too-large"


def test_trouble_of_the_disk_is_not_the_fault_of_the_file(tmp_path: Path) -> None:
    """A missing file is told as missing; anything else the system says is our own trouble."""
    mapping = csv_mapping(tmp_path / "m")
    with pytest.raises(FileNotFoundError):
        read(mapping, tmp_path / "none.csv")
    with pytest.raises(StorageError, match="cannot be read"):
        read(mapping, tmp_path)


def test_pass_through_keeps_the_bytes() -> None:
    """One document a file; its canonical tree is its bytes, number and kind come from the document."""
    mapping = MappingStore(None).get("ubl")
    data = b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- x -->" + ORDER
    (order,) = read_source(mapping, data, name="a.xml", trailer=True).orders
    assert (order.canonical, order.order_number, order.kind_hint) == (data, "PO1", MessageKind.ORDER)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"<Invoice/>", "unknown-document"),
        (ORDER.replace(b"PO1", b""), "unknown-document"),
        (ORDER[:-5], "incomplete"),
        (b"Order;Line\nPO1;1\n", "file-type"),
        (b"<!DOCTYPE Order SYSTEM 'x'>" + ORDER, "doctype"),
    ],
)
def test_pass_through_refuses_what_it_cannot_name(data: bytes, code: str) -> None:
    """Without root or number there is no lane to put it in."""
    with pytest.raises(FileRejected) as caught:
        read_source(MappingStore(None).get("ubl"), data, name="a.xml", trailer=False)
    assert caught.value.code == code


def test_extracts_of_each_format(tmp_path: Path) -> None:
    """From a file on disk: rows, subtree, or the whole document."""
    table = tmp_path / "a.csv"
    table.write_bytes(b"Order;Line\nPO1;1\nPO2;1\n")
    assert extracts(csv_mapping(tmp_path / "c"), table, [1]) == [b"Order;Line\nPO2;1\n"]
    document = tmp_path / "a.xml"
    document.write_bytes(b'<Orders xmlns="urn:example:erp"><Order no="1"/><Order no="2"/></Orders>')
    assert b'no="1"' not in extracts(xml_mapping(tmp_path / "x"), document, [1])[0]
    document.write_bytes(ORDER)
    assert extracts(MappingStore(None).get("ubl"), document, [0]) == [ORDER]


def torture() -> list[Path]:
    """Return the real hostile files, where they are at hand."""
    return [path for path in sorted((SAMPLES / "torture").rglob("*")) if path.is_file()]


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the real samples are not here")
def test_torture_files_are_read_or_refused(tmp_path: Path) -> None:
    """No file does anything but give orders or a refusal with a reason, whatever mapping it meets."""
    mappings = [csv_mapping(tmp_path / "plain"), xml_mapping(tmp_path / "xml"), MappingStore(None).get("ubl")]
    for encoding in ("windows-1252", "utf-16"):
        toml = CSV_TOML.replace('"utf-8"', f'"{encoding}"').replace('header = "Order"\n', "")
        toml = toml.replace('delimiter = ";"', 'delimiter = ","\nheader_row = false').replace('header = "Line"\n', "")
        mappings.append(load_mapping(write_folder(tmp_path / encoding, toml)))
    assert torture()
    for mapping in mappings:
        for path in torture():
            refused: FileRejected | None = None
            try:
                read(mapping, path)
            except FileRejected as refusal:
                refused = refusal
            assert refused is None or (refused.findings and str(refused)), path
