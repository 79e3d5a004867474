"""Faults planted one at a time, each document read and mapped as the gateway does, and what its findings say of it."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from lxml import etree

from gateway.errors import FileRejected
from gateway.mapping.mapping import Mapping, MappingStore, shipped_folder
from gateway.mapping.reading import read_source
from gateway.mapping.rules import CHECKS
from gateway.mapping.samples import FINDINGS, sample_files
from gateway.mapping.schemas import SchemaStore
from gateway.mapping.transform import Mapper
from gateway.model import Finding, MapRequest, OrderSource
from tests.mapping.planted_faults.classes import CLASSES
from tests.mapping.planted_faults.sites import (
    Site,
    Wanted,
    corrected,
    csv_file_sites,
    csv_tree_sites,
    xml_file_sites,
    xml_tree_sites,
)

RULES = tuple((rule, "refuse") for rule in CHECKS)
_STATED = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_INDEX = re.compile(r"\[1\]")
_PREFIX = re.compile(r"[\w.-]+:")


@dataclass(frozen=True)
class Planted:
    """One fault that was planted, and what came of it."""

    mapping: str
    sample: str
    level: str
    key: str
    fault: str
    value: str
    usage: str  # "copied", "computed", "unused": what the stylesheet does with such a value
    findings: tuple[Finding, ...]
    wanted: Wanted
    mended: bool = False  # correcting the place that a finding names makes the document good as well

    @property
    def noticed(self) -> bool:
        """Tell whether anything was found at all."""
        return bool(self.findings)

    @property
    def row_named(self) -> bool:
        """Tell whether a finding names the row, or a line of the order line."""
        if self.mended or any(map(self._compared, self.findings)):
            return True
        if self.wanted.rows:
            return any(one.row in self.wanted.rows for one in self.findings)
        return any(one.line is not None and one.line in self.wanted.lines for one in self.findings)

    @property
    def column_named(self) -> bool:
        """Tell whether a finding names the very cell, element or attribute; or one that contradicts it."""
        return self.named_itself or self.mended

    @property
    def named_itself(self) -> bool:
        """Tell whether a finding names the very cell, element or attribute where the fault was planted."""
        return any(self._names(one) for one in self.findings)

    def _names(self, one: Finding) -> bool:
        if self._compared(one):
            return True
        if self.wanted.rows:
            return one.row in self.wanted.rows and one.column == self.wanted.column
        return one.line == self.wanted.line and plain(one.path or "").endswith(plain(self.wanted.path))

    def _compared(self, one: Finding) -> bool:
        """Tell whether the words of a finding name the cell as what the named one was compared with."""
        name = self.wanted.column or plain(self.wanted.path).rpartition("/")[2]
        said = one.message.partition("(Compared with ")[2]
        places = [f"row {row}" for row in self.wanted.rows] or [f"line {self.wanted.line}"]
        elsewhere = any(f'"{name}" of {place}' in said for place in places)
        return elsewhere or (f'"{name}"' in said and self._here(one))

    def _here(self, one: Finding) -> bool:
        return one.row in self.wanted.rows if self.wanted.rows else one.line in self.wanted.lines

    @property
    def misled(self) -> bool:
        """Tell whether nothing names the cell, but something names another."""
        another = any(one.column or (one.path and one.line) for one in self.findings)
        return not self.column_named and another


def plain(path: str) -> str:
    """Return a path without prefixes, and without the number of what is the only one or the first."""
    return _INDEX.sub("", _PREFIX.sub("", path))


class Planting:
    """All sites of the shipped mappings, and the engine that tries them."""

    def __init__(self, mappings: Path | None = None) -> None:
        self._store = MappingStore(None, mappings or shipped_folder("xslt"))
        self._mapper = Mapper(SchemaStore(None, shipped_folder("schemas")))
        self._sites: dict[str, list[Site]] = {}
        self._usage: dict[tuple[str, str, str], str] = {}

    def names(self) -> tuple[str, ...]:
        """Return the shipped mappings that orders come by."""
        return tuple(one for one in self._store.names() if self._store.get(one).format in ("csv", "xml", "ubl"))

    def sites(self, name: str) -> list[Site]:
        """Return every site of the good samples of a mapping."""
        if name not in self._sites:
            mapping = self._store.get(name)
            good = [path for path in sample_files(mapping.folder) if self._is_good(mapping, path)]
            self._sites[name] = [site for path in good for site in self._of_sample(mapping, path)]
        return self._sites[name]

    def _is_good(self, mapping: Mapping, path: Path) -> bool:
        """Tell whether nothing is wrong with a sample yet."""
        if (path.parent / f"{path.stem}{FINDINGS}").exists():
            return False
        return all(one.severity != "error" for one in self._of_file(mapping, path.read_bytes()))

    def _of_sample(self, mapping: Mapping, path: Path) -> Iterator[Site]:
        if mapping.format == "csv":
            yield from csv_file_sites(mapping, path)
        else:
            yield from xml_file_sites(mapping, path)
        if mapping.format == "ubl":
            return
        for order in read_source(mapping, path.read_bytes(), name=path.name, trailer=False).orders:
            if mapping.format == "csv":
                yield from csv_tree_sites(mapping, path.name, order)
            else:
                yield from xml_tree_sites(mapping, path.name, order)

    def plans(self, seed: int, name: str) -> list[tuple[Site, str]]:
        """Return for each column or element, on each level, each class once, at a place chosen by the seed."""
        chosen: dict[tuple[str, str, str], list[Site]] = {}
        for site in self.sites(name):
            for fault, change in CLASSES.items():
                if change(site.value) is not None:
                    chosen.setdefault((site.level, site.key, fault), []).append(site)
        pick = random.Random(f"{seed} {name}")
        return [(pick.choice(sites), fault) for (_level, _key, fault), sites in chosen.items()]

    def plant(self, site: Site, fault: str, *, with_usage: bool = True) -> Planted:
        """Plant one fault and return what its findings say."""
        text = CLASSES[fault](site.value)
        assert text is not None
        data, wanted = site.plant(text)
        found = self._of_file(site.mapping, data) if site.order is None else self._of_tree(site, data)
        findings = tuple(one for one in found if one.code not in ("stylesheet-message", "rows-regrouped"))
        usage = self.usage(site) if with_usage else ""
        planted = Planted(
            site.mapping.name, site.sample, site.level, site.key, fault, text, usage, findings, wanted
        )
        if not findings or planted.named_itself or site.mapping.format == "csv":
            return planted
        return replace(planted, mended=any(self._mends(site, data, one, text) for one in findings))

    def _mends(self, site: Site, data: bytes, finding: Finding, planted: str) -> bool:
        """Tell whether the place that a finding names contradicts the planted fault: it alone corrected, all is good.

        Tried are the numbers that the finding states, the planted and the original value, and none at all.
        """
        for text in dict.fromkeys([*_STATED.findall(finding.message), planted, site.value, "1", ""]):
            changed = corrected(data, finding, text)
            if changed is not None and not self._errors(site, changed):
                return True
        return False

    def _errors(self, site: Site, data: bytes) -> list[Finding]:
        found = self._of_file(site.mapping, data) if site.order is None else self._of_tree(site, data)
        return [one for one in found if one.severity == "error" or site.mapping.format == "ubl"]

    def _of_file(self, mapping: Mapping, data: bytes) -> list[Finding]:
        try:
            read = read_source(mapping, data, name="planted", trailer=False)
        except FileRejected as refusal:
            return [one for one in refusal.findings if isinstance(one, Finding)]
        found: list[Finding] = []
        for order in read.orders:
            found += order.findings or self._map(mapping, order.canonical)
        return found

    def _of_tree(self, site: Site, data: bytes) -> list[Finding]:
        return self._map(site.mapping, data)

    def _map(self, mapping: Mapping, canonical: bytes) -> list[Finding]:
        self._mapper.begin_batch()
        request = MapRequest(
            key=0, mapping=mapping.name, canonical=canonical, strict=mapping.format != "ubl", rules=RULES
        )
        return list(self._mapper.map_order(mapping, request).findings)

    def usage(self, site: Site) -> str:
        """Return whether such a value is copied into the result, only calculated with, or neither."""
        if site.mapping.format == "ubl":
            return "copied"
        key = (site.mapping.name, site.sample, site.key)
        if key not in self._usage:
            self._usage[key] = self._try(site)
        return self._usage[key]

    def _try(self, site: Site) -> str:
        trees = self._of_sample_trees(site)
        tree = next((one for one in trees if site.key.endswith(one.key.removeprefix("order/"))), None)
        if tree is None or tree.order is None:
            return "unused"
        before = self._texts(tree.mapping, tree.order)
        other = "".join(str((int(one) + 1) % 9) if one.isdigit() else one for one in tree.value)
        other = other if other != tree.value else tree.value[::-1] + "x"
        data, _wanted = tree.plant(other)
        after = self._texts(tree.mapping, OrderSource(
            ordinal=0, order_number="", kind_hint=None, revision=None, canonical=data, source_hash="",
        ))  # fmt: skip
        new = [text for text in after if text not in before]
        if any(other in text for text in new):
            return "copied"
        return "computed" if after != before else "unused"

    def _of_sample_trees(self, site: Site) -> Iterator[Site]:
        return (one for one in self.sites(site.mapping.name) if one.level == "tree" and one.sample == site.sample)

    def _texts(self, mapping: Mapping, order: OrderSource) -> list[str]:
        request = MapRequest(key=0, mapping=mapping.name, canonical=order.canonical, strict=False)
        result = self._mapper.map_order(mapping, request)
        body = result.body or result.refused_body
        if body is None:
            return []
        root = etree.fromstring(body)
        return [text.strip() for one in root.iter() for text in (one.text or "", *map(str, one.attrib.values()))]
