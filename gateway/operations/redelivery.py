"""Delivers responses to the outbox once more, because a person asked: as many new files as were asked for, and no more.

All temps durable, then one commit that reopens the messages and concludes the wish, then the renames. A stop before
the commit repeats the wish; after it, the account's receiver finishes what is `stored`, as it does for any message.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence

from sqlalchemy import Connection, RowMapping

from gateway.errors import UsageError
from gateway.files.outbox_files import publish, response_name, write_unfinished
from gateway.journal import actions, incidents, queue
from gateway.journal.queue import Reserved
from gateway.model import QueueKind, QueueState, ResponseRequest, ResponseResult
from gateway.operations.context import OperationsContext
from gateway.settings import Responses


def meant(rows: Sequence[RowMapping], *, everything: bool) -> list[RowMapping]:
    """Return which of an order's responses a wish means: all, or those the ERP never got, or else the newest.

    `rows` come oldest first, as they do from the journal.
    """
    if everything:
        return list(rows)
    return [row for row in rows if row["state"] == QueueState.PROBLEM] or list(rows[-1:])


class Redelivery:
    """Carries out the wish to deliver again. Used by one thread only."""

    def __init__(
        self, context: OperationsContext, rules: Responses, examine: Callable[[ResponseRequest], ResponseResult]
    ) -> None:
        self._context, self._rules, self._examine = context, rules, examine

    def deliver(self, rows: Sequence[RowMapping], by: str, wish: int) -> str:
        """Deliver stored messages again and conclude the action `wish`; return what was done, in words.

        Raises UsageError when a mapping still does not manage one of them: then none is delivered.
        """
        context, now = self._context, self._context.clock.now()
        mapped = [(row, self._map(row)) for row in rows]
        places = [(row, *self._write(row, result, number)) for number, (row, result) in enumerate(mapped)]
        words = f"delivered again for {by}: {', '.join(name for _, _, name in places)}"

        def reopen(connection: Connection) -> None:
            for row, reserved, name in places:
                queue.take_place(connection, row["account"], reserved)
                queue.reopen(connection, row, name, now)
                incidents.clear(connection, f"problem:{row['account']}:{row['id']}", now)
            actions.conclude(connection, wish, refused=False, result=words, now=now)

        context.journal.write(reopen)
        for row, _, name in places:
            self._finish(row, name)
        return words

    def _map(self, row: RowMapping) -> ResponseResult:
        """Return what the ERP gets for a message now; one that nobody understands is delivered as it came."""
        kind = QueueKind(row["kind"])
        if not row["order_number"] or kind not in (QueueKind.RESPONSE, QueueKind.STATUS):
            return ResponseResult()
        request = ResponseRequest(
            kind=kind, order_number=row["order_number"], account=row["account"], body=bytes(row["body"]),
            mapping=self._rules.mapping,
        )
        result = self._examine(request)
        wrong = result.unusable or result.problem
        if wrong:
            raise UsageError(f"The response {row['name']} cannot be delivered again: {wrong}")
        return result

    def _write(self, row: RowMapping, result: ResponseResult, number: int) -> tuple[Reserved, str]:
        """Write the temp of the wish's message `number`, from 0; return its place in the sequence and its name."""
        context, account = self._context, row["account"]
        first = context.journal.read(lambda c: queue.next_place(c, account, context.clock.now()))
        reserved = Reserved(sequence=first.sequence + number, at=first.at)
        name = response_name(
            row["order_number"], row["kind"], reserved.at, reserved.sequence, row["body_hash"],
            self._rules.outbox_name, result.ending,
        )
        body, mapped = bytes(row["body"]), result.written
        context.files.check_marker(context.layout.outbox(account))
        write_unfinished(
            context.files, context.layout.outbox_work(account), name, body if mapped is None else mapped,
            body if mapped is not None and self._rules.keep_ubl else None,
        )
        return reserved, name

    def _finish(self, row: RowMapping, name: str) -> None:
        context, account = self._context, row["account"]
        work, outbox = context.layout.outbox_work(account), context.layout.outbox(account)
        with contextlib.suppress(FileNotFoundError):  # the receiver saw it `stored` and was faster
            publish(context.files, work, outbox, name)
        context.files.sync_folders((outbox, work))

        def delivered(connection: Connection) -> None:
            fresh = queue.by_id(connection, row["id"])
            if fresh is not None:
                queue.mark_delivered(connection, fresh, context.clock.now())

        context.journal.write(delivered)
