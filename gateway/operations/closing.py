"""Closes interchanges: when each message is at its end or has its own file in error/, the original goes to done/.

The target is committed before the rename, `closed` after it, so that a stop in between is finished at start.
Many interchanges share the two commits and the folder syncs.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, exists, or_, select

from gateway.errors import StorageError
from gateway.files.layout import free_name
from gateway.journal import decisions, incidents, interchanges
from gateway.journal.history import Event, record
from gateway.journal.interchanges import ENDED_STATES
from gateway.journal.placements import PERSON_STATES
from gateway.journal.states import Change, change_interchanges
from gateway.journal.tables import interchange, message, placement
from gateway.model import InterchangeState
from gateway.operations.context import OperationsContext
from gateway.operations.markers import file_marker

I = InterchangeState  # noqa: E741 - the module's one abbreviation, read as in `gateway.model`
MOST_AT_ONCE = 500
WRITTEN_AFTER = "written-after-pickup"
INCIDENT, REMOVED = "closing:", "vanished:"  # and the sequence of the interchange

_PLACED = exists().where(
    placement.c.state.in_(("placed", "removed")),
    placement.c.interchange == message.c.interchange,
    or_(placement.c.message == message.c.id, placement.c.message.is_(None)),
)
_OPEN_MESSAGE = exists().where(
    message.c.interchange == interchange.c.sequence,
    message.c.state.not_in(ENDED_STATES),
    ~(message.c.state.in_(PERSON_STATES) & _PLACED),
)
_CLOSABLE = (
    select(interchange)
    .where(interchange.c.state == str(I.SPLIT), interchange.c.node == bindparam("node"), ~_OPEN_MESSAGE)
    .order_by(interchange.c.sequence)
    .limit(MOST_AT_ONCE)
)


class Closing:
    """Brings finished originals to their final place. `step` is called by one thread only."""

    def __init__(self, context: OperationsContext) -> None:
        self._context = context
        self._taken: tuple[Path, set[str]] | None = None
        self._unfinished = False  # a rename met trouble with the disk; to be tried again

    def recover(self) -> None:
        """Finish the renames that a stop, or trouble with the disk, interrupted."""
        context = self._context
        rows = context.journal.read(lambda c: interchanges.in_state(c, I.CLOSING, node=context.node))
        self._unfinished = False
        self._carry_out(rows)

    def step(self) -> bool:
        """Close what can be closed; return whether anything was."""
        context = self._context
        if self._unfinished:
            self.recover()
        rows = context.journal.read(lambda c: _closable(c, context.node))
        if not rows:
            return False
        ready, written_after = self._compare(rows)
        for row in written_after:
            self._hold(row)
        if not ready:
            return bool(written_after)
        targets = self._targets(ready)
        sequences = [row["sequence"] for row in ready]
        before, self._unfinished = self._unfinished, True
        context.journal.write(lambda c: _choose(c, ready, targets))
        chosen = context.journal.read(lambda c: interchanges.by_sequences(c, sequences))
        self._unfinished = before
        self._carry_out(chosen)
        return True

    def _compare(self, rows: Sequence[RowMapping]) -> tuple[list[RowMapping], list[RowMapping]]:
        """Separate files that somebody wrote to after they had been read."""
        ready: list[RowMapping] = []
        written_after: list[RowMapping] = []
        for row in rows:
            try:
                signature = str(self._context.files.entry(Path(row["path"])).signature)
                same = row["signature"] in (None, signature)
            except FileNotFoundError:
                same = True  # its absence is dealt with when it is moved
            except StorageError as error:
                self._incident(f"{INCIDENT}{row['sequence']}", str(error))
                continue  # whether it was written to cannot be told now
            (ready if same or row["error_form"] == "whole" else written_after).append(row)
        return ready, written_after

    def _hold(self, row: RowMapping) -> None:
        context = self._context
        now = context.clock.now()
        text = (
            f"{row['name']} was written to after it had been picked up. Its orders went out as it was first read; "
            "compare, and hand back what differs."
        )

        def hold(connection: Connection) -> None:
            decisions.hold_open(connection, row["sequence"], WRITTEN_AFTER, text, context.keeper, now)
            interchanges.mark_rejected(connection, row, code=WRITTEN_AFTER, reason=text, findings=(), now=now)

        context.journal.write(hold)

    def _targets(self, rows: Sequence[RowMapping]) -> dict[int, Path]:
        """Choose a free name under done/ for each original; one listing serves many."""
        context = self._context
        folder = context.layout.done_for(context.clock.now().astimezone().date())
        if self._taken is None or self._taken[0] != folder:
            context.files.make_folder(folder)
            self._taken = (folder, {entry.name for entry in context.files.list_folder(folder)})
        taken = self._taken[1]
        targets = {}
        for row in rows:
            if row["error_form"] == "whole" and Path(row["path"]).parent in (
                context.layout.error, context.layout.unknown,
            ):
                targets[row["sequence"]] = Path(row["path"])
                continue
            name = row["name"] if row["name"] not in taken else free_name(row["name"], taken)
            taken.add(name)
            targets[row["sequence"]] = folder / name
        return targets

    def _carry_out(self, rows: Sequence[RowMapping]) -> None:
        context = self._context
        moved, folders = [], set()
        before, self._unfinished = self._unfinished, self._unfinished or bool(rows)  # until all of it is on record
        for row in rows:
            source, target = Path(row["path"]), Path(row["target"])
            try:
                if source != target:
                    folders |= self._move(row, source, target)
            except FileExistsError:
                self._choose_anew(row)
                continue
            except StorageError as error:
                self._incident(f"{INCIDENT}{row['sequence']}", str(error))
                continue
            moved.append(row)
        context.files.sync_folders(folders)
        now = context.clock.now()
        context.journal.write(lambda c: _closed(c, moved, now))
        self._unfinished = before or len(moved) < len(rows)

    def _choose_anew(self, row: RowMapping) -> None:
        """Somebody put a file under the chosen name meanwhile: another name, carried out at the next look."""
        self._taken = None
        target = str(self._targets([row])[row["sequence"]])
        change = Change(row["sequence"], row["state"], row["version"], state=str(I.CLOSING), target=target)
        self._context.journal.write(lambda c: change_interchanges(c, [change]))

    def _move(self, row: RowMapping, source: Path, target: Path) -> set[Path]:
        files = self._context.files
        file_marker(self._context, row)
        try:
            files.rename(source, target)
        except FileExistsError:
            self._taken = None
            files.move(source, target, resume=True)
        except FileNotFoundError:
            if not files.exists(target):
                text = f"{row['name']} was removed from {source.parent} by hand; all of its orders are accounted for."
                self._incident(f"{REMOVED}{row['sequence']}", text)
        return {source.parent, target.parent}

    def _incident(self, key: str, text: str) -> None:
        now = self._context.clock.now()
        self._context.journal.write(lambda c: incidents.raise_incident(c, key, text, now))


def _closable(connection: Connection, node: str) -> list[RowMapping]:
    """Return split interchanges whose every message has ended or has its own file in error/."""
    return list(connection.execute(_CLOSABLE, {"node": node}).mappings().all())


def _choose(connection: Connection, rows: Sequence[RowMapping], targets: dict[int, Path]) -> None:
    change_interchanges(
        connection,
        [
            Change(
                row["sequence"], row["state"], row["version"],
                state=str(I.CLOSING), target=str(targets[row["sequence"]]),
            )
            for row in rows
        ],
    )


def _closed(connection: Connection, rows: Sequence[RowMapping], now: Any) -> None:
    change_interchanges(
        connection,
        [
            Change(
                row["sequence"], row["state"], row["version"], state=str(I.CLOSED), path=row["target"], closed_at=now
            )
            for row in rows
        ],
    )
    record(connection, now, [Event("interchange", row["sequence"], "closed", row["target"]) for row in rows])
    for key in incidents.open_keys(connection, INCIDENT) & {f"{INCIDENT}{row['sequence']}" for row in rows}:
        incidents.clear(connection, key, now)
