"""Words that exports use for what an order holds: English, Finnish, Swedish, German, and some ERPs' own. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

WORDS: dict[str, str] = {
    "order_number": """
        order orderno ordernr ordernum ordernumber orderid ordercode po pono ponr ponumber ponum poid purchaseorder
        purchaseorderno purchaseordernumber purchaseorderid docnum documentnumber ebeln belnr
        tilaus tilausnro tilausnumero tilausno tilausid ostotilaus ostotilausnro ostotilausnumero ostotilausno
        ordernummer bestallning bestallningsnr bestallningsnummer bestnr inkopsorder inkopsordernr inkopsordernummer
        bestellung bestellnr bestellnummer bestellungsnummer auftrag auftragsnr auftragsnummer belegnr belegnummer""",
    "order_date": """
        orderdate ordered podate purchaseorderdate issuedate docdate documentdate orderedon orderissuedate bedat
        tilauspvm tilauspaiva tilauspaivamaara tilattu
        orderdatum bestallningsdatum bestalldatum inkopsdatum
        bestelldatum bestellungsdatum auftragsdatum belegdatum""",
    "supplier_id": """
        supplierno suppliernr suppliernumber supplierid suppliercode vendorno vendornr vendornumber vendorid vendorcode
        vendor cardcode lifnr supplieridref supplieridentity sellerid sellerno
        toimittajanro toimittajanumero toimittajano toimittajaid toimittajakoodi toimittajatunnus
        leverantorsnr leverantorsnummer leverantornr leverantorid leverantorskod levnr
        lieferantennr lieferantennummer lieferantnr lieferantenid kreditor kreditornr kreditorennummer""",
    "supplier_name": """
        supplier suppliername vendorname cardname sellername seller
        toimittaja toimittajannimi toimittajanimi
        leverantor leverantorsnamn leverantornamn
        lieferant lieferantenname lieferantname""",
    "buyer_id": """
        buyerno buyernr buyernumber buyerid buyercode customerno customernr customernumber customerid companyid
        companycode company bukrs buyeridref plant werks site
        tilaajanro tilaajanumero asiakasnro asiakasnumero yritysnro yritys
        koparnr kundnr kundnummer foretagsnr foretag
        kaufernr kundennr kundennummer buchungskreis firma""",
    "buyer_name": """
        buyername customername companyname orderedby billtoname
        tilaaja tilaajannimi asiakas yrityksennimi
        kopare kundnamn foretagsnamn bestallare
        kaufer kundenname besteller firmenname auftraggeber""",
    "purchaser_id": """
        buyer purchaser purchasername buyercontact contact ourreference employeeid purchasinggroup ekgrp requester
        ostaja ostajannimi viitteemme yhteyshenkilo
        inkopare varreferens kontaktperson
        einkaufer sachbearbeiter ansprechpartner""",
    "currency": """
        currency currencycode curr ccy waers doccurrency doccur
        valuutta valuuttakoodi
        valuta valutakod
        wahrung waehrung wahrungscode""",
    "delivery_terms": """
        deliveryterms incoterm incoterms deliveryterm termsofdelivery inco1 shippingterms tradeterms
        toimitusehto toimitusehdot
        leveransvillkor
        lieferbedingung lieferbedingungen""",
    "payment_terms": """
        paymentterms paymentterm termsofpayment zterm terms
        maksuehto maksuehdot
        betalningsvillkor betvillkor
        zahlungsbedingung zahlungsbedingungen""",
    "reference": """
        reference customerreference yourreference project projectno
        viite viitteenne projekti
        referens erreferens projekt
        referenz ihrzeichen""",
    "note": """
        note notes remark remarks comment comments text freetext headertext
        huomautus huom lisatieto lisatiedot
        anmarkning notering kommentar
        bemerkung hinweis anmerkung""",
    "line_number": """
        line lineno linenr linenumber lineid linenum pos posno position positionno item itemno rowno row rownumber ebelp
        posex orderline orderlineno lineitemid detailid
        rivi rivinro rivinumero tilausrivi
        rad radnr radnummer orderrad orderradnr
        positionsnr positionsnummer posnr zeile zeilennr""",
    "item_id": """
        itemid itemcode itemnumber article articleno articlenr articlenumber articleid partno partnr partnumber part
        product productno productid productcode productnumber material materialno matnr sku material_number itemref
        idtnr buyerpid buyersitem buyersitemid
        tuote tuotenro tuotenumero tuotekoodi tuotetunnus nimikenro nimikenumero nimikekoodi
        artikel artikelnr artikelnummer artnr benamningsnr
        artikelnr artikelnummer materialnr materialnummer teilenummer produktnr""",
    "supplier_item_id": """
        supplieritem supplieritemid supplieritemno suppliersitem suppliersitemid supplierpartno supplierpartid
        supplierarticle vendoritem vendorpartno vendormaterial idnlf supplierpid suppliercatnum
        toimittajantuote toimittajantuotenro toimittajannimike
        levartnr leverantorensartnr leverantorsartikel leverantorensartikelnr
        lieferantenartikel lieferantenartikelnr lieferantenmaterial""",
    "item_name": """
        itemname description itemdescription productname productdescription articlename name desc dscription partname
        materialtext shorttext txz01 arktx descriptionshort
        nimike nimi kuvaus tuotenimi tuotekuvaus selite nimitys
        benamning beskrivning artikelbenamning produktnamn
        bezeichnung beschreibung artikelbezeichnung kurztext materialkurztext benennung""",
    "quantity": """
        quantity qty orderqty orderquantity orderedquantity orderedqty amountordered menge1 pieces menge
        maara tilattumaara tilausmaara kpl
        antal kvantitet bestantal bestalltantal
        anzahl bestellmenge stuckzahl""",
    "unit": """
        unit uom unitcode unitofmeasure orderunit um meins menee unitmeasurecode quantityunit qtyunit
        yksikko yks mittayksikko
        enhet
        einheit mengeneinheit me bestelleinheit""",
    "price": """
        price unitprice netprice priceamount itemprice usprice unitcost cost netpr
        hinta yksikkohinta ahinta nettohinta yksikohinta
        pris apris styckpris nettopris
        preis einzelpreis stuckpreis nettopreis""",
    "price_per": """
        priceper priceunit pricebase per peinh basequantity pricequantity pricingunit
        hintayksikko hintakerroin
        prisenhet prisper
        preiseinheit preisje""",
    "line_total": """
        linetotal linevalue lineamount rowtotal netamount totalline netvalue netwr extendedprice lineextensionamount
        pricelineamount total amount
        rivisumma rivihinta yhteensa summa
        radsumma radbelopp belopp
        gesamtpreis positionswert betrag nettowert zeilensumme""",
    "delivery_date": """
        deliverydate duedate requesteddate requesteddeliverydate shipdate expecteddeliverydate needdate wanteddate
        deliverby eindt edatu deliverystartdate deliveryenddate date
        toimituspvm toimituspaiva toimitusaika toivottutoimituspvm vahvistettupvm
        leveransdatum leveransdag levdatum levdag onskatleveransdatum
        liefertermin lieferdatum wunschtermin""",
    "revision": """
        revision rev revisionno drawingrevision version
        revisio
        utgava
        revisionsstand index""",
    "drawing": """
        drawing drawingno drawingnumber drawingnr zeinr
        piirustus piirustusnro piirustusnumero
        ritning ritningsnr ritningsnummer
        zeichnung zeichnungsnr zeichnungsnummer""",
    "delivery_method": """
        deliverymethod shipmethod shipmethodid shippingmethod transport modeoftransport carrier
        toimitustapa kuljetustapa
        leveranssatt transportsatt
        versandart lieferart""",
}
"""For each role the words, folded: small letters without accents, blanks and signs."""

_NEW = frozenset("n new create original add o ny uusi neu neue".split())
_CHANGED = frozenset(
    "m u c change changed update replace modify muutos muutettu andrad andring anderung geandert".split()
)


def kinds_of(values: Iterable[str]) -> dict[str, str] | None:
    """Return for values that all say whether an order is new or changed what each says; None when they do not."""
    told = sorted({value.strip() for value in values if value.strip()})
    if not told or not all(folded(value) in _NEW | _CHANGED for value in told):
        return None
    return {value: "Order" if folded(value) in _NEW else "OrderChange" for value in told}


_EXACT = {word: role for role, words in WORDS.items() for word in words.split()}
_LONG = sorted(((word, role) for word, role in _EXACT.items() if len(word) >= 5), key=lambda one: -len(one[0]))
EXACT, INSIDE = 100, 40


def folded(label: str) -> str:
    """Return a label in small letters, without accents, blanks and signs."""
    spelled = label.replace("\N{LATIN SMALL LETTER SHARP S}", "ss").replace("\N{LATIN SMALL LETTER O WITH STROKE}", "o")
    plain = unicodedata.normalize("NFKD", spelled.casefold())
    return re.sub(r"[^a-z0-9]", "", plain)


def role_of(label: str) -> tuple[str | None, int, str]:
    """Return the role that a label's words tell, how surely (0 to 100), and the word that told it."""
    text = folded(label)
    if text in _EXACT:
        return _EXACT[text], EXACT, text
    for word, role in _LONG:
        if word in text:
            return role, INSIDE + len(word), word
    return None, 0, ""


def slug(label: str, used: set[str]) -> str:
    """Return an element name made of a label that is not among `used`, and add it there."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", label)
    plain = unicodedata.normalize("NFKD", spaced.casefold()).encode("ascii", "ignore").decode()
    name = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:40] or "column"
    if not name[0].isalpha() or name.startswith("xml") or name in ("order", "row"):
        name = f"c_{name}"
    unique, number = name, 2
    while unique in used:
        unique, number = f"{name}_{number}", number + 1
    used.add(unique)
    return unique
