"""The Jakamo purchase order API as values: which request each message is, which addresses may be called.

Pure: no socket, no clock, no log. What the answers mean stands in `answers`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote, urljoin, urlsplit

from gateway.model import MessageKind

Headers = Sequence[tuple[str, str]]

CONTENT_TYPE = "application/xml"
_DEFAULT_PORTS = {"http": 80, "https": 443}


class Endpoint(StrEnum):
    """The addresses of the API; what 404 means depends on which one was called."""

    ORDERS = "orders"  # the collection
    ORDER = "order"  # one order
    QUEUE = "queue"
    ACKNOWLEDGE = "acknowledge"
    COMPANIES = "companies"


class UnusableAddress(ValueError):
    """An order number or acknowledge address that must not be put into a request; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call, without credentials. `path` is below the base address and percent-encoded."""

    endpoint: Endpoint
    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | None = None


_READ_HEADERS = (("Accept", CONTENT_TYPE),)
_WRITE_HEADERS = (("Content-Type", CONTENT_TYPE), ("Accept", CONTENT_TYPE))


def api_base(base_url: str) -> str:
    """Return the base address without trailing slash and without `/api`, which every path carries itself."""
    return base_url.rstrip("/").removesuffix("/api").rstrip("/")


def encode_order_number(order_number: str) -> str:
    """Return the order number as one path segment. Raise `UnusableAddress` when no segment can carry it.

    `.` and `..` are refused: percent-encoding does not change their meaning, and a server would call
    another address than the order's.
    """
    if not order_number.strip():
        raise UnusableAddress("The order number is empty, so the order has no address at Jakamo.")
    if order_number in (".", ".."):
        raise UnusableAddress(f"The order number {order_number!r} cannot be part of an address.")
    try:
        return quote(order_number, safe="")
    except UnicodeEncodeError as error:
        raise UnusableAddress("The order number holds a character that is not valid Unicode.") from error


def build_send(
    kind: MessageKind, order_number: str, body: bytes, *, change_method: str = "PUT", status_method: str = "PUT"
) -> Request:
    """Return the request that sends one document. Raise `UnusableAddress` for an impossible order number."""
    if kind is MessageKind.ORDER:
        return Request(endpoint=Endpoint.ORDERS, method="POST", path="/api/order", headers=_WRITE_HEADERS, body=body)
    method = change_method if kind is MessageKind.CHANGE else status_method
    path = f"/api/order/{encode_order_number(order_number)}"
    return Request(endpoint=Endpoint.ORDER, method=method, path=path, headers=_WRITE_HEADERS, body=body)


def build_fetch() -> Request:
    """Return the request that reads the head of the response queue."""
    return Request(endpoint=Endpoint.QUEUE, method="GET", path="/api/order/response", headers=_READ_HEADERS)


def build_companies() -> Request:
    """Return the request that lists the supplier numbers mapped to companies; the answer is JSON."""
    headers = (("Accept", "application/json"),)
    return Request(endpoint=Endpoint.COMPANIES, method="GET", path="/api/mappedcompanies", headers=headers)


def build_acknowledge(base_url: str, uri: str) -> Request:
    """Return the request that removes the head of the queue; `path` is the whole path of `uri` on our own host.

    Raise `UnusableAddress` unless `uri`, resolved against the queue's address, has the scheme, host and port of
    `base_url` and no user info. The request is built from our own origin, so that two readings of one odd
    address cannot send the credentials elsewhere.
    """
    if not uri.strip() or not uri.isascii() or any(character <= " " or character in "\\\x7f" for character in uri):
        raise UnusableAddress("The acknowledge address is empty or holds characters that no address may hold.")
    base = api_base(base_url)
    try:
        ours, theirs = urlsplit(base), urlsplit(urljoin(f"{base}/api/order/response", uri))
        same = (ours.scheme, ours.hostname, _port(ours.scheme, ours.port)) == (
            theirs.scheme,
            theirs.hostname,
            _port(theirs.scheme, theirs.port),
        )
    except ValueError as error:
        raise UnusableAddress("The acknowledge address cannot be read as an address.") from error
    if "@" in theirs.netloc:
        raise UnusableAddress("The acknowledge address carries user information; it is not used.")
    if not same:
        raise UnusableAddress(
            f"The acknowledge address points to {bare_target(base, uri)}, not to {bare_target(base, base)}; "
            "it is not used, because the credentials would leave with it."
        )
    path = (theirs.path or "/") + (f"?{theirs.query}" if theirs.query else "")
    return Request(endpoint=Endpoint.ACKNOWLEDGE, method="POST", path=path, headers=_WRITE_HEADERS, body=b"")


def _port(scheme: str, port: int | None) -> int | None:
    return port if port is not None else _DEFAULT_PORTS.get(scheme)


def bare_target(base: str, location: str) -> str:
    """Return scheme, host and port that `location` points to: no user info, no path, no query."""
    try:
        parts = urlsplit(urljoin(base, location.strip()))
        host, port = parts.hostname, parts.port
    except ValueError:
        return "an address that cannot be read"
    if not host:
        return "an address without a host"
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + (f":{port}" if port is not None else "")


def header(headers: Headers, name: str) -> str:
    """Return the first value of a header, or an empty text; names compare without regard to case."""
    wanted = name.lower()
    return next((value for key, value in headers if key.lower() == wanted), "")
