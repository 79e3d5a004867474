"""The environment over the settings file: GATEWAY_INTAKE__SCAN_SECONDS, GATEWAY_ACCOUNTS__MAIN__PASSWORD.

Two underscores go one level down; letter case does not count. An account or route is found by its name, with
everything but letters and digits written as one underscore; a name the file does not have makes a new one.
A variable without two underscores is not ours, an empty one counts as not set.

Layer: settings. Pure. (Not pydantic-settings: it cannot tell which variable a wrong value came from, nor meet
names as they are written in the file.)
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, get_origin

from gateway.errors import Problem
from gateway.settings.models import Settings
from gateway.settings.shape import Place, field_at, inner_section, is_collection, keys_of, plain_types, section_at

PREFIX = "GATEWAY_"
LEVEL = "__"
BOOLEANS = dict.fromkeys(("true", "1", "yes", "on"), True) | dict.fromkeys(("false", "0", "no", "off"), False)
SECRET_PAIRS = {
    key: other
    for name in ("password", "token", "client_secret")
    for key, other in ((name, f"{name}_file"), (f"{name}_file", name))
}


def slug(name: str) -> str:
    """Return a name as the environment writes it, in small letters."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def overlay(data: dict[str, Any], environ: Mapping[str, str]) -> tuple[dict[Place, str], list[Problem]]:
    """Put the environment's settings into `data`; return which variable each came from, and the problems found."""
    origins: dict[Place, str] = {}
    problems: list[Problem] = []
    for variable in sorted(environ):
        if not variable.upper().startswith(PREFIX) or not environ[variable]:
            continue
        steps = variable[len(PREFIX) :].lower().split(LEVEL)
        if len(steps) < 2:
            problems.extend(_missing_underscore(variable, steps[0]))
        elif not all(steps):
            problems.append(Problem(f"environment: {variable}", "has a level without a name"))
        else:
            place = _place(data, steps)
            if _put(data, place, _typed(place, environ[variable])):
                origins[place] = variable
            elif section_at(place[:-1]) is None:
                problems.append(Problem(f"environment: {variable}", "there is no setting below this one"))
    _let_environment_win(data, origins)
    return origins, problems


def _missing_underscore(variable: str, rest: str) -> list[Problem]:
    """Find a variable that is surely meant for us but has one underscore where two belong."""
    for section, field in keys_of(Settings).items():
        inner = inner_section(field.annotation)
        key = rest.removeprefix(f"{section}_")
        if key == rest or inner is None:
            continue
        if key in keys_of(inner) and not is_collection(field.annotation):
            meant = f"{PREFIX}{section}{LEVEL}{key}".upper()
        elif section == "accounts" and (
            last := next((name for name in keys_of(inner) if key.endswith(f"_{name}")), "")
        ):
            meant = f"{PREFIX}{section}{LEVEL}{key.removesuffix(f'_{last}')}{LEVEL}{last}".upper()
        else:
            continue
        return [Problem(f"environment: {variable}", f"two underscores go one level down; did you mean {meant}?")]
    return []


def _place(data: dict[str, Any], steps: list[str]) -> Place:
    """Find where a variable's value belongs: names as they are written in the file, routes by number."""
    accounts, routes = data.get("accounts"), data.get("routes")
    if steps[0] == "accounts" and isinstance(accounts, (dict, type(None))):
        named = [*(accounts or {}), *(str(route.get("account")) for route in _tables(routes))]
        name = next((name for name in named if slug(name) == slug(steps[1])), steps[1])
        return ("accounts", name, *steps[2:])
    if steps[0] == "routes" and isinstance(routes, (list, type(None))):
        routes = data.setdefault("routes", [])
        for number, route in enumerate(routes):
            if isinstance(route, dict) and slug(str(route.get("name"))) == slug(steps[1]):
                return ("routes", number, *steps[2:])
        routes.append({"name": steps[1]})
        return ("routes", len(routes) - 1, *steps[2:])
    return tuple(steps)


def _tables(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _put(data: dict[str, Any], place: Place, value: Any) -> bool:
    """Set one value deep inside; False when the file holds something else on the way, which is told elsewhere."""
    where: Any = data
    for step in place[:-1]:
        where = where[int(step)] if isinstance(where, list) else where.setdefault(step, {})
        if not isinstance(where, (dict, list)):
            return False
    where[place[-1]] = value
    return True


def _typed(place: Place, text: str) -> Any:
    """Read a value as the type of its setting; text that does not fit stays text and is refused with the rest."""
    field = field_at(place)
    if field is None:
        return text
    kinds = list(plain_types(field.annotation))
    if bool in kinds:
        return BOOLEANS.get(text.strip().lower(), text)
    if any(get_origin(kind) is tuple for kind in kinds) and inner_section(field.annotation) is None:
        return _list(text)
    for kind in (int, float):
        if kind in kinds:
            try:
                return kind(text)
            except ValueError:
                return text
    return text


def _list(text: str) -> Any:
    """Read a list: as JSON, or with commas between its items."""
    try:
        return json.loads(text if text.lstrip().startswith("[") else f"[{text}]")
    except ValueError:
        return [int(item) if item.strip().isdigit() else item.strip() for item in text.split(",")]


def _let_environment_win(data: dict[str, Any], origins: dict[Place, str]) -> None:
    """Drop the file's password_file where the environment gives a password, and the other way round."""
    for place in origins:
        other = SECRET_PAIRS.get(str(place[-1]))
        if place[0] != "accounts" or len(place) != 3 or other is None or (*place[:2], other) in origins:
            continue
        data["accounts"][place[1]].pop(other, None)
