"""One exchange over the wire: whole, within its time and size, or a plain reason why not.

Stands between `requests`/urllib3 and the client. Follows no redirect, repeats nothing, reads no environment
variable, always verifies TLS. Knows nothing of Jakamo.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import certifi
from requests import PreparedRequest, Response
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from requests.utils import get_auth_from_url
from urllib3 import HTTPConnectionPool, PoolManager, ProxyManager, Retry, Timeout
from urllib3.response import BaseHTTPResponse
from urllib3.util import make_headers

from gateway.clock import Clock
from gateway.jakamo.answers import Reply, Silence
from gateway.jakamo.certificates import describe_certificate
from gateway.jakamo.connection import CURRENT_CALL, Call, WatchedHttpPool, WatchedHttpsPool
from gateway.jakamo.decoding import NotDecodable, decode
from gateway.jakamo.failures import FAULTS, CaFileUnreadable, NoReply, explain, explain_body

_NO_REPEATS = Retry(0, redirect=False, read=False, status=0, respect_retry_after_header=False)
_CHUNK = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a call may cost and whom it may trust."""

    connect_seconds: float = 10.0
    answer_seconds: float = 100.0
    idle_seconds: float = 15.0
    max_answer_bytes: int = 20 * 1024 * 1024
    connections: int = 10
    ca_file: str | None = None
    proxy: str | None = None


