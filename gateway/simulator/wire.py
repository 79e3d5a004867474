"""HTTP/1.1 as bytes: reads a request's head and body, writes an answer's bytes. Knows no endpoint.

Written by hand rather than on `http.server`, because faults must strike between two reads and inside an
answer, and because the simulator must not be what a benchmark measures.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from typing import BinaryIO

from gateway.simulator.values import Headers, Refused, Reply, find_header

MAX_LINE_BYTES = 65_536
MAX_HEADERS = 200
MAX_DRAIN_BYTES = 256 * 1024 * 1024
"""A body over the limit is read and dropped up to here, so that the client can read the 413."""


@dataclass(frozen=True, slots=True)
class RequestHead:
    """Request line and headers, exactly as they came."""

    method: str
    target: str
    version: str
    headers: Headers

    @property
    def path(self) -> str:
        """Return the target without its query, still percent-encoded."""
        return self.target.partition("?")[0]

    def header(self, name: str) -> str | None:
        """Return the first value under that name, case ignored."""
        return find_header(self.headers, name)

    @property
    def keeps_alive(self) -> bool:
        """Tell whether the client expects the connection to stay open."""
        connection = (self.header("Connection") or "").lower()
        return "close" not in connection if self.version == "HTTP/1.1" else "keep-alive" in connection


def read_head(reader: BinaryIO) -> RequestHead | None:
    """Read up to the empty line; None when the client hung up between two requests.

    Raises Refused (400) for anything that is no HTTP/1.x request, ConnectionError for half a head.
    """
    line = reader.readline(MAX_LINE_BYTES)
    if line in (b"\r\n", b"\n"):  # RFC 9112 2.2: an empty line before the request line is ignored
        line = reader.readline(MAX_LINE_BYTES)
    if not line:
        return None
    parts = line.decode("latin-1").rstrip("\r\n").split(" ")
    if len(parts) != 3 or parts[2] not in ("HTTP/1.1", "HTTP/1.0") or not parts[1].isascii():
        raise Refused(400, "This is no HTTP/1.1 request line.")
    headers: list[tuple[str, str]] = []
    while (line := reader.readline(MAX_LINE_BYTES)) not in (b"\r\n", b"\n"):
        if not line.endswith(b"\n"):
            raise ConnectionError("the client hung up inside the request head, or a line of it has no end")
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon or name != name.strip() or len(headers) >= MAX_HEADERS:
            raise Refused(400, "A request header cannot be read.")
        headers.append((name, value.strip()))
    return RequestHead(parts[0], parts[1], parts[2], tuple(headers))


def read_body(head: RequestHead, reader: BinaryIO, limit_bytes: int) -> bytes:
    """Read the whole body that the head announces.

    Raises Refused 413 over `limit_bytes` (after draining it), Refused 400 for a length that is no number,
    ConnectionError when the client hung up inside the body.
    """
    if (head.header("Transfer-Encoding") or "").lower() == "chunked":
        return _read_chunks(reader, limit_bytes)
    announced = head.header("Content-Length")
    if announced is None:
        return b""
    if not (announced.isascii() and announced.isdigit()):
        raise Refused(400, f"Content-Length {announced!r} is no number.")
    length = int(announced)
    if length > limit_bytes:
        _drain(reader, length)
        raise Refused(413, f"The document has {length} bytes; at most {limit_bytes} are taken.")
    return _read_exactly(reader, length)


def _read_exactly(reader: BinaryIO, length: int) -> bytes:
    body = reader.read(length)
    if len(body) < length:
        raise ConnectionError("the client hung up inside the request body")
    return body


def _drain(reader: BinaryIO, length: int) -> None:
    if length > MAX_DRAIN_BYTES:
        return
    while length > 0:
        length -= len(_read_exactly(reader, min(length, 1_048_576)))


def _read_chunks(reader: BinaryIO, limit_bytes: int) -> bytes:
    chunks: list[bytes] = []
    total = 0
    while True:
        size_text = reader.readline(MAX_LINE_BYTES).partition(b";")[0].strip()
        try:
            size = int(size_text, 16)
        except ValueError as error:
            raise Refused(400, "A chunk size cannot be read.") from error
        if size == 0:
            while reader.readline(MAX_LINE_BYTES) not in (b"\r\n", b"\n", b""):
                pass
            if total > limit_bytes:
                raise Refused(413, f"The document has {total} bytes; at most {limit_bytes} are taken.")
            return b"".join(chunks)
        total += size
        chunk = _read_exactly(reader, size)
        if total <= limit_bytes:
            chunks.append(chunk)
        elif total > MAX_DRAIN_BYTES:
            raise ConnectionError("the body has no end")
        reader.readline(MAX_LINE_BYTES)


class _DateHeader:
    """The Date header's value, made once a second."""

    def __init__(self) -> None:
        self._made: tuple[int, str] = (0, "")

    def now(self) -> str:
        second = int(time.time())
        made = self._made
        if made[0] != second:
            made = self._made = (second, formatdate(second, usegmt=True))
        return made[1]


_DATE = _DateHeader()


def answer_head(reply: Reply, *, length: int | None, close: bool) -> bytes:
    """Return status line and headers. `length` None means chunked. Headers of the reply win over ours."""
    given = {name.lower() for name, _ in reply.headers}
    lines = [f"HTTP/1.1 {reply.status} {_reason(reply.status)}"]
    if "date" not in given:
        lines.append(f"Date: {_DATE.now()}")
    lines.extend(f"{name}: {value}" for name, value in reply.headers)
    if length is None:
        lines.append("Transfer-Encoding: chunked")
    elif "content-length" not in given:
        lines.append(f"Content-Length: {length}")
    if close and "connection" not in given:
        lines.append("Connection: close")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8")


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unnamed"


def one_chunk(body: bytes) -> bytes:
    """Return `body` as one chunk, without the chunk that ends the answer."""
    return f"{len(body):x}\r\n".encode("ascii") + body + b"\r\n" if body else b""


LAST_CHUNK = b"0\r\n\r\n"
