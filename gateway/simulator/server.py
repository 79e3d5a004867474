"""The listening socket: accepts connections, one thread each, until it is told to stop."""

from __future__ import annotations

import contextlib
import selectors
import socket
import ssl
import threading
import time
from collections.abc import Callable

from gateway.simulator.connection import Backend, Connection, end_in_reset

_BACKLOG = 512
_JOIN_SECONDS = 5.0


class Server:
    """Listens on one address. Stopping cuts every connection, as when a machine goes down."""

    def __init__(self, backend: Backend, host: str, port: int, *, tls: ssl.SSLContext | None, idle: float | None):
        self._backend = backend
        self._tls = tls
        self._idle = idle
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._open: dict[socket.socket, threading.Thread] = {}
        self._count = 0
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, port), family=family, backlog=_BACKLOG)
        self._wake_reader, self._wake_writer = socket.socketpair()
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept_all, name="simulator-accept", daemon=True)

    def start(self) -> None:
        """Begin to accept connections."""
        self._thread.start()

    def stop(self, let_go: Callable[[], None]) -> None:
        """Close the port and every connection, and wait for their threads; `let_go` frees those that are held."""
        self._stopping.set()
        let_go()
        self._wake_writer.send(b"x")
        self._thread.join(_JOIN_SECONDS)
        give_up = time.monotonic() + _JOIN_SECONDS
        while (talks := self._talks()) and time.monotonic() < give_up:
            for sock, _ in talks:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
            for _, thread in talks:
                thread.join(_JOIN_SECONDS / 50)
        self._wake_reader.close()
        self._wake_writer.close()

    def _talks(self) -> list[tuple[socket.socket, threading.Thread]]:
        with self._lock:
            return list(self._open.items())

    def _accept_all(self) -> None:
        with self._listener, selectors.DefaultSelector() as selector:
            selector.register(self._listener, selectors.EVENT_READ)
            selector.register(self._wake_reader, selectors.EVENT_READ)
            while not self._stopping.is_set():
                if any(key.fileobj is self._listener for key, _ in selector.select()):
                    with contextlib.suppress(OSError):  # the client may be gone before it is accepted
                        self._begin_talk(self._listener.accept()[0])

    def _begin_talk(self, sock: socket.socket) -> None:
        self._count += 1
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(self._idle)
        thread = threading.Thread(
            target=self._talk, args=(sock, self._count), name=f"simulator-{self._count}", daemon=True
        )
        with self._lock:
            self._open[sock] = thread
        thread.start()

    def _talk(self, sock: socket.socket, number: int) -> None:
        try:
            fault = self._backend.faults.take_connection()
            if fault is not None:
                self._stopping.wait(fault.delay_seconds)
                if fault.reset:
                    end_in_reset(sock)
                return
            if self._tls is not None:
                sock = secured = self._secure(sock, self._tls)
                secured.do_handshake()
            Connection(self._backend, sock, number, self._stopping).run()
        except OSError:
            pass  # the client refused our certificate, spoke no TLS, or is gone
        finally:
            sock.close()
            with self._lock:
                self._open.pop(sock, None)

    def _secure(self, sock: socket.socket, tls: ssl.SSLContext) -> ssl.SSLSocket:
        secured = tls.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        with self._lock:
            self._open[secured] = self._open.pop(sock)
        return secured
