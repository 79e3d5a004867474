<?xml version="1.0" encoding="UTF-8"?>
<!-- openTRANS items to order lines. -->
<xsl:stylesheet version="1.0"
    xmlns:xsl="http://www.w3.org/1999/XSL/Transform"
    xmlns:o="http://www.opentrans.org/XMLSchema/2.1"
    xmlns:b="http://www.bmecat.org/bmecat/2005"
    xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
    xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
    exclude-result-prefixes="o b">

  <xsl:variable name="gtin-types" select="' ean EAN gtin GTIN upc UPC isbn '"/>

  <xsl:template match="order" mode="lines">
    <xsl:for-each select="$items">
      <xsl:variable name="product" select="o:PRODUCT_ID"/>
      <xsl:variable name="own-partial" select="o:PARTIAL_SHIPMENT_ALLOWED"/>
      <xsl:variable name="partial" select="$own-partial | $info[not($own-partial)]/o:PARTIAL_SHIPMENT_ALLOWED"/>
      <xsl:variable name="gtin"
                    select="$product/b:INTERNATIONAL_PID[contains($gtin-types, concat(' ', @type, ' '))][1]"/>
      <xsl:call-template name="order-line">
        <xsl:with-param name="number" select="normalize-space(o:LINE_ITEM_ID)"/>
        <xsl:with-param name="quantity" select="normalize-space(o:QUANTITY)"/>
        <xsl:with-param name="unit" select="normalize-space(b:ORDER_UNIT)"/>
        <xsl:with-param name="amount"><xsl:call-template name="amount-of-item"/></xsl:with-param>
        <xsl:with-param name="currency" select="$currency"/>
        <xsl:with-param name="partial-delivery" select="normalize-space($partial)"/>
        <xsl:with-param name="accounting-cost" select="normalize-space(o:ACCOUNTING_INFO/o:COST_CATEGORY_ID)"/>
        <xsl:with-param name="price" select="normalize-space(o:PRODUCT_PRICE_FIX/b:PRICE_AMOUNT)"/>
        <xsl:with-param name="price-base" select="normalize-space(o:PRODUCT_PRICE_FIX/b:PRICE_QUANTITY)"/>
        <xsl:with-param name="description" select="normalize-space($product/b:DESCRIPTION_LONG)"/>
        <xsl:with-param name="item-name" select="normalize-space($product/b:DESCRIPTION_SHORT)"/>
        <xsl:with-param name="buyers-item" select="normalize-space($product/b:BUYER_PID)"/>
        <xsl:with-param name="sellers-item" select="normalize-space($product/b:SUPPLIER_PID)"/>
        <xsl:with-param name="manufacturers-item"
                        select="normalize-space($product/o:MANUFACTURER_INFO/b:MANUFACTURER_PID)"/>
        <xsl:with-param name="standard-item" select="normalize-space($gtin)"/>
        <xsl:with-param name="standard-scheme" select="'GTIN'"/>
      </xsl:call-template>
    </xsl:for-each>
  </xsl:template>

  <!-- The amount of the line as the sender states it, else quantity times price. Empty when unknown, and when
       discounts or charges come on top whose share of the line the sender has not worked out. -->
  <xsl:template name="amount-of-item">
    <xsl:variable name="price" select="o:PRODUCT_PRICE_FIX"/>
    <xsl:choose>
      <xsl:when test="normalize-space(o:PRICE_LINE_AMOUNT)">
        <xsl:call-template name="two-decimals">
          <xsl:with-param name="value" select="normalize-space(o:PRICE_LINE_AMOUNT)"/>
        </xsl:call-template>
      </xsl:when>
      <xsl:when test="$price/o:ALLOW_OR_CHARGES_FIX/o:ALLOW_OR_CHARGE"/>
      <xsl:when test="normalize-space($price/b:PRICE_QUANTITY)">
        <xsl:call-template name="line-amount">
          <xsl:with-param name="quantity" select="normalize-space(o:QUANTITY)"/>
          <xsl:with-param name="price" select="normalize-space($price/b:PRICE_AMOUNT)"/>
          <xsl:with-param name="base" select="normalize-space($price/b:PRICE_QUANTITY)"/>
        </xsl:call-template>
      </xsl:when>
      <xsl:otherwise>
        <xsl:call-template name="line-amount">
          <xsl:with-param name="quantity" select="normalize-space(o:QUANTITY)"/>
          <xsl:with-param name="price" select="normalize-space($price/b:PRICE_AMOUNT)"/>
        </xsl:call-template>
      </xsl:otherwise>
    </xsl:choose>
  </xsl:template>

  <!-- Remarks, and discounts given only as a share: they are told in words, for what they are a share of is
       the partners' business. -->
  <xsl:template match="o:ORDER_ITEM | o:ORDERCHANGE_ITEM" mode="line-notes">
    <xsl:for-each select="o:REMARKS"><xsl:call-template name="remark"/></xsl:for-each>
    <xsl:for-each select="o:PRODUCT_PRICE_FIX/o:ALLOW_OR_CHARGES_FIX/o:ALLOW_OR_CHARGE
                          [not(o:ALLOW_OR_CHARGE_VALUE/o:AOC_MONETARY_AMOUNT)]">
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

  <!-- The line's own date, else the order's; the line's own place, when it has one. -->
  <xsl:template match="o:ORDER_ITEM | o:ORDERCHANGE_ITEM" mode="line-deliveries">
    <xsl:variable name="dates" select="o:DELIVERY_DATE | $info[not(current()/o:DELIVERY_DATE)]/o:DELIVERY_DATE"/>
    <xsl:variable name="shipment" select="o:SHIPMENT_PARTIES_REFERENCE"/>
    <xsl:variable name="reference"
                  select="normalize-space(($shipment/o:FINAL_DELIVERY_IDREF | $shipment/o:DELIVERY_IDREF)[1])"/>
    <xsl:call-template name="delivery-to">
      <xsl:with-param name="place" select="$parties[$reference != ''][b:PARTY_ID = $reference][1]"/>
      <xsl:with-param name="reference" select="$reference"/>
      <xsl:with-param name="dates" select="$dates"/>
      <xsl:with-param name="words" select="string($dates/@type)"/>
      <xsl:with-param name="quantity" select="normalize-space(o:QUANTITY)"/>
      <xsl:with-param name="unit" select="normalize-space(b:ORDER_UNIT)"/>
    </xsl:call-template>
  </xsl:template>

  <xsl:template match="o:ORDER_ITEM | o:ORDERCHANGE_ITEM" mode="line-charges">
    <xsl:for-each select="o:PRODUCT_PRICE_FIX/o:ALLOW_OR_CHARGES_FIX/o:ALLOW_OR_CHARGE">
      <xsl:call-template name="allowance-charge">
        <xsl:with-param name="charge" select="string(@type = 'charge' or @type = 'surcharge')"/>
        <xsl:with-param name="reason"
                        select="normalize-space(concat(o:ALLOW_OR_CHARGE_TYPE, ' ', o:ALLOW_OR_CHARGE_NAME))"/>
        <xsl:with-param name="amount" select="normalize-space(o:ALLOW_OR_CHARGE_VALUE/o:AOC_MONETARY_AMOUNT)"/>
        <xsl:with-param name="currency" select="$currency"/>
      </xsl:call-template>
    </xsl:for-each>
  </xsl:template>

  <xsl:template match="o:ORDER_ITEM | o:ORDERCHANGE_ITEM" mode="item-classes">
    <xsl:for-each select="o:PRODUCT_PRICE_FIX/o:TAX_DETAILS_FIX[normalize-space(b:TAX)]">
      <xsl:call-template name="tax-category">
        <xsl:with-param name="name" select="'ClassifiedTaxCategory'"/>
        <xsl:with-param name="category" select="normalize-space(b:TAX_CATEGORY)"/>
        <xsl:with-param name="percent">
          <xsl:call-template name="factor-as-percent">
            <xsl:with-param name="factor" select="normalize-space(b:TAX)"/>
          </xsl:call-template>
        </xsl:with-param>
      </xsl:call-template>
    </xsl:for-each>
  </xsl:template>

  <!-- What has no place of its own in UBL: further product numbers, lots, configuration, the sender's fields. -->
  <xsl:template match="o:ORDER_ITEM | o:ORDERCHANGE_ITEM" mode="item-properties">
    <xsl:for-each select="o:PRODUCT_ID/b:INTERNATIONAL_PID[not(contains($gtin-types, concat(' ', @type, ' ')))]
                          | o:PRODUCT_ID/o:CONFIG_CODE_FIX | o:PRODUCT_ID/o:LOT_NUMBER | o:PRODUCT_ID/o:SERIAL_NUMBER">
      <xsl:call-template name="item-property">
        <xsl:with-param name="name" select="normalize-space(concat(local-name(), ' ', @type))"/>
        <xsl:with-param name="value" select="normalize-space()"/>
      </xsl:call-template>
    </xsl:for-each>
    <xsl:for-each select="o:PRODUCT_FEATURES//b:FEATURE">
      <xsl:call-template name="item-property">
        <xsl:with-param name="name" select="normalize-space(b:FNAME)"/>
        <xsl:with-param name="value" select="normalize-space(concat(b:FVALUE[1], ' ', b:FUNIT))"/>
      </xsl:call-template>
    </xsl:for-each>
    <xsl:for-each select="o:ITEM_UDX//*[not(*)]">
      <xsl:call-template name="item-property">
        <xsl:with-param name="name" select="local-name()"/>
        <xsl:with-param name="value" select="normalize-space()"/>
      </xsl:call-template>
    </xsl:for-each>
  </xsl:template>

  <!-- Components of a bundle: lines below the line, never lines of the order. -->
  <xsl:template match="o:ORDER_ITEM | o:ORDERCHANGE_ITEM" mode="sub-lines">
    <xsl:for-each select="o:PRODUCT_COMPONENTS/o:PRODUCT_COMPONENT">
      <cac:SubLineItem>
        <cbc:ID><xsl:value-of select="position()"/></cbc:ID>
        <xsl:call-template name="quantity">
          <xsl:with-param name="value" select="normalize-space(o:QUANTITY)"/>
          <xsl:with-param name="unit" select="normalize-space(b:ORDER_UNIT)"/>
        </xsl:call-template>
        <cac:Item>
          <xsl:if test="normalize-space(o:PRODUCT_ID/b:DESCRIPTION_SHORT)">
            <cbc:Name><xsl:value-of select="normalize-space(o:PRODUCT_ID/b:DESCRIPTION_SHORT)"/></cbc:Name>
          </xsl:if>
          <xsl:call-template name="item-identification">
            <xsl:with-param name="name" select="'SellersItemIdentification'"/>
            <xsl:with-param name="id" select="normalize-space(o:PRODUCT_ID/b:SUPPLIER_PID)"/>
          </xsl:call-template>
        </cac:Item>
      </cac:SubLineItem>
    </xsl:for-each>
  </xsl:template>

  <xsl:template match="o:ORDER_ITEM | o:ORDERCHANGE_ITEM" mode="line-references">
    <xsl:call-template name="document-reference">
      <xsl:with-param name="name" select="'DocumentReference'"/>
      <xsl:with-param name="id" select="normalize-space(o:SOURCING_INFO/o:QUOTATION_ID)"/>
      <xsl:with-param name="type" select="'Quotation'"/>
    </xsl:call-template>
    <xsl:for-each select="o:SOURCING_INFO/o:AGREEMENT">
      <xsl:call-template name="document-reference">
        <xsl:with-param name="name" select="'DocumentReference'"/>
        <xsl:with-param name="id" select="normalize-space(b:AGREEMENT_ID)"/>
        <xsl:with-param name="type" select="'Agreement'"/>
        <xsl:with-param name="description" select="normalize-space(o:AGREEMENT_DESCR)"/>
      </xsl:call-template>
    </xsl:for-each>
    <xsl:for-each select="o:CUSTOMER_ORDER_REFERENCE">
      <xsl:call-template name="document-reference">
        <xsl:with-param name="name" select="'DocumentReference'"/>
        <xsl:with-param name="id" select="normalize-space(o:ORDER_ID)"/>
        <xsl:with-param name="type" select="'Customer order'"/>
      </xsl:call-template>
    </xsl:for-each>
  </xsl:template>

</xsl:stylesheet>
