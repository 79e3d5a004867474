"""What an answer means for a message: every row of the design's table, and what holds for all of them."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.delivery.policy import (
    LONGEST_RETRY_AFTER_SECONDS,
    LONGEST_SHORT_WAIT_SECONDS,
    LONGEST_WAIT_SECONDS,
    Decision,
    SendingLimits,
    Signal,
    back_off,
    decide,
)
from gateway.journal.sending import Outgoing
from gateway.model import Answer, AnswerClass, MessageKind, MessageState
from tests.clocks import START
from tests.delivery.delivery_help import outgoing

A, K, S = AnswerClass, MessageKind, MessageState
NOW = START + timedelta(hours=1)


def answer(answer_class: AnswerClass, status: int | None = None, **more: Any) -> Answer:
    """Return an answer with some words."""
    return Answer(answer_class=answer_class, status=status, words=more.pop("words", "said so"), **more)


def judge(out: Outgoing, got: Answer, limits: SendingLimits | None = None, **more: Any) -> Decision:
    """Decide, with plain limits and no outage."""
    now: datetime = more.pop("now", NOW)
    outage = more.pop("outage_seconds", 0)
    return decide(out, got, limits or SendingLimits(), now=now, outage_seconds=outage, random=Random(1), **more)


ORDER, CHANGE, STATUS = outgoing(kind=K.ORDER), outgoing(kind=K.CHANGE), outgoing(kind=K.STATUS)

TABLE: dict[str, tuple[Outgoing, Answer, MessageState, Signal, str | None, bool, bool]] = {
    # what, answer -> state, signal, reason code, counts as an attempt, may have been received
    "surely not sent, order": (ORDER, answer(A.NOT_SENT), S.RETRYING, Signal.TROUBLE, "not-sent", False, False),
    "surely not sent, change": (CHANGE, answer(A.NOT_SENT), S.RETRYING, Signal.TROUBLE, "not-sent", False, False),
    "429": (ORDER, answer(A.COME_BACK, 429), S.RETRYING, Signal.COME_BACK, "come-back", False, False),
    "503": (STATUS, answer(A.COME_BACK, 503), S.RETRYING, Signal.COME_BACK, "come-back", False, False),
    "maybe, order": (ORDER, answer(A.MAYBE, 502), S.UNKNOWN, Signal.TROUBLE, "outcome-unknown", True, True),
    "maybe, order, no status": (ORDER, answer(A.MAYBE), S.UNKNOWN, Signal.TROUBLE, "outcome-unknown", True, True),
    "maybe, change": (CHANGE, answer(A.MAYBE, 504), S.RETRYING, Signal.TROUBLE, "no-answer", True, True),
    "maybe, status": (STATUS, answer(A.MAYBE), S.RETRYING, Signal.TROUBLE, "no-answer", True, True),
    "accepted": (ORDER, answer(A.ACCEPTED, 200), S.SENT, Signal.GOOD, None, True, False),
    "400": (ORDER, answer(A.DATA, 400), S.FAILED, Signal.GOOD, "refused-400", True, False),
    "404 on an order": (CHANGE, answer(A.DATA, 404), S.FAILED, Signal.GOOD, "refused-404", True, False),
    "409": (ORDER, answer(A.DATA, 409), S.FAILED, Signal.GOOD, "refused-409", True, False),
    "409 after an unknown attempt": (
        outgoing(unsure=True), answer(A.DATA, 409), S.SENT, Signal.GOOD, "confirmed-by-duplicate", True, False,
    ),
    "400 after an unknown attempt": (
        outgoing(unsure=True), answer(A.DATA, 400), S.FAILED, Signal.GOOD, "refused-400", True, False,
    ),
    "no address can be made of the number": (
        ORDER, answer(A.DATA, None), S.FAILED, Signal.NONE, "refused", False, False,
    ),
    "401": (ORDER, answer(A.SETTINGS, 401), S.RETRYING, Signal.SETTINGS, "settings", False, False),
    "403, the queue as well": (ORDER, answer(A.SETTINGS, 403), S.RETRYING, Signal.SETTINGS, "settings", False, False),
    "3xx": (STATUS, answer(A.SETTINGS, 302), S.RETRYING, Signal.SETTINGS, "settings", False, False),
    "certificate": (ORDER, answer(A.SETTINGS), S.RETRYING, Signal.SETTINGS, "settings", False, False),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLE)
def test_every_row_of_the_table(name: str) -> None:
    """Error class and message kind decide; nothing else is guessed."""
    out, got, state, signal, code, booked, unsure = TABLE[name]
    decision = judge(out, got)

    assert (state, signal, code, booked, unsure) == (
        decision.state, decision.signal, decision.reason_code, decision.booked, decision.unsure,
    )  # fmt: skip


def test_a_403_while_the_queue_can_be_read_is_the_orders_own() -> None:
    """The account is fine: that order alone fails."""
    decision = judge(ORDER, answer(A.SETTINGS, 403), queue_readable=True)

    assert (S.FAILED, "forbidden-order", Signal.GOOD) == (decision.state, decision.reason_code, decision.signal)
    assert S.RETRYING is judge(ORDER, answer(A.SETTINGS, 401), queue_readable=True).state


@pytest.mark.parametrize(
    ("kind", "limits", "state"),
    [
        (K.CHANGE, SendingLimits(order_change_method="POST"), S.UNKNOWN),
        (K.STATUS, SendingLimits(status_method="POST"), S.UNKNOWN),
        (K.STATUS, SendingLimits(order_change_method="POST"), S.RETRYING),
        (K.CHANGE, SendingLimits(status_method="POST"), S.RETRYING),
    ],
)
def test_the_method_decides_whether_a_maybe_is_sent_again(
    kind: MessageKind, limits: SendingLimits, state: MessageState
) -> None:
    """A PUT may be repeated, a POST may not, whatever document it carries."""
    assert state is judge(outgoing(kind=kind), answer(A.MAYBE), limits).state


@pytest.mark.parametrize(("attempts", "state"), [(0, S.RETRYING), (1, S.RETRYING), (2, S.UNKNOWN), (9, S.UNKNOWN)])
def test_a_put_is_sent_poison_after_times_at_most(attempts: int, state: MessageState) -> None:
    """Three sendings without an answer, and a person is asked."""
    got = judge(outgoing(kind=K.CHANGE, attempts=attempts), answer(A.MAYBE), SendingLimits(poison_after=3))

    assert state is got.state


def test_retry_after_is_obeyed_within_reason() -> None:
    """Jakamo's wait wins over a shorter one of ours; half a day is the most; also when it may have taken it."""
    for got, out in ((answer(A.COME_BACK, 503), ORDER), (answer(A.MAYBE, 503), CHANGE)):
        asked = Answer(answer_class=got.answer_class, status=503, retry_after_seconds=600.0)
        too_long = Answer(answer_class=got.answer_class, status=503, retry_after_seconds=10**7)

        assert NOW + timedelta(seconds=600) == judge(out, asked).due_at
        assert NOW + timedelta(seconds=LONGEST_RETRY_AFTER_SECONDS) == judge(out, too_long).due_at
        assert (judge(out, got).due_at or NOW) < NOW + timedelta(seconds=10)


