"""What a person decides: retry, release, resolve, skip, redeliver, pause, resume. Written into the journal as actions.

Room: cli. Declares the commands; what they share is in `asking`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import typer
from sqlalchemy import RowMapping

from gateway.cli.asking import Asking, Chosen, one_by_one, several
from gateway.cli.invocation import AccountName, Config, Json, Match, ReasonClass, Since, invocation, since_instant
from gateway.errors import UsageError
from gateway.journal import queries
from gateway.journal.queries import MessageFilter
from gateway.model import MessageKind
from gateway.operations.redelivery import meant
from gateway.site import Wish

WAIT_SECONDS = 5.0

Targets = Annotated[
    list[str] | None, typer.Argument(metavar="ORDER|FILE|ID", help="Order numbers, file names or message ids.")
]
Ids = Annotated[list[int] | None, typer.Option("--id", metavar="ID", help="A message by its id. May be repeated.")]
States = Annotated[list[str] | None, typer.Option("--state", metavar="STATE", help="Only this state. May be repeated.")]
Everything = Annotated[bool, typer.Option("--all", help="All there are; without it a filter or a name is needed.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done; ask for nothing.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Wait = Annotated[
    float, typer.Option("--wait", min=0, metavar="SECONDS", help="How long to wait for a running gateway to do it.")
]


def _chosen(
    targets: list[str] | None,
    ids: list[int] | None,
    everything: bool,
    states: list[str] | None,
    code: str | None,
    since: str | None,
    match: str | None,
    account: str | None,
) -> Chosen:
    """Put together how the person named what is meant."""
    wanted = MessageFilter(
        states=tuple(states or ()), code=code, since=since_instant(since), match=match, account=account
    )
    return Chosen(targets=tuple(targets or ()), ids=tuple(ids or ()), wanted=wanted, everything=everything)


def retry(
    context: typer.Context,
    targets: Targets = None,
    ids: Ids = None,
    states: States = None,
    code: ReasonClass = None,
    since: Since = None,
    match: Match = None,
    account: AccountName = None,
    everything: Everything = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    wait: Wait = WAIT_SECONDS,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Try failed orders and rejected files again: after a mapping was mended, or Jakamo's settings."""
    chosen = _chosen(targets, ids, everything, states, code, since, match, account)
    asking = Asking(shared=invocation(context, config, as_json), dry_run=dry_run, yes=yes, wait=wait)
    asking.choose("retry", chosen, several("retry"))


