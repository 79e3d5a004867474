"""Sending orders, changes and statuses to the simulator, over raw sockets."""

from __future__ import annotations

import pytest
from simulator_help import Client, order, raw, status

from gateway.simulator import Simulator


def test_order_is_accepted_and_kept(simulator: Simulator, client: Client) -> None:
    """A valid Order is answered 200 with an empty body; the ledger holds its exact bytes and headers."""
    body = order("PO-1")
    got = client.send("POST", "/api/order", body)
    assert (got.status, got.body, got.headers["content-length"]) == (200, b"", "0")
    (document,) = simulator.ledger.documents
    assert (document.kind, document.order_number, document.body, document.double) == ("Order", "PO-1", body, False)
    (request,) = simulator.ledger.requests
    assert (request.method, request.target, request.status) == ("POST", "/api/order", 200)
    assert request.header("content-type") == "application/xml"
    assert request.header("authorization") == client.authorization["Authorization"]
    assert simulator.orders.get("PO-1").state == "new"


def test_success_body_is_a_setting() -> None:
    """An accepted call answers the configured body, as application/xml."""
    with Simulator(success_body=b"<status>ok</status>", success_status=201) as running:
        client = Client(running)
        got = client.send("POST", "/api/order", order())
        client.close()
    assert (got.status, got.body, got.headers["content-type"]) == (201, b"<status>ok</status>", "application/xml")


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_change_and_status_move_the_order(simulator: Simulator, client: Client, method: str) -> None:
    """OrderChange, cancelled and received are recorded on the order, by PUT and by POST."""
    client.send("POST", "/api/order", order("PO 1/ä"))
    path = "/api/order/PO%201%2F%C3%A4"
    states = []
    for body in (order("PO 1/ä", kind="OrderChange"), status("PO 1/ä", "Received"), status("PO 1/ä", "Cancelled")):
        assert client.send(method, path, body).status == 200
        states.append(simulator.orders.get("PO 1/ä").state)
    assert states == ["changed", "received", "cancelled"]
    assert [record.kind for record in simulator.ledger.documents_of("PO 1/ä")] == [
        "Order",
        "OrderChange",
        "StatusMessage",
        "StatusMessage",
    ]


def test_status_of_rows_leaves_the_order(simulator: Simulator, client: Client) -> None:
    """A StatusMessage that names rows is kept with its word, and the order itself stays as it was."""
    client.send("POST", "/api/order", order())
    rows = b"<OrderLine><ID>10</ID></OrderLine></StatusMessage>"
    body = status("PO-1", "Received").replace(b"</StatusMessage>", rows)
    assert client.send("PUT", "/api/order/PO-1", body).status == 200
    assert simulator.ledger.documents[-1].status_word == "received"
    assert (simulator.orders.get("PO-1").state, "PO-1" in simulator.orders, "PO-2" in simulator.orders) == (
        "new",
        True,
        False,
    )


def test_known_order_is_refused(simulator: Simulator, client: Client) -> None:
    """A second POST of a known number is 409, also after a cancellation, and is counted as refused."""
    client.send("POST", "/api/order", order())
    client.send("PUT", "/api/order/PO-1", status())
    got = client.send("POST", "/api/order", order())
    assert (got.status, got.body) == (409, b"<errors><error>Order PO-1 already exists.</error></errors>")
    assert (simulator.ledger.doubles, simulator.ledger.refused_doubles) == (0, 1)
    assert simulator.ledger.requests[-1].order_number == "PO-1"


def test_mode_accept_counts_doubles() -> None:
    """In mode "accept" a second POST is taken and counted as a double; after a cancellation it is none."""
    with Simulator(duplicate_orders="accept") as running:
        client = Client(running)
        statuses = [client.send("POST", "/api/order", order()).status for _ in range(2)]
        client.send("PUT", "/api/order/PO-1", status())
        statuses.append(client.send("POST", "/api/order", order()).status)
        client.close()
        assert statuses == [200, 200, 200]
        assert running.ledger.doubles == 1
        assert [document.double for document in running.ledger.documents] == [False, True, False, False]


