"""Run a shipped mapping over its samples through the engine, as the gateway does.

A sample is a file in `samples/`; beside it stands what must come of it:

    basic.csv  ->  basic.expected/1.xml, 2.xml ...   the document of each order, by its place in the file
                   basic.known.expected/...          the same when Jakamo has the orders, as change 3
                   basic.expected.json               findings: {"file": [...], "orders": {"PO-1": [...]}}
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway.errors import FileRejected
from gateway.mapping.mapping import Mapping, MappingStore, shipped_folder
from gateway.mapping.reading import read_file
from gateway.mapping.schemas import SchemaStore
from gateway.mapping.transform import Mapper
from gateway.model import Finding, MapRequest, MapResult

MAPPINGS = shipped_folder("xslt")
SCHEMAS = shipped_folder("schemas")
KNOWN_CHANGE_NUMBER = 3

store = MappingStore(None, MAPPINGS)
mapper = Mapper(SchemaStore(None, SCHEMAS))


@dataclass
class Outcome:
    """What one sample gave: findings of the file, findings of orders, documents by place in the file."""

    file: list[dict[str, Any]] = field(default_factory=list)
    orders: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    documents: dict[int, bytes] = field(default_factory=dict)
    results: list[MapResult] = field(default_factory=list)

    def findings(self) -> dict[str, Any]:
        """Return the findings as expected.json holds them."""
        found: dict[str, Any] = {}
        if self.file:
            found["file"] = self.file
        if self.orders:
            found["orders"] = self.orders
        return found


def samples() -> Iterator[tuple[str, Path]]:
    """Yield every sample of every shipped mapping."""
    for name in store.names():
        for path in sorted((MAPPINGS / name / "samples").iterdir()):
            if path.is_file() and not path.name.endswith(".expected.json"):
                yield name, path


def run(mapping: Mapping, path: Path, *, known: bool = False, strict: bool | None = None) -> Outcome:
    """Return what the engine makes of a file. Pass-through warns, stylesheets are held to the profile."""
    outcome = Outcome()
    try:
        read = read_file(mapping, path, name=path.name, trailer=False, max_bytes=50_000_000)
    except FileRejected as rejection:
        outcome.file = [one.as_dict() for one in rejection.findings if isinstance(one, Finding)]
        return outcome
    for order in read.orders:
        if order.findings:
            outcome.orders[order.order_number] = [one.as_dict() for one in order.findings]
            continue
        request = MapRequest(
            key=order.ordinal,
            mapping=mapping.name,
            canonical=order.canonical,
            known=known,
            change_number=KNOWN_CHANGE_NUMBER if known else 1,
            strict=mapping.format != "ubl" if strict is None else strict,
        )
        result = mapper.map_order(mapping, request)
        outcome.results.append(result)
        if result.findings:
            outcome.orders[order.order_number] = [one.as_dict() for one in result.findings]
        if result.body is not None:
            outcome.documents[order.ordinal + 1] = result.body
    return outcome


def expected_documents(path: Path, *, known: bool = False) -> dict[int, bytes]:
    """Return the documents that must come of a sample, by place in the file."""
    folder = path.parent / f"{path.stem}{'.known' if known else ''}.expected"
    return {int(one.stem): one.read_bytes() for one in sorted(folder.glob("*.xml"))}


def expected_findings(path: Path) -> dict[str, Any]:
    """Return the findings that must come of a sample."""
    place = path.parent / f"{path.stem}.expected.json"
    if not place.is_file():
        return {}
    found: dict[str, Any] = json.loads(place.read_text(encoding="utf-8"))
    return found
