"""One life of the real service on a fresh site: an order to warm up, then a full inbox, until all is closed.

Prints what it cost. The files lie ready beside the site and appear in the inbox by rename.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from sqlalchemy import Connection, func, select

from gateway.app import Gateway
from gateway.journal.tables import interchange, message
from gateway.settings import load_settings
from tests.benchmarks.order_files import order_file

LONGEST_SECONDS = 300.0
LOOK_SECONDS = 0.2
WARM_UP = 999_999  # number of an order that is not among the others


class Life:
    """The service while it runs, and what is read off it."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._inbox = gateway.layout.inbox

    def warm_up(self) -> None:
        """Let one order pass, so that workers run, the stylesheet is compiled and the connection is warm."""
        (self._inbox / "warm-up.xml").write_bytes(order_file(WARM_UP))
        self.wait_closed(1)

    def fill(self, files: Path) -> None:
        """Let all files appear in the inbox."""
        for path in sorted(files.iterdir()):
            path.rename(self._inbox / path.name)

    def wait_closed(self, count: int) -> None:
        """Wait until so many files are closed, or the service gives up."""
        while self._gateway.journal.read(_closed) < count:
            if self._gateway.service.failed:
                raise SystemExit("; ".join(self._gateway.service.failed))
            time.sleep(LOOK_SECONDS)

    def states(self) -> dict[str, int]:
        """Return how many messages are in each state, the warm-up aside."""
        statement = select(message.c.state, func.count()).where(message.c.id > 1).group_by(message.c.state)
        return self._gateway.journal.read(lambda c: {str(row[0]): int(row[1]) for row in c.execute(statement)})

    def first_claim(self) -> float:
        """Return when the first file was on record as claimed, the warm-up aside."""
        statement = select(func.min(interchange.c.claimed_at)).where(interchange.c.sequence > 1)
        claimed = self._gateway.journal.read(lambda c: c.execute(statement).scalar_one())
        return float(claimed.timestamp())


def _closed(connection: Connection) -> int:
    return int(connection.execute(select(func.count()).where(interchange.c.state == "closed")).scalar_one())


def session_cpu_seconds() -> float:
    """Return the CPU seconds of all living processes of this session: the service and its workers."""
    ticks, own = 0, os.getsid(0)
    for entry in Path("/proc").iterdir():
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split() if entry.name.isdigit() else []
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended meanwhile
        if fields and int(fields[3]) == own:
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def run(config: Path, files: Path, reset: str) -> dict[str, Any]:
    """Run the service until every file is closed; return instants (wall clock), commits, CPU seconds, states.

    What this thread does meanwhile, in the place of the ERP and of the onlooker, is not counted.
    """
    begun = time.time()
    gateway = Gateway(load_settings(config, {}))
    try:
        gateway.start()
        life = Life(gateway)
        life.warm_up()
        started = time.time()
        urlopen(reset).close()
        commits, cpu, own = gateway.journal.commits, session_cpu_seconds(), time.process_time()
        watched = time.thread_time()
        count = len(list(files.iterdir()))
        life.fill(files)
        life.wait_closed(count + 1)
        closed_at, watched = time.time(), time.thread_time() - watched
        return {
            "start_seconds": started - begun,
            "first_claim_at": life.first_claim(),
            "closed_at": closed_at,
            "commits": gateway.journal.commits - commits,
            "cpu": session_cpu_seconds() - cpu - watched,
            "cpu_service": time.process_time() - own - watched,
            "states": life.states(),
        }
    finally:
        gateway.close()


if __name__ == "__main__":
    timer = threading.Timer(LONGEST_SECONDS, os._exit, (3,))
    timer.daemon = True
    timer.start()
    print(json.dumps(run(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])))
