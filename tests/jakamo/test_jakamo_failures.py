"""From foreign errors to plain words; the bytes written alone decide what may have left."""

from __future__ import annotations

import errno
import socket
import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jakamo_help import HandClock
from urllib3.exceptions import HTTPError, LocationParseError, MaxRetryError, NewConnectionError, ProtocolError

from gateway.jakamo.answers import Silence, judge_silence
from gateway.jakamo.connection import Call
from gateway.jakamo.failures import FAULTS, CaFileUnreadable, explain, explain_body
from gateway.model import AnswerClass

URL = "https://demo.example.com/api/order"


def a_call(written: int = 0) -> Call:
    """Return a call of which so many of 100 bytes were written."""
    call = Call(HandClock(), 0.0, 0.0, 0.0)
    call.bytes_total, call.bytes_written = 100, written
    return call


def wrapped(cause: Exception) -> Exception:
    """Return the cause as urllib3 hides it."""
    new = NewConnectionError(None, "cannot connect")  # type: ignore[arg-type]
    new.__cause__ = cause
    return MaxRetryError(None, "/api/order", new)  # type: ignore[arg-type]


CASES = [
    (ConnectionRefusedError(), Silence.NOT_REACHED, "refuses the connection", True),
    (ConnectionResetError(), Silence.NOT_REACHED, "closed the connection before anything was written", True),
    (BrokenPipeError(), Silence.NOT_REACHED, "closed the connection before anything was written", True),
    (TimeoutError(), Silence.NOT_REACHED, "in time", False),
    (socket.gaierror(socket.EAI_AGAIN, "again"), Silence.NOT_REACHED, "looked up", True),
    (socket.gaierror(socket.EAI_NONAME, "unknown"), Silence.NOT_REACHED, "looked up", False),
    (ssl.SSLError("handshake failure"), Silence.NOT_REACHED, "No secure connection", False),
    (ssl.SSLCertVerificationError("expired"), Silence.CERTIFICATE, "is not trusted", False),
    (CaFileUnreadable("ca.pem: missing"), Silence.SETTINGS, "ca.pem", False),
    (OSError("Tunnel connection failed: 407 Login"), Silence.PROXY_LOGIN, "407", False),
    (OSError("Tunnel connection failed: 503 Down"), Silence.NOT_REACHED, "503", False),
    (LocationParseError("https://"), Silence.SETTINGS, "cannot be used", False),
    (OSError(errno.ENETUNREACH, "unreachable"), Silence.NOT_REACHED, "No connection", True),
    (OSError(errno.EACCES, "denied"), Silence.NOT_REACHED, "No connection", False),
    (HTTPError("odd"), Silence.NOT_REACHED, "No connection", False),
]


@pytest.mark.parametrize(("error", "cause", "words", "soon"), CASES)
def test_each_cause_has_its_words(error: Exception, cause: Silence, words: str, soon: bool) -> None:
    """Named from the innermost error, however deep it is hidden; only what seconds may mend is repeated soon."""
    for given_error in (error, wrapped(error)):
        failure = explain(given_error, a_call(), URL, None)
        assert (failure.cause, failure.repeat_soon, failure.bytes_written) == (cause, soon, 0)
        assert words in failure.words


@given(st.sampled_from([case[0] for case in CASES]), st.integers(1, 100))
def test_one_byte_is_enough_to_be_unsure(error: Exception, written: int) -> None:
    """No error's name outweighs a byte that was written; nothing of it is repeated."""
    failure = explain(wrapped(error), a_call(written), URL, None)
    answer = judge_silence(failure.cause, failure.bytes_written, failure.words)
    assert (answer.answer_class, failure.repeat_soon) == (AnswerClass.MAYBE, False)
    assert f"{written} of 100 bytes" in failure.words


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ProtocolError("x", TimeoutError()), "its time was used up"),
        (ProtocolError("x", ConnectionResetError()), "the connection was lost"),
    ],
)
def test_a_broken_body_says_why(error: Exception, reason: str) -> None:
    """The operator reads what happened, not a class name."""
    assert explain_body(error) == reason


@pytest.mark.parametrize(
    ("proxy", "shown"),
    [
        ("http://user:sesame@proxy.example.com:3128", "proxy.example.com:3128"),
        ("http://proxy.example.com", "proxy.example.com:80"),
        ("http://proxy.example.com:99999", "proxy.example.com"),
    ],
)
def test_the_proxy_is_named_without_its_login(proxy: str, shown: str) -> None:
    """Behind a proxy it is the proxy that refuses."""
    assert explain(ConnectionRefusedError(), a_call(), URL, proxy).words == f"{shown} refuses the connection."


def test_every_fault_of_the_wire_is_known() -> None:
    """What urllib3, ssl, sockets and the HTTP parser raise is caught by the positive list."""
    for error in (case[0] for case in CASES):
        assert isinstance(error, FAULTS)
