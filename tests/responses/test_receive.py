"""The way of a message from Jakamo's queue to the outbox, over real sockets: each file once, each acknowledged.

What is tested is what lies in the outbox and what the other side saw; the journal only where a stop comes between.
"""

from __future__ import annotations

import errno
import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pytest

from gateway.app import Gateway
from gateway.errors import ShareGone
from gateway.files.durable import FileDoor
from gateway.files.layout import MARKER
from gateway.journal import actions
from gateway.journal.journal import journal_url, open_journal
from gateway.simulator import Fault, RequestRecord, Simulator
from tests.clocks import START, ManualClock
from tests.orders import export, row
from tests.site import Site, eventually

STATUS = b"<StatusMessage><OrderID>PO-1</OrderID><Status>Delivered</Status></StatusMessage>"
OWN_ADDRESS = {"X-Acknowledge-Uri": "{acknowledge_path}"}


def response(order: str, number: int = 1) -> bytes:
    """Return an OrderResponse as small as it is understood."""
    return (
        f'<OrderResponse xmlns="urn:oasis:names:specification:ubl:schema:xsd:OrderResponse-2"><ID>{number}</ID>'
        f"<OrderReference><ID>{order}</ID></OrderReference></OrderResponse>"
    ).encode()


@pytest.fixture
def site(tmp_path: Path, simulator: Simulator) -> Site:
    """A site with one account; nothing in its inbox."""
    return Site(tmp_path, simulator)


def bodies(site: Site) -> list[bytes]:
    """Return what lies in the outbox, in the order of the names' sequence numbers."""
    return [path.read_bytes() for path in by_sequence(site.outbox)]


def by_sequence(folder: Path) -> list[Path]:
    """Return the finished files of an outbox as the queue gave them."""
    files = [path for path in folder.iterdir() if path.is_file() and not path.name.startswith(".")]
    return sorted(files, key=lambda path: path.name.rsplit("-", 2)[1])


def problems(site: Site) -> list[str]:
    """Return the names of the raw messages that could not be understood."""
    return sorted(path.name for path in (site.outbox / "problems").iterdir() if path.name.endswith(".raw"))


def acknowledged(simulator: Simulator) -> list[str]:
    """Return the addresses that were posted to, in order."""
    return [record.target.rpartition("/")[2] for record in simulator.ledger.requests_to("acknowledge")]


@contextmanager
def living(site: Site) -> Iterator[tuple[Gateway, ManualClock]]:
    """Let the site live on a clock that the test moves."""
    clock = ManualClock(waiting_moves_time=False)
    site.clock = clock
    site.account["poll_seconds"] = 60
    with site.living() as gateway:
        yield gateway, clock


def next_try(gateway: Gateway, clock: ManualClock) -> float:
    """Wait until the poll stands before a stuck head; let its pause pass, and return how many seconds it was.

    Only then is no call on its way, whose time limit would pass with the pause.
    """
    receiver = gateway.parts.receivers["main"]
    eventually(lambda: receiver.stuck and receiver.pause() > 0, "stuck")
    seconds = round(receiver.pause())
    clock.advance(seconds)
    return seconds


def test_each_message_is_delivered_once_and_acknowledged_once(site: Site, simulator: Simulator) -> None:
    """Two answers and a status, in the order of the queue, byte for byte; the queue is empty afterwards."""
    sent = [response("PO-1"), STATUS, response("PO-2")]
    for body in sent:
        simulator.enqueue(body)
    site.run()

    assert (bodies(site), acknowledged(simulator), len(simulator.queue)) == (sent, ["1", "2", "3"], 0)
    assert site.queue_states() == ["acknowledged"] * 3
    assert [path.name.partition("_2")[0] for path in by_sequence(site.outbox)] == [
        "PO-1_OrderResponse", "PO-1_StatusMessage", "PO-2_OrderResponse",
    ]
    assert site.left_over() == []


