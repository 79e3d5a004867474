"""XSLT 2.0 and 3.0, by Saxon (the extra `xslt3`), under the same locks as XSLT 1.0.

Saxon is allowed no protocol but `data:`, from before it compiles, so that no import, document, text or collection can
name a file or an address, not even in a static expression. The modules of a stylesheet are therefore handed to it as
`data:` addresses; they come from the trusted folders alone. Extension functions are off, and xsl:result-document with
them. Saxon holds Python's lock while it works: its limits are kept by the system and the pool, see `limits`.
"""

from __future__ import annotations

import base64
import contextlib
import importlib
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from lxml import etree

from gateway.documents.xmlio import TrustedFolders, XmlError, parse_document, parse_trusted, read_prolog
from gateway.errors import Problem, SettingsError
from gateway.mapping.rejection import shown
from gateway.mapping.stylesheets import XSLT, StylesheetError

MISSING = (
    'this stylesheet is of XSLT 2.0 or 3.0, which needs the extra "xslt3": '
    "install it with pip install 'jakamo-file-gateway[xslt3]', or write the stylesheet in XSLT 1.0"
)
_FEATURE = "http://saxon.sf.net/feature/"
_IMPORT = re.compile(rb"""(<(?:[\w.-]+:)?(?:import|include)\b[^>]*?\bhref\s*=\s*)("[^"]*"|'[^']*')""")
_DECLARATION = re.compile(r"<\?xml\s[^>]*\?>")
_PLACE = re.compile(r"on\s+line\s+(\d+)\s+(?:column\s+\d+\s+)?of\s+(\S+?):?\s")
_STOPPED = "Processing terminated by xsl:message"


