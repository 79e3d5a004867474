"""The Jakamo client: send, fetch, acknowledge. Every trouble of the network becomes an `Answer`, never an exception.

Puts the room's parts together for one account: requests, credentials, transport, table of answers. Must not
write a file, must not remember a document.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import unquote, urlsplit

import requests
import tenacity

from gateway.clock import Clock
from gateway.errors import SettingsError
from gateway.jakamo.answers import Context, Reply, classify, judge_silence, read_queue
from gateway.jakamo.auth import (
    Authorizer,
    BasicAuthorizer,
    ClientCredentialsAuthorizer,
    NoAuthorization,
    TokenSource,
    basic_token,
)
from gateway.jakamo.failures import NoReply
from gateway.jakamo.protocol import (
    Endpoint,
    Request,
    UnusableAddress,
    api_base,
    build_acknowledge,
    build_companies,
    build_fetch,
    build_send,
)
from gateway.jakamo.suppliers import read_companies
from gateway.jakamo.transport import Limits, Transport
from gateway.jakamo.wording import Scrubber, tidy
from gateway.model import Answer, AnswerClass, KnownSuppliers, MessageKind, QueueAnswer
from gateway.settings import Account, SecretName

REPEAT_WAITS_SECONDS = (0.5, 1.5)
"""Waits before the extra tries inside one call, for what surely was not sent and may mend by itself in seconds."""

USER_AGENT = "jakamo-file-gateway"


def request_head(request: Request) -> dict[str, str]:
    """Return the headers of a call, without credential and length."""
    return {"User-Agent": USER_AGENT, "Accept-Encoding": "identity", **dict(request.headers)}


class JakamoClient:
    """The API for one account. Threads may share it; `close` ends it."""

    def __init__(
        self, account: Account, clock: Clock, *, repeat_waits_seconds: Sequence[float] = REPEAT_WAITS_SECONDS
    ) -> None:
        self._account = account
        self._clock = clock
        self._waits = tuple(repeat_waits_seconds)
        self._closing = threading.Event()
        self._scrubber = Scrubber(*_proxy_secrets(account.proxy))
        self._base = api_base(account.base_url)
        self._origin = "{0.scheme}://{0.netloc}".format(urlsplit(self._base))
        self._transport = Transport(_limits(account), clock)
        self._authorizer = _authorizer(account, self._transport, clock, self._scrubber)
        self._prepared: dict[tuple[Endpoint, str], dict[str, str]] = {}

    def send(self, kind: MessageKind, order_number: str, body: bytes) -> Answer:
        """Send one document; return what its answer means. Never raises for trouble of the network."""
        account = self._account
        try:
            request = build_send(
                kind,
                order_number,
                body,
                change_method=account.order_change_method,
                status_method=account.status_method,
            )
        except UnusableAddress as error:
            return Answer(answer_class=AnswerClass.DATA, words=str(error))
        return self._answer(request)

    def fetch(self) -> QueueAnswer:
        """Return the head of the response queue, or that it is empty, or why neither could be had."""
        started = self._clock.monotonic()
        reply = self._call(build_fetch())
        if isinstance(reply, Answer):
            return QueueAnswer(answer=self._timed(reply, started))
        result = read_queue(reply, self._context())
        return replace(result, answer=self._timed(result.answer, started))

    def acknowledge(self, uri: str) -> Answer:
        """Remove the head of the queue. An address that is not the account's own is not called: class settings."""
        try:
            request = build_acknowledge(self._base, uri)
        except UnusableAddress as error:
            words = tidy(str(error), self._scrubber)
            return Answer(answer_class=AnswerClass.SETTINGS, words=words, detail="acknowledge address refused")
        return self._answer(request)

    def companies(self) -> KnownSuppliers:
        """Return the supplier numbers that Jakamo has a company for, or why that could not be had."""
        reply = self._call(build_companies())
        if isinstance(reply, Answer):
            return KnownSuppliers(ids=None, trouble=reply.words)
        return read_companies(reply, self._context())

    def close(self) -> None:
        """End waits between repeats and close idle connections; calls under way end by themselves."""
        self._closing.set()
        self._transport.close()

    def _answer(self, request: Request) -> Answer:
        started = self._clock.monotonic()
        reply = self._call(request)
        answer = reply if isinstance(reply, Answer) else classify(request.endpoint, reply, self._context())
        return self._timed(answer, started)

    def _call(self, request: Request) -> Reply | Answer:
        """Make the call, with its few repeats; return the reply, or what the lack of one means."""
        deadline = self._transport.deadline()
        try:
            try:
                return self._attempt(request, deadline)
            except NoReply as error:
                if not error.repeat_soon:
                    raise
                return self._repeat(request, deadline, error)
        except NoAuthorization as error:
            return error.answer
        except NoReply as error:
            words, detail = tidy(error.words, self._scrubber), tidy(error.detail, self._scrubber)
            return judge_silence(error.cause, error.bytes_written, words, detail)

    def _repeat(self, request: Request, deadline: float, first: NoReply) -> Reply | Answer:
        """Try again after `first`, which wrote nothing; tenacity is not in the way of calls that just work."""
        seen: list[NoReply] = [first]

        def again() -> Reply | Answer:
            if seen:
                raise seen.pop()
            return self._attempt(request, deadline)

        tries = tenacity.Retrying(
            retry=tenacity.retry_if_exception(lambda error: isinstance(error, NoReply) and error.repeat_soon),
            stop=tenacity.stop_any(
                tenacity.stop_after_attempt(1 + len(self._waits)),
                tenacity.stop_when_event_set(self._closing),
                _StopBefore(deadline, self._clock),
            ),
            wait=tenacity.wait_chain(*(tenacity.wait_fixed(wait) for wait in self._waits or (0.0,))),
            sleep=lambda seconds: self._pause(float(seconds)),
            reraise=True,
        )
        return tries(again)

    def _pause(self, seconds: float) -> None:
        self._clock.wait(self._closing, seconds)

    def _attempt(self, request: Request, deadline: float) -> Reply | Answer:
        """Make the call once; after a 401 once more with another credential, if there is one.

        Raises `NoReply` only while no byte of the request was ever answered.
        """
        authorization = self._authorizer.header(deadline)
        reply = self._exchange(request, authorization, deadline)
        if reply.status != 401:
            return reply
        try:
            other = self._authorizer.renewed(authorization, deadline)
            return reply if other is None else self._exchange(request, other, deadline)
        except NoAuthorization as error:
            return _after_refusal(error.answer)
        except NoReply as error:
            words, detail = tidy(error.words, self._scrubber), tidy(error.detail, self._scrubber)
            return _after_refusal(judge_silence(error.cause, error.bytes_written, words, detail))

    def _exchange(self, request: Request, authorization: str, deadline: float) -> Reply:
        prepared = self._prepared.get((request.endpoint, request.method)) or self._prepare(request)
        headers = {**prepared, "Authorization": authorization}
        if request.body is not None:
            headers["Content-Length"] = str(len(request.body))
        url = self._origin + request.path if request.endpoint is Endpoint.ACKNOWLEDGE else self._base + request.path
        return self._transport.exchange(request.method, url, headers, request.body, deadline=deadline)

    def _prepare(self, request: Request) -> dict[str, str]:
        """Let `requests` prepare the head once for each endpoint; calls differ in path, length and credential."""
        prepared = requests.Request(request.method, self._base, headers=request_head(request)).prepare()
        self._prepared[(request.endpoint, request.method)] = dict(prepared.headers)
        return self._prepared[(request.endpoint, request.method)]

    def _context(self) -> Context:
        return Context(
            now=self._clock.now(),
            base_url=self._base,
            unsure_statuses=self._account.unsure_statuses,
            scrub=self._scrubber,
        )

    def _timed(self, answer: Answer, started: float) -> Answer:
        return replace(answer, elapsed_seconds=self._clock.monotonic() - started)


