"""The files that the demo drops: small exports as ERPs write them, of a made-up manufacturer."""

from __future__ import annotations

_HEADER = (
    "Kind;Order;Order date;Supplier no;Supplier;Buyer no;Buyer;Currency;Note;Line;Item;Supplier's item;"
    "Description;Quantity;Unit;Price;Line total;Delivery date"
)
_BUYER = "1000;Example Manufacturing Oy;EUR"


def _row(kind: str, order: str, date: str, line: int, item: str, quantity: str, price: str) -> str:
    head = f"{kind};{order};{date};20015;Example Supplier Oy;{_BUYER};"
    return f"{head};{line};{item};;Välilevy {item};{quantity};pcs;{price};;14.12.2026"


def _csv(*rows: str) -> bytes:
    return ("\r\n".join([_HEADER, *rows]) + "\r\n").encode("cp1252")


ORDERS = _csv(
    _row("N", "PO-1001", "23.11.2026", 10, "A-4711", "100", "3,215"),
    _row("N", "PO-1001", "23.11.2026", 20, "A-4712", "12,5", "40,00"),
    _row("N", "PO-1002", "23.11.2026", 10, "B-0815", "2500", "0,124"),
    _row("N", "PO-1003", "31.11.2026", 10, "C-0001", "4", "1250,00"),  # there is no 31 November
)
CHANGES = _csv(
    _row("M", "PO-1001", "23.11.2026", 10, "A-4711", "80", "3,215"),
    _row("M", "PO-1001", "23.11.2026", 20, "A-4712", "12,5", "40,00"),
)
CORRECTED = _csv(_row("N", "PO-1003", "30.11.2026", 10, "C-0001", "4", "1250,00"))
BROKEN = _csv(_row("N", "PO-1004", "23.11.2026", 10, "A-4711", "7", "3,215")) + b'N;PO-1005;23.11.2026;"20015;Exam'
UNANSWERED = _csv(_row("N", "PO-1009", "24.11.2026", 10, "D-0042", "1", "99,00"))
STATUS = (
    "Order;Status;Date;Note\r\nPO-1002;cancelled;24.11.2026;Project stopped\r\nPO-7001;received;24.11.2026;\r\n"
).encode("cp1252")
ERP_XML = b"""<?xml version="1.0" encoding="UTF-8"?>
<p:PurchaseOrders xmlns:p="urn:example:erp:purchasing" xmlns:i="urn:example:erp:item" version="3">
  <p:Sender code="1000"><p:Name>Example Manufacturing Oy</p:Name></p:Sender>
  <p:PurchaseOrder number="PO-7001" action="create" date="2026-11-23" currency="EUR">
    <p:Header><p:Supplier number="20016"><p:Name>Example Castings AB</p:Name></p:Supplier></p:Header>
    <p:Lines>
      <p:Line no="10">
        <i:Item number="E-100" revision="B"><i:Name>Housing</i:Name></i:Item>
        <p:Quantity unit="C62">40</p:Quantity>
        <p:Price per="10">155.50</p:Price>
        <p:Schedule date="2026-12-07" quantity="25"/>
        <p:Schedule date="2026-12-21" quantity="15"/>
      </p:Line>
    </p:Lines>
  </p:PurchaseOrder>
</p:PurchaseOrders>
"""
UBL = b"""<?xml version="1.0" encoding="UTF-8"?>
<Order xmlns="urn:oasis:names:specification:ubl:schema:xsd:Order-2"
       xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
       xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
  <cbc:UBLVersionID>2.1</cbc:UBLVersionID>
  <cbc:CustomizationID>Jakamo</cbc:CustomizationID>
  <cbc:ID>PO-8001</cbc:ID>
  <cbc:IssueDate>2026-11-23</cbc:IssueDate>
  <cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>
  <cac:BuyerCustomerParty><cac:Party>
    <cac:PartyIdentification><cbc:ID>1000</cbc:ID></cac:PartyIdentification>
  </cac:Party></cac:BuyerCustomerParty>
  <cac:SellerSupplierParty><cac:Party>
    <cac:PartyIdentification><cbc:ID>20017</cbc:ID></cac:PartyIdentification>
  </cac:Party></cac:SellerSupplierParty>
  <cac:OrderLine><cac:LineItem>
    <cbc:ID>10</cbc:ID>
    <cbc:Quantity unitCode="C62">3</cbc:Quantity>
    <cac:Item><cbc:Name>Bracket</cbc:Name></cac:Item>
  </cac:LineItem></cac:OrderLine>
</Order>
"""
