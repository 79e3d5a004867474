"""What every command shares: its options, its settings, its site, and the one place where errors become words."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from gateway.cli.output import exit_code_of, print_error
from gateway.errors import GatewayError, UsageError
from gateway.settings import Settings, load_settings
from gateway.site import Site

Config = Annotated[
    Path | None,
    typer.Option(
        "--config", metavar="PATH", help="The settings file; without it GATEWAY_CONFIG, then gateway.toml here."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON, for scripts.")]
Since = Annotated[
    str | None,
    typer.Option(
        "--since", metavar="WHEN", help='From when on: "2026-11-24", "2026-11-24 08:00", "08:00" today, "3d", "2h".'
    ),
]
Match = Annotated[
    str | None,
    typer.Option("--match", metavar="PATTERN", help="Order number or file name; * for any text, ? for one character."),
]
AccountName = Annotated[str | None, typer.Option("--account", metavar="NAME", help="Only this account.")]
ReasonClass = Annotated[
    str | None, typer.Option("--class", metavar="CODE", help='Only this reason code, such as "bad-date".')
]

_SPANS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@dataclass(slots=True)
class Invocation:
    """One call of the command; what stands before the command's name and after it are one."""

    config: Path | None = None
    as_json: bool = False

    def settings(self) -> Settings:
        """Load the settings. Raises SettingsError."""
        return load_settings(self.config, os.environ)

    def site(self) -> Site:
        """Open the site to look at it or to ask for something."""
        return Site(self.settings())


def invocation(context: typer.Context, config: Path | None, as_json: bool = False) -> Invocation:
    """Return what holds for this call."""
    shared = context.ensure_object(Invocation)
    shared.config = config or shared.config
    shared.as_json = as_json
    return shared


class GatewayGroup(TyperGroup):
    """The whole command. Errors raised on purpose end here, as words and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command named."""
        shared = ctx.ensure_object(Invocation)
        try:
            return super().invoke(ctx)
        except GatewayError as error:
            print_error(error, as_json=shared.as_json)
            ctx.exit(exit_code_of(error))


def on_terminal() -> bool:
    """Tell whether somebody can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def confirm(question: str, *, yes: bool) -> None:
    """Ask before many things are done at once. Raises UsageError when nobody can be asked, Abort on a no."""
    if yes:
        return
    if not on_terminal():
        raise UsageError(
            f"{question} Nobody can be asked here.", hint="Say --yes to do it, --dry-run to see what it would do."
        )
    typer.confirm(question, abort=True, err=True)


def since_instant(text: str | None, now: datetime | None = None) -> datetime | None:
    """Return the instant that `--since` names, local time where no zone is given. Raises UsageError."""
    if text is None:
        return None
    now = (now or datetime.now(UTC)).astimezone()
    word = text.strip()
    span = re.fullmatch(r"(\d{1,6})\s*([mhdw])", word)
    if span:
        return (now - timedelta(**{_SPANS[span[2]]: int(span[1])})).astimezone(UTC)
    clock = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", word)
    if clock:
        return now.replace(hour=int(clock[1]), minute=int(clock[2]), second=0, microsecond=0).astimezone(UTC)
    try:
        named = datetime.fromisoformat(word)
    except ValueError:
        raise UsageError(
            f'--since "{text}" is no time.', hint='Such as 2026-11-24, "2026-11-24 08:00", 08:00, 3d, 2h or 30m.'
        ) from None
    return named.astimezone(UTC)
