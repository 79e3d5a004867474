"""Orders per second of the gateway beside those of a bare loop, in one run: `python -m tests.benchmarks`.

Each round measures the sink, the bare loop and the gateway one after the other; medians and spread are over the
rounds. The gateway's time goes from the first claim (the row of it) to the last order at the sink, after one order to
warm up; the bare loop's from the first file to the last answer, with its stylesheet compiled and its connections warm.
What the gateway does after the last order (closing) is in its CPU seconds and commits, and shown as time until closed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lxml.etree
import requests

from tests.benchmarks.bare_loop import BareLoop
from tests.benchmarks.order_files import order_file, write_files
from tests.benchmarks.sink import Sink, most_per_second

PROJECT = Path(__file__).parents[2]
SINK_MULTIPLE = 3.0
SINK_REQUESTS = 20_000
SETTINGS = """\
[intake]
settle_seconds = 0
scan_seconds = 1
watch = false
node = "benchmark"
mapping_workers = {mapping_workers}

[accounts.main]
base_url = "{base_url}"
username = "integration"
password = "password"
poll_seconds = 60
workers = {workers}

[[routes]]
name = "erp"
match = "*.xml"
mapping = "erp-xml-order"
account = "main"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one round gave; rates in orders a second."""

    sink: float
    bare: float
    gateway: float
    start_seconds: float  # of the gateway, one order to warm up included
    seconds_until_closed: float  # from the last order at the sink to the last file in done/
    commits_per_order: float
    bare_cpu: float  # CPU seconds per 1,000 orders
    gateway_cpu: float
    service_cpu: float  # of it, the process that is not a mapping worker

    @property
    def ratio(self) -> float:
        """The gateway's rate over the bare loop's."""
        return self.gateway / self.bare

    @property
    def sink_multiple(self) -> float:
        """How many times the bare loop's rate the sink serves."""
        return self.sink / self.bare


class Bench:
    """Makes sites and runs both sides against one sink."""

    def __init__(self, options: argparse.Namespace, sink: Sink, folder: Path) -> None:
        self._options, self._sink, self._folder = options, sink, folder
        self._source = folder / "source"
        write_files(self._source, options.files)
        body = BareLoop(self._source, sink.base_url, 1).document(order_file(1))
        self.bytes_in, self.bytes_out = len(order_file(1)), len(body)
        self._body = body

    def round(self, number: int) -> Round:
        """Measure all three once."""
        most = most_per_second(self._sink.port, self._body, SINK_REQUESTS)
        bare = self._bare()
        gateway = self._gateway(number)
        orders = self._options.files
        return Round(
            sink=most,
            bare=orders / bare["seconds"],
            gateway=orders / (gateway["last_at"] - gateway["first_claim_at"]),
            start_seconds=gateway["start_seconds"],
            seconds_until_closed=gateway["closed_at"] - gateway["last_at"],
            commits_per_order=gateway["commits"] / orders,
            bare_cpu=bare["cpu"] * 1000 / orders,
            gateway_cpu=gateway["cpu"] * 1000 / orders,
            service_cpu=gateway["cpu_service"] * 1000 / orders,
        )

    def _bare(self) -> dict[str, Any]:
        self._sink.reset()
        result = self._run("bare_loop", str(self._source), self._sink.base_url, str(self._options.threads))
        self._check("the bare loop")
        return result

    def _gateway(self, number: int) -> dict[str, Any]:
        site = self._folder / f"site-{number}"
        site.mkdir()
        (site / "gateway.toml").write_text(
            SETTINGS.format(
                base_url=self._sink.base_url, workers=self._options.workers,
                mapping_workers=self._options.mapping_workers,
            )
        )
        files = shutil.copytree(self._source, site / "files")
        os.sync()  # writing the files is no part of what is measured
        result = self._run("gateway_run", str(site / "gateway.toml"), str(files), self._sink.reset_url)
        if result["states"] != {"sent": self._options.files}:
            raise SystemExit(f"The gateway did not send everything: {result['states']}")
        counted = self._check("the gateway")
        if not self._options.keep:
            shutil.rmtree(site)
        return {**result, **counted}

    def _run(self, module: str, *arguments: str) -> dict[str, Any]:
        command = [sys.executable, "-m", f"tests.benchmarks.{module}", *arguments]
        ran = subprocess.run(command, cwd=PROJECT, stdout=subprocess.PIPE, check=True, start_new_session=True)
        result: dict[str, Any] = json.loads(ran.stdout)
        return result

    def _check(self, who: str) -> dict[str, Any]:
        counted = self._sink.report()
        wanted = self._options.files
        if (counted["orders"], counted["distinct"]) != (wanted, wanted):
            raise SystemExit(f"The sink got {counted['orders']} orders ({counted['distinct']} distinct) from {who}.")
        return counted


