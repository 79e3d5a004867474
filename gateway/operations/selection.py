"""Which messages and files a person means: by id, order number, file name or filter. Looks, changes nothing.

Each verb concerns what is in certain states (VERBS); naming something that is in none of them is refused with
the state it is in, and what an order number and an id both could mean is asked back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, RowMapping

from gateway.errors import GatewayError, UsageError
from gateway.journal import queries, totals
from gateway.journal.queries import MessageFilter
from gateway.model import MessageState

S = MessageState
REJECTED = "rejected"


class NotPossible(GatewayError):
    """What was named is there, but in a state in which this cannot be done with it."""

    code = "not-possible"
    hint = "`gateway show` tells where an order stands."


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """What a person may do, and to what."""

    name: str
    states: tuple[MessageState, ...]  # of a message named by id
    meant: tuple[MessageState, ...]  # of the messages that an order, a file or a filter stands for
    files: bool  # also rejected files
    done: str  # as in "to be skipped"


VERBS = {
    verb.name: verb
    for verb in (
        Verb(name="retry", states=(S.FAILED,), meant=(S.FAILED,), files=True, done="tried again"),
        Verb(name="release", states=(S.HELD,), meant=(S.HELD,), files=False, done="released"),
        Verb(name="resolve", states=(S.UNKNOWN,), meant=(S.UNKNOWN,), files=False, done="resolved"),
        Verb(name="skip", states=(S.FAILED, S.HELD, S.PARKED), meant=(S.FAILED, S.HELD), files=True, done="skipped"),
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What was meant: message rows (`queries.MESSAGE_COLUMNS`) and rows of rejected files.

    `left_out` passed the filter, but only a corrected file can help it.
    """

    messages: tuple[RowMapping, ...] = ()
    files: tuple[RowMapping, ...] = ()
    left_out: tuple[RowMapping, ...] = ()

    def __len__(self) -> int:
        return len(self.messages) + len(self.files)


def by_filter(connection: Connection, verb: Verb, wanted: MessageFilter) -> Selection:
    """Return everything the verb applies to that passes a filter.

    Raises UsageError for a state to which the verb never applies.
    """
    possible = {str(state) for state in verb.states} | ({REJECTED} if verb.files else set())
    for state in wanted.states:
        if state not in possible:
            raise UsageError(
                f'Nothing that is "{state}" can be {verb.done}.', hint=f"Possible: {', '.join(sorted(possible))}."
            )
    states = tuple(s for s in wanted.states if s != REJECTED) or tuple(map(str, verb.meant))
    rows: list[RowMapping] = []
    if wanted.states != (REJECTED,):
        rows = queries.messages(connection, replace(wanted, states=states), None)
    files: list[RowMapping] = []
    if verb.files and (not wanted.states or REJECTED in wanted.states):
        files = [row for row in totals.rejected_files(connection) if _passes(row, wanted)]
    rows.sort(key=lambda row: int(row["id"]))
    return Selection(
        messages=tuple(row for row in rows if not _needs_new_file(verb, row)),
        files=tuple(files),
        left_out=tuple(row for row in rows if _needs_new_file(verb, row)),
    )


def _needs_new_file(verb: Verb, row: RowMapping) -> bool:
    """Tell whether an order failed for its cells: mapped as it was read it would go without the wrong values."""
    return verb.name == "retry" and row["mapping_hash"] is None


def _check_cells(verb: Verb, rows: Sequence[RowMapping]) -> None:
    for row in rows:
        if _needs_new_file(verb, row):
            raise NotPossible(
                f"Order {row['order_number']} (message {row['id']}) has wrong values in its file: {row['reason']}",
                hint="Correct the file in the error folder and move it to the folder retry.",
            )


