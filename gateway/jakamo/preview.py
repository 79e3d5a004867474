"""The request that would go, fit to be shown: address and headers, without anything secret. Calls nobody."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.jakamo.client import request_head
from gateway.jakamo.protocol import api_base, build_send
from gateway.model import MessageKind
from gateway.settings import Account

MASK = "***"
NO_ADDRESS = "(the account's base_url)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """One request without its body; the credential is masked."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]


def preview_send(account: Account | None, kind: MessageKind, order_number: str, body: bytes) -> Preview:
    """Return the request that would send a document; without an account, with a word in place of its address.

    Raises `UnusableAddress` for an order number that no address can carry.
    """
    if account is None:
        request = build_send(kind, order_number, body)
        base, scheme = NO_ADDRESS, "Basic"
    else:
        request = build_send(
            kind, order_number, body, change_method=account.order_change_method, status_method=account.status_method
        )
        base, scheme = api_base(account.base_url), "Bearer" if account.auth == "oauth2" else "Basic"
    headers = {**request_head(request), "Authorization": f"{scheme} {MASK}", "Content-Length": str(len(body))}
    return Preview(method=request.method, url=base + request.path, headers=tuple(headers.items()))
