"""What the gateway itself reads from an order it sends and from a message of Jakamo's queue.

Room: documents. Pure: bytes in, values out. Elements are found by local name, never by namespace or
position, because real documents (the only public Jakamo sample among them) get both wrong.
Nothing here validates.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lxml import etree

from gateway.documents.xmlio import parse_document
from gateway.errors import GatewayError
from gateway.model import Facts, MessageKind, QueueKind

ORDER_NUMBER_HEADER = "jakamo-order-number"
ATTACHMENT_URI_ATTRIBUTE = "jakamo-attachment-uri"
SCHEMA_INSTANCE = "{http://www.w3.org/2001/XMLSchema-instance}"
STATUS_WORD_NAMES = ("Status", "StatusCode", "OrderStatus", "OrderStatusCode", "DocumentStatusCode")


class DocumentError(GatewayError, ValueError):
    """A document cannot be understood as an order, a change or a status; says why in plain words."""

    code = "document"


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueFacts:
    """What is read from one message of the response queue; `problem` says why it is not understood."""

    kind: QueueKind
    order_number: str | None = None
    problem: str | None = None
    attachment_uri: str | None = None  # Attachment only
    filename: str | None = None  # Attachment only; data from outside, never to be used as a path


def facts(body: bytes) -> Facts:
    """Return what the gateway remembers of a document it sends.

    Raises DocumentError when the body is not XML, carries a DOCTYPE, has an unknown root or no
    order number.
    """
    return facts_of(_parse(body))


def facts_of(root: etree._Element) -> Facts:
    """Return the same of a document that was parsed already, or is about to be written as it is."""
    kind = message_kind(root)
    if kind is None:
        wanted = ", ".join(MessageKind)
        raise DocumentError(f'The root element is "{_name(root)}"; expected one of {wanted}.')
    number = _order_number(root, kind)
    if not number:
        place = "OrderID" if kind is MessageKind.STATUS else "ID"
        raise DocumentError(f"The {kind} carries no order number ({place} is missing or empty).")
    return Facts(
        kind=kind,
        order_number=number,
        content_hash=content_hash(root, number),
        supplier=_party(root, "SellerSupplierParty", "CustomerAssignedAccountID"),
        buyer=_party(root, "BuyerCustomerParty", "SupplierAssignedAccountID"),
        currency=_text(root, "DocumentCurrencyCode"),
        line_ids=tuple(line_ids(root)),
        status_word=_status_word(root) if kind is MessageKind.STATUS else None,
    )


def message_kind(root: etree._Element) -> MessageKind | None:
    """Return what the root element makes of the document, or None for any other root."""
    return next((kind for kind in MessageKind if kind.value == _name(root)), None)


def line_ids(root: etree._Element) -> Iterator[str]:
    """Yield the number of each order line, in document order; lines inside lines are not counted."""
    for line in _children(root, "OrderLine"):
        for item in _children(line, "LineItem"):
            number = _text(item, "ID")
            if number:
                yield number


def content_hash(root: etree._Element, order_number: str) -> str:
    """Return a hex sha256 that is equal for equal content.

    Left out, because they say when or how often and not what: `IssueTime`, `SequenceNumberID` and
    the header's `OrderReference`. The root's name, its namespace and its `ID` are replaced by the
    order number, so that an Order and an OrderChange of equal content are equal. Comments,
    processing instructions, prefixes, attribute order and whitespace-only text do not count.
    """
    is_status = _name(root) == MessageKind.STATUS.value
    digest = hashlib.sha256()
    digest.update(f"{'status' if is_status else 'order'}\x01{order_number}\x01".encode())
    parts: list[str] = []
    for name, value in sorted(root.attrib.items()):
        if not str(name).startswith(SCHEMA_INSTANCE):
            parts.append(f"\x02{name!s}\x03{value!s}")
    left_out = {"OrderID"} if is_status else {"ID", "IssueTime", "SequenceNumberID", "OrderReference"}
    _add_text(parts, root.text)
    for child in root:
        if not (isinstance(child.tag, str) and _name(child) in left_out):
            _add_canonical(parts, child)
        _add_text(parts, child.tail)
    digest.update("".join(parts).encode())
    return digest.hexdigest()


def queue_facts(body: bytes, headers: Iterable[tuple[str, str]]) -> QueueFacts:
    """Return what kind of queue message this is and which order it speaks of.

    Never raises: what cannot be understood comes back with `problem` in plain words. The root's
    name is compared without regard to case.
    """
    try:
        root = _parse(body)
    except DocumentError as error:
        return QueueFacts(kind=QueueKind.UNKNOWN, problem=error.message)
    name = _name(root).lower()
    kind = next((kind for kind in QueueKind if kind.value.lower() == name), QueueKind.UNKNOWN)
    header = next((value.strip() for key, value in headers if key.lower() == ORDER_NUMBER_HEADER), "")
    if kind is QueueKind.RESPONSE:
        number = _response_order_number(root) or header
        return QueueFacts(kind=kind, order_number=number or None, problem=_no_number(number, "OrderReference/ID"))
    if kind is QueueKind.STATUS:
        number = _anywhere(root, "OrderID")
        return QueueFacts(kind=kind, order_number=number or None, problem=_no_number(number, "OrderID"))
    if kind is QueueKind.ATTACHMENT:
        return _attachment_facts(root, header)
    words = f'The root element "{_name(root)}" is none of OrderResponse, StatusMessage, Attachment.'
    return QueueFacts(kind=QueueKind.UNKNOWN, order_number=header or None, problem=words)


def _attachment_facts(root: etree._Element, header: str) -> QueueFacts:
    number = _anywhere(root, "OrderID") or header
    uri = next(
        (
            str(value).strip()
            for name, value in root.attrib.items()
            if str(name).rpartition("}")[2].lower() == ATTACHMENT_URI_ATTRIBUTE
        ),
        "",
    )
    problem = None if uri else "The Attachment does not say where to fetch it (Jakamo-Attachment-URI is missing)."
    return QueueFacts(
        kind=QueueKind.ATTACHMENT,
        order_number=number or None,
        problem=problem or _no_number(number, "OrderID"),
        attachment_uri=uri or None,
        filename=_anywhere(root, "Filename") or None,
    )


def _no_number(number: str, place: str) -> str | None:
    return None if number else f"The message carries no order number ({place} is missing or empty)."


def _response_order_number(root: etree._Element) -> str:
    for reference in _children(root, "OrderReference"):
        number = _text(reference, "ID")
        if number:
            return number
    return ""


def _order_number(root: etree._Element, kind: MessageKind) -> str:
    if kind is MessageKind.STATUS:
        return _text(root, "OrderID") or ""
    if kind is MessageKind.CHANGE:
        for reference in _children(root, "OrderReference"):
            number = _text(reference, "ID")
            if number:
                return number
    return _text(root, "ID") or ""


def _party(root: etree._Element, role: str, assigned: str) -> str | None:
    """Return what names a party: its identification, else the assigned account, else its name."""
    for holder in _children(root, role):
        for party in _children(holder, "Party"):
            for identification in _children(party, "PartyIdentification"):
                number = _text(identification, "ID")
                if number:
                    return number
        account = _text(holder, assigned)
        if account:
            return account
        for party in _children(holder, "Party"):
            for container in (*_children(party, "PartyName"), *_children(party, "PartyLegalEntity")):
                name = _text(container, "Name") or _text(container, "RegistrationName")
                if name:
                    return name
    return None


def _status_word(root: etree._Element) -> str | None:
    for name in STATUS_WORD_NAMES:
        word = _text(root, name) or _anywhere(root, name)
        if word:
            return word.lower()
    return None


def _parse(body: bytes) -> etree._Element:
    try:
        return parse_document(body)
    except ValueError as error:
        raise DocumentError(str(error)) from error


def _name(element: etree._Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _children(element: etree._Element, name: str) -> Iterator[etree._Element]:
    return element.iterchildren(f"{{*}}{name}")


def _text(element: etree._Element, name: str) -> str | None:
    """Return the trimmed text of the first child of that name; None when absent or empty."""
    for child in _children(element, name):
        return "".join(str(part) for part in child.itertext()).strip() or None
    return None


def _anywhere(root: etree._Element, name: str) -> str:
    """Return the trimmed text of the first descendant of that name, case ignored; "" when there is none."""
    for element in root.iter():
        if isinstance(element.tag, str) and _name(element).lower() == name.lower() and element is not root:
            return "".join(str(part) for part in element.itertext()).strip()
    return ""


def _add_canonical(parts: list[str], element: etree._Element) -> None:
    """Append an element's name, attributes, text and children, each behind a mark XML cannot contain."""
    if not isinstance(element.tag, str):
        return  # comment or processing instruction
    parts.append(f"\x04{element.tag}")
    for name, value in sorted(element.items()):
        parts.append(f"\x02{name!s}\x03{value!s}")
    _add_text(parts, element.text)
    for child in element:
        _add_canonical(parts, child)
        _add_text(parts, child.tail)
    parts.append("\x05")


def _add_text(parts: list[str], text: str | None) -> None:
    if not text or text.isspace():
        return
    if parts and parts[-1].startswith("\x06"):  # a comment stood between
        parts[-1] += text
    else:
        parts.append(f"\x06{text}")
