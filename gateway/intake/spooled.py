"""The orders of a large file become messages: from its spool, in bounded commits, before the file counts as read.

Until the last commit the file stays `claimed`, so nothing of it is mapped, sent or judged, and nothing claimed later
passes it. A stop in between costs nothing but time: at the next start what was registered of a claimed file is taken
back, and the file is read again.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path

from sqlalchemy import Connection

from gateway.intake.batches import Opened
from gateway.intake.context import IntakeContext, message_rules
from gateway.journal import incidents, interchanges, pass_one
from gateway.journal.interchanges import Registration
from gateway.journal.order_memory import locate
from gateway.mapping.spool import spooled_orders
from gateway.model import OrderSource, ReadResult

MOST_ORDERS_A_COMMIT = 200
MOST_BYTES_A_COMMIT = 2_000_000


def register_spooled(
    context: IntakeContext, one: Opened, result: ReadResult, spool: Path, over: Iterable[str]
) -> None:
    """Register the orders of a spool, then mark the file as read; `over` are incidents that end with it.

    An order with bad cells is registered too, and fails when its turn to be mapped comes: a lane must not be touched
    before the whole file stands. `take_back` undoes what a call that raised has done.
    """
    account = one.route.account
    duplicate_of, generation = context.journal.read(
        lambda c: (pass_one.duplicate_of(c, account, result.sha256, one.row["sequence"]), locate(c, account))
    )
    rules = message_rules(one.mapping, one.route)
    now = context.clock.now()
    for part in spooled_orders(spool, most_orders=MOST_ORDERS_A_COMMIT, most_bytes=MOST_BYTES_A_COMMIT):
        some = [_registration(source, one, generation, duplicate_of) for source in part]
        context.journal.write(partial(interchanges.register, row=one.row, registrations=some, rules=rules, now=now))

    def split(connection: Connection) -> None:
        pass_one.mark_split(connection, [one.split(result, duplicate_of)], now)
        for key in over:
            incidents.clear(connection, key, now)

    context.journal.write(split)


def _registration(source: OrderSource, one: Opened, generation: int, duplicate_of: int | None) -> Registration:
    return Registration(
        source=source, lane_major=one.row["sequence"], lane_minor=source.ordinal, generation=generation,
        duplicate_of=duplicate_of,
    )


def take_back(context: IntakeContext) -> None:
    """Take back what was registered of files that are still claimed, and remove their spools."""
    while context.journal.write(lambda c: pass_one.forget_unfinished(c, context.node)):
        pass
    if context.files.exists(context.layout.spools):
        for entry in context.files.list_folder(context.layout.spools):
            if entry.path != context.layout.extract_spool:  # which may be in use
                context.files.remove(entry.path)