class Transport:
    """Sends requests on warm connections; threads may share it."""

    def __init__(self, limits: Limits, clock: Clock) -> None:
        self._limits = limits
        self._clock = clock
        self._timeout = Timeout(limits.answer_seconds)  # the limits of each call are tighter
        self._lock = threading.Lock()
        self._pools: dict[tuple[str, str], HTTPConnectionPool] = {}
        self._manager: PoolManager | None = None  # made by the first call: the CA file may be mended meanwhile

    def deadline(self) -> float:
        """Return the monotonic instant at which a call that starts now must be over."""
        return self._clock.monotonic() + self._limits.connect_seconds + self._limits.answer_seconds

    def exchange(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, *, deadline: float
    ) -> Reply:
        """Send one request and return its reply, which may be incomplete.

        Raises `NoReply` when no status arrived; it carries the number of bytes of the request that were written.
        """
        limits = self._limits
        call = Call(self._clock, deadline, limits.connect_seconds, limits.idle_seconds)
        token = CURRENT_CALL.set(call)
        try:
            response = self._open(method, url, headers, body)
            if call.bytes_written == 0:
                response.close()  # an answer to no request of ours: the server's farewell on an idle connection
                raise ConnectionResetError("the server closed the connection before the request was written")
            return self._read(response, call)
        except FAULTS as error:
            raise self._explained(explain(error, call, url, limits.proxy), url) from error
        finally:
            CURRENT_CALL.reset(token)

    def _explained(self, failure: NoReply, url: str) -> NoReply:
        """Add what the certificate says of itself, and read the CA file anew next time: it may be mended.

        Not through a proxy: a direct connection may be forbidden there.
        """
        if failure.cause is Silence.CERTIFICATE:
            with self._lock:
                self._manager = None
                self._pools.clear()
            if not self._limits.proxy:
                shown = describe_certificate(url, min(3.0, self._limits.connect_seconds))
                failure.words = f"{failure.words} {shown}".strip()
        return failure

    def _open(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> BaseHTTPResponse:
        parts = urlsplit(url)
        pool = self._pools.get((parts.scheme, parts.netloc)) or self._new_pool(url)
        target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        if pool.proxy is not None and parts.scheme == "http":
            target = url  # a forwarding proxy wants the whole address
        return pool.urlopen(
            method,
            target,
            body=body,
            headers=headers,
            retries=_NO_REPEATS,
            redirect=False,
            assert_same_host=False,
            timeout=self._timeout,
            preload_content=False,
            decode_content=False,  # see `decoding`
        )

    def _new_pool(self, url: str) -> HTTPConnectionPool:
        parts = urlsplit(url)
        with self._lock:
            if self._manager is None:
                self._manager = self._new_manager()
            pool = self._manager.connection_from_url(url)
            self._pools[(parts.scheme, parts.netloc)] = pool
        return pool

    def _new_manager(self) -> PoolManager:
        """Return a manager whose every TLS connection is verified against the CA file, or else `certifi`'s."""
        context = verified_context(self._limits.ca_file)
        options: dict[str, Any] = {"num_pools": 4, "maxsize": self._limits.connections, "ssl_context": context}
        manager: PoolManager
        if self._limits.proxy:
            user, password = get_auth_from_url(self._limits.proxy)
            login = make_headers(proxy_basic_auth=f"{user}:{password}") if user else None
            manager = ProxyManager(self._limits.proxy, proxy_headers=login, proxy_ssl_context=context, **options)
        else:
            manager = PoolManager(**options)
        manager.pool_classes_by_scheme = {"http": WatchedHttpPool, "https": WatchedHttpsPool}
        return manager

    def _read(self, response: BaseHTTPResponse, call: Call) -> Reply:
        """Read the body to its end, its size limit or its fault, whichever comes first."""
        call.reusable = response.status >= 200 and call.sent_whole  # else a late answer would be taken for the next
        limit = self._limits.max_answer_bytes
        pieces: list[bytes] = []
        size, fault = 0, ""
        try:
            while piece := response.read(_CHUNK):
                pieces.append(piece)
                size += len(piece)
                if size > limit:
                    fault = f"larger than {limit} bytes (max_answer_mb)"
                    break
        except FAULTS as error:
            fault = explain_body(error)
        if fault or not call.reusable:
            response.close()
        else:
            response.release_conn()
        body = b"".join(pieces)
        if not fault and "Content-Encoding" in response.headers:
            try:
                body = decode(body, response.headers["Content-Encoding"], limit)
            except NotDecodable as error:
                body, fault = b"", str(error)
        return Reply(
            status=response.status,
            headers=tuple(response.headers.items()),
            body=body,
            complete=not fault,
            sent_whole=call.sent_whole,
            fault=fault,
        )

    def close(self) -> None:
        """Close every idle connection; calls that are under way end first."""
        if self._manager is not None:
            self._manager.clear()


def verified_context(ca_file: str | None) -> ssl.SSLContext:
    """Return a TLS context that verifies chain and host name. Raise `CaFileUnreadable`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # not create_default_context: it reads SSLKEYLOGFILE
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_verify_locations(cafile=ca_file or certifi.where())
    except (OSError, ssl.SSLError) as error:
        raise CaFileUnreadable(f"{ca_file}: {error}") from error
    return context


class SessionAdapter(BaseAdapter):
    """Lets a library that brings a `requests.Session` send through a `Transport`, until one deadline.

    Time, trust and proxy are the transport's, whatever the session says.
    """

    def __init__(self, transport: Transport, deadline: float) -> None:
        super().__init__()
        self._transport = transport
        self._deadline = deadline

    def send(self, request: PreparedRequest, *_args: Any, **_kwargs: Any) -> Response:
        """Return the reply. Raises `NoReply`, also for a body that did not arrive whole."""
        body = request.body.encode() if isinstance(request.body, str) else request.body
        if not isinstance(body, bytes | None) or request.url is None or request.method is None:
            raise TypeError("only prepared requests with a body in memory can be sent")
        reply = self._transport.exchange(
            request.method, request.url, dict(request.headers), body, deadline=self._deadline
        )
        if not reply.complete:
            raise NoReply(Silence.LOST, 1, f"The answer did not arrive whole: {reply.fault}.")
        response = Response()
        response.status_code = reply.status
        response.headers = CaseInsensitiveDict(reply.headers)
        response.request, response.url = request, request.url
        response.raw = BytesIO(reply.body)
        return response

    def close(self) -> None:
        """Do nothing: the transport outlives the session."""
