"""XSLT 1.0 with EXSLT, by libxslt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lxml import etree

from gateway.errors import Problem, SettingsError
from gateway.mapping.rejection import shown
from gateway.mapping.stylesheets import StylesheetError
from gateway.mapping.tables import IN_SOURCE


class LibxsltStylesheet:
    """A stylesheet of version 1.0, compiled."""

    def __init__(self, path: Path, document: etree._ElementTree) -> None:
        try:
            self._transform = etree.XSLT(document, access_control=_no_access())
        except (etree.XSLTParseError, ValueError) as error:  # ValueError: an import was denied
            log: Any = getattr(error, "error_log", ())
            problems = [Problem(f"{entry.filename}, line {entry.line}", str(entry.message)) for entry in log]
            raise SettingsError(problems or [Problem(str(path), f"this stylesheet cannot be used: {error}")]) from error

    def transform(
        self, source: etree._Element, parameters: dict[str, str], *, has_tables: bool
    ) -> tuple[Any, list[str]]:
        """Return what it makes of a source, and its messages. Raises StylesheetError."""
        given: dict[str, Any] = {name: etree.XSLT.strparam(value) for name, value in parameters.items()}
        if has_tables:
            given["tables"] = IN_SOURCE
        try:
            result = self._transform(source, **given)
        except etree.XSLTApplyError as error:
            raise _stylesheet_error(error) from error
        log: Any = self._transform.error_log  # type: ignore[attr-defined]  # stubs lag
        return result, [str(entry.message) for entry in log]


def _no_access() -> etree.XSLTAccessControl:
    return etree.XSLTAccessControl(  # type: ignore[call-arg]  # stubs lag
        read_file=False, write_file=False, create_dir=False, read_network=False, write_network=False
    )


def _stylesheet_error(error: etree.XSLTApplyError) -> StylesheetError:
    """Return what went wrong: the stylesheet's own last words, or the library's with file and line."""
    log: Any = error.error_log
    entries = [(str(entry.filename or ""), int(entry.line), str(entry.message)) for entry in log]
    places = [(name, line) for name, line, message in entries if message.startswith("runtime error")]
    words = [message.strip() for _name, _line, message in entries if not message.startswith("runtime error")]
    useful = [one for one in words if one != "unknown error"] or [str(error)]
    if not places and not any("XPath" in one for one in words):
        return StylesheetError(shown(useful[-1]), refused=True)
    at = f" ({places[0][0].rpartition('/')[2]}, line {places[0][1]})" if places else ""
    said = "; ".join(dict.fromkeys(useful))
    return StylesheetError(f"The stylesheet failed{at}: {shown(said)}.", refused=False)
