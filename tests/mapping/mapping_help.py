"""Small mappings written as a site would write them, and short ways to read with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gateway.errors import FileRejected
from gateway.mapping.csv_reader import read_csv
from gateway.mapping.declaration import CsvFormat
from gateway.mapping.mapping import Mapping, load_mapping
from gateway.model import Finding, OrderSource

STYLESHEET = (
    '<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"'
    ' xmlns:exsl="http://exslt.org/common" extension-element-prefixes="exsl">{}</xsl:stylesheet>'
)
STATUS = '<StatusMessage><OrderID>{}</OrderID><Status>Cancelled</Status></StatusMessage>'
COPY_NUMBER = STATUS.format('<xsl:value-of select="order/@number"/>')

COLUMNS: list[dict[str, Any]] = [
    {"name": "number", "header": "Order", "required": True, "max_length": 10},
    {"name": "date", "header": "Date", "type": "date"},
    {"name": "line", "header": "Line", "type": "integer"},
    {"name": "quantity", "header": "Quantity", "type": "decimal"},
]


def form(columns: list[dict[str, Any]] | None = None, **changes: Any) -> CsvFormat:
    """Return a declared CSV format: semicolons, decimal comma, dd.mm.yyyy, UTF-8 unless changed."""
    declared: dict[str, Any] = {
        "encoding": "utf-8",
        "delimiter": ";",
        "decimal": ",",
        "dates": ["dd.mm.yyyy"],
        "order_number": "number",
        "line_number": "line",
        "columns": columns if columns is not None else COLUMNS,
    }
    return CsvFormat.model_validate(declared | changes)


def csv_orders(
    data: bytes | str, declared: CsvFormat | None = None, *, trailer: bool = False
) -> tuple[OrderSource, ...]:
    """Return the orders of a CSV file."""
    raw = data.encode() if isinstance(data, str) else data
    return read_csv(raw, declared or form(), name="orders.csv", trailer=trailer).orders()


def csv_refusal(data: bytes | str, declared: CsvFormat | None = None, *, trailer: bool = False) -> FileRejected:
    """Return why a CSV file is refused as a whole."""
    try:
        csv_orders(data, declared, trailer=trailer)
    except FileRejected as refusal:
        return refusal
    raise AssertionError("the file was accepted")


def places(findings: tuple[Any, ...]) -> list[tuple[str, int | None, str | None]]:
    """Return code, row and column of each finding."""
    return [(one.code, one.row, one.column) for one in findings if isinstance(one, Finding)]


def write_folder(folder: Path, declared: str, body: str = COPY_NUMBER, top: str = "") -> Path:
    """Write a mapping folder with a stylesheet of one template."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "mapping.toml").write_text(declared, encoding="utf-8")
    sheet = STYLESHEET.format(f'{top}<xsl:template match="/">{body}</xsl:template>')
    (folder / "order.xsl").write_text(sheet, encoding="utf-8")
    return folder


CSV_TOML = """
format = "csv"
stylesheet = "order.xsl"
[csv]
encoding = "utf-8"
delimiter = ";"
order_number = "number"
line_number = "line"
[[csv.columns]]
header = "Order"
name = "number"
required = true
[[csv.columns]]
header = "Line"
name = "line"
may_be_missing = true
"""

XML_TOML = """
format = "xml"
stylesheet = "order.xsl"
[xml]
split = "/e:Orders/e:Order"
namespaces = { e = "urn:example:erp" }
order_number = "@no"
"""


def csv_mapping(folder: Path, body: str = COPY_NUMBER, top: str = "") -> Mapping:
    """Return a small CSV mapping with a stylesheet of one template."""
    return load_mapping(write_folder(folder, CSV_TOML, body, top))


def xml_mapping(folder: Path, more: str = "", body: str = COPY_NUMBER) -> Mapping:
    """Return a small XML mapping; `more` is added to its [xml] table."""
    return load_mapping(write_folder(folder, XML_TOML + more, body))
