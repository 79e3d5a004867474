<?xml version="1.0" encoding="UTF-8"?>
<!-- A flat CSV export, one row per order line, to Order or OrderChange. The first column says which. -->
<xsl:stylesheet version="1.0"
    xmlns:xsl="http://www.w3.org/1999/XSL/Transform"
    xmlns:exsl="http://exslt.org/common"
    xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
    xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
    exclude-result-prefixes="exsl">

  <xsl:import href="../common/document.xsl"/>

  <!-- Header values are the same on each row of an order: the reader has made sure. -->
  <xsl:variable name="head" select="/order/row[1]"/>
  <xsl:variable name="currency" select="$head/currency"/>

  <xsl:template match="/order">
    <xsl:call-template name="document">
      <xsl:with-param name="issue-date" select="$head/order_date"/>
      <xsl:with-param name="currency" select="$currency"/>
      <xsl:with-param name="customer-reference" select="$head/reference"/>
      <xsl:with-param name="accounting-cost" select="$head/cost_centre"/>
    </xsl:call-template>
  </xsl:template>

  <xsl:template match="order" mode="notes">
    <xsl:if test="$head/note">
      <cbc:Note><xsl:value-of select="translate($head/note, '&#13;', '')"/></cbc:Note>
    </xsl:if>
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
    <xsl:if test="not(row[not(line_total) and not(price)])">
      <xsl:variable name="amounts">
        <xsl:for-each select="row">
          <amount><xsl:call-template name="amount-of-line"/></amount>
        </xsl:for-each>
      </xsl:variable>
      <xsl:call-template name="total-of-lines">
        <xsl:with-param name="amounts" select="exsl:node-set($amounts)/amount"/>
        <xsl:with-param name="currency" select="$currency"/>
      </xsl:call-template>
    </xsl:if>
  </xsl:template>

  <!-- The line's total as the source says, else quantity times price; empty when neither is known. -->
  <xsl:template name="amount-of-line">
    <xsl:choose>
      <xsl:when test="line_total">
        <xsl:call-template name="two-decimals">
          <xsl:with-param name="value" select="line_total"/>
        </xsl:call-template>
      </xsl:when>
      <xsl:when test="price_per">
        <xsl:call-template name="line-amount">
          <xsl:with-param name="quantity" select="quantity"/>
          <xsl:with-param name="price" select="price"/>
          <xsl:with-param name="base" select="price_per"/>
        </xsl:call-template>
      </xsl:when>
      <xsl:otherwise>
        <xsl:call-template name="line-amount">
          <xsl:with-param name="quantity" select="quantity"/>
          <xsl:with-param name="price" select="price"/>
        </xsl:call-template>
      </xsl:otherwise>
    </xsl:choose>
  </xsl:template>

  <xsl:template match="order" mode="lines">
    <xsl:for-each select="row">
      <xsl:call-template name="order-line">
        <xsl:with-param name="number" select="line_number"/>
        <xsl:with-param name="note" select="line_note"/>
        <xsl:with-param name="quantity" select="quantity"/>
        <xsl:with-param name="unit" select="unit"/>
        <xsl:with-param name="amount"><xsl:call-template name="amount-of-line"/></xsl:with-param>
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
