"""Secrets are read anew each time and shown never; accounts know who they are."""

from __future__ import annotations

import base64
import json
import pickle
from pathlib import Path

import pytest
from settings_help import ACCOUNT, OAUTH2, ROUTE, Load, Problems, account

from gateway.errors import SettingsError
from gateway.settings import Account

SECRET = "correct horse"


def made(**values: object) -> Account:
    """Return an account with a user name, and whatever else a test is about."""
    return Account.model_validate({"name": "main", "base_url": "https://demo.thejakamo.com", "username": "u", **values})


def token_of(text: str) -> str:
    """Return a ready token."""
    return base64.b64encode(text.encode()).decode()


def test_secret_file_is_read_at_each_call(tmp_path: Path) -> None:
    """A changed secret is the one used next; line ends and a byte order mark are no part of it."""
    path = tmp_path / "secret"
    path.write_bytes("\ufeffpäss word \r\n".encode())
    held = made(password_file=path)
    assert held.secret("password") == "päss word "
    path.write_text("second\n")
    assert held.secret("password") == "second"
    assert held.secret("token") is None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b"geheim\nzwei\n", "must hold the secret alone, on one line"),
        (b"geheim\xff", "is not text in UTF-8"),
        (b"geheim" * 20_000, "is too large to be a secret"),
    ],
)
def test_unusable_secret_files_are_told_without_their_text(
    problems: Problems, tmp_path: Path, content: bytes, words: str
) -> None:
    """What cannot be a secret is told at load, by file, never by text."""
    (tmp_path / "secret").write_bytes(content)
    text = account("main", 'username = "u"\npassword_file = "secret"') + ROUTE
    assert problems(text) == [f"gateway.toml: accounts.main.password_file: secret {words}"]


def test_unreadable_secret_file_is_told(problems: Problems, tmp_path: Path) -> None:
    """A secret file that is missing or a folder is told at load, and again when it goes later."""
    text = account("main", 'username = "u"\npassword_file = "secret"') + ROUTE
    assert problems(text) == [
        "gateway.toml: accounts.main.password_file: secret cannot be read: No such file or directory"
    ]
    (tmp_path / "secret").mkdir()
    assert "secret cannot be read" in problems(text)[0]
    with pytest.raises(SettingsError, match=r"accounts\.main\.password_file: .*cannot be read"):
        made(password_file=tmp_path / "gone").secret("password")


def test_secrets_are_never_shown(load: Load, problems: Problems) -> None:
    """Not in repr, text, dumps or errors, whatever else is wrong."""
    for text in (ACCOUNT, OAUTH2):
        settings = load(text + ROUTE + '[journal]\nurl = "postgresql+psycopg://u:correct horse@db/x"\n')
        held = settings.accounts["main"]
        shown = [repr(settings), str(settings), f"{held}", json.dumps(held.model_dump(mode="json")), held.fingerprint()]
        assert not [text for text in shown if SECRET in text]
        assert not [text for text in problems(text + 'workers = "x"\ntoken = 3\nproxy = 5\n') if SECRET in text]
    with pytest.raises(SettingsError) as caught:
        load('[accounts.main]\npassword = "correct horse\n')
    assert SECRET not in repr(caught.value) + str(caught.value)
    assert caught.value.__cause__ is None


def test_wrong_type_of_secret_is_told_without_it(problems: Problems) -> None:
    """A password that is a number is refused without saying which."""
    assert problems(account("main", 'username = "u"\npassword = 4711') + ROUTE) == [
        "gateway.toml: accounts.main.password: must be text in quotes, not a number"
    ]


def test_proxy_credentials_are_not_in_repr() -> None:
    """A proxy's address may hold a password."""
    assert "hush" not in repr(made(proxy="http://u:hush@proxy.example.com:3128"))


def test_fingerprint_is_address_and_user() -> None:
    """Equal as long as the account is the same one at Jakamo, however it is written or signs in."""
    assert made(password="p").fingerprint() == "https://demo.thejakamo.com as u"
    assert made(password="q", base_url="HTTPS://Demo.TheJakamo.com/").fingerprint() == made().fingerprint()
    assert made(username=None, token=token_of("u:p")).fingerprint() == made().fingerprint()
    oauth2 = made(username=None, auth="oauth2", client_id="app-1", client_secret="s")
    assert oauth2.fingerprint() == "https://demo.thejakamo.com as app-1"


@pytest.mark.parametrize("token", [token_of("key-alone"), token_of("key-alone:"), "not base64!", token_of(":p")])
def test_fingerprint_never_takes_a_key_for_a_user(token: str) -> None:
    """What in a token may be the secret itself is not shown."""
    assert made(username=None, token=token).fingerprint() == "https://demo.thejakamo.com as a ready token"


def test_digest_differs_with_settings_and_secrets(tmp_path: Path) -> None:
    """Each change of a setting or secret gives another digest; the same ones give the same, in any process."""
    path = tmp_path / "secret"
    path.write_text("one")
    held = made(password_file=path)
    first = held.settings_digest()
    assert len(first) == 64
    assert first == held.settings_digest() == pickle.loads(pickle.dumps(held)).settings_digest()
    path.write_text("two")
    second = held.settings_digest()
    path.unlink()
    third = held.settings_digest()
    others = [made(password="a"), made(password="b"), made(password="b", workers=2), made(token="b")]
    digests = {first, second, third, *(other.settings_digest() for other in others)}
    assert len(digests) == 7


def test_largest_answer_in_bytes() -> None:
    """Megabytes are counted once, here."""
    assert made(max_answer_mb=2).max_answer_bytes == 2 * 1024 * 1024
