"""`explain`: what would become of a file if it were dropped now, on the terminal, as JSON, as a page."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from gateway.cli.invocation import Config, Json, invocation
from gateway.cli.mappings import choose_mapping, settings_if_any
from gateway.cli.output import NEEDS_PERSON, OK, console, local, plain, table, tell_json
from gateway.errors import UsageError
from gateway.files.durable import FileDoor

if TYPE_CHECKING:
    from gateway.operations.explanation import Explanation, OrderDetail
    from gateway.operations.source_view import SourceView

MOST_COLUMNS = 10
_STYLES = {"would go": "green", "unchanged": "green", "rehearsal": "green", "would wait": "cyan", "refused": "red"}


def explain(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The export to be looked at; it stays where it is.")],
    route: Annotated[
        str | None, typer.Option("--route", metavar="NAME", help="This route, whatever the file is called.")
    ] = None,
    mapping: Annotated[
        str | None, typer.Option("--mapping", metavar="NAME", help="This mapping, by name or folder; needs no site.")
    ] = None,
    order: Annotated[
        list[str] | None, typer.Option("--order", metavar="NUMBER", help="Only this order. May be repeated.")
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", min=1, metavar="N", help="Show at most so many orders in full.")
    ] = 20,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write it as one page that needs nothing else.")
    ] = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Show what would become of a file if it were dropped now. Nothing is sent, moved or written.

    Which route and why, the source, the tree that the stylesheet sees, its result, all findings, the request that
    would go, and the difference to what was last sent. Exit code 1 when something would need a person.
    """
    from gateway.explaining import Question
    from gateway.explaining import explain as ask  # pulls in everything
    from gateway.operations.explaining import Wanted

    shared = invocation(context, config, as_json)
    if route is not None and mapping is not None:
        raise UsageError("--route and --mapping at once: which of the two is meant?")
    settings = settings_if_any(shared)
    chosen = choose_mapping(mapping, settings) if mapping is not None else None
    question = Question(
        path=file.expanduser(),
        route=route,
        mapping=chosen.load() if chosen is not None else None,
        mapping_root=chosen.root if chosen is not None else None,
        wanted=Wanted(orders=tuple(order or ()), limit=limit),
    )
    explanation = ask(question, settings)
    if html is not None:
        _write_page(html.expanduser(), explanation)
    if as_json:
        tell_json(explanation.as_json())
    else:
        _print(explanation, in_full=bool(order) or len(explanation.fates) == 1)
        if html is not None:
            console().print(Text(f"Written: {plain(html)}"), soft_wrap=True)
    raise typer.Exit(NEEDS_PERSON if explanation.needs_person else OK)


def _write_page(path: Path, explanation: Explanation) -> None:
    """Write the page; an older page of ours is replaced, anything else is left alone."""
    from gateway.cli.explain_page import MARK, page

    door = FileDoor(file_mode=0o644, dir_mode=0o755)
    if door.exists(path):
        if not door.head(path, len(MARK)).startswith(MARK.encode()):
            raise UsageError(f"{path} is there already and is no page of `explain`.", hint="Name another file.")
        door.remove(path)
    door.write_durably(path, page(explanation).encode())


def _print(explanation: Explanation, *, in_full: bool) -> None:
    from gateway.cli.explain_words import about, finding_words, left_out, verdict

    out = console()
    out.print(Text(f"{plain(explanation.file)}, as if it were dropped now", style="bold"))
    for word, value in about(explanation):
        out.print(Text.assemble((f"  {word:8}", "dim"), plain(value)), soft_wrap=True)
    for one in explanation.considered:
        if not one.takes:
            out.print(Text(f"           not {plain(one.route)}: {plain(one.why)}", style="dim"), soft_wrap=True)
    for finding in (*explanation.rejected, *explanation.warnings):
        style = "red" if finding.severity == "error" else "yellow"
        out.print(Text(f"  {plain(finding_words(finding))}", style=style), soft_wrap=True)
    for detail in explanation.shown:
        _print_order(out, detail, in_full=in_full)
    out.print()
    out.print(Text(verdict(explanation), style="red" if explanation.needs_person else "green"), soft_wrap=True)
    if left_out(explanation):
        out.print(Text(left_out(explanation)), soft_wrap=True)
    if explanation.shown and not in_full:
        number = shlex.quote(explanation.shown[0].fate.order_number)
        out.print(Text(f"Tree, result and request of one order: --order {plain(number)}; of all: --html FILE."))


