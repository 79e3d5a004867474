<?xml version="1.0" encoding="UTF-8"?>
<!-- What UBL 2.1 allows and Jakamo's profile has no place for, element by element: it is left out. Elements that go
     elsewhere are no part of this list (see order.xsl). Each order names in a warning what it lost; what only steers
     the exchange of documents ("silent") is left out without a word. -->
<xsl:stylesheet version="1.0"
    xmlns:xsl="http://www.w3.org/1999/XSL/Transform"
    xmlns:exsl="http://exslt.org/common"
    exclude-result-prefixes="exsl">

  <xsl:variable name="silent"
                select="' UBLExtensions ProfileID ProfileExecutionID CopyIndicator UUID LineCountNumeric Signature '"/>

  <!-- Attributes that UBL allows somewhere and the profile does not. -->
  <xsl:variable name="attributes-left-out" select="concat(
      ' schemeURI schemeDataURI listURI listSchemeURI currencyCodeListVersionID unitCodeListVersionID',
      ' characterSetCode encodingCode format uri languageLocaleID ')"/>

  <xsl:variable name="left-out-tree">
    <in parents=" Order OrderChange ">
      UBLExtensions ProfileID ProfileExecutionID CopyIndicator UUID RequestedInvoiceCurrencyCode PricingCurrencyCode
      TaxCurrencyCode LineCountNumeric Signature TaxExchangeRate PricingExchangeRate PaymentExchangeRate
      DestinationCountry
    </in>
    <in parents=" OrderChange ">
      AccountingSupplierParty
    </in>
    <in parents=" ValidityPeriod RequestedDeliveryPeriod PromisedDeliveryPeriod EstimatedDeliveryPeriod
                  SettlementPeriod ">
      DescriptionCode
    </in>
    <in parents=" QuotationDocumentReference OrderDocumentReference OriginatorDocumentReference
                  AdditionalDocumentReference DocumentReference ItemSpecificationDocumentReference ">
      XPath LocaleCode ValidityPeriod IssuerParty ResultOfVerification
    </in>
    <in parents=" Contract ">
      IssueTime NominationDate NominationTime ValidityPeriod ContractDocumentReference NominationPeriod
      ContractualDelivery
    </in>
    <in parents=" ProjectReference ">
      WorkPhaseReference
    </in>
    <in parents=" BuyerCustomerParty OriginatorCustomerParty AccountingCustomerParty ">
      AdditionalAccountID
    </in>
    <in parents=" SellerSupplierParty ">
      AdditionalAccountID DataSendingCapability
    </in>
    <in parents=" FreightForwarderParty Party CarrierParty DeliveryParty NotifyParty OriginatorParty
                  ManufacturerParty ">
      MarkCareIndicator MarkAttentionIndicator LogoReferenceID IndustryClassificationCode AgentParty
      ServiceProviderParty PowerOfAttorney FinancialAccount
    </in>
    <in parents=" Delivery ">
      ActualDeliveryTime AlternativeDeliveryLocation MinimumDeliveryUnit MaximumDeliveryUnit Shipment
    </in>
    <in parents=" DeliveryTerms ">
      AllowanceCharge
    </in>
    <in parents=" PaymentMeans ">
      CardAccount PayerFinancialAccount CreditAccount PaymentMandate TradeFinancing
    </in>
    <in parents=" PaymentTerms ">
      PrepaidPaymentReferenceID ReferenceEventCode PaymentPercent SettlementDiscountAmount PenaltyAmount
      PaymentTermsDetailsURI InstallmentDueDate InvoicingPartyReference PenaltyPeriod ExchangeRate ValidityPeriod
    </in>
    <in parents=" AllowanceCharge ">
      PrepaidIndicator AccountingCostCode TaxTotal PaymentMeans
    </in>
    <in parents=" TaxTotal ">
      RoundingAmount TaxEvidenceIndicator TaxIncludedIndicator
    </in>
    <in parents=" AnticipatedMonetaryTotal ">
      PayableAlternativeAmount
    </in>
    <in parents=" OrderLine ">
      SellerProposedSubstituteLineItem SellerSubstitutedLineItem BuyerProposedSubstituteLineItem
      CatalogueLineReference
    </in>
    <in parents=" PostalAddress DeliveryAddress Address RegistrationAddress ">
      AddressTypeCode AddressFormatCode PlotIdentification TimezoneOffset LocationCoordinate
    </in>
    <in parents=" PartyLegalEntity ">
      RegistrationExpirationDate CompanyLegalFormCode SoleProprietorshipIndicator CompanyLiquidationStatusCode
      CorporateStockAmount FullyPaidSharesIndicator CorporateRegistrationScheme HeadOfficeParty ShareholderParty
    </in>
    <in parents=" Person ">
      OtherName NameSuffix NationalityID GenderCode BirthDate BirthplaceName FinancialAccount
      IdentityDocumentReference ResidenceAddress
    </in>
    <in parents=" Despatch ">
      EstimatedDespatchDate EstimatedDespatchTime ActualDespatchDate ActualDespatchTime GuaranteedDespatchDate
      GuaranteedDespatchTime ReleaseID DespatchAddress DespatchLocation DespatchParty CarrierParty NotifyParty Contact
      EstimatedDespatchPeriod RequestedDespatchPeriod
    </in>
    <in parents=" PayeeFinancialAccount ">
      AliasName AccountTypeCode AccountFormatCode PaymentNote Country
    </in>
    <in parents=" TaxCategory ClassifiedTaxCategory ">
      BaseUnitMeasure PerUnitAmount TierRange TierRatePercent
    </in>
    <in parents=" TaxSubtotal ">
      CalculationSequenceNumeric TransactionCurrencyTaxAmount BaseUnitMeasure PerUnitAmount TierRange TierRatePercent
    </in>
    <in parents=" LineItem SubLineItem ">
      MinimumBackorderQuantity MaximumBackorderQuantity OrderedShipment PricingReference WarrantyValidityPeriod
      WarrantyParty ItemPriceExtension
    </in>
    <in parents=" ExternalReference ">
      DocumentHash HashAlgorithmMethod ExpiryDate ExpiryTime FormatCode EncodingCode CharacterSetCode
    </in>
    <in parents=" TaxScheme ">
      CurrencyCode JurisdictionRegionAddress
    </in>
    <in parents=" FinancialInstitutionBranch FinancialInstitution ">
      Address
    </in>
    <in parents=" Price ">
      PriceList PricingExchangeRate
    </in>
    <in parents=" Item ">
      CatalogueIndicator CatalogueDocumentReference TransactionConditions HazardousItem
      InformationContentProviderParty OriginAddress Certificate
    </in>
    <in parents=" BuyersItemIdentification SellersItemIdentification ManufacturersItemIdentification
                  StandardItemIdentification CatalogueItemIdentification AdditionalItemIdentification ">
      BarcodeSymbologyID PhysicalAttribute MeasurementDimension IssuerParty
    </in>
    <in parents=" AdditionalItemProperty ">
      TestMethod ValueQualifier ImportanceCode ListValue UsabilityPeriod ItemPropertyGroup RangeDimension
      ItemPropertyRange
    </in>
    <in parents=" ItemInstance ">
      ProductTraceID ManufactureDate ManufactureTime BestBeforeDate RegistrationID AdditionalItemProperty
    </in>
    <in parents=" LotIdentification ">
      AdditionalItemProperty
    </in>
  </xsl:variable>
  <xsl:variable name="left-out" select="exsl:node-set($left-out-tree)/in"/>

  <!-- "true" for an element that has no place in the profile. -->
  <xsl:template name="is-left-out">
    <xsl:variable name="rows" select="$left-out[contains(@parents, concat(' ', local-name(current()/..), ' '))]"/>
    <xsl:variable name="name" select="concat(' ', local-name(), ' ')"/>
    <xsl:if test="$rows[contains(concat(' ', normalize-space(), ' '), $name)]">true</xsl:if>
  </xsl:template>

  <!-- Tell once for each kind of element what was left out: "Delivery/Shipment, Price/PriceList". -->
  <xsl:template name="tell-what-was-left-out">
    <xsl:variable name="names-tree">
      <xsl:for-each select=".//*[normalize-space()]">
        <xsl:variable name="is-left-out"><xsl:call-template name="is-left-out"/></xsl:variable>
        <xsl:if test="$is-left-out = 'true' and not(contains($silent, concat(' ', local-name(), ' ')))">
          <name><xsl:value-of select="concat(local-name(..), '/', local-name())"/></name>
        </xsl:if>
      </xsl:for-each>
    </xsl:variable>
    <xsl:variable name="names" select="exsl:node-set($names-tree)/name"/>
    <xsl:if test="$names">
      <xsl:message>
        <xsl:text>Jakamo's profile has no place for </xsl:text>
        <xsl:for-each select="$names[not(. = preceding-sibling::name)]">
          <xsl:if test="position() != 1">, </xsl:if>
          <xsl:value-of select="."/>
        </xsl:for-each>
        <xsl:text>: left out.</xsl:text>
      </xsl:message>
    </xsl:if>
  </xsl:template>

</xsl:stylesheet>
