"""Connections that know how much of a request was written and how much time is left.

The bottom of the transport: urllib3's connections and pools, with the one thing added that no exception's name
can tell: whether a byte of the request left. Must not judge anything, must not know Jakamo.
"""

from __future__ import annotations

import contextvars
import io
import re
import socket
import ssl
from dataclasses import dataclass
from http.client import HTTPException
from http.client import HTTPResponse as RawResponse
from typing import Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import NameResolutionError, NewConnectionError
from urllib3.response import HTTPResponse

from gateway.clock import Clock

_PIECE = 16_384  # bytes written at once; one TLS record
_KEEP_ALIVE = re.compile(r"timeout\s*=\s*\"?([0-9]{1,6})", re.IGNORECASE)


@dataclass(slots=True)
class Call:
    """One exchange on the wire: its limits in monotonic seconds, and what was written so far."""

    clock: Clock
    deadline: float  # for all of it: connect, send, answer
    connect_seconds: float
    idle_seconds: float
    limit: float = 0.0  # the end of the present phase; never after `deadline`
    bytes_total: int = 0
    bytes_written: int = 0
    reusable: bool = True  # the connection may serve another request afterwards

    def begin_connecting(self) -> None:
        """Give the connection its own, shorter limit: TCP, proxy and TLS together."""
        self.limit = min(self.deadline, self.clock.monotonic() + self.connect_seconds)

    def begin_exchange(self) -> None:
        """Give the request and its answer all the time that is left."""
        self.limit = self.deadline

    def remaining(self) -> float:
        """Return the seconds left in this phase; raise `TimeoutError` when there are none."""
        left = self.limit - self.clock.monotonic()
        if left <= 0:
            raise TimeoutError("the time for this call is used up")
        return left

    @property
    def sent_whole(self) -> bool:
        """Tell whether every byte of the request was handed to the system."""
        return 0 < self.bytes_total == self.bytes_written


CURRENT_CALL: contextvars.ContextVar[Call] = contextvars.ContextVar("current_call")
"""The call this thread is making; urllib3 hands nothing of ours down to its connections."""


class _TimedReader(io.RawIOBase):
    """Reads from a socket, each time only as long as the whole call has left.

    A timeout on the socket alone starts anew with every byte, so that one byte each 20 s would last for ever.
    """

    def __init__(self, sock: Any, call: Call) -> None:
        super().__init__()
        self._sock = sock
        self._call = call
        self._raw = sock.makefile("rb", buffering=0)
        self.at_end = False

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Read what is there into `buffer`; raise `TimeoutError` when the call has no time left."""
        self._sock.settimeout(self._call.remaining())
        count: int | None = self._raw.readinto(buffer)
        self.at_end = count == 0
        return count

    def close(self) -> None:
        """Let go of the socket; it closes when its connection has, too."""
        if not self.closed:
            self._raw.close()
        super().close()


class _Opener:
    """Stands in for the socket where `http.client` opens it as a file."""

    def __init__(self, sock: Any) -> None:
        self.reader = _TimedReader(sock, CURRENT_CALL.get())

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Return a reader that keeps to the time of the current call."""
        return io.BufferedReader(self.reader)


class _WholeHeadResponse(RawResponse):
    """An answer whose head must arrive whole: `http.client` takes the end of the connection for the head's end.

    Without this, a connection cut after `HTTP/1.1 200 O` reads as success with an empty body.
    """

    def __init__(self, sock: Any, *args: Any, **kwargs: Any) -> None:
        self._opener = _Opener(sock)
        super().__init__(self._opener, *args, **kwargs)  # type: ignore[arg-type]

    def begin(self) -> None:
        """Read the head; raise `HTTPException` when the connection ended inside it."""
        super().begin()
        if self._opener.reader.at_end:
            raise HTTPException("the connection ended inside the answer's head")


