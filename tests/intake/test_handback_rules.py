"""What becomes of one order of a handed-back file: each verdict by what the journal knows of that order number."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.intake.handback_rules import Known, Verdict, judge_handback
from gateway.model import MessageKind, MessageState

S, K = MessageState, MessageKind
ORIGINAL, OTHER = 1, 2  # the interchange that the file was linked to, and another one


def known(state: MessageState, key: int = 1, **more: Any) -> Known:
    """Return a message of the order as the journal has it, from the linked file unless told otherwise."""
    values: dict[str, Any] = {
        "interchange": ORIGINAL, "kind": K.ORDER, "revision": None, "source_hash": "same", "lane": (key, 0),
        "reason_code": None, "release_as": None, "approved": False, **more,
    }  # fmt: skip
    return Known(id=key, state=state, **values)


def judged(*messages: Known, edited: bool = False, kind: MessageKind | None = None, revision: str | None = None) -> Any:
    """Return the verdict on an order of the handed-back file."""
    return judge_handback("edited" if edited else "same", kind, revision, messages, frozenset({ORIGINAL}))


@pytest.mark.parametrize("edited", [False, True])
def test_a_failed_order_gives_its_place_to_the_correction(*, edited: bool) -> None:
    """Edited or not, it is tried again where it stood; nothing about it is approved by that."""
    assert judged(known(S.FAILED), edited=edited) == Verdict(state=S.REGISTERED, lane=(1, 0), replaces=1)


@pytest.mark.parametrize(
    ("code", "release_as"),
    [
        ("repeat", K.CHANGE), ("after-cancellation", K.CHANGE), ("other-party", K.CHANGE), ("lost-lines", K.CHANGE),
        ("mapping-ignores-known", K.CHANGE), ("duplicate", None), ("order-skipped", None),
    ],
)  # fmt: skip
def test_a_held_order_handed_back_unedited_is_released(code: str, release_as: MessageKind | None) -> None:
    """A repeat goes as a change, a duplicate as if new; an edited one is judged afresh."""
    held = known(S.HELD, reason_code=code)
    assert judged(held) == Verdict(
        state=S.REGISTERED, lane=(1, 0), replaces=1, release_as=release_as, approved=True
    )
    assert judged(held, edited=True) == Verdict(state=S.REGISTERED, lane=(1, 0), replaces=1)


def test_what_a_person_decided_before_still_counts() -> None:
    """A message that was released as a change and then failed is still meant as one."""
    failed = known(S.FAILED, release_as=K.CHANGE, approved=True)
    assert judged(failed, edited=True) == Verdict(
        state=S.REGISTERED, lane=(1, 0), replaces=1, release_as=K.CHANGE, approved=True
    )


@pytest.mark.parametrize(
    ("edited", "state", "code"), [(False, S.SKIPPED, "stale"), (True, S.HELD, "edited-but-newer-sent")]
)
def test_a_newer_version_that_was_sent_is_not_undone(*, edited: bool, state: MessageState, code: str) -> None:
    """Unedited the old one is skipped; edited a person is asked, and told which message is the newer."""
    verdict = judged(known(S.FAILED), known(S.SENT, 2, interchange=OTHER), edited=edited)
    assert (verdict.state, verdict.reason_code, verdict.replaces, verdict.lane) == (state, code, 1, None)
    assert "(message 2)" in verdict.reason


def test_an_older_version_or_a_status_is_no_newer_version() -> None:
    """What was sent before it, and a word about receiving, say nothing against the correction."""
    sent = known(S.SENT, 1, interchange=OTHER)
    status = known(S.SENT, 3, interchange=OTHER, kind=K.STATUS)
    assert judged(sent, known(S.FAILED, 2), status).replaces == 2


def test_of_several_that_wait_the_one_of_the_linked_file_is_meant() -> None:
    """Then the one with the same revision, then the newest."""
    linked, newer = known(S.FAILED, 1), known(S.FAILED, 2, interchange=OTHER)
    assert judged(linked, newer).replaces == 1
    first, second = known(S.FAILED, 1, revision="A"), known(S.FAILED, 2, revision="B")
    assert (judged(first, second, revision="A").replaces, judged(first, second, revision="C").replaces) == (1, 2)


def test_another_kind_of_message_is_not_meant() -> None:
    """A corrected change does not take the place of a failed order; one whose kind is not known yet may."""
    assert judged(known(S.FAILED), kind=K.CHANGE) == Verdict(state=S.REGISTERED)
    assert judged(known(S.FAILED, kind=None), kind=K.CHANGE).replaces == 1


def test_an_unknown_outcome_is_left_alone() -> None:
    """The question in error/unknown/ comes first; the verdict says so."""
    verdict = judged(known(S.UNKNOWN), edited=True)
    assert (verdict.state, verdict.reason_code) == (S.SKIPPED, "outcome-unknown")
    assert "error/unknown/" in verdict.reason


@pytest.mark.parametrize("state", [S.SENT, S.UNCHANGED, S.READY, S.SENDING, S.RETRYING, S.PARKED, S.REGISTERED])
def test_an_order_of_the_original_that_went_is_not_sent_again(state: MessageState) -> None:
    """Unedited it is skipped, edited it is held: a person says whether it is a change."""
    assert (judged(known(state)).state, judged(known(state)).reason_code) == (S.SKIPPED, "already-sent")
    edited = judged(known(state), edited=True)
    assert (edited.state, edited.reason_code) == (S.HELD, "edited-after-sent")
    words = "was already sent" if state in (S.SENT, S.UNCHANGED) else "is already on its way"
    assert words in edited.reason


@pytest.mark.parametrize("state", [S.SKIPPED, S.REPLACED, S.REHEARSED])
def test_an_order_that_never_went_is_new(state: MessageState) -> None:
    """What was skipped, replaced or only rehearsed does not speak against sending it."""
    assert judged(known(state)) == Verdict(state=S.REGISTERED)
    assert judged(known(S.SENT, 1), known(state, 2)).reason_code == "already-sent"


def test_an_order_that_another_file_sent_is_judged_as_any_repeat() -> None:
    """The file was not made from that one: the rule for repeats decides later."""
    assert judged(known(S.SENT, interchange=OTHER)) == Verdict(state=S.REGISTERED)
