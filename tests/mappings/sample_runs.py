"""The shipped mappings and their samples, run through the same code that `test-mapping` runs them through."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.mapping.mapping import Mapping, MappingStore, shipped_folder
from gateway.mapping.samples import expected_documents, expected_findings, run_sample, sample_files
from gateway.mapping.schemas import SchemaStore
from gateway.mapping.transform import Mapper
from gateway.mapping.worker import Worker
from gateway.model import MapResult

__all__ = ["expected_documents", "expected_findings"]

MAPPINGS = shipped_folder("xslt")
SCHEMAS = shipped_folder("schemas")

store = MappingStore(None, MAPPINGS)
mapper = Mapper(SchemaStore(None, SCHEMAS))
engine = Worker(None, None)


def samples() -> Iterator[tuple[str, Path]]:
    """Yield every sample of every shipped mapping."""
    for name in store.names():
        for path in sample_files(MAPPINGS / name):
            yield name, path


@dataclass
class Outcome:
    """What one sample gave; findings as expected.json holds them."""

    file: list[dict[str, Any]]
    orders: dict[str, list[dict[str, Any]]]
    documents: dict[int, bytes]
    results: list[MapResult]

    def findings(self) -> dict[str, Any]:
        """Return the findings as expected.json holds them."""
        both = {"file": self.file, "orders": self.orders}
        return {key: found for key, found in both.items() if found}


def run(mapping: Mapping, path: Path, *, known: bool = False, strict: bool | None = None) -> Outcome:
    """Return what the engine makes of a file. Pass-through warns, stylesheets are held to the profile."""
    produced = run_sample(engine, mapping, path, known=known, strict=strict)
    found = produced.findings()
    return Outcome(found.get("file", []), found.get("orders", {}), produced.documents, list(produced.results))
