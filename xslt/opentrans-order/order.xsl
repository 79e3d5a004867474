<?xml version="1.0" encoding="UTF-8"?>
<!-- openTRANS 2.1 ORDER and ORDERCHANGE to Order and OrderChange.

     Parties: the role in PARTY decides, then a PARTY_ID whose type is that role, then the IDREF of
     ORDER_PARTIES_REFERENCE. Amounts are the sender's where it states them. Card and bank numbers are
     never passed on: the supplier gets the way of payment only. -->
<xsl:stylesheet version="1.0"
    xmlns:xsl="http://www.w3.org/1999/XSL/Transform"
    xmlns:exsl="http://exslt.org/common"
    xmlns:o="http://www.opentrans.org/XMLSchema/2.1"
    xmlns:b="http://www.bmecat.org/bmecat/2005"
    xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
    xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
    exclude-result-prefixes="exsl o b">

  <xsl:import href="../common/document.xsl"/>
  <xsl:import href="parties.xsl"/>
  <xsl:import href="items.xsl"/>

  <!-- openTRANS may leave the currency out. An order without any amount then bears this one, which claims
       nothing; an order with amounts is refused. State the sender's here. -->
  <xsl:variable name="currency-without-amounts" select="'EUR'"/>

  <xsl:variable name="document" select="/order/*[self::o:ORDER or self::o:ORDERCHANGE]"/>
  <xsl:variable name="header" select="$document/o:ORDER_HEADER | $document/o:ORDERCHANGE_HEADER"/>
  <xsl:variable name="info" select="$header/o:ORDER_INFO | $header/o:ORDERCHANGE_INFO"/>
  <xsl:variable name="items" select="$document/*/o:ORDER_ITEM | $document/*/o:ORDERCHANGE_ITEM"/>
  <xsl:variable name="summary" select="$document/o:ORDER_SUMMARY | $document/o:ORDERCHANGE_SUMMARY"/>
  <xsl:variable name="stated-currency" select="normalize-space(($info/b:CURRENCY | $info/o:CURRENCY)[1])"/>

  <xsl:variable name="currency">
    <xsl:choose>
      <xsl:when test="$stated-currency"><xsl:value-of select="$stated-currency"/></xsl:when>
      <xsl:when test="$items//b:PRICE_AMOUNT or $items/o:PRICE_LINE_AMOUNT or $summary/o:TOTAL_AMOUNT">
        <xsl:message terminate="yes">
          <xsl:text>The order states amounts but no CURRENCY.</xsl:text>
        </xsl:message>
      </xsl:when>
      <xsl:otherwise><xsl:value-of select="$currency-without-amounts"/></xsl:otherwise>
    </xsl:choose>
  </xsl:variable>

  <xsl:template match="/order">
    <xsl:variable name="announced" select="normalize-space($summary/o:TOTAL_ITEM_NUM)"/>
    <xsl:if test="$announced != '' and number($announced) != count($items)">
      <xsl:message terminate="yes">
        <xsl:value-of select="concat('TOTAL_ITEM_NUM announces ', $announced, ' items, but the document holds ',
                              count($items), '.')"/>
      </xsl:message>
    </xsl:if>
    <xsl:if test="$supplier-reference != '' and $supplier-reference = $buyer-reference">
      <xsl:message>
        <xsl:value-of select="concat('SUPPLIER_IDREF and BUYER_IDREF name the same party, ', $buyer-reference, '.')"/>
      </xsl:message>
    </xsl:if>
    <xsl:variable name="changed" select="$info/o:ORDERCHANGE_DATE"/>
    <xsl:variable name="moment" select="normalize-space($changed | $info[not($changed)]/o:ORDER_DATE)"/>
    <xsl:call-template name="document">
      <xsl:with-param name="issue-date">
        <xsl:call-template name="day"><xsl:with-param name="moment" select="$moment"/></xsl:call-template>
      </xsl:with-param>
      <xsl:with-param name="issue-time" select="substring-after($moment, 'T')"/>
      <xsl:with-param name="currency" select="$currency"/>
      <xsl:with-param name="accounting-cost" select="normalize-space($info/o:ACCOUNTING_INFO/o:COST_CATEGORY_ID)"/>
    </xsl:call-template>
  </xsl:template>

  <!-- "2018-08-01T18:54:55" and "20180801" as "2018-08-01". -->
  <xsl:template name="day">
    <xsl:param name="moment"/>
    <xsl:choose>
      <xsl:when test="string-length($moment) = 8 and translate($moment, '0123456789', '') = ''">
        <xsl:value-of select="concat(substring($moment, 1, 4), '-', substring($moment, 5, 2), '-',
                              substring($moment, 7))"/>
      </xsl:when>
      <xsl:otherwise><xsl:value-of select="substring($moment, 1, 10)"/></xsl:otherwise>
    </xsl:choose>
  </xsl:template>

  <xsl:template match="order" mode="notes">
    <xsl:for-each select="$info/o:REMARKS">
      <xsl:call-template name="remark"/>
    </xsl:for-each>
    <xsl:for-each select="$info/o:TERMS_AND_CONDITIONS[normalize-space()]">
      <cbc:Note>Terms and conditions: <xsl:value-of select="normalize-space()"/></cbc:Note>
    </xsl:for-each>
  </xsl:template>

  <!-- A remark as a note; the kind of remark stays before it, unless it is just a general one. -->
  <xsl:template name="remark">
    <xsl:variable name="text" select="normalize-space()"/>
    <xsl:if test="$text">
      <cbc:Note>
        <xsl:if test="string(@type) and @type != 'general'"><xsl:value-of select="concat(@type, ': ')"/></xsl:if>
        <xsl:value-of select="$text"/>
      </cbc:Note>
    </xsl:if>
  </xsl:template>

  <xsl:template match="order" mode="references">
    <xsl:call-template name="document-reference">
      <xsl:with-param name="name" select="'QuotationDocumentReference'"/>
      <xsl:with-param name="id" select="normalize-space($header/o:SOURCING_INFO/o:QUOTATION_ID)"/>
    </xsl:call-template>
    <xsl:for-each select="$info/o:CUSTOMER_ORDER_REFERENCE">
      <xsl:call-template name="document-reference">
        <xsl:with-param name="id" select="normalize-space(o:ORDER_ID)"/>
        <xsl:with-param name="type" select="'Customer order'"/>
        <xsl:with-param name="description" select="normalize-space(o:ORDER_DESCR)"/>
      </xsl:call-template>
    </xsl:for-each>
    <xsl:for-each select="$info/o:ALT_CUSTOMER_ORDER_ID">
      <xsl:call-template name="document-reference">
        <xsl:with-param name="id" select="normalize-space()"/>
        <xsl:with-param name="type" select="'Further order number'"/>
      </xsl:call-template>
    </xsl:for-each>
    <xsl:for-each select="$info/o:HEADER_UDX//*[not(*)][normalize-space()]">
      <xsl:call-template name="document-reference">
        <xsl:with-param name="id" select="normalize-space()"/>
        <xsl:with-param name="type" select="local-name()"/>
      </xsl:call-template>
    </xsl:for-each>
    <xsl:for-each select="$header/o:SOURCING_INFO/o:AGREEMENT[normalize-space(b:AGREEMENT_ID)]">
      <cac:Contract>
        <cbc:ID><xsl:value-of select="normalize-space(b:AGREEMENT_ID)"/></cbc:ID>
        <xsl:for-each select="o:AGREEMENT_DESCR[normalize-space()][1]">
          <cbc:Description><xsl:value-of select="normalize-space()"/></cbc:Description>
        </xsl:for-each>
      </cac:Contract>
    </xsl:for-each>
  </xsl:template>

  <xsl:template match="order" mode="terms">
    <xsl:variable name="transport" select="$info/b:TRANSPORT | $info/o:TRANSPORT"/>
    <xsl:call-template name="delivery-terms">
      <xsl:with-param name="code" select="normalize-space($transport/*[local-name() = 'INCOTERM'])"/>
      <xsl:with-param name="place" select="normalize-space($transport/*[local-name() = 'LOCATION'])"/>
      <xsl:with-param name="words" select="normalize-space($transport/*[local-name() = 'TRANSPORT_REMARK'])"/>
    </xsl:call-template>
    <xsl:for-each select="$info/o:PAYMENT">
      <!-- the way of payment, by UN/ECE 4461 -->
      <xsl:variable name="way">
        <xsl:choose>
          <xsl:when test="o:CARD">48</xsl:when>
          <xsl:when test="o:ACCOUNT">42</xsl:when>
          <xsl:when test="normalize-space(o:DEBIT) = 'true'">49</xsl:when>
          <xsl:when test="normalize-space(o:CHECK) = 'true'">20</xsl:when>
          <xsl:when test="normalize-space(o:CASH) = 'true'">10</xsl:when>
        </xsl:choose>
      </xsl:variable>
      <xsl:if test="string($way)">
        <cac:PaymentMeans>
          <cbc:PaymentMeansCode listID="UNCL4461"><xsl:value-of select="$way"/></cbc:PaymentMeansCode>
        </cac:PaymentMeans>
      </xsl:if>
    </xsl:for-each>
    <xsl:for-each select="$info/o:PAYMENT/o:PAYMENT_TERMS/o:TIME_FOR_PAYMENT">
      <xsl:call-template name="payment-terms">
        <xsl:with-param name="days" select="normalize-space(o:DAYS)"/>
        <xsl:with-param name="discount-percent">
          <xsl:if test="normalize-space(o:DISCOUNT_FACTOR)">
            <xsl:call-template name="factor-as-percent">
              <xsl:with-param name="factor" select="normalize-space(o:DISCOUNT_FACTOR)"/>
            </xsl:call-template>
          </xsl:if>
        </xsl:with-param>
        <xsl:with-param name="due-date">
          <xsl:call-template name="day">
            <xsl:with-param name="moment" select="normalize-space(../o:VALUE_DATE | o:PAYMENT_DATE)"/>
          </xsl:call-template>
        </xsl:with-param>
      </xsl:call-template>
    </xsl:for-each>
  </xsl:template>

  <!-- The total as the sender states it, else the sum of the lines when each is known. -->
  <xsl:template match="order" mode="total">
    <xsl:variable name="stated">
      <xsl:call-template name="two-decimals">
        <xsl:with-param name="value" select="normalize-space($summary/o:TOTAL_AMOUNT)"/>
      </xsl:call-template>
    </xsl:variable>
    <xsl:variable name="amounts-tree">
      <xsl:for-each select="$items">
        <amount><xsl:call-template name="amount-of-item"/></amount>
      </xsl:for-each>
    </xsl:variable>
    <xsl:variable name="amounts" select="exsl:node-set($amounts-tree)/amount"/>
    <xsl:choose>
      <xsl:when test="string($stated)">
        <cac:AnticipatedMonetaryTotal>
          <cbc:LineExtensionAmount currencyID="{$currency}"><xsl:value-of select="$stated"/></cbc:LineExtensionAmount>
          <cbc:PayableAmount currencyID="{$currency}"><xsl:value-of select="$stated"/></cbc:PayableAmount>
        </cac:AnticipatedMonetaryTotal>
      </xsl:when>
      <xsl:when test="$amounts and not($amounts[not(string())])">
        <xsl:call-template name="total-of-lines">
          <xsl:with-param name="amounts" select="$amounts"/>
          <xsl:with-param name="currency" select="$currency"/>
        </xsl:call-template>
      </xsl:when>
    </xsl:choose>
  </xsl:template>

</xsl:stylesheet>
