<?xml version="1.0" encoding="UTF-8"?>
<!-- Parties, contacts and addresses. An element without a value is never written. `address-lines` are
     nodes of the source whose text has no place of its own. -->
<xsl:stylesheet version="1.0"
    xmlns:xsl="http://www.w3.org/1999/XSL/Transform"
    xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
    xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">

  <!-- A cac:Party (or the same under another name). The identification is what Jakamo's company mapping
       looks for; `further-ids` are nodes with more of them, each with its `scheme` as an attribute. `contact`
       is what the template "contact" wrote. -->
  <xsl:template name="party">
    <xsl:param name="name" select="'Party'"/>
    <xsl:param name="endpoint"/>
    <xsl:param name="endpoint-scheme"/>
    <xsl:param name="id"/>
    <xsl:param name="scheme"/>
    <xsl:param name="further-ids" select="/.."/>
    <xsl:param name="party-name"/>
    <xsl:param name="street"/>
    <xsl:param name="additional-street"/>
    <xsl:param name="postbox"/>
    <xsl:param name="department"/>
    <xsl:param name="district"/>
    <xsl:param name="city"/>
    <xsl:param name="postal-zone"/>
    <xsl:param name="region"/>
    <xsl:param name="address-lines" select="/.."/>
    <xsl:param name="country"/>
    <xsl:param name="country-name"/>
    <xsl:param name="vat-number"/>
    <xsl:param name="contact"/>
    <xsl:element name="cac:{$name}">
      <xsl:if test="string($endpoint)">
        <cbc:EndpointID>
          <xsl:if test="string($endpoint-scheme)">
            <xsl:attribute name="schemeID"><xsl:value-of select="$endpoint-scheme"/></xsl:attribute>
          </xsl:if>
          <xsl:value-of select="$endpoint"/>
        </cbc:EndpointID>
      </xsl:if>
      <xsl:if test="string($id)">
        <cac:PartyIdentification>
          <cbc:ID>
            <xsl:if test="string($scheme)">
              <xsl:attribute name="schemeID"><xsl:value-of select="$scheme"/></xsl:attribute>
            </xsl:if>
            <xsl:value-of select="$id"/>
          </cbc:ID>
        </cac:PartyIdentification>
      </xsl:if>
      <xsl:for-each select="$further-ids">
        <cac:PartyIdentification>
          <cbc:ID>
            <xsl:if test="string(@scheme)">
              <xsl:attribute name="schemeID"><xsl:value-of select="@scheme"/></xsl:attribute>
            </xsl:if>
            <xsl:value-of select="."/>
          </cbc:ID>
        </cac:PartyIdentification>
      </xsl:for-each>
      <xsl:if test="string($party-name)">
        <cac:PartyName><cbc:Name><xsl:value-of select="$party-name"/></cbc:Name></cac:PartyName>
      </xsl:if>
      <xsl:call-template name="address">
        <xsl:with-param name="name" select="'PostalAddress'"/>
        <xsl:with-param name="street" select="$street"/>
        <xsl:with-param name="additional-street" select="$additional-street"/>
        <xsl:with-param name="postbox" select="$postbox"/>
        <xsl:with-param name="department" select="$department"/>
        <xsl:with-param name="district" select="$district"/>
        <xsl:with-param name="city" select="$city"/>
        <xsl:with-param name="postal-zone" select="$postal-zone"/>
        <xsl:with-param name="region" select="$region"/>
        <xsl:with-param name="address-lines" select="$address-lines"/>
        <xsl:with-param name="country" select="$country"/>
        <xsl:with-param name="country-name" select="$country-name"/>
      </xsl:call-template>
      <xsl:if test="string($vat-number)">
        <cac:PartyTaxScheme>
          <cbc:CompanyID><xsl:value-of select="$vat-number"/></cbc:CompanyID>
          <cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme>
        </cac:PartyTaxScheme>
      </xsl:if>
      <xsl:copy-of select="$contact"/>
    </xsl:element>
  </xsl:template>

  <!-- A postal address under the name given; nothing when all is empty. A country of two capital letters
       is a code, any other text its name. -->
  <xsl:template name="address">
    <xsl:param name="name" select="'Address'"/>
    <xsl:param name="street"/>
    <xsl:param name="additional-street"/>
    <xsl:param name="postbox"/>
    <xsl:param name="department"/>
    <xsl:param name="district"/>
    <xsl:param name="city"/>
    <xsl:param name="postal-zone"/>
    <xsl:param name="region"/>
    <xsl:param name="address-lines" select="/.."/>
    <xsl:param name="country"/>
    <xsl:param name="country-name"/>
    <xsl:variable name="anything" select="concat($street, $additional-street, $postbox, $department, $district, $city,
                                          $postal-zone, $region, $address-lines, $country, $country-name)"/>
    <xsl:if test="$anything != ''">
      <xsl:element name="cac:{$name}">
        <xsl:if test="string($postbox)"><cbc:Postbox><xsl:value-of select="$postbox"/></cbc:Postbox></xsl:if>
        <xsl:if test="string($street)"><cbc:StreetName><xsl:value-of select="$street"/></cbc:StreetName></xsl:if>
        <xsl:if test="string($additional-street)">
          <cbc:AdditionalStreetName><xsl:value-of select="$additional-street"/></cbc:AdditionalStreetName>
        </xsl:if>
        <xsl:if test="string($department)">
          <cbc:Department><xsl:value-of select="$department"/></cbc:Department>
        </xsl:if>
        <xsl:if test="string($district)">
          <cbc:CitySubdivisionName><xsl:value-of select="$district"/></cbc:CitySubdivisionName>
        </xsl:if>
        <xsl:if test="string($city)"><cbc:CityName><xsl:value-of select="$city"/></cbc:CityName></xsl:if>
        <xsl:if test="string($postal-zone)">
          <cbc:PostalZone><xsl:value-of select="$postal-zone"/></cbc:PostalZone>
        </xsl:if>
        <xsl:if test="string($region)">
          <cbc:CountrySubentity><xsl:value-of select="$region"/></cbc:CountrySubentity>
        </xsl:if>
        <xsl:for-each select="$address-lines[normalize-space()]">
          <cac:AddressLine><cbc:Line><xsl:value-of select="."/></cbc:Line></cac:AddressLine>
        </xsl:for-each>
        <xsl:call-template name="country">
          <xsl:with-param name="country" select="$country"/>
          <xsl:with-param name="country-name" select="$country-name"/>
        </xsl:call-template>
      </xsl:element>
    </xsl:if>
  </xsl:template>

  <xsl:template name="country">
    <xsl:param name="name" select="'Country'"/>
    <xsl:param name="country"/>
    <xsl:param name="country-name"/>
    <xsl:if test="concat($country, $country-name) != ''">
      <xsl:variable name="letters" select="translate($country, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', '')"/>
      <xsl:variable name="is-code" select="string-length($country) = 2 and $letters = ''"/>
      <xsl:element name="cac:{$name}">
        <xsl:if test="$is-code">
          <cbc:IdentificationCode><xsl:value-of select="$country"/></cbc:IdentificationCode>
        </xsl:if>
        <xsl:choose>
          <xsl:when test="string($country-name)"><cbc:Name><xsl:value-of select="$country-name"/></cbc:Name></xsl:when>
          <xsl:when test="not($is-code)"><cbc:Name><xsl:value-of select="$country"/></cbc:Name></xsl:when>
        </xsl:choose>
      </xsl:element>
    </xsl:if>
  </xsl:template>

  <!-- A person or desk under the name given (BuyerContact, SellerContact ...). `id` is what Jakamo's user
       mapping looks for. -->
  <xsl:template name="contact">
    <xsl:param name="name" select="'Contact'"/>
    <xsl:param name="id"/>
    <xsl:param name="person"/>
    <xsl:param name="telephone"/>
    <xsl:param name="telefax"/>
    <xsl:param name="mail"/>
    <xsl:if test="concat($id, $person, $telephone, $telefax, $mail) != ''">
      <xsl:element name="cac:{$name}">
        <xsl:if test="string($id)"><cbc:ID><xsl:value-of select="$id"/></cbc:ID></xsl:if>
        <xsl:if test="string($person)"><cbc:Name><xsl:value-of select="$person"/></cbc:Name></xsl:if>
        <xsl:if test="string($telephone)"><cbc:Telephone><xsl:value-of select="$telephone"/></cbc:Telephone></xsl:if>
        <xsl:if test="string($telefax)"><cbc:Telefax><xsl:value-of select="$telefax"/></cbc:Telefax></xsl:if>
        <xsl:if test="string($mail)"><cbc:ElectronicMail><xsl:value-of select="$mail"/></cbc:ElectronicMail></xsl:if>
      </xsl:element>
    </xsl:if>
  </xsl:template>

</xsl:stylesheet>