def test_a_redelivery_under_another_address_is_recognised(tmp_path: Path) -> None:
    """The acknowledgement failed, the queue gives the message again under a fresh address: no second file."""
    with Simulator(fresh_acknowledge_uris=True) as simulator:
        site = Site(tmp_path, simulator)
        simulator.enqueue(response("PO-1"))
        simulator.faults.add(Fault(endpoint="acknowledge", status=500))
        site.run()
        assert (len(bodies(site)), site.queue_states()) == (1, ["delivered"])
        site.run()

        assert (bodies(site), acknowledged(simulator)) == ([response("PO-1")], ["1-1", "1-2"])
        assert (site.queue_states(), len(simulator.queue)) == (["acknowledged"], 0)


def test_the_same_message_ten_times_is_one_file_and_each_is_acknowledged(site: Site, simulator: Simulator) -> None:
    """Same bytes, same address: acknowledged each time, slower and slower, told as one incident, cleared at the end."""
    simulator.enqueue(STATUS)
    simulator.faults.add(Fault(endpoint="acknowledge", status=200, times=9))
    with living(site) as (gateway, clock):
        eventually(lambda: site.incidents() != [], "the first few come at full speed, then somebody is told")
        assert len(acknowledged(simulator)) == 5
        pauses = [next_try(gateway, clock) for _ in range(6)]
        assert pauses == [5, 10, 20, 40, 80, 160]
        eventually(lambda: site.incidents() == [], "cleared")

    assert (bodies(site), acknowledged(simulator)) == ([STATUS], ["1"] * 10)
    (key, words), = site.incidents(open_only=False)
    assert key == "queue:stuck:main"
    assert words.endswith("cannot be removed from the queue: it is acknowledged, and comes again.")


def test_two_real_messages_of_the_same_bytes_are_two_files(site: Site, simulator: Simulator) -> None:
    """The supplier reports delivery twice in the same words: the ERP gets both."""
    for _ in range(3):
        simulator.enqueue(STATUS)
    site.run()

    assert (bodies(site), acknowledged(simulator)) == ([STATUS] * 3, ["1", "2", "3"])


def test_a_lost_answer_to_the_acknowledgement_costs_nothing(site: Site, simulator: Simulator) -> None:
    """It was carried out, the answer was lost: the queue moves on, and so do we, without a person."""
    simulator.enqueue(response("PO-1"))
    simulator.enqueue(response("PO-2"))
    simulator.faults.add(Fault(endpoint="acknowledge", cut="after-accepting"))
    site.run()
    site.run()

    assert (bodies(site), acknowledged(simulator)) == ([response("PO-1"), response("PO-2")], ["1", "2"])
    assert (site.queue_states(), site.incidents()) == (["acknowledged"] * 2, [])


def test_after_a_lost_answer_the_same_words_again_are_a_new_message(site: Site, simulator: Simulator) -> None:
    """Once the queue has moved on, the old message is gone: the next of the same bytes is not taken for it."""
    simulator.enqueue(STATUS)
    simulator.faults.add(Fault(endpoint="acknowledge", cut="after-accepting"))
    site.run()
    site.run()  # the queue says empty
    simulator.enqueue(STATUS)
    site.run()

    assert (bodies(site), acknowledged(simulator), len(simulator.queue)) == ([STATUS] * 2, ["1", "2"], 0)


@pytest.mark.parametrize("status", [404, 410])
def test_already_gone_counts_as_acknowledged(site: Site, simulator: Simulator, status: int) -> None:
    """404 and 410 on the acknowledgement say that the message is not in the queue any more."""
    simulator.enqueue(response("PO-1"))
    simulator.enqueue(response("PO-2"))
    simulator.faults.add(Fault(endpoint="acknowledge", status=status, carry_out=True))
    site.run()

    assert (site.queue_states(), site.incidents(open_only=False)) == (["acknowledged"] * 2, [])
    assert (len(bodies(site)), acknowledged(simulator)) == (2, ["1", "2"])


