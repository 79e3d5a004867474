"""What is certain to be refused by Jakamo's own guideline, whatever the schema in use says. Pure.

Used where a profile only warns: for documents an ERP writes itself, our schema is too narrow to be a judge, these
rules are not. Codes and words are those of `explain`, which knows what OASIS UBL 2.1 refuses.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from lxml import etree

from gateway.mapping.faults import Fault, local
from gateway.mapping.rejection import shown

LONGEST_NUMBER = 35


def certain_faults(root: etree._Element) -> Iterator[Fault]:
    """Yield the certain faults of an Order or OrderChange; a StatusMessage has no public rules but its number."""
    if local(root.tag) == "StatusMessage":
        yield from _number(root, "OrderID")
        return
    yield from _fixed(root, "UBLVersionID", "2.1")
    yield from _fixed(root, "CustomizationID", "Jakamo")
    yield from _number(root, "ID")
    yield from _dates(root)
    yield from _amounts(root)


def _child(element: etree._Element, name: str) -> etree._Element | None:
    return element.find(f"{{*}}{name}")


def _text(element: etree._Element | None) -> str:
    return (element.text or "").strip() if element is not None else ""


def _fixed(root: etree._Element, name: str, wanted: str) -> Iterator[Fault]:
    element = _child(root, name)
    if element is None:
        words = f"{local(root.tag)} has no {name}."
        yield Fault(code="missing-element", message=words, element=root, expected=f"{name} {wanted}", certain=True)
    elif _text(element) != wanted:
        value = shown(_text(element))
        words = f'{name} "{value}" is not among the allowed values.'
        expected = f"one of {wanted}"
        yield Fault(code="unknown-code", message=words, element=element, value=value, expected=expected, certain=True)


def _number(root: etree._Element, name: str) -> Iterator[Fault]:
    element = _child(root, name)
    value = _text(element)
    if element is not None and len(value) > LONGEST_NUMBER:
        words = f"{name} is {len(value)} characters long; at most {LONGEST_NUMBER} are allowed."
        yield Fault(
            code="too-long",
            message=words,
            element=element,
            value=shown(value),
            expected=f"at most {LONGEST_NUMBER} characters",
            certain=True,
        )


def _dates(root: etree._Element) -> Iterator[Fault]:
    element = _child(root, "IssueDate")
    if element is None:
        return
    try:
        real = date.fromisoformat(_text(element)).isoformat() == _text(element)
    except ValueError:
        real = False
    if not real:
        value = shown(_text(element))
        words = f'IssueDate "{value}" is no real date.'
        expected = "a date written yyyy-mm-dd"
        yield Fault(code="bad-date", message=words, element=element, value=value, expected=expected, certain=True)


def _amounts(root: etree._Element) -> Iterator[Fault]:
    for element in root.iter(etree.Element):
        name = local(element.tag)
        if name.endswith("Amount") and len(element) == 0 and not element.get("currencyID"):
            words = f"{name} does not say its currencyID."
            yield Fault(
                code="missing-attribute",
                message=words,
                element=element,
                expected="an attribute currencyID",
                attribute="currencyID",
                certain=True,
            )
