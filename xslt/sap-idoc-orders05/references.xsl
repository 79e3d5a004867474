<?xml version="1.0" encoding="UTF-8"?>
<!-- References of an IDoc, of the document and of an item; organisation, further data, the sender's own segments. -->
<xsl:stylesheet version="1.0"
    xmlns:xsl="http://www.w3.org/1999/XSL/Transform"
    xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
    xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">

  <!-- Contracts, by the qualifiers that mean one. -->
  <xsl:variable name="contract-qualifiers" select="' 005 006 043 058 '"/>
  <!-- The cost centre (AccountingCost), and card numbers, which are never passed on. -->
  <xsl:variable name="other-qualifiers" select="' 036 045 '"/>

  <xsl:template match="order" mode="references">
    <xsl:variable name="documents" select="$idoc/E1EDK02[normalize-space(BELNR)]
                                           [normalize-space(BELNR) != string(/order/@number)]"/>
    <xsl:variable name="quotation" select="$documents[normalize-space(QUALF) = '004'][1]"/>
    <xsl:variable name="contracts" select="$documents[contains($contract-qualifiers, concat(' ', normalize-space(QUALF),
                                           ' '))]"/>
    <xsl:apply-templates select="$quotation" mode="reference">
      <xsl:with-param name="name" select="'QuotationDocumentReference'"/>
    </xsl:apply-templates>
    <xsl:for-each select="$documents[not(contains($other-qualifiers, concat(' ', normalize-space(QUALF), ' ')))]
                          [not(contains($contract-qualifiers, concat(' ', normalize-space(QUALF), ' ')))]">
      <xsl:if test="generate-id() != generate-id($quotation)">
        <xsl:apply-templates select="." mode="reference"/>
      </xsl:if>
    </xsl:for-each>
    <xsl:apply-templates select="$idoc/E1EDK14" mode="organisation"/>
    <xsl:for-each select="$idoc/E1EDK35">
      <xsl:call-template name="document-reference">
        <xsl:with-param name="id" select="normalize-space(CUSADD)"/>
        <xsl:with-param name="type" select="normalize-space(concat('Additional data ', QUALZ))"/>
        <xsl:with-param name="description" select="normalize-space(CUSADD_BEZ)"/>
      </xsl:call-template>
    </xsl:for-each>
    <xsl:for-each select="$idoc/*[*][starts-with(local-name(), 'Z') or starts-with(local-name(), '_-')]//*[not(*)]">
      <xsl:call-template name="document-reference">
        <xsl:with-param name="id" select="normalize-space()"/>
        <xsl:with-param name="type" select="local-name()"/>
      </xsl:call-template>
    </xsl:for-each>
    <xsl:for-each select="$contracts">
      <cac:Contract><cbc:ID><xsl:value-of select="normalize-space(BELNR)"/></cbc:ID></cac:Contract>
    </xsl:for-each>
  </xsl:template>

  <!-- E1EDK02 or E1EDP02: the number of a document, with its line where one is named. -->
  <xsl:template match="E1EDK02 | E1EDP02" mode="reference">
    <xsl:param name="name" select="'AdditionalDocumentReference'"/>
    <xsl:variable name="qualifier" select="normalize-space(QUALF)"/>
    <xsl:call-template name="document-reference">
      <xsl:with-param name="name" select="$name"/>
      <xsl:with-param name="id" select="normalize-space(BELNR)"/>
      <xsl:with-param name="date">
        <xsl:call-template name="day"><xsl:with-param name="moment" select="DATUM"/></xsl:call-template>
      </xsl:with-param>
      <xsl:with-param name="type-code" select="$qualifier"/>
      <xsl:with-param name="type">
        <xsl:choose>
          <xsl:when test="$qualifier = '002'">Supplier's order</xsl:when>
          <xsl:when test="$qualifier = '003'">Inquiry</xsl:when>
          <xsl:when test="$qualifier = '004'">Quotation</xsl:when>
          <xsl:when test="contains($contract-qualifiers, concat(' ', $qualifier, ' '))">Contract</xsl:when>
          <xsl:when test="$qualifier = '007'">Collective number of quotations</xsl:when>
          <xsl:when test="$qualifier = '018' or $qualifier = '001'">Customer's order</xsl:when>
          <xsl:when test="$qualifier = '030'">Original order</xsl:when>
          <xsl:when test="$qualifier = '044'">Order of the goods recipient</xsl:when>
          <xsl:when test="$qualifier = '045'">Cost centre</xsl:when>
          <xsl:when test="$qualifier = '047'">Project</xsl:when>
          <xsl:when test="$qualifier = '048'">Profit centre</xsl:when>
          <xsl:when test="$qualifier = '053'">Scheduling agreement</xsl:when>
          <xsl:otherwise>Reference</xsl:otherwise>
        </xsl:choose>
      </xsl:with-param>
      <xsl:with-param name="description">
        <xsl:if test="translate(ZEILE, '0 ', '')">Line <xsl:value-of select="normalize-space(ZEILE)"/></xsl:if>
      </xsl:with-param>
    </xsl:call-template>
  </xsl:template>

  <!-- Who buys, within the buying company; the purchasing group (009) is the contact instead. -->
  <xsl:template match="E1EDK14" mode="organisation">
    <xsl:variable name="qualifier" select="normalize-space(QUALF)"/>
    <xsl:if test="$qualifier != '009'">
      <xsl:call-template name="document-reference">
        <xsl:with-param name="id" select="normalize-space(ORGID)"/>
        <xsl:with-param name="type-code" select="$qualifier"/>
        <xsl:with-param name="type">
          <xsl:choose>
            <xsl:when test="$qualifier = '011'">Company code</xsl:when>
            <xsl:when test="$qualifier = '013'">Order type</xsl:when>
            <xsl:when test="$qualifier = '014'">Purchasing organisation</xsl:when>
            <xsl:otherwise>Organisation</xsl:otherwise>
          </xsl:choose>
        </xsl:with-param>
      </xsl:call-template>
    </xsl:if>
  </xsl:template>

</xsl:stylesheet>
