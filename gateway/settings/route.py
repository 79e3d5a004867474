"""One route: which files use which mapping and account.

Layer: settings. Pure.
"""

from __future__ import annotations

import re
import unicodedata
from fnmatch import fnmatchcase
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from gateway.settings.rules import Rules
from gateway.settings.values import Section, Wait, Word

MARKER_PREFIX = "marker:"


def _complete(text: str) -> str:
    if text in ("quiet", "trailer"):
        return text
    if not text.startswith(MARKER_PREFIX):
        raise ValueError('must be "quiet", "trailer", or "marker:" and a name ending such as "marker:.ok"')
    if not re.fullmatch(r"\.[A-Za-z0-9._-]*[A-Za-z0-9_-]", text.removeprefix(MARKER_PREFIX)):
        raise ValueError('must name the ending of the marker file after the colon, with its dot: "marker:.ok"')
    return text


def _glob(text: str) -> str:
    if "/" in text or "\\" in text:
        raise ValueError("must be a pattern for the file name alone; name a subfolder of the inbox with folder")
    if re.search(r"\{[^{}]*,[^{}]*\}", text):
        raise ValueError("cannot hold alternatives in braces; write one route for each pattern")
    return text


def _subfolder(text: str) -> str:
    if text.startswith(("/", "\\")) or ":" in text:
        raise ValueError('must be a folder inside the inbox, such as "plant-2", not a path of its own')
    parts = [part for part in text.replace("\\", "/").split("/") if part not in ("", ".")]
    if ".." in parts:
        raise ValueError('must stay inside the inbox, without ".."')
    if any(part.startswith(".") for part in parts):
        raise ValueError("must not start with a dot: such folders are hidden or the gateway's own")
    return "/".join(parts)


def _folder_name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", text):
        raise ValueError("must be the name of a mapping folder: letters, digits, dot, - and _")
    return text


def folded(text: str) -> str:
    """Return a text in which letter case and the two spellings of accents are made one."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


class Content(Section):
    """What is inside a file, for names that say nothing: exactly one of root, path or header."""

    root: Word | None = Field(
        default=None,
        description='XML: the root element, with its namespace in braces where it has one: "{namespace}Name".',
        examples=["ORDERS05"],
    )
    path: Word | None = Field(
        default=None,
        description="XML: local names from the root element down to the element that holds the value, "
        "separated by slashes; @name at the end for an attribute.",
        examples=["Orders/Header/Type"],
    )
    value: str | None = Field(default=None, description="XML: the text that path must hold.", examples=["PO"])
    header: Annotated[str, Field(min_length=1)] | None = Field(
        default=None, description="CSV: the text the first row starts with.", examples=["OrderNo;Supplier"]
    )


class Route(Section):
    """Which files (name, folder, content) use which mapping and account. The first that fits wins."""

    name: Word = Field(description="Name of the route in lists and messages; each once.", examples=["orders"])
    match: Annotated[Word, AfterValidator(_glob)] = Field(
        description="Pattern for file names: * for any text, ? for one character, [abc] for one of these; "
        "capital and small letters are the same.",
        examples=["*.csv"],
    )
    folder: Annotated[str, AfterValidator(_subfolder)] = Field(
        default="", description="Subfolder of the inbox to look in; empty for the inbox itself."
    )
    content: Content | None = Field(
        default=None,
        description="What must be inside the file, for names that say nothing.",
        examples=[{"header": "OrderNo;Supplier"}],
    )
    mapping: Annotated[Word, AfterValidator(_folder_name)] = Field(
        description="Name of the mapping: a folder under the mappings folder, or one that comes with the gateway.",
        examples=["csv-order"],
    )
    account: Word = Field(description="Name of the account that gets the orders.", examples=["main"])
    complete: Annotated[str, AfterValidator(_complete)] = Field(
        default="quiet",
        description='How a file says that it is complete: "quiet" (unchanged for settle_seconds), "marker:.ok" '
        '(a file orders.csv.ok or orders.ok beside it), "trailer" (a last row with count or sum; an XML end tag).',
    )
    settle_seconds: Wait | None = Field(
        default=None,
        description="Seconds a file must be unchanged, for this route, in place of intake.settle_seconds.",
        examples=[20],
    )
    profile: Literal["refuse", "warn"] = Field(
        default="refuse",
        description='What becomes of an order that breaks the Jakamo profile: "refuse" sends it to the error folder, '
        '"warn" sends it to Jakamo and notes the findings.',
    )
    rules: Rules = Field(
        default_factory=Rules,
        description='Business rules beyond the schema, each "refuse", "warn" or "off".',
        examples=[{"dates-in-order": "off", "amounts-add-up": "refuse"}],
    )

    @property
    def complete_kind(self) -> str:
        """Return "quiet", "marker" or "trailer"."""
        return self.complete.partition(":")[0]

    @property
    def marker_suffix(self) -> str | None:
        """Return the ending of the marker file with its dot, or None when the route uses no marker."""
        return self.complete.removeprefix(MARKER_PREFIX) if self.complete.startswith(MARKER_PREFIX) else None

    def matches(self, name: str) -> bool:
        """Tell whether a file name fits the pattern; letter case and the spelling of accents do not count."""
        return fnmatchcase(folded(name), folded(self.match))
