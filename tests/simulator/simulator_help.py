"""Documents and a raw HTTP client for the simulator's tests; shares no code with the gateway's client."""

from __future__ import annotations

import base64
import http.client
import json
import socket
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from gateway.simulator import Simulator

CAC = "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
CBC = "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
NO_MORE = b"<status>No more messages available.</status>"


def order(
    number: str = "PO-1", *, kind: str = "Order", lines: int = 2, replaced: dict[str, str] | None = None
) -> bytes:
    """Return a valid Order or OrderChange; `replaced` maps texts to others."""
    reference = f"<cac:OrderReference><cbc:ID>{number}</cbc:ID></cac:OrderReference>" if kind == "OrderChange" else ""
    sequence = "<cbc:SequenceNumberID>1</cbc:SequenceNumberID>" if kind == "OrderChange" else ""
    document = f"""<?xml version="1.0" encoding="UTF-8"?>
<{kind} xmlns="urn:oasis:names:specification:ubl:schema:xsd:{kind}-2" xmlns:cac="{CAC}" xmlns:cbc="{CBC}">
  <cbc:UBLVersionID>2.1</cbc:UBLVersionID>
  <cbc:CustomizationID>Jakamo</cbc:CustomizationID>
  <cbc:ID>{number}</cbc:ID>
  <cbc:IssueDate>2026-11-24</cbc:IssueDate>{sequence}
  <cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>
  {reference}
  <cac:BuyerCustomerParty><cac:Party><cac:PartyName><cbc:Name>Example Buyer Oy</cbc:Name></cac:PartyName></cac:Party>
  </cac:BuyerCustomerParty>
  <cac:SellerSupplierParty><cac:Party><cac:PartyIdentification><cbc:ID>1001</cbc:ID></cac:PartyIdentification>
  </cac:Party></cac:SellerSupplierParty>
  {"".join(_line(position * 10) for position in range(1, lines + 1))}
</{kind}>"""
    for old, new in (replaced or {}).items():
        assert old in document
        document = document.replace(old, new)
    return document.encode("utf-8")


def _line(number: int) -> str:
    return f"""<cac:OrderLine><cac:LineItem>
    <cbc:ID>{number}</cbc:ID>
    <cbc:Quantity unitCode="PCS">10</cbc:Quantity>
    <cbc:LineExtensionAmount currencyID="EUR">125.00</cbc:LineExtensionAmount>
    <cac:Delivery><cac:RequestedDeliveryPeriod><cbc:EndDate>2026-12-15</cbc:EndDate></cac:RequestedDeliveryPeriod>
    </cac:Delivery>
    <cac:Price><cbc:PriceAmount currencyID="EUR">12.50</cbc:PriceAmount></cac:Price>
    <cac:Item><cbc:Name>Bracket {number}</cbc:Name></cac:Item>
  </cac:LineItem></cac:OrderLine>"""


def status(number: str = "PO-1", word: str = "Cancelled") -> bytes:
    """Return a StatusMessage."""
    return f"<StatusMessage><OrderID>{number}</OrderID><Status>{word}</Status></StatusMessage>".encode()


def raw(simulator: Simulator, sent: bytes) -> bytes:
    """Send bytes on a new connection, say that no more will come, and return all that is answered."""
    address = urlsplit(simulator.base_url)
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=5) as sock:
        sock.sendall(sent)
        sock.shutdown(socket.SHUT_WR)
        answer = b""
        while received := sock.recv(65_536):
            answer += received
    return answer


@dataclass(frozen=True)
class Got:
    """One answer as it came."""

    status: int
    body: bytes
    headers: dict[str, str]  # names in lower case


class Client:
    """One keep-alive connection with Basic credentials."""

    def __init__(self, simulator: Simulator, *, username: str = "integration", password: str = "password") -> None:
        address = urlsplit(simulator.base_url)
        self.connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=5)
        token = base64.b64encode(f"{username}:{password}".encode()).decode()
        self.authorization = {"Authorization": f"Basic {token}"}

    def call(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Got:
        """Send one request with exactly these headers (underscores become hyphens) and read the answer whole."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.connection.request(method, path, body, named)
        response = self.connection.getresponse()
        content = response.read()
        return Got(response.status, content, {name.lower(): value for name, value in response.getheaders()})

    def send(self, method: str, path: str, body: bytes = b"", content_type: str = "application/xml") -> Got:
        """Send a document with credentials."""
        return self.call(method, path, body, Content_Type=content_type, **self.authorization)

    def get(self, path: str) -> Got:
        """Read with credentials."""
        return self.call("GET", path, None, **self.authorization)

    def control(self, method: str, path: str, value: Any = None) -> Any:
        """Use a control address with JSON in and out, without credentials; asserts success."""
        got = self.call(method, f"/_simulator/{path}", None if value is None else json.dumps(value).encode())
        assert got.status == 200, got.body
        return json.loads(got.body) if got.headers["content-type"] == "application/json" else got.body

    def close(self) -> None:
        """Hang up."""
        self.connection.close()
