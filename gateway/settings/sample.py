"""The commented sample file and the table of all settings, both made from the models so that they cannot drift.

Layer: settings. Pure.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from gateway.errors import Problem, SettingsError
from gateway.settings.models import Settings
from gateway.settings.shape import inner_section, is_collection, keys_of, nearest, type_words
from gateway.settings.values import Section

EXAMPLE_MARK = "  # an example; not set by default"
HEADING = """\
Settings of the gateway. Relative paths start at the folder of this file. A key that starts with # has the value
shown, unless it is marked as an example; take the # away to change it. An environment variable wins over this
file: GATEWAY_ACCOUNTS__MAIN__PASSWORD is password in [accounts.main]. `gateway check` tells all that is wrong."""


class SettingRow(NamedTuple):
    """One setting as documentation shows it; `default` is TOML, or "required", or "not set"."""

    key: str
    type: str
    default: str
    description: str


def settings_table() -> list[SettingRow]:
    """Return every setting there is, in the order of the sample file."""
    return list(_rows(Settings, ""))


def _rows(section: type[Section], prefix: str) -> Iterator[SettingRow]:
    for key, field in keys_of(section).items():
        inner = inner_section(field.annotation)
        if inner is not None:
            container = get_origin(field.annotation)
            mark = ".NAME" if container is dict else "[]" if container is tuple else ""
            yield from _rows(inner, f"{prefix}{key}{mark}.")
            continue
        if field.is_required():
            default = "required"
        else:
            shown = default_of(field)
            default = "not set" if shown is None else toml_value(shown).replace("{inbox}", "inbox")
        yield SettingRow(f"{prefix}{key}", type_words(field.annotation), default, field.description or "")


def default_of(field: FieldInfo) -> Any:
    """Return the default as a person would write it; None when there is none to show."""
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    default = extra.get("shown", field.default)
    return None if default is PydanticUndefined else default


def sample_toml(answers: Mapping[str, Any] | None = None) -> str:
    """Return a commented settings file with the given answers filled in and everything else at its default.

    `answers` has the shape of the file: {"accounts": {"main": {"base_url": ...}}, "routes": [{...}]}.
    Raises SettingsError for an answer to a setting that does not exist.
    """
    answers = dict(answers or {})
    answers.setdefault("accounts", {"main": {"username": "example-user"}})
    answers.setdefault("routes", [{}])
    _refuse_unknown(Settings, answers, "")
    parts = [_comment(HEADING)]
    for name, field in keys_of(Settings).items():
        if name == "accounts":
            for account, values in answers[name].items():
                parts.append(_table(f"[accounts.{_toml_key(account)}]", field, values))
        elif name == "routes":
            parts.extend(_table("[[routes]]", field, values) for values in answers[name])
        else:
            parts.append(_table(f"[{name}]", field, answers.get(name, {})))
    return "\n\n".join(parts) + "\n"


def _refuse_unknown(section: type[Section], answers: Mapping[str, Any], prefix: str) -> None:
    """Raise SettingsError for a key no setting has: a misspelt answer must not be lost in silence."""
    keys = keys_of(section)
    for key, value in answers.items():
        if key not in keys:
            likely = nearest(key, keys)
            message = f'there is no setting "{key}"' + (f'; did you mean "{likely}"?' if likely else "")
            raise SettingsError([Problem(f"answers: {prefix}{key}", message)])
        inner = inner_section(keys[key].annotation)
        if inner is None:
            continue
        if not is_collection(keys[key].annotation):
            _refuse_unknown(inner, value, f"{prefix}{key}.")
        else:
            for item in value.values() if isinstance(value, Mapping) else value:
                _refuse_unknown(inner, item, f"{prefix}{key}.")


def _table(head: str, field: FieldInfo, answers: Mapping[str, Any]) -> str:
    """Return a table under its description, each key set where answered or a must, else commented out."""
    section = inner_section(field.annotation)
    keys = keys_of(section) if section is not None else {}
    lines = [_key_lines(key, inner, answers) for key, inner in keys.items()]
    return _comment(field.description or "") + f"\n{head}\n" + "\n\n".join(lines)


def _key_lines(key: str, field: FieldInfo, answers: Mapping[str, Any]) -> str:
    inner = inner_section(field.annotation)
    described = [field.description or ""]
    if inner is not None:
        described += [f"{name}: {part.description}" for name, part in keys_of(inner).items()]
    comment = "\n".join(_comment(words) for words in described)
    example = (field.examples or [None])[0]
    if answers.get(key) is not None:
        line = f"{key} = {toml_value(answers[key])}"
    elif field.is_required():
        line = f"{key} = {toml_value(example)}"
    elif (default := default_of(field)) is not None:
        if isinstance(default, str):
            default = default.replace("{inbox}", str(answers.get("inbox", "inbox")))
        line = f"# {key} = {toml_value(default)}"
    else:
        line = f"# {key} = {toml_value(example)}{EXAMPLE_MARK}"
    return f"{comment}\n{line}"


def _comment(words: str) -> str:
    return textwrap.fill(" ".join(words.split()), width=110, initial_indent="# ", subsequent_indent="# ")


def toml_value(value: Any) -> str:
    """Return a value as TOML writes it, on one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return f"{value:.16g}"
    if isinstance(value, SecretStr):
        return toml_value(value.get_secret_value())
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_toml_key(key)} = {toml_value(item)}" for key, item in value.items()) + " }"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(toml_value(item) for item in value) + "]"
    if isinstance(value, (str, Path)):
        # JSON and TOML quote text alike, but for the DEL character
        return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
    raise TypeError(f"no setting holds a {type(value).__name__}")


def _toml_key(key: str) -> str:
    plain = key.isascii() and key.replace("-", "").replace("_", "").isalnum()
    return key if plain else toml_value(key)
