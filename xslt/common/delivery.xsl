<?xml version="1.0" encoding="UTF-8"?>
<!-- Deliveries and terms. A wished day is the end of RequestedDeliveryPeriod; UBL counts both ends in. -->
<xsl:stylesheet version="1.0"
    xmlns:xsl="http://www.w3.org/1999/XSL/Transform"
    xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
    xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">

  <xsl:template name="requested-period">
    <xsl:param name="from"/>
    <xsl:param name="until"/>
    <xsl:param name="until-time"/>
    <xsl:param name="words"/>
    <xsl:if test="concat($from, $until) != ''">
      <cac:RequestedDeliveryPeriod>
        <xsl:if test="string($from)"><cbc:StartDate><xsl:value-of select="$from"/></cbc:StartDate></xsl:if>
        <xsl:if test="string($until)"><cbc:EndDate><xsl:value-of select="$until"/></cbc:EndDate></xsl:if>
        <xsl:if test="string($until) and string($until-time)">
          <cbc:EndTime><xsl:value-of select="$until-time"/></cbc:EndTime>
        </xsl:if>
        <xsl:if test="string($words)"><cbc:Description><xsl:value-of select="$words"/></cbc:Description></xsl:if>
      </cac:RequestedDeliveryPeriod>
    </xsl:if>
  </xsl:template>

  <!-- A quantity with its unit under the name given; nothing without a value. -->
  <xsl:template name="quantity">
    <xsl:param name="name" select="'Quantity'"/>
    <xsl:param name="value"/>
    <xsl:param name="unit"/>
    <xsl:if test="string($value)">
      <xsl:element name="cbc:{$name}">
        <xsl:if test="string($unit)">
          <xsl:attribute name="unitCode"><xsl:value-of select="$unit"/></xsl:attribute>
        </xsl:if>
        <xsl:value-of select="$value"/>
      </xsl:element>
    </xsl:if>
  </xsl:template>

  <!-- A delivery: of the whole order, or one instalment of a line (several make a split delivery, so what
       belongs to one instalment must be given in one call). Nothing when neither day nor place is known,
       unless it is a numbered instalment with its quantity.
       The name of the place is its party's; `party-contact` is what the template "contact" wrote. -->
  <xsl:template name="delivery">
    <xsl:param name="id"/>
    <xsl:param name="quantity"/>
    <xsl:param name="unit"/>
    <xsl:param name="from"/>
    <xsl:param name="until"/>
    <xsl:param name="until-time"/>
    <xsl:param name="words"/>
    <xsl:param name="party-id"/>
    <xsl:param name="party-name"/>
    <xsl:param name="street"/>
    <xsl:param name="additional-street"/>
    <xsl:param name="department"/>
    <xsl:param name="district"/>
    <xsl:param name="city"/>
    <xsl:param name="postal-zone"/>
    <xsl:param name="region"/>
    <xsl:param name="address-lines" select="/.."/>
    <xsl:param name="country"/>
    <xsl:param name="country-name"/>
    <xsl:param name="party-contact"/>
    <xsl:param name="carrier-id"/>
    <xsl:param name="carrier-name"/>
    <xsl:param name="despatch-date"/>
    <xsl:variable name="place" select="concat($street, $additional-street, $department, $district, $city, $postal-zone,
                                       $region, $address-lines, $country, $country-name)"/>
    <xsl:variable name="carrier" select="concat($carrier-id, $carrier-name)"/>
    <xsl:if test="concat($party-id, $party-name, $party-contact, $place, $from, $until, $carrier, $despatch-date) != ''
                  or (string($id) and string($quantity))">
      <cac:Delivery>
        <xsl:if test="string($id)"><cbc:ID><xsl:value-of select="$id"/></cbc:ID></xsl:if>
        <xsl:call-template name="quantity">
          <xsl:with-param name="value" select="$quantity"/>
          <xsl:with-param name="unit" select="$unit"/>
        </xsl:call-template>
        <xsl:if test="$place != ''">
          <cac:DeliveryLocation>
            <xsl:call-template name="address">
              <xsl:with-param name="street" select="$street"/>
              <xsl:with-param name="additional-street" select="$additional-street"/>
              <xsl:with-param name="department" select="$department"/>
              <xsl:with-param name="district" select="$district"/>
              <xsl:with-param name="city" select="$city"/>
              <xsl:with-param name="postal-zone" select="$postal-zone"/>
              <xsl:with-param name="region" select="$region"/>
              <xsl:with-param name="address-lines" select="$address-lines"/>
              <xsl:with-param name="country" select="$country"/>
              <xsl:with-param name="country-name" select="$country-name"/>
            </xsl:call-template>
          </cac:DeliveryLocation>
        </xsl:if>
        <xsl:call-template name="requested-period">
          <xsl:with-param name="from" select="$from"/>
          <xsl:with-param name="until" select="$until"/>
          <xsl:with-param name="until-time" select="$until-time"/>
          <xsl:with-param name="words" select="$words"/>
        </xsl:call-template>
        <xsl:if test="$carrier != ''">
          <xsl:call-template name="party">
            <xsl:with-param name="name" select="'CarrierParty'"/>
            <xsl:with-param name="id" select="$carrier-id"/>
            <xsl:with-param name="party-name" select="$carrier-name"/>
          </xsl:call-template>
        </xsl:if>
        <xsl:if test="concat($party-id, $party-name, $party-contact) != ''">
          <xsl:call-template name="party">
            <xsl:with-param name="name" select="'DeliveryParty'"/>
            <xsl:with-param name="id" select="$party-id"/>
            <xsl:with-param name="party-name" select="$party-name"/>
            <xsl:with-param name="contact" select="$party-contact"/>
          </xsl:call-template>
        </xsl:if>
        <xsl:if test="string($despatch-date)">
          <cac:Despatch>
            <cbc:RequestedDespatchDate><xsl:value-of select="$despatch-date"/></cbc:RequestedDespatchDate>
          </cac:Despatch>
        </xsl:if>
      </cac:Delivery>
    </xsl:if>
  </xsl:template>

  <!-- Incoterms code, its place, and free words. -->
  <xsl:template name="delivery-terms">
    <xsl:param name="code"/>
    <xsl:param name="place"/>
    <xsl:param name="words"/>
    <xsl:if test="concat($code, $place, $words) != ''">
      <cac:DeliveryTerms>
        <xsl:if test="string($code)"><cbc:ID><xsl:value-of select="$code"/></cbc:ID></xsl:if>
        <xsl:if test="string($words)"><cbc:SpecialTerms><xsl:value-of select="$words"/></cbc:SpecialTerms></xsl:if>
        <xsl:if test="string($place)">
          <cac:DeliveryLocation>
            <cbc:Description><xsl:value-of select="$place"/></cbc:Description>
          </cac:DeliveryLocation>
        </xsl:if>
      </cac:DeliveryTerms>
    </xsl:if>
  </xsl:template>

  <!-- The key of the payment terms, their words, the days, and the discount for paying within them. -->
  <xsl:template name="payment-terms">
    <xsl:param name="code"/>
    <xsl:param name="words"/>
    <xsl:param name="days"/>
    <xsl:param name="discount-percent"/>
    <xsl:param name="due-date"/>
    <xsl:if test="concat($code, $words, $days, $discount-percent, $due-date) != ''">
      <cac:PaymentTerms>
        <xsl:if test="string($code)"><cbc:ID><xsl:value-of select="$code"/></cbc:ID></xsl:if>
        <xsl:if test="string($words)"><cbc:Note><xsl:value-of select="$words"/></cbc:Note></xsl:if>
        <xsl:if test="string($discount-percent)">
          <cbc:SettlementDiscountPercent><xsl:value-of select="$discount-percent"/></cbc:SettlementDiscountPercent>
        </xsl:if>
        <xsl:if test="string($due-date)">
          <cbc:PaymentDueDate><xsl:value-of select="$due-date"/></cbc:PaymentDueDate>
        </xsl:if>
        <xsl:if test="string($days)">
          <cac:SettlementPeriod>
            <cbc:DurationMeasure unitCode="DAY"><xsl:value-of select="$days"/></cbc:DurationMeasure>
          </cac:SettlementPeriod>
        </xsl:if>
      </cac:PaymentTerms>
    </xsl:if>
  </xsl:template>

</xsl:stylesheet>
