"""The values that the simulator's modules hand each other. No effects, no sockets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Headers = tuple[tuple[str, str], ...]

Endpoint = Literal[
    "order",  # POST /api/order
    "order-update",  # PUT or POST /api/order/{order}
    "queue",  # GET /api/order/response
    "acknowledge",  # POST /api/order/response/acknowledge/{token}
    "attachment",  # POST /api/order/{order}/attachment
    "attachment-download",  # GET /api/attachment/{id}
    "mapped-companies",  # GET /api/mappedcompanies
    "token",  # POST /oauth2/v2.0/token
    "unknown",  # any other path, or a method the path does not know
]
ENDPOINTS: tuple[str, ...] = get_args(Endpoint)

XML = "application/xml"
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Reply:
    """One HTTP answer before it is put on the wire."""

    status: int
    body: bytes = b""
    headers: Headers = ()


class Refused(Exception):
    """The request breaks a rule of the API; becomes `status` with `<errors><error>words</error></errors>`."""

    def __init__(self, status: int, *words: str, headers: Headers = ()) -> None:
        super().__init__(status, *words)
        self.status = status
        self.words = words
        self.headers = headers


def find_header(headers: Headers, name: str) -> str | None:
    """Return the first value under that name; names compare without regard to case."""
    wanted = name.lower()
    return next((value for key, value in headers if key.lower() == wanted), None)


def replace_headers(headers: Headers, changes: dict[str, str | None]) -> Headers:
    """Return `headers` with each name in `changes` set anew, or dropped where the new value is None."""
    names = {name.lower() for name in changes}
    kept = tuple(pair for pair in headers if pair[0].lower() not in names)
    return kept + tuple((name, value) for name, value in changes.items() if value is not None)
