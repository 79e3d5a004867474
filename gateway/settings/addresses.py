"""Web addresses in the settings: https, or plain http for this very machine.

Layer: settings. Pure; a sentence about an address never repeats it, for it may hold a password.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import SplitResult, urlsplit


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address is this very machine, without asking any name service."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def address_problem(text: str, *, with_path: bool) -> str | None:
    """Return what is wrong with an address to call, in a sentence, or None."""
    parts = _split(text)
    if isinstance(parts, str):
        return parts
    host = parts.hostname or ""
    if parts.username is not None or parts.password is not None:
        return "must not hold a user name or password; they have keys of their own"
    if parts.scheme == "http" and not is_loopback(host):
        return "must start with https://; plain http is accepted for this machine alone (localhost, 127.0.0.1)"
    if parts.fragment or (parts.query and not with_path):
        return "must end before ? and #"
    if not with_path and "api" in parts.path.lower().split("/"):
        return "must end before /api: the gateway adds /api/order and the rest itself"
    return None


def proxy_problem(text: str) -> str | None:
    """Return what is wrong with a proxy's address, in a sentence, or None."""
    parts = _split(text)
    if isinstance(parts, str):
        return parts
    return "must end after the port" if parts.path.strip("/") or parts.query or parts.fragment else None


def _split(text: str) -> SplitResult | str:
    """Take an address apart, or say why that cannot be done."""
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "is not a web address; check the host name and the port"
    if parts.scheme not in ("http", "https"):
        return "must start with https://"
    if not host or any(character.isspace() for character in text):
        return "is not a web address; check the host name, and that there are no spaces"
    return parts
