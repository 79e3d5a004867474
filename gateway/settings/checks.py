"""What must hold between several settings, and with the machine: told as (place, sentence), all at once.

Layer: settings. Reads secret and CA files to see whether it can; shows none of their text.
"""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Iterator
from itertools import combinations, permutations
from pathlib import Path

from gateway.errors import SettingsError
from gateway.settings.account import SECRET_NAMES, Account
from gateway.settings.addresses import address_problem, proxy_problem
from gateway.settings.environment import slug
from gateway.settings.models import Folders, Settings
from gateway.settings.route import Content
from gateway.settings.shape import Place

Told = Iterator[tuple[Place, str]]

BASIC_KEYS = ("username", "password", "password_file", "token", "token_file")
MAY_BE_IN_INBOX = ("error", "retry", "done", "outbox")
OAUTH2_KEYS = ("token_url", "client_id", "client_secret", "client_secret_file", "scope")


def check_settings(settings: Settings) -> Told:
    """Yield every problem that concerns more than one key, or a file or group outside the settings."""
    yield from check_accounts(settings)
    yield from check_routes(settings)
    yield from check_folders(settings)
    if settings.folders.group is not None and not group_exists(settings.folders.group):
        yield ("folders", "group"), f'this machine has no group "{settings.folders.group}"'
    url = settings.journal.url
    if url and not url.startswith("postgresql+psycopg://"):
        yield ("journal", "url"), "must be empty, or start with postgresql+psycopg://"


def check_accounts(settings: Settings) -> Told:
    """Yield what is wrong with each account, and with accounts side by side."""
    if not settings.accounts:
        yield ("accounts",), "there is no account; add a table [accounts.main] with base_url, username and password"
    for name, account in settings.accounts.items():
        if not re.fullmatch(r"[A-Za-z0-9]+([_-][A-Za-z0-9]+)*", name) or len(name) > 40:
            yield ("accounts", name), "must be named by letters and digits, - or _ between them, at most 40"
        for key, problem in check_account(account):
            yield ("accounts", name, key), problem
        if len(settings.accounts) > 1 and account.outbox is None:
            yield ("accounts", name, "outbox"), "is missing: with several accounts each needs an outbox of its own"
    for (first, one), (second, two) in combinations(settings.accounts.items(), 2):
        if slug(first) == slug(second):
            yield ("accounts", second), f'cannot be told from account "{first}": names must differ in more than case'
        elif one.send and two.send and _same_identity(one, two):
            yield (
                ("accounts", second),
                f'is the same user at the same address as account "{first}"; keep one of the two',
            )


def check_account(account: Account) -> Iterator[tuple[str, str]]:
    """Yield what is wrong inside one account, as (key, sentence)."""
    for key in ("base_url", "token_url"):
        text = getattr(account, key)
        if text is not None and (problem := address_problem(text, with_path=key == "token_url")):
            yield key, problem
    if account.proxy is not None and (problem := proxy_problem(account.proxy)):
        yield "proxy", problem
    yield from _check_basic(account) if account.auth == "basic" else _check_oauth2(account)
    yield from _check_secrets(account)
    if account.ca_file is not None:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=account.ca_file)
        except ssl.SSLError:
            yield "ca_file", f"{account.ca_file} holds no CA certificate in PEM form"
        except OSError as error:
            yield "ca_file", f"{account.ca_file} cannot be read: {error.strerror}"


def _given(account: Account, name: str) -> bool:
    return getattr(account, name) is not None or getattr(account, f"{name}_file", None) is not None


def _check_basic(account: Account) -> Iterator[tuple[str, str]]:
    for key in OAUTH2_KEYS:
        if getattr(account, key) is not None:
            yield key, 'is not used with auth = "basic"; remove it, or set auth = "oauth2"'
    if _given(account, "token"):
        if account.username is not None or _given(account, "password"):
            yield "token", "takes the place of username and password; keep one of the two"
        return
    for key in ("username", "password"):
        if not _given(account, key):
            or_file = "" if key == "username" else " (or password_file)"
            yield key, f'is missing{or_file}: auth = "basic" needs username and password, or a ready token'
    if account.username is not None and ":" in account.username:
        yield "username", "must not contain a colon"


def _check_oauth2(account: Account) -> Iterator[tuple[str, str]]:
    for key in BASIC_KEYS:
        if getattr(account, key) is not None:
            yield key, 'is not used with auth = "oauth2"; remove it, or set auth = "basic"'
    for key in ("token_url", "client_id", "client_secret", "scope"):
        if not _given(account, key):
            or_file = " (or client_secret_file)" if key == "client_secret" else ""
            yield key, f'is missing{or_file}: auth = "oauth2" needs token_url, client_id, client_secret and scope'


