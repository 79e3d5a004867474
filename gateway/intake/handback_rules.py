"""What becomes of one order of a handed-back file: a pure decision over what the journal knows of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.model import MessageKind, MessageState

S = MessageState
_RELEASED_AS_CHANGE = frozenset({"repeat", "after-cancellation", "other-party", "lost-lines", "mapping-ignores-known"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One message of the same order number, as far as the rules look at it."""

    id: int
    interchange: int
    state: MessageState
    kind: MessageKind | None
    revision: str | None
    source_hash: str
    lane: tuple[int, int]
    reason_code: str | None
    release_as: MessageKind | None
    approved: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the new message becomes, whose place it takes and which older one it replaces."""

    state: MessageState
    reason_code: str | None = None
    reason: str | None = None
    lane: tuple[int, int] | None = None  # None: its own place at the end
    replaces: int | None = None
    release_as: MessageKind | None = None
    approved: bool = False


def judge_handback(
    source_hash: str,
    kind_hint: MessageKind | None,
    revision: str | None,
    known: Sequence[Known],
    originals: frozenset[int],
) -> Verdict:
    """Decide about one order of a file from `retry/`.

    `known` are all messages of this order number in the account, in lane order; `originals` the interchanges
    that the file was linked to.
    """
    waiting = [m for m in known if m.state in (S.FAILED, S.HELD)]
    match = _best(waiting, kind_hint, revision, originals)
    if match is not None:
        return _in_place_of(match, source_hash, known)
    if any(m.state is S.UNKNOWN for m in known):
        return Verdict(
            state=S.SKIPPED,
            reason_code="outcome-unknown",
            reason="The outcome of this order is still unknown: answer it in error/unknown/. It is left alone.",
        )
    from_original = [m for m in known if m.interchange in originals and _same_kind(m, kind_hint)]
    for message in reversed(from_original):
        if message.state in (S.SENT, S.UNCHANGED):
            return _already(source_hash, message, "was already sent from the original file")
        if message.state not in (S.SKIPPED, S.REPLACED, S.REHEARSED):
            return _already(source_hash, message, "is already on its way from the original file")
    return Verdict(state=S.REGISTERED)


def _best(
    waiting: Sequence[Known], kind_hint: MessageKind | None, revision: str | None, originals: frozenset[int]
) -> Known | None:
    """Return the newest that waits, preferring the linked file, the same kind and the same revision."""
    fitting = [m for m in waiting if _same_kind(m, kind_hint)]
    if not fitting:
        return None
    return max(fitting, key=lambda m: (m.interchange in originals, m.revision == revision, m.lane, m.id))


def _same_kind(message: Known, kind_hint: MessageKind | None) -> bool:
    return kind_hint is None or message.kind is None or message.kind is kind_hint


def _in_place_of(match: Known, source_hash: str, known: Sequence[Known]) -> Verdict:
    edited = source_hash != match.source_hash
    newer = [
        m
        for m in known
        if m.state is S.SENT and m.kind is not MessageKind.STATUS and (m.lane, m.id) > (match.lane, match.id)
    ]
    if newer and not edited:
        return Verdict(
            state=S.SKIPPED,
            reason_code="stale",
            reason=f"A newer version of this order has been sent since (message {newer[-1].id}).",
            replaces=match.id,
        )
    if newer:
        return Verdict(
            state=S.HELD,
            reason_code="edited-but-newer-sent",
            reason=f"It was corrected, but a newer version was sent since (message {newer[-1].id}). Which is right?",
            replaces=match.id,
        )
    release_as, approved = match.release_as, match.approved
    if match.state is S.HELD and not edited:
        approved = True
        if match.reason_code in _RELEASED_AS_CHANGE:
            release_as = MessageKind.CHANGE
    return Verdict(
        state=S.REGISTERED, lane=match.lane, replaces=match.id, release_as=release_as, approved=approved
    )


def _already(source_hash: str, message: Known, what: str) -> Verdict:
    if message.source_hash == source_hash:
        return Verdict(
            state=S.SKIPPED, reason_code="already-sent", reason=f"This order {what} (message {message.id}), unedited."
        )
    return Verdict(
        state=S.HELD,
        reason_code="edited-after-sent",
        reason=f"This order {what} (message {message.id}), and was edited since. Is it a change?",
    )
