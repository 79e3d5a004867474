"""Load the settings: the TOML file, the environment over it, every problem at once, in plain words.

Layer: settings. Reads the settings file and what `checks` reads; changes nothing.
"""

from __future__ import annotations

import copy
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from gateway.errors import Problem, SettingsError
from gateway.settings.account import Account
from gateway.settings.checks import check_settings
from gateway.settings.environment import LEVEL, PREFIX, overlay
from gateway.settings.models import Settings
from gateway.settings.shape import Place, keys_of
from gateway.settings.values import Section
from gateway.settings.wording import Trouble, troubles_of, unknown_key

CONFIG_VARIABLE = "GATEWAY_CONFIG"
DEFAULT_NAME = "gateway.toml"
NO_FILE_HINT = "Run `gateway init` to make one, or name it with --config."


def load_settings(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """Return the settings of a TOML file with the environment over it; relative paths start at the file's folder.

    Without `path`: the file GATEWAY_CONFIG names, else gateway.toml in the present folder, else the environment
    alone if it holds settings. Raises SettingsError with all problems, each with its place; shows no secret.
    """
    path = path or _file_to_read(environ)
    if path is None:
        return settings_of({}, environ, base=os.getcwd(), source="environment")
    settings = settings_of(read_toml(path), environ, base=os.path.abspath(path.parent), source=str(path))
    return settings.model_copy(update={"path": Path(os.path.abspath(path))})


def settings_of(data: dict[str, Any], environ: Mapping[str, str], *, base: str, source: str) -> Settings:
    """Return the settings of a file's tables with the environment over them; `source` names the file in problems.

    Raises SettingsError with all problems. `data` is changed.
    """
    origins, problems = overlay(data, environ)
    settings, troubles = _validate(data, base)
    places = _Places(source, data, origins)
    problems += [Problem(places.of(trouble.place), trouble.message) for trouble in troubles]
    if problems:
        raise SettingsError(problems)
    return settings


def _file_to_read(environ: Mapping[str, str]) -> Path | None:
    named = environ.get(CONFIG_VARIABLE)
    if named:
        return Path(named)
    if os.path.lexists(DEFAULT_NAME):
        return Path(DEFAULT_NAME)
    if any(name.upper().startswith(PREFIX) and LEVEL in name and environ[name] for name in environ):
        return None
    raise SettingsError([Problem(DEFAULT_NAME, "there is no settings file in the present folder")], hint=NO_FILE_HINT)


def read_toml(path: Path) -> dict[str, Any]:
    """Return the tables of a TOML file. Raises SettingsError with the line of what is wrong."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise SettingsError([Problem(str(path), "there is no such file")], hint=NO_FILE_HINT) from None
    except OSError as error:
        raise SettingsError([Problem(str(path), f"cannot be read: {error.strerror}")]) from error
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:  # it carries the whole file, secrets and all: not passed on
        line = raw.count(b"\n", 0, error.start) + 1
        raise SettingsError([Problem(f"{path}: line {line}", "is not UTF-8; save the file as UTF-8")]) from None
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError([_syntax_problem(path, text, str(error))]) from None


def _syntax_problem(path: Path, text: str, words: str) -> Problem:
    """Place a TOML syntax error; the line itself is not shown, for it may hold a secret."""
    found = re.search(r"\s*\(at line (\d+), column (\d+)\)", words)
    number = int(found[1]) if found else text.count("\n") + 1
    column = f", column {found[2]}" if found else ""
    reason = re.sub(r"\s*\(at [^()]*\)$", "", words)
    if "\\" in (text.splitlines() or [""])[min(number, len(text.splitlines())) - 1]:
        reason += "; write a path with backslashes in single quotes: 'C:\\edi\\inbox'"
    return Problem(f"{path}: line {number}{column}", f"is not valid TOML: {reason}")


def _validate(data: dict[str, Any], base: str) -> tuple[Settings, list[Trouble]]:
    """Check each key, then, on what is left when wrong keys are set aside, what concerns several."""
    context = {"base": base}
    troubles = list(_taken_out(data))
    try:
        settings = Settings.model_validate(data, strict=True, context=context)
    except ValidationError as error:
        troubles += troubles_of(error)
        settings = Settings.model_validate(_mended(data, error), strict=True, context=context)
    told = {_root(trouble.place) for trouble in troubles} | {
        _root(trouble.meant) for trouble in troubles if trouble.meant
    }
    accounts_unsure = any(known[:1] == ("accounts",) and len(known) <= 2 for known in told)
    for place, message in check_settings(settings):
        follows = accounts_unsure and place[0] == "routes" and place[-1] == "account"
        if not follows and not any(_root(place)[: len(known)] == known for known in told):
            troubles.append(Trouble(place, message))
    return settings, troubles


def _taken_out(data: dict[str, Any]) -> Iterator[Trouble]:
    """Take out, and tell, keys that the program itself fills and that no file may hold."""
    accounts = data.get("accounts")
    tables: dict[Place, tuple[dict[str, Any], type[Section]]] = {(): (data, Settings)}
    for name, account in accounts.items() if isinstance(accounts, dict) else ():
        if isinstance(account, dict):
            tables["accounts", name] = (account, Account)
    for place, (table, section) in tables.items():
        for key in table.keys() & (section.model_fields.keys() - keys_of(section).keys()):
            del table[key]
            yield unknown_key((*place, key))


def _root(place: Place) -> Place:
    """Make a secret and its file one place: what is said of the one need not be said of the other."""
    return (*place[:-1], str(place[-1]).removesuffix("_file")) if place else place


def _mended(data: dict[str, Any], error: ValidationError) -> dict[str, Any]:
    """Return the settings with each wrong value taken out, and something harmless where a key is a must."""
    mended = copy.deepcopy(data)
    for item in error.errors(include_url=False, include_input=False):
        *way, last = item["loc"]
        where: Any = mended
        for step in way:
            where = where[step]
        if isinstance(where, list):
            where[int(last)] = {}
        elif way == ["accounts"] and item["type"] == "model_type":
            where[last] = {}
        else:
            where.pop(last, None)
    for number, route in enumerate(mended.get("routes", [])):
        filler = {"name": f"route-{number}", "match": "*", "mapping": "m", "account": "main"}
        route.update({key: value for key, value in filler.items() if key not in route})
    for account in mended.get("accounts", {}).values():
        account.setdefault("base_url", "https://example.com")
    return mended


class _Places:
    """Says where a setting came from: the file and the key, or the environment variable."""

    def __init__(self, source: str, data: dict[str, Any], origins: Mapping[Place, str]) -> None:
        self.source, self.data, self.origins = source, data, origins

    def of(self, place: Place) -> str:
        """Return the place in words; routes are counted from 1 and named."""
        variable = self.origins.get(place) or self._variables_below(place)
        if variable:
            return f"environment: {variable}"
        words = ""
        for step in place:
            words += f"[{step + 1}]" if isinstance(step, int) else f".{step}"
        if len(place) > 1 and place[0] == "routes":
            route = self.data["routes"][place[1]]
            words += f' (route "{route["name"]}")' if isinstance(route, dict) and "name" in route else ""
        return f"{self.source}: {words.lstrip('.')}"

    def _variables_below(self, place: Place) -> str:
        """Return the variables that made a whole table, when nothing of it is in the file."""
        value: Any = self.data
        for step in place:
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                return ""
        leaves = list(_leaves(value, place)) if isinstance(value, dict) else []
        return ", ".join(self.origins[leaf] for leaf in leaves) if all(leaf in self.origins for leaf in leaves) else ""


def _leaves(value: Any, place: Place) -> Iterator[Place]:
    """Yield the place of each single value in a tree of tables."""
    if not isinstance(value, dict):
        yield place
        return
    for key, item in value.items():
        yield from _leaves(item, (*place, key))
