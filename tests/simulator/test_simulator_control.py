"""The back door under /_simulator/, and the simulator as a process of its own."""

from __future__ import annotations

import ast
import base64
import hashlib
import http.client
import signal
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from lxml import etree
from simulator_help import CAC, CBC, NO_MORE, Client, order, status

import gateway.simulator
from gateway.simulator import PRESETS, Fault, Simulator, parse_fault, serve
from gateway.simulator.control import Control
from gateway.simulator.values import Refused
from gateway.simulator.wire import RequestHead


def test_ledger_as_json(simulator: Simulator, client: Client) -> None:
    """The ledger shows requests with headers and status, documents with hashes, order states and doubles."""
    body = order("PO/1")
    client.send("POST", "/api/order", body)
    client.send("POST", "/api/order", body)
    client.send("PUT", "/api/order/PO%2F1", status("PO/1"))
    ledger = client.control("GET", "ledger")
    counts = {"requests": 3, "documents": 2, "orders": 1, "doubles": 0, "refused_doubles": 1}
    assert ledger["counts"] == client.control("GET", "ledger/counts") == counts
    assert client.control("GET", "") == {"ready": True, **counts}
    assert [(each["method"], each["path"], each["status"]) for each in ledger["requests"]] == [
        ("POST", "/api/order", 200),
        ("POST", "/api/order", 409),
        ("PUT", "/api/order/PO%2F1", 200),
    ]
    assert ["Authorization", client.authorization["Authorization"]] in ledger["requests"][0]["headers"]
    kept = ledger["orders"]["PO/1"]
    assert (kept["state"], kept["documents"]) == ("cancelled", ledger["documents"])
    assert ledger["documents"][0]["sha256"] == hashlib.sha256(body).hexdigest()
    assert client.control("GET", "ledger/orders/PO%2F1/documents/0") == body
    assert client.control("GET", "ledger/orders/PO%2F1/documents/1") == status("PO/1")
    assert client.control("GET", "ledger/requests/1/body") == body


def test_control_leaves_no_trace_in_the_ledger(simulator: Simulator, client: Client) -> None:
    """Control requests are not what the gateway did: they are not recorded and not struck by faults."""
    client.control("POST", "faults", {"status": 500, "times": None})
    client.control("GET", "ledger")
    assert simulator.ledger.requests == ()


def test_faults_by_control(client: Client) -> None:
    """Faults come as JSON, one or a list, or by name; they are shown with their counts and cleared."""
    client.control("POST", "faults", [{"endpoint": "order", "status": 503, "headers": {"Retry-After": "1"}}])
    client.control("POST", "faults", "html:queue:*")
    assert client.send("POST", "/api/order", order()).headers["retry-after"] == "1"
    assert client.get("/api/order/response").headers["content-type"].startswith("text/html")
    assert [entry["struck"] for entry in client.control("GET", "faults")["faults"]] == [1, 1]
    client.control("DELETE", "faults")
    assert client.control("GET", "faults") == {"faults": []}
    assert client.get("/api/order/response").body == NO_MORE


def test_holds_by_control(simulator: Simulator, client: Client) -> None:
    """Another process sees that a request is held and releases it."""
    client.control("POST", "faults", {"hold": "gate"})
    sender = Client(simulator)
    assert client.control("GET", "holds/gate") == {"reached": False}
    sender.connection.request("GET", "/api/order/response", headers=sender.authorization)
    assert simulator.faults.wait_reached("gate", 5)
    assert client.control("GET", "holds/gate") == {"reached": True}
    client.control("POST", "holds/gate/release")
    assert sender.connection.getresponse().read() == NO_MORE
    sender.close()


def test_queue_by_control(simulator: Simulator, client: Client) -> None:
    """Any bytes with any of the queue's headers can be queued; the queue's length and heads are shown."""
    got = client.call(
        "POST",
        "/_simulator/enqueue",
        b"\x00raw",
        Content_Type="text/plain",
        Jakamo_Order_Number="PO-1",
        X_Acknowledge_Uri="none",
    )
    assert got.status == 200
    queue = client.control("GET", "queue")
    assert queue["length"] == 1
    assert queue["messages"][0]["sha256"] == hashlib.sha256(b"\x00raw").hexdigest()
    answer = client.get("/api/order/response")
    assert (answer.body, answer.headers["content-type"]) == (b"\x00raw", "text/plain")
    assert (answer.headers["jakamo-order-number"], "x-acknowledge-uri" in answer.headers) == ("PO-1", False)
    assert client.control("GET", "queue")["messages"][0]["fetched"] == 1
    client.send("POST", "/api/order/response/acknowledge/1")
    assert client.control("GET", "queue") == {"length": 0, "messages": [], "acknowledged": ["1"]}


