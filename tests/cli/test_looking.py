"""`status`, `orders`, `show`, `history`: what is, and what happened."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway.cli.output import plain
from gateway.site import alone
from tests.cli.cli_help import gateway, told
from tests.site import Site


def test_status_says_what_needs_a_person_and_ends_with_1(worked: Site) -> None:
    """A script that only looks at the exit code learns whether somebody must act."""
    data = told("status", site=worked.root, code=1)

    assert data["needs_person"]
    groups = [(group["state"], group["code"], group["count"], group["example"]["order"]) for group in data["attention"]]
    assert ("failed", "bad-date", 1, "PO-2") in groups
    assert [group[0] for group in groups if group[3] == "PO-3"] == ["unknown"]
    assert [(one["file"], one["code"]) for one in data["rejected"]] == [("broken.csv", "unclosed-quote")]


def test_status_tells_counts_accounts_routes_and_folders(worked: Site) -> None:
    """What scripts and dashboards read stands under keys that stay."""
    data = told("status", site=worked.root, code=1)

    assert {"sent": 1, "failed": 2, "unknown": 1, "parked": 1} == {k: v for k, v in data["messages"].items() if v}
    assert data["today"]["files"] == 5
    assert [one["name"] for one in data["accounts"]] == ["main"]
    assert data["accounts"][0]["paused"] is None
    assert [one["name"] for one in data["routes"]] == ["csv", "status", "erp", "ubl"]
    folders = {one["name"]: one for one in data["folders"]}
    assert folders["error"]["files"] == 3
    assert folders["error/unknown"]["files"] == 1
    assert folders["outbox"]["files"] == 1
    assert [(Path(one["path"]).name, one["reason"]) for one in data["ignored"]] == [
        ("notes.tmp", "temporary name (.tmp)")
    ]
    assert (data["running"], data["has_run"]) == (False, True)


def test_status_in_words_has_the_next_step(worked: Site) -> None:
    """A person reads what failed, why, and what to do about it."""
    text = gateway("status", site=worked.root).output
    assert "not running" in text
    assert "PO-2" in text
    assert "bad-date" in text
    assert "failed: Correct this file and move it to the folder retry." in text
    assert "temporary name (.tmp)" in text


def test_status_sees_a_running_gateway(worked: Site) -> None:
    """Whoever holds the lock is running."""
    with alone(worked.settings()):
        assert told("status", site=worked.root, code=1)["running"]


def test_status_before_the_first_run_makes_nothing(fresh: Site) -> None:
    """Looking at a site that has never run leaves no journal behind, so that the first run is still the first."""
    data = told("status", site=fresh.root)
    assert (data["has_run"], data["needs_person"], data["actions_waiting"]) == (False, False, 0)
    assert not (fresh.root / "state").exists()
    folders = {one["name"]: one for one in data["folders"]}
    assert "cannot" in folders["inbox"]["trouble"].lower() or folders["inbox"]["trouble"]
    assert gateway("status", site=fresh.root).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], None),
        (["--state", "unknown"], ["PO-3"]),
        (["--state", "parked", "--state", "unknown"], ["PO-3", "PO-3"]),
        (["--class", "bad-date"], ["PO-2"]),
        (["--match", "PO-1"], ["PO-1"]),
        (["--match", "mon*"], ["PO-2", "PO-1"]),
        (["--since", "1h"], None),
        (["--account", "nobody"], []),
        (["--limit", "1"], ["PO-3"]),
    ],
)
def test_orders_lists_what_a_filter_lets_pass(worked: Site, arguments: list[str], expected: list[str] | None) -> None:
    """The list with each of its filters, the newest first; None stands for all there are."""
    data = told("orders", *arguments, site=worked.root)
    orders = [one["order"] for one in data["orders"]]
    if expected is None:
        assert [one["id"] for one in data["orders"]] == [5, 4, 3, 2, 1]
    else:
        assert orders == expected
    assert data["more"] is ("--limit" in arguments)


def test_orders_have_stable_keys(worked: Site) -> None:
    """Scripts read these; a key that goes or changes its name breaks them."""
    assert set(told("orders", site=worked.root)["orders"][0]) == {
        "id", "account", "order", "kind", "state", "since", "code", "reason", "due_at", "waits_for", "attempts",
        "supplier", "route", "file", "file_id",
    }  # fmt: skip


def test_orders_in_words(worked: Site) -> None:
    """One line an order, with the reason; a hint when there are more."""
    text = gateway("orders", "--state", "failed", site=worked.root).output
    assert re.search(r"PO-2\s+Order\s+failed.*monday\.csv\s+bad-date", text)
    assert "There are more" in gateway("orders", "--limit", "1", site=worked.root).output
    assert "No order fits" in gateway("orders", "--match", "nothing", site=worked.root).output


def test_orders_refuses_a_state_that_there_is_not(worked: Site) -> None:
    """A misspelt state is told, not taken for an empty list."""
    result = gateway("orders", "--state", "faild", site=worked.root)
    assert result.exit_code == 2
    assert 'no state "faild"' in result.stderr
    assert "failed" in result.stderr


def test_show_tells_the_whole_life_of_an_order(worked: Site) -> None:
    """File and row, attempts with Jakamo's answers, the response, and what waits behind."""
    sent = told("show", "PO-1", site=worked.root)["accounts"][0]
    assert sent["remembered"]["lines"] == ["10"]
    message = sent["messages"][0]
    assert (message["file"], message["place"], message["mapping"]) == ("monday.csv", "row 2", "csv-order")
    assert [(one["class"], one["status"]) for one in message["attempts"]] == [("accepted", 200)]
    assert [(one["kind"], one["state"]) for one in sent["responses"]] == [("OrderResponse", "acknowledged")]

    first, second = told("show", "PO-3", site=worked.root)["accounts"][0]["messages"]
    assert (first["state"], first["waiting_behind"]) == ("unknown", [second["id"]])
    assert first["attempts"][0]["class"] == "maybe-received"
    assert (second["state"], second["waits_for"], second["kind"]) == ("parked", first["id"], "OrderChange")


