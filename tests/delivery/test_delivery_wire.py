"""Delivery over the real client and real sockets, against the simulator."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gateway.clock import SystemClock
from gateway.jakamo.client import JakamoClient
from gateway.journal import decisions, messages
from gateway.settings import Account
from gateway.simulator import Fault, Simulator
from tests.book import Book, change, order, status
from tests.delivery.delivery_help import Rig


@pytest.fixture
def client(simulator: Simulator) -> Iterator[JakamoClient]:
    """The real client on the simulator, without waits inside a call."""
    account = Account(
        name="main", base_url=simulator.base_url, username="integration", password="password", connect_seconds=3,
        answer_seconds=3,
    )  # fmt: skip
    opened = JakamoClient(account, SystemClock(), repeat_waits_seconds=())
    yield opened
    opened.close()


@pytest.fixture
def wired(book: Book, client: JakamoClient) -> Iterator[Rig]:
    """A delivery over that client."""
    ready = Rig(book, {"main": client})
    yield ready
    ready.close()


def documents(simulator: Simulator, number: str = "PO-1") -> list[str]:
    """Return what Jakamo took for an order, in order."""
    return [document.kind for document in simulator.ledger.documents_of(number)]


def test_an_order_its_change_and_its_status_arrive_as_they_were_stored(
    wired: Rig, book: Book, simulator: Simulator
) -> None:
    """Byte for byte, each at its address, one after the other."""
    keys = book.drop(order(), change(), status())
    wired.pump()
    stored = [book.journal.read(lambda c, k=key: messages.body_of(c, k)) for key in keys]
    assert ["sent"] * 3 == book.states(*keys)
    assert stored == [document.body for document in simulator.ledger.documents]
    calls = [(request.method, request.target) for request in simulator.ledger.requests]
    assert [("POST", "/api/order"), ("PUT", "/api/order/PO-1"), ("PUT", "/api/order/PO-1")] == calls


def test_an_answer_that_never_came_is_unknown_and_then_confirmed_by_the_duplicate(
    wired: Rig, book: Book, simulator: Simulator
) -> None:
    """Cut after accepting: unknown, not sent again; told to send again, the 409 settles it. No double."""
    simulator.faults.add(Fault(endpoint="order", cut="after-accepting"))
    (key,) = book.drop(order())
    wired.pump()
    assert "unknown" == book.state(key)
    now = wired.clock.now()
    book.journal.write(lambda c: decisions.resolve(c, key, arrived=False, by="anna", keeper=book.keeper, now=now))
    wired.pump()

    assert ("sent", "confirmed-by-duplicate") == (book.state(key), book.row(key)["reason_code"])
    assert (["Order"], 0) == (documents(simulator), simulator.ledger.doubles)


def test_a_change_without_answer_is_sent_again_by_itself(wired: Rig, book: Book, simulator: Simulator) -> None:
    """A PUT may be repeated: both arrive, with the same bytes, and nobody is asked."""
    book.drop(order())
    wired.pump()
    simulator.faults.add(Fault(endpoint="order-update", cut="after-accepting"))
    (key,) = book.drop(change())
    wired.pump()
    assert "retrying" == book.state(key)
    wired.pass_time(30)

    assert "sent" == book.state(key)
    assert ["Order", "OrderChange", "OrderChange"] == documents(simulator)
    assert 2 == len({document.body for document in simulator.ledger.documents})


def test_a_machine_that_is_down_costs_nothing(wired: Rig, book: Book, simulator: Simulator) -> None:
    """Refused connections: no attempt is used up; when it is up again all goes, in order."""
    simulator.stop()
    for number in range(3):
        book.drop(order(f"PO-{number}"), change(f"PO-{number}"))
    wired.pass_time(600, by=15)
    assert {0} == wired.booked()
    assert wired.delivery.weather()["main"].is_outage
    simulator.start()
    wired.pass_time(1200, by=15)

    assert {"sent"} == set(book.states())
    assert [["Order", "OrderChange"]] * 3 == [documents(simulator, f"PO-{number}") for number in range(3)]
    assert [] == wired.incidents()


def test_refusals_come_with_jakamos_words(wired: Rig, book: Book, simulator: Simulator) -> None:
    """400, 404 and 409 are the document's own, and are told as they were said."""
    simulator.faults.add(
        Fault(endpoint="order", order="PO-1", status=400, body=b"<errors><error>Unit XX is not known</error></errors>")
    )
    first, orphan = book.drop(order("PO-1"), status("PO-2"))
    wired.pump()
    wired.pass_time(660, by=60)

    assert ["failed", "failed"] == book.states(first, orphan)
    assert "Unit XX is not known" in book.row(first)["reason"]
    assert ("refused-404", True) == (book.row(orphan)["reason_code"], "Order not found" in book.row(orphan)["reason"])


def test_a_wrong_password_pauses_until_it_is_mended(wired: Rig, book: Book, simulator: Simulator) -> None:
    """401: paused, no order harmed; mended, all goes."""
    simulator.change_settings({"username": "integration", "password": "another"})
    book.drop(order("PO-1"), order("PO-2"))
    wired.pump()
    assert ["paused:main"] == wired.incidents()
    assert {0} == wired.booked()
    simulator.change_settings({"username": "integration", "password": "password"})
    wired.digest = "mended"
    wired.pass_time(10)

    assert ["sent", "sent"] == book.states()
    assert [] == wired.incidents()


def test_busy_jakamo_is_asked_again_when_it_said(wired: Rig, book: Book, simulator: Simulator) -> None:
    """429 with Retry-After: obeyed, then sent; not one attempt used up before."""
    simulator.faults.add(Fault(endpoint="order", status=429, headers={"Retry-After": "90"}))
    (key,) = book.drop(order())
    wired.pass_time(85, by=5)
    assert 1 == len(simulator.ledger.requests_to("order"))
    wired.pass_time(60)

    assert ("sent", 1) == (book.state(key), book.row(key)["attempts"])
