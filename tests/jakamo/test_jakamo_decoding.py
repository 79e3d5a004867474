"""Compressed bodies: whole or not at all."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.jakamo.decoding import NotDecodable, decode

LIMIT = 10_000


def raw_deflate(body: bytes) -> bytes:
    """Return a stream without the zlib head, as some servers send for "deflate"."""
    stream = zlib.compressobj(wbits=-15)
    return stream.compress(body) + stream.flush()


@given(st.binary(max_size=500))
def test_each_kind_comes_back(body: bytes) -> None:
    """Identity, gzip in one or two parts, deflate with and without its head."""
    assert decode(body, "", LIMIT) == decode(body, " Identity ", LIMIT) == body
    assert decode(gzip.compress(body, mtime=0), "GZIP", LIMIT) == body
    assert decode(gzip.compress(body, mtime=0) + gzip.compress(b"more", mtime=0), "x-gzip", LIMIT) == body + b"more"
    assert decode(zlib.compress(body), "deflate", LIMIT) == body
    assert decode(raw_deflate(body), "deflate", LIMIT) == body


@given(st.binary(max_size=500), st.integers(min_value=1, max_value=30), st.booleans())
def test_a_stream_that_breaks_off_is_refused(body: bytes, missing: int, zipped: bool) -> None:
    """However much is missing: a broken-off answer must not pass for a short one."""
    whole = gzip.compress(body, mtime=0) if zipped else zlib.compress(body)
    cut = whole[: max(1, len(whole) - missing)]
    with pytest.raises(NotDecodable):
        decode(cut, "gzip" if zipped else "deflate", LIMIT)


@pytest.mark.parametrize(
    ("body", "encoding", "reason"),
    [
        (b"no gzip at all", "gzip", "broken"),
        (gzip.compress(b"x", mtime=0) + b"garbage", "gzip", "broken"),
        (gzip.compress(b"\0" * (LIMIT + 1), mtime=0), "gzip", "larger than 10000 bytes"),
        (gzip.compress(b"\0" * 6000, mtime=0) * 2, "gzip", "larger than 10000 bytes"),
        (b"x", "br", "unknown kind"),
        (b"x", "gzip, gzip", "unknown kind"),
    ],
)
def test_what_cannot_be_decoded_says_why(body: bytes, encoding: str, reason: str) -> None:
    """Broken, too large or unknown."""
    with pytest.raises(NotDecodable, match=reason):
        decode(body, encoding, LIMIT)


def test_nothing_is_nothing() -> None:
    """An empty body needs no decoding, whatever its label; the limit itself is allowed."""
    assert decode(b"", "gzip", LIMIT) == b""
    assert len(decode(gzip.compress(b"\0" * LIMIT, mtime=0), "gzip", LIMIT)) == LIMIT
