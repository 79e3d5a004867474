<?xml version="1.0" encoding="UTF-8"?>
<!-- Partners of an IDoc (E1EDKA1, of an item E1EDPA1), by PARVW: AG buyer, LF supplier, WE goods recipient,
     RE invoice recipient, SP carrier. Others are told as notes; LS repeats LF. -->
<xsl:stylesheet version="1.0"
    xmlns:xsl="http://www.w3.org/1999/XSL/Transform"
    xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
    xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">

  <xsl:variable name="partners" select="$idoc/E1EDKA1"/>
  <xsl:variable name="buyer" select="$partners[normalize-space(PARVW) = 'AG'][1]"/>
  <xsl:variable name="supplier" select="$partners[normalize-space(PARVW) = 'LF'][1]"/>

  <xsl:template match="order" mode="buyer">
    <xsl:variable name="groups" select="$idoc/E1EDK14[normalize-space(QUALF) = '009']/ORGID"/>
    <xsl:variable name="organisations" select="$idoc/E1EDK14[normalize-space(QUALF) = '014']/ORGID"/>
    <cac:BuyerCustomerParty>
      <xsl:call-template name="party-of-partner">
        <xsl:with-param name="partner" select="$buyer"/>
        <xsl:with-param name="otherwise" select="normalize-space($organisations[1])"/>
        <xsl:with-param name="vat-number" select="normalize-space($head/EIGENUINR)"/>
      </xsl:call-template>
      <xsl:call-template name="contact">
        <xsl:with-param name="name" select="'BuyerContact'"/>
        <xsl:with-param name="id" select="normalize-space(($buyer/PAGRU[normalize-space()]
                                          | $groups[not(normalize-space($buyer/PAGRU))])[1])"/>
        <xsl:with-param name="person" select="normalize-space($buyer/BNAME)"/>
        <xsl:with-param name="telephone" select="normalize-space($buyer/TELF1)"/>
        <xsl:with-param name="telefax" select="normalize-space($buyer/TELFX)"/>
      </xsl:call-template>
    </cac:BuyerCustomerParty>
  </xsl:template>

  <xsl:template match="order" mode="supplier">
    <cac:SellerSupplierParty>
      <xsl:call-template name="party-of-partner">
        <xsl:with-param name="partner" select="$supplier"/>
        <xsl:with-param name="otherwise" select="normalize-space($head/RECIPNT_NO)"/>
        <xsl:with-param name="vat-number" select="normalize-space($head/KUNDEUINR)"/>
      </xsl:call-template>
      <xsl:call-template name="contact">
        <xsl:with-param name="name" select="'SellerContact'"/>
        <xsl:with-param name="person" select="normalize-space($supplier/BNAME)"/>
        <xsl:with-param name="telephone" select="normalize-space($supplier/TELF1)"/>
        <xsl:with-param name="telefax" select="normalize-space($supplier/TELFX)"/>
      </xsl:call-template>
    </cac:SellerSupplierParty>
  </xsl:template>

  <!-- Carrier, and who gets the invoice when it is not the buyer itself. -->
  <xsl:template match="order" mode="further-parties">
    <xsl:for-each select="$partners[normalize-space(PARVW) = 'SP'][1]">
      <xsl:call-template name="party-of-partner">
        <xsl:with-param name="name" select="'FreightForwarderParty'"/>
        <xsl:with-param name="partner" select="."/>
      </xsl:call-template>
    </xsl:for-each>
    <xsl:for-each select="$partners[normalize-space(PARVW) = 'RE'][1]
                          [concat(PARTN, LIFNR, NAME1) != concat($buyer/PARTN, $buyer/LIFNR, $buyer/NAME1)]">
      <cac:AccountingCustomerParty>
        <xsl:call-template name="party-of-partner"><xsl:with-param name="partner" select="."/></xsl:call-template>
        <xsl:call-template name="contact">
          <xsl:with-param name="name" select="'AccountingContact'"/>
          <xsl:with-param name="person" select="normalize-space(BNAME)"/>
          <xsl:with-param name="telephone" select="normalize-space(TELF1)"/>
        </xsl:call-template>
      </cac:AccountingCustomerParty>
    </xsl:for-each>
  </xsl:template>

  <!-- Where all goods go, and the day wished for the whole order (IDDAT 002, or 001 the supplier's). -->
  <xsl:template match="order" mode="deliveries">
    <xsl:call-template name="delivery-to">
      <xsl:with-param name="partner" select="$partners[normalize-space(PARVW) = 'WE'][1]"/>
      <xsl:with-param name="date" select="($idoc/E1EDK03[normalize-space(IDDAT) = '002']
                                           | $idoc/E1EDK03[normalize-space(IDDAT) = '001']
                                             [not($idoc/E1EDK03[normalize-space(IDDAT) = '002'])])[1]"/>
    </xsl:call-template>
  </xsl:template>

  <!-- A delivery to a partner, or the line's share of one; `date` is a segment with DATUM or EDATU and a time. -->
  <xsl:template name="delivery-to">
    <xsl:param name="partner"/>
    <xsl:param name="date" select="/.."/>
    <xsl:param name="id"/>
    <xsl:param name="quantity"/>
    <xsl:param name="unit"/>
    <xsl:call-template name="delivery">
      <xsl:with-param name="id" select="$id"/>
      <xsl:with-param name="quantity" select="$quantity"/>
      <xsl:with-param name="unit" select="$unit"/>
      <xsl:with-param name="until">
        <xsl:call-template name="day">
          <xsl:with-param name="moment" select="$date/DATUM | $date/EDATU"/>
        </xsl:call-template>
      </xsl:with-param>
      <xsl:with-param name="until-time">
        <xsl:call-template name="time-of-day">
          <xsl:with-param name="digits" select="$date/UZEIT | $date/EZEIT"/>
        </xsl:call-template>
      </xsl:with-param>
      <xsl:with-param name="party-id">
        <xsl:call-template name="partner-number"><xsl:with-param name="partner" select="$partner"/></xsl:call-template>
      </xsl:with-param>
      <xsl:with-param name="party-name" select="normalize-space($partner/NAME1)"/>
      <xsl:with-param name="party-contact">
        <xsl:call-template name="contact">
          <xsl:with-param name="person" select="normalize-space($partner/BNAME)"/>
          <xsl:with-param name="telephone" select="normalize-space($partner/TELF1)"/>
          <xsl:with-param name="telefax" select="normalize-space($partner/TELFX)"/>
        </xsl:call-template>
      </xsl:with-param>
      <xsl:with-param name="street" select="normalize-space(concat($partner/STRAS, ' ', $partner/HAUSN))"/>
      <xsl:with-param name="additional-street" select="normalize-space($partner/STRS2)"/>
      <xsl:with-param name="district" select="normalize-space($partner/ORT02)"/>
      <xsl:with-param name="city" select="normalize-space($partner/ORT01)"/>
      <xsl:with-param name="postal-zone" select="normalize-space($partner/PSTLZ)"/>
      <xsl:with-param name="region" select="normalize-space($partner/REGIO)"/>
      <xsl:with-param name="address-lines" select="$partner/NAME2 | $partner/NAME3 | $partner/NAME4"/>
      <xsl:with-param name="country">
        <xsl:call-template name="partner-country"><xsl:with-param name="partner" select="$partner"/></xsl:call-template>
      </xsl:with-param>
    </xsl:call-template>
  </xsl:template>

  <xsl:template name="party-of-partner">
    <xsl:param name="name" select="'Party'"/>
    <xsl:param name="partner"/>
    <xsl:param name="otherwise"/>
    <xsl:param name="vat-number"/>
    <xsl:variable name="location" select="normalize-space(($partner/ILNNR
                                          | $partner/E1EDKA3[normalize-space(QUALP) = '001']/STDPN)[normalize-space()]
                                            [1])"/>
    <xsl:call-template name="party">
      <xsl:with-param name="name" select="$name"/>
      <xsl:with-param name="endpoint" select="$location"/>
      <xsl:with-param name="endpoint-scheme" select="'0088'"/>
      <xsl:with-param name="id">
        <xsl:call-template name="partner-number">
          <xsl:with-param name="partner" select="$partner"/>
          <xsl:with-param name="otherwise" select="$otherwise"/>
        </xsl:call-template>
      </xsl:with-param>
      <xsl:with-param name="party-name" select="normalize-space($partner/NAME1)"/>
      <xsl:with-param name="street" select="normalize-space(concat($partner/STRAS, ' ', $partner/HAUSN))"/>
      <xsl:with-param name="additional-street" select="normalize-space($partner/STRS2)"/>
      <xsl:with-param name="postbox" select="normalize-space($partner/PFACH)"/>
      <xsl:with-param name="district" select="normalize-space($partner/ORT02)"/>
      <xsl:with-param name="city" select="normalize-space($partner/ORT01)"/>
      <xsl:with-param name="postal-zone" select="normalize-space($partner/PSTLZ)"/>
      <xsl:with-param name="region" select="normalize-space($partner/REGIO)"/>
      <xsl:with-param name="address-lines" select="$partner/NAME2 | $partner/NAME3 | $partner/NAME4"/>
      <xsl:with-param name="country">
        <xsl:call-template name="partner-country"><xsl:with-param name="partner" select="$partner"/></xsl:call-template>
      </xsl:with-param>
      <xsl:with-param name="vat-number" select="$vat-number"/>
    </xsl:call-template>
  </xsl:template>

  <!-- PARTN, else LIFNR (plants bear theirs there), without the zeros that SAP puts before it. -->
  <xsl:template name="partner-number">
    <xsl:param name="partner"/>
    <xsl:param name="otherwise"/>
    <xsl:variable name="number" select="normalize-space(($partner/PARTN | $partner/LIFNR)[normalize-space()][1])"/>
    <xsl:call-template name="without-padding">
      <xsl:with-param name="number" select="concat($number, substring($otherwise, 1,
                                            string-length($otherwise) * not(string($number))))"/>
      <xsl:with-param name="lengths" select="' 10 '"/>
    </xsl:call-template>
  </xsl:template>

  <xsl:template name="partner-country">
    <xsl:param name="partner"/>
    <xsl:value-of select="normalize-space(($partner/ISOAL
                          | $partner/LAND1[not(normalize-space(../ISOAL))])[normalize-space()][1])"/>
  </xsl:template>

  <xsl:template match="E1EDKA1 | E1EDPA1" mode="other-partner">
    <xsl:if test="not(contains(' AG LF LS WE RE SP ', concat(' ', normalize-space(PARVW), ' ')))">
      <xsl:variable name="number">
        <xsl:call-template name="partner-number"><xsl:with-param name="partner" select="."/></xsl:call-template>
      </xsl:variable>
      <xsl:call-template name="note">
        <xsl:with-param name="label" select="concat('Partner ', normalize-space(PARVW))"/>
        <xsl:with-param name="text" select="normalize-space(concat($number, ' ', NAME1, ' ', STRAS, ' ', PSTLZ, ' ',
                                            ORT01, ' ', LAND1, ' ', TELF1))"/>
      </xsl:call-template>
    </xsl:if>
  </xsl:template>

</xsl:stylesheet>
