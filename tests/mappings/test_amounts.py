"""Amounts in stylesheets are exact: as decimal arithmetic on paper gives them, not as binary fractions do."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, localcontext

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from lxml import etree

from gateway.mapping.mapping import shipped_folder

CALLER = b"""<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
<xsl:import href="common/amount.xsl"/>
<xsl:output method="text"/>
<xsl:template match="product"><xsl:call-template name="line-amount">
  <xsl:with-param name="quantity" select="string(@a)"/><xsl:with-param name="price" select="string(@b)"/>
  <xsl:with-param name="base" select="string(@base)"/></xsl:call-template></xsl:template>
<xsl:template match="exact"><xsl:call-template name="exact-product">
  <xsl:with-param name="a" select="string(@a)"/><xsl:with-param name="b" select="string(@b)"/>
</xsl:call-template></xsl:template>
<xsl:template match="sum"><xsl:call-template name="sum-of-amounts">
  <xsl:with-param name="amounts" select="amount"/></xsl:call-template></xsl:template>
<xsl:template match="factor"><xsl:call-template name="percent-as-factor">
  <xsl:with-param name="percent" select="string(@a)"/></xsl:call-template></xsl:template>
<xsl:template match="percent"><xsl:call-template name="factor-as-percent">
  <xsl:with-param name="factor" select="string(@a)"/></xsl:call-template></xsl:template>
<xsl:template match="difference"><xsl:call-template name="add-amounts">
  <xsl:with-param name="a" select="string(@a)"/><xsl:with-param name="b" select="string(@b)"/>
  <xsl:with-param name="sign" select="'-'"/></xsl:call-template></xsl:template>
</xsl:stylesheet>"""

call = etree.XSLT(etree.fromstring(CALLER, base_url=(shipped_folder("xslt") / "caller.xsl").as_uri()))


def calculate(what: str, **values: str) -> str:
    """Return what the named template gives."""
    return str(call(etree.Element(what, dict(values))))


def cents(value: Decimal) -> str:
    """Return a value with two decimals, halves away from zero, never a negative zero."""
    with localcontext() as exact:
        exact.prec = 60
        rounded = value.quantize(Decimal("0.01"), ROUND_HALF_UP)
    return str(abs(rounded) if rounded == 0 else rounded)


@st.composite
def decimals(draw: st.DrawFn, digits: int, scale: int) -> str:
    """A decimal as sources write it: signs, leading zeros, trailing zeros, a bare point."""
    places = draw(st.integers(0, scale))
    number = str(draw(st.integers(0, 10**digits - 1))).rjust(places + 1, "0")
    text = f"{number[:-places]}.{number[-places:]}" if places else number
    if text.startswith("0.") and draw(st.booleans()):
        text = text[1:]
    return draw(st.sampled_from(["", "", "-", "+"])) + draw(st.sampled_from(["", "", "00"])) + text


@given(decimals(9, 4), decimals(9, 6), st.sampled_from(["1", "1.00", "100", "1000"]))
@example("1.005", "100", "1")
@example("2500", "12.345", "100")
@example("333.3", "1.115", "1")
@example("0.5", "0.01", "1")
@example("-0.004", "1", "1")
@example("999999999", "999999999", "100000")
def test_a_line_amount_is_quantity_times_price(quantity: str, price: str, base: str) -> None:
    """Quantity times price, for so many units, is exact to the cent."""
    with localcontext() as exact:
        exact.prec = 60
        wanted = Decimal(quantity) * Decimal(price) / Decimal(base)
    if abs(wanted) < 10**12:
        assert cents(wanted) == calculate("product", a=quantity, b=price, base=base)


@given(decimals(7, 4), decimals(7, 6))
@example("0.001", "0.001")
@example("-2.50", "4")
@example("0", "-1.5")
def test_a_product_keeps_all_its_digits(quantity: str, factor: str) -> None:
    """A quantity in another unit is exact: nothing is rounded, no sign lost."""
    assert Decimal(quantity) * Decimal(factor) == Decimal(calculate("exact", a=quantity, b=factor))


@given(decimals(5, 3), decimals(5, 3), st.sampled_from(["3", "7", "12", "0.5", "2.5", "144"]))
def test_a_price_may_be_for_any_number_of_units(quantity: str, price: str, base: str) -> None:
    """Also a division that does not come out even is rounded right."""
    with localcontext() as exact:
        exact.prec = 60
        wanted = Decimal(quantity) * Decimal(price) / Decimal(base)
    assert cents(wanted) == calculate("product", a=quantity, b=price, base=base)


@given(st.lists(st.integers(-(10**9), 10**9).map(lambda one: cents(Decimal(one) / 100)), max_size=30))
def test_a_total_is_the_sum_of_its_lines(amounts: list[str]) -> None:
    """A sum of amounts is exact, also of very many cents."""
    root = etree.Element("sum")
    for amount in amounts:
        etree.SubElement(root, "amount").text = amount
    assert cents(sum(map(Decimal, amounts), Decimal())) == str(call(root))


@given(st.integers(-(10**9), 10**9), st.integers(-(10**9), 10**9))
def test_amounts_are_taken_away_exactly(first: int, second: int) -> None:
    """A net amount is its gross less its discount, to the cent."""
    a, b = cents(Decimal(first) / 100), cents(Decimal(second) / 100)
    assert cents(Decimal(a) - Decimal(b)) == calculate("difference", a=a, b=b)


@given(decimals(5, 3))
def test_percent_and_factor_turn_into_each_other(value: str) -> None:
    """A percentage is a hundred times its factor, digit for digit."""
    factor, percent = calculate("factor", a=value), calculate("percent", a=value)
    assert Decimal(value) / 100 == Decimal(factor)
    assert Decimal(value) * 100 == Decimal(percent)


@pytest.mark.parametrize("wrong", ["", "1,5", "12 kg", "1e3", "1.2.3", "--1", "."])
def test_no_amount_is_made_of_what_is_no_number(wrong: str) -> None:
    """An empty price gives no amount at all; any other text that is no decimal stops the mapping."""
    if not wrong:
        assert calculate("product", a="4", b=wrong, base="1") == ""
        return
    with pytest.raises(etree.XSLTApplyError, match="not a decimal number"):
        calculate("product", a="4", b=wrong, base="1")


@pytest.mark.parametrize(
    ("quantity", "price", "base", "words"),
    [
        ("123456789012345.6", "1.1", "1", "Too many digits"),
        ("99999999999", "9999999999", "1", "too large"),
        ("4", "1", "0", "cannot be for"),
        ("4", "1", "-100", "cannot be for"),
    ],
)
def test_nothing_is_rounded_silently(quantity: str, price: str, base: str, words: str) -> None:
    """What cannot be calculated exactly stops the mapping and says so."""
    with pytest.raises(etree.XSLTApplyError, match=words):
        calculate("product", a=quantity, b=price, base=base)
