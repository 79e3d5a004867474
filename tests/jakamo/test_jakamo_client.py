"""The client against the simulator, over real sockets: each endpoint, header and body exact."""

from __future__ import annotations

import base64
import logging
from pathlib import Path
from urllib.parse import quote

import pytest
from jakamo_documents import order, status_message
from jakamo_help import OK, HandClock, Wire, WireServer, an_account, client_for, plain

from gateway.jakamo.client import JakamoClient
from gateway.model import AnswerClass, MessageKind
from gateway.simulator import Fault, RequestRecord, Simulator

A, K = AnswerClass, MessageKind
COMMON = {
    "accept": "application/xml",
    "accept-encoding": "identity",
    "authorization": "Basic " + base64.b64encode(b"integration:password").decode(),
    "user-agent": "jakamo-file-gateway",
}


def last(simulator: Simulator) -> RequestRecord:
    """Return the last request it saw."""
    return simulator.ledger.requests[-1]


def exact(simulator: Simulator, **more: str) -> dict[str, str]:
    """Return all headers that a request must have, and none else."""
    host = simulator.base_url.removeprefix("http://")
    return {**COMMON, "host": host, **{name.replace("_", "-"): value for name, value in more.items()}}


def sent_headers(record: RequestRecord) -> dict[str, str]:
    """Return the headers of a request; each came once."""
    names = [name.lower() for name, _ in record.headers]
    assert len(names) == len(set(names))
    return {name.lower(): value for name, value in record.headers}


def test_send_revise_cancel_receive(simulator: Simulator) -> None:
    """POST the Order, PUT the OrderChange and the StatusMessages to the order's own address, bytes as given."""
    number = "PO/1 ä"
    steps = [
        (K.ORDER, order(number), "POST", "/api/order"),
        (K.CHANGE, order(number, kind="OrderChange"), "PUT", f"/api/order/{quote(number, safe='')}"),
        (K.STATUS, status_message(number, "Received"), "PUT", f"/api/order/{quote(number, safe='')}"),
        (K.STATUS, status_message(number, "Cancelled"), "PUT", f"/api/order/{quote(number, safe='')}"),
    ]
    with client_for(an_account(simulator.base_url)) as client:
        for kind, body, method, target in steps:
            answer = client.send(kind, number, body)
            record = last(simulator)
            assert (answer.answer_class, answer.status) == (A.ACCEPTED, 200), answer
            assert (record.method, record.target, record.body) == (method, target, body)
            assert sent_headers(record) == exact(
                simulator, content_type="application/xml", content_length=str(len(body))
            )
    assert [document.body for document in simulator.ledger.documents] == [body for _, body, _, _ in steps]
    assert len({record.connection for record in simulator.ledger.requests}) == 1


@pytest.mark.parametrize(("kind", "setting"), [(K.CHANGE, "order_change_method"), (K.STATUS, "status_method")])
def test_methods_are_settings(simulator: Simulator, kind: MessageKind, setting: str) -> None:
    """The documentation contradicts itself, so the method is a choice."""
    body = order("PO-1", kind="OrderChange") if kind is K.CHANGE else status_message("PO-1", "Received")
    with client_for(an_account(simulator.base_url, **{setting: "POST"})) as client:
        client.send(K.ORDER, "PO-1", order("PO-1"))
        assert client.send(kind, "PO-1", body).answer_class is A.ACCEPTED
    assert (last(simulator).method, last(simulator).target) == ("POST", "/api/order/PO-1")


def test_queue_is_read_and_acknowledged(simulator: Simulator) -> None:
    """GET the head until the queue says empty; POST to the address that came with it; bytes untouched."""
    body = b"<?xml version='1.0'?>\r\n<OrderResponse >\t<!-- as it is --></OrderResponse>\n"
    simulator.enqueue(body, {"Jakamo-Order-Number": "PO-1"})
    with client_for(an_account(simulator.base_url)) as client:
        head = client.fetch()
        assert sent_headers(last(simulator)) == exact(simulator)
        assert (last(simulator).method, last(simulator).target) == ("GET", "/api/order/response")
        assert (head.answer.answer_class, head.empty, head.body) == (A.ACCEPTED, False, body)
        assert head.header("jakamo-order-number") == "PO-1"
        uri = head.header("X-Acknowledge-Uri")
        assert uri is not None
        assert client.acknowledge(uri).answer_class is A.ACCEPTED
        record = last(simulator)
        assert (record.method, record.body, simulator.base_url + record.target) == ("POST", b"", uri)
        assert sent_headers(record) == exact(simulator, content_type="application/xml", content_length="0")
        end = client.fetch()
        assert (end.answer.answer_class, end.empty, end.body) == (A.ACCEPTED, True, None)
        again = client.acknowledge(uri)
        assert again.answer_class is A.ACCEPTED


def test_acknowledge_takes_a_relative_address(simulator: Simulator) -> None:
    """Only the account's own host is meant by it."""
    simulator.enqueue(b"<OrderResponse/>", {"X-Acknowledge-Uri": "{acknowledge_path}"})
    with client_for(an_account(simulator.base_url)) as client:
        uri = client.fetch().header("X-Acknowledge-Uri")
        assert uri is not None
        assert uri.startswith("/")
        assert client.acknowledge(uri).answer_class is A.ACCEPTED
        assert client.fetch().empty


