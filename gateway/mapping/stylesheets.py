"""Stylesheets as the mapper uses them: compiled by the processor that their own version asks for, 1.0 or 3.0.

Whatever the processor: no file is read or written, no network is reached; what a stylesheet imports comes from the
mapping's folder and the shared templates. Limits on time and memory are the pool's.
"""

from __future__ import annotations

from typing import Any, Protocol

from lxml import etree

from gateway.documents.xmlio import TrustedFolders, XmlError, parse_trusted
from gateway.errors import Problem, SettingsError
from gateway.mapping.mapping import Mapping, common_folders

XSLT = "http://www.w3.org/1999/XSL/Transform"
OF_LIBXSLT = ("1.0", "1.1")
OF_SAXON = ("2.0", "3.0")


class StylesheetError(Exception):
    """A stylesheet did not finish, or said by a message that it will not; `refused` tells which."""

    def __init__(self, message: str, *, refused: bool) -> None:
        super().__init__(message)
        self.refused = refused


class Stylesheet(Protocol):
    """A compiled stylesheet."""

    def transform(
        self, source: etree._Element, parameters: dict[str, str], *, has_tables: bool
    ) -> tuple[Any, list[str]]:
        """Return what it makes of a source, and its messages; tables at the end of the source it knows as $tables.

        The result has `getroot()`, and is serialised by `str` and `bytes`. Raises StylesheetError.
        """
        ...


def compile_stylesheet(mapping: Mapping) -> Stylesheet:
    """Return the compiled stylesheet of a mapping; raises SettingsError naming file and line."""
    path = mapping.stylesheet
    if path is None:
        raise SettingsError([Problem(str(mapping.folder), "this mapping has no stylesheet")])
    folders = TrustedFolders([[mapping.folder], common_folders(mapping.folder)])
    try:
        document = parse_trusted(path, folders)
    except (XmlError, OSError) as error:
        raise SettingsError([Problem(str(path), f"this stylesheet cannot be used: {error}")]) from error
    version = declared_version(document.getroot())
    if version in OF_LIBXSLT:
        from gateway.mapping.xslt_libxslt import LibxsltStylesheet

        return LibxsltStylesheet(path, document)
    if version in OF_SAXON:
        from gateway.mapping.xslt_saxon import SaxonStylesheet

        text_wanted = mapping.format == "response" and mapping.response.output == "text"
        return SaxonStylesheet(path, folders, method="text" if text_wanted else "xml")
    said = f'says version="{version}"' if version else "does not say its version"
    raise SettingsError([Problem(str(path), f"this stylesheet {said}; expected 1.0, 2.0 or 3.0")])


def declared_version(root: etree._Element) -> str:
    """Return the version that a stylesheet declares; empty when it does not."""
    own: object = root.get("version") if etree.QName(root).namespace == XSLT else root.get(f"{{{XSLT}}}version")
    return str(own or "").strip()
