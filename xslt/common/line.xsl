<?xml version="1.0" encoding="UTF-8"?>
<!-- One order line with its item and price.

     A mapping calls "order-line" with the source's line as the current node, and may write templates for
     that node in these modes (empty without):

       line-notes         cbc:Note; simpler ones are given as `note` (a text) or `notes` (nodes of the source)
       line-deliveries    cac:Delivery, one for each instalment; cac:DeliveryTerms of the line after them
       line-charges       cac:AllowanceCharge
       price-details      cac:Price after its BaseQuantity: cbc:OrderableUnitFactorRate, cac:AllowanceCharge ...
       item-documents     cac:ItemSpecificationDocumentReference (drawings, specifications)
       item-classes       cac:OriginCountry, cac:CommodityClassification, cac:ClassifiedTaxCategory
       item-properties    cac:AdditionalItemProperty, cac:ManufacturerParty, cac:ItemInstance, cac:Dimension
       sub-lines          cac:SubLineItem (components): "order-line" with `sub-line` true writes one
       line-taxes         cac:TaxTotal
       line-references    cac:OrderLineReference, cac:DocumentReference after the line item -->
<xsl:stylesheet version="1.0"
    xmlns:xsl="http://www.w3.org/1999/XSL/Transform"
    xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
    xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">

  <xsl:template name="order-line">
    <xsl:param name="number"/>
    <xsl:param name="notes" select="/.."/>
    <xsl:param name="note"/>
    <xsl:param name="quantity"/>
    <xsl:param name="unit"/>
    <xsl:param name="amount"/>
    <xsl:param name="currency"/>
    <xsl:param name="partial-delivery"/>
    <xsl:param name="accounting-cost"/>
    <xsl:param name="price"/>
    <xsl:param name="price-base"/>
    <xsl:param name="price-unit" select="$unit"/>
    <xsl:param name="description"/>
    <xsl:param name="item-name"/>
    <xsl:param name="buyers-item"/>
    <xsl:param name="revision"/>
    <xsl:param name="sellers-item"/>
    <xsl:param name="sellers-item-extended"/>
    <xsl:param name="manufacturers-item"/>
    <xsl:param name="standard-item"/>
    <xsl:param name="standard-scheme"/>
    <xsl:param name="status"/>
    <xsl:param name="sub-line" select="false()"/>
    <xsl:variable name="all-notes">
      <xsl:apply-templates select="." mode="line-notes"/>
      <xsl:for-each select="$notes[normalize-space()]">
        <cbc:Note><xsl:value-of select="normalize-space()"/></cbc:Note>
      </xsl:for-each>
      <xsl:if test="string($note)">
        <cbc:Note><xsl:value-of select="translate($note, '&#13;', '')"/></cbc:Note>
      </xsl:if>
    </xsl:variable>
    <xsl:variable name="line-item">
      <cbc:ID><xsl:value-of select="$number"/></cbc:ID>
      <xsl:if test="$sub-line"><xsl:copy-of select="$all-notes"/></xsl:if>
      <xsl:if test="string($status)"><cbc:LineStatusCode><xsl:value-of select="$status"/></cbc:LineStatusCode></xsl:if>
      <xsl:call-template name="quantity">
        <xsl:with-param name="value" select="$quantity"/>
        <xsl:with-param name="unit" select="$unit"/>
      </xsl:call-template>
      <xsl:call-template name="amount">
        <xsl:with-param name="name" select="'LineExtensionAmount'"/>
        <xsl:with-param name="value" select="$amount"/>
        <xsl:with-param name="currency" select="$currency"/>
      </xsl:call-template>
      <xsl:if test="string($partial-delivery)">
        <cbc:PartialDeliveryIndicator><xsl:value-of select="$partial-delivery"/></cbc:PartialDeliveryIndicator>
      </xsl:if>
      <xsl:if test="string($accounting-cost)">
        <cbc:AccountingCost><xsl:value-of select="$accounting-cost"/></cbc:AccountingCost>
      </xsl:if>
      <xsl:apply-templates select="." mode="line-deliveries"/>
      <xsl:apply-templates select="." mode="line-charges"/>
      <xsl:call-template name="price">
        <xsl:with-param name="price" select="$price"/>
        <xsl:with-param name="currency" select="$currency"/>
        <xsl:with-param name="base" select="$price-base"/>
        <xsl:with-param name="unit" select="$price-unit"/>
      </xsl:call-template>
      <cac:Item>
        <xsl:if test="string($description)">
          <cbc:Description><xsl:value-of select="$description"/></cbc:Description>
        </xsl:if>
        <xsl:if test="string($item-name)"><cbc:Name><xsl:value-of select="$item-name"/></cbc:Name></xsl:if>
        <xsl:call-template name="item-identification">
          <xsl:with-param name="name" select="'BuyersItemIdentification'"/>
          <xsl:with-param name="id" select="$buyers-item"/>
          <xsl:with-param name="revision" select="$revision"/>
        </xsl:call-template>
        <xsl:call-template name="item-identification">
          <xsl:with-param name="name" select="'SellersItemIdentification'"/>
          <xsl:with-param name="id" select="$sellers-item"/>
          <xsl:with-param name="revision" select="$sellers-item-extended"/>
        </xsl:call-template>
        <xsl:call-template name="item-identification">
          <xsl:with-param name="name" select="'ManufacturersItemIdentification'"/>
          <xsl:with-param name="id" select="$manufacturers-item"/>
        </xsl:call-template>
        <xsl:call-template name="item-identification">
          <xsl:with-param name="name" select="'StandardItemIdentification'"/>
          <xsl:with-param name="id" select="$standard-item"/>
          <xsl:with-param name="scheme" select="$standard-scheme"/>
        </xsl:call-template>
        <xsl:apply-templates select="." mode="item-documents"/>
        <xsl:apply-templates select="." mode="item-classes"/>
        <xsl:apply-templates select="." mode="item-properties"/>
      </cac:Item>
      <xsl:apply-templates select="." mode="sub-lines"/>
      <xsl:apply-templates select="." mode="line-taxes"/>
    </xsl:variable>
    <xsl:choose>
      <xsl:when test="$sub-line">
        <cac:SubLineItem><xsl:copy-of select="$line-item"/></cac:SubLineItem>
      </xsl:when>
      <xsl:otherwise>
        <cac:OrderLine>
          <xsl:copy-of select="$all-notes"/>
          <cac:LineItem><xsl:copy-of select="$line-item"/></cac:LineItem>
          <xsl:apply-templates select="." mode="line-references"/>
        </cac:OrderLine>
      </xsl:otherwise>
    </xsl:choose>
  </xsl:template>

  <xsl:template match="node()" mode="line-notes"/>
  <xsl:template match="node()" mode="line-deliveries"/>
  <xsl:template match="node()" mode="line-charges"/>
  <xsl:template match="node()" mode="price-details"/>
  <xsl:template match="node()" mode="item-documents"/>
  <xsl:template match="node()" mode="item-classes"/>
  <xsl:template match="node()" mode="item-properties"/>
  <xsl:template match="node()" mode="sub-lines"/>
  <xsl:template match="node()" mode="line-taxes"/>
  <xsl:template match="node()" mode="line-references"/>

  <!-- The price of so many units as `base` says, as precise as the source has it. An unknown price is
       left out: it is not zero. -->
  <xsl:template name="price">
    <xsl:param name="price"/>
    <xsl:param name="currency"/>
    <xsl:param name="base"/>
    <xsl:param name="unit"/>
    <xsl:if test="string($price)">
      <cac:Price>
        <cbc:PriceAmount currencyID="{$currency}"><xsl:value-of select="$price"/></cbc:PriceAmount>
        <xsl:call-template name="quantity">
          <xsl:with-param name="name" select="'BaseQuantity'"/>
          <xsl:with-param name="value" select="$base"/>
          <xsl:with-param name="unit" select="$unit"/>
        </xsl:call-template>
        <xsl:apply-templates select="." mode="price-details"/>
      </cac:Price>
    </xsl:if>
  </xsl:template>

  <xsl:template name="item-identification">
    <xsl:param name="name"/>
    <xsl:param name="id"/>
    <xsl:param name="revision"/>
    <xsl:param name="scheme"/>
    <xsl:if test="string($id)">
      <xsl:element name="cac:{$name}">
        <cbc:ID>
          <xsl:if test="string($scheme)">
            <xsl:attribute name="schemeID"><xsl:value-of select="$scheme"/></xsl:attribute>
          </xsl:if>
          <xsl:value-of select="$id"/>
        </cbc:ID>
        <xsl:if test="string($revision)"><cbc:ExtendedID><xsl:value-of select="$revision"/></cbc:ExtendedID></xsl:if>
      </xsl:element>
    </xsl:if>
  </xsl:template>

  <!-- A drawing or specification of the item, with its revision. -->
  <xsl:template name="item-document">
    <xsl:param name="id"/>
    <xsl:param name="type"/>
    <xsl:param name="version"/>
    <xsl:if test="string($id)">
      <cac:ItemSpecificationDocumentReference>
        <cbc:ID><xsl:value-of select="$id"/></cbc:ID>
        <xsl:if test="string($type)"><cbc:DocumentType><xsl:value-of select="$type"/></cbc:DocumentType></xsl:if>
        <xsl:if test="string($version)"><cbc:VersionID><xsl:value-of select="$version"/></cbc:VersionID></xsl:if>
      </cac:ItemSpecificationDocumentReference>
    </xsl:if>
  </xsl:template>

  <!-- A free attribute of the item: its name and its value, or its quantity and unit. -->
  <xsl:template name="item-property">
    <xsl:param name="name"/>
    <xsl:param name="value"/>
    <xsl:param name="quantity"/>
    <xsl:param name="unit"/>
    <xsl:if test="string($name) and concat($value, $quantity) != ''">
      <cac:AdditionalItemProperty>
        <cbc:Name><xsl:value-of select="$name"/></cbc:Name>
        <xsl:if test="string($value)"><cbc:Value><xsl:value-of select="$value"/></cbc:Value></xsl:if>
        <xsl:call-template name="quantity">
          <xsl:with-param name="name" select="'ValueQuantity'"/>
          <xsl:with-param name="value" select="$quantity"/>
          <xsl:with-param name="unit" select="$unit"/>
        </xsl:call-template>
      </cac:AdditionalItemProperty>
    </xsl:if>
  </xsl:template>

  <!-- A discount (charge = false) or surcharge (charge = true) with its reason; nothing without an amount. -->
  <xsl:template name="allowance-charge">
    <xsl:param name="charge" select="'false'"/>
    <xsl:param name="reason"/>
    <xsl:param name="factor"/>
    <xsl:param name="amount"/>
    <xsl:param name="base-amount"/>
    <xsl:param name="currency"/>
    <xsl:if test="string($amount)">
      <cac:AllowanceCharge>
        <cbc:ChargeIndicator><xsl:value-of select="$charge"/></cbc:ChargeIndicator>
        <xsl:if test="string($reason)">
          <cbc:AllowanceChargeReason><xsl:value-of select="$reason"/></cbc:AllowanceChargeReason>
        </xsl:if>
        <xsl:if test="string($factor)">
          <cbc:MultiplierFactorNumeric><xsl:value-of select="$factor"/></cbc:MultiplierFactorNumeric>
        </xsl:if>
        <cbc:Amount currencyID="{$currency}"><xsl:value-of select="$amount"/></cbc:Amount>
        <xsl:call-template name="amount">
          <xsl:with-param name="name" select="'BaseAmount'"/>
          <xsl:with-param name="value" select="$base-amount"/>
          <xsl:with-param name="currency" select="$currency"/>
        </xsl:call-template>
      </cac:AllowanceCharge>
    </xsl:if>
  </xsl:template>

  <!-- The tax of an amount, with its rate; nothing without a rate. -->
  <xsl:template name="tax-subtotal">
    <xsl:param name="taxable"/>
    <xsl:param name="tax"/>
    <xsl:param name="currency"/>
    <xsl:param name="category"/>
    <xsl:param name="percent"/>
    <xsl:param name="scheme" select="'VAT'"/>
    <cac:TaxSubtotal>
      <xsl:call-template name="amount">
        <xsl:with-param name="name" select="'TaxableAmount'"/>
        <xsl:with-param name="value" select="$taxable"/>
        <xsl:with-param name="currency" select="$currency"/>
      </xsl:call-template>
      <cbc:TaxAmount currencyID="{$currency}"><xsl:value-of select="$tax"/></cbc:TaxAmount>
      <xsl:call-template name="tax-category">
        <xsl:with-param name="category" select="$category"/>
        <xsl:with-param name="percent" select="$percent"/>
        <xsl:with-param name="scheme" select="$scheme"/>
      </xsl:call-template>
    </cac:TaxSubtotal>
  </xsl:template>

  <xsl:template name="tax-category">
    <xsl:param name="name" select="'TaxCategory'"/>
    <xsl:param name="category"/>
    <xsl:param name="percent"/>
    <xsl:param name="scheme" select="'VAT'"/>
    <xsl:element name="cac:{$name}">
      <xsl:if test="string($category)"><cbc:ID><xsl:value-of select="$category"/></cbc:ID></xsl:if>
      <xsl:if test="string($percent)"><cbc:Percent><xsl:value-of select="$percent"/></cbc:Percent></xsl:if>
      <cac:TaxScheme><cbc:ID><xsl:value-of select="$scheme"/></cbc:ID></cac:TaxScheme>
    </xsl:element>
  </xsl:template>

</xsl:stylesheet>
