"""Requests and addresses: pure values."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.jakamo.protocol import (
    Endpoint,
    UnusableAddress,
    api_base,
    bare_target,
    build_acknowledge,
    build_fetch,
    build_send,
    encode_order_number,
    header,
)
from gateway.model import MessageKind

BASE = "https://demo.example.com"
XML_HEADERS = (("Content-Type", "application/xml"), ("Accept", "application/xml"))


@pytest.mark.parametrize(
    ("kind", "methods", "expected"),
    [
        (MessageKind.ORDER, ("PUT", "PUT"), ("POST", "/api/order", Endpoint.ORDERS)),
        (MessageKind.CHANGE, ("PUT", "POST"), ("PUT", "/api/order/PO%2F1", Endpoint.ORDER)),
        (MessageKind.CHANGE, ("POST", "PUT"), ("POST", "/api/order/PO%2F1", Endpoint.ORDER)),
        (MessageKind.STATUS, ("POST", "PUT"), ("PUT", "/api/order/PO%2F1", Endpoint.ORDER)),
        (MessageKind.STATUS, ("PUT", "POST"), ("POST", "/api/order/PO%2F1", Endpoint.ORDER)),
    ],
)
def test_each_kind_has_its_request(
    kind: MessageKind, methods: tuple[str, str], expected: tuple[str, str, Endpoint]
) -> None:
    """Orders are posted to the collection; changes and statuses go to the order, by the method that is set."""
    request = build_send(kind, "PO/1", b"<x/>", change_method=methods[0], status_method=methods[1])
    assert (request.method, request.path, request.endpoint) == expected
    assert (request.headers, request.body) == (XML_HEADERS, b"<x/>")


def test_the_queue_is_read_with_get() -> None:
    """A GET without a body."""
    request = build_fetch()
    assert (request.method, request.path, request.body) == ("GET", "/api/order/response", None)


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("PO-1_2.3~4", "PO-1_2.3~4"),
        ("4500/12 ä?#%", "4500%2F12%20%C3%A4%3F%23%25"),
        ("a+b&c=d;e", "a%2Bb%26c%3Dd%3Be"),
        ("...", "..."),
        ("%2E%2E", "%252E%252E"),
    ],
)
def test_order_numbers_are_percent_encoded(number: str, expected: str) -> None:
    """Everything but unreserved characters is encoded, so that a number cannot reach another address."""
    assert encode_order_number(number) == expected


@pytest.mark.parametrize("number", ["", "  ", ".", "..", "\udc80"])
def test_impossible_order_numbers_are_refused(number: str) -> None:
    """A number that no path segment can carry is refused, not sent to another address."""
    with pytest.raises(UnusableAddress):
        build_send(MessageKind.CHANGE, number, b"<x/>")


@given(st.text(min_size=1))
def test_encoding_is_one_segment_and_comes_back(number: str) -> None:
    """Any number is either refused or stays one segment that decodes to the same number."""
    try:
        segment = encode_order_number(number)
    except UnusableAddress:
        return
    assert unquote(segment) == number
    assert segment.isascii()
    assert not set(segment) & set("/?#\\ \r\n")


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        (f"{BASE}/api/order/response/7", "/api/order/response/7"),
        (f"{BASE}:443/ack?id=7&x=%2F", "/ack?id=7&x=%2F"),
        ("HTTPS://DEMO.example.COM/ack", "/ack"),
        ("/api/ack/7", "/api/ack/7"),
        ("ack/7", "/api/order/ack/7"),
        ("?id=7", "/api/order/response?id=7"),
        (f"{BASE}/ack#fragment", "/ack"),
        (BASE, "/"),
    ],
)
def test_own_acknowledge_addresses_are_taken(uri: str, path: str) -> None:
    """Absolute on our own scheme, host and port, or relative to the queue."""
    request = build_acknowledge(BASE, uri)
    assert (request.method, request.path, request.body) == ("POST", path, b"")


@pytest.mark.parametrize(
    "uri",
    [
        "",
        " ",
        "https://evil.example.com/ack",
        "http://demo.example.com/ack",
        "https://demo.example.com:8443/ack",
        "https://demo.example.com.evil.example/ack",
        "https://user@demo.example.com/ack",
        "https://user:secret@demo.example.com/ack",
        "https://demo.example.com@evil.example.com/ack",
        "https://@demo.example.com/ack",
        "//evil.example.com/ack",
        "/\\evil.example.com/ack",
        "https:\\\\demo.example.com/ack",
        "https://demo.example.com\\@evil.example.com/",
        f"{BASE}/ack\r\nX-Evil: 1",
        f"{BASE}/a b",
        "\thttps://demo.example.com/ack",
        "https://demo.example.com:99999/ack",
        "https://[::1/ack",
        "https://demo.exämple.com/ack",
        "file:///etc/passwd",
        "javascript:alert(1)",
    ],
)
def test_foreign_acknowledge_addresses_are_refused(uri: str) -> None:
    """Anything else is refused before a socket is opened, and the words hold no secret of the address."""
    with pytest.raises(UnusableAddress) as caught:
        build_acknowledge(BASE, uri)
    assert "secret" not in str(caught.value)


@given(st.text())
def test_no_acknowledge_address_leaves_the_host(uri: str) -> None:
    """Whatever comes, the request is a plain path, to be put behind our own origin."""
    try:
        request = build_acknowledge(BASE, uri)
    except UnusableAddress:
        return
    assert request.path.startswith("/")
    assert request.path.isascii()
    assert not set(request.path) & set("\\ \r\n\t#")


@pytest.mark.parametrize(
    ("given_url", "expected"),
    [
        ("https://www.example.com", "https://www.example.com"),
        ("https://www.example.com/", "https://www.example.com"),
        ("https://www.example.com/api", "https://www.example.com"),
        ("https://www.example.com/api/", "https://www.example.com"),
        ("https://www.example.com/proxy/api/", "https://www.example.com/proxy"),
    ],
)
def test_base_address_may_end_in_api(given_url: str, expected: str) -> None:
    """Both ways of writing the base address reach the same endpoints."""
    assert api_base(given_url) == expected


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("https://user:secret@other.example.com/login?token=secret", "https://other.example.com"),
        ("/login?token=secret", "https://demo.example.com"),
        ("http://other.example.com:8080/", "http://other.example.com:8080"),
        ("https://[2001:db8::1]:8443/x", "https://[2001:db8::1]:8443"),
        ("https://[oops", "an address that cannot be read"),
        ("mailto:someone", "an address without a host"),
    ],
)
def test_redirect_targets_are_named_without_secrets(location: str, expected: str) -> None:
    """Scheme, host and port say enough."""
    assert bare_target(BASE, location) == expected


def test_header_names_ignore_case() -> None:
    """The first value counts; a missing header is an empty text."""
    headers = (("x-acknowledge-uri", "a"), ("X-Acknowledge-Uri", "b"))
    assert (header(headers, "X-ACKNOWLEDGE-URI"), header(headers, "Other")) == ("a", "")
