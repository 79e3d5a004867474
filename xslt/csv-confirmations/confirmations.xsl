<?xml version="1.0" encoding="UTF-8"?>
<!--
  OrderResponse to rows. Elements are found by their local names alone: responses have come in the namespace of Order,
  and with elements in another order than UBL has them.
-->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
  <xsl:import href="../common/csv.xsl"/>
  <xsl:output method="text"/>
  <xsl:param name="order-number"/>

  <xsl:template match="/">
    <xsl:text>order;response;response_date;line;delivery;line_status;item;supplier_item;</xsl:text>
    <xsl:text>quantity;unit;promised_date;price;price_quantity;currency;note&#10;</xsl:text>
    <xsl:variable name="lines" select="/*/*[local-name() = 'OrderLine']/*[local-name() = 'LineItem']"/>
    <xsl:apply-templates select="$lines" mode="rows"/>
    <xsl:if test="not($lines)">
      <xsl:call-template name="row"/>
    </xsl:if>
  </xsl:template>

  <xsl:template match="*[local-name() = 'LineItem']" mode="rows">
    <xsl:variable name="line" select="."/>
    <xsl:variable name="deliveries" select="*[local-name() = 'Delivery']"/>
    <xsl:for-each select="$deliveries">
      <xsl:call-template name="row">
        <xsl:with-param name="line" select="$line"/>
        <xsl:with-param name="delivery" select="."/>
      </xsl:call-template>
    </xsl:for-each>
    <xsl:if test="not($deliveries)">
      <xsl:call-template name="row">
        <xsl:with-param name="line" select="$line"/>
      </xsl:call-template>
    </xsl:if>
  </xsl:template>

  <!-- One row; a delivery without a quantity of its own confirms that of its line. -->
  <xsl:template name="row">
    <xsl:param name="line" select="/.."/>
    <xsl:param name="delivery" select="/.."/>
    <xsl:variable name="own" select="$delivery/*[local-name() = 'Quantity'][normalize-space()]"/>
    <xsl:variable name="whole" select="$line/*[local-name() = 'Quantity']"/>
    <xsl:variable name="quantity" select="$own | $whole[not($own)]"/>
    <xsl:variable name="promised" select="$delivery/*[local-name() = 'PromisedDeliveryPeriod']"/>
    <xsl:variable name="price" select="$line/*[local-name() = 'Price']"/>
    <xsl:variable name="item" select="$line/*[local-name() = 'Item']"/>
    <xsl:variable name="unit" select="$own/@unitCode | $whole[not($own/@unitCode)]/@unitCode"/>
    <xsl:variable name="notes">
      <xsl:call-template name="joined">
        <xsl:with-param name="values" select="$line/*[local-name() = 'Note'] | $line/../*[local-name() = 'Note']"/>
      </xsl:call-template>
    </xsl:variable>
    <xsl:call-template name="cell"><xsl:with-param name="value" select="$order-number"/></xsl:call-template>
    <xsl:call-template name="next-cell"><xsl:with-param name="value" select="/*/*[local-name() = 'ID']"/></xsl:call-template>
    <xsl:call-template name="next-cell"><xsl:with-param name="value" select="/*/*[local-name() = 'IssueDate']"/></xsl:call-template>
    <xsl:call-template name="next-cell"><xsl:with-param name="value" select="$line/*[local-name() = 'ID']"/></xsl:call-template>
    <xsl:call-template name="next-cell"><xsl:with-param name="value" select="$delivery/*[local-name() = 'ID']"/></xsl:call-template>
    <xsl:call-template name="next-cell"><xsl:with-param name="value" select="$line/*[local-name() = 'LineStatusCode']"/></xsl:call-template>
    <xsl:call-template name="next-cell">
      <xsl:with-param name="value" select="$item/*[local-name() = 'BuyersItemIdentification']/*[local-name() = 'ID']"/>
    </xsl:call-template>
    <xsl:call-template name="next-cell">
      <xsl:with-param name="value" select="$item/*[local-name() = 'SellersItemIdentification']/*[local-name() = 'ID']"/>
    </xsl:call-template>
    <xsl:call-template name="next-cell"><xsl:with-param name="value" select="$quantity"/></xsl:call-template>
    <xsl:call-template name="next-cell"><xsl:with-param name="value" select="$unit"/></xsl:call-template>
    <xsl:call-template name="next-cell">
      <xsl:with-param name="value" select="($promised/*[local-name() = 'EndDate'] | $promised/*[local-name() = 'StartDate'])[last()]"/>
    </xsl:call-template>
    <xsl:call-template name="next-cell"><xsl:with-param name="value" select="$price/*[local-name() = 'PriceAmount']"/></xsl:call-template>
    <xsl:call-template name="next-cell"><xsl:with-param name="value" select="$price/*[local-name() = 'BaseQuantity']"/></xsl:call-template>
    <xsl:call-template name="next-cell">
      <xsl:with-param name="value" select="$price/*[local-name() = 'PriceAmount']/@currencyID"/>
    </xsl:call-template>
    <xsl:call-template name="next-cell"><xsl:with-param name="value" select="$notes"/></xsl:call-template>
    <xsl:text>&#10;</xsl:text>
  </xsl:template>
</xsl:stylesheet>