def test_foreign_acknowledge_address_is_not_called(simulator: Simulator) -> None:
    """No request at all, and no secret in the words."""
    with Simulator() as other, client_for(an_account(simulator.base_url)) as client:
        for uri in (f"{other.base_url}/ack", simulator.base_url.replace("//", "//user:sesame@") + "/ack"):
            answer = client.acknowledge(uri)
            assert answer.answer_class is A.SETTINGS
            assert "sesame" not in answer.words + answer.detail
        assert (other.ledger.requests, simulator.ledger.requests) == ((), ())


def test_gone_acknowledgement_is_done(simulator: Simulator) -> None:
    """Who acknowledges twice has reached the aim."""
    with client_for(an_account(simulator.base_url)) as client:
        for status in (404, 410):
            simulator.faults.add(Fault(endpoint="acknowledge", status=status))
            answer = client.acknowledge("/api/order/response/ack/1")
            assert (answer.answer_class, answer.words) == (A.ACCEPTED, "already gone")


@pytest.mark.parametrize("number", ["", ".", ".."])
def test_impossible_order_numbers_are_data_errors(simulator: Simulator, number: str) -> None:
    """Refused before a socket is opened: the address would be another one's."""
    with client_for(an_account(simulator.base_url)) as client:
        answer = client.send(K.CHANGE, number, b"<OrderChange/>")
    assert (answer.answer_class, simulator.ledger.requests) == (A.DATA, ())


def test_data_errors_carry_jakamos_words(simulator: Simulator) -> None:
    """An unknown order and a broken document, told in the other side's words."""
    with client_for(an_account(simulator.base_url)) as client:
        unknown = client.send(K.CHANGE, "PO-9", order("PO-9", kind="OrderChange"))
        broken = client.send(K.ORDER, "PO-9", b"<Order>")
    assert (unknown.answer_class, unknown.status) == (A.DATA, 404)
    assert (broken.answer_class, broken.status) == (A.DATA, 400)
    assert unknown.words
    assert "not well-formed" in broken.words


def test_second_post_of_an_order_is_a_409(simulator: Simulator) -> None:
    """The status is passed on: delivery decides whether it confirms an unknown attempt."""
    with client_for(an_account(simulator.base_url)) as client:
        client.send(K.ORDER, "PO-1", order("PO-1"))
        answer = client.send(K.ORDER, "PO-1", order("PO-1"))
    assert (answer.answer_class, answer.status) == (A.DATA, 409)


def test_wrong_password_pauses_and_the_right_one_ends_it(simulator: Simulator, tmp_path: Path) -> None:
    """A changed secret file counts at the next call, within the call if it came meanwhile; no restart."""
    path = tmp_path / "password"
    path.write_text("wrong-secret\n")
    account = an_account(simulator.base_url, password=None, password_file=path)
    with client_for(account) as client:
        answer = client.send(K.ORDER, "PO-1", order("PO-1"))
        assert (answer.answer_class, answer.status, len(simulator.ledger.requests)) == (A.SETTINGS, 401, 1)
        path.write_text("password\n")
        assert client.send(K.ORDER, "PO-1", order("PO-1")).answer_class is A.ACCEPTED


def test_a_password_changed_during_the_call_is_tried_once(tmp_path: Path) -> None:
    """A 401 for a secret that is no longer the present one: one repeat with the new one."""
    path = tmp_path / "password"
    path.write_text("old")

    def change_then_accept(wire: Wire) -> None:
        assert b"Basic aW50ZWdyYXRpb246b2xk" in wire.read_request()
        path.write_text("new")
        wire.send(plain("401 Unauthorized"))
        assert b"Basic aW50ZWdyYXRpb246bmV3" in wire.read_request()
        wire.send(OK)

    with (
        WireServer(change_then_accept) as server,
        client_for(an_account(server.url, password=None, password_file=path)) as client,
    ):
        assert client.send(K.ORDER, "PO-1", order("PO-1")).answer_class is A.ACCEPTED


@pytest.mark.parametrize("token", ["a b", "a\r\nX-Evil: 1", "ä", "Basic abc"])
def test_a_token_that_cannot_stand_in_a_header_pauses(simulator: Simulator, token: str) -> None:
    """Refused before a socket is opened, and not shown."""
    with client_for(an_account(simulator.base_url, username=None, password=None, token=token)) as client:
        answer = client.fetch().answer
    assert (answer.answer_class, simulator.ledger.requests) == (A.SETTINGS, ())
    assert token not in answer.words


def test_a_missing_secret_file_pauses(simulator: Simulator, tmp_path: Path) -> None:
    """Nothing is sent without credentials; the words name the file."""
    account = an_account(simulator.base_url, password=None, password_file=tmp_path / "none")
    with client_for(account) as client:
        answer = client.send(K.ORDER, "PO-1", order("PO-1"))
        assert client.fetch().answer.answer_class is A.SETTINGS
    assert (answer.answer_class, simulator.ledger.requests) == (A.SETTINGS, ())
    assert str(tmp_path / "none") in answer.words


