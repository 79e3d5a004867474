"""Compare-and-set: a row moves only from the state and version in which it was seen, along the transitions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Connection, Table, insert, select

from gateway.errors import JournalError, StaleTransition
from gateway.journal.history import of_subject
from gateway.journal.journal import Journal
from gateway.journal.states import Change, change_interchanges, change_messages, change_queue_messages
from gateway.journal.tables import interchange, message, queue_message
from gateway.model import (
    INTERCHANGE_TRANSITIONS,
    MESSAGE_TRANSITIONS,
    QUEUE_TRANSITIONS,
    InterchangeState,
    MessageState,
    QueueState,
)
from tests.book import Book, order
from tests.clocks import START

State = InterchangeState | MessageState | QueueState
Changer = Callable[[Connection, Sequence[Change]], None]


def a_message(connection: Connection, key: int, state: str) -> None:
    """Insert a message in any state."""
    values: dict[str, Any] = {
        "interchange": 1, "ordinal": key, "account": "main", "generation": 1, "order_number": f"PO-{key}",
        "lane_major": 1, "lane_minor": key, "origin": "inbox", "mapping": "m", "version": 1, "turn": False,
        "state_at": START, "created_at": START, "findings": [], "attempts": 0, "tries": 0, "outage_at_first_try": 0,
        "unsure": False, "source_hash": "s", "approved": False, "repeat_rule": "hold", "lost_lines_rule": "hold",
        "complete_order": False,
    }  # fmt: skip
    connection.execute(insert(message).values(id=key, state=state, **values))


def an_interchange(connection: Connection, key: int, state: str) -> None:
    """Insert an interchange in any state."""
    values = {
        "claim": f"c{key}", "node": "n", "origin": "inbox", "folder": "", "name": "a.csv", "path": "/a.csv",
        "version": 1, "claimed_at": START, "findings": [],
    }  # fmt: skip
    connection.execute(insert(interchange).values(sequence=key, state=state, **values))


def a_queue_message(connection: Connection, key: int, state: str) -> None:
    """Insert a queue message in any state."""
    values = {
        "account": "main", "generation": 1, "sequence": key, "body": b"", "body_hash": "h", "headers": [],
        "kind": "OrderResponse", "version": 1, "acknowledged": False, "name": "n", "place": "outbox", "findings": [],
        "fetched_at": START,
    }  # fmt: skip
    connection.execute(insert(queue_message).values(id=key, state=state, **values))


KINDS: dict[str, tuple[Table, Any, Changer, Callable[[Connection, int, str], None], Mapping[Any, frozenset[Any]]]] = {
    "message": (message, message.c.id, change_messages, a_message, MESSAGE_TRANSITIONS),
    "interchange": (
        interchange, interchange.c.sequence, change_interchanges, an_interchange, INTERCHANGE_TRANSITIONS,
    ),
    "queue": (queue_message, queue_message.c.id, change_queue_messages, a_queue_message, QUEUE_TRANSITIONS),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_every_transition_of_the_table_is_allowed_and_no_other(kind: str, journal: Journal) -> None:
    """Each pair of states: written down in the model, it works and raises the version; else it is refused."""
    table, key, change, make, transitions = KINDS[kind]
    pairs = [(seen, target) for seen in transitions for target in transitions if seen is not target]

    def prepare(connection: Connection) -> None:
        for number, (seen, _) in enumerate(pairs, 1):
            make(connection, number, str(seen))

    journal.write(prepare)
    for number, (seen, target) in enumerate(pairs, 1):
        one = Change(number, seen, 1, state=str(target))
        if target in transitions[seen]:
            journal.write(lambda c, one=one: change(c, [one]))
        else:
            with pytest.raises(JournalError, match=f"cannot go from {seen} to {target}"):
                journal.write(lambda c, one=one: change(c, [one]))
    statement = select(key, table.c.state, table.c.version).order_by(key)
    found = [tuple(row) for row in journal.read(lambda c: c.execute(statement).all())]

    assert [
        (number, str(target) if target in transitions[seen] else str(seen), 2 if target in transitions[seen] else 1)
        for number, (seen, target) in enumerate(pairs, 1)
    ] == found


@pytest.mark.parametrize("kind", KINDS)
def test_staying_is_allowed_unless_it_is_the_end(kind: str, journal: Journal) -> None:
    """What else is noted of a row keeps its state; a row at its end is not touched any more."""
    _, _, change, make, transitions = KINDS[kind]
    journal.write(lambda c: [make(c, number, str(state)) for number, state in enumerate(transitions, 1)] and None)
    for number, (state, targets) in enumerate(transitions.items(), 1):
        one = Change(number, state, 1, state=str(state))
        if targets:
            journal.write(lambda c, one=one: change(c, [one]))
        else:
            with pytest.raises(JournalError, match="cannot go from"):
                journal.write(lambda c, one=one: change(c, [one]))


def test_a_state_that_does_not_exist_is_refused(journal: Journal) -> None:
    """A word that is no state never reaches the journal."""
    journal.write(lambda c: a_message(c, 1, "ready"))
    with pytest.raises(ValueError, match="gone-fishing"):
        journal.write(lambda c: change_messages(c, [Change(1, "ready", 1, state="gone-fishing")]))


@pytest.mark.parametrize(
    ("seen", "version", "present"),
    [("held", 1, "ready"), ("ready", 2, "ready"), ("ready", 0, "ready")],
    ids=["another state", "a later version", "an earlier version"],
)
def test_a_stale_change_is_refused_with_the_present_state(
    seen: str, version: int, present: str, journal: Journal
) -> None:
    """Seen in another state or version: nothing changes, and the refusal says how it is now."""
    journal.write(lambda c: a_message(c, 1, "ready"))
    with pytest.raises(StaleTransition, match="message 1 is ready") as refused:
        journal.write(lambda c: change_messages(c, [Change(1, seen, version, state="skipped")]))

    assert present == refused.value.present
    assert "Look again" in str(refused.value)


def test_of_many_the_stale_one_is_named_and_none_is_changed(journal: Journal) -> None:
    """One stale row among others undoes the whole operation, and the refusal names that row, not its neighbour."""
    journal.write(lambda c: [a_message(c, key, "held" if key == 3 else "ready") for key in range(1, 6)] and None)
    with pytest.raises(StaleTransition, match="message 3 is held, no longer ready") as refused:
        journal.write(lambda c: change_messages(c, [Change(k, "ready", 1, state="skipped") for k in range(1, 6)]))
    found = journal.read(lambda c: list(c.scalars(select(message.c.state).order_by(message.c.id))))

    assert "held" == refused.value.present
    assert ["ready", "ready", "held", "ready", "ready"] == found


def test_a_row_that_does_not_exist_is_said_to_be_gone(journal: Journal) -> None:
    """A change of nothing is no success."""
    with pytest.raises(StaleTransition, match="message 7 is gone"):
        journal.write(lambda c: change_messages(c, [Change(7, "ready", 1, state="skipped")]))


def test_the_same_row_twice_in_one_call_is_stale(journal: Journal) -> None:
    """The second change of a row saw a version that is gone."""
    journal.write(lambda c: a_message(c, 1, "ready"))
    twice = [Change(1, "ready", 1, state="held"), Change(1, "ready", 1, state="held")]
    with pytest.raises(StaleTransition):
        journal.write(lambda c: change_messages(c, twice))


def test_changes_of_different_columns_go_together(journal: Journal) -> None:
    """Rows that change different columns are changed by one call, whatever its order."""
    journal.write(lambda c: [a_message(c, key, "ready") for key in (1, 2)] and None)
    changes = [Change(1, "ready", 1, state="held", reason="why"), Change(2, "ready", 1, turn=True)]
    journal.write(lambda c: change_messages(c, changes))
    statement = select(message.c.state, message.c.reason, message.c.turn, message.c.version).order_by(message.c.id)

    assert [("held", "why", False, 2), ("ready", None, True, 2)] == [
        tuple(row) for row in journal.read(lambda c: c.execute(statement).all())
    ]


def test_an_instant_must_say_its_zone(journal: Journal) -> None:
    """A naive datetime would silently mean another hour."""
    journal.write(lambda c: a_message(c, 1, "ready"))
    naive = datetime(2026, 11, 24)  # noqa: DTZ001 - what is refused
    with pytest.raises(Exception, match="timezone-aware"):
        journal.write(lambda c: change_messages(c, [Change(1, "ready", 1, due_at=naive)]))


def test_history_only_grows(book: Book) -> None:
    """Each step of a message is on record, oldest first."""
    (key,) = book.drop(order())
    book.send_all()
    events = [row["event"] for row in book.journal.read(lambda c: of_subject(c, "message", [key]))]
    assert ["registered", "ready", "sending", "sent"] == events
