<?xml version="1.0" encoding="UTF-8"?>
<!-- UBL Order and OrderChange of any customization to Jakamo's profile; OrderCancellation to a StatusMessage.

     Elements are copied as they are, with these differences:
     - version and customization become Jakamo's; the number is that of the order, the change's own number goes
       into a reference;
     - what the profile has no place for is left out (left-out.xsl), and so is every element without a value;
     - SalesOrderID, OrderTypeCode, OrderDocumentReference, CatalogueReference and ProjectReference become an
       AdditionalDocumentReference; AccountingCostCode becomes AccountingCost, TransactionConditions a note;
     - of several DeliveryTerms the first is sent; of an Attachment with both, the embedded document; the header's
       number, sequence number, customer reference and cost lose their attributes, a project its UUID;
     - a supplier without PartyIdentification is identified by the buyer's number for it, else by its company number
       or endpoint; a party without a name by its registration name; the contacts of buyer and seller stand also
       where Jakamo looks for them, in BuyerContact and SellerContact;
     - dates lose their zone; a line that a change deletes (LineStatusCode 2 or Cancelled) has quantity zero. -->
<xsl:stylesheet version="1.0"
    xmlns:xsl="http://www.w3.org/1999/XSL/Transform"
    xmlns:o="urn:oasis:names:specification:ubl:schema:xsd:Order-2"
    xmlns:c="urn:oasis:names:specification:ubl:schema:xsd:OrderChange-2"
    xmlns:x="urn:oasis:names:specification:ubl:schema:xsd:OrderCancellation-2"
    xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
    xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
    exclude-result-prefixes="o c x">

  <xsl:import href="../common/document.xsl"/>
  <xsl:import href="../common/status.xsl"/>
  <xsl:import href="copy.xsl"/>
  <xsl:import href="parties.xsl"/>

  <xsl:variable name="source" select="/order/o:Order | /order/c:OrderChange | /order/x:OrderCancellation"/>
  <xsl:variable name="stated-currency"
                select="($source/cbc:DocumentCurrencyCode | $source/cbc:PricingCurrencyCode)[1]"/>
  <xsl:variable name="currencies" select="$source//@currencyID"/>

  <!-- All that a header may hold; anything else is copied to where the schema names it. -->
  <xsl:variable name="header-names" select="concat(
      ' UBLVersionID CustomizationID ID SalesOrderID IssueDate IssueTime SequenceNumberID OrderTypeCode Note',
      ' DocumentCurrencyCode CustomerReference AccountingCostCode AccountingCost ValidityPeriod OrderReference',
      ' QuotationDocumentReference OrderDocumentReference OriginatorDocumentReference CatalogueReference',
      ' AdditionalDocumentReference Contract ProjectReference BuyerCustomerParty SellerSupplierParty',
      ' OriginatorCustomerParty FreightForwarderParty AccountingCustomerParty Delivery DeliveryTerms PaymentMeans',
      ' PaymentTerms TransactionConditions AllowanceCharge TaxTotal AnticipatedMonetaryTotal OrderLine ')"/>

  <xsl:template match="/order">
    <xsl:choose>
      <xsl:when test="$source/self::x:OrderCancellation">
        <xsl:call-template name="status-message">
          <xsl:with-param name="status" select="'Cancelled'"/>
          <xsl:with-param name="date" select="substring(normalize-space($source/cbc:IssueDate), 1, 10)"/>
          <xsl:with-param name="note" select="normalize-space($source/cbc:CancellationNote[1])"/>
        </xsl:call-template>
      </xsl:when>
      <xsl:otherwise>
        <xsl:for-each select="$source"><xsl:call-template name="tell-what-was-left-out"/></xsl:for-each>
        <xsl:if test="count($source/cac:DeliveryTerms) &gt; 1">
          <xsl:message>There are several DeliveryTerms for the order: only the first are sent.</xsl:message>
        </xsl:if>
        <xsl:call-template name="document">
          <xsl:with-param name="issue-date" select="substring(normalize-space($source/cbc:IssueDate), 1, 10)"/>
          <xsl:with-param name="issue-time" select="normalize-space($source/cbc:IssueTime)"/>
          <xsl:with-param name="sequence-number"
                          select="normalize-space($source/self::c:OrderChange/cbc:SequenceNumberID)"/>
          <xsl:with-param name="currency">
            <xsl:choose>
              <xsl:when test="$stated-currency"><xsl:value-of select="normalize-space($stated-currency)"/></xsl:when>
              <xsl:when test="$currencies and not($currencies[. != $currencies[1]])">
                <xsl:value-of select="$currencies[1]"/>
              </xsl:when>
            </xsl:choose>
          </xsl:with-param>
          <xsl:with-param name="customer-reference" select="normalize-space($source/cbc:CustomerReference)"/>
          <xsl:with-param name="accounting-cost"
                          select="normalize-space(($source/cbc:AccountingCost
                                  | $source[not(cbc:AccountingCost)]/cbc:AccountingCostCode)[1])"/>
        </xsl:call-template>
      </xsl:otherwise>
    </xsl:choose>
  </xsl:template>

  <xsl:template match="order" mode="notes">
    <xsl:apply-templates select="$source/cbc:Note" mode="copy"/>
    <xsl:for-each select="$source/cac:TransactionConditions/cbc:Description[normalize-space()]">
      <cbc:Note><xsl:value-of select="normalize-space()"/></cbc:Note>
    </xsl:for-each>
  </xsl:template>

  <xsl:template match="order" mode="validity">
    <xsl:apply-templates select="$source/cac:ValidityPeriod" mode="copy"/>
  </xsl:template>

  <xsl:template match="order" mode="order-reference">
    <xsl:apply-templates select="$source/self::c:OrderChange/cac:OrderReference/*[not(self::cbc:ID)]" mode="copy"/>
  </xsl:template>

  <xsl:template match="order" mode="references">
    <xsl:apply-templates select="$source/cac:QuotationDocumentReference" mode="copy"/>
    <xsl:apply-templates select="$source/cac:OriginatorDocumentReference" mode="copy"/>
    <xsl:apply-templates select="$source/cac:AdditionalDocumentReference" mode="copy"/>
    <xsl:call-template name="moved">
      <xsl:with-param name="values" select="$source/self::c:OrderChange/cbc:ID[normalize-space() != /order/@number]"/>
      <xsl:with-param name="type" select="'Order change'"/>
    </xsl:call-template>
    <xsl:call-template name="moved">
      <xsl:with-param name="values" select="$source/cbc:SalesOrderID"/>
      <xsl:with-param name="type" select="'Sales order'"/>
    </xsl:call-template>
    <xsl:call-template name="moved">
      <xsl:with-param name="values" select="$source/cbc:OrderTypeCode"/>
      <xsl:with-param name="type" select="'Order type'"/>
    </xsl:call-template>
    <xsl:for-each select="$source/cac:OrderDocumentReference[normalize-space(cbc:ID)]">
      <xsl:variable name="first" select="cbc:ID | cbc:CopyIndicator | cbc:UUID | cbc:IssueDate | cbc:IssueTime
                                         | cbc:DocumentTypeCode"/>
      <cac:AdditionalDocumentReference>
        <xsl:apply-templates select="$first" mode="copy"/>
        <xsl:if test="not(normalize-space(cbc:DocumentType))"><cbc:DocumentType>Order</cbc:DocumentType></xsl:if>
        <xsl:apply-templates select="*[count(. | $first) != count($first)]" mode="copy"/>
      </cac:AdditionalDocumentReference>
    </xsl:for-each>
    <xsl:call-template name="moved">
      <xsl:with-param name="values" select="$source/cac:CatalogueReference/cbc:ID"/>
      <xsl:with-param name="type" select="'Catalogue'"/>
    </xsl:call-template>
    <xsl:call-template name="moved">
      <xsl:with-param name="values" select="$source/cac:ProjectReference/cbc:ID"/>
      <xsl:with-param name="type" select="'Project'"/>
    </xsl:call-template>
    <xsl:apply-templates select="$source/cac:Contract" mode="copy"/>
  </xsl:template>

  <!-- Numbers that the profile has no element for, as references with their kind. -->
  <xsl:template name="moved">
    <xsl:param name="values"/>
    <xsl:param name="type"/>
    <xsl:for-each select="$values">
      <xsl:call-template name="document-reference">
        <xsl:with-param name="id" select="normalize-space()"/>
        <xsl:with-param name="date" select="substring(normalize-space(../self::cac:*/cbc:IssueDate), 1, 10)"/>
        <xsl:with-param name="type" select="$type"/>
        <xsl:with-param name="version" select="normalize-space(../self::cac:CatalogueReference/cbc:VersionID)"/>
      </xsl:call-template>
    </xsl:for-each>
  </xsl:template>

  <xsl:template match="order" mode="buyer">
    <xsl:apply-templates select="$source/cac:BuyerCustomerParty" mode="copy"/>
  </xsl:template>

  <xsl:template match="order" mode="supplier">
    <xsl:apply-templates select="$source/cac:SellerSupplierParty" mode="copy"/>
  </xsl:template>

  <xsl:template match="order" mode="further-parties">
    <xsl:apply-templates select="$source/cac:OriginatorCustomerParty" mode="copy"/>
    <xsl:apply-templates select="$source/cac:FreightForwarderParty" mode="copy"/>
    <xsl:apply-templates select="$source/cac:AccountingCustomerParty" mode="copy"/>
  </xsl:template>

  <xsl:template match="order" mode="deliveries">
    <xsl:apply-templates select="$source/cac:Delivery" mode="copy"/>
  </xsl:template>

  <xsl:template match="order" mode="terms">
    <xsl:apply-templates select="$source/cac:DeliveryTerms[1]" mode="copy"/>
    <xsl:apply-templates select="$source/cac:PaymentMeans" mode="copy"/>
    <xsl:apply-templates select="$source/cac:PaymentTerms" mode="copy"/>
  </xsl:template>

  <xsl:template match="order" mode="charges">
    <xsl:apply-templates select="$source/cac:AllowanceCharge" mode="copy"/>
    <xsl:apply-templates select="$source/cac:TaxTotal" mode="copy"/>
  </xsl:template>

  <xsl:template match="order" mode="total">
    <xsl:apply-templates select="$source/cac:AnticipatedMonetaryTotal" mode="copy"/>
  </xsl:template>

  <xsl:template match="order" mode="lines">
    <xsl:apply-templates select="$source/cac:OrderLine" mode="copy"/>
    <xsl:apply-templates select="$source/*[not(contains($header-names, concat(' ', local-name(), ' ')))]" mode="copy"/>
  </xsl:template>

  <!-- A line that a change deletes is not wanted any more; the profile says so with a quantity of zero. -->
  <xsl:template match="c:OrderChange/cac:OrderLine/cac:LineItem[cbc:LineStatusCode = '2'
                       or cbc:LineStatusCode = 'Cancelled']/cbc:Quantity" mode="value">0</xsl:template>
  <xsl:template match="c:OrderChange/cac:OrderLine/cac:LineItem[cbc:LineStatusCode = '2'
                       or cbc:LineStatusCode = 'Cancelled']/cbc:LineExtensionAmount" mode="copy"/>

  <xsl:template match="cac:ExternalReference[not(normalize-space(cbc:URI))
                       or normalize-space(../cbc:EmbeddedDocumentBinaryObject)]" mode="copy"/>

</xsl:stylesheet>
