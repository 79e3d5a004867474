"""The table of answers, row by row, and what must hold for all of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jakamo_help import NOW

from gateway.jakamo.answers import (
    Context,
    Reply,
    Silence,
    classify,
    is_empty_queue,
    judge_silence,
    read_queue,
    retry_after,
)
from gateway.jakamo.protocol import Endpoint
from gateway.jakamo.wording import Scrubber
from gateway.model import AnswerClass

A, E = AnswerClass, Endpoint
SEND = (E.ORDERS, E.ORDER)
ALL = tuple(Endpoint)
CONTEXT = Context(now=NOW, base_url="https://demo.example.com")
EMPTY = b"<status>No more messages available.</status>"
HTML = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please <b>log in</b></body></html>"
ERROR = b"<errors><error>Order not found</error></errors>"


def reply(status: int, body: bytes = b"", **more: object) -> Reply:
    """Return a reply; keywords are fields of it."""
    return Reply(status=status, body=body, **more)  # type: ignore[arg-type]


ROWS = [
    # accepted: 2xx, complete, body empty or XML that is no error
    *[(endpoint, reply(status), A.ACCEPTED) for endpoint in ALL[:2] for status in (200, 201, 202, 204, 299)],
    (E.ACKNOWLEDGE, reply(200), A.ACCEPTED),
    (E.ORDERS, reply(200, b" \r\n"), A.ACCEPTED),
    (E.ORDERS, reply(200, b"\xef\xbb\xbf"), A.ACCEPTED),
    (E.ORDERS, reply(200, b"<status>ok</status>"), A.ACCEPTED),
    (E.ORDERS, reply(200, b"\xef\xbb\xbf<?xml version='1.0'?><a:Order xmlns:a='urn:x'/>"), A.ACCEPTED),
    (E.ORDERS, reply(200, "<status>ok</status>".encode("utf-16")), A.ACCEPTED),
    (E.ORDERS, reply(200, b"<?xml version='1.0' encoding='windows-1252'?><s>\xe4</s>"), A.ACCEPTED),
    (E.ORDERS, reply(200, b"<status>ok</status>", headers=(("Content-Type", "text/html"),)), A.ACCEPTED),
    (E.ORDERS, reply(200, b"<result><errors/></result>"), A.ACCEPTED),
    # a 2xx that is HTML, an error document, not XML, truncated, oversized, or came too early
    (E.ORDERS, reply(200, HTML), A.MAYBE),
    (E.ORDERS, reply(200, b"<html><body>hello</body></html>"), A.MAYBE),
    (E.ORDERS, reply(200, b"<p>hello</p>", headers=(("Content-Type", "text/html; charset=utf-8"),)), A.MAYBE),
    (E.ORDERS, reply(200, b"hello", headers=(("Content-Type", "text/html"),)), A.MAYBE),
    (E.ORDERS, reply(200, b"OK"), A.MAYBE),
    (E.ORDERS, reply(200, b'{"status":"ok"}'), A.MAYBE),
    (E.ORDERS, reply(200, b"<!DOCTYPE x><x/>"), A.MAYBE),
    (E.ORDERS, reply(200, b"<status>ok</stat"), A.MAYBE),
    (E.ORDERS, reply(200, ERROR), A.MAYBE),
    (E.ORDERS, reply(200, b"<error>no</error>"), A.MAYBE),
    (E.ORDERS, reply(200, b"<Errors/>"), A.MAYBE),
    (E.ORDERS, reply(200, b"<result><error>no</error></result>"), A.MAYBE),
    (E.ORDERS, reply(200, b"<s:Envelope xmlns:s='u'><s:Body><s:Fault>no</s:Fault></s:Body></s:Envelope>"), A.MAYBE),
    (E.ORDERS, reply(200, b"<status>ok</status>", complete=False), A.MAYBE),
    (E.ORDERS, reply(200, complete=False), A.MAYBE),
    (E.ORDERS, reply(200, sent_whole=False), A.MAYBE),
    # maybe received
    *[(endpoint, reply(status), A.MAYBE) for endpoint in SEND for status in (408, 500, 502, 504, 501, 505, 520, 599)],
    *[(endpoint, reply(status), A.MAYBE) for endpoint in ALL for status in (101, 103, 600, 999)],
    # refused, come back
    *[(endpoint, reply(status), A.COME_BACK) for endpoint in ALL for status in (429, 503)],
    # data
    *[(endpoint, reply(status, ERROR), A.DATA) for endpoint in SEND for status in (400, 409, 413, 422)],
    *[(E.ORDER, reply(status), A.DATA) for status in (404, 410)],
    # settings
    *[(E.ORDERS, reply(status), A.SETTINGS) for status in (404, 410)],
    *[(E.QUEUE, reply(status), A.SETTINGS) for status in (404, 410)],
    *[
        (endpoint, reply(status), A.SETTINGS)
        for endpoint in ALL
        for status in (401, 403, 405, 407, 415, 300, 301, 302, 303, 304, 307, 308)
    ],
    # 4xx that nobody expects
    *[(E.ORDERS, reply(status), A.SETTINGS) for status in (402, 406, 411, 421, 426, 431, 451)],
    # the head of the queue was removed already
    *[(E.ACKNOWLEDGE, reply(status), A.ACCEPTED) for status in (404, 410)],
    # a refusal stays one when its words are cut off
    (E.ORDERS, reply(400, b"<err", complete=False), A.DATA),
    (E.ORDERS, reply(401, b"<err", complete=False), A.SETTINGS),
]


@pytest.mark.parametrize(("endpoint", "given_reply", "expected"), ROWS)
def test_each_row_of_the_table(endpoint: Endpoint, given_reply: Reply, expected: AnswerClass) -> None:
    """Status, body and endpoint decide as the design says."""
    answer = classify(endpoint, given_reply, CONTEXT)
    assert (answer.answer_class, answer.status) == (expected, given_reply.status)
    assert answer.words or expected is A.ACCEPTED  # whoever must act is told something


statuses = st.integers(100, 999)
bodies = st.binary(max_size=60) | st.sampled_from([b"", EMPTY, HTML, ERROR, b"<ok/>"])
replies = st.builds(Reply, status=statuses, body=bodies, complete=st.booleans(), sent_whole=st.booleans())
endpoints = st.sampled_from(ALL)


@given(endpoints, replies)
def test_only_a_whole_2xx_is_accepted(endpoint: Endpoint, given_reply: Reply) -> None:
    """Nothing but a complete 2xx to a wholly written request counts as accepted; a gone acknowledgement aside."""
    answer = classify(endpoint, given_reply, CONTEXT)
    if answer.answer_class is A.ACCEPTED and not (endpoint is E.ACKNOWLEDGE and given_reply.status in (404, 410)):
        assert (200 <= given_reply.status < 300, given_reply.complete, given_reply.sent_whole) == (True, True, True)


@given(endpoints, replies)
def test_an_answer_never_means_not_sent(endpoint: Endpoint, given_reply: Reply) -> None:
    """Whoever answered has seen bytes of ours."""
    assert classify(endpoint, given_reply, CONTEXT).answer_class is not A.NOT_SENT


@given(endpoints, st.integers(500, 599), bodies)
def test_every_5xx_but_503_is_unsure(endpoint: Endpoint, status: int, body: bytes) -> None:
    """By default only 503 says that nothing was done."""
    answer = classify(endpoint, reply(status, body), CONTEXT)
    assert answer.answer_class is (A.COME_BACK if status == 503 else A.MAYBE)


@given(st.sets(st.sampled_from([408, 500, 502, 503, 504])), st.sampled_from([408, 500, 502, 503, 504]))
def test_unsure_statuses_is_a_dial(unsure: set[int], status: int) -> None:
    """A status that the setting names leaves the outcome open; one that it leaves out was refused."""
    answer = classify(E.ORDERS, reply(status), Context(now=NOW, unsure_statuses=unsure))
    assert answer.answer_class is (A.MAYBE if status in unsure else A.COME_BACK)


@given(st.sampled_from(list(Silence)), st.integers(0, 10**9))
def test_not_sent_needs_zero_bytes(cause: Silence, written: int) -> None:
    """Once a byte was written, silence means "maybe", whatever caused it."""
    answer = judge_silence(cause, written, "words")
    settings = cause in (Silence.CERTIFICATE, Silence.PROXY_LOGIN, Silence.SETTINGS)
    assert answer.answer_class is (A.MAYBE if written else A.SETTINGS if settings else A.NOT_SENT)


def test_words_are_jakamos_own() -> None:
    """Every error of the body is told, in one line."""
    body = b"<errors><error>Order/ID:\n  too long</error><error>No such user &amp; company</error></errors>"
    answer = classify(E.ORDERS, reply(400, body), CONTEXT)
    assert answer.words == "Order/ID: too long; No such user & company"


def test_words_are_cut() -> None:
    """A reason file is no place for a page."""
    answer = classify(E.ORDERS, reply(400, b"<error>" + b"x" * 3000 + b"</error>"), CONTEXT)
    assert len(answer.words) == 500


def test_words_hold_no_secret() -> None:
    """Also when the server sends the credentials back."""
    context = Context(now=NOW, scrub=Scrubber("correct horse"))
    answer = classify(E.ORDERS, reply(401, b"<error>bad password: correct horse</error>"), context)
    assert answer.words == "bad password: ***"


def test_redirect_names_the_target_only() -> None:
    """Where to is what the operator needs; what else the address carries may be a credential."""
    headers = (("Location", "https://user:secret@other.example.com/login?ticket=secret"),)
    answer = classify(E.ORDERS, reply(302, HTML, headers=headers), CONTEXT)
    assert "https://other.example.com;" in answer.words
    assert "secret" not in answer.words + answer.detail


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("Tue, 24 Nov 2026 10:05:00 GMT", 300.0),  # five minutes after the answer's Date
        ("Tue, 24 Nov 2026 09:00:00 GMT", 0.0),
        ("604800", 43_200.0),
        ("999999999999", 43_200.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 43_200.0),
        ("9" * 5000, None),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("1.5", None),
        ("٣", None),
        ("Tue, 99 Nov 2026 99:99:99 GMT", None),
        ("Tue, 24 Nov 2026 10:05:00", None),
    ],
)
def test_retry_after_forms(asked: str, expected: float | None) -> None:
    """Seconds or a date; nonsense is ignored, a week is cut to twelve hours."""
    headers = (("retry-after", asked), ("Date", "Tue, 24 Nov 2026 10:00:00 GMT"))
    seconds, remark = retry_after(headers, NOW)
    assert seconds == expected
    assert ("at most 12 h" in remark) == (expected == 43_200.0)


@given(st.text(), st.text())
def test_retry_after_survives_anything(asked: str, date: str) -> None:
    """No header can raise, or make the wait negative or endless."""
    seconds, _ = retry_after((("Retry-After", asked), ("Date", date)), NOW)
    assert seconds is None or 0 <= seconds <= 43_200


def test_retry_after_date_without_date_counts_from_now() -> None:
    """Without the answer's own clock ours must do."""
    assert retry_after((("Retry-After", "Tue, 24 Nov 2026 12:01:00 GMT"),), NOW) == (60.0, "")


