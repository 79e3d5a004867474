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
      <xsl:variable name="price-unit"
                    select="o:PRODUCT_PRICE_FIX/o:PRICE_BASE_FIX/*[local-name() = 'PRICE_UNIT'][normalize-space()]"/>
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
        <xsl:with-param name="accounting-cost">
          <xsl:for-each select="o:ACCOUNTING_INFO"><xsl:call-template name="accounting"/></xsl:for-each>
        </xsl:with-param>
        <xsl:with-param name="price" select="normalize-space(o:PRODUCT_PRICE_FIX/b:PRICE_AMOUNT)"/>
        <xsl:with-param name="price-base">
          <xsl:choose>
            <xsl:when test="normalize-space(o:PRODUCT_PRICE_FIX/b:PRICE_QUANTITY)">
              <xsl:value-of select="normalize-space(o:PRODUCT_PRICE_FIX/b:PRICE_QUANTITY)"/>
            </xsl:when>
            <xsl:when test="$price-unit">1</xsl:when>
          </xsl:choose>
        </xsl:with-param>
        <xsl:with-param name="price-unit"
                        select="normalize-space(($price-unit | b:ORDER_UNIT[not($price-unit)])[1])"/>
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

  <!-- The amount of the line as the sender states it, else quantity times price, in the unit of the price
       (PRICE_BASE_FIX). Empty when unknown, and when discounts or charges come on top whose share of the line the
       sender has not worked out. -->
  <xsl:template name="amount-of-item">
    <xsl:variable name="price" select="o:PRODUCT_PRICE_FIX"/>
    <xsl:variable name="priced"
                  select="$price/o:PRICE_BASE_FIX/*[local-name() = 'PRICE_UNIT_VALUE'][normalize-space()]"/>
    <xsl:variable name="quantity" select="normalize-space(($priced | o:QUANTITY[not($priced)])[1])"/>
    <xsl:choose>
      <xsl:when test="normalize-space(o:PRICE_LINE_AMOUNT)">
        <xsl:call-template name="two-decimals">
          <xsl:with-param name="value" select="normalize-space(o:PRICE_LINE_AMOUNT)"/>
        </xsl:call-template>
      </xsl:when>
      <xsl:when test="$price/o:ALLOW_OR_CHARGES_FIX/o:ALLOW_OR_CHARGE"/>
      <xsl:when test="$price/o:PRICE_BASE_FIX and not($priced)"/>
      <xsl:when test="normalize-space($price/b:PRICE_QUANTITY)">
        <xsl:call-template name="line-amount">
          <xsl:with-param name="quantity" select="$quantity"/>
          <xsl:with-param name="price" select="normalize-space($price/b:PRICE_AMOUNT)"/>
          <xsl:with-param name="base" select="normalize-space($price/b:PRICE_QUANTITY)"/>
        </xsl:call-template>
      </xsl:when>
      <xsl:otherwise>
        <xsl:call-template name="line-amount">
          <xsl:with-param name="quantity" select="$quantity"/>
          <xsl:with-param name="price" select="normalize-space($price/b:PRICE_AMOUNT)"/>
        </xsl:call-template>
      </xsl:otherwise>
    </xsl:choose>
  </xsl:template>

  <!-- Remarks, restrictions, discounts given only as a share, and what the price includes. -->
  <xsl:template match="o:ORDER_ITEM | o:ORDERCHANGE_ITEM" mode="line-notes">
    <xsl:for-each select="o:REMARKS"><xsl:call-template name="remark"/></xsl:for-each>
    <xsl:call-template name="restrictions"><xsl:with-param name="of" select="."/></xsl:call-template>
    <xsl:call-template name="shares">
      <xsl:with-param name="charges" select="o:PRODUCT_PRICE_FIX/o:ALLOW_OR_CHARGES_FIX/o:ALLOW_OR_CHARGE"/>
    </xsl:call-template>
    <xsl:for-each select="o:PRODUCT_PRICE_FIX/b:PRICE_FLAG[normalize-space()]">
      <cbc:Note><xsl:value-of select="concat('Price ', @type, ': ', normalize-space())"/></cbc:Note>
    </xsl:for-each>
  </xsl:template>

  <!-- An instalment for each PARTIAL_DELIVERY; without, the line's own date, else the order's. The line's own place,
       when it has one, and its own terms of delivery. -->
  <xsl:template match="o:ORDER_ITEM | o:ORDERCHANGE_ITEM" mode="line-deliveries">
    <xsl:variable name="dates" select="o:DELIVERY_DATE | $info[not(current()/o:DELIVERY_DATE)]/o:DELIVERY_DATE"/>
    <xsl:variable name="shipment" select="o:SHIPMENT_PARTIES_REFERENCE"/>
    <xsl:variable name="reference"
                  select="normalize-space(($shipment/o:FINAL_DELIVERY_IDREF | $shipment/o:DELIVERY_IDREF)[1])"/>
    <xsl:variable name="unit" select="normalize-space(b:ORDER_UNIT)"/>
    <xsl:variable name="parts" select="o:PARTIAL_DELIVERY_LIST/o:PARTIAL_DELIVERY"/>
    <xsl:for-each select="$parts | self::*[not($parts)]">
      <xsl:variable name="own-dates" select="o:DELIVERY_DATE | $dates[not(current()/o:DELIVERY_DATE)]"/>
      <xsl:call-template name="delivery-to">
        <xsl:with-param name="place" select="$parties[$reference != ''][b:PARTY_ID = $reference][1]"/>
        <xsl:with-param name="reference" select="$reference"/>
        <xsl:with-param name="dates" select="$own-dates"/>
        <xsl:with-param name="words" select="string($own-dates/@type)"/>
        <xsl:with-param name="quantity" select="normalize-space(o:QUANTITY)"/>
        <xsl:with-param name="unit" select="$unit"/>
      </xsl:call-template>
    </xsl:for-each>
    <xsl:call-template name="transport"><xsl:with-param name="of" select="."/></xsl:call-template>
  </xsl:template>

  <xsl:template match="o:ORDER_ITEM | o:ORDERCHANGE_ITEM" mode="price-details">
    <xsl:for-each select="o:PRODUCT_PRICE_FIX/o:PRICE_BASE_FIX/*[local-name() = 'PRICE_UNIT_FACTOR']
                          [normalize-space()]">
      <cbc:OrderableUnitFactorRate><xsl:value-of select="normalize-space()"/></cbc:OrderableUnitFactorRate>
    </xsl:for-each>
  </xsl:template>

  <!-- Drawings and data sheets of the item. -->
  <xsl:template match="o:ORDER_ITEM | o:ORDERCHANGE_ITEM" mode="item-documents">
    <xsl:for-each select="o:MIME_INFO/b:MIME | o:MIME_INFO/o:MIME | b:MIME_INFO/b:MIME">
      <xsl:call-template name="mime">
        <xsl:with-param name="name" select="'ItemSpecificationDocumentReference'"/>
      </xsl:call-template>
    </xsl:for-each>
  </xsl:template>

  <!-- The tax of the line, where the sender has worked it out. -->
  <xsl:template match="o:ORDER_ITEM | o:ORDERCHANGE_ITEM" mode="line-taxes">
    <xsl:for-each select="o:PRODUCT_PRICE_FIX/o:TAX_DETAILS_FIX/b:TAX_AMOUNT[normalize-space()]
                          | o:PRODUCT_PRICE_FIX/o:TAX_DETAILS_FIX/o:TAX_AMOUNT[normalize-space()]">
      <cac:TaxTotal>
        <cbc:TaxAmount currencyID="{$currency}"><xsl:value-of select="normalize-space()"/></cbc:TaxAmount>
      </cac:TaxTotal>
    </xsl:for-each>
  </xsl:template>

  <xsl:template match="o:ORDER_ITEM | o:ORDERCHANGE_ITEM" mode="line-charges">
    <xsl:call-template name="amounts-of-charges">
      <xsl:with-param name="charges" select="o:PRODUCT_PRICE_FIX/o:ALLOW_OR_CHARGES_FIX/o:ALLOW_OR_CHARGE"/>
    </xsl:call-template>
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
                          | o:PRODUCT_ID/o:CONFIG_CODE_FIX | o:PRODUCT_ID/o:LOT_NUMBER | o:PRODUCT_ID/o:SERIAL_NUMBER
                          | o:PRODUCT_ID/b:PRODUCT_TYPE | o:PRODUCT_ID/o:MANUFACTURER_INFO/b:MANUFACTURER_TYPE_DESCR
                          | b:SPECIAL_TREATMENT_CLASS | o:SPECIAL_TREATMENT_CLASS">
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
    <xsl:for-each select="o:PRODUCT_ID/o:MANUFACTURER_INFO/b:MANUFACTURER_IDREF[normalize-space()]">
      <xsl:variable name="maker" select="$parties[b:PARTY_ID = normalize-space(current())][1]"/>
      <xsl:call-template name="party">
        <xsl:with-param name="name" select="'ManufacturerParty'"/>
        <xsl:with-param name="id" select="normalize-space()"/>
        <xsl:with-param name="party-name" select="normalize-space($maker/o:ADDRESS[1]/b:NAME)"/>
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
        <xsl:with-param name="id" select="normalize-space(concat(b:AGREEMENT_ID, ' ', b:AGREEMENT_LINE_ID))"/>
        <xsl:with-param name="type" select="'Agreement'"/>
        <xsl:with-param name="description" select="normalize-space(o:AGREEMENT_DESCR)"/>
      </xsl:call-template>
    </xsl:for-each>
    <xsl:for-each select="o:SOURCING_INFO/o:CATALOG_REFERENCE">
      <xsl:call-template name="catalogue"><xsl:with-param name="name" select="'DocumentReference'"/></xsl:call-template>
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
