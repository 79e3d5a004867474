"""A proposal as a whole: from the bytes of a sample export to the files of a mapping folder. Pure."""

from __future__ import annotations

import io
import itertools
import tomllib
from dataclasses import dataclass
from pathlib import Path

from gateway.documents.xmlio import XmlError, parse_document
from gateway.errors import FileRejected
from gateway.mapping.declaration import MappingFile
from gateway.mapping.encoding import describe_text, what_it_is
from gateway.mapping.mapping import Mapping
from gateway.mapping.proposing.columns import HEADER_ROLES, Columns, guess_columns
from gateway.mapping.proposing.csv_text import CsvText
from gateway.mapping.proposing.dialect import Dialect, guess_dialect, guess_encoding
from gateway.mapping.proposing.guess import Guess, NoProposal
from gateway.mapping.proposing.stylesheet import Places, stylesheet
from gateway.mapping.proposing.xml_places import find_places
from gateway.mapping.proposing.xml_text import stylesheet_places, xml_text
from gateway.mapping.proposing.xml_tree import read_tree
from gateway.mapping.reading import extract_source, read_source
from gateway.mapping.rejection import shown

STYLESHEET = "order.xsl"
ORDERS_IN_SAMPLE = 3
LINES_IN_SAMPLE = 30
HALF = 0.5

__all__ = ["NoProposal", "Proposal", "propose"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """The two files that make a mapping, what was guessed for them, and what could not be."""

    name: str
    declaration: str
    stylesheet: str
    guesses: tuple[Guess, ...]
    not_guessed: tuple[str, ...]
    to_fill_in: tuple[str, ...]  # what the stylesheet must say, because the file does not

    def mapping(self, folder: Path) -> Mapping:
        """Return it as the mapping that its folder will be."""
        return Mapping(self.name, folder, "", MappingFile.model_validate(tomllib.loads(self.declaration)))

    def excerpt(self, data: bytes, source: str) -> bytes:
        """Return the first orders of the export it was made of, byte for byte where they are few rows; never raises."""
        mapping = self.mapping(Path(self.name))
        try:
            orders = read_source(mapping, data, name=source, trailer=False).orders
            part = extract_source(mapping, data, range(min(ORDERS_IN_SAMPLE, len(orders))), name=source)
        except FileRejected:
            part = data
        if mapping.format == "xml" or part.count(b"\n") <= LINES_IN_SAMPLE:
            return part
        encoding, text, _guess = guess_encoding(part)
        return "".join(itertools.islice(io.StringIO(text, newline=""), LINES_IN_SAMPLE)).encode(encoding, "replace")


def propose(name: str, data: bytes, source: str) -> Proposal:
    """Return a mapping called `name` for exports such as these bytes, which came as a file called `source`.

    Raises NoProposal, and nothing else, when there is nothing to go by.
    """
    if not data.strip(b" \t\r\n\0\xef\xbb\xbf\xff\xfe"):
        raise NoProposal("The file is empty.")
    source = shown(source)
    encoding = guess_encoding(data)[0]
    words = what_it_is(data, encoding)
    if words == "XML":
        return _of_xml(name, data, source)
    if words is not None:
        raise NoProposal(f"The file looks like {words}; a mapping is proposed for CSV and XML.")
    return _of_csv(name, data, source)


def _of_csv(name: str, data: bytes, source: str) -> Proposal:
    dialect = guess_dialect(data)
    if dialect is None or not dialect.rows:
        hint = describe_text(guess_encoding(data)[1], "\0")
        raise NoProposal(f"The file has no columns that could be told apart{f': {hint}' if hint else ''}.")
    widths = len(dialect.rows) + len(dialect.misfits)
    if len(dialect.rows) < widths * HALF:
        raise NoProposal(
            f"Most rows have another number of cells than the others: {len(dialect.rows)} of {widths} have "
            f"{dialect.width}. Are there records of several types in one file?"
        )
    columns = guess_columns(dialect)
    if columns is None:
        raise NoProposal("No column could hold an order number: none is filled in every row and short enough.")
    places = _csv_places(source, columns)
    not_guessed = (*columns.not_guessed, *_misfits(dialect))
    text = CsvText(name, source, dialect, columns).text()
    return Proposal(
        name=name, declaration=text, stylesheet=stylesheet(places), guesses=(*dialect.guesses, *columns.guesses),
        not_guessed=not_guessed, to_fill_in=tuple(places.missing()),
    )  # fmt: skip


def _misfits(dialect: Dialect) -> tuple[str, ...]:
    if not dialect.misfits:
        return ()
    row, cells = dialect.misfits[-1]
    many = "one row has" if len(dialect.misfits) == 1 else f"{len(dialect.misfits)} rows have"
    where = f'{many} another number of cells, row {row} for one (it begins with "{cells[0][:30]}")'
    return (f"{where}: a last row with a count is declared as [csv.trailer]; any other is refused",)


def _csv_places(source: str, columns: Columns) -> Places:
    order, line = {}, {}
    for column in columns.columns:
        if column.role is None or not column.usable:
            continue
        of_order = f"$head/{column.name}"
        if column.role in HEADER_ROLES or (column.role == "note" and column.place in columns.constant):
            order[column.role] = of_order
        else:
            line[column.role] = column.name
    return Places(
        source=source, head="/order/row[1]", lines="/order/row", line_pattern="row", of_order=order, of_line=line
    )


def _of_xml(name: str, data: bytes, source: str) -> Proposal:
    doctype = False
    try:
        root = parse_document(data)
    except XmlError:
        try:
            root, doctype = parse_document(data, doctype="ignore"), True
        except XmlError as error:
            raise NoProposal(f"The file is no XML that can be read: {error.message}.") from error
    tree = read_tree(root)
    found = find_places(tree)
    if found is None:
        raise NoProposal("Nothing in the file could be an order number: it holds no values.")
    namespaces = tree.namespaces()
    places = stylesheet_places(source, found, namespaces)
    return Proposal(
        name=name,
        declaration=xml_text(name, source, found, namespaces, doctype=doctype),
        stylesheet=stylesheet(places),
        guesses=found.guesses,
        not_guessed=found.not_guessed,
        to_fill_in=tuple(places.missing()),
    )
