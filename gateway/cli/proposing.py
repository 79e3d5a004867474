"""`init-mapping`: a new mapping folder, proposed from a sample export, to be checked and edited."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from gateway.cli.invocation import Config, Json, invocation
from gateway.cli.mappings import settings_if_any
from gateway.cli.output import OK, console, counted, plain, say, table, tell_json
from gateway.errors import FileRejected, UsageError
from gateway.files.durable import FileDoor
from gateway.mapping.mapping import DECLARATION, SAMPLES, load_mapping, shipped_folder
from gateway.mapping.proposing import NoProposal, Proposal, propose
from gateway.mapping.proposing.proposal import STYLESHEET
from gateway.mapping.samples import SampleReport, check_sample
from gateway.settings import Settings

MOST_BYTES = 50 * 1024 * 1024
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\Z")
_ENDING = re.compile(r"\.[A-Za-z0-9]{1,5}\Z")


def init_mapping(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the mapping is called; a path for another place.")],
    export: Annotated[
        Path, typer.Option("--from", metavar="EXPORT", help="A sample of what the ERP writes: CSV or XML.")
    ],
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Propose a mapping folder from a sample export: a start to edit, every guess marked with its evidence.

    Writes mapping.toml, a stylesheet, a sample of a few orders and what comes of it. Never overwrites anything.
    """
    shared = invocation(context, config, as_json)
    settings = settings_if_any(shared)
    folder = _folder(name, settings)
    door = FileDoor(file_mode=0o644, dir_mode=0o755)
    if door.exists(folder):
        raise UsageError(f"{folder} is there already.", hint="Choose another name, or move it away.")
    data = _read(door, export.expanduser())
    try:
        proposal = propose(folder.name, data, export.name)
    except NoProposal as refusal:
        raise UsageError(str(refusal), hint="Nothing was written.") from None
    files = _write(door, folder, proposal, data, export)
    report = _prove(door, folder, files[-1], settings)
    files += [one.path for one in report.differences if one.found is not None]
    told = {
        "folder": str(folder),
        "files": [path.relative_to(folder).as_posix() for path in files],
        "guesses": [asdict(one) for one in proposal.guesses],
        "not_guessed": list(proposal.not_guessed),
        "to_fill_in": list(proposal.to_fill_in),
        "sample": {"documents": report.documents, "findings": report.findings},
    }
    if as_json:
        tell_json(told)
    else:
        _print(told, _try_as(folder, settings), export)
    raise typer.Exit(OK)


def _write(door: FileDoor, folder: Path, proposal: Proposal, data: bytes, export: Path) -> list[Path]:
    """Write declaration, stylesheet and sample, in this order; return their paths."""
    ending = export.suffix.lower() if _ENDING.match(export.suffix) else ".csv"
    sample = folder / SAMPLES / f"basic{ending}"
    door.make_folder(sample.parent)
    files = {
        folder / DECLARATION: proposal.declaration.encode(),
        folder / STYLESHEET: proposal.stylesheet.encode(),
        sample: proposal.excerpt(data, export.name),
    }
    for path, content in files.items():
        door.write_durably(path, content)
    return list(files)


def _folder(name: str, settings: Settings | None) -> Path:
    """Return where the mapping is made: among the site's mappings, in xslt/ here without a site, or at a path."""
    path = Path(name).expanduser()
    if not _NAME.match(path.name):
        raise UsageError(
            f'"{path.name}" cannot be the name of a mapping.', hint="Use letters, digits, dot, - and _; no blank."
        )
    if len(path.parts) > 1:
        return path.absolute()
    if settings is not None:
        return settings.folders.mappings.absolute() / name
    return Path("xslt").absolute() / name


def _read(door: FileDoor, path: Path) -> bytes:
    try:
        return door.read(path, MOST_BYTES)
    except FileNotFoundError:
        raise UsageError(f"There is no file {path}.") from None
    except FileRejected as refusal:
        raise UsageError(refusal.message, hint="A part of it with a few whole orders is enough.") from refusal


def _prove(door: FileDoor, folder: Path, sample: Path, settings: Settings | None) -> SampleReport:
    """Run the sample and write what came of it as what is expected from now on."""
    from gateway.explaining import worker_engine  # pulls in everything

    with worker_engine(folder.parent, settings) as engine:
        report = check_sample(engine, load_mapping(folder), sample)
    for one in report.differences:
        if one.found is not None:
            door.make_folder(one.path.parent)
            door.write_durably(one.path, one.found)
    return report


def _try_as(folder: Path, settings: Settings | None) -> str:
    """Return how the other commands call the mapping."""
    if settings is not None and folder.parent == settings.folders.mappings.absolute():
        return folder.name
    here = Path.cwd()
    return str(folder.relative_to(here)) if folder.is_relative_to(here) else str(folder)


def _print(told: dict[str, Any], name: str, export: Path) -> None:
    out = console()
    out.print(Text(f"A proposal: {plain(told['folder'])}", style="bold"), soft_wrap=True)
    say(*(f"  {file}" for file in told["files"]))
    rows = [
        (one["what"], {"\t": "tab"}.get(one["value"], one["value"]), one["evidence"], one["check"])
        for one in told["guesses"]
    ]
    out.print(table("Guessed", ("what", "value", "because", "check"), rows))
    if told["not_guessed"] or told["to_fill_in"]:
        out.print(Text("Not guessed", style="bold yellow"))
        say(*(f"  {one}" for one in told["not_guessed"]))
        say(*(f"  fill in {one.replace('_', ' ')} in order.xsl" for one in told["to_fill_in"]))
    came = told["sample"]
    valid, findings = counted(came["documents"], "valid document"), counted(came["findings"], "finding")
    say(f"The sample gives {valid} and {findings}.")
    if shipped_folder("xslt").joinpath(Path(told["folder"]).name).is_dir():
        out.print(Text("A shipped mapping has this name too; the site's own wins.", style="yellow"))
    say(f"Next: gateway explain {export} --mapping {name}, edit, gateway test-mapping {name} --accept")
