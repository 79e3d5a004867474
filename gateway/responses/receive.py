"""Reads one account's response queue, in this order of effects: temp durable, `stored`, rename and sync,
`delivered`, acknowledge, `acknowledged`. Whatever stops in between is finished at start or by redelivery.

Never acknowledged: an attachment not downloaded, a 2xx that is no queue message. A head that cannot be
removed slows the poll down; it is never fetched in a tight loop.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Connection, RowMapping

from gateway.clock import Clock
from gateway.documents.ubl import QueueFacts, queue_facts
from gateway.errors import StorageError
from gateway.files.durable import FileDoor
from gateway.files.layout import Layout, outbox_name
from gateway.journal import accounts, decisions, incidents, queue
from gateway.journal.journal import Journal
from gateway.journal.lanes import LaneKeeper
from gateway.journal.queue import Fetched, Reserved
from gateway.model import Answer, AnswerClass, QueueAnswer, QueueKind, QueueState

FIRST_STUCK_SECONDS = 5.0
LONGEST_STUCK_SECONDS = 300.0
NO_ADDRESS = "The queue's first message has no X-Acknowledge-Uri; it cannot be removed."


class QueueWire(Protocol):
    """What receiving needs of the Jakamo client. Neither call raises for trouble on the wire."""

    def fetch(self) -> QueueAnswer:
        """Read the queue's head."""
        ...

    def acknowledge(self, uri: str) -> Answer:
        """Remove the queue's head; refuses an address that is not the account's own."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverSettings:
    """The settings that receiving reads."""

    account: str
    poll_seconds: float
    outbox_name: str
    keep_status_messages: bool = True
    stop_on_problem: bool = False


class Receiver:
    """The one poller of an account. `step` is called by one thread only."""

    def __init__(
        self,
        journal: Journal,
        keeper: LaneKeeper,
        files: FileDoor,
        layout: Layout,
        wire: QueueWire,
        clock: Clock,
        settings: ReceiverSettings,
        *,
        digest: Callable[[], str],
        outage: Callable[[], bool],
    ) -> None:
        self._journal, self._keeper, self._files, self._layout = journal, keeper, files, layout
        self._wire, self._clock, self._settings = wire, clock, settings
        self._digest, self._outage = digest, outage
        self._stuck_seconds = 0.0
        self._acknowledging: Future[None] | None = None
        self.said_empty = False  # the last look ended at an empty queue
        self.stuck = False
        self.blocked = False  # paused, outage, outbox gone, or the queue could not be read

    @property
    def at_rest(self) -> bool:
        """Tell whether nothing more comes without waiting: the queue said empty, or it cannot be read now."""
        return self.said_empty or self.stuck or self.blocked

    def pause(self) -> float:
        """Return how many seconds to wait before the next look."""
        return max(self._stuck_seconds, 0.0) if self.stuck else self._settings.poll_seconds

    def recover(self) -> None:
        """At start: finish what is stored and not delivered."""
        for row in self._journal.read(lambda c: queue.in_state(c, self._settings.account, QueueState.STORED)):
            self._finish(row)

    def step(self) -> bool:
        """Look once; return whether a message was dealt with, so that the next may follow at once."""
        name = self._settings.account
        self.said_empty, self.blocked = False, True
        if self._outage() or self._journal.read(lambda c: accounts.pause_of(c, name)) is not None:
            return False
        try:
            self._files.check_marker(self._layout.outbox(name))
            self.recover()
        except StorageError as error:
            self._incident("outbox", str(error))
            return False
        looked = self._wire.fetch()
        self._settle_acknowledged()
        if looked.empty:
            self._unstick()
            self.said_empty = True
            return False
        if looked.body is None:
            self._not_readable(looked.answer)
            return False
        self.blocked = False
        self._clear("poll")
        try:
            return self._take(looked, looked.body)
        except StorageError as error:
            self._incident("outbox", str(error))
            return False

    # One message

    def _take(self, looked: QueueAnswer, body: bytes) -> bool:
        name = self._settings.account
        body_hash = hashlib.sha256(body).hexdigest()
        uri = looked.header("X-Acknowledge-Uri")
        known = self._journal.read(lambda c: queue.find_redelivery(c, name, body_hash, uri))
        if known is not None:
            return self._again(known, uri)
        if not uri:
            self._stick("no-acknowledge-uri", NO_ADDRESS)
            return False
        facts = queue_facts(body, looked.headers)
        if facts.kind is QueueKind.ATTACHMENT and facts.problem is None:
            return self._attachment(facts)
        row = self._deliver(self._fetched(looked, body, body_hash, uri, facts))
        self._clear("outbox")
        if row["state"] == QueueState.PROBLEM and self._settings.stop_on_problem:
            self._stick("problem", f"A queue message could not be understood: {row['problem']}. See {row['name']}.")
            return False
        return self._acknowledge(row, uri)

    def _attachment(self, facts: QueueFacts) -> bool:
        text = f"An attachment for order {facts.order_number} ({facts.filename}) heads the queue; it cannot be fetched."
        self._stick("attachment", text)
        return False

    def _fetched(
        self, looked: QueueAnswer, body: bytes, body_hash: str, uri: str, facts: QueueFacts
    ) -> Fetched:
        place = "problems" if facts.problem else "outbox"
        if facts.kind is QueueKind.STATUS and not facts.problem and not self._settings.keep_status_messages:
            place = "none"
        return Fetched(
            account=self._settings.account, uri=uri, body=body, body_hash=body_hash, headers=looked.headers,
            kind=facts.kind, order_number=facts.order_number, place=place, problem=facts.problem,
        )

    def _deliver(self, fetched: Fetched) -> RowMapping:
        """Bring a message from the wire to its durable file; return its row, delivered or a recorded problem."""
        now = self._clock.now()
        reserved = self._journal.read(lambda c: queue.next_place(c, fetched.account, now))
        file_name = self._name(fetched, reserved)
        if fetched.place == "outbox":
            self._write_temp(file_name, fetched.body)
        elif fetched.place == "problems":
            self._write_problem(file_name, fetched)
        key = self._journal.write(lambda c: self._store(c, fetched, reserved, file_name))
        row = self._journal.read(lambda c: queue.by_id(c, key))
        assert row is not None  # noqa: S101 - committed one line above
        return self._finish(row) if fetched.problem is None else row

    def _name(self, fetched: Fetched, reserved: Reserved) -> str:
        template = self._settings.outbox_name
        name = outbox_name(
            fetched.order_number or "unknown", str(fetched.kind), reserved.at, reserved.sequence,
            fetched.body_hash[:8], template,
        )
        return name if fetched.place != "problems" else f"{name}.raw"

    def _write_temp(self, file_name: str, body: bytes) -> None:
        path = self._layout.outbox_work(self._settings.account) / file_name
        if self._files.exists(path):
            self._files.remove(path)  # left by a stop before `stored`: the message was fetched again
        self._files.write_unfinished(path, body)

    def _write_problem(self, file_name: str, fetched: Fetched) -> None:
        folder = self._layout.problems(self._settings.account)
        reason = {
            "problem": fetched.problem,
            "order": fetched.order_number,
            "headers": [list(pair) for pair in fetched.headers],
            "what_to_do": "Read the raw file. It was taken off the queue unless on_problem is stop.",
        }
        for name, data in (
            (f"{file_name}.reason.json", (json.dumps(reason, ensure_ascii=False, indent=2) + "\n").encode()),
            (file_name, fetched.body),
        ):
            if self._files.exists(folder / name):
                self._files.remove(folder / name)  # the same: not `stored` when we stopped
            self._files.write_durably(folder / name, data)

    def _store(self, connection: Connection, fetched: Fetched, reserved: Reserved, file_name: str) -> int:
        now = self._clock.now()
        key = queue.store(connection, fetched, reserved, file_name, now)
        if fetched.kind is QueueKind.RESPONSE and fetched.order_number and not fetched.problem:
            decisions.settle_by_response(
                connection, fetched.account, fetched.order_number, now, self._keeper, now
            )
        if fetched.problem:
            text = f"A queue message could not be understood: {fetched.problem}. See outbox/problems/{file_name}."
            incidents.raise_incident(connection, f"problem:{fetched.account}:{key}", text, now)
        return key

    def _finish(self, row: RowMapping) -> RowMapping:
        """Give a stored message its final name. A missing temp means that the ERP took it: delivered."""
        account = self._settings.account
        work, outbox = self._layout.outbox_work(account), self._layout.outbox(account)
        if row["place"] == "outbox":
            temp = work / row["name"]
            if self._files.exists(temp):
                self._files.rename(temp, outbox / row["name"])
                self._files.sync_folders((outbox, work))
            else:
                self._files.check_marker(work)  # on a share that is gone nothing can be concluded from absence
        now = self._clock.now()
        self._journal.write(lambda c: queue.mark_delivered(c, [row], now))
        found = self._journal.read(lambda c: queue.by_id(c, row["id"]))
        assert found is not None  # noqa: S101 - it was just updated
        return found

    # The queue's head

    def _again(self, known: RowMapping, uri: str | None) -> bool:
        """A message we have: finish it if needed, acknowledge once more, write nothing twice."""
        row = self._finish(known) if known["state"] == QueueState.STORED else known
        if row["state"] == QueueState.PROBLEM and self._settings.stop_on_problem:
            self._stick("problem", f"The queue waits behind a message that could not be understood: {row['problem']}.")
            return False
        address = uri or row["uri"]
        if not address:
            self._stick("no-acknowledge-uri", NO_ADDRESS)
            return False
        return self._acknowledge(row, address)

    def _acknowledge(self, row: RowMapping, uri: str) -> bool:
        answer = self._wire.acknowledge(uri)
        if answer.answer_class is not AnswerClass.ACCEPTED:
            order = row["order_number"] or "without order number"
            words = answer.words or answer.detail or str(answer.status)
            self._stick("stuck", f"The message for order {order} cannot be removed from the queue: {words}")
            return False
        self._unstick()
        if not row["acknowledged"]:
            now = self._clock.now()
            self._acknowledging = self._journal.submit(lambda c: queue.mark_acknowledged(c, row, now))
        return True

    def _settle_acknowledged(self) -> None:
        """Wait for the last `acknowledged`, which rode with the fetch: the next look-up must see it."""
        if self._acknowledging is not None:
            self._acknowledging.result()
            self._acknowledging = None

    def close(self) -> None:
        """Wait for what was handed to the journal."""
        self._settle_acknowledged()

    # Trouble

    def _not_readable(self, answer: Answer) -> None:
        name = self._settings.account
        words = answer.words or answer.detail or str(answer.status)
        if answer.answer_class is not AnswerClass.SETTINGS:
            self._incident("poll", f"The queue of account {name} cannot be read: {words}")
            return
        now, reason = self._clock.now(), f"The queue cannot be read: {words}"

        def pause(connection: Connection) -> None:
            if accounts.pause(connection, name, reason=reason, digest=self._digest(), by="answer", now=now):
                incidents.raise_incident(connection, f"paused:{name}", f"Account {name}: {reason}", now)

        self._journal.write(pause)

    def _stick(self, code: str, text: str) -> None:
        """Slow down before the same head: twice as long each time, up to five minutes."""
        self.stuck = True
        longest = max(LONGEST_STUCK_SECONDS, self._settings.poll_seconds)
        self._stuck_seconds = min(longest, max(FIRST_STUCK_SECONDS, self._stuck_seconds * 2))
        self._incident(f"queue:{code}", text)

    def _unstick(self) -> None:
        if self.stuck:
            self.stuck, self._stuck_seconds = False, 0.0
            for code in ("no-acknowledge-uri", "problem", "stuck", "attachment"):
                self._clear(f"queue:{code}")
        self._clear("poll")

    def _incident(self, key: str, text: str) -> None:
        now = self._clock.now()
        full = f"{key}:{self._settings.account}"
        self._journal.write(lambda c: incidents.raise_incident(c, full, text, now))

    def _clear(self, key: str) -> None:
        full = f"{key}:{self._settings.account}"
        if self._journal.read(lambda c: full in incidents.open_keys(c, full)):
            now = self._clock.now()
            self._journal.write(lambda c: incidents.clear(c, full, now))

