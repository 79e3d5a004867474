"""Brings a message of the response queue to its durable file, in this order of effects: temp durable in
`outbox/.work/`, `stored` committed, rename and sync, `delivered`. What cannot be understood goes to
`outbox/problems/` instead, raw, with a reason: recorded first, filed second.

Whatever a stop interrupts is finished by `recover`, what the disk interrupts by `finish_all`. Nothing is ever
written twice: a missing temp means that the file had its final name already, and the ERP took it.
"""

from __future__ import annotations

import json

from sqlalchemy import Connection, RowMapping

from gateway.clock import Clock
from gateway.files.durable import FileDoor
from gateway.files.layout import MARKER, Layout, reason_names
from gateway.files.outbox_files import publish, response_name, write_unfinished
from gateway.journal import decisions, incidents, queue
from gateway.journal.journal import Journal
from gateway.journal.lanes import LaneKeeper
from gateway.journal.queue import Fetched, Reserved
from gateway.model import QueueKind, QueueState, ResponseResult

WHAT_TO_DO = (
    "Read the raw file beside this one and do by hand what it says. The next messages are fetched only after this one "
    "has left the queue, which on_problem in the settings decides."
)
AFTER_MENDING = "Mend the mapping of responses, then have it written again: gateway redeliver {order}"


class Outbox:
    """The outbox of one account. Used by one thread only; raises StorageError when the disk does not do its part."""

    def __init__(
        self, journal: Journal, keeper: LaneKeeper, files: FileDoor, layout: Layout, clock: Clock, account: str,
        template: str, *, keep_ubl: bool = False,
    ) -> None:
        self._journal, self._keeper, self._files, self._clock = journal, keeper, files, clock
        self._account, self._template, self._keep_ubl = account, template, keep_ubl
        self._outbox, self._work = layout.outbox(account), layout.outbox_work(account)
        self._problems = layout.problems(account)

    def check(self) -> None:
        """Raise ShareGone when the outbox is not there: nothing may be fetched that could not be written."""
        self._files.check_marker(self._outbox)

    def recover(self) -> None:
        """At start: finish what is stored and not delivered, then sweep unfinished files that no record knows."""
        self.finish_all()
        for entry in self._files.list_folder(self._work):
            if entry.is_file and entry.name != MARKER:
                self._files.remove(entry.path)  # written before `stored`: its message is still in the queue

    def finish_all(self) -> None:
        """Finish what is stored and not delivered."""
        journal, account = self._journal, self._account
        stored = journal.read(lambda c: queue.in_state(c, account, QueueState.STORED))
        for row in stored:
            self.finish(row)
        for row in journal.read(lambda c: queue.unfiled_problems(c, account)):
            self.finish(row)

    def deliver(self, fetched: Fetched, result: ResponseResult) -> RowMapping:
        """Bring a message from the wire to its durable file; return its row, delivered or a filed problem.

        `result` says what the ERP gets: the message itself, or what its mapping wrote.
        """
        now = self._clock.now()
        reserved = self._journal.read(lambda c: queue.next_place(c, fetched.account, now))
        name = self._name(fetched, reserved, result.ending)
        if fetched.place == "outbox":
            ubl = fetched.body if result.written is not None and self._keep_ubl else None
            body = fetched.body if result.written is None else result.written
            write_unfinished(self._files, self._work, name, body, ubl)
        return self.finish(self._journal.write(lambda c: self._store(c, fetched, reserved, name)))

    def finish(self, row: RowMapping) -> RowMapping:
        """Give a stored message its final name, or file a problem; return its row as it is then."""
        if row["state"] == QueueState.PROBLEM:
            return self._file_problem(row) if row["delivered_at"] is None else row
        if row["place"] == "outbox":
            self._rename(row["name"])
        now = self._clock.now()
        return self._journal.write(lambda c: queue.mark_delivered(c, row, now))

    def _name(self, fetched: Fetched, reserved: Reserved, ending: str) -> str:
        name = response_name(
            fetched.order_number, str(fetched.kind), reserved.at, reserved.sequence, fetched.body_hash,
            self._template, ending,
        )
        return name if fetched.place != "problems" else f"{name}.raw"

    def _store(self, connection: Connection, fetched: Fetched, reserved: Reserved, name: str) -> RowMapping:
        now = self._clock.now()
        row = queue.store(connection, fetched, reserved, name, now)
        if fetched.problem:
            what = "mapped" if fetched.understood else "understood"
            text = f"A queue message could not be {what}: {fetched.problem} See {self._problems / name}."
            incidents.raise_incident(connection, f"problem:{fetched.account}:{row['id']}", text, now)
        if fetched.understood and fetched.kind is QueueKind.RESPONSE and fetched.order_number:
            decisions.settle_by_response(connection, fetched.account, fetched.order_number, now, self._keeper, now)
        return row

    def _rename(self, name: str) -> None:
        try:
            publish(self._files, self._work, self._outbox, name)
        except FileNotFoundError:
            self._files.check_marker(self._work)  # on a share that is gone nothing can be concluded from absence
        self._files.sync_folders((self._outbox, self._work))

    def _file_problem(self, row: RowMapping) -> RowMapping:
        text_name, json_name = reason_names(row["name"])
        what_to_do = WHAT_TO_DO
        if row["order_number"] and row["kind"] in (QueueKind.RESPONSE, QueueKind.STATUS):  # understood, not mapped
            what_to_do = f"{AFTER_MENDING.format(order=row['order_number'])}\n{WHAT_TO_DO}"
        reason = {
            "problem": row["problem"],
            "order": row["order_number"],
            "fetched_at": row["fetched_at"].isoformat(),
            "headers": row["headers"],
            "what_to_do": what_to_do,
        }
        headers = "".join(f"  {name}: {value}\n" for name, value in row["headers"])
        words = f"{row['name']}\n\n{row['problem']}\n\nIt came with these headers:\n{headers}"
        text = f"{words}\nWhat to do:\n{what_to_do}\n"
        texts = {
            json_name: (json.dumps(reason, ensure_ascii=False, indent=2) + "\n").encode(),
            text_name: text.encode(),
            row["name"]: bytes(row["body"]),
        }
        for name, data in texts.items():
            if not self._files.exists(self._problems / name):  # whole if it is there: a stop came after it
                self._files.write_durably(self._problems / name, data)
        now = self._clock.now()
        return self._journal.write(lambda c: queue.mark_filed(c, row, now))
