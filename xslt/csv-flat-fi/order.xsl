<?xml version="1.0" encoding="UTF-8"?>
<!-- The flat Nordic export to Order, or to OrderChange when Jakamo has the order already.

     "Ostaja" is the purchaser, so it becomes BuyerContact/ID, where Jakamo's user mapping looks. The file
     does not name the buying company: Jakamo knows it by the account's credentials. "Toimitustapa" is a
     key of the sender's own, so it goes out as a labelled reference of type ZZZ, as Jakamo itself does. -->
<xsl:stylesheet version="1.0"
    xmlns:xsl="http://www.w3.org/1999/XSL/Transform"
    xmlns:exsl="http://exslt.org/common"
    xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
    xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
    exclude-result-prefixes="exsl">

  <xsl:import href="../common/document.xsl"/>

  <xsl:variable name="head" select="/order/row[1]"/>
  <xsl:variable name="currency" select="$head/currency"/>

  <xsl:template match="/order">
    <xsl:call-template name="document">
      <xsl:with-param name="issue-date" select="$head/order_date"/>
      <xsl:with-param name="currency" select="$currency"/>
    </xsl:call-template>
  </xsl:template>

  <xsl:template match="order" mode="references">
    <xsl:call-template name="document-reference">
      <xsl:with-param name="id" select="$head/delivery_method"/>
      <xsl:with-param name="type-code" select="'ZZZ'"/>
      <xsl:with-param name="type" select="'Toimitustapa'"/>
    </xsl:call-template>
  </xsl:template>

  <xsl:template match="order" mode="buyer">
    <cac:BuyerCustomerParty>
      <xsl:call-template name="contact">
        <xsl:with-param name="name" select="'BuyerContact'"/>
        <xsl:with-param name="id" select="$head/purchaser_id"/>
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

  <!-- Unknown as soon as one line's total is: no total then. -->
  <xsl:template match="order" mode="total">
    <xsl:if test="not(row[not(line_total)])">
      <xsl:variable name="amounts">
        <xsl:for-each select="row">
          <amount>
            <xsl:call-template name="two-decimals">
              <xsl:with-param name="value" select="line_total"/>
            </xsl:call-template>
          </amount>
        </xsl:for-each>
      </xsl:variable>
      <xsl:call-template name="total-of-lines">
        <xsl:with-param name="amounts" select="exsl:node-set($amounts)/amount"/>
        <xsl:with-param name="currency" select="$currency"/>
      </xsl:call-template>
    </xsl:if>
  </xsl:template>

  <xsl:template match="order" mode="lines">
    <xsl:for-each select="row">
      <xsl:call-template name="order-line">
        <xsl:with-param name="number" select="line_number"/>
        <xsl:with-param name="quantity" select="quantity"/>
        <xsl:with-param name="unit" select="unit"/>
        <xsl:with-param name="amount">
          <xsl:call-template name="two-decimals"><xsl:with-param name="value" select="line_total"/></xsl:call-template>
        </xsl:with-param>
        <xsl:with-param name="currency" select="$currency"/>
        <xsl:with-param name="price" select="price"/>
        <xsl:with-param name="item-name" select="item_name"/>
        <xsl:with-param name="buyers-item" select="item_id"/>
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

</xsl:stylesheet>
