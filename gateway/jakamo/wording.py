"""What an answer says, read from its bytes: XML, HTML or text. Pure; the part of `protocol` that reads bodies.

Reads with expat and not with lxml: an answer is looked at, never kept as a tree. Must not fail on any bytes,
must not follow a DOCTYPE, must not let a secret through.
"""

from __future__ import annotations

import base64
import html
import json
import re
import threading
from collections import deque
from dataclasses import dataclass, field
from urllib.parse import quote, quote_plus
from xml.parsers import expat
from xml.sax.saxutils import escape

WORDS_LIMIT = 500
"""Characters of the other side's words that are kept."""

_LOOKED_AT = 65_536  # characters of a body that are looked at for words
_ERROR_ROOTS = frozenset({"error", "errors", "fault", "exception", "problem"})
_HTML_ROOTS = frozenset(
    "html head body title div p span h1 h2 h3 center font b a br hr form table ul ol meta script style iframe pre "
    "main section".split()
)
_HTML_START = re.compile(
    rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL
)
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_UNSEEN = re.compile(r"<(script|style)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[^>]*>")
_CHARSET = re.compile(r"charset=\"?([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)


class _DoctypeSeen(Exception):
    """The document carries a DOCTYPE, which is refused."""


@dataclass(slots=True)
class XmlSummary:
    """What a well-formed document says: local name of its root, the root's own text, its errors, all its text."""

    root: str = ""
    root_text: str = ""
    has_children: bool = False
    errors: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    @property
    def says_error(self) -> bool:
        """Tell whether the root, or an `error` directly below it that says something, reports a failure."""
        return self.root.lower() in _ERROR_ROOTS or bool(self.errors)

    @property
    def words(self) -> str:
        """Return the error texts, else all text."""
        return "; ".join(self.errors) or " ".join(self.texts)


class _Summarizer:
    """Expat handlers that fill an `XmlSummary`; keeps no tree, so depth and size cost nothing."""

    def __init__(self) -> None:
        self.summary = XmlSummary()
        self._path: list[str] = []
        self._kept = 0
        self._error: list[str] | None = None
        self._error_depth = 0

    def start(self, name: str, _attributes: object) -> None:
        local = name.rpartition(":")[2]
        self._path.append(local)
        depth = len(self._path)
        if depth == 1:
            self.summary.root = local
            in_errors = local.lower() == "error"
        else:
            self.summary.has_children = True
            parent_speaks = depth == 2 or (depth == 3 and self._path[1].lower() in ("errors", "body"))
            in_errors = parent_speaks and local.lower() in ("error", "fault")
        if in_errors and self._error is None:
            self._error, self._error_depth = [], depth

    def end(self, _name: str) -> None:
        if self._error is not None and len(self._path) == self._error_depth:
            said = " ".join(" ".join(self._error).split())
            if said:
                self.summary.errors.append(said)
            self._error = None
        self._path.pop()

    def text(self, text: str) -> None:
        if len(self._path) == 1:
            self.summary.root_text += text if len(self.summary.root_text) < _LOOKED_AT else ""
        if self._kept < _LOOKED_AT and not text.isspace():
            self._kept += len(text)
            self.summary.texts.append(text)
            if self._error is not None:
                self._error.append(text)

    def doctype(self, *_arguments: object) -> None:
        raise _DoctypeSeen


def read_xml(body: bytes) -> XmlSummary | None:
    """Return what `body` says when it is one whole well-formed document without DOCTYPE, else None."""
    if b"<" not in body:
        return None
    handlers = _Summarizer()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = handlers.start
    parser.EndElementHandler = handlers.end
    parser.CharacterDataHandler = handlers.text
    parser.StartDoctypeDeclHandler = handlers.doctype
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, _DoctypeSeen, ValueError, LookupError):
        return None
    return handlers.summary


def is_blank(body: bytes) -> bool:
    """Tell whether a body says nothing: empty, white space, a lone byte order mark."""
    return not body.removeprefix(_BYTE_ORDER_MARK).strip()


