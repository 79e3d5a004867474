"""`orders import`: what Jakamo already has is declared, so that a go-live sends only what is new."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.simulator import Simulator
from tests.cli.cli_help import gateway, told
from tests.orders import bad, export, row
from tests.site import Site


@pytest.fixture
def site(tmp_path: Path, simulator: Simulator) -> Site:
    """A site that has never run."""
    made = Site(tmp_path / "site", simulator)
    made.settings()
    return made


def write(site: Site, name: str, data: bytes) -> str:
    """Put a file beside the site; return its path."""
    path = site.root.parent / name
    path.write_bytes(data)
    return str(path)


def test_after_an_imported_export_only_what_changed_goes(site: Site) -> None:
    """Go-live: the export of the day before is declared; the first real export sends the one new order alone."""
    yesterday = export(row("PO-1"), row("PO-2"), row("PO-2", 20))
    data = told("orders", "import", write(site, "before.csv", yesterday), "--route", "csv", site=site.root)
    assert (data["orders"], data["imported"], data["numbers_alone"]) == (2, 2, 0)

    site.drop("today.csv", export(row("PO-1"), row("PO-2"), row("PO-2", 20), row("PO-3")))
    site.run()

    assert site.sent() == [("Order", "PO-3")]
    assert site.states() == [("PO-1", "unchanged"), ("PO-2", "unchanged"), ("PO-3", "sent")]


def test_of_a_number_alone_the_first_repeat_is_the_baseline(site: Site) -> None:
    """A list of numbers: the first export is not sent but remembered; the second sends what differs from it."""
    listing = write(site, "numbers.txt", "\ufeffPO-1\r\n\r\n  PO-2  \r\nPO-1\r\n".encode())
    data = told("orders", "import", listing, site=site.root)
    assert (data["orders"], data["imported"], data["numbers_alone"]) == (2, 2, 2)

    site.drop("today.csv", export(row("PO-1"), row("PO-3")))
    site.run()
    assert site.sent() == [("Order", "PO-3")]
    baselines = told("orders", "--class", "baseline", site=site.root)["orders"]
    assert [(one["order"], one["state"]) for one in baselines] == [("PO-1", "unchanged")]


def test_an_order_that_cannot_be_mapped_is_taken_by_its_number(site: Site) -> None:
    """Jakamo has it whether our mapping likes it or not; forgetting the number would send it a second time."""
    file = write(site, "before.csv", export(row("PO-1"), bad("PO-2")))
    data = told("orders", "import", file, "--route", "csv", site=site.root, code=1)
    assert (data["imported"], data["numbers_alone"]) == (2, 1)
    assert [one["order_number"] for one in data["complaints"]] == ["PO-2"]
    assert "Order date" in data["complaints"][0]["reason"]

    words = gateway("orders", "import", file, "--route", "csv", site=site.root).stdout
    assert "2 orders in before.csv: 1 imported into account main, 1 already known." in words
    assert "Taken by number alone" in words


def test_a_dry_run_changes_nothing(site: Site) -> None:
    """Not even a first run's folders and journal are made; on a site that has run, what is known is told apart."""
    listing = write(site, "numbers.txt", b"PO-1\nPO-2\n")
    data = told("orders", "import", listing, "--dry-run", site=site.root)
    assert (data["imported"], data["dry_run"]) == (2, True)
    assert not (site.root / "state").exists()

    told("orders", "import", write(site, "one.txt", b"PO-1\n"), site=site.root)
    again = told("orders", "import", listing, "--dry-run", site=site.root)
    assert (again["imported"], again["already_known"]) == (1, 1)


def test_what_was_sent_is_never_overwritten(site: Site) -> None:
    """An import after the fact does not change what the gateway knows that it sent."""
    site.drop("today.csv", export(row("PO-1")))
    site.run()
    file = write(site, "before.csv", export(row("PO-1", quantity="99"), row("PO-2")))
    data = told("orders", "import", file, "--route", "csv", site=site.root)
    assert (data["imported"], data["already_known"]) == (1, 1)

    site.drop("again.csv", export(row("PO-1"), row("PO-2")))
    site.run()
    assert site.sent() == [("Order", "PO-1")]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"PO-1;10;5\n", "line 1 holds more than one value"),
        (b"PO-1\n" + b"X" * 36, "line 2 has 36 characters"),
        (b"PO-1\xff\n", "Line 1 is not UTF-8"),
        (b"PO\x001\n", "line 1 holds control characters"),
    ],
)
def test_what_is_no_list_of_numbers_is_refused(site: Site, data: bytes, words: str) -> None:
    """A whole export taken for a list would declare nonsense; all complaints with their lines, nothing imported."""
    result = gateway("orders", "import", write(site, "numbers.txt", data), site=site.root)
    assert result.exit_code == 2
    assert words in result.stderr
    assert not (site.root / "state").exists()


def test_names_that_are_not_there_are_told(site: Site) -> None:
    """File, route, account: each with what there is instead."""
    listing = write(site, "numbers.txt", b"PO-1\n")
    cases = {
        ("nowhere.txt",): "no file",
        ("nowhere.csv", "--route", "csv"): "no file",
        (listing, "--route", "none"): 'no route "none"',
        (listing, "--account", "none"): 'no account "none"',
        (listing, "--route", "csv", "--account", "other"): "belongs to account",
    }
    for arguments, words in cases.items():
        result = gateway("orders", "import", *arguments, site=site.root)
        assert (result.exit_code, words in result.stderr) == (2, True), result.output


def test_a_broken_export_imports_nothing(site: Site) -> None:
    """A file whose structure cannot be trusted declares nothing, also when the fault is in its last row."""
    file = write(site, "before.csv", export(row("PO-1")) + b'N;"PO-2')
    result = gateway("orders", "import", file, "--route", "csv", site=site.root)
    assert result.exit_code == 1
    assert "quote" in result.stderr
    assert not (site.root / "state").exists()


def test_import_refuses_an_account_that_moved(site: Site) -> None:
    """Numbers are not mixed up with those of another Jakamo account; `account accept` says which it is."""
    site.run()
    site.account["username"] = "somebody-else"
    site.settings()
    listing = write(site, "numbers.txt", b"PO-1\n")

    refused = gateway("orders", "import", listing, site=site.root)
    assert refused.exit_code == 2
    assert "points elsewhere" in refused.stderr
    assert gateway("account", "accept", "main", site=site.root).exit_code == 2
    assert gateway("account", "accept", "none", "--same", site=site.root).exit_code == 2
    assert gateway("account", "accept", "main", "--fresh", site=site.root).exit_code == 2
    assert told("account", "accept", "main", "--same", site=site.root)["identity"].endswith("as somebody-else")
    assert told("orders", "import", listing, site=site.root)["imported"] == 1
    assert "nothing sent yet" in gateway("account", "accept", "main", "--fresh", "--yes", site=site.root).stdout
    assert told("orders", "import", listing, site=site.root)["imported"] == 1


def test_accept_waits_for_the_gateway_to_be_stopped(site: Site) -> None:
    """While a gateway runs as the old account nothing is turned under its feet."""
    with site.living():
        result = gateway("account", "accept", "main", "--same", site=site.root)
    assert result.exit_code == 1
    assert "runs on" in result.stderr
