"""The real gateway as a process that can be killed at any boundary: one life until idle, then the end.

`python -m tests.crash.victim gateway.toml` runs one life and prints the boundaries it met (the dry run); with
`--kill LABEL [--occurrence N]` it ends there by SIGKILL. `serve` is the same for many lives: a process that has
everything imported and forks one victim per line of its input, so that a life costs no start-up.
"""

from __future__ import annotations

import argparse
import faulthandler
import json
import os
import sys
import tempfile
import threading
from collections.abc import Mapping
from multiprocessing import forkserver
from pathlib import Path
from typing import Any, cast

from gateway.app import Gateway
from gateway.clock import SystemClock
from gateway.jakamo.client import JakamoClient
from gateway.mapping.worker import Worker
from gateway.places import site_files
from gateway.settings import load_settings
from tests.crash.boundaries import Boundaries, NumberedDoor, NumberedWire, Point, number_commits, read_points

LIFE_SECONDS = 40.0
FAILED, UNHANDLED = 3, 4


class Victim(Gateway):
    """The gateway as it is, but that its doors are numbered."""

    def __init__(self, settings_file: Path, boundaries: Boundaries) -> None:
        settings = load_settings(settings_file, {})
        self._boundaries = boundaries
        clock = SystemClock()
        plain = site_files(settings, clock)
        door = NumberedDoor(
            boundaries, settings_file.parent, file_mode=plain.file_mode, dir_mode=plain.dir_mode, group=plain.group,
            owner=plain.owner, clock=clock,
        )  # fmt: skip
        super().__init__(settings, clock=clock, files=door)

    def _build(self) -> Any:
        numbered = {name: NumberedWire(client, self._boundaries) for name, client in self._clients.items()}
        self._clients = cast(dict[str, JakamoClient], numbered)
        return super()._build()


def live(settings_file: Path, log: Path, kill: Point | None) -> int:
    """Live one life of the gateway in this process; return its exit code, if it gets that far."""
    boundaries = Boundaries(log, kill)
    number_commits(boundaries)
    gateway = Victim(settings_file, boundaries)
    try:
        failed = gateway.run_until_idle(threading.Event())
    finally:
        gateway.close()
    for text in failed:
        print(text, file=sys.stderr)
    return FAILED if failed else 0


def serve() -> None:
    """Fork one victim for each order read from standard input; answer each with a line, until the input ends.

    An order names `settings`, `log`, `output` and, if it is to be killed, `label` and `occurrence`. The answer
    is the exit code, -9 for killed. All victims get their mapping workers from one process that is ready.
    """
    forkserver.set_forkserver_preload([Worker.__module__])
    forkserver.ensure_running()
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            _be_victim(order)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _be_victim(order: Mapping[str, Any]) -> None:
    """Run in the fork: never returns."""
    code = UNHANDLED
    try:
        output = os.open(order["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        for descriptor in (1, 2):
            os.dup2(output, descriptor)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        faulthandler.dump_traceback_later(LIFE_SECONDS, exit=True)
        # It runs, but as our parent's child: nothing to look after, and nothing that may be waited for.
        forkserver._forkserver.ensure_running = lambda: None  # type: ignore[method-assign]
        kill = Point(order["label"], order["occurrence"]) if order.get("label") else None
        code = live(Path(order["settings"]), Path(order["log"]), kill)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        raise
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def main() -> int:
    """Run one life from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("settings", type=Path)
    parser.add_argument("--kill", metavar="LABEL")
    parser.add_argument("--occurrence", type=int, default=1)
    chosen = parser.parse_args()
    log = Path(tempfile.mkstemp(suffix=".boundaries")[1])
    kill = Point(chosen.kill, chosen.occurrence) if chosen.kill else None
    code = live(chosen.settings, log, kill)
    for number, point in enumerate(read_points(log), start=1):
        print(f"{number:4} {point}")
    log.unlink()
    return code


if __name__ == "__main__":
    sys.exit(main())
