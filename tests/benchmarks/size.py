"""Memory and speed of one huge file through the real command: `python -m tests.benchmarks.size --rows 100000 1000000`.

Each file goes alone through `gateway run --until-idle` on a fresh site, as a rehearsal (send = false), so that what is
measured is the file and not the wire: claimed, read, registered, mapped, validated, kept in the journal, closed. The
peaks are those that the system keeps of each process (VmHWM), read from outside. Rows per second go from the claim to
the end of the command, or to the end of pass one.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from tests.benchmarks.size_files import LINES_AN_ORDER, write_csv, write_xml

PROJECT = Path(__file__).parents[2]
LOOK_SECONDS = 0.1
MEGABYTE = 1_000_000
SETTINGS = """\
[intake]
settle_seconds = 0
scan_seconds = 1
watch = false
node = "size"
max_file_mb = 2000

[accounts.main]
base_url = "http://127.0.0.1:9"
username = "integration"
password = "password"
send = false

[[routes]]
name = "csv"
match = "*.csv"
mapping = "csv-order"
account = "main"

[[routes]]
name = "xml"
match = "*.xml"
mapping = "erp-xml-order"
account = "main"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What one file took; peaks in megabytes."""

    name: str
    megabytes: float
    orders: int
    lines: int  # of all orders
    states: dict[str, int]
    peak_service: float
    peak_worker: float
    peak_spool: float
    seconds_pass_one: float
    seconds: float

    @property
    def rows_per_second(self) -> float:
        """Lines of orders a second, from the claim to the end of the command."""
        return self.lines / self.seconds


class Peaks:
    """The greatest memory of each process of a session, as the system keeps it."""

    def __init__(self, leader: int, spools: Path) -> None:
        self.leader, self._spools = leader, spools
        self.bytes: dict[int, int] = {}
        self.spool = 0

    def look(self) -> None:
        """Ask for the peak of each process of the session that lives."""
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and self._session(entry) == self.leader:
                self.bytes[int(entry.name)] = max(self._peak(entry), self.bytes.get(int(entry.name), 0))
        if self._spools.is_dir():
            sizes = [entry.stat().st_size for entry in os.scandir(self._spools)]
            self.spool = max(self.spool, sum(sizes))

    @staticmethod
    def _session(process: Path) -> int:
        try:
            return int((process / "stat").read_text().rpartition(")")[2].split()[3])
        except (FileNotFoundError, ProcessLookupError):
            return 0

    @staticmethod
    def _peak(process: Path) -> int:
        try:
            text = (process / "status").read_text()
        except (FileNotFoundError, ProcessLookupError):
            return 0
        found = next((line for line in text.splitlines() if line.startswith("VmHWM:")), "VmHWM: 0 kB")
        return int(found.split()[1]) * 1024

    @property
    def service(self) -> float:
        """The service itself, in megabytes."""
        return self.bytes.get(self.leader, 0) / MEGABYTE

    @property
    def worker(self) -> float:
        """The greatest of the processes that read and map, in megabytes."""
        return max((peak for key, peak in self.bytes.items() if key != self.leader), default=0) / MEGABYTE


def measure(name: str, write: Callable[[Path], int], lines: int, folder: Path) -> Measured:
    """Let one file, of so many lines an order, go through the real command on a fresh site below `folder`."""
    site = folder / f"site-{name}"
    inbox = site / "inbox"
    inbox.mkdir(parents=True)
    (site / "gateway.toml").write_text(SETTINGS)
    orders = write(inbox / name)
    size = (inbox / name).stat().st_size
    command = [sys.executable, "-m", "gateway", "--config", str(site / "gateway.toml"), "run", "--until-idle"]
    with (site / "output").open("wb") as output:
        ran = subprocess.Popen(
            command, cwd=PROJECT, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
            start_new_session=True, env={**os.environ, "PYTHONPATH": str(PROJECT)},
        )  # fmt: skip
        peaks = Peaks(ran.pid, site / "state" / "spool")
        while ran.poll() is None:
            peaks.look()
            time.sleep(LOOK_SECONDS)
    ended_at = time.time()
    if ran.returncode not in (0, 1):
        raise SystemExit((site / "output").read_text())
    claimed_at, split_at, states = _from_journal(site / "state" / "journal.sqlite3")
    shutil.rmtree(site)
    return Measured(
        name=name, megabytes=size / MEGABYTE, orders=orders, lines=orders * lines,
        states=states, peak_service=peaks.service,
        peak_worker=peaks.worker, peak_spool=peaks.spool / MEGABYTE, seconds_pass_one=split_at - claimed_at,
        seconds=ended_at - claimed_at,
    )  # fmt: skip


def _from_journal(path: Path) -> tuple[float, float, dict[str, int]]:
    """Return when the file was claimed and split, and how many messages are in each state."""
    with closing(sqlite3.connect(path)) as journal:
        claimed = journal.execute("SELECT claimed_at FROM interchange").fetchone()[0]
        split = journal.execute("SELECT max(at) FROM history WHERE subject = 'interchange' AND event = 'split'")
        states = journal.execute("SELECT state, count(*) FROM message GROUP BY state")
        return claimed / 1e6, (split.fetchone()[0] or 0) / 1e6, {str(row[0]): int(row[1]) for row in states}


def table(measured: list[Measured]) -> str:
    """Return the figures as lines for people."""
    heads = ("file", "MB", "orders", "service MB", "worker MB", "pass one s", "all s", "rows/s")
    widths = (16, 8, 8, 11, 10, 11, 8, 8)
    lines = [" ".join(head.rjust(width) for head, width in zip(heads, widths, strict=True))]
    for one in measured:
        lines.append(
            f"{one.name:>16} {one.megabytes:8.1f} {one.orders:8} {one.peak_service:11.1f} {one.peak_worker:10.1f} "
            f"{one.seconds_pass_one:11.1f} {one.seconds:8.1f} {one.rows_per_second:8.0f}"
        )
    return "\n".join(lines)


def main() -> None:
    """Measure the files that were asked for, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="*", default=[], help="CSV files of so many rows")
    parser.add_argument("--xml", type=float, nargs="*", default=[], help="XML files of so many megabytes")
    parser.add_argument("--lines", type=int, default=LINES_AN_ORDER, help="lines of an order")
    parser.add_argument("--text", type=int, default=0, help="letters of free text in each line of an XML")
    parser.add_argument("--bad-every", type=int, default=0, help="of every so manieth CSV order one cell is bad")
    parser.add_argument("--folder", type=Path, default=None, help="where to work; a temporary folder if left out")
    options = parser.parse_args()
    measured = []
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        for rows in options.rows:
            write = partial(write_csv, rows=rows, lines=options.lines, bad_every=options.bad_every)
            measured.append(measure(f"rows-{rows}.csv", write, options.lines, Path(folder)))
            print(json.dumps(asdict(measured[-1])), file=sys.stderr, flush=True)
        for megabytes in options.xml:
            write = partial(write_xml, megabytes=megabytes, lines=options.lines, text=options.text)
            measured.append(measure(f"mb-{megabytes:g}.xml", write, options.lines, Path(folder)))
            print(json.dumps(asdict(measured[-1])), file=sys.stderr, flush=True)
    print(table(measured))


if __name__ == "__main__":
    main()
