"""A compressed body, decoded whole or not at all. Pure.

Not left to the HTTP library: it takes a stream that breaks off for one that ends, and a broken-off answer that
decodes to nothing would read as an empty success.
"""

from __future__ import annotations

import zlib


class NotDecodable(ValueError):
    """The body is broken, too large when decoded, or compressed in a way that was not asked for; says which."""


def decode(body: bytes, content_encoding: str, limit_bytes: int) -> bytes:
    """Return the body without its compression. Raises `NotDecodable`."""
    encoding = content_encoding.strip().lower()
    if encoding in ("", "identity") or not body:
        return body
    if encoding in ("gzip", "x-gzip"):
        return _inflate(body, 16 + zlib.MAX_WBITS, limit_bytes)
    if encoding == "deflate":
        raw = body[0] & 0x0F != 8 or (len(body) > 1 and int.from_bytes(body[:2], "big") % 31 != 0)
        return _inflate(body, -zlib.MAX_WBITS if raw else zlib.MAX_WBITS, limit_bytes)
    raise NotDecodable("its compression is of an unknown kind")


def _inflate(body: bytes, window: int, limit_bytes: int) -> bytes:
    """Decode one stream, or several in a row as gzip allows."""
    pieces: list[bytes] = []
    left = limit_bytes
    while body:
        stream = zlib.decompressobj(window)
        try:
            piece = stream.decompress(body, left + 1)
        except zlib.error as error:
            raise NotDecodable("its compression is broken") from error
        left -= len(piece)
        if left < 0:
            raise NotDecodable(f"larger than {limit_bytes} bytes when decoded")
        if not stream.eof:
            raise NotDecodable("its compression is broken off")
        pieces.append(piece)
        body = stream.unused_data
    return b"".join(pieces)
