"""Pass one: a whole file into orders, whatever its format; and the extract of single orders.

Reads the file it is given and nothing else; writes nothing but a spool where it is told. Own trouble with the disk is
never the file's fault.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from lxml import etree

from gateway.documents.ubl import DocumentError, facts, message_kind
from gateway.errors import StorageError
from gateway.mapping.csv_reader import extract_csv, read_csv
from gateway.mapping.large import cut_file, spool_file, streams
from gateway.mapping.mapping import Mapping
from gateway.mapping.rejection import reject, rejected, shown
from gateway.mapping.xml_paths import place
from gateway.mapping.xml_reader import extract_xml, parse_source, read_xml
from gateway.model import Finding, MessageKind, OrderSource, ReadResult

MEGABYTE = 1_000_000


def read_file(
    mapping: Mapping,
    path: Path,
    *,
    name: str,
    trailer: bool,
    max_bytes: int,
    spool: Path | None = None,
) -> ReadResult:
    """Return all orders of a file; `name` is the file's name as dropped, `trailer` asks for a declared last row.

    With a `spool`, for a file too large to be held, the orders are written there, if the mapping allows it.
    Raises FileRejected for any fault of structure (code "incomplete" when the file may only not be finished),
    FileNotFoundError when there is no such file, StorageError when the disk does not give it.
    """
    if spool is not None and streams(mapping):
        _check_size(path, name, max_bytes)
        return spool_file(mapping, path, spool, name=name, trailer=trailer)
    return read_source(mapping, load(path, name=name, max_bytes=max_bytes), name=name, trailer=trailer)


def _check_size(path: Path, name: str, max_bytes: int) -> None:
    """Raise FileRejected when a file is too large, StorageError for trouble with the disk."""
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        raise
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror}.") from error
    if size > max_bytes:
        raise reject("too-large", f"The file {shown(name)} has {size:,} bytes; at most {max_bytes:,} are allowed.")


def load(path: Path, *, name: str, max_bytes: int) -> bytes:
    """Return the bytes of a file of a sane size."""
    _check_size(path, name, max_bytes)
    try:
        with path.open("rb") as source:
            data = source.read(max_bytes + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror}.") from error
    if len(data) > max_bytes:
        raise reject("too-large", f"The file {shown(name)} grew beyond {max_bytes:,} bytes while it was read.")
    return data


def read_source(mapping: Mapping, data: bytes, *, name: str, trailer: bool) -> ReadResult:
    """Return all orders of a file's bytes; raises FileRejected."""
    warnings: tuple[Finding, ...] = ()
    if mapping.format == "csv":
        content = read_csv(data, mapping.csv, name=name, trailer=trailer)
        orders, warnings = content.orders(), tuple(content.warnings)
    elif mapping.format == "xml":
        orders = read_xml(data, mapping.paths, name=name, doctype=mapping.doctype)
    else:
        orders = (_read_ubl(data, name),)
    return ReadResult(sha256=hashlib.sha256(data).hexdigest(), size=len(data), orders=orders, warnings=warnings)


def extracts(mapping: Mapping, path: Path, ordinals: Sequence[int], spool: Path | None = None) -> list[bytes]:
    """Return for each order the file with only that one; raises FileRejected as reading it does.

    With a `spool`, for a file too large to be held, it is read into that meanwhile, if the mapping allows it.
    """
    if spool is not None and streams(mapping):
        return cut_file(mapping, path, spool, ordinals)
    data = load(path, name=path.name, max_bytes=max(path.stat().st_size, MEGABYTE))
    return cut_source(mapping, data, [[ordinal] for ordinal in ordinals], name=path.name)


def extract_source(mapping: Mapping, data: bytes, ordinals: Sequence[int], *, name: str) -> bytes:
    """Return a file's bytes with only these orders."""
    (extract,) = cut_source(mapping, data, [ordinals], name=name)
    return extract


def cut_source(mapping: Mapping, data: bytes, groups: Sequence[Sequence[int]], *, name: str) -> list[bytes]:
    """Return for each group of ordinals a file's bytes with only these orders."""
    if mapping.format == "csv":
        return extract_csv(data, mapping.csv, groups, name=name)
    if mapping.format == "xml":
        return extract_xml(data, mapping.paths, groups, name=name, doctype=mapping.doctype)
    return [data for _ in groups]


def _read_ubl(data: bytes, name: str) -> OrderSource:
    """Return the one document of a pass-through file; its canonical tree is its bytes."""
    root = parse_source(data, name=name, doctype="refuse")
    try:
        known = facts(data)
    except DocumentError as error:
        raise rejected([_unknown_document(root, error.message)]) from error
    raw = etree.tostring(root, method="c14n", exclusive=True, with_comments=False)
    return OrderSource(
        ordinal=0,
        order_number=known.order_number,
        kind_hint=known.kind,
        revision=None,
        canonical=data,
        source_hash=hashlib.sha256(raw).hexdigest(),
    )


def _unknown_document(root: etree._Element, message: str) -> Finding:
    kind = message_kind(root)
    name = "OrderID" if kind is MessageKind.STATUS else "ID"
    number = root.find(f"{{*}}{name}") if kind is not None else None
    at = number if number is not None else root
    line: object = at.sourceline
    path = f"{place(root)}/{name}" if kind is not None else place(root)
    return Finding(code="unknown-document", message=message, line=line if isinstance(line, int) else None, path=path)
