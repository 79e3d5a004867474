"""Statements about orders that Jakamo already has by another way: declared, never sent by us.

Whatever the gateway has sent itself, or has compared with a declaration, is never overwritten by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, select
from sqlalchemy.dialects import postgresql, sqlite

from gateway.journal.history import Event, record
from gateway.journal.lanes import LaneKeeper
from gateway.journal.order_memory import locate
from gateway.journal.tables import order_memory

_CHUNK = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """One order as Jakamo has it; without `content_hash` only its number is known."""

    order_number: str
    content_hash: str | None = None
    supplier: str | None = None
    buyer: str | None = None
    line_ids: tuple[str, ...] = ()
    change_count: int = 0
    cancelled: bool = False


def record_declared(
    connection: Connection,
    account: str,
    orders: Sequence[Declared],
    keeper: LaneKeeper,
    text: str,
    now: datetime,
) -> set[str]:
    """Remember orders as if they had been sent, and settle their lanes; return the numbers that were taken.

    An order that was imported before and not met since takes the newer content; a number alone changes nothing.
    """
    generation = locate(connection, account)
    taken: set[str] = set()
    for start in range(0, len(orders), _CHUNK):
        part = orders[start : start + _CHUNK]
        with_content = [order for order in part if order.content_hash is not None]
        numbers_alone = [order for order in part if order.content_hash is None]
        taken |= _upsert(connection, account, generation, with_content, now, update=True)
        taken |= _upsert(connection, account, generation, numbers_alone, now, update=False)
    record(connection, now, [Event("account", generation, "imported", f"{account}: {len(taken)} order(s) {text}")])
    keeper.settle(connection, {(account, number) for number in taken}, now)
    return taken


def _upsert(
    connection: Connection, account: str, generation: int, orders: Sequence[Declared], now: datetime, *, update: bool
) -> set[str]:
    if not orders:
        return set()
    module: Any = sqlite if connection.dialect.name == "sqlite" else postgresql
    statement = module.insert(order_memory)
    key = ["account", "generation", "order_number"]
    if update:
        columns = ("content_hash", "supplier", "buyer", "line_ids", "change_count", "cancelled", "last_sent_at")
        statement = statement.on_conflict_do_update(
            index_elements=key,
            set_={name: statement.excluded[name] for name in columns},
            where=and_(order_memory.c.imported.is_(True), order_memory.c.last_message.is_(None)),
        )
    else:
        statement = statement.on_conflict_do_nothing(index_elements=key)
    rows = [_values(account, generation, order, now) for order in orders]
    return set(connection.scalars(statement.returning(order_memory.c.order_number), rows))


def _values(account: str, generation: int, order: Declared, now: datetime) -> dict[str, Any]:
    return {
        "account": account,
        "generation": generation,
        "order_number": order.order_number,
        "content_hash": order.content_hash,
        "change_count": order.change_count,
        "cancelled": order.cancelled,
        "supplier": order.supplier,
        "buyer": order.buyer,
        "line_ids": list(order.line_ids) if order.content_hash is not None else None,
        "last_message": None,
        "last_sent_at": now,
        "imported": True,
    }


def known_numbers(connection: Connection, account: str, numbers: Sequence[str]) -> dict[str, bool]:
    """Return which numbers are remembered, and of each whether a declaration may still change it."""
    generation = locate(connection, account)
    found: dict[str, bool] = {}
    for start in range(0, len(numbers), _CHUNK):
        statement = select(order_memory.c.order_number, order_memory.c.imported, order_memory.c.last_message).where(
            order_memory.c.account == account,
            order_memory.c.generation == generation,
            order_memory.c.order_number.in_(numbers[start : start + _CHUNK]),
        )
        found.update({row[0]: bool(row[1]) and row[2] is None for row in connection.execute(statement)})
    return found
