"""Statements about what Jakamo was last sent under each order number. This memory is never purged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, bindparam, select, update

from gateway.journal.batch import ForRows, insert_rows
from gateway.journal.lane_values import Memory
from gateway.journal.tables import account, order_memory
from gateway.model import MessageKind

Lane = tuple[str, str]  # account, order number
CONTENT_COLUMNS = ("content_hash", "supplier", "buyer", "line_ids")


def in_lanes(account_column: Any, order_column: Any) -> ColumnElement[bool]:
    """Match the lanes of one account that `by_account` gives, so that an index on (account, order number) serves."""
    return and_(account_column == bindparam("in_account"), order_column.in_(bindparam("in_numbers", expanding=True)))


def by_account(lanes: Iterable[Lane]) -> list[dict[str, Any]]:
    """Return the parameters of `in_lanes` for each account: statements are built once and run for each."""
    numbers: dict[str, list[str]] = {}
    for name, number in sorted(set(lanes)):
        numbers.setdefault(name, []).append(number)
    return [{"in_account": name, "in_numbers": some} for name, some in numbers.items()]


_MEMORY_COLUMNS = [
    order_memory.c[name]
    for name in (
        "account", "generation", "order_number", "content_hash", "imported", "change_count", "cancelled", "supplier",
        "buyer", "line_ids",
    )
]  # fmt: skip
_ANY_GENERATION = select(*_MEMORY_COLUMNS).where(in_lanes(order_memory.c.account, order_memory.c.order_number))
_PRESENT_GENERATION = _ANY_GENERATION.join(
    account, and_(account.c.name == order_memory.c.account, account.c.generation == order_memory.c.generation)
)
_REMEMBERED = ("last_sent_at", "last_message", "change_count", "cancelled", *CONTENT_COLUMNS)
_INSERT = insert_rows(order_memory, "account", "generation", "order_number", "imported", *_REMEMBERED)
_UPDATE = ForRows(
    update(order_memory)
    .where(
        order_memory.c.account == bindparam("w_account"),
        order_memory.c.generation == bindparam("w_generation"),
        order_memory.c.order_number == bindparam("w_number"),
    )
    .values({name: bindparam(f"v_{name}") for name in _REMEMBERED})
)


def remembered(connection: Connection, lanes: Iterable[Lane]) -> dict[Lane, Memory]:
    """Return what Jakamo was last sent, for those lanes where it was sent anything since the account is what it is."""
    return {
        (row["account"], row["order_number"]): Memory(
            content_hash=row["content_hash"],
            imported=row["imported"],
            change_count=row["change_count"],
            cancelled=row["cancelled"],
            supplier=row["supplier"],
            buyer=row["buyer"],
            line_ids=tuple(row["line_ids"] or ()),
        )
        for some in by_account(lanes)
        for row in connection.execute(_PRESENT_GENERATION, some).mappings().all()
    }


def remember_baseline(connection: Connection, row: Mapping[Any, Any]) -> None:
    """Let the first repeat of a number imported without content count as what was last sent."""
    generation = select(account.c.generation).where(account.c.name == row["account"]).scalar_subquery()
    connection.execute(
        update(order_memory)
        .where(
            order_memory.c.account == row["account"],
            order_memory.c.order_number == row["order_number"],
            order_memory.c.generation == generation,
        )
        .values(last_message=row["id"], **{name: row[name] for name in CONTENT_COLUMNS})
    )


def remember_sent(connection: Connection, rows: Sequence[RowMapping], now: datetime) -> None:
    """Note what Jakamo now has. `rows` are message rows, of different lanes, with what was sent.

    An Order or a change counts as the order's content. A status message changes nothing but `cancelled`; only an
    Order, or a change that a person or the gateway made of one, takes that back. Changes are counted.
    """
    known = _present(connection, rows)
    fresh, changed = [], []
    for row in rows:
        key = (row["account"], row["generation"], row["order_number"])
        present = known.get(key)
        values = _after(present, row, now)
        if present is None:
            names = ("account", "generation", "order_number")
            fresh.append({**dict(zip(names, key, strict=True)), "imported": False, **values})
        else:
            new = {f"v_{name}": value for name, value in values.items()}
            changed.append({**dict(zip(("w_account", "w_generation", "w_number"), key, strict=True)), **new})
    _INSERT.run(connection, fresh)
    _UPDATE.run(connection, changed)


def _present(connection: Connection, rows: Sequence[RowMapping]) -> dict[tuple[str, int, str], RowMapping]:
    return {
        (row["account"], row["generation"], row["order_number"]): row
        for some in by_account((row["account"], row["order_number"]) for row in rows)
        for row in connection.execute(_ANY_GENERATION, some).mappings().all()
    }


def _after(present: RowMapping | None, row: RowMapping, now: datetime) -> dict[str, Any]:
    """Return the memory once `row` has been sent."""
    before: dict[str, Any] = dict(present or {})
    values: dict[str, Any] = {
        "last_sent_at": now,
        "last_message": row["id"],
        "change_count": before.get("change_count", 0),
        "cancelled": bool(before.get("cancelled", False)),
        **{name: before.get(name) for name in CONTENT_COLUMNS},
    }
    if row["kind"] == MessageKind.STATUS:
        values["cancelled"] |= str(row["status_word"] or "").startswith("cancel")
        return values
    values.update({name: row[name] for name in CONTENT_COLUMNS})
    if row["kind"] == MessageKind.CHANGE:
        values["change_count"] += 1
        if row["kind_hint"] == MessageKind.CHANGE:
            return _after_explicit_change(values, before, row)
    values["cancelled"] = False
    return values


def _after_explicit_change(values: dict[str, Any], before: dict[str, Any], row: RowMapping) -> dict[str, Any]:
    """A change that may hold only what changes leaves the other lines and parties as they were."""
    if row["approved"]:
        values["cancelled"] = False
    if not row["complete_order"]:
        kept = list(before.get("line_ids") or ())
        values["line_ids"] = kept + [line for line in row["line_ids"] or () if line not in kept]
        for name in ("supplier", "buyer"):
            values[name] = row[name] if row[name] is not None else before.get(name)
    return values


def locate(connection: Connection, name: str) -> int:
    """Return the account's generation (0 when the account is not in the journal yet)."""
    found = connection.execute(select(account.c.generation).where(account.c.name == name)).scalar()
    return int(found or 0)
