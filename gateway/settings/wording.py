"""What pydantic found wrong, said in plain words. Values are never shown: they may be secrets.

Layer: settings. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from gateway.settings.models import Settings
from gateway.settings.shape import Place, home_of, keys_of, nearest, section_at

WANTED = {
    "string_type": "text in quotes",
    "is_instance_of": "text in quotes",  # a path
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a number that is not infinite",
    "bool_type": "true or false",
    "tuple_type": "a list in square brackets",
    "model_type": "a table",
    "dict_type": "a table",
}


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing wrong: its place, a sentence, and for a misspelt key the place that was meant."""

    place: Place
    message: str
    meant: Place = ()


def troubles_of(error: ValidationError) -> list[Trouble]:
    """Return one trouble for each fault; a missing key that is there misspelt is told once."""
    troubles = [
        _trouble(item)
        for item in error.errors(include_url=False)
        if item["type"] != "default_factory_not_called"  # follows from another fault that is told
    ]
    meant = {trouble.meant for trouble in troubles}
    return [trouble for trouble in troubles if trouble.place not in meant]


def _trouble(item: ErrorDetails) -> Trouble:
    place: Place = item["loc"]
    if item["type"] == "extra_forbidden":
        return unknown_key(place)
    return Trouble(place, _sentence(place, item))


def unknown_key(place: Place) -> Trouble:
    """Say that there is no such setting, and which one was likely meant."""
    key = str(place[-1])
    section = section_at(place[:-1]) or Settings
    message = f'there is no setting "{key}"'
    likely = nearest(key, keys_of(section))
    home = home_of(key)
    if likely is not None:
        return Trouble(place, f'{message}; did you mean "{likely}"?', meant=(*place[:-1], likely))
    if home is not None:
        return Trouble(place, f"{message} here; it belongs into {home}")
    return Trouble(place, f"{message}; there are {', '.join(keys_of(section))}")


def _sentence(place: Place, item: ErrorDetails) -> str:
    kind, context = item["type"], item.get("ctx", {})
    if kind == "value_error":
        return str(context["error"])
    if kind == "missing":
        return "is missing"
    if place == ("routes",):
        return "must be written as [[routes]] in double brackets, one such table for each route"
    if place[0] == "accounts" and len(place) == 2 and kind == "model_type":
        return "must be a table such as [accounts.main], with the keys of the account in it"
    if kind in WANTED:
        return f"must be {WANTED[kind]}, not {_kind_of(item['input'])}"
    if kind == "literal_error":
        return "must be " + str(context["expected"]).replace("'", '"')
    if kind == "string_too_short":
        return "must not be empty"
    limits = {
        "greater_than": ("more than", "gt"),
        "greater_than_equal": ("at least", "ge"),
        "less_than_equal": ("at most", "le"),
    }
    if kind in limits:
        words, limit = limits[kind]
        return f"must be {words} {context[limit]:.16g}"
    return item["msg"]


def _kind_of(value: Any) -> str:
    """Name the kind of a TOML value."""
    kinds = {bool: "true or false", int: "a number", float: "a number", str: "text", list: "a list", dict: "a table"}
    return kinds.get(type(value), "a date or time")