def _check_secrets(account: Account) -> Iterator[tuple[str, str]]:
    """Yield secrets that are given twice, cannot be read, or cannot be right."""
    for name in SECRET_NAMES:
        if getattr(account, name) is not None and getattr(account, f"{name}_file") is not None:
            yield name, f"and {name}_file are both given; keep one of the two"
            continue
        try:
            text = account.secret(name)
        except SettingsError as error:
            yield f"{name}_file", error.problems[0].message
            continue
        if text is None:
            continue
        key = name if getattr(account, name) is not None else f"{name}_file"
        if not text.strip():
            yield key, "must not be empty"
        elif any(ord(character) < 32 for character in text):
            yield key, "must be one line, without tabs or other control characters"
        elif name == "token" and text.lower().startswith("basic "):
            yield key, 'must be the token alone, without the word "Basic" before it'
        elif name == "token" and not re.fullmatch(r"[!-~]+", text):
            yield key, "must be one word of plain letters, digits and signs"


def _same_identity(one: Account, two: Account) -> bool:
    try:
        return one.fingerprint() == two.fingerprint()
    except SettingsError:
        return False  # told where the secret is checked


def check_routes(settings: Settings) -> Told:
    """Yield what is wrong with the routes."""
    if not settings.routes:
        yield ("routes",), "there is no route; add a table [[routes]] with name, match, mapping and account"
    names: dict[str, int] = {}
    for number, route in enumerate(settings.routes):
        first = names.setdefault(slug(route.name) or route.name, number)
        if first != number:
            yield ("routes", number, "name"), f'"{route.name}" is the name of route {first + 1} already'
        if route.account not in settings.accounts:
            known = ", ".join(f'"{name}"' for name in settings.accounts) or "none"
            yield ("routes", number, "account"), f'there is no account "{route.account}"; there is {known}'
        if route.content is not None:
            for key, problem in check_content(route.content):
                yield ("routes", number, "content", *key), problem


def check_content(content: Content) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield what is wrong with the content rule of a route, as (key, sentence)."""
    rules = [key for key in ("root", "path", "header") if getattr(content, key) is not None]
    if len(rules) != 1:
        found = " and ".join(rules) or "none of them"
        yield (), f"must have exactly one of root, path and header; it has {found}"
    if content.path is not None and content.value is None:
        yield ("value",), "is missing: path needs the value it must hold"
    if content.value is not None and content.path is None:
        yield ("value",), "belongs to path, which is missing"


def check_folders(settings: Settings) -> Told:
    """Yield folders that are the same, lie inside each other, or that a route must not look into."""
    places = list(folder_places(settings))
    inbox = _real(settings.folders.inbox)
    for (first, one), (second, two) in combinations(places, 2):
        if one == two:
            yield second, f"is the same folder as {_key(first)}; each needs its own"
    for (outer, around), (inner, path) in permutations(places, 2):
        if around in path.parents and not (outer == ("folders", "inbox") and inner[-1] in MAY_BE_IN_INBOX):
            yield inner, f"must not lie inside {_key(outer)} ({around})"
    for place, path in places:
        if path.is_relative_to(inbox / ".work"):
            yield place, "must not lie in .work of the inbox, which is the gateway's own"
    for number, route in enumerate(settings.routes):
        looked_in = _real(settings.folders.inbox / route.folder)
        for place, path in places:
            if looked_in.is_relative_to(path) and not inbox.is_relative_to(path):
                yield ("routes", number, "folder"), f"must not be or lie inside {_key(place)} ({path})"


def folder_places(settings: Settings) -> Iterator[tuple[Place, Path]]:
    """Yield each folder in use with its place, links resolved; the common outbox only when an account uses it."""
    for key in Folders.model_fields:
        path = getattr(settings.folders, key)
        if isinstance(path, Path) and key != "outbox":
            yield ("folders", key), _real(path)
    if not settings.accounts or any(account.outbox is None for account in settings.accounts.values()):
        yield ("folders", "outbox"), _real(settings.folders.outbox)
    for name, account in settings.accounts.items():
        if account.outbox is not None:
            yield ("accounts", name, "outbox"), _real(account.outbox)


def _real(path: Path) -> Path:
    return Path(os.path.normcase(os.path.realpath(path)))


def _key(place: Place) -> str:
    return ".".join(str(step) for step in place)


def group_exists(name: str) -> bool:
    """Tell whether the machine knows the group; a number always passes, and so does any where there are none."""
    try:
        import grp
    except ImportError:
        return True
    if name.isdigit():
        return True
    try:
        grp.getgrnam(name)
    except KeyError:
        return False
    return True