def test_mode_after_cancel_takes_the_order_anew() -> None:
    """In mode "after-cancel" a cancelled order may be ordered again, a live one not."""
    with Simulator(duplicate_orders="after-cancel") as running:
        client = Client(running)
        client.send("POST", "/api/order", order())
        statuses = [client.send("POST", "/api/order", order()).status]
        client.send("PUT", "/api/order/PO-1", status())
        statuses.append(client.send("POST", "/api/order", order()).status)
        client.close()
        assert (statuses, running.ledger.doubles, running.orders.get("PO-1").state) == ([409, 200], 0, "new")


@pytest.mark.parametrize("body", [order("PO-9", kind="OrderChange"), status("PO-9")], ids=["change", "status"])
def test_unknown_order_is_404(simulator: Simulator, client: Client, body: bytes) -> None:
    """A change or status for an order that never came is 404 with words, and not kept."""
    got = client.send("PUT", "/api/order/PO-9", body)
    assert (got.status, got.body) == (404, b"<errors><error>Order not found</error></errors>")
    assert simulator.ledger.documents == ()


@pytest.mark.parametrize("body", [order("PO-2", kind="OrderChange"), status("PO-2")], ids=["change", "status"])
def test_number_in_address_must_be_the_documents(client: Client, body: bytes) -> None:
    """A document for another order than its address names is 400."""
    client.send("POST", "/api/order", order("PO-1"))
    got = client.send("PUT", "/api/order/PO-1", body)
    assert got.status == 400
    assert b"The address names order PO-1, the document PO-2." in got.body


def test_change_goes_by_its_order_reference(simulator: Simulator, client: Client) -> None:
    """An OrderChange whose own ID differs belongs to the order of its OrderReference/ID."""
    client.send("POST", "/api/order", order("PO-1"))
    body = order("PO-1", kind="OrderChange").replace(b"<cbc:ID>PO-1</cbc:ID>", b"<cbc:ID>CH-7</cbc:ID>", 1)
    assert client.send("PUT", "/api/order/PO-1", body).status == 200
    assert simulator.orders.get("PO-1").changes == 1


BAD_ORDERS = {
    "empty": (b"", "no document"),
    "broken": (order()[:-5], "not well-formed"),
    "doctype": (order().replace(b"?>", b"?><!DOCTYPE Order>", 1), "DOCTYPE"),
    "latin-1": (order().replace(b"UTF-8", b"ISO-8859-1"), "UTF-8"),
    "wrong root": (status(), "must be Order; it is StatusMessage"),
    "wrong namespace": (order().replace(b"xsd:Order-2", b"xsd:Invoice-2"), "in the namespace"),
    "no customization": (
        order().replace(b"<cbc:CustomizationID>Jakamo</cbc:CustomizationID>", b""),
        "Order/CustomizationID must be Jakamo; it is missing",
    ),
    "wrong version": (order().replace(b">2.1<", b">2.0<"), "Order/UBLVersionID must be 2.1; it is 2.0"),
    "no number": (order().replace(b"<cbc:ID>PO-1</cbc:ID>", b""), "Order/ID is missing"),
    "long number": (order("N" * 36), "Order/ID is longer than 35"),
    "no buyer": (order().replace(b"BuyerCustomerParty", b"OtherParty"), "Order/BuyerCustomerParty is missing"),
    "no seller": (order().replace(b"SellerSupplierParty", b"OtherParty"), "SellerSupplierParty/Party is missing"),
    "no lines": (order(lines=0), "Order/OrderLine is missing"),
    "bad currency": (order().replace(b">EUR<", b">EURO<"), "must be a three-letter code"),
    "amount without currency": (order().replace(b' currencyID="EUR"', b""), "needs a currencyID"),
    "decimal comma": (order().replace(b"12.50", b"12,50"), "PriceAmount must be a number with a decimal point"),
    "bad quantity": (order().replace(b">10</cbc:Q", b">ten</cbc:Q"), "Quantity must be a number"),
    "bad date": (order().replace(b"2026-12-15", b"15.12.2026"), "EndDate must be a date YYYY-MM-DD"),
    "no such day": (order().replace(b"2026-12-15", b"2026-02-30"), "EndDate must be a date YYYY-MM-DD"),
    "line twice": (order().replace(b"<cbc:ID>20<", b"<cbc:ID>10<"), "LineItem/ID 10 appears twice"),
    "line without number": (order().replace(b"<cbc:ID>20</cbc:ID>", b""), "OrderLine[2]/LineItem/ID is missing"),
    "line without item": (order().replace(b"cac:Item>", b"cac:Thing>"), "LineItem/Item is missing"),
}


