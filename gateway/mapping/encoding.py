"""From bytes to text in the encoding that is declared, strictly; and what a file looks like when it is not ours. Pure.

Nothing here guesses to accept: a guess is only ever a hint in a refusal, or a refusal by name.
"""

from __future__ import annotations

import codecs
import io
import re
from dataclasses import dataclass, replace
from typing import Protocol, TextIO

from gateway.documents.byte_scan import Opener, decodes, first_of_utf8, first_wrong_byte, rows_before
from gateway.mapping.rejection import INCOMPLETE, reject

_BOMS = (
    (codecs.BOM_UTF8, "utf-8", "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32", "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32", "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16", "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16", "utf-16-be"),
)
_BINARY = (
    (b"PK\x03\x04", "an Excel workbook (xlsx) or another zip archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (xls) or another Office file"),
    (b"%PDF", "a PDF"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"MZ", "a program"),
)
_LOOKS = (
    (re.compile(r"EDI_DC(40)?[ 0-9]"), "a flat (fixed-width) SAP IDoc"),
    (re.compile(r"UNA.{6}\s*UN[BG]|UNB\+", re.DOTALL), "an EDIFACT interchange"),
    (re.compile(r"ISA([^A-Za-z0-9\s])[0-9]{2}\1"), "an X12 interchange"),
    (re.compile(r"STX=[A-Z]"), "a TRADACOMS file"),
    (re.compile(r"<\?xml\s|<!--|<!DOCTYPE|<[A-Za-z_][\w.:-]*[\s/>]"), "XML"),
    (re.compile(r"[\[{]\s*[\"{\[\]}]"), "JSON"),
    (re.compile(r"\{\\rtf"), "an RTF document"),
)
_HEAD = 4096
HEAD_CHARACTERS = 4 * _HEAD
_TAIL = 8  # bytes that surely hold the last character whole
_UNICODE = ("utf-8", "utf-16-le", "utf-16-be")


class SourceText(Protocol):
    """A decoded file: its lines as often as asked, and how to write parts of it again byte for byte."""

    @property
    def bom(self) -> bytes: ...
    @property
    def codec(self) -> str: ...
    @property
    def head(self) -> str: ...

    def open(self) -> TextIO:
        """Return the text from its beginning; lines end where they end in the file."""
        ...

    def ends_a_line(self) -> bool:
        """Tell whether the last character ends a line."""
        ...


@dataclass(frozen=True, slots=True)
class HeldText:
    """A decoded file of ordinary size, held as one string."""

    text: str
    bom: bytes
    codec: str

    @property
    def head(self) -> str:
        """Return the beginning of the text."""
        return self.text[:HEAD_CHARACTERS]

    def open(self) -> TextIO:
        """Return the text from its beginning."""
        return io.StringIO(self.text, newline="")

    def ends_a_line(self) -> bool:
        """Tell whether the last character ends a line."""
        return self.text.endswith(("\n", "\r"))


@dataclass(frozen=True, slots=True)
class StreamedText:
    """A file too large to be held, whose bytes are known to be valid in `codec`."""

    opener: Opener
    bom: bytes
    codec: str
    head: str
    last: str

    def open(self) -> TextIO:
        """Return the text from its beginning."""
        source = self.opener()
        source.seek(len(self.bom))
        return io.TextIOWrapper(source, encoding=self.codec, newline="")

    def ends_a_line(self) -> bool:
        """Tell whether the last character ends a line."""
        return self.last in ("\n", "\r")


def decode_source(data: bytes, declared: str) -> HeldText:
    """Return the text of a file; raises FileRejected for any byte that is not in the declared encoding.

    A byte order mark is accepted; one that contradicts the declaration is an error that names both.
    """
    bom, codec = _codec_of(data[:_HEAD], declared)
    if codec not in _UNICODE and not data.isascii():
        _refuse_utf8(lambda: io.BytesIO(data), declared)
    try:
        return HeldText(data[len(bom) :].decode(codec), bom, codec)
    except UnicodeDecodeError:
        refuse_wrong_bytes(lambda: io.BytesIO(data), len(bom), declared, codec)
        raise


def stream_source(opener: Opener, declared: str) -> StreamedText:
    """Return the text of a file too large to be held; raises as `decode_source`, after the whole file was looked at."""
    with opener() as raw:
        bom, codec = _codec_of(raw.read(_HEAD), declared)
    if codec not in _UNICODE:
        _refuse_utf8(opener, declared)
    refuse_wrong_bytes(opener, len(bom), declared, codec)
    text = StreamedText(opener, bom, codec, "", "")
    with text.open() as source:
        start = source.read(HEAD_CHARACTERS)
    with opener() as raw:
        raw.seek(max(len(bom), raw.seek(0, io.SEEK_END) - _TAIL))
        last = raw.read().decode(codec, "replace")[-1:]
    return replace(text, head=start, last=last)


