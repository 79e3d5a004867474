<?xml version="1.0" encoding="UTF-8"?>
<!-- Items of an IDoc (E1EDP01) to order lines.

     Item numbers by QUALF of E1EDP19: 001 the buyer's, 002 the supplier's, 003 GTIN, 010 the batch. ORDERS05 has
     no field for the revision level: it is taken from IDTNR_VERSION, or from a field REVLV in a segment of the
     sender's own; ZEINR and ZEIVR there (SAP's names for drawing and version) become a drawing. -->
<xsl:stylesheet version="1.0"
    xmlns:xsl="http://www.w3.org/1999/XSL/Transform"
    xmlns:exsl="http://exslt.org/common"
    xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
    xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
    exclude-result-prefixes="exsl">

  <xsl:template match="order" mode="lines">
    <xsl:for-each select="$items">
      <xsl:variable name="place" select="position()"/>
      <xsl:variable name="cancelled" select="normalize-space(ACTION) = '003'"/>
      <xsl:variable name="ours" select="E1EDP19[normalize-space(QUALF) = '001'][1]"/>
      <xsl:variable name="named" select="E1EDP19[normalize-space(KTEXT)]"/>
      <xsl:variable name="own" select="*[*][starts-with(local-name(), 'Z') or starts-with(local-name(), '_-')]"/>
      <xsl:if test="not($cancelled)"><xsl:call-template name="check-schedule"/></xsl:if>
      <xsl:call-template name="order-line">
        <xsl:with-param name="number" select="normalize-space(POSEX)"/>
        <xsl:with-param name="status"><xsl:if test="$cancelled">Cancelled</xsl:if></xsl:with-param>
        <xsl:with-param name="quantity">
          <xsl:choose>
            <xsl:when test="$cancelled">0</xsl:when>
            <xsl:otherwise>
              <xsl:call-template name="plain-number"><xsl:with-param name="value" select="MENGE"/></xsl:call-template>
            </xsl:otherwise>
          </xsl:choose>
        </xsl:with-param>
        <xsl:with-param name="unit" select="normalize-space(MENEE)"/>
        <xsl:with-param name="amount" select="string($figures[$place]/@net)"/>
        <xsl:with-param name="currency" select="$currency"/>
        <xsl:with-param name="accounting-cost" select="normalize-space(E1EDP02[normalize-space(QUALF) = '045']/BELNR)"/>
        <xsl:with-param name="price">
          <xsl:call-template name="plain-number"><xsl:with-param name="value" select="VPREI"/></xsl:call-template>
        </xsl:with-param>
        <xsl:with-param name="price-base"><xsl:call-template name="price-base"/></xsl:with-param>
        <xsl:with-param name="price-unit" select="normalize-space((PMENE[normalize-space()]
                                                  | MENEE[not(normalize-space(../PMENE))])[1])"/>
        <xsl:with-param name="item-name" select="normalize-space(($ours[normalize-space(KTEXT)]
                                                 | $named[not(normalize-space($ours/KTEXT))])[1]/KTEXT)"/>
        <xsl:with-param name="buyers-item">
          <xsl:call-template name="without-padding">
            <xsl:with-param name="number" select="($ours/IDTNR | MATNR[not(normalize-space($ours/IDTNR))])[1]"/>
            <xsl:with-param name="lengths" select="' 18 40 '"/>
          </xsl:call-template>
        </xsl:with-param>
        <xsl:with-param name="revision" select="normalize-space(($ours/IDTNR_VERSION | $own//REVLV)[normalize-space()]
                                                [1])"/>
        <xsl:with-param name="sellers-item" select="normalize-space(E1EDP19[normalize-space(QUALF) = '002']/IDTNR)"/>
        <xsl:with-param name="manufacturers-item" select="normalize-space(E1EDP19/MFRPN[normalize-space()])"/>
        <xsl:with-param name="standard-item" select="normalize-space(E1EDP19[normalize-space(QUALF) = '003']/IDTNR)"/>
        <xsl:with-param name="standard-scheme" select="'GTIN'"/>
      </xsl:call-template>
    </xsl:for-each>
  </xsl:template>

  <!-- PEINH; where the price is in another unit than the quantity, one of it when nothing is said. -->
  <xsl:template name="price-base">
    <xsl:variable name="base" select="normalize-space(PEINH)"/>
    <xsl:choose>
      <xsl:when test="translate($base, '0.', '')"><xsl:value-of select="$base"/></xsl:when>
      <xsl:when test="normalize-space(PMENE) and normalize-space(PMENE) != normalize-space(MENEE)">1</xsl:when>
    </xsl:choose>
  </xsl:template>

  <!-- NETWR as stated, else quantity times price. -->
  <xsl:template name="amount-of-item">
    <xsl:choose>
      <xsl:when test="normalize-space(ACTION) = '003'"/>
      <xsl:when test="normalize-space(NETWR)">
        <xsl:call-template name="plain-amount"><xsl:with-param name="value" select="NETWR"/></xsl:call-template>
      </xsl:when>
      <xsl:otherwise><xsl:call-template name="quantity-times-price"/></xsl:otherwise>
    </xsl:choose>
  </xsl:template>

  <!-- The quantity in the unit of the price (BMNG2 where that is another one), or nothing. -->
  <xsl:template name="quantity-times-price">
    <xsl:variable name="base"><xsl:call-template name="price-base"/></xsl:variable>
    <xsl:variable name="price-unit" select="normalize-space(PMENE)"/>
    <xsl:variable name="same-unit" select="$price-unit = '' or $price-unit = normalize-space(MENEE)"/>
    <xsl:call-template name="line-amount">
      <xsl:with-param name="quantity">
        <xsl:call-template name="plain-number">
          <xsl:with-param name="value" select="MENGE[$same-unit] | BMNG2[not($same-unit)]"/>
        </xsl:call-template>
      </xsl:with-param>
      <xsl:with-param name="price">
        <xsl:call-template name="plain-number"><xsl:with-param name="value" select="VPREI"/></xsl:call-template>
      </xsl:with-param>
      <xsl:with-param name="base" select="concat($base, substring('1', 1, number(not(string($base)))))"/>
    </xsl:call-template>
  </xsl:template>

  <!-- "true" when NETWR is quantity times price with the conditions on top, not with them inside. -->
  <xsl:template name="charges-apart">
    <xsl:if test="E1EDP05 and normalize-space(NETWR)">
      <xsl:variable name="net"><xsl:call-template name="amount-of-item"/></xsl:variable>
      <xsl:variable name="worth"><xsl:call-template name="quantity-times-price"/></xsl:variable>
      <xsl:variable name="sum"><xsl:call-template name="worth-with-conditions"/></xsl:variable>
      <xsl:if test="string($net) = string($sum) and string($worth) != string($net)">true</xsl:if>
    </xsl:if>
  </xsl:template>

  <!-- Quantity times price with the item's conditions on top; nothing when that is unknown. -->
  <xsl:template name="worth-with-conditions">
    <xsl:variable name="tree">
      <part><xsl:call-template name="quantity-times-price"/></part>
      <xsl:for-each select="E1EDP05"><part><xsl:call-template name="signed-charge"/></part></xsl:for-each>
    </xsl:variable>
    <xsl:variable name="parts" select="exsl:node-set($tree)/part"/>
    <xsl:if test="string($parts[1])">
      <xsl:call-template name="sum-of-amounts">
        <xsl:with-param name="amounts" select="$parts[string()]"/>
      </xsl:call-template>
    </xsl:if>
  </xsl:template>

  <!-- The schedule lines must come to what is ordered: else a part of a split delivery is missing. -->
  <xsl:template name="check-schedule">
    <xsl:variable name="planned" select="sum(E1EDP20/WMENG[normalize-space()])"/>
    <xsl:variable name="difference" select="$planned - number(MENGE)"/>
    <xsl:if test="E1EDP20/WMENG[normalize-space()] and not(contains(MENGE, '-')) and not($difference &lt; 0.0005
                  and $difference &gt; -0.0005)">
      <xsl:message terminate="yes">
        <xsl:value-of select="concat('The schedule lines (E1EDP20) come to ', $planned)"/>
        <xsl:for-each select="E1EDP20[normalize-space(WMENG)]">
          <xsl:value-of select="concat(substring(' (', 1, 2 * (position() = 1)), substring(' + ', 1,
                                3 * (position() != 1)),
                                normalize-space(WMENG), substring(')', 1, number(position() = last())))"/>
        </xsl:for-each>
        <xsl:value-of select="concat(', but ', normalize-space(MENGE), ' are ordered (MENGE).')"/>
      </xsl:message>
    </xsl:if>
  </xsl:template>

  <!-- Each schedule line is an instalment; without any, the item's requested date (IDDAT 002, or 001). The item's
       own goods recipient goes with each. -->
  <xsl:template match="E1EDP01" mode="line-deliveries">
    <xsl:variable name="recipient" select="E1EDPA1[normalize-space(PARVW) = 'WE'][1]"/>
    <xsl:variable name="unit" select="normalize-space(MENEE)"/>
    <xsl:variable name="schedule" select="E1EDP20[not(number(WMENG) = 0)]"/>
    <xsl:variable name="dates" select="E1EDP03[normalize-space(IDDAT) = '002'] | E1EDP03[normalize-space(IDDAT) = '001']
                                       [not(../E1EDP03[normalize-space(IDDAT) = '002'])]"/>
    <xsl:choose>
      <xsl:when test="normalize-space(ACTION) = '003'"/>
      <xsl:when test="$schedule">
        <xsl:for-each select="$schedule">
          <xsl:call-template name="delivery-to">
            <xsl:with-param name="partner" select="$recipient"/>
            <xsl:with-param name="date" select="."/>
            <xsl:with-param name="id">
              <xsl:if test="count($schedule) &gt; 1"><xsl:value-of select="position()"/></xsl:if>
            </xsl:with-param>
            <xsl:with-param name="quantity" select="normalize-space(WMENG)"/>
            <xsl:with-param name="unit" select="$unit"/>
          </xsl:call-template>
        </xsl:for-each>
      </xsl:when>
      <xsl:otherwise>
        <xsl:call-template name="delivery-to">
          <xsl:with-param name="partner" select="$recipient"/>
          <xsl:with-param name="date" select="$dates[1]"/>
          <xsl:with-param name="quantity" select="normalize-space(MENGE)"/>
          <xsl:with-param name="unit" select="$unit"/>
        </xsl:call-template>
      </xsl:otherwise>
    </xsl:choose>
    <xsl:call-template name="terms-of-delivery"><xsl:with-param name="segments" select="E1EDP17"/></xsl:call-template>
  </xsl:template>

  <xsl:template match="E1EDP01" mode="line-notes">
    <xsl:apply-templates select="E1EDPT1" mode="text"/>
    <xsl:variable name="place" select="count(preceding-sibling::E1EDP01) + 1"/>
    <xsl:apply-templates select="E1EDP05" mode="charge-in-words">
      <xsl:with-param name="apart" select="string($figures[$place]/@charges-apart)"/>
    </xsl:apply-templates>
    <xsl:apply-templates select="E1EDPA1" mode="other-partner"/>
    <xsl:if test="normalize-space(ABGRU)">
      <xsl:call-template name="note">
        <xsl:with-param name="label" select="'Reason for rejection'"/>
        <xsl:with-param name="text" select="normalize-space(concat(ABGRU, ' ', ABGRT))"/>
      </xsl:call-template>
    </xsl:if>
    <xsl:for-each select="E1EDP18">
      <xsl:call-template name="note">
        <xsl:with-param name="label" select="'Payment terms of this item'"/>
        <xsl:with-param name="text" select="normalize-space(concat(TAGE, ' days ', PRZNT, ' % ', ZTERM_TXT))"/>
      </xsl:call-template>
    </xsl:for-each>
  </xsl:template>

  <xsl:template match="E1EDP01" mode="line-charges">
    <xsl:variable name="place" select="count(preceding-sibling::E1EDP01) + 1"/>
    <xsl:if test="string($figures[$place]/@charges-apart)">
      <xsl:apply-templates select="E1EDP05" mode="charge"/>
    </xsl:if>
  </xsl:template>

  <xsl:template match="E1EDP01" mode="item-documents">
    <xsl:for-each select="*[*][starts-with(local-name(), 'Z') or starts-with(local-name(), '_-')]//ZEINR">
      <xsl:call-template name="item-document">
        <xsl:with-param name="id" select="normalize-space()"/>
        <xsl:with-param name="type" select="'Drawing'"/>
        <xsl:with-param name="version" select="normalize-space(../ZEIVR)"/>
      </xsl:call-template>
    </xsl:for-each>
  </xsl:template>

  <xsl:template match="E1EDP01" mode="item-classes">
    <xsl:if test="normalize-space(MATKL)">
      <cac:CommodityClassification>
        <cbc:ItemClassificationCode listID="MATKL">
          <xsl:value-of select="normalize-space(MATKL)"/>
        </cbc:ItemClassificationCode>
      </cac:CommodityClassification>
    </xsl:if>
    <xsl:for-each select="E1EDP04[normalize-space(MSATZ)]">
      <xsl:call-template name="tax-category">
        <xsl:with-param name="name" select="'ClassifiedTaxCategory'"/>
        <xsl:with-param name="category" select="normalize-space(MWSKZ)"/>
        <xsl:with-param name="percent">
          <xsl:call-template name="plain-number"><xsl:with-param name="value" select="MSATZ"/></xsl:call-template>
        </xsl:with-param>
      </xsl:call-template>
    </xsl:for-each>
  </xsl:template>

  <!-- What has no place of its own in UBL; last the fields of the sender's own segments, by their names. -->
  <xsl:template match="E1EDP01" mode="item-properties">
    <xsl:if test="normalize-space(PMENE) and normalize-space(PMENE) != normalize-space(MENEE)">
      <xsl:call-template name="item-property">
        <xsl:with-param name="name" select="'Quantity in the unit of the price'"/>
        <xsl:with-param name="quantity">
          <xsl:call-template name="plain-number"><xsl:with-param name="value" select="BMNG2"/></xsl:call-template>
        </xsl:with-param>
        <xsl:with-param name="unit" select="normalize-space(PMENE)"/>
      </xsl:call-template>
    </xsl:if>
    <xsl:call-template name="weight">
      <xsl:with-param name="name" select="'Net weight'"/>
      <xsl:with-param name="value" select="NTGEW"/>
    </xsl:call-template>
    <xsl:call-template name="weight">
      <xsl:with-param name="name" select="'Gross weight'"/>
      <xsl:with-param name="value" select="BRGEW"/>
    </xsl:call-template>
    <xsl:call-template name="item-property">
      <xsl:with-param name="name" select="'Plant'"/>
      <xsl:with-param name="value" select="normalize-space(WERKS)"/>
    </xsl:call-template>
    <xsl:call-template name="item-property">
      <xsl:with-param name="name" select="'Storage location'"/>
      <xsl:with-param name="value" select="normalize-space(LGORT)"/>
    </xsl:call-template>
    <xsl:call-template name="item-property">
      <xsl:with-param name="name" select="'Item category'"/>
      <xsl:with-param name="value" select="translate(normalize-space(PSTYP), '0', '')"/>
    </xsl:call-template>
    <xsl:if test="translate(UEPOS, '0 ', '')">
      <xsl:call-template name="item-property">
        <xsl:with-param name="name" select="'Higher-level item'"/>
        <xsl:with-param name="value" select="normalize-space(UEPOS)"/>
      </xsl:call-template>
    </xsl:if>
    <xsl:for-each select="E1EDP19[not(contains(' 001 002 003 ', concat(' ', normalize-space(QUALF), ' ')))]">
      <xsl:call-template name="item-property">
        <xsl:with-param name="name">
          <xsl:choose>
            <xsl:when test="normalize-space(QUALF) = '010'">Batch</xsl:when>
            <xsl:otherwise><xsl:value-of select="concat('E1EDP19 ', normalize-space(QUALF))"/></xsl:otherwise>
          </xsl:choose>
        </xsl:with-param>
        <xsl:with-param name="value" select="normalize-space(IDTNR)"/>
      </xsl:call-template>
    </xsl:for-each>
    <xsl:for-each select="E1EDP35">
      <xsl:call-template name="item-property">
        <xsl:with-param name="name" select="normalize-space(concat('Additional data ', QUALZ, ' ', CUSADD_BEZ))"/>
        <xsl:with-param name="value" select="normalize-space(CUSADD)"/>
      </xsl:call-template>
    </xsl:for-each>
    <xsl:for-each select="*[*][starts-with(local-name(), 'Z') or starts-with(local-name(), '_-')]//*[not(*)]
                          [not(self::REVLV or self::ZEINR or self::ZEIVR)]">
      <xsl:call-template name="item-property">
        <xsl:with-param name="name" select="local-name()"/>
        <xsl:with-param name="value" select="normalize-space()"/>
      </xsl:call-template>
    </xsl:for-each>
  </xsl:template>

  <xsl:template name="weight">
    <xsl:param name="name"/>
    <xsl:param name="value"/>
    <xsl:if test="translate($value, '0. ', '')">
      <xsl:call-template name="item-property">
        <xsl:with-param name="name" select="$name"/>
        <xsl:with-param name="quantity" select="normalize-space($value)"/>
        <xsl:with-param name="unit" select="normalize-space(GEWEI)"/>
      </xsl:call-template>
    </xsl:if>
  </xsl:template>

  <xsl:template match="E1EDP01" mode="line-taxes">
    <xsl:call-template name="taxes"><xsl:with-param name="segments" select="E1EDP04"/></xsl:call-template>
  </xsl:template>

  <xsl:template match="E1EDP01" mode="line-references">
    <xsl:apply-templates select="E1EDP02[normalize-space(BELNR)][not(contains(' 036 045 ', concat(' ',
                                 normalize-space(QUALF), ' ')))]
                                 [not(normalize-space(QUALF) = '001'
                                                             and normalize-space(BELNR) = string(/order/@number))]"
 mode="reference">
      <xsl:with-param name="name" select="'DocumentReference'"/>
    </xsl:apply-templates>
  </xsl:template>

</xsl:stylesheet>
