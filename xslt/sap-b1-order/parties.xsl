<?xml version="1.0" encoding="UTF-8"?>
<!-- Who buys, who sells, where the goods go. Address is the supplier's, Address2 ours; POR12 or AddressExtension
     hold both in parts: ...B or BillTo... the supplier's, ...S or ShipTo... ours. -->
<xsl:stylesheet version="1.0"
    xmlns:xsl="http://www.w3.org/1999/XSL/Transform"
    xmlns:exsl="http://exslt.org/common"
    xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
    xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
    exclude-result-prefixes="exsl">

  <xsl:template match="order" mode="buyer">
    <xsl:variable name="branch" select="$head/BPLName[normalize-space()]"/>
    <xsl:variable name="branch-number" select="($head/BPLId | $head/BPL_IDAssignedToInvoice)[normalize-space()]
                                               [. != '-1'][. != '0']"/>
    <xsl:variable name="people" select="($head/SlpCode | $head/SalesPersonCode | $head/OwnerCode | $head/DocumentsOwner)
                                        [normalize-space()][. != '-1'][. != '0']"/>
    <xsl:if test="not($branch) and $buyer-name = '' and $buyer-number = '' and not($people)">
      <xsl:message terminate="yes">
        <xsl:text>The export names no buyer: no branch (BPLName), no purchaser (SlpCode), </xsl:text>
        <xsl:text>no owner (OwnerCode). </xsl:text>
        <xsl:text>State the buying company in the mapping's order.xsl (buyer-name, buyer-number).</xsl:text>
      </xsl:message>
    </xsl:if>
    <cac:BuyerCustomerParty>
      <xsl:if test="$branch or $buyer-name != '' or $buyer-number != ''">
        <xsl:call-template name="party">
          <xsl:with-param name="id">
            <xsl:choose>
              <xsl:when test="$branch-number"><xsl:value-of select="normalize-space($branch-number)"/></xsl:when>
              <xsl:otherwise><xsl:value-of select="$buyer-number"/></xsl:otherwise>
            </xsl:choose>
          </xsl:with-param>
          <xsl:with-param name="party-name">
            <xsl:choose>
              <xsl:when test="$branch"><xsl:value-of select="normalize-space($branch)"/></xsl:when>
              <xsl:otherwise><xsl:value-of select="$buyer-name"/></xsl:otherwise>
            </xsl:choose>
          </xsl:with-param>
          <xsl:with-param name="vat-number" select="normalize-space($head/VATRegNum)"/>
        </xsl:call-template>
      </xsl:if>
      <xsl:call-template name="contact">
        <xsl:with-param name="name" select="'BuyerContact'"/>
        <xsl:with-param name="id" select="normalize-space($people[1])"/>
      </xsl:call-template>
    </cac:BuyerCustomerParty>
  </xsl:template>

  <xsl:template match="order" mode="supplier">
    <xsl:variable name="parts"
                  select="$addresses/*[contains(' StreetB CityB ZipCodeB BillToStreet BillToCity BillToZipCode ',
                                       concat(' ', local-name(), ' '))][normalize-space()]"/>
    <xsl:variable name="lines">
      <xsl:if test="not($parts)">
        <xsl:call-template name="lines-of-text"><xsl:with-param name="text" select="$head/Address"/></xsl:call-template>
      </xsl:if>
    </xsl:variable>
    <cac:SellerSupplierParty>
      <xsl:call-template name="party">
        <xsl:with-param name="id" select="normalize-space($head/CardCode)"/>
        <xsl:with-param name="party-name" select="normalize-space($head/CardName)"/>
        <xsl:with-param name="street" select="normalize-space(concat($addresses/StreetB | $addresses/BillToStreet, ' ',
                                              $addresses/StreetNoB | $addresses/BillToStreetNo))"/>
        <xsl:with-param name="additional-street" select="normalize-space($addresses/BlockB | $addresses/BillToBlock)"/>
        <xsl:with-param name="city" select="normalize-space($addresses/CityB | $addresses/BillToCity)"/>
        <xsl:with-param name="postal-zone" select="normalize-space($addresses/ZipCodeB | $addresses/BillToZipCode)"/>
        <xsl:with-param name="region" select="normalize-space($addresses/StateB | $addresses/BillToState)"/>
        <xsl:with-param name="address-lines" select="exsl:node-set($lines)/line"/>
        <xsl:with-param name="country" select="normalize-space($addresses/CountryB | $addresses/BillToCountry)"/>
        <xsl:with-param name="vat-number" select="normalize-space($head/LicTradNum | $head/FederalTaxID)"/>
      </xsl:call-template>
      <xsl:call-template name="contact">
        <xsl:with-param name="name" select="'SellerContact'"/>
        <xsl:with-param name="id" select="normalize-space(($head/CntctCode | $head/ContactPersonCode)[translate(.,
                                          '0- ', '')])"/>
      </xsl:call-template>
    </cac:SellerSupplierParty>
  </xsl:template>

  <!-- Where all goods go, and the day wished for the whole order. -->
  <xsl:template match="order" mode="deliveries">
    <xsl:variable name="parts"
                  select="$addresses/*[contains(' StreetS CityS ZipCodeS ShipToStreet ShipToCity ShipToZipCode ',
                                       concat(' ', local-name(), ' '))][normalize-space()]"/>
    <xsl:variable name="lines">
      <xsl:if test="not($parts)">
        <xsl:call-template name="lines-of-text">
          <xsl:with-param name="text" select="$head/Address2"/>
        </xsl:call-template>
      </xsl:if>
    </xsl:variable>
    <xsl:call-template name="delivery">
      <xsl:with-param name="party-id" select="normalize-space($head/ShipToCode)"/>
      <xsl:with-param name="street" select="normalize-space(concat($addresses/StreetS | $addresses/ShipToStreet, ' ',
                                            $addresses/StreetNoS | $addresses/ShipToStreetNo))"/>
      <xsl:with-param name="additional-street" select="normalize-space($addresses/BlockS | $addresses/ShipToBlock)"/>
      <xsl:with-param name="department" select="normalize-space($addresses/BuildingS | $addresses/ShipToBuilding)"/>
      <xsl:with-param name="city" select="normalize-space($addresses/CityS | $addresses/ShipToCity)"/>
      <xsl:with-param name="postal-zone" select="normalize-space($addresses/ZipCodeS | $addresses/ShipToZipCode)"/>
      <xsl:with-param name="region" select="normalize-space($addresses/StateS | $addresses/ShipToState)"/>
      <xsl:with-param name="address-lines" select="exsl:node-set($lines)/line"/>
      <xsl:with-param name="country" select="normalize-space($addresses/CountryS | $addresses/ShipToCountry)"/>
      <xsl:with-param name="until">
        <xsl:call-template name="day"><xsl:with-param name="moment" select="$head/DocDueDate"/></xsl:call-template>
      </xsl:with-param>
    </xsl:call-template>
  </xsl:template>

</xsl:stylesheet>
