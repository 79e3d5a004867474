"""A document too large to be held, read with the same locks as any other and refused in the same words.

Room: documents. First the whole document is checked without building anything, then it is read once more, element by
element. Only what the reader leaves standing is kept.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, BinaryIO
from xml.parsers import expat

from lxml import etree

from gateway.documents.byte_scan import Opener, chunks
from gateway.documents.xmlio import (
    LINE_LIMIT,
    XmlError,
    check_prolog,
    check_well_formed,
    explained,
    pull_parser,
    read_prolog,
    without_doctype,
)

HEAD_BYTES = 1 << 20
_BEFORE: Any = etree.XPath("count(preceding::*) + count(ancestor::*)")


class StreamedDocument:
    """One document, known to be well-formed; `opener` gives its bytes, a tolerated DOCTYPE blanked out."""

    def __init__(self, opener: Opener, *, doctype: str) -> None:
        """Check the whole document. Raises XmlError as `parse_document` does."""
        with opener() as source:
            head = source.read(HEAD_BYTES)
        prolog = read_prolog(head)
        if prolog.bom not in (None, "utf-8") or prolog.root is None:
            raise XmlError("limits", "the document is too large to be read in this encoding, or begins too late")
        check_prolog(head, prolog, doctype)
        self.declared = prolog.declared
        self.opener = opener if prolog.doctype is None else _replaced(opener, without_doctype(head, prolog))
        self._line_feeds = sum(piece.count(b"\n") for piece in chunks(self.opener))
        check_well_formed(self.opener)

    def elements(self, tags: Sequence[str], lines: Lines) -> Iterator[tuple[etree._Element, bool]]:
        """Yield each element of these names with its end tag read, and at last the root, marked by True.

        The caller clears what it has seen. Raises XmlError for what only a tree shows, an undeclared prefix say.
        """
        parser = pull_parser(tags)
        exact = self._line_feeds >= LINE_LIMIT
        try:
            for piece in chunks(self.opener):
                parser.feed(piece)
                if exact:
                    lines.feed(piece)
                events: Any = parser.read_events()
                for _event, element in events:
                    yield element, False
            root: Any = parser.close()
        except etree.XMLSyntaxError as error:
            raise explained(error, self.opener) from error
        if root.getroottree().docinfo.internalDTD is not None:
            raise XmlError("doctype", "a DOCTYPE is not accepted")
        yield root, True


def parse_head(head: bytes) -> etree._Element:
    """Return the root of a document of which only the beginning is at hand, with as much as that tells.

    A DOCTYPE is not looked at. Raises XmlError when there is no root, or what is there is not well-formed.
    """
    prolog = read_prolog(head)
    wide = prolog.bom not in (None, "utf-8")
    parser = pull_parser(None, "start")
    try:
        parser.feed(head if wide else without_doctype(head, prolog))
        events: Any = parser.read_events()
        root: etree._Element | None = next((element for _event, element in events), None)
    except etree.XMLSyntaxError as error:
        raise explained(error, lambda: io.BytesIO(head)) from error
    if root is None:
        raise XmlError("incomplete", "the document ends before its root element")
    return root


class Lines:
    """The line of each element of a streamed document, also beyond libxml2's limit of 65,535.

    `settle` is asked for one element after the other, in the order of the document. What stands between two of them is
    never cleared, so that its lines are still known at the end.
    """

    def __init__(self) -> None:
        self.kept: dict[etree._Element, int] = {}
        self._known = 0
        self._exact: list[int] = []
        self._usable = True
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._note

    def _note(self, _name: str, _attributes: object) -> None:
        self._exact.append(self._parser.CurrentLineNumber)

    def feed(self, piece: bytes) -> None:
        """Note the lines of the elements that begin in the next piece of the document."""
        if not self._usable:
            return
        try:
            self._parser.Parse(piece, False)
        except (expat.ExpatError, LookupError, ValueError):
            self._usable = False  # an encoding that expat does not know: libxml2's own lines must do
            self._exact.clear()

    def settle(self, element: etree._Element) -> dict[etree._Element, int]:
        """Return the lines of an element that has ended and of all in it; note those of what stands before it."""
        before = int(_BEFORE(element))
        root = element.getroottree().getroot()
        self._keep(islice(root.iter(etree.Element), self._known, before), before - self._known)
        inside = list(element.iter(etree.Element))
        return dict(zip(inside, self._take(inside), strict=True))

    def finish(self, root: etree._Element) -> None:
        """Note the lines of what stands after the last element."""
        left = list(islice(root.iter(etree.Element), self._known, None))
        self._keep(iter(left), len(left))

    def _keep(self, elements: Iterator[etree._Element], count: int) -> None:
        if count:
            found = list(elements)
            self.kept.update(zip(found, self._take(found), strict=True))
            self._known += count

    def _take(self, elements: Sequence[etree._Element]) -> list[int]:
        count = len(elements)
        taken = self._exact[:count]
        del self._exact[:count]
        own = [_source_line(one) for one in elements]
        return taken if len(taken) == count else own


def _source_line(element: Any) -> int:
    line: int | None = element.sourceline
    return line or 0


def _replaced(opener: Opener, head: bytes) -> Opener:
    """Return an opener whose stream begins with `head` in place of as many bytes."""

    def opened() -> BinaryIO:
        source = opener()
        source.seek(len(head))
        return _Joined(head, source)

    return opened


class _Joined(io.RawIOBase, BinaryIO):
    """A beginning held in memory and the rest of a file, as one stream to be read from front to back."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head, self._rest = io.BytesIO(head), rest
        self._length = len(head)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place that is counted from the beginning."""
        self._head.seek(min(offset, self._length))
        self._rest.seek(max(offset, self._length))
        return offset

    def read(self, size: int = -1) -> bytes:
        """Read on; fewer bytes than asked for where the beginning ends."""
        return self._head.read(size) or self._rest.read(size)

    def close(self) -> None:
        """Close the file."""
        self._rest.close()
        super().close()

