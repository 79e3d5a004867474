"""Pass one over a file too large to be held, in constant memory; and the extracts of single orders of one.

The file is read several times from its beginning: for its hash, for its encoding, for its rows. Nothing of it is kept
but in the spool. The outcome is the same as that of `reading` for a file that is held.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO

from gateway.documents.byte_scan import Opener, chunks
from gateway.errors import StorageError
from gateway.mapping.csv_reader import BLANKS, check_csv, cut_rows
from gateway.mapping.csv_spool import spool_csv
from gateway.mapping.encoding import stream_source
from gateway.mapping.mapping import Mapping
from gateway.mapping.rejection import INCOMPLETE, reject, shown
from gateway.mapping.spool import Spool, spooled_pieces
from gateway.mapping.xml_spool import cut_xml, spool_xml, stream_document
from gateway.mapping.xml_streaming import xml_streams
from gateway.model import Finding, ReadResult

HEAD_BYTES = 1 << 16


def streams(mapping: Mapping) -> bool:
    """Tell whether files of a mapping can be read without being held."""
    return mapping.format == "csv" or (mapping.format == "xml" and xml_streams(mapping.xml))


def spool_file(mapping: Mapping, path: Path, spool: Path, *, name: str, trailer: bool) -> ReadResult:
    """Write the orders of a file to a spool; raises FileRejected as `read_source` does, StorageError for the disk."""
    with _own_trouble(path, name), Spool(spool) as orders:
        opener = partial(_open, path)
        sha256, size = _survey(opener)
        warnings = _spool_into(mapping, opener, orders, name=name, trailer=trailer)
        count = orders.finish()
    return ReadResult(sha256=sha256, size=size, orders=(), warnings=tuple(warnings), spool=spool, spooled=count)


def _spool_into(mapping: Mapping, opener: Opener, spool: Spool, *, name: str, trailer: bool) -> list[Finding]:
    if mapping.format == "xml":
        spool_xml(opener, mapping.paths, spool, name=name, doctype=mapping.doctype)
        return []
    check_csv(_first_bytes(opener), mapping.csv, name, trailer=trailer)
    return spool_csv(stream_source(opener, mapping.csv.encoding), mapping.csv, spool, trailer=trailer)


def cut_file(mapping: Mapping, path: Path, spool: Path, ordinals: Sequence[int]) -> list[bytes]:
    """Return for each order the file with only that one; `spool` is where it may be read into meanwhile."""
    spool_file(mapping, path, spool, name=path.name, trailer=False)
    pieces = spooled_pieces(spool, ordinals)
    opener = partial(_open, path)
    with _own_trouble(path, path.name):
        if mapping.format == "xml":
            document = stream_document(opener, name=path.name, doctype=mapping.doctype)
            return cut_xml(document, mapping.paths, pieces)
        source = stream_source(opener, mapping.csv.encoding)
        return cut_rows(source, mapping.csv, pieces)


def _open(path: Path) -> BinaryIO:
    return path.open("rb")


def _survey(opener: Opener) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    for piece in chunks(opener):
        digest.update(piece)
        size += len(piece)
    return digest.hexdigest(), size


def _first_bytes(opener: Opener) -> bytes:
    """Return the beginning of a file; something is added when all of it is blank and what follows is not."""
    with opener() as source:
        first = source.read(HEAD_BYTES)
    if first.strip(BLANKS) or not any(piece.strip(BLANKS) for piece in chunks(opener, len(first))):
        return first
    return first + b"."


@contextmanager
def _own_trouble(path: Path, name: str) -> Iterator[None]:
    """Say whose trouble it is: the disk's, the spool's, or that of a file that somebody writes to."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror}.") from error
    except sqlite3.Error as error:
        raise StorageError(f"The orders of {path.name} cannot be kept while it is read: {error}.") from error
    except UnicodeDecodeError as error:
        raise reject(INCOMPLETE, f"The file {shown(name)} changed while it was read.") from error
