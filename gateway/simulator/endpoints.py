"""The API itself: finds the endpoint for a method and path, and carries a request out."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import Message
from urllib.parse import unquote

from gateway.simulator.access import TOKEN_PATH, Access
from gateway.simulator.checks import Document
from gateway.simulator.ledger import RequestRecord
from gateway.simulator.orders import KeptAttachment, OrderStore
from gateway.simulator.response_queue import ACKNOWLEDGE_PATH, ResponseQueue
from gateway.simulator.values import JSON, XML, Endpoint, Refused, Reply

ATTACHMENT_PATH = "/api/attachment/"
_ATTACHMENT_TYPE = "multipart/form-data"


@dataclass(frozen=True, slots=True)
class Route:
    """Where a request goes. `allow` names the methods the path knows when this one is not among them."""

    endpoint: Endpoint
    order: str | None = None
    item: str = ""
    allow: str = ""


@dataclass(slots=True, kw_only=True)
class Api:
    """What the endpoints work on."""

    base_url: Callable[[], str]
    access: Access
    orders: OrderStore
    queue: ResponseQueue
    after_order: Callable[[Document], None]  # called once an Order is accepted
    success: Reply = field(default_factory=lambda: Reply(200))
    mapped_companies: list[dict[str, str]] = field(default_factory=list)
    downloads: dict[str, KeptAttachment] = field(default_factory=dict)

    def carry_out(self, route: Route, record: RequestRecord) -> Reply:
        """Do what the request asks and return the honest answer; raises Refused."""
        if route.endpoint == "token":
            return self.access.issue_token(record.headers, record.body)
        self.access.check(record.headers)
        match route.endpoint:
            case "order":
                _demand_xml(record)
                document = self.orders.take_order(record.body, record.index)
                record.order_number = document.order_number
                self.after_order(document)
                return self.success
            case "order-update":
                _demand_xml(record)
                self.orders.take_update(route.order or "", record.body, record.index)
                return self.success
            case "queue":
                return self.queue.head(self.base_url())
            case "acknowledge":
                self.queue.acknowledge(route.item)
                return self.success
            case "attachment":
                self.orders.take_attachment(route.order or "", read_attachment(record))
                return self.success
            case "attachment-download":
                return self._download(route.item)
            case "mapped-companies":
                return Reply(200, json.dumps(self.mapped_companies).encode(), (("Content-Type", JSON),))
            case _ if route.allow:
                raise Refused(405, f"{record.method} is not served here.", headers=(("Allow", route.allow),))
            case _:
                raise Refused(404, "There is nothing at this address.")

    def _download(self, item: str) -> Reply:
        kept = self.downloads.get(item)
        if kept is None:
            raise Refused(404, "Attachment not found")
        disposition = Message()
        disposition.add_header("Content-Disposition", "attachment", filename=("utf-8", "", kept.filename))
        return Reply(
            200,
            kept.content,
            (("Content-Type", kept.content_type), ("Content-Disposition", disposition["Content-Disposition"])),
        )


def find_route(method: str, path: str) -> Route:
    """Return the endpoint for a method and a percent-encoded path; unknown ones are a Route too."""
    if path == "/api/order":
        return _only("POST", method, Route("order"))
    if path == TOKEN_PATH:
        return _only("POST", method, Route("token"))
    if path == "/api/mappedcompanies":
        return _only("GET", method, Route("mapped-companies"))
    if path.startswith(ACKNOWLEDGE_PATH):
        return _only("POST", method, Route("acknowledge", item=path.removeprefix(ACKNOWLEDGE_PATH)))
    if path.startswith(ATTACHMENT_PATH):
        return _only("GET", method, Route("attachment-download", item=path.removeprefix(ATTACHMENT_PATH)))
    if path == "/api/order/response" and method == "GET":
        return Route("queue")
    return _find_order_route(method, path)


def _find_order_route(method: str, path: str) -> Route:
    if not path.startswith("/api/order/"):
        return Route("unknown")
    parts = path.removeprefix("/api/order/").split("/")
    try:
        order = unquote(parts[0], errors="strict")
    except UnicodeDecodeError:
        return Route("unknown")
    if not order or len(parts) > 2:
        return Route("unknown")
    if len(parts) == 2:
        return _only("POST", method, Route("attachment", order)) if parts[1] == "attachment" else Route("unknown")
    return Route("order-update", order) if method in ("PUT", "POST") else Route("unknown", allow="PUT, POST")


def _only(allowed: str, method: str, route: Route) -> Route:
    return route if method == allowed else Route("unknown", allow=allowed)


def _demand_xml(record: RequestRecord) -> None:
    """Raise Refused (415) unless the content type is application/xml, at most with charset utf-8."""
    given = record.header("Content-Type") or ""
    media_type, _, parameters = (part.strip().lower() for part in given.partition(";"))
    if media_type != XML or parameters not in ("", "charset=utf-8", 'charset="utf-8"'):
        raise Refused(415, f"The content type must be {XML}; it is {given or 'missing'}.")


def read_attachment(record: RequestRecord) -> KeptAttachment:
    """Return the one part named Attachment, its bytes exact.

    Raises Refused: 415 when the body is no multipart/form-data, 400 when the part is missing or has no file name.
    """
    declared = Message()
    declared["Content-Type"] = record.header("Content-Type") or ""
    boundary = declared.get_boundary()
    if declared.get_content_type() != _ATTACHMENT_TYPE or boundary is None:
        raise Refused(415, f"The content type must be {_ATTACHMENT_TYPE} with a boundary.")
    sections = (b"\r\n" + record.body).split(b"\r\n--" + boundary.encode("latin-1"))
    if len(sections) < 3 or not sections[-1].startswith(b"--"):
        raise Refused(400, "The multipart body is not complete.")
    if len(sections) > 3:
        raise Refused(400, "The multipart body must have one part.")
    head_text, empty_line, content = sections[1].partition(b"\r\n\r\n")
    head = Message()
    for line in head_text.decode("utf-8", "replace").split("\r\n"):
        name, colon, value = line.partition(":")
        if colon:
            head[name.strip()] = value.strip()
    filename = head.get_filename()
    if not empty_line or head.get_param("name", header="Content-Disposition") != "Attachment" or not filename:
        raise Refused(400, "The part must be named Attachment and carry a file name.")
    return KeptAttachment(filename, head.get_content_type(), content)
