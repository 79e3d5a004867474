"""`orders`: the list of orders, and as a group `orders import`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy import RowMapping

from gateway.cli.invocation import AccountName, Config, Json, Match, ReasonClass, Since, invocation, since_instant
from gateway.cli.output import NEEDS_PERSON, OK, console, counted, local, say, table, tell_json
from gateway.clock import SystemClock
from gateway.errors import FileRejected, UsageError
from gateway.journal import queries, totals
from gateway.journal.imports import Declared
from gateway.journal.queries import MessageFilter
from gateway.model import UNMAPPED_CODE, MessageState
from gateway.operations.importing import Complaint, Export, Importer, ImportReport, foresee, read_export, read_numbers
from gateway.operations.overview import stamp
from gateway.places import prepare_folders, site_files
from gateway.settings import Route, Settings
from gateway.site import Site, has_journal, person

app = typer.Typer(name="orders", help="List orders; with `import`, declare those that Jakamo already has.")
COMPLAINTS_SHOWN = 20
MISSING_KEYS = ("mapping", "value", "expected", "orders")
LIST_LIMIT_MB = 50


@app.callback(invoke_without_command=True)
def list_orders(
    context: typer.Context,
    state: Annotated[
        list[str] | None, typer.Option("--state", metavar="STATE", help="Only this state. May be repeated.")
    ] = None,
    code: ReasonClass = None,
    since: Since = None,
    match: Match = None,
    account: AccountName = None,
    limit: Annotated[int, typer.Option("--limit", min=1, metavar="N", help="At most so many, the newest.")] = 50,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """List orders, the newest first: what was sent, what waits, what failed and why."""
    shared = invocation(context, config, as_json)
    if context.invoked_subcommand is not None:
        return
    wanted = MessageFilter(
        states=tuple(_state(word) for word in state or ()), code=code, since=since_instant(since), match=match,
        account=account,
    )  # fmt: skip
    with shared.site() as site:
        rows = site.journal.read(lambda c: queries.messages(c, wanted, limit + 1))
        missing = site.journal.read(lambda c: totals.findings_counted(c, code)) if code == UNMAPPED_CODE else []
    more, rows = len(rows) > limit, rows[:limit]
    if as_json:
        told: dict[str, Any] = {"orders": [message_json(row) for row in rows], "more": more}
        if code == UNMAPPED_CODE:
            told["missing"] = [dict(zip(MISSING_KEYS, one, strict=True)) for one in missing]
        tell_json(told)
        return
    print_messages(rows)
    if missing:
        console().print(table("Missing in the code tables", MISSING_KEYS, missing))
    if more:
        say(f"The newest {limit}. There are more: narrow it, or say --limit.")


def _state(word: str) -> str:
    if word not in set(map(str, MessageState)):
        raise UsageError(f'There is no state "{word}".', hint=f"There are: {', '.join(map(str, MessageState))}.")
    return word


def message_json(row: RowMapping) -> dict[str, Any]:
    """Return one message for scripts. Its keys are a contract."""
    return {
        "id": row["id"],
        "account": row["account"],
        "order": row["order_number"],
        "kind": row["kind"] or row["kind_hint"],
        "state": row["state"],
        "since": stamp(row["state_at"]),
        "code": row["reason_code"],
        "reason": row["reason"],
        "due_at": stamp(row["due_at"]),
        "waits_for": row["waits_for"],
        "attempts": row["attempts"],
        "supplier": row["supplier"],
        "route": row["route"],
        "file": row["file"],
        "file_id": row["interchange"],
    }


def print_messages(rows: Sequence[RowMapping], title: str = "") -> None:
    """Print messages as a table."""
    if not rows:
        say("No order fits.")
        return
    lines = [
        (
            row["id"], row["order_number"], row["kind"] or row["kind_hint"] or "", row["state"],
            local(row["state_at"]), row["file"], row["reason_code"], row["reason"],
        )
        for row in rows
    ]  # fmt: skip
    console().print(table(title, ("id", "order", "document", "state", "since", "file", "class", "why"), lines))


@app.command("import")
def import_orders(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A list of order numbers (one a line), or with --route a whole export.")],
    route: Annotated[
        str | None, typer.Option("--route", metavar="NAME", help="The file is an export: read it as this route does.")
    ] = None,
    account: Annotated[
        str | None, typer.Option("--account", metavar="NAME", help="The account that has these orders.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be imported; change nothing.")] = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Declare orders that Jakamo already has, at a cut-over. Nothing is sent.

    The content of an export counts as last sent: the next export sends only what changed. Of a number alone the
    first repeat becomes the baseline and is not sent. Exit code 1 when some orders could be taken by number only.
    """
    shared = invocation(context, config, as_json)
    settings = shared.settings()
    named = _route(settings, route)
    name = _account(settings, named, account)
    path = file.expanduser()
    declared, complaints = (
        _export(settings, named, path) if named is not None else (read_numbers(_read(settings, path)), [])
    )
    report = _take(settings, name, declared, complaints, path.name, dry_run)
    if as_json:
        tell_json(asdict(report))
    else:
        _print_report(report)
    raise typer.Exit(NEEDS_PERSON if report.complaints else OK)