def test_patience_ends_and_outages_do_not_count() -> None:
    """After `give_up_hours` of trying an order fails; the hours of an outage in between are given back."""
    hour = 3600
    old = outgoing(first_try_at=NOW - timedelta(hours=73), outage_at_first_try=5 * hour)
    failed = judge(old, answer(A.NOT_SENT), outage_seconds=5 * hour)
    patient = judge(old, answer(A.NOT_SENT), outage_seconds=6 * hour)

    assert (S.FAILED, "gave-up", False) == (failed.state, failed.reason_code, failed.booked)
    assert "72 hours" in (failed.reason or "")
    assert S.RETRYING is patient.state
    unsure = judge(outgoing(first_try_at=NOW - timedelta(hours=73), unsure=True), answer(A.COME_BACK, 503))
    assert (S.UNKNOWN, "outcome-unknown") == (unsure.state, unsure.reason_code)


def test_reasons_carry_jakamos_own_words() -> None:
    """An operator reads what the server said, not an exception's name."""
    refused = judge(ORDER, answer(A.DATA, 422, words="Unit XX is not known"))

    assert "Jakamo refused it (422): Unit XX is not known" == refused.reason
    assert "no reason given" in (judge(ORDER, answer(A.DATA, 400, words="")).reason or "")
    detail = Answer(answer_class=A.NOT_SENT, detail="name not found")
    assert "name not found" in (judge(ORDER, detail).reason or "")
    assert "no details" in (judge(ORDER, Answer(answer_class=A.NOT_SENT)).reason or "")


