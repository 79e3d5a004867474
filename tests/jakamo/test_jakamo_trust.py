"""Whom the client trusts: certificates, proxies, and nothing from the environment."""

from __future__ import annotations

import socket
import ssl
import threading
from pathlib import Path
from typing import Any

import pytest
from jakamo_certificates import Authority
from jakamo_help import OK, ORDER, Behaviour, Wire, WireServer, an_account, answering, client_for, recording

from gateway.jakamo.certificates import describe_certificate
from gateway.model import Answer, AnswerClass, MessageKind

A = AnswerClass


def send(url: str, **account: Any) -> Answer:
    """Post one order."""
    with client_for(an_account(url, **account)) as client:
        return client.send(MessageKind.ORDER, "PO-1", ORDER)


def test_a_trusted_certificate_is_taken(authority: Authority) -> None:
    """A private authority, named by `ca_file`; the connection is reused."""
    account_of = {"ca_file": authority.ca_file}
    with (
        recording(OK, OK, tls=authority.server()) as server,
        client_for(an_account(server.url, **account_of)) as client,
    ):
        answers = [client.send(MessageKind.ORDER, "PO-1", ORDER) for _ in range(2)]
    assert [answer.answer_class for answer in answers] == [A.ACCEPTED] * 2
    assert (server.connections, len(server.received)) == (1, 2)


@pytest.mark.parametrize(
    ("host", "ended", "trusted", "reason"),
    [
        ("127.0.0.1", True, True, "certificate has expired"),
        ("other.example.com", False, True, "IP address mismatch"),
        ("127.0.0.1", False, False, "unable to get local issuer certificate"),
    ],
)
def test_a_certificate_that_is_not_trusted_pauses(
    authority: Authority, host: str, ended: bool, trusted: bool, reason: str
) -> None:
    """Nothing is sent; the words name subject, issuer and dates, and no way to turn the check off."""
    with recording(OK, tls=authority.server(host, ended=ended)) as server:
        answer = send(server.url, ca_file=authority.ca_file if trusted else None)
    assert (answer.answer_class, server.received) == (A.SETTINGS, [])
    for part in (reason, f"Subject CN={host}", "issuer CN=Example Test Authority", " to 20"):
        assert part in answer.words
    assert "verify" not in answer.words.lower()


def test_a_missing_ca_file_pauses(tmp_path: Path, authority: Authority) -> None:
    """The account names a file that is not there: told, and mended without a restart."""
    ca_file = tmp_path / "ca.pem"
    with (
        recording(OK, tls=authority.server()) as server,
        client_for(an_account(server.url, ca_file=ca_file)) as client,
    ):
        answer = client.send(MessageKind.ORDER, "PO-1", ORDER)
        assert (answer.answer_class, server.connections) == (A.SETTINGS, 0)
        assert str(ca_file) in answer.words
        ca_file.write_bytes(authority.ca_file.read_bytes())
        assert client.send(MessageKind.ORDER, "PO-1", ORDER).answer_class is A.ACCEPTED


def test_a_renewed_ca_file_counts_at_once(authority: Authority, tmp_path: Path) -> None:
    """After a certificate was not trusted the CA file is read anew; no restart."""
    ca_file = tmp_path / "ca.pem"
    other = tmp_path / "other"
    other.mkdir()
    ca_file.write_bytes(Authority(other).ca_file.read_bytes())
    with (
        recording(OK, tls=authority.server()) as server,
        client_for(an_account(server.url, ca_file=ca_file)) as client,
    ):
        assert client.send(MessageKind.ORDER, "PO-1", ORDER).answer_class is A.SETTINGS
        ca_file.write_bytes(authority.ca_file.read_bytes())
        assert client.send(MessageKind.ORDER, "PO-1", ORDER).answer_class is A.ACCEPTED


def test_a_certificate_that_cannot_be_seen_is_not_described() -> None:
    """The description is a help, never a new trouble."""
    with WireServer(answering(None)) as gone:
        url = gone.url
    assert describe_certificate(url, 1.0) == ""


def test_a_server_without_tls_is_not_sent(authority: Authority) -> None:
    """No TLS, no request: nothing of it was written."""
    with WireServer(answering(None, OK)) as server:
        answer = send(server.url.replace("http:", "https:"), ca_file=authority.ca_file, connect_seconds=0.5)
    assert answer.answer_class is A.NOT_SENT


@pytest.mark.parametrize("part", [b"", b"\x15\x03\x01\x00\x02\x02\x28"])
def test_a_failed_tls_greeting_is_not_sent(authority: Authority, part: bytes) -> None:
    """The server hangs up or objects during the greeting."""

    def behave(wire: Wire) -> None:
        wire.sock.recv(1000)
        wire.send(part)

    with WireServer(behave) as server:
        answer = send(server.url.replace("http:", "https:"), ca_file=authority.ca_file)
    assert answer.answer_class is A.NOT_SENT


def test_old_tls_is_not_spoken(authority: Authority) -> None:
    """TLS 1.1 and older are refused before anything is sent."""
    context = authority.server()
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1 is deprecated"):
        context.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="TLSv1_1 is deprecated"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with recording(OK, tls=context) as server:
        answer = send(server.url, ca_file=authority.ca_file)
    assert (answer.answer_class, server.received) == (A.NOT_SENT, [])


