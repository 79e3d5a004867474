"""A mapping's samples against what must come of them. Reads the mapping's folder; writes nothing.

A sample is a file in `samples/`; beside it stands what must come of it:

    basic.csv  ->  basic.expected/1.xml, 2.xml ...   the document of each order, by its place in the file
                   basic.known.expected/...          the same when Jakamo has the orders, as change 3; if there
                   basic.expected.json               findings: {"file": [...], "orders": {"PO-1": [...]}}

Of a mapping for responses a sample is a message of the queue, and its one document what the ERP gets: 1.csv, say.

A finding that is expected states as many of its keys as matter; the found one may say more.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway.documents.ubl import queue_facts
from gateway.errors import FileRejected
from gateway.mapping.engine import Engine
from gateway.mapping.mapping import SAMPLES, Mapping
from gateway.mapping.reading import load
from gateway.mapping.worker import ReadTask
from gateway.model import Finding, MapRequest, MapResult, ResponseRequest

KNOWN_CHANGE_NUMBER = 3
MAX_SAMPLE_BYTES = 50_000_000
EXPECTED, KNOWN, FINDINGS = ".expected", ".known.expected", ".expected.json"
KEPT_KEYS = ("code", "severity", "row", "column", "line", "path", "value")
"""What `accepted` writes of a finding: what it is and where; words may be improved without touching the samples."""

Findings = dict[str, Any]  # as expected.json holds them
Documents = dict[int, bytes]  # by place in the file, first is 1


@dataclass(frozen=True, slots=True)
class Produced:
    """What a sample gave."""

    file: tuple[Finding, ...] = ()
    orders: dict[str, tuple[Finding, ...]] = field(default_factory=dict)
    documents: Documents = field(default_factory=dict)
    results: tuple[MapResult, ...] = ()

    def findings(self) -> Findings:
        """Return the findings as expected.json holds them, with all their keys."""
        found: Findings = {}
        if self.file:
            found["file"] = [one.as_dict() for one in self.file]
        if self.orders:
            found["orders"] = {number: [one.as_dict() for one in some] for number, some in self.orders.items()}
        return found


@dataclass(frozen=True, slots=True)
class Difference:
    """One expected file that does not say what came: None where it is missing, or where nothing came."""

    path: Path
    expected: bytes | None
    found: bytes | None


@dataclass(frozen=True, slots=True)
class SampleReport:
    """One sample with its differences; none is what is wanted."""

    path: Path
    documents: int
    findings: int
    differences: tuple[Difference, ...]

    @property
    def unproven(self) -> bool:
        """Tell whether nothing at all is expected of it yet."""
        return bool(self.differences) and not any(True for _ in _beside(self.path))


def sample_files(folder: Path) -> list[Path]:
    """Return the samples of a mapping folder, sorted by name; empty when it has none."""
    place = folder / SAMPLES
    if not place.is_dir():
        return []
    files = (path for path in sorted(place.iterdir()) if path.is_file())
    return [path for path in files if not path.name.endswith(FINDINGS) and not path.name.startswith(".")]


def left_behind(folder: Path) -> list[Path]:
    """Return what is expected of samples that are not there."""
    stems = {path.stem for path in sample_files(folder)}
    place = folder / SAMPLES
    found = sorted(place.iterdir()) if place.is_dir() else []
    return [path for path in found if (stem := _stem(path)) is not None and stem not in stems]


def _stem(path: Path) -> str | None:
    """Return the sample's name without its ending that an expected file or folder belongs to; None for a sample."""
    if path.is_file():
        return path.name.removesuffix(FINDINGS) if path.name.endswith(FINDINGS) else None
    for ending in (KNOWN, EXPECTED):
        if path.name.endswith(ending):
            return path.name.removesuffix(ending)
    return None


def run_sample(
    engine: Engine, mapping: Mapping, path: Path, *, known: bool = False, strict: bool | None = None
) -> Produced:
    """Return what the engine makes of a file; `known`: as if Jakamo had its orders.

    Stylesheets are held to the profile, a pass-through is warned, unless `strict` says otherwise.
    """
    if mapping.format == "response":
        return _run_response(engine, mapping, path)
    task = ReadTask(mapping.name, path, path.name, False, MAX_SAMPLE_BYTES)
    try:
        read = engine.read(task)
    except FileRejected as rejection:
        return Produced(file=tuple(one for one in rejection.findings if isinstance(one, Finding)))
    sound = [order for order in read.orders if not any(one.severity == "error" for one in order.findings)]
    held = mapping.format != "ubl" if strict is None else strict
    change = KNOWN_CHANGE_NUMBER if known else 1
    requests = [
        MapRequest(
            key=order.ordinal, mapping=mapping.name, canonical=order.canonical, known=known, change_number=change,
            strict=held,
        )
        for order in sound
    ]  # fmt: skip
    results = {result.key: result for result in engine.map(requests)}
    orders: dict[str, tuple[Finding, ...]] = {}
    for order in read.orders:
        result = results.get(order.ordinal)
        findings = (*order.findings, *(result.findings if result is not None else ()))
        if findings:
            orders[order.order_number] = (*orders.get(order.order_number, ()), *findings)
    documents = {key + 1: result.body for key, result in results.items() if result.body is not None}
    return Produced(orders=orders, documents=documents, results=tuple(results.values()))


