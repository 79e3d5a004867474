"""Delivers responses to the outbox once more, because a person asked: as many new files as were asked for, and no more.

All temps durable, then one commit that reopens the messages and concludes the wish, then the renames. A stop before
the commit repeats the wish; after it, the account's receiver finishes what is `stored`, as it does for any message.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from sqlalchemy import Connection, RowMapping

from gateway.files.layout import outbox_name
from gateway.journal import actions, incidents, queue
from gateway.journal.queue import Reserved
from gateway.operations.context import OperationsContext


class Redelivery:
    """Carries out the wish to deliver again. Used by one thread only."""

    def __init__(self, context: OperationsContext, template: str) -> None:
        self._context, self._template = context, template

    def deliver(self, rows: Sequence[RowMapping], by: str, wish: int) -> str:
        """Deliver stored messages again and conclude the action `wish`; return what was done, in words."""
        context, now = self._context, self._context.clock.now()
        places = [(row, *self._write(row, number)) for number, row in enumerate(rows)]
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

    def _write(self, row: RowMapping, number: int) -> tuple[Reserved, str]:
        """Write the temp of the wish's message `number`, from 0; return its place in the sequence and its name."""
        context, account = self._context, row["account"]
        first = context.journal.read(lambda c: queue.next_place(c, account, context.clock.now()))
        reserved = Reserved(sequence=first.sequence + number, at=first.at)
        name = outbox_name(
            row["order_number"] or "unknown", row["kind"], reserved.at, reserved.sequence, row["body_hash"][:8],
            self._template,
        )
        context.files.check_marker(context.layout.outbox(account))
        context.files.write_unfinished(context.layout.outbox_work(account) / name, bytes(row["body"]))
        return reserved, name

    def _finish(self, row: RowMapping, name: str) -> None:
        context, account = self._context, row["account"]
        work, outbox = context.layout.outbox_work(account), context.layout.outbox(account)
        with contextlib.suppress(FileNotFoundError):  # the receiver saw it `stored` and was faster
            context.files.rename(work / name, outbox / name)
        context.files.sync_folders((outbox, work))

        def delivered(connection: Connection) -> None:
            fresh = queue.by_id(connection, row["id"])
            if fresh is not None:
                queue.mark_delivered(connection, fresh, context.clock.now())

        context.journal.write(delivered)
