"""What a mapping folder declares in its `mapping.toml`: the model, nothing else.

Declares, never guesses. Unknown keys are refused; every key has a reader in this room. This module touches no
file: `mapping.py` loads folders and collects their problems.
"""

from __future__ import annotations

import codecs
import re
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    field_validator,
)

from gateway.mapping.dates import date_format_problem
from gateway.model import MessageKind, QueueKind

FIELD_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*\Z")
RESERVED_NAMES = frozenset({"order", "row"})


def _field_name(value: str) -> str:
    if not FIELD_NAME.match(value) or value.lower().startswith("xml"):
        raise ValueError("must be a plain element name such as order_number (letters, digits, _ - .)")
    if value in RESERVED_NAMES:
        raise ValueError(f"{value!r} is the gateway's own element name; choose another")
    return value


def _date_format(value: str) -> str:
    problem = date_format_problem(value)
    if problem:
        raise ValueError(problem)
    return value


def _known_encoding(value: str) -> str:
    try:
        codec = codecs.lookup(value)
    except LookupError:
        raise ValueError(f"unknown encoding {value!r}; e.g. utf-8, windows-1252, iso-8859-1, utf-16") from None
    if not codec._is_text_encoding:  # rot13 and the like are none
        raise ValueError(f"{value!r} is no text encoding")
    return value


EncodingName = Annotated[str, AfterValidator(_known_encoding)]
FieldName = Annotated[str, AfterValidator(_field_name)]
DateFormat = Annotated[str, AfterValidator(_date_format)]
OneCharacter = Annotated[str, StringConstraints(min_length=1, max_length=1)]
DecimalMark = Literal[".", ","]
ThousandsMark = Literal["", ".", ",", " ", "'", "\N{NO-BREAK SPACE}"]
ValueType = Literal["text", "integer", "decimal", "date", "code"]


TABLE, PLAIN = "table", "plain"
"""Tags of the two ways to write a key: they never show in the place of a problem."""


def _table_or_plain(value: Any) -> str:
    return TABLE if isinstance(value, dict | BaseModel) else PLAIN


def _text_or_list(value: Any) -> str:
    return PLAIN if isinstance(value, str) else TABLE