def test_a_ready_token_and_a_password_beyond_ascii_are_the_same(tmp_path: Path) -> None:
    """Basic is base64 of user and password in UTF-8; a ready token goes as it is."""
    ready = base64.b64encode("käyttäjä:sälä€sana".encode()).decode()
    with Simulator(username="käyttäjä", password="sälä€sana") as simulator:
        accounts = (
            an_account(simulator.base_url, username="käyttäjä", password="sälä€sana"),
            an_account(simulator.base_url, username=None, password=None, token=ready),
        )
        for account in accounts:
            with client_for(account) as client:
                assert client.fetch().empty
            assert last(simulator).header("Authorization") == f"Basic {ready}"


def test_echoed_credentials_are_scrubbed(simulator: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    """A server that sends back what it got, in whatever form: no secret in words, detail or logs."""
    caplog.set_level(logging.DEBUG)
    token = base64.b64encode(b"integration:se&cret/+p").decode()
    body = f"<error>you sent Basic {token}, se&amp;cret/+p, {quote(token, safe='')}, se%26cret%2F%2Bp</error>"
    simulator.faults.add(Fault(status=400, body=body.encode(), times=None))
    with client_for(an_account(simulator.base_url, password="se&cret/+p")) as client:
        answer = client.send(K.ORDER, "PO-1", order("PO-1"))
        head = client.fetch().answer
    assert (answer.words, head.words) == ("you sent Basic ***, ***, ***, ***",) * 2
    for form in (token, "se&cret/+p", quote(token, safe=""), "se%26cret%2F%2Bp"):
        assert form not in caplog.text + repr(answer) + repr(head)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault(cut="on-connect"), A.MAYBE),  # the connection was taken, so bytes were written before it ended
        (Fault(cut="before-reading"), A.MAYBE),
        (Fault(cut="after-reading"), A.MAYBE),
        (Fault(cut="after-accepting"), A.MAYBE),
        (Fault(cut="after-accepting", reset=True), A.MAYBE),
        (Fault(cut="in-answer"), A.MAYBE),
        (Fault(status=503, headers={"Retry-After": "30"}), A.COME_BACK),
        (Fault(status=429), A.COME_BACK),
        (Fault(status=500), A.MAYBE),
        (Fault(status=403), A.SETTINGS),
        (Fault(status=302, headers={"Location": "https://other.example.com/"}), A.SETTINGS),
        (Fault(status=200, body=b"<!DOCTYPE html><html>hello</html>"), A.MAYBE),
        (Fault(declare_extra_bytes=5), A.MAYBE),
    ],
)
def test_faults_of_the_simulator(simulator: Simulator, fault: Fault, expected: AnswerClass) -> None:
    """Each fault has its class; whatever happens, no layer repeats a POST that may have arrived."""
    simulator.faults.add(fault)
    with client_for(an_account(simulator.base_url), waits=(0.0, 0.0)) as client:
        answer = client.send(K.ORDER, "PO-1", order("PO-1"))
    assert answer.answer_class is expected, answer
    assert len(simulator.ledger.requests) <= 1
    assert answer.retry_after_seconds == (30.0 if "Retry-After" in fault.headers else None)


def test_an_outage_is_not_sent(simulator: Simulator) -> None:
    """While nothing listens nothing is sent, on a warm client too; afterwards it goes on by itself."""
    clock = HandClock()
    with client_for(an_account(simulator.base_url), clock, waits=(0.5, 1.5)) as client:
        assert client.fetch().empty
        simulator.stop()
        assert client.send(K.ORDER, "PO-1", order("PO-1")).answer_class is A.NOT_SENT
        assert client.fetch().answer.answer_class is A.NOT_SENT
        assert client.acknowledge("/ack").answer_class is A.NOT_SENT
        simulator.start()
        assert client.send(K.ORDER, "PO-1", order("PO-1")).answer_class is A.ACCEPTED


def test_elapsed_time_is_told(simulator: Simulator) -> None:
    """Each answer says how long its call took, waits between tries included."""
    clock = HandClock()
    simulator.stop()
    with client_for(an_account(simulator.base_url), clock, waits=(0.5, 1.5)) as client:
        assert client.send(K.ORDER, "PO-1", order("PO-1")).elapsed_seconds == 2.0
        assert client.fetch().answer.elapsed_seconds == 2.0


def test_the_base_address_may_have_a_path(simulator: Simulator) -> None:
    """A gateway in front of Jakamo may serve it below a path."""
    with client_for(an_account(f"{simulator.base_url}/below")) as client:
        client.send(K.CHANGE, "PO-1", b"<OrderChange/>")
        assert last(simulator).target == "/below/api/order/PO-1"


def test_a_client_shows_no_secret() -> None:
    """Neither its own `repr` nor its parts' print one."""
    client = JakamoClient(an_account("https://demo.example.com", password="sesame"), HandClock())
    assert "sesame" not in repr(client) + repr(vars(client))
    client.close()
    client.close()
