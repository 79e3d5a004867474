"""`account accept` and `repair-folders`: what is put right by hand, once in a while."""

from __future__ import annotations

from typing import Annotated

import typer

from gateway.cli.asking import Asking
from gateway.cli.invocation import Config, Json, confirm, invocation
from gateway.cli.output import say, tell_json
from gateway.errors import UsageError
from gateway.journal import totals
from gateway.site import Wish

accounts = typer.Typer(name="account", help="What the journal remembers of an account.", no_args_is_help=True)
WAIT_SECONDS = 5.0


@accounts.callback()
def group() -> None:
    """Keep `accept` a command of its own, though it is the only one."""


@accounts.command("accept")
def accept(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The account's name in the settings.")],
    same: Annotated[
        bool, typer.Option("--same", help="It is the same Jakamo account under a new address or user.")
    ] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="It is another Jakamo account: what was sent before is set aside.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Accept that an account points elsewhere now; until then `run` refuses to start.

    With --fresh every order counts as never sent to this account: a full export would send all of them.
    """
    shared = invocation(context, config, as_json)
    if same == fresh:
        raise UsageError("Is it the same Jakamo account?", hint="Say --same or --fresh.")
    settings = shared.settings()
    if name not in settings.accounts:
        raise UsageError(f'There is no account "{name}".', hint=f"There are: {', '.join(settings.accounts)}.")
    with shared.site() as site:
        if fresh:
            confirm(f"Count every order as never sent to account {name}?", yes=yes)
        identity = site.accept(name, fresh=fresh)
    if as_json:
        tell_json({"account": name, "identity": identity, "fresh": fresh})
    else:
        say(f"Account {name} is {identity} from now on{', with nothing sent yet' if fresh else ''}.")


def repair_folders(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be put back.")] = False,
    wait: Annotated[float, typer.Option("--wait", min=0, metavar="SECONDS", help="How long to wait.")] = WAIT_SECONDS,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Put back what was removed from the error folder by hand, with its reason."""
    asking = Asking(shared=invocation(context, config, as_json), dry_run=dry_run, yes=True, wait=wait)
    with asking.shared.site() as site:
        rows = site.journal.read(totals.removed_by_hand)
        what = [{"file": row["name"], "folder": row["folder"], "message": row["message"]} for row in rows]
        if not as_json:
            for row in rows:
                say(f"{row['folder']}/{row['name']}")
        asking.ask(site, "repair", [Wish(kind="repair", arguments={})] if rows else [], what)
