"""UBL of other customizations: what changes on the way to Jakamo's profile, and what is told of it."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from carried_over import lost_of_ubl
from lxml import etree
from sample_runs import MAPPINGS, SCHEMAS, Outcome, run, store

from tests.documents.profile_documents import Maker

NAME = "ubl-to-jakamo"
KINDS = ("Order", "OrderChange")
CBC = "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
WITHOUT_ATTRIBUTES = ("ID", "SequenceNumberID", "CustomerReference", "AccountingCost")
SINGLE = ("DeliveryTerms/", "ProjectReference/UUID")
SAMPLES = MAPPINGS / NAME / "samples"
BASIC, CHANGE, OLD = SAMPLES / "basic.xml", SAMPLES / "change.xml", SAMPLES / "ubl20.xml"


def convert(tmp_path: Path, source: Path, *edits: tuple[str, str]) -> Outcome:
    """Return what comes of a sample after some edits."""
    text = source.read_text(encoding="utf-8")
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new)
    path = tmp_path / "order.xml"
    path.write_text(text, encoding="utf-8")
    return run(store.get(NAME), path)


def sent(outcome: Outcome) -> etree._Element:
    """Return the one document that came of it."""
    (body,) = outcome.documents.values()
    return etree.fromstring(body)


def text(root: etree._Element, *names: str) -> str | None:
    """Return the first text at a path of local names."""
    return root.findtext("/".join(f"{{*}}{name}" for name in names))


def test_nothing_is_lost_but_what_is_said(tmp_path: Path) -> None:
    """Each value of the sample is in the result, at its path or where it moves to; the rest is in the warning."""
    outcome = convert(tmp_path, BASIC)
    (body,) = outcome.documents.values()
    assert [one.rpartition(":")[0] for one in lost_of_ubl(BASIC.read_bytes(), body)] == [
        "AdditionalDocumentReference/Attachment/ExternalReference/DocumentHash",
        "OrderLine/LineItem/Price/PriceList/ID",
    ]
    (warning,) = outcome.orders["PO-8001"]
    assert warning["severity"] == "warning"
    assert "ExternalReference/DocumentHash, Delivery/Shipment, Price/PriceList" in warning["message"]


def lost_of_random(kind: str, seed: int, folder: Path) -> list[str]:
    """Return what a random document of the profile loses on the way, though it is in the profile already."""
    made = Maker(SCHEMAS, kind).document(random.Random(seed))
    for code in made.iter("{*}ChannelCode"):
        code.text = "TE"
    for contact in made.iter("{*}BuyerContact"):
        if not "".join(str(text) for text in contact.itertext()).strip():
            contact[:] = [etree.fromstring(f'<Name xmlns="{CBC}">somebody</Name>')]
    path = folder / f"{kind}-{seed}.xml"
    path.write_bytes(etree.tostring(made))
    (body,) = run(store.get(NAME), path).documents.values()
    lost = [one.partition(":")[0] for one in lost_of_ubl(path.read_bytes(), body)]
    return [one for one in lost if one not in WITHOUT_ATTRIBUTES and not one.startswith(SINGLE)]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_in_the_profile_already_loses_nothing(kind: str, tmp_path: Path) -> None:
    """Random documents with all that the profile offers: each value arrives, but attributes of four header values,
    the second DeliveryTerms (told in a warning) and a project's UUID.
    """
    assert [lost_of_random(kind, seed, tmp_path) for seed in range(10)] == [[]] * 10


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_in_the_profile_already_loses_nothing_at_length(kind: str, tmp_path: Path) -> None:
    """The same, with more documents."""
    assert [seed for seed in range(10, 150) if lost_of_random(kind, seed, tmp_path)] == []


def test_what_only_steers_the_exchange_goes_without_a_word(tmp_path: Path) -> None:
    """ProfileID and the like are in every such order: a warning for each would hide the others."""
    country = "<cbc:IdentificationCode>FI</cbc:IdentificationCode>"
    unsaid = f"<cac:DestinationCountry>{country}</cac:DestinationCountry>"
    assert convert(tmp_path, OLD, (unsaid, "")).orders == {}


def test_a_change_bears_the_order_s_number_and_its_own_beside(tmp_path: Path) -> None:
    """Jakamo takes the root's ID for the order; the number of the change is a reference."""
    document = sent(convert(tmp_path, CHANGE))
    assert (text(document, "ID"), text(document, "OrderReference", "ID")) == ("PO-8001", "PO-8001")
    assert text(document, "AdditionalDocumentReference", "ID") == "CHG-2"
    assert text(document, "SequenceNumberID") == "2"


@pytest.mark.parametrize("status", ["2", "Cancelled"])
def test_a_line_that_a_change_deletes_is_not_wanted(tmp_path: Path, status: str) -> None:
    """Left with its quantity, a deleted line would be delivered."""
    edit = (">2</cbc:LineStatusCode>", f">{status}</cbc:LineStatusCode>")
    lines = sent(convert(tmp_path, CHANGE, edit)).findall("{*}OrderLine/{*}LineItem")
    assert [text(line, "Quantity") for line in lines] == ["2000", "0"]
    assert [text(line, "LineExtensionAmount") for line in lines] == ["246.90", None]


def test_the_supplier_is_found_by_the_buyer_s_number_first(tmp_path: Path) -> None:
    """Jakamo's company mapping looks at PartyIdentification: without one, the best that the party has stands there."""
    found = ("SellerSupplierParty", "Party", "PartyIdentification", "ID")
    named = ("<cac:Party><cac:PartyName><cbc:Name>Example Supplier Oy</cbc:Name></cac:PartyName></cac:Party>", "")
    assert text(sent(convert(tmp_path, OLD)), *found) == "20015"
    assert text(sent(convert(tmp_path, OLD, named)), *found) == "20015"
    assert text(sent(convert(tmp_path, BASIC)), *found) == "8765432-1"
    company = ('<cbc:CompanyID schemeID="0212">8765432-1</cbc:CompanyID>', "")
    assert text(sent(convert(tmp_path, BASIC, company)), *found) == "003770000001"


def test_the_currency_is_that_of_the_amounts_where_none_is_stated(tmp_path: Path) -> None:
    """UBL 2.0 may leave it out; amounts of two currencies leave it open, and the order is refused."""
    assert text(sent(convert(tmp_path, OLD)), "DocumentCurrencyCode") == "SEK"
    item = "<cac:Item><cbc:Name>Steel rod</cbc:Name></cac:Item>"
    price = '<cac:Price><cbc:PriceAmount currencyID="EUR">1</cbc:PriceAmount></cac:Price>'
    outcome = convert(tmp_path, OLD, (item, f"{price}{item}"))
    assert outcome.documents == {}
    assert "DocumentCurrencyCode" in str(outcome.orders)


def test_a_cancellation_of_two_orders_is_refused(tmp_path: Path) -> None:
    """One document, one order: a file that cancels two says nothing about either until they are apart."""
    second = "<cac:OrderReference><cbc:ID>PO-9</cbc:ID></cac:OrderReference></OrderCancellation>"
    outcome = convert(tmp_path, SAMPLES / "cancelled.xml", ("</OrderCancellation>", second))
    assert [one["code"] for one in outcome.file] == ["several-order-numbers"]
