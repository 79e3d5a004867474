"""Words out of any bytes, and no secret among them."""

from __future__ import annotations

import base64
import html
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.jakamo.wording import Scrubber, is_html, read_xml, tidy, words_of


@given(st.binary(max_size=300))
def test_any_bytes_are_read(body: bytes) -> None:
    """Nothing a server sends can raise."""
    tidy(words_of(body, "text/plain; charset=nonsense"))
    is_html(body, "", read_xml(body))


@pytest.mark.parametrize(
    "body",
    [
        b'<!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;">]><lolz>&lol2;</lolz>',
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>',
        b"<x/><x/>",
        b"<x>&undefined;</x>",
        b"<?xml version='1.0' encoding='no-such'?><x/>",
    ],
)
def test_hostile_xml_is_no_xml(body: bytes) -> None:
    """A DOCTYPE, whatever is in it, ends the reading; so does everything that is not well-formed."""
    assert read_xml(body) is None


def test_depth_costs_nothing() -> None:
    """A document nested a hundred thousand deep is read without a tree."""
    assert read_xml(b"<a>" * 100_000 + b"</a>" * 100_000) is not None


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        (b"<errors><error>one</error><error> two\n</error></errors>", "", "one; two"),
        (b"<error>only</error>", "", "only"),
        (b"<Errors><Error><Code>7</Code><Text>why</Text></Error></Errors>", "", "7 why"),
        (b"<Error><Message>An error has occurred.</Message></Error>", "", "An error has occurred."),
        (b"<status>Order received</status>", "", "Order received"),
        (b"<a><b>x</b><c>y</c></a>", "", "x y"),
        (b"plain text", "text/plain", "plain text"),
        ("tyhjä".encode("latin-1"), "text/plain; charset=iso-8859-1", "tyhjä"),
        (b"\xff\xfe broken", "text/plain", "�� broken"),
        (b"<html><style>b{}</style><script>x()</script><h1>Sign&nbsp;in</h1><br></html>", "text/html", "Sign in"),
        (b'{"error":"bad"}', "application/json", '{"error":"bad"}'),
        (b"", "", ""),
    ],
)
def test_words_of_each_form(body: bytes, content_type: str, expected: str) -> None:
    """Error texts first, else all text, without tags and scripts."""
    assert tidy(words_of(body, content_type)) == expected


def test_unprintable_characters_become_blanks() -> None:
    """A reason file stays one line a person can read; no terminal sequence gets through."""
    assert tidy("a\x00b\x1b[31mc\r\nd\u202ee") == "a b [31mc d e"


SECRETS = st.text(min_size=4, max_size=30).filter(lambda text: text.strip() == text)


@given(SECRETS, st.text(max_size=20), st.text(max_size=20))
def test_no_form_of_a_secret_survives(secret: str, before: str, after: str) -> None:
    """As it is, base64, percent-encoded, JSON, XML: whatever a server makes of what it got."""
    scrub = Scrubber(secret)
    raw = base64.b64encode(secret.encode("utf-8", "surrogatepass")).decode()
    forms = [secret, raw, raw.rstrip("="), quote(secret, safe="", errors="replace"), quote(raw, safe="")]
    forms += [quote_plus(secret, errors="replace"), json.dumps(secret)[1:-1], html.escape(secret)]
    for form in forms:
        scrubbed = scrub(f"{before}\n{form}\n{after}")
        assert form not in scrubbed.split("\n")


def test_the_basic_token_is_scrubbed_in_every_form() -> None:
    """User and password together are a secret of their own."""
    token = base64.b64encode(b"integration:p+ss/w?rd").decode()
    scrub = Scrubber("p+ss/w?rd", token)
    said = f"Basic {token} {quote(token, safe='')} {token.lower()} p%2bss%2Fw%3frd p+ss/w?rd"
    assert scrub(said) == "Basic *** *** *** *** ***"


def test_a_secret_is_scrubbed_before_the_cut() -> None:
    """The cut could leave the first half of a secret at the end."""
    assert "sec" not in tidy("x" * 495 + " secret-value", Scrubber("secret-value"))


def test_old_secrets_stay_scrubbed() -> None:
    """A late answer may echo the password that was changed meanwhile; of passing tokens the last few are kept."""
    scrub = Scrubber("old-password")
    scrub.learn("new-password")
    for number in range(40):
        scrub.learn(f"token-{number:04}", passing=True)
    assert scrub("old-password new-password token-0039 token-0001") == "*** *** *** token-0001"
