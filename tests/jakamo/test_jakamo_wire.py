"""Faults on the wire, over real sockets: what each means, and that time, size and trust have limits."""

from __future__ import annotations

import gzip
import socket
import threading
import time
import zlib
from typing import Any

import pytest
from jakamo_help import (
    OK,
    ORDER,
    Behaviour,
    HandClock,
    Wire,
    WireServer,
    an_account,
    client_for,
    plain,
    recording,
    silent,
)

from gateway.clock import SystemClock
from gateway.jakamo.failures import NoReply
from gateway.jakamo.transport import Limits, Transport
from gateway.model import Answer, AnswerClass, MessageKind

A = AnswerClass


def send(server: WireServer, **account: Any) -> Answer:
    """Post one order to a server that misbehaves."""
    with client_for(an_account(server.url, **account)) as client:
        return client.send(MessageKind.ORDER, "PO-1", ORDER)


def after_reading(*parts: bytes, reset: bool = False) -> Behaviour:
    """Read the whole request, answer with these bytes, hang up."""

    def behave(wire: Wire) -> None:
        wire.read_request()
        for part in parts:
            wire.send(part)
        if reset:
            wire.reset()

    return behave


def dripping(head: bytes, each: bytes = b"x", seconds: float = 0.05) -> Behaviour:
    """Answer with a head, then one byte at a time for ever."""

    def behave(wire: Wire) -> None:
        wire.read_request()
        wire.send(head)
        while wire.pause(seconds):
            wire.send(each)

    return behave


def test_the_request_on_the_wire_is_exact() -> None:
    """Head and body as the API asks, one length, nothing that a library adds unasked."""
    with recording(OK) as server:
        assert send(server).answer_class is A.ACCEPTED
    head, _, body = server.received[0].partition(b"\r\n\r\n")
    assert sorted(head.decode().split("\r\n")) == [
        "Accept-Encoding: identity",
        "Accept: application/xml",
        "Authorization: Basic aW50ZWdyYXRpb246cGFzc3dvcmQ=",
        f"Content-Length: {len(ORDER)}",
        "Content-Type: application/xml",
        f"Host: 127.0.0.1:{server.port}",
        "POST /api/order HTTP/1.1",
        "User-Agent: jakamo-file-gateway",
    ]
    assert body == ORDER


