"""One queue message as files for the ERP: what it imports and, where a site wants it, the UBL that was made of.

The UBL file goes first in each step, so that whoever sees the imported file finds the other beside it; it has its
own ending, so that no import of `*.xml` or `*.csv` takes it for a second message.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from gateway.files.durable import FileDoor
from gateway.files.names import outbox_name

UBL_ENDING = ".ubl"


def response_name(
    order_number: str | None, kind: str, at: datetime, sequence: int, body_hash: str, template: str, ending: str = ""
) -> str:
    """Return the final name of a queue message's file; `ending` (".csv") takes the place of the template's own."""
    stem, dot, last = template.rpartition(".")
    has_ending = bool(dot) and "{" not in last and "}" not in last
    shaped = f"{stem if has_ending else template}{ending}" if ending else template
    return outbox_name(order_number or "unknown", kind, at, sequence, body_hash[:8], shaped)


def ubl_name(name: str) -> str:
    """Return the name of the UBL file beside a mapped one."""
    return f"{name.rpartition('.')[0] or name}{UBL_ENDING}"


def write_unfinished(files: FileDoor, work: Path, name: str, data: bytes, ubl: bytes | None = None) -> None:
    """Make both files durable in the outbox's `.work/`, under their final names. Raises StorageError."""
    if ubl is not None:
        files.write_unfinished(work / ubl_name(name), ubl)
    files.write_unfinished(work / name, data)


def publish(files: FileDoor, work: Path, outbox: Path, name: str) -> None:
    """Give both files their final place; does not sync. Raises FileNotFoundError when the imported one is gone."""
    if files.exists(work / ubl_name(name)):  # most messages have none
        files.rename(work / ubl_name(name), outbox / ubl_name(name))
    files.rename(work / name, outbox / name)
