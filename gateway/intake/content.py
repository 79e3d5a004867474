"""Chooses a route by name, and where names say nothing, by what stands at the head of the file."""

from __future__ import annotations

from codecs import getincrementaldecoder
from collections.abc import Sequence
from pathlib import Path

from lxml import etree

from gateway.documents.xmlio import XmlError, parse_document
from gateway.documents.xmlstream import parse_head
from gateway.errors import FileRejected
from gateway.files.durable import FileDoor
from gateway.settings import Content, Route

HEAD_BYTES = 64 * 1024
WHOLE_BYTES = 2_000_000
LARGE_HEAD_BYTES = 1_000_000


def choose_route(files: FileDoor, path: Path, name: str, folder: str, routes: Sequence[Route]) -> Route | None:
    """Return the first route of the folder whose name pattern and content rule fit; None when none does.

    Raises StorageError and FileNotFoundError where a content rule asks for what cannot be read now.
    """
    for route in routes:
        if route.folder == folder and route.matches(name) and (
            route.content is None or content_fits(files, path, route.content)
        ):
            return route
    return None


def content_fits(files: FileDoor, path: Path, content: Content) -> bool:
    """Tell whether a file holds what a route's content rule asks for; one that is no XML does not.

    What is asked for must stand in the first megabyte of a large file.
    """
    if content.header is not None:
        return _text_of(files.head(path, HEAD_BYTES)).startswith(content.header)
    try:
        root = _root_of(files, path)
    except (XmlError, FileRejected):
        return False
    if content.root is not None:
        return str(root.tag) == content.root
    return _value_at(root, content.path or "") == (content.value or "")


def _root_of(files: FileDoor, path: Path) -> etree._Element:
    """Return the root of an XML; of one that is too large to be held, as far as its first megabyte tells."""
    if files.entry(path).size > WHOLE_BYTES:
        return parse_head(files.head(path, LARGE_HEAD_BYTES))
    return parse_document(files.read(path, WHOLE_BYTES), doctype="ignore")


def _text_of(head: bytes) -> str:
    """Decode the first row well enough to compare it: a BOM decides, else UTF-8, else one byte a character."""
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return head[: len(head) // 2 * 2].decode("utf-16", errors="replace")
    try:
        return getincrementaldecoder("utf-8-sig")().decode(head)  # the head may end within a character
    except UnicodeDecodeError:
        return head.decode("cp1252", errors="replace")


def _value_at(root: etree._Element, path: str) -> str | None:
    """Follow local names from the root down; `@name` at the end reads an attribute."""
    first, *steps = path.split("/")
    node = root
    if etree.QName(root).localname != first:
        return None
    for step in steps:
        if step.startswith("@"):
            return next((str(v) for k, v in node.attrib.items() if etree.QName(k).localname == step[1:]), None)
        found = next((c for c in node if isinstance(c.tag, str) and etree.QName(c).localname == step), None)
        if found is None:
            return None
        node = found
    return str(node.text or "").strip()
