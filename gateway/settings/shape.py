"""The shape of the settings models, for those who must walk it: environment, wording, sample and table.

Layer: settings. Pure.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from gateway.settings.models import Settings
from gateway.settings.values import Section

Place = tuple[str | int, ...]
"""Where a setting is: ("accounts", "main", "workers"), ("routes", 0, "match")."""


def is_given_by_program(field: FieldInfo) -> bool:
    """Tell whether the program fills this field, so that no file may hold it."""
    return isinstance(field.json_schema_extra, dict) and bool(field.json_schema_extra.get("by_program"))


def keys_of(section: type[Section]) -> dict[str, FieldInfo]:
    """Return the keys that a file may hold in this section, in order."""
    fields = section.model_fields.items()
    return {field.alias or key: field for key, field in fields if not is_given_by_program(field)}


def inner_section(annotation: Any) -> type[Section] | None:
    """Return the section that a field holds: itself, optional, in a list or in a table of tables."""
    if get_origin(annotation) is None and isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    return next((found for argument in get_args(annotation) if (found := inner_section(argument))), None)


def is_collection(annotation: Any) -> bool:
    """Tell whether a field holds several sections, by name or by number."""
    return get_origin(annotation) in (dict, tuple) and inner_section(annotation) is not None


def section_at(place: Place) -> type[Section] | None:
    """Return the section whose keys stand at this place; None when there is none."""
    section: type[Section] | None = Settings
    steps = iter(place)
    for step in steps:
        field = keys_of(section).get(str(step)) if section else None
        if field is None:
            return None
        section = inner_section(field.annotation)
        if is_collection(field.annotation) and next(steps, None) is None:
            return None
    return section


def field_at(place: Place) -> FieldInfo | None:
    """Return the field at this place; None when there is no such setting."""
    section = section_at(place[:-1]) if place else None
    return keys_of(section).get(str(place[-1])) if section else None


def plain_types(annotation: Any) -> Iterator[Any]:
    """Yield the types a value may have, without None and without what decorates them."""
    if get_origin(annotation) in (Union, UnionType):
        for argument in get_args(annotation):
            yield from plain_types(argument)
    elif hasattr(annotation, "__metadata__"):
        yield from plain_types(get_args(annotation)[0])
    elif annotation is not type(None):
        yield annotation


def type_words(annotation: Any) -> str:
    """Return the type of a setting in plain words."""
    kind = next(plain_types(annotation))
    if get_origin(kind) is Literal:
        return " or ".join(f'"{choice}"' for choice in get_args(kind))
    if get_origin(kind) is tuple:
        return "list"
    words = {bool: "true or false", int: "whole number", float: "number", Path: "path", SecretStr: "secret text"}
    return words.get(kind, "text")


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that was most likely meant, or None."""
    found = difflib.get_close_matches(word.lower(), list(known), n=1, cutoff=0.6)
    return found[0] if found else None


def home_of(key: str) -> str | None:
    """Return the table that has a key of this name, as it is written in the file; None when none or several have."""
    homes = [
        f"[{name}]" if not is_collection(field.annotation) else {"accounts": "[accounts.NAME]"}.get(name, f"[[{name}]]")
        for name, field in keys_of(Settings).items()
        if (section := inner_section(field.annotation)) and key in keys_of(section)
    ]
    return homes[0] if len(homes) == 1 else None
