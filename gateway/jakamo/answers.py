"""What Jakamo's answers mean. Pure; the table of answers of the design stands here and nowhere else.

`classify` judges calls that got a status, `judge_silence` those that got none, `read_queue` a GET of the queue.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum

from gateway.jakamo.protocol import Endpoint, Headers, bare_target, header
from gateway.jakamo.wording import Scrubber, XmlSummary, is_blank, is_html, read_xml, tidy, words_of
from gateway.model import Answer, AnswerClass, QueueAnswer

RETRY_AFTER_LIMIT_SECONDS = 12 * 3600.0
"""A `Retry-After` beyond this is cut to it: no header may stop an account for a week."""

DEFAULT_UNSURE = frozenset({408, 500, 502, 504})
"""Which of 408, 500, 502, 503, 504 leave it open whether the document arrived; any other 5xx always does."""

_DATA = frozenset({400, 409, 413, 422})
_GONE = frozenset({404, 410})
_DIALLED = frozenset({408, 500, 502, 503, 504})
_SECONDS = re.compile(r"[0-9]{1,12}")
_EMPTY_QUEUE = "no more messages available"
_PHRASES = {
    401: "Jakamo refused the credentials.",
    403: "Jakamo refuses this account the right to do this.",
    404: "Jakamo does not know this address.",
    405: "Jakamo does not take this method at this address.",
    407: "The proxy asks for a login.",
    413: "The document is larger than Jakamo takes.",
    415: "Jakamo does not take this content type.",
    429: "Jakamo asks to come back later.",
    503: "Jakamo is not available at present.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back over the wire for one request."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    complete: bool = True  # the body was read to its stated end, within time and size
    sent_whole: bool = True  # the request had been written to its end
    fault: str = ""  # why it is not complete

    @property
    def content_type(self) -> str:
        """Return the media type as the server labelled it."""
        return header(self.headers, "Content-Type")


class Silence(StrEnum):
    """Why a call got no status at all."""

    NOT_REACHED = "not-reached"  # name, route, refusal, TLS, proxy
    LOST = "lost"  # the connection ended, or spoke nonsense
    TIMEOUT = "timeout"
    CERTIFICATE = "certificate"
    PROXY_LOGIN = "proxy-login"
    SETTINGS = "settings"  # our own side: CA file, proxy address


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What else judging an answer needs to know."""

    now: datetime
    base_url: str = ""
    unsure_statuses: Collection[int] = DEFAULT_UNSURE
    scrub: Scrubber | None = None


def classify(endpoint: Endpoint, reply: Reply, context: Context) -> Answer:
    """Return what an answer means."""
    summary = read_xml(reply.body)
    said = words_of(reply.body, reply.content_type, summary)
    if 200 <= reply.status < 300:
        answer_class, doubt = _success(reply, summary)
        return _answer(answer_class, reply, context, f"{doubt} {said}")
    answer_class = _class_of(endpoint, reply.status, context.unsure_statuses)
    if answer_class is AnswerClass.ACCEPTED:
        said = "already gone"
    elif 300 <= reply.status < 400 and (location := header(reply.headers, "Location")):
        target = bare_target(context.base_url, location)
        said = f"The address redirects to {target}; redirects are never followed. Correct the base address."
    return _answer(answer_class, reply, context, said)


def _answer(answer_class: AnswerClass, reply: Reply, context: Context, said: str) -> Answer:
    """Put an answer together: words tidied, wait read where waiting helps."""
    wait, remark = None, ""
    if answer_class in (AnswerClass.COME_BACK, AnswerClass.MAYBE):
        wait, remark = retry_after(reply.headers, context.now)
    words = tidy(said, context.scrub)
    if not words and answer_class is not AnswerClass.ACCEPTED:
        words = _PHRASES.get(reply.status) or f"Jakamo answered {reply.status} without a word."
    return Answer(
        answer_class=answer_class,
        status=reply.status,
        words=words,
        detail="; ".join(part for part in (f"HTTP {reply.status}", reply.fault, remark) if part),
        retry_after_seconds=wait,
    )


def _success(reply: Reply, summary: XmlSummary | None) -> tuple[AnswerClass, str]:
    """Return the class of a 2xx, and in words what makes it doubtful."""
    if not reply.complete:
        return AnswerClass.MAYBE, f"The answer did not arrive whole: {reply.fault or 'it was cut off'}."
    if not reply.sent_whole:
        return AnswerClass.MAYBE, "The answer came before the whole document had been sent."
    if is_blank(reply.body):
        return AnswerClass.ACCEPTED, ""
    if is_html(reply.body, reply.content_type, summary):
        return AnswerClass.MAYBE, "Something between us and Jakamo answered with a page:"
    if summary is None:
        return AnswerClass.MAYBE, "The answer reports success but is not XML:"
    if summary.says_error:
        return AnswerClass.MAYBE, "The answer reports success but holds an error:"
    return AnswerClass.ACCEPTED, ""


