<?xml version="1.0" encoding="UTF-8"?>
<!-- A proprietary XML order with header and lines to Order or OrderChange, as its attribute "action" says.

     Amounts are the gateway's own: quantity times price per so many units, less discount, plus tax. When
     the source states its net total and it differs, the order is refused: one of the two is wrong. -->
<xsl:stylesheet version="1.0"
    xmlns:xsl="http://www.w3.org/1999/XSL/Transform"
    xmlns:exsl="http://exslt.org/common"
    xmlns:p="urn:example:erp:purchasing"
    xmlns:i="urn:example:erp:item"
    xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
    xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
    exclude-result-prefixes="exsl p i">

  <xsl:import href="../common/document.xsl"/>

  <xsl:variable name="order" select="/order/p:PurchaseOrder"/>
  <xsl:variable name="header" select="$order/p:Header"/>
  <xsl:variable name="sender" select="/order/envelope/p:Sender"/>
  <xsl:variable name="currency" select="$order/@currency"/>

  <!-- What each line costs, worked out once. No gross, net or tax where the price is unknown. -->
  <xsl:variable name="figures-tree">
    <xsl:for-each select="$order/p:Lines/p:Line">
      <xsl:call-template name="figures-of-line"/>
    </xsl:for-each>
  </xsl:variable>
  <xsl:variable name="figures" select="exsl:node-set($figures-tree)/line"/>
  <xsl:key name="rate" match="line" use="concat(@category, ' ', @percent)"/>

  <xsl:template match="/order">
    <xsl:call-template name="document">
      <xsl:with-param name="issue-date" select="$order/@date"/>
      <xsl:with-param name="currency" select="$currency"/>
      <xsl:with-param name="customer-reference" select="$header/p:References/@yours"/>
      <xsl:with-param name="accounting-cost" select="$header/p:References/@costCentre"/>
    </xsl:call-template>
  </xsl:template>

  <xsl:template name="figures-of-line">
    <xsl:variable name="gross">
      <xsl:choose>
        <xsl:when test="string(p:Price/@per)">
          <xsl:call-template name="line-amount">
            <xsl:with-param name="quantity" select="normalize-space(p:Quantity)"/>
            <xsl:with-param name="price" select="normalize-space(p:Price)"/>
            <xsl:with-param name="base" select="p:Price/@per"/>
          </xsl:call-template>
        </xsl:when>
        <xsl:otherwise>
          <xsl:call-template name="line-amount">
            <xsl:with-param name="quantity" select="normalize-space(p:Quantity)"/>
            <xsl:with-param name="price" select="normalize-space(p:Price)"/>
          </xsl:call-template>
        </xsl:otherwise>
      </xsl:choose>
    </xsl:variable>
    <line number="{@no}">
      <xsl:if test="string($gross)">
        <xsl:variable name="discount">
          <xsl:call-template name="line-amount">
            <xsl:with-param name="quantity" select="$gross"/>
            <xsl:with-param name="price" select="string(p:Discount/@percent)"/>
            <xsl:with-param name="base" select="'100'"/>
          </xsl:call-template>
        </xsl:variable>
        <xsl:variable name="net">
          <xsl:choose>
            <xsl:when test="string($discount)">
              <xsl:call-template name="add-amounts">
                <xsl:with-param name="a" select="$gross"/>
                <xsl:with-param name="b" select="$discount"/>
                <xsl:with-param name="sign" select="'-'"/>
              </xsl:call-template>
            </xsl:when>
            <xsl:otherwise><xsl:value-of select="$gross"/></xsl:otherwise>
          </xsl:choose>
        </xsl:variable>
        <xsl:attribute name="gross"><xsl:value-of select="$gross"/></xsl:attribute>
        <xsl:attribute name="discount"><xsl:value-of select="$discount"/></xsl:attribute>
        <xsl:attribute name="net"><xsl:value-of select="$net"/></xsl:attribute>
        <xsl:if test="string(p:Tax/@percent)">
          <xsl:attribute name="percent"><xsl:value-of select="p:Tax/@percent"/></xsl:attribute>
          <xsl:attribute name="category"><xsl:value-of select="p:Tax/@category"/></xsl:attribute>
        </xsl:if>
      </xsl:if>
    </line>
  </xsl:template>

  <xsl:template match="order" mode="notes">
    <xsl:for-each select="$header/p:Text[normalize-space()]">
      <cbc:Note><xsl:value-of select="normalize-space()"/></cbc:Note>
    </xsl:for-each>
  </xsl:template>

  <xsl:template match="order" mode="references">
    <xsl:call-template name="document-reference">
      <xsl:with-param name="name" select="'QuotationDocumentReference'"/>
      <xsl:with-param name="id" select="$header/p:References/@quotation"/>
    </xsl:call-template>
    <xsl:call-template name="document-reference">
      <xsl:with-param name="id" select="$header/p:References/@project"/>
      <xsl:with-param name="type" select="'Project'"/>
    </xsl:call-template>
    <xsl:if test="string($header/p:References/@contract)">
      <cac:Contract><cbc:ID><xsl:value-of select="$header/p:References/@contract"/></cbc:ID></cac:Contract>
    </xsl:if>
  </xsl:template>

  <xsl:template match="order" mode="buyer">
    <cac:BuyerCustomerParty>
      <xsl:call-template name="party">
        <xsl:with-param name="id" select="$sender/@code"/>
        <xsl:with-param name="party-name" select="$sender/p:Name"/>
        <xsl:with-param name="street" select="$sender/p:Address/@street"/>
        <xsl:with-param name="city" select="$sender/p:Address/@city"/>
        <xsl:with-param name="postal-zone" select="$sender/p:Address/@postcode"/>
        <xsl:with-param name="country" select="$sender/p:Address/@country"/>
        <xsl:with-param name="vat-number" select="$sender/@vat"/>
      </xsl:call-template>
      <xsl:call-template name="contact">
        <xsl:with-param name="name" select="'BuyerContact'"/>
        <xsl:with-param name="id" select="$header/p:Purchaser/@id"/>
        <xsl:with-param name="person" select="$header/p:Purchaser/@name"/>
        <xsl:with-param name="telephone" select="$header/p:Purchaser/@phone"/>
        <xsl:with-param name="mail" select="$header/p:Purchaser/@mail"/>
      </xsl:call-template>
    </cac:BuyerCustomerParty>
  </xsl:template>

  <xsl:template match="order" mode="supplier">
    <xsl:variable name="supplier" select="$header/p:Supplier"/>
    <cac:SellerSupplierParty>
      <xsl:call-template name="party">
        <xsl:with-param name="id" select="$supplier/@number"/>
        <xsl:with-param name="party-name" select="$supplier/p:Name"/>
      </xsl:call-template>
      <xsl:call-template name="contact">
        <xsl:with-param name="name" select="'SellerContact'"/>
        <xsl:with-param name="id" select="$supplier/p:Contact/@id"/>
        <xsl:with-param name="person" select="$supplier/p:Contact/@name"/>
        <xsl:with-param name="mail" select="$supplier/p:Contact/@mail"/>
      </xsl:call-template>
    </cac:SellerSupplierParty>
  </xsl:template>

  <xsl:template match="order" mode="further-parties">
    <xsl:for-each select="$header/p:InvoiceTo">
      <cac:AccountingCustomerParty>
        <xsl:call-template name="party">
          <xsl:with-param name="id" select="@number"/>
          <xsl:with-param name="party-name" select="p:Name"/>
          <xsl:with-param name="street" select="p:Address/@street"/>
          <xsl:with-param name="city" select="p:Address/@city"/>
          <xsl:with-param name="postal-zone" select="p:Address/@postcode"/>
          <xsl:with-param name="country" select="p:Address/@country"/>
        </xsl:call-template>
        <xsl:call-template name="contact">
          <xsl:with-param name="name" select="'AccountingContact'"/>
          <xsl:with-param name="mail" select="@mail"/>
        </xsl:call-template>
      </cac:AccountingCustomerParty>
    </xsl:for-each>
  </xsl:template>

  <xsl:template match="order" mode="deliveries">
    <xsl:for-each select="$header/p:ShipTo">
      <xsl:call-template name="delivery">
        <xsl:with-param name="party-id" select="@number"/>
        <xsl:with-param name="party-name" select="p:Name"/>
        <xsl:with-param name="street" select="p:Address/@street"/>
        <xsl:with-param name="city" select="p:Address/@city"/>
        <xsl:with-param name="postal-zone" select="p:Address/@postcode"/>
        <xsl:with-param name="country" select="p:Address/@country"/>
      </xsl:call-template>
    </xsl:for-each>
  </xsl:template>

  <xsl:template match="order" mode="terms">
    <xsl:call-template name="delivery-terms">
      <xsl:with-param name="code" select="$header/p:DeliveryTerms/@code"/>
      <xsl:with-param name="place" select="$header/p:DeliveryTerms/@place"/>
      <xsl:with-param name="words" select="$header/p:DeliveryTerms/@edition"/>
    </xsl:call-template>
    <xsl:call-template name="payment-terms">
      <xsl:with-param name="code" select="$header/p:PaymentTerms/@code"/>
      <xsl:with-param name="words" select="normalize-space($header/p:PaymentTerms)"/>
      <xsl:with-param name="days" select="$header/p:PaymentTerms/@days"/>
      <xsl:with-param name="discount-percent" select="$header/p:PaymentTerms/@discountPercent"/>
    </xsl:call-template>
  </xsl:template>

  <!-- One TaxTotal, with a part for each rate; only when each line has its amount and its rate. -->
  <xsl:variable name="taxed" select="$figures and not($figures[not(@percent)])"/>
  <xsl:variable name="taxes-tree">
    <xsl:if test="$taxed">
      <xsl:for-each select="$figures[generate-id() = generate-id(key('rate', concat(@category, ' ', @percent))[1])]">
        <xsl:variable name="taxable">
          <xsl:call-template name="sum-of-amounts">
            <xsl:with-param name="amounts" select="key('rate', concat(@category, ' ', @percent))/@net"/>
          </xsl:call-template>
        </xsl:variable>
        <rate percent="{@percent}" category="{@category}" taxable="{$taxable}">
          <xsl:attribute name="tax">
            <xsl:call-template name="line-amount">
              <xsl:with-param name="quantity" select="string($taxable)"/>
              <xsl:with-param name="price" select="string(@percent)"/>
              <xsl:with-param name="base" select="'100'"/>
            </xsl:call-template>
          </xsl:attribute>
        </rate>
      </xsl:for-each>
    </xsl:if>
  </xsl:variable>
  <xsl:variable name="taxes" select="exsl:node-set($taxes-tree)/rate"/>

  <xsl:template match="order" mode="charges">
    <xsl:if test="$taxed">
      <cac:TaxTotal>
        <cbc:TaxAmount currencyID="{$currency}">
          <xsl:call-template name="sum-of-amounts">
            <xsl:with-param name="amounts" select="$taxes/@tax"/>
          </xsl:call-template>
        </cbc:TaxAmount>
        <xsl:for-each select="$taxes">
          <xsl:call-template name="tax-subtotal">
            <xsl:with-param name="taxable" select="@taxable"/>
            <xsl:with-param name="tax" select="@tax"/>
            <xsl:with-param name="currency" select="$currency"/>
            <xsl:with-param name="category" select="@category"/>
            <xsl:with-param name="percent" select="@percent"/>
          </xsl:call-template>
        </xsl:for-each>
      </cac:TaxTotal>
    </xsl:if>
  </xsl:template>

  <!-- Unknown as soon as one line's price is: no total then. -->
  <xsl:template match="order" mode="total">
    <xsl:if test="$figures and not($figures[not(@net)])">
      <xsl:variable name="net">
        <xsl:call-template name="sum-of-amounts">
          <xsl:with-param name="amounts" select="$figures/@net"/>
        </xsl:call-template>
      </xsl:variable>
      <xsl:variable name="stated">
        <xsl:call-template name="two-decimals">
          <xsl:with-param name="value" select="$order/p:Totals/@net"/>
        </xsl:call-template>
      </xsl:variable>
      <xsl:if test="string($stated) and string($stated) != string($net)">
        <xsl:message terminate="yes">
          <xsl:value-of select="concat('Totals/@net says ', $stated, ', but the lines come to ', $net, '.')"/>
        </xsl:message>
      </xsl:if>
      <cac:AnticipatedMonetaryTotal>
        <cbc:LineExtensionAmount currencyID="{$currency}"><xsl:value-of select="$net"/></cbc:LineExtensionAmount>
        <xsl:choose>
          <xsl:when test="$taxed">
            <xsl:variable name="gross">
              <xsl:call-template name="add-amounts">
                <xsl:with-param name="a" select="$net"/>
                <xsl:with-param name="b">
                  <xsl:call-template name="sum-of-amounts">
                    <xsl:with-param name="amounts" select="$taxes/@tax"/>
                  </xsl:call-template>
                </xsl:with-param>
              </xsl:call-template>
            </xsl:variable>
            <cbc:TaxExclusiveAmount currencyID="{$currency}"><xsl:value-of select="$net"/></cbc:TaxExclusiveAmount>
            <cbc:TaxInclusiveAmount currencyID="{$currency}"><xsl:value-of select="$gross"/></cbc:TaxInclusiveAmount>
            <cbc:PayableAmount currencyID="{$currency}"><xsl:value-of select="$gross"/></cbc:PayableAmount>
          </xsl:when>
          <xsl:otherwise>
            <cbc:PayableAmount currencyID="{$currency}"><xsl:value-of select="$net"/></cbc:PayableAmount>
          </xsl:otherwise>
        </xsl:choose>
      </cac:AnticipatedMonetaryTotal>
    </xsl:if>
  </xsl:template>

  <xsl:template match="order" mode="lines">
    <xsl:for-each select="$order/p:Lines/p:Line">
      <xsl:variable name="place" select="position()"/>
      <xsl:call-template name="order-line">
        <xsl:with-param name="number" select="@no"/>
        <xsl:with-param name="notes" select="p:Text"/>
        <xsl:with-param name="quantity" select="normalize-space(p:Quantity)"/>
        <xsl:with-param name="unit" select="p:Quantity/@unit"/>
        <xsl:with-param name="amount" select="$figures[$place]/@net"/>
        <xsl:with-param name="currency" select="$currency"/>
        <xsl:with-param name="partial-delivery" select="@partialDelivery"/>
        <xsl:with-param name="accounting-cost" select="@costCentre"/>
        <xsl:with-param name="price" select="normalize-space(p:Price)"/>
        <xsl:with-param name="price-base" select="p:Price/@per"/>
        <xsl:with-param name="description" select="normalize-space(i:Item/i:Text)"/>
        <xsl:with-param name="item-name" select="normalize-space(i:Item/i:Name)"/>
        <xsl:with-param name="buyers-item" select="i:Item/@number"/>
        <xsl:with-param name="revision" select="i:Item/@revision"/>
        <xsl:with-param name="sellers-item" select="i:Item/@supplierNumber"/>
        <xsl:with-param name="manufacturers-item" select="i:Item/@manufacturerNumber"/>
        <xsl:with-param name="standard-item" select="i:Item/@ean"/>
        <xsl:with-param name="standard-scheme" select="'GTIN'"/>
      </xsl:call-template>
    </xsl:for-each>
  </xsl:template>

  <!-- Each Schedule is an instalment; several make a split delivery. -->
  <xsl:template match="p:Line" mode="line-deliveries">
    <xsl:variable name="unit" select="p:Quantity/@unit"/>
    <xsl:for-each select="p:Schedule">
      <xsl:call-template name="delivery">
        <xsl:with-param name="id" select="position()"/>
        <xsl:with-param name="quantity" select="@quantity"/>
        <xsl:with-param name="unit" select="$unit"/>
        <xsl:with-param name="until" select="@date"/>
      </xsl:call-template>
    </xsl:for-each>
  </xsl:template>

  <xsl:template match="p:Line" mode="line-charges">
    <xsl:variable name="place" select="count(preceding-sibling::p:Line) + 1"/>
    <xsl:if test="string($figures[$place]/@discount)">
      <xsl:call-template name="allowance-charge">
        <xsl:with-param name="reason" select="p:Discount/@reason"/>
        <xsl:with-param name="factor">
          <xsl:call-template name="percent-as-factor">
            <xsl:with-param name="percent" select="p:Discount/@percent"/>
          </xsl:call-template>
        </xsl:with-param>
        <xsl:with-param name="amount" select="$figures[$place]/@discount"/>
        <xsl:with-param name="base-amount" select="$figures[$place]/@gross"/>
        <xsl:with-param name="currency" select="$currency"/>
      </xsl:call-template>
    </xsl:if>
  </xsl:template>

  <xsl:template match="p:Line" mode="item-documents">
    <xsl:for-each select="i:Item/i:Drawing">
      <xsl:call-template name="item-document">
        <xsl:with-param name="id" select="@number"/>
        <xsl:with-param name="type" select="'Drawing'"/>
        <xsl:with-param name="version" select="@revision"/>
      </xsl:call-template>
    </xsl:for-each>
  </xsl:template>

  <xsl:template match="p:Line" mode="item-classes">
    <xsl:call-template name="country">
      <xsl:with-param name="name" select="'OriginCountry'"/>
      <xsl:with-param name="country" select="i:Item/@origin"/>
    </xsl:call-template>
    <xsl:if test="string(i:Item/@customsTariff)">
      <cac:CommodityClassification>
        <cbc:CommodityCode listID="HS"><xsl:value-of select="i:Item/@customsTariff"/></cbc:CommodityCode>
      </cac:CommodityClassification>
    </xsl:if>
    <xsl:if test="string(p:Tax/@percent)">
      <xsl:call-template name="tax-category">
        <xsl:with-param name="name" select="'ClassifiedTaxCategory'"/>
        <xsl:with-param name="category" select="p:Tax/@category"/>
        <xsl:with-param name="percent" select="p:Tax/@percent"/>
      </xsl:call-template>
    </xsl:if>
  </xsl:template>

  <xsl:template match="p:Line" mode="item-properties">
    <xsl:for-each select="i:Item/i:Property">
      <xsl:call-template name="item-property">
        <xsl:with-param name="name" select="@name"/>
        <xsl:with-param name="value" select="normalize-space()"/>
      </xsl:call-template>
    </xsl:for-each>
  </xsl:template>

</xsl:stylesheet>
