<?xml version="1.0" encoding="UTF-8"?>
<!-- The StatusMessage. Only its root and OrderID are known for certain; the rest is our reading of
     Jakamo's prose and is written here and nowhere else, beside schemas/StatusMessage.xsd. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">

  <xsl:output method="xml" encoding="UTF-8" indent="yes"/>

  <!-- With `lines` (nodes), the status is of these lines alone: the mode "status-line" writes each. -->
  <xsl:template name="status-message">
    <xsl:param name="number" select="/order/@number"/>
    <xsl:param name="status"/>
    <xsl:param name="date"/>
    <xsl:param name="note"/>
    <xsl:param name="lines" select="/.."/>
    <StatusMessage>
      <OrderID><xsl:value-of select="$number"/></OrderID>
      <Status><xsl:value-of select="$status"/></Status>
      <xsl:if test="string($date)"><StatusDate><xsl:value-of select="$date"/></StatusDate></xsl:if>
      <xsl:if test="string($note)"><Note><xsl:value-of select="$note"/></Note></xsl:if>
      <xsl:apply-templates select="$lines" mode="status-line"/>
    </StatusMessage>
  </xsl:template>

  <xsl:template match="node()" mode="status-line"/>

  <xsl:template name="status-line">
    <xsl:param name="number"/>
    <xsl:param name="quantity"/>
    <xsl:param name="unit"/>
    <OrderLine>
      <ID><xsl:value-of select="$number"/></ID>
      <xsl:if test="string($quantity)">
        <Quantity>
          <xsl:if test="string($unit)">
            <xsl:attribute name="unitCode"><xsl:value-of select="$unit"/></xsl:attribute>
          </xsl:if>
          <xsl:value-of select="$quantity"/>
        </Quantity>
      </xsl:if>
    </OrderLine>
  </xsl:template>

</xsl:stylesheet>
