"""The error folder shows the journal: one reconciler places what waits for a person and takes away what does not.

It alone places files there, once each, on record: intent first (name, bytes), then the reason files, then
the file, then `placed`. A name never replaces another, and a file whose bytes are not those it placed is
never overwritten or removed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, RowMapping, func, select, update

from gateway.errors import FileRejected, StorageError
from gateway.files.effects import PRIVATE_FOLDER
from gateway.files.layout import extract_name, free_name, reason_names
from gateway.journal import incidents, interchanges, placements
from gateway.journal.decisions import close_rejected
from gateway.journal.tables import interchange, message
from gateway.model import MessageState
from gateway.operations.context import OperationsContext
from gateway.operations.leaving import Leaving
from gateway.operations.markers import file_marker
from gateway.operations.reasons import reason_json, reason_text

WHOLE, EXTRACT = "whole", "extract"
EXTRACTS_AT_ONCE = 100
HELD_BYTES = 2_000_000
"""A larger file is not held in memory while orders are cut out of it."""
MOST_EXTRACTS_A_FILE = 500
"""So many orders of one file lie in error/ at a time; the others follow as these leave."""
MOST_BYTES_KEPT = 16_000_000
"""Of a larger file no second copy is kept in the journal; it is never held in memory either."""


class ErrorFolder:
    """Keeps error/ and error/unknown/ as the journal has them. `step` is called by one thread only."""

    def __init__(self, context: OperationsContext) -> None:
        self._context = context
        self._leaving = Leaving(context)
        self._full: set[int] = set()  # files of which no more orders are placed for now

    def recover(self) -> None:
        """At start: finish what a stop interrupted."""
        self._carry_on()

    def step(self) -> bool:
        """Take away what has left, then place what waits; return whether anything changed.

        What is to be placed is read first: whatever made it wait has by then ended what it takes the place of, so
        that a file handed back and refused again finds its old name free.
        """
        moved = self._carry_on()
        rejected = self._context.journal.read(placements.unplaced_rejections)
        full = self._full_interchanges()
        waiting = self._context.journal.read(lambda c: placements.unplaced_messages(c, full=full))
        moved = self._leave() or moved
        return self._place(rejected, waiting) or moved

    def _full_interchanges(self) -> list[int]:
        """Return the files of which no more orders are placed for now; say so while it is so."""
        full = self._context.journal.read(lambda c: placements.full_interchanges(c, MOST_EXTRACTS_A_FILE))
        for sequence in set(full) - self._full:
            text = (
                f"{MOST_EXTRACTS_A_FILE} orders of one file lie in error/. Should more of them wait for a person, "
                "they follow as these leave; `gateway status` counts them."
            )
            self._incident(f"many-orders:{sequence}", text)
        now = self._context.clock.now()
        for sequence in self._full - set(full):
            self._context.journal.write(partial(incidents.clear, key=f"many-orders:{sequence}", now=now))
        self._full = set(full)
        return full

    def leave(
        self, row: Any, decide: Callable[[Connection], None] | None = None, filed: Path | None = None
    ) -> bool:
        """End a placement, in one commit with what is decided by it, and take its files away.

        `filed` is where a person already put the file. Return whether the placement was still as seen.
        """
        if not self._leaving.record(row, decide, filed):
            return False
        self._finish({**row, "state": "leaving"})
        return True

    def put_again(self, row: Any) -> None:
        """Put a file that was removed by hand back, with its reasons."""
        now = self._context.clock.now()
        if self._context.journal.write(lambda c: placements.set_state(c, row["id"], row["state"], "placing", now)):
            self._finish({**row, "state": "placing"})

    def _carry_on(self) -> bool:
        """Finish what a stop, or trouble with the disk, interrupted; return whether anything was."""
        rows = [r for r in self._context.journal.read(placements.active) if r["state"] in ("placing", "leaving")]
        return bool([row for row in rows if self._finish(row)])

    def _finish(self, row: Any) -> bool:
        """Carry out what is on record for a placement; trouble with one leaves the others alone. Return if done."""
        context, key = self._context, f"placement:{row['id']}"
        try:
            if row["state"] == "placing":
                self._put(row)
            else:
                self._leaving.finish(row)
        except FileExistsError:
            return self.leave(row)  # somebody put a file there meanwhile: it gets another name at the next look
        except StorageError as error:
            self._incident(key, str(error))
            return False
        if context.journal.read(lambda c: key in incidents.open_keys(c, key)):
            context.journal.write(lambda c: incidents.clear(c, key, context.clock.now()))
        return True

    # Placing

    def _place(self, rejected: Sequence[RowMapping], waiting: Sequence[RowMapping]) -> bool:
        changed = False
        for row in rejected:
            changed = self._plan_whole(row, "error") or changed
        by_interchange: dict[int, list[RowMapping]] = {}
        for row in waiting:
            by_interchange.setdefault(row["interchange"], []).append(row)
        for sequence, rows in by_interchange.items():
            changed = self._place_messages(sequence, rows) or changed
        return changed

    def _place_messages(self, sequence: int, rows: Sequence[RowMapping]) -> bool:
        context = self._context
        if context.journal.read(lambda c: placements.still_moving(c, sequence)):
            return False  # not all mapped: whether the whole file is wanted cannot be said yet
        row = context.journal.read(lambda c: interchanges.by_sequence(c, sequence))
        if row is None:
            return False
        form = row["error_form"] or self._decide_form(row, sequence)
        single = row["order_count"] == 1
        if form == WHOLE and (single or all(r["state"] != MessageState.UNKNOWN for r in rows)):
            return self._plan_whole(row, "unknown" if rows[0]["state"] == MessageState.UNKNOWN else "error")
        if single:
            return self._plan_single(row, rows[0])
        changed = False
        for start in range(0, len(rows), EXTRACTS_AT_ONCE):
            changed = self._plan_extracts(row, rows[start : start + EXTRACTS_AT_ONCE]) or changed
        return changed

    def _decide_form(self, row: RowMapping, sequence: int) -> str:
        """Whole when nothing of the file went on, a single order included; decided once."""
        whole = row["order_count"] == 1 or self._context.journal.read(lambda c: placements.all_wait(c, sequence))
        form = WHOLE if whole else EXTRACT
        statement = update(interchange).where(interchange.c.sequence == sequence).values(error_form=form)
        self._context.journal.write(lambda c: c.execute(statement) and None)
        return form

    def _plan_whole(self, row: RowMapping, folder: str) -> bool:
        files, path = self._context.files, Path(row["path"])
        try:
            sha256, size = files.sha256(path)
            data = files.read(path, MOST_BYTES_KEPT) if size <= MOST_BYTES_KEPT else None
        except FileNotFoundError:
            self._incident(f"original:{row['sequence']}", f"{row['name']} is not where it was put ({row['path']}).")
            return False
        except (FileRejected, StorageError) as error:
            self._incident(f"original:{row['sequence']}", str(error))
            return False
        return self._plan(row, None, folder, row["name"], data, sha256, self._taken(folder))

    def _plan_single(self, row: RowMapping, message_row: RowMapping) -> bool:
        """Place the only order of a file: the file itself."""
        try:
            data = self._context.files.read(Path(row["path"]), self._context.max_file_bytes + 1)
        except (FileRejected, StorageError, FileNotFoundError) as error:
            self._no_extract([message_row], error)
            return False
        return self._plan_order(row, message_row, row["name"], data, self._taken(_folder_of(message_row)))

    def _plan_extracts(self, row: RowMapping, rows: Sequence[RowMapping]) -> bool:
        """Place some orders of a file of many: what is cut out together is read once."""
        context = self._context
        try:
            spool = self._fresh_spool() if (row["size"] or 0) > HELD_BYTES else None
            ordinals = [message_row["ordinal"] for message_row in rows]
            extracts = context.extractor.extracts(rows[0]["mapping"], Path(row["path"]), ordinals, spool).result()
        except (FileRejected, StorageError, FileNotFoundError) as error:
            self._no_extract(rows, error)
            return False
        if spool is not None:
            context.files.remove(spool)
        taken = {folder: self._taken(folder) for folder in {_folder_of(message_row) for message_row in rows}}
        for message_row, data in zip(rows, extracts, strict=True):
            name = extract_name(row["name"], message_row["order_number"])
            self._plan_order(row, message_row, name, data, taken[_folder_of(message_row)])
        return True

    def _fresh_spool(self) -> Path:
        """Return where a file too large to be held may be read into; what a stop left there is removed."""
        files, spool = self._context.files, self._context.layout.extract_spool
        files.make_folder(spool.parent, PRIVATE_FOLDER)
        files.remove(spool)
        return spool

    def _no_extract(self, rows: Sequence[RowMapping], error: Exception) -> None:
        for message_row in rows:
            text = f"No extract of {message_row['order_number']} could be made: {error}"
            self._incident(f"extract:{message_row['id']}", text)

    def _plan_order(
        self, row: RowMapping, message_row: RowMapping, name: str, data: bytes, taken: set[str]
    ) -> bool:
        digest = hashlib.sha256(data).hexdigest()
        return self._plan(row, message_row["id"], _folder_of(message_row), name, data, digest, taken)

    def _taken(self, folder: str) -> set[str]:
        """Return the names that nothing may be placed under."""
        context = self._context
        active = context.journal.read(placements.active)
        taken = {entry.name for entry in context.files.list_folder(context.error_place(folder))}
        return taken | {other["name"] for other in active if other["folder"] == folder}

    def _plan(
        self,
        row: RowMapping,
        message_id: int | None,
        folder: str,
        name: str,
        data: bytes | None,
        sha256: str,
        taken: set[str],
    ) -> bool:
        """Commit the intent under a name that is not taken, then carry it out."""
        context = self._context
        chosen = free_name(name, taken, with_reasons=True)
        taken |= {chosen, *reason_names(chosen)}
        now = context.clock.now()
        values: dict[str, Any] = {
            "interchange": row["sequence"], "message": message_id, "folder": folder, "name": chosen,
            "sha256": sha256, "bytes": data, "reason_hashes": {},
        }
        trouble = f"original:{row['sequence']}" if message_id is None else f"extract:{message_id}"

        def plan(connection: Connection) -> int:
            incidents.clear(connection, trouble, now)
            return placements.plan(connection, values, now)

        key = context.journal.write(plan)
        self._finish({**values, "id": key, "state": "placing"})
        return True

    def _put(self, row: Any) -> None:
        """Write the reasons, then the file, then record that it is there. May be repeated after a stop."""
        context = self._context
        place = context.error_place(row["folder"])
        hashes = self._write_reasons(row, place)
        target = place / row["name"]
        moved = self._put_file(row, target)
        now = context.clock.now()

        def done(connection: Any) -> None:
            placements.set_state(connection, row["id"], "placing", "placed", now, reason_hashes=hashes)
            if moved:
                connection.execute(
                    update(interchange).where(interchange.c.sequence == row["interchange"]).values(path=str(target))
                )

        context.journal.write(done)

    def _put_file(self, row: Any, target: Path) -> bool:
        """Bring the file to its place; return whether the original itself was moved there."""
        context = self._context
        files = context.files
        whole = row["message"] is None
        if whole:
            owner = context.journal.read(lambda c: interchanges.by_sequence(c, row["interchange"]))
            source = Path(owner["path"]) if owner is not None else target
            if owner is not None:
                file_marker(context, owner)
            if source != target and files.exists(source):
                files.move(source, target, resume=True)
                return True
        if not (files.exists(target) and files.sha256(target)[0] == row["sha256"]):
            data = context.journal.read(lambda c: placements.bytes_of(c, row["id"]))
            if data is not None:
                files.write_durably(target, data)
        return whole

    def _write_reasons(self, row: Any, place: Path) -> dict[str, str]:
        context = self._context
        owner = context.journal.read(lambda c: interchanges.by_sequence(c, row["interchange"]))
        owners = context.journal.read(lambda c: placements.open_owners(c, row))
        now = context.clock.now()
        waiting = context.journal.read(lambda c: {o["id"]: _behind(c, o["id"]) for o in owners})
        text_name, json_name = reason_names(row["name"])
        file: dict[str, Any] = dict(owner or {})
        waits: list[dict[str, Any]] = [dict(o) for o in owners]
        text = reason_text(name=row["name"], interchange=file, messages=waits, at=now, waiting=waiting)
        texts = {
            text_name: text.encode(),
            json_name: reason_json(name=row["name"], interchange=file, messages=waits, at=now),
        }
        hashes = {}
        for name, data in texts.items():
            if context.files.exists(place / name):
                context.files.remove(place / name)  # from an interrupted placing: the name was free and is ours
            context.files.write_durably(place / name, data)
            hashes[name] = hashlib.sha256(data).hexdigest()
        return hashes

    # Leaving

    def _leave(self) -> bool:
        context = self._context
        changed = False
        for row in context.journal.read(placements.active):
            if row["state"] not in ("placed", "removed") or not self._may_leave(row):
                continue
            changed = self.leave(row) or changed
        return changed

    def _may_leave(self, row: RowMapping) -> bool:
        read = self._context.journal.read
        if read(lambda c: placements.open_owners(c, row)):
            return False
        rejected = read(lambda c: placements.rejected_owner(c, row)) if row["message"] is None else None
        if rejected is not None:
            if not read(lambda c: placements.handed_back_since(c, row)):
                return False
            self._close_rejected(row)
            return True
        return read(lambda c: placements.successor_settled(c, row))

    def _close_rejected(self, row: RowMapping) -> None:
        now = self._context.clock.now()
        self._context.journal.write(
            lambda c: close_rejected(c, row["interchange"], "handed-back", "Handed back; see the newer file.", now)
        )

    def _incident(self, key: str, text: str) -> None:
        now = self._context.clock.now()
        self._context.journal.write(lambda c: incidents.raise_incident(c, key, text, now))


def _folder_of(message_row: RowMapping) -> str:
    return "unknown" if message_row["state"] == MessageState.UNKNOWN else "error"


def _behind(connection: Any, key: int) -> int:
    """Return how many messages wait behind one."""
    statement = select(func.count()).select_from(message).where(message.c.waits_for == key)
    return int(connection.execute(statement.where(message.c.state == str(MessageState.PARKED))).scalar_one())
