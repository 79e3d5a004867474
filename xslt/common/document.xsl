<?xml version="1.0" encoding="UTF-8"?>
<!-- The frame of every order document: root, header, and the places that a mapping fills.

     A mapping imports this file, calls the template "document" once for its order, and writes a
     template for each mode it has something for. A mode without one stays empty:

       notes             cbc:Note
       validity          cac:ValidityPeriod
       order-reference   what follows the number in the cac:OrderReference of a change
       references        cac:QuotationDocumentReference, cac:AdditionalDocumentReference, cac:Contract
       buyer             cac:BuyerCustomerParty
       supplier          cac:SellerSupplierParty
       further-parties   cac:OriginatorCustomerParty, cac:FreightForwarderParty, cac:AccountingCustomerParty
       deliveries        cac:Delivery of the whole order
       terms             cac:DeliveryTerms (one), cac:PaymentMeans, cac:PaymentTerms
       charges           cac:AllowanceCharge, cac:TaxTotal of the whole order
       total             cac:AnticipatedMonetaryTotal
       lines             cac:OrderLine

     The gateway tells every stylesheet: known ("true" when Jakamo has the order), change-number (which
     change this would be), release-as (the kind decided by a person or by the repeat rule, or ""). -->
<xsl:stylesheet version="1.0"
    xmlns:xsl="http://www.w3.org/1999/XSL/Transform"
    xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
    xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">

  <xsl:import href="amount.xsl"/>
  <xsl:import href="value.xsl"/>
  <xsl:import href="party.xsl"/>
  <xsl:import href="delivery.xsl"/>
  <xsl:import href="line.xsl"/>

  <xsl:output method="xml" encoding="UTF-8" indent="yes"/>

  <xsl:param name="known" select="'false'"/>
  <xsl:param name="change-number" select="'1'"/>
  <xsl:param name="release-as" select="''"/>

  <!-- Order or OrderChange: as decided, else as the source says, else by whether Jakamo has the order. -->
  <xsl:template name="document-kind">
    <xsl:choose>
      <xsl:when test="string($release-as)"><xsl:value-of select="$release-as"/></xsl:when>
      <xsl:when test="string(/order/@kind)"><xsl:value-of select="/order/@kind"/></xsl:when>
      <xsl:when test="string($known) = 'true'">OrderChange</xsl:when>
      <xsl:otherwise>Order</xsl:otherwise>
    </xsl:choose>
  </xsl:template>

  <xsl:template name="document">
    <xsl:param name="number" select="/order/@number"/>
    <xsl:param name="issue-date"/>
    <xsl:param name="issue-time"/>
    <xsl:param name="sequence-number"/>
    <xsl:param name="currency"/>
    <xsl:param name="customer-reference"/>
    <xsl:param name="accounting-cost"/>
    <xsl:variable name="kind"><xsl:call-template name="document-kind"/></xsl:variable>
    <xsl:choose>
      <xsl:when test="$kind = 'OrderChange'">
        <OrderChange xmlns="urn:oasis:names:specification:ubl:schema:xsd:OrderChange-2"
                     xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
                     xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
          <xsl:call-template name="document-content">
            <xsl:with-param name="change" select="true()"/>
            <xsl:with-param name="number" select="$number"/>
            <xsl:with-param name="issue-date" select="$issue-date"/>
            <xsl:with-param name="issue-time" select="$issue-time"/>
            <xsl:with-param name="sequence-number" select="$sequence-number"/>
            <xsl:with-param name="currency" select="$currency"/>
            <xsl:with-param name="customer-reference" select="$customer-reference"/>
            <xsl:with-param name="accounting-cost" select="$accounting-cost"/>
          </xsl:call-template>
        </OrderChange>
      </xsl:when>
      <xsl:otherwise>
        <Order xmlns="urn:oasis:names:specification:ubl:schema:xsd:Order-2"
               xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
               xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
          <xsl:call-template name="document-content">
            <xsl:with-param name="change" select="false()"/>
            <xsl:with-param name="number" select="$number"/>
            <xsl:with-param name="issue-date" select="$issue-date"/>
            <xsl:with-param name="issue-time" select="$issue-time"/>
            <xsl:with-param name="sequence-number" select="$sequence-number"/>
            <xsl:with-param name="currency" select="$currency"/>
            <xsl:with-param name="customer-reference" select="$customer-reference"/>
            <xsl:with-param name="accounting-cost" select="$accounting-cost"/>
          </xsl:call-template>
        </Order>
      </xsl:otherwise>
    </xsl:choose>
  </xsl:template>

  <!-- Everything below the root, in UBL's order. Missing header values are left for the schema to name. -->
  <xsl:template name="document-content">
    <xsl:param name="change"/>
    <xsl:param name="number"/>
    <xsl:param name="issue-date"/>
    <xsl:param name="issue-time"/>
    <xsl:param name="sequence-number"/>
    <xsl:param name="currency"/>
    <xsl:param name="customer-reference"/>
    <xsl:param name="accounting-cost"/>
    <cbc:UBLVersionID>2.1</cbc:UBLVersionID>
    <cbc:CustomizationID>Jakamo</cbc:CustomizationID>
    <cbc:ID><xsl:value-of select="$number"/></cbc:ID>
    <cbc:IssueDate><xsl:value-of select="$issue-date"/></cbc:IssueDate>
    <xsl:if test="string($issue-time)">
      <cbc:IssueTime><xsl:value-of select="$issue-time"/></cbc:IssueTime>
    </xsl:if>
    <xsl:if test="$change">
      <cbc:SequenceNumberID>
        <xsl:choose>
          <xsl:when test="string($sequence-number)"><xsl:value-of select="$sequence-number"/></xsl:when>
          <xsl:when test="number($change-number) &gt;= 1"><xsl:value-of select="$change-number"/></xsl:when>
          <xsl:otherwise>1</xsl:otherwise>
        </xsl:choose>
      </cbc:SequenceNumberID>
    </xsl:if>
    <xsl:apply-templates select="." mode="notes"/>
    <cbc:DocumentCurrencyCode><xsl:value-of select="$currency"/></cbc:DocumentCurrencyCode>
    <xsl:if test="string($customer-reference)">
      <cbc:CustomerReference><xsl:value-of select="$customer-reference"/></cbc:CustomerReference>
    </xsl:if>
    <xsl:if test="string($accounting-cost)">
      <cbc:AccountingCost><xsl:value-of select="$accounting-cost"/></cbc:AccountingCost>
    </xsl:if>
    <xsl:apply-templates select="." mode="validity"/>
    <xsl:if test="$change">
      <cac:OrderReference>
        <cbc:ID><xsl:value-of select="$number"/></cbc:ID>
        <xsl:apply-templates select="." mode="order-reference"/>
      </cac:OrderReference>
    </xsl:if>
    <xsl:apply-templates select="." mode="references"/>
    <xsl:apply-templates select="." mode="buyer"/>
    <xsl:apply-templates select="." mode="supplier"/>
    <xsl:apply-templates select="." mode="further-parties"/>
    <xsl:apply-templates select="." mode="deliveries"/>
    <xsl:apply-templates select="." mode="terms"/>
    <xsl:apply-templates select="." mode="charges"/>
    <xsl:apply-templates select="." mode="total"/>
    <xsl:apply-templates select="." mode="lines"/>
  </xsl:template>

  <xsl:template match="node()" mode="notes"/>
  <xsl:template match="node()" mode="validity"/>
  <xsl:template match="node()" mode="order-reference"/>
  <xsl:template match="node()" mode="references"/>
  <xsl:template match="node()" mode="buyer"/>
  <xsl:template match="node()" mode="supplier"/>
  <xsl:template match="node()" mode="further-parties"/>
  <xsl:template match="node()" mode="deliveries"/>
  <xsl:template match="node()" mode="terms"/>
  <xsl:template match="node()" mode="charges"/>
  <xsl:template match="node()" mode="total"/>
  <xsl:template match="node()" mode="lines"/>

  <!-- A labelled value, as Jakamo writes it: the label in DocumentTypeCode or DocumentType. -->
  <xsl:template name="document-reference">
    <xsl:param name="name" select="'AdditionalDocumentReference'"/>
    <xsl:param name="id"/>
    <xsl:param name="date"/>
    <xsl:param name="type-code"/>
    <xsl:param name="type"/>
    <xsl:param name="version"/>
    <xsl:param name="description"/>
    <xsl:param name="uri"/>
    <xsl:if test="string($id)">
      <xsl:element name="cac:{$name}">
        <cbc:ID><xsl:value-of select="$id"/></cbc:ID>
        <xsl:if test="string($date)"><cbc:IssueDate><xsl:value-of select="$date"/></cbc:IssueDate></xsl:if>
        <xsl:if test="string($type-code)">
          <cbc:DocumentTypeCode><xsl:value-of select="$type-code"/></cbc:DocumentTypeCode>
        </xsl:if>
        <xsl:if test="string($type)"><cbc:DocumentType><xsl:value-of select="$type"/></cbc:DocumentType></xsl:if>
        <xsl:if test="string($version)"><cbc:VersionID><xsl:value-of select="$version"/></cbc:VersionID></xsl:if>
        <xsl:if test="string($description)">
          <cbc:DocumentDescription><xsl:value-of select="$description"/></cbc:DocumentDescription>
        </xsl:if>
        <xsl:if test="string($uri)">
          <cac:Attachment>
            <cac:ExternalReference><cbc:URI><xsl:value-of select="$uri"/></cbc:URI></cac:ExternalReference>
          </cac:Attachment>
        </xsl:if>
      </xsl:element>
    </xsl:if>
  </xsl:template>

  <!-- What the order should cost before tax: the sum of its lines, given as amounts of two decimals. -->
  <xsl:template name="total-of-lines">
    <xsl:param name="amounts"/>
    <xsl:param name="currency"/>
    <xsl:variable name="sum">
      <xsl:call-template name="sum-of-amounts">
        <xsl:with-param name="amounts" select="$amounts"/>
      </xsl:call-template>
    </xsl:variable>
    <cac:AnticipatedMonetaryTotal>
      <cbc:LineExtensionAmount currencyID="{$currency}"><xsl:value-of select="$sum"/></cbc:LineExtensionAmount>
      <cbc:PayableAmount currencyID="{$currency}"><xsl:value-of select="$sum"/></cbc:PayableAmount>
    </cac:AnticipatedMonetaryTotal>
  </xsl:template>

</xsl:stylesheet>