def test_a_stuck_head_slows_the_poll_down_and_is_told_once(site: Site, simulator: Simulator) -> None:
    """Acknowledgements fail for hours: few calls, one file, one incident; all is well as soon as one succeeds."""
    simulator.enqueue(response("PO-1"))
    simulator.enqueue(response("PO-2"))
    simulator.faults.add(Fault(endpoint="acknowledge", status=500, times=None))
    with living(site) as (gateway, clock):
        pauses = []
        for calls in range(1, 11):
            eventually(lambda: gateway.parts.receivers["main"].pause() > 0, "stuck")
            before = gateway.service.rounds()["poll-main"]
            gateway.service.wake_all()  # whatever else goes on must not hurry the poll
            eventually(lambda before=before: gateway.service.rounds()["poll-main"] > before + 2)  # type: ignore[misc]
            assert len(acknowledged(simulator)) == calls
            pauses.append(next_try(gateway, clock))
        assert pauses == [5, 10, 20, 40, 80, 160, 300, 300, 300, 300]
        eventually(lambda: len(acknowledged(simulator)) == 11, "once more")
        assert [key for key, _ in site.incidents()] == ["queue:stuck:main"]
        assert "The message for order PO-1 (PO-1_OrderResponse_2026" in site.incidents()[0][1]

        simulator.faults.clear()
        next_try(gateway, clock)
        eventually(lambda: len(simulator.queue) == 0, "drained")
        eventually(lambda: site.incidents() == [], "cleared")

    assert (bodies(site), len(site.incidents(open_only=False))) == ([response("PO-1"), response("PO-2")], 1)


def test_what_was_stuck_before_a_restart_is_cleared_after_it(site: Site, simulator: Simulator) -> None:
    """An incident of an earlier life of the service ends when its cause does."""
    simulator.enqueue(response("PO-1"))
    simulator.faults.add(Fault(endpoint="acknowledge", status=500))
    site.run()
    assert [key for key, _ in site.incidents()] == ["queue:stuck:main"]
    site.run()

    assert (site.incidents(), site.queue_states()) == ([], ["acknowledged"])


def test_without_an_acknowledge_address_the_queue_stops_and_says_so(site: Site, simulator: Simulator) -> None:
    """It could not be removed, so it is not delivered either: it would be delivered again and again."""
    simulator.enqueue(response("PO-1"), {"X-Acknowledge-Uri": None})
    simulator.enqueue(response("PO-2"))
    site.run()

    assert (bodies(site), acknowledged(simulator), len(simulator.queue)) == ([], [], 2)
    (key, words), = site.incidents()
    assert key == "queue:no-acknowledge-uri:main"
    assert words == (
        "The queue's first message has no X-Acknowledge-Uri; it is neither delivered nor can it be removed."
    )


@pytest.mark.parametrize(
    "address",
    [
        "https://elsewhere.example{acknowledge_path}",
        "http://127.0.0.1:9{acknowledge_path}",
        "http://someone@127.0.0.1:{port}{acknowledge_path}",
        "https://127.0.0.1:{port}{acknowledge_path}",
        "//elsewhere.example{acknowledge_path}",
    ],
    ids=["host", "port", "user", "scheme", "no scheme"],
)
def test_an_acknowledge_address_elsewhere_is_never_called(site: Site, simulator: Simulator, address: str) -> None:
    """The credentials stay at home; the message is delivered, stays in the queue, and somebody is told."""
    port = simulator.base_url.rpartition(":")[2]
    simulator.enqueue(response("PO-1"), {"X-Acknowledge-Uri": address.replace("{port}", port)})
    site.run()

    assert (bodies(site), acknowledged(simulator), len(simulator.queue)) == ([response("PO-1")], [], 1)
    assert [key for key, _ in site.incidents()] == ["queue:stuck:main"]


def test_a_relative_acknowledge_address_is_the_accounts_own(site: Site, simulator: Simulator) -> None:
    """An address without host means the account's host."""
    simulator.enqueue(response("PO-1"), OWN_ADDRESS)
    site.run()

    assert (bodies(site), acknowledged(simulator), len(simulator.queue)) == ([response("PO-1")], ["1"], 0)


