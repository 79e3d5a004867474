"""Which suppliers Jakamo knows: asked, kept a while, and no reason to wait or refuse when it cannot be had."""

from __future__ import annotations

import json

import pytest
from jakamo_help import HandClock, an_account, client_for

from gateway.jakamo.answers import Context, Reply
from gateway.jakamo.suppliers import (
    AGAIN_SECONDS,
    FIRST_WAIT_SECONDS,
    KEPT_SECONDS,
    OLDEST_SECONDS,
    SupplierList,
    SupplierLists,
    read_companies,
)
from gateway.model import KnownSuppliers
from gateway.simulator import Fault, Simulator

CONTEXT = Context(now=HandClock().now())
LISTED = KnownSuppliers(ids=frozenset({"20015"}))
AWAY = KnownSuppliers(ids=None, trouble="away")


class Jakamo:
    """Answers with what it is told to, and counts."""

    def __init__(self, *answers: KnownSuppliers) -> None:
        self.answers = list(answers)
        self.asked = 0

    def __call__(self) -> KnownSuppliers:
        self.asked += 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def test_the_list_is_read_from_the_api() -> None:
    """GET /api/mappedcompanies with the account's credentials; the numbers are what counts."""
    companies = [{"CompanyName": "Example Supplier Oy", "MappedId": "20015"}, {"CompanyName": "B", "MappedId": "7"}]
    with Simulator(mapped_companies=companies) as jakamo, client_for(an_account(jakamo.base_url)) as client:
        assert client.companies() == KnownSuppliers(ids=frozenset({"20015", "7"}))
        record = jakamo.ledger.requests[-1]
        assert (record.method, record.target, record.header("Accept")) == (
            "GET", "/api/mappedcompanies", "application/json",
        )  # fmt: skip
        assert (record.header("Authorization") or "").startswith("Basic ")
        jakamo.faults.add(Fault(endpoint="mapped-companies", status=403))
        assert client.companies() == KnownSuppliers(
            ids=None, trouble="Jakamo refuses this account the right to do this."
        )
    with client_for(an_account(jakamo.base_url)) as client:
        found = client.companies()
        assert found.ids is None
        assert found.trouble


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<html>", "no JSON"),
        (b"", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b'{"MappedId": "1"}', "another shape"),
        (b'["1"]', "another shape"),
        (b"[]", "no mapped company"),
        (b'[{"CompanyName": "A"}, {"MappedId": ""}]', "no mapped company"),
    ],
)
def test_what_is_no_list_is_none(body: bytes, words: str) -> None:
    """Nobody is refused for a page of a proxy, nor for an empty list: newer mapping tables may not be listed."""
    found = read_companies(Reply(status=200, body=body), CONTEXT)
    assert found.ids is None
    assert words in found.trouble
    cut = read_companies(Reply(status=200, body=body, complete=False), CONTEXT)
    assert "did not arrive whole" in cut.trouble


def test_numbers_are_texts_whatever_json_makes_of_them() -> None:
    """A number in the list is the same number in an order."""
    body = json.dumps([{"MappedId": 20015}, {"MappedId": " 7 "}]).encode()
    assert read_companies(Reply(status=200, body=body), CONTEXT).ids == {"20015", "7"}


def test_the_list_is_kept_for_a_quarter_of_an_hour() -> None:
    """Asked once for all orders of that time; then again."""
    clock, jakamo = HandClock(), Jakamo(LISTED)
    suppliers = SupplierList(jakamo, clock)
    for _ in range(3):
        assert suppliers.step() is False
        assert suppliers.known() == LISTED
    assert (jakamo.asked, suppliers.pause()) == (1, OLDEST_SECONDS)
    clock.seconds += OLDEST_SECONDS
    suppliers.step()
    assert jakamo.asked == 2


def test_an_old_list_is_better_than_none_for_a_day() -> None:
    """An outage does not make every supplier unknown; but a list is not believed for ever."""
    clock, jakamo = HandClock(), Jakamo(LISTED, AWAY)
    suppliers = SupplierList(jakamo, clock)
    suppliers.step()
    clock.seconds += OLDEST_SECONDS
    suppliers.step()
    assert (suppliers.known(), suppliers.pause()) == (LISTED, AGAIN_SECONDS)
    clock.seconds += KEPT_SECONDS
    suppliers.step()
    assert suppliers.known() == AWAY


def test_only_the_first_order_waits_for_the_first_answer() -> None:
    """A few seconds, once: then orders are sent with a remark."""
    clock = HandClock()
    suppliers = SupplierList(Jakamo(LISTED), clock)
    assert [suppliers.known().ids for _ in range(3)] == [None] * 3
    assert clock.waits == [FIRST_WAIT_SECONDS]
    suppliers.step()
    assert suppliers.known() == LISTED


def test_a_rehearsal_asks_nobody() -> None:
    """An account that sends nothing calls nobody either."""
    lists = SupplierLists({"main": Jakamo(LISTED)}, HandClock())
    lists.lists["main"].step()
    assert lists.known("main") == LISTED
    assert "rehearsal" in lists.known("trial").trouble
