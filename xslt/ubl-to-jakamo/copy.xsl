<?xml version="1.0" encoding="UTF-8"?>
<!-- UBL elements as they are: what every element of the document gets that has no template of its own. -->
<xsl:stylesheet version="1.0"
    xmlns:xsl="http://www.w3.org/1999/XSL/Transform"
    xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
    xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">

  <xsl:import href="left-out.xsl"/>

  <!-- An element as it is, unless it is left out or nothing of it is left. -->
  <xsl:template match="*" mode="copy">
    <xsl:variable name="is-left-out"><xsl:call-template name="is-left-out"/></xsl:variable>
    <xsl:if test="$is-left-out != 'true'">
      <xsl:call-template name="written">
        <xsl:with-param name="content">
          <xsl:choose>
            <xsl:when test="*"><xsl:apply-templates select="*" mode="copy"/></xsl:when>
            <xsl:otherwise><xsl:apply-templates select="." mode="value"/></xsl:otherwise>
          </xsl:choose>
        </xsl:with-param>
      </xsl:call-template>
    </xsl:if>
  </xsl:template>

  <!-- These must be there where their parent is, also when they say nothing. -->
  <xsl:template match="cac:TaxScheme | cac:TaxSubtotal/cac:TaxCategory | cac:LineItem/cac:Item | cac:SubLineItem/cac:Item"
                mode="copy">
    <xsl:element name="cac:{local-name()}"><xsl:apply-templates select="*" mode="copy"/></xsl:element>
  </xsl:template>

  <!-- The current element's name and attributes around a content; nothing without one. -->
  <xsl:template name="written">
    <xsl:param name="content"/>
    <xsl:if test="normalize-space($content)">
      <xsl:variable name="prefix">
        <xsl:choose>
          <xsl:when test="self::cac:*">cac:</xsl:when>
          <xsl:when test="self::cbc:*">cbc:</xsl:when>
        </xsl:choose>
      </xsl:variable>
      <xsl:element name="{$prefix}{local-name()}" namespace="{namespace-uri()}">
        <xsl:for-each select="@*[namespace-uri() = ''][normalize-space()]">
          <xsl:if test="not(contains($attributes-left-out, concat(' ', local-name(), ' ')))">
            <xsl:attribute name="{local-name()}"><xsl:value-of select="normalize-space()"/></xsl:attribute>
          </xsl:if>
        </xsl:for-each>
        <xsl:copy-of select="$content"/>
      </xsl:element>
    </xsl:if>
  </xsl:template>

  <xsl:template match="*" mode="value"><xsl:value-of select="normalize-space()"/></xsl:template>

  <xsl:template match="cbc:Note | cbc:Description" mode="value">
    <xsl:value-of select="translate(., '&#13;', '')"/>
  </xsl:template>

  <!-- "2026-11-26Z" as "2026-11-26". -->
  <xsl:template match="*[substring(local-name(), string-length(local-name()) - 3) = 'Date']" mode="value">
    <xsl:value-of select="substring(normalize-space(), 1, 10)"/>
  </xsl:template>

</xsl:stylesheet>
