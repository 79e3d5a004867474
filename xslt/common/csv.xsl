<?xml version="1.0" encoding="UTF-8"?>
<!-- Cells of a CSV row with semicolons, for stylesheets whose output is text. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">

  <!-- A cell: the value, or the first of several; line breaks become blanks, quotes stand only where needed. -->
  <xsl:template name="cell">
    <xsl:param name="value"/>
    <xsl:variable name="text" select="normalize-space($value)"/>
    <xsl:choose>
      <xsl:when test="contains($text, ';') or contains($text, '&quot;')">
        <xsl:text>"</xsl:text>
        <xsl:call-template name="doubled-quotes"><xsl:with-param name="text" select="$text"/></xsl:call-template>
        <xsl:text>"</xsl:text>
      </xsl:when>
      <xsl:otherwise><xsl:value-of select="$text"/></xsl:otherwise>
    </xsl:choose>
  </xsl:template>

  <!-- A semicolon, then a cell. -->
  <xsl:template name="next-cell">
    <xsl:param name="value"/>
    <xsl:text>;</xsl:text>
    <xsl:call-template name="cell"><xsl:with-param name="value" select="$value"/></xsl:call-template>
  </xsl:template>

  <!-- Several values as one, with commas. -->
  <xsl:template name="joined">
    <xsl:param name="values"/>
    <xsl:for-each select="$values[normalize-space()]">
      <xsl:if test="position() &gt; 1"><xsl:text>, </xsl:text></xsl:if>
      <xsl:value-of select="normalize-space()"/>
    </xsl:for-each>
  </xsl:template>

  <xsl:template name="doubled-quotes">
    <xsl:param name="text"/>
    <xsl:choose>
      <xsl:when test="contains($text, '&quot;')">
        <xsl:value-of select="concat(substring-before($text, '&quot;'), '&quot;&quot;')"/>
        <xsl:call-template name="doubled-quotes">
          <xsl:with-param name="text" select="substring-after($text, '&quot;')"/>
        </xsl:call-template>
      </xsl:when>
      <xsl:otherwise><xsl:value-of select="$text"/></xsl:otherwise>
    </xsl:choose>
  </xsl:template>
</xsl:stylesheet>
