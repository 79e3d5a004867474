"""Puts together what `explain` needs: which route takes a file, its mapping, workers, a look into the journal.

Layer: beside `app` and `site`. Sends nothing, moves nothing, writes nothing; a service may be running.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from gateway.app import MAPPING_MEMORY_MB, MAPPING_SECONDS_LIMIT, lane_rules
from gateway.clock import Clock, SystemClock
from gateway.errors import FileRejected, JournalError, UsageError
from gateway.files.durable import FileDoor
from gateway.intake.content import content_fits
from gateway.intake.split import no_route
from gateway.journal.glance import Glance
from gateway.journal.journal import journal_url
from gateway.mapping.engine import Engine, Pooled
from gateway.mapping.mapping import Mapping, MappingStore
from gateway.mapping.pool import MappingPool
from gateway.mapping.worker import ReadTask
from gateway.operations.explaining import Explainer, Wanted
from gateway.operations.explanation import Considered, Explanation
from gateway.operations.judging import Terms
from gateway.places import site_layout
from gateway.settings import Route, Settings
from gateway.site import has_journal

MAX_BYTES_WITHOUT_SITE = 50 * 1024 * 1024
NO_SITE = "no site: as if no order had ever been sent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is to be explained, and by what: a route, else a mapping, else the route that takes the file."""

    path: Path
    route: str | None = None
    mapping: Mapping | None = None
    mapping_root: Path | None = None  # the folder of mappings that `mapping` is found in
    wanted: Wanted = field(default_factory=Wanted)


@contextmanager
def worker_engine(mappings: Path | None, settings: Settings | None) -> Iterator[Engine]:
    """Run worker processes, with the service's limits, over one folder of mappings and the shipped ones."""
    schemas = settings.folders.schemas if settings is not None else None
    with MappingPool(
        mappings, schemas, time_limit_seconds=MAPPING_SECONDS_LIMIT, memory_limit_mb=MAPPING_MEMORY_MB
    ) as pool:
        yield Pooled(pool)


def explain(question: Question, settings: Settings | None, clock: Clock | None = None) -> Explanation:
    """Return what would become of a file if it were dropped now.

    Raises UsageError for what cannot be asked, SettingsError for a mapping that cannot be used, FileDenied or
    StorageError when the file cannot be read.
    """
    path = question.path
    most = settings.intake.max_file_bytes if settings is not None else MAX_BYTES_WITHOUT_SITE
    try:
        data = FileDoor().read(path, most)
    except FileNotFoundError:
        raise UsageError(f"There is no file {path}.") from None
    except FileRejected as refusal:
        raise UsageError(refusal.message, hint="Cut the file, or raise intake.max_file_mb.") from refusal
    terms = _terms(question, settings, most)
    if isinstance(terms, Explanation):
        return terms
    glance, words = _journal(settings)
    root = question.mapping_root if question.mapping is not None else _site_mappings(settings)
    task = ReadTask(terms.mapping.name, path.absolute(), path.name, terms.trailer, most)
    with worker_engine(root, settings) as engine:
        explainer = Explainer(terms, engine, glance, words, (clock or SystemClock()).now())
        return explainer.explain(task, data, question.wanted)


def _site_mappings(settings: Settings | None) -> Path | None:
    return settings.folders.mappings if settings is not None else None


def _terms(question: Question, settings: Settings | None, most: int) -> Terms | Explanation:
    """Return by what the file is judged; an explanation when no route takes it."""
    if question.mapping is not None:
        return _by_mapping(question.mapping, settings, most)
    if settings is None:
        raise UsageError(
            "There is no site here, so no route can take the file.",
            hint="Say --mapping with the name or the folder of a mapping, or --config with a site's settings.",
        )
    considered = _consider(question, settings)
    taking = next((one.route for one in considered if one.takes), None)
    route = next((one for one in settings.routes if one.name == taking), None)
    if route is None:
        return _without_route(question.path.name, considered)
    return Terms(
        mapping=MappingStore(settings.folders.mappings).get(route.mapping),
        max_bytes=most,
        route=route.name,
        strict=route.profile == "refuse",
        business_rules=tuple(route.rules.levels()),
        trailer=route.complete_kind == "trailer",
        account_name=route.account,
        account=settings.accounts[route.account],
        rules=lane_rules(settings)[route.account],
        considered=tuple(considered),
    )


