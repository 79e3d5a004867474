"""Our schemas: tighter than OASIS UBL 2.1 and never wider. Whatever they accept, OASIS accepts."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from judges import UBL, oasis, profile, schemas_folder
from lxml import etree
from order_documents import CHANGE, line, order
from profile_documents import Maker, mutate

MUCH = 250


class Explorer:
    """Shows documents to both judges and counts what happened."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.maker = Maker(folder, kind)
        self.ours = etree.XMLSchema(etree.parse(str(folder / f"{kind}.xsd")))
        self.theirs = oasis(kind)
        self.counts: Counter[str] = Counter()

    def hole(self, seed: int, mutations: int) -> str | None:
        """Return a document that ours accepts and OASIS refuses, with the reason; or None."""
        chance = random.Random(seed)
        made = self.maker.document(chance)
        for _ in range(mutations):
            mutate(made, self.maker, chance)
        document = etree.fromstring(etree.tostring(made))
        accepted = self.ours.validate(document)
        self.counts[f"{'changed' if mutations else 'made'}, {'accepted' if accepted else 'refused'}"] += 1
        if accepted and not self.theirs.validate(document):
            return f"{self.theirs.error_log}\n{etree.tostring(document, pretty_print=True).decode()}"
        return None


@pytest.mark.parametrize("kind", UBL)
def test_the_profile_never_accepts_what_ubl_refuses(kind: str) -> None:
    """Of very many documents, whole and damaged, each that our schema accepts is valid OASIS UBL 2.1."""
    explorer = Explorer(kind, schemas_folder())

    @settings(max_examples=MUCH, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(seed=st.integers(0, 2**32), mutations=st.integers(0, 3))
    def explore(seed: int, mutations: int) -> None:
        assert explorer.hole(seed, mutations) is None

    explore()
    counts = explorer.counts
    assert counts["made, refused"] == 0
    assert counts["made, accepted"] > MUCH / 20
    assert counts["changed, accepted"] > MUCH / 20, counts
    assert counts["changed, refused"] > MUCH / 5, counts


@pytest.mark.slow
@pytest.mark.parametrize("kind", UBL)
def test_the_profile_never_accepts_what_ubl_refuses_at_length(kind: str) -> None:
    """The same, with three thousand documents more."""
    explorer = Explorer(kind, schemas_folder())
    for seed in range(3000):
        assert explorer.hole(seed, seed % 4) is None


@pytest.mark.parametrize("kind", UBL)
def test_everything_the_profile_offers_is_ubl(kind: str) -> None:
    """A document with all that the profile offers in it is accepted by both."""
    explorer = Explorer(kind, schemas_folder())
    document = etree.fromstring(etree.tostring(explorer.maker.whole()))
    assert explorer.ours.validate(document), explorer.ours.error_log
    assert explorer.theirs.validate(document), explorer.theirs.error_log
    named = {element.tag for element in document.iter()}
    unused = {name for name in explorer.maker.names if "Order-2}" not in name and name not in named}
    assert len(named) > 150
    assert all("CommonBasic" in name or "CommonAggregate" in name or "Order" in name for name in unused)


INLINE = '<xs:complexType><xs:simpleContent><xs:extension base="{}"/></xs:simpleContent></xs:complexType>'
HOLES = {
    "two elements swapped": (
        "common/aggregate.xsd",
        '<xs:element ref="cbc:LineExtensionAmount" minOccurs="0"/>\n      <xs:element ref="cbc:TaxExclusiveAmount"',
        '<xs:element ref="cbc:TaxExclusiveAmount" minOccurs="0"/>\n      <xs:element ref="cbc:LineExtensionAmount"',
    ),
    "currency not asked for": (
        "common/types.xsd",
        '<xs:attribute name="currencyID" type="t:CurrencyText" use="required"/>',
        '<xs:attribute name="currencyID" type="t:CurrencyText"/>',
    ),
    "any text for a date": (
        "common/types.xsd",
        '<xs:extension base="t:PlainDate"/>',
        '<xs:extension base="xs:string"/>',
    ),
    "an element of our own": (
        "common/aggregate.xsd",
        '<xs:element ref="cbc:CustomerAssignedAccountID" minOccurs="0"/>',
        '<xs:element name="OwnNumber" type="cac:PartyNameType" minOccurs="0"/>',
    ),
    "a required one made optional": (
        "common/aggregate.xsd",
        '<xs:element ref="cbc:PaymentMeansCode"/>',
        '<xs:element ref="cbc:PaymentMeansCode" minOccurs="0"/>',
    ),
    "more than one allowed": (
        "OrderChange.xsd",
        '<xs:element ref="cac:DeliveryTerms" minOccurs="0"/>',
        '<xs:element ref="cac:DeliveryTerms" minOccurs="0" maxOccurs="unbounded"/>',
    ),
    "an attribute of our own": (
        "common/types.xsd",
        '<xs:attribute name="languageID" type="xs:language"/>',
        '<xs:attribute name="languageID" type="xs:language"/><xs:attribute name="unknown"/>',
    ),
    "a type that a document may name": (
        "common/basic.xsd",
        f'<xs:element name="Note">{INLINE.format("t:Text")}</xs:element>',
        '<xs:element name="Note" type="t:Text"/>',
    ),
}


@pytest.mark.parametrize("hole", HOLES)
def test_the_exploration_finds_a_hole_when_there_is_one(hole: str, tmp_path: Path) -> None:
    """A schema made too wide in one place is found out, so the silence above means something."""
    folder = tmp_path / "schemas"
    shutil.copytree(schemas_folder(), folder)
    name, old, new = HOLES[hole]
    text = (folder / name).read_text(encoding="utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new), encoding="utf-8")
    explorer = Explorer("OrderChange", folder)
    assert any(explorer.hole(seed, seed % 4) for seed in range(4000))


def accepts(body: bytes, kind: str = "Order") -> bool:
    """Tell whether our schema accepts a body."""
    return profile(kind).validate(etree.fromstring(body))


def test_the_plain_order_is_accepted() -> None:
    """The order that the refusals below are made from is good."""
    assert accepts(order())
    assert accepts(
        order(CHANGE, reference="PO-1", head="<cbc:SequenceNumberID>1</cbc:SequenceNumberID>"), "OrderChange"
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<cbc:UBLVersionID>2.1</cbc:UBLVersionID>", ""),
        (">2.1<", ">2.0<"),
        ("<cbc:CustomizationID>Jakamo</cbc:CustomizationID>", ""),
        (">Jakamo<", ">jakamo<"),
        (">PO-1<", f">{'x' * 36}<"),
        (">PO-1<", "> <"),
        ("<cbc:ID>PO-1</cbc:ID>", ""),
        (">2026-11-03<", ">03.11.2026<"),
        (">2026-11-03<", ">2026-11-31<"),
        (">2026-11-03<", ">2026-11-03Z<"),
        ("<cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>", ""),
        (">EUR<", ">EURO<"),
        (">EUR<", ">eur<"),
        (' currencyID="EUR"', ""),
        (' currencyID="EUR"', ' currencyID="€"'),
        (">1.50<", ">1,50<"),
        (">1.50<", "><"),
        (">4<", ">-4<"),
        (">Bolt<", "> <"),
        ("<cac:PartyIdentification><cbc:ID>20015</cbc:ID></cac:PartyIdentification>", ""),
        ("<cbc:ID>20</cbc:ID>", "<cbc:ID>10</cbc:ID>"),
        ("<cac:Item><cbc:Name>Bolt</cbc:Name></cac:Item>", ""),
        (line("10", "4") + line("20", "250"), ""),
        (' unitCode="C62"', ' unitCode=""'),
    ],
)
def test_the_profile_is_tighter_than_ubl(old: str, new: str) -> None:
    """Version, customization, lengths, currency, dates, numbers, names, double lines: each fault is refused."""
    body = order().decode()
    assert old in body
    assert not accepts(body.replace(old, new).encode())


@pytest.mark.parametrize(
    ("content", "good"),
    [
        ("<OrderID>PO-1</OrderID><Status>Cancelled</Status>", True),
        ("<OrderID>PO-1</OrderID><Status>Received</Status><StatusDate>2026-11-03</StatusDate><Note>n</Note>", True),
        ("<OrderID>1</OrderID><Status>Received</Status><OrderLine><ID>10</ID><Quantity>4</Quantity></OrderLine>", True),
        ("<Status>Cancelled</Status>", False),
        ("<OrderID> </OrderID><Status>Cancelled</Status>", False),
        (f"<OrderID>{'x' * 36}</OrderID><Status>Cancelled</Status>", False),
        ("<OrderID>PO-1</OrderID><Status>canceled</Status>", False),
        (f"<OrderID>PO-1</OrderID><Status>Received</Status>{'<OrderLine><ID>10</ID></OrderLine>' * 2}", False),
    ],
)
def test_a_status_message_needs_its_order_and_a_known_word(content: str, good: bool) -> None:
    """What is certain of a StatusMessage, and our reading of the rest."""
    assert accepts(f"<StatusMessage>{content}</StatusMessage>".encode(), "StatusMessage") == good


def test_an_order_of_many_lines_is_checked_quickly() -> None:
    """The check that line numbers stand once does not grow with the square of the lines."""
    body = order(lines="".join(line(str(number), "4") for number in range(20_000)))
    assert accepts(body)
