"""`test-mapping`: the samples of mappings against what is expected of them, with a diff that can be read."""

from __future__ import annotations

import difflib
import json
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from gateway.cli.invocation import Config, Json, invocation
from gateway.cli.mappings import Chosen, all_mappings, choose_mapping, settings_if_any
from gateway.cli.output import NEEDS_PERSON, OK, USAGE, console, counted, plain, tell_json
from gateway.errors import Problem, SettingsError
from gateway.files.durable import FileDoor
from gateway.mapping.engine import Engine
from gateway.mapping.samples import Difference, SampleReport, check_sample, left_behind, sample_files

DIFF_LINES_SHOWN = 80
CONTEXT_LINES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """One mapping with the reports of its samples; `problems` when it cannot be used at all."""

    chosen: Chosen
    samples: tuple[SampleReport, ...] = ()
    problems: tuple[Problem, ...] = ()
    left_behind: tuple[Path, ...] = ()

    @property
    def proven(self) -> bool:
        """Tell whether there are samples, and each gives what is expected."""
        differs = any(sample.differences for sample in self.samples)
        return bool(self.samples) and not differs and not self.left_behind


def prove_samples(
    context: typer.Context,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Mappings by name or by folder; else all there are.")
    ] = None,
    accept: Annotated[
        bool, typer.Option("--accept", help="Write what came as what is expected. Read the diff first.")
    ] = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Run the samples of mappings and compare with the results that stand beside them.

    Exit code 1 when something differs, nothing is expected yet, or a mapping has no sample; 2 when one cannot be used.
    """
    from gateway.explaining import worker_engine  # pulls in everything

    shared = invocation(context, config, as_json)
    settings = settings_if_any(shared)
    chosen = [choose_mapping(name, settings) for name in names] if names else all_mappings(settings)
    with ExitStack() as open_engines:
        engines: dict[Path | None, Engine] = {}
        for one in chosen:
            if one.root not in engines:
                engines[one.root] = open_engines.enter_context(worker_engine(one.root, settings))
        tested = [_test(one, engines[one.root]) for one in chosen]
    written = _accept(tested) if accept else []
    if as_json:
        tell_json(_as_json(tested, written))
    else:
        _print(tested, written)
    raise typer.Exit(_exit_code(tested, accepted=accept))


def _test(chosen: Chosen, engine: Engine) -> Tested:
    try:
        mapping = chosen.load()
        reports = tuple(check_sample(engine, mapping, path) for path in sample_files(chosen.folder))
    except SettingsError as error:
        return Tested(chosen=chosen, problems=error.problems)
    except ValueError as error:  # an expected.json that is none
        return Tested(chosen=chosen, problems=(Problem(str(chosen.folder), str(error)),))
    return Tested(chosen=chosen, samples=reports, left_behind=tuple(left_behind(chosen.folder)))


def _exit_code(tested: Sequence[Tested], *, accepted: bool) -> int:
    if any(one.problems for one in tested):
        return USAGE
    fine = all(bool(one.samples) and not one.left_behind if accepted else one.proven for one in tested)
    return OK if fine else NEEDS_PERSON


def _accept(tested: Sequence[Tested]) -> list[Path]:
    """Write what came in place of what was expected; return the files touched."""
    door = FileDoor(file_mode=0o644, dir_mode=0o755)
    written = []
    for difference in (one for test in tested for sample in test.samples for one in sample.differences):
        door.remove(difference.path)
        if difference.found is not None:
            door.make_folder(difference.path.parent)
            door.write_durably(difference.path, difference.found)
        written.append(difference.path)
    return written


# Printing


def _as_json(tested: Sequence[Tested], written: Sequence[Path]) -> dict[str, Any]:
    return {
        "ok": all(one.proven for one in tested),
        "mappings": [
            {
                "name": one.chosen.name,
                "folder": str(one.chosen.folder),
                "ok": one.proven,
                "problems": [{"place": p.place, "message": p.message} for p in one.problems],
                "samples": [_sample_json(sample) for sample in one.samples],
                "left_behind": [path.name for path in one.left_behind],
            }
            for one in tested
        ],
        "accepted": [str(path) for path in written],
    }


def _sample_json(sample: SampleReport) -> dict[str, Any]:
    return {
        "sample": sample.path.name,
        "ok": not sample.differences,
        "documents": sample.documents,
        "findings": sample.findings,
        "differences": [
            {"file": _name(sample, one), "kind": _kind(one), "diff": diff_lines(one)} for one in sample.differences
        ],
    }


def _name(sample: SampleReport, difference: Difference) -> str:
    return difference.path.relative_to(sample.path.parent).as_posix()


def _kind(difference: Difference) -> str:
    if difference.expected is None:
        return "not expected"
    return "did not come" if difference.found is None else "differs"


def diff_lines(difference: Difference) -> list[str]:
    """Return a unified diff from what was expected to what came."""
    old, new = (_lines(body, difference.path) for body in (difference.expected, difference.found))
    lines = list(difflib.unified_diff(old, new, "expected", "came", lineterm="", n=CONTEXT_LINES))
    if not lines:
        return ["The lines are the same; only line ends or blanks that do not show differ."]
    return lines


def _lines(body: bytes | None, path: Path) -> list[str]:
    if body is None:
        return []
    text = body.decode("utf-8", "backslashreplace")
    if path.suffix == ".json":  # as a person may have laid it out, against how it is written
        text = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    return text.splitlines()


def _print(tested: Sequence[Tested], written: Sequence[Path]) -> None:
    out = console()
    accepted = set(written)
    for one in tested:
        out.print(Text(one.chosen.name, style="bold"), Text(f"  {plain(one.chosen.folder)}", style="dim"))
        for problem in one.problems:
            out.print(Text(f"  {plain(problem.place)}: {plain(problem.message)}", style="red"), soft_wrap=True)
        for sample in one.samples:
            _print_sample(out, sample, accepted)
        if not one.samples and not one.problems:
            out.print(Text("  no samples: put an export into its folder samples/, then say --accept", style="yellow"))
        for path in one.left_behind:
            out.print(Text(f"  {plain(path.name)} belongs to no sample", style="yellow"))
    _print_sum(out, tested, written)


def _print_sample(out: Console, sample: SampleReport, accepted: set[Path]) -> None:
    came = f"{counted(sample.documents, 'document')}, {counted(sample.findings, 'finding')}"
    if not sample.differences:
        out.print(Text.assemble("  ", ("ok      ", "green"), f"{plain(sample.path.name)}  {came}"))
        return
    word = "new" if sample.unproven or all(one.expected is None for one in sample.differences) else "differs"
    out.print(Text.assemble("  ", (f"{word:8}", "red"), f"{plain(sample.path.name)}  {came}"))
    for one in sample.differences:
        state = "accepted" if one.path in accepted else _kind(one)
        out.print(Text(f"    {plain(_name(sample, one))}: {state}", style="bold"))
        if one.path not in accepted:
            _print_diff(out, diff_lines(one))


def _print_diff(out: Console, lines: Sequence[str]) -> None:
    styles = {"-": "red", "+": "green", "@": "cyan"}
    for line in lines[:DIFF_LINES_SHOWN]:
        out.print(Text(f"      {plain(line)}", style=styles.get(line[:1], "")), soft_wrap=True)
    if len(lines) > DIFF_LINES_SHOWN:
        out.print(Text(f"      ... {len(lines) - DIFF_LINES_SHOWN} more lines (--json has all)", style="dim"))


def _print_sum(out: Console, tested: Sequence[Tested], written: Sequence[Path]) -> None:
    samples = [sample for one in tested for sample in one.samples]
    differ = sum(1 for sample in samples if sample.differences)
    if written:
        out.print(Text(f"Accepted: {counted(len(written), 'file')} written.", style="yellow"))
    elif differ:
        out.print(Text(f"{counted(differ, 'sample')} of {len(samples)} not as expected. "
                       "If what came is right: --accept.", style="red"))  # fmt: skip
    elif all(one.proven for one in tested):
        mappings = counted(len(tested), "mapping")
        out.print(Text(f"{counted(len(samples), 'sample')} of {mappings} as expected.", style="green"))
