<?xml version="1.0" encoding="UTF-8"?>
<!-- openTRANS parties: who plays which part, with address and contact. -->
<xsl:stylesheet version="1.0"
    xmlns:xsl="http://www.w3.org/1999/XSL/Transform"
    xmlns:exsl="http://exslt.org/common"
    xmlns:o="http://www.opentrans.org/XMLSchema/2.1"
    xmlns:b="http://www.bmecat.org/bmecat/2005"
    xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
    xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
    exclude-result-prefixes="exsl o b">

  <xsl:variable name="parties" select="$info/o:PARTIES/o:PARTY"/>
  <xsl:variable name="references" select="$info/o:ORDER_PARTIES_REFERENCE"/>
  <xsl:variable name="buyer-reference" select="normalize-space($references/b:BUYER_IDREF)"/>
  <xsl:variable name="supplier-reference" select="normalize-space($references/b:SUPPLIER_IDREF)"/>
  <xsl:variable name="invoice-reference" select="normalize-space($references/o:INVOICE_RECIPIENT_IDREF)"/>
  <xsl:variable name="shipment" select="$references/o:SHIPMENT_PARTIES_REFERENCE | $info/o:SHIPMENT_PARTIES_REFERENCE"/>

  <!-- Roles first: they stand beside the name and address. -->
  <xsl:variable name="buyers" select="$parties[o:PARTY_ROLE = 'buyer' or b:PARTY_ID/@type = 'buyer']"/>
  <xsl:variable name="suppliers" select="$parties[o:PARTY_ROLE = 'supplier' or b:PARTY_ID/@type = 'supplier']"/>
  <xsl:variable name="buyer" select="($buyers | $parties[not($buyers)][b:PARTY_ID = $buyer-reference])[1]"/>
  <xsl:variable name="supplier" select="($suppliers | $parties[not($suppliers)][b:PARTY_ID = $supplier-reference])[1]"/>

  <xsl:template match="order" mode="buyer">
    <cac:BuyerCustomerParty>
      <xsl:if test="$buyer/b:PARTY_ID[@type = 'supplier_specific'][normalize-space()]">
        <cbc:SupplierAssignedAccountID>
          <xsl:value-of select="normalize-space($buyer/b:PARTY_ID[@type = 'supplier_specific'])"/>
        </cbc:SupplierAssignedAccountID>
      </xsl:if>
      <xsl:call-template name="party-with-address">
        <xsl:with-param name="party" select="$buyer"/>
        <xsl:with-param name="reference" select="$buyer-reference"/>
        <xsl:with-param name="own" select="'supplier_specific'"/>
      </xsl:call-template>
      <xsl:call-template name="contact-of-party">
        <xsl:with-param name="name" select="'BuyerContact'"/>
        <xsl:with-param name="party" select="$buyer"/>
      </xsl:call-template>
    </cac:BuyerCustomerParty>
  </xsl:template>

  <xsl:template match="order" mode="supplier">
    <cac:SellerSupplierParty>
      <xsl:call-template name="party-with-address">
        <xsl:with-param name="party" select="$supplier"/>
        <xsl:with-param name="reference" select="$supplier-reference"/>
        <xsl:with-param name="own" select="'buyer_specific'"/>
      </xsl:call-template>
      <xsl:call-template name="contact-of-party">
        <xsl:with-param name="name" select="'SellerContact'"/>
        <xsl:with-param name="party" select="$supplier"/>
      </xsl:call-template>
    </cac:SellerSupplierParty>
  </xsl:template>

  <!-- Whom the goods are for in the end, who carries them, and who gets the invoice, when it is not the buyer. -->
  <xsl:template match="order" mode="further-parties">
    <xsl:for-each select="$parties[o:PARTY_ROLE = 'customer'][1]">
      <cac:OriginatorCustomerParty>
        <xsl:call-template name="party-with-address"><xsl:with-param name="party" select="."/></xsl:call-template>
        <xsl:call-template name="contact-of-party">
          <xsl:with-param name="name" select="'BuyerContact'"/>
          <xsl:with-param name="party" select="."/>
        </xsl:call-template>
      </cac:OriginatorCustomerParty>
    </xsl:for-each>
    <xsl:for-each select="$parties[o:PARTY_ROLE = 'transport' or o:PARTY_ROLE = 'deliverer'][1]">
      <xsl:call-template name="party-with-address">
        <xsl:with-param name="party" select="."/>
        <xsl:with-param name="name" select="'FreightForwarderParty'"/>
      </xsl:call-template>
    </xsl:for-each>
    <xsl:variable name="recipients" select="$parties[o:PARTY_ROLE = 'invoice_recipient']"/>
    <xsl:variable name="recipient"
                  select="($recipients | $parties[not($recipients)][b:PARTY_ID = $invoice-reference])[1]"/>
    <xsl:if test="($recipient or $invoice-reference != '') and generate-id($recipient) != generate-id($buyer)
                  and not($buyer/b:PARTY_ID = $invoice-reference and not($recipients))">
      <cac:AccountingCustomerParty>
        <xsl:call-template name="party-with-address">
          <xsl:with-param name="party" select="$recipient"/>
          <xsl:with-param name="reference" select="$invoice-reference"/>
        </xsl:call-template>
        <xsl:call-template name="contact-of-party">
          <xsl:with-param name="name" select="'AccountingContact'"/>
          <xsl:with-param name="party" select="$recipient"/>
        </xsl:call-template>
      </cac:AccountingCustomerParty>
    </xsl:if>
  </xsl:template>

  <!-- Where the goods go, and when, for the whole order. -->
  <xsl:template match="order" mode="deliveries">
    <xsl:variable name="reference"
                  select="normalize-space(($shipment/o:FINAL_DELIVERY_IDREF | $shipment/o:DELIVERY_IDREF)[1])"/>
    <xsl:variable name="roles" select="$parties[o:PARTY_ROLE = 'delivery' or o:PARTY_ROLE = 'final_delivery']"/>
    <xsl:call-template name="delivery-to">
      <xsl:with-param name="place" select="($roles | $parties[not($roles)][b:PARTY_ID = $reference])[1]"/>
      <xsl:with-param name="reference" select="$reference"/>
      <xsl:with-param name="dates" select="$info/o:DELIVERY_DATE"/>
    </xsl:call-template>
  </xsl:template>

  <!-- A delivery to a party (or to a reference that no party answers to), on the days given. -->
  <xsl:template name="delivery-to">
    <xsl:param name="place"/>
    <xsl:param name="reference"/>
    <xsl:param name="dates"/>
    <xsl:param name="words"/>
    <xsl:param name="quantity"/>
    <xsl:param name="unit"/>
    <xsl:variable name="address" select="$place/o:ADDRESS[1]"/>
    <xsl:variable name="id">
      <xsl:call-template name="party-id">
        <xsl:with-param name="party" select="$place"/>
        <xsl:with-param name="reference" select="$reference"/>
      </xsl:call-template>
    </xsl:variable>
    <xsl:call-template name="delivery">
      <xsl:with-param name="quantity" select="$quantity"/>
      <xsl:with-param name="unit" select="$unit"/>
      <xsl:with-param name="words" select="$words"/>
      <xsl:with-param name="party-id" select="string($id)"/>
      <xsl:with-param name="party-name" select="normalize-space($address/b:NAME)"/>
      <xsl:with-param name="street" select="normalize-space($address/b:STREET)"/>
      <xsl:with-param name="department" select="normalize-space($address/b:DEPARTMENT)"/>
      <xsl:with-param name="city" select="normalize-space($address/b:CITY)"/>
      <xsl:with-param name="postal-zone" select="normalize-space($address/b:ZIP)"/>
      <xsl:with-param name="region" select="normalize-space($address/b:STATE)"/>
      <xsl:with-param name="address-lines" select="$address/b:NAME2 | $address/b:NAME3"/>
      <xsl:with-param name="country" select="normalize-space($address/b:COUNTRY_CODED)"/>
      <xsl:with-param name="country-name" select="normalize-space($address/b:COUNTRY)"/>
      <xsl:with-param name="from">
        <xsl:call-template name="day">
          <xsl:with-param name="moment" select="normalize-space($dates/o:DELIVERY_START_DATE)"/>
        </xsl:call-template>
      </xsl:with-param>
      <xsl:with-param name="until">
        <xsl:call-template name="day">
          <xsl:with-param name="moment" select="normalize-space($dates/o:DELIVERY_END_DATE)"/>
        </xsl:call-template>
      </xsl:with-param>
      <xsl:with-param name="party-contact">
        <xsl:call-template name="contact-of-party">
          <xsl:with-param name="name" select="'Contact'"/>
          <xsl:with-param name="party" select="$place"/>
        </xsl:call-template>
      </xsl:with-param>
    </xsl:call-template>
  </xsl:template>

  <!-- The number of a party: of the kind asked for, else its first; the reference when there is no party. -->
  <xsl:template name="party-id">
    <xsl:param name="party"/>
    <xsl:param name="reference"/>
    <xsl:param name="own"/>
    <xsl:variable name="numbers" select="$party/b:PARTY_ID[normalize-space()]"/>
    <xsl:choose>
      <xsl:when test="$numbers[@type = $own]">
        <xsl:value-of select="normalize-space($numbers[@type = $own][1])"/>
      </xsl:when>
      <xsl:when test="$numbers"><xsl:value-of select="normalize-space($numbers[1])"/></xsl:when>
      <xsl:otherwise><xsl:value-of select="$reference"/></xsl:otherwise>
    </xsl:choose>
  </xsl:template>

  <xsl:template name="party-with-address">
    <xsl:param name="name" select="'Party'"/>
    <xsl:param name="party"/>
    <xsl:param name="reference"/>
    <xsl:param name="own"/>
    <xsl:variable name="address" select="$party/o:ADDRESS[1]"/>
    <xsl:variable name="id">
      <xsl:call-template name="party-id">
        <xsl:with-param name="party" select="$party"/>
        <xsl:with-param name="reference" select="$reference"/>
        <xsl:with-param name="own" select="$own"/>
      </xsl:call-template>
    </xsl:variable>
    <xsl:variable name="others-tree">
      <xsl:for-each select="$party/b:PARTY_ID[normalize-space() and normalize-space() != string($id)]">
        <id scheme="{@type}"><xsl:value-of select="normalize-space()"/></id>
      </xsl:for-each>
    </xsl:variable>
    <xsl:call-template name="party">
      <xsl:with-param name="name" select="$name"/>
      <xsl:with-param name="id" select="string($id)"/>
      <xsl:with-param name="further-ids" select="exsl:node-set($others-tree)/id"/>
      <xsl:with-param name="party-name" select="normalize-space($address/b:NAME)"/>
      <xsl:with-param name="street" select="normalize-space($address/b:STREET)"/>
      <xsl:with-param name="postbox" select="normalize-space($address/b:BOXNO)"/>
      <xsl:with-param name="department" select="normalize-space($address/b:DEPARTMENT)"/>
      <xsl:with-param name="city" select="normalize-space($address/b:CITY)"/>
      <xsl:with-param name="postal-zone" select="normalize-space($address/b:ZIP)"/>
      <xsl:with-param name="region" select="normalize-space($address/b:STATE)"/>
      <xsl:with-param name="address-lines" select="$address/b:NAME2 | $address/b:NAME3"/>
      <xsl:with-param name="country" select="normalize-space($address/b:COUNTRY_CODED)"/>
      <xsl:with-param name="country-name" select="normalize-space($address/b:COUNTRY)"/>
      <xsl:with-param name="vat-number" select="normalize-space($address/b:VAT_ID)"/>
    </xsl:call-template>
  </xsl:template>

  <!-- The first contact person; without one, the telephone and mail of the address. -->
  <xsl:template name="contact-of-party">
    <xsl:param name="name"/>
    <xsl:param name="party"/>
    <xsl:variable name="address" select="$party/o:ADDRESS[1]"/>
    <xsl:variable name="contact" select="$address/o:CONTACT_DETAILS[1]"/>
    <xsl:call-template name="contact">
      <xsl:with-param name="name" select="$name"/>
      <xsl:with-param name="id" select="normalize-space($contact/b:CONTACT_ID)"/>
      <xsl:with-param name="person"
                      select="normalize-space(concat($contact/b:FIRST_NAME, ' ', $contact/b:CONTACT_NAME))"/>
      <xsl:with-param name="telephone"
                      select="normalize-space(($contact/b:PHONE | $address[not($contact/b:PHONE)]/b:PHONE)[1])"/>
      <xsl:with-param name="telefax"
                      select="normalize-space(($contact/b:FAX | $address[not($contact/b:FAX)]/b:FAX)[1])"/>
      <xsl:with-param name="mail"
                      select="normalize-space(($contact//b:EMAIL | $address[not($contact//b:EMAIL)]/b:EMAIL)[1])"/>
    </xsl:call-template>
  </xsl:template>

</xsl:stylesheet>
