"""Names of files: pure text in, pure text out. Names from outside are only ever data.

Two kinds of name: those that keep what a person or ERP called the file (`work_name`, `free_name`,
`extract_name`, `reason_names`), made harmless only where they must be; and those the gateway makes itself
from foreign values (`safe_component`, `outbox_name`), in a small alphabet.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID

from gateway.files.entry import Entry

MAX_NAME_BYTES = 255
MARKER = ".gateway-folder"
REASON_TEXT = ".reason.txt"
REASON_JSON = ".reason.json"
DEFAULT_OUTBOX_TEMPLATE = "{order}_{kind}_{time}-{sequence}-{hash8}.xml"

UNSAFE = re.compile(r"[^A-Za-z0-9._-]")
DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
DIGITS = re.compile(r"([0-9]+)")
PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
PLACEHOLDERS = ("order", "kind", "time", "sequence", "hash8")
OWNER_BYTES, TOKEN_DIGITS = 40, 16
ORDER_BYTES, KIND_BYTES, TIME_BYTES, SEQUENCE_DIGITS, HASH_BYTES = 80, 32, 20, 8, 8
TEMPORARY_ENDINGS = (
    ".tmp", ".temp", ".part", ".partial", ".filepart", ".crdownload", ".download", ".swp", ".swx",
    ".upload", ".uploading", ".incomplete", ".writing", ".inprogress", ".lck", ".lock",
)
SYSTEM_NAMES = frozenset({"thumbs.db", "desktop.ini"})


def safe_component(text: str, max_bytes: int = ORDER_BYTES) -> str:
    """Return `text` as a part of a file name: alphabet `[A-Za-z0-9._-]`, at most `max_bytes` (at least 16).

    What is safe already comes back unchanged. Where anything had to be changed or cut, a hash of the
    whole text is added, so that different texts do not meet in one name.
    """
    safe = UNSAFE.sub("_", text)
    if not safe or safe[0] in ".-":
        safe = "_" + safe[1:]
    if safe[-1] == ".":
        safe = safe[:-1] + "_"
    if DEVICE.fullmatch(safe):
        safe = "_" + safe
    if safe == text and len(safe) <= max_bytes:
        return safe
    suffix = "-" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return safe[: max_bytes - len(suffix)] + suffix


def printable_name(name: str) -> str:
    """Return a file's name as it may be stored, shown and used again as a name.

    Control characters, direction marks, separators and bytes that are no UTF-8 become `%XX`; all else,
    letters of any language too, stays.
    """
    if name.isascii() and name.isprintable() and "/" not in name and "\\" not in name:
        return name
    return "".join(char if _is_harmless(char) else _escaped(char) for char in name)


def _is_harmless(char: str) -> bool:
    return char not in "/\\" and unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Zl", "Zp", "Cn")


def _escaped(char: str) -> str:
    try:
        raw = char.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raw = char.encode("utf-8", "surrogatepass")
    return "".join(f"%{byte:02X}" for byte in raw)


def cut_name(name: str, max_bytes: int) -> str:
    """Return the name within `max_bytes` of UTF-8, the extension kept where it is of sane length."""
    if len(name.encode()) <= max_bytes:
        return name
    stem, extension = split_extension(name)
    return _cut_text(stem, max_bytes - len(extension.encode())) + extension


def _cut_text(text: str, max_bytes: int) -> str:
    return text.encode()[:max_bytes].decode("utf-8", "ignore")


def split_extension(name: str) -> tuple[str, str]:
    """Return stem and extension with its dot; no extension where it would be the whole name or over 32 bytes."""
    dot = name.rfind(".")
    if dot <= 0 or len(name[dot:].encode()) > 32:
        return name, ""
    return name[:dot], name[dot:]


def work_name(claim_id: UUID | str, name: str) -> str:
    """Return the name of a claimed file: `<uuid>~<name>`, the name cut where both do not fit."""
    prefix = f"{claim_id}~"
    return prefix + cut_name(printable_name(name), MAX_NAME_BYTES - len(prefix))


def marker_prefix(claim_id: UUID | str) -> str:
    """Return what the name of a claimed companion marker begins with; its own name follows."""
    return f"{claim_id}.marker~"


def split_work_name(text: str) -> tuple[str, str] | None:
    """Return claim id (canonical text) and name of a claimed file, None if it is no such name."""
    claim_id, tilde, name = text.partition("~")
    if not tilde or not name:
        return None
    try:
        canonical = str(UUID(claim_id))
    except ValueError:
        return None
    return (canonical, name) if canonical == claim_id else None


def temporary_name(name: str, owner: str, token: str) -> str:
    """Return the hidden name under which a file is written beside its place: `.<name>.<owner>-<token>.part`."""
    tail = _temporary_tail(owner, token)
    return f".{cut_name(printable_name(name), MAX_NAME_BYTES - 1 - len(tail))}{tail}"


def is_temporary(name: str, owner: str) -> bool:
    """Tell whether this is a temporary name that this owner made."""
    token = name[-len(".part") - TOKEN_DIGITS :][:TOKEN_DIGITS]
    return (
        name.startswith(".")
        and re.fullmatch(r"[0-9a-f]+", token) is not None
        and name.endswith(_temporary_tail(owner, token))
    )


def _temporary_tail(owner: str, token: str) -> str:
    return f".{safe_component(owner, OWNER_BYTES)}-{token}.part" if owner else f".{token}.part"


def free_name(name: str, taken: Iterable[str], *, with_reasons: bool = False) -> str:
    """Return the name (made printable), or `orders~2.csv`, `orders~3.csv` ...: the first that is not taken.

    Case is ignored, because shares ignore it. `with_reasons` also keeps the two reason names free and
    leaves room for their endings.
    """
    used = {other.casefold() for other in taken}
    endings = ("", REASON_TEXT, REASON_JSON) if with_reasons else ("",)
    room = MAX_NAME_BYTES - max(len(ending) for ending in endings)
    stem, extension = split_extension(printable_name(name))
    number = 1
    while True:
        tail = extension if number == 1 else f"~{number}{extension}"
        candidate = _cut_text(stem, room - len(tail.encode())) + tail
        if all((candidate + ending).casefold() not in used for ending in endings):
            return candidate
        number += 1


def extract_name(name: str, order_number: str) -> str:
    """Return the name of an extract of one order: `orders.csv`, `PO-1002` give `orders.PO-1002.csv`."""
    stem, extension = split_extension(printable_name(name))
    tail = f".{safe_component(order_number, ORDER_BYTES)}{extension}"
    room = MAX_NAME_BYTES - len(REASON_JSON) - len(tail.encode())
    return _cut_text(stem, room) + tail


def reason_names(name: str) -> tuple[str, str]:
    """Return the names of the two reason files beside a file: for people, for programs."""
    return name + REASON_TEXT, name + REASON_JSON


def reason_of(name: str) -> str | None:
    """Return the name of the file a reason file belongs to, None if this is no reason file."""
    for ending in (REASON_TEXT, REASON_JSON):
        if name.casefold().endswith(ending) and len(name) > len(ending):
            return name[: -len(ending)]
    return None


def ignored_reason(entry: Entry) -> str | None:
    """Return in words why a file is never taken from an inbox, None if it may be."""
    name = entry.name.casefold()
    if entry.is_link:
        return "a link; only plain files are taken"
    if entry.is_folder:
        return "a folder"
    if not entry.is_file:
        return "not a plain file (fifo, socket or device)"
    if name.startswith("._"):
        return "name begins with ._: side file of another system"
    if name.startswith("."):
        return "name begins with a dot: hidden or unfinished"
    if name.startswith("~$"):
        return "name begins with ~$: lock file of an office program"
    if name.endswith("~"):
        return "name ends with ~: backup copy of an editor"
    if name in SYSTEM_NAMES:
        return "written by the file manager"
    if reason_of(entry.name) is not None:
        return "a reason file of the gateway"
    return next((f"temporary name ({end})" for end in TEMPORARY_ENDINGS if name.endswith(end)), None)


def natural_key(name: str) -> tuple[tuple[tuple[str, int, str], ...], str]:
    """Return a sort key that takes digits as numbers: `PO-9` before `PO-10`."""
    parts = DIGITS.split(name)
    pairs = zip(parts[::2], [*parts[1::2], ""], strict=True)
    return tuple((text.casefold(), *_number_key(digits)) for text, digits in pairs), name


def _number_key(digits: str) -> tuple[int, str]:
    significant = digits.lstrip("0")
    return len(significant), significant  # longer is larger; no int(), whose length is limited


def outbox_name(
    order_number: str, kind: str, at: datetime, sequence: int, hash8: str, template: str = DEFAULT_OUTBOX_TEMPLATE
) -> str:
    """Return the name of a finished file for the ERP; raises ValueError for an instant without zone.

    With the default template the names of one order sort as the queue gave them; `template` is one that
    `check_template` finds nothing wrong with.
    """
    if at.tzinfo is None:
        raise ValueError("an instant without zone has no place in a file name")
    utc = at.astimezone(UTC)
    values = {
        "order": safe_component(order_number, ORDER_BYTES),
        "kind": safe_component(kind, KIND_BYTES),
        "time": f"{utc:%Y%m%dT%H%M%S}.{utc.microsecond // 1000:03d}Z",
        "sequence": f"{sequence:0{SEQUENCE_DIGITS}d}",
        "hash8": safe_component(hash8[:HASH_BYTES], 16),
    }
    return template.format_map(values)


def check_template(template: str) -> list[str]:
    """Return everything wrong with a template for outbox names, in words; nothing if it can be used."""
    found = PLACEHOLDER.findall(template)
    literal = PLACEHOLDER.sub("", template)
    problems = [
        f"unknown placeholder {{{name}}}; known are " + ", ".join(f"{{{known}}}" for known in PLACEHOLDERS)
        for name in dict.fromkeys(found)
        if name not in PLACEHOLDERS
    ]
    if "{" in literal or "}" in literal:
        problems.append("a brace without its partner")
    if unsafe := sorted(set(UNSAFE.findall(literal.replace("{", "").replace("}", "")))):
        problems.append("only letters A-Z, digits, dot, underscore and hyphen are allowed, not " + " ".join(unsafe))
    if "sequence" not in found:
        problems.append("{sequence} is missing: without it two messages could get one name")
    if template[:1] in (".", "-"):
        problems.append("must not begin with a dot or hyphen")
    if any(template.casefold().endswith(end) for end in (*TEMPORARY_ENDINGS, ".", REASON_TEXT, REASON_JSON)):
        problems.append("must not end like a temporary file or with a dot")
    widths = {
        "order": ORDER_BYTES, "kind": KIND_BYTES, "time": TIME_BYTES, "sequence": 2 * SEQUENCE_DIGITS, "hash8": 17
    }
    longest = len(literal.encode()) + sum(widths.get(name, 0) for name in found)
    if longest > MAX_NAME_BYTES - len(REASON_JSON):
        problems.append(f"could give names of {longest} bytes; {MAX_NAME_BYTES - len(REASON_JSON)} is the most")
    return problems
