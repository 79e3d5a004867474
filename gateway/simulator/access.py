"""Who may call: Basic credentials, and OAuth2 client credentials with tokens that end."""

from __future__ import annotations

import base64
import binascii
import json
import secrets
import threading
import time
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote_plus

from gateway.simulator.values import JSON, Headers, Refused, Reply, find_header

TOKEN_PATH = "/oauth2/v2.0/token"


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthClient:
    """The registered application. `lifetime_seconds` is told as expires_in and kept to."""

    client_id: str
    client_secret: str
    scope: str = "https://simulator.example/.default"
    lifetime_seconds: float = 3599.0


class Access:
    """Checks the Authorization header and hands out tokens. Thread-safe.

    Credentials may be changed while running. `username` None: Basic is refused; `oauth` None: Bearer is.
    """

    def __init__(self, username: str | None, password: str, oauth: OAuthClient | None) -> None:
        self.oauth = oauth
        self.refuse_tokens = False
        """Answer every token request with 401 invalid_client."""
        self.tokens_issued = 0
        self._basic: str | None = None
        self._lock = threading.Lock()
        self._tokens: dict[str, float] = {}  # token: end, on the monotonic clock
        self.set_basic(username, password)

    def set_basic(self, username: str | None, password: str = "") -> None:
        """Take other Basic credentials from now on; None takes none."""
        if username is None:
            self._basic = None
        else:
            self._basic = base64.b64encode(f"{username}:{password}".encode()).decode("ascii")

    def expire_tokens(self) -> None:
        """End every token that was handed out."""
        with self._lock:
            self._tokens.clear()

    def check(self, headers: Headers) -> None:
        """Pass a request with valid credentials; raises Refused (401) otherwise.

        The scheme compares without regard to case (RFC 9110), what follows it exactly.
        """
        given = find_header(headers, "Authorization")
        scheme, _, credentials = (given or "").partition(" ")
        if scheme.lower() == "basic" and self._basic is not None and credentials == self._basic:
            return
        if scheme.lower() == "bearer" and self.oauth is not None and self._is_live(credentials):
            return
        challenge = "Bearer" if self._basic is None else 'Basic realm="Jakamo simulator"'
        words = "Authentication is required." if given is None else "The credentials are not valid."
        raise Refused(401, words, headers=(("WWW-Authenticate", challenge),))

    def _is_live(self, token: str) -> bool:
        with self._lock:
            return time.monotonic() < self._tokens.get(token, 0.0)

    def issue_token(self, headers: Headers, body: bytes) -> Reply:
        """Answer a token request (RFC 6749 4.4): a token, or an error as JSON."""
        media_type = (find_header(headers, "Content-Type") or "").partition(";")[0].strip().lower()
        if media_type != "application/x-www-form-urlencoded":
            return _token_error(400, "invalid_request", "The body must be a form.")
        form = {name: values[-1] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
        client = _client_of(headers, form)
        known = self.oauth
        if known is None or self.refuse_tokens or client != (known.client_id, known.client_secret):
            return _token_error(401, "invalid_client", "The client secret is not valid, or has expired.")
        if form.get("grant_type") != "client_credentials":
            return _token_error(400, "unsupported_grant_type", "Only client_credentials is served.")
        if form.get("scope") != known.scope:
            return _token_error(400, "invalid_scope", f"The scope must be {known.scope}.")
        token = secrets.token_urlsafe(24)
        with self._lock:
            self.tokens_issued += 1
            self._tokens[token] = time.monotonic() + known.lifetime_seconds
        return _json(200, {"token_type": "Bearer", "expires_in": int(known.lifetime_seconds), "access_token": token})


def _client_of(headers: Headers, form: dict[str, str]) -> tuple[str, str]:
    """Return client id and secret from the form, or from Basic as RFC 6749 2.3.1 has it."""
    scheme, _, credentials = (find_header(headers, "Authorization") or "").partition(" ")
    if scheme.lower() != "basic":
        return form.get("client_id", ""), form.get("client_secret", "")
    try:
        pair = base64.b64decode(credentials, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    client_id, _, client_secret = pair.partition(":")
    return unquote_plus(client_id), unquote_plus(client_secret)


def _token_error(status: int, code: str, words: str) -> Reply:
    return _json(status, {"error": code, "error_description": words})


def _json(status: int, value: dict[str, object]) -> Reply:
    return Reply(status, json.dumps(value).encode(), (("Content-Type", JSON), ("Cache-Control", "no-store")))
