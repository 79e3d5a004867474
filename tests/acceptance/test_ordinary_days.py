"""Ordinary days, with files alone: from the drop to the folders and the ledger of the other side.

Each test is one story of an ERP, an operator and a supplier. Nothing looks inside: files in, files out, and
what the simulator accepted.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.simulator import Fault, Simulator
from tests.orders import bad, export, row, status
from tests.site import Site


@pytest.fixture
def site(tmp_path: Path, simulator: Simulator) -> Site:
    """A site with the shipped CSV, status, XML and UBL mappings on one account."""
    return Site(tmp_path, simulator)


def daily(site: Site) -> Site:
    """Let the CSV route be a daily full export that cannot say whether an order is new."""
    site.routes = [{"name": "daily", "match": "*.csv", "mapping": "csv-flat-fi", "account": "main"}]
    return site


FLAT_HEADER = (
    "Tilausnro;Tilauspvm;Toimittajanro;Toimittaja;Ostaja;Valuutta;Toimitustapa;Rivi;Tuotenro;Nimike;Määrä;Yksikkö;"
    "Yksikköhinta;Rivisumma;Toimituspvm"
)


def flat(*orders: tuple[str, str]) -> bytes:
    """Return a full export: order number and quantity of its one line."""
    rows = [
        f"{number};15.04.2026;S-1;Example Supplier Oy;258;EUR;3;10;AR-1;Rengas;{quantity};CS;2,0000;"
        f"{int(quantity) * 2},00;29.04.2026"
        for number, quantity in orders
    ]
    return ("\r\n".join([FLAT_HEADER, *rows]) + "\r\n").encode("cp1252")


def test_of_a_daily_full_export_only_what_changed_goes(site: Site) -> None:
    """The ERP exports everything each day: new orders go as Order, changed ones as OrderChange, the rest stays."""
    daily(site)
    site.drop("day1.csv", flat(("PO-1", "4"), ("PO-2", "5")))
    site.run()
    site.drop("day2.csv", flat(("PO-1", "4"), ("PO-2", "6"), ("PO-3", "7")))
    site.run()
    site.drop("day3.csv", flat(("PO-1", "4"), ("PO-2", "6"), ("PO-3", "7")))
    site.run()

    assert [("Order", "PO-1"), ("Order", "PO-2"), ("OrderChange", "PO-2"), ("Order", "PO-3")] == sorted(
        site.sent(), key=lambda one: (one[1], one[0])
    )
    assert [] == site.errors()
    assert ["day1.csv", "day2.csv", "day3.csv"] == site.done()


def test_the_same_file_dropped_again_sends_nothing(site: Site) -> None:
    """The very same bytes again: every order is unchanged, nobody is bothered."""
    data = export(row("PO-1"), row("PO-2"))
    site.drop("orders.csv", data)
    site.run()
    site.drop("orders.csv", data)
    site.run()

    assert 2 == len(site.sent())
    assert [] == site.errors()
    assert ["orders.csv", "orders~2.csv"] == site.done()


def test_the_same_bytes_with_an_explicit_change_are_held_as_a_duplicate(site: Site) -> None:
    """An explicit OrderChange is never `unchanged`: dropped again it is held, whole, with a link to the first."""
    site.drop("orders.csv", export(row("PO-1")))
    site.run()
    change = export(row("PO-1", kind="M", quantity="9"))
    site.drop("change.csv", change)
    site.run()
    site.drop("change.csv", change)
    site.run()

    assert [("Order", "PO-1"), ("OrderChange", "PO-1")] == site.sent()
    assert ["change.csv"] == site.errors()
    assert "duplicate" == site.reason("change.csv")["messages"][0]["code"]

    site.hand_back("change.csv")
    site.run()

    assert [("Order", "PO-1"), ("OrderChange", "PO-1"), ("OrderChange", "PO-1")] == site.sent()
    assert [] == site.errors()


def test_the_same_file_name_fails_on_two_days_and_is_then_mended(site: Site) -> None:
    """The same bad order each day is one question, not two; mending it once is enough."""
    site.drop("orders.csv", export(row("PO-1"), bad("PO-2")))
    site.run()
    site.drop("orders.csv", export(row("PO-1"), bad("PO-2"), row("PO-3")))
    site.run()

    assert ["orders.PO-2.csv"] == site.errors()
    assert [("Order", "PO-1"), ("Order", "PO-3")] == sorted(site.sent())

    site.drop("orders.csv", export(row("PO-1"), row("PO-2"), row("PO-3")))
    site.run()

    assert ("Order", "PO-2") in site.sent()
    assert 3 == len(site.sent())
    assert [] == site.errors()
    assert [] == site.left_over()


def test_a_corrected_extract_is_sent_and_the_old_pair_leaves(site: Site) -> None:
    """One bad order among good ones: the good ones go, the extract comes back corrected, error/ is empty again."""
    site.drop("orders.csv", export(row("PO-1"), bad("PO-2"), row("PO-3")))
    site.run()

    assert [("Order", "PO-1"), ("Order", "PO-3")] == sorted(site.sent())
    assert ["orders.PO-2.csv"] == site.errors()
    assert ["orders.csv"] == site.done()
    extract = (site.error / "orders.PO-2.csv").read_bytes()
    assert export(bad("PO-2")) == extract
    finding = site.reason("orders.PO-2.csv")["messages"][0]["findings"][0]
    assert (3, "Order date", "31.11.2026") == (finding["row"], finding["column"], finding["value"])

    (site.error / "orders.PO-2.csv").unlink()
    site.hand_back("orders.PO-2.csv", export(row("PO-2")))
    site.run()

    assert ("Order", "PO-2") == site.sent()[-1]
    assert [] == site.errors()
    assert [] == [path.name for path in site.error.rglob("*.reason.*")]


def test_an_extract_that_fails_again_comes_back_under_its_name(site: Site) -> None:
    """A correction that is still wrong is told anew, beside a file of the same name; no old reason remains."""
    site.drop("orders.csv", export(row("PO-1"), bad("PO-2")))
    site.run()
    (site.error / "orders.PO-2.csv").unlink()
    site.hand_back("orders.PO-2.csv", export(row("PO-2", quantity="viisi")))
    site.run()

    assert ["orders.PO-2.csv"] == site.errors()
    finding = site.reason("orders.PO-2.csv")["messages"][0]["findings"][0]
    assert ("Quantity", "viisi") == (finding["column"], finding["value"])
    assert [("Order", "PO-1")] == site.sent()


def test_a_corrected_original_sends_only_what_was_not_sent(site: Site) -> None:
    """The whole file handed back: sent and unedited is skipped, edited after sending is held, unknown left alone."""
    site.simulator.faults.add(Fault(endpoint="order", order="PO-4", cut="after-accepting"))
    site.drop("orders.csv", export(row("PO-1"), bad("PO-2"), row("PO-3"), row("PO-4")))
    site.run()
    assert ["orders.PO-2.csv", "unknown/orders.PO-4.csv"] == site.errors()

    site.hand_back("orders.csv", export(row("PO-1"), row("PO-2"), row("PO-3", quantity="8"), row("PO-4")))
    site.run()

    assert [("Order", n) for n in ("PO-1", "PO-2", "PO-3", "PO-4")] == sorted(site.sent())
    assert 0 == site.simulator.ledger.doubles
    errors = site.errors()
    assert "unknown/orders.PO-4.csv" in errors
    assert "orders.PO-2.csv" not in errors
    held = [name for name in errors if "PO-3" in name]
    assert 1 == len(held)
    assert "edited-after-sent" == site.reason(held[0])["messages"][0]["code"]


def test_a_stale_hand_back_does_not_undo_a_newer_version(site: Site) -> None:
    """An old failed change, handed back unedited after a newer one went out, is skipped and said to be stale."""
    site.drop("a.csv", export(row("PO-1")))
    site.run()
    site.drop("b.csv", export(row("PO-1", kind="M", quantity="viisi")))
    site.run()
    assert ["b.csv"] == site.errors()
    kept = (site.error / "b.csv").read_bytes()
    site.drop("c.csv", export(row("PO-1", kind="M", quantity="7")))
    site.run()
    assert [("Order", "PO-1"), ("OrderChange", "PO-1")] == site.sent()
    assert [] == site.errors()

    site.hand_back("b.csv", kept)
    site.run()

    assert [("Order", "PO-1"), ("OrderChange", "PO-1")] == site.sent()


def test_a_failed_order_with_changes_and_a_cancellation_behind_it_then_a_fresh_export(site: Site) -> None:
    """What queues behind a failed order waits and says for whom; a cancellation of what never left closes all."""
    site.drop("a.csv", export(bad("PO-1")))
    site.run()
    site.drop("b.sta", status(("PO-2", "received")))
    site.drop("c.csv", export(row("PO-9")))
    site.run()
    assert ["a.csv"] == site.errors()

    site.drop("d.sta", status(("PO-1", "cancelled")))
    site.run()

    assert [] == [name for name in site.errors() if name == "a.csv"]
    assert [("PO-1", "skipped")] == [state for state in site.states() if state[0] == "PO-1"][:1]
    assert "PO-1" not in [number for _, number in site.sent()]

    site.drop("e.csv", export(row("PO-1", quantity="2")))
    site.run()

    assert ("Order", "PO-1") in site.sent()


def test_changes_behind_a_failed_order_are_replaced_by_a_fresh_export(site: Site) -> None:
    """A whole new export of the order takes the place of the failed one and of the changes parked behind it."""
    site.drop("a.csv", export(bad("PO-1")))
    site.run()
    site.drop("b.csv", export(row("PO-1", quantity="6")))
    site.run()

    assert [("Order", "PO-1")] == site.sent()
    assert [("PO-1", "replaced"), ("PO-1", "sent")] == site.states()
    assert [] == site.errors()
    assert ["a.csv", "b.csv"] == site.done()


def test_revised_twice_within_a_minute_both_changes_go_in_order(site: Site) -> None:
    """Two changes of one order, dropped together, go out one after the other, numbered 1 and 2."""
    site.drop("a.csv", export(row("PO-1", quantity="1")))
    site.run()
    site.drop("b1.csv", export(row("PO-1", kind="M", quantity="2")))
    site.drop("b2.csv", export(row("PO-1", kind="M", quantity="3")))
    site.run()

    documents = site.simulator.ledger.documents_of("PO-1")
    assert ["Order", "OrderChange", "OrderChange"] == [document.kind for document in documents]
    assert b">2</cbc:Quantity>" in documents[1].body
    assert b">3</cbc:Quantity>" in documents[2].body
    assert b"<cbc:SequenceNumberID>1<" in documents[1].body
    assert b"<cbc:SequenceNumberID>2<" in documents[2].body


def test_twice_in_one_file_fails_that_order_and_no_other(site: Site) -> None:
    """Two versions of one order in one file cannot be told apart: it fails, with the question, the others go."""
    site.drop("a.csv", export(row("PO-1", 10), row("PO-2"), row("PO-1", 10, quantity="7")))
    site.run()

    assert [("Order", "PO-2")] == site.sent()
    assert ["a.PO-1.csv"] == site.errors()


def test_a_new_order_and_its_change_in_one_file_go_in_order(site: Site) -> None:
    """An order and its change in the same export are two messages of one lane, in row order."""
    site.drop("a.csv", export(row("PO-1"), row("PO-1", kind="M", quantity="6")))
    site.run()

    assert [("Order", "PO-1"), ("OrderChange", "PO-1")] == site.sent()


def test_a_supplier_who_confirms_twice_within_a_second_leaves_two_files(site: Site) -> None:
    """Two confirmations of one order in the same second are two files, named in the order of the queue."""
    site.drop("a.csv", export(row("PO-1")))
    site.run()
    first = site.simulator.confirm("PO-1", "as-ordered")
    second = site.simulator.confirm("PO-1", "quantity")
    site.run()

    assert [first, second] == [path.read_bytes() for path in site.outbox_files()]
    assert ["acknowledged", "acknowledged"] == site.queue_states()
    assert 0 == len(site.simulator.queue)


def test_cancelled_then_ordered_again_under_the_same_number_asks_a_person(site: Site) -> None:
    """A new order under a cancelled number is held whatever the repeat rule says; released, it goes as a change."""
    site.drop("a.csv", export(row("PO-1")))
    site.run()
    site.drop("b.sta", status(("PO-1", "cancelled")))
    site.run()
    site.drop("c.csv", export(row("PO-1")))
    site.run()

    assert [("Order", "PO-1"), ("StatusMessage", "PO-1")] == site.sent()
    assert ["c.csv"] == site.errors()
    assert "after-cancellation" == site.reason("c.csv")["messages"][0]["code"]

    site.hand_back("c.csv")
    site.run()

    assert ("OrderChange", "PO-1") == site.sent()[-1]
    assert [] == site.errors()


def test_an_erp_that_deletes_outbox_files_at_once_gets_no_second_copy(site: Site) -> None:
    """A response file that the ERP took is never written again, also when the queue delivers it once more."""
    site.drop("a.csv", export(row("PO-1")))
    site.run()
    site.simulator.confirm("PO-1", "as-ordered")
    site.simulator.faults.add(Fault(endpoint="acknowledge", status=500))
    site.run()
    for path in site.outbox_files():
        path.unlink()
    site.run()

    assert [] == site.outbox_files()
    assert 0 == len(site.simulator.queue)
    assert ["acknowledged"] == site.queue_states()


def unknown(site: Site, cut: str) -> None:
    """Send one order whose answer never comes."""
    site.simulator.faults.add(Fault(endpoint="order", cut=cut))  # type: ignore[arg-type]
    site.drop("a.csv", export(row("PO-1")))
    site.run()
    assert ["unknown/a.csv"] == site.errors()


def test_an_unknown_outcome_answered_by_arrived_is_sent(site: Site) -> None:
    """Moving the file to unknown/arrived/ records it as sent; nothing is sent again."""
    unknown(site, "after-accepting")
    site.move_in_error("unknown/a.csv", "error/unknown/arrived")
    site.run()

    assert [("PO-1", "sent")] == site.states()
    assert [("Order", "PO-1")] == site.sent()
    assert [] == site.errors()
    assert ["a.csv"] == site.done()


def test_an_unknown_outcome_answered_by_send_again_is_sent_once_more(site: Site) -> None:
    """Moving the file to unknown/send-again/ sends the same bytes again."""
    unknown(site, "after-reading")
    assert [] == site.sent()
    site.move_in_error("unknown/a.csv", "error/unknown/send-again")
    site.run()

    assert [("Order", "PO-1")] == site.sent()
    bodies = {request.body for request in site.simulator.ledger.requests_to("order")}
    assert 1 == len(bodies)
    assert [] == site.errors()
    assert ["a.csv"] == site.done()


def test_an_order_that_had_arrived_after_all_is_confirmed_by_the_duplicate(site: Site) -> None:
    """Answered "send again" by mistake: Jakamo says 409, and that is the confirmation, not an error."""
    unknown(site, "after-accepting")
    site.move_in_error("unknown/a.csv", "error/unknown/send-again")
    site.run()

    assert [("PO-1", "sent", "confirmed-by-duplicate")] == site.reasons()
    assert [("Order", "PO-1")] == site.sent()
    assert [] == site.errors()


@pytest.mark.parametrize("folder", ["done", "retry", "error"])
def test_an_unknown_outcome_moved_elsewhere_is_put_back_with_its_question(site: Site, folder: str) -> None:
    """Only the two folders are an answer: from anywhere else the file comes back, and nothing is sent."""
    unknown(site, "after-accepting")
    site.move_in_error("unknown/a.csv", folder)
    site.run()
    site.run()

    assert [("PO-1", "unknown")] == site.states()[:1]
    assert "unknown/a.csv" in site.errors()
    assert "a.csv" not in site.errors()
    assert [("Order", "PO-1")] == site.sent()


def test_everything_in_error_moved_to_retry_at_once(site: Site) -> None:
    """An operator who drags all of error/ to retry/ doubles nothing: each order has its own rule."""
    site.drop("ok.csv", export(row("PO-1")))
    site.run()
    refusal = b"<errors><error>no</error></errors>"
    site.simulator.faults.add(Fault(endpoint="order", order="PO-5", status=422, body=refusal))
    site.drop("bad.csv", export(bad("PO-2"), row("PO-3"), bad("PO-4")))
    site.drop("refused.csv", export(row("PO-5")))
    site.drop("repeat.csv", export(row("PO-1", quantity="50")))
    site.drop("broken.csv", export(row("PO-6")) + b'N;PO-7;"')
    site.run()
    assert ["bad.PO-2.csv", "bad.PO-4.csv", "broken.csv", "refused.csv", "repeat.csv"] == site.errors()

    for path in list(site.error.iterdir()):
        if path.is_file() and not path.name.startswith("."):
            path.rename(site.inbox / "retry" / path.name)
    site.run()

    assert ["bad.PO-2.csv", "bad.PO-4.csv", "broken.csv"] == site.errors()
    assert [("Order", "PO-1"), ("Order", "PO-3"), ("Order", "PO-5"), ("OrderChange", "PO-1")] == sorted(site.sent())
    assert [] == site.left_over()


def test_files_deleted_from_error_change_nothing(site: Site) -> None:
    """Absence is no answer: the order stays failed, its followers stay parked, nothing is written again."""
    site.drop("a.csv", export(bad("PO-1")))
    site.run()
    for path in site.error.glob("a.csv*"):
        path.unlink()
    site.run()

    assert [("PO-1", "failed")] == site.states()
    assert [] == site.errors()


def test_a_failed_file_moved_to_done_is_skipped_on_record(site: Site) -> None:
    """Moving a file from error/ to done/ says that it is not wanted; its reason leaves with it."""
    site.drop("a.csv", export(bad("PO-1")))
    site.drop("broken.csv", b"x")
    site.run()
    assert ["a.csv", "broken.csv"] == site.errors()
    site.move_in_error("a.csv", "done")
    site.move_in_error("broken.csv", "done")
    site.run()

    assert [("PO-1", "skipped")] == site.states()
    assert [("a.csv", "closed"), ("broken.csv", "closed")] == site.files()
    assert [] == [path.name for path in site.error.rglob("*.reason.*")]


def test_two_senders_with_the_same_order_number_on_one_account_are_not_mixed_up(site: Site) -> None:
    """The same number from another supplier or buyer is held, never sent as a repeat."""
    site.drop("a.csv", export(row("PO-1")))
    site.run()
    site.drop("b.csv", export(row("PO-1", supplier="30099")))
    site.run()

    assert [("Order", "PO-1")] == site.sent()
    assert "other-party" == site.reason("b.csv")["messages"][0]["code"]


def test_a_rehearsal_sends_nothing_and_does_not_count_as_sent(site: Site) -> None:
    """send = false maps and checks everything; going live afterwards sends as if nothing had happened."""
    site.account["send"] = False
    site.drop("a.csv", export(row("PO-1")))
    site.run()
    assert [("PO-1", "rehearsed")] == site.states()
    assert [] == site.sent()
    assert () == site.simulator.ledger.requests

    site.account["send"] = True
    site.drop("a.csv", export(row("PO-1")))
    site.run()

    assert [("Order", "PO-1")] == site.sent()


def test_an_inbox_that_lost_its_marker_is_not_trusted(site: Site) -> None:
    """An unmounted share looks like an empty folder: nothing is concluded, and nothing is started on it."""
    site.drop("a.csv", export(row("PO-1")))
    site.run()
    shutil.rmtree(site.inbox)
    site.inbox.mkdir()

    with pytest.raises(Exception, match="marker"):
        site.run()


def command(site: Site, *words: str) -> str:
    """Run the real command on the site; return what it printed."""
    site.settings()
    line = [sys.executable, "-m", "gateway", "--config", str(site.root / "gateway.toml"), *words]
    done = subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def sent_by_another_connector(site: Site, *orders: tuple[str, str]) -> None:
    """Let Jakamo have some orders already, from before this site was there."""
    before = daily(Site(site.root / "before", site.simulator))
    before.drop("export.csv", flat(*orders))
    before.run()
    assert len(orders) == len(site.sent())


def test_going_live_with_an_imported_export_sends_only_what_changed(site: Site) -> None:
    """After a rehearsal, what Jakamo already has is declared by an export; the first day sends the difference."""
    daily(site)
    sent_by_another_connector(site, ("PO-1", "4"), ("PO-2", "5"))
    site.account["send"] = False
    site.drop("rehearsal.csv", flat(("PO-1", "4"), ("PO-2", "5")))
    site.run()
    assert [("PO-1", "rehearsed"), ("PO-2", "rehearsed")] == site.states()

    site.account["send"] = True
    (site.root / "present.csv").write_bytes(flat(("PO-1", "4"), ("PO-2", "5")))
    command(site, "orders", "import", str(site.root / "present.csv"), "--route", "daily")
    site.drop("day1.csv", flat(("PO-1", "4"), ("PO-2", "6"), ("PO-3", "7")))
    site.run()

    assert [("Order", "PO-3"), ("OrderChange", "PO-2")] == sorted(site.sent()[2:])
    assert [] == site.errors()


def test_numbers_imported_without_content_take_the_first_repeat_as_their_baseline(site: Site) -> None:
    """A list of numbers says that Jakamo has them: the first export of each is only remembered, the next compared."""
    daily(site)
    sent_by_another_connector(site, ("PO-1", "4"), ("PO-2", "5"))
    (site.root / "numbers.txt").write_text("PO-1\nPO-2\n")
    command(site, "orders", "import", str(site.root / "numbers.txt"))
    site.drop("day1.csv", flat(("PO-1", "4"), ("PO-2", "5"), ("PO-3", "7")))
    site.run()
    assert [("Order", "PO-3")] == site.sent()[2:]

    site.drop("day2.csv", flat(("PO-1", "4"), ("PO-2", "9"), ("PO-3", "7")))
    site.run()

    assert [("Order", "PO-3"), ("OrderChange", "PO-2")] == site.sent()[2:]


def test_two_routes_with_the_same_order_number_from_different_senders_are_two_orders(
    site: Site, tmp_path: Path
) -> None:
    """Two plants with an account each may use the same number: both orders go, each to its own account."""
    with Simulator() as other:
        site.account["outbox"] = str(tmp_path / "outbox-main")
        site.more_accounts["north"] = {
            **site.account, "base_url": other.base_url, "outbox": str(tmp_path / "outbox-north"),
        }
        site.routes = [
            {"name": "south", "match": "*.csv", "mapping": "csv-order", "account": "main"},
            {"name": "north", "match": "*.csv", "mapping": "csv-order", "account": "north", "folder": "north"},
        ]
        site.drop("a.csv", export(row("PO-1", supplier="1")))
        site.drop("north/a.csv", export(row("PO-1", supplier="2")))
        site.run()

        assert [("Order", "PO-1")] == site.sent()
        assert ["PO-1"] == [document.order_number for document in other.ledger.documents]
        assert [] == site.errors()
