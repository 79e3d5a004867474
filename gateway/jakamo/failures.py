"""Why a call got no reply, in plain words: foreign errors of urllib3, ssl and the sockets end here.

The number of bytes written comes from the connection and decides alone whether the request may have left; the
errors only lend their words.
"""

from __future__ import annotations

import errno
import re
import socket
import ssl
from collections.abc import Iterator
from http.client import HTTPException
from urllib.parse import urlsplit

from urllib3.exceptions import HTTPError, IncompleteRead, LocationValueError, ProxySchemeUnknown

from gateway.jakamo.answers import Silence
from gateway.jakamo.connection import Call

FAULTS: tuple[type[Exception], ...] = (HTTPError, HTTPException, OSError, UnicodeError)
"""Everything that a socket, TLS or the HTTP parser raises; TimeoutError and ssl.SSLError are OSError."""

_PROXY_SAID = re.compile(r"Tunnel connection failed: ([0-9]{3})")


class CaFileUnreadable(OSError):
    """The file of trusted certificates cannot be read, so nothing can be verified and nothing is sent."""


class NoReply(Exception):
    """No status arrived. `bytes_written` of the request were handed to the system; `words` say what happened.

    `repeat_soon`: seconds may mend it, and nothing was written.
    """

    def __init__(
        self, cause: Silence, bytes_written: int, words: str, detail: str = "", *, repeat_soon: bool = False
    ) -> None:
        super().__init__(words)
        self.cause = cause
        self.bytes_written = bytes_written
        self.words = words
        self.detail = detail
        self.repeat_soon = repeat_soon and bytes_written == 0


def explain(error: Exception, call: Call, url: str, proxy: str | None) -> NoReply:
    """Return what became of the call, from the error it ended with and the bytes it had written."""
    links = list(_chain(error))
    where = _where(url)
    root = next((link for link in links if isinstance(link, OSError | HTTPException)), error)
    detail = f"{type(root).__name__}: {root}"
    if call.bytes_written > 0:
        return _lost(links, call, where, detail)
    cause, words, soon = _unreached(links, where, _where(proxy) if proxy else "")
    return NoReply(cause, 0, words, detail, repeat_soon=soon)


def _lost(links: list[BaseException], call: Call, where: str, detail: str) -> NoReply:
    written = f"{call.bytes_written} of {call.bytes_total} bytes"
    if any(isinstance(link, TimeoutError) for link in links):
        words = f"{where} gave no whole answer in time, after {written} had been written."
        return NoReply(Silence.TIMEOUT, call.bytes_written, words, detail)
    words = f"The connection to {where} was lost or its answer made no sense, after {written} had been written."
    return NoReply(Silence.LOST, call.bytes_written, words, detail)


def _unreached(links: list[BaseException], where: str, proxy: str) -> tuple[Silence, str, bool]:
    """Return cause, words, and whether seconds may mend it, for a request of which nothing was written."""
    for link in links:
        if isinstance(link, CaFileUnreadable):
            return Silence.SETTINGS, f"The file of trusted certificates cannot be read: {link}", False
        if isinstance(link, ssl.SSLCertVerificationError):
            reason = getattr(link, "verify_message", "") or str(link)
            return Silence.CERTIFICATE, f"The certificate of {where} is not trusted: {reason}.", False
        said = _PROXY_SAID.search(str(link)) if isinstance(link, OSError) else None
        if said:
            cause = Silence.PROXY_LOGIN if said.group(1) == "407" else Silence.NOT_REACHED
            return cause, f"The proxy {proxy} answered {said.group(1)} and opened no way to {where}.", False
        if isinstance(link, LocationValueError | ProxySchemeUnknown):
            return Silence.SETTINGS, f"The address of {proxy or where} cannot be used.", False
        if isinstance(link, socket.gaierror):
            soon = link.errno == socket.EAI_AGAIN
            return Silence.NOT_REACHED, f"The name of {proxy or where} cannot be looked up.", soon
    if any(isinstance(link, ConnectionRefusedError) for link in links):
        return Silence.NOT_REACHED, f"{proxy or where} refuses the connection.", True
    if any(isinstance(link, ConnectionResetError | BrokenPipeError) for link in links):
        return Silence.NOT_REACHED, f"{proxy or where} closed the connection before anything was written.", True
    if any(isinstance(link, TimeoutError) for link in links):
        return Silence.NOT_REACHED, f"{proxy or where} did not take the connection in time.", False
    if any(isinstance(link, ssl.SSLError) for link in links):
        return Silence.NOT_REACHED, f"No secure connection to {where} could be agreed on.", False
    soon = any(isinstance(link, OSError) and link.errno == errno.ENETUNREACH for link in links)
    return Silence.NOT_REACHED, f"No connection to {proxy or where}.", soon


def explain_body(error: Exception) -> str:
    """Return why a body did not arrive whole."""
    links = list(_chain(error))
    if any(isinstance(link, TimeoutError) for link in links):
        return "its time was used up"
    if any(isinstance(link, IncompleteRead) for link in links):
        return "it is shorter than announced"
    return "the connection was lost"


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and everything it wraps: urllib3 hides the cause in `reason`, `args` or the context."""
    waiting: list[BaseException] = [error]
    seen: set[int] = set()
    while waiting:
        link = waiting.pop(0)
        if id(link) in seen or isinstance(link, NoReply):
            continue  # an earlier try's reason is no cause of this one
        seen.add(id(link))
        yield link
        inside = (getattr(link, "reason", None), getattr(link, "original_error", None), *link.args)
        for each in (*inside, link.__cause__, link.__context__):
            if isinstance(each, BaseException):
                waiting.append(each)


def _where(url: str) -> str:
    """Return host and port, never user info."""
    parts = urlsplit(url)
    try:
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    except ValueError:
        port = None
    return f"{parts.hostname}:{port}" if port else str(parts.hostname)
