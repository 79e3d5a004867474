"""A mapping is a folder: `mapping.toml`, a stylesheet, samples. Loads it, hashes it, keeps it until its files change.

Room: mapping. Reads folders of ours only; never a file that came from outside.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import pydantic
from lxml import etree

import gateway
from gateway.errors import Problem, SettingsError
from gateway.mapping.declaration import CsvFormat, MappingFile, ResponseFormat, XmlFormat
from gateway.mapping.problems import key_path, reference_problems
from gateway.mapping.tables import Table, as_element, load_table
from gateway.mapping.xml_paths import CompiledPaths

DECLARATION = "mapping.toml"
COMMON = "common"
SAMPLES = "samples"


@dataclass(frozen=True)
class Mapping:
    """One mapping as loaded; `hash` covers its folder (samples aside) and the shared templates beside it."""

    name: str
    folder: Path
    hash: str
    declared: MappingFile
    tables: Dictionary[str, Table] = field(default_factory=dict)

    @property
    def format(self) -> Literal["csv", "xml", "ubl", "response"]:
        """Return what its files are."""
        return self.declared.format

    @property
    def repeat(self) -> Literal["hold", "change", "send"]:
        """Return what becomes of an order that was sent before and comes again as new."""
        return self.declared.repeat

    @property
    def lost_lines(self) -> Literal["hold", "send", "refuse"]:
        """Return what becomes of a change in which lines are gone."""
        return self.declared.lost_lines

    @property
    def complete_order(self) -> bool:
        """Tell whether an OrderChange of this mapping is a whole document."""
        return self.declared.complete_order

    @property
    def doctype(self) -> Literal["refuse", "ignore"]:
        """Return whether an external DOCTYPE is tolerated."""
        return self.declared.doctype

    @property
    def stylesheet(self) -> Path | None:
        """Return the stylesheet, or None for a pass-through."""
        return self.folder / self.declared.stylesheet if self.declared.stylesheet else None

    @property
    def csv(self) -> CsvFormat:
        """Return what a csv mapping declares; only for format csv."""
        if self.declared.csv is None:
            raise TypeError(f"{self.name} is a mapping of format {self.format}")
        return self.declared.csv

    @property
    def xml(self) -> XmlFormat:
        """Return what an xml mapping declares; only for format xml."""
        if self.declared.xml is None:
            raise TypeError(f"{self.name} is a mapping of format {self.format}")
        return self.declared.xml

    @property
    def response(self) -> ResponseFormat:
        """Return what a response mapping declares; only for format response."""
        if self.declared.response is None:
            raise TypeError(f"{self.name} is a mapping of format {self.format}")
        return self.declared.response

    @cached_property
    def paths(self) -> CompiledPaths:
        """Return the declared paths of an xml mapping, compiled once."""
        return CompiledPaths(self.xml)

    @cached_property
    def tables_element(self) -> etree._Element | None:
        """Return its code tables as a stylesheet sees them; None when it declares none."""
        return as_element(self.tables)

    @property
    def tells_its_end(self) -> bool:
        """Tell whether a file of this mapping shows by itself that it is complete: a trailer row, an end tag."""
        return self.format != "csv" or self.csv.trailer is not None


def load_mapping(folder: Path) -> Mapping:
    """Return the mapping of a folder; raises SettingsError with all its problems, each with file and key."""
    path = folder / DECLARATION
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError([Problem(str(path), f"cannot be read: {error.strerror}")]) from error
    except ValueError as error:  # TOML syntax, or bytes that are no UTF-8
        raise SettingsError([Problem(str(path), f"is not valid TOML: {error}")]) from error
    problems = [Problem(f"{path}: {key}", message) for key, message in reference_problems(raw)]
    problems += _stylesheet_problems(folder, path, raw)
    declared: MappingFile | None = None
    try:
        declared = MappingFile.model_validate(raw)
    except pydantic.ValidationError as error:
        shape = [Problem(f"{path}: {key_path(one['loc'])}", _words(one)) for one in _own_errors(error)]
        known = {problem.place for problem in shape}
        problems = shape + [problem for problem in problems if problem.place not in known]
    tables: dict[str, Table] = {}
    for name, code_table in declared.tables.items() if declared is not None else ():
        table, wrong = load_table(folder, f"{path}: tables.{name}", name, code_table)
        problems += wrong
        if table is not None:
            tables[name] = table
    if problems or declared is None:
        raise SettingsError(problems)
    return Mapping(folder.name, folder, folder_hash(folder), declared, tables)


def _stylesheet_problems(folder: Path, path: Path, raw: dict[str, Any]) -> list[Problem]:
    name = raw.get("stylesheet")
    if not isinstance(name, str) or not name:
        return []
    target = folder / name
    if not target.resolve().is_relative_to(folder.resolve()):
        return [Problem(f"{path}: stylesheet", f"{name!r} lies outside the mapping's folder")]
    if not target.is_file():
        return [Problem(f"{path}: stylesheet", f"there is no file {name!r} in the mapping's folder")]
    return []


def _own_errors(error: pydantic.ValidationError) -> list[Any]:
    """Return the errors without those that say no more than: an entry of this list is wrong."""
    found = error.errors()
    places = [one["loc"] for one in found]

    def only_echo(one: Any) -> bool:
        size = len(one["loc"])
        return one["type"] == "too_short" and any(len(place) > size and place[:size] == one["loc"] for place in places)

    return [one for one in found if not only_echo(one)]


def _words(error: Any) -> str:
    kind, message = error["type"], str(error["msg"]).removeprefix("Value error, ")
    if kind == "extra_forbidden":
        return "unknown key"
    if kind == "missing":
        return "is missing"
    given = error.get("input")
    shown = f" (found {given!r})" if isinstance(given, str | int | float | bool) else ""
    return f"{message[:1].lower()}{message[1:]}{shown}"


def shipped_folder(kind: Literal["xslt", "schemas"]) -> Path:
    """Return the folder of shipped mappings or schemas: inside the installed package, or at the top of a checkout."""
    package = Path(gateway.__file__).resolve().parent
    installed = package / "_shipped" / kind
    return installed if installed.is_dir() else package.parent / kind


def common_folders(folder: Path) -> tuple[Path, ...]:
    """Return where shared templates are: beside the mapping (there or not), then where they are shipped."""
    candidates = (folder.parent / COMMON, shipped_folder("xslt") / COMMON)
    return tuple(dict.fromkeys(one.resolve() for one in candidates))


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield what decides how a mapping maps, under stable names, in stable order."""
    for number, root in enumerate((folder, *common_folders(folder))):
        for path in sorted(root.rglob("*")):
            relative = path.relative_to(root)
            if path.is_file() and not (number == 0 and relative.parts[0] == SAMPLES):
                yield f"{number}/{relative.as_posix()}", path


