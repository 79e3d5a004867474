"""How commands print: tables and sentences for people, JSON for scripts, what went wrong with what to do next.

Room: cli. Whatever comes from orders, files and servers is only ever shown as plain text: no markup, no control
characters, so that no order can write into the operator's terminal.
"""

from __future__ import annotations

import json
import os
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gateway.errors import GatewayError, SettingsError, UsageError

OK, NEEDS_PERSON, USAGE = 0, 1, 2
WIDTH_OF_A_PIPE = 2000
STYLES = {
    "sent": "green", "unchanged": "green", "acknowledged": "green", "done": "green", "closed": "green",
    "failed": "red", "rejected": "red", "refused": "red", "problem": "red", "unknown": "yellow", "held": "yellow",
    "retrying": "cyan", "parked": "cyan", "waiting": "cyan",
}  # fmt: skip


def console(*, stderr: bool = False) -> Console:
    """Return where to print: as wide as the terminal, or wide enough for a script to read whole lines."""
    stream = sys.stderr if stderr else sys.stdout
    piped = not stream.isatty() and "COLUMNS" not in os.environ
    return Console(
        file=stream, stderr=stderr, highlight=False, markup=False, emoji=False,
        width=WIDTH_OF_A_PIPE if piped else None,
    )  # fmt: skip


def plain(value: object, *, lines: bool = False) -> str:
    """Return a value as text without control or direction characters; line ends stay only if asked for."""
    text = "" if value is None else str(value)
    return "".join(char if _harmless(char, lines) else _shown(char) for char in text)


def _harmless(char: str, lines: bool) -> bool:
    return unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Zl", "Zp") or (lines and char == "\n")


def _shown(char: str) -> str:
    return " " if char in "\t\n\r" else f"\\u{ord(char):04x}"


def table(title: str, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """Return a table; words that are states get their colour."""
    made = Table(title=Text(title) if title else None, title_justify="left", box=box.SIMPLE_HEAD, show_edge=False)
    for heading in headings:
        made.add_column(Text(heading), overflow="fold")
    for row in rows:
        made.add_row(*(_cell(value) for value in row))
    return made


def _cell(value: object) -> Text:
    text = plain(value)
    return Text(text, style=STYLES.get(text, ""))


def say(*words: str) -> None:
    """Print sentences for a person, wrapped by the terminal and not by us."""
    out = console()
    for line in words:
        out.print(Text(plain(line, lines=True)), soft_wrap=True)


def tell_json(data: Any) -> None:
    """Print a result for scripts; its keys are a contract."""
    sys.stdout.write(json.dumps(data, indent=2) + "\n")
    sys.stdout.flush()


def local(at: datetime | None) -> str:
    """Return an instant in local time, to the second; empty for none."""
    return "" if at is None else at.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def ago(at: datetime | None, now: datetime | None = None) -> str:
    """Return how long ago something was: "3 h 12 min"; empty for none."""
    if at is None:
        return ""
    seconds = max(0, round(((now or datetime.now(UTC)) - at) / timedelta(seconds=1)))
    days, hours, minutes = seconds // 86400, seconds // 3600 % 24, seconds // 60 % 60
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min" if minutes else f"{seconds} s"


def counted(number: int, one: str, many: str | None = None) -> str:
    """Return a number with its word: "1 order", "2 orders"."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def exit_code_of(error: GatewayError) -> int:
    """Return 2 for what the caller or the settings got wrong, 1 for what a person must look into."""
    return USAGE if isinstance(error, (SettingsError, UsageError)) else NEEDS_PERSON


def print_error(error: GatewayError, *, as_json: bool) -> None:
    """Print what is wrong, where, and what to do next; never a traceback."""
    problems = error.problems if isinstance(error, SettingsError) else ()
    if as_json:
        tell_json(
            {
                "error": {
                    "code": error.code,
                    "message": error.message,
                    "hint": error.hint,
                    "problems": [{"place": one.place, "message": one.message} for one in problems],
                }
            }
        )
        return
    out = console(stderr=True)
    if len(problems) > 1:
        out.print(Text(f"Error: {counted(len(problems), 'problem')}", style="bold red"))
        for one in problems:
            out.print(Text(f"  {plain(one.place)}: {plain(one.message)}"), soft_wrap=True)
    else:
        # a settings error that was made of one sentence says no more than "settings" about its place
        message = error.message.removeprefix("settings: ") if problems else error.message
        out.print(Text.assemble(("Error: ", "bold red"), plain(message, lines=True)), soft_wrap=True)
    if error.hint:
        out.print(Text.assemble(("What to do: ", "bold"), plain(error.hint, lines=True)), soft_wrap=True)
