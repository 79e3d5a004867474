"""The fault dial: each fault strikes at its exact moment, over raw sockets."""

from __future__ import annotations

import http.client
import threading
from typing import Any

import pytest
from simulator_help import Client, Got, order, raw, status

from gateway.simulator import Fault, Simulator


def post(client: Client, body: bytes, *, path: str = "/api/order") -> bytes:
    """Return the raw bytes of a POST with credentials."""
    lines = [f"POST {path} HTTP/1.1", "Content-Type: application/xml", f"Content-Length: {len(body)}"]
    lines.append(f"Authorization: {client.authorization['Authorization']}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def test_status_with_headers_and_body(simulator: Simulator, client: Client) -> None:
    """A status fault answers in the API's place, once; nothing is carried out."""
    simulator.faults.add(Fault(endpoint="order", status=429, headers={"Retry-After": "7"}, body=b"<later/>"))
    got = client.send("POST", "/api/order", order())
    assert (got.status, got.body, got.headers["retry-after"]) == (429, b"<later/>", "7")
    assert (simulator.ledger.documents, simulator.ledger.requests[0].status) == ((), 429)
    assert simulator.ledger.requests[0].fault is not None
    assert client.send("POST", "/api/order", order()).status == 200


def test_status_after_carrying_out(simulator: Simulator, client: Client) -> None:
    """With carry_out the order is kept although the answer is an error."""
    simulator.faults.add(Fault(status=500, carry_out=True))
    assert client.send("POST", "/api/order", order()).status == 500
    assert (len(simulator.ledger.documents), simulator.ledger.requests[0].carried_out) == (1, True)


@pytest.mark.parametrize(
    ("match", "struck"),
    [
        ({"endpoint": "order"}, [1, 0, 0, 0, 1]),
        ({"endpoint": "order-update"}, [0, 1, 1, 0, 0]),
        ({"method": "PUT"}, [0, 1, 1, 0, 0]),
        ({"order": "PO-2"}, [0, 0, 0, 0, 1]),
        ({"order": "PO-1"}, [1, 1, 1, 0, 0]),
        ({"order": "PO-1", "endpoint": "order-update"}, [0, 1, 1, 0, 0]),
        ({"skip": 1}, [0, 1, 1, 1, 1]),
        ({"times": 2}, [1, 1, 0, 0, 0]),
        ({"skip": 2, "times": 1}, [0, 0, 1, 0, 0]),
    ],
)
def test_which_requests_are_struck(
    simulator: Simulator, client: Client, match: dict[str, Any], struck: list[int]
) -> None:
    """Endpoint, method, order number, skip and times choose; all that is given must fit."""
    simulator.faults.add(Fault(status=503, **{"times": None, **match}))
    statuses = [
        client.send("POST", "/api/order", order("PO-1")).status,
        client.send("PUT", "/api/order/PO-1", order("PO-1", kind="OrderChange")).status,
        client.send("PUT", "/api/order/PO-1", status("PO-1")).status,
        client.get("/api/order/response").status,
        client.send("POST", "/api/order", order("PO-2")).status,
    ]
    assert [int(each == 503) for each in statuses] == struck


def test_first_fault_in_order_wins(simulator: Simulator, client: Client) -> None:
    """Faults strike in the order they were added, each as often as it says."""
    simulator.faults.add(Fault(status=500), Fault(status=502, times=2), Fault(status=504, skip=1))
    statuses = [client.get("/api/order/response").status for _ in range(5)]
    assert statuses == [500, 502, 502, 200, 504]
    assert [entry["struck"] for entry in simulator.faults.report()] == [1, 2, 1]


@pytest.mark.parametrize(
    ("fault", "requests", "documents"),
    [
        (Fault(cut="on-connect"), 0, 0),
        (Fault(cut="on-connect", reset=True, delay_seconds=0.001), 0, 0),
        (Fault(cut="before-reading"), 1, 0),
        (Fault(cut="after-reading"), 1, 0),
        (Fault(cut="after-reading", reset=True), 1, 0),
        (Fault(cut="after-accepting"), 1, 1),
        (Fault(cut="after-accepting", reset=True), 1, 1),
    ],
)
def test_cuts_without_an_answer(
    simulator: Simulator, client: Client, fault: Fault, requests: int, documents: int
) -> None:
    """Each cut leaves the client without a byte of answer; only after accepting is the order kept."""
    simulator.faults.add(fault)
    with pytest.raises(ConnectionError) as raised:
        client.send("POST", "/api/order", order())
    if fault.cut in ("after-reading", "after-accepting"):  # earlier, unread bytes make any end a reset
        assert isinstance(raised.value, http.client.RemoteDisconnected) != fault.reset
    assert simulator.ledger.wait_until(lambda ledger: len(ledger.requests) == requests, 5)
    assert len(simulator.ledger.documents) == documents
    assert all(request.status is None for request in simulator.ledger.requests)
    client.close()
    assert client.send("POST", "/api/order", order("PO-2")).status == 200


def test_before_reading_the_body_is_not_read(simulator: Simulator, client: Client) -> None:
    """A cut before reading happens although the body never comes; the ledger holds no body."""
    simulator.faults.add(Fault(cut="before-reading"))
    assert raw(simulator, post(client, b"x" * 100)[:-100]) == b""
    assert simulator.ledger.requests[0].body == b""


def test_early_answer(simulator: Simulator, client: Client) -> None:
    """An early status is answered before the body came, and the connection closed."""
    simulator.faults.add(Fault(status=413, early=True, body=b"too much"))
    answer = raw(simulator, post(client, b"x" * 100)[:-100])
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert answer.endswith(b"\r\n\r\ntoo much")
    assert b"\r\nConnection: close\r\n" in answer


def test_early_answer_to_a_large_body(simulator: Simulator, client: Client) -> None:
    """A client that is still sending can read the early answer."""
    simulator.faults.add(Fault(status=413, early=True, body=b"too much"))
    got = client.send("POST", "/api/order", b" " * 10_000_000)
    assert (got.status, got.body, simulator.ledger.requests[0].body) == (413, b"too much", b"")


@pytest.mark.parametrize(("after", "expected"), [(None, None), (5, b"HTTP/"), (0, b"")])
def test_cut_inside_the_answer(simulator: Simulator, client: Client, after: int | None, expected: bytes | None) -> None:
    """The answer breaks off where told, else in the middle of its body; the request was carried out."""
    simulator.enqueue(b"<StatusMessage>0123456789</StatusMessage>")
    simulator.faults.add(Fault(endpoint="queue", cut="in-answer", cut_after_bytes=after))
    line = f"GET /api/order/response HTTP/1.1\r\nAuthorization: {client.authorization['Authorization']}\r\n\r\n"
    answer = raw(simulator, line.encode())
    if expected is None:
        head, _, body = answer.partition(b"\r\n\r\n")
        assert b"Content-Length: 41" in head
        assert body == b"<StatusMessage>01234"
    else:
        assert answer == expected
    assert simulator.queue.messages()[0].fetched == 1


def test_cut_inside_an_empty_answer(simulator: Simulator, client: Client) -> None:
    """An answer without a body breaks off inside its head."""
    simulator.faults.add(Fault(cut="in-answer"))
    answer = raw(simulator, post(client, order()))
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\n\r\n" not in answer
    assert len(simulator.ledger.documents) == 1


def test_cut_after_the_answer(simulator: Simulator, client: Client) -> None:
    """The connection is closed after a whole answer that did not announce it."""
    simulator.faults.add(Fault(cut="after-answer"))
    answer = raw(simulator, post(client, order()))
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(b"\r\n\r\n")
    assert b"Connection" not in answer


@pytest.mark.parametrize("extra", [3, -3])
def test_wrong_content_length(simulator: Simulator, client: Client, extra: int) -> None:
    """Content-Length is wrong by what is told, and the connection closed."""
    simulator.faults.add(Fault(declare_extra_bytes=extra, endpoint="queue"))
    line = f"GET /api/order/response HTTP/1.1\r\nAuthorization: {client.authorization['Authorization']}\r\n\r\n"
    head, _, body = raw(simulator, line.encode()).partition(b"\r\n\r\n")
    assert len(body) == 44
    assert f"Content-Length: {44 + extra}".encode() in head


def test_chunked_answer(simulator: Simulator, client: Client) -> None:
    """The answer can come in chunks, whole or broken off before its last chunk."""
    simulator.faults.add(Fault(chunked=True), Fault(chunked=True, cut="in-answer"))
    got = client.get("/api/order/response")
    assert (got.headers["transfer-encoding"], "content-length" in got.headers) == ("chunked", False)
    assert got.body == b"<status>No more messages available.</status>"
    with pytest.raises(http.client.IncompleteRead):
        client.get("/api/order/response")


def test_endless_answer(simulator: Simulator, client: Client) -> None:
    """An endless answer goes on until the client hangs up."""
    simulator.faults.add(Fault(endless=True))
    client.connection.request("GET", "/api/order/response", headers=client.authorization)
    response = client.connection.getresponse()
    assert len(response.read(1_000_000)) == 1_000_000
    response.close()


@pytest.mark.parametrize("body_only", [False, True])
def test_dripping_answer(simulator: Simulator, client: Client, body_only: bool) -> None:
    """The answer comes byte by byte, the head too unless told otherwise, and is whole in the end."""
    simulator.faults.add(Fault(drip_seconds=0.0005, drip_body_only=body_only))
    assert client.get("/api/order/response").body == b"<status>No more messages available.</status>"


def test_dripping_ends_with_the_simulator() -> None:
    """A slow drip does not keep the simulator from stopping."""
    with Simulator() as running:
        running.faults.add(Fault(drip_seconds=3600))
        client = Client(running)
        client.connection.request("GET", "/api/order/response", headers=client.authorization)
        assert running.ledger.wait_until(lambda ledger: any(record.status for record in ledger.requests), 5)
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        client.connection.getresponse()
    client.close()


def test_html_page_with_200(simulator: Simulator, client: Client) -> None:
    """A login page of something in between: 200, HTML, nothing carried out."""
    simulator.faults.add(Fault(status=200, headers={"Content-Type": "text/html"}, body=b"<html>Log in</html>"))
    got = client.send("POST", "/api/order", order())
    assert (got.status, got.headers["content-type"], got.body) == (200, "text/html", b"<html>Log in</html>")
    assert simulator.ledger.documents == ()


def test_redirect(simulator: Simulator, client: Client) -> None:
    """A redirect is a status with a Location."""
    simulator.faults.add(Fault(status=302, headers={"Location": "https://elsewhere.example/"}))
    got = client.send("POST", "/api/order", order())
    assert (got.status, got.headers["location"]) == (302, "https://elsewhere.example/")


def test_honest_answer_with_other_headers(simulator: Simulator, client: Client) -> None:
    """Headers of an honest answer can be replaced or dropped: a foreign acknowledge address, or none."""
    simulator.enqueue(b"<StatusMessage/>")
    foreign = "https://elsewhere.example/ack"
    simulator.faults.add(
        Fault(endpoint="queue", headers={"x-acknowledge-uri": foreign}),
        Fault(endpoint="queue", headers={"X-Acknowledge-Uri": None}),
    )
    answers = [client.get("/api/order/response") for _ in range(3)]
    uris = [answer.headers.get("x-acknowledge-uri") for answer in answers]
    assert uris == [foreign, None, f"{simulator.base_url}/api/order/response/acknowledge/1"]
    assert {answer.body for answer in answers} == {b"<StatusMessage/>"}


def test_headers_that_the_server_sets_itself(simulator: Simulator, client: Client) -> None:
    """Date, Content-Length and Connection can be set too, and a status may be one that nobody named."""
    date = "Tue, 24 Nov 2026 10:00:00 GMT"
    headers = {"Date": date, "Content-Length": "2", "Connection": "close"}
    simulator.faults.add(Fault(status=599, headers=headers, body=b"no", early=True))
    answer = raw(simulator, post(client, order()))
    assert answer.startswith(b"HTTP/1.1 599 Unnamed\r\n")
    assert answer.count(b"Date: ") == answer.count(b"Content-Length: ") == answer.count(b"Connection: ") == 1
    assert date.encode() in answer


def test_honest_answer_with_another_body(simulator: Simulator, client: Client) -> None:
    """The body of an honest answer can be replaced while the request is carried out."""
    simulator.faults.add(Fault(body=b"\x1f\x8bnot gzip", headers={"Content-Encoding": "gzip"}))
    got = client.send("POST", "/api/order", order())
    assert (got.status, got.body, got.headers["content-encoding"]) == (200, b"\x1f\x8bnot gzip", "gzip")
    assert len(simulator.ledger.documents) == 1


def test_acknowledgement_can_be_lost(simulator: Simulator, client: Client) -> None:
    """A 200 that was not carried out leaves the message; a cut after accepting removes it unanswered."""
    simulator.enqueue(b"<StatusMessage/>")
    path = "/api/order/response/acknowledge/1"
    simulator.faults.add(Fault(endpoint="acknowledge", status=200))
    assert (client.send("POST", path).status, len(simulator.queue)) == (200, 1)
    simulator.faults.add(Fault(endpoint="acknowledge", cut="after-accepting"))
    with pytest.raises(http.client.RemoteDisconnected):
        client.send("POST", path)
    assert len(simulator.queue) == 0


def test_delay_is_between_carrying_out_and_answering(simulator: Simulator, client: Client) -> None:
    """A delayed answer comes after the order was kept."""
    simulator.faults.add(Fault(delay_seconds=0.01))
    assert client.send("POST", "/api/order", order()).status == 200


@pytest.mark.parametrize(("refuse", "documents"), [(False, 1), (True, 0)])
def test_hold_until_released(simulator: Simulator, client: Client, refuse: bool, documents: int) -> None:
    """A held request waits where a test can see it, carried out or not, and goes on when released."""
    simulator.faults.add(Fault(hold="gate", status=503 if refuse else None))
    answers: list[Got] = []
    sender = threading.Thread(target=lambda: answers.append(client.send("POST", "/api/order", order())))
    sender.start()
    assert simulator.faults.wait_reached("gate", 5)
    assert (len(simulator.ledger.documents), simulator.ledger.requests[0].status, answers) == (documents, None, [])
    simulator.faults.release("gate")
    sender.join(5)
    assert [answer.status for answer in answers] == [503 if refuse else 200]


def test_clearing_lets_held_requests_go(simulator: Simulator, client: Client) -> None:
    """Clearing the program frees what is held and ends all faults."""
    simulator.faults.add(Fault(hold="gate", times=None))
    answers: list[Got] = []
    sender = threading.Thread(target=lambda: answers.append(client.get("/api/order/response")))
    sender.start()
    assert simulator.faults.wait_reached("gate", 5)
    simulator.faults.clear()
    sender.join(5)
    assert (len(answers), simulator.faults.report()) == (1, [])


def test_stopping_with_a_held_request_is_a_cut() -> None:
    """A machine that goes down while a request is held answers nothing, and stops at once."""
    with Simulator() as running:
        running.faults.add(Fault(hold="gate"))
        client = Client(running)
        client.connection.request("GET", "/api/order/response", headers=client.authorization)
        assert running.faults.wait_reached("gate", 5)
    with pytest.raises((ConnectionError, http.client.RemoteDisconnected)):
        client.connection.getresponse()
    client.close()


def test_stopped_simulator_refuses_connections_and_comes_back(simulator: Simulator, client: Client) -> None:
    """Stopping closes the port; starting again takes the same one, with all that was kept."""
    client.send("POST", "/api/order", order())
    address = simulator.base_url
    simulator.stop()
    simulator.stop()
    client.close()
    with pytest.raises(ConnectionRefusedError):
        client.get("/api/order/response")
    client.close()
    simulator.start()
    assert simulator.base_url == address
    assert client.send("POST", "/api/order", order()).status == 409


def test_idle_connections_are_closed_in_silence() -> None:
    """With idle_seconds an idle connection is closed without a word."""
    with Simulator(idle_seconds=0.02) as running:
        client = Client(running)
        client.get("/api/order/response")
        assert client.connection.sock.recv(1) == b""
        client.close()


@pytest.mark.parametrize(
    "values",
    [
        {"endpoint": "orders", "status": 500},
        {"cut": "somewhere"},
        {"cut": "on-connect", "method": "POST"},
        {"cut": "before-reading", "endpoint": "order", "order": "PO-1"},
        {"carry_out": True},
        {"cut": "after-accepting", "status": 500},
        {"early": True},
        {"times": 0},
        {"skip": -1},
        {"colour": "red"},
    ],
)
def test_impossible_faults_are_refused(values: dict[str, Any]) -> None:
    """A fault that could never strike as meant is refused when it is made."""
    with pytest.raises(ValueError, match=r"."):
        Fault.from_json(values)


def test_faults_as_json() -> None:
    """A fault survives the way to JSON and back, bytes included."""
    fault = Fault(endpoint="order", times=None, status=200, body=b"\xff\x00", headers={"A": None, "B": "c"})
    assert Fault.from_json(fault.to_json()) == fault
    assert Fault.from_json({"body": "tä"}).body == "tä".encode()
