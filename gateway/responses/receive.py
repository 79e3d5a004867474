"""Reads one account's response queue: fetch, bring to its durable file, acknowledge, `acknowledged`. Whatever
stops in between is finished at start or by redelivery.

Never acknowledged: an attachment not downloaded, a 2xx that is no queue message. A head that cannot be
removed slows the poll down; it is never fetched in a tight loop.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Connection, RowMapping

from gateway.clock import Clock
from gateway.documents.ubl import QueueFacts, queue_facts
from gateway.errors import GatewayError, StaleTransition, StorageError
from gateway.files.durable import FileDoor
from gateway.files.layout import Layout
from gateway.journal import accounts, incidents, queue
from gateway.journal.journal import Journal
from gateway.journal.lanes import LaneKeeper
from gateway.journal.queue import Fetched
from gateway.model import (
    Answer,
    AnswerClass,
    QueueAnswer,
    QueueKind,
    QueueState,
    ResponseRequest,
    ResponseResult,
)
from gateway.responses.outbox import Outbox
from gateway.responses.standstill import Standstill

REPEATS_AT_FULL_SPEED = 3
"""So often in a row a head that was acknowledged may come again before the poll slows down."""


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
    mapping: str = ""
    keep_ubl: bool = False
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
        examine: Callable[[ResponseRequest], ResponseResult],
        digest: Callable[[], str],
        outage: Callable[[], bool],
    ) -> None:
        self._journal, self._wire, self._clock, self._settings = journal, wire, clock, settings
        self._examine, self._digest, self._outage = examine, digest, outage
        self._outbox = Outbox(
            journal, keeper, files, layout, clock, settings.account, settings.outbox_name, keep_ubl=settings.keep_ubl
        )
        self._standstill = Standstill(journal, clock, settings.account, settings.poll_seconds)
        self._acknowledging: Future[None] | None = None
        self._unfinished = True  # something may be stored and not delivered
        self._unanswered = True  # something may be delivered and not acknowledged
        self._repeats = 0
        self._due_at = 0.0  # monotonic: no look at the queue before
        self.said_empty = False  # the last look ended at an empty queue
        self.blocked = False  # paused, outage, outbox gone, or the queue could not be read

    @property
    def stuck(self) -> bool:
        """Tell whether the head of the queue cannot be removed."""
        return self._standstill.stuck

    @property
    def at_rest(self) -> bool:
        """Tell whether nothing more comes without waiting: the queue said empty, or it cannot be read now."""
        return self.said_empty or self.stuck or self.blocked

    def pause(self) -> float:
        """Return how many seconds to wait before the next look."""
        if self.stuck:
            return self._standstill.wait_seconds
        left = self._due_at - self._clock.monotonic()
        return left if left > 0 else self._settings.poll_seconds

    def look_now(self) -> None:
        """Let the next step look at the queue although its time has not come; a stuck head is left alone."""
        self._due_at = 0.0

    def recover(self) -> None:
        """At start: finish what is stored and not delivered. Trouble with the disk is tried again by each look."""
        try:
            self._outbox.check()
            self._outbox.recover()
        except StorageError as error:
            self._standstill.say("outbox", str(error))
            return
        self._unfinished = False

    def step(self) -> bool:
        """Look once; return whether a message was dealt with, so that the next may follow at once.

        Woken early it does nothing: whatever else goes on in the service must not hurry the poll.
        """
        if self._standstill.wait_seconds > 0 or self._clock.monotonic() < self._due_at:
            return False
        self.said_empty = False
        self.blocked = self._stands_still()
        if self.blocked:
            return False
        looked = self._wire.fetch()
        self._settle_acknowledged()
        if looked.empty:
            self._moved_on(None)
            self._standstill.unstick()
            self._standstill.over("poll")
            self._rest(self._settings.poll_seconds)
            self._unfinished = True  # a redelivery may have met trouble with the disk: looked for once in a while
            self.said_empty = True
            return False
        if looked.body is None:
            self._rest(max(self._settings.poll_seconds, looked.answer.retry_after_seconds or 0.0))
            self.blocked = True
            self._not_readable(looked.answer)
            return False
        self._standstill.over("poll")
        try:
            return self._take(looked, looked.body)
        except StaleTransition:
            return True  # a person has it delivered again at this moment: look anew
        except StorageError as error:
            self._disk_trouble(error)
            return False

    def _rest(self, seconds: float) -> None:
        self._due_at = self._clock.monotonic() + seconds

    def _stands_still(self) -> bool:
        """Tell whether nothing may be fetched now: paused, an outage, or no outbox to write to."""
        name = self._settings.account
        if self._outage() or self._journal.read(lambda c: accounts.pause_of(c, name)) is not None:
            return True
        try:
            self._outbox.check()
            if self._unfinished:
                self._outbox.finish_all()
                self._unfinished = False
        except StaleTransition:
            pass  # a person has one delivered again at this moment: the next look finishes what is left
        except StorageError as error:
            self._disk_trouble(error)
            return True
        self._standstill.over("outbox")
        return False

    def _disk_trouble(self, error: StorageError) -> None:
        self._unfinished = self.blocked = True
        self._standstill.say("outbox", str(error))

    # One message

    def _take(self, looked: QueueAnswer, body: bytes) -> bool:
        name = self._settings.account
        body_hash = hashlib.sha256(body).hexdigest()
        uri = looked.header("X-Acknowledge-Uri")
        known = self._journal.read(lambda c: queue.find_redelivery(c, name, body_hash, uri))
        self._moved_on(known)
        if known is not None:
            return self._again(known, uri)
        self._repeats = 0
        if not uri:
            self._no_address()
            return False
        facts = queue_facts(body, looked.headers)
        if facts.kind is QueueKind.ATTACHMENT and facts.problem is None:
            what = f"An attachment for order {facts.order_number} heads the queue ({facts.filename})"
            self._standstill.stick("attachment", f"{what}; it is not fetched yet.")
            return False
        result = self._looked_over(facts, body)
        if result is None:
            return False
        row = self._outbox.deliver(self._fetched(looked, body, body_hash, uri, facts, result), result)
        return self._acknowledge(row, uri)

    def _looked_over(self, facts: QueueFacts, body: bytes) -> ResponseResult | None:
        """Return what is wrong with a message and what the ERP gets; None when the mapping cannot be used now.

        Then the message stays in the queue: it must not become a problem for what is ours to mend.
        """
        if facts.problem is not None or facts.order_number is None:
            return ResponseResult()
        name, mapping = self._settings.account, self._settings.mapping
        if facts.kind is QueueKind.STATUS and not self._settings.keep_status_messages:
            mapping = ""
        request = ResponseRequest(
            kind=facts.kind, order_number=facts.order_number, account=name, body=body, mapping=mapping
        )
        try:
            result = self._examine(request)
            wrong = result.unusable
        except GatewayError as error:
            wrong = str(error)
        if wrong is None:
            self._standstill.over("mapping")
            return result
        self.blocked = True
        self._rest(self._settings.poll_seconds)
        self._standstill.say("mapping", f"Responses of account {name} wait in the queue: {wrong}")
        return None

    def _fetched(
        self, looked: QueueAnswer, body: bytes, body_hash: str, uri: str, facts: QueueFacts, result: ResponseResult
    ) -> Fetched:
        problem = facts.problem or result.problem
        place = "problems" if problem else "outbox"
        if facts.kind is QueueKind.STATUS and not problem and not self._settings.keep_status_messages:
            place = "none"
        return Fetched(
            account=self._settings.account, uri=uri, body=body, body_hash=body_hash, headers=looked.headers,
            kind=facts.kind, order_number=facts.order_number, place=place, problem=problem,
            understood=facts.problem is None, findings=result.findings,
        )

    # The queue's head

    def _again(self, known: RowMapping, uri: str | None) -> bool:
        """A message we have: finish it if needed, acknowledge once more, write nothing twice."""
        row = self._outbox.finish(known) if known["state"] in (QueueState.STORED, QueueState.PROBLEM) else known
        address = uri or row["uri"]
        if not address:
            self._no_address()
            return False
        self._repeats = self._repeats + 1 if row["acknowledged"] else 0
        if not self._acknowledge(row, address):
            return False
        if self._repeats <= REPEATS_AT_FULL_SPEED:
            return True
        self._stick_at(row, "it is acknowledged, and comes again.")
        return False

    def _acknowledge(self, row: RowMapping, uri: str) -> bool:
        if row["state"] == QueueState.PROBLEM and self._settings.stop_on_problem:
            words = f"The queue waits behind a message that could not be understood: {row['problem']}"
            self._standstill.stick("problem", f"{words} See {row['name']} in the folder problems of the outbox.")
            return False
        answer = self._wire.acknowledge(uri)
        if answer.answer_class is not AnswerClass.ACCEPTED:
            self._unanswered = True
            self._stick_at(row, answer.words or answer.detail or str(answer.status))
            return False
        if self._repeats <= REPEATS_AT_FULL_SPEED:
            self._standstill.unstick()
        if not row["acknowledged"]:
            now = self._clock.now()
            self._acknowledging = self._journal.submit(lambda c: queue.mark_acknowledged(c, row, now))
        return True

    def _stick_at(self, row: RowMapping, words: str) -> None:
        order = row["order_number"] or "without order number"
        text = f"The message for order {order} ({row['name']}) cannot be removed from the queue: {words}"
        self._standstill.stick("stuck", text)

    def _no_address(self) -> None:
        text = "The queue's first message has no X-Acknowledge-Uri; it is neither delivered nor can it be removed."
        self._standstill.stick("no-acknowledge-uri", text)

    def _moved_on(self, head: RowMapping | None) -> None:
        """Another head, or none: what stood there before was removed, although its answer never came.

        Were it still thought to be waiting, a later message of the same words would be taken for it.
        """
        if not self._unanswered:
            return
        name, now, key = self._settings.account, self._clock.now(), head["id"] if head is not None else None
        waiting = self._journal.read(lambda c: queue.unacknowledged(c, name))
        gone = [row for row in waiting if row["id"] != key]
        if gone:
            self._journal.write(lambda c: queue.mark_gone(c, gone, now))
        self._unanswered = key is not None

    def _settle_acknowledged(self) -> None:
        """Wait for the last `acknowledged`, which rode with the fetch: the next look-up must see it."""
        if self._acknowledging is None:
            return
        try:
            self._acknowledging.result()
        except StaleTransition:
            self._unanswered = True  # delivered again meanwhile; recorded as soon as the queue shows another head
        finally:
            self._acknowledging = None

    def close(self) -> None:
        """Wait for what was handed to the journal."""
        self._settle_acknowledged()

    def _not_readable(self, answer: Answer) -> None:
        name = self._settings.account
        words = answer.words or answer.detail or str(answer.status)
        if answer.answer_class is not AnswerClass.SETTINGS:
            self._standstill.say("poll", f"The queue of account {name} cannot be read: {words}")
            return
        now, reason = self._clock.now(), f"The queue cannot be read: {words}"

        def pause(connection: Connection) -> None:
            if accounts.pause(connection, name, reason=reason, digest=self._digest(), by="answer", now=now):
                incidents.raise_incident(connection, f"paused:{name}", f"Account {name}: {reason}", now)

        self._journal.write(pause)
