"""From answers to a first settings file. Pure but for the reading of names: what is asked is asked elsewhere."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from gateway.errors import UsageError
from gateway.settings import sample_toml
from gateway.settings.loading import settings_of

Environment = Literal["demo", "production"]
BASE_URLS: dict[str, str] = {"demo": "https://demo.thejakamo.com", "production": "https://www.thejakamo.com"}
SCOPES: dict[str, str] = {
    "demo": "https://demo.jakamoapp.com/.default",
    "production": "https://api.jakamoapp.com/.default",
}
NAME = "gateway.toml"
SECRETS = "secrets"


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteAnswer:
    """One route as `--route` names it."""

    name: str
    match: str
    mapping: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Everything that a first settings file is made of. `secret` is the clear text to be written apart."""

    folder: Path
    account: str
    base_url: str
    auth: Literal["basic", "oauth2"] = "basic"
    username: str | None = None
    token_url: str | None = None
    client_id: str | None = None
    scope: str | None = None
    secret: str | None = None
    secret_file: Path | None = None
    routes: tuple[RouteAnswer, ...] = ()
    inbox: Path | None = None
    outbox: Path | None = None

    @property
    def secret_key(self) -> str:
        """Return which setting names the secret's file."""
        return "password_file" if self.auth == "basic" else "client_secret_file"

    @property
    def secret_path(self) -> Path | None:
        """Return where the secret is, or will be written to; None when it is not known yet."""
        if self.secret is not None:
            return self.folder / SECRETS / f"{self.account}.{self.secret_key.removesuffix('_file').replace('_', '-')}"
        return self.secret_file


def parse_route(text: str, taken: Sequence[str]) -> RouteAnswer:
    """Read `[NAME:]PATTERN=MAPPING`; without a name the route is called after its mapping. Raises UsageError."""
    found = re.fullmatch(r"(?:([^:=]+):)?(.+)=([^=]+)", text)
    if found is None:
        raise UsageError(
            f'--route "{text}" is not understood.',
            hint='Such as --route "*.csv=csv-order" or --route "orders:*.csv=csv-order".',
        )
    name, match, mapping = (part.strip() if part else "" for part in found.groups())
    name = name or mapping
    base, number = name, 1
    while name in taken:
        number += 1
        name = f"{base}-{number}"
    return RouteAnswer(name=name, match=match, mapping=mapping)


def settings_text(answers: Answers) -> str:
    """Return the commented settings file. Raises SettingsError with everything that could not be used as answered."""
    account: dict[str, Any] = {
        "base_url": answers.base_url,
        "auth": answers.auth if answers.auth != "basic" else None,
        "username": answers.username,
        "token_url": answers.token_url,
        "client_id": answers.client_id,
        "scope": answers.scope,
    }
    path = answers.secret_path
    if path is not None:
        account[answers.secret_key] = _beside(answers.folder, path)
    routes: list[dict[str, Any]] = [
        {"name": r.name, "match": r.match, "mapping": r.mapping, "account": answers.account} for r in answers.routes
    ]
    folders = {
        key: _beside(answers.folder, path)
        for key, path in (("inbox", answers.inbox), ("outbox", answers.outbox))
        if path is not None
    }
    text = sample_toml(
        {
            "accounts": {answers.account: {key: value for key, value in account.items() if value is not None}},
            "routes": routes or [{"account": answers.account}],
            **({"folders": folders} if folders else {}),
        }
    )
    _check(text, answers)
    return text


def _check(text: str, answers: Answers) -> None:
    """Load the text as the gateway will; the secret, which may not be there yet, is taken as given."""
    data = tomllib.loads(text)
    if answers.secret is not None or answers.secret_file is None:
        account = data["accounts"][answers.account]
        account.pop(answers.secret_key, None)
        account[answers.secret_key.removesuffix("_file")] = "to be given"
    settings_of(data, {}, base=str(answers.folder), source=NAME)


def _beside(folder: Path, path: Path) -> str:
    """Return a path as the settings file writes it: relative when it lies in the file's own folder."""
    absolute = Path(os.path.abspath(path))
    return absolute.relative_to(folder).as_posix() if absolute.is_relative_to(folder) else str(absolute)
