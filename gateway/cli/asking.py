"""Asks for actions and tells what became of them. Exit code 1 when one was refused, whoever refused it.

Room: cli. Which messages are meant is decided in `operations.selection`; what may become of them by the service
that carries the actions out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import typer
from sqlalchemy import Connection, RowMapping

from gateway.cli.invocation import Invocation, confirm
from gateway.cli.orders import message_json, print_messages
from gateway.cli.output import NEEDS_PERSON, OK, counted, say, tell_json
from gateway.errors import UsageError
from gateway.journal.queries import MessageFilter
from gateway.operations.selection import VERBS, Selection, by_filter, by_targets
from gateway.settings import Settings
from gateway.site import Carried, Site, Wish, runs

MOST_AN_ACTION = 200
"""One stale message refuses the action it is in; so many others at most share its fate."""
AT_NEXT_START = "No gateway runs here: it will be carried out at the next start."
NOT_YET = "Not carried out yet: the gateway is busy. `gateway status` tells how many actions wait."


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """How a person named what is meant: by name, by id, or by filter."""

    targets: Sequence[str]
    ids: Sequence[int]
    wanted: MessageFilter
    everything: bool

    @property
    def by_name(self) -> bool:
        """Tell whether each was named; else a filter chooses."""
        return bool(self.targets or self.ids)

    def select(self, connection: Connection, verb: str) -> Selection:
        """Return what is meant. Raises UsageError for nothing said, or for both ways at once."""
        known = VERBS[verb]
        narrows = MessageFilter(states=self.wanted.states, code=self.wanted.code, since=self.wanted.since,
                                match=self.wanted.match)  # fmt: skip
        if self.by_name:
            if not narrows.empty or self.everything:
                raise UsageError("Names and a filter at once: which of the two is meant?")
            return by_targets(connection, known, self.targets, self.ids, self.wanted.account)
        if self.wanted.empty and not self.everything:
            raise UsageError(
                f"Nothing was named that is to be {known.done}.",
                hint="Name orders, files or ids, give a filter (--class, --match, --since, ...), or say --all.",
            )
        return by_filter(connection, known, self.wanted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """One command that asks for actions."""

    shared: Invocation
    dry_run: bool
    yes: bool
    wait: float

    def choose(self, verb: str, chosen: Chosen, wishes: Callable[[Selection], list[Wish]]) -> None:
        """Find what is meant, ask back where it is many, ask for it, and end with the exit code."""
        with self.shared.site() as site:
            selection = site.journal.read(lambda c: chosen.select(c, verb))
            what = [message_json(row) for row in selection.messages] + [_file_json(row) for row in selection.files]
            if selection and not self.dry_run and (len(selection) > 1 or not chosen.by_name):
                if not self.shared.as_json:
                    _print_selection(selection)
                confirm(f"{verb.capitalize()} {_words(selection)}?", yes=self.yes)
            if self.dry_run and not self.shared.as_json:
                _print_selection(selection)
            if selection.left_out and not self.shared.as_json:
                say(f"Left out: {counted(len(selection.left_out), 'order')} with wrong values in the file; "
                    "correct the file in the error folder and move it to retry.")  # fmt: skip
            self.ask(site, verb, wishes(selection), what)

    def about(self, verb: str, name: str, *, as_account: bool, as_route: bool) -> None:
        """Ask for something about an account or a route as a whole."""
        with self.shared.site() as site:
            kind = which_kind(site.settings, name, as_account=as_account, as_route=as_route)
            wish = Wish(kind=verb, arguments={"kind": kind, "name": name})
            self.ask(site, verb, [wish], [{"kind": kind, "name": name}])

    def ask(self, site: Site, verb: str, wishes: Sequence[Wish], what: Sequence[dict[str, Any]]) -> None:
        """Write the actions, wait for a running gateway, tell the results; ends the command with its exit code."""
        if self.dry_run or not wishes:
            self._tell(verb, what, [], running=runs(site.settings))
            raise typer.Exit(OK)
        ids = site.ask(wishes)
        running = bool(site.settings.journal.url) or runs(site.settings)
        results = site.await_results(ids, self.wait if running else 0.0)
        self._tell(verb, what, results, running=running)
        raise typer.Exit(NEEDS_PERSON if any(one.state == "refused" for one in results) else OK)

    def _tell(self, verb: str, what: Sequence[dict[str, Any]], results: Sequence[Carried], *, running: bool) -> None:
        if self.shared.as_json:
            tell_json(
                {
                    "action": verb,
                    "dry_run": self.dry_run,
                    "running": running,
                    "selected": list(what),
                    "results": [{"id": one.id, "state": one.state, "result": one.result} for one in results],
                }
            )
            return
        if not what:
            say(f"Nothing is there to {verb}.")
        elif self.dry_run:
            say(f"{counted(len(what), 'thing')} would be chosen to {verb}; nothing was asked for.")
        for one in results:
            if one.state != "waiting":
                say(f"{'Refused: ' if one.state == 'refused' else ''}{one.result}")
        waiting = sum(1 for one in results if one.state == "waiting")
        if waiting:
            say(f"Asked for ({verb}). {NOT_YET if running else AT_NEXT_START}")


def which_kind(settings: Settings, name: str, *, as_account: bool, as_route: bool) -> str:
    """Return "account" or "route". Raises UsageError for a name that neither or both have."""
    routes = [route.name for route in settings.routes]
    is_account = name in settings.accounts and not as_route
    is_route = name in routes and not as_account
    if is_account and is_route:
        raise UsageError(f'"{name}" is an account and a route.', hint="Say --account or --route.")
    if not is_account and not is_route:
        accounts, known = ", ".join(settings.accounts) or "none", ", ".join(routes) or "none"
        raise UsageError(
            f'There is no such account or route: "{name}".', hint=f"Accounts: {accounts}. Routes: {known}."
        )
    return "account" if is_account else "route"


def several(verb: str, **more: Any) -> Callable[[Selection], list[Wish]]:
    """Return how a selection becomes actions that carry many messages each."""

    def wishes(selection: Selection) -> list[Wish]:
        ids = [row["id"] for row in selection.messages]
        made = [
            Wish(kind=verb, arguments={"messages": ids[start : start + MOST_AN_ACTION], **more})
            for start in range(0, len(ids), MOST_AN_ACTION)
        ]
        return made + [Wish(kind=verb, arguments={"interchanges": [row["sequence"]]}) for row in selection.files]

    return wishes


def one_by_one(verb: str, **more: Any) -> Callable[[Selection], list[Wish]]:
    """Return how a selection becomes one action a message."""
    return lambda selection: [Wish(kind=verb, arguments={"message": row["id"], **more}) for row in selection.messages]


def _words(selection: Selection) -> str:
    messages, files = len(selection.messages), len(selection.files)
    parts = [counted(messages, "message")] if messages else []
    parts += [counted(files, "file")] if files else []
    return " and ".join(parts)


def _print_selection(selection: Selection) -> None:
    if selection.messages:
        print_messages(selection.messages)
    for row in selection.files:
        say(f"file {row['name']}: rejected, {row['reason']}")


def _file_json(row: RowMapping) -> dict[str, Any]:
    return {
        "file": row["name"], "file_id": row["sequence"], "state": row["state"], "code": row["reason_code"],
        "reason": row["reason"],
    }  # fmt: skip
