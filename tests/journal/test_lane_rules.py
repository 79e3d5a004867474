"""The rules of a lane, one case for each sentence of the design about lanes and about Order or OrderChange.

In short form (see `lane_help.brief`): "ready!" has its lane's turn, "ready" waits for it, "parked 1" waits for 1.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from gateway.journal.lane_rules import decide_lane
from gateway.journal.lane_values import LaneMessage, Memory
from tests.journal.lane_help import DUE, NOW, RULES, K, S, brief, chg, decide, mem, msg, raw, sts

Case = tuple[list[LaneMessage], Memory | None, dict[str, Any], dict[int, str]]

# A change or a status that was made for an order that is known and was sent as number n.
KNOWN: dict[str, Any] = {"kind": K.CHANGE, "assumed_known": True, "assumed_change": 1}
SAME_OR_NEW: dict[str, Any] = {"repeat": "change", **KNOWN}

ONE_MESSAGE: dict[str, Case] = {
    "a new order may go": ([msg(1)], None, {}, {1: "ready!"}),
    "an explicit change of a known order may go": ([chg(1)], mem(), {}, {1: "ready!"}),
    "a status of a known order may go": ([sts(1)], mem(), {}, {1: "ready!"}),
    "what has its turn stays as it is": ([msg(1, turn=True)], None, {}, {}),
    "what is not mapped waits for that": ([raw(1)], None, {}, {}),
    # repeat = hold | change | send
    "repeat hold: other content is held": ([msg(1, text="v2", **KNOWN)], mem(), {}, {1: "held repeat"}),
    "repeat hold: also when the mapping was not told": ([msg(1, text="v2")], mem(), {}, {1: "held repeat"}),
    "repeat change: other content goes as a change": ([msg(1, text="v2", **SAME_OR_NEW)], mem(), {}, {1: "ready!"}),
    "repeat send: other content goes as an Order again": (
        [msg(1, text="v2", repeat="send", assumed_known=True)], mem(), {}, {1: "ready!"},
    ),
    "repeat send: a mapping that ignores what it is told is held": (
        [msg(1, text="v2", **{**KNOWN, "repeat": "send"})], mem(), {}, {1: "held mapping-ignores-known"},
    ),
    "repeat change: a mapping that ignores what it is told is held": (
        [msg(1, text="v2", repeat="change", assumed_known=True)], mem(), {}, {1: "held mapping-ignores-known"},
    ),
    # unchanged
    "equal to the last sent version is unchanged": ([msg(1)], mem(), {}, {1: "unchanged unchanged"}),
    "equal as a change is unchanged too": ([msg(1, **KNOWN)], mem(), {}, {1: "unchanged unchanged"}),
    "unchanged goes before the repeat rule": ([msg(1, **SAME_OR_NEW)], mem(), {}, {1: "unchanged unchanged"}),
    "an explicit change is never unchanged": ([chg(1, text="v1")], mem(), {}, {1: "ready!"}),
    "an explicit change released as one is not either": (
        [chg(1, text="v1", release_as=K.CHANGE, approved=True)], mem(), {}, {1: "ready!"},
    ),
    "after a cancellation nothing is unchanged": (
        [msg(1)], mem(cancelled=True), {}, {1: "held after-cancellation"},
    ),
    "after a cancellation an Order is held whatever repeat says": (
        [msg(1, text="v2", **SAME_OR_NEW)], mem(cancelled=True), {}, {1: "held after-cancellation"},
    ),
    "after a cancellation an explicit change goes": ([chg(1)], mem(cancelled=True), {}, {1: "ready!"}),
    # supplier and buyer
    "another supplier is held whatever repeat says": (
        [msg(1, text="v2", supplier="S-2", **SAME_OR_NEW)], mem(), {}, {1: "held other-party"},
    ),
    "another buyer is held whatever repeat says": (
        [msg(1, text="v2", buyer="B-2", **SAME_OR_NEW)], mem(), {}, {1: "held other-party"},
    ),
    "a party that was never named is no other party": (
        [msg(1, text="v2", **SAME_OR_NEW)], mem(supplier=None, buyer=None), {}, {1: "ready!"},
    ),
    "an explicit change is not asked about its parties": ([chg(1, supplier=None)], mem(), {}, {1: "ready!"}),
    # imported numbers
    "the first repeat of an imported number is the baseline": (
        [msg(1, text="v7", **KNOWN)], mem(None, imported=True), {}, {1: "unchanged baseline"},
    ),
    "a number that we sent a status for is no baseline": (
        [msg(1, text="v7", **KNOWN)], mem(None), {}, {1: "held repeat"},
    ),
    "an imported number that was cancelled is no baseline": (
        [msg(1, **KNOWN)], mem(None, imported=True, cancelled=True), {}, {1: "held after-cancellation"},
    ),
    "a person's word goes before the baseline": (
        [msg(1, release_as=K.CHANGE, approved=True, **KNOWN)], mem(None, imported=True), {}, {1: "ready!"},
    ),
    "an explicit change of an imported number goes": ([chg(1)], mem(None, imported=True), {}, {1: "ready!"}),
    # lost lines
    "lost lines are held": (
        [msg(1, text="v2", **SAME_OR_NEW)], mem(line_ids=("10", "20")), {}, {1: "held lost-lines"},
    ),
    "lost lines = send lets them go": (
        [msg(1, text="v2", lost_lines="send", **SAME_OR_NEW)], mem(line_ids=("10", "20")), {}, {1: "ready!"},
    ),
    "lost lines = refuse fails the order": (
        [msg(1, text="v2", lost_lines="refuse", **SAME_OR_NEW)], mem(line_ids=("10", "20")), {},
        {1: "failed lost-lines"},
    ),
    "a change that need not be whole loses no lines": ([chg(1)], mem(line_ids=("10", "20")), {}, {1: "ready!"}),
    "a change that must be whole does": (
        [chg(1, complete_order=True)], mem(line_ids=("10", "20")), {}, {1: "held lost-lines"},
    ),
    "more lines than before are no lost lines": (
        [msg(1, text="v2", line_ids=("10", "20"), **SAME_OR_NEW)], mem(), {}, {1: "ready!"},
    ),
    # duplicates
    "an order of the same file is held": ([msg(1, duplicate_of=3)], None, {}, {1: "held duplicate"}),
    "duplicate = skip": ([msg(1, duplicate_of=3)], None, {"duplicate_file": "skip"}, {1: "skipped duplicate"}),
    "duplicate = send": ([msg(1, duplicate_of=3)], None, {"duplicate_file": "send"}, {1: "ready!"}),
    "no duplicate when it would send nothing": ([msg(1, duplicate_of=3)], mem(), {}, {1: "unchanged unchanged"}),
    "a duplicate with other content is asked about before the repeat": (
        [msg(1, text="v2", duplicate_of=3, **SAME_OR_NEW)], mem(), {}, {1: "held duplicate"},
    ),
    "a duplicate explicit change is held": ([chg(1, duplicate_of=3)], mem(), {}, {1: "held duplicate"}),
    "a duplicate status is held": ([sts(1, duplicate_of=3)], mem(), {}, {1: "held duplicate"}),
    "an approved duplicate goes": ([msg(1, duplicate_of=3, approved=True)], None, {}, {1: "ready!"}),
    "a cancelled number is asked about before the duplicate": (
        [msg(1, text="v2", duplicate_of=3, **KNOWN)], mem(cancelled=True), {}, {1: "held after-cancellation"},
    ),
    # a change or a status before its Order
    "a change for an order never seen waits": ([chg(1)], None, {}, {1: "parked order-not-seen"}),
    "a status for an order never seen waits": ([sts(1)], None, {}, {1: "parked order-not-seen"}),
    "it goes when the time is up": ([chg(1, S.PARKED, due_at=NOW)], None, {}, {1: "ready!"}),
    "not before": ([chg(1, S.PARKED, due_at=NOW + timedelta(seconds=1))], None, {}, {}),
    "it goes at once when the order becomes known": ([sts(1, S.PARKED, due_at=DUE)], mem(), {}, {1: "ready!"}),
    "an approved one does not wait": ([chg(1, approved=True)], None, {}, {1: "ready!"}),
    # released as
    "released as a change it goes as one": (
        [msg(1, text="v2", release_as=K.CHANGE, approved=True, **KNOWN)], mem(), {}, {1: "ready!"},
    ),
    "released as an Order it goes as one": (
        [msg(1, text="v2", release_as=K.ORDER, approved=True, assumed_known=True)], mem(), {}, {1: "ready!"},
    ),
    "released as it is, it goes as it is": (
        [msg(1, text="v2", approved=True, **KNOWN)], mem(), {}, {1: "ready!"},
    ),
    "released as it is, but its mapping does not know yet": (
        [msg(1, text="v2", approved=True)], mem(), {}, {1: "registered map-again"},
    ),
    "released against all that speaks against it": (
        [msg(1, text="v2", approved=True, supplier="S-2", line_ids=(), duplicate_of=3, release_as=K.CHANGE, **KNOWN)],
        mem(cancelled=True, line_ids=("10", "20")), {}, {1: "ready!"},
    ),
    "released, but nothing has changed": (
        [msg(1, approved=True, release_as=K.CHANGE, **KNOWN)], mem(), {}, {1: "unchanged unchanged"},
    ),
    "released as a change of an order that nobody knows": (
        [msg(1, approved=True, release_as=K.CHANGE, **KNOWN)], None, {}, {1: "ready!"},
    ),
    # what was assumed
    "a change mapped for another number is mapped again": (
        [chg(1, assumed_change=1)], mem(change_count=1), {}, {1: "registered map-again"},
    ),
    "a gateway's change too": (
        [msg(1, text="v2", **{**SAME_OR_NEW, "assumed_change": 3})], mem(), {}, {1: "registered map-again"},
    ),
    "an Order that became a repeat meanwhile is mapped again": (
        [msg(1, text="v2", repeat="change")], mem(), {}, {1: "registered map-again"},
    ),
    "a gateway's change of an order that was never sent is mapped again": (
        [msg(1, **SAME_OR_NEW)], None, {}, {1: "registered map-again"},
    ),
    "an explicit change is not, it waits": ([chg(1)], None, {}, {1: "parked order-not-seen"}),
    "a mapping that makes a change of the unknown is believed": (
        [msg(1, kind=K.CHANGE)], None, {}, {1: "parked order-not-seen"},
    ),
    # rehearsal
    "a rehearsal ends before sending": ([msg(1)], None, {"send": False}, {1: "rehearsed rehearsal"}),
    "a rehearsal holds what would be held": ([msg(1, text="v2")], mem(), {"send": False}, {1: "held repeat"}),
    "a rehearsal does not wait for what is never sent": ([chg(1)], None, {"send": False}, {1: "rehearsed rehearsal"}),
    "a rehearsal takes no baseline": (
        [msg(1, **KNOWN)], mem(None, imported=True), {"send": False}, {1: "rehearsed rehearsal"},
    ),
}  # fmt: skip

FAILED, HELD, PARKED, UNKNOWN, SENDING, RETRYING = S.FAILED, S.HELD, S.PARKED, S.UNKNOWN, S.SENDING, S.RETRYING

LANES: dict[str, Case] = {
    # strictly in order
    "only the first may go": ([msg(1), chg(2)], None, {}, {1: "ready!"}),
    "what is on the wire keeps the others waiting": ([msg(1, SENDING), chg(2)], None, {}, {}),
    "so does what is to be tried again": ([msg(1, RETRYING, turn=True), chg(2)], None, {}, {}),
    "so does what is not mapped yet": ([raw(1), chg(2, turn=True)], mem(), {}, {2: "ready"}),
    "what is to be tried again gets its turn": ([msg(1, RETRYING), chg(2)], None, {}, {1: "retrying!"}),
    "it loses it to what is handed back before it": (
        [raw(1, origin="retry"), chg(2, RETRYING, turn=True)], mem(), {}, {2: "retrying"},
    ),
    "and to what fails before it": ([msg(1, FAILED), sts(2, RETRYING, turn=True)], mem(), {}, {2: "retrying"}),
    "revised twice: both go, one after the other": (
        [msg(1, text="v2", **SAME_OR_NEW), msg(2, text="v3", **{**SAME_OR_NEW, "assumed_change": 2})], mem(), {},
        {1: "ready!"},
    ),
    "what is unchanged lets the next go": ([msg(1), chg(2)], mem(), {}, {1: "unchanged unchanged", 2: "ready!"}),
    "a rehearsed order lets the next be rehearsed": (
        [msg(1), chg(2), sts(3)], None, {"send": False},
        {1: "rehearsed rehearsal", 2: "rehearsed rehearsal", 3: "rehearsed rehearsal"},
    ),
    # parking
    "behind a failed order the rest waits and says for whom": (
        [msg(1, FAILED), chg(2), sts(3)], None, {}, {2: "parked 1", 3: "parked 1"},
    ),
    "behind an unknown outcome too": ([msg(1, UNKNOWN), chg(2)], None, {}, {2: "parked 1"}),
    "behind what is held in the same moment": (
        [msg(1, text="v2", **KNOWN), sts(2)], mem(), {}, {1: "held repeat", 2: "parked 1"},
    ),
    "what waits for another now says so": ([msg(2, FAILED), chg(3, PARKED, waits_for=1)], None, {}, {3: "parked 2"}),
    "when the way is free it goes": ([chg(2, PARKED, waits_for=1)], mem(), {}, {2: "ready!"}),
    "behind a failed status nothing goes": ([sts(1, FAILED), chg(2, turn=True)], mem(), {}, {2: "parked 1"}),
    # replacement by a later whole document
    "a later Order replaces a failed one": (
        [msg(1, FAILED, text="v1"), msg(2, text="v2")], None, {}, {1: "replaced newer", 2: "ready!"},
    ),
    "a held one": ([msg(1, HELD), msg(2, text="v2", **SAME_OR_NEW)], mem("v0"), {}, {1: "replaced newer", 2: "ready!"}),
    "a parked one behind an unknown outcome": (
        [msg(1, UNKNOWN), msg(2, PARKED, text="v2", waits_for=1), msg(3, text="v3")], None, {},
        {2: "replaced newer", 3: "parked 1"},
    ),
    "and the changes behind them": (
        [msg(1, FAILED), chg(2, PARKED, waits_for=1), msg(3, text="v3")], None, {},
        {1: "replaced newer", 2: "replaced newer", 3: "ready!"},
    ),
    "never a status": (
        [msg(1, FAILED), sts(2, PARKED, waits_for=1), msg(3, text="v3")], None, {},
        {1: "replaced newer", 3: "ready!", 2: "ready"},
    ),
    "never what is ready or on its way": ([msg(1, turn=True), msg(2, text="v2", **SAME_OR_NEW)], None, {}, {}),
    "a change replaces when its mapping says that it is whole": (
        [msg(1, FAILED), chg(2, complete_order=True)], None, {}, {1: "replaced newer", 2: "parked order-not-seen"},
    ),
    "a change that need not be whole replaces nothing": ([msg(1, FAILED), chg(2)], None, {}, {2: "parked 1"}),
    "a failed newer one replaces a failed older one": (
        [msg(1, FAILED), msg(2, FAILED, text="v2")], None, {}, {1: "replaced newer"},
    ),
    "one that is not mapped yet replaces nothing yet": ([msg(1, FAILED), raw(2, text="v2")], None, {}, {}),
    "a hand-back replaces only what it corrects": (
        [msg(1, FAILED), msg(2, origin="retry", text="v2")], None, {}, {2: "parked 1"},
    ),
    "the newest of several replaces all": (
        [msg(1, FAILED), msg(2, PARKED, text="v2", waits_for=1), msg(3, text="v3")], None, {},
        {1: "replaced newer", 2: "replaced newer", 3: "ready!"},
    ),
    "what is held in this very round is replaced in the next": (
        [msg(1, text="v2", **KNOWN), msg(2, text="v3", **KNOWN)], mem(), {},
        {1: "replaced newer", 2: "held repeat"},
    ),
    "going back to what was sent replaces the held one and is unchanged": (
        [msg(1, HELD, text="v2"), msg(2)], mem(), {}, {1: "replaced newer", 2: "unchanged unchanged"},
    ),
    "the same file again is no newer word": (
        [msg(1, FAILED, text="v2"), msg(2, text="v1", duplicate_of=7)], mem(), {}, {2: "parked 1"},
    ),
    "unless duplicates are sent": (
        [msg(1, FAILED, text="v2"), msg(2, text="v1", duplicate_of=7)], mem(), {"duplicate_file": "send"},
        {1: "replaced newer", 2: "unchanged unchanged"},
    ),
    "a change that waits for its Order is not stuck, and is not replaced by it": (
        [chg(1, PARKED, due_at=DUE), msg(2)], None, {}, {2: "ready!", 1: "ready"},
    ),
    # joining
    "a repeat equal to a held one joins it": (
        [msg(1, HELD, text="v2"), msg(2, text="v2", **KNOWN)], mem(), {}, {2: "skipped joins"},
    ),
    "a repeat equal to a failed one joins it": ([msg(1, FAILED), msg(2)], None, {}, {2: "skipped joins"}),
    "a repeat that fails alike joins it": (
        [msg(1, FAILED, content_hash=None), msg(2, FAILED, content_hash=None)], None, {}, {2: "skipped joins"},
    ),
    "a repeat that failed once and is valid now replaces it": (
        [msg(1, FAILED, content_hash=None), msg(2)], None, {}, {1: "replaced newer", 2: "ready!"},
    ),
    "a repeat that fails where the older one is held replaces it": (
        [msg(1, HELD), msg(2, FAILED)], mem("v0"), {}, {1: "replaced newer"},
    ),
    "a duplicate of a failed one joins it": ([msg(1, FAILED), msg(2, duplicate_of=7)], None, {}, {2: "skipped joins"}),
    "what a person released joins nothing": (
        [msg(1, FAILED), msg(2, approved=True)], None, {}, {1: "replaced newer", 2: "ready!"},
    ),
    "what is parked behind an unknown outcome is not joined": (
        [msg(1, UNKNOWN), msg(2, PARKED, text="v2", waits_for=1), msg(3, text="v2")], None, {},
        {2: "replaced newer", 3: "parked 1"},
    ),
    # cancellation of what never left
    "a cancellation of a failed order closes both": (
        [msg(1, FAILED), sts(2, word="cancelled")], None, {}, {1: "skipped never-sent", 2: "skipped never-sent"},
    ),
    "and what was parked between them": (
        [msg(1, HELD), chg(2, PARKED, waits_for=1), sts(3, word="canceled")], None, {},
        {1: "skipped never-sent", 2: "skipped never-sent", 3: "skipped never-sent"},
    ),
    "but what comes after them goes on": (
        [msg(1, FAILED), sts(2, word="cancelled"), msg(3, text="v2")], None, {},
        {1: "skipped never-sent", 2: "skipped never-sent", 3: "ready!"},
    ),
    "also when what comes after them is the same order again": (
        [msg(1, FAILED), sts(2, word="cancelled"), msg(3)], None, {},
        {1: "skipped never-sent", 2: "skipped never-sent", 3: "ready!"},
    ),
    "what may be a cancellation is waited for before a newer order replaces": (
        [msg(1, FAILED), raw(2, kind_hint=K.STATUS), msg(3, text="v2")], None, {}, {3: "parked 1"},
    ),
    "nor does the newer order join before": (
        [msg(1, FAILED), raw(2, kind_hint=K.STATUS), msg(3)], None, {}, {3: "parked 1"},
    ),
    "ordered again behind a cancellation is no repeat of what is held before it": (
        [msg(1, HELD, text="v2"), sts(2, PARKED, word="cancelled", waits_for=1), msg(3, text="v2", **KNOWN)], mem(), {},
        {1: "replaced newer", 2: "ready!"},
    ),
    "not when the order may have arrived": ([msg(1, UNKNOWN), sts(2, word="cancelled")], None, {}, {2: "parked 1"}),
    "not when it is on its way again": ([msg(1), sts(2, word="cancelled")], None, {}, {1: "ready!"}),
    "not when an earlier version was sent": ([msg(1, HELD), sts(2, word="cancelled")], mem("v0"), {}, {2: "parked 1"}),
    "another status closes nothing": ([msg(1, FAILED), sts(2, word="received")], None, {}, {2: "parked 1"}),
    "a cancellation without an order waits": ([sts(1, word="cancelled")], None, {}, {1: "parked order-not-seen"}),
    # the Order passes what came before it
    "the Order passes an earlier change": ([chg(1, turn=True), msg(2)], None, {}, {1: "ready", 2: "ready!"}),
    "also before it is mapped": ([sts(1, turn=True), raw(2)], None, {}, {1: "ready"}),
    "also when it fails: the others wait for it": (
        [chg(1, PARKED, due_at=DUE), msg(2, FAILED, kind=None, content_hash=None)], None, {}, {1: "parked 2"},
    ),
    "not what is on the wire": ([chg(1, SENDING), msg(2)], None, {}, {}),
    "not what failed": ([sts(1, FAILED), msg(2)], None, {}, {2: "parked 1"}),
    "never in a known order": ([chg(1), msg(2, text="v3", **SAME_OR_NEW)], mem(), {}, {1: "ready!"}),
    "the first of two Orders": ([chg(1), msg(2), msg(3, text="v3")], None, {}, {2: "ready!"}),
}  # fmt: skip


@pytest.mark.parametrize("name", ONE_MESSAGE)
def test_what_becomes_of_one_message(name: str) -> None:
    """The head of a lane against what Jakamo was last sent."""
    messages, memory, rules, expected = ONE_MESSAGE[name]

    assert expected == decide(messages, memory, **rules)


@pytest.mark.parametrize("name", LANES)
def test_what_becomes_of_a_lane(name: str) -> None:
    """Who blocks whom, who replaces whom, who may go."""
    messages, memory, rules, expected = LANES[name]

    assert expected == decide(messages, memory, **rules)


def test_the_wait_for_an_order_is_not_begun_anew() -> None:
    """Judged again in between, a change still waits no longer than it was told at first."""
    early = NOW - timedelta(minutes=9)
    (move,) = decide_lane([chg(1)], None, early, RULES)
    parked = chg(1, S.PARKED, due_at=move.due_at)

    assert early + RULES.order_wait == move.due_at
    assert [] == decide_lane([parked], None, NOW, RULES)
    (later,) = decide_lane([parked], None, early + RULES.order_wait, RULES)
    assert (S.READY, True) == (later.state, later.turn)


def test_a_wait_that_is_over_is_remembered() -> None:
    """A message that has waited is not parked again because its lane is looked at once more."""
    (move,) = decide_lane([chg(1, S.PARKED, due_at=NOW)], None, NOW, RULES)

    assert NOW == move.due_at
    assert [] == decide_lane([chg(1, S.READY, due_at=NOW, turn=True)], None, NOW, RULES)


def test_what_need_not_wait_any_more_has_no_due_time_left() -> None:
    """An order that became known frees its changes at once: an old due time would keep them back."""
    (move,) = decide_lane([sts(1, S.PARKED, due_at=DUE)], mem(), NOW, RULES)

    assert (S.READY, True, None) == (move.state, move.turn, move.due_at)


def test_a_message_that_lets_the_order_pass_keeps_its_own_wait() -> None:
    """If the Order does not go after all, the change has not lost the time it waited."""
    moves = decide_lane([chg(1, S.PARKED, due_at=DUE), msg(2)], None, NOW, RULES)

    assert {1: DUE, 2: None} == {move.message_id: move.due_at for move in moves}


def test_reasons_name_the_other_message_and_what_it_does() -> None:
    """A person reads why something waits, and which message to look at."""
    parked = decide_lane([msg(1, S.FAILED), chg(2), sts(3)], None, NOW, RULES)
    shorter = msg(4, text="v2", lost_lines="refuse", line_ids=(), **SAME_OR_NEW)
    behind = decide_lane([shorter, sts(5)], mem(), NOW, RULES)

    assert "Waits for message 1 (Order) of the same order, which failed." == parked[0].reason
    assert "Waits for message 4 (OrderChange) of the same order, which failed." == behind[1].reason
    assert "Lines that were sent earlier are missing now: 10." == behind[0].reason


def test_replaced_and_joined_messages_name_their_successor() -> None:
    """What was replaced can be followed to what took its place."""
    replaced = decide_lane([msg(1, S.FAILED), msg(2, text="v2")], None, NOW, RULES)
    joined = decide_lane([msg(1, S.FAILED), msg(2)], None, NOW, RULES)

    assert 2 == replaced[0].replaced_by
    assert (2, 1) == (joined[0].message_id, joined[0].replaced_by)


def test_the_baseline_counts_for_what_comes_behind_it() -> None:
    """Two repeats of an imported number at once: the first is the baseline, the second is compared with it."""
    first, second = msg(1, text="v1", **KNOWN), msg(2, text="v1", **KNOWN)
    other = msg(2, text="v2", **{**SAME_OR_NEW, "line_ids": ()})
    memory = mem(None, imported=True, supplier=None, buyer=None, line_ids=())
    equal = brief(decide_lane([first, second], memory, NOW, RULES))
    different = brief(decide_lane([first, other], memory, NOW, RULES))

    assert {1: "unchanged baseline", 2: "unchanged unchanged"} == equal
    assert {1: "unchanged baseline", 2: "held lost-lines"} == different


def test_many_lost_lines_are_not_all_listed() -> None:
    """A reason stays readable."""
    memory = mem(line_ids=tuple(str(line) for line in range(10, 1000, 10)))
    (move,) = decide_lane([msg(1, text="v2", **SAME_OR_NEW)], memory, NOW, RULES)

    assert (move.reason or "").count(",") == 19


@pytest.mark.parametrize("number", [0, 5, 100])
def test_an_empty_or_ended_lane_has_no_moves(number: int) -> None:
    """Nothing to do costs nothing."""
    assert [] == decide_lane([], mem(change_count=number), NOW, RULES)
