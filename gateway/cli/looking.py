"""`status`: where the site stands now, in one screen. Exit code 1 when something needs a person."""

from __future__ import annotations

from typing import Any

import typer
from rich.console import Console
from rich.text import Text

from gateway.cli.invocation import Config, Invocation, Json, invocation
from gateway.cli.output import NEEDS_PERSON, OK, ago, console, counted, local, plain, table, tell_json
from gateway.clock import SystemClock
from gateway.model import ENDED, MessageState
from gateway.operations.overview import NOTHING, Overview, midnight_before, read_journal
from gateway.operations.places import look_at_folders
from gateway.operations.reasons import next_step
from gateway.places import site_files, site_layout
from gateway.site import Site, has_journal, runs

_MOVING = tuple(str(state) for state in MessageState if state not in ENDED)


def status(context: typer.Context, config: Config = None, as_json: Json = False) -> None:
    """Tell what is going on: accounts, counts, what needs a person, folders, ignored files.

    Exit code 1 when something needs a person.
    """
    overview = look(invocation(context, config, as_json))
    if as_json:
        tell_json(overview.as_json())
    else:
        _print(overview)
    raise typer.Exit(NEEDS_PERSON if overview.needs_person else OK)


def look(shared: Invocation) -> Overview:
    """Look at a site, also at one that has never run."""
    settings, now = shared.settings(), SystemClock().now()
    has_run = has_journal(settings)
    remembered = NOTHING
    if has_run:
        with Site(settings) as site:
            remembered = site.journal.read(lambda c: read_journal(c, midnight_before(now)))
    return Overview(
        settings=settings,
        running=runs(settings),
        has_run=has_run,
        remembered=remembered,
        places=look_at_folders(settings, site_layout(settings), site_files(settings)),
        at=now,
    )


def _print(overview: Overview) -> None:
    out = console()
    state = "running" if overview.running else "not running" if overview.has_run else "has not run yet"
    out.print(Text(f"Gateway {overview.settings.intake.node}: {state}", style="bold"))
    told = overview.as_json()
    _accounts(out, told)
    _counts(out, overview, told)
    _needs_you(out, overview)
    _trouble(out, overview)
    _folders(out, overview)


def _accounts(out: Console, told: dict[str, Any]) -> None:
    rows = []
    for one in told["accounts"]:
        state = "ok" if one["send"] else "rehearsal (send = false)"
        if one["paused"] is not None:
            state = f"paused: {one['paused']['reason']}"
        elif one["outage"] is not None:
            state = one["outage"]["text"]
        rows.append((one["name"], one["base_url"], state))
    out.print(table("Accounts", ("account", "address", "state"), rows))
    paused = [one["name"] for one in told["routes"] if one["paused"]]
    if paused:
        out.print(Text(f"Paused routes: {plain(', '.join(paused))}", style="yellow"))


def _counts(out: Console, overview: Overview, told: dict[str, Any]) -> None:
    today, messages = told["today"], overview.remembered.messages
    out.print(
        f"Today: {counted(today['files'], 'file')} in, {today['sent']} sent, {today['failed']} failed, "
        f"{counted(today['responses'], 'response')} to the outbox."
    )
    moving = [f"{messages[state]} {state}" for state in _MOVING if messages.get(state)]
    ended = [f"{messages[state]} {state}" for state in messages if state not in _MOVING and messages[state]]
    out.print(f"Open: {', '.join(moving) or 'nothing'}.   In all: {', '.join(ended) or 'nothing yet'}.")
    if overview.remembered.actions_waiting:
        out.print(f"{counted(overview.remembered.actions_waiting, 'action')} asked for and not carried out yet.")


def _needs_you(out: Console, overview: Overview) -> None:
    known = overview.remembered
    rows: list[tuple[object, ...]] = []
    for group in known.attention:
        example = known.examples.get(group["first"])
        order = example["order_number"] if example is not None else ""
        what = f"{order} and {group['count'] - 1} more" if group["count"] > 1 else order
        reason = example["reason"] if example is not None else ""
        rows.append((group["state"], group["reason_code"], what, reason, ago(group["oldest_at"], overview.at)))
    for row in known.rejected:
        rows.append(("rejected", row["reason_code"], row["name"], row["reason"], ago(row["claimed_at"], overview.at)))
    for row in known.problems:
        what = row["order_number"] or row["name"]
        rows.append(("problem", "queue", what, row["problem"], ago(row["fetched_at"], overview.at)))
    if not rows:
        out.print(Text("Nothing needs you.", style="green"))
        return
    out.print(table("Needs you", ("state", "class", "what", "why", "since"), rows))
    for state in dict.fromkeys(str(row[0]) for row in rows):
        if next_step(state):
            out.print(Text(f"  {state}: {next_step(state)}"), soft_wrap=True)


def _trouble(out: Console, overview: Overview) -> None:
    known = overview.remembered
    if known.incidents:
        rows = [(local(one["opened_at"]), one["count"], one["text"]) for one in known.incidents]
        out.print(table("What is wrong now", ("since", "times", "what"), rows))
    for row in known.removed:
        out.print(
            f"{plain(row['name'])} was removed from {row['folder']} by hand; its order waits as it was "
            "(`gateway repair-folders` puts it back).",
            soft_wrap=True,
        )


def _folders(out: Console, overview: Overview) -> None:
    rows = [
        (one.name, one.files if one.trouble is None else "?", ago(one.oldest_at, overview.at), one.trouble or one.path)
        for one in overview.places.folders
    ]
    out.print(table("Folders", ("folder", "files", "oldest", "where"), rows))
    if overview.places.ignored:
        left_out = [(one.path.name, one.reason) for one in overview.places.ignored]
        out.print(table("Ignored in the inbox", ("name", "why"), left_out))