def release(
    context: typer.Context,
    targets: Targets = None,
    send_as: Annotated[
        Literal["change", "order"] | None,
        typer.Option("--as", help="Send it as a change, or as a new order; without it as it is."),
    ] = None,
    ids: Ids = None,
    code: ReasonClass = None,
    since: Since = None,
    match: Match = None,
    account: AccountName = None,
    everything: Everything = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    wait: Wait = WAIT_SECONDS,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Let held orders go: as they are, as a change, or as a new order."""
    kind = {"change": MessageKind.CHANGE, "order": MessageKind.ORDER}.get(send_as or "")
    extra = {"as": str(kind)} if kind else {}
    chosen = _chosen(targets, ids, everything, None, code, since, match, account)
    asking = Asking(shared=invocation(context, config, as_json), dry_run=dry_run, yes=yes, wait=wait)
    asking.choose("release", chosen, several("release", **extra))


def resolve(
    context: typer.Context,
    targets: Targets = None,
    sent: Annotated[bool, typer.Option("--sent", help="It arrived: Jakamo has it.")] = False,
    resend: Annotated[bool, typer.Option("--resend", help="It did not arrive: send it again, same bytes.")] = False,
    ids: Ids = None,
    code: ReasonClass = None,
    since: Since = None,
    match: Match = None,
    account: AccountName = None,
    everything: Everything = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    wait: Wait = WAIT_SECONDS,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Answer the question of an unknown outcome, after looking in Jakamo whether the order is there."""
    if sent == resend:
        raise UsageError("Did it arrive?", hint="Look in Jakamo, then say --sent or --resend.")
    chosen = _chosen(targets, ids, everything, None, code, since, match, account)
    asking = Asking(shared=invocation(context, config, as_json), dry_run=dry_run, yes=yes, wait=wait)
    asking.choose("resolve", chosen, one_by_one("resolve", arrived=sent))


def skip(
    context: typer.Context,
    targets: Targets = None,
    ids: Ids = None,
    states: States = None,
    code: ReasonClass = None,
    since: Since = None,
    match: Match = None,
    account: AccountName = None,
    everything: Everything = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    wait: Wait = WAIT_SECONDS,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Take failed or held orders, or rejected files, out of the way for good: they are not sent."""
    chosen = _chosen(targets, ids, everything, states, code, since, match, account)
    asking = Asking(shared=invocation(context, config, as_json), dry_run=dry_run, yes=yes, wait=wait)
    asking.choose("skip", chosen, several("skip"))


def redeliver(
    context: typer.Context,
    order: Annotated[str | None, typer.Argument(metavar="[ORDER]", help="The order number.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Each of the order, not the newest alone.")] = False,
    problems: Annotated[
        bool, typer.Option("--problems", help="What lies in problems/ and belongs to an order, of all orders.")
    ] = False,
    account: AccountName = None,
    dry_run: DryRun = False,
    wait: Wait = WAIT_SECONDS,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Write a supplier's response to the outbox once more, under a new name: the ERP lost it, or never got it."""
    asking = Asking(shared=invocation(context, config, as_json), dry_run=dry_run, yes=True, wait=wait)
    if (order is None) is not problems or (problems and everything):
        raise UsageError("Which responses?", hint="Name an order, or say --problems for all that lie in problems/.")
    with asking.shared.site() as site:
        rows = site.journal.read(lambda c: queries.responses(c, order, account))
        if order is not None and not rows:
            raise UsageError(f"The journal has no response for order {order}.", hint="`gateway show` lists them.")
        chosen = meant(rows, everything=everything)
        what = [
            {"response": row["id"], "order": row["order_number"], "kind": row["kind"], "file": row["name"]}
            for row in chosen
        ]
        wishes = _redeliveries(chosen, everything=everything, account=account, of_all=problems)
        asking.ask(site, "redeliver", wishes, what)


def _redeliveries(
    rows: Sequence[RowMapping], *, everything: bool, account: str | None, of_all: bool
) -> list[Wish]:
    """Return one wish for each order: one that cannot be carried out refuses no other."""
    wishes: dict[tuple[str, str | None], Wish] = {}
    for row in rows:
        arguments: dict[str, Any] = {"order": row["order_number"], "all": everything}
        named = row["account"] if of_all else account
        if named is not None:
            arguments["account"] = named
        wishes.setdefault((row["order_number"], named), Wish(kind="redeliver", arguments=arguments))
    return list(wishes.values())


Named = Annotated[str, typer.Argument(metavar="ACCOUNT-OR-ROUTE", help="Name of an account or of a route.")]
AsAccount = Annotated[bool, typer.Option("--account", help="It is the account that is meant.")]
AsRoute = Annotated[bool, typer.Option("--route", help="It is the route that is meant.")]


def pause(
    context: typer.Context,
    name: Named,
    as_account: AsAccount = False,
    as_route: AsRoute = False,
    dry_run: DryRun = False,
    wait: Wait = WAIT_SECONDS,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Stop an account (nothing is sent or fetched) or a route (its files stay in the inbox)."""
    asking = Asking(shared=invocation(context, config, as_json), dry_run=dry_run, yes=True, wait=wait)
    asking.about("pause", name, as_account=as_account, as_route=as_route)


def resume(
    context: typer.Context,
    name: Named,
    as_account: AsAccount = False,
    as_route: AsRoute = False,
    dry_run: DryRun = False,
    wait: Wait = WAIT_SECONDS,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Let a paused account or route go on."""
    asking = Asking(shared=invocation(context, config, as_json), dry_run=dry_run, yes=True, wait=wait)
    asking.about("resume", name, as_account=as_account, as_route=as_route)
