"""`init` and `check`: a site's first settings, and everything that can be known to be wrong before a run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from gateway.cli.first_settings import (
    BASE_URLS,
    NAME,
    SCOPES,
    Answers,
    Environment,
    RouteAnswer,
    parse_route,
    settings_text,
)
from gateway.cli.invocation import Config, Invocation, Json, invocation, on_terminal
from gateway.cli.output import OK, USAGE, console, counted, plain, say, tell_json
from gateway.errors import UsageError
from gateway.files.durable import FileDoor
from gateway.operations.checking import CheckReport, check_site, known_mappings
from gateway.places import mark_folders, site_files, site_layout
from gateway.settings import Settings, load_settings

_Text = str | None


def init(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="Where the site is made.")] = Path(),
    environment: Annotated[
        Environment | None, typer.Option(help="Which Jakamo: demo for tests, production for real orders.")
    ] = None,
    base_url: Annotated[_Text, typer.Option(metavar="URL", help="Another address in place of --environment.")] = None,
    account: Annotated[str, typer.Option(metavar="NAME", help="What the account is called here.")] = "main",
    auth: Annotated[Literal["basic", "oauth2"], typer.Option(help="How to sign in.")] = "basic",
    username: Annotated[_Text, typer.Option(metavar="NAME", help="Basic: the user name set in Jakamo.")] = None,
    password_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Basic: a file that holds the password and nothing else.")
    ] = None,
    token_url: Annotated[_Text, typer.Option(metavar="URL", help="OAuth2: where tokens are had.")] = None,
    client_id: Annotated[_Text, typer.Option(metavar="ID", help="OAuth2: the application's id.")] = None,
    client_secret_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="OAuth2: a file that holds the application's secret alone.")
    ] = None,
    scope: Annotated[_Text, typer.Option(metavar="SCOPE", help="OAuth2: the scope to ask for.")] = None,
    route: Annotated[
        list[str] | None,
        typer.Option(metavar="PATTERN=MAPPING", help='Files and their mapping: "*.csv=csv-order". May be repeated.'),
    ] = None,
    inbox: Annotated[Path | None, typer.Option(metavar="DIR", help="Where the ERP drops files.")] = None,
    outbox: Annotated[Path | None, typer.Option(metavar="DIR", help="Where the ERP reads responses.")] = None,
    as_json: Json = False,
) -> None:
    """Make a site: a commented gateway.toml, its folders, and the secret in a file of its own.

    Asks for what is missing when somebody is there to answer. Never overwrites anything.
    """
    shared = invocation(context, None, as_json)
    root = Path(os.path.abspath(folder.expanduser()))
    if os.path.lexists(root / NAME):
        raise UsageError(f"{root / NAME} is there already.", hint="Edit it, or name another folder.")
    asks = on_terminal() and not as_json
    url = _address(environment, base_url, asks)
    routes = _routes(route or [], known_mappings(root / "xslt"), asks)
    if auth == "basic":
        username = username or _asked("User name in Jakamo", "--username", asks)
    else:
        token_url = token_url or _asked("Address that hands out tokens", "--token-url", asks)
        client_id = client_id or _asked("Client id", "--client-id", asks)
        scope = scope or SCOPES.get(environment or "") or _asked("Scope", "--scope", asks)
    secret_file = password_file if auth == "basic" else client_secret_file
    secret = _asked_secret("Password" if auth == "basic" else "Client secret") if asks and secret_file is None else None
    _make(
        Answers(
            folder=root, account=account, base_url=url, auth=auth, username=username, token_url=token_url,
            client_id=client_id, scope=scope, secret=secret, secret_file=secret_file, routes=routes, inbox=inbox,
            outbox=outbox,
        ),
        shared,
    )  # fmt: skip


def _asked_secret(words: str) -> str | None:
    """Ask without showing; an empty answer leaves it for later."""
    given: str = typer.prompt(f"{words} (empty: set it later)", default="", hide_input=True, show_default=False)
    return given or None


def _address(environment: Environment | None, base_url: str | None, asks: bool) -> str:
    if base_url is not None:
        if environment is not None and BASE_URLS[environment] != base_url.rstrip("/"):
            raise UsageError("--environment and --base-url name different addresses; give one of them.")
        return base_url
    if environment is None and not asks:
        raise UsageError("Which Jakamo is it?", hint="Say --environment demo, --environment production or --base-url.")
    if environment is None:
        words: str = typer.prompt("Which Jakamo: demo, production, or another address", default="demo")
        return BASE_URLS.get(words, words)
    return BASE_URLS[environment]


def _asked(words: str, option: str, asks: bool) -> str:
    if not asks:
        raise UsageError(f"{words} is missing.", hint=f"Say {option}.")
    return str(typer.prompt(words))


def _routes(texts: list[str], known: tuple[str, ...], asks: bool) -> tuple[RouteAnswer, ...]:
    """Read the routes, or ask for the first one. Raises UsageError for a mapping that nobody has."""
    if not texts and asks:
        pattern = typer.prompt("Which files does the ERP drop (pattern)", default="*.csv")
        mapping = typer.prompt(f"Their mapping ({', '.join(known)})", default="csv-order")
        texts = [f"{pattern}={mapping}"]
    routes: list[RouteAnswer] = []
    for text in texts:
        answer = parse_route(text, [route.name for route in routes])
        if answer.mapping not in known:
            raise UsageError(f'There is no mapping "{answer.mapping}".', hint=f"There are: {', '.join(known)}.")
        routes.append(answer)
    return tuple(routes)


def _make(answers: Answers, shared: Invocation) -> None:
    """Write secret, folders and settings, the settings last: with them the site is there."""
    text = settings_text(answers)
    door = FileDoor()
    door.make_folder(answers.folder)
    path = answers.secret_path
    if answers.secret is not None and path is not None:
        door.make_folder(path.parent, 0o700)
        _write_new(door, path, answers.secret.encode() + b"\n", 0o600)
    _write_new(door, answers.folder / NAME, text.encode(), 0o644)
    settings = load_settings(answers.folder / NAME, _without_secret(answers))
    folders = _make_folders(settings)
    if shared.as_json:
        tell_json(
            {
                "config": str(answers.folder / NAME),
                "account": answers.account,
                "base_url": answers.base_url,
                "routes": [{"name": r.name, "match": r.match, "mapping": r.mapping} for r in settings.routes],
                "secret_file": str(path) if path else None,
                "folders": folders,
            }
        )
        return
    _tell_made(answers, settings)


def _write_new(door: FileDoor, path: Path, data: bytes, mode: int) -> None:
    try:
        door.write_durably(path, data, mode)
    except FileExistsError:
        raise UsageError(f"{path} is there already.", hint="Move it away, or name another folder.") from None


def _without_secret(answers: Answers) -> dict[str, str]:
    """Return an environment that gives what may still be missing, so that the folders can be made now."""
    if answers.secret_path is not None:
        return {}
    secret = answers.secret_key.removesuffix("_file").upper()
    return {f"GATEWAY_ACCOUNTS__{answers.account.upper().replace('-', '_')}__{secret}": "to be given"}


def _make_folders(settings: Settings) -> list[str]:
    """Make the folders that people and the ERP use. Their liveness markers come with the first run."""
    door, layout = site_files(settings), site_layout(settings)
    folders = layout.folders_to_make(settings.intake.node, settings.accounts, [r.folder for r in settings.routes])
    for folder in folders:
        door.make_folder(folder)
    return [str(folder) for folder in folders if not any(part.startswith(".") for part in folder.parts[-2:])]


def _tell_made(answers: Answers, settings: Settings) -> None:
    config = answers.folder / NAME
    say(
        f"Made {config}",
        f"  orders go to {answers.base_url} as account {answers.account}",
        *(f"  {route.match} in {settings.folders.inbox} by mapping {route.mapping}" for route in settings.routes),
        f"  responses come to {settings.outbox_for(answers.account)}",
    )
    if answers.secret is not None:
        say(f"  the secret is in {answers.secret_path}, readable by this user alone")
    elif answers.secret_file is None:
        secret = answers.secret_key.removesuffix("_file")
        say(f"Still missing: the {secret.replace('_', ' ')}. Set {answers.secret_key} in the settings, or {secret} "
            "in the environment.")  # fmt: skip
    where = "" if Path.cwd() == answers.folder else f" --config {config}"
    say(f"Next: gateway check{where}, then gateway run{where}")


def check(
    context: typer.Context,
    mark_again: Annotated[
        bool,
        typer.Option("--mark-folders", help="Place the liveness markers anew, after folders were replaced on purpose."),
    ] = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Check settings, routes, mappings, schemas and names; all problems at once, each with its place.

    Exit code 2 when there is any.
    """
    shared = invocation(context, config, as_json)
    report = check_site(shared.config, os.environ)
    marked = mark_folders(report.settings) if mark_again and report.settings is not None else []
    if as_json:
        tell_json(_check_json(report, marked))
    else:
        _print_check(report, marked)
    raise typer.Exit(USAGE if report.problems else OK)


