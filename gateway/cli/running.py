"""`run`: the service until it is told to stop, or until nothing can move by itself any more."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from sqlalchemy import RowMapping

from gateway.cli.invocation import Config, Json, invocation
from gateway.cli.logs import EventLog, LogFormat, make_logger
from gateway.cli.memory import share_one_pool
from gateway.cli.orders import message_json
from gateway.cli.output import NEEDS_PERSON, OK, console, counted, local, say, table, tell_json
from gateway.clock import SystemClock
from gateway.journal import queries
from gateway.journal.recent import events_from, last_event
from gateway.model import ENDED
from gateway.operations.overview import COUNTED, Remembered, midnight_before, read_journal
from gateway.settings import Settings
from gateway.site import Site

if TYPE_CHECKING:
    from gateway.app import Gateway

MOST_SHOWN = 50
_ENDED = frozenset(map(str, ENDED))
Report = Callable[[Mapping[str, int]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How a run ended, and what remains."""

    ended: str  # idle, stopped, failed
    failed: Sequence[str]
    events: Mapping[tuple[str, str], int]  # of this run
    remembered: Remembered
    remaining: Sequence[RowMapping]
    waiting: Sequence[tuple[str, str, str]]  # path, reason, detail

    @property
    def exit_code(self) -> int:
        """Return 1 when something needs a person; a run that was told to stop before it was idle is no failure."""
        return NEEDS_PERSON if self.failed or self.remembered.needs_person else OK

    def as_json(self) -> dict[str, Any]:
        """Return it for scripts. Its keys are a contract."""
        return {
            "ended": self.ended,
            "failed": list(self.failed),
            "needs_person": self.remembered.needs_person,
            "this_run": {word: self.events.get(event, 0) for word, event in COUNTED.items()},
            "messages": dict(self.remembered.messages),
            "remaining": [message_json(row) for row in self.remaining],
            "rejected": [
                {"file": row["name"], "file_id": row["sequence"], "code": row["reason_code"], "reason": row["reason"]}
                for row in self.remembered.rejected
            ],
            "files_waiting": [
                {"path": path, "reason": reason, "detail": detail} for path, reason, detail in self.waiting
            ],
        }


def run(
    context: typer.Context,
    until_idle: Annotated[
        bool, typer.Option("--until-idle", help="End when nothing can move without a due time or a person.")
    ] = False,
    log: Annotated[
        LogFormat, typer.Option("--log", help="One line an event: console, json, off; auto: what fits the terminal.")
    ] = "auto",
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Run the gateway until SIGTERM or Ctrl-C; with --until-idle once through, telling what remains.

    Exit code 1 when something needs a person at the end of --until-idle, or when the service gave up.
    """
    shared = invocation(context, config, as_json)
    result = _run(shared.settings(), until_idle=until_idle, form=log, as_json=as_json)
    if as_json:
        tell_json(result.as_json())
    elif until_idle:
        _print_result(result)
    for words in result.failed:
        console(stderr=True).print(f"The service gave up: {words}", style="bold red")
    if until_idle:
        raise typer.Exit(result.exit_code)
    raise typer.Exit(NEEDS_PERSON if result.failed else OK)


def _run(settings: Settings, *, until_idle: bool, form: LogFormat, as_json: bool) -> Result:
    """Build the gateway, let it run, close it, and read what it left."""
    from gateway.app import Gateway

    share_one_pool()
    stop = threading.Event()
    with _ending_signals(stop), contextlib.ExitStack() as ending:
        gateway = Gateway(settings)
        gateway_closed = contextlib.ExitStack()
        ending.push(gateway_closed)
        gateway_closed.callback(gateway.close)
        site = ending.enter_context(Site(settings))
        first = site.journal.read(last_event) + 1
        shows = until_idle and not as_json and console(stderr=True).is_terminal
        logger = make_logger("off" if shows and form == "auto" else form)
        followed = EventLog(site, logger, first - 1) if logger is not None else None
        if followed is not None:
            _note_start(followed, settings)
            followed.start()
        try:
            failed = _work(gateway, stop, until_idle=until_idle, shows=shows)
            waiting = [(str(one.entry.path), str(one.reason), one.detail) for one in gateway.parts.scanner.waiting()]
        finally:
            gateway_closed.close()
            if followed is not None:
                followed.close()
                followed.note("gateway.stopped", "stopped")
        ended = "failed" if failed else "stopped" if stop.is_set() or not until_idle else "idle"
        return _read_result(site, ended, failed, first, waiting)


def _note_start(followed: EventLog, settings: Settings) -> None:
    followed.note(
        "gateway.started", "started", node=settings.intake.node, accounts=",".join(settings.accounts),
        routes=",".join(route.name for route in settings.routes), config=str(settings.path or "environment"),
    )  # fmt: skip


def _work(gateway: Gateway, stop: threading.Event, *, until_idle: bool, shows: bool) -> list[str]:
    if not until_idle:
        return gateway.run(stop)
    if not shows:
        return gateway.run_until_idle(stop)
    with progress(console(stderr=True)) as report:
        return gateway.run_until_idle(stop, report)


@contextlib.contextmanager
def progress(out: Console) -> Iterator[Report]:
    """Show on a terminal how many orders are at their end, and what the others do."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[words]}"), TimeElapsedColumn())
    with Progress(*columns, console=out, transient=True) as bar:
        task = bar.add_task("orders", total=None, words="")
        known: list[Mapping[str, int]] = []

        def report(counts: Mapping[str, int]) -> None:
            """Count from where this run began."""
            known[1:] = [counts]
            if len(known) == 1:
                return
            before = sum(number for state, number in known[0].items() if state in _ENDED)
            ended = sum(number for state, number in counts.items() if state in _ENDED) - before
            words = ", ".join(f"{number} {state}" for state, number in counts.items() if state not in _ENDED)
            bar.update(task, total=sum(counts.values()) - before, completed=ended, words=words)

        yield report


