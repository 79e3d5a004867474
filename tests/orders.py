"""Small exports for tests, in the formats of the shipped mappings `csv-order` and `csv-status`."""

from __future__ import annotations

HEADER = (
    "Kind;Order;Order date;Supplier no;Supplier;Buyer no;Buyer;Currency;Note;Line;Item;Supplier's item;"
    "Description;Quantity;Unit;Price;Line total;Delivery date"
)


def row(
    order: str,
    line: int = 10,
    quantity: str = "5",
    *,
    kind: str = "N",
    date: str = "23.11.2026",
    supplier: str = "20015",
    buyer: str = "1000",
    price: str = "3,215",
) -> str:
    """Return one line of an order as the ERP writes it."""
    return (
        f"{kind};{order};{date};{supplier};Example Supplier Oy;{buyer};Example Manufacturing Oy;EUR;;{line};A-{line};;"
        f"Välilevy {line};{quantity};pcs;{price};;14.12.2026"
    )


def export(*rows: str) -> bytes:
    """Return a whole file: header and rows, Windows-1252, CRLF."""
    return ("\r\n".join([HEADER, *rows]) + "\r\n").encode("cp1252")


def bad(order: str, line: int = 10) -> str:
    """Return a line whose order date does not exist."""
    return row(order, line, date="31.11.2026")


def status(*pairs: tuple[str, str]) -> bytes:
    """Return a status file: order number and status word."""
    lines = ["Order;Status;Date;Note", *(f"{order};{word};24.11.2026;" for order, word in pairs)]
    return ("\r\n".join(lines) + "\r\n").encode("cp1252")
