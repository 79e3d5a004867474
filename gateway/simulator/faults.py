"""The fault dial: a small program of what goes wrong, for which requests, how often.

A fault with its own `status` answers in the API's place, and nothing is carried out unless `carry_out` says
so. Every other fault spoils the honest answer to a request that was carried out, except the cuts
"on-connect", "before-reading" and "after-reading", where nothing was.
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, get_args

from gateway.simulator.values import ENDPOINTS, Endpoint

Cut = Literal[
    "on-connect",  # closed before a byte is read, or TLS is spoken; also strikes connections to the back door
    "before-reading",  # head read, body not
    "after-reading",  # all read, nothing carried out, nothing answered
    "after-accepting",  # carried out, nothing answered
    "in-answer",  # carried out, the answer breaks off
    "after-answer",  # carried out and answered; then the connection is closed without a word
]
HOLD_LIMIT_SECONDS = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that goes wrong. Times are seconds; see the module's first lines for what is carried out."""

    # which requests
    endpoint: Endpoint | None = None
    method: str | None = None
    order: str | None = None  # order number, decoded; for POST /api/order the one in the document
    skip: int = 0  # let so many matching requests pass first
    times: int | None = 1  # then strike so often; None: until cleared
    # the answer
    status: int | None = None
    headers: Mapping[str, str | None] = field(default_factory=dict)  # set, or dropped with None; also honest answers
    body: bytes | None = None
    carry_out: bool = False  # with `status`: the request is honestly carried out all the same
    early: bool = False  # with `status`: answered before the body is read, then closed
    # time
    delay_seconds: float = 0.0  # between carrying out and answering
    hold: str | None = None  # the same, until somebody releases this name (at most two minutes)
    drip_seconds: float | None = None  # the answer comes byte by byte, so many seconds apart
    drip_body_only: bool = False  # the answer's head comes at once
    # the connection
    cut: Cut | None = None
    cut_after_bytes: int | None = None  # "in-answer": bytes of the whole answer that are sent; None: half of the body
    reset: bool = False  # cuts end in a TCP reset instead of an orderly end
    # the answer's form
    declare_extra_bytes: int = 0  # Content-Length is wrong by this much; the connection is closed after it
    chunked: bool = False
    endless: bool = False  # chunks until the client has had enough

    def __post_init__(self) -> None:
        if self.endpoint is not None and self.endpoint not in ENDPOINTS:
            raise ValueError(f"No endpoint {self.endpoint!r}; known: {', '.join(ENDPOINTS)}.")
        if self.cut is not None and self.cut not in get_args(Cut):
            raise ValueError(f"No cut {self.cut!r}; known: {', '.join(get_args(Cut))}.")
        if self.cut == "on-connect" and (self.endpoint or self.method or self.order):
            raise ValueError("A cut on connect comes before the request is read: it cannot choose by its content.")
        if self.is_early and self.order and self.endpoint == "order":
            raise ValueError("The order number of POST /api/order is in the body, which this fault does not read.")
        if self.status is not None and self.cut not in (None, "in-answer", "after-answer"):
            raise ValueError(f"A cut {self.cut} leaves no answer that could have a status.")
        if (self.early or self.carry_out) and self.status is None:
            raise ValueError("`early` and `carry_out` go with `status`.")
        if self.skip < 0 or (self.times is not None and self.times < 1):
            raise ValueError("`skip` counts from 0, `times` from 1 (or null: until cleared).")

    @property
    def is_early(self) -> bool:
        """Tell whether the fault strikes before the body is read."""
        return self.early or self.cut == "before-reading"

    @property
    def carries_out(self) -> bool:
        """Tell whether the API does its work although the answer is spoiled."""
        return self.cut not in ("before-reading", "after-reading") and (self.status is None or self.carry_out)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Fault:
        """Read a fault from JSON: the field names of this class, `body` as text or `body_base64`.

        Raises ValueError, naming what is wrong.
        """
        values = dict(data)
        if "body_base64" in values:
            values["body"] = base64.b64decode(values.pop("body_base64"))
        elif isinstance(values.get("body"), str):
            values["body"] = values["body"].encode("utf-8")
        unknown = set(values) - {each.name for each in fields(cls)}
        if unknown:
            raise ValueError(f"A fault has no {', '.join(sorted(unknown))}.")
        return cls(**values)

    def to_json(self) -> dict[str, Any]:
        """Return the fields that differ from their defaults, JSON-ready."""
        plain = Fault()
        values = {name: value for name, value in asdict(self).items() if value != getattr(plain, name)}
        if self.body is not None:
            values["body_base64"] = base64.b64encode(values.pop("body")).decode("ascii")
        return values


