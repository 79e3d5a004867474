<?xml version="1.0" encoding="UTF-8"?>
<!-- What rows and order cost. Where the order is in a foreign currency, amounts in it stand in columns of their
     own. -->
<xsl:stylesheet version="1.0"
    xmlns:xsl="http://www.w3.org/1999/XSL/Transform"
    xmlns:exsl="http://exslt.org/common"
    xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
    xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
    exclude-result-prefixes="exsl">

  <xsl:variable name="foreign" select="translate($head/DocTotalFC | $head/DocTotalFc, '0. ', '') != ''
                                       or $rows[translate(TotalFrgn | RowTotalFC, '0. -', '')]"/>

  <!-- Each row: its amount, what it would be without the row's discount, and the price; empty where unknown. -->
  <xsl:variable name="figures-tree">
    <xsl:for-each select="$rows"><xsl:call-template name="figures-of-row"/></xsl:for-each>
  </xsl:variable>
  <xsl:variable name="figures" select="exsl:node-set($figures-tree)/row"/>

  <xsl:template name="figures-of-row">
    <xsl:variable name="stated" select="(LineTotal[not($foreign)] | TotalFrgn[$foreign]
                                        | RowTotalFC[$foreign])[translate(., '0. -', '')]"/>
    <xsl:variable name="before" select="(PriceBefDi | UnitPrice)[translate(., '0. -', '')]"/>
    <xsl:variable name="after" select="Price[translate(., '0. -', '')]"/>
    <xsl:variable name="reduced" select="translate(DiscPrcnt | DiscountPercent, '0. -', '') != '' and $before"/>
    <xsl:variable name="price" select="normalize-space($before[$reduced] | $after[not($reduced)]
                                       | $before[not($after)])"/>
    <xsl:variable name="worth">
      <xsl:call-template name="line-amount">
        <xsl:with-param name="quantity" select="normalize-space(Quantity)"/>
        <xsl:with-param name="price" select="normalize-space($after | $before[not($after)][not($reduced)])"/>
      </xsl:call-template>
    </xsl:variable>
    <xsl:variable name="net">
      <xsl:choose>
        <xsl:when test="$stated">
          <xsl:call-template name="plain-amount"><xsl:with-param name="value" select="$stated"/></xsl:call-template>
        </xsl:when>
        <xsl:otherwise><xsl:value-of select="$worth"/></xsl:otherwise>
      </xsl:choose>
    </xsl:variable>
    <row id="{generate-id()}" price="{$price}" net="{$net}" worth="{$worth}">
      <xsl:if test="$reduced and string($net)">
        <xsl:variable name="gross">
          <xsl:call-template name="line-amount">
            <xsl:with-param name="quantity" select="normalize-space(Quantity)"/>
            <xsl:with-param name="price" select="$price"/>
          </xsl:call-template>
        </xsl:variable>
        <xsl:attribute name="gross"><xsl:value-of select="$gross"/></xsl:attribute>
        <xsl:attribute name="discount">
          <xsl:call-template name="add-amounts">
            <xsl:with-param name="a" select="$gross"/>
            <xsl:with-param name="b" select="$net"/>
            <xsl:with-param name="sign" select="'-'"/>
          </xsl:call-template>
        </xsl:attribute>
      </xsl:if>
    </row>
  </xsl:template>

  <!-- Amounts of the whole order, in its currency: empty where the export says nothing or zero. -->
  <xsl:template name="amount-of-order">
    <xsl:param name="local" select="/.."/>
    <xsl:param name="in-foreign" select="/.."/>
    <xsl:variable name="stated" select="$local[not($foreign)] | $in-foreign[$foreign]"/>
    <xsl:if test="translate($stated, '0. -', '')">
      <xsl:call-template name="plain-amount"><xsl:with-param name="value" select="$stated"/></xsl:call-template>
    </xsl:if>
  </xsl:template>

  <xsl:variable name="total">
    <xsl:call-template name="amount-of-order">
      <xsl:with-param name="local" select="$head/DocTotal"/>
      <xsl:with-param name="in-foreign" select="$head/DocTotalFC | $head/DocTotalFc"/>
    </xsl:call-template>
  </xsl:variable>
  <xsl:variable name="tax">
    <xsl:call-template name="amount-of-order">
      <xsl:with-param name="local" select="$head/VatSum"/>
      <xsl:with-param name="in-foreign" select="$head/VatSumFC | $head/VatSumFc"/>
    </xsl:call-template>
  </xsl:variable>
  <xsl:variable name="discount">
    <xsl:call-template name="amount-of-order">
      <xsl:with-param name="local" select="$head/DiscSum | $head/TotalDiscount"/>
      <xsl:with-param name="in-foreign" select="$head/DiscSumFC | $head/TotalDiscountFC"/>
    </xsl:call-template>
  </xsl:variable>
  <xsl:variable name="rounding">
    <xsl:call-template name="amount-of-order">
      <xsl:with-param name="local" select="$head/RoundDif | $head/RoundingDiffAmount"/>
      <xsl:with-param name="in-foreign" select="$head/RoundDifFC | $head/RoundingDiffAmountFC"/>
    </xsl:call-template>
  </xsl:variable>
  <xsl:variable name="freight-tree">
    <xsl:for-each select="$bo/POR3/row | $bo/DocumentsAdditionalExpenses/row">
      <freight reason="{normalize-space(Comments | Remarks)}" code="{normalize-space(ExpnsCode | ExpenseCode)}">
        <xsl:attribute name="amount">
          <xsl:call-template name="amount-of-order">
            <xsl:with-param name="local" select="LineTotal"/>
            <xsl:with-param name="in-foreign" select="TotalFrgn | LineTotalFC"/>
          </xsl:call-template>
        </xsl:attribute>
      </freight>
    </xsl:for-each>
  </xsl:variable>
  <xsl:variable name="freight" select="exsl:node-set($freight-tree)/freight[string(@amount)]"/>

  <!-- Whether each row's amount is known: else discount, tax and total say nothing yet. -->
  <xsl:variable name="known-amounts" select="boolean($figures) and not($figures[not(string(@net))])"/>

  <xsl:template match="order" mode="charges">
    <xsl:if test="$known-amounts">
      <xsl:call-template name="allowance-charge">
        <xsl:with-param name="charge" select="string(starts-with($discount, '-'))"/>
        <xsl:with-param name="reason" select="'Discount'"/>
        <xsl:with-param name="factor">
          <xsl:if test="translate($head/DiscPrcnt | $head/DiscountPercent, '0. -', '')">
            <xsl:call-template name="percent-as-factor">
              <xsl:with-param name="percent" select="translate(normalize-space($head/DiscPrcnt | $head/DiscountPercent),
                                                     '-', '')"/>
            </xsl:call-template>
          </xsl:if>
        </xsl:with-param>
        <xsl:with-param name="amount" select="translate($discount, '-', '')"/>
        <xsl:with-param name="currency" select="$currency"/>
      </xsl:call-template>
      <xsl:for-each select="$freight">
        <xsl:call-template name="allowance-charge">
          <xsl:with-param name="charge" select="string(not(starts-with(@amount, '-')))"/>
          <xsl:with-param name="reason" select="normalize-space(concat('Freight ', @code, ' ', @reason))"/>
          <xsl:with-param name="amount" select="translate(@amount, '-', '')"/>
          <xsl:with-param name="currency" select="$currency"/>
        </xsl:call-template>
      </xsl:for-each>
      <xsl:if test="string($tax)">
        <cac:TaxTotal>
          <cbc:TaxAmount currencyID="{$currency}"><xsl:value-of select="$tax"/></cbc:TaxAmount>
        </cac:TaxTotal>
      </xsl:if>
    </xsl:if>
  </xsl:template>

  <xsl:template match="order" mode="total">
    <xsl:if test="$known-amounts">
      <xsl:variable name="lines">
        <xsl:call-template name="sum-of-amounts">
          <xsl:with-param name="amounts" select="$figures/@net"/>
        </xsl:call-template>
      </xsl:variable>
      <xsl:variable name="parts">
        <part><xsl:value-of select="$lines"/></part>
        <xsl:if test="string($discount)">
          <part>
            <xsl:if test="not(starts-with($discount, '-'))">-</xsl:if>
            <xsl:value-of select="translate($discount, '-', '')"/>
          </part>
        </xsl:if>
        <xsl:for-each select="$freight"><part><xsl:value-of select="@amount"/></part></xsl:for-each>
        <part><xsl:value-of select="$rounding"/></part>
      </xsl:variable>
      <xsl:variable name="net">
        <xsl:call-template name="sum-of-amounts">
          <xsl:with-param name="amounts" select="exsl:node-set($parts)/part[string()]"/>
        </xsl:call-template>
      </xsl:variable>
      <xsl:variable name="gross">
        <xsl:call-template name="add-amounts">
          <xsl:with-param name="a" select="$net"/>
          <xsl:with-param name="b" select="concat($tax, substring('0.00', 1, 4 * not(string($tax))))"/>
        </xsl:call-template>
      </xsl:variable>
      <xsl:call-template name="check-total"><xsl:with-param name="worked-out" select="$gross"/></xsl:call-template>
      <xsl:variable name="payable" select="concat($total, substring($gross, 1,
                                           string-length($gross) * not(string($total))))"/>
      <cac:AnticipatedMonetaryTotal>
        <cbc:LineExtensionAmount currencyID="{$currency}"><xsl:value-of select="$lines"/></cbc:LineExtensionAmount>
        <xsl:if test="string($tax)">
          <cbc:TaxExclusiveAmount currencyID="{$currency}"><xsl:value-of select="$net"/></cbc:TaxExclusiveAmount>
          <cbc:TaxInclusiveAmount currencyID="{$currency}"><xsl:value-of select="$payable"/></cbc:TaxInclusiveAmount>
        </xsl:if>
        <xsl:call-template name="amount">
          <xsl:with-param name="name" select="'PayableRoundingAmount'"/>
          <xsl:with-param name="value" select="string($rounding)"/>
          <xsl:with-param name="currency" select="$currency"/>
        </xsl:call-template>
        <cbc:PayableAmount currencyID="{$currency}"><xsl:value-of select="$payable"/></cbc:PayableAmount>
      </cac:AnticipatedMonetaryTotal>
    </xsl:if>
  </xsl:template>

  <!-- The order's total must be what its parts come to, a hundredth per row for rounding aside. -->
  <xsl:template name="check-total">
    <xsl:param name="worked-out"/>
    <xsl:variable name="difference" select="number($total) - number($worked-out)"/>
    <xsl:variable name="allowed" select="(count($rows) + count($freight) + 3.5) div 100"/>
    <xsl:if test="string($total) and ($difference &gt; $allowed or -$difference &gt; $allowed)">
      <xsl:message terminate="yes">
        <xsl:value-of select="concat('The total of the order is ', $total, ', but its rows come to ', $worked-out,
                              ' with discount, freight and tax: rows are missing, or an amount is wrong.')"/>
        <xsl:for-each select="$figures[string(@worth) and @worth != @net]">
          <xsl:value-of select="concat(' A row says ', @net, '; its quantity times its price is ', @worth, '.')"/>
        </xsl:for-each>
      </xsl:message>
    </xsl:if>
  </xsl:template>

</xsl:stylesheet>
