"""Keeps the process that forks victims, and runs single lives through it."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from tests.crash.boundaries import Point, read_points

REPOSITORY = Path(__file__).resolve().parents[2]
KILLED = -9


@dataclass(frozen=True, slots=True)
class Life:
    """One life of the gateway as a process of its own, and how it ended."""

    status: int  # exit code; -9: killed
    points: list[Point]  # boundaries met, the last of them the one it died at
    output: str

    @property
    def was_killed(self) -> bool:
        """Tell whether it ended at the chosen boundary."""
        return self.status == KILLED


class Keeper:
    """Starts lives one after the other. One keeper a test process."""

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self._process: subprocess.Popen[str] | None = None

    def _running(self) -> subprocess.Popen[str]:
        """Return the process, started when it is first needed."""
        if self._process is None:
            with (self._scratch / "keeper.txt").open("wb") as said:  # semaphores that the killed left, for example
                self._process = subprocess.Popen(
                    [sys.executable, "-c", "from tests.crash.victim import serve; serve()"],
                    cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, text=True,
                    encoding="utf-8",
                )
        return self._process

    def live(self, settings_file: Path, kill: Point | None = None) -> Life:
        """Run one life of the gateway until it is idle, or killed at a boundary."""
        log, output = self._scratch / "boundaries.log", self._scratch / "output.txt"
        log.unlink(missing_ok=True)
        order = {"settings": str(settings_file), "log": str(log), "output": str(output)}
        if kill is not None:
            order |= {"label": kill.label, "occurrence": kill.occurrence}  # type: ignore[dict-item]  # JSON takes both
        process = self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(order) + "\n")
        process.stdin.flush()
        status = int(process.stdout.readline())
        return Life(status, read_points(log), output.read_text(encoding="utf-8", errors="replace"))

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.communicate()

    def __enter__(self) -> Keeper:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
