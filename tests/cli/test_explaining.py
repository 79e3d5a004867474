"""`explain`: what it foresees is what happens; nothing is sent, moved or written; the page needs nothing but itself."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from lxml import html

from gateway.mapping.mapping import shipped_folder
from gateway.simulator import Simulator
from tests.cli.cli_help import gateway, told
from tests.orders import bad, export, row
from tests.site import Site

BAD = shipped_folder("xslt") / "csv-order" / "samples" / "bad.csv"


@pytest.fixture
def site(tmp_path: Path, simulator: Simulator) -> Site:
    """A site to which PO-1 and PO-2 were sent and PO-3 came wrong, with nobody running it."""
    made = Site(tmp_path / "site", simulator)
    made.drop("first.csv", export(row("PO-1"), row("PO-1", 20), row("PO-2"), bad("PO-3")))
    made.run()
    return made


def outside(site: Site, name: str, data: bytes) -> str:
    """Put an export beside the site, where nobody takes it; return its path."""
    path = site.root.parent / name
    path.write_bytes(data)
    return str(path)


def everything(root: Path) -> dict[str, tuple[int, int]]:
    """Return every name below a folder with size and time of its last change."""
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in sorted(root.rglob("*"))}


def test_what_is_foreseen_is_what_happens(site: Site) -> None:
    """Unchanged, held, refused, blocked and going orders are told apart; dropped, each ends as foreseen."""
    data = export(
        row("PO-1"), row("PO-1", 20), row("PO-2", quantity="9"), row("PO-3"), row("PO-4"), bad("PO-5"),
        row("PO-6", kind="M"), row("PO-4", kind="M", quantity="7"),
    )  # fmt: skip
    explanation = told("explain", outside(site, "second.csv", data), site=site.root, code=1)
    foreseen = [(one["order"], one["would_be"]) for one in explanation["orders"]]
    assert foreseen == [
        ("PO-1", "unchanged"), ("PO-2", "held"), ("PO-3", "ready"), ("PO-4", "ready"), ("PO-5", "failed"),
        ("PO-6", "parked"), ("PO-4", "ready"),
    ]  # fmt: skip
    before = len(site.states())
    site.drop("second.csv", data)
    site.run()
    ended = [(order, {"sent": "ready"}.get(state, state)) for order, state in site.states()[before:]]
    assert ended == foreseen


def test_the_difference_to_what_was_last_sent_is_told(site: Site) -> None:
    """A changed quantity and a lost line of an order that Jakamo has, in words, with the request that waits for it."""
    file = outside(site, "second.csv", export(row("PO-1", quantity="9")))
    (one,) = told("explain", file, site=site.root, code=1)["orders"]
    difference = one["last_sent"]["difference"]
    assert 'Line 10: quantity was "5 C62", is now "9 C62".' in difference
    assert difference[-1] == "Line 20 is gone (5 C62, Välilevy 20)."
    assert (one["code"], one["request"]) == ("lost-lines", None)


def test_the_request_is_shown_without_its_secret(site: Site) -> None:
    """Method, address and headers as they would go; the credential is masked everywhere."""
    file = outside(site, "new.csv", export(row("PO-7")))
    page = site.root.parent / "page.html"
    data = told("explain", file, "--html", str(page), site=site.root)
    request = data["orders"][0]["request"]
    assert (request["method"], request["url"]) == ("POST", f"{site.simulator.base_url}/api/order")
    assert request["headers"]["Authorization"] == "Basic ***"
    assert request["headers"]["Content-Length"] == str(len(data["orders"][0]["result"].encode()))
    assert "aW50ZWdyYXRpb246cGFzc3dvcmQ" not in page.read_text(encoding="utf-8") + str(data)


@pytest.mark.parametrize("running", [False, True], ids=["at rest", "running"])
def test_nothing_is_sent_moved_or_written(site: Site, running: bool) -> None:
    """Not a name, not a time in the whole site changes, whether the service runs or not; the file stays."""
    file = Path(outside(site, "second.csv", export(row("PO-2", quantity="9"), row("PO-8"))))
    content, sent = file.read_bytes(), site.sent()
    if running:
        with site.living():
            data = told("explain", str(file), site=site.root, code=1)
    else:
        before = everything(site.root)
        data = told("explain", str(file), site=site.root, code=1)
        changed = everything(site.root).items() ^ before.items()
        assert {name for name, _ in changed} <= {str(site.root / "gateway.toml")}, "told writes the settings itself"
    assert data["journal"] == "looked into, nothing written"
    assert [one["would_be"] for one in data["orders"]] == ["held", "ready"]
    assert (file.read_bytes(), site.sent()) == (content, sent)


def test_the_route_is_told_with_why(site: Site) -> None:
    """Which routes were passed over and why, which takes it and why; a file that none takes needs a person."""
    site.routes = [
        {"name": "other", "match": "*.csv", "mapping": "csv-status", "account": "main",
         "content": {"header": "Order;Status"}},
        {"name": "csv", "match": "PO*.csv", "mapping": "csv-order", "account": "main"},
    ]  # fmt: skip
    site.settings()
    data = told("explain", outside(site, "po-1.csv", export(row("PO-9"))), site=site.root)
    assert [(one["route"], one["takes"]) for one in data["routes"]] == [("other", False), ("csv", True)]
    assert "the content does not" in data["routes"][0]["why"]
    assert data["mapping"]["name"] == "csv-order"

    nobodys = outside(site, "nobodys.csv", export(row("PO-9")))
    assert told("explain", nobodys, site=site.root, code=1)["route"] is None
    assert "No route takes" in gateway("explain", nobodys, site=site.root).output
    assert told("explain", nobodys, "--route", "csv", site=site.root)["route"] == "csv"


def test_without_a_site_a_mapping_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By name or by folder, with every finding at its cell; the exit code says that somebody must look."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.csv").write_bytes(export(row("PO-1"), bad("PO-2")))
    folder = str(shipped_folder("xslt") / "csv-order")
    data = told("explain", "x.csv", "--mapping", folder, code=1)
    assert (data["account"], data["counts"]) == (None, {"ready": 1, "failed": 1})
    words = gateway("explain", "x.csv", "--mapping", "csv-order").output
    assert 'row 3, column "Order date"' in words
    assert "2 orders: 1 would go, 1 needs a person." in words
    assert [path.name for path in tmp_path.iterdir()] == ["x.csv"]


def test_one_order_is_shown_with_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Source rows, the tree that the stylesheet sees, its result and the request, on the terminal."""
    monkeypatch.chdir(tmp_path)
    result = gateway("explain", str(BAD), "--mapping", "csv-order", "--order", "PO-2001")
    assert result.exit_code == 0
    for part in ("Order date: 03.11.2026", '<order_date c="3" raw="03.11.2026">', "<cbc:IssueDate>", "POST "):
        assert part in result.output, part
    assert "PO-2002" not in result.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["absent.csv", "--mapping", "csv-order"], "There is no file"),
        ([str(BAD)], "There is no site here"),
        ([str(BAD), "--mapping", "absent"], 'There is no mapping "absent"'),
        ([str(BAD), "--mapping", "csv-order", "--order", "PO-9"], 'no order "PO-9"'),
        ([str(BAD), "--mapping", "csv-order", "--route", "x"], "which of the two"),
    ],
)
def test_what_cannot_be_asked_is_usage(
    arguments: list[str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 2, with what is wrong and what to do."""
    monkeypatch.chdir(tmp_path)
    result = gateway("explain", *arguments)
    assert (result.exit_code, words in result.output) == (2, True), result.output


def test_a_rejected_file_is_shown_where_it_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Faults of structure: exit code 1, the rows around them on the page, marked."""
    monkeypatch.chdir(tmp_path)
    sample = BAD.with_name("broken.csv")
    data = told("explain", str(sample), "--mapping", "csv-order", "--html", "page.html", code=1)
    assert [one["code"] for one in data["rejected"]] == ["too-many-columns", "row-without-order"]
    page = html.fromstring((tmp_path / "page.html").read_text(encoding="utf-8"))
    assert page.xpath("//table[@class='source']//th[@class='bad']/text()") == ["3"]
    assert len(page.xpath("//table[@class='source']//td[@class='bad']")) == 1


def test_the_page_stands_alone_and_marks_what_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No script, nothing loaded; findings are marked with their numbers in the source and in the result."""
    monkeypatch.chdir(tmp_path)
    gateway("explain", str(BAD), "--mapping", "csv-order", "--html", "page.html")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    page = html.fromstring(text)
    assert page.xpath("//script | //link | //img | //iframe | //@src | //@onclick") == []
    assert set(page.xpath("//a/@href")) == {f"#order-{number}" for number in range(7)}
    assert "url(" not in text
    assert "prefers-color-scheme: dark" in text
    assert [cell.text for cell in page.xpath("//section[@id='order-1']//td[@class='bad']")] == [
        "31.02.2026", "four", "1.50",
    ]  # fmt: skip
    negative = page.xpath("//section[@id='order-6']//table[@class='lines']//tr[@class='bad']/td")
    assert any(">-4<" in "".join(cell.itertext()) for cell in negative)


def test_a_page_of_ours_is_replaced_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked for again, the page is made anew; a file that is no such page is never overwritten."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.csv").write_bytes(export(bad("PO-2")))
    ask = ["explain", "x.csv", "--mapping", "csv-order", "--html", "page.html"]
    assert [gateway(*ask).exit_code for _ in range(2)] == [1, 1]
    (tmp_path / "page.html").write_text("mine")
    assert gateway(*ask).exit_code == 2
    assert (tmp_path / "page.html").read_text() == "mine"


def test_what_an_order_holds_is_only_ever_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Markup, quotes and control characters from a file can do nothing to page or terminal."""
    monkeypatch.chdir(tmp_path)
    hostile = '<script>alert(1)</script>"\'>\u202e\x1b[31m'
    file = tmp_path / "hostile.csv"
    file.write_bytes(f"Order,Date,Buyer,Supplier,Item,Quantity\nPO-1,2026-11-03,1,2,{hostile},1\n".encode())
    result = gateway("explain", str(file), "--mapping", "csv-six-columns", "--html", "page.html")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert html.fromstring(text).xpath("//script") == []
    for part in ("\u202e", "\x1b[31m"):
        assert part not in text
        assert part not in result.output


def test_of_many_orders_the_first_are_shown_and_the_rest_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that need a person come first; how many are left out stands on terminal, page and in JSON."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "many.csv"
    file.write_bytes(export(*(row(f"PO-{number}") for number in range(30)), bad("PO-99")))
    ask = ["explain", str(file), "--mapping", "csv-order", "--limit", "3"]
    data = told(*ask, "--html", "page.html", code=1)
    assert [one["order"] for one in data["orders"]] == ["PO-0", "PO-1", "PO-99"]
    assert (data["left_out"], data["counts"]) == (28, {"ready": 30, "failed": 1})
    words = "3 of 31 orders are shown, those that need a person first; 28 are left out."
    assert words in gateway(*ask).output
    assert words in (tmp_path / "page.html").read_text(encoding="utf-8")
    assert not re.search(r"PO-2[0-9]", gateway(*ask).output)
