"""What is wrong with the children of an element, told by the whole content model that its schema declares. Pure.

Knows which demands are ours alone: everything else that a content model of ours asks for, OASIS UBL 2.1 asks for too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lxml import etree

from gateway.mapping.faults import Fault, local

_UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
UBL_NAMESPACES = frozenset(
    {f"{_UBL}CommonAggregateComponents-2", f"{_UBL}CommonBasicComponents-2", f"{_UBL}CommonExtensionComponents-2"}
)
ASKED_BY_US_ALONE = frozenset(
    {
        ("Order", "UBLVersionID"),
        ("Order", "CustomizationID"),
        ("Order", "DocumentCurrencyCode"),
        ("OrderChange", "UBLVersionID"),
        ("OrderChange", "CustomizationID"),
        ("OrderChange", "ID"),
        ("OrderChange", "DocumentCurrencyCode"),
        ("SellerSupplierParty", "Party"),
        ("ExternalReference", "URI"),
    }
)
"""Children that our schema requires and OASIS UBL does not. Nothing may be there more often in OASIS than in ours."""


def content_faults(error: Any, element: etree._Element) -> Iterator[Fault]:
    """Yield what is wrong with the children of an element, told by its whole content model."""
    model = _particles(error.validator)
    children = [one for one in element if isinstance(one.tag, str)]
    found = [*_strangers(children, element, model), *_misplaced(children, element, model)]
    found += [_missing(element, name, model[name].ours_alone(element)) for name in _lacking(children, model)]
    if not found:
        wanted = " or ".join(local(getattr(one, "name", one)) for one in error.expected or ())
        found.append(_missing(element, wanted or "more", ours_alone=True))
    yield from found


def _strangers(children: list[etree._Element], parent: etree._Element, model: dict[str, Particle]) -> Iterator[Fault]:
    for child in children:
        if str(child.tag) not in model:
            words = f"{local(child.tag)} is not known inside {local(parent.tag)}."
            foreign = etree.QName(child).namespace not in UBL_NAMESPACES
            yield Fault(code="unexpected-element", message=words, element=child, certain=foreign)


def _misplaced(children: list[etree._Element], parent: etree._Element, model: dict[str, Particle]) -> Iterator[Fault]:
    """Yield the first child that stands after one it must come before, and each that is there too often."""
    order = list(model)
    counts: dict[str, int] = {}
    last = ""
    inverted = False
    for child in children:
        name = str(child.tag)
        if name not in model:
            continue
        counts[name] = counts.get(name, 0) + 1
        most = model[name].most
        if most is not None and counts[name] == most + 1:
            words = f"{local(name)} is there more often than {local(parent.tag)} allows."
            yield Fault(code="too-many", message=words, element=child, certain=True)
        elif last and order.index(name) < order.index(last):
            if not inverted:
                words = f"{local(name)} stands after {local(last)}; in {local(parent.tag)} it must come before."
                before = f"before {local(last)}"
                yield Fault(code="wrong-order", message=words, element=child, expected=before, certain=True)
            inverted = True
            continue
        last = name


def _lacking(children: list[etree._Element], model: dict[str, Particle]) -> list[str]:
    there = {str(child.tag) for child in children}
    return [name for name, particle in model.items() if particle.required and name not in there]


def _missing(element: etree._Element, wanted: str, ours_alone: bool) -> Fault:
    words = f"{local(element.tag)} has no {local(wanted)}."
    return Fault(code="missing-element", message=words, element=element, expected=local(wanted), certain=not ours_alone)


@dataclass(slots=True)
class Particle:
    """One child element of a content model: whether it must be there by itself, and how often it may."""

    name: str
    required: bool
    most: int | None

    def ours_alone(self, parent: etree._Element) -> bool:
        """Tell whether only our schema asks for it, not OASIS UBL."""
        return (local(parent.tag), local(self.name)) in ASKED_BY_US_ALONE


def _particles(group: Any) -> dict[str, Particle]:
    """Return the child elements of a content model, in order."""
    found: dict[str, Particle] = {}

    def walk(model: Any, required: bool) -> None:
        for particle in model:
            must = required and particle.min_occurs > 0
            if hasattr(particle, "model"):
                walk(particle, must and particle.model != "choice")
            elif getattr(particle, "name", None):
                add(str(particle.name), must, particle.max_occurs)

    def add(name: str, required: bool, most: int | None) -> None:
        known = found.setdefault(name, Particle(name, required, most))  # in a choice a name stands more than once
        known.most = None if most is None or known.most is None else max(known.most, most)

    if hasattr(group, "model"):
        walk(group, group.model != "choice")
    return found