def test_show_in_words(worked: Site) -> None:
    """The same for a person, with the finding's place and value and the next step."""
    text = gateway("show", "PO-2", site=worked.root).output
    assert "Jakamo has not got it from here." in text
    assert "from monday.csv, row 3" in text
    assert 'column "Order date"' in text
    assert 'Found: "31.11.2026".' in text
    assert "What to do:" in text
    assert "1 wait behind it" in gateway("show", "PO-3", site=worked.root).output
    assert "From the supplier" in gateway("show", "PO-1", site=worked.root).output


def test_an_unknown_order_suggests_similar_ones(worked: Site) -> None:
    """Who mistypes is helped, and a script sees that it asked for nothing that is there."""
    result = gateway("show", "po-1", site=worked.root)
    assert result.exit_code == 2
    assert "Did you mean PO-1?" in result.stderr


@pytest.mark.parametrize("name", ["monday.csv", "mon*.csv", "inbox/error/monday.csv"])
def test_history_of_a_file_tells_it_and_its_orders(worked: Site, name: str) -> None:
    """By name, by pattern, by the path it has somewhere."""
    events = told("history", name, site=worked.root)["events"]
    told_events = {(one["subject"], one["event"]) for one in events}
    assert {("file", "claimed"), ("file", "split"), ("file", "closed"), ("message", "sent")} <= told_events
    assert events[0]["event"] == "claimed"


def test_history_of_an_order_tells_its_files_and_responses(worked: Site) -> None:
    """An order's past: its file, its messages, the supplier's answers, in the order in which it happened."""
    events = told("history", "PO-1", site=worked.root)["events"]
    assert {one["subject"] for one in events} == {"file", "message", "response"}
    assert [one["at"] for one in events] == sorted(one["at"] for one in events)
    assert "PO-2 Order" not in {one["name"] for one in events}
    assert "acknowledged" in gateway("history", "PO-1", site=worked.root).output
    assert gateway("history", "PO-77", site=worked.root).exit_code == 2


def test_looking_before_the_first_run_says_so(fresh: Site) -> None:
    """No journal yet: what to do stands there, no traceback."""
    result = gateway("orders", site=fresh.root)
    assert result.exit_code == 1
    assert "has not run yet" in result.stderr
    assert "gateway run" in result.stderr


def test_nothing_from_outside_writes_into_the_terminal() -> None:
    """Control and direction characters of an order or file are shown, never sent to the terminal."""
    assert plain("a\x1b[31mb\u202ec\x07\r\nd") == "a\\u001b[31mb\\u202ec\\u0007  d"
    assert plain("one\ntwo", lines=True) == "one\ntwo"
    assert plain(None) == ""
