<?xml version="1.0" encoding="UTF-8"?>
<!-- A cXML 1.2 OrderRequest to Order, OrderChange, or the StatusMessage that cancels.

     Each Money keeps its own currency; the order's is that of its Total. Amounts of lines are worked out:
     quantity times price, by PriceBasisQuantity where it stands. Card numbers, payment references, shared
     secrets and technical addresses (Followup, DocumentReference) are never passed on; nor are SupplierList,
     ControlKeys, ReleaseInfo and the industry branches, which Jakamo's profile has no place for. -->
<xsl:stylesheet version="1.0"
    xmlns:xsl="http://www.w3.org/1999/XSL/Transform"
    xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
    xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">

  <xsl:import href="../common/document.xsl"/>
  <xsl:import href="../common/status.xsl"/>
  <xsl:import href="parties.xsl"/>
  <xsl:import href="items.xsl"/>
  <xsl:import href="amounts.xsl"/>

  <xsl:variable name="request" select="/order/OrderRequest"/>
  <xsl:variable name="header" select="$request/OrderRequestHeader"/>
  <xsl:variable name="all-items" select="$request/ItemOut"/>
  <!-- Items below another item name its line; they are no lines of the order. -->
  <xsl:variable name="items" select="$all-items[not(normalize-space(@parentLineNumber))]"/>
  <xsl:variable name="is-test" select="/order/envelope/@deploymentMode = 'test'"/>
  <xsl:variable name="currency"
                select="string(($header/Total/Money/@currency | $all-items//UnitPrice/Money/@currency)[1])"/>

  <xsl:template match="/order">
    <xsl:call-template name="refuse-circles"/>
    <xsl:choose>
      <xsl:when test="@kind = 'StatusMessage' and string($release-as) = ''">
        <xsl:call-template name="status-message">
          <xsl:with-param name="status" select="'Cancelled'"/>
          <xsl:with-param name="date" select="substring($header/@orderDate, 1, 10)"/>
          <xsl:with-param name="note">
            <xsl:for-each select="$header/Comments[1]"><xsl:call-template name="own-text"/></xsl:for-each>
          </xsl:with-param>
        </xsl:call-template>
      </xsl:when>
      <xsl:otherwise>
        <xsl:if test="$is-test">
          <xsl:message>The document says deploymentMode="test": it is a test order.</xsl:message>
        </xsl:if>
        <xsl:call-template name="document">
          <xsl:with-param name="issue-date" select="substring($header/@orderDate, 1, 10)"/>
          <xsl:with-param name="issue-time">
            <xsl:call-template name="time-with-seconds">
              <xsl:with-param name="text" select="substring-after($header/@orderDate, 'T')"/>
            </xsl:call-template>
          </xsl:with-param>
          <xsl:with-param name="currency" select="$currency"/>
        </xsl:call-template>
      </xsl:otherwise>
    </xsl:choose>
  </xsl:template>

  <!-- "07:35+02:00" as "07:35:00+02:00": a time without seconds gets them. -->
  <xsl:template name="time-with-seconds">
    <xsl:param name="text"/>
    <xsl:choose>
      <xsl:when test="string-length($text) &gt;= 5 and substring($text, 6, 1) != ':'">
        <xsl:value-of select="concat(substring($text, 1, 5), ':00', substring($text, 6))"/>
      </xsl:when>
      <xsl:otherwise><xsl:value-of select="$text"/></xsl:otherwise>
    </xsl:choose>
  </xsl:template>

  <!-- Each item must be a line or lie below one: items that name each other would be in no place at all. -->
  <xsl:template name="refuse-circles">
    <xsl:variable name="placed">
      <xsl:call-template name="mark-placed"><xsl:with-param name="level" select="$items"/></xsl:call-template>
    </xsl:variable>
    <xsl:if test="string-length($placed) != count($all-items)">
      <xsl:message terminate="yes">Some lines name each other as parentLineNumber, so none is the first.</xsl:message>
    </xsl:if>
  </xsl:template>

  <xsl:template name="mark-placed">
    <xsl:param name="level"/>
    <xsl:if test="$level">
      <xsl:for-each select="$level">.</xsl:for-each>
      <xsl:call-template name="mark-placed">
        <xsl:with-param name="level" select="$all-items[@parentLineNumber = $level/@lineNumber]"/>
      </xsl:call-template>
    </xsl:if>
  </xsl:template>

  <!-- The text of an element without that of its children. -->
  <xsl:template name="own-text">
    <xsl:variable name="text">
      <xsl:for-each select="text()"><xsl:value-of select="concat(., ' ')"/></xsl:for-each>
    </xsl:variable>
    <xsl:value-of select="normalize-space($text)"/>
  </xsl:template>

  <!-- A comment as a note; its kind stays before it. -->
  <xsl:template name="comment">
    <xsl:variable name="text"><xsl:call-template name="own-text"/></xsl:variable>
    <xsl:if test="string($text)">
      <cbc:Note>
        <xsl:if test="string(@type)"><xsl:value-of select="concat(@type, ': ')"/></xsl:if>
        <xsl:value-of select="$text"/>
      </cbc:Note>
    </xsl:if>
  </xsl:template>

  <xsl:template match="order" mode="notes">
    <xsl:if test="$is-test"><cbc:Note>Test order (deploymentMode test)</cbc:Note></xsl:if>
    <xsl:for-each select="$header/Comments"><xsl:call-template name="comment"/></xsl:for-each>
    <xsl:for-each select="$header/ShipTo/TransportInformation">
      <xsl:for-each select="Route/@method[normalize-space()]">
        <cbc:Note>Transport: <xsl:value-of select="normalize-space()"/></cbc:Note>
      </xsl:for-each>
      <xsl:for-each select="ShippingInstructions/Description[normalize-space()]">
        <cbc:Note><xsl:value-of select="normalize-space()"/></cbc:Note>
      </xsl:for-each>
    </xsl:for-each>
    <xsl:apply-templates select="$header/Contact" mode="as-note"/>
  </xsl:template>

  <xsl:template match="order" mode="validity">
    <xsl:variable name="from" select="substring($header/@effectiveDate, 1, 10)"/>
    <xsl:variable name="until" select="substring($header/@expirationDate, 1, 10)"/>
    <xsl:if test="concat($from, $until) != ''">
      <cac:ValidityPeriod>
        <xsl:if test="$from"><cbc:StartDate><xsl:value-of select="$from"/></cbc:StartDate></xsl:if>
        <xsl:if test="$until"><cbc:EndDate><xsl:value-of select="$until"/></cbc:EndDate></xsl:if>
      </cac:ValidityPeriod>
    </xsl:if>
  </xsl:template>

  <xsl:template match="order" mode="references">
    <xsl:call-template name="document-reference">
      <xsl:with-param name="name" select="'OriginatorDocumentReference'"/>
      <xsl:with-param name="id" select="normalize-space($header/@requisitionID)"/>
    </xsl:call-template>
    <xsl:call-template name="document-reference">
      <xsl:with-param name="id" select="normalize-space($header/SupplierOrderInfo/@orderID)"/>
      <xsl:with-param name="type" select="'Supplier order'"/>
    </xsl:call-template>
    <xsl:call-template name="document-reference">
      <xsl:with-param name="id" select="normalize-space($header/@orderVersion)"/>
      <xsl:with-param name="type" select="'Order version'"/>
    </xsl:call-template>
    <xsl:call-template name="document-reference">
      <xsl:with-param name="id" select="normalize-space($header/@orderType[. != 'regular'])"/>
      <xsl:with-param name="type" select="'Order type'"/>
    </xsl:call-template>
    <xsl:for-each select="$header/LegalEntity/IdReference | $header/OrganizationalUnit/IdReference
                          | $header/IdReference">
      <xsl:call-template name="document-reference">
        <xsl:with-param name="id" select="normalize-space(@identifier)"/>
        <xsl:with-param name="type" select="normalize-space(@domain)"/>
        <xsl:with-param name="description" select="normalize-space(Description)"/>
      </xsl:call-template>
    </xsl:for-each>
    <xsl:for-each select="$header/Extrinsic">
      <xsl:call-template name="document-reference">
        <xsl:with-param name="id" select="normalize-space()"/>
        <xsl:with-param name="type" select="normalize-space(@name)"/>
      </xsl:call-template>
    </xsl:for-each>
    <xsl:for-each select="$header/Comments/Attachment">
      <xsl:call-template name="attachment"/>
    </xsl:for-each>
    <xsl:for-each select="$header/@agreementID[normalize-space()] | $header/@parentAgreementID[normalize-space()]">
      <cac:Contract><cbc:ID><xsl:value-of select="normalize-space()"/></cbc:ID></cac:Contract>
    </xsl:for-each>
  </xsl:template>

  <!-- A file that belongs to a comment: its address is passed on, the file itself is not in the document. -->
  <xsl:template name="attachment">
    <xsl:param name="name" select="'AdditionalDocumentReference'"/>
    <xsl:variable name="url" select="normalize-space(URL)"/>
    <xsl:call-template name="document-reference">
      <xsl:with-param name="name" select="$name"/>
      <xsl:with-param name="id">
        <xsl:choose>
          <xsl:when test="normalize-space(URL/@name)"><xsl:value-of select="normalize-space(URL/@name)"/></xsl:when>
          <xsl:otherwise><xsl:value-of select="$url"/></xsl:otherwise>
        </xsl:choose>
      </xsl:with-param>
      <xsl:with-param name="type" select="'Attachment'"/>
      <xsl:with-param name="uri" select="$url"/>
    </xsl:call-template>
  </xsl:template>

  <xsl:template match="order" mode="terms">
    <xsl:for-each select="$header/TermsOfDelivery"><xsl:call-template name="terms-of-delivery"/></xsl:for-each>
    <xsl:for-each select="$header/Payment">
      <!-- the way of payment, by UN/ECE 4461 -->
      <xsl:variable name="method" select="normalize-space(PaymentReference/@method)"/>
      <xsl:variable name="way">
        <xsl:choose>
          <xsl:when test="PCard or $method = 'cc' or $method = 'pcard'">48</xsl:when>
          <xsl:when test="$method = 'wire' or $method = 'ach'">42</xsl:when>
          <xsl:when test="$method = 'check'">20</xsl:when>
          <xsl:when test="$method = 'cash'">10</xsl:when>
        </xsl:choose>
      </xsl:variable>
      <xsl:if test="string($way)">
        <cac:PaymentMeans>
          <cbc:PaymentMeansCode listID="UNCL4461"><xsl:value-of select="$way"/></cbc:PaymentMeansCode>
        </cac:PaymentMeans>
      </xsl:if>
    </xsl:for-each>
    <xsl:for-each select="$header/PaymentTerm">
      <xsl:variable name="amount" select="Discount/DiscountAmount/Money"/>
      <xsl:variable name="sum">
        <xsl:if test="$amount"><xsl:value-of select="concat('Discount ', $amount, ' ', $amount/@currency)"/></xsl:if>
      </xsl:variable>
      <xsl:variable name="words">
        <xsl:for-each select="Extrinsic[normalize-space()]">
          <xsl:value-of select="concat(@name, ': ', normalize-space(), ' ')"/>
        </xsl:for-each>
      </xsl:variable>
      <xsl:call-template name="payment-terms">
        <xsl:with-param name="words" select="normalize-space(concat($words, $sum))"/>
        <xsl:with-param name="days" select="normalize-space(@payInNumberOfDays)"/>
        <xsl:with-param name="discount-percent" select="normalize-space(Discount/DiscountPercent/@percent)"/>
      </xsl:call-template>
    </xsl:for-each>
  </xsl:template>

  <!-- Of an order or a line: the terms of transport as the code, else in words; the place; what else is said. -->
  <xsl:template name="terms-of-delivery">
    <xsl:variable name="terms" select="TransportTerms"/>
    <xsl:variable name="words">
      <xsl:for-each select="TermsOfDeliveryCode | ShippingPaymentMethod | $terms[@value = 'Other'] | Comments">
        <xsl:variable name="text"><xsl:call-template name="own-text"/></xsl:variable>
        <xsl:variable name="value" select="normalize-space(@value[. != 'Other'])"/>
        <xsl:value-of select="normalize-space(concat($value, ' ', $text))"/>
        <xsl:if test="position() != last()">; </xsl:if>
      </xsl:for-each>
    </xsl:variable>
    <xsl:call-template name="delivery-terms">
      <xsl:with-param name="code" select="normalize-space($terms/@value[. != 'Other'])"/>
      <xsl:with-param name="place" select="normalize-space(concat(Address/Name, ' ', Address/PostalAddress/City))"/>
      <xsl:with-param name="words" select="string($words)"/>
    </xsl:call-template>
  </xsl:template>

</xsl:stylesheet>
