"""`show` and `history`: the whole life of an order, and what happened to it or to a file, line by line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text
from sqlalchemy import RowMapping

from gateway.cli.invocation import AccountName, Config, Json, invocation
from gateway.cli.output import STYLES, console, local, plain, say, table, tell_json
from gateway.errors import UsageError
from gateway.journal import queries
from gateway.model import Finding
from gateway.operations.lives import Happening, OrderLife, happenings, order_lives
from gateway.operations.reasons import next_step
from gateway.site import Site

FINDINGS_SHOWN = 5  # of a response, which was delivered all the same; --json has all


def show(
    context: typer.Context,
    order: Annotated[str, typer.Argument(metavar="ORDER", help="The order number, as the ERP has it.")],
    account: AccountName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Tell the life of an order: file, row, mapping, attempts with Jakamo's answers, responses, what waits behind."""
    shared = invocation(context, config, as_json)
    with shared.site() as site:
        lives = site.journal.read(lambda c: order_lives(c, order, account))
        if not lives:
            raise unknown_order(site, order)
    if as_json:
        tell_json({"order": order, "accounts": [life.as_json() for life in lives]})
        return
    out = console()
    for life in lives:
        _print_life(out, life)


def unknown_order(site: Site, text: str) -> UsageError:
    """Return the error for what nobody has heard of, with what may have been meant."""
    similar = site.journal.read(lambda c: queries.similar_numbers(c, text))
    hint = f"Did you mean {', '.join(similar)}?" if similar else "`gateway orders` lists what there is."
    return UsageError(f"The journal knows nothing called {text}.", hint=hint)


def _print_life(out: Console, life: OrderLife) -> None:
    out.print(Text(f"Order {plain(life.order_number)}, account {plain(life.account)}", style="bold"))
    out.print(Text(_memory(life.memory)), soft_wrap=True)
    for row in life.messages:
        _print_message(out, life, row)
    if life.responses:
        rows = [
            (local(one["fetched_at"]), one["kind"], one["state"], one["name"], one["problem"] or "")
            for one in life.responses
        ]
        out.print(table("From the supplier", ("fetched", "document", "state", "file in the outbox", "problem"), rows))
        for one in life.responses:
            for data in one["findings"][:FINDINGS_SHOWN]:
                out.print(Text(plain(f"  {one['name']}: {_finding(data)}")), soft_wrap=True)


def _memory(row: RowMapping | None) -> str:
    """Say what Jakamo has."""
    if row is None:
        return "Jakamo has not got it from here."
    how = "was imported" if row["imported"] else "was last sent"
    words = [f"Jakamo has it: {how} {local(row['last_sent_at'])}"]
    if row["change_count"]:
        words.append(f"{row['change_count']} change(s)")
    if row["cancelled"]:
        words.append("cancelled")
    if row["line_ids"]:
        words.append(f"lines {', '.join(row['line_ids'][:20])}")
    if row["supplier"]:
        words.append(f"supplier {row['supplier']}")
    return plain(", ".join(words) + ".")


def _print_message(out: Console, life: OrderLife, row: RowMapping) -> None:
    kind = row["kind"] or row["kind_hint"] or "not mapped yet"
    state = (row["state"], STYLES.get(row["state"], ""))
    head = Text.assemble(f"\n{kind} (message {row['id']}): ", state, f" since {local(row['state_at'])}")
    out.print(head, soft_wrap=True)
    place = life.places.get(row["id"], "")
    source = f"{row['file']}{', ' + place if place else ''}, taken {local(row['claimed_at'])}"
    origin = " (handed back)" if row["origin"] == "retry" else ""
    mapping = f"{row['mapping']}{' ' + row['mapping_hash'][:12] if row['mapping_hash'] else ''}"
    lines = [f"  from {source}{origin}", f"  by route {row['route']}, mapping {mapping}"]
    if row["reason"]:
        lines.append(f"  why: {row['reason']} [{row['reason_code']}]")
    lines += [f"    {_finding(data)}" for data in row["findings"]]
    if row["due_at"] is not None:
        lines.append(f"  next try: {local(row['due_at'])}")
    lines += [f"  {_attempt(one)}" for one in life.attempts.get(row["id"], ())]
    behind = life.behind(row["id"])
    if behind:
        lines.append(f"  {len(behind)} wait behind it: message {', '.join(map(str, behind))}")
    step = next_step(row["state"], row["reason_code"])
    if step:
        lines.append(f"  What to do: {step}")
    for line in lines:
        out.print(Text(plain(line)), soft_wrap=True)


def _finding(data: dict[str, Any]) -> str:
    finding = Finding.from_dict(dict(data))
    where = finding.where()
    text = f"{where + ': ' if where else ''}{finding.message}"
    if finding.value is not None and finding.value not in finding.message:
        text += f' Found: "{finding.value}".'
    if finding.expected is not None and finding.expected not in finding.message:
        text += f" Expected: {finding.expected}."
    return text


def _attempt(row: RowMapping) -> str:
    """Say one attempt with Jakamo's answer."""
    answer = row["answer_class"] or ("on its way" if row["ended_at"] is None else "not handed over")
    status = f" {row['status']}" if row["status"] else ""
    words = f": {row['words']}" if row["words"] else ""
    detail = f" ({row['detail']})" if row["detail"] and row["detail"] != row["words"] else ""
    return f"attempt {row['number']}, {local(row['started_at'])}: {answer}{status}{words}{detail}"


def history(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="FILE-OR-ORDER", help="A file's name (with * and ?) or an order.")],
    account: AccountName = None,
    files: Annotated[int, typer.Option("--files", min=1, metavar="N", help="Only the newest files so called.")] = 10,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Tell what happened to a file and its orders, or to an order, line by line."""
    shared = invocation(context, config, as_json)
    with shared.site() as site:
        lines = site.journal.read(lambda c: happenings(c, name, account, files))
        if not lines and PurePath(name).name != name:
            lines = site.journal.read(lambda c: happenings(c, PurePath(name).name, account, files))
        if not lines:
            raise unknown_order(site, name)
    if as_json:
        tell_json({"name": name, "events": [line.as_json() for line in lines]})
        return
    _print_history(lines)


def _print_history(lines: Sequence[Happening]) -> None:
    rows = [(local(one.at), one.subject, one.key, one.name, one.event, one.text) for one in lines]
    console().print(table("", ("at", "what", "id", "name", "event", "more"), rows))
    say(f"{len(lines)} events.")
