"""Is each value of a UBL document in what was made of it? Shares no code with the gateway or its mappings.

Values are compared with their path (names from the root, where in the line they stand included) and attributes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from xml.etree import ElementTree

MOVED = {  # these stand elsewhere in what is sent: in a reference or a note
    "SalesOrderID",
    "OrderTypeCode",
    "AccountingCostCode",
    "CatalogueReference/ID",
    "CatalogueReference/VersionID",
    "ProjectReference/ID",
    "ProjectReference/IssueDate",
    "TransactionConditions/Description",
    "OrderReference/ID",
}
GONE = (  # and these are nobody's business but the exchange's, or have no place in Jakamo's profile
    "UBLVersionID",
    "CustomizationID",
    "ProfileID",
    "CopyIndicator",
    "UUID",
    "Delivery/Shipment/",
    "OrderLine/LineItem/Item/AdditionalItemProperty/ValueQualifier",
)
CANCELLATION = {"CancellationNote", "IssueDate", "OrderReference/ID"}

Value = tuple[str, str, tuple[tuple[str, str], ...]]


def lost_of_ubl(source: bytes, sent: bytes) -> list[str]:
    """Return what a document said and what was sent does not."""
    root, made = ElementTree.fromstring(source), ElementTree.fromstring(sent)
    texts = {text for _path, text, _attributes in _values(made)}
    if _name(root) == "OrderCancellation":
        return [path for path, text, _attributes in _values(root) if path in CANCELLATION and text not in texts]
    there = Counter(_values(made))
    lost = []
    for path, text, attributes in _values(root):
        moves = path in MOVED or path.startswith("OrderDocumentReference/")
        if moves or (path == "ID" and _name(root) == "OrderChange"):
            lost += [f"{path}: {text}"] if text not in texts else []
        elif not path.startswith(GONE) and there[path, text, attributes] == 0:
            lost.append(f"{path}: {text} {attributes}")
        there[path, text, attributes] -= 1
    return lost


def _values(root: ElementTree.Element) -> Iterator[Value]:
    for child in root:
        yield from _below(child, "")


def _below(element: ElementTree.Element, above: str) -> Iterator[Value]:
    path = f"{above}{_name(element)}"
    text = " ".join((element.text or "").split())
    if not len(element) and text:
        attributes = tuple(sorted((key, value) for key, value in element.attrib.items() if "URI" not in key))
        yield path, text, attributes if path != "DocumentCurrencyCode" else ()
    for child in element:
        yield from _below(child, f"{path}/")


def _name(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]
