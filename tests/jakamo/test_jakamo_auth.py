"""OAuth2 client credentials: fetched once for all, renewed in time, and what a token service's trouble means."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from jakamo_documents import order
from jakamo_help import NOW, OK, HandClock, Wire, WireServer, an_account, client_for, plain, recording, silent

from gateway.clock import SystemClock
from gateway.jakamo.answers import Context, Reply
from gateway.jakamo.auth import ClientCredentialsAuthorizer, NoAuthorization, TokenSource, judge_token_reply
from gateway.jakamo.transport import Limits, Transport
from gateway.jakamo.wording import Scrubber
from gateway.model import AnswerClass, MessageKind
from gateway.settings import Account
from gateway.simulator import Fault, OAuthClient, Simulator

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
    media_type = (first.header("Content-Type") or "").partition(";")[0]
    assert (first.method, media_type) == ("POST", "application/x-www-form-urlencoded")
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
    simulator.faults.add(Fault(endpoint="order", status=401, times=None))
    with client_for(oauth2(simulator)) as client:
        answer = client.send(MessageKind.ORDER, "PO-1", order("PO-1"))
    assert (answer.answer_class, answer.status) == (A.SETTINGS, 401)
    assert [record.endpoint for record in simulator.ledger.requests] == ["token", "order", "token", "order"]


def test_trouble_after_a_401_is_come_back(simulator: Simulator) -> None:
    """Bytes were written and refused: not "surely not sent", and not "maybe" either."""
    simulator.faults.add(Fault(endpoint="order", status=401), Fault(endpoint="token", skip=1, status=503))
    with client_for(oauth2(simulator)) as client:
        answer = client.send(MessageKind.ORDER, "PO-1", order("PO-1"))
    assert (answer.answer_class, len(simulator.ledger.documents)) == (A.COME_BACK, 0)


def test_a_lost_repeat_after_a_401_is_maybe(simulator: Simulator) -> None:
    """The second try has the same rules as the first."""
    simulator.faults.add(Fault(endpoint="order", status=401), Fault(endpoint="order", cut="after-accepting"))
    with client_for(oauth2(simulator)) as client:
        answer = client.send(MessageKind.ORDER, "PO-1", order("PO-1"))
    assert (answer.answer_class, answer.status) == (A.MAYBE, None)


def test_refused_client_pauses(simulator: Simulator) -> None:
    """An expired client secret: nothing was sent; the words say what to look at, and hold no secret."""
    simulator.access.refuse_tokens = True
    with client_for(oauth2(simulator)) as client:
        answer = client.send(MessageKind.ORDER, "PO-1", order("PO-1"))
    assert (answer.answer_class, token_requests(simulator), len(simulator.ledger.requests)) == (A.SETTINGS, 1, 1)
    for part in ("invalid_client", "client_secret", "expired"):
        assert part in answer.words
    assert "app-secret" not in answer.words + answer.detail


def test_a_changed_client_secret_counts_at_once(simulator: Simulator, tmp_path: Path) -> None:
    """Read anew by every fetch; no restart."""
    path = tmp_path / "secret"
    path.write_text("old\n")
    with client_for(oauth2(simulator, client_secret=None, client_secret_file=path)) as client:
        assert client.fetch().answer.answer_class is A.SETTINGS
        path.write_text("app-secret\n")
        assert client.fetch().empty


@pytest.mark.parametrize(
    "fault",
    [
        Fault(endpoint="token", status=503, headers={"Retry-After": "40"}),
        Fault(endpoint="token", status=429, headers={"Retry-After": "40"}),
        Fault(endpoint="token", cut="after-accepting"),
        Fault(endpoint="token", cut="in-answer"),
    ],
)
def test_a_token_service_in_trouble_is_passing(simulator: Simulator, fault: Fault) -> None:
    """Of the order nothing was written, whatever became of the token's own request."""
    simulator.faults.add(fault)
    with client_for(oauth2(simulator)) as client:
        answer = client.send(MessageKind.ORDER, "PO-1", order("PO-1"))
        assert answer.answer_class is A.NOT_SENT, answer
        assert answer.retry_after_seconds == (40.0 if fault.status else None)
        assert len(simulator.ledger.documents) == 0
        assert client.send(MessageKind.ORDER, "PO-1", order("PO-1")).answer_class is A.ACCEPTED


