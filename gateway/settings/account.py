"""One Jakamo account: where it is, how we sign in, how patiently we send.

Layer: settings. Reads secret files when asked, each time anew; keeps and prints none of their text.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr

from gateway.errors import Problem, SettingsError
from gateway.settings.values import (
    BY_PROGRAM,
    BYTES_PER_MB,
    Duration,
    LocalPath,
    Megabytes,
    Section,
    Statuses,
    Wait,
    Word,
)

SecretName = Literal["password", "token", "client_secret"]
SECRET_NAMES: tuple[SecretName, ...] = ("password", "token", "client_secret")
SECRET_FILE_LIMIT_BYTES = 64 * 1024


def _without_slash(text: str) -> str:
    return text.rstrip("/")


class Account(Section):
    """One Jakamo integration. Secrets are masked in `repr`; ask `secret()` for them."""

    name: str = Field(description="Name of the account; taken from the table's own name.", json_schema_extra=BY_PROGRAM)
    base_url: Annotated[Word, AfterValidator(_without_slash)] = Field(
        description="Address of Jakamo, without /api: https://demo.thejakamo.com for tests, "
        "https://www.thejakamo.com for real orders. Plain http is accepted on this machine alone.",
        examples=["https://demo.thejakamo.com"],
    )
    auth: Literal["basic", "oauth2"] = Field(
        default="basic",
        description='How to sign in: "basic" takes username and password (or a ready token); '
        '"oauth2" takes token_url, client_id, client_secret and scope.',
    )
    username: Word | None = Field(
        default=None, description="Basic: the user name set in Jakamo.", examples=["example-user"]
    )
    password: SecretStr | None = Field(
        default=None,
        description="Basic: the password. Better kept out of this file: use password_file or the environment.",
        examples=["..."],
    )
    password_file: LocalPath | None = Field(
        default=None,
        description="Basic: a file that holds the password and nothing else; a changed file is noticed.",
        examples=["/run/secrets/jakamo-password"],
    )
    token: SecretStr | None = Field(
        default=None,
        description="Basic: a ready token (base64 of user:password) in place of username and password, "
        'without the word "Basic".',
        examples=["..."],
    )
    token_file: LocalPath | None = Field(
        default=None,
        description="Basic: a file that holds the ready token and nothing else.",
        examples=["/run/secrets/jakamo-token"],
    )
    token_url: Word | None = Field(
        default=None,
        description="OAuth2: address that hands out access tokens.",
        examples=["https://login.microsoftonline.com/TENANT-ID/oauth2/v2.0/token"],
    )
    client_id: Word | None = Field(
        default=None,
        description="OAuth2: the application's id, as Jakamo shows it under OAuth2 Applications.",
        examples=["00000000-0000-0000-0000-000000000000"],
    )
    client_secret: SecretStr | None = Field(
        default=None,
        description="OAuth2: the application's secret. Better kept out of this file: "
        "use client_secret_file or the environment.",
        examples=["..."],
    )
    client_secret_file: LocalPath | None = Field(
        default=None,
        description="OAuth2: a file that holds the application's secret and nothing else.",
        examples=["/run/secrets/jakamo-client-secret"],
    )
    scope: Word | None = Field(
        default=None,
        description="OAuth2: the scope to ask for: https://demo.jakamoapp.com/.default for tests, "
        "https://api.jakamoapp.com/.default for real orders.",
        examples=["https://demo.jakamoapp.com/.default"],
    )
    poll_seconds: Duration = Field(default=60, description="Seconds between two looks at an empty response queue.")
    workers: int = Field(
        default=8, ge=1, le=64, description="How many orders may be on the way to Jakamo at the same time."
    )
    send: bool = Field(
        default=True,
        description="false is a rehearsal: files are read, mapped and checked, nothing is sent (nor later), "
        "nothing is fetched or acknowledged.",
    )
    order_change_method: Literal["PUT", "POST"] = Field(
        default="PUT", description="HTTP method for an OrderChange. A PUT without answer is sent again, a POST is not."
    )
    status_method: Literal["PUT", "POST"] = Field(
        default="PUT", description="HTTP method for a StatusMessage. A PUT without answer is sent again, a POST is not."
    )
    unknown_outcome: Literal["hold", "resend"] = Field(
        default="hold",
        description='What becomes of an order whose answer never came: "hold" asks a person; "resend" sends it once '
        "more after order_wait_minutes, for sites that know Jakamo refuses duplicates.",
    )
    order_wait_minutes: Wait = Field(
        default=10,
        description="Minutes that a change or status waits for an order never seen, and that "
        'unknown_outcome = "resend" waits before it sends once more.',
    )
    unsure_statuses: Statuses = Field(
        default=(408, 500, 502, 504),
        description="Which of the HTTP answers 408, 500, 502, 503 and 504 leave open whether Jakamo took the order; "
        "after the others of them it is sent again later. Any other answer from 500 on always leaves it open.",
    )
    give_up_hours: Duration = Field(
        default=72, description="Hours after which an order that could not be sent fails; outages do not count."
    )
    poison_after: int = Field(
        default=5, ge=1, le=100, description="How often one order is sent (PUT) while each answer leaves it open."
    )
    connect_seconds: Duration = Field(default=10, description="Seconds to wait for a connection to Jakamo.")
    answer_seconds: Duration = Field(default=100, description="Seconds to wait for the whole answer to a request.")
    idle_seconds: Duration = Field(
        default=15, description="Seconds after which an unused connection is closed and not used again."
    )
    max_answer_mb: Megabytes = Field(
        default=20, description="Largest answer or queue message that is read, in megabytes (1048576 bytes)."
    )
    ca_file: LocalPath | None = Field(
        default=None,
        description="A file of CA certificates (PEM) to trust in place of the usual ones.",
        examples=["/etc/ssl/certs/company-ca.pem"],
    )
    proxy: Word | None = Field(
        default=None,
        repr=False,
        description="HTTP proxy on the way to Jakamo; without it the gateway connects directly.",
        examples=["http://proxy.example.com:3128"],
    )
    outbox: LocalPath | None = Field(
        default=None,
        description="Outbox folder of this account in place of folders.outbox; "
        "with several accounts each needs its own.",
        examples=["outbox/main"],
    )

    @property
    def max_answer_bytes(self) -> int:
        """Return the largest answer that is read, in bytes."""
        return self.max_answer_mb * BYTES_PER_MB

    def secret(self, name: SecretName) -> str | None:
        """Return a secret in clear text, read anew from its file if it has one; None when not configured.

        Hand it on, never keep or print it. Raises SettingsError, without the text, when the file cannot be used.
        """
        path: Path | None = getattr(self, f"{name}_file")
        if path is not None:
            return read_secret_file(path, place=f"accounts.{self.name}.{name}_file")
        value: SecretStr | None = getattr(self, name)
        return None if value is None else value.get_secret_value()

    def fingerprint(self) -> str:
        """Return who we are at Jakamo, "base URL as user": equal as long as the account is the same one.

        Holds no secret. Raises SettingsError when a token file cannot be read.
        """
        parts = urlsplit(self.base_url)
        where = parts._replace(scheme=parts.scheme.lower(), netloc=parts.netloc.lower()).geturl()
        if self.auth == "oauth2":
            return f"{where} as {self.client_id}"
        return f"{where} as {self.username or _user_in_token(self.secret('token'))}"

    def settings_digest(self) -> str:
        """Return 64 hex digits that differ when a setting or secret of this account differs; ends a pause.

        Secret files are read anew. Slow on purpose (about 50 ms), so that no secret can be guessed from it.
        Never raises: a secret file that cannot be read is a state of its own.
        """
        plain = json.dumps(self.model_dump(mode="json", exclude=set[str](SECRET_NAMES)), sort_keys=True)
        secrets = []
        for name in SECRET_NAMES:
            try:
                secrets.append(self.secret(name))
            except SettingsError:
                secrets.append("(cannot be read)")
        text = json.dumps([plain, secrets])
        return hashlib.scrypt(text.encode(), salt=plain.encode(), n=2**14, r=8, p=1, dklen=32).hex()


def read_secret_file(path: Path, *, place: str) -> str:
    """Return the one secret a file holds, line end and BOM taken off.

    Raises SettingsError naming `place` and the file, never its text.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(SECRET_FILE_LIMIT_BYTES + 1)
    except OSError as error:
        raise SettingsError(
            [Problem(place, f"{path} cannot be read: {error.strerror or 'input or output error'}")]
        ) from None
    if len(raw) > SECRET_FILE_LIMIT_BYTES:
        raise SettingsError([Problem(place, f"{path} is too large to be a secret")])
    try:
        text = raw.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError:
        raise SettingsError([Problem(place, f"{path} is not text in UTF-8")]) from None
    if not text.strip():
        raise SettingsError([Problem(place, f"{path} is empty")])
    if any(ord(character) < 32 for character in text):
        raise SettingsError([Problem(place, f"{path} must hold the secret alone, on one line")])
    return text


def _user_in_token(token: str | None) -> str:
    """Return the user part of a ready token, or a fixed word when it has none that is surely no secret."""
    try:
        user, _, password = base64.b64decode(token or "", validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "a ready token"
    return user if user and password else "a ready token"
