<?xml version="1.0" encoding="UTF-8"?>
<!-- Code tables. A column or field that declares `table` is translated before the stylesheet runs; this
     is for what only a stylesheet can look up: another column of a table, a code that it puts together. -->
<xsl:stylesheet version="1.0"
    xmlns:xsl="http://www.w3.org/1999/XSL/Transform"
    xmlns:source="urn:gateway:source"
    exclude-result-prefixes="source">

  <!-- What mapping.toml declares under [tables]: an element for each table, in it a row for each key, with
       an attribute for each column. -->
  <xsl:param name="tables" select="/.."/>

  <!-- The text that stands for `key` in a table, in its value column or in the one named. `at` is the cell
       or element the key comes from: if the table has no such key, the finding names it. -->
  <xsl:template name="looked-up">
    <xsl:param name="table"/>
    <xsl:param name="key"/>
    <xsl:param name="column"/>
    <xsl:param name="at" select="/.."/>
    <xsl:variable name="whole" select="$tables/*[name() = $table]"/>
    <xsl:variable name="row" select="$whole/row[@*[name() = string($whole/@key)] = string($key)]"/>
    <xsl:choose>
      <xsl:when test="string($key) = ''"/>
      <xsl:when test="$row and string($column)"><xsl:value-of select="$row/@*[name() = $column]"/></xsl:when>
      <xsl:when test="$row"><xsl:value-of select="$row/@*[name() = string($whole/@value)]"/></xsl:when>
      <xsl:when test="string($column) = '' and $whole/@pass"><xsl:value-of select="$key"/></xsl:when>
      <xsl:when test="string($column) = '' and $whole/@default"><xsl:value-of select="$whole/@default"/></xsl:when>
      <xsl:otherwise>
        <xsl:variable name="place" select="($at/ancestor-or-self::*/@n | $at/ancestor-or-self::*/@source:line)[last()]"/>
        <xsl:message>
          <xsl:value-of select="concat('unmapped-code|', $table, '|', $place, '|', name($at), '|', $key)"/>
        </xsl:message>
      </xsl:otherwise>
    </xsl:choose>
  </xsl:template>

</xsl:stylesheet>
