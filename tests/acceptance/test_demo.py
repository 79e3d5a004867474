"""The first thing a newcomer runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_the_demo_does_the_whole_job_and_says_where_to_look(tmp_path: Path) -> None:
    """Every kind of fate is met, the table tells each, the folders named hold what they are said to hold, exit 0."""
    command = [sys.executable, "-m", "gateway", "demo", str(tmp_path / "site")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    assert 0 == done.returncode, done.stdout + done.stderr
    for word in ("sent", "rejected", "unknown", "replaced", "OrderChange", "StatusMessage", "OrderResponse"):
        assert word in done.stdout
    assert "[/]" not in done.stdout
    inbox = tmp_path / "site" / "inbox"
    assert (inbox / "error" / "broken.csv.reason.txt").is_file()
    assert (inbox / "error" / "unknown" / "unanswered.csv").is_file()
    assert 6 == len(list((tmp_path / "site" / "outbox").glob("*.xml")))
