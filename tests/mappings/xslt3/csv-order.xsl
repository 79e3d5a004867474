<?xml version="1.0" encoding="UTF-8"?>
<!-- The shipped mapping csv-order in XSLT 3.0: decimals are decimals there, so amounts are plain arithmetic.
     It shares the templates of xslt/common with the mappings of XSLT 1.0. -->
<xsl:stylesheet version="3.0" expand-text="yes"
    xmlns:xsl="http://www.w3.org/1999/XSL/Transform"
    xmlns:xs="http://www.w3.org/2001/XMLSchema"
    xmlns:my="urn:example:functions"
    xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
    xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
    exclude-result-prefixes="#all">

  <xsl:import href="../common/document.xsl"/>

  <xsl:variable name="head" as="element(row)" select="/order/row[1]"/>
  <xsl:variable name="currency" as="xs:string" select="string($head/currency)"/>

  <!-- Cents, halves away from zero. -->
  <xsl:function name="my:amount" as="xs:string">
    <xsl:param name="value" as="xs:decimal"/>
    <xsl:variable name="cents" select="round(abs($value), 2)"/>
    <xsl:sequence select="(if ($value lt 0 and $cents gt 0) then '-' else '') || format-number($cents, '0.00')"/>
  </xsl:function>

  <!-- What a line costs: as the export says, else quantity times price; nothing when neither is known. -->
  <xsl:function name="my:line-amount" as="xs:decimal?">
    <xsl:param name="row" as="element(row)"/>
    <xsl:sequence select="
      if ($row/line_total) then xs:decimal($row/line_total)
      else if ($row/price) then xs:decimal($row/quantity) * xs:decimal($row/price) div xs:decimal(($row/price_per, 1)[1])
      else ()"/>
  </xsl:function>

  <xsl:template match="/order">
    <xsl:call-template name="document">
      <xsl:with-param name="issue-date" select="$head/order_date"/>
      <xsl:with-param name="currency" select="$currency"/>
      <xsl:with-param name="customer-reference" select="$head/reference"/>
      <xsl:with-param name="accounting-cost" select="$head/cost_centre"/>
    </xsl:call-template>
  </xsl:template>

  <xsl:template match="order" mode="notes">
    <xsl:for-each select="$head/note">
      <cbc:Note>{replace(., '&#13;', '')}</cbc:Note>
    </xsl:for-each>
  </xsl:template>

  <xsl:template match="order" mode="buyer">
    <cac:BuyerCustomerParty>
      <xsl:call-template name="party">
        <xsl:with-param name="id" select="$head/buyer_id"/>
        <xsl:with-param name="party-name" select="$head/buyer_name"/>
      </xsl:call-template>
      <xsl:call-template name="contact">
        <xsl:with-param name="name" select="'BuyerContact'"/>
        <xsl:with-param name="id" select="$head/purchaser_id"/>
        <xsl:with-param name="mail" select="$head/purchaser_mail"/>
      </xsl:call-template>
    </cac:BuyerCustomerParty>
  </xsl:template>

  <xsl:template match="order" mode="supplier">
    <cac:SellerSupplierParty>
      <xsl:call-template name="party">
        <xsl:with-param name="id" select="$head/supplier_id"/>
        <xsl:with-param name="party-name" select="$head/supplier_name"/>
      </xsl:call-template>
    </cac:SellerSupplierParty>
  </xsl:template>

  <xsl:template match="order" mode="deliveries">
    <xsl:call-template name="delivery">
      <xsl:with-param name="party-name" select="$head/deliver_to"/>
      <xsl:with-param name="street" select="$head/delivery_street"/>
      <xsl:with-param name="city" select="$head/delivery_city"/>
      <xsl:with-param name="postal-zone" select="$head/delivery_postcode"/>
      <xsl:with-param name="country" select="$head/delivery_country"/>
    </xsl:call-template>
  </xsl:template>

  <xsl:template match="order" mode="terms">
    <xsl:call-template name="delivery-terms">
      <xsl:with-param name="code" select="$head/delivery_terms"/>
      <xsl:with-param name="place" select="$head/delivery_terms_place"/>
    </xsl:call-template>
    <xsl:call-template name="payment-terms">
      <xsl:with-param name="words" select="$head/payment_terms"/>
      <xsl:with-param name="days" select="$head/payment_days"/>
    </xsl:call-template>
  </xsl:template>

  <!-- Unknown as soon as one line is: no total then. -->
  <xsl:template match="order" mode="total">
    <xsl:if test="every $row in row satisfies exists(my:line-amount($row))">
      <xsl:variable name="total" select="my:amount(sum(row ! xs:decimal(my:amount(my:line-amount(.)))))"/>
      <cac:AnticipatedMonetaryTotal>
        <cbc:LineExtensionAmount currencyID="{$currency}">{$total}</cbc:LineExtensionAmount>
        <cbc:PayableAmount currencyID="{$currency}">{$total}</cbc:PayableAmount>
      </cac:AnticipatedMonetaryTotal>
    </xsl:if>
  </xsl:template>

  <xsl:template match="order" mode="lines">
    <xsl:for-each select="row">
      <xsl:call-template name="order-line">
        <xsl:with-param name="number" select="line_number"/>
        <xsl:with-param name="note" select="line_note"/>
        <xsl:with-param name="quantity" select="quantity"/>
        <xsl:with-param name="unit" select="unit"/>
        <xsl:with-param name="amount" select="my:line-amount(.) ! my:amount(.)"/>
        <xsl:with-param name="currency" select="$currency"/>
        <xsl:with-param name="price" select="price"/>
        <xsl:with-param name="price-base" select="price_per"/>
        <xsl:with-param name="item-name" select="description"/>
        <xsl:with-param name="buyers-item" select="item_id"/>
        <xsl:with-param name="revision" select="revision"/>
        <xsl:with-param name="sellers-item" select="supplier_item_id"/>
      </xsl:call-template>
    </xsl:for-each>
  </xsl:template>

  <xsl:template match="row" mode="line-deliveries">
    <xsl:call-template name="delivery">
      <xsl:with-param name="quantity" select="quantity"/>
      <xsl:with-param name="unit" select="unit"/>
      <xsl:with-param name="until" select="delivery_date"/>
    </xsl:call-template>
  </xsl:template>

  <xsl:template match="row" mode="item-documents">
    <xsl:call-template name="item-document">
      <xsl:with-param name="id" select="drawing"/>
      <xsl:with-param name="type" select="'Drawing'"/>
      <xsl:with-param name="version" select="revision"/>
    </xsl:call-template>
  </xsl:template>

</xsl:stylesheet>
