"""Where the declared columns stand in a file: by the texts of its header row, or by position. Pure."""

from __future__ import annotations

import difflib
from collections import Counter
from dataclasses import dataclass

from gateway.mapping.declaration import Column, CsvFormat
from gateway.mapping.encoding import describe_text
from gateway.mapping.rejection import rejected, shown
from gateway.model import Finding


@dataclass(frozen=True, slots=True)
class Layout:
    """How many cells a row has, and at which index each column of the file is."""

    width: int
    columns: tuple[tuple[Column, int], ...]


def layout_by_position(form: CsvFormat) -> Layout:
    """Return the layout of a file without a header row: as declared, else the columns one after the other."""
    columns, position = [], 0
    for column in form.columns:
        position = column.position if column.position is not None else position + 1
        columns.append((column, position - 1))
    width = form.column_count or max(index for _column, index in columns) + 1
    return Layout(width, tuple((column, index) for column, index in columns if index < width))


def layout_by_header(cells: list[str], form: CsvFormat, row: int, text: str) -> Layout:
    """Return the layout that a header row gives; raises FileRejected showing how it differs from the declared one."""
    labels = [cell.strip() for cell in cells]
    declared = {column.header or "": column for column in form.columns}
    findings = _duplicates(labels, declared, row)
    others = [label for label in labels if label and label not in declared]
    for label, column in declared.items():
        if label not in labels and not column.may_be_missing:
            findings.append(_missing(label, others, row))
    if form.other_columns == "refuse":
        findings += [_undeclared(label, row) for label in others]
    if findings:
        hint = describe_text(text, form.delimiter)
        if hint is not None:
            findings.insert(0, _other_dialect(hint, form, row))
        raise rejected(findings)
    columns = tuple((column, labels.index(label)) for label, column in declared.items() if label in labels)
    return Layout(len(cells), columns)


def _duplicates(labels: list[str], declared: dict[str, Column], row: int) -> list[Finding]:
    found = []
    for label, count in Counter(labels).items():
        if count > 1 and label in declared:
            places = ", ".join(str(number) for number, one in enumerate(labels, 1) if one == label)
            message = f'The header row has the column "{shown(label)}" {count} times: columns {places}.'
            found.append(Finding(code="duplicate-column", message=message, row=row, column=label, expected="once"))
    return found


def _missing(label: str, others: list[str], row: int) -> Finding:
    near = difflib.get_close_matches(label.lower(), [other.lower() for other in others], 1, 0.7)
    guess = next((other for other in others if near and other.lower() == near[0]), None)
    renamed = f' Was it renamed to "{shown(guess)}"?' if guess else ""
    there = ", ".join(f'"{shown(other)}"' for other in others[:20]) or "none"
    return Finding(
        code="missing-column",
        message=f'The header row has no column "{label}".{renamed} Columns that the mapping does not know: {there}.',
        row=row,
        column=label,
        value=shown(guess) if guess else None,
        expected=f'a column "{label}"',
    )


def _undeclared(label: str, row: int) -> Finding:
    message = f'The header row has a column "{shown(label)}" that the mapping does not declare.'
    return Finding(code="unknown-column", message=message, row=row, column=shown(label))


def _other_dialect(hint: str, form: CsvFormat, row: int) -> Finding:
    return Finding(
        code="dialect",
        message=f"The file is not separated by {form.delimiter!r} as the mapping declares: {hint}.",
        row=row,
        expected=f"cells separated by {form.delimiter!r}",
    )
