"""`simulate`: the stand-in for Jakamo as a program, with a dial for what goes wrong."""

from __future__ import annotations

from typing import Annotated, cast, get_args

import typer

from gateway.cli.invocation import Json, invocation
from gateway.cli.output import say, tell_json
from gateway.errors import UsageError
from gateway.simulator import PRESETS, VARIANTS, parse_fault, serve
from gateway.simulator.answers import Variant
from gateway.simulator.faults import Fault
from gateway.simulator.orders import DuplicateOrders


def simulate(
    context: typer.Context,
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Where it listens.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Its port; 0 for any that is free.")] = 8399,
    username: Annotated[str, typer.Option(help="The user name it asks for.")] = "integration",
    password: Annotated[str, typer.Option(help="The password it asks for.")] = "password",  # noqa: S107 - a simulator's
    fault: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME[:ENDPOINT[:TIMES]]", help="What goes wrong, such as 503:order:3 or html:queue:*."),
    ] = None,
    auto_confirm: Annotated[
        list[str] | None,
        typer.Option(metavar="VARIANT", help=f"Suppliers confirm each order, in turn: {', '.join(VARIANTS)}."),
    ] = None,
    duplicates: Annotated[str, typer.Option(metavar="MODE", help="An order sent twice: refuse or accept.")] = "refuse",
    quiet: Annotated[bool, typer.Option("--quiet", help="Do not print a line for each request.")] = False,
    list_faults: Annotated[bool, typer.Option("--list-faults", help="Print the names of faults and end.")] = False,
    as_json: Json = False,
) -> None:
    """Run a stand-in for Jakamo until Ctrl-C: accepts orders, refuses bad ones, answers with confirmations."""
    invocation(context, None, as_json)
    if list_faults:
        _list_faults(as_json)
        return
    faults, variants = _faults(fault or []), _variants(auto_confirm or [])
    if duplicates not in get_args(DuplicateOrders):
        raise UsageError(f'--duplicates "{duplicates}" is not known.', hint=" or ".join(get_args(DuplicateOrders)))

    def announce(words: str) -> None:
        """Say where it listens, then one line for each request."""
        if not words.startswith("http"):
            say(words)
        elif as_json:
            tell_json({"base_url": words})
        else:
            say(f"Listening on {words}, user {username}. Ctrl-C ends it.")

    try:
        serve(
            host, port, username=username, password=password, duplicate_orders=cast(DuplicateOrders, duplicates),
            auto_confirm=variants, faults=faults, announce=announce, show_requests=not quiet and not as_json,
        )  # fmt: skip
    except OSError as error:
        raise UsageError(f"It cannot listen on {host}:{port}: {error.strerror}.", hint="Name another --port.") from None


def _faults(names: list[str]) -> list[Fault]:
    try:
        return [parse_fault(name) for name in names]
    except ValueError as error:
        raise UsageError(str(error)) from None


def _variants(names: list[str]) -> list[Variant]:
    for name in names:
        if name not in VARIANTS:
            raise UsageError(f'There is no confirmation "{name}".', hint=f"There are: {', '.join(VARIANTS)}.")
    return [cast(Variant, name) for name in names]


def _list_faults(as_json: bool) -> None:
    if as_json:
        tell_json({"faults": [{"name": name, "what": what} for name, (what, _) in PRESETS.items()]})
        return
    say(*(f"{name:24} {what}" for name, (what, _) in PRESETS.items()), f"{'400 to 599':24} that HTTP status")