answers = st.builds(
    Answer,
    answer_class=st.sampled_from(list(A)),
    status=st.none() | st.sampled_from([200, 302, 400, 401, 403, 404, 409, 429, 500, 503]),
    retry_after_seconds=st.none() | st.floats(0, 10**6),
)
outgoings = st.builds(
    outgoing,
    kind=st.sampled_from(list(K)),
    attempts=st.integers(0, 20),
    tries=st.integers(1, 2000),
    unsure=st.booleans(),
    first_try_at=st.integers(0, 300).map(lambda hours: NOW - timedelta(hours=hours)),
    outage_at_first_try=st.integers(0, 10**6),
)
limits_ = st.builds(
    SendingLimits,
    order_change_method=st.sampled_from(["PUT", "POST"]),
    status_method=st.sampled_from(["PUT", "POST"]),
    poison_after=st.integers(1, 10),
)


@given(outgoings, answers, limits_, st.integers(0, 10**7), st.booleans())
def test_whatever_comes_nothing_is_sent_twice_by_guess(
    out: Outgoing, got: Answer, limits: SendingLimits, outage: int, readable: bool
) -> None:
    """A POST that may have arrived is never tried again by itself; doubt is never forgotten; waits are bounded."""
    decision = judge(out, got, limits, outage_seconds=outage, queue_readable=readable)

    if got.answer_class is A.MAYBE:
        assert decision.unsure
        assert decision.booked
        assert decision.state in (S.UNKNOWN, S.RETRYING)
        if not limits.repeatable(out.kind):
            assert decision.state is S.UNKNOWN
    if decision.state is S.SENT:
        assert got.answer_class is A.ACCEPTED or (got.status == 409 and out.unsure)
    if decision.state is S.FAILED and decision.reason_code == "gave-up":
        assert not out.unsure
    if got.answer_class in (A.NOT_SENT, A.COME_BACK, A.SETTINGS) and decision.state is S.RETRYING:
        assert not decision.booked
        assert not decision.unsure
    if decision.due_at is not None:
        assert NOW < decision.due_at <= NOW + timedelta(seconds=LONGEST_RETRY_AFTER_SECONDS)
        assert decision.state is S.RETRYING
    assert decision.state is not S.READY
    assert (decision.reason is None) == (got.answer_class is A.ACCEPTED)


@given(st.integers(0, 10**6), st.integers(0, 2**32))
def test_waits_grow_are_capped_and_scattered(tries: int, seed: int) -> None:
    """Doubled each time up to the cap, a tenth more or less, so that many do not come back at once."""
    wait = back_off(tries, 5.0, LONGEST_SHORT_WAIT_SECONDS, Random(seed))

    plain = min(LONGEST_SHORT_WAIT_SECONDS, 5.0 * 2 ** max(0, min(tries, 10) - 1))
    assert 0.9 * plain <= wait <= 1.1 * plain
    assert back_off(tries, 5.0, LONGEST_WAIT_SECONDS, Random(seed)) <= 1.1 * LONGEST_WAIT_SECONDS
