"""What the settings models have in common: the base section and the small types of their values.

Layer: settings. Does no I/O but to make a path absolute; knows nothing of files, environment or wording.
"""

from __future__ import annotations

import os
import re
import string
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, ValidationInfo

OUTBOX_NAME_FIELDS = frozenset({"order", "kind", "time", "sequence", "hash8"})
BYTES_PER_MB = 1024 * 1024
BY_PROGRAM: dict[str, JsonValue] = {"by_program": True}
"""Marks a field that the program fills, so that no file may hold it."""
DIALLED_STATUSES = (408, 500, 502, 503, 504)
"""The HTTP answers of which a site may say whether they leave open what became of the order."""


class Section(BaseModel):
    """One table of the settings: frozen, without unknown keys; its errors never show the values given."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, hide_input_in_errors=True)


def _refuse_blank(value: Any) -> Any:
    if isinstance(value, str) and not value.strip():
        raise ValueError("must not be empty; leave the key out to have the default")
    if isinstance(value, str) and any(ord(character) < 32 for character in value):
        raise ValueError("must not contain tabs, line ends or other control characters")
    if isinstance(value, str) and value != value.strip():
        raise ValueError("must not start or end with a space")
    return value


def _path(value: Any) -> Any:
    """Make text a path: the strict reading of a settings file does not."""
    return Path(_refuse_blank(value)) if isinstance(value, str) else value


def _absolute(value: Path, info: ValidationInfo) -> Path:
    """Resolve a path against the folder of the settings file, or the present folder when there is none."""
    base = (info.context or {}).get("base", "")
    return Path(os.path.abspath(os.path.join(base, os.path.expanduser(value))))


def _octal(required: int, text: str) -> str:
    digits = text.removeprefix("0o")
    if not digits or set(digits) - set(string.octdigits) or int(digits, 8) > 0o7777:
        raise ValueError('must be octal digits in quotes, such as "0664"')
    if int(digits, 8) & required != required:
        raise ValueError("must leave the owner, which is the gateway itself, able to read and write")
    return digits


def _file_mode(text: str) -> str:
    return _octal(0o600, text)


def _folder_mode(text: str) -> str:
    return _octal(0o700, text)


def _outbox_template(text: str) -> str:
    fields = set()
    try:
        parts = list(string.Formatter().parse(text))
    except ValueError:
        raise ValueError("has a brace without its partner") from None
    for literal, field, spec, conversion in parts:
        if re.search(r"[^A-Za-z0-9._-]", literal):
            raise ValueError("must be made of letters A to Z, digits, dot, - and _ around what is in braces")
        if field is None:
            continue
        if field not in OUTBOX_NAME_FIELDS or spec or conversion:
            known = ", ".join(f"{{{name}}}" for name in sorted(OUTBOX_NAME_FIELDS))
            raise ValueError(f"has {{{field}}}, which is not one of {known}")
        fields.add(field)
    if text.startswith((".", "-")) or text.endswith("."):
        raise ValueError("must not start with a dot or hyphen, nor end with a dot")
    if "sequence" not in fields:
        raise ValueError("must contain {sequence}: without it two messages could want the same name")
    return text


def _statuses(value: Any) -> Any:
    if not isinstance(value, (list, tuple)):
        return value
    if not all(type(item) is int and item in DIALLED_STATUSES for item in value):
        raise ValueError(f"must be a list of none or more of {', '.join(map(str, DIALLED_STATUSES))}")
    return tuple(sorted(set(value)))


LocalPath = Annotated[Path, BeforeValidator(_path), AfterValidator(_absolute)]
Word = Annotated[str, BeforeValidator(_refuse_blank)]
FileMode = Annotated[str, AfterValidator(_file_mode)]
FolderMode = Annotated[str, AfterValidator(_folder_mode)]
OutboxTemplate = Annotated[str, BeforeValidator(_refuse_blank), AfterValidator(_outbox_template)]
Statuses = Annotated[tuple[int, ...], BeforeValidator(_statuses)]
Duration = Annotated[float, Field(gt=0, le=1_000_000, allow_inf_nan=False)]
"""A length of time; the unit is the last word of the setting's name."""
Wait = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]
"""A length of time that may be none at all: 0 means at once."""
Megabytes = Annotated[int, Field(ge=1, le=2048)]
