"""Why a document does not fit its schema, in plain words: xmlschema's errors translated, one fault each.

A fault holds the element of the document, so that it can be traced back to the source afterwards. Whether a fault is
certain to be refused by OASIS UBL and Jakamo too, or only by our tighter schema, is decided here as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import xmlschema
from lxml import etree
from xmlschema.validators.exceptions import XMLSchemaChildrenValidationError, XMLSchemaDecodeError

from gateway.mapping.rejection import shown

_PLAIN_TYPES = {
    "date": ("bad-date", "no real date", "a date written yyyy-mm-dd"),
    "time": ("bad-time", "no time", "a time written hh:mm:ss"),
    "decimal": ("bad-decimal", "no decimal number", "a number with decimal point, e.g. 1234.50"),
    "integer": ("bad-integer", "no whole number", "a whole number"),
    "boolean": ("bad-boolean", "neither true nor false", "true or false"),
}
_ATTRIBUTE = re.compile(r"attribute ([\w:.-]+)=")
_REQUIRED = re.compile(r"missing required attribute '([\w:.-]+)'")
_REFUSED = re.compile(r"'([\w:.{}-]+)' attribute not allowed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing wrong with a document, at an element of it."""

    code: str
    message: str
    element: etree._Element
    value: str | None = None
    expected: str | None = None
    attribute: str | None = None
    certain: bool = False  # refused by OASIS UBL or by Jakamo's own rules, not only by our schema

    @property
    def place(self) -> tuple[Any, ...]:
        """Return what two faults have in common that say the same: a value has one fault, an element may lack many."""
        if self.code in ("missing-element", "schema", "unexpected-element", "unexpected-attribute"):
            return self.element, self.attribute, self.message
        return self.element, self.attribute


def explain(schema: xmlschema.XMLSchema, root: etree._Element) -> list[Fault]:
    """Return every fault of a document, in document order as far as the library gives it; one for each place."""
    faults: dict[tuple[Any, ...], Fault] = {}
    for error in schema.iter_errors(root):
        for fault in _translate(error, root):
            if faults.setdefault(fault.place, fault).code == "bad-form":
                faults[fault.place] = fault  # what is no date at all need not be told that it has no zone
    return list(faults.values())


def _translate(error: Any, root: etree._Element) -> Iterator[Fault]:
    element = error.elem if isinstance(error.elem, etree._Element) else root
    if isinstance(error, XMLSchemaChildrenValidationError):
        yield from _children(error, element)
    elif isinstance(error, XMLSchemaDecodeError):
        yield _wrong_type(error, element)
    else:
        yield _facet(error, element)


def local(tag: object) -> str:
    """Return a name without its namespace or prefix."""
    return str(tag).rpartition("}")[2].rpartition(":")[2]


def _wrong_type(error: Any, element: etree._Element) -> Fault:
    base = getattr(error.validator, "primitive_type", None) or error.validator
    code, words, expected = _PLAIN_TYPES.get(local(getattr(base, "name", "")), ("schema", "not allowed", None))
    attribute = _ATTRIBUTE.search(error.reason or "")
    value = shown(str(error.obj))
    what = f"{local(element.tag)} @{attribute[1]}" if attribute else local(element.tag)
    return Fault(
        code=code,
        message=f'{what} "{value}" is {words}.' if value else f"{what} has no value.",
        element=element,
        value=value or None,
        expected=expected,
        attribute=attribute[1] if attribute else None,
        certain=True,
    )


_LIMITS = {
    "XsdMinInclusiveFacet": "at least",
    "XsdMinExclusiveFacet": "more than",
    "XsdMaxInclusiveFacet": "at most",
    "XsdMaxExclusiveFacet": "less than",
}


def _facet(error: Any, element: etree._Element) -> Fault:
    """Return the fault behind any error that is neither a content model nor a data type."""
    reason = str(error.reason or error.message or "")
    name = local(element.tag)
    attribute = _ATTRIBUTE.search(reason)
    what = f"{name} @{attribute[1]}" if attribute else name
    kind = type(error.validator).__name__
    value = shown(error.obj) if isinstance(error.obj, str) else None
    at: dict[str, Any] = {"element": element, "value": value, "attribute": attribute[1] if attribute else None}
    if kind == "XsdMaxLengthFacet":
        limit = error.validator.value
        words = f"{what} is {len(str(error.obj))} characters long; at most {limit} are allowed."
        return Fault(code="too-long", message=words, expected=f"at most {limit} characters", certain=True, **at)
    if kind == "XsdMinLengthFacet":
        return Fault(code="missing-value", message=f"{what} has no value.", expected="a value", **at)
    if kind == "XsdEnumerationFacets":
        allowed = ", ".join(str(one) for one in error.validator.enumeration)
        words = f'{what} "{value}" is not among the allowed values.'
        return Fault(code="unknown-code", message=words, expected=f"one of {allowed}", **at)
    if kind == "XsdPatternFacets":
        return _pattern(error, what, value, at)
    if kind in _LIMITS:
        words = f'{what} "{shown(str(error.obj))}" is outside the allowed range.'
        at["value"] = shown(str(error.obj))
        return Fault(code="out-of-range", message=words, expected=f"{_LIMITS[kind]} {error.validator.value}", **at)
    return _attributes_and_keys(error, element, reason)