@contextlib.contextmanager
def _ending_signals(stop: threading.Event) -> Iterator[None]:
    """Let SIGTERM and SIGINT end the run in order; a second one ends it at once."""

    def end(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        stop.set()

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _read_result(
    site: Site, ended: str, failed: Sequence[str], first: int, waiting: Sequence[tuple[str, str, str]]
) -> Result:
    midnight = midnight_before(SystemClock().now())
    return Result(
        ended=ended, failed=failed, waiting=waiting,
        events=site.journal.read(lambda c: events_from(c, first)),
        remembered=site.journal.read(lambda c: read_journal(c, midnight)),
        remaining=site.journal.read(lambda c: queries.unfinished(c, MOST_SHOWN)),
    )  # fmt: skip


def _print_result(result: Result) -> None:
    did = {word: result.events.get(event, 0) for word, event in COUNTED.items()}
    say(
        f"{'Idle' if result.ended == 'idle' else 'Stopped before it was idle'}: {counted(did['files'], 'file')} in, "
        f"{did['sent']} sent, {did['failed']} failed, {counted(did['responses'], 'response')} to the outbox."
    )
    rows: list[tuple[object, ...]] = [
        (row["order_number"], row["kind"] or row["kind_hint"], row["state"], row["file"], _until(row), row["reason"])
        for row in result.remaining
    ]
    rows += [("", "file", "rejected", row["name"], "", row["reason"]) for row in result.remembered.rejected]
    rows += [(row["order_number"], row["kind"], "problem", row["name"], "", row["problem"])
             for row in result.remembered.problems]  # fmt: skip
    rows += [("", "file", "waiting", path, "", f"{reason} {detail}".strip()) for path, reason, detail in result.waiting]
    if not rows:
        say("Nothing remains.")
        return
    console().print(table("What remains", ("order", "document", "state", "file", "next try", "why"), rows))
    open_ones = sum(number for state, number in result.remembered.messages.items() if state not in _ENDED)
    if open_ones > len(result.remaining):
        say(f"... and {open_ones - len(result.remaining)} more orders: `gateway orders` lists them.")


def _until(row: RowMapping) -> str:
    return local(row["due_at"]) if row["state"] in ("retrying", "parked") else ""
