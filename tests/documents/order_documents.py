"""Small documents to read in tests."""

from __future__ import annotations

UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
ORDER, CHANGE = "Order", "OrderChange"
SUPPLIER = "<cac:Party><cac:PartyIdentification><cbc:ID>20015</cbc:ID></cac:PartyIdentification></cac:Party>"


def order(
    root: str = ORDER,
    *,
    number: str = "PO-1",
    reference: str | None = None,
    head: str = "",
    extra: str = "",
    supplier: str = SUPPLIER,
    line_extra: str = "",
    lines: str | None = None,
) -> bytes:
    """Return an order (or change) of two lines, with what the test wants to add."""
    referred = f"<cac:OrderReference><cbc:ID>{reference}</cbc:ID></cac:OrderReference>" if reference else ""
    both = line("10", "4", extra=line_extra) + line("20", "250") if lines is None else lines
    return (
        f'<{root} xmlns="{UBL}{root}-2" xmlns:cac="{UBL}CommonAggregateComponents-2"'
        f' xmlns:cbc="{UBL}CommonBasicComponents-2">'
        f"<cbc:UBLVersionID>2.1</cbc:UBLVersionID><cbc:CustomizationID>Jakamo</cbc:CustomizationID>"
        f"<cbc:ID>{number}</cbc:ID><cbc:IssueDate>2026-11-03</cbc:IssueDate>{head}"
        f"<cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>{referred}{extra}"
        f"<cac:BuyerCustomerParty><cac:Party><cac:PartyIdentification><cbc:ID>1000</cbc:ID>"
        f"</cac:PartyIdentification></cac:Party></cac:BuyerCustomerParty>"
        f"<cac:SellerSupplierParty>{supplier}</cac:SellerSupplierParty>{both}</{root}>"
    ).encode()


def line(number: str, quantity: str, *, item: str = "Bolt", price: str = "1.50", extra: str = "") -> str:
    """Return one order line."""
    return (
        f"<cac:OrderLine><cac:LineItem><cbc:ID>{number}</cbc:ID>"
        f'<cbc:Quantity unitCode="C62">{quantity}</cbc:Quantity>'
        f'<cac:Price><cbc:PriceAmount currencyID="EUR">{price}</cbc:PriceAmount></cac:Price>'
        f"<cac:Item><cbc:Name>{item}</cbc:Name></cac:Item>{extra}</cac:LineItem></cac:OrderLine>"
    )
