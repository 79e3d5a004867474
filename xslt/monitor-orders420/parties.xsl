<?xml version="1.0" encoding="UTF-8"?>
<!-- Parties of ORDERS420. Post code and city share one field, and a country is called by its name. -->
<xsl:stylesheet version="1.0"
    xmlns:xsl="http://www.w3.org/1999/XSL/Transform"
    xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
    xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">

  <!-- Names as Monitor's users write them, in capitals, and their codes; a country that is not here goes by its
       name. -->
  <xsl:variable name="countries"
                select="concat('|SVERIGE=SE|SWEDEN=SE|NORGE=NO|NORWAY=NO|DANMARK=DK|DENMARK=DK|FINLAND=FI|SUOMI=FI|',
                               'ISLAND=IS|TYSKLAND=DE|GERMANY=DE|POLEN=PL|POLAND=PL|ESTLAND=EE|ESTONIA=EE|LETTLAND=LV|',
                               'LATVIA=LV|LITAUEN=LT|LITHUANIA=LT|NEDERLÄNDERNA=NL|NETHERLANDS=NL|BELGIEN=BE|',
                               'BELGIUM=BE|FRANKRIKE=FR|FRANCE=FR|ITALIEN=IT|ITALY=IT|SPANIEN=ES|SPAIN=ES|',
                               'ÖSTERRIKE=AT|AUSTRIA=AT|SCHWEIZ=CH|SWITZERLAND=CH|TJECKIEN=CZ|',
                               'STORBRITANNIEN=GB|UNITED KINGDOM=GB|IRLAND=IE|',
                               'KINA=CN|CHINA=CN|USA=US|')"/>

  <xsl:template match="order" mode="buyer">
    <cac:BuyerCustomerParty>
      <xsl:call-template name="monitor-party">
        <xsl:with-param name="party" select="$head/Buyer"/>
        <xsl:with-param name="id" select="normalize-space($head/Buyer/@BuyerCodeEdi)"/>
      </xsl:call-template>
      <xsl:call-template name="contact">
        <xsl:with-param name="name" select="'BuyerContact'"/>
        <xsl:with-param name="person" select="normalize-space($head/References/BuyerReference)"/>
      </xsl:call-template>
    </cac:BuyerCustomerParty>
  </xsl:template>

  <xsl:template match="order" mode="supplier">
    <cac:SellerSupplierParty>
      <xsl:call-template name="monitor-party">
        <xsl:with-param name="party" select="$head/Supplier"/>
        <xsl:with-param name="id" select="normalize-space($head/Supplier/@SupplierCodeEdi)"/>
      </xsl:call-template>
    </cac:SellerSupplierParty>
  </xsl:template>

  <xsl:template match="order" mode="further-parties">
    <xsl:if test="normalize-space($terms/CustomerInvoiceCode)">
      <cac:AccountingCustomerParty>
        <xsl:call-template name="party">
          <xsl:with-param name="id" select="normalize-space($terms/CustomerInvoiceCode)"/>
        </xsl:call-template>
      </cac:AccountingCustomerParty>
    </xsl:if>
  </xsl:template>

  <xsl:template name="monitor-party">
    <xsl:param name="party"/>
    <xsl:param name="id"/>
    <xsl:variable name="place" select="($party/ZipCity1 | $party/ZipCity2)[normalize-space()]"/>
    <xsl:call-template name="party">
      <xsl:with-param name="id" select="$id"/>
      <xsl:with-param name="party-name" select="normalize-space($party/Name)"/>
      <xsl:with-param name="street" select="normalize-space($party/StreetBox1)"/>
      <xsl:with-param name="additional-street" select="normalize-space($party/StreetBox2)"/>
      <xsl:with-param name="postal-zone">
        <xsl:call-template name="post-code"><xsl:with-param name="place" select="$place[1]"/></xsl:call-template>
      </xsl:with-param>
      <xsl:with-param name="city">
        <xsl:call-template name="city"><xsl:with-param name="place" select="$place[1]"/></xsl:call-template>
      </xsl:with-param>
      <xsl:with-param name="address-lines" select="$place[2]"/>
      <xsl:with-param name="country">
        <xsl:call-template name="country-code">
          <xsl:with-param name="called" select="$party/Country"/>
        </xsl:call-template>
      </xsl:with-param>
    </xsl:call-template>
  </xsl:template>

  <xsl:template match="order" mode="deliveries">
    <xsl:variable name="to" select="$head/DeliveryAddress"/>
    <xsl:variable name="place" select="($to/ZipCity1 | $to/ZipCity2)[normalize-space()]"/>
    <xsl:call-template name="delivery">
      <xsl:with-param name="party-name" select="normalize-space($to/Name)"/>
      <xsl:with-param name="street" select="normalize-space($to/StreetBox1)"/>
      <xsl:with-param name="additional-street" select="normalize-space($to/StreetBox2)"/>
      <xsl:with-param name="postal-zone">
        <xsl:call-template name="post-code"><xsl:with-param name="place" select="$place[1]"/></xsl:call-template>
      </xsl:with-param>
      <xsl:with-param name="city">
        <xsl:call-template name="city"><xsl:with-param name="place" select="$place[1]"/></xsl:call-template>
      </xsl:with-param>
      <xsl:with-param name="address-lines" select="$place[2]"/>
      <xsl:with-param name="country">
        <xsl:call-template name="country-code"><xsl:with-param name="called" select="$to/Country"/></xsl:call-template>
      </xsl:with-param>
    </xsl:call-template>
  </xsl:template>

  <!-- "283 22 OSBY": the first word when it holds a digit, with a second one of two digits. -->
  <xsl:template name="post-code">
    <xsl:param name="place"/>
    <xsl:variable name="text" select="normalize-space($place)"/>
    <xsl:variable name="first" select="substring-before(concat($text, ' '), ' ')"/>
    <xsl:variable name="second" select="substring-before(concat(substring-after($text, ' '), ' '), ' ')"/>
    <xsl:if test="translate($first, '0123456789', '') != $first">
      <xsl:value-of select="$first"/>
      <xsl:if test="string-length($second) = 2 and translate($second, '0123456789', '') = ''">
        <xsl:value-of select="concat(' ', $second)"/>
      </xsl:if>
    </xsl:if>
  </xsl:template>

  <!-- What is left of the field without the post code. -->
  <xsl:template name="city">
    <xsl:param name="place"/>
    <xsl:variable name="code">
      <xsl:call-template name="post-code"><xsl:with-param name="place" select="$place"/></xsl:call-template>
    </xsl:variable>
    <xsl:value-of select="normalize-space(substring(normalize-space($place), string-length($code) + 1))"/>
  </xsl:template>

  <xsl:template name="country-code">
    <xsl:param name="called"/>
    <xsl:variable name="name" select="normalize-space($called)"/>
    <xsl:variable name="capitals" select="translate($name, 'abcdefghijklmnopqrstuvwxyzåäö',
                                          'ABCDEFGHIJKLMNOPQRSTUVWXYZÅÄÖ')"/>
    <xsl:variable name="code" select="substring-before(substring-after($countries, concat('|', $capitals, '=')), '|')"/>
    <xsl:choose>
      <xsl:when test="$name != '' and $code != ''"><xsl:value-of select="$code"/></xsl:when>
      <xsl:otherwise><xsl:value-of select="$name"/></xsl:otherwise>
    </xsl:choose>
  </xsl:template>

</xsl:stylesheet>
