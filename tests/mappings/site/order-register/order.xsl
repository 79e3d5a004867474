<?xml version="1.0" encoding="UTF-8"?>
<!-- One order a row, with one line. -->
<xsl:stylesheet version="1.0"
    xmlns:xsl="http://www.w3.org/1999/XSL/Transform"
    xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
    xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">

  <xsl:import href="../common/document.xsl"/>

  <xsl:template match="/order">
    <xsl:call-template name="document">
      <xsl:with-param name="issue-date" select="row/order_date"/>
      <xsl:with-param name="currency" select="row/currency"/>
    </xsl:call-template>
  </xsl:template>

  <xsl:template match="order" mode="buyer">
    <cac:BuyerCustomerParty>
      <xsl:call-template name="party"><xsl:with-param name="id" select="'1000'"/></xsl:call-template>
    </cac:BuyerCustomerParty>
  </xsl:template>

  <xsl:template match="order" mode="supplier">
    <cac:SellerSupplierParty>
      <xsl:call-template name="party"><xsl:with-param name="id" select="row/supplier"/></xsl:call-template>
    </cac:SellerSupplierParty>
  </xsl:template>

  <xsl:template match="order" mode="lines">
    <xsl:for-each select="row">
      <xsl:call-template name="order-line">
        <xsl:with-param name="number" select="position()"/>
        <xsl:with-param name="quantity" select="quantity"/>
        <xsl:with-param name="item-name" select="item"/>
        <xsl:with-param name="currency" select="currency"/>
      </xsl:call-template>
    </xsl:for-each>
  </xsl:template>

</xsl:stylesheet>