class SaxonResult:
    """What a stylesheet gave, as text and as a tree."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __str__(self) -> str:
        return self._text

    def __bytes__(self) -> bytes:
        return self._text.encode()

    def getroot(self) -> etree._Element | None:
        """Return the root of the result; None when it is no document. Raises StylesheetError for one too large."""
        try:
            return parse_document(bytes(self))
        except XmlError as error:
            if error.code == "limits":
                raise StylesheetError(f"What the stylesheet wrote cannot be read: {error}", refused=False) from error
            return None


class SaxonStylesheet:
    """A stylesheet of version 2.0 or 3.0, compiled, in a Saxon of its own."""

    def __init__(self, path: Path, folders: TrustedFolders, *, method: str) -> None:
        self._saxon = _saxon(path)
        self._name = path.name
        modules = _Modules(folders)
        text = _DECLARATION.sub("", modules.read(path), count=1)
        self._tails = modules.tails
        self._processor = self._saxon.PySaxonProcessor(license=False)
        self._processor.set_configuration_property(f"{_FEATURE}allow-external-functions", "off")
        self._processor.set_configuration_property(f"{_FEATURE}allowedProtocols", "data")
        try:
            self._executable = self._processor.new_xslt30_processor().compile_stylesheet(stylesheet_text=text)
        except self._saxon.PySaxonApiError as error:
            name, line, words = self._told(str(error))
            raise SettingsError([Problem(f"{path.parent / name}, line {line}", words)]) from error
        self._executable.set_property("!method", method)
        self._executable.set_property("!encoding", "UTF-8")
        self._executable.set_property("!omit-xml-declaration", "no")
        self._executable.set_save_xsl_message(True)

    def transform(
        self, source: etree._Element, parameters: dict[str, str], *, has_tables: bool
    ) -> tuple[Any, list[str]]:
        """Return what it makes of a source, and its messages. Raises StylesheetError."""
        text = etree.tostring(source, encoding="unicode", with_tail=False)
        document = self._processor.parse_xml(xml_text=text)
        self._executable.clear_xsl_messages()
        for name, value in parameters.items():
            self._executable.set_parameter(name, self._processor.make_string_value(value))
        if has_tables:
            self._executable.set_parameter("tables", document.children[0].children[-1])
        complaint = ""
        try:
            with _standard_error() as kept:
                try:
                    text = self._executable.transform_to_string(xdm_node=document)
                finally:
                    complaint = kept()
        except self._saxon.PySaxonApiError as error:
            raise self._stylesheet_error(str(error), complaint) from error
        return SaxonResult(text or ""), self._messages()

    def _messages(self) -> list[str]:
        said = self._executable.get_xsl_messages()
        return [] if said is None else [str(item.string_value).strip() for item in said]

    def _stylesheet_error(self, words: str, complaint: str) -> StylesheetError:
        if _STOPPED in words:
            said = self._messages()
            return StylesheetError(shown(said[-1]) if said else "The stylesheet refuses this order.", refused=True)
        name, line, _words = self._told(complaint)
        at = f" ({name}, line {line})" if line != "?" else ""
        said_words = shown(" ".join(words.split()).rstrip("."))
        return StylesheetError(f"The stylesheet failed{at}: {said_words}.", refused=False)

    def _told(self, complaint: str) -> tuple[str, str, str]:
        """Return file, line and words of a complaint in which modules bear the addresses they were handed over by."""
        place = _PLACE.search(complaint)
        name = self._tails.get(place[2].removesuffix(":"), self._name) if place else self._name
        for tail, known in self._tails.items():
            complaint = complaint.replace(tail, known)
        words = " ".join(_PLACE.sub("", f"{complaint} ", count=1).split())
        return name, place[1] if place else "?", shown(words)


def _saxon(path: Path) -> Any:
    try:
        return importlib.import_module("saxonche")
    except ImportError as error:
        raise SettingsError([Problem(str(path), MISSING)]) from error


class _Modules:
    """The modules of a stylesheet, each with its imports in it."""

    def __init__(self, folders: TrustedFolders) -> None:
        self._folders = folders
        self._open: list[Path] = []
        self.tails: dict[str, str] = {}
        """How Saxon names a module: what stands behind the last slash of its address; and its file's name."""

    def read(self, path: Path) -> str:
        """Return a module as text in which each import is an address that holds the imported module.

        Raises SettingsError for an import that is not there, lies outside the folders or imports its importer.
        """
        if path in self._open:
            raise SettingsError([Problem(str(path), "this stylesheet imports itself")])
        try:
            data = path.read_bytes()
            root = parse_trusted(path, self._folders).getroot()
        except (XmlError, OSError) as error:
            raise SettingsError([Problem(str(path), f"this stylesheet cannot be used: {error}")]) from error
        hrefs = {str(one.get("href")) for one in root if one.tag in (f"{{{XSLT}}}import", f"{{{XSLT}}}include")}
        encoding = read_prolog(data).declared or "utf-8"
        self._open.append(path)

        def embedded(match: re.Match[bytes]) -> bytes:
            href = match[2][1:-1].decode(encoding)
            return match[1] + b'"' + self._address(path, href).encode() + b'"' if href in hrefs else match[0]

        text = _IMPORT.sub(embedded, data).decode(encoding)
        self._open.pop()
        return text.removeprefix("\ufeff")

    def _address(self, path: Path, href: str) -> str:
        parts = urlsplit(urljoin(path.resolve().as_uri(), href))
        try:
            if parts.scheme != "file" or parts.netloc:
                raise XmlError("denied", f"'{href}' is not a file of the mapping or schema folders")
            found = self._folders.find(Path(unquote(parts.path)))
        except XmlError as error:
            raise SettingsError([Problem(str(path), str(error))]) from error
        content = _DECLARATION.sub("", self.read(found), count=1)
        address = "data:application/xslt+xml;base64," + base64.b64encode(content.encode()).decode()
        self.tails[address.rpartition("/")[2]] = found.name
        return address


@contextlib.contextmanager
def _standard_error() -> Iterator[Any]:
    """Keep what Saxon writes to standard error: only there it says at which line a stylesheet failed.

    Gives a function that returns what was kept. Where the system has no file in memory, it is thrown away.
    """
    sys.stderr.flush()
    kept = os.memfd_create("stylesheet") if hasattr(os, "memfd_create") else os.open(os.devnull, os.O_RDWR)
    before = os.dup(2)
    os.dup2(kept, 2)

    def read() -> str:
        os.lseek(kept, 0, os.SEEK_SET)
        return os.read(kept, 65_536).decode("utf-8", "replace")

    try:
        yield read
    finally:
        os.dup2(before, 2)
        os.close(before)
        os.close(kept)
