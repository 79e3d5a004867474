"""The sample file and the table of settings are made from the models, so they say what holds."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from settings_help import Load

from gateway.errors import SettingsError
from gateway.settings import sample_toml, settings_table
from gateway.settings.rules import Rules
from gateway.settings.sample import EXAMPLE_MARK, toml_value
from gateway.settings.shape import keys_of

PASSWORD = {"GATEWAY_ACCOUNTS__MAIN__PASSWORD": "x"}


def leaves(value: Any, key: str = "") -> Iterator[str]:
    """Yield the key of each single value in tables."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from leaves(item, f"{key}.{name}" if key else name)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        yield from leaves(value[0], f"{key}[]")
    else:
        yield key


def taken_in(text: str, *, examples: bool) -> str:
    """Return the sample with the # taken from its defaults, or from its examples."""
    lines = text.splitlines()
    keys = [bool(re.match(r"# [a-z0-9_]+ = ", line)) and line.endswith(EXAMPLE_MARK) == examples for line in lines]
    return "\n".join(line[2:] if key else line for line, key in zip(lines, keys, strict=True))


def test_sample_loads_once_a_password_is_given(load: Load) -> None:
    """The file that `init` writes lacks nothing but the secret."""
    settings = load(sample_toml(), PASSWORD)
    assert list(settings.accounts) == ["main"]
    assert [(route.name, route.account) for route in settings.routes] == [("orders", "main")]


def test_defaults_shown_are_the_defaults(load: Load) -> None:
    """Taking every # away changes nothing: what the sample shows is what holds without it."""
    text = sample_toml()
    assert load(taken_in(text, examples=False), PASSWORD) == load(text, PASSWORD)
    moved = sample_toml({"folders": {"inbox": "drop"}})
    assert load(taken_in(moved, examples=False), PASSWORD) == load(moved, PASSWORD)


def test_sample_and_table_hold_every_setting() -> None:
    """Every key is in both, each with a description, in the same order."""
    whole = tomllib.loads(taken_in(taken_in(sample_toml(), examples=False), examples=True))
    shown = [key.replace("accounts.main.", "accounts.NAME.") for key in leaves(whole)]
    rows = settings_table()
    keys = [row.key for row in rows]
    left_out = {f"routes[].content.{key}" for key in ("root", "path", "value")}
    left_out |= {f"routes[].rules.{key}" for key in keys_of(Rules)} - set(shown)
    assert shown == [key for key in keys if key not in left_out]
    assert all(f"# {key}: " in sample_toml() for key in keys_of(Rules))
    assert len(keys) == len(set(keys))
    assert all(row.description.endswith(".") and row.type for row in rows)


def test_durations_say_their_unit() -> None:
    """The last word of a duration's name is its unit, and the description says it too."""
    units = {"seconds", "minutes", "hours", "days"}
    for row in settings_table():
        unit = row.key.rpartition("_")[2]
        assert row.type != "number" or unit in units, row.key
        assert unit not in units or unit in row.description.lower(), row.key


def test_table_says_type_and_default() -> None:
    """Types are in plain words, defaults as TOML writes them."""
    rows = {row.key: row for row in settings_table()}
    assert rows["intake.duplicate_file"][1:3] == ('"hold" or "skip" or "send"', '"hold"')
    assert rows["accounts.NAME.base_url"][1:3] == ("text", "required")
    assert rows["accounts.NAME.password"][1:3] == ("secret text", "not set")
    assert rows["accounts.NAME.unsure_statuses"][1:3] == ("list", "[408, 500, 502, 504]")
    assert rows["folders.error"][1:3] == ("path", '"inbox/error"')
    assert rows["intake.scan_seconds"][1:3] == ("number", "10")


def test_answers_are_filled_in(load: Load, tmp_path: Path) -> None:
    """Given answers stand in the file, whatever signs they hold, and load as they were given."""
    nasty = "a \"quoted\" \\ 'path' \x7f ä €"
    answers = {
        "folders": {"inbox": Path("drop"), "state": str(tmp_path / "elsewhere")},
        "intake": {"watch": False, "scan_seconds": 2.5},
        "accounts": {
            "north": {"username": nasty, "password": SecretStr(nasty), "unsure_statuses": [408], "outbox": "out/n"},
            "south": {"username": "s", "password": "p", "outbox": "out/s"},
        },
        "routes": [
            {"name": "a", "match": "*.xml", "account": "north", "content": {"root": "{urn:x}A"}},
            {"name": "b", "account": "south", "complete": "marker:.ok"},
        ],
    }
    settings = load(sample_toml(answers))
    north = settings.accounts["north"]
    assert (north.username, north.secret("password"), north.unsure_statuses) == (nasty, nasty, (408,))
    assert (settings.folders.retry, settings.folders.state) == (tmp_path / "drop" / "retry", tmp_path / "elsewhere")
    assert (settings.intake.watch, settings.intake.scan_seconds) == (False, 2.5)
    assert [(route.name, route.match, route.complete) for route in settings.routes] == [
        ("a", "*.xml", "quiet"),
        ("b", "*.csv", "marker:.ok"),
    ]
    assert settings.routes[0].content is not None
    assert settings.routes[0].content.root == "{urn:x}A"


@pytest.mark.parametrize(
    ("answers", "place"),
    [
        ({"intake": {"scan_secs": 1}}, "answers: intake.scan_secs"),
        ({"accounts": {"main": {"user": "u"}}}, "answers: accounts.user"),
        ({"routes": [{"content": {"roots": "x"}}]}, "answers: routes.content.roots"),
        ({"web": {}}, "answers: web"),
    ],
)
def test_answers_to_no_question_are_refused(answers: dict[str, Any], place: str) -> None:
    """An answer is never lost in silence."""
    with pytest.raises(SettingsError, match="there is no setting") as caught:
        sample_toml(answers)
    assert caught.value.problems[0].place == place


def test_values_that_no_setting_holds_are_refused() -> None:
    """The writer of values knows what settings are made of, and nothing else."""
    with pytest.raises(TypeError):
        toml_value(object())


def test_sample_lines_are_short() -> None:
    """The file can be read in any editor."""
    assert max(map(len, sample_toml().splitlines())) <= 120