def _class_of(endpoint: Endpoint, status: int, unsure_statuses: Collection[int]) -> AnswerClass:
    """Return the class of a status that is no success."""
    if status in _DATA:
        return AnswerClass.DATA
    if status in _GONE:
        if endpoint is Endpoint.ACKNOWLEDGE:
            return AnswerClass.ACCEPTED  # removed already: the aim is reached
        return AnswerClass.DATA if endpoint is Endpoint.ORDER else AnswerClass.SETTINGS
    if status == 429:
        return AnswerClass.COME_BACK
    if status == 408 or status >= 500 or status < 200:
        refused = status in _DIALLED and status not in unsure_statuses
        return AnswerClass.COME_BACK if refused else AnswerClass.MAYBE
    # 3xx, 401, 403, 405, 407, 415, and the 4xx nobody expects: pausing touches no file, failing orders would.
    return AnswerClass.SETTINGS


def judge_silence(cause: Silence, bytes_written: int, words: str, detail: str = "") -> Answer:
    """Return what the lack of an answer means: surely not sent only when no byte of the request was written."""
    if bytes_written > 0:
        return Answer(answer_class=AnswerClass.MAYBE, words=words, detail=detail)
    ours = cause in (Silence.CERTIFICATE, Silence.PROXY_LOGIN, Silence.SETTINGS)
    answer_class = AnswerClass.SETTINGS if ours else AnswerClass.NOT_SENT
    return Answer(answer_class=answer_class, words=words, detail=detail)


def retry_after(headers: Headers, now: datetime) -> tuple[float | None, str]:
    """Return the seconds that `Retry-After` asks for, and a remark when they were cut.

    A date counts from the answer's own `Date`, because two clocks differ; nonsense gives None.
    """
    asked = header(headers, "Retry-After").strip()
    if _SECONDS.fullmatch(asked):
        seconds = float(asked)
    else:
        until = _http_date(asked)
        if until is None:
            return None, ""
        seconds = max(0.0, (until - (_http_date(header(headers, "Date")) or now)).total_seconds())
    if seconds <= RETRY_AFTER_LIMIT_SECONDS:
        return seconds, ""
    hours = RETRY_AFTER_LIMIT_SECONDS / 3600
    return RETRY_AFTER_LIMIT_SECONDS, f"Retry-After asked for {seconds:.0f} s; at most {hours:.0f} h are waited"


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, IndexError, TypeError, OverflowError):
        return None
    return moment if moment.tzinfo is not None else None


def is_empty_queue(body: bytes) -> bool:
    """Tell whether the queue says it is empty: by its root element, never by a text somewhere inside."""
    return _says_empty(read_xml(body))


def _says_empty(summary: XmlSummary | None) -> bool:
    if summary is None or summary.root.lower() != "status" or summary.has_children:
        return False
    return " ".join(summary.root_text.split()).rstrip(".").casefold() == _EMPTY_QUEUE


def read_queue(reply: Reply, context: Context) -> QueueAnswer:
    """Return what a GET of the queue gave.

    Whatever arrived whole with an acknowledge address is the queue's head, also when nobody can read it: it
    must be kept, not fetched for ever. A page never is. XML without that address is handed over as well: the
    receiver stops at it, and a person sees what it was.
    """
    if not 200 <= reply.status < 300:
        return QueueAnswer(answer=classify(Endpoint.QUEUE, reply, context))
    summary = read_xml(reply.body)
    said = words_of(reply.body, reply.content_type, summary)
    if not reply.complete:
        doubt = f"The queue's answer did not arrive whole: {reply.fault or 'it was cut off'}."
        return QueueAnswer(answer=_answer(AnswerClass.MAYBE, reply, context, doubt))
    if is_html(reply.body, reply.content_type, summary):
        words = f"Something between us and Jakamo answers the queue with a page: {said}"
        return QueueAnswer(answer=_answer(AnswerClass.SETTINGS, reply, context, words))
    if _says_empty(summary):
        return QueueAnswer(answer=_answer(AnswerClass.ACCEPTED, reply, context, said), empty=True)
    if header(reply.headers, "X-Acknowledge-Uri") or (summary is not None and not summary.says_error):
        answer = _answer(AnswerClass.ACCEPTED, reply, context, "")
        return QueueAnswer(answer=answer, body=reply.body, headers=reply.headers)
    if is_blank(reply.body) or summary is not None:
        words = f"The queue's answer is neither a message nor says that the queue is empty: {said or 'it is blank.'}"
        return QueueAnswer(answer=_answer(AnswerClass.MAYBE, reply, context, words))
    words = f"Something between us and Jakamo answers the queue; the answer is no XML: {said}"
    return QueueAnswer(answer=_answer(AnswerClass.SETTINGS, reply, context, words))
