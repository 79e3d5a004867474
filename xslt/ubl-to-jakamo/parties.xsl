<?xml version="1.0" encoding="UTF-8"?>
<!-- UBL parties with what Jakamo needs of them: an identification or name, and the contacts in their place. -->
<xsl:stylesheet version="1.0"
    xmlns:xsl="http://www.w3.org/1999/XSL/Transform"
    xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
    xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">

  <xsl:template match="cac:BuyerCustomerParty" mode="copy">
    <xsl:call-template name="written">
      <xsl:with-param name="content">
        <xsl:apply-templates select="cbc:CustomerAssignedAccountID | cbc:SupplierAssignedAccountID" mode="copy"/>
        <xsl:apply-templates select="cac:Party | *[namespace-uri() != namespace-uri(current())]
                                     [not(self::cbc:CustomerAssignedAccountID or self::cbc:SupplierAssignedAccountID)]"
                             mode="copy"/>
        <xsl:apply-templates select="cac:DeliveryContact | cac:AccountingContact" mode="copy"/>
        <xsl:call-template name="contact-in-its-place">
          <xsl:with-param name="name" select="'BuyerContact'"/>
          <xsl:with-param name="contact" select="cac:BuyerContact"/>
        </xsl:call-template>
      </xsl:with-param>
    </xsl:call-template>
  </xsl:template>

  <xsl:template match="cac:SellerSupplierParty" mode="copy">
    <xsl:call-template name="written">
      <xsl:with-param name="content">
        <xsl:apply-templates select="cbc:CustomerAssignedAccountID" mode="copy"/>
        <xsl:apply-templates select="cac:Party | *[namespace-uri() != namespace-uri(current())]
                                     [not(self::cbc:CustomerAssignedAccountID)]" mode="copy"/>
        <xsl:if test="not(cac:Party) and normalize-space(cbc:CustomerAssignedAccountID)">
          <xsl:call-template name="party">
            <xsl:with-param name="id" select="normalize-space(cbc:CustomerAssignedAccountID)"/>
          </xsl:call-template>
        </xsl:if>
        <xsl:apply-templates select="cac:DespatchContact | cac:AccountingContact" mode="copy"/>
        <xsl:call-template name="contact-in-its-place">
          <xsl:with-param name="name" select="'SellerContact'"/>
          <xsl:with-param name="contact" select="cac:SellerContact"/>
        </xsl:call-template>
      </xsl:with-param>
    </xsl:call-template>
  </xsl:template>

  <!-- The contact that stands in its place already, else the party's. -->
  <xsl:template name="contact-in-its-place">
    <xsl:param name="name"/>
    <xsl:param name="contact"/>
    <xsl:variable name="found" select="($contact | cac:Party[not($contact)]/cac:Contact)[1]"/>
    <xsl:if test="normalize-space($found)">
      <xsl:element name="cac:{$name}">
        <xsl:apply-templates select="$found/*" mode="copy"/>
      </xsl:element>
    </xsl:if>
  </xsl:template>

  <!-- A party of the header: with an identification and a name, where either can be had. -->
  <xsl:template match="cac:BuyerCustomerParty/cac:Party | cac:SellerSupplierParty/cac:Party
                       | cac:OriginatorCustomerParty/cac:Party | cac:AccountingCustomerParty/cac:Party" mode="copy">
    <xsl:variable name="ids" select="cac:PartyIdentification[normalize-space()]"/>
    <xsl:variable name="names" select="cac:PartyName[normalize-space()]"/>
    <xsl:variable name="account" select="../cbc:CustomerAssignedAccountID[normalize-space()]"/>
    <xsl:variable name="company" select="cac:PartyLegalEntity/cbc:CompanyID[normalize-space()]"/>
    <xsl:variable name="endpoint" select="parent::cac:SellerSupplierParty/cac:Party/cbc:EndpointID"/>
    <xsl:variable name="legal-name" select="(cac:PartyLegalEntity | cac:PartyTaxScheme)/cbc:RegistrationName"/>
    <xsl:call-template name="written">
      <xsl:with-param name="content">
        <xsl:apply-templates select="cbc:WebsiteURI | cbc:EndpointID" mode="copy"/>
        <xsl:apply-templates select="$ids" mode="copy"/>
        <xsl:if test="not($ids)">
          <xsl:for-each select="($account | $company[not($account)] | $endpoint[not($account) and not($company)])[1]">
            <cac:PartyIdentification>
              <cbc:ID>
                <xsl:copy-of select="@schemeID[normalize-space()]"/>
                <xsl:value-of select="normalize-space()"/>
              </cbc:ID>
            </cac:PartyIdentification>
          </xsl:for-each>
        </xsl:if>
        <xsl:apply-templates select="$names" mode="copy"/>
        <xsl:if test="not($names) and normalize-space($legal-name)">
          <cac:PartyName><cbc:Name><xsl:value-of select="normalize-space($legal-name)"/></cbc:Name></cac:PartyName>
        </xsl:if>
        <xsl:apply-templates select="*[not(self::cbc:WebsiteURI or self::cbc:EndpointID
                                           or self::cac:PartyIdentification or self::cac:PartyName)]" mode="copy"/>
      </xsl:with-param>
    </xsl:call-template>
  </xsl:template>

</xsl:stylesheet>