@pytest.mark.parametrize(
    ("status", "expected"), [(503, 7.0), (429, 7.0), (500, 7.0), (400, None), (403, None), (200, None)]
)
def test_retry_after_is_told_where_waiting_helps(status: int, expected: float | None) -> None:
    """A refused document is not mended by waiting."""
    answer = classify(E.ORDERS, reply(status, headers=(("Retry-After", "7"),)), CONTEXT)
    assert answer.retry_after_seconds == expected


def test_cut_retry_after_is_stated() -> None:
    """The bound shows in the detail, so that nobody wonders who came back early."""
    answer = classify(E.ORDERS, reply(503, headers=(("Retry-After", "604800"),)), CONTEXT)
    assert (answer.retry_after_seconds, answer.detail) == (
        43_200.0,
        "HTTP 503; Retry-After asked for 604800 s; at most 12 h are waited",
    )


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (EMPTY, True),
        (b"<?xml version='1.0'?>\n<status>\n  No more  messages available </status>", True),
        (b"<j:status xmlns:j='urn:x'>no more messages available.</j:status>", True),
        (b"<OrderResponse><Note>No more messages available.</Note></OrderResponse>", False),
        (b"<Order><status>No more messages available.</status></Order>", False),
        (b"<status><a/>No more messages available.</status>", False),
        (b"<status>Not No more messages available.</status>", False),
        (b"<status/>", False),
        (b"No more messages available.", False),
        (b"", False),
    ],
)
def test_empty_is_told_by_the_root(body: bytes, expected: bool) -> None:
    """An order whose note holds the phrase must not look like an empty queue."""
    assert is_empty_queue(body) is expected


