"""`run` and its log, `simulate`, and how the command begins and ends, as processes of their own where it matters."""

from __future__ import annotations

import io
import json
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway.cli.logs import EventLog, make_logger
from gateway.cli.main import run
from gateway.journal import incidents
from gateway.simulator import Fault, Simulator
from gateway.site import Site as OpenSite
from tests.cli.cli_help import asked, gateway, told
from tests.journal.queries_help import START
from tests.orders import bad, export, row
from tests.site import Site, eventually

COMMAND = [sys.executable, "-m", "gateway"]


@pytest.fixture
def site(tmp_path: Path, simulator: Simulator) -> Site:
    """A site that has never run."""
    made = Site(tmp_path / "site", simulator)
    made.settings()
    return made


@contextmanager
def process(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run the real command until the block ends."""
    running = subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield running
    finally:
        if running.poll() is None:
            running.kill()
        running.communicate()


def test_until_idle_tells_what_it_did_and_what_remains(site: Site) -> None:
    """The last word of a run: counts of this run, and every order and file that needs somebody; exit code 1."""
    site.simulator.faults.add(Fault(endpoint="order", order="PO-3", cut="after-accepting"))
    site.drop("a.csv", export(row("PO-1"), bad("PO-2"), row("PO-3")))
    site.drop("b.csv", export(row("PO-9")) + b'N;"PO-10')
    result = gateway("run", "--until-idle", site=site.root)

    assert result.exit_code == 1
    assert "Idle: 2 files in, 1 sent, 1 failed, 0 responses to the outbox." in result.stdout
    remains = result.stdout.partition("What remains")[2]
    assert all(word in remains for word in ("PO-2", "failed", "PO-3", "unknown", "b.csv", "rejected"))
    assert "PO-1" not in remains


def test_until_idle_with_nothing_left_ends_with_0(site: Site) -> None:
    """Everything went; the counts of an earlier run do not count again."""
    site.drop("a.csv", export(row("PO-1")))
    first = told("run", "--until-idle", site=site.root)
    second = told("run", "--until-idle", site=site.root)

    assert (first["ended"], first["this_run"]["sent"], first["remaining"]) == ("idle", 1, [])
    assert (second["this_run"]["sent"], second["messages"]["sent"]) == (0, 1)
    assert "Nothing remains." in gateway("run", "--until-idle", "--log", "off", site=site.root).stdout


def test_until_idle_lists_files_that_wait(site: Site) -> None:
    """A file without its companion stays in the inbox and is told, though nothing is wrong."""
    site.routes[0]["complete"] = "marker:.ok"
    site.settings()
    site.drop("a.csv", export(row("PO-1")))
    data = told("run", "--until-idle", site=site.root)
    assert [(Path(one["path"]).name, one["reason"], one["detail"]) for one in data["files_waiting"]] == [
        ("a.csv", "no-marker", "a.csv.ok")
    ]


def test_two_gateways_on_one_site_are_one_too_many(site: Site) -> None:
    """The second refuses with words and leaves the first alone."""
    with site.living():
        result = gateway("run", "--until-idle", site=site.root)
    assert result.exit_code == 1
    assert "Another gateway runs" in result.stderr
    assert "Stop the other instance" in result.stderr


def test_the_service_runs_until_it_is_told_to_stop(site: Site) -> None:
    """The real process: one JSON line an event on stderr, actions carried out, SIGTERM ends it with 0."""
    site.drop("a.csv", export(row("PO-1"), bad("PO-2")))
    with process("--config", str(site.root / "gateway.toml"), "run") as running:
        eventually(lambda: ("Order", "PO-1") in site.sent(), "nothing was sent", 30)
        eventually(lambda: (site.error / "a.PO-2.csv").exists(), "nothing lies in error/", 30)
        data = told("skip", "PO-2", "--wait", "20", site=site.root)
        running.send_signal(signal.SIGTERM)
        out, log = running.communicate(timeout=30)

    assert (data["running"], data["results"][0]["state"]) == (True, "done")
    assert (running.returncode, out) == (0, "")
    events = [json.loads(line) for line in log.splitlines()]
    actions = [event["action"] for event in events]
    assert (actions[0], actions[-1]) == ("gateway.started", "gateway.stopped")
    assert {"file.claimed", "message.sent", "message.failed", "message.skipped", "action.done"} <= set(actions)
    sent = next(event for event in events if event["action"] == "message.sent")
    assert (sent["order"], sent["file"], sent["level"]) == ("PO-1", "a.csv", "info")
    assert next(event for event in events if event["action"] == "message.failed")["level"] == "warning"
    assert asked(site.root)[0][2] == "done"


def lines_of(site: Site, form: Any = "json") -> list[str]:
    """Return what the log of a site says from its first event on."""
    stream = io.StringIO()
    logger = make_logger(form, stream)
    assert logger is not None
    with OpenSite(site.settings()) as opened:
        log = EventLog(opened, logger, 0)
        log.start()
        log.close()
    return stream.getvalue().splitlines()


def test_the_log_is_the_history_one_line_an_event(worked: Site) -> None:
    """Every event of the journal once, in order, with the names people know; nothing of bodies."""
    events = [json.loads(line) for line in lines_of(worked)]
    history = told("history", "monday.csv", site=worked.root)["events"]

    of_file = [event for event in events if event.get("file") == "monday.csv"]
    assert [event["action"] for event in of_file] == [f"{one['subject']}.{one['event']}" for one in history]
    assert {"timestamp", "level", "event", "action"} <= set(events[0])
    assert not any("cbc:" in json.dumps(event) for event in events)


def test_the_log_for_people_is_lines_too(worked: Site) -> None:
    """The console form says the same, without colours where there is no terminal."""
    lines = lines_of(worked, "console")
    assert any("PO-2 failed" in line and "action=message.failed" in line for line in lines)
    assert not any("\x1b" in line for line in lines)
    assert make_logger("off") is None
    assert json.loads(lines_of(worked, "auto")[0])["action"] == "file.claimed"


def test_an_incident_is_logged_when_it_opens_and_when_it_is_over(site: Site) -> None:
    """However often it is counted: one line, and one all-clear."""
    site.run()
    stream = io.StringIO()
    logger = make_logger("json", stream)
    assert logger is not None
    with OpenSite(site.settings()) as opened:
        log = EventLog(opened, logger, 0)
        for _ in range(3):
            opened.journal.write(lambda c: incidents.raise_incident(c, "outage:main", "Jakamo is down", START))
            log.look()
        opened.journal.write(lambda c: incidents.clear(c, "outage:main", START))
        log.look()
    events = [json.loads(line) for line in stream.getvalue().splitlines()]
    told_ones = [(event["action"], event["key"]) for event in events if event["action"].startswith("incident")]
    assert told_ones == [("incident.opened", "outage:main"), ("incident.cleared", "outage:main")]


def test_simulate_listens_until_it_is_told_to_stop(tmp_path: Path) -> None:
    """As a process: it says where, answers with the fault asked for, and SIGTERM ends it with 0."""
    with process("simulate", "--port", "0", "--fault", "503:queue:1", "--auto-confirm", "split", "--json") as running:
        assert running.stdout is not None
        lines = [running.stdout.readline() for _ in range(3)]
        url = json.loads("".join(lines))["base_url"]
        with pytest.raises(urllib.error.HTTPError, match="503"):
            urllib.request.urlopen(f"{url}/api/order/response", timeout=10)
        running.send_signal(signal.SIGTERM)
        running.communicate(timeout=30)
    assert running.returncode == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--fault", "no-such"], "No fault 'no-such'"),
        (["--auto-confirm", "no-such"], 'no confirmation "no-such"'),
        (["--duplicates", "no-such"], "not known"),
    ],
)
def test_simulate_refuses_what_it_does_not_know(arguments: list[str], words: str) -> None:
    """A misspelt fault is told with those there are, not run as none."""
    result = gateway("simulate", *arguments)
    assert result.exit_code == 2
    assert words in result.stderr


def test_simulate_tells_a_port_that_is_taken(simulator: Simulator) -> None:
    """The other one's port: words and 2, no traceback."""
    port = simulator.base_url.rpartition(":")[2]
    result = gateway("simulate", "--port", port)
    assert result.exit_code == 2
    assert f"cannot listen on 127.0.0.1:{port}" in result.stderr


def test_simulate_lists_its_faults() -> None:
    """The dial's names with what each does."""
    assert "cut-after-accepting" in gateway("simulate", "--list-faults").stdout
    assert "503" not in {one["name"] for one in told("simulate", "--list-faults")["faults"]}


def test_errors_are_json_where_json_was_asked_for(tmp_path: Path) -> None:
    """A script gets code, message, hint and every problem; the exit code says whose turn it is."""
    (tmp_path / "gateway.toml").write_text("[accounts.main]\nbase_url = 3\nnonsense = 1\n", encoding="utf-8")
    error = told("status", site=tmp_path, code=2)["error"]
    assert error["code"] == "settings"
    assert {one["place"].rpartition(": ")[2] for one in error["problems"]} >= {
        "accounts.main.base_url", "accounts.main.nonsense",
    }  # fmt: skip
    words = gateway("status", site=tmp_path).stderr
    assert "Traceback" not in words
    assert "What to do:" in words


def test_usage_ends_with_2() -> None:
    """No command, a wrong one, a wrong option: help or words, and 2."""
    assert gateway().exit_code == 2
    assert gateway("nonsense").exit_code == 2
    assert gateway("status", "--nonsense").exit_code == 2
    assert gateway("--version").stdout.strip().count(".") == 2


def test_run_is_the_way_in(capsys: pytest.CaptureFixture[str]) -> None:
    """The console script and `python -m gateway` are the same command."""
    with pytest.raises(SystemExit) as ended:
        run(["--help"])
    assert ended.value.code == 0
    listed = capsys.readouterr().out
    commands = re.findall(r"^\W{2}([a-z-]+) ", listed.partition("Commands")[2], re.MULTILINE)
    assert commands[:8] == ["demo", "init", "check", "init-mapping", "explain", "test-mapping", "run", "status"]
    assert commands[-1] == "simulate"