def _pattern(error: Any, what: str, value: str | None, at: dict[str, Any]) -> Fault:
    patterns = [str(one.attrib.get("value", "")) for one in error.validator]
    expected = " or ".join(_PATTERN_WORDS.get(one, f"text of the form {one}") for one in patterns)
    words = f'{what} "{value}" is not written as it must be.'
    certain = any(one in _CERTAIN_PATTERNS for one in patterns)
    return Fault(code="bad-form", message=words, expected=expected, certain=certain, **at)


_PATTERN_WORDS = {
    "[A-Z]{3}": "three capital letters, e.g. EUR",
    "[A-Z]{2}": "two capital letters, e.g. FI",
    "[0-9]{4}-[0-9]{2}-[0-9]{2}": "a date written yyyy-mm-dd, without a zone",
}
_CERTAIN_PATTERNS = frozenset({"[A-Z]{3}", "[0-9]{4}-[0-9]{2}-[0-9]{2}"})


def _attributes_and_keys(error: Any, element: etree._Element, reason: str) -> Fault:
    name = local(element.tag)
    required, refused = _REQUIRED.search(reason), _REFUSED.search(reason)
    if required:
        attribute = local(required[1])
        words = f"{name} does not say its {attribute}."
        return Fault(
            code="missing-attribute",
            message=words,
            element=element,
            expected=f"an attribute {attribute}",
            attribute=attribute,
            certain=attribute == "currencyID",
        )
    if refused:
        attribute = local(refused[1])
        words = f"{name} has an attribute {attribute} that is not known here."
        return Fault(code="unexpected-attribute", message=words, element=element, attribute=attribute)
    if reason.startswith("duplicated value"):
        value = element.findtext("{*}ID") or ""
        words = f"The number {shown(value)} is there twice."
        return Fault(code="duplicate-line", message=words, element=element, value=shown(value), expected="each once")
    return Fault(code="schema", message=f"{name}: {reason}", element=element, certain="character data" in reason)


def _children(error: Any, element: etree._Element) -> Iterator[Fault]:
    """Yield what is wrong with the children of an element: the one that does not fit, and those that are missing."""
    particles = _particles(error.validator)
    names = [name for name, _required in particles]
    missing = [name for name, required in particles if required and element.find(f"{{*}}{local(name)}") is None]
    misplaced: Fault | None = None
    if isinstance(error.invalid_child, etree._Element):
        misplaced = _misplaced(error.invalid_child, element, names)
    if misplaced is not None:
        yield misplaced
    elif not missing:
        wanted = " or ".join(local(getattr(one, "name", one)) for one in error.expected or ())
        yield _missing(element, wanted or "more")
    for name in missing:
        yield _missing(element, local(name))


def _misplaced(child: etree._Element, parent: etree._Element, names: list[str]) -> Fault | None:
    """Return what is wrong with a child, or None when only something before it is missing."""
    name, holder = local(child.tag), local(parent.tag)
    if str(child.tag) not in names:
        words = f"{name} is not known inside {holder}."
        return Fault(code="unexpected-element", message=words, element=child)
    index = names.index(str(child.tag))
    before = [str(one.tag) for one in child.itersiblings(preceding=True)]
    later = next((one for one in before if one in names and names.index(one) > index), None)
    if later is not None:
        words = f"{name} stands after {local(later)}; in {holder} it must come before."
        return Fault(code="wrong-order", message=words, element=child, expected=f"before {local(later)}", certain=True)
    if str(child.tag) in before:
        words = f"{name} is there more often than {holder} allows."
        return Fault(code="too-many", message=words, element=child)
    return None


def _missing(element: etree._Element, wanted: str) -> Fault:
    words = f"{local(element.tag)} has no {wanted}."
    return Fault(code="missing-element", message=words, element=element, expected=wanted)


def _particles(group: Any) -> list[tuple[str, bool]]:
    """Return the element names of a content model in order, and which of them must be there by themselves."""
    found: list[tuple[str, bool]] = []

    def walk(model: Any, required: bool) -> None:
        for particle in model:
            must = required and particle.min_occurs > 0
            if hasattr(particle, "model"):
                walk(particle, must and particle.model != "choice")
            elif getattr(particle, "name", None):
                found.append((str(particle.name), must))

    if hasattr(group, "model"):
        walk(group, group.model != "choice")
    return found
