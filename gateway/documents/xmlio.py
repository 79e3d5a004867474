"""The one module that makes XML parsers: no DTD, no entities, no network, libxml2's size limits on.

Room: documents. Documents from outside come in as bytes through `parse_document`; a DOCTYPE is found in the bytes of
the prolog, before any parser sees it. Stylesheets and schemas, which are ours, are read by `parse_trusted` from the
folders named and from nowhere else.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote, urlsplit
from xml.parsers import expat

from lxml import etree

from gateway.documents.byte_scan import Opener, chunks, first_wrong_byte

Doctype = Literal["refuse", "ignore"]

LINE_LIMIT = 65_535
"""libxml2 keeps line numbers in 16 bits; above this they are asked of expat."""

_NEVER_CUT_SHORT = frozenset({etree.ErrorTypes.ERR_UNDECLARED_ENTITY, etree.ErrorTypes.NS_ERR_UNDEFINED_NAMESPACE})
"""Errors that the incremental parser lets pass, so that it cannot tell whether the document was cut short."""

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DECLARATION = re.compile(rb"""<\?xml\s[^>]*?encoding\s*=\s*["']([A-Za-z0-9._:-]+)["']""")
_ROOT = re.compile(rb"<([^\s<>/&!?'\"=]+)")
_SUBSET = re.compile(rb"""<!DOCTYPE(?:[^"'\[>]|"[^"]*"|'[^']*')*([\[>])""")
_SPACE = b" \t\r\n"
_LONGEST_DECLARATION = 4096

_WORDS: dict[int, str] = {
    etree.ErrorTypes.ERR_DOCUMENT_EMPTY: "the document does not begin with a tag",
    etree.ErrorTypes.ERR_DOCUMENT_END: "there is more text after the end of the document",
    etree.ErrorTypes.ERR_UNDECLARED_ENTITY: "an entity is used that is not defined (only amp, lt, gt, quot, apos are)",
    etree.ErrorTypes.ERR_RESERVED_XML_NAME: "the XML declaration (<?xml ...?>) must be the first thing in the file",
    etree.ErrorTypes.ERR_INVALID_CHAR: "there is a character that XML does not allow",
    etree.ErrorTypes.ERR_TAG_NAME_MISMATCH: "an end tag does not fit its start tag",
    etree.ErrorTypes.ERR_ATTRIBUTE_REDEFINED: "an attribute is given twice",
    etree.ErrorTypes.NS_ERR_UNDEFINED_NAMESPACE: "a namespace prefix is used that is not declared",
    etree.ErrorTypes.ERR_NO_MEMORY: "the document is too large to be read",
}


class XmlError(ValueError):
    """A document cannot be read as XML; `code` is stable, the text says where and why in plain words.

    Codes: empty, not-xml, doctype, encoding, incomplete (it ends too early), malformed, limits.
    """

    def __init__(self, code: str, message: str, *, line: int | None = None, detail: str = "") -> None:
        super().__init__(f"Line {line}: {message}." if line else f"{message[:1].upper()}{message[1:]}.")
        self.code = code
        self.message = message
        self.line = line
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Prolog:
    """What stands before the root element. `declared` and `bom` are encodings as written or as marked."""

    bom: str | None
    declared: str | None
    root: str | None
    doctype: tuple[int, int] | None = None  # where it stands in the bytes as UTF-8 (or single-byte) text
    internal_subset: bool = False


def parse_document(data: bytes, *, doctype: Doctype | str = "refuse") -> etree._Element:
    """Return the root of a well-formed document that came from outside.

    `doctype` "refuse" accepts none; "ignore" tolerates an external identifier, which is never loaded. An internal
    subset is refused always. Raises XmlError, a ValueError with plain words.
    """
    text, prolog = _prepared(data)
    check_prolog(text, prolog, doctype)
    if prolog.doctype is not None:
        data = _without_doctype(data, text, prolog.doctype, prolog.bom)
    try:
        root = etree.fromstring(data, _parser())
    except etree.XMLSyntaxError as error:
        raise explained(error, lambda: io.BytesIO(data)) from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise XmlError("doctype", "a DOCTYPE is not accepted")
    return root


def read_prolog(data: bytes) -> Prolog:
    """Return what stands before the root element, without parsing; raises XmlError on an empty document."""
    return _prepared(data)[1]


def element_lines(root: etree._Element, data: bytes) -> Iterator[tuple[etree._Element, int]]:
    """Yield each element of a whole document with its line in `data`, also beyond libxml2's limit of 65,535."""
    exact: Iterator[int] | None = None
    if data.count(b"\n") >= LINE_LIMIT:
        exact = iter(_lines_by_expat(data))
    for element in root.iter(etree.Element):
        line = _line_of(element)
        yield element, (next(exact, line) if exact is not None else line)


def _line_of(element: Any) -> int:
    line: int | None = element.sourceline
    return line or 0


class TrustedFolders(etree.Resolver):
    """Resolve what stylesheets and schemas of ours include: files below the folders given, nothing else.

    The folders of one group stand in for each other: a file missing below one is looked for under the same relative
    name below the next, so that a site's mapping finds the shipped templates.
    """

    def __init__(self, groups: Sequence[Sequence[Path]]) -> None:
        self.groups = tuple(tuple(folder.resolve() for folder in group) for group in groups)

    def resolve(self, system_url: str, public_id: str, context: Any) -> Any:  # type: ignore[override]  # stubs lag
        """Return the file behind the address; raises XmlError for any other address."""
        parts = urlsplit(system_url)
        if parts.scheme not in ("", "file") or parts.netloc:
            raise XmlError("denied", f"'{system_url}' is not a file of the mapping or schema folders")
        found = self.find(Path(unquote(parts.path)))
        return self.resolve_filename(str(found), context)  # type: ignore[attr-defined]  # stubs lag

    def find(self, path: Path) -> Path:
        """Return the existing file inside the folders; raises XmlError when there is none."""
        path = path.resolve()
        for group in self.groups:
            for folder in group:
                if not path.is_relative_to(folder):
                    continue
                for other in (folder, *group):
                    found = (other / path.relative_to(folder)).resolve()
                    if found.is_relative_to(other) and found.is_file():
                        return found
        raise XmlError("denied", f"'{path}' is not a file of the mapping or schema folders")


def parse_trusted(path: Path, folders: TrustedFolders) -> etree._ElementTree:
    """Return a stylesheet or schema of ours; what it includes comes from `folders` only.

    Raises XmlError when it is not well-formed, OSError when it cannot be read.
    """
    data = path.read_bytes()
    if read_prolog(data).doctype is not None:
        raise XmlError("doctype", "a DOCTYPE is not accepted")
    parser = _parser()
    parser.resolvers.add(folders)
    try:
        return etree.ElementTree(etree.fromstring(data, parser, base_url=path.resolve().as_uri()))
    except etree.XMLSyntaxError as error:
        raise explained(error, lambda: io.BytesIO(data)) from error


_LOCKS: dict[str, Any] = {
    "resolve_entities": False,
    "load_dtd": False,
    "dtd_validation": False,
    "attribute_defaults": False,
    "no_network": True,
    "huge_tree": False,
    "recover": False,
    "collect_ids": False,
}


def _parser() -> etree.XMLParser:
    return etree.XMLParser(**_LOCKS)


class _Nothing:
    """A parser's target that keeps nothing: the parser only checks."""

    def close(self) -> None: ...


def _checking_parser() -> etree.XMLParser:
    """Return a parser that builds no tree: it only tells whether a document is well-formed, whatever its size."""
    target: Any = _Nothing()
    return etree.XMLParser(target=target, **_LOCKS)


def check_well_formed(opener: Opener) -> None:
    """Raise XmlError, as `parse_document` does, for a document that is not well-formed; nothing of it is held."""
    try:
        with opener() as source:
            etree.parse(source, _checking_parser())
    except etree.XMLSyntaxError as error:
        raise explained(error, opener) from error


def pull_parser(tags: Sequence[str] | None, event: Literal["start", "end"] = "end") -> etree.XMLPullParser:
    """Return a parser to be fed, which tells of each element of these names (or any) when that tag was read."""
    return etree.XMLPullParser(events=(event,), tag=tags, **_LOCKS)


def _prepared(data: bytes) -> tuple[bytes, Prolog]:
    """Return the document in an encoding whose ASCII is readable, and its prolog."""
    if not data.strip(b" \t\r\n\0"):
        raise XmlError("empty", "the document is empty")
    bom = next((name for mark, name in _BOMS if data.startswith(mark)), None)
    if bom == "utf-32":
        raise XmlError("encoding", "the encoding UTF-32 is not supported; use UTF-8")
    if bom == "utf-8":
        return data, _scan(data, 3, bom)
    wide = bom or _wide_without_bom(data)
    if wide is None:
        return data, _scan(data, 0, None)
    try:
        text = data.decode(wide).encode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        raise XmlError("encoding", f"byte {error.start} is not valid UTF-16") from error
    return text, _scan(text, 0, wide)


def _wide_without_bom(data: bytes) -> str | None:
    start = data.lstrip(b" \t\r\n\0")
    if data[:2] == b"<\0" or (data[1:2] == b"\0" and start.startswith(b"<\0")):
        return "utf-16-le"
    if data[:2] == b"\0<" or (data[:1] == b"\0" and start.startswith(b"<\0")):
        return "utf-16-be"
    return None


def _scan(text: bytes, at: int, bom: str | None) -> Prolog:
    """Walk over declaration, comments and instructions up to the root element."""
    declaration = _DECLARATION.match(text, at)
    declared = declaration.group(1).decode("ascii") if declaration else None
    doctype: tuple[int, int] | None = None
    internal = False
    while at < len(text):
        if text[at] in _SPACE:
            at += 1
        elif text.startswith(b"<?", at):
            at = _after(text, b"?>", at)
        elif text.startswith(b"<!--", at):
            at = _after(text, b"-->", at)
        elif text.startswith(b"<!DOCTYPE", at):
            end = _SUBSET.match(text, at)
            internal = end is None or end.group(1) == b"["
            doctype = (at, end.end() if end else len(text))
            at = doctype[1]
            if internal:
                break
        else:
            break
    root = _ROOT.match(text, at)
    return Prolog(bom, declared, root.group(1).decode("utf-8", "replace") if root else None, doctype, internal)


def _after(text: bytes, mark: bytes, at: int) -> int:
    found = text.find(mark, at)
    return len(text) if found < 0 else found + len(mark)


def check_prolog(text: bytes, prolog: Prolog, doctype: Doctype | str) -> None:
    """Raise XmlError for an encoding that cannot be read, and for a DOCTYPE that is not tolerated."""
    _check_encoding(prolog)
    if prolog.doctype is not None:
        _check_doctype(text, prolog, prolog.doctype[0], doctype)


def _check_encoding(prolog: Prolog) -> None:
    if prolog.declared is None:
        return
    try:
        name = codecs.lookup(prolog.declared).name
    except LookupError:
        raise XmlError("encoding", f"the declared encoding {prolog.declared!r} is not known", line=1) from None
    family = "utf-16" if name.startswith("utf-16") else name
    mark = "utf-16" if prolog.bom and prolog.bom.startswith("utf-16") else prolog.bom
    if (mark and family != mark) or (mark is None and family == "utf-16"):
        begins = f"begins as {mark.upper()}" if mark else "is written in single bytes"
        raise XmlError("encoding", f"the document declares {prolog.declared} but {begins}", line=1)
    if family != "utf-16" and not _keeps_ascii(name):
        raise XmlError("encoding", f"the declared encoding {prolog.declared!r} is not supported; use UTF-8", line=1)


def _keeps_ascii(name: str) -> bool:
    """Tell whether markup reads the same in this encoding; one that hides it (UTF-7) could hide a DOCTYPE."""
    plain = bytes(range(128))
    try:
        return plain.decode(name) == plain.decode("ascii")
    except (UnicodeError, LookupError):
        return False


def _check_doctype(text: bytes, prolog: Prolog, at: int, doctype: str) -> None:
    line = text.count(b"\n", 0, at) + 1
    if prolog.internal_subset:
        raise XmlError("doctype", "document type not allowed: a DOCTYPE with definitions of its own", line=line)
    if doctype != "ignore":
        raise XmlError("doctype", "document type not allowed: the document carries a DOCTYPE", line=line)


def without_doctype(head: bytes, prolog: Prolog) -> bytes:
    """Return the beginning of a document in single bytes or UTF-8 with its DOCTYPE blanked out."""
    return head if prolog.doctype is None else _without_doctype(head, head, prolog.doctype, prolog.bom)


def _without_doctype(data: bytes, text: bytes, place: tuple[int, int], bom: str | None) -> bytes:
    """Blank the DOCTYPE out, keeping line numbers: an entity it might define is then an error, not lost text."""
    start, end = place
    blank = bytes(byte if byte in b"\r\n" else 32 for byte in text[start:end])
    cleared = text[:start] + blank + text[end:]
    if text is data:
        return cleared
    wide = "utf-16" if data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else str(bom)
    return cleared.decode("utf-8", "surrogatepass").encode(wide)


def explained(error: Any, opener: Opener) -> XmlError:
    """Return a parser's error in plain words; `opener` gives the document again, to find out more."""
    line = error.lineno or None
    detail = (error.msg or "").split(", line ")[0]
    if "XML_PARSE_HUGE" in detail or "huge" in detail.lower():
        return XmlError("limits", "the document goes beyond the limits of a safe reader", line=line, detail=detail)
    if error.code not in _NEVER_CUT_SHORT and _ends_too_early(opener):
        return XmlError("incomplete", "the document ends before its last end tag", line=line, detail=detail)
    if error.code == etree.ErrorTypes.ERR_INVALID_ENCODING:
        return XmlError("encoding", _wrong_bytes(opener), line=line, detail=detail)
    code = "not-xml" if error.code == etree.ErrorTypes.ERR_DOCUMENT_EMPTY else "malformed"
    words = _WORDS.get(error.code, "this is not well-formed XML")
    return XmlError(code, f"{words} ({detail})" if detail else words, line=line, detail=detail)


def _wrong_bytes(opener: Opener) -> str:
    """Return which byte is not valid in the document's encoding, and what it looks like instead."""
    with opener() as source:
        declaration = _DECLARATION.match(source.read(_LONGEST_DECLARATION))
    encoding = declaration.group(1).decode("ascii") if declaration else "utf-8"
    try:
        wrong = first_wrong_byte(opener, 0, encoding)
    except LookupError:
        wrong = None
    if wrong is None:
        return "the bytes are not in the encoding that the document declares"
    hint = "; it may be Windows-1252" if encoding.lower().replace("_", "-") in ("utf-8", "utf8") else ""
    return f"byte {wrong.at} (0x{wrong.byte:02X}) is not valid {encoding}, the encoding of this document{hint}"


def _ends_too_early(opener: Opener) -> bool:
    """Tell whether every byte so far could be the beginning of a well-formed document."""
    parser = _checking_parser()
    try:
        for piece in chunks(opener):
            parser.feed(piece)
    except etree.XMLSyntaxError:
        return False
    try:
        parser.close()
    except etree.XMLSyntaxError:
        return True
    return False


def _lines_by_expat(data: bytes) -> list[int]:
    lines: list[int] = []
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda _name, _attributes: lines.append(parser.CurrentLineNumber)
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, LookupError, ValueError):
        return []
    return lines
