<?xml version="1.0" encoding="UTF-8"?>
<!-- cXML items to order lines. An item that names a parent line is a component of that line. -->
<xsl:stylesheet version="1.0"
    xmlns:xsl="http://www.w3.org/1999/XSL/Transform"
    xmlns:exsl="http://exslt.org/common"
    xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
    xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
    exclude-result-prefixes="exsl">

  <xsl:variable name="gtin-domains" select="' EAN-13 EANID GTIN UPC UPC-12 ean gtin upc '"/>

  <xsl:template match="order" mode="lines">
    <xsl:for-each select="$items">
      <xsl:call-template name="item">
        <xsl:with-param name="position" select="position()"/>
      </xsl:call-template>
    </xsl:for-each>
  </xsl:template>

  <!-- An item as a line of the order, or as a line below one. Without a number it bears its place. -->
  <xsl:template name="item">
    <xsl:param name="position"/>
    <xsl:param name="sub-line" select="false()"/>
    <xsl:variable name="detail" select="ItemDetail | BlanketItemDetail"/>
    <xsl:variable name="basis" select="$detail/PriceBasisQuantity"/>
    <xsl:variable name="money" select="$detail/UnitPrice/Money"/>
    <xsl:variable name="unit" select="normalize-space($detail/UnitOfMeasure)"/>
    <xsl:variable name="description" select="$detail/Description[1]"/>
    <xsl:variable name="text">
      <xsl:for-each select="$description"><xsl:call-template name="own-text"/></xsl:for-each>
    </xsl:variable>
    <xsl:variable name="short" select="normalize-space($description/ShortName)"/>
    <xsl:variable name="gtin" select="ItemID/IdReference[contains($gtin-domains, concat(' ', @domain, ' '))][1]"/>
    <xsl:call-template name="order-line">
      <xsl:with-param name="sub-line" select="$sub-line"/>
      <xsl:with-param name="number">
        <xsl:choose>
          <xsl:when test="normalize-space(@lineNumber)"><xsl:value-of select="normalize-space(@lineNumber)"/></xsl:when>
          <xsl:otherwise><xsl:value-of select="$position"/></xsl:otherwise>
        </xsl:choose>
      </xsl:with-param>
      <xsl:with-param name="quantity" select="normalize-space(@quantity)"/>
      <xsl:with-param name="unit" select="$unit"/>
      <xsl:with-param name="amount"><xsl:call-template name="amount-of-item"/></xsl:with-param>
      <xsl:with-param name="currency"
                      select="string(($money/@currency | $header[not($money)]/Total/Money/@currency)[1])"/>
      <xsl:with-param name="partial-delivery">
        <xsl:if test="$header/@shipComplete = 'yes'">false</xsl:if>
      </xsl:with-param>
      <xsl:with-param name="accounting-cost"><xsl:call-template name="accounting"/></xsl:with-param>
      <xsl:with-param name="price">
        <xsl:variable name="adds-up"><xsl:call-template name="adds-up"/></xsl:variable>
        <xsl:if test="$adds-up != 'true' or number($money) != 0">
          <xsl:value-of select="normalize-space($money)"/>
        </xsl:if>
      </xsl:with-param>
      <xsl:with-param name="price-base" select="normalize-space($basis/@quantity)"/>
      <xsl:with-param name="price-unit"
                      select="normalize-space(($basis/UnitOfMeasure | $detail[not($basis)]/UnitOfMeasure)[1])"/>
      <xsl:with-param name="description"><xsl:if test="$short"><xsl:value-of select="$text"/></xsl:if></xsl:with-param>
      <xsl:with-param name="item-name">
        <xsl:choose>
          <xsl:when test="$short"><xsl:value-of select="$short"/></xsl:when>
          <xsl:otherwise><xsl:value-of select="$text"/></xsl:otherwise>
        </xsl:choose>
      </xsl:with-param>
      <xsl:with-param name="buyers-item" select="normalize-space(ItemID/BuyerPartID)"/>
      <xsl:with-param name="sellers-item" select="normalize-space(ItemID/SupplierPartID)"/>
      <xsl:with-param name="sellers-item-extended" select="normalize-space(ItemID/SupplierPartAuxiliaryID)"/>
      <xsl:with-param name="manufacturers-item" select="normalize-space($detail/ManufacturerPartID)"/>
      <xsl:with-param name="standard-item" select="normalize-space($gtin/@identifier)"/>
      <xsl:with-param name="standard-scheme" select="'GTIN'"/>
    </xsl:call-template>
  </xsl:template>

  <!-- "true" for a composite item whose parts bear the prices (itemLevel), not the item itself (groupLevel). -->
  <xsl:template name="adds-up">
    <xsl:variable name="is-free" select="not(number(ItemDetail/UnitPrice/Money) != 0)"/>
    <xsl:if test="@lineNumber and $all-items[@parentLineNumber = current()/@lineNumber]
                  and (@compositeItemType = 'itemLevel' or (not(@compositeItemType) and $is-free))">true</xsl:if>
  </xsl:template>

  <!-- What an item costs, with its parts where they bear prices of their own; empty when one is unknown. -->
  <xsl:template name="amount-of-item">
    <xsl:variable name="adds-up"><xsl:call-template name="adds-up"/></xsl:variable>
    <xsl:variable name="amounts-tree">
      <xsl:if test="$adds-up != 'true' or number(ItemDetail/UnitPrice/Money) != 0">
        <amount><xsl:call-template name="own-amount-of-item"/></amount>
      </xsl:if>
      <xsl:if test="$adds-up = 'true'">
        <xsl:for-each select="$all-items[@parentLineNumber = current()/@lineNumber]">
          <amount><xsl:call-template name="amount-of-item"/></amount>
        </xsl:for-each>
      </xsl:if>
    </xsl:variable>
    <xsl:variable name="amounts" select="exsl:node-set($amounts-tree)/amount"/>
    <xsl:if test="not($amounts[not(string())])">
      <xsl:call-template name="sum-of-amounts"><xsl:with-param name="amounts" select="$amounts"/></xsl:call-template>
    </xsl:if>
  </xsl:template>

  <!-- Quantity (in the unit of the price) times price, for so many units. Empty when the price is unknown, and
       when modifications stand beside it: whether the price holds them already, the sender does not say. -->
  <xsl:template name="own-amount-of-item">
    <xsl:variable name="price" select="normalize-space(ItemDetail/UnitPrice/Money)"/>
    <xsl:variable name="basis" select="ItemDetail/PriceBasisQuantity"/>
    <xsl:variable name="factor" select="normalize-space($basis/@conversionFactor)"/>
    <xsl:if test="$price and normalize-space(@quantity) and not(ItemDetail/UnitPrice/Modifications)">
      <xsl:variable name="quantity">
        <xsl:choose>
          <xsl:when test="$factor">
            <xsl:call-template name="exact-product">
              <xsl:with-param name="a" select="normalize-space(@quantity)"/>
              <xsl:with-param name="b" select="$factor"/>
            </xsl:call-template>
          </xsl:when>
          <xsl:otherwise><xsl:value-of select="normalize-space(@quantity)"/></xsl:otherwise>
        </xsl:choose>
      </xsl:variable>
      <xsl:variable name="base">
        <xsl:choose>
          <xsl:when test="normalize-space($basis/@quantity)">
            <xsl:value-of select="normalize-space($basis/@quantity)"/>
          </xsl:when>
          <xsl:otherwise>1</xsl:otherwise>
        </xsl:choose>
      </xsl:variable>
      <xsl:call-template name="line-amount">
        <xsl:with-param name="quantity" select="string($quantity)"/>
        <xsl:with-param name="price" select="$price"/>
        <xsl:with-param name="base" select="string($base)"/>
      </xsl:call-template>
    </xsl:if>
  </xsl:template>

  <!-- "CostCenter 4711; GLAccount 4000": where the buyer books the line. -->
  <xsl:template name="accounting">
    <xsl:for-each select="Distribution/Accounting/AccountingSegment | Distribution/Accounting/Segment">
      <xsl:if test="position() != 1">; </xsl:if>
      <xsl:value-of select="normalize-space(concat(Name, @type, ' ', @id))"/>
    </xsl:for-each>
  </xsl:template>

  <xsl:template match="ItemOut" mode="line-notes">
    <xsl:for-each select="Comments"><xsl:call-template name="comment"/></xsl:for-each>
    <xsl:apply-templates select="Contact" mode="as-note"/>
    <xsl:for-each select="ItemDetail/UnitPrice/Modifications/Modification">
      <xsl:variable name="percent" select="normalize-space(AdditionalCost/Percentage/@percent
                                                           | AdditionalDeduction/DeductionPercent/@percent)"/>
      <xsl:if test="$percent">
        <cbc:Note>
          <xsl:value-of select="normalize-space(concat(ModificationDetail/@name, ' ', $percent, ' %'))"/>
        </cbc:Note>
      </xsl:if>
    </xsl:for-each>
    <xsl:for-each select="Tolerances//Percentage[@percent]">
      <cbc:Note><xsl:value-of select="concat(local-name(..), ' ', @percent, ' %')"/></cbc:Note>
    </xsl:for-each>
  </xsl:template>

  <!-- A delivery for each ScheduleLine; without one, the line's own day, else the order's. A part of another
       item comes with that item, unless it says a day of its own. -->
  <xsl:template match="ItemOut" mode="line-deliveries">
    <xsl:variable name="item" select="."/>
    <xsl:for-each select="ScheduleLine">
      <xsl:variable name="unit" select="UnitOfMeasure | $item[not(current()/UnitOfMeasure)]/ItemDetail/UnitOfMeasure"/>
      <xsl:call-template name="delivery-at">
        <xsl:with-param name="place" select="$item/ShipTo"/>
        <xsl:with-param name="id" select="normalize-space(@lineNumber)"/>
        <xsl:with-param name="quantity" select="normalize-space(@quantity)"/>
        <xsl:with-param name="unit" select="normalize-space($unit)"/>
        <xsl:with-param name="until" select="substring(@requestedDeliveryDate, 1, 10)"/>
        <xsl:with-param name="despatch-date" select="substring(@requestedShipmentDate, 1, 10)"/>
      </xsl:call-template>
    </xsl:for-each>
    <xsl:if test="not(ScheduleLine)">
      <xsl:variable name="own-day" select="@requestedDeliveryDate[normalize-space()]"/>
      <xsl:variable name="is-whole" select="not(normalize-space(@parentLineNumber))"/>
      <xsl:variable name="days" select="$own-day | $header[not($own-day) and $is-whole]/@requestedDeliveryDate"/>
      <xsl:call-template name="delivery-at">
        <xsl:with-param name="place" select="ShipTo"/>
        <xsl:with-param name="quantity" select="normalize-space(@quantity)"/>
        <xsl:with-param name="unit" select="normalize-space(ItemDetail/UnitOfMeasure)"/>
        <xsl:with-param name="until" select="substring($days, 1, 10)"/>
        <xsl:with-param name="despatch-date" select="substring(@requestedShipmentDate, 1, 10)"/>
      </xsl:call-template>
    </xsl:if>
    <xsl:for-each select="TermsOfDelivery"><xsl:call-template name="terms-of-delivery"/></xsl:for-each>
  </xsl:template>

  <xsl:template match="ItemOut" mode="line-charges">
    <xsl:for-each select="ItemDetail/UnitPrice/Modifications/Modification">
      <xsl:call-template name="modification"/>
    </xsl:for-each>
    <xsl:for-each select="Shipping"><xsl:call-template name="shipping"/></xsl:for-each>
  </xsl:template>

  <xsl:template match="ItemOut" mode="price-details">
    <xsl:for-each select="ItemDetail/PriceBasisQuantity/@conversionFactor[number() != 1]">
      <cbc:OrderableUnitFactorRate><xsl:value-of select="normalize-space()"/></cbc:OrderableUnitFactorRate>
    </xsl:for-each>
  </xsl:template>

  <xsl:template match="ItemOut" mode="item-documents">
    <xsl:call-template name="item-document">
      <xsl:with-param name="id" select="normalize-space(ItemDetail/URL)"/>
      <xsl:with-param name="type" select="'URL'"/>
    </xsl:call-template>
  </xsl:template>

  <xsl:template match="ItemOut" mode="item-classes">
    <xsl:for-each select="ItemDetail/Classification[normalize-space()]">
      <cac:CommodityClassification>
        <cbc:ItemClassificationCode>
          <xsl:if test="normalize-space(@domain)">
            <xsl:attribute name="listID"><xsl:value-of select="normalize-space(@domain)"/></xsl:attribute>
          </xsl:if>
          <xsl:value-of select="normalize-space()"/>
        </cbc:ItemClassificationCode>
      </cac:CommodityClassification>
    </xsl:for-each>
  </xsl:template>

  <xsl:template match="ItemOut" mode="item-properties">
    <xsl:for-each select="ItemID/IdReference[not(contains($gtin-domains, concat(' ', @domain, ' ')))]">
      <xsl:call-template name="item-property">
        <xsl:with-param name="name" select="normalize-space(@domain)"/>
        <xsl:with-param name="value" select="normalize-space(@identifier)"/>
      </xsl:call-template>
    </xsl:for-each>
    <xsl:for-each select="SupplierID">
      <xsl:call-template name="item-property">
        <xsl:with-param name="name" select="normalize-space(concat('SupplierID ', @domain))"/>
        <xsl:with-param name="value" select="normalize-space()"/>
      </xsl:call-template>
    </xsl:for-each>
    <xsl:call-template name="item-property">
      <xsl:with-param name="name" select="'LeadTime'"/>
      <xsl:with-param name="value" select="normalize-space(ItemDetail/LeadTime)"/>
    </xsl:call-template>
    <xsl:for-each select="ItemDetail/ItemDetailIndustry//Characteristic">
      <xsl:call-template name="item-property">
        <xsl:with-param name="name" select="normalize-space(@domain)"/>
        <xsl:with-param name="value" select="normalize-space(concat(@value, ' ', @code))"/>
      </xsl:call-template>
    </xsl:for-each>
    <xsl:for-each select="ItemDetail/Extrinsic | Extrinsic">
      <xsl:call-template name="item-property">
        <xsl:with-param name="name" select="normalize-space(@name)"/>
        <xsl:with-param name="value" select="normalize-space()"/>
      </xsl:call-template>
    </xsl:for-each>
    <xsl:for-each select="Packaging">
      <xsl:call-template name="item-property">
        <xsl:with-param name="name" select="'Packaging'"/>
        <xsl:with-param name="value" select="normalize-space(concat(PackagingCode, ' ', Description))"/>
      </xsl:call-template>
    </xsl:for-each>
    <xsl:for-each select="ItemDetail/ManufacturerName[normalize-space()][1]">
      <cac:ManufacturerParty>
        <cac:PartyName><cbc:Name><xsl:value-of select="normalize-space()"/></cbc:Name></cac:PartyName>
      </cac:ManufacturerParty>
    </xsl:for-each>
    <xsl:for-each select="Batch/BuyerBatchID[normalize-space()] | Batch/SupplierBatchID[normalize-space()]">
      <cac:ItemInstance>
        <cac:LotIdentification>
          <cbc:LotNumberID><xsl:value-of select="normalize-space()"/></cbc:LotNumberID>
        </cac:LotIdentification>
      </cac:ItemInstance>
    </xsl:for-each>
    <xsl:for-each select="ItemDetail/Dimension[normalize-space(@quantity) and normalize-space(UnitOfMeasure)]">
      <cac:Dimension>
        <cbc:AttributeID><xsl:value-of select="normalize-space(@type)"/></cbc:AttributeID>
        <cbc:Measure unitCode="{normalize-space(UnitOfMeasure)}">
          <xsl:value-of select="normalize-space(@quantity)"/>
        </cbc:Measure>
      </cac:Dimension>
    </xsl:for-each>
  </xsl:template>

  <!-- Items below this one, and what the supplier gets to work on (subcontracting). -->
  <xsl:template match="ItemOut" mode="sub-lines">
    <xsl:for-each select="$all-items[@parentLineNumber = current()/@lineNumber]">
      <xsl:call-template name="item">
        <xsl:with-param name="position" select="position()"/>
        <xsl:with-param name="sub-line" select="true()"/>
      </xsl:call-template>
    </xsl:for-each>
    <xsl:for-each select="ScheduleLine/SubcontractingComponent">
      <xsl:call-template name="order-line">
        <xsl:with-param name="sub-line" select="true()"/>
        <xsl:with-param name="number">
          <xsl:choose>
            <xsl:when test="normalize-space(ComponentID)">
              <xsl:value-of select="normalize-space(ComponentID)"/>
            </xsl:when>
            <xsl:otherwise><xsl:value-of select="position()"/></xsl:otherwise>
          </xsl:choose>
        </xsl:with-param>
        <xsl:with-param name="quantity" select="normalize-space(@quantity)"/>
        <xsl:with-param name="unit" select="normalize-space(UnitOfMeasure)"/>
        <xsl:with-param name="item-name" select="normalize-space(Description[1])"/>
        <xsl:with-param name="buyers-item" select="normalize-space(Product/BuyerPartID)"/>
        <xsl:with-param name="sellers-item" select="normalize-space(Product/SupplierPartID)"/>
      </xsl:call-template>
    </xsl:for-each>
  </xsl:template>

  <xsl:template match="ItemOut" mode="line-taxes">
    <xsl:for-each select="Tax"><xsl:call-template name="tax"/></xsl:for-each>
  </xsl:template>

  <xsl:template match="ItemOut" mode="line-references">
    <xsl:call-template name="document-reference">
      <xsl:with-param name="name" select="'DocumentReference'"/>
      <xsl:with-param name="id" select="normalize-space(@requisitionID)"/>
      <xsl:with-param name="type" select="'Requisition'"/>
    </xsl:call-template>
    <xsl:for-each select="MasterAgreementReference/@agreementID | MasterAgreementIDInfo/@agreementID">
      <xsl:call-template name="document-reference">
        <xsl:with-param name="name" select="'DocumentReference'"/>
        <xsl:with-param name="id" select="normalize-space()"/>
        <xsl:with-param name="type" select="'Agreement'"/>
        <xsl:with-param name="description" select="normalize-space(../../@agreementItemNumber)"/>
      </xsl:call-template>
    </xsl:for-each>
    <xsl:for-each select="Comments/Attachment">
      <xsl:call-template name="attachment">
        <xsl:with-param name="name" select="'DocumentReference'"/>
      </xsl:call-template>
    </xsl:for-each>
  </xsl:template>

</xsl:stylesheet>
