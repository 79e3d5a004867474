"""What can be wrong with a mapping.toml beyond the shape of its keys: names that name nothing, notations, paths.

Works on the raw table, so that these problems are listed together with those of the model. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from lxml import etree

from gateway.mapping.declaration import PLAIN, TABLE

Raw = dict[str, Any]
Found = tuple[str, str]  # key path, message

_NUMBERS = ("integer", "decimal")


def key_path(location: tuple[int | str, ...]) -> str:
    """Return a key path for people: lists count from 1, the tags of unions do not show."""
    path = ""
    for part in location:
        if isinstance(part, int):
            path += f"[{part + 1}]"
        elif part not in (TABLE, PLAIN):
            path += f".{part}" if path else str(part)
    return path or "mapping.toml"


def reference_problems(raw: Raw) -> list[Found]:
    """Return what does not fit together; keys of the wrong type are left to the model."""
    form = raw.get("format")
    problems = list(_format_problems(raw, form))
    if form == "csv" and isinstance(raw.get("csv"), dict):
        problems += _csv_problems(raw["csv"])
    if form == "xml" and isinstance(raw.get("xml"), dict):
        problems += _xml_problems(raw["xml"])
    return problems + list(_table_problems(raw, form))


def _table_problems(raw: Raw, form: object) -> Iterator[Found]:
    """Yield what is wrong with code tables and with those who use them."""
    found = raw.get("tables")
    tables = found if isinstance(found, dict) else {}
    if tables and form == "ubl":
        yield "tables", "format = 'ubl' sends bytes as they came: nothing is looked up"
    for name, table in tables.items():
        if isinstance(table, dict) and table.get("unmapped") == "pass" and "default" in table:
            yield f"tables.{name}.default", "give either a default or unmapped = 'pass'"
    for format_name, key in (("csv", "columns"), ("xml", "fields")):
        form_table = raw.get(format_name)
        for number, value in enumerate(_tables(form_table, key) if isinstance(form_table, dict) else (), 1):
            place = f"{format_name}.{key}[{number}].table"
            if "table" in value and (value.get("type", "text") != "code" or "values" in value):
                yield place, "only for type = 'code', in place of values"
            elif "table" in value and value["table"] not in tables:
                yield place, f"there is no [tables.{value['table']}]"


def _format_problems(raw: Raw, form: object) -> Iterator[Found]:
    for table in ("csv", "xml", "response"):
        if form == table and table not in raw:
            yield table, f"format = {form!r} needs a table [{table}]"
        if form != table and table in raw:
            yield table, f"there is a table [{table}], but format is {form!r}"
    if form in ("csv", "xml", "response") and not raw.get("stylesheet"):
        yield "stylesheet", f"format = {form!r} needs a stylesheet, e.g. order.xsl"
    if form == "ubl" and raw.get("stylesheet"):
        yield "stylesheet", "format = 'ubl' sends bytes as they came; use format = 'xml' for a stylesheet"
    if form != "xml" and raw.get("doctype", "refuse") != "refuse":
        yield "doctype", "only format = 'xml' can ignore a DOCTYPE"


def _tables(raw: Raw, key: str) -> list[Raw]:
    found = raw.get(key)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _csv_problems(csv: Raw) -> Iterator[Found]:
    columns = _tables(csv, "columns")
    by_name = {column.get("name"): column for column in columns}
    for key in ("order_number", "revision", "line_number"):
        if isinstance(csv.get(key), str) and csv[key] not in by_name:
            yield f"csv.{key}", f"there is no column named {csv[key]!r}"
    kind = csv.get("kind")
    if isinstance(kind, dict) and isinstance(kind.get("field"), str) and kind["field"] not in by_name:
        yield "csv.kind.field", f"there is no column named {kind['field']!r}"
    order = by_name.get(csv.get("order_number"))
    if order is not None and order.get("may_be_missing"):
        yield "csv.order_number", "the column of the order number cannot be one that may be missing"
    if csv.get("quote") and csv.get("quote") == csv.get("delimiter"):
        yield "csv.quote", "quote and delimiter must differ"
    yield from _trailer_problems(csv.get("trailer"), by_name)
    yield from _header_problems(csv, columns)
    for number, column in enumerate(columns, 1):
        yield from _value_problems(f"csv.columns[{number}]", column, csv)


def _trailer_problems(trailer: object, by_name: dict[Any, Raw]) -> Iterator[Found]:
    if not isinstance(trailer, dict):
        return
    if "count" not in trailer and "sum" not in trailer:
        yield "csv.trailer", "a trailer needs count or sum: the number of the cell to check"
    if ("sum" in trailer) != ("sum_of" in trailer):
        yield "csv.trailer.sum_of", "sum and sum_of belong together"
    elif "sum" in trailer and by_name.get(trailer["sum_of"], {}).get("type") not in _NUMBERS:
        yield "csv.trailer.sum_of", f"there is no column named {trailer['sum_of']!r} of type decimal or integer"


def _header_problems(csv: Raw, columns: list[Raw]) -> Iterator[Found]:
    has_header = csv.get("header_row", True)
    if has_header and "column_count" in csv:
        yield "csv.column_count", "only without a header row; with one, the header says how many cells a row has"
    seen: dict[tuple[str, Any], int] = {}
    for number, column in enumerate(columns, 1):
        place = f"csv.columns[{number}]"
        if has_header and "header" not in column:
            yield f"{place}.header", "the text of the header row is missing"
        if has_header and "position" in column:
            yield f"{place}.position", "only without a header row"
        for key in ("name", "header", "position"):
            if key in column and seen.setdefault((key, column[key]), number) != number:
                yield f"{place}.{key}", f"{column[key]!r} is the {key} of column {seen[key, column[key]]} too"


def _value_problems(place: str, value: Raw, notation: Raw) -> Iterator[Found]:
    def declared(key: str) -> bool:
        return bool(value.get(key) or notation.get(key))

    kind = value.get("type", "text")
    if kind == "decimal" and not declared("decimal"):
        yield f"{place}.decimal", "a decimal needs its decimal mark, here or for the whole format"
    if kind == "date" and not declared("dates"):
        yield f"{place}.dates", "a date needs its formats, here or for the whole format"
    if kind == "code" and not value.get("values") and not value.get("table"):
        yield f"{place}.values", "a code needs its allowed values, or a table"
    if kind != "code" and "values" in value:
        yield f"{place}.values", "only for type = 'code'"
    decimal = value.get("decimal", notation.get("decimal"))
    thousands = value.get("thousands", notation.get("thousands"))
    if kind == "decimal" and thousands and decimal == thousands:
        yield f"{place}.thousands", "decimal mark and thousands mark must differ"


def _xml_problems(xml: Raw) -> Iterator[Found]:
    spaces = xml.get("namespaces", {})
    spaces = spaces if isinstance(spaces, dict) else {}
    split = xml.get("split", ())
    for path in [split] if isinstance(split, str) else split if isinstance(split, list) else []:
        yield from _path_problems("xml.split", path, spaces, absolute=True)
    envelope = xml.get("envelope", [])
    for path in envelope if isinstance(envelope, list) else []:
        yield from _path_problems("xml.envelope", path, spaces, absolute=True)
    for key in ("order_number", "revision"):
        if key in xml:
            yield from _path_problems(f"xml.{key}", xml[key], spaces)
    yield from _xml_kind_problems(xml.get("kind"), spaces)
    for number, line in enumerate(_tables(xml, "lines"), 1):
        for key in ("path", "number"):
            if key in line:
                yield from _path_problems(f"xml.lines[{number}].{key}", line[key], spaces)
    for number, field in enumerate(_tables(xml, "fields"), 1):
        place = f"xml.fields[{number}]"
        if "path" in field:
            yield from _path_problems(f"{place}.path", field["path"], spaces)
        if "when" in field:
            yield from _path_problems(f"{place}.when", field["when"], spaces)
        if field.get("of") == "line" and not xml.get("lines"):
            yield f"{place}.of", "there are no [[xml.lines]]"
        yield from _value_problems(place, field, xml)
    yield from _refusal_problems(xml, spaces)


def _refusal_problems(xml: Raw, spaces: dict[str, Any]) -> Iterator[Found]:
    for number, refusal in enumerate(_tables(xml, "refuse"), 1):
        place = f"xml.refuse[{number}]"
        if "path" in refusal:
            in_file = refusal.get("of") == "file"
            yield from _path_problems(f"{place}.path", refusal["path"], spaces, absolute=in_file)
        if "when" in refusal:
            in_file = refusal.get("of") == "file"
            yield from _path_problems(f"{place}.when", refusal["when"], spaces, absolute=in_file)
        if refusal.get("of") == "line" and not xml.get("lines"):
            yield f"{place}.of", "there are no [[xml.lines]]"


def _xml_kind_problems(kind: object, spaces: dict[str, Any]) -> Iterator[Found]:
    if not isinstance(kind, dict):
        return
    if sum(key in kind for key in ("path", "root", "when")) != 1:
        yield "xml.kind", "give one of: path with values, root, when"
    for path in kind["when"] if isinstance(kind.get("when"), dict) else ():
        yield from _path_problems("xml.kind.when", path, spaces)
    if "absent" in kind and "path" not in kind:
        yield "xml.kind.absent", "only with a path: a root is never absent"
    if "path" in kind:
        yield from _path_problems("xml.kind.path", kind["path"], spaces)
        if not kind.get("values"):
            yield "xml.kind.values", "a path needs a table of its values"


def _path_problems(place: str, path: object, spaces: dict[str, Any], *, absolute: bool = False) -> Iterator[Found]:
    if not isinstance(path, str):
        return
    if path.startswith("/") != absolute:
        yield place, f"{path!r} must {'begin' if absolute else 'not begin'} with '/'"
    if absolute and ("//" in path or "|" in path):
        yield place, f"{path!r} must name each level: neither '//' nor '|'; several paths go in a list"
    unknown = sorted(set(re.findall(r"(?<![\w:.-])([A-Za-z_][\w.-]*):(?=[\w*])", path)) - set(spaces))
    if unknown:
        yield place, f"{path!r} uses a prefix that [xml.namespaces] does not declare: {', '.join(unknown)}"
    try:
        etree.XPath(path)
    except etree.XPathSyntaxError as error:
        yield place, f"{path!r} is no path: {error}"