def test_a_cut_after_tls_is_maybe(authority: Authority) -> None:
    """Once a byte was written under TLS, the loss of the connection leaves the outcome open."""

    def cut(wire: Wire) -> None:
        wire.read_request()
        wire.reset()

    with WireServer(cut, tls=authority.server()) as server:
        answer = send(server.url, ca_file=authority.ca_file)
    assert (answer.answer_class, answer.status) == (A.MAYBE, None)


def test_the_environment_changes_nothing(authority: Authority, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither proxies, CA files nor a netrc of the environment are taken over by accident."""
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login other password other")
    with recording(OK, tls=authority.server()) as server, WireServer(answering(None)) as proxy:
        for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "HTTP_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
            monkeypatch.setenv(name, str(tmp_path / "none.pem"))
        monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
        monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
        answer = send(server.url, ca_file=authority.ca_file)
    assert (answer.answer_class, proxy.connections) == (A.ACCEPTED, 0)
    assert b"Basic aW50ZWdyYXRpb246cGFzc3dvcmQ=" in server.received[0]
    assert not (tmp_path / "keys").exists()


def tunnel(seen: list[bytes], refusal: bytes = b"") -> Behaviour:
    """A proxy: open a way to the host that CONNECT names, or refuse."""

    def pump(source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(65_536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            return

    def behave(wire: Wire) -> None:
        seen.append(request := wire.read_request())
        if refusal:
            wire.send(refusal)
            return
        host, port = request.split(b" ")[1].decode().split(":")
        with socket.create_connection((host, int(port))) as target:
            wire.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=pump, args=(target, wire.sock), daemon=True)
            back.start()
            pump(wire.sock, target)
            back.join(5)

    return behave


def test_the_proxy_of_the_settings_is_used(authority: Authority) -> None:
    """The request goes through a tunnel; the proxy sees its own login and nothing of ours."""
    seen: list[bytes] = []
    with recording(OK, OK, tls=authority.server()) as server, WireServer(tunnel(seen)) as proxy:
        address = proxy.url.replace("://", "://proxyuser:p%40ss@")
        with client_for(an_account(server.url, ca_file=authority.ca_file, proxy=address)) as client:
            answers = [client.send(MessageKind.ORDER, "PO-1", ORDER) for _ in range(2)]
    assert [answer.answer_class for answer in answers] == [A.ACCEPTED] * 2
    assert len(seen) == 1
    assert seen[0].startswith(f"CONNECT 127.0.0.1:{server.port} HTTP/1.".encode())
    assert b"proxy-authorization: basic " + b"cHJveHl1c2VyOnBAc3M=".lower() in seen[0].lower()
    assert b"aW50ZWdyYXRpb246cGFzc3dvcmQ=" not in seen[0]
    assert not any(b"proxy-authorization" in request.lower() for request in server.received)


@pytest.mark.parametrize(
    ("status", "expected"),
    [(b"407 Proxy Authentication Required", A.SETTINGS), (b"502 Bad Gateway", A.NOT_SENT), (b"403 No", A.NOT_SENT)],
)
def test_a_proxy_that_refuses(authority: Authority, status: bytes, expected: AnswerClass) -> None:
    """The proxy's own refusal: nothing of the request was written; a login is a matter of settings."""
    refusal = b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n"
    with recording(OK, tls=authority.server()) as server, WireServer(tunnel([], refusal)) as proxy:
        address = proxy.url.replace("://", "://proxyuser:sesame@")
        answer = send(server.url, ca_file=authority.ca_file, proxy=address)
    assert (answer.answer_class, server.connections) == (expected, 0)
    assert f"The proxy 127.0.0.1:{proxy.port} answered {status[:3].decode()}" in answer.words
    assert "sesame" not in answer.words + answer.detail


def test_a_proxy_that_is_gone_is_not_sent(authority: Authority) -> None:
    """No proxy, no way: never tried directly."""
    with WireServer(answering(None)) as gone:
        address = gone.url
    with recording(OK, tls=authority.server()) as server:
        answer = send(server.url, ca_file=authority.ca_file, proxy=address)
    assert (answer.answer_class, server.connections) == (A.NOT_SENT, 0)


@pytest.mark.parametrize("proxy", ["socks5://u:sesame@127.0.0.1:1", "ftp://u:sesame@h:1"])
def test_a_proxy_that_cannot_be_used_pauses(authority: Authority, proxy: str) -> None:
    """A proxy address of a kind we do not speak is a matter of settings."""
    answer = send("https://127.0.0.1:1", ca_file=authority.ca_file, proxy=proxy)
    assert answer.answer_class is A.SETTINGS
    assert "sesame" not in answer.words + answer.detail


def test_plain_http_through_a_proxy_names_the_whole_address() -> None:
    """A forwarding proxy is asked for the whole address."""
    with recording(OK) as proxy:
        answer = send("http://127.0.0.1:1", proxy=proxy.url)
    assert answer.answer_class is A.ACCEPTED
    assert proxy.received[0].startswith(b"POST http://127.0.0.1:1/api/order HTTP/1.1\r\n")
