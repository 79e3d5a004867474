<?xml version="1.0" encoding="UTF-8"?>
<!-- Monitor ERP ORDERS420 to Order, or OrderChange when Jakamo has the order already.

     Buyer is who sends the file; PartNumber is its number, SupplierPartNumber the supplier's. Discount is a
     percentage, below zero when it makes the row cheaper; Setup is a cost of the row on top. What a value above
     zero in Discount, or one in Alloy, does to the amount is not certain: it is told in words, and the row's
     amount is left out. -->
<xsl:stylesheet version="1.0"
    xmlns:xsl="http://www.w3.org/1999/XSL/Transform"
    xmlns:exsl="http://exslt.org/common"
    xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
    xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
    exclude-result-prefixes="exsl">

  <xsl:import href="../common/document.xsl"/>
  <xsl:import href="parties.xsl"/>

  <xsl:variable name="order" select="/order/Order"/>
  <xsl:variable name="head" select="$order/Head"/>
  <xsl:variable name="terms" select="$head/Terms"/>
  <xsl:variable name="delivery-terms" select="$terms/DeliveryTerms"/>
  <xsl:variable name="all-rows" select="$order/Rows/Row"/>
  <xsl:variable name="rows" select="$all-rows[not(@RowType) or contains(' 1 2 3 9 ', concat(' ',
                                    normalize-space(@RowType), ' '))]"/>
  <xsl:variable name="texts" select="$all-rows[normalize-space(@RowType) = '4']"/>
  <xsl:variable name="currency" select="normalize-space($head/Export/Currency)"/>

  <!-- What each row costs, worked out once: no net where that is unknown. -->
  <xsl:variable name="figures-tree">
    <xsl:for-each select="$rows"><xsl:call-template name="figures-of-row"/></xsl:for-each>
  </xsl:variable>
  <xsl:variable name="figures" select="exsl:node-set($figures-tree)/row"/>

  <xsl:template match="/order">
    <xsl:call-template name="document">
      <xsl:with-param name="issue-date">
        <xsl:call-template name="day"><xsl:with-param name="moment" select="$terms/OrderDate"/></xsl:call-template>
      </xsl:with-param>
      <xsl:with-param name="currency" select="$currency"/>
    </xsl:call-template>
  </xsl:template>

  <xsl:template name="figures-of-row">
    <xsl:variable name="gross">
      <xsl:call-template name="line-amount">
        <xsl:with-param name="quantity" select="normalize-space(Quantity)"/>
        <xsl:with-param name="price" select="normalize-space(Each)"/>
      </xsl:call-template>
    </xsl:variable>
    <xsl:variable name="discount">
      <xsl:if test="starts-with(normalize-space(Discount), '-') and translate(Discount, '0. -', '')">
        <xsl:call-template name="line-amount">
          <xsl:with-param name="quantity" select="$gross"/>
          <xsl:with-param name="price" select="normalize-space(Discount)"/>
          <xsl:with-param name="base" select="'100'"/>
        </xsl:call-template>
      </xsl:if>
    </xsl:variable>
    <xsl:variable name="setup">
      <xsl:if test="translate(Setup, '0. -', '')">
        <xsl:call-template name="two-decimals">
          <xsl:with-param name="value" select="normalize-space(Setup)"/>
        </xsl:call-template>
      </xsl:if>
    </xsl:variable>
    <xsl:variable name="uncertain" select="translate(Alloy, '0. -', '') != ''
                                           or (translate(Discount, '0. -', '') != '' and not(string($discount)))"/>
    <row id="{generate-id()}" gross="{$gross}" discount="{$discount}" setup="{$setup}">
      <xsl:if test="string($gross) and not($uncertain)">
        <xsl:variable name="parts">
          <part><xsl:value-of select="$gross"/></part>
          <part><xsl:value-of select="$discount"/></part>
          <part><xsl:value-of select="$setup"/></part>
        </xsl:variable>
        <xsl:attribute name="net">
          <xsl:call-template name="sum-of-amounts">
            <xsl:with-param name="amounts" select="exsl:node-set($parts)/part[string()]"/>
          </xsl:call-template>
        </xsl:attribute>
      </xsl:if>
    </row>
  </xsl:template>

  <!-- A comment; and text rows that belong to no row. -->
  <xsl:template match="order" mode="notes">
    <xsl:call-template name="note">
      <xsl:with-param name="text" select="$head/References/BuyerComment"/>
    </xsl:call-template>
    <xsl:for-each select="$texts[not(normalize-space(@RowNumber) = $rows/@RowNumber)]">
      <xsl:call-template name="note"><xsl:with-param name="text" select="Text"/></xsl:call-template>
    </xsl:for-each>
  </xsl:template>

  <xsl:template match="order" mode="references">
    <xsl:for-each select="$head/References/GoodsLabeling/*">
      <xsl:call-template name="document-reference">
        <xsl:with-param name="id" select="normalize-space()"/>
        <xsl:with-param name="type" select="'Goods labelling'"/>
      </xsl:call-template>
    </xsl:for-each>
  </xsl:template>

  <!-- "FCA Musterstadt" is a code and its place; a single blank is nothing; other words stay words. -->
  <xsl:template match="order" mode="terms">
    <xsl:variable name="stated" select="normalize-space($delivery-terms/IncoTermCombiTerm)"/>
    <xsl:variable name="first" select="substring-before(concat($stated, ' '), ' ')"/>
    <xsl:variable name="code">
      <xsl:if test="string-length($first) = 3 and translate($first, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', '') = ''">
        <xsl:value-of select="$first"/>
      </xsl:if>
    </xsl:variable>
    <xsl:variable name="words">
      <xsl:if test="not(string($code)) and $stated"><part><xsl:value-of select="$stated"/></part></xsl:if>
      <xsl:if test="normalize-space($delivery-terms/DeliveryMethod)">
        <part>Delivery method: <xsl:value-of select="normalize-space($delivery-terms/DeliveryMethod)"/></part>
      </xsl:if>
      <xsl:if test="normalize-space($delivery-terms/TransportPayer)">
        <part>Transport payer: <xsl:value-of select="normalize-space($delivery-terms/TransportPayer)"/></part>
      </xsl:if>
      <xsl:if test="normalize-space($delivery-terms/CustomerTransportTimeDays)">
        <part>
          <xsl:text>Transport time in days: </xsl:text>
          <xsl:value-of select="normalize-space($delivery-terms/CustomerTransportTimeDays)"/>
        </part>
      </xsl:if>
    </xsl:variable>
    <xsl:call-template name="delivery-terms">
      <xsl:with-param name="code" select="string($code)"/>
      <xsl:with-param name="place">
        <xsl:if test="string($code)"><xsl:value-of select="substring-after($stated, ' ')"/></xsl:if>
      </xsl:with-param>
      <xsl:with-param name="words">
        <xsl:for-each select="exsl:node-set($words)/part">
          <xsl:if test="position() &gt; 1">; </xsl:if>
          <xsl:value-of select="."/>
        </xsl:for-each>
      </xsl:with-param>
    </xsl:call-template>
    <xsl:call-template name="payment-terms">
      <xsl:with-param name="days" select="normalize-space($terms/PaymentTerms/TermsOfPaymentDays)"/>
    </xsl:call-template>
  </xsl:template>

  <!-- Unknown as soon as one row's amount is: no total then. -->
  <xsl:template match="order" mode="total">
    <xsl:if test="$figures and not($figures[not(@net)])">
      <xsl:call-template name="total-of-lines">
        <xsl:with-param name="amounts" select="$figures/@net"/>
        <xsl:with-param name="currency" select="$currency"/>
      </xsl:call-template>
    </xsl:if>
  </xsl:template>

  <xsl:template match="order" mode="lines">
    <xsl:for-each select="$rows">
      <xsl:call-template name="order-line">
        <xsl:with-param name="number" select="normalize-space(@RowNumber)"/>
        <xsl:with-param name="quantity" select="normalize-space(Quantity)"/>
        <xsl:with-param name="unit" select="normalize-space(Unit)"/>
        <xsl:with-param name="amount" select="string($figures[@id = generate-id(current())]/@net)"/>
        <xsl:with-param name="currency" select="$currency"/>
        <xsl:with-param name="price" select="normalize-space(Each)"/>
        <xsl:with-param name="item-name" select="normalize-space(Text)"/>
        <xsl:with-param name="buyers-item" select="normalize-space(Part/@PartNumber)"/>
        <xsl:with-param name="revision" select="normalize-space(Part/@Revision)"/>
        <xsl:with-param name="sellers-item" select="normalize-space(Part/@SupplierPartNumber)"/>
      </xsl:call-template>
    </xsl:for-each>
  </xsl:template>

  <!-- The row's texts, line breaks and all; what is not certain about its price. -->
  <xsl:template match="Row" mode="line-notes">
    <xsl:variable name="figure" select="$figures[@id = generate-id(current())]"/>
    <xsl:variable name="number" select="normalize-space(@RowNumber)"/>
    <xsl:for-each select="$texts[normalize-space(@RowNumber) = $number]">
      <xsl:call-template name="note"><xsl:with-param name="text" select="Text"/></xsl:call-template>
    </xsl:for-each>
    <xsl:if test="translate(Discount, '0. -', '') and not(string($figure/@discount))">
      <xsl:call-template name="note">
        <xsl:with-param name="label" select="'Discount'"/>
        <xsl:with-param name="text" select="normalize-space(Discount)"/>
      </xsl:call-template>
    </xsl:if>
    <xsl:if test="translate(Alloy, '0. -', '')">
      <xsl:call-template name="note">
        <xsl:with-param name="label" select="'Alloy surcharge'"/>
        <xsl:with-param name="text" select="normalize-space(Alloy)"/>
      </xsl:call-template>
    </xsl:if>
  </xsl:template>

  <!-- A row has one day; it goes with the whole quantity. -->
  <xsl:template match="Row" mode="line-deliveries">
    <xsl:call-template name="delivery">
      <xsl:with-param name="quantity" select="normalize-space(Quantity)"/>
      <xsl:with-param name="unit" select="normalize-space(Unit)"/>
      <xsl:with-param name="until">
        <xsl:call-template name="day"><xsl:with-param name="moment" select="DeliveryPeriod"/></xsl:call-template>
      </xsl:with-param>
    </xsl:call-template>
  </xsl:template>

  <xsl:template match="Row" mode="line-charges">
    <xsl:variable name="figure" select="$figures[@id = generate-id(current())]"/>
    <xsl:if test="string($figure/@discount)">
      <xsl:call-template name="allowance-charge">
        <xsl:with-param name="reason" select="'Discount'"/>
        <xsl:with-param name="factor">
          <xsl:call-template name="percent-as-factor">
            <xsl:with-param name="percent" select="translate(normalize-space(Discount), '-', '')"/>
          </xsl:call-template>
        </xsl:with-param>
        <xsl:with-param name="amount" select="translate($figure/@discount, '-', '')"/>
        <xsl:with-param name="base-amount" select="string($figure/@gross)"/>
        <xsl:with-param name="currency" select="$currency"/>
      </xsl:call-template>
    </xsl:if>
    <xsl:call-template name="allowance-charge">
      <xsl:with-param name="charge" select="string(not(starts-with($figure/@setup, '-')))"/>
      <xsl:with-param name="reason" select="'Setup'"/>
      <xsl:with-param name="amount" select="translate($figure/@setup, '-', '')"/>
      <xsl:with-param name="currency" select="$currency"/>
    </xsl:call-template>
  </xsl:template>

  <!-- Serial numbers stand in rows of their own behind the row they belong to. -->
  <xsl:template match="Row" mode="item-properties">
    <xsl:variable name="own" select="generate-id()"/>
    <xsl:for-each select="$all-rows[normalize-space(@RowType) = '5']
                          [generate-id(preceding-sibling::Row[not(contains(' 4 5 ', concat(' ',
                                                                             normalize-space(@RowType), ' ')))]
                                                                                                        [1]) = $own]">
      <xsl:call-template name="item-property">
        <xsl:with-param name="name" select="'Serial number'"/>
        <xsl:with-param name="value" select="normalize-space(Text)"/>
      </xsl:call-template>
    </xsl:for-each>
  </xsl:template>

  <xsl:template match="Row" mode="line-references">
    <xsl:call-template name="document-reference">
      <xsl:with-param name="name" select="'DocumentReference'"/>
      <xsl:with-param name="id" select="normalize-space(ReferenceNumber)"/>
      <xsl:with-param name="type" select="'Reference number'"/>
    </xsl:call-template>
  </xsl:template>

</xsl:stylesheet>
