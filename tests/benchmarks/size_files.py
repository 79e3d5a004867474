"""Huge export files for measurements of size: a CSV for the mapping csv-order, an XML for erp-xml-order.

Written line by line, so that the generator itself needs no memory. Five lines an order unless told otherwise; of every
tenth CSV order the last line stands some orders later, as an ERP that sorts by item would write it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

LINES_AN_ORDER = 5
DELAYED_EVERY, DELAYED_BY = 10, 7
_HEADER = (
    "Kind;Order;Order date;Supplier no;Supplier;Buyer no;Buyer;Currency;Note;Line;Item;Supplier's item;Description;"
    "Quantity;Unit;Price;Line total;Delivery date"
)
_ROW = (
    "N;PO-{order:07d};03.11.2026;20015;Example Supplier Oy;1000;Example Manufacturing Oy;EUR;{blanks};{line};A-{item};;"
    "Välilevy {item} mm;{quantity};pcs;{line},25;;24.11.2026"
)
_XML_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<p:PurchaseOrders xmlns:p="urn:example:erp:purchasing" xmlns:i="urn:example:erp:item" version="3">
<p:Sender code="1000"><p:Name>Example Manufacturing Oy</p:Name></p:Sender>
"""
_XML_ORDER = """<p:PurchaseOrder number="PO-{order:07d}" action="create" date="2026-11-03" currency="EUR">
<p:Header><p:Supplier number="20015"><p:Name>Example Supplier Oy</p:Name></p:Supplier></p:Header>
<p:Lines>
{lines}</p:Lines>
</p:PurchaseOrder>
"""
_XML_LINE = """<p:Line no="{line}"><i:Item number="A-{item}"><i:Name>Spacer {item} mm</i:Name>{remark}</i:Item>\
<p:Quantity unit="C62">{quantity}</p:Quantity><p:Price>{line}.25</p:Price>\
<p:Schedule date="2026-12-01" quantity="{quantity}"/></p:Line>
"""
_XML_FOOT = "</p:PurchaseOrders>\n"


def write_csv(path: Path, rows: int, *, lines: int = LINES_AN_ORDER, bad_every: int = 0, blanks: int = 0) -> int:
    """Write a CSV of so many rows, each with so many blanks in it; return the number of orders.

    Of every `bad_every`th order the first quantity is bad.
    """
    orders = rows // lines
    with path.open("w", encoding="windows-1252", newline="") as out:
        out.write(_HEADER + "\r\n")
        for order, line in _places(orders, lines):
            bad = bad_every and order % bad_every == 0 and line == 1
            quantity = "four" if bad else str(line + order % 7)
            values = {"order": order, "line": line, "item": 100 * line + order % 89, "quantity": quantity}
            values["blanks"] = " " * blanks
            out.write(_ROW.format(**values) + "\r\n")
    return orders


def _places(orders: int, lines: int) -> Iterator[tuple[int, int]]:
    """Yield order and line of each row; the last line of some orders stands later."""
    late: dict[int, list[int]] = {}
    for order in range(1, orders + 1):
        delayed = order % DELAYED_EVERY == 0 and order + DELAYED_BY <= orders
        for line in range(1, lines + (0 if delayed else 1)):
            yield order, line
        if delayed:
            late.setdefault(order + DELAYED_BY, []).append(order)
        for earlier in late.pop(order, ()):
            yield earlier, lines


def write_xml(path: Path, megabytes: float, *, lines: int = LINES_AN_ORDER, text: int = 0) -> int:
    """Write an XML of about so many megabytes; return the number of orders. Each line bears so many letters of text."""
    orders = size = 0
    remark = f"<i:Remark>{'Deburr all edges. ' * (text // 18)}</i:Remark>" if text else ""
    with path.open("w", encoding="utf-8", newline="") as out:
        size += out.write(_XML_HEAD)
        while size < megabytes * 1_000_000:
            orders += 1
            size += out.write(_XML_ORDER.format(order=orders, lines="".join(_lines(orders, lines, remark))))
        out.write(_XML_FOOT)
    return orders


def _lines(order: int, lines: int, remark: str) -> Iterator[str]:
    for line in range(1, lines + 1):
        values = {"line": line, "item": 100 * line + order % 89, "quantity": line + order % 7, "remark": remark}
        yield _XML_LINE.format(**values)
