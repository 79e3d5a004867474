"""The list of what UBL loses on its way to Jakamo is whole: what UBL has and our profile has not, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lxml import etree

from gateway.mapping.mapping import shipped_folder
from tests.judges import oasis_folder, schemas_folder

XS = "{http://www.w3.org/2001/XMLSchema}"
STYLESHEETS = shipped_folder("xslt") / "ubl-to-jakamo"
MOVED = {
    ("Order", "SalesOrderID"),
    ("Order", "OrderTypeCode"),
    ("Order", "AccountingCostCode"),
    ("Order", "CatalogueReference"),
    ("Order", "TransactionConditions"),
    ("OrderChange", "SalesOrderID"),
    ("OrderChange", "AccountingCostCode"),
    ("OrderChange", "TransactionConditions"),
}
"""What order.xsl writes elsewhere."""


class Definitions:
    """The elements and types of a few schema files, by local name."""

    def __init__(self, paths: list[Path]) -> None:
        schemas = [etree.parse(str(path)).getroot() for path in paths]
        self.elements, self.types, self.groups = (
            {str(one.get("name")): one for schema in schemas for one in schema.findall(f"{XS}{kind}")}
            for kind in ("element", "complexType", "group")
        )

    def children(self, declared: etree._Element) -> dict[str, etree._Element]:
        """Return the child elements that a declared element may have, by name; none for a plain value."""
        inline = declared.find(f"{XS}complexType")
        named = self.types.get((declared.get("type") or "").rpartition(":")[2])
        model = inline if inline is not None else named
        return dict(self._particles(model)) if model is not None else {}

    def _particles(self, model: etree._Element) -> Iterator[tuple[str, etree._Element]]:
        for one in model.iterchildren(f"{XS}element", f"{XS}sequence", f"{XS}choice", f"{XS}group", f"{XS}complexType"):
            if one.tag == f"{XS}element":
                name = (one.get("ref") or one.get("name") or "").rpartition(":")[2]
                yield name, self.elements.get(name, one) if one.get("ref") else one
            elif one.tag == f"{XS}group" and one.get("ref"):
                yield from self._particles(self.groups[str(one.get("ref")).rpartition(":")[2]])
            else:
                yield from self._particles(one)


def lacking() -> set[tuple[str, str]]:
    """Return parent and child of all that OASIS allows and our profile does not, wherever our profile gets to."""
    roots, common, main = ("Order", "OrderChange"), oasis_folder() / "common", oasis_folder() / "maindoc"
    theirs = Definitions(
        [*common.glob("UBL-Common*Components-2.1.xsd"), *(main / f"UBL-{one}-2.1.xsd" for one in roots)]
    )
    folder = schemas_folder()
    shared = (folder / "common" / f"{one}.xsd" for one in ("aggregate", "basic"))
    ours = Definitions([*shared, *(folder / f"{one}.xsd" for one in roots)])
    found: set[tuple[str, str]] = set()
    seen: set[str] = set()
    waiting = [(name, ours.elements[name]) for name in roots]
    while waiting:
        name, declared = waiting.pop()
        if name not in seen:
            seen.add(name)
            own = ours.children(declared)
            found |= {(name, child) for child in theirs.children(theirs.elements[name]) if child not in own}
            waiting += own.items()
    return found


def stated() -> set[tuple[str, str]]:
    """Return the same as the stylesheet lists it."""
    tree = etree.parse(str(STYLESHEETS / "left-out.xsl"))
    rows = [(str(row.get("parents")), row.text or "") for row in tree.iter("in")]
    return {(parent, child) for parents, children in rows for parent in parents.split() for child in children.split()}


def test_what_is_left_out_is_listed_element_by_element() -> None:
    """A new element in the profile leaves the list; one that the profile lacks is on it, or moves."""
    assert stated() | MOVED == lacking()
    assert stated() & MOVED == set()
