"""The verdict over a document that would be sent: libxml2 says yes or no, xmlschema explains a no. No files of its own.

profile "refuse" (strict): every fault of our schema refuses. "warn": only what is certain refuses, the rest is shown.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lxml import etree

from gateway.mapping.certain import certain_faults
from gateway.mapping.faults import Fault, local
from gateway.mapping.schemas import SchemaStore


def verdict(root: etree._Element, schemas: SchemaStore, *, strict: bool) -> list[Fault]:
    """Return all faults of a document; those that refuse it have `certain` set, in strict all have.

    The root must be one of the known ones. Raises SettingsError when a schema cannot be used.
    """
    name = local(root.tag)
    fast = schemas.fast(name)
    faults: list[Fault] = []
    if not fast.validate(root):
        from gateway.mapping.explain import explain  # brings xmlschema in: only where something is wrong

        log: Any = fast.error_log
        verdicts = [(str(entry.message), str(entry.path or "")) for entry in log]
        faults = explain(schemas.explainer(name), root) or as_libxml2_says(verdicts, root)
    if strict:
        return [replace(fault, certain=True) for fault in faults]
    if name == "StatusMessage":  # its definition is not public: our schema is a guess, and a guess refuses nothing
        faults = [replace(fault, certain=False) for fault in faults]
    own = {fault.place: fault for fault in certain_faults(root)}
    told = [replace(fault, certain=True) if own.pop(fault.place, None) else fault for fault in faults]
    return told + list(own.values())


def as_libxml2_says(messages: list[tuple[str, str]], root: etree._Element) -> list[Fault]:
    """Return the first verdict's own words, for the rare case in which the second opinion finds nothing wrong."""
    faults = []
    for message, path in messages:
        found = root.xpath(path, namespaces={k: v for k, v in root.nsmap.items() if k}) if path else []
        element = found[0] if isinstance(found, list) and found and isinstance(found[0], etree._Element) else root
        faults.append(Fault(code="schema", message=message, element=element))
    return faults
