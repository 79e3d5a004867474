"""`gateway demo`: the whole job in a scratch folder against the built-in simulator, over real sockets."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from gateway.app import Gateway, open_site_journal
from gateway.cli import demo_files
from gateway.files.durable import FileDoor
from gateway.journal.fates import Answered, Fate, answers, fates
from gateway.settings import load_settings
from gateway.simulator import Fault, Simulator

_SETTINGS = """
[intake]
settle_seconds = 0
scan_seconds = 0.1
node = "demo"

[accounts.main]
base_url = "{base_url}"
username = "integration"
password = "password"
poll_seconds = 0.2

[[routes]]
name = "orders"
match = "*.csv"
mapping = "csv-order"
account = "main"

[[routes]]
name = "status"
match = "*.sta"
mapping = "csv-status"
account = "main"

[[routes]]
name = "erp-xml"
match = "*.xml"
mapping = "erp-xml-order"
account = "main"

[[routes]]
name = "ubl"
match = "*.ubl"
mapping = "ubl"
account = "main"
"""
EXPECTED = {
    ("orders.csv", "PO-1001"): "sent",
    ("orders.csv", "PO-1002"): "sent",
    ("orders.csv", "PO-1003"): "replaced",
    ("machines.xml", "PO-7001"): "sent",
    ("partner.ubl", "PO-8001"): "sent",
    ("broken.csv", ""): "rejected",
    ("unanswered.csv", "PO-1009"): "unknown",
    ("changes.csv", "PO-1001"): "sent",
    ("status.sta", "PO-1002"): "sent",
    ("status.sta", "PO-7001"): "sent",
    ("orders.PO-1003.csv", "PO-1003"): "sent",
}
EXPECTED_ANSWERS = 6
_COLOURS = {"sent": "green", "failed": "red", "rejected": "red", "unknown": "yellow", "held": "yellow"}
LONGEST_SECONDS = 120.0


def run_demo(folder: Path | None, console: Console) -> tuple[list[Fate], list[Answered], Path, bool]:
    """Run the demo in `folder` (a new scratch folder when None); return what became of everything, and whether
    it is what it should be."""
    root = folder or Path(tempfile.mkdtemp(prefix="gateway-demo-"))
    door = FileDoor()
    with Simulator(auto_confirm=("as-ordered", "quantity", "date", "price", "split")) as simulator:
        simulator.faults.add(Fault(endpoint="order", order="PO-1009", cut="after-reading"))
        door.make_folder(root)
        door.write_durably(root / "gateway.toml", _SETTINGS.format(base_url=simulator.base_url).encode())
        console.print(f"Jakamo simulator on {simulator.base_url}; everything lies in {root}")
        morning = {
            "orders.csv": demo_files.ORDERS,
            "machines.xml": demo_files.ERP_XML,
            "partner.ubl": demo_files.UBL,
            "broken.csv": demo_files.BROKEN,
            "unanswered.csv": demo_files.UNANSWERED,
        }
        _shift(root, door, morning, "The ERP drops five files", console)
        simulator.delivered("PO-1001", ["10"])
        _hand_back(root, door)
        afternoon = {"changes.csv": demo_files.CHANGES, "status.sta": demo_files.STATUS}
        _shift(root, door, afternoon, "A change, two status reports, and the operator's corrected order", console)
    return _outcome(root)


def _shift(root: Path, door: FileDoor, files: dict[str, bytes], title: str, console: Console) -> None:
    """Drop files as an ERP does and let the gateway work until it is idle."""
    console.print(f"{title}: {', '.join(files)}")
    door.make_folder(root / "inbox")
    for name, data in files.items():
        door.write_durably(root / "inbox" / name, data)
    gateway = Gateway(load_settings(root / "gateway.toml", {}))
    stop = threading.Event()
    timer = threading.Timer(LONGEST_SECONDS, stop.set)
    timer.start()
    try:
        gateway.run_until_idle(stop)
    finally:
        timer.cancel()
        gateway.close()


def _hand_back(root: Path, door: FileDoor) -> None:
    """Do what an operator does with the extract of the bad order: correct it and drop it into retry/."""
    extract = root / "inbox" / "error" / "orders.PO-1003.csv"
    if door.exists(extract):
        door.remove(extract)
        door.write_durably(root / "inbox" / "retry" / extract.name, demo_files.CORRECTED)


def _outcome(root: Path) -> tuple[list[Fate], list[Answered], Path, bool]:
    journal = open_site_journal(load_settings(root / "gateway.toml", {}))
    try:
        found, answered = journal.read(fates), journal.read(answers)
    finally:
        journal.close()
    as_expected = {(fate.file, fate.order_number): fate.state for fate in found} == EXPECTED
    return found, answered, root, as_expected and len(answered) == EXPECTED_ANSWERS


def print_outcome(found: Sequence[Fate], answered: Sequence[Answered], root: Path, console: Console) -> None:
    """Print what became of every file and order, and where to look."""
    table = Table(title="What became of every file and order", title_justify="left")
    for heading in ("file", "order", "document", "fate", "why"):
        table.add_column(heading, overflow="fold")
    for fate in found:
        colour = _COLOURS.get(fate.state, "default")
        table.add_row(fate.file, fate.order_number, fate.kind, Text(fate.state, style=colour), fate.reason)
    console.print(table)
    table = Table(title="What the suppliers answered", title_justify="left")
    for heading in ("order", "document", "state", "file in the outbox"):
        table.add_column(heading, overflow="fold")
    for one in answered:
        table.add_row(one.order_number, one.kind, one.state, one.name)
    console.print(table)
    console.print("Look into:")
    for place, what in (
        ("inbox/done", "originals that are finished"),
        ("inbox/error", "broken.csv with its reason; what an operator must look at"),
        ("inbox/error/unknown", "unanswered.csv: Jakamo may or may not have it; the reason says how to find out"),
        ("outbox", "what the ERP imports"),
    ):
        console.print(f"  {root / place}  ({what})", highlight=False, soft_wrap=True)