@pytest.mark.parametrize(("body", "words"), BAD_ORDERS.values(), ids=BAD_ORDERS.keys())
def test_bad_order_is_400_with_words(simulator: Simulator, client: Client, body: bytes, words: str) -> None:
    """Each fault of an Order is 400 with its place in words, and nothing is kept."""
    got = client.send("POST", "/api/order", body)
    assert got.status == 400
    assert got.headers["content-type"] == "application/xml"
    assert got.body.startswith(b"<errors><error>")
    assert words in got.body.decode()
    assert simulator.ledger.documents == ()


def test_all_faults_are_named_at_once(client: Client) -> None:
    """Several faults give one error element each."""
    got = client.send("POST", "/api/order", order(replaced={"Jakamo": "Other", "12.50": "x", "2026-11-24": "today"}))
    assert got.body.count(b"<error>") == 4  # customization, date, two prices


BAD_UPDATES = {
    "an Order": (order(), "must be OrderChange or StatusMessage"),
    "no sequence": (
        order(kind="OrderChange").replace(b"<cbc:SequenceNumberID>1</cbc:SequenceNumberID>", b""),
        "SequenceNumberID is missing",
    ),
    "no reference": (order(kind="OrderChange").replace(b"OrderReference", b"Other"), "OrderReference/ID is missing"),
    "status without number": (b"<StatusMessage/>", "StatusMessage/OrderID is missing"),
    "status with a long number": (status("N" * 36), "longer than 35"),
}


@pytest.mark.parametrize(("body", "words"), BAD_UPDATES.values(), ids=BAD_UPDATES.keys())
def test_bad_update_is_400_with_words(client: Client, body: bytes, words: str) -> None:
    """Each fault of a change or status is 400 with words."""
    client.send("POST", "/api/order", order())
    got = client.send("PUT", "/api/order/PO-1", body)
    assert (got.status, words in got.body.decode()) == (400, True)


@pytest.mark.parametrize("content_type", ["text/xml", "application/json", "application/xml; charset=latin-1", ""])
def test_wrong_content_type_is_415(simulator: Simulator, client: Client, content_type: str) -> None:
    """Only application/xml is taken, at most with charset utf-8."""
    assert client.send("POST", "/api/order", order(), content_type).status == 415
    assert client.send("POST", "/api/order", order(), "application/xml; charset=utf-8").status == 200


def test_too_large_is_413() -> None:
    """A body over the limit is 413, plain or in chunks; the client can read the answer."""
    with Simulator(max_body_bytes=100) as running:
        client = Client(running)
        got = client.send("POST", "/api/order", order())
        client.close()
        assert (got.status, got.headers["connection"]) == (413, "close")
        client.connection.request("POST", "/api/order", iter([order(), order()]), client.authorization)
        assert client.connection.getresponse().status == 413
        client.close()


