"""The one writer: group commit, refusals that undo themselves alone, futures that follow the commit."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, insert, select, text

from gateway.errors import JournalError, StorageError
from gateway.journal.journal import Journal, open_journal
from gateway.journal.tables import route_pause
from gateway.journal.writer import Writer
from tests.clocks import START


def put(route: str) -> Callable[[Connection], str]:
    """Return an operation that writes one row."""

    def operation(connection: Connection) -> str:
        connection.execute(insert(route_pause).values(route=route, at=START, by="test"))
        return route

    return operation


def refuse(route: str) -> Callable[[Connection], str]:
    """Return an operation that writes one row and then thinks better of it."""

    def operation(connection: Connection) -> str:
        put(route)(connection)
        raise JournalError("not like this")

    return operation


def routes(journal: Journal) -> list[str]:
    """Return what is durable."""
    return sorted(journal.read(lambda c: list(c.scalars(select(route_pause.c.route)))))


class Gate:
    """An operation that keeps the writer busy until it is let go, so that what follows waits together."""

    def __init__(self, journal: Journal) -> None:
        self.entered, self.let_go = threading.Event(), threading.Event()
        self.future = journal.submit(self)
        assert self.entered.wait(5)

    def __call__(self, connection: Connection) -> None:
        self.entered.set()
        assert self.let_go.wait(5)


def test_what_waits_is_carried_out_in_one_commit(journal: Journal) -> None:
    """Operations that wait while the writer is busy share one transaction."""
    gate = Gate(journal)
    futures = [journal.submit(put(f"r{number:02}")) for number in range(20)]
    before = journal.commits
    gate.let_go.set()

    assert [f"r{number:02}" for number in range(20)] == [future.result(5) for future in futures]
    assert before + 2 == journal.commits  # the gate's own, and one for all twenty


def test_a_refused_operation_undoes_itself_alone(journal: Journal) -> None:
    """Of a batch only the refused one is undone, and only its caller hears of it."""
    gate = Gate(journal)
    before, refused, after = journal.submit(put("a")), journal.submit(refuse("b")), journal.submit(put("c"))
    gate.let_go.set()

    assert "a" == before.result(5)
    with pytest.raises(JournalError, match="not like this"):
        refused.result(5)
    assert "c" == after.result(5)
    assert ["a", "c"] == routes(journal)


def test_a_refused_operation_alone_is_rolled_back(journal: Journal) -> None:
    """The same with nobody beside it."""
    with pytest.raises(JournalError, match="not like this"):
        journal.write(refuse("a"))
    assert [] == routes(journal)


def test_an_error_of_the_database_in_one_operation_does_not_poison_the_others(journal: Journal) -> None:
    """A constraint broken by one: that one gets a StorageError, the others are durable, each once."""
    journal.write(put("taken"))
    gate = Gate(journal)
    good, bad, also_good = journal.submit(put("a")), journal.submit(put("taken")), journal.submit(put("b"))
    refused = journal.submit(refuse("d"))
    gate.let_go.set()

    assert ["a", "b"] == [good.result(5), also_good.result(5)]
    with pytest.raises(StorageError, match="UNIQUE"):
        bad.result(5)
    with pytest.raises(JournalError, match="not like this"):
        refused.result(5)
    assert ["a", "b", "taken"] == routes(journal)


def test_a_future_resolves_only_after_the_commit(journal: Journal) -> None:
    """When the caller hears of it, another connection sees it: an effect cannot run ahead of the record."""
    seen: list[int] = []
    heard = threading.Event()

    def look(_future: object) -> None:
        seen.append(journal.read(lambda c: int(c.execute(select(func.count()).select_from(route_pause)).scalar_one())))
        heard.set()

    gate = Gate(journal)
    future = journal.submit(put("a"))
    future.add_done_callback(look)
    assert 0 == journal.read(lambda c: int(c.execute(select(func.count()).select_from(route_pause)).scalar_one()))
    gate.let_go.set()
    assert heard.wait(5)

    assert [1] == seen


def test_an_unexpected_error_of_an_operation_reaches_its_caller_and_the_writer_lives(journal: Journal) -> None:
    """A mistake in one operation is that operation's, not the end of all writing."""

    def mistaken(connection: Connection) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        journal.write(mistaken)
    assert journal.alive()
    assert "a" == journal.write(put("a"))


def test_close_carries_out_what_waits_and_takes_nothing_more(tmp_path: Path) -> None:
    """What was handed over before is durable; what comes after is refused, not lost in silence."""
    url = f"sqlite:///{tmp_path / 'journal.sqlite3'}"
    journal = open_journal(url)
    gate = Gate(journal)
    futures = [journal.submit(put(route)) for route in "abc"]
    closing = threading.Thread(target=journal.close)
    closing.start()
    gate.let_go.set()
    closing.join(5)

    assert list("abc") == [future.result(0) for future in futures]
    assert not journal.alive()
    with pytest.raises(StorageError, match="closed"):
        journal.submit(put("d"))
    journal.close()  # twice is once
    again = open_journal(url)
    assert list("abc") == routes(again)
    again.close()


def test_more_than_one_batch_is_carried_out_in_order(journal: Journal) -> None:
    """However many wait, all are carried out, in the order in which they were handed over."""
    gate = Gate(journal)
    order: list[int] = []
    futures = [journal.submit(lambda c, n=number: order.append(n)) for number in range(1200)]
    gate.let_go.set()
    for future in futures:
        future.result(10)

    assert list(range(1200)) == order


def test_a_database_that_cannot_be_opened_for_writing_is_said_to_the_caller(tmp_path: Path) -> None:
    """The journal's disk is gone: the writer refuses with what the database says, and does not die."""
    journal = open_journal(f"sqlite:///{tmp_path / 'journal.sqlite3'}")
    journal.write(lambda c: c.execute(text("DROP TABLE route_pause")) and None)
    with pytest.raises(StorageError, match="no such table"):
        journal.write(put("a"))
    assert journal.alive()
    with pytest.raises(JournalError, match="could not be read"):
        routes(journal)
    journal.close()


def test_a_command_of_another_process_waits_for_the_writer_and_loses_nothing(tmp_path: Path) -> None:
    """Two writers on one file: whoever reads before it writes is not thrown out by the other's commit."""
    url = f"sqlite:///{tmp_path / 'journal.sqlite3'}"
    service, command = open_journal(url), open_journal(url)
    inside, let_go = threading.Event(), threading.Event()

    def look_then_write(connection: Connection) -> str:
        connection.execute(select(route_pause)).all()
        inside.set()
        assert let_go.wait(5)
        return put("service")(connection)

    first = service.submit(look_then_write)
    assert inside.wait(5)
    second = command.submit(put("command"))
    let_go.set()

    assert ["service", "command"] == [first.result(10), second.result(10)]
    assert ["command", "service"] == routes(service)
    service.close()
    command.close()


def test_the_writer_tells_its_callers_when_it_meets_what_it_did_not_expect(tmp_path: Path) -> None:
    """Whoever waits for an answer gets one, whatever happens in the writer's thread."""
    journal = open_journal(f"sqlite:///{tmp_path / 'journal.sqlite3'}")

    class Broken:
        """An engine that fails as no database does."""

        def connect(self) -> object:
            raise MemoryError("no room")

    writer = Writer(Broken())  # type: ignore[arg-type]  # what no engine does
    with pytest.raises(MemoryError):
        writer.submit(put("a")).result(5)
    assert writer.alive()
    writer.close()
    journal.close()
