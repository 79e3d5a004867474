"""One life of the real service on a site whose inbox is full, until it is idle; prints what it cost."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from pathlib import Path

from sqlalchemy import func, select

from gateway.app import Gateway, counts
from gateway.journal.tables import interchange
from gateway.settings import load_settings

LONGEST_SECONDS = 300.0


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


def run(config: Path) -> dict[str, object]:
    """Run the service until it is idle; return instants (wall clock), commits, CPU seconds and message states."""
    begun = time.time()
    gateway = Gateway(load_settings(config, {}))
    stop = threading.Event()
    try:
        # gateway.warm()
        commits, cpu, started = gateway.journal.commits, session_cpu_seconds(), time.time()
        gateway.run_until_idle(stop)
        idle = time.time()
        first_claim = gateway.journal.read(lambda c: c.execute(select(func.min(interchange.c.claimed_at))).scalar_one())
        return {
            "start_seconds": started - begun,
            "started_at": started,
            "first_claim_at": first_claim.timestamp(),
            "idle_at": idle,
            "commits": gateway.journal.commits - commits,
            "cpu": session_cpu_seconds() - cpu,
            "states": gateway.journal.read(counts),
        }
    finally:
        gateway.close()


if __name__ == "__main__":
    timer = threading.Timer(LONGEST_SECONDS, os._exit, (3,))
    timer.daemon = True
    timer.start()
    print(json.dumps(run(Path(sys.argv[1]))))