class Declaration(BaseModel):
    """Base of all tables in mapping.toml: frozen, unknown keys refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Notation(Declaration):
    """How values are written. In a column or field, a key left out means: as declared for the whole format."""

    decimal: DecimalMark | None = Field(default=None, description="Decimal mark.")
    thousands: ThousandsMark | None = Field(
        default=None, description="Mark between groups of three digits; '' for none."
    )
    dates: Annotated[tuple[DateFormat, ...], Field(min_length=1)] | None = Field(
        default=None, description="Date formats, tried in this order: letters d m y, e.g. dd.mm.yyyy."
    )
    null_values: tuple[str, ...] | None = Field(default=None, description="Texts that mean: no value.")
    trailing_minus: bool | None = Field(
        default=None, description="A number below zero may bear its minus at the end, as SAP writes it: 12.50-."
    )


CodeValues = Annotated[
    Annotated[dict[str, str], Tag(TABLE)] | Annotated[tuple[str, ...], Tag(PLAIN)], Discriminator(_table_or_plain)
]


class Value(Notation):
    """What one value must look like, wherever it stands."""

    type: ValueType = Field(default="text", description="What the value must be.")
    required: bool = Field(default=False, description="Whether the value must be there.")
    max_length: int | None = Field(default=None, ge=1, description="Longest allowed value, in characters.")
    values: CodeValues | None = Field(
        default=None, description="For type code: the allowed values; as a table, each is translated."
    )
    table: str | None = Field(
        default=None, description="For type code, in place of values: name of the code table that translates it."
    )


class Column(Value):
    """One column of a CSV export."""

    name: FieldName = Field(description="Element name in the canonical tree.")
    header: str | None = Field(default=None, description="Text of the header row, exactly; blanks around it aside.")
    position: int | None = Field(
        default=None, ge=1, description="Without a header row: number of the column, first is 1."
    )
    per_order: bool = Field(default=False, description="The value must be the same on each row of an order.")
    may_be_missing: bool = Field(default=False, description="The whole column may be absent from the file.")

    @property
    def label(self) -> str:
        """Return what a person calls this column: its header text, or its name."""
        return self.header if self.header is not None else self.name


class CsvKind(Declaration):
    """The column that tells new orders from changed ones."""

    field: str = Field(description="Name of the column.")
    values: dict[str, MessageKind] = Field(min_length=1, description="Cell text to Order, OrderChange, StatusMessage.")


CsvKindRule = Annotated[
    Annotated[CsvKind, Tag(TABLE)] | Annotated[MessageKind, Tag(PLAIN)], Discriminator(_table_or_plain)
]


class Trailer(Declaration):
    """The last row of a complete file, with the count of its rows or a sum."""

    mark: str = Field(min_length=1, description="Text of the first cell that makes a row the trailer.")
    count: int | None = Field(default=None, ge=2, description="Number of the cell that holds the count.")
    count_of: Literal["rows", "orders"] = Field(default="rows", description="What is counted.")
    sum: int | None = Field(default=None, ge=2, description="Number of the cell that holds the sum.")
    sum_of: str | None = Field(default=None, description="Name of the decimal or integer column that is summed.")


class CsvFormat(Notation):
    """Dialect, structure and columns of a CSV export."""

    encoding: EncodingName = Field(description="Python's name of the encoding, e.g. windows-1252, utf-8, utf-16.")
    delimiter: OneCharacter = Field(description="What separates cells.")
    quote: Annotated[str, StringConstraints(max_length=1)] = Field(
        default='"', description="Quote; '' for a file without."
    )
    trim: bool = Field(default=True, description="Blanks around a cell do not count.")
    header_row: bool = Field(default=True, description="The first row holds the column headers.")
    column_count: int | None = Field(default=None, ge=1, description="Without a header row: cells in each row.")
    other_columns: Literal["ignore", "refuse"] = Field(
        default="ignore", description="Columns of the file not declared here."
    )
    line_breaks: bool = Field(default=True, description="A quoted cell may hold line breaks.")
    empty_rows: Literal["end", "anywhere"] = Field(
        default="end", description="Where rows without any value are tolerated."
    )
    max_record_characters: int = Field(
        default=100_000, ge=100, le=131_072, description="Longest row; beyond it a quote was not closed."
    )
    order_number: str = Field(description="Name of the column with the order number.")
    kind: CsvKindRule | None = Field(default=None, description="Constant, or the column that tells; absent: unknown.")
    revision: str | None = Field(default=None, description="Name of the column with the revision of the order.")
    line_number: str | None = Field(default=None, description="Name of the column with the line number.")
    unique_lines: bool = Field(default=True, description="The same line number twice in an order fails it.")
    trailer: Trailer | None = Field(default=None, description="The last row of a complete file.")
    columns: tuple[Column, ...] = Field(min_length=1, description="The columns that are used.")

    @field_validator("delimiter", "quote")
    @classmethod
    def _no_line_end(cls, value: str) -> str:
        if value in ("\r", "\n", "\0"):
            raise ValueError("must not be a line end")
        return value


class XmlKind(Declaration):
    """What tells new orders from changed ones: a value at a path, the name of the root element, or tests."""

    path: str | None = Field(default=None, description="Path below the order element.")
    values: dict[str, MessageKind] | None = Field(default=None, description="Value to kind.")
    root: dict[str, MessageKind] | None = Field(default=None, description="Local name of the document's root to kind.")
    absent: MessageKind | None = Field(
        default=None, description="What it is when nothing stands at the path, as a DTD's default says; else unknown."
    )
    when: dict[str, MessageKind] | None = Field(
        default=None, description="Path to kind, tried in this order: the first that finds something decides."
    )


XmlKindRule = Annotated[
    Annotated[XmlKind, Tag(TABLE)] | Annotated[MessageKind, Tag(PLAIN)], Discriminator(_table_or_plain)
]


class XmlLines(Declaration):
    """Where the lines of an order are."""

    path: str = Field(description="Path of the line elements below the order element: only the real level.")
    number: str | None = Field(default=None, description="Path of the line number below the line element.")
    unique: bool = Field(default=True, description="The same line number twice in an order fails it.")


class XmlField(Value):
    """One value that is checked where it stands; the canonical tree keeps it as written."""

    path: str = Field(description="Path below the order element, or below the line element.")
    of: Literal["order", "line"] = Field(
        default="order", description="Whether the path starts at the order or at each line."
    )
    when: str | None = Field(
        default=None, description="Path from the same start: the value is only checked where this finds something."
    )


class XmlRefusal(Declaration):
    """Something that this mapping does not take: what a path finds is refused, in words of the format."""

    path: str = Field(description="Path of what is refused: absolute for the file, else below the order or the line.")
    message: str = Field(min_length=1, description="Why, for people, and what to do next.")
    of: Literal["file", "order", "line"] = Field(
        default="order", description="Where the path starts, and what is refused: the whole file, or the order."
    )
    when: str | None = Field(
        default=None, description="Path from the same start: only refused where this finds something."
    )


class XmlFormat(Notation):
    """Where orders, their numbers and lines are in a proprietary XML."""

    split: Annotated[
        Annotated[str, Tag(PLAIN)] | Annotated[tuple[str, ...], Tag(TABLE)], Discriminator(_text_or_list)
    ] = Field(description="Absolute path (or several) of the order elements.")
    namespaces: dict[str, str] = Field(default_factory=dict, description="Prefixes used in the paths.")
    order_number: str = Field(description="Path of the order number below the order element.")
    kind: XmlKindRule | None = Field(default=None, description="Constant, or what tells; absent: unknown.")
    revision: str | None = Field(default=None, description="Path of the revision below the order element.")
    envelope: tuple[str, ...] = Field(
        default=(), description="Absolute paths outside the order that the stylesheet needs."
    )
    lines: tuple[XmlLines, ...] = Field(default=(), description="Where the lines are.")
    fields: tuple[XmlField, ...] = Field(default=(), description="Values to check.")
    refuse: tuple[XmlRefusal, ...] = Field(default=(), description="What is refused, and why.")

    @property
    def split_paths(self) -> tuple[str, ...]:
        """Return the split paths as a tuple, also when only one is declared."""
        return (self.split,) if isinstance(self.split, str) else self.split


class ResponseFormat(Declaration):
    """How messages of Jakamo's response queue are written for the ERP."""

    takes: Annotated[tuple[QueueKind, ...], Field(min_length=1)] = Field(
        default=(QueueKind.RESPONSE,),
        description="Which are mapped, OrderResponse or StatusMessage; others as they came.",
    )
    output: Literal["text", "xml"] = Field(description="What the stylesheet writes.")
    ending: str = Field(pattern=r"^\.[A-Za-z0-9]{1,8}$", description="Of the file's name, e.g. .csv.")
    encoding: EncodingName = Field(default="utf-8", description="For text: Python's name of the encoding.")
    line_end: Literal["lf", "crlf"] = Field(default="crlf", description="For text: what ends a line.")
    unencodable: Literal["refuse", "replace"] = Field(
        default="refuse", description="For text: a letter that the encoding has not; replace writes ? for it."
    )

    @field_validator("takes")
    @classmethod
    def _mappable(cls, value: tuple[QueueKind, ...]) -> tuple[QueueKind, ...]:
        if not set(value) <= {QueueKind.RESPONSE, QueueKind.STATUS}:
            raise ValueError("only OrderResponse and StatusMessage can be mapped")
        return value

    @field_validator("ending")
    @classmethod
    def _own_ending(cls, value: str) -> str:
        if value.lower() in (".ubl", ".tmp", ".part", ".raw"):
            raise ValueError(f"{value} has a meaning of its own in the outbox; choose another")
        return value


