"""One connection: reads requests, lets faults strike at their exact moment, answers."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass

from gateway.simulator import wire
from gateway.simulator.checks import peek_order_number
from gateway.simulator.control import CONTROL_PATH, Control
from gateway.simulator.endpoints import Api, Route, find_route
from gateway.simulator.faults import Fault, FaultProgram
from gateway.simulator.ledger import Ledger, RequestRecord
from gateway.simulator.markup import error_reply
from gateway.simulator.values import Refused, Reply, replace_headers

_ENDLESS_CHUNK = b" " * 65_536
_LINGER_SECONDS = 5.0


@dataclass(slots=True, kw_only=True)
class Backend:
    """What every connection of one simulator shares."""

    api: Api
    control: Control
    faults: FaultProgram
    ledger: Ledger
    max_body_bytes: int
    on_request: Callable[[RequestRecord], None]  # called when a request is done with


def end_in_reset(sock: socket.socket) -> None:
    """Let the socket's close be a TCP reset instead of an orderly end."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class Connection:
    """The talk on one socket. `run` returns when either side is done; the socket is closed then."""

    def __init__(self, backend: Backend, sock: socket.socket, number: int, stopping: threading.Event) -> None:
        self._backend = backend
        self._sock = sock
        self._number = number
        self._stopping = stopping
        self._reader = sock.makefile("rb")

    def run(self) -> None:
        """Serve requests until the client or a fault ends it."""
        try:
            while not self._stopping.is_set() and self._serve_one():
                pass
        except OSError:
            pass  # the client hung up, or stop() closed the socket
        finally:
            with contextlib.suppress(OSError):
                self._reader.close()
                self._sock.close()

    def _reset_if_told(self, fault: Fault) -> None:
        if fault.reset:
            end_in_reset(self._sock)

    def _serve_one(self) -> bool:
        """Serve one request; tell whether the connection stays open."""
        try:
            head = wire.read_head(self._reader)
        except Refused as refused:
            return self._send(error_reply(refused.status, *refused.words), close=True)
        if head is None:
            return False
        if head.path.startswith(CONTROL_PATH):
            return self._serve_control(head)
        route = find_route(head.method, head.path)
        record = self._backend.ledger.open_request(
            self._number, head.method, head.target, head.headers, route.endpoint, route.order
        )
        try:
            return self._serve_api(head, route, record)
        finally:
            self._backend.on_request(record)

    def _serve_api(self, head: wire.RequestHead, route: Route, record: RequestRecord) -> bool:
        backend = self._backend
        fault = backend.faults.take_early(route.endpoint, head.method, route.order)
        if fault is not None:
            return self._strike_early(fault, record)
        try:
            record.body = self._read_body(head)
        except Refused as refused:
            return self._finish(record, error_reply(refused.status, *refused.words), close=True)
        fault = self._take_fault(route, record)
        if fault is not None:
            return self._strike(fault, route, record, close=not head.keeps_alive)
        return self._finish(record, self._carry_out(route, record), close=not head.keeps_alive)

    def _read_body(self, head: wire.RequestHead) -> bytes:
        if (head.header("Expect") or "").lower() == "100-continue":
            self._sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        return wire.read_body(head, self._reader, self._backend.max_body_bytes)

    def _serve_control(self, head: wire.RequestHead) -> bool:
        peer = self._sock.getpeername()[0]
        try:
            body = self._read_body(head)
            reply = self._backend.control.handle(head, body, str(peer))
        except Refused as refused:
            reply = error_reply(refused.status, *refused.words)
        return self._send(reply, close=not head.keeps_alive)

    def _take_fault(self, route: Route, record: RequestRecord) -> Fault | None:
        faults = self._backend.faults
        if route.endpoint == "order" and faults.names_orders():
            record.order_number = peek_order_number(record.body)
        return faults.take(route.endpoint, record.method, record.order_number)

    def _carry_out(self, route: Route, record: RequestRecord) -> Reply:
        try:
            reply = self._backend.api.carry_out(route, record)
        except Refused as refused:
            if record.order_number is None and route.endpoint == "order":
                record.order_number = peek_order_number(record.body)
            return error_reply(refused.status, *refused.words, headers=refused.headers)
        record.carried_out = reply.status < 400
        return reply

    def _finish(self, record: RequestRecord, reply: Reply, *, close: bool) -> bool:
        record.status = reply.status  # before the answer goes out: who has the answer finds it in the ledger
        self._backend.ledger.touch()
        return self._send(reply, close=close)

    def _send(self, reply: Reply, *, close: bool) -> bool:
        self._sock.sendall(wire.answer_head(reply, length=len(reply.body), close=close) + reply.body)
        return not close

    def _strike_early(self, fault: Fault, record: RequestRecord) -> bool:
        record.fault = fault.to_json()
        self._wait(fault)
        if fault.cut == "before-reading":
            self._backend.ledger.touch()
            self._reset_if_told(fault)
            return False
        reply = Reply(fault.status or 500, fault.body or b"", replace_headers((), dict(fault.headers)))
        self._finish(record, reply, close=True)
        if not fault.reset:
            self._linger()
        self._reset_if_told(fault)
        return False

    def _linger(self) -> None:
        """Read on until the client hangs up: closing with unread bytes would reset, and the answer could be lost."""
        self._sock.settimeout(_LINGER_SECONDS)
        self._sock.shutdown(socket.SHUT_WR)
        while self._sock.recv(1_048_576):
            pass

    def _strike(self, fault: Fault, route: Route, record: RequestRecord, *, close: bool) -> bool:
        record.fault = fault.to_json()
        reply = self._carry_out(route, record) if fault.carries_out else Reply(500)
        self._backend.ledger.touch()
        self._wait(fault)
        if fault.cut in ("after-reading", "after-accepting") or self._stopping.is_set():
            self._reset_if_told(fault)
            return False
        if fault.status is not None:
            reply = Reply(fault.status, fault.body or b"")
        elif fault.body is not None:
            reply = Reply(reply.status, fault.body, reply.headers)
        reply = Reply(reply.status, reply.body, replace_headers(reply.headers, dict(fault.headers)))
        record.status = reply.status
        self._backend.ledger.touch()
        return self._spoil(fault, reply, close=close)

    def _wait(self, fault: Fault) -> None:
        if fault.delay_seconds:
            self._stopping.wait(fault.delay_seconds)
        if fault.hold is not None:
            self._backend.faults.wait_at(fault.hold)

    def _spoil(self, fault: Fault, reply: Reply, *, close: bool) -> bool:
        """Put the answer on the wire the way the fault wants it."""
        must_close = close or fault.declare_extra_bytes != 0 or fault.endless
        announce = must_close and fault.cut != "after-answer"
        if fault.chunked or fault.endless:
            head = wire.answer_head(reply, length=None, close=announce)
            body = wire.one_chunk(reply.body) + (b"" if fault.endless else wire.LAST_CHUNK)
        else:
            head = wire.answer_head(reply, length=len(reply.body) + fault.declare_extra_bytes, close=announce)
            body = reply.body
        if fault.cut == "in-answer":
            half = len(head) + len(body) // 2 if body else len(head) // 2
            self._sock.sendall((head + body)[: half if fault.cut_after_bytes is None else fault.cut_after_bytes])
            self._reset_if_told(fault)
            return False
        if fault.drip_seconds is not None:
            self._drip(fault, head, body)
        else:
            self._sock.sendall(head + body)
        while fault.endless and not self._stopping.is_set():
            self._sock.sendall(wire.one_chunk(_ENDLESS_CHUNK))
        if fault.cut == "after-answer":
            self._reset_if_told(fault)
            return False
        return not must_close

    def _drip(self, fault: Fault, head: bytes, body: bytes) -> None:
        if fault.drip_body_only:
            self._sock.sendall(head)
        for byte in body if fault.drip_body_only else head + body:
            if self._stopping.wait(fault.drip_seconds):
                raise ConnectionAbortedError("the simulator is stopping")
            self._sock.sendall(bytes((byte,)))
