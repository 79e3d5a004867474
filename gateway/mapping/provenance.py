"""From a fault in the result to a finding at its place in the source: row and column, or line and path.

The one place where a fault becomes a finding. Nothing here costs anything while a document is fine.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from lxml import etree

from gateway.mapping.asked import asked_for, compared_with
from gateway.mapping.faults import Fault, local
from gateway.mapping.fillers import empty_slots, good_codes
from gateway.mapping.homes import Homes
from gateway.mapping.mapping import Mapping
from gateway.mapping.marking import is_number
from gateway.mapping.refusals import Culprit, contradicting, find_culprit
from gateway.mapping.rejection import shown
from gateway.mapping.slots import Slot, common_element
from gateway.mapping.sources import Source, source_of
from gateway.mapping.targets import Target, target_of
from gateway.mapping.tracing import Hints, Knowledge, Trace, Tracer
from gateway.mapping.trials import Budget, OutOfBudgetError, Run, Trials
from gateway.mapping.xml_paths import place
from gateway.model import Finding

MOST_NAMED = 4
MOST_COMPARED = 12
MOST_REFUSALS = 5

Judge = Callable[[etree._Element, bool], list[Fault]]
"""Says what is wrong with a result; the flag tells whether its amounts are those of the source."""

Place = tuple[int | None, str | None, int | None, str | None]


class Stand(NamedTuple):
    """One order as it was mapped: what tracing needs to try it again."""

    mapping: Mapping
    source: etree._Element
    run: Run
    knowledge: Knowledge
    budget: Budget

    def trials(self) -> Trials:
        """Return what runs its stylesheet over variants of it."""
        return Trials(self.source, self.mapping, self.run, self.budget)

    def hints(self, trials: Trials) -> Hints:
        """Return what may be tried in it."""
        known, mapping = self.knowledge, self.mapping

        def empty() -> list[Slot]:
            started = time.perf_counter()
            if known.asked is None:
                known.asked = asked_for(mapping) if mapping.format == "xml" else ()
            found = empty_slots(trials.tree, trials.slots, mapping, known.asked)
            self.budget.spent_seconds += time.perf_counter() - started
            return found

        def texts() -> dict[str, tuple[str, ...]]:
            if known.texts is None:
                known.texts = compared_with(mapping)
            return known.texts

        return Hints(empty, good_codes(mapping), texts)


def findings(faults: Sequence[Fault], root: etree._Element, stand: Stand) -> list[Finding]:
    """Return the faults of a result as findings, each value of the source once for the same reason."""
    if not faults:
        return []
    if stand.mapping.format == "ubl":
        return [in_document(fault) for fault in faults]
    trials = stand.trials()
    homes = Homes(trials.tree, stand.mapping)
    targets = [target_of(fault) for fault in faults]
    others = [Target(one) for fault in faults for one in fault.against]
    traces = Tracer(trials, root, homes, stand.knowledge).trace(
        list(dict.fromkeys([*targets, *others])), stand.hints(trials)
    )
    placed = []
    for fault, target in zip(faults, targets, strict=True):
        against = _sources((traces[Target(one)] for one in fault.against), stand)
        placed.append(_compared(_finding(fault, traces[target], stand), against))
    return _each_once(placed)


def refusal_findings(message: str, stand: Stand, judge: Judge) -> list[Finding]:
    """Return the refusal of an order by its stylesheet, at the value that made it refuse where that can be found.

    With that value mended for a trial, the order is judged on, so that its other faults are told at once.
    """
    found: list[Finding] = []
    words, culprits, contradictions = message, set[Place](), True
    for _ in range(MOST_REFUSALS):
        trials = stand.trials()
        refusal, culprit = _refusal(words, trials, stand)
        found.append(refusal)
        if culprit is None or _place(refusal) in culprits:
            break
        culprits.add(_place(refusal))
        contradictions = contradictions and culprit.contradicts
        culprit.slot.put(culprit.text)
        stand = stand._replace(source=trials.tree)
        ran = stand.run(stand.source)
        if ran.root is not None:
            others = findings(judge(ran.root, contradictions), ran.root, stand)
            return _each_once([*found, *(one for one in others if _place(one) not in culprits)])
        words = ran.refusal
    return _each_once(found)


def _refusal(words: str, trials: Trials, stand: Stand) -> tuple[Finding, Culprit | None]:
    whole = source_of(None, Homes(trials.tree, stand.mapping).whole, stand.mapping)
    refusal = Finding(code="refused-by-stylesheet", message=words, row=whole.row, line=whole.line, path=whole.path)
    try:
        culprit = find_culprit(words, trials, stand.hints(trials))
    except OutOfBudgetError:
        return refusal, None
    if culprit is None:
        return refusal, None
    home = Homes(trials.tree, stand.mapping).of_slot(culprit.slot)
    at = source_of(culprit.slot, home, stand.mapping)
    value = shown(at.value) if at.value else None
    placed = replace(refusal, row=at.row, column=at.column, line=at.line, path=at.path, value=value)
    if not culprit.contradicts:
        return placed, culprit
    try:
        others = contradicting(words, trials, culprit)
    except OutOfBudgetError:
        return placed, culprit
    homes = Homes(trials.tree, stand.mapping)
    return _compared(placed, [source_of(slot, homes.of_slot(slot), stand.mapping) for slot in others]), culprit


def _place(finding: Finding) -> Place:
    return finding.row, finding.column, finding.line, finding.path


def _each_once(placed: Iterable[Finding]) -> list[Finding]:
    """Leave out what says of the same value what another says already."""
    found: dict[object, Finding] = {}
    for number, one in enumerate(placed):
        known = one.column is not None or one.line is not None
        key = (one.code, one.row, one.column, one.line, one.path, one.value, one.expected) if known else number
        first = found.setdefault(key, one)
        if one.severity == "error" and first.severity != "error":
            found[key] = one
    return list(found.values())


def in_document(fault: Fault) -> Finding:
    """Return a fault of a document that is its own source, where it stands."""
    known: object = fault.element.sourceline
    at = place(fault.element, fault.attribute)
    lacking = target_of(fault).missing
    if len(lacking) == 1 and fault.attribute is None:
        at = f"{at}/{lacking[0]}"
    return _plain(fault, Source(line=known if isinstance(known, int) else None, path=at, value=fault.value))


def _plain(fault: Fault, at: Source, note: str = "", expected: str | None = None) -> Finding:
    return Finding(
        code=fault.code,
        message=f"{fault.message} {note}".strip(),
        severity="error" if fault.certain else "warning",
        row=at.row,
        column=at.column,
        line=at.line,
        path=at.path,
        value=shown(at.value) if at.value else None,
        expected=expected or fault.expected,
    )


def _finding(fault: Fault, trace: Trace, stand: Stand) -> Finding:
    ranked = sorted(trace.slots, key=lambda slot: _innocence(slot.value, fault))
    sources = [source_of(slot, trace.home, stand.mapping) for slot in ranked]
    if not sources:
        at = _around(fault, trace, stand.mapping)
        return _plain(fault, replace(at, value=fault.value), _why_no_column(trace, stand.mapping))
    names = list(dict.fromkeys(one.name for one in sources))
    copied = [one for one in sources if one.value is not None and one.value == fault.value]
    if len(copied) == 1:
        return _plain(fault, copied[0], _made_of(names), copied[0].wanted(fault.code))
    if len({(one.row, one.line) for one in sources}) > 1 and trace.home is not None and len(sources) > len(names):
        whole = source_of(None, trace.home, stand.mapping)
        at = replace(whole, column=sources[0].column if len(names) == 1 else None, value=fault.value)
    else:
        at = sources[0]
    return _plain(fault, at, _made_of(names), at.wanted(fault.code))


def _around(fault: Fault, trace: Trace, mapping: Mapping) -> Source:
    """Return where a fault belongs whose value is not found: what the element at fault is made of, or its line."""
    at = source_of(None, trace.home, mapping)
    shared = common_element([slot.holder for slot in trace.near]) if mapping.format == "xml" else None
    if shared is not None and shared.getparent() is not None:
        at = source_of(None, shared, mapping)
        lacking = target_of(fault).missing
        if len(lacking) == 1 and local(shared.tag) == local(fault.element.tag):
            at = replace(at, path=f"{at.path}/{lacking[0]}")
    return at if at.path is not None else replace(at, path=place(fault.element, fault.attribute))


def _sources(traces: Iterable[Trace], stand: Stand) -> list[Source]:
    return [source_of(slot, trace.home, stand.mapping) for trace in traces for slot in trace.slots]


def _compared(finding: Finding, others: Iterable[Source]) -> Finding:
    """Return a finding that names in its words what it was compared with: that may be the wrong one as well."""
    names: dict[str, None] = {}
    for at in others:
        where = f" of row {at.row}" if at.row not in (None, finding.row) else ""
        where = f" of line {at.line}" if at.line not in (None, finding.line) else where
        names.setdefault(f'"{at.name}"{where}')
    if not names:
        return finding
    return replace(finding, message=f"{finding.message} (Compared with {', '.join(list(names)[:MOST_COMPARED])}.)")


def _innocence(value: str, fault: Fault) -> tuple[bool, ...]:
    """Return what sorts the values that a wrong one is made of: the suspicious first."""
    text = value.strip()
    return (
        text != (fault.value or ""),
        not text.startswith("-") if fault.code == "out-of-range" else is_number(text),
        len(text) < len(fault.value or "") if fault.code == "too-long" else False,
    )


def _made_of(names: list[str]) -> str:
    if len(names) < 2:
        return ""
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    listed = ", ".join(f'"{name}"' for name in names[:MOST_NAMED])
    return f"(It is made of {listed}{more}.)"


def _why_no_column(trace: Trace, mapping: Mapping) -> str:
    place_known, wanted = ("row", "column") if mapping.format == "csv" else ("line", "element")
    if trace.cut_short:
        return f"(Only the {place_known} is known: there was no time to look for the {wanted}.)"
    if trace.constant:
        return f"(No {wanted} of the file was found to change it: the mapping itself may write it.)"
    return f"(No {wanted} of the file was found that would fill it.)"
