"""How the gateway proves who it is: Basic with a password or a ready token, or OAuth2 client credentials.

Gives the value of the `Authorization` header for one call. `authlib` speaks OAuth2; when a token is fetched,
kept and given up is decided here, on our own clock and within the limits of the business call.
"""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from gateway.clock import Clock
from gateway.jakamo.answers import Context, Reply, judge_silence, retry_after
from gateway.jakamo.failures import NoReply
from gateway.jakamo.protocol import bare_target, header
from gateway.jakamo.transport import SessionAdapter, Transport
from gateway.jakamo.wording import Scrubber, tidy
from gateway.model import Answer, AnswerClass

_RENEW_AHEAD_SECONDS = 120.0  # at most; never more than a fifth of the token's life
_UNSTATED_LIFE_SECONDS = 3600.0
_IN_FORM = "client_secret_post"  # client id and secret go as form fields
_PAUSE_SECONDS = 15.0  # between two tries to renew a token that is still valid


_TOKEN = re.compile(r"[A-Za-z0-9+/=_-]+")
_UNREADABLE = (ValueError, TypeError, KeyError, AttributeError, OverflowError)
"""What `authlib` lets through when a token's fields are not what they should be."""


class NoAuthorization(Exception):
    """There is nothing to authenticate with; `answer` is what that means for the call that wanted it."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.words)
        self.answer = answer


class Authorizer(Protocol):
    """Gives the `Authorization` header. Both methods raise `NoAuthorization`; neither outlasts `deadline`."""

    def header(self, deadline: float) -> str:
        """Return the header for a call that starts now."""
        ...

    def renewed(self, refused: str, deadline: float) -> str | None:
        """Return another header after a 401 on `refused`; None when there is no other."""
        ...


class BasicAuthorizer:
    """Basic authentication. The secret is asked for anew by every call, so that a changed password counts at once.

    `read_token` gives base64 of `user:password` (UTF-8), ready or made from a password.
    """

    def __init__(self, read_token: Callable[[], str], scrubber: Scrubber) -> None:
        self._read_token = read_token
        self._scrubber = scrubber

    def header(self, deadline: float) -> str:
        """Return the header with the present secret."""
        token = self._read_token()
        if not _TOKEN.fullmatch(token):
            raise NoAuthorization(_settings("The ready token is not base64 of user name and password."))
        self._scrubber.learn(token)
        return f"Basic {token}"

    def renewed(self, refused: str, deadline: float) -> str | None:
        """Return the header only when the secret was changed meanwhile."""
        now = self.header(deadline)
        return now if now != refused else None


def basic_token(username: str, password: str) -> str:
    """Return base64 of `username:password` in UTF-8."""
    return base64.b64encode(f"{username}:{password}".encode()).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenSource:
    """Where and as whom tokens are fetched; the secret is asked for at every fetch."""

    token_url: str
    client_id: str
    scope: str
    read_secret: Callable[[], str]


@dataclass(frozen=True, slots=True)
class _Token:
    value: str
    renew_at: float  # monotonic
    ends_at: float


class ClientCredentialsAuthorizer:
    """OAuth2 client credentials: one token for all threads, renewed ahead of its end and after a 401.

    Only one thread fetches; those that waited for it share what it got, a failure too: a token service that is
    down is asked once, not once per thread.
    """

    def __init__(self, source: TokenSource, transport: Transport, clock: Clock, scrubber: Scrubber) -> None:
        self._source = source
        self._transport = transport
        self._clock = clock
        self._scrubber = scrubber
        self._lock = threading.Lock()
        self._token: _Token | None = None
        self._fetches = 0  # that have ended
        self._failure: Answer | None = None

    def header(self, deadline: float) -> str:
        """Return the header with a token that is not about to end."""
        token = self._token
        if token is None or self._clock.monotonic() >= token.renew_at:
            token = self._renew(token, deadline)
        return f"Bearer {token.value}"

    def renewed(self, refused: str, deadline: float) -> str | None:
        """Return the header with a token other than the refused one."""
        token = self._token
        if token is None or f"Bearer {token.value}" == refused:
            token = self._renew(token, deadline, refused=True)
        return f"Bearer {token.value}"

    def _renew(self, stale: _Token | None, deadline: float, *, refused: bool = False) -> _Token:
        fetches = self._fetches
        if not self._lock.acquire(timeout=max(0.0, deadline - self._clock.monotonic())):
            raise NoAuthorization(_passing("No token arrived in time; nothing was sent."))
        try:
            fresh = self._token
            if fresh is not None and fresh is not stale and not (refused and stale and fresh.value == stale.value):
                return fresh
            if self._fetches != fetches and self._failure is not None:
                raise NoAuthorization(self._failure)
            return self._fetch(stale, deadline, refused=refused)
        finally:
            self._lock.release()

    def _fetch(self, stale: _Token | None, deadline: float, *, refused: bool) -> _Token:
        """Fetch a token while holding the lock. A stale token that is still valid outlives a failure."""
        try:
            self._token, self._failure = self._ask(deadline), None
        except NoAuthorization as error:
            self._failure = error.answer
            now = self._clock.monotonic()
            if refused or stale is None or now >= stale.ends_at:
                raise
            self._token = _Token(stale.value, min(now + _PAUSE_SECONDS, stale.ends_at), stale.ends_at)
        finally:
            self._fetches += 1
        return self._token

    def _ask(self, deadline: float) -> _Token:
        secret = self._source.read_secret()
        self._scrubber.learn(secret)
        try:
            got = _fetch_token(self._source, secret, SessionAdapter(self._transport, deadline), self._judge)
        except NoReply as error:
            words = tidy(f"No token could be fetched, so nothing was sent: {error.words}", self._scrubber)
            # Of the business call nothing was written, whatever happened to the token's own request.
            raise NoAuthorization(judge_silence(error.cause, 0, words, tidy(error.detail, self._scrubber))) from error
        except _UNREADABLE as error:
            raise NoAuthorization(_settings("The token service gave an answer that cannot be read.")) from error
        value = got.get("access_token")
        if not isinstance(value, str) or not value.isascii() or not value.isprintable() or " " in value or not value:
            raise NoAuthorization(_settings("The token service gave an answer without a usable access token."))
        if str(got.get("token_type", "bearer")).lower() != "bearer":
            raise NoAuthorization(_settings("The token service gave a token that is no bearer token."))
        self._scrubber.learn(value, passing=True)
        return self._kept(value, got.get("expires_in"))  # a number, or authlib would have refused it

    def _kept(self, value: str, expires_in: object) -> _Token:
        life = float(expires_in) if isinstance(expires_in, int | float | str) else 0.0
        if not 0 < life < float("inf"):
            life = _UNSTATED_LIFE_SECONDS
        now = self._clock.monotonic()
        return _Token(value, now + life - min(_RENEW_AHEAD_SECONDS, life / 5), now + life)

    def _judge(self, reply: Reply) -> None:
        """Raise `NoAuthorization` unless the token service gave a token; never reads more into it than that."""
        answer = judge_token_reply(reply, self._source.token_url, Context(now=self._clock.now(), scrub=self._scrubber))
        if answer is not None:
            raise NoAuthorization(answer)


def _fetch_token(
    source: TokenSource, secret: str, adapter: SessionAdapter, judge: Callable[[Reply], None]
) -> dict[str, Any]:
    """Let `authlib` make the request and read the answer; the session lives for this one fetch."""
    from authlib.integrations.requests_client import OAuth2Session  # type: ignore[import-untyped]  # only when needed

    def look(response: Any) -> Any:
        judge(Reply(status=response.status_code, headers=tuple(response.headers.items()), body=response.content))
        return response

    session = OAuth2Session(source.client_id, secret, scope=source.scope or None, token_endpoint_auth_method=_IN_FORM)
    session.trust_env = False
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    session.register_compliance_hook("access_token_response", look)
    token: dict[str, Any] = session.fetch_token(
        source.token_url, grant_type="client_credentials", allow_redirects=False
    )
    return token


def judge_token_reply(reply: Reply, token_url: str, context: Context) -> Answer | None:
    """Return what the token service's reply means for the business call, or None when it may hold a token. Pure.

    A token service that is down or busy is passing; one that refuses us needs a person. Never a data error.
    """
    said = _json_object(reply.body)
    error, description = str(said.get("error", "")), str(said.get("error_description", ""))
    words = f"The token service {bare_target(token_url, token_url)} answered {reply.status}"
    detail = f"token service: HTTP {reply.status}"
    busy = reply.status in (408, 429) or reply.status >= 500
    if busy or error in ("temporarily_unavailable", "server_error"):
        wait, _ = retry_after(reply.headers, context.now)
        return _passing(tidy(f"{words}; nothing was sent. {error} {description}", context.scrub), detail, wait)
    if 300 <= reply.status < 400:
        target = bare_target(token_url, header(reply.headers, "Location"))
        return _settings(f"{words} and points to {target}; redirects are never followed. Correct token_url.", detail)
    if error or not 200 <= reply.status < 300:
        hint = "Check client_id and client_secret; client secrets expire." if error == "invalid_client" else ""
        parts = (f"{words}: {error}" if error else f"{words}.", hint, description)
        return _settings(tidy(" ".join(part for part in parts if part), context.scrub), detail)
    if not said:
        return _settings(f"{words} with something that is no token; something between us answers.", detail)
    return None


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _settings(words: str, detail: str = "") -> Answer:
    return Answer(answer_class=AnswerClass.SETTINGS, words=words, detail=detail)


def _passing(words: str, detail: str = "", wait: float | None = None) -> Answer:
    return Answer(answer_class=AnswerClass.NOT_SENT, words=words, detail=detail, retry_after_seconds=wait)
