<?xml version="1.0" encoding="UTF-8"?>
<!-- Values as exports write them: dates, times, numbers and texts that need another spelling. What is no
     value at all ("00000000", blanks) comes out empty. -->
<xsl:stylesheet version="1.0"
    xmlns:xsl="http://www.w3.org/1999/XSL/Transform"
    xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">

  <!-- The day of "20180801", "2018-08-01" or "2018-08-01T18:54:55" as "2018-08-01"; "00000000" is none. -->
  <xsl:template name="day">
    <xsl:param name="moment"/>
    <xsl:variable name="text" select="normalize-space($moment)"/>
    <xsl:choose>
      <xsl:when test="translate($text, '0-', '') = ''"/>
      <xsl:when test="string-length($text) = 8 and translate($text, '0123456789', '') = ''">
        <xsl:value-of select="concat(substring($text, 1, 4), '-', substring($text, 5, 2), '-', substring($text, 7))"/>
      </xsl:when>
      <xsl:otherwise><xsl:value-of select="substring($text, 1, 10)"/></xsl:otherwise>
    </xsl:choose>
  </xsl:template>

  <!-- "143320" as "14:33:20"; "000000" is none. -->
  <xsl:template name="time-of-day">
    <xsl:param name="digits"/>
    <xsl:variable name="text" select="normalize-space($digits)"/>
    <xsl:if test="string-length($text) = 6 and translate($text, '0', '') != ''">
      <xsl:value-of select="concat(substring($text, 1, 2), ':', substring($text, 3, 2), ':', substring($text, 5))"/>
    </xsl:if>
  </xsl:template>

  <!-- A number without blanks around it, with its minus in front: "   12.50-" as "-12.50". -->
  <xsl:template name="plain-number">
    <xsl:param name="value"/>
    <xsl:variable name="text" select="normalize-space($value)"/>
    <xsl:variable name="last" select="string-length($text)"/>
    <xsl:choose>
      <xsl:when test="substring($text, $last) = '-'">
        <xsl:value-of select="concat('-', normalize-space(substring($text, 1, $last - 1)))"/>
      </xsl:when>
      <xsl:otherwise><xsl:value-of select="$text"/></xsl:otherwise>
    </xsl:choose>
  </xsl:template>

  <!-- The same as an amount of two decimals. -->
  <xsl:template name="plain-amount">
    <xsl:param name="value"/>
    <xsl:call-template name="two-decimals">
      <xsl:with-param name="value">
        <xsl:call-template name="plain-number"><xsl:with-param name="value" select="$value"/></xsl:call-template>
      </xsl:with-param>
    </xsl:call-template>
  </xsl:template>

  <!-- The same without its sign, for amounts whose direction is told otherwise. -->
  <xsl:template name="unsigned-number">
    <xsl:param name="value"/>
    <xsl:value-of select="translate(normalize-space($value), '+- ', '')"/>
  </xsl:template>

  <!-- A number of digits alone that was filled up with zeros to one of `lengths` (" 10 18 "), without them. -->
  <xsl:template name="without-padding">
    <xsl:param name="number"/>
    <xsl:param name="lengths"/>
    <xsl:variable name="text" select="normalize-space($number)"/>
    <xsl:variable name="first" select="substring(translate($text, '0', ''), 1, 1)"/>
    <xsl:choose>
      <xsl:when test="contains($lengths, concat(' ', string-length($text), ' ')) and $first != ''
                      and translate($text, '0123456789', '') = ''">
        <xsl:value-of select="concat($first, substring-after($text, $first))"/>
      </xsl:when>
      <xsl:otherwise><xsl:value-of select="$text"/></xsl:otherwise>
    </xsl:choose>
  </xsl:template>

  <!-- A note, in its language (two letters) where that is told; nothing without words. Line breaks stay. -->
  <xsl:template name="note">
    <xsl:param name="text"/>
    <xsl:param name="language"/>
    <xsl:param name="label"/>
    <xsl:variable name="code" select="translate(normalize-space($language), 'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
                                      'abcdefghijklmnopqrstuvwxyz')"/>
    <xsl:if test="normalize-space($text)">
      <cbc:Note>
        <xsl:if test="string-length($code) = 2 and translate($code, 'abcdefghijklmnopqrstuvwxyz', '') = ''">
          <xsl:attribute name="languageID"><xsl:value-of select="$code"/></xsl:attribute>
        </xsl:if>
        <xsl:if test="string($label)"><xsl:value-of select="concat($label, ': ')"/></xsl:if>
        <xsl:call-template name="plain-breaks"><xsl:with-param name="text" select="$text"/></xsl:call-template>
      </cbc:Note>
    </xsl:if>
  </xsl:template>

  <!-- A text with line feeds alone as line breaks: CR LF and CR become one. -->
  <xsl:template name="plain-breaks">
    <xsl:param name="text"/>
    <xsl:choose>
      <xsl:when test="contains($text, '&#10;')"><xsl:value-of select="translate($text, '&#13;', '')"/></xsl:when>
      <xsl:otherwise><xsl:value-of select="translate($text, '&#13;', '&#10;')"/></xsl:otherwise>
    </xsl:choose>
  </xsl:template>

  <!-- The lines of a text that hold something, each as an element `line`. -->
  <xsl:template name="lines-of-text">
    <xsl:param name="text"/>
    <xsl:variable name="broken" select="concat(translate($text, '&#13;', '&#10;'), '&#10;')"/>
    <xsl:variable name="first" select="normalize-space(substring-before($broken, '&#10;'))"/>
    <xsl:variable name="rest" select="substring-after($broken, '&#10;')"/>
    <xsl:if test="$first"><line><xsl:value-of select="$first"/></line></xsl:if>
    <xsl:if test="normalize-space($rest)">
      <xsl:call-template name="lines-of-text"><xsl:with-param name="text" select="$rest"/></xsl:call-template>
    </xsl:if>
  </xsl:template>

</xsl:stylesheet>