class CodeTable(Declaration):
    """A CSV file in the mapping's folder that says what codes stand for; its first row names its columns."""

    file: str = Field(min_length=1, description="Name below the mapping's folder, e.g. tables/units.csv.")
    key: FieldName = Field(description="Column with the ERP's code; each once.")
    value: FieldName = Field(description="Column with what it stands for.")
    delimiter: OneCharacter = Field(default=";", description="What separates cells.")
    encoding: EncodingName = Field(default="utf-8", description="Python's name of the encoding.")
    unmapped: Literal["refuse", "pass"] = Field(
        default="refuse", description="A code that is not there: the order is refused, or the code is used as it is."
    )
    default: str | None = Field(default=None, min_length=1, description="What such a code stands for instead.")


class MappingFile(Declaration):
    """The whole of mapping.toml."""

    format: Literal["csv", "xml", "ubl", "response"] = Field(
        description="csv, xml; ubl: bytes are sent as they came; response: what the ERP gets of Jakamo's answers."
    )
    stylesheet: str | None = Field(default=None, description="File in the folder; all but ubl need one.")
    repeat: Literal["hold", "change", "send"] = Field(
        default="hold", description="An order that was sent before comes again."
    )
    lost_lines: Literal["hold", "send", "refuse"] = Field(
        default="hold", description="A change in which lines are gone."
    )
    complete_order: bool = Field(default=False, description="An OrderChange of this mapping holds the whole order.")
    doctype: Literal["refuse", "ignore"] = Field(
        default="refuse", description="An external DOCTYPE: refused, or not loaded."
    )
    response: ResponseFormat | None = Field(default=None, description="For format response.")
    tables: dict[FieldName, CodeTable] = Field(default_factory=dict, description="Code tables by name.")
    csv: CsvFormat | None = Field(default=None, description="For format csv.")
    xml: XmlFormat | None = Field(default=None, description="For format xml.")