def test_supplier_by_control(simulator: Simulator, client: Client) -> None:
    """Confirmations, deliveries and attachments can be asked for; the answer is what the queue will give."""
    client.send("POST", "/api/order", order())
    client.control("POST", "confirm", {"order": "PO-1"})
    lines = {"10": {"quantity": "4", "price": 2.5, "deliveries": [["1", "2026-12-01"], ["3", "2026-12-08"]]}}
    confirmed = client.control("POST", "confirm", {"order": "PO-1", "lines": lines})
    client.control("POST", "delivered", {"order": "PO-1", "lines": ["20"]})
    content = base64.b64encode(b"%PDF").decode()
    client.control("POST", "attach", {"order": "PO-1", "filename": "a.pdf", "content_base64": content})
    bodies = [message.body for message in simulator.queue.messages()]
    assert bodies[1] == confirmed
    item = etree.fromstring(confirmed).find("cac:OrderLine/cac:LineItem", {"cac": CAC, "cbc": CBC})
    assert item is not None
    assert Decimal(item.findtext(f"{{{CBC}}}LineExtensionAmount") or "") == Decimal("10.00")
    assert [etree.fromstring(body).tag.rpartition("}")[2] for body in bodies] == [
        "OrderResponse",
        "OrderResponse",
        "StatusMessage",
        "Attachment",
    ]


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("GET", "nothing", b"", 404),
        ("POST", "nothing", b"", 404),
        ("GET", "ledger/orders/PO-9/documents/0", b"", 404),
        ("GET", "ledger/requests/x/body", b"", 400),
        ("POST", "faults", b"not json", 400),
        ("POST", "faults", b'{"colour": "red"}', 400),
        ("POST", "faults", b'"sideways"', 400),
        ("POST", "confirm", b'{"order": "PO-9"}', 404),
        ("POST", "confirm", b"{}", 400),
        ("POST", "delivered", b'{"order": "PO-9"}', 404),
        ("POST", "settings", b'{"colour": "red"}', 400),
        ("POST", "settings", b'{"duplicate_orders": "never"}', 400),
        ("POST", "attach", b'{"order": "1", "filename": "a", "content_base64": "?"}', 400),
    ],
)
def test_wrong_control_requests(client: Client, method: str, path: str, body: bytes, expected: int) -> None:
    """A control request that cannot be carried out says why."""
    got = client.call(method, f"/_simulator/{path}", body)
    assert (got.status, got.body.startswith(b"<errors><error>")) == (expected, True)


def test_control_answers_loopback_only(simulator: Simulator, client: Client) -> None:
    """From another machine the back door is 403."""
    control: Control = simulator._backend.control
    with pytest.raises(Refused) as refused:
        control.handle(RequestHead("GET", "/_simulator/ledger", "HTTP/1.1", ()), b"", "192.0.2.7")
    assert refused.value.status == 403


def test_settings_by_control(simulator: Simulator, client: Client) -> None:
    """The mode for known orders and fresh acknowledge addresses can be changed while running."""
    client.send("POST", "/api/order", order())
    client.control("POST", "settings", {"duplicate_orders": "accept", "fresh_uris": True})
    assert client.send("POST", "/api/order", order()).status == 200
    assert client.control("GET", "ledger")["doubles"] == 1
    simulator.delivered("PO-1")
    uris = {client.get("/api/order/response").headers["x-acknowledge-uri"] for _ in range(2)}
    assert len(uris) == 2


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("503", Fault(status=503)),
        ("503:order:3", Fault(status=503, endpoint="order", times=3)),
        ("cut-after-accepting:order:*", Fault(cut="after-accepting", endpoint="order", times=None)),
        ("no-acknowledge-uri", Fault(endpoint="queue", headers={"X-Acknowledge-Uri": None})),
    ],
)
def test_faults_by_name(words: str, expected: Fault) -> None:
    """The dial's words give the fault they name, once unless told otherwise."""
    fault = parse_fault(words)
    assert (fault.status, fault.cut, fault.endpoint, fault.times) == (
        expected.status,
        expected.cut,
        expected.endpoint,
        expected.times,
    )


@pytest.mark.parametrize("words", ["200", "sideways", "503:somewhere", "503:order:often", "503:order:0"])
def test_unknown_fault_names(words: str) -> None:
    """A word the dial does not know is refused with what it knows."""
    with pytest.raises(ValueError, match=r"known|number|counts"):
        parse_fault(words)


def test_every_preset_has_words() -> None:
    """Each named fault says what it does and can be read by its name."""
    for name, (words, fault) in PRESETS.items():
        assert words
        assert parse_fault(name) == fault


@pytest.fixture
def served() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The simulator in a process of its own, and its URL."""
    program = "from gateway.simulator import serve; serve(port=0, show_requests=True, auto_confirm=('as-ordered',))"
    root = Path(gateway.simulator.__file__).parents[2]
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=root)
    assert process.stdout is not None
    yield process, process.stdout.readline().strip()
    process.kill()
    process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve_until_a_signal(served: tuple[subprocess.Popen[str], str], number: signal.Signals) -> None:
    """The process prints its URL, serves, shows requests, and ends with exit code 0 on SIGTERM and SIGINT."""
    process, url = served
    host, port = url.removeprefix("http://").split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=5)
    token = base64.b64encode(b"integration:password").decode()
    headers = {"Authorization": f"Basic {token}", "Content-Type": "application/xml"}
    connection.request("POST", "/api/order", order(), headers)
    assert connection.getresponse().read() == b""
    connection.request("GET", "/_simulator/queue")
    assert b'"length": 1' in connection.getresponse().read()
    connection.close()
    process.send_signal(number)
    assert process.stdout is not None
    assert process.stdout.read() == "200 POST /api/order PO-1\n"
    assert process.wait(5) == 0


def test_serve_gives_the_signals_back() -> None:
    """After it ended, SIGTERM and SIGINT mean again what they meant before."""
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    urls: list[str] = []

    def end_at_once(url: str) -> None:
        urls.append(url)
        signal.raise_signal(signal.SIGTERM)

    serve(port=0, faults=[Fault(status=503)], announce=end_at_once)
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] == before
    assert urls[0].startswith("http://127.0.0.1:")


def test_simulator_imports_nothing_of_the_gateway() -> None:
    """An honest stand-in shares no code with what it tests: only itself, lxml and the standard library."""
    folder = Path(gateway.simulator.__file__).parent
    for module in folder.glob("*.py"):
        for node in ast.walk(ast.parse(module.read_bytes())):
            names = []
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0
                names = [node.module or ""]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            for name in names:
                top = name.partition(".")[0]
                assert name.startswith("gateway.simulator") or top == "lxml" or top in sys.stdlib_module_names, name