class _StopBefore(tenacity.stop.stop_base):
    """Stop when the next try would begin after the deadline of the whole call."""

    def __init__(self, deadline: float, clock: Clock) -> None:
        self._deadline = deadline
        self._clock = clock

    def __call__(self, retry_state: tenacity.RetryCallState) -> bool:
        """Tell whether there is no time for another try."""
        return self._clock.monotonic() + retry_state.upcoming_sleep >= self._deadline


def _after_refusal(answer: Answer) -> Answer:
    """Return `answer` as the end of a call whose first try was refused by 401.

    Bytes had been written by then, so it is not "surely not sent" but "refused, come back".
    """
    if answer.answer_class is AnswerClass.NOT_SENT:
        return replace(answer, answer_class=AnswerClass.COME_BACK)
    return answer


def _proxy_secrets(proxy: str | None) -> tuple[str, ...]:
    parts = urlsplit(proxy or "")
    if not parts.password:
        return ()
    plain = unquote(parts.password)
    return parts.password, plain, basic_token(unquote(parts.username or ""), plain)


def _limits(account: Account) -> Limits:
    return Limits(
        connect_seconds=account.connect_seconds,
        answer_seconds=account.answer_seconds,
        idle_seconds=account.idle_seconds,
        max_answer_bytes=account.max_answer_bytes,
        connections=account.workers + 2,  # beside the senders, the queue's poller and the token
        ca_file=str(account.ca_file) if account.ca_file else None,
        proxy=account.proxy or None,
    )


def _authorizer(account: Account, transport: Transport, clock: Clock, scrubber: Scrubber) -> Authorizer:
    def read(name: SecretName) -> str:
        try:
            return account.secret(name) or ""
        except SettingsError as error:
            raise NoAuthorization(Answer(answer_class=AnswerClass.SETTINGS, words=str(error))) from error

    def read_token() -> str:
        if ready := read("token"):
            return ready
        password = read("password")
        scrubber.learn(password)
        return basic_token(account.username or "", password)

    if account.auth == "basic":
        return BasicAuthorizer(read_token, scrubber)
    source = TokenSource(
        token_url=account.token_url or "",
        client_id=account.client_id or "",
        scope=account.scope or "",
        read_secret=lambda: read("client_secret"),
    )
    return ClientCredentialsAuthorizer(source, transport, clock, scrubber)
