"""An explanation as one page: no script, nothing loaded from anywhere, light and dark. Room: cli. Pure.

Whatever comes from files is text: escaped, and without control characters.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from gateway.cli.explain_style import STYLE
from gateway.cli.explain_words import about, finding_words, left_out, verdict, would
from gateway.cli.output import local, plain
from gateway.model import Finding, MessageState
from gateway.operations.explanation import Explanation, OrderDetail
from gateway.operations.source_view import SourceView

MARK = "<!doctype html><!-- gateway explain -->"
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def page(explanation: Explanation) -> str:
    """Return the whole page."""
    title = f"{explanation.file}: explained"
    parts = [
        MARK,
        '<html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{_text(title)}</title><style>{STYLE}</style></head><body>",
        f"<header><h1>{_text(explanation.file)}</h1>",
        f'<p class="verdict {"bad" if explanation.needs_person else "good"}">{_text(verdict(explanation))}</p>',
        "<p>As if it were dropped now. Nothing was sent, moved or written.</p></header><main>",
        _about(explanation),
        _of_the_file(explanation),
        _contents(explanation),
        *(_order(detail, place) for place, detail in enumerate(explanation.shown)),
        "</main></body></html>\n",
    ]
    return "\n".join(part for part in parts if part)


def _text(value: object) -> str:
    return escape(plain(value))


def _about(explanation: Explanation) -> str:
    rows = [f"<tr><th scope=row>{_text(word)}</th><td>{_text(value)}</td></tr>" for word, value in about(explanation)]
    passed = [
        f"<tr><th scope=row>not {_text(one.route)}</th><td>{_text(one.why)}</td></tr>"
        for one in explanation.considered
        if not one.takes
    ]
    return f'<table class="about">{"".join(rows + passed)}</table>'


def _of_the_file(explanation: Explanation) -> str:
    """Return what is wrong with the file as a whole, with the rows or lines concerned."""
    findings = (*explanation.rejected, *explanation.warnings)
    if not findings:
        return ""
    parts = ["<section><h2>The file</h2>", _findings(findings)]
    if explanation.rejected_source is not None:
        parts.append(_source(explanation.rejected_source, explanation.rejected))
    return "".join([*parts, "</section>"])


def _contents(explanation: Explanation) -> str:
    words = left_out(explanation)
    note = f'<p class="left-out">{_text(words)}</p>' if words else ""
    if len(explanation.shown) < 2:
        return note
    rows = []
    for place, detail in enumerate(explanation.shown):
        fate = detail.fate
        link = f'<a href="#order-{place}">{_text(fate.order_number)}</a>'
        rows.append(
            f"<tr><td>{link}</td><td>{_text(fate.kind or fate.kind_hint or '')}</td><td>{_text(detail.place)}</td>"
            f"<td>{_badge(detail)}</td><td>{_text(fate.reason or '')}</td></tr>"
        )
    head = "".join(f"<th scope=col>{word}</th>" for word in ("order", "document", "where", "what", "why"))
    return f"{note}<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _badge(detail: OrderDetail) -> str:
    fate = detail.fate
    tone = "bad" if fate.needs_person else "wait" if fate.state is MessageState.PARKED else "good"
    return f'<span class="badge {tone}">{_text(would(fate))}</span>'


def _order(detail: OrderDetail, place: int) -> str:
    fate = detail.fate
    kind = fate.kind or fate.kind_hint or "kind not known"
    parts = [
        f'<section id="order-{place}"><h2>{_text(fate.order_number)} {_badge(detail)}</h2>',
        f"<p>{_text(kind)}, {_text(detail.place or 'the whole file')}</p>",
        f"<p>{_text(fate.reason)}</p>" if fate.reason and not fate.findings else "",
        _findings(fate.findings),
        _difference(detail),
        '<div class="pair">',
        f"<div><h3>Source</h3>{_source(detail.source, fate.findings)}</div>",
        f"<div><h3>{'Result' if fate.kind else 'Result, refused'}</h3>{_result(detail)}</div>",
        "</div>",
        _request(detail),
        f"<details><summary>What the stylesheet sees</summary>{_lines(_numbered(detail.canonical), {})}</details>",
        "</section>",
    ]
    return "".join(parts)


def _findings(findings: Sequence[Finding]) -> str:
    items = [
        f'<li class="{"bad" if one.severity == "error" else "wait"}">{_text(finding_words(one))} '
        f"<code>{_text(one.code)}</code></li>"
        for one in findings
    ]
    return f'<ol class="findings">{"".join(items)}</ol>' if items else ""


def _difference(detail: OrderDetail) -> str:
    last = detail.last_sent
    if last is None:
        return ""
    said = f"Last sent {local(last.at)} (message {last.message}); "
    if not last.difference:
        return f"<p>{_text(said)}no difference.</p>"
    items = "".join(f"<li>{_text(sentence)}</li>" for sentence in last.difference)
    return f'<p>{_text(said)}the difference:</p><ul class="difference">{items}</ul>'


def _source(view: SourceView, findings: Sequence[Finding]) -> str:
    body = _table(view, findings) if view.table else _source_lines(view, findings)
    more = f'<p class="left-out">{view.cut} more are not shown.</p>' if view.cut else ""
    return body + more


def _table(view: SourceView, findings: Sequence[Finding]) -> str:
    width = max((len(cells) for _row, cells in view.rows), default=0)
    labels = [*view.labels[:width], *("" for _ in range(width - len(view.labels)))]
    marked: dict[tuple[int, int | None], list[int]] = {}
    for number, finding in enumerate(findings):
        if finding.row is not None:
            marked.setdefault((finding.row, view.column_of(finding.column)), []).append(number)
    head = "".join(f"<th scope=col>{_text(label)}</th>" for label in labels)
    rows = []
    for row, cells in view.rows:
        tds = [_cell(cell, marked.get((row, place), ()), findings) for place, cell in enumerate(cells)]
        row_marks = marked.get((row, None), ())
        first = f'<th scope=row{_class(row_marks, findings)}>{row}{_numbers(row_marks)}</th>'
        rows.append(f"<tr>{first}{''.join(tds)}</tr>")
    top = f"<thead><tr><th scope=col>row</th>{head}</tr></thead>"
    return f'<div class="scroll"><table class="source">{top}<tbody>{"".join(rows)}</tbody></table></div>'


def _cell(cell: str, marks: Sequence[int], findings: Sequence[Finding]) -> str:
    return f"<td{_class(marks, findings)}>{_text(cell)}{_numbers(marks)}</td>"


def _class(marks: Sequence[int], findings: Sequence[Finding]) -> str:
    if not marks:
        return ""
    return ' class="bad"' if any(findings[one].severity == "error" for one in marks) else ' class="wait"'


def _numbers(marks: Iterable[int]) -> str:
    """Return the numbers of findings beside what they are about: colour alone tells nothing to some."""
    return "".join(f"<sup>{one + 1}</sup>" for one in marks)


def _source_lines(view: SourceView, findings: Sequence[Finding]) -> str:
    marked: dict[int, list[int]] = {}
    for number, finding in enumerate(findings):
        if finding.line is not None:
            marked.setdefault(finding.line, []).append(number)
    tones = {line: (marks, _class(marks, findings)) for line, marks in marked.items()}
    return _lines([(number, cells[0] if cells else "") for number, cells in view.rows], tones)


def _result(detail: OrderDetail) -> str:
    if detail.result is None:
        return "<p>None: the order was refused before there was one.</p>"
    tones = {line: (marks, _class(marks, detail.fate.findings)) for line, marks in detail.marks.items()}
    return _lines(_numbered(detail.result), tones)


def _numbered(text: str) -> list[tuple[int, str]]:
    return list(enumerate(text.splitlines(), start=1))


def _lines(lines: Iterable[tuple[int, str]], tones: Mapping[int, tuple[Sequence[int], str]]) -> str:
    rows = []
    for number, line in lines:
        marks, tone = tones.get(number, ((), ""))
        rows.append(f"<tr{tone}><th>{number}</th><td>{_text(line)}{_numbers(marks)}</td></tr>")
    return f'<div class="scroll"><table class="lines"><tbody>{"".join(rows)}</tbody></table></div>'


def _request(detail: OrderDetail) -> str:
    request = detail.request
    if request is None:
        return ""
    headers = "\n".join(f"{_text(name)}: {_text(value)}" for name, value in request.headers)
    return (
        "<details open><summary>The request that would go, with the result as its body</summary>"
        f"<pre>{_text(request.method)} {_text(request.url)}\n{headers}</pre></details>"
    )
