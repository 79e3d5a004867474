<?xml version="1.0" encoding="UTF-8"?>
<!-- Rows about one order to a StatusMessage: of the whole order, or of the lines that the rows name. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">

  <xsl:import href="../common/status.xsl"/>

  <xsl:template match="/order">
    <xsl:if test="row[line_number] and row[not(line_number)]">
      <xsl:message terminate="yes">
        <xsl:text>Some rows of this order name a line, some do not. </xsl:text>
        <xsl:text>Is the whole order meant, or its lines?</xsl:text>
      </xsl:message>
    </xsl:if>
    <xsl:call-template name="status-message">
      <xsl:with-param name="status" select="row[1]/status"/>
      <xsl:with-param name="date" select="row[1]/date"/>
      <xsl:with-param name="note" select="row[1]/note"/>
      <xsl:with-param name="lines" select="row[line_number]"/>
    </xsl:call-template>
  </xsl:template>

  <xsl:template match="row" mode="status-line">
    <xsl:call-template name="status-line">
      <xsl:with-param name="number" select="line_number"/>
      <xsl:with-param name="quantity" select="quantity"/>
    </xsl:call-template>
  </xsl:template>

</xsl:stylesheet>
