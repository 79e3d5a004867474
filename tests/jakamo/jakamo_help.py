"""What this room's tests share: an account, a clock that is moved by hand, servers that misbehave on the wire."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from gateway.clock import SystemClock
from gateway.jakamo.client import JakamoClient
from gateway.settings import Account

NOW = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
ORDER = b"<Order><ID>PO-1</ID></Order>"


def an_account(base_url: str, **changes: Any) -> Account:
    """Return an account with short limits; `changes` are settings of it."""
    basic = {"username": "integration", "password": "password"} if changes.get("auth") != "oauth2" else {}
    limits = {"connect_seconds": 3.0, "answer_seconds": 3.0}
    return Account(name="main", base_url=base_url, **{**basic, **limits, **changes})


class HandClock:
    """A clock that stands until it is moved; waiting moves it and takes no time."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.waits: list[float] = []

    def now(self) -> datetime:
        """Return the instant."""
        return NOW + timedelta(seconds=self.seconds - 1000.0)

    def monotonic(self) -> float:
        """Return the seconds."""
        return self.seconds

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Note the wait and move on."""
        self.waits.append(seconds)
        self.seconds += seconds
        return event.is_set()


class Wire:
    """One connection, seen from the server."""

    def __init__(self, sock: socket.socket, ending: threading.Event) -> None:
        self.sock = sock
        self._ending = ending

    def pause(self, seconds: float = 10.0) -> bool:
        """Do nothing for a while; return False when the server is ending."""
        return not self._ending.wait(seconds)

    def read_request(self) -> bytes:
        """Return one whole request, or what came before the client hung up."""
        data = b""
        while b"\r\n\r\n" not in data:
            data += (more := self.sock.recv(65_536))
            if not more:
                return data
        head, _, body = data.partition(b"\r\n\r\n")
        lines = head.lower().split(b"\r\n")
        lengths = [int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length")]
        while len(body) < sum(lengths):
            body += (more := self.sock.recv(65_536))
            if not more:
                break
        return head + b"\r\n\r\n" + body

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.sock.sendall(data)

    def reset(self) -> None:
        """End with a TCP reset instead of an orderly end."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


Behaviour = Callable[[Wire], None]


class WireServer:
    """Listens on a free port and treats connection N as behaviour N says; the last one goes on for ever.

    `received` holds the bytes of each request that a behaviour made by `answering` has read.
    """

    def __init__(self, *behaviours: Behaviour, tls: ssl.SSLContext | None = None, port: int = 0) -> None:
        self._behaviours = behaviours
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", port))
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self.port: int = self._listener.getsockname()[1]
        self.connections = 0
        self.received: list[bytes] = []
        self.ending = threading.Event()

    @property
    def url(self) -> str:
        """Return the base address."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    def __enter__(self) -> WireServer:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ending.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for sock in self._open:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        while not self.ending.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(sock)
            behaviour = self._behaviours[min(self.connections, len(self._behaviours) - 1)]
            self.connections += 1
            thread = threading.Thread(target=self._serve, args=(sock, behaviour), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket, behaviour: Behaviour) -> None:
        with contextlib.suppress(OSError):  # what the client does to us is no matter of the server
            if self._tls is not None:
                sock = self._tls.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
                self._open.append(sock)
                sock.do_handshake()
            behaviour(Wire(sock, self.ending))
            sock.close()


def silent(wire: Wire) -> None:
    """Take the connection, read nothing, say nothing."""
    wire.pause()


def answering(server_of: Callable[[], WireServer] | None, *answers: bytes, then_close: bool = True) -> Behaviour:
    """Return a behaviour that reads a request before each answer, then closes or keeps silent."""

    def behave(wire: Wire) -> None:
        for answer in answers:
            request = wire.read_request()
            if server_of is not None and request:
                server_of().received.append(request)
            wire.send(answer)
        if not then_close:
            wire.sock.recv(1)

    return behave


def plain(status: str, body: bytes = b"", *headers: str) -> bytes:
    """Return one well-formed answer."""
    lines = (f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers)
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@contextlib.contextmanager
def recording(*answers: bytes, tls: ssl.SSLContext | None = None) -> Iterator[WireServer]:
    """Serve these answers on every connection, one for each request, and record the requests."""
    server: list[WireServer] = []
    with WireServer(answering(lambda: server[0], *answers), tls=tls) as running:
        server.append(running)
        yield running


@contextlib.contextmanager
def client_for(account: Account, clock: HandClock | None = None, waits: Sequence[float] = ()) -> Iterator[JakamoClient]:
    """Give a client for an account; without a clock, time is real."""
    client = JakamoClient(account, clock or SystemClock(), repeat_waits_seconds=waits)
    try:
        yield client
    finally:
        client.close()
