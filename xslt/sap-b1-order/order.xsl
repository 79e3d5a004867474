<?xml version="1.0" encoding="UTF-8"?>
<!-- SAP Business One purchase orders to Order, to OrderChange when Jakamo has the order already, or (cancelled)
     to StatusMessage. Fields by the names of the tables, else by those of the DI API.

     The export does not name the buying company, unless it works with branches (BPLName): state it here, or the
     purchaser alone (SlpCode, OwnerCode) is sent, which is enough where Jakamo knows the company by its account.
     Amounts are those in the order's currency (FC columns where it is a foreign one). A price of zero is how
     Business One writes "no price": it is left out, with the row's amount and the total. User-defined fields
     (U_...) may be internal: only those named in `fields-for-supplier` are passed on. -->
<xsl:stylesheet version="1.0"
    xmlns:xsl="http://www.w3.org/1999/XSL/Transform"
    xmlns:exsl="http://exslt.org/common"
    xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
    xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
    exclude-result-prefixes="exsl">

  <xsl:import href="../common/document.xsl"/>
  <xsl:import href="../common/status.xsl"/>
  <xsl:import href="parties.xsl"/>
  <xsl:import href="amounts.xsl"/>
  <xsl:import href="rows.xsl"/>

  <xsl:variable name="buyer-number" select="''"/>
  <xsl:variable name="buyer-name" select="''"/>
  <!-- Names of fields between blanks; two of them have a place of their own: ' U_Revision U_Drawing U_Finish '. -->
  <xsl:variable name="fields-for-supplier" select="' U_Revision U_Drawing '"/>

  <xsl:variable name="bo" select="/order/BO"/>
  <xsl:variable name="head" select="$bo/OPOR/row | $bo/Documents/row"/>
  <xsl:variable name="rows" select="$bo/POR1/row | $bo/Document_Lines/row"/>
  <xsl:variable name="texts" select="$bo/POR10/row[not(LineType) or LineType = 'T']
                                     | $bo/Document_SpecialLines/row[not(LineType) or LineType = 'dslt_Text']"/>
  <xsl:variable name="addresses" select="($bo/POR12/row | $bo/AddressExtension/row)[1]"/>
  <xsl:variable name="currency" select="normalize-space($head/DocCur | $head/DocCurrency)"/>

  <xsl:template match="/order">
    <xsl:variable name="kind"><xsl:call-template name="document-kind"/></xsl:variable>
    <xsl:choose>
      <xsl:when test="$kind = 'StatusMessage'">
        <xsl:call-template name="status-message">
          <xsl:with-param name="status" select="'Cancelled'"/>
          <xsl:with-param name="date">
            <xsl:call-template name="day"><xsl:with-param name="moment" select="$head/UpdateDate"/></xsl:call-template>
          </xsl:with-param>
        </xsl:call-template>
      </xsl:when>
      <xsl:otherwise>
        <xsl:variable name="dated" select="$head/TaxDate[translate(., '0 -', '')]"/>
        <xsl:call-template name="document">
          <xsl:with-param name="issue-date">
            <xsl:call-template name="day">
              <xsl:with-param name="moment" select="$dated | $head[not($dated)]/DocDate"/>
            </xsl:call-template>
          </xsl:with-param>
          <xsl:with-param name="currency" select="$currency"/>
        </xsl:call-template>
      </xsl:otherwise>
    </xsl:choose>
  </xsl:template>

  <xsl:template match="order" mode="notes">
    <xsl:for-each select="$head/Header | $head/OpeningRemarks | $head/Comments | $head/Footer | $head/ClosingRemarks
                          | $texts[not(normalize-space(AftLineNum | AfterLineNumber) = $rows/LineNum)]/LineText">
      <xsl:call-template name="note"><xsl:with-param name="text" select="."/></xsl:call-template>
    </xsl:for-each>
  </xsl:template>

  <xsl:template match="order" mode="references">
    <xsl:call-template name="document-reference">
      <xsl:with-param name="id" select="normalize-space($head/NumAtCard)"/>
      <xsl:with-param name="type" select="'Reference of the supplier'"/>
    </xsl:call-template>
    <xsl:call-template name="document-reference">
      <xsl:with-param name="id" select="normalize-space($head/Project)"/>
      <xsl:with-param name="type" select="'Project'"/>
    </xsl:call-template>
    <xsl:for-each select="$head/*[contains($fields-for-supplier, concat(' ', local-name(), ' '))]">
      <xsl:call-template name="document-reference">
        <xsl:with-param name="id" select="normalize-space()"/>
        <xsl:with-param name="type" select="local-name()"/>
      </xsl:call-template>
    </xsl:for-each>
  </xsl:template>

  <!-- Keys of the terms; Incoterms when they are three letters; -1 is no shipping type. -->
  <xsl:template match="order" mode="terms">
    <xsl:variable name="stated" select="normalize-space($bo/POR12/row[1]/Incoterms
                                        | $bo/TaxExtension/row[1]/Incoterms)"/>
    <xsl:variable name="is-code" select="string-length($stated) = 3 and translate($stated, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
                                         '') = ''"/>
    <xsl:variable name="way" select="normalize-space($head/TrnspCode | $head/TransportationCode)"/>
    <xsl:call-template name="delivery-terms">
      <xsl:with-param name="code" select="substring($stated, 1, 3 * $is-code)"/>
      <xsl:with-param name="words">
        <xsl:if test="not($is-code)"><xsl:value-of select="$stated"/></xsl:if>
        <xsl:if test="$stated != '' and not($is-code) and translate($way, '0-1', '') != ''">; </xsl:if>
        <xsl:if test="$way != '' and $way != '-1' and $way != '0'">Shipping type <xsl:value-of select="$way"/></xsl:if>
      </xsl:with-param>
    </xsl:call-template>
    <xsl:variable name="days" select="normalize-space($head/ExtraDays)"/>
    <xsl:call-template name="payment-terms">
      <xsl:with-param name="code" select="normalize-space($head/GroupNum | $head/PaymentGroupCode)"/>
      <xsl:with-param name="days">
        <xsl:if test="translate($days, '0', '')"><xsl:value-of select="$days"/></xsl:if>
      </xsl:with-param>
    </xsl:call-template>
  </xsl:template>

</xsl:stylesheet>
