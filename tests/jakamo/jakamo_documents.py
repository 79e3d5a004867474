"""The smallest documents that the simulator takes."""

from __future__ import annotations

_UBL = "urn:oasis:names:specification:ubl:schema:xsd"


def order(number: str = "PO-1", *, kind: str = "Order") -> bytes:
    """Return an Order or OrderChange with one line."""
    change = kind == "OrderChange"
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<{kind} xmlns="{_UBL}:{kind}-2" xmlns:a="{_UBL}:CommonAggregateComponents-2" xmlns:b="{_UBL}:CommonBasicComponents-2">
<b:UBLVersionID>2.1</b:UBLVersionID><b:CustomizationID>Jakamo</b:CustomizationID><b:ID>{number}</b:ID>
<b:IssueDate>2026-11-24</b:IssueDate>{"<b:SequenceNumberID>1</b:SequenceNumberID>" if change else ""}
{f"<a:OrderReference><b:ID>{number}</b:ID></a:OrderReference>" if change else ""}
<a:BuyerCustomerParty><a:Party><a:PartyName><b:Name>Example Buyer Oy</b:Name></a:PartyName></a:Party>
</a:BuyerCustomerParty><a:SellerSupplierParty><a:Party><a:PartyName><b:Name>Example Supplier Oy</b:Name></a:PartyName>
</a:Party></a:SellerSupplierParty><a:OrderLine><a:LineItem><b:ID>10</b:ID><b:Quantity unitCode="PCS">5</b:Quantity>
<a:Item><b:Name>Bracket</b:Name></a:Item></a:LineItem></a:OrderLine></{kind}>""".encode()


def status_message(number: str, word: str) -> bytes:
    """Return a StatusMessage."""
    return f"<StatusMessage><OrderID>{number}</OrderID><Status>{word}</Status></StatusMessage>".encode()
