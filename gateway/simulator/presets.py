"""Named faults for the dial of the command line: `NAME[:ENDPOINT[:TIMES]]`, as in `503:order:3` or `html:queue:*`."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from gateway.simulator.faults import Fault
from gateway.simulator.values import ENDPOINTS, Endpoint

_HTML = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please sign in.</body></html>"
_ERROR = b"<errors><error>The simulator was told to refuse this.</error></errors>"
_XML = {"Content-Type": "application/xml"}

PRESETS: dict[str, tuple[str, Fault]] = {
    "accepted-500": ("carried out, yet answered 500", Fault(status=500, carry_out=True, headers=_XML, body=_ERROR)),
    "html": (
        "200 with a sign-in page of something in between",
        Fault(status=200, headers={"Content-Type": "text/html; charset=utf-8"}, body=_HTML),
    ),
    "redirect": ("302 to another host", Fault(status=302, headers={"Location": "https://elsewhere.example/"})),
    "slow-down": ("429 with Retry-After: 5", Fault(status=429, headers={"Retry-After": "5", **_XML}, body=_ERROR)),
    "cut-on-connect": ("hangs up before reading a byte", Fault(cut="on-connect")),
    "cut-before-reading": ("hangs up before reading the body", Fault(cut="before-reading")),
    "cut-after-reading": ("hangs up with nothing carried out", Fault(cut="after-reading")),
    "cut-after-accepting": ("carried out, then hangs up without an answer", Fault(cut="after-accepting")),
    "cut-in-answer": ("carried out, then hangs up inside the answer", Fault(cut="in-answer")),
    "cut-after-answer": ("answers, then closes the connection without a word", Fault(cut="after-answer")),
    "wrong-length": ("Content-Length says ten bytes too many", Fault(declare_extra_bytes=10)),
    "slow": ("answers after two seconds", Fault(delay_seconds=2.0)),
    "drip": ("answers one byte every 20 seconds", Fault(drip_seconds=20.0)),
    "endless": ("an answer without an end", Fault(endless=True)),
    "no-acknowledge-uri": (
        "a queue message without its acknowledge address",
        Fault(endpoint="queue", headers={"X-Acknowledge-Uri": None}),
    ),
    "foreign-acknowledge-uri": (
        "an acknowledge address on another host",
        Fault(endpoint="queue", headers={"X-Acknowledge-Uri": "https://elsewhere.example/acknowledge/1"}),
    ),
}
"""Name: what it does, and the fault. Besides these, any status from 400 to 599 is a name."""


def parse_fault(words: str) -> Fault:
    """Return the fault that `NAME[:ENDPOINT[:TIMES]]` names; TIMES `*` means until cleared, left out: once.

    Raises ValueError that lists the names.
    """
    name, _, rest = words.partition(":")
    endpoint, _, times = rest.partition(":")
    if name.isdigit() and 400 <= int(name) <= 599:
        fault = Fault(status=int(name), headers=_XML, body=_ERROR)
    elif name in PRESETS:
        fault = PRESETS[name][1]
    else:
        raise ValueError(f"No fault {name!r}; known: a status from 400 to 599, {', '.join(PRESETS)}.")
    if endpoint:
        if endpoint not in ENDPOINTS:
            raise ValueError(f"No endpoint {endpoint!r}; known: {', '.join(ENDPOINTS)}.")
        fault = replace(fault, endpoint=cast(Endpoint, endpoint))
    if times and times != "*" and not times.isdigit():
        raise ValueError(f"{times!r} is no number of times; a number, or * for until cleared.")
    if times:
        fault = replace(fault, times=None if times == "*" else int(times))
    return fault
