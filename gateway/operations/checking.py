"""Looks at everything that can be wrong before a run: settings, mappings, schemas, names. All problems at once.

Reads only; makes no folder, opens no connection.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.errors import Problem, SettingsError
from gateway.files.layout import check_template
from gateway.journal.journal import JOURNAL, check_journal, journal_url
from gateway.mapping.mapping import MappingStore, shipped_folder
from gateway.mapping.schemas import SchemaStore
from gateway.mapping.stylesheets import compile_stylesheet
from gateway.settings import Route, Settings, load_settings, overlap_warnings
from gateway.settings.loading import read_toml


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """What was found; `settings` is None when they cannot be used."""

    settings: Settings | None
    problems: tuple[Problem, ...]
    warnings: tuple[str, ...] = ()


def check_site(path: Path | None, environ: Mapping[str, str]) -> CheckReport:
    """Check a site's settings and all that they name. Raises nothing for what is wrong with them."""
    try:
        settings = load_settings(path, environ)
    except SettingsError as error:
        return CheckReport(settings=None, problems=(*error.problems, *_named_in_file(path, environ)))
    problems = [*_mapping_problems(settings), *_schema_problems(settings.folders.schemas), *_name_problems(settings)]
    problems += _journal_problems(settings)
    return CheckReport(
        settings=settings, problems=tuple(problems), warnings=(*overlap_warnings(settings), *_idle_warnings(settings))
    )


def known_mappings(site_mappings: Path) -> tuple[str, ...]:
    """Return the names of all mappings that a route could use; a damaged one is listed, `check` says why."""
    store = MappingStore(site_mappings, shipped_folder("xslt"))
    return tuple(name for name in store.names() if not _is_of_responses(store, name))


def _is_of_responses(store: MappingStore, name: str) -> bool:
    try:
        return store.get(name).format == "response"
    except SettingsError:
        return False


def _mapping_problems(settings: Settings) -> Iterable[Problem]:
    store = MappingStore(settings.folders.mappings, shipped_folder("xslt"))
    told: set[str] = set()
    for route in settings.routes:
        place = f'route "{route.name}"'
        if route.mapping not in told:
            told.add(route.mapping)
            yield from _one_mapping(store, route.mapping, place)
            yield from _use_problem(store, route.mapping, f"{place}, mapping", of_responses=False)
        yield from _trailer_problem(store, route, place)
    if settings.responses.mapping:
        yield from _one_mapping(store, settings.responses.mapping, "responses")
        yield from _use_problem(store, settings.responses.mapping, "responses.mapping", of_responses=True)
    elif settings.responses.keep_ubl:
        yield Problem("responses.keep_ubl", "without a mapping every response is UBL; leave it out or name a mapping")


def _one_mapping(store: MappingStore, name: str, place: str) -> Iterable[Problem]:
    """Yield what is wrong with a mapping: its declaration, then its stylesheet."""
    try:
        mapping = store.get(name)
        if mapping.stylesheet is not None:
            compile_stylesheet(mapping)
    except SettingsError as error:
        for problem in error.problems:
            yield Problem(f"{place}, mapping" if problem.place == "mapping" else problem.place, problem.message)


def _use_problem(store: MappingStore, name: str, place: str, *, of_responses: bool) -> Iterable[Problem]:
    """Orders and responses go in opposite directions: no mapping serves both."""
    try:
        form = store.get(name).format
    except SettingsError:
        return
    if (form == "response") is not of_responses:
        wanted = "format = 'response'" if of_responses else "a mapping of orders"
        yield Problem(place, f'"{name}" is of format {form!r}; {wanted} is needed here')


def _trailer_problem(store: MappingStore, route: Route, place: str) -> Iterable[Problem]:
    """A route that waits for an end that its files never show would wait for ever."""
    if route.complete_kind != "trailer":
        return
    try:
        shows_its_end = store.get(route.mapping).tells_its_end
    except SettingsError:
        return
    if not shows_its_end:
        words = f'is "trailer", but mapping {route.mapping} declares none: every file would count as unfinished'
        yield Problem(f"{place}, complete", words)


def _schema_problems(site_schemas: Path | None) -> Iterable[Problem]:
    return SchemaStore(site_schemas).problems()


def _name_problems(settings: Settings) -> Iterable[Problem]:
    for words in check_template(settings.responses.outbox_name):
        yield Problem("responses.outbox_name", words)


def _journal_problems(settings: Settings) -> Iterable[Problem]:
    url = journal_url(settings.journal.url, settings.folders.state)
    if not settings.journal.url and not os.path.lexists(settings.folders.state / JOURNAL):
        return
    wrong = check_journal(url)
    if wrong:
        yield Problem("journal", wrong)


def _idle_warnings(settings: Settings) -> Iterable[str]:
    used = {route.account for route in settings.routes}
    for name in settings.accounts:
        if name not in used:
            yield f'No route uses account "{name}": its responses are fetched, but nothing is sent by it.'
    if not settings.routes:
        yield "There is no route: no file will be taken from the inbox."


def _named_in_file(path: Path | None, environ: Mapping[str, str]) -> Iterable[Problem]:
    """Check the mappings that a settings file names, when it has other faults: all problems at once."""
    named = path or Path(environ.get("GATEWAY_CONFIG") or "gateway.toml")
    try:
        data: dict[str, Any] = read_toml(named)
    except SettingsError:
        return
    folders = data.get("folders")
    site = folders.get("mappings", "xslt") if isinstance(folders, dict) else "xslt"
    if not isinstance(site, str):
        return
    store = MappingStore(named.absolute().parent / Path(site).expanduser(), shipped_folder("xslt"))
    routes = data.get("routes")
    told: set[str] = set()
    for route in routes if isinstance(routes, list) else []:
        name = route.get("mapping") if isinstance(route, dict) else None
        if isinstance(name, str) and name and name not in told:
            told.add(name)
            yield from _one_mapping(store, name, f'route "{route.get("name", "?")}"')