ACK = (("X-Acknowledge-Uri", "/ack/1"),)


@pytest.mark.parametrize(
    ("given_reply", "expected", "kept"),
    [
        (reply(200, b"<OrderResponse/>", headers=ACK), A.ACCEPTED, True),
        (reply(200, b"<OrderResponse/>"), A.ACCEPTED, True),  # the receiver stops at the missing address
        (reply(200, b"<unclosed", headers=ACK), A.ACCEPTED, True),  # poison, for the problem folder
        (reply(200, b"", headers=ACK), A.ACCEPTED, True),
        (reply(200, b"\x00\xff", headers=ACK), A.ACCEPTED, True),
        (reply(200, ERROR, headers=ACK), A.ACCEPTED, True),
        (reply(200, EMPTY), A.ACCEPTED, False),
        (reply(200, HTML), A.SETTINGS, False),
        (reply(200, HTML, headers=ACK), A.SETTINGS, False),
        (reply(200, b"hello"), A.SETTINGS, False),
        (reply(200, b'{"a":1}'), A.SETTINGS, False),
        (reply(200, b""), A.MAYBE, False),
        (reply(200, ERROR), A.MAYBE, False),
        (reply(200, b"<OrderResponse/>", headers=ACK, complete=False), A.MAYBE, False),
        (reply(404), A.SETTINGS, False),
        (reply(503), A.COME_BACK, False),
        (reply(500), A.MAYBE, False),
        (reply(401), A.SETTINGS, False),
    ],
)
def test_each_kind_of_queue_answer(given_reply: Reply, expected: AnswerClass, kept: bool) -> None:
    """What is whole and marked as a message is kept, however odd; a page between us and Jakamo never is."""
    result = read_queue(given_reply, CONTEXT)
    assert (result.answer.answer_class, result.body is not None) == (expected, kept)
    assert result.empty is (given_reply.body == EMPTY)
    if kept:
        assert (result.body, result.headers) == (given_reply.body, given_reply.headers)


@given(replies)
def test_the_queue_is_never_empty_and_full(given_reply: Reply) -> None:
    """Exactly one of: a message, empty, or an answer that says why neither."""
    result = read_queue(given_reply, CONTEXT)
    good = result.answer.answer_class is A.ACCEPTED
    assert (result.body is not None) + result.empty == good
