"""OAuth2 client credentials: fetched once for all, renewed in time, and what a token service's trouble means."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from jakamo_help import OK, HandClock, Wire, WireServer, an_account, client_for, plain, recording
from simulator_documents import order

from gateway.jakamo.answers import Context, Reply
from gateway.jakamo.auth import judge_token_reply
from gateway.model import AnswerClass, MessageKind
from gateway.settings import Account
from gateway.simulator import Fault, OAuthClient, Simulator
from jakamo_help import NOW

A = AnswerClass
CLIENT = OAuthClient(client_id="app-1", client_secret="app-secret", scope="https://simulator.example/.default")


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """A simulator that takes bearer tokens alone."""
    with Simulator(username=None, oauth=CLIENT) as running:
        yield running


def oauth2(simulator: Simulator, **changes: object) -> Account:
    """Return an account for it."""
    settings = {
        "auth": "oauth2",
        "token_url": simulator.token_url,
        "client_id": "app-1",
        "client_secret": "app-secret",
        "scope": CLIENT.scope,
    }
    return an_account(simulator.base_url, **{**settings, **changes})


def token_requests(simulator: Simulator) -> int:
    """Return how often a token was asked for."""
    return sum(record.endpoint == "token" for record in simulator.ledger.requests)


def test_a_token_is_fetched_once_and_used(simulator: Simulator) -> None:
    """The form as the token service asks; then the token on every call."""
    with client_for(oauth2(simulator)) as client:
        assert client.send(MessageKind.ORDER, "PO-1", order("PO-1")).answer_class is A.ACCEPTED
        assert client.fetch().empty
    first, *calls = simulator.ledger.requests
    assert (first.method, first.header("Content-Type")) == ("POST", "application/x-www-form-urlencoded")
    assert parse_qs(first.body.decode()) == {
        "grant_type": ["client_credentials"],
        "client_id": ["app-1"],
        "client_secret": ["app-secret"],
        "scope": [CLIENT.scope],
    }
    assert first.header("Authorization") is None
    used = {record.header("Authorization") or "" for record in calls}
    assert len(used) == 1
    assert used.pop().startswith("Bearer ")


def test_a_token_is_renewed_ahead_of_its_end(simulator: Simulator) -> None:
    """Two minutes before its hour is over the next call fetches another."""
    clock = HandClock()
    with client_for(oauth2(simulator), clock) as client:
        for pause, expected in ((0, 1), (3478, 1), (2, 2), (100, 2)):
            clock.seconds += pause
            assert client.fetch().empty
            assert token_requests(simulator) == expected


def test_a_short_token_is_used_for_most_of_its_life() -> None:
    """The margin is a fifth of a short life, or a token of two minutes would be fetched for every call."""
    clock = HandClock()
    short = OAuthClient(client_id="app-1", client_secret="app-secret", scope=CLIENT.scope, lifetime_seconds=100)
    with Simulator(username=None, oauth=short) as simulator, client_for(oauth2(simulator), clock) as client:
        for pause, expected in ((0, 1), (79, 1), (2, 2)):
            clock.seconds += pause
            assert client.fetch().empty
            assert token_requests(simulator) == expected


def test_a_refused_token_is_renewed_once(simulator: Simulator) -> None:
    """401 for a token that should be valid: one renewal, one repeat, and the order is sent once."""
    with client_for(oauth2(simulator)) as client:
        assert client.fetch().empty
        simulator.access.expire_tokens()
        assert client.send(MessageKind.ORDER, "PO-1", order("PO-1")).answer_class is A.ACCEPTED
    statuses = [record.status for record in simulator.ledger.requests]
    assert statuses == [200, 200, 401, 200, 200]
    assert len(simulator.ledger.documents) == 1


def test_a_second_401_pauses(simulator: Simulator) -> None:
    """A fresh token that is refused as well is no matter of time."""
    simulator.faults.add(Fault(endpoint="order", status=401, times=None), Fault(endpoint="orders", status=401, times=None)) if False else None
    simulator.faults.add(Fault(method="POST", skip=1, status=401, times=1), Fault(method="POST", skip=2, status=401, times=1))
    with client_for(oauth2(simulator)) as client:
        answer = client.send(MessageKind.ORDER, "PO-1", order("PO-1"))
    assert (answer.answer_class, answer.status) == (A.SETTINGS, 401)
