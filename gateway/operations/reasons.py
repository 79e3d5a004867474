"""The words beside a file in error/: one text for people, one JSON for programs. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from gateway.model import UNMAPPED_CODE, Finding

_NEXT_STEPS = {
    "failed": "Correct this file and move it to the folder retry. "
    "If the order is not wanted any more, move it to done.",
    "held": "Nothing is wrong with the file; a decision is needed. To send it, move it to the folder retry "
    "(a repeated order then goes as a change). If it is not wanted, move it to done.",
    "unknown": "Look in Jakamo whether the order is there. If it is, move this file to the folder arrived beside it. "
    "If it is not, move it to send-again. Do not send it in any other way: it could be bought twice.",
    "rejected": "Nothing of this file was sent. Correct it, or export it again, and move it to the folder retry. "
    "If it is not wanted any more, move it to done.",
}
_MEND_MAPPING = (
    "Unless the ERP writes such documents itself, the mapping is at fault, not this file. Tell whoever looks after the "
    "mappings; once it is mended, move this file to the folder retry. If the order is not wanted any more, move it to "
    "done."
)
_STEPS_BY_CODE = {
    UNMAPPED_CODE: "A code of the export is not in the mapping's code table. Tell whoever looks after the mappings "
    "to add it; then `gateway retry --class unmapped-code` tries all orders that wait for it, or move this file to "
    "the folder retry. If the code is wrong, correct this file first. If the order is not wanted any more, move it "
    "to done.",
    "supplier-known": "Add the supplier's number to the company mappings of the integration in Jakamo, and after a "
    "quarter of an hour move this file to the folder retry; or correct the number in this file first. If the order "
    "is not wanted any more, move it to done.",
}
_OF_THE_MAPPING = frozenset({"unknown-root", "mapping-fault", "unknown-document", "order-number-changed"})
MOST_FINDINGS_SHOWN = 100


def reason_text(
    *,
    name: str,
    interchange: Mapping[str, Any],
    messages: Sequence[Mapping[str, Any]],
    at: datetime,
    waiting: Mapping[int, int],
) -> str:
    """Return the reason for people: what, where, and what to do next."""
    taken = _local(interchange["claimed_at"])
    lines = [name, f"from {interchange['name']}, taken {taken}; written {_local(at)}", ""]
    if not messages:
        lines += [f"REJECTED: {interchange['reason']}", ""]
        lines += _findings(interchange["findings"])
        lines += ["", "What to do:", _NEXT_STEPS["rejected"]]
        return "\n".join(lines) + "\n"
    if name != interchange["name"] and any(_has_place(message["findings"]) for message in messages):
        lines[-1:] = [f"Rows and lines are counted in {interchange['name']}, as it was dropped.", ""]
    steps: list[str] = []
    for message in messages:
        kind = message["kind"] or message["kind_hint"] or "Order"
        state = message["state"].upper()
        lines.append(f"{message['order_number']} ({kind}) {state}: {message['reason'] or ''}".rstrip())
        lines += _findings(message["findings"])
        behind = waiting.get(message["id"], 0)
        if behind:
            lines.append(f"  {behind} later message(s) of this order wait behind it.")
        lines.append("")
        step = next_step(message["state"], message["reason_code"])
        if step not in steps:
            steps.append(step)
    lines += ["What to do:", *steps]
    return "\n".join(lines) + "\n"


def reason_json(
    *,
    name: str,
    interchange: Mapping[str, Any],
    messages: Sequence[Mapping[str, Any]],
    at: datetime,
) -> bytes:
    """Return the reason for programs. Its keys are a contract."""
    data = {
        "file": name,
        "original": interchange["name"],
        "interchange": interchange["sequence"],
        "route": interchange["route"],
        "account": interchange["account"],
        "sha256": interchange["sha256"],
        "written_at": at.isoformat(),
        "state": "rejected" if not messages else "open",
        "code": interchange["reason_code"] if not messages else None,
        "reason": interchange["reason"] if not messages else None,
        "findings": interchange["findings"] if not messages else [],
        "what_to_do": _NEXT_STEPS["rejected"] if not messages else None,
        "messages": [
            {
                "id": message["id"],
                "order": message["order_number"],
                "kind": message["kind"] or message["kind_hint"],
                "state": message["state"],
                "code": message["reason_code"],
                "reason": message["reason"],
                "attempts": message["attempts"],
                "findings": message["findings"],
                "what_to_do": next_step(message["state"], message["reason_code"]),
            }
            for message in messages
        ],
    }
    return (json.dumps(data, ensure_ascii=False, indent=2) + "\n").encode()


def next_step(state: str, code: str | None = None) -> str:
    """Return what a person does about a message in this state, with this reason; empty when nothing."""
    if state == "failed" and code in _OF_THE_MAPPING:
        return _MEND_MAPPING
    if state == "failed" and code in _STEPS_BY_CODE:
        return _STEPS_BY_CODE[code]
    return _NEXT_STEPS.get(state, "")


def _has_place(findings: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether any finding names a row or line of the source."""
    return any(finding.get("row") is not None or finding.get("line") is not None for finding in findings)


def _findings(findings: Sequence[Mapping[str, Any]]) -> list[str]:
    lines = []
    for data in findings[:MOST_FINDINGS_SHOWN]:
        finding = Finding.from_dict(dict(data))
        where = finding.where()
        text = f"  - {where + ': ' if where else ''}{finding.message}"
        if finding.value is not None and finding.value not in finding.message:
            text += f' Found: "{finding.value}".'
        if finding.expected is not None and finding.expected not in finding.message:
            text += f" Expected: {finding.expected}."
        lines.append(text)
    if len(findings) > MOST_FINDINGS_SHOWN:
        lines.append(f"  ... and {len(findings) - MOST_FINDINGS_SHOWN} more")
    return lines


def _local(at: datetime) -> str:
    return at.astimezone().strftime("%Y-%m-%d %H:%M:%S")