@dataclass(slots=True)
class _Entry:
    fault: Fault
    seen: int = 0
    struck: int = 0

    def strikes(self) -> bool:
        """Count one matching request; tell whether it is struck."""
        if self.fault.times is not None and self.struck >= self.fault.times:
            return False
        self.seen += 1
        if self.seen <= self.fault.skip:
            return False
        self.struck += 1
        return True


class FaultProgram:
    """The faults in force, in the order they were added; the first that strikes wins. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: list[_Entry] = []
        self._reached: dict[str, threading.Event] = {}
        self._released: dict[str, threading.Event] = {}

    def add(self, *faults: Fault) -> None:
        """Append faults to the program."""
        with self._lock:
            self._entries.extend(_Entry(fault) for fault in faults)

    def clear(self) -> None:
        """Forget all faults and let every held answer go."""
        with self._lock:
            self._entries.clear()
        self.release_all()

    def release_all(self) -> None:
        """Let every held answer go; what is held later waits anew."""
        with self._lock:
            released, self._released, self._reached = list(self._released.values()), {}, {}
        for event in released:
            event.set()

    def report(self) -> list[dict[str, Any]]:
        """Return each fault, JSON-ready, with how many requests it saw and struck."""
        with self._lock:
            return [
                {"fault": entry.fault.to_json(), "seen": entry.seen, "struck": entry.struck} for entry in self._entries
            ]

    def names_orders(self) -> bool:
        """Tell whether any fault asks for an order number."""
        return any(entry.fault.order for entry in tuple(self._entries))

    def take_connection(self) -> Fault | None:
        """Return the fault that strikes a new connection, if any."""
        return self._take(lambda fault: fault.cut == "on-connect")

    def take_early(self, endpoint: Endpoint, method: str, order: str | None) -> Fault | None:
        """Return the fault that strikes this request before its body is read, if any."""
        return self._take(lambda fault: fault.is_early and _matches(fault, endpoint, method, order))

    def take(self, endpoint: Endpoint, method: str, order: str | None) -> Fault | None:
        """Return the fault that strikes this request once it is read, if any."""
        return self._take(
            lambda fault: not fault.is_early and fault.cut != "on-connect" and _matches(fault, endpoint, method, order)
        )

    def _take(self, wanted: Callable[[Fault], bool]) -> Fault | None:
        if not self._entries:
            return None
        with self._lock:
            return next((entry.fault for entry in self._entries if wanted(entry.fault) and entry.strikes()), None)

    def wait_at(self, name: str) -> None:
        """Hold the calling thread until `name` is released, or for two minutes."""
        reached, released = self._events(name)
        reached.set()
        released.wait(HOLD_LIMIT_SECONDS)

    def wait_reached(self, name: str, seconds: float) -> bool:
        """Wait until a request is held under `name`; tell whether one is."""
        return self._events(name)[0].wait(seconds)

    def is_reached(self, name: str) -> bool:
        """Tell whether a request has been held under `name`."""
        return self._events(name)[0].is_set()

    def release(self, name: str) -> None:
        """Let every request held under `name` go on; later ones are not held any more."""
        self._events(name)[1].set()

    def _events(self, name: str) -> tuple[threading.Event, threading.Event]:
        with self._lock:
            return self._reached.setdefault(name, threading.Event()), self._released.setdefault(name, threading.Event())


def _matches(fault: Fault, endpoint: Endpoint, method: str, order: str | None) -> bool:
    return (
        fault.endpoint in (None, endpoint)
        and fault.method in (None, method)
        and (fault.order is None or fault.order == order)
    )
