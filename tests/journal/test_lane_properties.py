"""What holds for every lane there can be: the rules settle, one at most may go, nothing passes what blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.journal.lane_rules import decide_lane
from gateway.journal.lane_values import LaneMessage, LaneRules, Memory, Move
from gateway.model import ENDED, MESSAGE_TRANSITIONS, WAITS_FOR_PERSON
from tests.journal.lane_help import DUE, NOW, RULES, K, S, after, chg, mem, msg, raw, sts

OPEN = [state for state in S if state not in ENDED]
PLACES = range(1, 7)


@st.composite
def lane_messages(draw: st.DrawFn, key: int) -> LaneMessage:
    """Any open message of a lane, also in states that no sane history leads to."""
    kind = draw(st.sampled_from([K.ORDER, K.CHANGE, K.STATUS]))
    values: dict[str, Any] = {
        "kind": kind,
        "kind_hint": draw(st.sampled_from([None, kind])),
        "origin": draw(st.sampled_from(["inbox", "inbox", "retry"])),
        "text": draw(st.sampled_from(["v1", "v2", "v3"])),
        "assumed_known": draw(st.booleans()),
        "assumed_change": draw(st.integers(1, 3)),
        "approved": draw(st.booleans()),
        "duplicate_of": draw(st.sampled_from([None, None, 9])),
        "supplier": draw(st.sampled_from(["S-1", "S-2", None])),
        "line_ids": draw(st.sampled_from([("10",), ("10", "20"), ()])),
        "repeat": draw(st.sampled_from(["hold", "change", "send"])),
        "lost_lines": draw(st.sampled_from(["hold", "send", "refuse"])),
        "complete_order": draw(st.booleans()),
    }
    state = draw(st.sampled_from(OPEN))
    values["turn"] = state in (S.READY, S.RETRYING) and draw(st.booleans())
    if kind is K.STATUS:
        values |= {"kind_hint": K.STATUS, "status_word": draw(st.sampled_from(["received", "cancelled"]))}
    elif values["approved"]:
        values["release_as"] = draw(st.sampled_from([None, kind]))
    if state is S.PARKED:
        values |= draw(st.sampled_from([{"waits_for": 1}, {"due_at": NOW}, {"due_at": DUE}, {}]))
    if state is S.REGISTERED:
        unmapped = {"turn": False, "origin": values["origin"], "release_as": values.get("release_as")}
        return raw(key, kind_hint=values["kind_hint"], **unmapped)
    return msg(key, state, **values)


@st.composite
def lanes(draw: st.DrawFn) -> list[LaneMessage]:
    """A lane of up to six open messages, at most one of them on the wire."""
    lane = [draw(lane_messages(key)) for key in PLACES[: draw(st.integers(1, len(PLACES)))]]
    on_the_wire = [message for message in lane if message.state is S.SENDING]
    return [message if message not in on_the_wire[1:] else replace(message, state=S.READY) for message in lane]


memories = st.none() | st.builds(
    mem,
    st.sampled_from(["v1", "v2", None]),
    imported=st.booleans(),
    change_count=st.integers(0, 2),
    cancelled=st.booleans(),
    supplier=st.sampled_from(["S-1", None]),
    line_ids=st.sampled_from([("10",), ("10", "20"), ()]),
)
rules = st.builds(
    LaneRules,
    order_wait=st.just(RULES.order_wait),
    duplicate_file=st.sampled_from(["hold", "skip", "send"]),
    send=st.booleans(),
)


def with_baseline(memory: Memory | None, lane: Sequence[LaneMessage], moves: Sequence[Move]) -> Memory | None:
    """Return the memory once the moves are carried out."""
    for move in moves:
        if move.baseline and memory is not None:
            message = next(message for message in lane if message.id == move.message_id)
            memory = replace(
                memory, content_hash=message.content_hash, supplier=message.supplier, buyer=message.buyer,
                line_ids=message.line_ids,
            )  # fmt: skip
    return memory


def still_open(lane: Sequence[LaneMessage]) -> list[LaneMessage]:
    """Return what the journal would show the rules next."""
    return [message for message in lane if message.state not in ENDED]


def mapped_again(lane: Sequence[LaneMessage], memory: Memory | None) -> list[LaneMessage]:
    """Map what is registered, as `messages.to_map` and a willing stylesheet do."""
    done: list[LaneMessage] = []
    for message in lane:
        if message.state is not S.REGISTERED:
            done.append(message)
            continue
        before = [
            other
            for other in done
            if other.state in (S.REGISTERED, S.READY, S.SENDING, S.RETRYING, S.PARKED)
            and other.probable_kind is not K.STATUS
        ]
        known = memory is not None or bool(before)
        coming = len(before) - (1 if memory is None and before else 0)
        ruled = K.ORDER if known and message.repeat == "send" and message.kind_hint is None else None
        by_itself = message.kind_hint or (K.CHANGE if known else K.ORDER)
        done.append(
            replace(
                message, state=S.READY, kind=message.release_as or ruled or by_itself, assumed_known=known,
                assumed_change=(memory.change_count if memory else 0) + coming + 1,
                content_hash=message.content_hash or message.source_hash.removeprefix("raw "),
            )
        )  # fmt: skip
    return done


@settings(max_examples=120, deadline=None)
@given(lanes(), memories, rules)
def test_once_carried_out_nothing_moves_any_more(
    lane: list[LaneMessage], memory: Memory | None, rule: LaneRules
) -> None:
    """One round of moves brings a lane up to date: asked again, the rules say nothing."""
    moves = decide_lane(lane, memory, NOW, rule)
    lane = after(lane, moves)

    assert [] == decide_lane(still_open(lane), with_baseline(memory, lane, moves), NOW, rule)


@settings(max_examples=120, deadline=None)
@given(lanes(), memories, rules)
def test_mapping_again_comes_to_an_end(lane: list[LaneMessage], memory: Memory | None, rule: LaneRules) -> None:
    """What is mapped again with what is known now is not sent back to be mapped for ever."""
    rounds = 2 * len(lane) + 1
    for _ in range(rounds):
        lane = still_open(mapped_again(lane, memory))
        moves = decide_lane(lane, memory, NOW, rule)
        memory = with_baseline(memory, lane, moves)
        lane = still_open(after(lane, moves))
        if not any(message.state is S.REGISTERED for message in lane):
            return
    raise AssertionError(f"still to be mapped after {rounds} rounds")


@settings(max_examples=120, deadline=None)
@given(lanes(), memories, rules)
def test_one_at_most_has_the_turn_and_never_behind_what_blocks(
    lane: list[LaneMessage], memory: Memory | None, rule: LaneRules
) -> None:
    """Two messages of one lane never go at once; none goes past what waits for a person or is on its way."""
    lane = still_open(after(lane, decide_lane(lane, memory, NOW, rule)))
    turns = [index for index, message in enumerate(lane) if message.turn and message.state is not S.SENDING]

    assert len(turns) <= 1
    for index in turns:
        assert lane[index].state in (S.READY, S.RETRYING)
        before = {message.state for message in lane[:index]}
        assert not before & WAITS_FOR_PERSON
        assert S.SENDING not in {message.state for message in lane}
        assert S.RETRYING not in before
        if lane[index].kind is not K.ORDER or memory is not None:
            assert set() == before  # an Order alone passes, and only what has waited for it


@settings(max_examples=120, deadline=None)
@given(lanes(), memories, rules)
def test_moves_are_transitions_of_open_messages_that_nobody_else_has(
    lane: list[LaneMessage], memory: Memory | None, rule: LaneRules
) -> None:
    """What is being mapped, sent, or waits for an answer is left alone; each move is one the model allows, once."""
    by_id = {message.id: message for message in lane}
    moves = decide_lane(lane, memory, NOW, rule)

    assert len(moves) == len({move.message_id for move in moves})
    for move in moves:
        state = by_id[move.message_id].state
        assert state not in (S.REGISTERED, S.SENDING, S.UNKNOWN)
        assert move.state in MESSAGE_TRANSITIONS[state] or move.state is state
        assert not (state is S.RETRYING and move.state is not S.RETRYING)
        assert move.turn is False or move.state in (S.READY, S.RETRYING)
        assert (move.reason_code is None) == (move.state in (S.READY, S.RETRYING))


@st.composite
def fresh_lanes(draw: st.DrawFn) -> list[LaneMessage]:
    """A lane as files bring it: mapped, nothing sent yet."""
    kinds = draw(st.lists(st.sampled_from(["order", "change", "status"]), min_size=1, max_size=6))
    made = []
    for key, kind in enumerate(kinds, 1):
        text = draw(st.sampled_from(["v1", "v2", "v3"]))
        if kind == "order":
            made.append(msg(key, text=text, repeat=draw(st.sampled_from(["change", "send"]))))
        else:
            made.append(chg(key, text=text) if kind == "change" else sts(key))
    return made


@settings(max_examples=80, deadline=None)
@given(fresh_lanes())
def test_what_is_sent_is_sent_in_lane_order(lane: list[LaneMessage]) -> None:
    """Each sent message comes after those before it; only the first Order passes changes that came too early."""
    memory: Memory | None = None
    sent: list[LaneMessage] = []
    now = NOW
    for _ in range(60):
        lane = still_open(mapped_again(lane, memory))
        lane = still_open(after(lane, decide_lane(lane, memory, now, RULES)))
        head = next((message for message in lane if message.turn), None)
        if head is not None:
            sent.append(head)
            lane = [message for message in lane if message is not head]
            memory = _after_sending(memory, head)
        elif any(message.waits_for_order for message in lane):
            now += RULES.order_wait
        elif not any(message.state is S.REGISTERED for message in lane):
            break

    assert [] == lane
    places = [message.id for message in sent]
    first = next((message.id for message in sent if message.kind is K.ORDER), None)
    rest = [key for key in places if key != first]
    assert sorted(rest) == rest
    numbers = [message.assumed_change for message in sent if message.kind is K.CHANGE]
    assert list(range(1, len(numbers) + 1)) == numbers


def _after_sending(memory: Memory | None, message: LaneMessage) -> Memory:
    if message.kind is K.STATUS:
        return memory or mem(None, line_ids=(), supplier=None, buyer=None)
    changes = (memory.change_count if memory else 0) + (1 if message.kind is K.CHANGE else 0)
    return mem(message.content_hash, change_count=changes, line_ids=message.line_ids)
