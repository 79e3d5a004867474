<?xml version="1.0" encoding="UTF-8"?>
<!-- Rows to order lines. LineNum is the row's key (the first is 0), the number that a response must come back with. -->
<xsl:stylesheet version="1.0"
    xmlns:xsl="http://www.w3.org/1999/XSL/Transform"
    xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
    xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">

  <xsl:template match="order" mode="lines">
    <xsl:for-each select="$rows">
      <xsl:variable name="figure" select="$figures[@id = generate-id(current())]"/>
      <xsl:variable name="catalogue" select="(SubCatNum | SupplierCatNum)[normalize-space()]"/>
      <xsl:variable name="maker" select="VendorNum[normalize-space()]"/>
      <xsl:variable name="partial" select="normalize-space($head/PartSupply | $head/PartialSupply)"/>
      <xsl:variable name="bars" select="normalize-space(CodeBars | BarCode)"/>
      <xsl:call-template name="order-line">
        <xsl:with-param name="number" select="normalize-space(LineNum)"/>
        <xsl:with-param name="note" select="normalize-space(FreeTxt | FreeText)"/>
        <xsl:with-param name="quantity" select="normalize-space(Quantity[translate(., '0. -', '')
                                                or not($head/DocType = 'S' or $head/DocType = 'dDocument_Service')])"/>
        <xsl:with-param name="unit"><xsl:call-template name="unit-of-row"/></xsl:with-param>
        <xsl:with-param name="amount" select="string($figure/@net)"/>
        <xsl:with-param name="currency" select="$currency"/>
        <xsl:with-param name="partial-delivery">
          <xsl:choose>
            <xsl:when test="$partial = 'Y' or $partial = 'tYES'">true</xsl:when>
            <xsl:when test="$partial = 'N' or $partial = 'tNO'">false</xsl:when>
          </xsl:choose>
        </xsl:with-param>
        <xsl:with-param name="accounting-cost" select="normalize-space(OcrCode | CostingCode)"/>
        <xsl:with-param name="price" select="string($figure/@price)"/>
        <xsl:with-param name="description" select="normalize-space(Text | ItemDetails)"/>
        <xsl:with-param name="item-name" select="normalize-space(Dscription | ItemDescription)"/>
        <xsl:with-param name="buyers-item" select="normalize-space(ItemCode)"/>
        <xsl:with-param name="revision" select="normalize-space(U_Revision[contains($fields-for-supplier,
                                                ' U_Revision ')])"/>
        <xsl:with-param name="sellers-item" select="normalize-space($catalogue | $maker[not($catalogue)])"/>
        <xsl:with-param name="manufacturers-item" select="normalize-space($maker[$catalogue][. != $catalogue])"/>
        <xsl:with-param name="standard-item" select="$bars"/>
        <xsl:with-param name="standard-scheme">
          <xsl:if test="translate($bars, '0123456789', '') = ''">GTIN</xsl:if>
        </xsl:with-param>
      </xsl:call-template>
    </xsl:for-each>
  </xsl:template>

  <xsl:template name="unit-of-row">
    <xsl:value-of select="normalize-space((unitMsr | MeasureUnit)[normalize-space()] | (UomCode
                          | UoMCode)[not(normalize-space(../unitMsr | ../MeasureUnit))])"/>
  </xsl:template>

  <!-- Text rows that stand behind this one, and an address of its own. -->
  <xsl:template match="row" mode="line-notes">
    <xsl:variable name="number" select="normalize-space(LineNum)"/>
    <xsl:for-each select="$texts[normalize-space(AftLineNum | AfterLineNumber) = $number]">
      <xsl:call-template name="note"><xsl:with-param name="text" select="LineText"/></xsl:call-template>
    </xsl:for-each>
    <xsl:if test="normalize-space(ShipToDesc) != normalize-space($head/Address2)">
      <xsl:call-template name="note">
        <xsl:with-param name="label" select="'Deliver to'"/>
        <xsl:with-param name="text" select="normalize-space(ShipToDesc)"/>
      </xsl:call-template>
    </xsl:if>
  </xsl:template>

  <xsl:template match="row" mode="line-deliveries">
    <xsl:call-template name="delivery">
      <xsl:with-param name="quantity" select="normalize-space(Quantity[translate(., '0. -', '')])"/>
      <xsl:with-param name="unit"><xsl:call-template name="unit-of-row"/></xsl:with-param>
      <xsl:with-param name="until">
        <xsl:call-template name="day"><xsl:with-param name="moment" select="ShipDate"/></xsl:call-template>
      </xsl:with-param>
    </xsl:call-template>
  </xsl:template>

  <xsl:template match="row" mode="line-charges">
    <xsl:variable name="figure" select="$figures[@id = generate-id(current())]"/>
    <xsl:if test="translate($figure/@discount, '0.-', '')">
      <xsl:call-template name="allowance-charge">
        <xsl:with-param name="charge" select="string(starts-with($figure/@discount, '-'))"/>
        <xsl:with-param name="reason" select="'Discount'"/>
        <xsl:with-param name="factor">
          <xsl:call-template name="percent-as-factor">
            <xsl:with-param name="percent" select="translate(normalize-space(DiscPrcnt | DiscountPercent), '-', '')"/>
          </xsl:call-template>
        </xsl:with-param>
        <xsl:with-param name="amount" select="translate($figure/@discount, '-', '')"/>
        <xsl:with-param name="base-amount" select="string($figure/@gross)"/>
        <xsl:with-param name="currency" select="$currency"/>
      </xsl:call-template>
    </xsl:if>
  </xsl:template>

  <xsl:template match="row" mode="item-documents">
    <xsl:call-template name="item-document">
      <xsl:with-param name="id" select="normalize-space(U_Drawing[contains($fields-for-supplier, ' U_Drawing ')])"/>
      <xsl:with-param name="type" select="'Drawing'"/>
    </xsl:call-template>
  </xsl:template>

  <xsl:template match="row" mode="item-classes">
    <xsl:call-template name="country">
      <xsl:with-param name="name" select="'OriginCountry'"/>
      <xsl:with-param name="country" select="normalize-space(CountryOrg)"/>
    </xsl:call-template>
    <xsl:if test="normalize-space(VatPrcnt | TaxPercentagePerRow)">
      <xsl:call-template name="tax-category">
        <xsl:with-param name="name" select="'ClassifiedTaxCategory'"/>
        <xsl:with-param name="category" select="normalize-space(VatGroup
                                                | TaxCode[not(normalize-space(../VatGroup))])"/>
        <xsl:with-param name="percent" select="normalize-space(VatPrcnt | TaxPercentagePerRow)"/>
      </xsl:call-template>
    </xsl:if>
  </xsl:template>

  <xsl:template match="row" mode="item-properties">
    <xsl:variable name="pieces" select="normalize-space(NumPerMsr | UnitsOfMeasurment)"/>
    <xsl:if test="translate($pieces, '0.', '') != '' and number($pieces) != 1">
      <xsl:call-template name="item-property">
        <xsl:with-param name="name" select="'Items per unit'"/>
        <xsl:with-param name="quantity" select="$pieces"/>
      </xsl:call-template>
    </xsl:if>
    <xsl:call-template name="item-property">
      <xsl:with-param name="name" select="'Warehouse'"/>
      <xsl:with-param name="value" select="normalize-space(WhsCode | WarehouseCode)"/>
    </xsl:call-template>
    <xsl:call-template name="item-property">
      <xsl:with-param name="name" select="'Project'"/>
      <xsl:with-param name="value" select="normalize-space(Project | ProjectCode)"/>
    </xsl:call-template>
    <xsl:for-each select="*[contains($fields-for-supplier, concat(' ', local-name(), ' '))][not(self::U_Revision
                          or self::U_Drawing)]">
      <xsl:call-template name="item-property">
        <xsl:with-param name="name" select="local-name()"/>
        <xsl:with-param name="value" select="normalize-space()"/>
      </xsl:call-template>
    </xsl:for-each>
  </xsl:template>

</xsl:stylesheet>
