"""Small order files for benchmarks: one order of five lines each, in the format of the mapping erp-xml-order."""

from __future__ import annotations

from pathlib import Path

LINES = 5
_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<p:PurchaseOrders xmlns:p="urn:example:erp:purchasing" xmlns:i="urn:example:erp:item" version="3">
<p:Sender code="1000"><p:Name>Example Manufacturing Oy</p:Name></p:Sender>
<p:PurchaseOrder number="{number}" action="create" date="2026-11-03" currency="EUR">
<p:Header><p:Supplier number="20015"><p:Name>Example Supplier Oy</p:Name></p:Supplier></p:Header>
<p:Lines>
"""
_LINE = """<p:Line no="{line}"><i:Item number="A-{item}"><i:Name>Spacer {item} mm</i:Name></i:Item>\
<p:Quantity unit="C62">{quantity}</p:Quantity><p:Price>{price}</p:Price>\
<p:Schedule date="2026-12-01" quantity="{quantity}"/></p:Line>
"""
_FOOT = """</p:Lines>
</p:PurchaseOrder>
</p:PurchaseOrders>
"""


def order_file(ordinal: int) -> bytes:
    """Return one file; every ordinal gives another order."""
    lines = [
        _LINE.format(line=10 * line, item=100 * line + ordinal % 89, quantity=line + ordinal % 7, price=f"{line}.25")
        for line in range(1, LINES + 1)
    ]
    return (_HEAD.format(number=f"PO-{ordinal:06d}") + "".join(lines) + _FOOT).encode()


def write_files(folder: Path, count: int) -> None:
    """Write `count` files into a new folder."""
    folder.mkdir(parents=True)
    for ordinal in range(1, count + 1):
        (folder / f"order-{ordinal:06d}.xml").write_bytes(order_file(ordinal))
