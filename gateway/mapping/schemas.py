"""The schemas that documents are checked against, compiled once: libxml2's for the verdict, xmlschema's for reasons.

A site's own schema folder goes before the shipped one, file by file. Nothing is fetched: what a schema includes comes
from these folders.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from lxml import etree

from gateway.documents.xmlio import TrustedFolders, XmlError, parse_trusted
from gateway.errors import Problem, SettingsError
from gateway.mapping.mapping import shipped_folder

if TYPE_CHECKING:
    import xmlschema

_UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
ROOTS = {
    "Order": f"{_UBL}Order-2",
    "OrderChange": f"{_UBL}OrderChange-2",
    "OrderResponse": f"{_UBL}OrderResponse-2",
    "StatusMessage": None,
}
"""Root elements with a schema, and their namespaces."""

Stamp = tuple[tuple[str, int, int], ...]


class SchemaStore:
    """Compiled schemas by root name; compiled on first use, and again when a file changed."""

    def __init__(self, site_folder: Path | None, shipped: Path | None = None) -> None:
        own = shipped if shipped is not None else shipped_folder("schemas")
        self.folders = tuple(folder for folder in (site_folder, own) if folder is not None)
        self._trusted = TrustedFolders([self.folders])
        self._fast: dict[str, etree.XMLSchema] = {}
        self._slow: dict[str, xmlschema.XMLSchema] = {}
        self._stamp = self._now()

    def refresh(self) -> None:
        """Forget compiled schemas if any file changed; a few stat calls."""
        stamp = self._now()
        if stamp != self._stamp:
            self._fast.clear()
            self._slow.clear()
            self._stamp = stamp

    def fast(self, root: str) -> etree.XMLSchema:
        """Return the schema that says yes or no; raises SettingsError when it is missing or damaged."""
        if root not in self._fast:
            path = self._path(root)
            try:
                self._fast[root] = etree.XMLSchema(parse_trusted(path, self._trusted))
            except (XmlError, etree.XMLSchemaParseError, OSError) as error:
                raise SettingsError([Problem(str(path), f"this schema cannot be used: {error}")]) from error
        return self._fast[root]

    def explainer(self, root: str) -> xmlschema.XMLSchema:
        """Return the schema that gives reasons; built only when something is wrong, because it takes a while."""
        import xmlschema  # costs a tenth of a second and 20 MB: only where something is wrong

        if root not in self._slow:
            path = self._path(root)
            try:
                self._slow[root] = xmlschema.XMLSchema(
                    str(path), allow="local", defuse="always", uri_mapper=self._local_file
                )
            except (xmlschema.XMLSchemaException, XmlError, OSError) as error:
                raise SettingsError([Problem(str(path), f"this schema cannot be used: {error}")]) from error
        return self._slow[root]

    def problems(self) -> list[Problem]:
        """Return what is wrong with any of the schemas: for start and check, not for the first order."""
        found: list[Problem] = []
        for root in ROOTS:
            try:
                self.fast(root)
            except SettingsError as error:
                found += error.problems
        return found

    def _path(self, root: str) -> Path:
        for folder in self.folders:
            if (folder / f"{root}.xsd").is_file():
                return folder / f"{root}.xsd"
        places = ", ".join(str(folder) for folder in self.folders)
        raise SettingsError([Problem("schemas", f"there is no file {root}.xsd in {places}")])

    def _local_file(self, uri: str) -> str:
        """Return the file for an address that a schema includes, the shipped one where the site has none."""
        parts = urlsplit(uri)
        path = Path(unquote(parts.path))
        if parts.scheme not in ("", "file") or not path.is_absolute() or "w3.org" in uri:
            return uri
        try:
            return str(self._trusted.find(path))
        except XmlError:
            return uri  # xmlschema's own files; anything else it refuses or does not find

    def _now(self) -> Stamp:
        found: list[tuple[str, int, int]] = []
        for folder in self.folders:
            for path in sorted(folder.rglob("*.xsd")):
                status = path.stat()
                found.append((str(path), status.st_mtime_ns, status.st_size))
        return tuple(found)


def root_problem(root: etree._Element, allowed: tuple[str, ...]) -> tuple[str, str, str] | None:
    """Return what is wrong with a root element: code, words, what was expected; or None."""
    name: Any = etree.QName(root)
    wanted = " or ".join(allowed)
    if name.localname not in allowed:
        return "unknown-root", f'The document\'s root is "{name.localname}".', f"a root element {wanted}"
    namespace = ROOTS[name.localname]
    if name.namespace != namespace:
        there = f'in the namespace "{name.namespace}"' if name.namespace else "in no namespace"
        expected = f"the namespace {namespace}" if namespace else "no namespace"
        return "unknown-root", f"The root {name.localname} stands {there}.", expected
    return None
