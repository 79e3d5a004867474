"""What of a result a fault is about: a text, an attribute, or what is not there; found again in another one. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from gateway.mapping.faults import Fault, local
from gateway.mapping.trials import content, counterpart

LINE_TAG = "OrderLine"


@dataclass(frozen=True, slots=True)
class Target:
    """A place of the result. `missing` are names of children (or "@name") of which one should be there."""

    element: etree._Element
    attribute: str | None = None
    missing: tuple[str, ...] = ()

    def read(self, root: etree._Element) -> str | None:
        """Return what a result says at this place; None where it has another shape."""
        at = counterpart(self.element, root)
        return None if at is None else self.of(at)

    def of(self, at: etree._Element) -> str:
        """Return what an element says, taken for the one that the fault is about."""
        if self.missing:
            there = [f"+{content(one)}" for one in at if local(one.tag) in self.missing]
            return "".join(there) + "".join(_attribute(at, one[1:]) for one in self.missing if one.startswith("@"))
        if self.attribute:
            return _attribute(at, self.attribute)
        return content(at) if len(at) else (at.text or "").strip()

    @property
    def text(self) -> str:
        """Return what the result at fault says at this place; empty when the value is not there."""
        return self.of(self.element)

    @property
    def kind(self) -> str:
        """Return the place without numbers: equal for the same place of every line and every order."""
        tags = [local(one.tag) for one in self.element.iterancestors()]
        return "/".join([*reversed(tags), local(self.element.tag), f"@{self.attribute or ''}", *self.missing])


def _attribute(element: etree._Element, name: str) -> str:
    return next((str(value) for key, value in element.attrib.items() if local(key) == name), "")


def target_of(fault: Fault) -> Target:
    """Return what a fault is about."""
    if fault.code == "missing-element" and fault.expected:
        return Target(fault.element, missing=tuple(one.split(" ")[0] for one in fault.expected.split(" or ")))
    if fault.code == "missing-attribute" and fault.attribute:
        return Target(fault.element, missing=(f"@{fault.attribute}",))
    if fault.attribute is None and fault.value and len(fault.element):
        return Target(_leaf_with(fault.value, fault.element))
    there = {local(name) for name in fault.element.attrib}
    return Target(fault.element, fault.attribute if fault.attribute in there else None)


def _leaf_with(value: str, element: etree._Element) -> etree._Element:
    """Return the part of an element that holds a value, the element itself when none does."""
    leaves = (one for one in element.iter(etree.Element) if not len(one))
    return next((one for one in leaves if (one.text or "").strip() == value), element)


def line_of(element: etree._Element) -> etree._Element | None:
    """Return the line of a result that an element belongs to."""
    at: etree._Element | None = element
    while at is not None:
        parent = at.getparent()
        if parent is not None and parent.getparent() is None and local(at.tag) == LINE_TAG:
            return at
        at = parent
    return None


def lines_of(root: etree._Element) -> list[etree._Element]:
    """Return the lines of a result."""
    return [one for one in root if local(one.tag) == LINE_TAG]
