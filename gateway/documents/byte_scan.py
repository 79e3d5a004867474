"""Questions about the bytes of a text that is too large to be held: answered piece by piece, in constant memory. Pure.

Where the bytes come from is the caller's: `Opener` gives them from the beginning as often as asked.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

Opener = Callable[[], BinaryIO]

CHUNK_BYTES = 1 << 18
_HIGH = re.compile(rb"[\x80-\xff]")
_WESTERN = re.compile(rb"[\xc2\xc3][\x80-\xbf]|\xe2\x80[\x90-\xa6]|\xe2\x82\xac|\xe2\x84\xa2")
_DISTINCT_ENOUGH = 3


@dataclass(frozen=True, slots=True)
class WrongByte:
    """The first byte that is not valid in an encoding; `cut_short` when the text ends inside a character."""

    at: int
    byte: int
    cut_short: bool


def chunks(opener: Opener, skip: int = 0) -> Iterator[bytes]:
    """Yield all bytes but the first `skip`, in pieces of bounded size."""
    with opener() as source:
        source.seek(skip)
        while piece := source.read(CHUNK_BYTES):
            yield piece


def first_wrong_byte(opener: Opener, skip: int, codec: str) -> WrongByte | None:
    """Return the first byte after `skip` that the codec refuses (counted from `skip`), or None."""
    decoder = codecs.getincrementaldecoder(codec)("strict")
    fed = 0
    pending = 0
    try:
        for piece in chunks(opener, skip):
            pending = len(decoder.getstate()[0])
            decoder.decode(piece)
            fed += len(piece)
        pending = len(decoder.getstate()[0])
        decoder.decode(b"", True)
    except UnicodeDecodeError as error:
        ends = error.end >= len(error.object) and error.reason in ("unexpected end of data", "truncated data")
        return WrongByte(fed - pending + error.start, error.object[error.start], ends)
    return None


def decodes(opener: Opener, skip: int, codec: str) -> bool:
    """Tell whether all bytes after `skip` are valid in a codec."""
    return first_wrong_byte(opener, skip, codec) is None


def rows_before(opener: Opener, skip: int, at: int, codec: str) -> int:
    """Return how many lines end in the `at` bytes after `skip`; CR, LF and CRLF each end a line."""
    decoder = codecs.getincrementaldecoder(codec)("replace")
    rows, held = 0, ""
    for piece in chunks(opener, skip):
        text = held + decoder.decode(piece[:at])
        at -= len(piece)
        held = "\r" if text.endswith("\r") and at > 0 else ""
        rows += line_ends(text[: len(text) - len(held)])
        if at <= 0:
            break
    return rows + len(held)


def line_ends(text: str) -> int:
    """Return how many lines end in a text."""
    return text.count("\n") + text.count("\r") - text.count("\r\n")


def first_of_utf8(opener: Opener, skip: int) -> tuple[int, bytes] | None:
    """Return place (counted from `skip`) and bytes of the first character beyond ASCII of what is certainly UTF-8.

    Certain means: each byte above ASCII is part of a valid sequence, and the sequences are those of Western letters
    and signs, or of several kinds: a lone "\N{LATIN CAPITAL LETTER E WITH ACUTE}\N{REGISTERED SIGN}" in Windows-1252
    is a valid sequence by accident. None for anything else.
    """
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    fed, first = 0, -1
    sequence = b""
    kinds: set[str] = set()
    try:
        for piece in chunks(opener, skip):
            if first < 0 and (high := _HIGH.search(piece)) is not None:
                first = fed + high.start()
            fed += len(piece)
            text = decoder.decode(piece)
            if not text.isascii():
                if not sequence:
                    sequence = next(character for character in text if ord(character) > 127).encode()
                kinds |= {character for character in set(text) if ord(character) > 127}
        decoder.decode(b"", True)
    except UnicodeDecodeError:
        return None
    western = all(_WESTERN.fullmatch(character.encode()) for character in kinds)
    return (first, sequence) if kinds and (western or len(kinds) >= _DISTINCT_ENOUGH) else None
