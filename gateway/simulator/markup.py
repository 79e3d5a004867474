"""XML as the simulator reads and writes it: its own parser, so that it shares nothing with the gateway."""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape

from lxml import etree

from gateway.simulator.values import XML, Headers, Refused, Reply

CAC = "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
CBC = "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
UBL = "urn:oasis:names:specification:ubl:schema:xsd:{kind}-2"


def parse(body: bytes) -> etree._Element:
    """Return the root of a well-formed UTF-8 document without DOCTYPE; raises Refused (400) with the reason."""
    if not body.strip():
        raise Refused(400, "The request has no document.")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        raise Refused(400, f"The document is not well-formed XML: {error.msg}") from error
    info = root.getroottree().docinfo
    if info.internalDTD is not None:
        raise Refused(400, "A document type declaration (DOCTYPE) is not allowed.")
    if (info.encoding or "UTF-8").upper() not in ("UTF-8", "UTF8"):
        raise Refused(400, f"The document must be UTF-8; it declares {info.encoding}.")
    return root


def local_name(element: etree._Element) -> str:
    """Return the element's name without namespace; empty for comments and instructions."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def namespace(element: etree._Element) -> str:
    """Return the element's namespace, empty when it has none."""
    tag = element.tag
    return tag[1:].partition("}")[0] if isinstance(tag, str) and tag.startswith("{") else ""


def children(element: etree._Element, name: str) -> Iterator[etree._Element]:
    """Yield the direct children of that local name."""
    return (child for child in element if local_name(child) == name)


def find(element: etree._Element | None, path: str) -> etree._Element | None:
    """Return the first element at a path of local names ("OrderReference/ID"), or None."""
    for name in path.split("/"):
        if element is None:
            return None
        element = next(children(element, name), None)
    return element


def text(element: etree._Element | None, path: str = "") -> str:
    """Return the stripped text at the path, empty when there is none."""
    found = find(element, path) if path else element
    return (found.text or "").strip() if found is not None else ""


def error_reply(status: int, *words: str, headers: Headers = ()) -> Reply:
    """Return an error the way the API words it: `<errors><error>...</error></errors>`."""
    errors = "".join(f"<error>{escape(word)}</error>" for word in words)
    return Reply(status, f"<errors>{errors}</errors>".encode(), (("Content-Type", XML), *headers))