def _check_json(report: CheckReport, marked: list[str]) -> dict[str, Any]:
    settings = report.settings
    return {
        "ok": not report.problems,
        "config": str(settings.path) if settings is not None and settings.path else None,
        "problems": [{"place": one.place, "message": one.message} for one in report.problems],
        "warnings": list(report.warnings),
        "accounts": sorted(settings.accounts) if settings is not None else [],
        "routes": [route.name for route in settings.routes] if settings is not None else [],
        "marked": marked,
    }


def _print_check(report: CheckReport, marked: list[str]) -> None:
    out = console(stderr=bool(report.problems))
    if report.problems:
        out.print(f"{counted(len(report.problems), 'problem')}:", style="bold red")
    for problem in report.problems:
        out.print(f"  {plain(problem.place)}: {plain(problem.message)}", soft_wrap=True)
    for warning in report.warnings:
        out.print(f"Warning: {plain(warning)}", style="yellow", soft_wrap=True)
    for folder in marked:
        out.print(f"Marked {plain(folder)}", soft_wrap=True)
    settings = report.settings
    if not report.problems and settings is not None:
        accounts, routes = counted(len(settings.accounts), "account"), counted(len(settings.routes), "route")
        out.print(f"All is well: {accounts}, {routes}, every mapping and schema can be used.", style="green")