def folder_hash(folder: Path) -> str:
    """Return a hash over the files of a mapping and the shared templates; samples do not count."""
    total = hashlib.sha256()
    for name, path in _files(folder):
        content = path.read_bytes()
        total.update(f"{name}\0{len(content)}\0".encode())
        total.update(content)
    return total.hexdigest()


class MappingStore:
    """Mappings by name, a site's own before the shipped ones; loaded once, and again when their files change."""

    def __init__(self, site_folder: Path | None, shipped: Path | None = None) -> None:
        own = shipped if shipped is not None else shipped_folder("xslt")
        self._roots = tuple(root for root in (site_folder, own) if root is not None)
        self._loaded: dict[str, tuple[object, Mapping]] = {}

    def get(self, name: str) -> Mapping:
        """Return the mapping as its files are now; raises SettingsError when there is none or it cannot be used."""
        folder = self.folder(name)
        stamp = (folder, self._stamp(folder))
        known = self._loaded.get(name)
        if known is not None and known[0] == stamp:
            return known[1]
        mapping = load_mapping(folder)
        self._loaded[name] = (stamp, mapping)
        return mapping

    def names(self) -> tuple[str, ...]:
        """Return the names of all mappings there are, sorted."""
        found = {path.parent.name for root in self._roots for path in root.glob(f"*/{DECLARATION}")}
        return tuple(sorted(found))

    def folder(self, name: str) -> Path:
        """Return the folder of a mapping by its name; raises SettingsError when there is none."""
        if name in ("", ".", "..") or Path(name).name != name:
            raise SettingsError([Problem("mapping", f"{name!r} is no name of a mapping folder")])
        for root in self._roots:
            if (root / name / DECLARATION).is_file():
                return root / name
        places = ", ".join(str(root) for root in self._roots)
        known = ", ".join(self.names()) or "none"
        raise SettingsError([Problem("mapping", f"there is no mapping {name!r} in {places}; there are: {known}")])

    @staticmethod
    def _stamp(folder: Path) -> tuple[tuple[str, int, int], ...]:
        found = []
        for name, path in _files(folder):
            status = path.stat()
            found.append((name, status.st_mtime_ns, status.st_size))
        return tuple(found)
