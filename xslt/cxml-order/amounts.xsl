<?xml version="1.0" encoding="UTF-8"?>
<!-- cXML amounts: shipping, modifications and tax of the order or an item, and the total. -->
<xsl:stylesheet version="1.0"
    xmlns:xsl="http://www.w3.org/1999/XSL/Transform"
    xmlns:exsl="http://exslt.org/common"
    xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
    xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
    exclude-result-prefixes="exsl">

  <xsl:template match="order" mode="charges">
    <xsl:for-each select="$header/Total/Modifications/Modification">
      <xsl:call-template name="modification"/>
    </xsl:for-each>
    <xsl:for-each select="$header/Shipping"><xsl:call-template name="shipping"/></xsl:for-each>
    <xsl:for-each select="$header/Tax"><xsl:call-template name="tax"/></xsl:for-each>
  </xsl:template>

  <xsl:template name="shipping">
    <xsl:if test="number(Money) != 0">
      <xsl:call-template name="allowance-charge">
        <xsl:with-param name="charge" select="'true'"/>
        <xsl:with-param name="reason" select="normalize-space(concat('Shipping ', Description))"/>
        <xsl:with-param name="amount" select="normalize-space(Money)"/>
        <xsl:with-param name="currency" select="Money/@currency"/>
      </xsl:call-template>
    </xsl:if>
  </xsl:template>

  <!-- A cost or deduction that is stated as money; one stated as a percentage is told in a note. -->
  <xsl:template name="modification">
    <xsl:variable name="money" select="AdditionalCost/Money | AdditionalDeduction/DeductionAmount/Money"/>
    <xsl:variable name="detail" select="ModificationDetail"/>
    <xsl:call-template name="allowance-charge">
      <xsl:with-param name="charge" select="string(boolean(AdditionalCost))"/>
      <xsl:with-param name="reason" select="normalize-space(concat($detail/@name, ' ', $detail/Description))"/>
      <xsl:with-param name="amount" select="normalize-space($money)"/>
      <xsl:with-param name="currency" select="$money/@currency"/>
    </xsl:call-template>
  </xsl:template>

  <!-- The tax of an order or a line, with its parts where they are stated. -->
  <xsl:template name="tax">
    <xsl:variable name="money" select="Money"/>
    <cac:TaxTotal>
      <cbc:TaxAmount currencyID="{$money/@currency}"><xsl:value-of select="normalize-space($money)"/></cbc:TaxAmount>
      <xsl:for-each select="TaxDetail[TaxAmount/Money]">
        <xsl:call-template name="tax-subtotal">
          <xsl:with-param name="taxable" select="normalize-space(TaxableAmount/Money)"/>
          <xsl:with-param name="tax" select="normalize-space(TaxAmount/Money)"/>
          <xsl:with-param name="currency" select="$money/@currency"/>
          <xsl:with-param name="percent" select="normalize-space(@percentageRate)"/>
          <xsl:with-param name="scheme"
                          select="translate(@category, 'abcdefghijklmnopqrstuvwxyz', 'ABCDEFGHIJKLMNOPQRSTUVWXYZ')"/>
        </xsl:call-template>
      </xsl:for-each>
    </cac:TaxTotal>
  </xsl:template>

  <!-- The lines come to their sum, where each is known and in the order's currency. Total is by cXML's definition
       without shipping and tax, but some senders add them: it must lie between the sum and the sum with both, to a
       cent a line; what is to be paid is then the sum with both. Where there are none, or the sum is unknown, or
       modifications stand between, it is Total, with shipping and tax as far as there are. -->
  <xsl:template match="order" mode="total">
    <xsl:variable name="amounts-tree">
      <xsl:for-each select="$items">
        <amount currency="{ItemDetail/UnitPrice/Money/@currency}"><xsl:call-template name="amount-of-item"/></amount>
      </xsl:for-each>
    </xsl:variable>
    <xsl:variable name="amounts" select="exsl:node-set($amounts-tree)/amount"/>
    <xsl:variable name="is-known" select="$amounts and not($amounts[not(string()) or @currency != $currency])"/>
    <xsl:variable name="sum">
      <xsl:if test="$is-known">
        <xsl:call-template name="sum-of-amounts"><xsl:with-param name="amounts" select="$amounts"/></xsl:call-template>
      </xsl:if>
    </xsl:variable>
    <xsl:variable name="stated">
      <xsl:call-template name="two-decimals">
        <xsl:with-param name="value" select="normalize-space($header/Total/Money)"/>
      </xsl:call-template>
    </xsl:variable>
    <xsl:variable name="extra">
      <xsl:call-template name="sum-of-money">
        <xsl:with-param name="money" select="$header/Shipping/Money | $header/Tax/Money"/>
      </xsl:call-template>
    </xsl:variable>
    <xsl:variable name="whole-extra">
      <xsl:call-template name="sum-of-money">
        <xsl:with-param name="money" select="$request//Shipping/Money | $request//Tax/Money"/>
      </xsl:call-template>
    </xsl:variable>
    <xsl:variable name="judged" select="$is-known and string($stated) and not($request//Modifications)"/>
    <xsl:variable name="above" select="translate($stated, '.', '') - translate($sum, '.', '')"/>
    <xsl:variable name="beyond" select="$above - translate($whole-extra, '.', '')"/>
    <xsl:variable name="cents" select="count($amounts)"/>
    <xsl:if test="$judged and (($above &gt; $cents and $beyond &gt; $cents)
                               or (-$above &gt; $cents and -$beyond &gt; $cents))">
      <xsl:message terminate="yes">
        <xsl:value-of select="concat('Total says ', $stated, ', but the lines come to ', $sum, '.')"/>
      </xsl:message>
    </xsl:if>
    <xsl:variable name="net">
      <xsl:choose>
        <xsl:when test="not(string($stated)) or ($judged and number($extra) != 0)">
          <xsl:value-of select="$sum"/>
        </xsl:when>
        <xsl:otherwise><xsl:value-of select="$stated"/></xsl:otherwise>
      </xsl:choose>
    </xsl:variable>
    <xsl:if test="string($net)">
      <cac:AnticipatedMonetaryTotal>
        <xsl:call-template name="amount">
          <xsl:with-param name="name" select="'LineExtensionAmount'"/>
          <xsl:with-param name="value" select="$sum"/>
          <xsl:with-param name="currency" select="$currency"/>
        </xsl:call-template>
        <cbc:PayableAmount currencyID="{$currency}">
          <xsl:call-template name="add-amounts">
            <xsl:with-param name="a" select="string($net)"/>
            <xsl:with-param name="b" select="string($extra)"/>
          </xsl:call-template>
        </cbc:PayableAmount>
      </cac:AnticipatedMonetaryTotal>
    </xsl:if>
  </xsl:template>

  <!-- The sum of those Money elements that are in the order's currency, as an amount of two decimals. -->
  <xsl:template name="sum-of-money">
    <xsl:param name="money"/>
    <xsl:variable name="amounts">
      <xsl:for-each select="$money[@currency = $currency][normalize-space()]">
        <amount>
          <xsl:call-template name="two-decimals">
            <xsl:with-param name="value" select="normalize-space()"/>
          </xsl:call-template>
        </amount>
      </xsl:for-each>
    </xsl:variable>
    <xsl:call-template name="sum-of-amounts">
      <xsl:with-param name="amounts" select="exsl:node-set($amounts)/amount"/>
    </xsl:call-template>
  </xsl:template>

</xsl:stylesheet>
