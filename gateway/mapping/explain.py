"""Why a document does not fit its schema, in plain words: xmlschema's errors translated, one fault each.

A fault holds the element of the document, so that it can be traced back to the source afterwards. Whether a fault is
certain to be refused by OASIS UBL and Jakamo too, or only by our tighter schema, is decided here as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import xmlschema
from lxml import etree
from xmlschema.validators.exceptions import XMLSchemaChildrenValidationError, XMLSchemaDecodeError

from gateway.mapping.content_model import content_faults
from gateway.mapping.faults import Fault, local
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
_ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "ID": ("scheme",),
    "URI": ("scheme",),
    "Code": ("list", "name", "language"),
    "Amount": ("currency",),
    "Quantity": ("unit",),
    "Measure": ("unit",),
    "Date": (),
    "Time": (),
    "Indicator": (),
    "Percent": ("format",),
    "Numeric": ("format",),
    "Rate": ("format",),
    "Factor": ("format",),
    "BinaryObject": ("format", "mimeCode", "encodingCode", "characterSetCode", "uri", "filename"),
}
_REFUSED = re.compile(r"'([\w:.{}-]+)' attribute not allowed")


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
        yield from content_faults(error, element)
    elif isinstance(error, XMLSchemaDecodeError):
        yield _wrong_type(error, element)
    else:
        yield _facet(error, element)


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


_MIXED = {
    "character data": "holds text between its elements",
    "child elements": "holds an element, where only a value may stand",
}
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
            certain=attribute == "currencyID" or name.endswith("Measure"),  # UBL leaves only units of quantities open
        )
    if refused:
        attribute = local(refused[1])
        words = f"{name} has an attribute {attribute} that is not known here."
        certain = not attribute.startswith(_attributes_of(element))
        return Fault(code="unexpected-attribute", message=words, element=element, attribute=attribute, certain=certain)
    if reason.startswith("duplicated value"):
        value = element.findtext("{*}ID") or ""
        words = f"The number {shown(value)} is there twice."
        return Fault(code="duplicate-line", message=words, element=element, value=shown(value), expected="each once")
    mixed = next((words for mark, words in _MIXED.items() if mark in reason), None)
    return Fault(code="schema", message=f"{name} {mixed or reason}.", element=element, certain=mixed is not None)


def _attributes_of(element: etree._Element) -> tuple[str, ...]:
    """Return how the attributes begin that OASIS UBL gives to an element, told by the last word of its name."""
    if len(element):
        return ()
    name = local(element.tag)
    return next((starts for ending, starts in _ATTRIBUTES.items() if name.endswith(ending)), ("language",))
