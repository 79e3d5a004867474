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
      <xsl:with-param name="sequence-number" select="normalize-space($info/o:ORDERCHANGE_SEQUENCE_ID)"/>
      <xsl:with-param name="currency" select="$currency"/>
      <xsl:with-param name="accounting-cost">
        <xsl:for-each select="$info/o:ACCOUNTING_INFO"><xsl:call-template name="accounting"/></xsl:for-each>
      </xsl:with-param>
    </xsl:call-template>
  </xsl:template>

  <!-- "4110; machines; 6000": cost category, type of cost and account, as far as they are told. -->
  <xsl:template name="accounting">
    <xsl:for-each select="(o:COST_CATEGORY_ID | o:COST_TYPE | o:COST_ACCOUNT)[normalize-space()]">
      <xsl:if test="position() != 1">; </xsl:if>
      <xsl:value-of select="normalize-space()"/>
    </xsl:for-each>
  </xsl:template>

  <xsl:template match="order" mode="notes">
    <xsl:for-each select="$info/o:REMARKS">
      <xsl:call-template name="remark"/>
    </xsl:for-each>
    <xsl:for-each select="$info/o:TERMS_AND_CONDITIONS[normalize-space()]">
      <cbc:Note>Terms and conditions: <xsl:value-of select="normalize-space()"/></cbc:Note>
    </xsl:for-each>
    <xsl:call-template name="restrictions"><xsl:with-param name="of" select="$info"/></xsl:call-template>
    <xsl:call-template name="shares">
      <xsl:with-param name="charges" select="$summary/o:ALLOW_OR_CHARGES_FIX/o:ALLOW_OR_CHARGE"/>
    </xsl:call-template>
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
    <xsl:call-template name="document-reference">
      <xsl:with-param name="id" select="normalize-space($document/@type[. != 'standard'])"/>
      <xsl:with-param name="type" select="'Order type'"/>
    </xsl:call-template>
    <xsl:for-each select="$header/o:SOURCING_INFO/o:CATALOG_REFERENCE">
      <xsl:call-template name="catalogue"/>
    </xsl:for-each>
    <xsl:for-each select="$info/*[local-name() = 'MIME_INFO']/*[local-name() = 'MIME']">
      <xsl:call-template name="mime"/>
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

  <xsl:template name="catalogue">
    <xsl:param name="name" select="'AdditionalDocumentReference'"/>
    <xsl:call-template name="document-reference">
      <xsl:with-param name="name" select="$name"/>
      <xsl:with-param name="id" select="normalize-space(b:CATALOG_ID)"/>
      <xsl:with-param name="type" select="'Catalogue'"/>
      <xsl:with-param name="version" select="normalize-space(b:CATALOG_VERSION)"/>
      <xsl:with-param name="description" select="normalize-space(b:CATALOG_NAME)"/>
    </xsl:call-template>
  </xsl:template>

  <!-- A drawing, picture or data sheet: where it lies. A file inside the document (MIME_EMBEDDED) is only named. -->
  <xsl:template name="mime">
    <xsl:param name="name" select="'AdditionalDocumentReference'"/>
    <xsl:variable name="source" select="(b:MIME_SOURCE | o:MIME_EMBEDDED/o:FILE_NAME | o:MIME_SOURCE)[1]"/>
    <xsl:call-template name="document-reference">
      <xsl:with-param name="name" select="$name"/>
      <xsl:with-param name="id" select="normalize-space($source)"/>
      <xsl:with-param name="type" select="normalize-space((b:MIME_PURPOSE | o:MIME_PURPOSE)[1])"/>
      <xsl:with-param name="description" select="normalize-space((b:MIME_DESCR | o:MIME_DESCR)[1])"/>
      <xsl:with-param name="uri"><xsl:if test="contains($source, '://')">
        <xsl:value-of select="normalize-space($source)"/>
      </xsl:if></xsl:with-param>
    </xsl:call-template>
  </xsl:template>

  <!-- Export and import restrictions of the order or an item: told in words. -->
  <xsl:template name="restrictions">
    <xsl:param name="of"/>
    <xsl:for-each select="($of/b:INTERNATIONAL_RESTRICTIONS | $of/o:INTERNATIONAL_RESTRICTIONS)[normalize-space()]">
      <cbc:Note>
        <xsl:value-of select="normalize-space(concat('Restriction ', @type, ': ', normalize-space()))"/>
      </cbc:Note>
    </xsl:for-each>
  </xsl:template>

  <!-- Discounts and charges given only as a share are told in words: of what, is the partners' business. -->
  <xsl:template name="shares">
    <xsl:param name="charges"/>
    <xsl:for-each select="$charges[not(o:ALLOW_OR_CHARGE_VALUE/o:AOC_MONETARY_AMOUNT)]">
      <xsl:variable name="factor" select="normalize-space(o:ALLOW_OR_CHARGE_VALUE/o:AOC_PERCENTAGE_FACTOR)"/>
      <xsl:variable name="percent">
        <xsl:if test="$factor">
          <xsl:call-template name="factor-as-percent">
            <xsl:with-param name="factor" select="$factor"/>
          </xsl:call-template>
          <xsl:text> %</xsl:text>
        </xsl:if>
      </xsl:variable>
      <cbc:Note>
        <xsl:value-of select="normalize-space(concat(@type, ' ', o:ALLOW_OR_CHARGE_TYPE, ' ', o:ALLOW_OR_CHARGE_NAME,
                                              ' ', $percent))"/>
      </cbc:Note>
    </xsl:for-each>
  </xsl:template>

  <!-- Those given as money. -->
  <xsl:template name="amounts-of-charges">
    <xsl:param name="charges"/>
    <xsl:for-each select="$charges">
      <xsl:call-template name="allowance-charge">
        <xsl:with-param name="charge" select="string(@type = 'charge' or @type = 'surcharge')"/>
        <xsl:with-param name="reason"
                        select="normalize-space(concat(o:ALLOW_OR_CHARGE_TYPE, ' ', o:ALLOW_OR_CHARGE_NAME))"/>
        <xsl:with-param name="amount" select="normalize-space(o:ALLOW_OR_CHARGE_VALUE/o:AOC_MONETARY_AMOUNT)"/>
        <xsl:with-param name="currency" select="$currency"/>
      </xsl:call-template>
    </xsl:for-each>
  </xsl:template>

  <xsl:template match="order" mode="charges">
    <xsl:call-template name="amounts-of-charges">
      <xsl:with-param name="charges" select="$summary/o:ALLOW_OR_CHARGES_FIX/o:ALLOW_OR_CHARGE"/>
    </xsl:call-template>
  </xsl:template>

  <!-- The terms of delivery of the order or an item. -->
  <xsl:template name="transport">
    <xsl:param name="of"/>
    <xsl:variable name="transport" select="$of/b:TRANSPORT | $of/o:TRANSPORT"/>
    <xsl:call-template name="delivery-terms">
      <xsl:with-param name="code" select="normalize-space($transport/*[local-name() = 'INCOTERM'])"/>
      <xsl:with-param name="place" select="normalize-space($transport/*[local-name() = 'LOCATION'])"/>
      <xsl:with-param name="words" select="normalize-space($transport/*[local-name() = 'TRANSPORT_REMARK'])"/>
    </xsl:call-template>
  </xsl:template>

  <xsl:template match="order" mode="terms">
    <xsl:call-template name="transport"><xsl:with-param name="of" select="$info"/></xsl:call-template>
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

  <!-- The total as the sender states it, else the sum of the lines when each is known. Where both are known and no
       discount or charge of the order stands between them, they must agree, to a cent an item; where one does, each
       is told as what it is. -->
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
    <xsl:variable name="sum">
      <xsl:if test="$amounts and not($amounts[not(string())])">
        <xsl:call-template name="sum-of-amounts"><xsl:with-param name="amounts" select="$amounts"/></xsl:call-template>
      </xsl:if>
    </xsl:variable>
    <xsl:variable name="of-lines">
      <xsl:choose>
        <xsl:when test="string($sum) and $summary/o:ALLOW_OR_CHARGES_FIX"><xsl:value-of select="$sum"/></xsl:when>
        <xsl:otherwise><xsl:value-of select="$stated"/></xsl:otherwise>
      </xsl:choose>
    </xsl:variable>
    <xsl:if test="string($stated) and string($sum) and not($summary/o:ALLOW_OR_CHARGES_FIX)">
      <xsl:variable name="difference" select="translate($sum, '.', '') - translate($stated, '.', '')"/>
      <xsl:if test="$difference &gt; count($amounts) or -$difference &gt; count($amounts)">
        <xsl:message terminate="yes">
          <xsl:value-of select="concat('TOTAL_AMOUNT says ', $stated, ', but the items come to ', $sum, '.')"/>
        </xsl:message>
      </xsl:if>
    </xsl:if>
    <xsl:choose>
      <xsl:when test="string($stated)">
        <cac:AnticipatedMonetaryTotal>
          <cbc:LineExtensionAmount currencyID="{$currency}"><xsl:value-of select="$of-lines"/></cbc:LineExtensionAmount>
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
