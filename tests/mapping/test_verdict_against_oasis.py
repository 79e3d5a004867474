"""Where a route only warns, it still refuses what OASIS UBL 2.1 refuses, as far as our schema knows the elements."""

from __future__ import annotations

import copy
import random

import pytest
from judges import oasis
from lxml import etree
from test_verdict import ORDER, SCHEMAS

from gateway.mapping.content_model import ASKED_BY_US_ALONE
from gateway.mapping.faults import local
from gateway.mapping.mapping import shipped_folder
from gateway.mapping.validate import verdict

SEED = 20_261_124
ROUNDS = 400
DAMAGES = ("delete", "double", "swap", "nonsense", "empty", "attribute", "no attribute", "stranger")


def documents() -> list[etree._Element]:
    """Return valid orders and changes: the expected results of the shipped mappings."""
    paths = sorted(shipped_folder("xslt").glob("*/samples/*.expected/*.xml"))
    found = [etree.parse(str(path)).getroot() for path in paths]
    return [one for one in (etree.fromstring(ORDER), *found) if local(one.tag) in ("Order", "OrderChange")]


def damage(document: etree._Element, chance: random.Random) -> tuple[str, etree._Element]:
    """Return a copy with one thing changed."""
    changed = copy.deepcopy(document)
    element = chance.choice([one for one in changed.iter(etree.Element) if one is not changed])
    kind, parent = chance.choice(DAMAGES), element.getparent()
    assert parent is not None
    if kind == "delete":
        parent.remove(element)
    elif kind == "double":
        element.addnext(copy.deepcopy(element))
    elif kind == "swap" and element.getnext() is not None:
        element.getnext().addnext(element)  # type: ignore[union-attr]
    elif kind == "nonsense":
        element.text = "x,y"
    elif kind == "empty":
        element.text = None
    elif kind == "attribute":
        element.set("colour", "red")
    elif kind == "no attribute":
        for name in list(element.attrib):
            del element.attrib[name]
    elif kind == "stranger":
        etree.SubElement(element, "{urn:example:own}Extra")
    return f"{kind} of {local(element.tag)} in {local(parent.tag)}", changed


def test_a_damaged_document_that_oasis_refuses_is_refused() -> None:
    """Deleted, doubled, moved, emptied, filled with nonsense: no damage passes as a mere warning."""
    chance = random.Random(SEED)
    sound = documents()
    assert len(sound) > 5
    passed = []
    for _round in range(ROUNDS):
        what, document = damage(chance.choice(sound), chance)
        valid = oasis(local(document.tag)).validate(document)
        if not valid and not any(fault.certain for fault in verdict(document, SCHEMAS, strict=False)):
            passed.append((what, [fault.message for fault in verdict(document, SCHEMAS, strict=False)]))
    assert passed == [], f"seed {SEED}"


@pytest.mark.parametrize("kind", ["Order", "OrderChange"])
def test_what_we_alone_ask_for_is_not_asked_by_oasis(kind: str) -> None:
    """Each exception in our list is one: without it, a document is valid for OASIS and not for us."""
    document = next(one for one in documents() if local(one.tag) == kind)
    for parent, name in sorted(ASKED_BY_US_ALONE):
        changed = copy.deepcopy(document)
        holders = [one for one in changed.iter(etree.Element) if local(one.tag) == parent]
        found = [child for holder in holders for child in holder if local(child.tag) == name]
        for child in found:
            holder = child.getparent()
            assert holder is not None
            holder.remove(child)
        if found:
            assert oasis(kind).validate(changed), (parent, name)
            assert verdict(changed, SCHEMAS, strict=True), (parent, name)