def test_chunked_body_is_read(simulator: Simulator, client: Client) -> None:
    """A body in chunks is the same document."""
    body = order()
    headers = {"Content-Type": "application/xml", **client.authorization}
    client.connection.request("POST", "/api/order", iter([body[:100], body[100:]]), headers)
    response = client.connection.getresponse()
    response.read()
    assert (response.status, simulator.ledger.documents[0].body) == (200, body)


def test_expect_continue(simulator: Simulator, client: Client) -> None:
    """A client that waits for 100 before it sends its body gets it, then the answer."""
    client.connection.putrequest("POST", "/api/order")
    body = order()
    headers = {"Content-Type": "application/xml", "Content-Length": str(len(body)), "Expect": "100-continue"}
    for name, value in {**headers, **client.authorization}.items():
        client.connection.putheader(name, value)
    client.connection.endheaders()
    assert client.connection.sock.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.connection.send(body)
    assert client.connection.getresponse().read() == b""
    assert simulator.ledger.documents[0].body == body


def test_connection_is_kept_alive(simulator: Simulator, client: Client) -> None:
    """Many requests go over one connection, errors included."""
    for number in range(3):
        client.send("POST", "/api/order", order(f"PO-{number}"))
        client.send("POST", "/api/order", b"broken")
    assert {request.connection for request in simulator.ledger.requests} == {1}


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/api/order", 405),
        ("DELETE", "/api/order/PO-1", 405),
        ("GET", "/api/order/PO-1", 405),
        ("POST", "/api/mappedcompanies", 405),
        ("GET", "/api/order/PO-1/lines", 404),
        ("PUT", "/api/order/", 404),
        ("PUT", "/api/order/%FF", 404),
        ("GET", "/order/response", 404),
        ("POST", "/", 404),
    ],
)
def test_other_addresses_and_methods(client: Client, method: str, path: str, expected: int) -> None:
    """An unknown address is 404, a wrong method 405 with Allow; both as XML."""
    got = client.send(method, path)
    assert got.status == expected
    assert got.body.startswith(b"<errors><error>")
    assert ("allow" in got.headers) == (expected == 405)


CHUNKED = b"POST /api/order HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "sent",
    [
        b"hello\r\n\r\n",
        b"GET / HTTP/2\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        "GET /\u00e4 HTTP/1.1\r\n\r\n".encode(),
        b"POST /api/order HTTP/1.1\r\nContent-Length: many\r\n\r\n",
        CHUNKED + b"many\r\n",
    ],
)
def test_garbage_is_400(simulator: Simulator, sent: bytes) -> None:
    """What is no HTTP request is answered 400, and the connection closed."""
    assert raw(simulator, sent).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"POST /api/order HTTP/1.1\r\nContent-Le",
        b"POST /api/order HTTP/1.1\r\nContent-Length: 9\r\n\r\n<Orde",
        CHUNKED + b"9\r\n<Orde",
    ],
)
def test_half_a_request_is_no_request(simulator: Simulator, sent: bytes) -> None:
    """When the client hangs up inside a request there is no answer, and nothing is taken."""
    assert raw(simulator, sent) == b""
    assert simulator.ledger.documents == ()


def test_closing_versions_of_http(simulator: Simulator) -> None:
    """HTTP/1.0, and Connection: close, are answered and closed; an empty line before a request is ignored."""
    for sent in (b"GET / HTTP/1.0\r\n\r\n", b"\r\nGET / HTTP/1.1\r\nConnection: close\r\n\r\n"):
        answer = raw(simulator, sent)
        assert answer.startswith(b"HTTP/1.1 401 ")
        assert b"\r\nConnection: close\r\n" in answer


def test_mapped_companies(client: Client) -> None:
    """The mapped suppliers are a JSON array of name and id."""
    got = client.get("/api/mappedcompanies")
    assert (got.status, got.headers["content-type"]) == (200, "application/json")
    assert got.body == b'[{"CompanyName": "Example Supplier Oy", "MappedId": "1001"}]'
