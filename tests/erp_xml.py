"""Small exports for tests in the formats of the shipped mappings `erp-xml-order`, `csv-six-columns` and `ubl`."""

from __future__ import annotations

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<p:PurchaseOrders xmlns:p="urn:example:erp:purchasing" xmlns:i="urn:example:erp:item" version="3">
<p:Sender code="1000"><p:Name>Example Manufacturing Oy</p:Name></p:Sender>
"""
TAIL = "</p:PurchaseOrders>\n"


def xml_order(
    number: str,
    *,
    date: str = "2026-11-03",
    currency: str = "EUR",
    item: str = "A-1",
    quantity: str = "2",
    net: str = "3.00",
) -> str:
    """Return one order of eleven lines; the line item stands on its sixth."""
    return f"""<p:PurchaseOrder number="{number}" action="create" date="{date}" currency="{currency}">
<p:Header>
<p:Supplier number="20015"/>
</p:Header>
<p:Lines>
<p:Line no="10"><i:Item number="{item}"/>
<p:Quantity unit="C62">{quantity}</p:Quantity>
<p:Price>1.50</p:Price></p:Line>
</p:Lines>
<p:Totals net="{net}"/>
</p:PurchaseOrder>
"""


def xml_export(*orders: str) -> str:
    """Return a whole file: its head is three lines, so order n begins at line 4 + 11 * n."""
    return HEAD + "".join(orders) + TAIL


def six_columns(*numbers: str) -> str:
    """Return a file of `csv-six-columns`, one row an order."""
    rows = [f"{number},2026-11-03,1000,20015,Bolt M8,100" for number in numbers]
    return "\n".join(["Order,Date,Buyer,Supplier,Item,Quantity", *rows]) + "\n"


def ubl_order(number: str, *, price: str = '<b:PriceAmount currencyID="EUR">1.50</b:PriceAmount>') -> str:
    """Return an Order as an ERP writes it that speaks UBL itself."""
    ubl = "urn:oasis:names:specification:ubl:schema:xsd:"
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<o:Order xmlns:o="{ubl}Order-2" xmlns:a="{ubl}CommonAggregateComponents-2" xmlns:b="{ubl}CommonBasicComponents-2">
<b:UBLVersionID>2.1</b:UBLVersionID>
<b:CustomizationID>Jakamo</b:CustomizationID>
<b:ID>{number}</b:ID>
<b:IssueDate>2026-11-03</b:IssueDate>
<b:DocumentCurrencyCode>EUR</b:DocumentCurrencyCode>
<a:BuyerCustomerParty><a:Party><a:PartyIdentification><b:ID>1000</b:ID></a:PartyIdentification></a:Party>
</a:BuyerCustomerParty>
<a:SellerSupplierParty><a:Party><a:PartyIdentification><b:ID>20015</b:ID></a:PartyIdentification></a:Party>
</a:SellerSupplierParty>
<a:OrderLine><a:LineItem>
<b:ID>10</b:ID>
<b:Quantity unitCode="PCS">4</b:Quantity>
<b:LineExtensionAmount currencyID="EUR">6.00</b:LineExtensionAmount>
<a:Price>{price}</a:Price>
<a:Item><b:Name>Bolt</b:Name></a:Item>
</a:LineItem></a:OrderLine>
</o:Order>
"""