def _passes(row: RowMapping, wanted: MessageFilter) -> bool:
    """Tell whether a rejected file passes a filter that is meant for messages as well."""
    if wanted.code is not None and row["reason_code"] != wanted.code:
        return False
    if wanted.account is not None and row["account"] != wanted.account:
        return False
    if wanted.since is not None and row["claimed_at"] < wanted.since:
        return False
    return wanted.match is None or queries.fits_pattern(row["name"], wanted.match)


def by_targets(
    connection: Connection, verb: Verb, targets: Sequence[str], ids: Sequence[int], account: str | None
) -> Selection:
    """Return what order numbers, file names and ids stand for.

    Raises UsageError for one that is not there or could mean two things, NotPossible for one in another state.
    """
    messages: dict[int, RowMapping] = {}
    files: dict[int, RowMapping] = {}
    for target in targets:
        found = _target(connection, verb, target, account)
        messages.update({row["id"]: row for row in found.messages})
        files.update({row["sequence"]: row for row in found.files})
    for key in ids:
        messages[key] = _by_id(connection, verb, key)
    _check_cells(verb, [messages[key] for key in sorted(messages)])
    return Selection(
        messages=tuple(messages[key] for key in sorted(messages)), files=tuple(files[key] for key in sorted(files))
    )


def _target(connection: Connection, verb: Verb, target: str, account: str | None) -> Selection:
    """An order number goes first; then an id; then the name of a file."""
    of_order = queries.lane(connection, target, account)
    as_id = queries.messages_by_id(connection, [int(target)]) if target.isdecimal() and len(target) < 19 else []
    if of_order and as_id and as_id[0]["order_number"] != target:
        raise UsageError(
            f"{target} is an order number and also the id of a message of order {as_id[0]['order_number']}.",
            hint=f"Say --id {target} for that message, or --match {target} for the order.",
        )
    if of_order:
        return Selection(messages=tuple(_in_state(connection, verb, f"Order {target}", of_order)))
    if as_id:
        return Selection(messages=(_by_id(connection, verb, int(target)),))
    return _of_file(connection, verb, target)


def _by_id(connection: Connection, verb: Verb, key: int) -> RowMapping:
    found = queries.messages_by_id(connection, [key])
    if not found:
        raise UsageError(f"The journal has no message {key}.", hint="`gateway orders` lists them with their ids.")
    if found[0]["state"] not in {str(state) for state in verb.states}:
        raise NotPossible(
            f"Message {key} (order {found[0]['order_number']}) is {found[0]['state']}: it cannot be {verb.done}.",
            hint=f"Possible for: {', '.join(map(str, verb.states))}.",
        )
    return found[0]


def _of_file(connection: Connection, verb: Verb, name: str) -> Selection:
    files = queries.files_named(connection, name, 100)
    if not files:
        similar = queries.similar_numbers(connection, name)
        hint = f"Did you mean {', '.join(similar)}?" if similar else "`gateway orders` lists what there is."
        raise UsageError(f"The journal knows no order, message or file {name}.", hint=hint)
    rejected = tuple(row for row in files if row["state"] == REJECTED) if verb.files else ()
    rows = queries.messages_of_files(connection, [row["sequence"] for row in files])
    meant = tuple(row for row in rows if row["state"] in {str(state) for state in verb.meant})
    if not rejected and not meant:
        raise NotPossible(_nothing(f"File {name}", verb, sorted({row["state"] for row in rows})))
    return Selection(messages=meant, files=rejected)


def _in_state(connection: Connection, verb: Verb, what: str, rows: Sequence[RowMapping]) -> list[RowMapping]:
    ids = [row["id"] for row in rows if row["state"] in {str(state) for state in verb.meant}]
    if not ids:
        raise NotPossible(_nothing(what, verb, sorted({row["state"] for row in rows})))
    return queries.messages_by_id(connection, ids)


def _nothing(what: str, verb: Verb, states: Sequence[str]) -> str:
    present = f" (it has: {', '.join(states)})" if states else ""
    return f"{what} has nothing that could be {verb.done}{present}."