def test_a_token_service_that_is_gone_is_passing(simulator: Simulator) -> None:
    """Nothing listens there; Jakamo is not even called."""
    with WireServer(lambda wire: None) as gone:
        address = gone.url
    with client_for(oauth2(simulator, token_url=f"{address}/token")) as client:
        answer = client.send(MessageKind.ORDER, "PO-1", order("PO-1"))
    assert (answer.answer_class, simulator.ledger.requests) == (A.NOT_SENT, ())


def test_a_slow_token_service_is_left_at_the_deadline(simulator: Simulator) -> None:
    """The token's time is part of the call's."""
    with WireServer(silent) as slow:
        account = oauth2(simulator, token_url=f"{slow.url}/token", connect_seconds=0.2, answer_seconds=0.3)
        with client_for(account) as client:
            answer = client.send(MessageKind.ORDER, "PO-1", order("PO-1"))
    assert (answer.answer_class, answer.elapsed_seconds < 5) == (A.NOT_SENT, True)


def test_a_redirected_token_request_stays_home(simulator: Simulator) -> None:
    """The client secret is in its body; it goes nowhere else."""
    with recording(OK) as elsewhere:
        for status in (302, 307, 308):
            answer = plain(f"{status} Moved", b"", f"Location: {elsewhere.url}/token?secret=1")
            with (
                recording(answer) as server,
                client_for(oauth2(simulator, token_url=f"{server.url}/token")) as client,
            ):
                result = client.fetch().answer
            assert (result.answer_class, elsewhere.connections) == (A.SETTINGS, 0)
            assert elsewhere.url in result.words
            assert "secret=1" not in result.words


def test_a_token_that_still_lives_outlasts_trouble(simulator: Simulator) -> None:
    """When the renewal ahead of time fails, the old token is used to its end, and renewal tried again soon."""
    clock = HandClock()
    with client_for(oauth2(simulator), clock) as client:
        assert client.fetch().empty
        simulator.faults.add(Fault(endpoint="token", status=503, times=2))
        clock.seconds += 3500
        for pause, asked in ((0, 2), (5, 2), (11, 3), (16, 4), (100, 4)):
            clock.seconds += pause
            assert client.fetch().empty
            assert token_requests(simulator) == asked


def test_a_token_that_has_ended_is_not_used(simulator: Simulator) -> None:
    """Without a valid token nothing is sent."""
    clock = HandClock()
    with client_for(oauth2(simulator), clock) as client:
        assert client.fetch().empty
        simulator.faults.add(Fault(endpoint="token", status=503, times=None))
        clock.seconds += 3601
        assert client.fetch().answer.answer_class is A.NOT_SENT
    assert [record.endpoint for record in simulator.ledger.requests] == ["token", "queue", "token"]


