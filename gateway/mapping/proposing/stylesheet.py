"""The stylesheet of a proposal: what was recognised goes to its place, by the shared templates. Pure.

It knows values by role, wherever they stand: an expression for what is said once an order, one for each line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

_START = """<?xml version="1.0" encoding="UTF-8"?>
<!-- A PROPOSAL, guessed from {source} alone: edit it. Each value was put where its name or shape says it belongs.
     The templates that are called here stand in ../common, with all that they take. -->
<xsl:stylesheet version="1.0"
    xmlns:xsl="http://www.w3.org/1999/XSL/Transform"
    xmlns:exsl="http://exslt.org/common"
    xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
    xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"{namespaces}
    exclude-result-prefixes="exsl{prefixes}">

  <xsl:import href="../common/document.xsl"/>
"""
_FILL_IN = {
    "order_date": "the day of the order, written yyyy-mm-dd",
    "currency": "the currency of all amounts, such as 'EUR'",
    "supplier_id": "the supplier's number, as it is set in Jakamo's company mapping",
    "buyer_id": "our own number, as it is set in Jakamo's company mapping",
}
"""What no order can do without; where the file does not say it, the stylesheet must."""
_LINE_PARAMETERS = (
    ("note", "note"), ("quantity", "quantity"), ("unit", "unit"), ("price", "price"), ("price_per", "price-base"),
    ("item_name", "item-name"), ("item_id", "buyers-item"), ("revision", "revision"),
    ("supplier_item_id", "sellers-item"),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where the values of an order stand: XPath by role."""

    source: str  # the sample's name
    head: str  # from the root of the tree to what is said once an order; bound to $head
    lines: str | None  # from the order to its lines, with $head; None when none were found
    line_pattern: str  # what matches a line
    of_order: dict[str, str] = field(default_factory=dict)
    of_line: dict[str, str] = field(default_factory=dict)
    namespaces: dict[str, str] = field(default_factory=dict)

    def missing(self) -> list[str]:
        """Return what no order can do without, and the file does not say."""
        told = self.of_order.keys()
        instead = {"supplier_id": "supplier_name", "buyer_id": "buyer_name"}
        absent = [role for role in _FILL_IN if role not in told and instead.get(role) not in told]
        return [role for role in absent if role != "buyer_id" or "purchaser_id" not in told]


def stylesheet(places: Places) -> str:
    """Return the whole stylesheet."""
    spaces = "".join(f"\n    xmlns:{prefix}={quoteattr(uri)}" for prefix, uri in places.namespaces.items())
    prefixes = "".join(f" {prefix}" for prefix in places.namespaces)
    source = escape(places.source).replace("--", "- -")
    parts = [
        _START.format(source=source, namespaces=spaces, prefixes=prefixes),
        _variables(places),
        _document(),
        _notes(places),
        _references(places),
        _buyer(places),
        _supplier(places),
        _deliveries(places),
        _terms(places),
        _total(places),
        _lines(places),
        _line_parts(places),
        "</xsl:stylesheet>\n",
    ]
    return "\n".join(part for part in parts if part)


def _with(name: str, expression: str) -> str:
    return f"<xsl:with-param name=\"{name}\" select={quoteattr(expression)}/>"


def _call(template: str, *parameters: str, indent: int = 4) -> str:
    pad = " " * indent
    inside = "".join(f"\n{pad}  {parameter}" for parameter in parameters)
    return f'{pad}<xsl:call-template name="{template}">{inside}\n{pad}</xsl:call-template>'


def _template(mode: str, body: str, match: str = "order") -> str:
    return f'  <xsl:template match={quoteattr(match)} mode="{mode}">\n{body}\n  </xsl:template>\n'


def _variables(places: Places) -> str:
    lines = [f'  <xsl:variable name="head" select={quoteattr(places.head)}/>']
    for role, words in _FILL_IN.items():
        name = role.replace("_", "-")
        if role in places.missing():
            lines.append(f"\n  <!-- FILL IN, for the file does not say it: {escape(words)}. -->")
            lines.append(f'  <xsl:variable name="{name}" select="\'\'"/>')
        else:
            expression = places.of_order.get(role, "/..")
            lines.append(f'  <xsl:variable name="{name}" select={quoteattr(expression)}/>')
    return "\n".join(lines) + "\n"


def _document() -> str:
    call = _call("document", _with("issue-date", "$order-date"), _with("currency", "$currency"))
    return f'  <xsl:template match="/order">\n{call}\n  </xsl:template>\n'


def _notes(places: Places) -> str:
    note = places.of_order.get("note")
    if note is None:
        return ""
    value = f"      <cbc:Note><xsl:value-of select={quoteattr(note)}/></cbc:Note>"
    return _template("notes", f"    <xsl:if test={quoteattr(f'string({note})')}>\n{value}\n    </xsl:if>")


