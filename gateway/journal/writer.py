"""One writer with group commit, and readers beside it.

Whatever operations are waiting when the writer looks are carried out in one transaction, each inside its
own savepoint: a refused operation undoes itself alone. A caller's future is resolved after the commit, so
an effect that waits for it can never run ahead of the record.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from gateway.errors import StorageError

T = TypeVar("T")
MOST_OPERATIONS_A_COMMIT = 500
WRITES = "gateway_writes"
"""Execution option of a connection that will write: see `journal.make_engine`."""


@dataclass(frozen=True, slots=True)
class _Work:
    operation: Callable[[Connection], Any]
    future: Future[Any]


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What one operation gave, or why it was refused; told to its caller after the commit."""

    future: Future[Any]
    result: Any = None
    refusal: Exception | None = None


class _RolledBack(Exception):
    """Carries a lone operation's own error past the rollback of its transaction."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


class Writer:
    """The only thread that changes the journal."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._queue: queue.SimpleQueue[_Work | None] = queue.SimpleQueue()
        self._closed = False
        self._guard = threading.Lock()
        self.commits = 0
        self._thread = threading.Thread(target=self._run, name="journal-writer", daemon=True)
        self._thread.start()

    def submit(self, operation: Callable[[Connection], T]) -> Future[T]:
        """Hand over one operation; the future resolves when it is durable, or raises what it raised.

        The operation may be carried out again when another one of its commit met an error of the database, so
        it must do nothing but speak to the connection. Raises StorageError once the journal is closed.
        """
        future: Future[T] = Future()
        with self._guard:
            if self._closed:
                raise StorageError("The journal is closed.", hint="The gateway is stopping.")
            self._queue.put(_Work(operation, future))
        return future

    def alive(self) -> bool:
        """Tell whether the writer thread still works."""
        return self._thread.is_alive()

    def close(self) -> None:
        """Carry out what waits, then end."""
        with self._guard:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while True:
            batch, last = self._take()
            try:
                self._commit(batch)
            except Exception as error:  # noqa: BLE001 - the thread's outermost frame: whoever waits must hear of it
                for work in batch:
                    _refuse(work.future, error)
            if last:
                return

    def _take(self) -> tuple[list[_Work], bool]:
        batch: list[_Work] = []
        item = self._queue.get()
        while True:
            if item is None:
                return batch, True
            batch.append(item)
            if len(batch) >= MOST_OPERATIONS_A_COMMIT:
                return batch, False
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                return batch, False

    def _commit(self, batch: list[_Work]) -> None:
        try:
            outcomes = self._carry_out(batch) if batch else []
        except SQLAlchemyError as error:
            if len(batch) > 1:  # one operation must not take the others down: each by itself
                for work in batch:
                    self._commit([work])
                return
            trouble = StorageError(f"The journal could not be written: {database_words(error)}.")
            trouble.__cause__ = error
            _refuse(batch[0].future, trouble)
            return
        except _RolledBack as refused:
            _refuse(batch[0].future, refused.error)
            return
        for outcome in outcomes:
            _tell(outcome)

    def _carry_out(self, batch: list[_Work]) -> list[_Outcome]:
        """Run a batch in one transaction and return once it is durable."""
        run = _run_alone if len(batch) == 1 else _run_with_others
        with self._engine.connect() as plain:
            connection = plain.execution_options(**{WRITES: True})
            with connection.begin():
                outcomes = [run(connection, work) for work in batch]
        self.commits += 1
        return outcomes


def _run_alone(connection: Connection, work: _Work) -> _Outcome:
    """Run the only operation of a transaction. It needs no savepoint: the rollback is its own."""
    try:
        return _Outcome(work.future, work.operation(connection))
    except DBAPIError:
        raise
    except Exception as error:
        raise _RolledBack(error) from error


def _run_with_others(connection: Connection, work: _Work) -> _Outcome:
    try:
        with connection.begin_nested():
            return _Outcome(work.future, work.operation(connection))
    except DBAPIError:
        raise
    except Exception as error:  # noqa: BLE001 - the operation's own refusal belongs to its caller, not to the writer
        return _Outcome(work.future, refusal=error)


def _tell(outcome: _Outcome) -> None:
    if outcome.refusal is not None:
        _refuse(outcome.future, outcome.refusal)
    elif not outcome.future.done():
        outcome.future.set_result(outcome.result)


def _refuse(future: Future[Any], error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)


def database_words(error: SQLAlchemyError) -> str:
    """Return what the database itself said, without our statement around it."""
    original = getattr(error, "orig", None)
    return str(original if original is not None else error).strip().rstrip(".")
