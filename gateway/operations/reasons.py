"""The words beside a file in error/: one text for people, one JSON for programs. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from gateway.model import Finding

_NEXT_STEPS = {
    "failed": "Correct this file and move it to the folder retry. If the order is not wanted any more, move it to done.",
    "held": "Nothing is wrong with the file; a decision is needed. To send it, move it to the folder retry "
    "(a repeated order then goes as a change). If it is not wanted, move it to done.",
    "unknown": "Look in Jakamo whether the order is there. If it is, move this file to the folder arrived beside it. "
    "If it is not, move it to send-again. Do not send it in any other way: it could be bought twice.",
    "rejected": "Nothing of this file was sent. Correct it, or export it again, and move it to the folder retry. "
    "If it is not wanted any more, move it to done.",
}
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
    lines = [f"{name}", f"from {interchange['name']}, taken {_local(interchange['claimed_at'])}; written {_local(at)}", ""]
    if not messages:
        lines += [f"REJECTED: {interchange['reason']}", ""]
        lines += _findings(interchange["findings"])
        lines += ["", "What to do:", _NEXT_STEPS["rejected"]]
        return "\n".join(lines) + "\n"
    steps: list[str] = []
    for message in messages:
        kind = message["kind"] or message["kind_hint"] or "Order"
        lines.append(f"{message['order_number']} ({kind}) {message['state'].upper()}: {message['reason'] or ''}".rstrip())
        lines += _findings(message["findings"])
        behind = waiting.get(message["id"], 0)
        if behind:
            lines.append(f"  {behind} later message(s) of this order wait behind it.")
        lines.append("")
        if message["state"] not in steps:
            steps.append(message["state"])
    lines.append("What to do:")
    lines += [_NEXT_STEPS[state] for state in steps]
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
            }
            for message in messages
        ],
    }
    return (json.dumps(data, ensure_ascii=False, indent=2) + "\n").encode()


def next_step(state: str) -> str:
    """Return what a person does about a message in this state; empty when nothing."""
    return _NEXT_STEPS.get(state, "")


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


