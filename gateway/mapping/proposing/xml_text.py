"""The mapping.toml of a proposed XML mapping, and where its stylesheet finds the values. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.mapping.proposing.csv_text import LONGEST_NUMBER, comment, head, toml_text
from gateway.mapping.proposing.shapes import Shape
from gateway.mapping.proposing.stylesheet import Places
from gateway.mapping.proposing.xml_places import Found, XmlPlaces

_DECIMALS = ("quantity", "price", "price_per", "line_total")


def xml_text(name: str, source: str, places: XmlPlaces, namespaces: dict[str, str], *, doctype: bool) -> str:
    """Return the whole file."""
    lines = [*head(name, source, places.not_guessed), 'format = "xml"', 'stylesheet = "order.xsl"']
    lines += [
        "",
        "# An order that was sent before and comes again as new is held; \"change\" sends an OrderChange.",
        'repeat = "hold"',
        'lost_lines = "hold"',
        "complete_order = true    # CHECK: is a changed order exported whole, with all its lines?",
    ]
    if doctype:
        lines += ["# the sample has a DOCTYPE; what it names is never loaded", 'doctype = "ignore"']
    why = {guess.what: guess for guess in places.guesses}
    lines += ["", "[xml]", *comment(f"guessed: {why['order'].evidence}."), f"split = {toml_text(places.split)}"]
    number = why["order number"]
    lines += comment(f"guessed: {number.evidence}.{' CHECK: ' + number.check if number.check else ''}")
    lines.append(f"order_number = {toml_text(places.number_path)}")
    lines += _kind(places)
    if namespaces:
        lines += ["", "[xml.namespaces]", *(f"{prefix} = {toml_text(uri)}" for prefix, uri in namespaces.items())]
    if places.lines_path is not None:
        lines += ["", *comment(f"guessed: {why['lines'].evidence}."), "[[xml.lines]]"]
        lines.append(f"path = {toml_text(places.lines_path)}")
        line = places.of_line.get("line_number")
        if line is not None:
            lines.append(f"number = {toml_text(line.path)}")
    lines += ["", "[[xml.fields]]", f"path = {toml_text(places.number_path)}", "required = true",
              f"max_length = {LONGEST_NUMBER}"]  # fmt: skip
    for start, found in (("order", places.of_order), ("line", places.of_line)):
        for role, one in found.items():
            lines += _field(start, role, one)
    return "\n".join(lines) + "\n"


def _kind(places: XmlPlaces) -> list[str]:
    if places.kind is None:
        return ["# As far as was seen, nothing says whether an order is new or changed; if it does, declare kind."]
    path, values = places.kind
    table = ", ".join(f"{toml_text(value)} = {toml_text(kind)}" for value, kind in values.items())
    return [
        *comment(f"{path} seems to say whether an order is new. CHECK what else it may say, then take the # away:"),
        f"# kind = {{ path = {toml_text(path)}, values = {{ {table} }} }}",
    ]


def _field(start: str, role: str, one: Found) -> list[str]:
    check = " CHECK: is it really that?" if one.thin else ""
    twin = f" CHECK: it could be {one.shape.date_twin} as well." if one.shape.date_twin is not None else ""
    lines = ["", *comment(f"guessed: {role.replace('_', ' ')}, by {one.evidence}.{check}{twin}"), "[[xml.fields]]"]
    lines += [f"path = {toml_text(one.path)}"] + (['of = "line"'] if start == "line" else [])
    return lines + list(_rules(role, one.shape))


def _rules(role: str, shape: Shape) -> Iterable[str]:
    if role in ("order_date", "delivery_date") and shape.date is not None:
        yield 'type = "date"'
        yield f"dates = [{toml_text(shape.date)}]"
    elif role in _DECIMALS and shape.number:
        yield 'type = "decimal"'
        yield f"decimal = {toml_text(shape.decimal or '.')}"
        if shape.thousands:
            yield f"thousands = {toml_text(shape.thousands)}"
    if shape.nulls:
        yield f"null_values = [{', '.join(map(toml_text, shape.nulls))}]"


def stylesheet_places(source: str, places: XmlPlaces, namespaces: dict[str, str]) -> Places:
    """Return where the stylesheet finds the values: an XML stays as written, so dates and numbers are turned here."""
    order = {role: _expression(role, f"$head/{one.path}", one.shape) for role, one in places.of_order.items()}
    line = {role: _expression(role, one.path, one.shape) for role, one in places.of_line.items()}
    lines = f"$head/{places.lines_path}" if places.lines_path is not None else None
    return Places(
        source=source, head="/order/*[last()]", lines=lines, line_pattern=places.line_element, of_order=order,
        of_line=line, namespaces=namespaces,
    )  # fmt: skip


def _expression(role: str, path: str, shape: Shape) -> str:
    if role in ("order_date", "delivery_date") and shape.date is not None:
        return date_expression(path, shape.date)
    if role in _DECIMALS and shape.number:
        bare = f"translate({path}, '{shape.thousands}', '')" if shape.thousands and shape.thousands != "'" else path
        return f"translate({bare}, ',', '.')" if shape.decimal == "," else f"normalize-space({bare})"
    return path if path.rpartition("/")[2].startswith("@") else f"normalize-space({path})"


def date_expression(path: str, date_format: str) -> str:
    """Return the XPath that writes a date as yyyy-mm-dd; the path itself where the format has no fixed places."""
    if date_format.startswith("yyyy-mm-dd"):
        return f"substring(normalize-space({path}), 1, 10)"
    places = {part: date_format.find(part) + 1 for part in ("yyyy", "mm", "dd")}
    if 0 in places.values():
        return f"normalize-space({path})"
    text = f"normalize-space({path})"
    year, month, day = (f"substring({text}, {places[part]}, {len(part)})" for part in ("yyyy", "mm", "dd"))
    dash = f"substring('-', 1, string-length({text}))"  # none where there is no date
    return f"concat({year}, {dash}, {month}, {dash}, {day})"