def in_threads(work: int, client_call: Callable[[], None]) -> None:
    """Run a call in so many threads at once."""
    threads = [threading.Thread(target=client_call) for _ in range(work)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_one_thread_fetches_for_all(simulator: Simulator) -> None:
    """Eight workers that find no token, or a refused one, cause one fetch."""
    answers: list[bool] = []
    with client_for(oauth2(simulator)) as client:
        in_threads(8, lambda: answers.append(client.fetch().empty))
        assert (answers, token_requests(simulator)) == ([True] * 8, 1)
        simulator.access.expire_tokens()
        in_threads(8, lambda: answers.append(client.fetch().empty))
    assert (answers, token_requests(simulator)) == ([True] * 16, 2)


def test_a_failed_fetch_is_shared() -> None:
    """A token service that is down is asked once by those that waited together, not once by each."""
    asked = threading.Barrier(2, timeout=5)
    answers: list[AnswerClass] = []

    def slow_refusal(wire: Wire) -> None:
        wire.read_request()
        asked.wait()
        wire.pause(0.3)
        wire.send(plain("503 Service Unavailable"))

    with WireServer(slow_refusal) as server:
        account = an_account(
            server.url, auth="oauth2", token_url=f"{server.url}/token", client_id="a", client_secret="b", scope="c"
        )
        with client_for(account) as client:

            def fetch() -> None:
                answers.append(client.fetch().answer.answer_class)

            first = threading.Thread(target=fetch)
            first.start()
            asked.wait()
            in_threads(4, fetch)
            first.join()
        assert (answers, server.connections) == ([A.NOT_SENT] * 5, 1)


def test_waiting_for_another_thread_has_an_end(simulator: Simulator) -> None:
    """A call whose time is over does not wait for the fetch that another one began; it never called Jakamo."""
    asked = threading.Barrier(2, timeout=5)

    def slow(wire: Wire) -> None:
        wire.read_request()
        asked.wait()
        wire.pause()

    clock, scrubber = SystemClock(), Scrubber()
    with WireServer(slow) as server:
        transport = Transport(Limits(), clock)
        source = TokenSource(token_url=f"{server.url}/t", client_id="a", scope="b", read_secret=lambda: "c")
        authorizer = ClientCredentialsAuthorizer(source, transport, clock, scrubber)

        def patient() -> None:
            with pytest.raises(NoAuthorization):
                authorizer.header(clock.monotonic() + 0.6)

        first = threading.Thread(target=patient)
        first.start()
        asked.wait()
        with pytest.raises(NoAuthorization) as caught:
            authorizer.header(clock.monotonic() + 0.05)
        assert (caught.value.answer.answer_class, first.is_alive()) == (A.NOT_SENT, True)
        first.join()
        transport.close()


def test_a_token_renewed_by_another_thread_is_taken(simulator: Simulator) -> None:
    """A 401 for a token that is no longer the present one needs no fetch."""
    clock, scrubber = SystemClock(), Scrubber()
    transport = Transport(Limits(), clock)
    source = TokenSource(
        token_url=simulator.token_url, client_id="app-1", scope=CLIENT.scope, read_secret=lambda: "app-secret"
    )
    authorizer = ClientCredentialsAuthorizer(source, transport, clock, scrubber)
    deadline = transport.deadline()
    present = authorizer.header(deadline)
    assert authorizer.renewed("Bearer an-older-one", deadline) == present
    assert token_requests(simulator) == 1
    assert authorizer.renewed(present, deadline) not in (None, present)
    assert token_requests(simulator) == 2
    transport.close()


SETTINGS, PASSING = A.SETTINGS, A.NOT_SENT


@pytest.mark.parametrize(
    ("status", "said", "expected"),
    [
        (200, {"access_token": "t"}, None),
        (200, {"error": "invalid_client"}, SETTINGS),
        (200, "<html>log in</html>", SETTINGS),
        (200, "", SETTINGS),
        (200, [], SETTINGS),
        (400, {"error": "invalid_scope"}, SETTINGS),
        (400, {"error": "temporarily_unavailable"}, PASSING),
        (400, "no json", SETTINGS),
        (401, {"error": "invalid_client", "error_description": "AADSTS7000222: expired"}, SETTINGS),
        (403, "", SETTINGS),
        (404, "", SETTINGS),
        (408, "", PASSING),
        (429, "", PASSING),
        (500, {"error": "server_error"}, PASSING),
        (503, "<html>down</html>", PASSING),
        (302, "", SETTINGS),
        (407, "", SETTINGS),
    ],
)
def test_each_answer_of_a_token_service(status: int, said: object, expected: AnswerClass | None) -> None:
    """Down or busy passes by itself; refused needs a person; never is an order to blame."""
    body = said.encode() if isinstance(said, str) else json.dumps(said).encode()
    answer = judge_token_reply(Reply(status=status, body=body), "https://login.example.com/t", Context(now=NOW))
    assert (answer.answer_class if answer else None) is expected


@pytest.mark.parametrize(
    ("said", "good"),
    [
        ({"access_token": "abc", "token_type": "bearer", "expires_in": 3600}, True),
        ({"access_token": "abc", "token_type": "Bearer", "expires_in": "3600"}, True),
        ({"access_token": "abc"}, True),
        ({"access_token": "abc", "expires_in": "soon"}, False),
        ({"access_token": "abc", "expires_in": -5}, True),
        ({"access_token": "abc", "expires_in": float("inf")}, False),
        ({"access_token": "abc", "expires_in": [1]}, False),
        ({"access_token": "abc", "token_type": "mac"}, False),
        ({"access_token": ""}, False),
        ({"access_token": "a b"}, False),
        ({"access_token": "a\r\nX-Evil: 1"}, False),
        ({"access_token": "ä"}, False),
        ({"access_token": 7}, False),
        ({"token": "abc"}, False),
    ],
)
def test_only_a_usable_token_is_used(simulator: Simulator, said: dict[str, object], good: bool) -> None:
    """What cannot stand in a header pauses the account; odd lifetimes do not."""
    simulator.faults.add(Fault(endpoint="token", status=200, body=json.dumps(said).encode()))
    with client_for(oauth2(simulator)) as client:
        answer = client.fetch().answer
    called = [record.header("Authorization") for record in simulator.ledger.requests if record.endpoint == "queue"]
    assert (called[:1] == ["Bearer abc"]) is good
    assert good or answer.answer_class is A.SETTINGS