def _run_response(engine: Engine, mapping: Mapping, path: Path) -> Produced:
    """Return what a mapping for responses makes of one message."""
    body = load(path, name=path.name, max_bytes=MAX_SAMPLE_BYTES)
    facts = queue_facts(body, ())
    number = facts.order_number or ""
    request = ResponseRequest(kind=facts.kind, order_number=number, account="main", body=body, mapping=mapping.name)
    result = engine.respond(request)
    wrong = facts.problem or result.problem or result.unusable
    findings = (*result.findings, *((Finding(code="problem", message=wrong),) if wrong is not None else ()))
    return Produced(
        orders={number: findings} if findings else {},
        documents={1: result.written} if result.written is not None else {},
    )


def check_sample(engine: Engine, mapping: Mapping, path: Path) -> SampleReport:
    """Return how a sample differs from what is expected of it."""
    produced = run_sample(engine, mapping, path)
    ending = mapping.response.ending if mapping.format == "response" else ".xml"
    differences = [*_documents(path, EXPECTED, ending, produced.documents), *_findings(path, produced.findings())]
    if known_folder(path).is_dir():
        differences += _documents(path, KNOWN, ending, run_sample(engine, mapping, path, known=True).documents)
    count = len(produced.file) + sum(len(some) for some in produced.orders.values())
    return SampleReport(path, len(produced.documents), count, tuple(differences))


def known_folder(path: Path) -> Path:
    """Return the folder of a sample's documents when Jakamo has the orders; it need not be there."""
    return path.parent / f"{path.stem}{KNOWN}"


def expected_documents(path: Path, *, known: bool = False) -> Documents:
    """Return the documents that must come of a sample, by place in the file."""
    folder = path.parent / f"{path.stem}{KNOWN if known else EXPECTED}"
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    return {int(one.stem): one.read_bytes() for one in found if one.is_file() and one.stem.isdecimal()}


def expected_findings(path: Path) -> Findings:
    """Return the findings that must come of a sample. Raises ValueError for a file that is no JSON of that shape."""
    place = path.parent / f"{path.stem}{FINDINGS}"
    if not place.is_file():
        return {}
    found = json.loads(place.read_text(encoding="utf-8"))
    if not isinstance(found, dict) or not set(found) <= {"file", "orders"}:
        raise ValueError(f'{place} must hold {{"file": [...], "orders": {{...}}}}')
    return found


def fits(expected: Findings, found: Findings) -> bool:
    """Tell whether each expected finding is there, in order, with all that it states, and none besides."""
    wanted, given = dict(_scopes(expected)), dict(_scopes(found))
    return wanted.keys() == given.keys() and all(_all_state(wanted[key], given[key]) for key in wanted)


def _all_state(wanted: Sequence[Findings], given: Sequence[Findings]) -> bool:
    return len(wanted) == len(given) and all(map(_states, wanted, given))


def _states(wanted: Findings, given: Findings) -> bool:
    return all(given.get(key) == value for key, value in wanted.items())


def _scopes(findings: Findings) -> Iterator[tuple[str | None, list[Findings]]]:
    """Yield the findings of the file, under None, and those of each order."""
    if findings.get("file"):
        yield None, findings["file"]
    yield from findings.get("orders", {}).items()


def _beside(path: Path) -> Iterator[Path]:
    return (one for one in path.parent.iterdir() if _stem(one) == path.stem)


def _documents(path: Path, which: str, ending: str, found: Documents) -> Iterator[Difference]:
    expected = expected_documents(path, known=which == KNOWN)
    for place in sorted(expected.keys() | found.keys()):
        if expected.get(place) != found.get(place):
            document = path.parent / f"{path.stem}{which}" / f"{place}{ending}"
            yield Difference(document, expected.get(place), found.get(place))


def _findings(path: Path, found: Findings) -> Iterator[Difference]:
    place = path.parent / f"{path.stem}{FINDINGS}"
    expected = expected_findings(path)
    if not fits(expected, found):
        present = place.read_bytes() if place.is_file() else None
        yield Difference(place, present, findings_text(found, expected) if found else None)


def findings_text(found: Findings, expected: Findings | None = None) -> bytes:
    """Return the text of expected.json; a finding that is stated already, and rightly, stays as it is stated."""
    before = dict(_scopes(expected or {}))

    def kept(scope: str | None, number: int, one: Findings) -> Findings:
        stated = before.get(scope, [])
        if number < len(stated) and _states(stated[number], one):
            return stated[number]
        more = stated[number] if number < len(stated) else {}
        return {key: one[key] for key in (*KEPT_KEYS, *(set(more) - set(KEPT_KEYS))) if key in one}

    text: Findings = {}
    for scope, findings in _scopes(found):
        some = [kept(scope, number, one) for number, one in enumerate(findings)]
        if scope is None:
            text["file"] = some
        else:
            text.setdefault("orders", {})[scope] = some
    return (json.dumps(text, indent=2, ensure_ascii=False) + "\n").encode()
