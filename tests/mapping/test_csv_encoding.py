"""Encodings of CSV files: declared, strict, and a refusal that says which byte and what it may be instead."""

from __future__ import annotations

import codecs

import pytest
from mapping_help import csv_orders, csv_refusal, form

from gateway.errors import FileRejected

COLUMNS = [{"name": "number", "header": "Order"}, {"name": "text", "header": "Määrä"}]
TEXT = "Order;Määrä\r\nPO1;kpl äöå\r\n"


def declared(encoding: str):  # type: ignore[no-untyped-def]
    """Return a format in an encoding."""
    return form(COLUMNS, line_number=None, encoding=encoding)


@pytest.mark.parametrize(
    ("encoding", "data"),
    [
        ("utf-8", TEXT.encode()),
        ("utf-8", codecs.BOM_UTF8 + TEXT.encode()),
        ("utf-8-sig", TEXT.encode()),
        ("utf-8-sig", codecs.BOM_UTF8 + TEXT.encode()),
        ("windows-1252", TEXT.encode("windows-1252")),
        ("iso-8859-1", TEXT.encode("iso-8859-1")),
        ("cp850", TEXT.encode("cp850")),
        ("utf-16", TEXT.encode("utf-16")),
        ("utf-16", codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be")),
        ("utf-16-le", TEXT.encode("utf-16-le")),
        ("utf-16-le", codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le")),
        ("utf-16-be", TEXT.encode("utf-16-be")),
    ],
)
def test_declared_encodings(encoding: str, data: bytes) -> None:
    """With or without a byte order mark, a file in its declared encoding is read."""
    assert "kpl äöå".encode() in csv_orders(data, declared(encoding))[0].canonical


@pytest.mark.parametrize(
    ("encoding", "data", "named"),
    [
        ("windows-1252", codecs.BOM_UTF8 + TEXT.encode(), "utf-8"),
        ("utf-8", TEXT.encode("utf-16"), "utf-16"),
        ("utf-16-be", TEXT.encode("utf-16"), "utf-16-le"),
        ("utf-8", codecs.BOM_UTF32_LE + TEXT.encode("utf-32-le"), "utf-32"),
    ],
)
def test_a_mark_that_contradicts_the_declaration(encoding: str, data: bytes, named: str) -> None:
    """Both are named: one of them is wrong, and only a person knows which."""
    refusal = csv_refusal(data, declared(encoding))
    assert refusal.code == "encoding"
    assert named in str(refusal)
    assert encoding in str(refusal)


@pytest.mark.parametrize(
    ("encoding", "data", "words"),
    [
        ("utf-8", TEXT.encode("windows-1252"), "Byte 7 (0xE4) is not valid utf-8"),
        ("utf-8", TEXT.encode("windows-1252"), "may be Windows-1252"),
        ("utf-8", b"Order;\x81\x8d", "Byte 6 (0x81)"),
        ("ascii", TEXT.encode(), "the file is UTF-8"),
        ("ascii", TEXT.encode("latin-1"), "is not valid ascii"),
        ("windows-1252", TEXT.encode(), 'UTF-8: at byte 7 it says "ä", which as windows-1252 would read "Ã¤"'),
        ("iso-8859-1", TEXT.encode(), "the file is UTF-8"),
        ("windows-1250", "Zażółć gęślą".encode(), "the file is UTF-8"),
        ("windows-1252", b"Order;\xc3\xa4\xff\x81", "Byte 9 (0x81) is not valid"),
        ("utf-16", TEXT.encode("utf-16-le"), "UTF-16 text without a byte order mark"),
        ("utf-16", "Ăŏřž".encode("utf-16-le") * 3, "no byte order mark"),
    ],
)
def test_a_wrong_encoding_names_the_byte(encoding: str, data: bytes, words: str) -> None:
    """The whole file is refused; the probable encoding is a hint, never used to accept."""
    refusal = csv_refusal(data, declared(encoding))
    assert words in str(refusal)


def test_the_row_of_a_wrong_byte_is_named() -> None:
    """An operator looks for the row, not for the byte."""
    refusal = csv_refusal("Order;Määrä\r\nPO1;x\r\nPO2;".encode() + b"\xe4\r\n", declared("utf-8"))
    assert refusal.findings[0].row == 3  # type: ignore[attr-defined]


def test_a_file_cut_inside_a_character_is_incomplete() -> None:
    """A writer may be in the middle of it."""
    for encoding in ("utf-8", "utf-16-le"):
        refusal = csv_refusal("Order;Määrä\r\nPO1;xä".encode(encoding)[:-1], declared(encoding))
        assert refusal.code == "incomplete"


@pytest.mark.parametrize("text", ["NESCAFÉ®", "Ä\u017d", "naïve café", "50 €", "Ålesund \N{EN DASH} Ærø", "¡Ñ!"])
def test_honest_single_byte_texts_are_not_taken_for_utf8(text: str) -> None:
    """A few Windows-1252 pairs are valid UTF-8 by accident; that alone must not refuse a good file."""
    data = f"Order;Määrä\nPO1;{text}\n".encode("windows-1252")
    assert text.encode() in csv_orders(data, declared("windows-1252"))[0].canonical
    columns = [{"name": "number", "header": "Order"}, {"name": "text", "header": "Text"}]
    plain = f"Order;Text\nPO1;{text}\n".encode("windows-1252")
    assert csv_orders(plain, form(columns, line_number=None, encoding="windows-1252"))


def test_refusals_travel() -> None:
    """A refusal crosses process borders with all it knows."""
    import pickle

    refusal = csv_refusal(b"", declared("utf-8"))
    again = pickle.loads(pickle.dumps(refusal))
    assert isinstance(again, FileRejected)
    assert (again.code, again.findings, str(again)) == (refusal.code, refusal.findings, str(refusal))
