"""The words of an explanation that the terminal and the page share. Room: cli. Pure."""

from __future__ import annotations

from gateway.cli.output import counted
from gateway.explaining import why_no_route
from gateway.model import Finding, MessageState
from gateway.operations.explanation import Explanation, OrderFate

_WOULD = {
    MessageState.READY: "would go",
    MessageState.REGISTERED: "would go",
    MessageState.UNCHANGED: "unchanged",
    MessageState.REHEARSED: "rehearsal",
    MessageState.PARKED: "would wait",
    MessageState.HELD: "would be held",
    MessageState.FAILED: "refused",
    MessageState.SKIPPED: "would be skipped",
    MessageState.REPLACED: "would be replaced",
}


def would(fate: OrderFate) -> str:
    """Return in two words what would become of an order."""
    return _WOULD.get(fate.state, str(fate.state))


def verdict(explanation: Explanation) -> str:
    """Return what would become of the whole file."""
    if explanation.mapping is None:
        return why_no_route(explanation.file)
    if explanation.rejected:
        faults = counted(len(explanation.rejected), "fault")
        return f"The whole file would be rejected: {faults} of structure, and nothing of it may be trusted."
    fates = explanation.fates
    if not fates:
        return "The file holds no order: it would be closed at once."
    needing = sum(1 for fate in fates if fate.needs_person)
    going = sum(1 for fate in fates if fate.goes)
    quiet = len(fates) - needing - going
    parts = [f"{going} would go"] if going else []
    parts += [f"{quiet} would not be sent (unchanged, rehearsal)"] if quiet else []
    parts += [f"{needing} {'needs' if needing == 1 else 'need'} a person"] if needing else []
    return f"{counted(len(fates), 'order')}: {', '.join(parts)}."


def left_out(explanation: Explanation) -> str:
    """Return what is not shown in full, and how to see it; empty when all is."""
    if not explanation.left_out:
        return ""
    return (
        f"{len(explanation.shown)} of {len(explanation.fates)} orders are shown, those that need a person first; "
        f"{explanation.left_out} are left out. Pick orders with --order, or say --limit."
    )


def about(explanation: Explanation) -> list[tuple[str, str]]:
    """Return word and value of everything about the file as a whole."""
    rows = [("route", _route(explanation))]
    mapping, source = explanation.mapping, explanation.source
    if mapping is not None:
        rows.append(("mapping", f"{mapping.name}, {mapping.folder}, version {mapping.hash[:8]}"))
        rows.append(("account", _account(explanation)))
        rows.append(("journal", explanation.journal))
    if source is not None:
        dialect = ", ".join(f"{word} {value}" for word, value in source.dialect)
        rows.append(("source", f"{source.format}, {source.size:,} bytes, {dialect}"))
        count = f", {counted(source.orders, 'order')}" if source.sha256 is not None else ""
        rows.append(("holds", f"{counted(source.rows, 'row')}{count}" if source.rows is not None else count[2:]))
    return [(word, value) for word, value in rows if value]


def _route(explanation: Explanation) -> str:
    if explanation.route is not None:
        why = next((one.why for one in explanation.considered if one.takes), "")
        return f"{explanation.route}: {why}"
    return "none takes it" if explanation.mapping is None else "none: judged by the mapping alone"


def _account(explanation: Explanation) -> str:
    if explanation.account is None:
        return "none is known here"
    return explanation.account if explanation.sends else f"{explanation.account} (send = false: a rehearsal)"


def finding_words(finding: Finding) -> str:
    """Return place, words, value and what was expected, without saying anything twice."""
    where, message = finding.where(), finding.message
    text = f"{where}: {message}" if where else message
    if finding.value is not None and finding.value not in message:
        text += f' Found "{finding.value}".'
    if finding.expected is not None and finding.expected not in message:
        text += f" Expected {finding.expected}."
    return text