def _by_mapping(mapping: Mapping, settings: Settings | None, most: int) -> Terms:
    """Judge by a mapping alone; the account is the only one there is, if there is one."""
    if mapping.format == "response":
        raise UsageError(
            f"The mapping {mapping.name} is for Jakamo's responses, not for exports.",
            hint="Put a response into its folder samples/ and run `gateway test-mapping`.",
        )
    only = next(iter(settings.accounts)) if settings is not None and len(settings.accounts) == 1 else None
    strict = mapping.format != "ubl"
    if only is None or settings is None:
        return Terms(mapping=mapping, max_bytes=most, strict=strict)
    return Terms(
        mapping=mapping, max_bytes=most, strict=strict, account_name=only, account=settings.accounts[only],
        rules=lane_rules(settings)[only],
    )  # fmt: skip


def _without_route(name: str, considered: list[Considered]) -> Explanation:
    return Explanation(
        file=name, mapping=None, route=None, account=None, sends=False, considered=tuple(considered),
        journal="not looked into", source=None, rejected=(), rejected_source=None, warnings=(), fates=(), shown=(),
    )  # fmt: skip


def why_no_route(name: str) -> str:
    """Return in words what becomes of a file that no route takes."""
    return no_route(name).message


def _consider(question: Question, settings: Settings) -> list[Considered]:
    """Look at the routes in their order, up to the first that takes the file, or at the one that was named."""
    if question.route is not None:
        named = next((one for one in settings.routes if one.name == question.route), None)
        if named is None:
            known = ", ".join(one.name for one in settings.routes) or "none"
            raise UsageError(f'There is no route "{question.route}".', hint=f"There are: {known}.")
        return [Considered(route=named.name, takes=True, why="named by --route")]
    folder = _folder(question.path, settings)
    looked: list[Considered] = []
    for route in settings.routes:
        takes, why = _fits(route, question.path, folder)
        looked.append(Considered(route=route.name, takes=takes, why=why))
        if takes:
            break
    return looked


def _folder(path: Path, settings: Settings) -> str | None:
    """Return the inbox folder that a file lies in, as routes name it; None for a file that lies elsewhere."""
    folder = path.absolute().parent
    inbox = site_layout(settings).inbox
    if not folder.is_relative_to(inbox):
        return None
    inside = folder.relative_to(inbox).as_posix()
    name = "" if inside == "." else inside
    return name if name in {route.folder for route in settings.routes} else None


def _fits(route: Route, path: Path, folder: str | None) -> tuple[bool, str]:
    if folder is not None and route.folder != folder:
        return False, f'it looks in the folder "{route.folder or "inbox"}"'
    where = f' of the folder "{route.folder}"' if route.folder else ""
    if not route.matches(path.name):
        return False, f'the name does not fit "{route.match}"'
    if route.content is None:
        return True, f'the name fits "{route.match}"{where}'
    content = ", ".join(f"{key} = {value!r}" for key, value in route.content.model_dump(exclude_none=True).items())
    if not content_fits(FileDoor(), path, route.content):
        return False, f'the name fits "{route.match}", the content does not ({content})'
    return True, f'the name fits "{route.match}"{where}, the content fits too ({content})'


def _journal(settings: Settings | None) -> tuple[Glance | None, str]:
    """Look into the site's journal if it has one; what cannot be read is said, and is no reason to stop."""
    if settings is None:
        return None, NO_SITE
    if not has_journal(settings):
        return None, "this site has not run yet: no order has been sent"
    try:
        return Glance(journal_url(settings.journal.url, settings.folders.state)), "looked into, nothing written"
    except JournalError as error:
        return None, f"not looked into: {error}"
