"""The command `gateway`: its commands in the order in which a site meets them, and how it begins and ends."""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli import (
    acting,
    bookkeeping,
    explaining,
    lives,
    looking,
    orders,
    proposing,
    running,
    setup,
    simulating,
    testing,
)
from gateway.cli.invocation import Config, GatewayGroup, invocation
from gateway.cli.output import NEEDS_PERSON, OK, console

_ORDER = (
    "demo init check init-mapping explain test-mapping run status orders show history retry release resolve skip "
    "redeliver pause resume repair-folders account simulate"
).split()


class _InOrder(GatewayGroup):
    """Lists its commands in the order in which a site meets them."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the commands; one that is not in the list comes last."""
        return sorted(super().list_commands(ctx), key=lambda name: _ORDER.index(name) if name in _ORDER else 99)


app = typer.Typer(
    name="gateway",
    cls=_InOrder,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # a pretty traceback shows local variables, and with them secrets
    context_settings={"help_option_names": ["-h", "--help"]},
    help="ERP export files in, Jakamo purchase orders out, supplier responses back as files.",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(version("jakamo-file-gateway"))
        raise typer.Exit


@app.callback()
def common(
    context: typer.Context,
    config: Config = None,
    show_version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version and end.")
    ] = False,
) -> None:
    """Take what holds for every command."""
    invocation(context, config)


@app.command()
def demo(
    context: typer.Context,
    folder: Annotated[Path | None, typer.Argument(metavar="[DIR]", help="Where; else a new scratch folder.")] = None,
) -> None:
    """Run the whole job in a scratch folder against the built-in simulator: files in, orders sent, responses out."""
    from gateway.cli.demo import print_outcome, run_demo  # pulls in everything; other commands need not wait for it

    invocation(context, None)
    out = console()
    found, answered, root, as_expected = run_demo(folder, out)
    print_outcome(found, answered, root, out)
    raise typer.Exit(OK if as_expected else NEEDS_PERSON)


for command in (
    setup.init, setup.check, running.run, looking.status, lives.show, lives.history, acting.retry, acting.release,
    acting.resolve, acting.skip, acting.redeliver, acting.pause, acting.resume, bookkeeping.repair_folders,
    simulating.simulate,
):  # fmt: skip
    app.command(name=command.__name__.replace("_", "-"))(command)
app.command(name="init-mapping")(proposing.init_mapping)
app.command(name="explain")(explaining.explain)
app.command(name="test-mapping")(testing.prove_samples)
app.add_typer(orders.app, name="orders")
app.add_typer(bookkeeping.accounts, name="account")


def run(arguments: list[str] | None = None) -> Any:
    """Run the command with its exit code: 0 fine, 1 something needs a person, 2 usage or settings."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a code page that lacks a letter must not end the command
    return app(arguments)
