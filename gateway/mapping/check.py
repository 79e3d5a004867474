"""Everything that can be wrong with mappings and schemas, found before the first file comes: `check` and the start."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from gateway.errors import Problem, SettingsError
from gateway.mapping.mapping import MappingStore
from gateway.mapping.schemas import SchemaStore
from gateway.mapping.stylesheets import compile_stylesheet


def check_mappings(
    site_mappings: Path | None, site_schemas: Path | None, names: Iterable[str] | None = None
) -> list[Problem]:
    """Return all problems of the mappings named (or of all there are), their stylesheets and the schemas."""
    store = MappingStore(site_mappings)
    problems: list[Problem] = []
    for name in store.names() if names is None else dict.fromkeys(names):
        try:
            mapping = store.get(name)
            if mapping.stylesheet is not None:
                compile_stylesheet(mapping)
        except SettingsError as error:
            problems += error.problems
    return problems + SchemaStore(site_schemas).problems()
