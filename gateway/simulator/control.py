"""The back door under /_simulator/, for the command line and for tests in another process. Loopback only.

GET     (nothing)                            ready, and the counts
GET     ledger                               counts, requests, accepted documents, orders
GET     ledger/counts                        the counts alone, cheap to poll
GET     ledger/orders/{n}/documents/{i}      the bytes of a document, i from 0
GET     ledger/requests/{i}/body             the bytes of a request's body
GET     queue                                length, waiting messages, ids of those acknowledged
GET     faults, holds/{name}                 faults with how often they struck; whether a request is held
POST    faults                               a fault, a preset's name, or a list of them
DELETE  faults                               forget all faults, let all held requests go
POST    holds/{name}/release                 let the requests held under that name go
POST    confirm                              {"order", "variant"} or {"order", "lines": {id: answer}}
POST    delivered                            {"order", "lines": [id, ...]}
POST    attach                               {"order", "filename", "content_base64", "content_type"}
POST    enqueue                              raw body; Content-Type, X-... and Jakamo-... headers are the message's
POST    settings                             see Simulator.change_settings
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from gateway.simulator.answers import LineAnswer
from gateway.simulator.faults import Fault, FaultProgram
from gateway.simulator.ledger import Ledger
from gateway.simulator.orders import OrderStore
from gateway.simulator.presets import parse_fault
from gateway.simulator.response_queue import ResponseQueue
from gateway.simulator.values import JSON, XML, Refused, Reply
from gateway.simulator.wire import RequestHead

CONTROL_PATH = "/_simulator/"
_PASSED_ON = ("content-type", "x-", "jakamo-")
NO_HEADER = "none"
"""A header of POST enqueue with this value is left out of the queue message."""


@dataclass(slots=True, kw_only=True)
class Control:
    """Carries out control requests. The callables are the simulator's own methods."""

    ledger: Ledger
    orders: OrderStore
    queue: ResponseQueue
    faults: FaultProgram
    confirm: Callable[..., bytes]
    delivered: Callable[..., bytes]
    attach: Callable[..., str]
    change_settings: Callable[[Mapping[str, Any]], None]

    def handle(self, head: RequestHead, body: bytes, peer: str) -> Reply:
        """Answer one control request; raises Refused (400, 403, 404) with plain words."""
        if not ipaddress.ip_address(peer.partition("%")[0]).is_loopback:
            raise Refused(403, "The control addresses answer to this machine only.")
        parts = [unquote(part) for part in head.path.removeprefix(CONTROL_PATH).split("/") if part]
        try:
            if head.method == "GET":
                return self._show(parts)
            return self._act(head, parts, body)
        except (ValueError, TypeError, KeyError, ArithmeticError, binascii.Error) as error:
            raise Refused(400, f"{type(error).__name__}: {error}") from error
        except LookupError as error:
            raise Refused(404, str(error)) from error

    def _show(self, parts: list[str]) -> Reply:
        match parts:
            case []:
                return _json({"ready": True, **self.ledger.counts()})
            case ["ledger"]:
                return _json(
                    {
                        "counts": self.ledger.counts(),
                        "doubles": self.ledger.doubles,
                        "requests": [record.to_json() for record in self.ledger.requests],
                        "documents": [record.to_json() for record in self.ledger.documents],
                        "orders": self.orders.to_json(),
                    }
                )
            case ["ledger", "counts"]:
                return _json(self.ledger.counts())
            case ["ledger", "orders", number, "documents", index]:
                return Reply(200, _at(self.ledger.documents_of(number), index).body, (("Content-Type", XML),))
            case ["ledger", "requests", index, "body"]:
                body = _at(self.ledger.requests, index).body
                return Reply(200, body, (("Content-Type", "application/octet-stream"),))
            case ["queue"]:
                messages = [message.to_json() for message in self.queue.messages()]
                return _json(
                    {"length": len(messages), "messages": messages, "acknowledged": list(self.queue.acknowledged)}
                )
            case ["faults"]:
                return _json({"faults": self.faults.report()})
            case ["holds", name]:
                return _json({"reached": self.faults.is_reached(name)})
        raise LookupError(f"Nothing to see at {'/'.join(parts)!r}.")

    def _act(self, head: RequestHead, parts: list[str], body: bytes) -> Reply:
        match (head.method, *parts):
            case ("POST", "enqueue"):
                return _json({"id": self.queue.put(body, _queue_headers(head))})
            case ("POST", "faults"):
                given = json.loads(body)
                faults = [_fault(each) for each in (given if isinstance(given, list) else [given])]
                self.faults.add(*faults)
                return _json({"added": len(faults)})
            case ("DELETE", "faults"):
                self.faults.clear()
                return _json({"cleared": True})
            case ("POST", "holds", name, "release"):
                self.faults.release(name)
                return _json({"released": name})
            case ("POST", "confirm"):
                return Reply(200, self._confirm(json.loads(body)), (("Content-Type", XML),))
            case ("POST", "delivered"):
                asked = json.loads(body)
                message = self.delivered(asked["order"], tuple(asked.get("lines", ())))
                return Reply(200, message, (("Content-Type", XML),))
            case ("POST", "attach"):
                asked = json.loads(body)
                content = base64.b64decode(asked["content_base64"], validate=True)
                given_type = asked.get("content_type", "application/octet-stream")
                return _json({"id": self.attach(asked["order"], asked["filename"], content, given_type)})
            case ("POST", "settings"):
                self.change_settings(json.loads(body))
                return _json({"changed": True})
        raise LookupError(f"Nothing to do at {head.method} {'/'.join(parts)!r}.")

    def _confirm(self, asked: Mapping[str, Any]) -> bytes:
        lines = asked.get("lines")
        return self.confirm(
            asked["order"],
            asked.get("variant", "as-ordered"),
            lines={number: LineAnswer.from_json(line) for number, line in lines.items()} if lines else None,
        )


def _queue_headers(head: RequestHead) -> dict[str, str | None]:
    """Return the request's headers that belong to the queue message."""
    return {
        name: None if value == NO_HEADER else value
        for name, value in head.headers
        if name.lower().startswith(_PASSED_ON)
    }


def _fault(given: str | Mapping[str, Any]) -> Fault:
    return parse_fault(given) if isinstance(given, str) else Fault.from_json(given)


def _at(records: tuple[Any, ...], index: str) -> Any:
    if not 0 <= int(index) < len(records):
        raise LookupError(f"There are {len(records)}, counted from 0.")
    return records[int(index)]


def _json(value: Mapping[str, Any]) -> Reply:
    return Reply(200, json.dumps(value, indent=1).encode(), (("Content-Type", JSON),))