def _route(settings: Settings, name: str | None) -> Route | None:
    if name is None:
        return None
    found = next((route for route in settings.routes if route.name == name), None)
    if found is None:
        known = ", ".join(route.name for route in settings.routes)
        raise UsageError(f'There is no route "{name}".', hint=f"There are: {known or 'none'}.")
    return found


def _account(settings: Settings, route: Route | None, name: str | None) -> str:
    """Return which account is meant: as named, as the route has it, or the only one there is."""
    if route is not None:
        if name not in (None, route.account):
            raise UsageError(f'Route "{route.name}" belongs to account "{route.account}", not "{name}".')
        return route.account
    if name is None and len(settings.accounts) == 1:
        return next(iter(settings.accounts))
    if name not in settings.accounts:
        what = f'There is no account "{name}".' if name is not None else "Which account has these orders?"
        raise UsageError(what, hint=f"Say --account with one of: {', '.join(settings.accounts)}.")
    return str(name)


def _read(settings: Settings, path: Path) -> bytes:
    """Read a list of numbers; `-` is what comes in."""
    if str(path) == "-":
        return sys.stdin.buffer.read()
    try:
        return site_files(settings).read(path, LIST_LIMIT_MB << 20)
    except FileNotFoundError:
        raise UsageError(f"There is no file {path}.") from None


def _export(settings: Settings, route: Route, path: Path) -> tuple[list[Declared], list[Complaint]]:
    from gateway.app import MAPPING_MEMORY_MB, MAPPING_SECONDS_LIMIT, mapping_store
    from gateway.mapping.pool import MappingPool

    mapping = mapping_store(settings).get(route.mapping)
    export = Export(
        path=path, mapping=route.mapping, strict=route.profile == "refuse", complete_order=mapping.complete_order,
        trailer=route.complete_kind == "trailer", max_bytes=settings.intake.max_file_bytes,
    )  # fmt: skip
    with MappingPool(
        settings.folders.mappings, settings.folders.schemas, workers=settings.intake.mapping_workers,
        time_limit_seconds=MAPPING_SECONDS_LIMIT, memory_limit_mb=MAPPING_MEMORY_MB,
    ) as pool:  # fmt: skip
        try:
            return read_export(pool, export)
        except FileNotFoundError:
            raise UsageError(f"There is no file {path}.") from None
        except FileRejected as rejected:
            rejected.hint = "Nothing was imported. Export the file again, or correct it."
            raise


def _take(
    settings: Settings,
    account: str,
    declared: Sequence[Declared],
    complaints: Sequence[Complaint],
    file: str,
    dry_run: bool,
) -> ImportReport:
    """Open the journal, which a go-live may make here for the first time, and take the orders into it."""
    from gateway.app import lane_keeper

    if dry_run and not has_journal(settings):
        return foresee(account, declared, complaints, file)
    if not dry_run:
        prepare_folders(settings, site_files(settings))
    with Site(settings, create=not dry_run) as site:
        importer = Importer(site.journal, lane_keeper(settings), SystemClock(), account)
        if dry_run:
            return importer.foresee(declared, complaints, file)
        site.check_identities()
        return importer.take(declared, complaints, file, person())


def _print_report(report: ImportReport) -> None:
    would = "would be " if report.dry_run else ""
    say(
        f"{counted(report.orders, 'order')} in {report.file}: {report.imported} {would}imported into account "
        f"{report.account}, {report.already_known} already known."
    )
    if report.numbers_alone:
        say(f"{report.numbers_alone} of them by number alone: the first repeat of each becomes its baseline, unsent.")
    if report.complaints:
        shown = [(one.order_number, one.reason) for one in report.complaints[:COMPLAINTS_SHOWN]]
        console().print(table("Taken by number alone, because", ("order", "why"), shown))
        if len(report.complaints) > COMPLAINTS_SHOWN:
            say(f"... and {len(report.complaints) - COMPLAINTS_SHOWN} more (--json has all).")