def test_a_page_in_place_of_the_queue_pauses_the_account(site: Site, simulator: Simulator) -> None:
    """A 2xx that is HTML is something between us and Jakamo: nothing is delivered, acknowledged or sent."""
    simulator.enqueue(response("PO-1"))
    page = b"<!DOCTYPE html><html><body>Please sign in</body></html>"
    simulator.faults.add(Fault(endpoint="queue", status=200, body=page, headers={"Content-Type": "text/html"}))
    site.run()
    assert (bodies(site), acknowledged(simulator)) == ([], [])
    (key, words), = site.incidents()
    assert (key, "Please sign in" in words) == ("paused:main", True)

    site.drop("orders.csv", export(row("PO-9")))
    site.run()
    assert (site.sent(), len(simulator.ledger.requests_to("queue"))) == ([], 1)

    site.account["answer_seconds"] = 99  # whoever mends it changes the settings
    site.run()
    site.run()
    assert (site.sent(), bodies(site), site.incidents()) == ([("Order", "PO-9")], [response("PO-1")], [])


PROBLEMS = {
    "not XML": (b"\x00\xff not XML at all", {"Content-Type": "text/plain"}),
    "unknown root": (b"<Invoice><ID>7</ID></Invoice>", {}),
    "no order number": (b"<OrderResponse><ID>1</ID></OrderResponse>", {}),
    "hostile number": (b"<Surprise/>", {"Jakamo-Order-Number": "..\\..\\CON"}),
    "doctype": (b'<!DOCTYPE StatusMessage [<!ENTITY a "b">]><StatusMessage><OrderID>&a;</OrderID></StatusMessage>', {}),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_what_cannot_be_understood_is_kept_and_taken_off_the_queue(
    site: Site, simulator: Simulator, name: str
) -> None:
    """Raw bytes and headers lie in problems/ with a reason, one incident says so, and the queue goes on."""
    body, headers = PROBLEMS[name]
    simulator.enqueue(body, headers)
    simulator.enqueue(response("PO-2"))
    site.run()

    (raw,) = problems(site)
    assert (site.outbox / "problems" / raw).read_bytes() == body
    reason = json.loads((site.outbox / "problems" / f"{raw}.reason.json").read_text(encoding="utf-8"))
    text = (site.outbox / "problems" / f"{raw}.reason.txt").read_text(encoding="utf-8")
    assert reason["problem"] in text
    assert headers.items() <= dict(reason["headers"]).items()
    assert "X-Acknowledge-Uri" in text
    assert (bodies(site), acknowledged(simulator), len(simulator.queue)) == ([response("PO-2")], ["1", "2"], 0)
    assert site.queue_states() == ["problem", "acknowledged"]
    assert [(key, reason["problem"] in words) for key, words in site.incidents()] == [("problem:main:1", True)]


def test_a_problem_stops_the_queue_where_the_settings_say_so(site: Site, simulator: Simulator) -> None:
    """on_problem = "stop": the message is kept, not acknowledged; nothing behind it comes, also after a restart."""
    site.responses["on_problem"] = "stop"
    simulator.enqueue(b"<Invoice/>")
    simulator.enqueue(response("PO-2"))
    site.run()
    site.run()

    assert (len(problems(site)), bodies(site), acknowledged(simulator)) == (1, [], [])
    assert "queue:problem:main" in [key for key, _ in site.incidents()]

    site.responses["on_problem"] = "acknowledge"  # the person has dealt with it
    site.run()
    assert (len(problems(site)), bodies(site), acknowledged(simulator)) == (1, [response("PO-2")], ["1", "2"])
    assert "queue:problem:main" not in [key for key, _ in site.incidents()]


def ask(site: Site, kind: str, **arguments: str) -> None:
    """Record what a person asks for, as a command does."""
    journal = open_journal(journal_url("", site.root / "state"))
    try:
        journal.write(lambda c: actions.request(c, kind, arguments, "a person", START))
    finally:
        journal.close()


def test_an_answer_is_delivered_again_when_a_person_asks(site: Site, simulator: Simulator) -> None:
    """The ERP lost it: the same bytes under a new, later name; the other side hears nothing of it."""
    simulator.enqueue(response("PO-1"))
    site.run()
    (first,) = site.outbox_files()
    first.unlink()
    ask(site, "redeliver", order="PO-1")
    site.run()

    (again,) = site.outbox_files()
    assert (again.read_bytes(), again.name > first.name) == (response("PO-1"), True)
    assert (acknowledged(simulator), site.queue_states()) == (["1"], ["acknowledged"])


def test_a_problem_that_a_person_lets_through_is_delivered_and_the_queue_goes_on(
    site: Site, simulator: Simulator
) -> None:
    """With on_problem = "stop" the raw message may be given to the ERP after all; then it leaves the queue."""
    site.responses["on_problem"] = "stop"
    surprise = b"<Invoice><ID>7</ID></Invoice>"
    simulator.enqueue(surprise, {"Jakamo-Order-Number": "PO-1"})
    simulator.enqueue(response("PO-2"))
    site.run()
    ask(site, "redeliver", order="PO-1")
    site.run()
    site.run()

    assert (bodies(site), acknowledged(simulator)) == ([surprise, response("PO-2")], ["1", "2"])
    assert (site.incidents(), site.queue_states()) == ([], ["acknowledged"] * 2)


def test_status_messages_may_be_left_out_of_the_outbox(site: Site, simulator: Simulator) -> None:
    """keep_status_messages = false: recorded and acknowledged, no file; answers are delivered as ever."""
    site.responses["keep_status_messages"] = False
    simulator.enqueue(STATUS)
    simulator.enqueue(response("PO-1"))
    site.run()

    assert (bodies(site), acknowledged(simulator)) == ([response("PO-1")], ["1", "2"])
    assert (site.queue_states(), site.left_over()) == (["acknowledged"] * 2, [])


def test_an_attachment_is_not_acknowledged_before_it_can_be_fetched(site: Site, simulator: Simulator) -> None:
    """It stays at the head of the queue, and somebody is told."""
    simulator.attach("PO-1", "drawing.pdf", b"%PDF")
    site.run()

    assert (bodies(site), acknowledged(simulator), len(simulator.queue)) == ([], [], 1)
    assert [key for key, _ in site.incidents()] == ["queue:attachment:main"]


def test_without_its_marker_the_outbox_is_gone_and_nothing_is_fetched(site: Site, simulator: Simulator) -> None:
    """A share that is not mounted looks like an empty folder: nothing may be written there, so nothing is fetched."""
    with living(site) as (gateway, clock):
        eventually(lambda: gateway.parts.receivers["main"].said_empty, "the first look")
        (site.outbox / MARKER).rename(site.outbox / "marker-kept")
        simulator.enqueue(response("PO-1"))
        calls = len(simulator.ledger.requests_to("queue"))
        for _ in range(3):
            clock.advance(61)
            eventually(lambda: [key for key, _ in site.incidents()] == ["outbox:main"], "the outbox is gone")
        assert (len(simulator.ledger.requests_to("queue")), acknowledged(simulator)) == (calls, [])

        (site.outbox / "marker-kept").rename(site.outbox / MARKER)
        eventually(lambda: len(simulator.queue) == 0, "the share is back")
        eventually(lambda: site.incidents() == [], "cleared")
    assert bodies(site) == [response("PO-1")]

    (site.outbox / MARKER).unlink()
    with pytest.raises(ShareGone):
        site.run()


def test_files_that_the_erp_takes_at_once_are_not_written_again(site: Site, simulator: Simulator) -> None:
    """An ERP that deletes each file the moment it appears has seen each exactly once, redeliveries or not."""
    sent = [response(f"PO-{number}") for number in range(30)]
    for body in sent:
        simulator.enqueue(body)
    simulator.faults.add(Fault(endpoint="acknowledge", status=200, times=2))
    simulator.faults.add(Fault(endpoint="acknowledge", cut="after-accepting", skip=5))
    taken: list[bytes] = []
    over = threading.Event()

    def erp() -> None:
        while not over.is_set():
            for path in site.outbox_files():
                taken.append(path.read_bytes())
                path.unlink()

    site.gateway().close()  # makes the folders
    thread = threading.Thread(target=erp)
    thread.start()
    site.run()
    site.run()
    over.set()
    thread.join()

    assert sorted(taken) == sorted(sent)
    assert (len(simulator.queue), site.queue_states()) == (0, ["acknowledged"] * 30)


Door = TypeVar("Door", bound=FileDoor)


class FullDoor(FileDoor):
    """A disk that is full, as far as the work folder of an outbox is concerned."""

    full = False

    def do_write(self, descriptor: int, path: Path, data: memoryview) -> int:
        if self.full and path.parent.name == ".work":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        return super().do_write(descriptor, path, data)


def door_of(kind: type[Door], site: Site) -> Door:
    """Return a door of this kind with the rights of the site."""
    settings = site.settings()
    return kind(
        file_mode=settings.folders.file_mode_bits, dir_mode=settings.folders.dir_mode_bits,
        owner=settings.intake.node, clock=ManualClock(),
    )


def test_a_full_disk_stops_the_queue_until_there_is_room(site: Site, simulator: Simulator) -> None:
    """Nothing is acknowledged, nothing half is left, one incident says so; with room again it goes on by itself."""
    simulator.enqueue(response("PO-1"))
    door = door_of(FullDoor, site)
    gateway = Gateway(site.settings(), files=door)
    receiver = gateway.parts.receivers["main"]
    door.full = True
    try:
        assert (receiver.step(), receiver.blocked, receiver.step()) == (False, True, False)
        assert (acknowledged(simulator), site.queue_states(), site.left_over()) == ([], [], [])
        assert [key for key, _ in site.incidents()] == ["outbox:main"]
        door.full = False
        assert receiver.step()
    finally:
        gateway.close()
    assert (bodies(site), acknowledged(simulator), site.incidents()) == ([response("PO-1")], ["1"], [])


class Stopped(BaseException):
    """The process ends here."""


class StoppingDoor(FileDoor):
    """Ends the process right after (or instead of) a rename out of an outbox's work folder."""

    renamed_first = True
    armed = True

    def do_rename_new(self, source: Path, target: Path) -> None:
        if not self.armed or source.parent.name != ".work":
            super().do_rename_new(source, target)
            return
        if self.renamed_first:
            super().do_rename_new(source, target)
        raise Stopped


def stop_in_the_middle(site: Site, *, renamed: bool) -> Path:
    """Let one message get as far as its rename, and end; return where its temp lies or lay."""
    door = door_of(StoppingDoor, site)
    door.renamed_first = renamed
    door.armed = False
    gateway = Gateway(site.settings(), files=door)
    door.armed = True
    try:
        with pytest.raises(Stopped):
            gateway.parts.receivers["main"].step()
    finally:
        door.armed = False
        gateway.close()
    return site.outbox / ".work"


def test_a_file_that_was_renamed_before_the_stop_is_not_written_again(site: Site, simulator: Simulator) -> None:
    """Stored, renamed, taken by the ERP, then the power went: at start it counts as delivered."""
    simulator.enqueue(response("PO-1"))
    stop_in_the_middle(site, renamed=True)
    assert site.queue_states() == ["stored"]
    for path in site.outbox_files():
        path.unlink()  # the ERP took it
    site.run()

    assert (bodies(site), acknowledged(simulator), site.queue_states()) == ([], ["1"], ["acknowledged"])


def test_a_file_that_was_not_renamed_before_the_stop_gets_its_name_at_start(site: Site, simulator: Simulator) -> None:
    """Stored, not renamed: the temp becomes the file, the redelivery writes none, unknown leftovers are swept."""
    simulator.enqueue(response("PO-1"))
    work = stop_in_the_middle(site, renamed=False)
    (work / "PO-0_OrderResponse_20260101T000000.000Z-00000099-00000000.xml").write_bytes(b"half")
    site.run()

    assert (bodies(site), acknowledged(simulator)) == ([response("PO-1")], ["1"])
    assert (site.queue_states(), site.left_over()) == (["acknowledged"], [])


def test_without_the_work_folders_marker_a_missing_temp_proves_nothing(site: Site, simulator: Simulator) -> None:
    """The work folder's share is gone: nothing is concluded, nothing acknowledged; with it back the file comes."""
    simulator.enqueue(response("PO-1"))
    work = stop_in_the_middle(site, renamed=False)
    hidden = site.root / "share-not-mounted"
    work.rename(hidden)
    work.mkdir()
    with pytest.raises(ShareGone):
        site.run()
    gateway_sees = (site.queue_states(), acknowledged(simulator), bodies(site))
    assert gateway_sees == (["stored"], [], [])

    work.rmdir()
    hidden.rename(work)
    site.run()
    assert (bodies(site), acknowledged(simulator), site.queue_states()) == ([response("PO-1")], ["1"], ["acknowledged"])


def test_the_work_folder_lost_while_running_stops_the_delivery(site: Site, simulator: Simulator) -> None:
    """The same while the service lives: the stored message waits for its share."""
    simulator.enqueue(response("PO-1"))
    work = stop_in_the_middle(site, renamed=False)
    gateway = site.gateway()
    hidden = site.root / "share-not-mounted"
    work.rename(hidden)
    work.mkdir()
    receiver = gateway.parts.receivers["main"]
    try:
        assert (receiver.step(), receiver.blocked) == (False, True)
        assert (acknowledged(simulator), site.queue_states()) == ([], ["stored"])
        work.rmdir()
        hidden.rename(work)
        assert receiver.step()
    finally:
        gateway.close()
    assert (bodies(site), acknowledged(simulator), site.queue_states()) == ([response("PO-1")], ["1"], ["acknowledged"])


def test_names_sort_as_the_queue_gave_them_even_when_the_clock_is_set_back(site: Site, simulator: Simulator) -> None:
    """An hour back between two answers to one order: the ERP, which sorts by name, still reads them in order."""
    sent = [response("PO-1", number) for number in range(6)]
    with living(site) as (gateway, clock):
        receiver = gateway.parts.receivers["main"]
        for number, body in enumerate(sent):
            eventually(lambda: receiver.said_empty, "at rest")
            clock.set_wall(START + timedelta(hours=(number % 2) * -1, seconds=number))
            simulator.enqueue(body)
            clock.advance(61)
            eventually(lambda: len(simulator.queue) == 0, "delivered")

    assert [path.read_bytes() for path in site.outbox_files()] == sent
    times = [path.name.split("_")[2].partition("-")[0] for path in site.outbox_files()]
    assert times == sorted(times)


def test_answers_within_one_millisecond_keep_their_order(site: Site, simulator: Simulator) -> None:
    """On a clock that stands still only the sequence tells names apart; they sort all the same."""
    sent = [response("PO-1", number) for number in range(12)]
    for body in sent:
        simulator.enqueue(body)
    with living(site):
        eventually(lambda: len(simulator.queue) == 0, "delivered")

    assert [path.read_bytes() for path in site.outbox_files()] == sent


def test_each_account_has_its_own_queue_and_outbox(tmp_path: Path, simulator: Simulator) -> None:
    """Two accounts, two queues: the answers never meet, and trouble of one is not the other's."""
    with Simulator(username="second", password="other") as second:
        site = Site(tmp_path, simulator, account={"outbox": "outbox/main"})
        site.more_accounts["second"] = {
            "base_url": second.base_url, "username": "second", "password": "other", "poll_seconds": 0.05,
            "outbox": "outbox/second",
        }
        simulator.enqueue(response("PO-1"))
        simulator.enqueue(STATUS, {"X-Acknowledge-Uri": None})
        for number in range(3):
            second.enqueue(response(f"PO-{number}"))
        site.run()

        main, other = site.outbox / "main", site.outbox / "second"
        assert [path.read_bytes() for path in by_sequence(main)] == [response("PO-1")]
        assert [path.read_bytes() for path in by_sequence(other)] == [response(f"PO-{n}") for n in range(3)]
        assert (len(simulator.queue), len(second.queue)) == (1, 0)
        assert [key for key, _ in site.incidents()] == ["queue:no-acknowledge-uri:main"]


def test_a_rehearsal_fetches_nothing(tmp_path: Path, simulator: Simulator) -> None:
    """send = false: orders are mapped and end as rehearsed; the other side never hears of us."""
    site = Site(tmp_path, simulator, account={"send": False})
    simulator.enqueue(response("PO-1"))
    site.drop("orders.csv", export(row("PO-1")))
    site.run()

    assert (simulator.ledger.requests, site.states(), bodies(site)) == ((), [("PO-1", "rehearsed")], [])
    assert len(simulator.queue) == 1


def test_the_poll_comes_back_when_it_is_asked_to(site: Site, simulator: Simulator) -> None:
    """429 with Retry-After on the queue: left alone for that long, not for poll_seconds."""
    simulator.enqueue(response("PO-1"))
    simulator.faults.add(Fault(endpoint="queue", status=429, headers={"Retry-After": "600"}))
    with living(site) as (gateway, clock):
        eventually(lambda: gateway.parts.receivers["main"].blocked, "asked to come back")
        assert gateway.parts.receivers["main"].pause() == 600
        clock.advance(599)
        before = gateway.service.rounds()["poll-main"]
        eventually(lambda: gateway.service.rounds()["poll-main"] > before + 2, "woken in vain")
        assert len(simulator.ledger.requests_to("queue")) == 1
        clock.advance(1)
        eventually(lambda: len(simulator.queue) == 0, "delivered")


def test_a_busy_inbox_does_not_hurry_the_poll(site: Site, simulator: Simulator) -> None:
    """Files come and go all the time; an empty queue is still looked at once in poll_seconds."""
    with living(site) as (gateway, clock):
        eventually(lambda: gateway.parts.receivers["main"].said_empty, "the first look")
        for number in range(5):
            clock.advance(5)
            site.drop(f"{number}.csv", export(row(f"PO-{number}")))
            eventually(lambda number=number: len(site.done()) > number, "filed")  # type: ignore[misc]
        assert len(simulator.ledger.requests_to("queue")) == 1
        clock.advance(40)
        eventually(lambda: len(simulator.ledger.requests_to("queue")) == 2, "a minute is over")


def test_a_file_is_durable_before_its_message_is_acknowledged(tmp_path: Path) -> None:
    """At the instant the acknowledgement arrives at the other side, the whole file has its final name."""
    seen: list[list[bytes]] = []

    def look(record: RequestRecord) -> None:
        if record.endpoint == "acknowledge":
            seen.append(bodies(lived))

    with Simulator(on_request=look) as simulator:
        lived = Site(tmp_path, simulator)
        sent = [response(f"PO-{number}") for number in range(3)]
        for body in sent:
            simulator.enqueue(body)
        lived.run()
    assert seen == [sent[:1], sent[:2], sent]


@pytest.mark.slow
@pytest.mark.parametrize("count", [300, pytest.param(2_000, marks=[pytest.mark.slow, pytest.mark.timeout(180)])])
def test_many_messages_drain_quickly_and_in_order(site: Site, simulator: Simulator, count: int) -> None:
    """After a long weekend: no poll interval between messages, and the last come as fast as the first."""
    site.account["poll_seconds"] = 60
    for number in range(count):
        simulator.enqueue(response(f"PO-{number % 50}", number))
    started = time.monotonic()
    site.run(seconds=150)
    seconds = time.monotonic() - started
    at = [record.at for record in simulator.ledger.requests_to("acknowledge")]
    part = count // 4
    first, last = (at[part - 1] - at[0]).total_seconds(), (at[-1] - at[-part]).total_seconds()
    print(f"\n{count} in {seconds:.1f} s, {count / seconds:.0f} a second; a quarter: {first:.2f} s, {last:.2f} s")

    assert [path.read_bytes() for path in by_sequence(site.outbox)] == [
        response(f"PO-{number % 50}", number) for number in range(count)
    ]
    assert len(at) == count
    assert last < 3 * first + 1
