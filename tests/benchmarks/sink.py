"""A server that is not the bottleneck: one process, raw sockets, HTTP/1.1 keep-alive, no look at what it gets.

It answers every POST and PUT with an empty 200, a GET of the queue with "no more messages", and `/_report` with
what it has counted since `/_reset`. It shares no code with the gateway or the simulator.
"""

from __future__ import annotations

import json
import re
import selectors
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.request import urlopen

_LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)
_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
_EMPTY_QUEUE = b"<status>No more messages available.</status>"
REPORT, RESET = b"/_report", b"/_reset"


class _Counter:
    """What arrived since the last reset; instants are wall-clock seconds, to be compared between processes."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.orders = 0
        self.first_at: float | None = None
        self.last_at: float | None = None
        self.bodies: set[int] = set()

    def count(self, body: bytes) -> None:
        now = time.time()
        self.orders += 1
        self.bodies.add(hash(body))
        self.first_at = self.first_at or now
        self.last_at = now

    def report(self) -> dict[str, Any]:
        return {
            "orders": self.orders, "distinct": len(self.bodies), "first_at": self.first_at, "last_at": self.last_at,
        }  # fmt: skip


class _Peer:
    """One connection: gathers bytes until a request is whole."""

    def __init__(self, connection: socket.socket, counter: _Counter) -> None:
        self.connection, self._counter = connection, counter
        self._data = b""

    def readable(self) -> bool:
        """Take what came and answer every whole request; return False when the connection has ended."""
        try:
            piece = self.connection.recv(262_144)
        except ConnectionError:
            return False
        if not piece:
            return False
        self._data = self._data + piece if self._data else piece
        while (end := self._data.find(b"\r\n\r\n")) >= 0:
            found = _LENGTH.search(self._data, 0, end)
            whole = end + 4 + (int(found.group(1)) if found else 0)
            if len(self._data) < whole:
                break
            answer = self._answer(self._data[:end], self._data[end + 4 : whole])
            self._data = self._data[whole:]
            self.connection.sendall(answer)
        return True

    def _answer(self, head: bytes, body: bytes) -> bytes:
        if not head.startswith(b"GET"):
            self._counter.count(body)
            return _OK
        path = head.split(b" ", 2)[1]
        if path == RESET:
            self._counter.reset()
            return _OK
        text, kind = (json.dumps(self._counter.report()).encode(), b"application/json") if path == REPORT else (
            _EMPTY_QUEUE, b"application/xml"
        )  # fmt: skip
        return b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n%b" % (kind, len(text), text)


def serve() -> None:
    """Serve until the process is ended; the port is the first line printed."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    print(listener.getsockname()[1], flush=True)
    selector, counter = selectors.DefaultSelector(), _Counter()
    selector.register(listener, selectors.EVENT_READ, None)
    while True:
        for key, _ in selector.select():
            if key.data is None:
                connection, _address = listener.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                selector.register(connection, selectors.EVENT_READ, _Peer(connection, counter))
            elif not key.data.readable():
                selector.unregister(key.data.connection)
                key.data.connection.close()


class Sink:
    """The server in a process of its own."""

    def __enter__(self) -> Sink:
        """Start it."""
        command = [sys.executable, "-m", "tests.benchmarks.sink"]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())
        self.base_url = f"http://127.0.0.1:{self.port}"
        self.reset_url = self.base_url + RESET.decode()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def reset(self) -> None:
        """Count from zero."""
        urlopen(self.reset_url).close()

    def report(self) -> dict[str, Any]:
        """Return what has arrived since the last reset."""
        with urlopen(self.base_url + REPORT.decode()) as answer:
            counted: dict[str, Any] = json.load(answer)
        return counted


def most_per_second(port: int, body: bytes, requests: int, connections: int = 4) -> float:
    """Return how many POSTs a second the sink answers when the client costs next to nothing (one process)."""
    head = b"POST /api/order HTTP/1.1\r\nHost: sink\r\nContent-Type: application/xml\r\nContent-Length: %d\r\n\r\n"
    request = head % len(body) + body
    selector = selectors.DefaultSelector()
    for _ in range(connections):
        connection = socket.create_connection(("127.0.0.1", port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(connection, selectors.EVENT_READ)
    started = time.perf_counter()
    for key in list(selector.get_map().values()):
        key.fileobj.sendall(request)  # type: ignore[union-attr]
    answered = 0
    while answered < requests:
        for key, _ in selector.select():
            key.fileobj.recv(4096)  # type: ignore[union-attr]  # an answer is far smaller, and comes in one piece
            answered += 1
            key.fileobj.sendall(request)  # type: ignore[union-attr]
    seconds = time.perf_counter() - started
    for key in list(selector.get_map().values()):
        key.fileobj.close()  # type: ignore[union-attr]
    return answered / seconds


if __name__ == "__main__":
    serve()
