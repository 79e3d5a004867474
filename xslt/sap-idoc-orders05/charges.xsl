<?xml version="1.0" encoding="UTF-8"?>
<!-- Conditions (E1EDK05 of the order, E1EDP05 of an item) and taxes (E1EDK04, E1EDP04).

     The net price of an IDoc (VPREI, NETWR) holds the conditions already, as a rule: then they are told in words,
     for an amount beside the price would be counted twice. Where the figures show that they come on top, they are
     written as discounts and charges. -->
<xsl:stylesheet version="1.0"
    xmlns:xsl="http://www.w3.org/1999/XSL/Transform"
    xmlns:exsl="http://exslt.org/common"
    xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
    xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
    exclude-result-prefixes="exsl">

  <!-- Condition types that are no discount or charge but the price itself, taxes, or the cash discount. -->
  <xsl:variable name="no-charges" select="' PB00 PBXX PMP0 PN00 P000 P001 PR00 MWST MWVS NAVS NAVM SKTO '"/>

  <!-- What a condition comes to (KOBTR, else BETRG), below zero for a discount; empty when that is not told.
       ALCKZ says the direction; without it the sign does. -->
  <xsl:template name="signed-charge">
    <xsl:variable name="end" select="KOBTR[translate(., '0. -', '')]"/>
    <xsl:variable name="stated" select="normalize-space(($end | BETRG[not($end)])[1])"/>
    <xsl:variable name="sign" select="normalize-space(ALCKZ)"/>
    <xsl:if test="translate($stated, '0. -', '') and not(contains($no-charges, concat(' ', normalize-space(KSCHL),
                  ' ')))">
      <xsl:if test="$sign = '-' or ($sign != '+' and contains($stated, '-'))">-</xsl:if>
      <xsl:call-template name="two-decimals">
        <xsl:with-param name="value">
          <xsl:call-template name="unsigned-number"><xsl:with-param name="value" select="$stated"/></xsl:call-template>
        </xsl:with-param>
      </xsl:call-template>
    </xsl:if>
  </xsl:template>

  <!-- On top of the price: a discount or charge. -->
  <xsl:template match="E1EDK05 | E1EDP05" mode="charge">
    <xsl:variable name="signed"><xsl:call-template name="signed-charge"/></xsl:variable>
    <xsl:call-template name="allowance-charge">
      <xsl:with-param name="charge" select="string(not(starts-with($signed, '-')))"/>
      <xsl:with-param name="reason" select="normalize-space(concat(KSCHL, ' ', KOTXT))"/>
      <xsl:with-param name="factor">
        <xsl:if test="translate(KPERC, '0. -', '')">
          <xsl:call-template name="percent-as-factor">
            <xsl:with-param name="percent">
              <xsl:call-template name="unsigned-number">
                <xsl:with-param name="value" select="KPERC"/>
              </xsl:call-template>
            </xsl:with-param>
          </xsl:call-template>
        </xsl:if>
      </xsl:with-param>
      <xsl:with-param name="amount" select="translate($signed, '-', '')"/>
      <xsl:with-param name="currency" select="$currency"/>
    </xsl:call-template>
  </xsl:template>

  <!-- In the price already, or a share without an amount: in words. -->
  <xsl:template match="E1EDK05 | E1EDP05" mode="charge-in-words">
    <xsl:param name="apart"/>
    <xsl:variable name="signed"><xsl:call-template name="signed-charge"/></xsl:variable>
    <xsl:variable name="share">
      <xsl:if test="translate(KPERC, '0. -', '')"><xsl:value-of select="concat(ALCKZ, ' ', KPERC, ' %')"/></xsl:if>
    </xsl:variable>
    <xsl:variable name="money">
      <xsl:if test="string($signed)"><xsl:value-of select="concat($signed, ' ', $currency)"/></xsl:if>
    </xsl:variable>
    <xsl:if test="concat($signed, $share) != '' and not(string($apart) and string($signed))
                  and not(contains($no-charges, concat(' ', normalize-space(KSCHL), ' ')))">
      <xsl:call-template name="note">
        <xsl:with-param name="label" select="'Condition'"/>
        <xsl:with-param name="text" select="normalize-space(concat(KSCHL, ' ', KOTXT, ' ', $share, ' ', $money))"/>
      </xsl:call-template>
    </xsl:if>
  </xsl:template>

  <!-- Taxes, when each states its amount. -->
  <xsl:template name="taxes">
    <xsl:param name="segments"/>
    <xsl:if test="$segments and not($segments[not(normalize-space(MWSBT))])">
      <xsl:variable name="tree">
        <xsl:for-each select="$segments">
          <tax category="{normalize-space(MWSKZ)}">
            <xsl:attribute name="percent">
              <xsl:call-template name="plain-number"><xsl:with-param name="value" select="MSATZ"/></xsl:call-template>
            </xsl:attribute>
            <xsl:attribute name="amount">
              <xsl:call-template name="plain-amount"><xsl:with-param name="value" select="MWSBT"/></xsl:call-template>
            </xsl:attribute>
          </tax>
        </xsl:for-each>
      </xsl:variable>
      <xsl:variable name="taxes" select="exsl:node-set($tree)/tax"/>
      <cac:TaxTotal>
        <cbc:TaxAmount currencyID="{$currency}">
          <xsl:call-template name="sum-of-amounts">
            <xsl:with-param name="amounts" select="$taxes/@amount"/>
          </xsl:call-template>
        </cbc:TaxAmount>
        <xsl:for-each select="$taxes">
          <xsl:call-template name="tax-subtotal">
            <xsl:with-param name="tax" select="@amount"/>
            <xsl:with-param name="currency" select="$currency"/>
            <xsl:with-param name="category" select="@category"/>
            <xsl:with-param name="percent" select="@percent"/>
          </xsl:call-template>
        </xsl:for-each>
      </cac:TaxTotal>
    </xsl:if>
  </xsl:template>

</xsl:stylesheet>