def _references(places: Places) -> str:
    """Write keys of the sender's own as labelled references of type ZZZ, as Jakamo itself does."""
    told = [(role, places.of_order[role]) for role in ("delivery_method", "reference") if role in places.of_order]
    calls = [
        _call("document-reference", _with("id", expression), _with("type-code", "'ZZZ'"),
              _with("type", f"'{role.replace('_', ' ')}'"))
        for role, expression in told
    ]  # fmt: skip
    return _template("references", "\n".join(calls)) if calls else ""


def _buyer(places: Places) -> str:
    order = places.of_order
    parts = ["    <cac:BuyerCustomerParty>"]
    if "buyer_id" in order or "buyer_name" in order or "buyer_id" in places.missing():
        name = [_with("party-name", order["buyer_name"])] if "buyer_name" in order else []
        parts.append(_call("party", _with("id", "$buyer-id"), *name, indent=6))
    if "purchaser_id" in order:
        parts.append("      <!-- The person who buys: Jakamo's user mapping looks for this id. -->")
        contact = [_with("name", "'BuyerContact'"), _with("id", order["purchaser_id"])]
        parts.append(_call("contact", *contact, indent=6))
    return _template("buyer", "\n".join([*parts, "    </cac:BuyerCustomerParty>"]))


def _supplier(places: Places) -> str:
    name = places.of_order.get("supplier_name")
    parameters = [_with("id", "$supplier-id"), *([_with("party-name", name)] if name is not None else [])]
    party = _call("party", *parameters, indent=6)
    return _template("supplier", f"    <cac:SellerSupplierParty>\n{party}\n    </cac:SellerSupplierParty>")


def _deliveries(places: Places) -> str:
    date = places.of_order.get("delivery_date")
    return _template("deliveries", _call("delivery", _with("until", date))) if date is not None else ""


def _terms(places: Places) -> str:
    order, calls = places.of_order, []
    if "delivery_terms" in order:
        calls.append(_call("delivery-terms", _with("code", order["delivery_terms"])))
    if "payment_terms" in order:
        calls.append(_call("payment-terms", _with("words", order["payment_terms"])))
    return _template("terms", "\n".join(calls)) if calls else ""


def _amount(places: Places) -> str | None:
    """Return the template that gives a line's amount; None when the file has neither totals nor prices."""
    line = places.of_line
    if "line_total" in line:
        return _call("two-decimals", _with("value", f"string({line['line_total']})"))
    if "price" not in line or "quantity" not in line:
        return None
    words = "    <!-- The file has no amounts of lines: quantity times price; nothing where one is unknown. -->\n"
    factors = [_with("quantity", f"string({line['quantity']})"), _with("price", f"string({line['price']})")]
    if "price_per" not in line:
        return words + _call("line-amount", *factors)
    per = quoteattr(line["price_per"])
    base = (
        '<xsl:with-param name="base"><xsl:choose>'
        f"<xsl:when test={per}><xsl:value-of select={per}/></xsl:when>"
        "<xsl:otherwise>1</xsl:otherwise></xsl:choose></xsl:with-param>"
    )
    return words + _call("line-amount", *factors, base)


def _total(places: Places) -> str:
    amount = _amount(places)
    if amount is None or places.lines is None:
        return ""
    body = f"""    <xsl:variable name="amounts">
      <xsl:for-each select={quoteattr(places.lines)}>
        <amount><xsl:apply-templates select="." mode="amount"/></amount>
      </xsl:for-each>
    </xsl:variable>
    <!-- Unknown as soon as one line's amount is: no total then. -->
    <xsl:if test="not(exsl:node-set($amounts)/amount[not(string())])">
{_call("total-of-lines", _with("amounts", "exsl:node-set($amounts)/amount"), _with("currency", "$currency"), indent=6)}
    </xsl:if>"""
    return _template("amount", amount, places.line_pattern) + "\n" + _template("total", body)


def _lines(places: Places) -> str:
    if places.lines is None:
        return '  <!-- FILL IN: no lines were recognised. ../common/document.xsl says how a template writes them. -->\n'
    line = places.of_line
    parameters = [_with("number", line.get("line_number", "position()"))]
    parameters += [_with(name, line[role]) for role, name in _LINE_PARAMETERS if role in line]
    if _amount(places) is not None:
        amount = '<xsl:apply-templates select="." mode="amount"/>'
        parameters.append(f'<xsl:with-param name="amount">{amount}</xsl:with-param>')
    parameters.append(_with("currency", "$currency"))
    call = _call("order-line", *parameters, indent=6)
    return _template("lines", f"    <xsl:for-each select={quoteattr(places.lines)}>\n{call}\n    </xsl:for-each>")


def _line_parts(places: Places) -> str:
    line, parts = places.of_line, []
    if "delivery_date" in line and places.lines is not None:
        parameters: Sequence[str] = [
            *(_with(name, line[name]) for name in ("quantity", "unit") if name in line),
            _with("until", line["delivery_date"]),
        ]
        parts.append(_template("line-deliveries", _call("delivery", *parameters), places.line_pattern))
    if "drawing" in line and places.lines is not None:
        call = _call("item-document", _with("id", line["drawing"]), _with("type", "'Drawing'"))
        parts.append(_template("item-documents", call, places.line_pattern))
    return "\n".join(parts)
