"""From bytes to text in the encoding that is declared, strictly; and what a file looks like when it is not ours. Pure.

Nothing here guesses to accept: a guess is only ever a hint in a refusal, or a refusal by name.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from gateway.errors import FileRejected
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
_MULTI_BYTE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_WESTERN = re.compile(rb"[\xc2\xc3][\x80-\xbf]|\xe2\x80[\x90-\xa6]|\xe2\x82\xac|\xe2\x84\xa2")
_DISTINCT_ENOUGH = 3


@dataclass(frozen=True, slots=True)
class SourceText:
    """A decoded file and how to write parts of it again byte for byte."""

    text: str
    bom: bytes
    codec: str

    def encode(self, part: str) -> bytes:
        """Return a part of the text as the bytes it stood for."""
        return part.encode(self.codec)


def decode_source(data: bytes, declared: str) -> SourceText:
    """Return the text of a file; raises FileRejected for any byte that is not in the declared encoding.

    A byte order mark is accepted; one that contradicts the declaration is an error that names both.
    """
    name = codecs.lookup(declared).name
    family = "utf-16" if name.startswith("utf-16") else "utf-8" if name in ("utf-8", "utf-8-sig") else name
    bom, marked, codec = next((entry for entry in _BOMS if data.startswith(entry[0])), (b"", "", ""))
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
    body = data[len(bom) :]
    if family not in ("utf-16", "utf-8") and _reads_as_utf8(body):
        for first in _MULTI_BYTE.finditer(body):
            raise _mismatch(first, declared)
    try:
        return SourceText(body.decode(codec), bom, codec)
    except UnicodeDecodeError as error:
        raise _wrong_byte(error, body, len(bom), declared, codec) from error


def _wrong_byte(error: UnicodeDecodeError, body: bytes, shift: int, declared: str, codec: str) -> FileRejected:
    before = body[: error.start].decode(codec, "replace")
    row = row_at(before)
    byte = body[error.start]
    if error.end >= len(body) and error.reason in ("unexpected end of data", "truncated data"):
        return reject(INCOMPLETE, f"The file ends in the middle of a character of {declared}.", row=row)
    hint = ""
    if codec == "utf-8":
        hint = " It may be Windows-1252." if _decodes(body, "windows-1252") else ""
    elif _decodes(body, "utf-8"):
        hint = " It may be UTF-8."
    return reject(
        "encoding",
        f"Byte {error.start + shift} (0x{byte:02X}) is not valid {declared}, the encoding that the mapping declares."
        f"{hint} Expected: the whole file in {declared}.",
        row=row,
    )


def _mismatch(first: re.Match[bytes], declared: str) -> FileRejected:
    as_declared = first.group().decode(declared, "replace")
    return reject(
        "encoding",
        f"The mapping declares {declared}, but the file is UTF-8: at byte {first.start()} it says "
        f'"{first.group().decode("utf-8")}", which as {declared} would read "{as_declared}".',
        row=row_at(first.string[: first.start()].decode("latin-1")),
    )


def _reads_as_utf8(body: bytes) -> bool:
    """Tell whether text declared as single-byte is certainly UTF-8.

    Each byte above ASCII must be part of a valid sequence, and the sequences must be those of Western letters and
    signs, or of several kinds: a lone "\N{LATIN CAPITAL LETTER E WITH ACUTE}\N{REGISTERED SIGN}" in Windows-1252 is
    a valid sequence by accident.
    """
    if body.isascii() or not _decodes(body, "utf-8"):
        return False
    kinds = set(_MULTI_BYTE.findall(body))
    return len(kinds) >= _DISTINCT_ENOUGH or all(_WESTERN.fullmatch(kind) for kind in kinds)


def _decodes(body: bytes, codec: str) -> bool:
    try:
        body.decode(codec)
    except UnicodeDecodeError:
        return False
    return True


def row_at(before: str) -> int:
    """Return the number of the line that comes after this text; first is 1, CR, LF and CRLF each end a line."""
    return before.replace("\r\n", "\n").replace("\r", "\n").count("\n") + 1


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
    lines = [line for line in re.split(r"\r\n|\r|\n", text[: _HEAD * 4])[:20] if line.strip()]
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
