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


@dataclass(frozen=True, slots=True)
class _Work:
    operation: Callable[[Connection], Any]
    future: Future[Any]


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
        """Hand over one operation; the future resolves when it is durable, or raises what it raised."""
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
            if self._closed:
                return
            self._closed = True
            self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while True:
            batch, last = self._take()
            if batch:
                self._commit(batch)
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
        outcomes: list[tuple[Future[Any], Any, BaseException | None]] = []
        try:
            with self._engine.connect() as connection, connection.begin():
                alone = len(batch) == 1
                for work in batch:
                    outcomes.append(self._carry_out(connection, work, alone))
            self.commits += 1
        except SQLAlchemyError as error:
            if len(batch) > 1:  # one operation must not take the others down: each by itself
                for work in batch:
                    self._commit([work])
                return
            trouble = StorageError(f"The journal could not be written: {_cause(error)}.")
            trouble.__cause__ = error
            _refuse(batch[0].future, trouble)
            return
        except _Refused as refused:
            _refuse(batch[0].future, refused.error)
            return
        for future, result, refusal in outcomes:
            if refusal is not None:
                _refuse(future, refusal)
            elif not future.done():
                future.set_result(result)

    @staticmethod
    def _carry_out(
        connection: Connection, work: _Work, alone: bool
    ) -> tuple[Future[Any], Any, BaseException | None]:
        """Run one operation. Alone in its transaction it needs no savepoint: the rollback is its own."""
        try:
            if alone:
                return work.future, work.operation(connection), None
            with connection.begin_nested():
                return work.future, work.operation(connection), None
        except DBAPIError:
            raise
        except Exception as error:  # noqa: BLE001 - the operation's own refusal belongs to its caller, not to the writer
            if alone:
                raise _Refused(error) from error
            return work.future, None, error


class _Refused(Exception):
    """Carries a lone operation's own error past the rollback."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


def _refuse(future: Future[Any], error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)


def _cause(error: SQLAlchemyError) -> str:
    original = getattr(error, "orig", None)
    return str(original if original is not None else error).strip().rstrip(".")