def _codec_of(head: bytes, declared: str) -> tuple[bytes, str]:
    """Return byte order mark and codec of a file that begins like this; raises FileRejected when they do not fit."""
    name = codecs.lookup(declared).name
    family = "utf-16" if name.startswith("utf-16") else "utf-8" if name in ("utf-8", "utf-8-sig") else name
    bom, marked, codec = next((entry for entry in _BOMS if head.startswith(entry[0])), (b"", "", ""))
    if marked and (marked != family or (name in ("utf-16-le", "utf-16-be") and name != codec)):
        raise reject(
            "encoding",
            f"The file begins with the byte order mark of {codec if family == marked else marked}, but the mapping "
            f"declares {declared}. Expected: a file in {declared}, or the mapping's encoding corrected.",
        )
    if not marked:
        if name == "utf-16":
            raise reject(
                "encoding",
                "The mapping declares utf-16, but the file has no byte order mark that says which kind. "
                "Declare utf-16-le or utf-16-be if the export writes none.",
            )
        codec = "utf-8" if family == "utf-8" else name
    return bom, codec


def refuse_wrong_bytes(opener: Opener, skip: int, declared: str, codec: str) -> None:
    """Raise FileRejected when a byte after the mark is not valid in the codec; say which, and what it may be."""
    wrong = first_wrong_byte(opener, skip, codec)
    if wrong is None:
        return
    row = rows_before(opener, skip, wrong.at, codec) + 1
    if wrong.cut_short:
        raise reject(INCOMPLETE, f"The file ends in the middle of a character of {declared}.", row=row)
    hint = ""
    if codec == "utf-8":
        hint = " It may be Windows-1252." if decodes(opener, skip, "windows-1252") else ""
    elif decodes(opener, skip, "utf-8"):
        hint = " It may be UTF-8."
    raise reject(
        "encoding",
        f"Byte {wrong.at + skip} (0x{wrong.byte:02X}) is not valid {declared}, the encoding that the mapping declares."
        f"{hint} Expected: the whole file in {declared}.",
        row=row,
    )


def _refuse_utf8(opener: Opener, declared: str) -> None:
    """Raise FileRejected when text declared as single-byte is certainly UTF-8."""
    found = first_of_utf8(opener, 0)
    if found is None:
        return
    at, sequence = found
    raise reject(
        "encoding",
        f"The mapping declares {declared}, but the file is UTF-8: at byte {at} it says "
        f'"{sequence.decode("utf-8")}", which as {declared} would read "{sequence.decode(declared, "replace")}".',
        row=rows_before(opener, 0, at, "latin-1") + 1,
    )


def what_it_is(data: bytes, declared: str = "utf-8") -> str | None:
    """Return what a file certainly is, in words, when it is neither CSV nor plain text; or None.

    `declared` is the encoding that a text would have: NUL bytes are part of some.
    """
    for magic, words in _BINARY:
        if data.startswith(magic) and (magic != b"MZ" or b"\0" in data[:_HEAD]):
            return words
    head = _readable_head(data, codecs.lookup(declared).name)
    if "\0" in head:
        zeros = data[:_HEAD].count(0)
        if zeros * 5 >= len(data[:_HEAD]) * 2:
            return "UTF-16 text without a byte order mark"
        if zeros > 1:
            return "binary (it holds NUL bytes)"
    for pattern, words in _LOOKS:
        if pattern.match(head):
            return words
    return None


def _readable_head(data: bytes, declared: str) -> str:
    mark, codec = next(((mark, codec) for mark, _kind, codec in _BOMS if data.startswith(mark)), (b"", ""))
    head = data[len(mark) : _HEAD]
    if not mark:
        codec = {b"<\0": "utf-16-le", b"\0<": "utf-16-be"}.get(head[:2]) or (
            declared if declared in ("utf-16-le", "utf-16-be") else "latin-1"
        )
    return head.decode(codec, "replace").lstrip()


def describe_text(text: str, delimiter: str) -> str | None:
    """Return what the first lines of a text look like when they do not use the declared delimiter; or None."""
    lines = [line for line in re.split(r"\r\n|\r|\n", text[:HEAD_CHARACTERS])[:20] if line.strip()]
    if not lines or any(delimiter in line for line in lines):
        return None
    for other, words in ((";", "semicolons"), ("\t", "tabs"), (",", "commas"), ("|", "vertical bars")):
        counts = {line.count(other) for line in lines}
        if other != delimiter and 0 not in counts and len(counts) == 1:
            return f"its cells are separated by {words}"
    lengths = {len(line) for line in lines}
    if len(lines) > 1 and len(lengths) == 1 and len(lines[0]) >= 20:
        return "it is fixed width: all lines have the same length and no separator"
    return "it has no separator at all"
