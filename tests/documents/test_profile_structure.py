"""Our content models beside those of OASIS UBL 2.1, type by type: same elements, same order, never more of them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

import pytest
from judges import UBL, oasis_folder, schemas_folder
from lxml import etree

XS = "{http://www.w3.org/2001/XMLSchema}"
DATA_TYPES = {
    "Amount": {"AmountType"},
    "BinaryObject": {"BinaryObjectType"},
    "Code": {"CodeType"},
    "CountryCode": {"CodeType"},
    "Currency": {"CodeType"},
    "Customization": {"IdentifierType"},
    "Date": {"DateType"},
    "Identifier": {"IdentifierType"},
    "Indicator": {"IndicatorType"},
    "Measure": {"MeasureType"},
    "NotNegativeQuantity": {"QuantityType"},
    "Numeric": {"NumericType", "PercentType", "RateType"},
    "PositiveQuantity": {"QuantityType"},
    "Quantity": {"QuantityType"},
    "ShortIdentifier": {"IdentifierType"},
    "Text": {"TextType", "NameType"},
    "Time": {"TimeType"},
    "Version": {"IdentifierType"},
}
"""Our data types and those of UBL that they may stand for."""


class Child(NamedTuple):
    """One element of a content model."""

    name: str
    low: int
    many: bool


Model = tuple[Child, ...]


def parse(path: str, *, ours: bool) -> etree._Element:
    """Return a schema of ours or of OASIS."""
    return etree.parse(str((schemas_folder() if ours else oasis_folder()) / path)).getroot()


OURS = parse("common/aggregate.xsd", ours=True)
OUR_BASICS = parse("common/basic.xsd", ours=True)
THEIRS = parse("common/UBL-CommonAggregateComponents-2.1.xsd", ours=False)
THEIR_BASICS = parse("common/UBL-CommonBasicComponents-2.1.xsd", ours=False)
GROUPS = {str(one.get("name")): one for schema in (OURS, OUR_BASICS) for one in schema.findall(f"{XS}group")}


def named(schema: etree._Element, kind: str) -> dict[str, etree._Element]:
    """Return the declarations of a schema by name."""
    return {str(one.get("name")): one for one in schema.findall(f"{XS}{kind}")}


def last(name: str | None) -> str:
    """Return a name without its prefix."""
    return str(name).rpartition(":")[2]


def models(particle: etree._Element) -> Iterator[Model]:
    """Yield every way a particle may be read: one for each turn of a choice."""
    optional = particle.get("minOccurs") == "0"
    if particle.tag == f"{XS}element":
        low, many = int(particle.get("minOccurs", "1")), particle.get("maxOccurs") == "unbounded"
        yield (Child(last(particle.get("ref") or particle.get("name")), low, many),)
    elif particle.tag == f"{XS}group":
        inside = next(models(GROUPS[last(particle.get("ref"))].findall(f"{XS}sequence")[0]))
        yield tuple(child._replace(low=0) if optional else child for child in inside)
    elif particle.tag == f"{XS}choice":
        for one in particle.findall("*"):
            if one.tag != f"{XS}annotation":
                yield from models(one)
    else:
        parts = [list(models(one)) for one in particle.findall("*") if one.tag != f"{XS}annotation"]
        for chosen in product(*parts):
            yield tuple(child for part in chosen for child in part)
        if optional:
            yield ()


def content(declared: etree._Element) -> Iterator[Model]:
    """Yield the content models of a complex type."""
    for one in declared:
        if one.tag in (f"{XS}sequence", f"{XS}choice"):
            yield from models(one)


def assert_inside(ours: Model, theirs: Model, where: str) -> None:
    """Assert that what fits our model fits theirs."""
    order = [child.name for child in theirs]
    by_name = {child.name: child for child in theirs}
    places = [order.index(child.name) for child in ours]
    assert places == sorted(places), where
    assert len(set(places)) == len(places), where
    for child in ours:
        assert by_name[child.name].many or not child.many, (where, child)
    given = {child.name for child in ours if child.low}
    assert {child.name for child in theirs if child.low} <= given, where


TYPES = sorted(named(OURS, "complexType"))


@pytest.mark.parametrize("name", TYPES)
def test_an_aggregate_is_a_part_of_ubls(name: str) -> None:
    """Every aggregate of ours bears UBL's name and holds a part of UBL's elements, in UBL's order."""
    (theirs,) = content(named(THEIRS, "complexType")[name])
    for ours in content(named(OURS, "complexType")[name]):
        assert_inside(ours, theirs, name)


@pytest.mark.parametrize("kind", UBL)
def test_a_document_is_a_part_of_ubls(kind: str) -> None:
    """So does every document."""
    declared = named(parse(f"{kind}.xsd", ours=True), "element")[kind].find(f"{XS}complexType")
    assert declared is not None
    (ours,) = content(declared)
    (theirs,) = content(named(parse(f"maindoc/UBL-{kind}-2.1.xsd", ours=False), "complexType")[f"{kind}Type"])
    assert_inside(ours, theirs, kind)


def test_an_element_has_the_type_it_has_in_ubl() -> None:
    """Each aggregate element is of the type that UBL gives it."""
    types = {name: one.get("type") for name, one in named(THEIRS, "element").items()}
    for one in OURS.iter(f"{XS}element"):
        if one.get("type"):
            assert last(one.get("type")) == types[str(one.get("name"))], one.get("name")


def test_a_value_has_the_data_type_it_has_in_ubl() -> None:
    """Each basic element is of a data type that accepts less than UBL's for the same element."""
    bases = {}
    for name, one in named(THEIR_BASICS, "complexType").items():
        extension = one.find(f".//{XS}extension")
        assert extension is not None
        bases[name] = last(extension.get("base"))
    elements = {name: bases[str(one.get("type"))] for name, one in named(THEIR_BASICS, "element").items()}
    for element in OUR_BASICS.iter(f"{XS}element"):
        if element.get("name") and (extension := element.find(f".//{XS}extension")) is not None:
            assert elements[str(element.get("name"))] in DATA_TYPES[last(extension.get("base"))], element.get("name")


def test_every_declared_name_is_used() -> None:
    """No element, group or type is declared that no document can hold."""
    texts = {path: path.read_text(encoding="utf-8") for path in schemas_folder().rglob("*.xsd")}
    everything = "\n".join(texts.values())
    for schema, prefix in ((OURS, "cac"), (OUR_BASICS, "cbc")):
        for kind in ("element", "group", "complexType"):
            for name in named(schema, kind):
                used = f'"{prefix}:{name}"' in everything
                assert used, f"{prefix}:{name}"
