"""A journal lived through at random: files, mapping, sending with every outcome, persons, restarts, time.

After every step each lane must be as the rules want it, with one message at most on the wire, and the memory
must be what was sent.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sqlalchemy import select

from gateway.journal import decisions, handbacks, sending
from gateway.journal.pass_one import oldest_in_pass_one
from gateway.journal.sending import Outgoing
from gateway.journal.tables import message
from gateway.model import MessageKind, MessageState
from tests.book import Book, Doc, change, order, status
from tests.clocks import ManualClock

S = MessageState
NUMBERS = ["PO-1", "PO-2"]
numbers = st.sampled_from([NUMBERS[0], NUMBERS[0], NUMBERS[1]])
texts = st.sampled_from(["1", "2", "3"])
docs = st.one_of(
    st.builds(order, numbers, texts, bad_cell=st.booleans(), refused=st.booleans()),
    st.builds(order, numbers, texts, lines=st.sampled_from([("10",), ("10", "20")]), supplier=st.just("S-1")),
    st.builds(change, numbers, texts),
    st.builds(status, numbers, st.sampled_from(["received", "cancelled"])),
)
OUTCOMES = st.sampled_from([S.SENT, S.SENT, S.SENT, S.FAILED, S.UNKNOWN, S.RETRYING, S.READY])


class JournalLife(RuleBasedStateMachine):
    """Whatever may happen to a journal, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.clock = ManualClock()
        self.book = Book(Path(self.folder.name), self.clock)
        self.on_the_wire: list[Outgoing] = []
        self.claimed: list[int] = []
        self.sent: list[dict[str, Any]] = []  # rows as they were when they arrived
        self.may_go_again: Counter[int] = Counter()  # tries that are allowed to be followed by another
        self.begun: Counter[int] = Counter()

    def teardown(self) -> None:
        """Let everything that can move by itself move: nothing may be left that does."""
        try:
            self._bring_to_rest()
        finally:
            self.book.close()
            self.folder.cleanup()

    def _bring_to_rest(self) -> None:
        for sequence in self.claimed:
            self.book.split(sequence)
        self.finish_all(S.SENT)
        for _ in range(40):
            self.book.map()
            self.clock.advance(3600)
            self._write(lambda c: sending.wake_due(c, self.book.keeper, self.clock.now()))
            for outgoing in self.book.begin():
                self._begun(outgoing)
                self.finish_one(outgoing, S.SENT)
        left = {row["state"] for row in self._rows() if row["state"] not in ("failed", "held", "unknown")}
        assert left <= {"sent", "unchanged", "replaced", "skipped", "parked"}
        for row in self._rows():
            if row["state"] == "parked":
                assert self.book.state(row["waits_for"]) in ("failed", "held", "unknown")

    def _write(self, operation: Any) -> Any:
        return self.book.journal.write(operation)

    def _rows(self, *states: MessageState) -> list[dict[str, Any]]:
        statement = select(message).order_by(message.c.id)
        if states:
            statement = statement.where(message.c.state.in_([str(state) for state in states]))
        return [dict(row) for row in self.book.journal.read(lambda c: c.execute(statement).mappings().all())]

    def _pick(self, data: st.DataObject, *states: MessageState) -> dict[str, Any] | None:
        rows = self._rows(*states)
        return data.draw(st.sampled_from(rows)) if rows else None

    # Files

    @rule(files=st.lists(docs, min_size=1, max_size=3), repeat=st.sampled_from(["hold", "change", "send"]))
    def drop(self, files: list[Doc], repeat: str) -> None:
        """A file comes in and is read; its orders are not mapped yet."""
        self.book.split(self.book.claim(), *files, repeat=repeat)

    @rule(files=st.lists(docs, min_size=1, max_size=3), repeat=st.sampled_from(["hold", "change", "send"]))
    def drop_and_map(self, files: list[Doc], repeat: str) -> None:
        """A file comes in and is mapped."""
        self.book.drop(*files, repeat=repeat)

    @rule()
    def claim(self) -> None:
        """A file comes in and stays in pass one."""
        self.claimed.append(self.book.claim())

    @precondition(lambda self: self.claimed)
    @rule(files=st.lists(docs, max_size=2))
    def split(self, files: list[Doc]) -> None:
        """A file leaves pass one."""
        self.book.split(self.claimed.pop(0), *files)

    @rule()
    def map(self) -> None:
        """Everything that is registered is mapped."""
        self.book.map()

    @rule(data=st.data(), doc=docs)
    def hand_back(self, data: st.DataObject, doc: Doc) -> None:
        """A corrected order takes the place of the one that failed or is held."""
        row = self._pick(data, S.FAILED, S.HELD)
        if row is None:
            return
        word = "received" if row["kind_hint"] == MessageKind.STATUS else ""
        corrected = Doc(number=row["order_number"], text=doc.text, hint=row["kind_hint"], word=word)
        place = (row["lane_major"], row["lane_minor"])
        sequence = self.book.claim(origin="retry")
        (key,) = self.book.split(sequence, corrected, place=place, repeat=row["repeat_rule"])
        self._write(lambda c: handbacks.replace(c, [(row["id"], key)], self.clock.now()))
        lane = {(row["account"], row["order_number"])}
        self._write(lambda c: self.book.keeper.settle(c, lane, self.clock.now()))

    # Sending

    @rule(limit=st.integers(1, 3), prefer=st.sampled_from([(), (MessageKind.CHANGE, MessageKind.STATUS)]))
    def begin_some(self, limit: int, prefer: tuple[MessageKind, ...]) -> None:
        """Some go."""
        self.begin(limit, prefer)

    def begin(self, limit: int, prefer: tuple[MessageKind, ...]) -> None:
        """Intents are committed, behind the gate of what is still in pass one."""
        before = self.book.journal.read(lambda c: oldest_in_pass_one(c, "main"))
        for outgoing in self.book.begin(limit, before=before, prefer=prefer):
            assert before is None or self.book.row(outgoing.id)["lane_major"] < before
            self._begun(outgoing)
            self.on_the_wire.append(outgoing)

    def _begun(self, outgoing: Outgoing) -> None:
        self.begun[outgoing.id] += 1
        assert self.begun[outgoing.id] == self.may_go_again[outgoing.id] + 1, "sent again without a reason"
        memory = self.book.memory(outgoing.order_number)
        if outgoing.kind is MessageKind.CHANGE and outgoing.fresh and memory is not None:
            assert outgoing.row["assumed_change"] == memory["change_count"] + 1, "numbered as another change"

    @precondition(lambda self: self.on_the_wire)
    @rule(state=OUTCOMES)
    def finish(self, state: MessageState) -> None:
        """An answer comes, or does not."""
        self.finish_one(self.on_the_wire.pop(0), state)

    def finish_one(self, outgoing: Outgoing, state: MessageState) -> None:
        """Record an outcome."""
        row = self.book.row(outgoing.id)
        values: dict[str, Any] = {}
        if state is S.RETRYING:
            values["due_at"] = self.clock.now()
            self.may_go_again[outgoing.id] += 1
        if state is S.READY:
            values |= {"answer": None, "booked": False}
            state = S.READY if outgoing.fresh else S.RETRYING
            self.may_go_again[outgoing.id] += 1
        if state is S.SENT:
            self.sent.append(row)
        self.book.finish(outgoing, state=state, **values)

    def finish_all(self, state: MessageState) -> None:
        """Record an outcome for everything on the wire."""
        while self.on_the_wire:
            self.finish_one(self.on_the_wire.pop(0), state)

    @rule(state=OUTCOMES)
    def send(self, state: MessageState) -> None:
        """Whatever may go goes, and all of it ends alike."""
        self.begin(5, ())
        self.finish_all(state)

    # Persons, time, restarts

    @rule(data=st.data(), arrived=st.booleans())
    def resolve(self, data: st.DataObject, arrived: bool) -> None:
        """A person answers what became of an order."""
        row = self._pick(data, S.UNKNOWN)
        if row is None:
            return
        if arrived:
            self.sent.append(row)
        else:
            self.may_go_again[row["id"]] += 1
        keeper, now = self.book.keeper, self.clock.now()
        self._write(lambda c: decisions.resolve(c, row["id"], arrived=arrived, by="x", keeper=keeper, now=now))

    @rule(data=st.data(), kind=st.sampled_from([None, MessageKind.CHANGE, MessageKind.ORDER]))
    def release(self, data: st.DataObject, kind: MessageKind | None) -> None:
        """A person lets a held message go."""
        row = self._pick(data, S.HELD)
        if row is None:
            return
        if row["kind_hint"] == MessageKind.STATUS:
            kind = None
        now = self.clock.now()
        self._write(lambda c: decisions.release(c, [row["id"]], kind, "x", self.book.keeper, now))

    @rule(data=st.data())
    def skip(self, data: st.DataObject) -> None:
        """A person takes a message out of the way."""
        row = self._pick(data, S.FAILED, S.HELD, S.PARKED)
        if row is not None:
            self._write(lambda c: decisions.skip(c, [row["id"]], "x", self.book.keeper, self.clock.now()))

    @rule(data=st.data())
    def retry(self, data: st.DataObject) -> None:
        """A person tries a failed message again."""
        row = self._pick(data, S.FAILED)
        if row is None:
            return
        if self.begun[row["id"]] > self.may_go_again[row["id"]]:
            self.may_go_again[row["id"]] += 1
        self._write(lambda c: decisions.retry(c, [row["id"]], "x", self.book.keeper, self.clock.now()))

    @rule(seconds=st.sampled_from([1, 700]))
    def time_passes(self, seconds: int) -> None:
        """What waits for its Order may have waited long enough."""
        self.clock.advance(seconds)
        self._write(lambda c: sending.wake_due(c, self.book.keeper, self.clock.now()))

    @rule()
    def restart(self) -> None:
        """The process was killed: what was on the wire is unknown."""
        self.on_the_wire.clear()

        def recover(connection: Any) -> None:
            sending.settle_unknown_at_start(connection, self.book.keeper, self.clock.now())
            self.book.keeper.settle_all(connection, self.clock.now())

        self._write(recover)

    # What always holds

    @invariant()
    def one_of_a_lane_is_on_the_wire(self) -> None:
        """Never two messages of one order number are on their way at once."""
        lanes = Counter(row["order_number"] for row in self._rows(S.SENDING))
        assert all(number <= 1 for number in lanes.values())

    @invariant()
    def only_who_may_go_has_the_turn(self) -> None:
        """One at most of each lane, ready or to be tried again, and never while another is on the wire."""
        turns = [row for row in self._rows() if row["turn"]]
        assert all(row["state"] in ("ready", "retrying") for row in turns)
        assert len({row["order_number"] for row in turns}) == len(turns)
        assert not {row["order_number"] for row in turns} & {row["order_number"] for row in self._rows(S.SENDING)}

    @invariant()
    def nothing_goes_past_what_waits_for_a_person(self) -> None:
        """A lane stands behind what failed, is held or unknown."""
        rows = self._rows()
        for turn in (row for row in rows if row["turn"]):
            before = [row for row in rows if row["order_number"] == turn["order_number"] and _place(row) < _place(turn)]
            assert not {row["state"] for row in before} & {"failed", "held", "unknown"}

    @invariant()
    def every_lane_is_up_to_date(self) -> None:
        """No step leaves a lane that the rules would move."""
        before = [(row["id"], row["version"]) for row in self._rows()]
        self._write(lambda c: self.book.keeper.settle(c, [("main", number) for number in NUMBERS], self.clock.now()))
        assert before == [(row["id"], row["version"]) for row in self._rows()]

    @invariant()
    def nothing_is_sent_twice(self) -> None:
        """A message is sent once."""
        assert all(number == 1 for number in Counter(row["id"] for row in self.sent).values())
        assert {row["id"] for row in self.sent} == {row["id"] for row in self._rows(S.SENT)}

    @invariant()
    def the_memory_is_what_was_sent(self) -> None:
        """Content, number of changes and cancellation are those of what arrived, in its order."""
        for number in NUMBERS:
            mine = [row for row in self.sent if row["order_number"] == number]
            documents = [row for row in mine if row["kind"] != MessageKind.STATUS]
            memory = self.book.memory(number)
            if not mine:
                assert memory is None
                continue
            assert memory is not None
            assert (documents[-1]["content_hash"] if documents else None) == memory["content_hash"]
            assert sum(row["kind"] == MessageKind.CHANGE for row in documents) == memory["change_count"]
            assert mine[-1]["id"] == memory["last_message"]
            if mine[-1]["status_word"] == "cancelled":
                assert memory["cancelled"]
            elif not any(row["status_word"] == "cancelled" for row in mine) or mine[-1]["kind"] == MessageKind.ORDER:
                assert not memory["cancelled"]


def _place(row: dict[str, Any]) -> tuple[int, int, int]:
    return row["lane_major"], row["lane_minor"], row["id"]


def test_a_journal_lived_through_at_random() -> None:
    """Some dozens of steps a life, in any order: see the invariants."""
    run(Phase.generate, examples=12, steps=20)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_many_journals_lived_through_at_random() -> None:
    """The same, for longer."""
    run(Phase.reuse, Phase.generate, Phase.shrink, examples=200, steps=40)


def run(*phases: Phase, examples: int, steps: int) -> None:
    """Live through some journals."""
    limits = settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=list(HealthCheck),
        phases=phases,
    )  # fmt: skip
    JournalLife.TestCase.settings = limits
    JournalLife.TestCase("runTest").runTest()