def spread(values: Iterable[float]) -> dict[str, float]:
    """Return median, least and most."""
    found = list(values)
    return {"median": statistics.median(found), "min": min(found), "max": max(found)}


def summary(rounds: Sequence[Round], options: argparse.Namespace, bench: Bench) -> dict[str, Any]:
    """Return everything that is printed."""
    names = (
        "bare", "gateway", "ratio", "seconds_until_closed", "start_seconds", "commits_per_order", "bare_cpu",
        "gateway_cpu", "service_cpu", "sink", "sink_multiple",
    )
    found: dict[str, Any] = {name: spread(getattr(one, name) for one in rounds) for name in names}
    found["void"] = found["sink_multiple"]["min"] < SINK_MULTIPLE
    found["rounds"] = len(rounds)
    found["options"] = {name: getattr(options, name) for name in ("files", "threads", "workers", "mapping_workers")}
    found["sizes"] = {"bytes_in": bench.bytes_in, "bytes_out": bench.bytes_out}
    found["machine"] = {
        "cores": os.cpu_count(), "python": platform.python_version(), "system": platform.system(),
        "lxml": lxml.etree.__version__, "requests": requests.__version__, "load": os.getloadavg()[0],
    }
    return found


ROWS = (
    ("bare", "bare loop, orders/s", ".0f"),
    ("gateway", "gateway, orders/s (first claim to last order)", ".0f"),
    ("ratio", "gateway / bare loop", ".2f"),
    ("seconds_until_closed", "seconds from the last order to the last file closed", ".2f"),
    ("start_seconds", "seconds to start, one order to warm up included", ".2f"),
    ("commits_per_order", "commits per order, gateway", ".3f"),
    ("bare_cpu", "CPU s per 1,000 orders, bare loop", ".2f"),
    ("gateway_cpu", "CPU s per 1,000 orders, gateway with its workers", ".2f"),
    ("service_cpu", "  of it, the service without its workers", ".2f"),
    ("sink", "sink, POSTs/s it can serve", ".0f"),
    ("sink_multiple", "sink / bare loop", ".1f"),
)


def show(found: dict[str, Any]) -> None:
    """Print the figures for people."""
    machine, options, sizes = found["machine"], found["options"], found["sizes"]
    print(
        f"{options['files']} small XML files ({sizes['bytes_in']} bytes in, {sizes['bytes_out']} out), server at 0 ms; "
        f"bare loop: {options['threads']} threads; gateway: {options['workers']} senders, "
        f"{options['mapping_workers']} mapping worker(s)"
    )
    print(
        f"{machine['cores']} cores, Python {machine['python']}, {machine['system']}, lxml {machine['lxml']}, "
        f"requests {machine['requests']}, load {machine['load']:.1f}; {found['rounds']} interleaved rounds"
    )
    print(f"{'':52}{'median':>10}{'min':>10}{'max':>10}")
    for name, words, form in ROWS:
        values = "".join(f"{format(found[name][one], form):>10}" for one in ("median", "min", "max"))
        print(f"{words:52}{values}")
    if found["void"]:
        print(f"VOID: the sink serves less than {SINK_MULTIPLE:.0f} times the bare loop in some round.")


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--threads", type=int, default=2, help="threads of the bare loop")
    parser.add_argument("--workers", type=int, default=8, help="senders of the gateway")
    parser.add_argument("--mapping-workers", type=int, default=1, help="mapping processes of the gateway")
    parser.add_argument("--folder", type=Path, default=None, help="where to make the sites; a disk, not memory")
    parser.add_argument("--keep", action="store_true", help="leave the sites where they are")
    parser.add_argument("--json", action="store_true", help="print the figures for programs")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; 1 when the run is void."""
    options = parse(arguments)
    folder = Path(tempfile.mkdtemp(prefix="benchmark-", dir=options.folder))
    try:
        with Sink() as sink:
            bench = Bench(options, sink, folder)
            rounds = [bench.round(number) for number in range(options.rounds)]
    finally:
        if not options.keep:
            shutil.rmtree(folder)
    found = summary(rounds, options, bench)
    if options.json:
        print(json.dumps(found, indent=2))
    else:
        show(found)
    return 1 if found["void"] else 0


if __name__ == "__main__":
    sys.exit(main())
