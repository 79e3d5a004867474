"""Who the simulator lets in: Basic, OAuth2 tokens, TLS."""

from __future__ import annotations

import base64
import datetime
import http.client
import json
import ssl
from pathlib import Path
from urllib.parse import urlencode

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from simulator_help import NO_MORE, Client, Got, order

from gateway.simulator import Fault, OAuthClient, Simulator

PATHS = [
    ("POST", "/api/order"),
    ("PUT", "/api/order/PO-1"),
    ("GET", "/api/order/response"),
    ("POST", "/api/order/response/acknowledge/1"),
    ("POST", "/api/order/PO-1/attachment"),
    ("GET", "/api/attachment/1"),
    ("GET", "/api/mappedcompanies"),
]


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_every_endpoint_asks_for_credentials(simulator: Simulator, client: Client, method: str, path: str) -> None:
    """Without credentials every endpoint is 401 with a challenge and an XML error."""
    got = client.call(method, path, b"")
    assert (got.status, got.body) == (401, b"<errors><error>Authentication is required.</error></errors>")
    assert got.headers["www-authenticate"] == 'Basic realm="Jakamo simulator"'


@pytest.mark.parametrize(
    ("authorization", "expected"),
    [
        ("Basic " + base64.b64encode("integration:sälä".encode()).decode(), 200),
        ("basic " + base64.b64encode("integration:sälä".encode()).decode(), 200),
        ("Basic " + base64.b64encode("integration:sälä".encode("latin-1")).decode(), 401),
        ("Basic " + base64.b64encode("integration:sälä\n".encode()).decode(), 401),
        ("Basic " + base64.b64encode("other:sälä".encode()).decode(), 401),
        (base64.b64encode("integration:sälä".encode()).decode(), 401),
        ("Basic integration:salala", 401),
        ("Bearer something", 401),
    ],
)
def test_basic_is_checked_exactly(authorization: str, expected: int) -> None:
    """The token must be base64 of user and password in UTF-8, to the byte; only the scheme's case is free."""
    with Simulator(password="sälä") as running:
        client = Client(running)
        assert client.call("GET", "/api/order/response", Authorization=authorization).status == expected
        client.close()


def test_credentials_can_change_while_running(simulator: Simulator, client: Client) -> None:
    """After a change the old password is refused and the new one taken."""
    client.control("POST", "settings", {"username": "integration", "password": "other"})
    assert client.get("/api/order/response").status == 401
    assert Client(simulator, password="other").authorization != client.authorization
    client.authorization = Client(simulator, password="other").authorization
    assert client.get("/api/order/response").status == 200


OAUTH = OAuthClient(client_id="app", client_secret="s&cret", scope="https://api.example/.default")
FORM = {"grant_type": "client_credentials", "client_id": "app", "client_secret": "s&cret", "scope": OAUTH.scope}


def ask_token(client: Client, form: dict[str, str], **headers: str) -> Got:
    """Ask for a token with a form."""
    content_type = headers.pop("Content_Type", "application/x-www-form-urlencoded")
    return client.call("POST", "/oauth2/v2.0/token", urlencode(form).encode(), Content_Type=content_type, **headers)


def test_token_opens_the_api() -> None:
    """Client credentials give a bearer token with its lifetime; the token opens the API, Basic does not."""
    with Simulator(username=None, oauth=OAUTH) as running:
        client = Client(running)
        assert running.token_url == f"{running.base_url}/oauth2/v2.0/token"
        got = ask_token(client, FORM)
        token = json.loads(got.body)
        assert (got.status, token["token_type"], token["expires_in"]) == (200, "Bearer", 3599)
        bearer = {"Authorization": f"Bearer {token['access_token']}"}
        assert client.call("POST", "/api/order", order(), Content_Type="application/xml", **bearer).status == 200
        refused = client.get("/api/order/response")
        assert (refused.status, refused.headers["www-authenticate"]) == (401, "Bearer")
        client.close()


def test_tokens_end() -> None:
    """A token ends after its lifetime, and when all are expired; a new one works again."""
    brief = OAuthClient(client_id="app", client_secret="s&cret", scope=OAUTH.scope, lifetime_seconds=0.0)
    with Simulator(oauth=brief) as running:
        client = Client(running)

        def status_with_new_token(*, expire: bool = False) -> int:
            token = json.loads(ask_token(client, FORM).body)["access_token"]
            if expire:
                client.control("POST", "settings", {"expire_tokens": True})
            return client.call("GET", "/api/order/response", Authorization=f"Bearer {token}").status

        assert status_with_new_token() == 401
        running.access.oauth = OAUTH
        assert status_with_new_token() == 200
        assert status_with_new_token(expire=True) == 401
        assert status_with_new_token() == 200
        assert running.access.tokens_issued == 4
        client.close()


def test_client_may_authenticate_by_header() -> None:
    """RFC 6749 2.3.1: client id and secret may come form-encoded in a Basic header."""
    with Simulator(oauth=OAUTH) as running:
        client = Client(running)
        basic = base64.b64encode(b"app:s%26cret").decode()
        form = {"grant_type": "client_credentials", "scope": OAUTH.scope}
        assert ask_token(client, form, Authorization=f"Basic {basic}").status == 200
        assert ask_token(client, form, Authorization="Basic ?").status == 401
        client.close()


@pytest.mark.parametrize(
    ("changes", "expected", "code"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "wrong"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"scope": "other"}, 400, "invalid_scope"),
    ],
)
def test_token_errors(changes: dict[str, str], expected: int, code: str) -> None:
    """Each fault of a token request is the RFC's error as JSON."""
    with Simulator(oauth=OAUTH) as running:
        client = Client(running)
        got = ask_token(client, FORM | changes)
        client.close()
    assert (got.status, json.loads(got.body)["error"]) == (expected, code)


def test_token_requests_can_be_refused() -> None:
    """The token service can be told to refuse (an expired secret), and needs a form."""
    with Simulator(oauth=OAUTH) as running:
        client = Client(running)
        client.control("POST", "settings", {"refuse_tokens": True})
        assert ask_token(client, FORM).status == 401
        client.control("POST", "settings", {"refuse_tokens": False})
        assert ask_token(client, FORM).status == 200
        assert ask_token(client, FORM, Content_Type="application/json").status == 400
        client.close()


def write_certificate(folder: Path) -> Path:
    """Write a fresh key and self-signed certificate for localhost into one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    key_pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    path = folder / "localhost.pem"
    path.write_bytes(key_pem + certificate.public_bytes(serialization.Encoding.PEM))
    return path


def test_tls(tmp_path: Path) -> None:
    """With a TLS context the simulator speaks https; who does not trust it, or is cut, leaves no request behind."""
    pem = write_certificate(tmp_path)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    with Simulator(host="localhost", tls=server) as running:
        assert running.base_url.startswith("https://localhost:")
        port = int(running.base_url.rpartition(":")[2])
        distrusting = http.client.HTTPSConnection("localhost", port, timeout=5)
        with pytest.raises(ssl.SSLCertVerificationError):
            distrusting.request("GET", "/api/order/response")
        trusting = http.client.HTTPSConnection(
            "localhost", port, timeout=5, context=ssl.create_default_context(cafile=pem)
        )
        running.faults.add(Fault(cut="on-connect"))
        with pytest.raises(OSError, match=r"."):
            trusting.request("GET", "/api/order/response")
        trusting.close()
        assert running.ledger.requests == ()
        basic = base64.b64encode(b"integration:password").decode()
        trusting.request("GET", "/api/order/response", headers={"Authorization": f"Basic {basic}"})
        assert trusting.getresponse().read() == NO_MORE
        trusting.close()