NOT_WHOLE = [
    (after_reading(), "lost"),
    (after_reading(reset=True), "lost"),
    (after_reading(b"HTTP/1.1 200 O"), "lost"),
    (after_reading(b"HTTP/1.1 200 OK\r\n"), "lost"),
    (after_reading(b"HTTP/1.1 200 OK\r\nContent-Le"), "lost"),
    (after_reading(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"), "lost"),
    (after_reading(b"HTTP/1.1 100 Continue\r\n\r\n"), "lost"),
    (after_reading(b"garbage that is no status line\r\n\r\n"), "lost"),
    (after_reading(b"HTTP/1.1 2x0 OK\r\n\r\n"), "lost"),
    (after_reading(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n"), "lost"),
    (after_reading(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000 + b"\r\n\r\n"), "lost"),
    (after_reading(b"HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n<status>ok</status>"), "shorter than announced"),
    (after_reading(b"HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n"), "shorter than announced"),
    (after_reading(b"HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\n<ok/>"), "lost"),
    (after_reading(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n<ok/>\r\n"), "did not arrive whole"),
    (after_reading(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n<ok/>\r\n"), "did not arrive whole"),
    (after_reading(b"HTTP/1.1 200 OK\r\n\r\n<status>ok</st"), "not XML"),
    (after_reading(plain("200 OK", b"not gzip", "Content-Encoding: gzip")), "compression is broken"),
    (after_reading(plain("200 OK", gzip.compress(b"<ok/>", mtime=0)[:12], "Content-Encoding: gzip")), "broken off"),
    (after_reading(plain("200 OK", gzip.compress(b"<ok/>", mtime=0)[:-1], "Content-Encoding: gzip")), "broken off"),
    (after_reading(plain("200 OK", b"x", "Content-Encoding: br")), "compression is of an unknown kind"),
    (after_reading(b"HTTP/1.1 103 Early Hints\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), "103"),
]


@pytest.mark.parametrize(("behaviour", "word"), NOT_WHOLE)
def test_what_does_not_arrive_whole_is_maybe(behaviour: Behaviour, word: str) -> None:
    """The request went out, the answer did not come in: nobody may guess."""
    with WireServer(behaviour) as server:
        answer = send(server)
    assert answer.answer_class is A.MAYBE, answer
    assert word in answer.words, answer
    assert server.connections == 1  # not repeated by any layer


@pytest.mark.parametrize(
    "answer",
    [
        plain("200 OK"),
        plain("201 Created", b"<status>ok</status>", "Content-Type: text/xml"),
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.0 200 OK\r\n\r\n<ok/>",
        b"HTTP/1.1 100 Continue\r\n\r\n" + OK,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n<ok/>\r\n0\r\n\r\n",
        plain("200 OK", gzip.compress(b"<status>ok</status>", mtime=0), "Content-Encoding: gzip"),
        plain("200 OK", zlib.compress(b"<status>ok</status>"), "Content-Encoding: deflate"),
    ],
)
def test_every_whole_form_of_an_answer_is_accepted(answer: bytes) -> None:
    """Length, chunks, end of connection, compression: all are read to their end."""
    with WireServer(after_reading(answer)) as server:
        assert send(server).answer_class is A.ACCEPTED


@pytest.mark.parametrize(
    "behaviour",
    [
        dripping(b""),
        dripping(b"HTTP/1.1 200 OK\r\nX-Slow: "),
        dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"),
        dripping(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        silent,
    ],
)
def test_a_slow_server_is_left_at_the_deadline(behaviour: Behaviour) -> None:
    """One byte now and then must not hold a worker: the limit is for the whole call."""
    with WireServer(behaviour) as server:
        answer = send(server, connect_seconds=0.2, answer_seconds=0.3)
    assert answer.answer_class is A.MAYBE
    assert 0.3 < answer.elapsed_seconds < 5
    assert "time" in answer.words


def test_a_server_that_does_not_read_is_left_at_the_deadline() -> None:
    """Writing has the same limit as reading; part of the request was written."""
    with (
        WireServer(silent) as server,
        client_for(an_account(server.url, connect_seconds=0.2, answer_seconds=0.3)) as client,
    ):
        answer = client.send(MessageKind.ORDER, "PO-1", b"x" * 30_000_000)
    assert (answer.answer_class, answer.elapsed_seconds < 5) == (A.MAYBE, True)


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n",
    ],
)
def test_an_endless_answer_is_cut(head: bytes) -> None:
    """The size has a limit, whatever length is announced."""
    with WireServer(dripping(head, b"<" * 100_000, 0)) as server:
        answer = send(server, max_answer_mb=1)
    assert answer.answer_class is A.MAYBE
    assert "larger than 1048576 bytes" in answer.words


def test_a_compression_bomb_is_cut() -> None:
    """The limit is on the bytes after decoding."""
    bomb = plain("200 OK", gzip.compress(b"\0" * 50_000_000, 9, mtime=0), "Content-Encoding: gzip")
    with WireServer(after_reading(bomb)) as server:
        answer = send(server, max_answer_mb=1)
    assert (answer.answer_class, "larger than" in answer.words) == (A.MAYBE, True)


def test_an_early_refusal_is_read() -> None:
    """A server that refuses while the body is still coming and keeps listening is believed."""

    def refuse(wire: Wire) -> None:
        wire.sock.recv(100)
        wire.send(plain("413 Payload Too Large", b"<error>too large</error>", "Connection: close"))
        while wire.sock.recv(100_000):
            pass

    with WireServer(refuse) as server, client_for(an_account(server.url)) as client:
        answer = client.send(MessageKind.ORDER, "PO-1", b"x" * 3_000_000)
    assert (answer.answer_class, answer.words) == (A.DATA, "too large")


def test_an_early_success_is_no_success() -> None:
    """A 200 for a document that was not wholly written cannot mean the document."""

    def too_early(wire: Wire) -> None:
        wire.sock.recv(100)
        wire.send(OK)
        wire.sock.shutdown(socket.SHUT_WR)
        wire.pause(0.1)
        wire.reset()

    with WireServer(too_early) as server, client_for(an_account(server.url)) as client:
        answer = client.send(MessageKind.ORDER, "PO-1", b"x" * 30_000_000)
    assert answer.answer_class is A.MAYBE


def test_refused_connection_is_not_sent() -> None:
    """Nothing listens: tried again a few times within the call, then told; no time passes here."""
    with WireServer(after_reading(OK)) as gone:
        url = gone.url
    clock = HandClock()
    with client_for(an_account(url), clock, waits=(0.5, 1.5)) as client:
        answer = client.send(MessageKind.ORDER, "PO-1", ORDER)
    assert (answer.answer_class, answer.status, clock.waits) == (A.NOT_SENT, None, [0.5, 1.5])
    assert answer.words == f"127.0.0.1:{gone.port} refuses the connection."
    assert answer.detail.startswith("ConnectionRefusedError: ")


def test_repeats_stay_within_the_deadline() -> None:
    """A wait that would end after the deadline is not begun."""
    with WireServer(after_reading(OK)) as gone:
        url = gone.url
    clock = HandClock()
    account = an_account(url, connect_seconds=0.2, answer_seconds=0.5)
    with client_for(account, clock, waits=(0.5, 1.5)) as client:
        answer = client.send(MessageKind.ORDER, "PO-1", ORDER)
    assert (answer.answer_class, clock.waits) == (A.NOT_SENT, [0.5])


def test_closing_ends_the_repeats() -> None:
    """A service that stops does not wait for another try."""
    with WireServer(after_reading(OK)) as gone:
        url = gone.url
    clock = HandClock()
    with client_for(an_account(url), clock, waits=(0.5, 1.5)) as client:
        client.close()
        assert client.send(MessageKind.ORDER, "PO-1", ORDER).answer_class is A.NOT_SENT
    assert clock.waits == []


def test_a_server_that_comes_up_meanwhile_gets_the_order_once() -> None:
    """The repeat goes through: the order is sent, once."""
    free = socket.create_server(("127.0.0.1", 0))
    port: int = free.getsockname()[1]
    free.close()
    started: list[WireServer] = []

    class StartsServer(HandClock):
        def wait(self, event: threading.Event, seconds: float) -> bool:
            server = WireServer(after_reading(OK), port=port)
            started.append(server.__enter__())
            return super().wait(event, seconds)

    clock = StartsServer()
    with client_for(an_account(f"http://127.0.0.1:{port}"), clock, waits=(0.5, 1.5)) as client:
        answer = client.send(MessageKind.ORDER, "PO-1", ORDER)
    started[0].__exit__()
    assert (answer.answer_class, clock.waits, started[0].connections) == (A.ACCEPTED, [0.5], 1)


def test_unknown_name_is_not_sent() -> None:
    """A name that cannot be looked up."""
    with client_for(an_account("https://gateway.invalid")) as client:
        answer = client.send(MessageKind.ORDER, "PO-1", ORDER)
    assert (answer.answer_class, answer.words) == (A.NOT_SENT, "The name of gateway.invalid:443 cannot be looked up.")


def test_a_connection_nobody_takes_is_not_sent() -> None:
    """A full listen queue leaves the connection hanging; its own, shorter limit ends it."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        filling = [socket.socket() for _ in range(4)]
        for each in filling:
            each.setblocking(False)
            each.connect_ex(("127.0.0.1", port))
        account = an_account(f"http://127.0.0.1:{port}", connect_seconds=0.3, answer_seconds=5)
        with client_for(account) as client:
            answer = client.send(MessageKind.ORDER, "PO-1", ORDER)
        for each in filling:
            each.close()
    assert (answer.answer_class, answer.elapsed_seconds < 3) == (A.NOT_SENT, True)


@pytest.mark.parametrize("kind", [MessageKind.ORDER, MessageKind.CHANGE])
def test_an_idle_connection_is_not_reused(kind: MessageKind) -> None:
    """After `idle_seconds` the server may have hung up without a sign: a new connection is made."""
    clock = HandClock()
    with recording(OK, OK, OK) as server, client_for(an_account(server.url), clock) as client:
        for pause, connections in ((0, 1), (14.9, 1), (15.1, 2), (1, 2)):
            clock.seconds += pause
            assert client.send(kind, "PO-1", ORDER).answer_class is A.ACCEPTED
            assert server.connections == connections


def test_the_servers_own_keep_alive_is_kept_to() -> None:
    """A server that says how long it waits is left a second earlier."""
    clock = HandClock()
    answer = plain("200 OK", b"", "Keep-Alive: timeout=5, max=100")
    with recording(*[answer] * 3) as server, client_for(an_account(server.url), clock) as client:
        for pause, connections in ((0, 1), (3.9, 1), (4.1, 2)):
            clock.seconds += pause
            assert client.send(MessageKind.ORDER, "PO-1", ORDER).answer_class is A.ACCEPTED
            assert server.connections == connections


@pytest.mark.parametrize("farewell", [b"", plain("408 Request Timeout", b"", "Connection: close"), OK])
def test_a_farewell_on_an_idle_connection_answers_nothing(farewell: bytes) -> None:
    """What a server says before it hangs up must not be taken for the answer to the next order."""
    hung_up = threading.Event()

    def hang_up(wire: Wire) -> None:
        wire.read_request()
        wire.send(OK)
        wire.send(farewell)
        wire.sock.close()
        hung_up.set()

    refusing = after_reading(plain("422 Unprocessable", b"<error>second</error>"))
    with WireServer(hang_up, refusing) as server, client_for(an_account(server.url)) as client:
        assert client.send(MessageKind.ORDER, "PO-1", ORDER).answer_class is A.ACCEPTED
        assert hung_up.wait(5)
        answer = client.send(MessageKind.ORDER, "PO-2", ORDER)
    assert (answer.answer_class, answer.words, server.connections) == (A.DATA, "second", 2)


def test_a_late_answer_is_not_taken_for_the_next() -> None:
    """After an informational status the connection is given up; its true answer comes to nobody."""

    def late(wire: Wire) -> None:
        wire.read_request()
        wire.send(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n")
        wire.read_request()
        wire.send(OK)

    refusing = after_reading(plain("422 Unprocessable", b"<error>second</error>"))
    with WireServer(late, refusing) as server, client_for(an_account(server.url)) as client:
        assert client.send(MessageKind.ORDER, "PO-1", ORDER).answer_class is A.MAYBE
        assert client.send(MessageKind.ORDER, "PO-2", ORDER).words == "second"
    assert server.connections == 2


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_never_followed(status: int) -> None:
    """Neither the document nor the credentials go where a redirect points."""
    with recording(OK) as elsewhere:
        answer = plain(f"{status} Moved", b"", f"Location: {elsewhere.url}/api/order")
        with recording(answer) as server:
            result = send(server)
    assert (result.answer_class, elsewhere.connections) == (A.SETTINGS, 0)
    assert elsewhere.url in result.words


def test_a_silent_connection_in_use_is_lost() -> None:
    """A reset while the answer is awaited: a byte was written, so nobody may guess."""

    def reset(wire: Wire) -> None:
        wire.sock.recv(10)
        wire.reset()

    with WireServer(reset) as server:
        answer = send(server)
    assert (answer.answer_class, answer.status) == (A.MAYBE, None)


def test_threads_share_one_client() -> None:
    """Many orders at once: each gets its own answer, nothing is mixed up."""

    def echo(wire: Wire) -> None:
        while request := wire.read_request():
            number = request.split(b"/api/order/")[1].split(b" ")[0]
            wire.send(plain("422 Unprocessable", b"<error>" + number + b"</error>"))

    said: dict[str, str] = {}
    with WireServer(echo) as server, client_for(an_account(server.url)) as client:

        def work(worker: int) -> None:
            for number in range(20):
                order = f"PO-{worker}-{number}"
                said[order] = client.send(MessageKind.CHANGE, order, ORDER).words

        threads = [threading.Thread(target=work, args=(worker,)) for worker in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(said) == 160
    assert all(order == words for order, words in said.items())
    assert server.connections <= 8


class WaitsOnceConnected(SystemClock):
    """Lets the server do its part between the connection and the first byte."""

    def __init__(self, done: threading.Event) -> None:
        self._done = done
        self._asked = 0

    def monotonic(self) -> float:
        """Return the time; from the third question on only after the event."""
        self._asked += 1
        if self._asked >= 3:  # the limit of connecting, the time for it, then: connected
            assert self._done.wait(5)
        return super().monotonic()


@pytest.mark.parametrize("farewell", [b"", plain("408 Request Timeout"), OK])
def test_an_answer_before_the_first_byte_is_none(farewell: bytes) -> None:
    """The server says something and resets before a byte of ours is written: surely not sent, whatever it said."""
    done = threading.Event()

    def behave(wire: Wire) -> None:
        wire.send(farewell)
        wire.reset()
        done.set()

    with WireServer(behave) as server:
        transport = Transport(Limits(), WaitsOnceConnected(done))
        with pytest.raises(NoReply) as caught:
            transport.exchange("POST", f"{server.url}/api/order", {}, ORDER, deadline=time.monotonic() + 5)
        transport.close()
    assert (caught.value.bytes_written, caught.value.repeat_soon) == (0, True)
