<?xml version="1.0" encoding="UTF-8"?>
<!-- cXML parties: credentials identify buyer and supplier; contacts, ShipTo and BillTo bear names and addresses. -->
<xsl:stylesheet version="1.0"
    xmlns:xsl="http://www.w3.org/1999/XSL/Transform"
    xmlns:exsl="http://exslt.org/common"
    xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
    xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
    exclude-result-prefixes="exsl">

  <!-- Domains (in small letters) of credentials that hold the buyer's own number of a supplier: such a one stands
       first, where Jakamo's company mapping looks. State those of your network here. -->
  <xsl:variable name="own-domains" select="' vendorid privateid internalsupplierid buyersystemid suppliernumber '"/>

  <xsl:variable name="from" select="/order/envelope/From"/>
  <xsl:variable name="to" select="/order/envelope/To"/>
  <xsl:variable name="contacts" select="$header/Contact"/>
  <xsl:variable name="partners" select="$header/BusinessPartner/Address/.."/>

  <xsl:variable name="buyer-company"
                select="($partners[@role = 'soldTo' or @role = 'buyer']/Address
                         | $contacts[@role = 'soldTo' or @role = 'buyerCorporate' or @role = 'buyerMasterAccount']
                         | $from/Correspondent/Contact)[1]"/>
  <xsl:variable name="supplier-company"
                select="($partners[@role = 'supplier' or @role = 'vendor']/Address
                         | $contacts[@role = 'supplierCorporate' or @role = 'supplierMasterAccount'
                                     or @role = 'supplierAccount']
                         | $to/Correspondent/Contact)[1]"/>
  <xsl:variable name="buyer-person"
                select="$contacts[@role = 'purchasingAgent' or @role = 'buyer' or @role = 'buyerAccount'][1]"/>
  <xsl:variable name="seller-person"
                select="$contacts[@role = 'sales' or @role = 'supplierRepresentative'
                                  or @role = 'customerService'][1]"/>
  <xsl:variable name="end-user" select="$contacts[@role = 'endUser' or @role = 'requester'][1]"/>
  <xsl:variable name="told-contacts"
                select="$buyer-company | $supplier-company | $buyer-person | $seller-person | $end-user"/>

  <xsl:template match="order" mode="buyer">
    <cac:BuyerCustomerParty>
      <xsl:call-template name="company">
        <xsl:with-param name="credentials" select="$from/Credential"/>
        <xsl:with-param name="company" select="$buyer-company"/>
      </xsl:call-template>
      <xsl:call-template name="person">
        <xsl:with-param name="name" select="'BuyerContact'"/>
        <xsl:with-param name="person" select="$buyer-person"/>
      </xsl:call-template>
    </cac:BuyerCustomerParty>
  </xsl:template>

  <xsl:template match="order" mode="supplier">
    <cac:SellerSupplierParty>
      <xsl:call-template name="company">
        <xsl:with-param name="credentials" select="$to/Credential"/>
        <xsl:with-param name="company" select="$supplier-company"/>
      </xsl:call-template>
      <xsl:call-template name="person">
        <xsl:with-param name="name" select="'SellerContact'"/>
        <xsl:with-param name="person" select="$seller-person"/>
      </xsl:call-template>
    </cac:SellerSupplierParty>
  </xsl:template>

  <!-- Who asked for the goods, and who gets the invoice. -->
  <xsl:template match="order" mode="further-parties">
    <xsl:if test="$end-user">
      <cac:OriginatorCustomerParty>
        <xsl:call-template name="person">
          <xsl:with-param name="name" select="'BuyerContact'"/>
          <xsl:with-param name="person" select="$end-user"/>
        </xsl:call-template>
      </cac:OriginatorCustomerParty>
    </xsl:if>
    <xsl:for-each select="$header/BillTo/Address[normalize-space(Name) or normalize-space(@addressID)]">
      <cac:AccountingCustomerParty>
        <xsl:call-template name="party-at"/>
        <xsl:call-template name="person">
          <xsl:with-param name="name" select="'AccountingContact'"/>
          <xsl:with-param name="person" select="."/>
          <xsl:with-param name="named" select="false()"/>
        </xsl:call-template>
      </cac:AccountingCustomerParty>
    </xsl:for-each>
  </xsl:template>

  <!-- Where the goods go, and when, for the whole order. -->
  <xsl:template match="order" mode="deliveries">
    <xsl:variable name="period" select="$header/DeliveryPeriod/Period"/>
    <xsl:variable name="wished" select="$period/@endDate | $header[not($period/@endDate)]/@requestedDeliveryDate"/>
    <xsl:call-template name="delivery-at">
      <xsl:with-param name="place" select="$header/ShipTo"/>
      <xsl:with-param name="from" select="substring($period/@startDate, 1, 10)"/>
      <xsl:with-param name="until" select="substring($wished, 1, 10)"/>
      <xsl:with-param name="despatch-date" select="substring($header/@pickUpDate, 1, 10)"/>
    </xsl:call-template>
  </xsl:template>

  <xsl:template name="company">
    <xsl:param name="credentials"/>
    <xsl:param name="company"/>
    <xsl:variable name="known" select="$credentials[normalize-space(Identity)]"/>
    <xsl:variable name="own"
                  select="$known[contains($own-domains, concat(' ', translate(@domain, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
                          'abcdefghijklmnopqrstuvwxyz'), ' '))][1]"/>
    <xsl:variable name="first" select="($own | $known[not($own)])[1]"/>
    <xsl:variable name="others-tree">
      <xsl:for-each select="$known[generate-id() != generate-id($first)]">
        <id scheme="{@domain}"><xsl:value-of select="normalize-space(Identity)"/></id>
      </xsl:for-each>
    </xsl:variable>
    <xsl:for-each select="$company | /order[not($company)]">
      <xsl:call-template name="party-at">
        <xsl:with-param name="id" select="normalize-space($first/Identity)"/>
        <xsl:with-param name="scheme" select="string($first/@domain)"/>
        <xsl:with-param name="further-ids" select="exsl:node-set($others-tree)/id"/>
      </xsl:call-template>
    </xsl:for-each>
  </xsl:template>

  <!-- The party of an Address or Contact, which is the current node. -->
  <xsl:template name="party-at">
    <xsl:param name="id" select="normalize-space(@addressID)"/>
    <xsl:param name="scheme" select="string(@addressIDDomain)"/>
    <xsl:param name="further-ids" select="/.."/>
    <xsl:variable name="post" select="PostalAddress[1]"/>
    <xsl:call-template name="party">
      <xsl:with-param name="id" select="$id"/>
      <xsl:with-param name="scheme" select="$scheme"/>
      <xsl:with-param name="further-ids" select="$further-ids"/>
      <xsl:with-param name="party-name" select="normalize-space(Name[1])"/>
      <xsl:with-param name="street" select="normalize-space($post/Street[1])"/>
      <xsl:with-param name="additional-street" select="normalize-space($post/Street[2])"/>
      <xsl:with-param name="city" select="normalize-space($post/City)"/>
      <xsl:with-param name="postal-zone" select="normalize-space($post/PostalCode)"/>
      <xsl:with-param name="region" select="normalize-space($post/State)"/>
      <xsl:with-param name="address-lines"
                      select="$post/DeliverTo | $post/Street[position() &gt; 2] | $post/Municipality"/>
      <xsl:with-param name="country" select="normalize-space($post/Country/@isoCountryCode)"/>
      <xsl:with-param name="country-name" select="normalize-space($post/Country)"/>
    </xsl:call-template>
  </xsl:template>

  <!-- A delivery to the ShipTo given (of the order or a line; there may be none), on the days given. -->
  <xsl:template name="delivery-at">
    <xsl:param name="place" select="/.."/>
    <xsl:param name="id"/>
    <xsl:param name="quantity"/>
    <xsl:param name="unit"/>
    <xsl:param name="from"/>
    <xsl:param name="until"/>
    <xsl:param name="despatch-date"/>
    <xsl:variable name="address" select="$place/Address"/>
    <xsl:variable name="post" select="$address/PostalAddress[1]"/>
    <xsl:call-template name="delivery">
      <xsl:with-param name="id" select="$id"/>
      <xsl:with-param name="quantity" select="$quantity"/>
      <xsl:with-param name="unit" select="$unit"/>
      <xsl:with-param name="from" select="$from"/>
      <xsl:with-param name="until" select="$until"/>
      <xsl:with-param name="party-id" select="normalize-space($address/@addressID)"/>
      <xsl:with-param name="party-name" select="normalize-space($address/Name[1])"/>
      <xsl:with-param name="street" select="normalize-space($post/Street[1])"/>
      <xsl:with-param name="additional-street" select="normalize-space($post/Street[2])"/>
      <xsl:with-param name="city" select="normalize-space($post/City)"/>
      <xsl:with-param name="postal-zone" select="normalize-space($post/PostalCode)"/>
      <xsl:with-param name="region" select="normalize-space($post/State)"/>
      <xsl:with-param name="address-lines"
                      select="$post/DeliverTo | $post/Street[position() &gt; 2] | $post/Municipality"/>
      <xsl:with-param name="country" select="normalize-space($post/Country/@isoCountryCode)"/>
      <xsl:with-param name="country-name" select="normalize-space($post/Country)"/>
      <xsl:with-param name="party-contact">
        <xsl:call-template name="person">
          <xsl:with-param name="person" select="$address"/>
          <xsl:with-param name="named" select="false()"/>
        </xsl:call-template>
      </xsl:with-param>
      <xsl:with-param name="carrier-id"
                      select="normalize-space($place/CarrierIdentifier[@domain != 'companyName'][1])"/>
      <xsl:with-param name="carrier-name"
                      select="normalize-space($place/CarrierIdentifier[@domain = 'companyName'][1])"/>
      <xsl:with-param name="despatch-date" select="$despatch-date"/>
    </xsl:call-template>
  </xsl:template>

  <!-- The contact of a Contact or Address. An Address's name is that of the company, not of the person. -->
  <xsl:template name="person">
    <xsl:param name="name" select="'Contact'"/>
    <xsl:param name="person"/>
    <xsl:param name="named" select="true()"/>
    <xsl:variable name="extra" select="$person/PostalAddress/Extrinsic[@name = 'phone']"/>
    <xsl:call-template name="contact">
      <xsl:with-param name="name" select="$name"/>
      <xsl:with-param name="id">
        <xsl:if test="$named"><xsl:value-of select="$person/@addressID"/></xsl:if>
      </xsl:with-param>
      <xsl:with-param name="person">
        <xsl:if test="$named"><xsl:value-of select="normalize-space($person/Name[1])"/></xsl:if>
      </xsl:with-param>
      <xsl:with-param name="telephone">
        <xsl:for-each select="$person/Phone[1]"><xsl:call-template name="telephone-number"/></xsl:for-each>
        <xsl:if test="not($person/Phone)"><xsl:value-of select="normalize-space($extra)"/></xsl:if>
      </xsl:with-param>
      <xsl:with-param name="telefax">
        <xsl:for-each select="$person/Fax[1]"><xsl:call-template name="telephone-number"/></xsl:for-each>
      </xsl:with-param>
      <xsl:with-param name="mail" select="normalize-space($person/Email[1])"/>
    </xsl:call-template>
  </xsl:template>

  <!-- "+358 40 1234567 ext. 12"; a number may also stand as plain text, and a country code that is no number ("US")
       says nothing to who dials. -->
  <xsl:template name="telephone-number">
    <xsl:variable name="number" select="TelephoneNumber"/>
    <xsl:variable name="code" select="translate(normalize-space($number/CountryCode), '+', '')"/>
    <xsl:variable name="land"><xsl:if test="translate($code, '0123456789', '') = ''">
      <xsl:value-of select="$code"/>
    </xsl:if></xsl:variable>
    <xsl:variable name="plus"><xsl:if test="string($land)">+</xsl:if></xsl:variable>
    <xsl:variable name="extension" select="normalize-space($number/Extension)"/>
    <xsl:variable name="ext"><xsl:if test="$extension"> ext. </xsl:if></xsl:variable>
    <xsl:variable name="plain"><xsl:if test="not($number)"><xsl:value-of select="."/></xsl:if></xsl:variable>
    <xsl:value-of select="normalize-space(concat($plain, $plus, $land, ' ', $number/AreaOrCityCode, ' ',
                          $number/Number, $ext, $extension))"/>
  </xsl:template>

  <!-- A contact whose part UBL has no place for: told in words. -->
  <xsl:template match="Contact" mode="as-note">
    <xsl:if test="count(. | $told-contacts) != count($told-contacts)">
      <xsl:variable name="telephone">
        <xsl:for-each select="Phone[1]"><xsl:call-template name="telephone-number"/></xsl:for-each>
      </xsl:variable>
      <cbc:Note>
        <xsl:value-of select="normalize-space(concat('Contact ', @role, ': ', Name[1], ' ', Email[1], ' ',
                                              $telephone))"/>
      </cbc:Note>
    </xsl:if>
  </xsl:template>

</xsl:stylesheet>