class WatchedConnection(HTTPConnection):
    """A connection that counts the bytes of the request and keeps to the time of the current call."""

    response_class = _WholeHeadResponse
    _held: list[bytes] | None = None
    idle_since: float = 0.0
    server_keeps_seconds: float | None = None  # what the server's Keep-Alive header promised

    def idle_too_long(self, call: Call) -> bool:
        """Tell whether the server may have hung up without a sign since the last answer."""
        allowed = call.idle_seconds
        if self.server_keeps_seconds is not None:
            allowed = min(allowed, max(0.0, self.server_keeps_seconds - 1.0))
        return call.clock.monotonic() - self.idle_since > allowed

    def _new_conn(self) -> socket.socket:
        """Connect to the first address that answers; each gets its share of the time left.

        Looking up the name is bounded by the system's resolver, not by us; nothing is written meanwhile.
        """
        call = CURRENT_CALL.get()
        call.begin_connecting()
        host = self._dns_host.strip("[]")
        try:
            found = socket.getaddrinfo(host, self.port, type=socket.SOCK_STREAM)
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        trouble: OSError | None = None
        for index, (family, kind, number, _, address) in enumerate(found):
            sock = socket.socket(family, kind, number)
            try:
                for option in self.socket_options or ():
                    sock.setsockopt(*option)
                sock.settimeout(call.remaining() / (len(found) - index))
                sock.connect(address)
                sock.settimeout(call.remaining())
            except OSError as error:
                sock.close()
                trouble = error
            else:
                return sock
        raise NewConnectionError(self, f"cannot connect: {trouble}") from trouble

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> None:
        """Write one request in one go: head and body are held back until both are known, then counted out."""
        if self.sock is None:
            self.connect()  # before anything is held: the proxy's CONNECT is no part of the request
        self._held = []
        try:
            super().request(method, url, *args, **kwargs)
            whole = b"".join(self._held)
        finally:
            self._held = None
        self._write(whole)

    def send(self, data: Any) -> None:
        """Hold a part of the request back; outside of a request (the proxy's CONNECT) write it at once."""
        if self._held is None:
            super().send(data)
        else:
            self._held.append(data)

    def _write(self, whole: bytes) -> None:
        call = CURRENT_CALL.get()
        call.begin_exchange()
        call.bytes_total = len(whole)
        encrypted = not isinstance(self.sock, socket.socket) or isinstance(self.sock, ssl.SSLSocket)
        view, position = memoryview(whole), 0
        while position < len(whole):
            piece = view[position : position + _PIECE]
            self.sock.settimeout(call.remaining())
            if encrypted:  # a failed write may have sent a part of the record: count it beforehand
                call.bytes_written = position + len(piece)
            position += self.sock.send(piece)
            call.bytes_written = position

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as urllib3 itself does
        """Return the answer's head, and note how long the server promises to keep the connection."""
        response = super().getresponse()
        promised = _KEEP_ALIVE.search(response.headers.get("Keep-Alive", ""))
        self.server_keeps_seconds = float(promised.group(1)) if promised else None
        return response


class WatchedTlsConnection(WatchedConnection, HTTPSConnection):
    """The same over TLS."""


class _WatchedPool(HTTPConnectionPool):
    """Gives out no connection that was idle too long, and takes none back that must not serve again."""

    def _get_conn(self, timeout: float | None = None) -> Any:
        connection = super()._get_conn(timeout)
        if not isinstance(connection, WatchedConnection) or connection.is_closed:
            return connection
        if connection.idle_too_long(CURRENT_CALL.get()):
            connection.close()  # a silent hang-up would turn the next POST into an unknown outcome
        return connection

    def _put_conn(self, conn: Any) -> None:
        if isinstance(conn, WatchedConnection):
            call = CURRENT_CALL.get()
            conn.idle_since = call.clock.monotonic()
            if not call.reusable:
                conn.close()
        super()._put_conn(conn)


class WatchedHttpPool(_WatchedPool):
    """Connections without TLS: loopback only, by the settings."""

    ConnectionCls = WatchedConnection


class WatchedHttpsPool(_WatchedPool, HTTPSConnectionPool):
    """Connections over TLS."""

    ConnectionCls = WatchedTlsConnection