def is_html(body: bytes, content_type: str, summary: XmlSummary | None) -> bool:
    """Tell whether the answer is a page for people.

    The root decides when the body is XML: some servers label every answer `text/html`. A body that is not XML
    is a page when the label or its first tag says so.
    """
    if is_blank(body):
        return False
    if summary is not None:
        root = summary.root.lower()
        return root == "html" or (root in _HTML_ROOTS and "html" in content_type.lower())
    return "html" in content_type.lower() or bool(_HTML_START.match(body.removeprefix(_BYTE_ORDER_MARK)[:4096]))


def words_of(body: bytes, content_type: str, summary: XmlSummary | None = None) -> str:
    """Return what the body says to a person, unscrubbed and uncut: error texts, else all text without tags."""
    if is_blank(body):
        return ""
    summary = summary or read_xml(body)
    if summary is not None:
        return summary.words
    text = _decode(body, content_type)[:_LOOKED_AT]
    if is_html(body, content_type, None):
        text = html.unescape(_TAG.sub(" ", _UNSEEN.sub(" ", text)))
    return text


def _decode(body: bytes, content_type: str) -> str:
    named = _CHARSET.search(content_type)
    try:
        return body.decode(named.group(1) if named else "utf-8", errors="replace")
    except LookupError:
        return body.decode("utf-8", errors="replace")


def tidy(text: str, scrub: Scrubber | None = None) -> str:
    """Return `text` fit for a reason file: one line, printable, without secrets, at most `WORDS_LIMIT` characters."""
    if not text:
        return ""
    one_line = " ".join("".join(each if each.isprintable() else " " for each in text[:_LOOKED_AT]).split())
    if scrub is not None:
        one_line = scrub(one_line)  # before the cut, which could leave half a secret
    return one_line if len(one_line) <= WORDS_LIMIT else one_line[: WORDS_LIMIT - 1] + "…"


class Scrubber:
    """Replaces every secret it was told, in every form a server may echo it, by `***`.

    Forms: as it is, base64 with and without padding, percent-encoded, JSON- and XML-escaped; case ignored.
    """

    def __init__(self, *secrets: str) -> None:
        self._lock = threading.Lock()
        self._lasting: set[str] = set()
        self._passing: deque[str] = deque(maxlen=16)
        self._pattern: re.Pattern[str] | None = None
        self.learn(*secrets)

    def learn(self, *secrets: str, passing: bool = False) -> None:
        """Add secrets; an older value stays scrubbed, because a late answer may still echo it.

        Of `passing` ones (access tokens) only the last few are kept, else years of renewals would pile up.
        """
        with self._lock:
            new = [secret for secret in secrets if secret and secret not in self._lasting | set(self._passing)]
            if not new:
                return
            if passing:
                self._passing.extend(new)
            else:
                self._lasting.update(new)
            forms = {form for secret in self._lasting | set(self._passing) for form in _forms(secret)}
            ordered = sorted(forms, key=len, reverse=True)  # the longest first, or a part would hide the whole
            self._pattern = re.compile("|".join(re.escape(form) for form in ordered), re.IGNORECASE)

    def __call__(self, text: str) -> str:
        """Return `text` without any of the secrets."""
        return self._pattern.sub("***", text) if self._pattern is not None else text


def _forms(secret: str) -> set[str]:
    raw = secret.encode("utf-8", errors="surrogatepass")
    plain = base64.b64encode(raw).decode()
    urlsafe = base64.urlsafe_b64encode(raw).decode()
    forms = {secret, secret.strip(), plain, plain.rstrip("="), urlsafe, urlsafe.rstrip("=")}
    forms |= {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    forms |= {escape(secret), escape(secret, {'"': "&quot;", "'": "&apos;"}), html.escape(secret)}
    forms |= {quote(form, safe=safe, errors="replace") for form in (secret, plain) for safe in ("", "/")}
    forms |= {quote_plus(form, errors="replace") for form in (secret, plain)}
    return {form for form in forms if form}