def _print_order(out: Console, detail: OrderDetail, *, in_full: bool) -> None:
    from gateway.cli.explain_words import finding_words, would

    fate = detail.fate
    kind = fate.kind or fate.kind_hint or "kind not known"
    out.print()
    words = would(fate)
    out.print(
        Text.assemble(
            (plain(fate.order_number), "bold"), f"  {kind}, {plain(detail.place) or 'the whole file'}: ",
            (words, _STYLES.get(words, "yellow")),
        ),
        soft_wrap=True,
    )  # fmt: skip
    if fate.reason and not any(finding.message in fate.reason for finding in fate.findings):
        out.print(Text(f"  {plain(fate.reason)}"), soft_wrap=True)
    for finding in fate.findings:
        style = "red" if finding.severity == "error" else "yellow"
        out.print(Text(f"  {plain(finding_words(finding))}", style=style), soft_wrap=True)
    if detail.request is not None:
        out.print(Text(f"  {detail.request.method} {plain(detail.request.url)}"), soft_wrap=True)
    _print_difference(out, detail)
    if in_full:
        _print_in_full(out, detail)


def _print_difference(out: Console, detail: OrderDetail) -> None:
    last = detail.last_sent
    if last is None:
        return
    same = "no difference" if not last.difference else "the difference"
    out.print(Text(f"  last sent {local(last.at)} (message {last.message}): {same}", style="dim"))
    for sentence in last.difference:
        out.print(Text(f"    {plain(sentence)}", style="cyan"), soft_wrap=True)


def _print_in_full(out: Console, detail: OrderDetail) -> None:
    source = detail.source
    if source.table:
        _print_rows(out, source)
    else:
        _print_text(out, "Source", [f"{number:6} {cells[0]}" for number, cells in source.rows])
    if source.cut:
        out.print(Text(f"  ... {source.cut} more", style="dim"))
    _print_text(out, "What the stylesheet sees", detail.canonical.splitlines())
    if detail.result is not None:
        marked = [f"{'>' if number in detail.marks else ' '} {line}" for number, line in _numbered(detail.result)]
        _print_text(out, "Result" if detail.fate.kind else "Result, refused", marked)
    if detail.request is not None:
        request = detail.request
        lines = [f"{request.method} {request.url}", *(f"{name}: {value}" for name, value in request.headers)]
        _print_text(out, "Request, with the result as its body", lines)


def _print_rows(out: Console, source: SourceView) -> None:
    """Print rows as a table; where there are too many columns for that, each row as its cells that hold something."""
    width = max((len(cells) for _number, cells in source.rows), default=0)
    labels = [*source.labels[:width], *("" for _ in range(width - len(source.labels)))]
    if width <= MOST_COLUMNS:
        out.print(table("Source", ("row", *labels), [(number, *cells) for number, cells in source.rows]))
        return
    out.print(Text("Source", style="italic"))
    for number, cells in source.rows:
        out.print(Text(f"  row {number}", style="bold"))
        for label, cell in zip(labels, cells, strict=False):
            if cell.strip():
                out.print(Text.assemble((f"    {plain(label)}: ", "dim"), plain(cell)), soft_wrap=True)


def _numbered(text: str) -> list[tuple[int, str]]:
    return list(enumerate(text.splitlines(), start=1))


def _print_text(out: Console, title: str, lines: list[str]) -> None:
    out.print(Text(title, style="italic"))
    for line in lines:
        out.print(Text(f"  {plain(line)}"), soft_wrap=True)
