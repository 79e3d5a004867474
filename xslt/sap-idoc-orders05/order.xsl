<?xml version="1.0" encoding="UTF-8"?>
<!-- SAP IDoc ORDERS05 to Order, OrderChange, or (the document reversed: E1EDK01/ACTION 001) StatusMessage.

     Most segments say by a qualifier what they are: QUALF, IDDAT, PARVW, SUMID. A price is for PEINH units of
     PMENE, which may be another unit than that of the quantity. An item with ACTION 003 is cancelled: it stays
     as a line of quantity 0, so that nobody has to find out from its absence. Numbers that SAP fills up with
     zeros (partners to 10 digits, materials to 18 or 40) are sent as SAP's screens show them. Card numbers
     (E1EDK36, E1EDK02 036) are never passed on. -->
<xsl:stylesheet version="1.0"
    xmlns:xsl="http://www.w3.org/1999/XSL/Transform"
    xmlns:exsl="http://exslt.org/common"
    xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
    xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
    exclude-result-prefixes="exsl">

  <xsl:import href="../common/document.xsl"/>
  <xsl:import href="../common/status.xsl"/>
  <xsl:import href="references.xsl"/>
  <xsl:import href="parties.xsl"/>
  <xsl:import href="charges.xsl"/>
  <xsl:import href="items.xsl"/>

  <xsl:variable name="idoc" select="/order/IDOC"/>
  <xsl:variable name="head" select="$idoc/E1EDK01"/>
  <xsl:variable name="items" select="$idoc/E1EDP01"/>
  <xsl:variable name="currency" select="normalize-space($head/CURCY)"/>

  <!-- What each item costs and what comes on top of its price, worked out once; nothing where that is unknown, or
       where the item is cancelled. -->
  <xsl:variable name="figures-tree">
    <xsl:for-each select="$items">
      <item>
        <xsl:if test="normalize-space(ACTION) = '003'"><xsl:attribute name="cancelled">true</xsl:attribute></xsl:if>
        <xsl:attribute name="net"><xsl:call-template name="amount-of-item"/></xsl:attribute>
        <xsl:attribute name="charges-apart"><xsl:call-template name="charges-apart"/></xsl:attribute>
        <xsl:attribute name="worth"><xsl:call-template name="quantity-times-price"/></xsl:attribute>
        <xsl:attribute name="with-conditions"><xsl:call-template name="worth-with-conditions"/></xsl:attribute>
      </item>
    </xsl:for-each>
  </xsl:variable>
  <xsl:variable name="figures" select="exsl:node-set($figures-tree)/item"/>
  <xsl:variable name="wanted" select="$figures[not(@cancelled)]"/>
  <xsl:variable name="charges-tree">
    <xsl:for-each select="$idoc/E1EDK05">
      <charge><xsl:attribute name="amount"><xsl:call-template name="signed-charge"/></xsl:attribute></charge>
    </xsl:for-each>
  </xsl:variable>
  <xsl:variable name="charges" select="exsl:node-set($charges-tree)/charge[string(@amount)]"/>

  <!-- The sum of the items when each is known, with the order's conditions, and what E1EDS01 states. -->
  <xsl:variable name="lines">
    <xsl:if test="$wanted and not($wanted[not(string(@net))])">
      <xsl:call-template name="sum-of-amounts">
        <xsl:with-param name="amounts" select="$wanted/@net"/>
      </xsl:call-template>
    </xsl:if>
  </xsl:variable>
  <xsl:variable name="with-charges">
    <xsl:if test="string($lines)">
      <xsl:call-template name="sum-of-amounts">
        <xsl:with-param name="amounts" select="$wanted/@net | $charges/@amount"/>
      </xsl:call-template>
    </xsl:if>
  </xsl:variable>
  <xsl:variable name="stated">
    <xsl:call-template name="plain-amount">
      <xsl:with-param name="value" select="$idoc/E1EDS01[normalize-space(SUMID) = '002']/SUMME"/>
    </xsl:call-template>
  </xsl:variable>
  <xsl:variable name="gross">
    <xsl:call-template name="plain-amount">
      <xsl:with-param name="value" select="$idoc/E1EDS01[normalize-space(SUMID) = '003']/SUMME"/>
    </xsl:call-template>
  </xsl:variable>
  <xsl:variable name="charges-apart">
    <xsl:if test="$charges and string($stated) != string($lines)
                  and string($stated) = string($with-charges)">true</xsl:if>
  </xsl:variable>

  <xsl:template match="/order">
    <xsl:variable name="kind"><xsl:call-template name="document-kind"/></xsl:variable>
    <xsl:choose>
      <xsl:when test="$kind = 'StatusMessage'">
        <xsl:call-template name="status-message">
          <xsl:with-param name="status" select="'Cancelled'"/>
          <xsl:with-param name="date">
            <xsl:call-template name="day">
              <xsl:with-param name="moment" select="$idoc/EDI_DC40/CREDAT"/>
            </xsl:call-template>
          </xsl:with-param>
        </xsl:call-template>
      </xsl:when>
      <xsl:otherwise><xsl:call-template name="order-document"/></xsl:otherwise>
    </xsl:choose>
  </xsl:template>

  <xsl:template name="order-document">
    <xsl:variable name="dates" select="$idoc/E1EDK03[translate(DATUM, '0 ', '')]"/>
    <xsl:variable name="dated" select="$dates[normalize-space(IDDAT) = '012']
                                       | $dates[normalize-space(IDDAT) = '022']
                                         [not($dates[normalize-space(IDDAT) = '012'])]"/>
    <xsl:variable name="ordered" select="$dates[not($dated)][normalize-space(IDDAT) = '029']
                                         | $idoc/E1EDK02[not($dated)][normalize-space(QUALF) = '001']"/>
    <xsl:variable name="source" select="($dated | $ordered)[translate(DATUM, '0 ', '')][1]"/>
    <xsl:call-template name="document">
      <xsl:with-param name="issue-date">
        <xsl:call-template name="day"><xsl:with-param name="moment" select="$source/DATUM"/></xsl:call-template>
      </xsl:with-param>
      <xsl:with-param name="issue-time">
        <xsl:call-template name="time-of-day"><xsl:with-param name="digits" select="$source/UZEIT"/></xsl:call-template>
      </xsl:with-param>
      <xsl:with-param name="currency" select="$currency"/>
      <xsl:with-param name="customer-reference" select="normalize-space($buyer/IHREZ)"/>
      <xsl:with-param name="accounting-cost"
                      select="normalize-space($idoc/E1EDK02[normalize-space(QUALF) = '045']/BELNR)"/>
    </xsl:call-template>
  </xsl:template>

  <xsl:template match="order" mode="notes">
    <xsl:apply-templates select="$idoc/E1EDKT1" mode="text"/>
    <xsl:call-template name="note">
      <xsl:with-param name="label" select="'Unloading point'"/>
      <xsl:with-param name="text" select="normalize-space($head/ABLAD)"/>
    </xsl:call-template>
    <xsl:call-template name="note">
      <xsl:with-param name="label" select="'Receiving point'"/>
      <xsl:with-param name="text" select="normalize-space($head/EMPST)"/>
    </xsl:call-template>
    <xsl:call-template name="note">
      <xsl:with-param name="label" select="'Shipping type'"/>
      <xsl:with-param name="text" select="normalize-space(concat($head/VSART, ' ', $head/VSART_BEZ))"/>
    </xsl:call-template>
    <xsl:apply-templates select="$idoc/E1EDKA1" mode="other-partner"/>
    <xsl:if test="normalize-space($head/AUTLF) = 'X'"><cbc:Note>Complete delivery only</cbc:Note></xsl:if>
    <xsl:apply-templates select="$idoc/E1EDK05" mode="charge-in-words">
      <xsl:with-param name="apart" select="$charges-apart"/>
    </xsl:apply-templates>
  </xsl:template>

  <!-- The lines of a text; TDFORMAT says how each joins the one before: "=" directly, none after a blank,
       "/*" and "/:" are comments and commands, all else begins a new line. -->
  <xsl:template match="E1EDKT1 | E1EDPT1" mode="text">
    <xsl:variable name="lines" select="(E1EDKT2 | E1EDPT2)[normalize-space(TDFORMAT) != '/*']
                                       [normalize-space(TDFORMAT) != '/:']"/>
    <xsl:call-template name="note">
      <xsl:with-param name="language" select="TSSPRAS_ISO"/>
      <xsl:with-param name="text">
        <xsl:for-each select="$lines">
          <xsl:choose>
            <xsl:when test="position() = 1 or normalize-space(TDFORMAT) = '='"/>
            <xsl:when test="normalize-space(TDFORMAT) = ''"><xsl:text> </xsl:text></xsl:when>
            <xsl:otherwise><xsl:text>&#10;</xsl:text></xsl:otherwise>
          </xsl:choose>
          <xsl:value-of select="TDLINE"/>
        </xsl:for-each>
      </xsl:with-param>
    </xsl:call-template>
  </xsl:template>

  <xsl:template match="order" mode="validity">
    <xsl:variable name="from">
      <xsl:call-template name="day">
        <xsl:with-param name="moment" select="$idoc/E1EDK03[normalize-space(IDDAT) = '019']/DATUM"/>
      </xsl:call-template>
    </xsl:variable>
    <xsl:variable name="until">
      <xsl:call-template name="day">
        <xsl:with-param name="moment" select="$idoc/E1EDK03[normalize-space(IDDAT) = '020']/DATUM"/>
      </xsl:call-template>
    </xsl:variable>
    <xsl:if test="concat($from, $until) != ''">
      <cac:ValidityPeriod>
        <xsl:if test="string($from)"><cbc:StartDate><xsl:value-of select="$from"/></cbc:StartDate></xsl:if>
        <xsl:if test="string($until)"><cbc:EndDate><xsl:value-of select="$until"/></cbc:EndDate></xsl:if>
      </cac:ValidityPeriod>
    </xsl:if>
  </xsl:template>

  <xsl:template match="order" mode="terms">
    <xsl:call-template name="terms-of-delivery">
      <xsl:with-param name="segments" select="$idoc/E1EDK17"/>
    </xsl:call-template>
    <xsl:if test="$idoc/E1EDK36">
      <cac:PaymentMeans><cbc:PaymentMeansCode listID="UNCL4461">48</cbc:PaymentMeansCode></cac:PaymentMeans>
    </xsl:if>
    <xsl:for-each select="$idoc/E1EDK18">
      <xsl:call-template name="payment-terms">
        <xsl:with-param name="code" select="normalize-space($head/ZTERM)"/>
        <xsl:with-param name="words" select="normalize-space(ZTERM_TXT)"/>
        <xsl:with-param name="days" select="normalize-space(TAGE)"/>
        <xsl:with-param name="discount-percent">
          <xsl:if test="translate(PRZNT, '0. ', '')">
            <xsl:call-template name="plain-number"><xsl:with-param name="value" select="PRZNT"/></xsl:call-template>
          </xsl:if>
        </xsl:with-param>
      </xsl:call-template>
    </xsl:for-each>
    <xsl:if test="not($idoc/E1EDK18)">
      <xsl:call-template name="payment-terms">
        <xsl:with-param name="code" select="normalize-space($head/ZTERM)"/>
      </xsl:call-template>
    </xsl:if>
  </xsl:template>

  <!-- E1EDK17 or E1EDP17: 001 the Incoterms code with its words, 002 the place. -->
  <xsl:template name="terms-of-delivery">
    <xsl:param name="segments"/>
    <xsl:variable name="code" select="$segments[normalize-space(QUALF) = '001'][1]"/>
    <xsl:variable name="place" select="$segments[normalize-space(QUALF) = '002'][1]"/>
    <xsl:call-template name="delivery-terms">
      <xsl:with-param name="code" select="normalize-space($code/LKOND)"/>
      <xsl:with-param name="words" select="normalize-space($code/LKTEXT)"/>
      <xsl:with-param name="place" select="normalize-space(concat($place/LKTEXT, ' ',
                                           $place[not(normalize-space(LKTEXT))]/LKOND))"/>
    </xsl:call-template>
  </xsl:template>

  <xsl:template match="order" mode="charges">
    <xsl:if test="string($charges-apart)"><xsl:apply-templates select="$idoc/E1EDK05" mode="charge"/></xsl:if>
    <xsl:call-template name="taxes"><xsl:with-param name="segments" select="$idoc/E1EDK04"/></xsl:call-template>
  </xsl:template>

  <!-- The net total as E1EDS01 002 states it, else the sum of the items when each is known; the gross one is 003. -->
  <xsl:template match="order" mode="total">
    <xsl:call-template name="check-sums"/>
    <xsl:variable name="net" select="concat($stated, substring($lines, 1,
                                     string-length($lines) * not(string($stated))))"/>
    <xsl:variable name="payable" select="concat($gross, substring($net, 1,
                                         string-length($net) * not(string($gross))))"/>
    <xsl:if test="$payable != ''">
      <cac:AnticipatedMonetaryTotal>
        <xsl:call-template name="amount">
          <xsl:with-param name="name" select="'LineExtensionAmount'"/>
          <xsl:with-param name="value" select="concat($lines, substring($net, 1,
                                               string-length($net) * not(string($lines))))"/>
          <xsl:with-param name="currency" select="$currency"/>
        </xsl:call-template>
        <xsl:if test="string($gross)">
          <xsl:call-template name="amount">
            <xsl:with-param name="name" select="'TaxExclusiveAmount'"/>
            <xsl:with-param name="value" select="$net"/>
            <xsl:with-param name="currency" select="$currency"/>
          </xsl:call-template>
          <cbc:TaxInclusiveAmount currencyID="{$currency}"><xsl:value-of select="$gross"/></cbc:TaxInclusiveAmount>
        </xsl:if>
        <cbc:PayableAmount currencyID="{$currency}"><xsl:value-of select="$payable"/></cbc:PayableAmount>
      </cac:AnticipatedMonetaryTotal>
    </xsl:if>
  </xsl:template>

  <!-- What E1EDS01 says must be what the items say: else items are missing, or one of the two is wrong. -->
  <xsl:template name="check-sums">
    <xsl:variable name="unit" select="normalize-space($idoc/E1EDS01[normalize-space(SUMID) = '002']/SUNIT)"/>
    <xsl:variable name="count" select="normalize-space($idoc/E1EDS01[normalize-space(SUMID) = '001']/SUMME)"/>
    <xsl:if test="string($stated) and $unit != '' and $unit != $currency">
      <xsl:message terminate="yes">
        <xsl:value-of select="concat('The summary (E1EDS01) is in ', $unit, ', the order in ', $currency, '.')"/>
      </xsl:message>
    </xsl:if>
    <xsl:if test="$count != '' and number($count) != count($items)">
      <xsl:message terminate="yes">
        <xsl:value-of select="concat('The summary (E1EDS01) announces ', $count, ' items, but the IDoc holds ',
                              count($items), '.')"/>
      </xsl:message>
    </xsl:if>
    <xsl:if test="string($stated) and string($lines) and string($stated) != string($lines)
                  and string($stated) != string($with-charges)">
      <xsl:message terminate="yes">
        <xsl:value-of select="concat('The net total (E1EDS01) is ', $stated, ', but the items come to ', $lines)"/>
        <xsl:for-each select="$charges"><xsl:value-of select="concat(', a condition to ', @amount)"/></xsl:for-each>
        <xsl:text>: items are missing, or an amount is wrong by </xsl:text>
        <xsl:call-template name="add-amounts">
          <xsl:with-param name="a" select="string($stated)"/>
          <xsl:with-param name="b" select="string($with-charges)"/>
          <xsl:with-param name="sign" select="'-'"/>
        </xsl:call-template>
        <xsl:text>.</xsl:text>
        <xsl:for-each select="$wanted[string(@worth) and not(string(@charges-apart)) and @worth != @net]">
          <xsl:value-of select="concat(' An item says ', @net, '; its quantity times its price is ', @worth,
                                ', with its conditions ', @with-conditions, '.')"/>
        </xsl:for-each>
      </xsl:message>
    </xsl:if>
  </xsl:template>

</xsl:stylesheet>
