"""What a person decides: asked for on record, refused when it cannot be, carried out by whoever runs the site."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway.simulator import Fault, Simulator
from gateway.site import alone
from tests.cli.cli_help import asked, gateway, told
from tests.orders import bad, export, row
from tests.site import Site


def ids(worked: Site, order: str) -> list[int]:
    """Return the message ids of an order, the first first."""
    return [message["id"] for message in told("show", order, site=worked.root)["accounts"][0]["messages"]]


@pytest.mark.parametrize(
    ("arguments", "orders"),
    [
        (["retry", "PO-5"], ["PO-5"]),
        (["retry", "refused.csv"], ["PO-5"]),
        (["retry", "--match", "PO-*", "--state", "failed"], ["PO-5"]),
        (["retry", "--since", "1h"], ["PO-5", None]),
        (["retry", "--all"], ["PO-5", None]),
        (["retry", "--class", "bad-date"], []),
        (["retry", "--state", "rejected"], [None]),
        (["retry", "broken.csv"], [None]),
        (["retry", "--class", "nothing-like-it"], []),
        (["skip", "PO-2"], ["PO-2"]),
        (["skip", "monday.csv"], ["PO-2"]),
        (["skip", "--class", "bad-date"], ["PO-2"]),
        (["skip", "--all"], ["PO-2", "PO-5", None]),
        (["resolve", "PO-3", "--sent"], ["PO-3"]),
        (["resolve", "--all", "--resend"], ["PO-3"]),
        (["release", "--all"], []),
    ],
)
def test_a_dry_run_says_what_is_meant_and_asks_for_nothing(
    worked: Site, arguments: list[str], orders: list[str | None]
) -> None:
    """By order number, by file, by filter: the orders, and rejected files (which have no order number)."""
    before = asked(worked.root)
    data = told(*arguments, "--dry-run", site=worked.root)

    assert [one.get("order") for one in data["selected"]] == orders
    assert (data["dry_run"], data["results"]) == (True, [])
    assert asked(worked.root) == before


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["retry", "PO-77"], 2, "knows no order, message or file PO-77"),
        (["retry", "PO-2"], 1, "Order PO-2 (message 2) has wrong values in its file"),
        (["retry", "monday.csv"], 1, "has wrong values in its file"),
        (["retry", "PO-1"], 1, "Order PO-1 has nothing that could be tried again (it has: sent)"),
        (["skip", "--id", "1"], 1, "Message 1 (order PO-1) is sent: it cannot be skipped."),
        (["skip", "--id", "999"], 2, "no message 999"),
        (["retry"], 2, "Nothing was named"),
        (["retry", "PO-2", "--class", "bad-date"], 2, "which of the two"),
        (["retry", "--state", "unknown"], 2, 'Nothing that is "unknown" can be tried again.'),
        (["resolve", "PO-3"], 2, "Did it arrive?"),
        (["resolve", "PO-3", "--sent", "--resend"], 2, "Did it arrive?"),
        (["release", "monday.csv"], 1, "File monday.csv has nothing that could be released"),
        (["retry", "--all"], 2, "Nobody can be asked here."),
        (["redeliver", "PO-2"], 2, "no response for order PO-2"),
        (["pause", "nobody"], 2, 'no such account or route: "nobody"'),
        (["retry", "--since", "yesterdayish", "--all"], 2, "is no time"),
    ],
)
def test_what_cannot_be_is_refused_with_words(worked: Site, arguments: list[str], code: int, words: str) -> None:
    """A wrong name is usage (2); what is there but in another state is refused (1). Nothing is asked for."""
    before = asked(worked.root)
    result = gateway(*arguments, site=worked.root)
    assert (result.exit_code, asked(worked.root)) == (code, before)
    assert words in result.stderr


def test_without_a_running_gateway_an_action_waits_for_the_next_start(worked: Site) -> None:
    """It is in the journal, and the person is told when it will happen. Nobody waits for nobody."""
    message = ids(worked, "PO-2")[0]
    result = gateway("skip", "PO-2", site=worked.root)

    assert result.exit_code == 0
    assert "at the next start" in result.stdout
    assert asked(worked.root)[-1] == ("skip", {"messages": [message]}, "waiting")
    assert told("status", site=worked.root, code=1)["actions_waiting"] >= 1


def test_a_gateway_that_is_too_busy_to_answer_is_told(worked: Site) -> None:
    """The lock is held but nothing comes back in time: asked for, not done yet, no refusal."""
    with alone(worked.settings()):
        data = told("pause", "main", "--wait", "0.05", site=worked.root)
        words = gateway("resume", "main", "--wait", "0", site=worked.root).stdout
    assert data["running"]
    assert data["results"][0]["state"] == "waiting"
    assert "Not carried out yet" in words


@pytest.mark.parametrize(
    ("arguments", "kind", "expected"),
    [
        (["resolve", "PO-3", "--sent"], "resolve", {"message": "PO-3", "arrived": True}),
        (["resolve", "PO-3", "--resend"], "resolve", {"message": "PO-3", "arrived": False}),
        (["skip", "broken.csv"], "skip", {"interchanges": ["broken.csv"]}),
        (["redeliver", "PO-1"], "redeliver", {"order": "PO-1", "all": False}),
        (["redeliver", "PO-1", "--all", "--account", "main"], "redeliver",
         {"order": "PO-1", "all": True, "account": "main"}),
        (["pause", "csv"], "pause", {"kind": "route", "name": "csv"}),
        (["resume", "main"], "resume", {"kind": "account", "name": "main"}),
    ],
)  # fmt: skip
def test_actions_carry_what_the_service_takes(
    worked: Site, arguments: list[str], kind: str, expected: dict[str, Any]
) -> None:
    """Kind and arguments are those that `operations.actions` reads."""
    if "message" in expected:
        expected = {**expected, "message": ids(worked, "PO-3")[0]}
    if "interchanges" in expected:
        expected = {"interchanges": [told("status", site=worked.root, code=1)["rejected"][0]["file_id"]]}
    assert gateway(*arguments, site=worked.root).exit_code == 0
    assert asked(worked.root)[-1] == (kind, expected, "waiting")


def test_many_at_once_are_asked_for_only_with_yes(worked: Site) -> None:
    """--yes answers the question; each rejected file is an action of its own, messages go together."""
    before = len(asked(worked.root))
    data = told("skip", "--all", "--yes", site=worked.root)
    assert len(data["selected"]) == 3
    assert [set(arguments) for _, arguments, _ in asked(worked.root)[before:]] == [{"messages"}, {"interchanges"}]


def test_a_retry_leaves_out_what_only_a_corrected_file_can_help(worked: Site) -> None:
    """Orders with wrong cells are told and left out: mapped as they were read they would go without those values."""
    words = gateway("retry", "--state", "failed", "--dry-run", site=worked.root).stdout
    assert "Left out: 1 order with wrong values in the file" in words
    assert "PO-5" in words


def test_a_number_that_is_order_and_id_is_asked_back(tmp_path: Path, simulator: Simulator) -> None:
    """An ERP may number its orders 1, 2, 3: then a bare 2 could be the order or a message, and guessing is wrong."""
    site = Site(tmp_path, simulator)
    site.drop("a.csv", export(bad("2"), bad("1")))
    site.run()

    result = gateway("skip", "2", "--dry-run", site=site.root)
    assert result.exit_code == 2
    assert "--id 2" in result.stderr
    assert [one["order"] for one in told("skip", "--id", "2", "--dry-run", site=site.root)["selected"]] == ["1"]
    assert [one["order"] for one in told("skip", "--match", "2", "--dry-run", site=site.root)["selected"]] == ["2"]


def test_a_running_gateway_carries_out_what_is_asked(tmp_path: Path, simulator: Simulator) -> None:
    """From the command to the ledger: refusals and results come back within seconds, with the exit code."""
    site = Site(tmp_path, simulator)
    simulator.faults.add(Fault(endpoint="order", order="PO-3", cut="after-accepting"))
    simulator.faults.add(Fault(endpoint="order", order="PO-5", status=422, body=b"<error>no such unit</error>"))
    site.drop("a.csv", export(row("PO-1"), bad("PO-2"), row("PO-3"), row("PO-5")))
    site.run()
    simulator.confirm("PO-1")
    site.drop("b.csv", export(row("PO-1", quantity="7")))
    with site.living():
        until(lambda: told("orders", "--state", "held", site=site.root)["orders"])
        done = {
            "retry": told("retry", "PO-5", site=site.root),
            "skip": told("skip", "PO-2", site=site.root),
            "resolve": told("resolve", "PO-3", "--sent", site=site.root),
            "release": told("release", "PO-1", "--as", "change", site=site.root),
            "pause": told("pause", "csv", site=site.root),
            "resume": told("resume", "csv", site=site.root),
        }
        until(lambda: told("show", "PO-1", site=site.root)["accounts"][0]["responses"])
        done["redeliver"] = told("redeliver", "PO-1", site=site.root)
        refused = told("redeliver", "PO-1", "--account", "main", "--all", site=site.root)
        until(lambda: ("OrderChange", "PO-1") in site.sent())
    assert {name: data["results"][0]["state"] for name, data in done.items()} == dict.fromkeys(done, "done")
    assert refused["results"][0]["state"] == "done"
    assert len(site.outbox_files()) == 3
    states = {(order, state) for order, state in site.states()}
    assert {("PO-2", "skipped"), ("PO-3", "sent"), ("PO-5", "sent")} <= states
    assert ("Order", "PO-5") in site.sent()


def test_a_refused_action_ends_with_1(tmp_path: Path, simulator: Simulator) -> None:
    """The state changed between the look and the deed: the service refuses, the command says so and ends with 1."""
    site = Site(tmp_path, simulator)
    site.drop("a.csv", export(bad("PO-2")))
    site.run()
    assert gateway("skip", "PO-2", site=site.root).exit_code == 0
    assert gateway("skip", "PO-2", site=site.root).exit_code == 0
    with site.living():
        until(lambda: all(state != "waiting" for _, _, state in asked(site.root)))
    assert [state for _, _, state in asked(site.root)] == ["done", "refused"]


def until(condition: Any) -> None:
    """Wait until something holds that the gateway brings about."""
    from tests.site import eventually

    eventually(lambda: bool(condition()), "the gateway did not get there")


def test_repair_folders_puts_back_what_was_removed(tmp_path: Path, simulator: Simulator) -> None:
    """A file deleted from error/ is listed, and comes back with its reason."""
    site = Site(tmp_path, simulator)
    site.drop("a.csv", export(bad("PO-2")))
    site.run()
    assert "Nothing is there to repair" in gateway("repair-folders", site=site.root).stdout
    (site.error / "a.csv").unlink()
    with site.living():
        until(lambda: told("status", site=site.root, code=1)["removed_by_hand"])
        data = told("repair-folders", site=site.root)
    assert [one["file"] for one in data["selected"]] == ["a.csv"]
    assert data["results"][0]["state"] == "done"
    assert (site.error / "a.csv").exists()
    assert "removed from error by hand" not in gateway("status", site=site.root).output
