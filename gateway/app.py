"""The only place that builds objects from settings: the gateway as a whole, started and stopped as one."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from filelock import FileLock, Timeout

from gateway.clock import Clock, SystemClock
from gateway.delivery.policy import SendingLimits
from gateway.delivery.send import Delivery
from gateway.delivery.send import Route as SendingRoute
from gateway.errors import AlreadyRunning, SettingsError, StorageError
from gateway.files.durable import FileDoor
from gateway.intake.claim import Scanner
from gateway.intake.context import IntakeContext
from gateway.intake.handback import Handback
from gateway.intake.release import Releaser
from gateway.intake.split import Splitter
from gateway.intake.watch import Watcher
from gateway.jakamo.client import JakamoClient
from gateway.jakamo.suppliers import SupplierLists
from gateway.journal import accounts, interchanges, totals
from gateway.journal.journal import Journal, journal_url, open_journal
from gateway.journal.lane_rules import LaneRules
from gateway.journal.lanes import LaneKeeper
from gateway.mapping.mapping import MappingStore, shipped_folder
from gateway.mapping.pool import MappingPool
from gateway.model import InterchangeState, ResponseRequest, ResponseResult
from gateway.operations.actions import Actions
from gateway.operations.closing import Closing
from gateway.operations.context import OperationsContext
from gateway.operations.endings import Endings
from gateway.operations.error_folder import ErrorFolder
from gateway.operations.gestures import Gestures
from gateway.operations.redelivery import Redelivery
from gateway.places import LOCK, MARKED, RECORD_MODE, prepare_folders, site_files, site_layout
from gateway.responses.receive import Receiver, ReceiverSettings
from gateway.service import Loop, Service, WhenMoved
from gateway.settings import Account, Settings

TEND_SECONDS = 5.0
OPERATIONS_SECONDS = 1.0
OPERATIONS_REST_SECONDS = 0.25
DELIVERY_SECONDS = 0.5
MAPPING_SECONDS = 1.0
MOST_CLAIMED_AHEAD = 400
MAPPING_SECONDS_LIMIT = 60.0
MAPPING_MEMORY_MB = 1024
WORKERS_IDLE_SECONDS = 300.0
LOCK_SECONDS = 1.0  # a command that looks whether a gateway runs holds the lock for a moment


def mapping_store(settings: Settings) -> MappingStore:
    """Return the mappings of the site and those that come with the gateway."""
    return MappingStore(settings.folders.mappings, shipped_folder("xslt"))


def lane_rules(settings: Settings) -> dict[str, LaneRules]:
    """Return each account's rules for its lanes."""
    return {
        name: LaneRules(
            order_wait=timedelta(minutes=account.order_wait_minutes),
            duplicate_file=settings.intake.duplicate_file,
            send=account.send,
        )
        for name, account in settings.accounts.items()
    }


def lane_keeper(settings: Settings) -> LaneKeeper:
    """Return the keeper of lanes with each account's rules."""
    return LaneKeeper(lane_rules(settings))


def open_site_journal(settings: Settings) -> Journal:
    """Open the journal of a site. Raises JournalError."""
    return open_journal(journal_url(settings.journal.url, settings.folders.state))


@dataclass(slots=True)
class _Parts:
    """The stages of a running gateway."""

    scanner: Scanner
    splitter: Splitter
    handback: Handback
    releaser: Releaser
    delivery: Delivery
    receivers: dict[str, Receiver]
    error_folder: ErrorFolder
    gestures: Gestures
    closing: Closing
    endings: Endings
    actions: Actions


class Gateway:
    """One running gateway: owns the lock, the journal, the pool and the threads."""

    def __init__(self, settings: Settings, *, clock: Clock | None = None, files: FileDoor | None = None) -> None:
        self.settings = settings
        self.clock: Clock = clock or SystemClock()
        self.files = files or site_files(settings, self.clock)
        self.layout = site_layout(settings)
        prepare_folders(settings, self.files)
        self._lock = FileLock(settings.folders.state / LOCK, mode=RECORD_MODE)
        try:
            self._lock.acquire(timeout=LOCK_SECONDS)
        except Timeout:
            raise AlreadyRunning(f"Another gateway runs on {settings.folders.state}.") from None
        try:
            self.journal = open_site_journal(settings)
            self.keeper = lane_keeper(settings)
            self._check_identities()
            self._clients = {name: JakamoClient(account, self.clock) for name, account in settings.accounts.items()}
            asking = {name: self._clients[name].companies for name in settings.asking_for_suppliers()}
            self._suppliers = SupplierLists(asking, self.clock)
            self.mappings = mapping_store(settings)
            self.pool = MappingPool(
                settings.folders.mappings, settings.folders.schemas, workers=settings.intake.mapping_workers,
                time_limit_seconds=MAPPING_SECONDS_LIMIT, memory_limit_mb=MAPPING_MEMORY_MB,
            )
            self._scan_wanted, self._reading_wanted = threading.Event(), threading.Event()
            self._mapping_wanted = threading.Event()
            self.parts = self._build()
        except BaseException:
            self._lock.release()
            raise
        self._watcher: Watcher | None = None
        self._tidy = WhenMoved(self.journal, self.clock, self._tidy_step)
        self.service = Service(self.journal, self.clock, self._loops())

    # Building

    def _check_identities(self) -> None:
        identities = {name: account.fingerprint() for name, account in self.settings.accounts.items()}
        moved = self.journal.write(lambda c: accounts.ensure(c, identities))
        if moved:
            names = ", ".join(moved)
            raise SettingsError(
                f"Account {names} now points elsewhere than when its orders were sent.",
                hint=f"If it is the same Jakamo account: `gateway account accept {moved[0]} --same`. If it is another "
                f"(demo to production, say): `gateway account accept {moved[0]} --fresh`.",
            )

    def _build(self) -> _Parts:
        settings, layout = self.settings, self.layout
        intake = IntakeContext(
            journal=self.journal, keeper=self.keeper, files=self.files, layout=layout, clock=self.clock,
            pool=self.pool, mappings=self.mappings, settings=settings.intake, routes=settings.routes,
            suppliers=self._suppliers.known,
        )
        operations = OperationsContext(
            journal=self.journal, keeper=self.keeper, files=self.files, layout=layout, clock=self.clock,
            extractor=self.pool, node=settings.intake.node, max_file_bytes=settings.intake.max_file_bytes,
            marker_routes=frozenset(r.name for r in settings.routes if r.complete_kind == "marker"),
        )
        delivery = Delivery(
            self.journal, self.keeper,
            [self._sending_route(name, account) for name, account in settings.accounts.items() if account.send],
            self.clock,
        )
        scanner = Scanner(intake)
        error_folder = ErrorFolder(operations)
        gestures = Gestures(operations, error_folder)
        return _Parts(
            scanner=scanner,
            splitter=Splitter(intake, scanner.note_incomplete, self._mapping_wanted.set),
            handback=Handback(intake),
            releaser=Releaser(intake, delivery.poke),
            delivery=delivery,
            receivers=self._receivers(delivery),
            error_folder=error_folder,
            gestures=gestures,
            closing=Closing(operations),
            endings=Endings(operations),
            actions=Actions(
                operations, gestures, Redelivery(operations, settings.responses, self._examine),
                digest=lambda name: settings.accounts[name].settings_digest(),
            ),
        )

    def _sending_route(self, name: str, account: Account) -> SendingRoute:
        resend = account.unknown_outcome == "resend"
        return SendingRoute(
            name=name,
            wire=self._clients[name],
            limits=SendingLimits(
                order_change_method=account.order_change_method,
                status_method=account.status_method,
                poison_after=account.poison_after,
                give_up=timedelta(hours=account.give_up_hours),
            ),
            workers=account.workers,
            digest=account.settings_digest,
            resend_after=timedelta(minutes=account.order_wait_minutes) if resend else None,
        )

    def _examine(self, request: ResponseRequest) -> ResponseResult:
        return self.pool.respond(request).result()

    def _receivers(self, delivery: Delivery) -> dict[str, Receiver]:
        accounts_that_send = {name: account for name, account in self.settings.accounts.items() if account.send}
        return {name: self._receiver(name, account, delivery) for name, account in accounts_that_send.items()}

    def _receiver(self, name: str, account: Account, delivery: Delivery) -> Receiver:
        responses = self.settings.responses
        return Receiver(
            self.journal, self.keeper, self.files, self.layout, self._clients[name], self.clock,
            ReceiverSettings(
                account=name, poll_seconds=account.poll_seconds, outbox_name=responses.outbox_name,
                mapping=responses.mapping, keep_ubl=responses.keep_ubl,
                keep_status_messages=responses.keep_status_messages,
                stop_on_problem=responses.on_problem == "stop",
            ),
            examine=self._examine,
            digest=account.settings_digest,
            outage=lambda: delivery.weather()[name].is_outage,
        )

    def _loops(self) -> list[Loop]:
        parts, settings = self.parts, self.settings.intake
        mapping_step = WhenMoved(self.journal, self.clock, parts.releaser.step)
        loops = [
            Loop("scan", self._scan_step, self._scan_pause, wake=self._scan_wanted),
            Loop("reading", self._reading_step, self._scan_pause, wake=self._reading_wanted),
            Loop("mapping", mapping_step, lambda: MAPPING_SECONDS, wake=self._mapping_wanted),
            Loop("delivery", parts.delivery.gathered_step, lambda: DELIVERY_SECONDS, wake=parts.delivery.wake),
            Loop("tend", self._tend_step, lambda: TEND_SECONDS),
            Loop(
                "operations", self._operations_step, lambda: min(OPERATIONS_SECONDS, settings.scan_seconds),
                rest=OPERATIONS_REST_SECONDS,
            ),
        ]
        for name, receiver in parts.receivers.items():
            loops.append(Loop(f"poll-{name}", receiver.step, receiver.pause))
        for name, suppliers in self._suppliers.lists.items():
            loops.append(Loop(f"suppliers-{name}", suppliers.step, suppliers.pause))
        return loops

    def _tend_step(self) -> bool:
        """Tend the senders; let go of mapping workers that had nothing to do for a while."""
        did = self.parts.delivery.tend()
        self.pool.release_idle(WORKERS_IDLE_SECONDS)
        return did

    def _scan_pause(self) -> float:
        due = self.parts.scanner.due_in_seconds()
        seconds = self.settings.intake.scan_seconds
        return seconds if due is None else min(seconds, max(0.05, due))

    def _scan_step(self) -> bool:
        """Claim what is settled, unless enough is claimed and waits to be read."""
        parts, node = self.parts, self.settings.intake.node
        claimed = self.journal.read(lambda c: interchanges.count_in_state(c, InterchangeState.CLAIMED, node))
        if claimed - parts.splitter.blocked - parts.handback.blocked >= MOST_CLAIMED_AHEAD:
            return False
        did = parts.scanner.step()
        if did:
            self._reading_wanted.set()
        return did

    def _reading_step(self) -> bool:
        parts = self.parts
        did = parts.splitter.step()
        did = parts.handback.step() or did
        if did:
            self._mapping_wanted.set()
            parts.delivery.poke()  # what stood behind a file in pass one may go now
            if parts.scanner.more:
                self._scan_wanted.set()
        return did

    def _operations_step(self) -> bool:
        parts = self.parts
        did = parts.actions.step()
        did = parts.gestures.step() or did
        if did:
            self.service.wake_all()  # a person's wish may set anything going
        return self._tidy() or did

    def _tidy_step(self) -> bool:
        did = self.parts.error_folder.step()
        did = self.parts.closing.step() or did
        return self.parts.endings.step() or did

    # Running

    def recover(self) -> int:
        """Finish or settle what the last stop interrupted; return how many outcomes are unknown now."""
        parts = self.parts
        self._sweep()
        unknown = parts.delivery.recover()
        parts.scanner.recover()
        parts.splitter.recover()
        parts.error_folder.recover()
        parts.closing.recover()
        for receiver in parts.receivers.values():
            receiver.recover()
        return unknown

    def _sweep(self) -> None:
        """Remove the temporary names of writes that a stop broke off; a folder in trouble waits for the next start."""
        layout, settings = self.layout, self.settings
        folders = layout.folders_to_sweep(settings.accounts, [route.folder for route in settings.routes])
        folders.append(layout.state / MARKED)
        with contextlib.suppress(StorageError):
            folders += sorted(entry.path for entry in self.files.list_folder(layout.done) if entry.is_folder)[-2:]
        for folder in folders:
            with contextlib.suppress(StorageError):
                self.files.sweep(folder)

    def start(self) -> None:
        """Recover, then start the loops and, if wanted, the watcher that wakes the scan."""
        self.recover()
        self.service.start()
        if self.settings.intake.watch:
            folders = [self.layout.inbox, self.layout.retry]
            folders += [self.layout.intake(route.folder) for route in self.settings.routes if route.folder]
            self._watcher = Watcher(dict.fromkeys(folders), self._scan_wanted)
            self._watcher.start()

    def run(self, stop: threading.Event) -> list[str]:
        """Run until `stop` is set or the service gives up; return why it gave up, empty when it did not."""
        self.start()
        while not stop.is_set() and not self.service.stopping.is_set():
            self.clock.wait(stop, 0.5)
        return self.service.failed

    def run_until_idle(
        self, stop: threading.Event, progress: Callable[[Mapping[str, int]], None] | None = None
    ) -> list[str]:
        """Run until nothing can move without a due time or a person, and the queue said that it is empty."""
        self.start()
        while not stop.is_set() and not self.service.stopping.is_set():
            if progress is not None:
                progress(self.journal.read(totals.message_counts))
            if self._seems_idle():
                for receiver in self.parts.receivers.values():
                    receiver.look_now()
                before = self.service.rounds()
                self.service.wake_all()
                if self._stays_idle(before, stop):
                    break
            self.clock.wait(stop, 0.1)
        return self.service.failed

    def _stays_idle(self, before: Mapping[str, int], stop: threading.Event) -> bool:
        """Let every loop look twice more; idle is only what is idle after that as well."""
        while not stop.is_set() and not self.service.stopping.is_set():
            if not self._seems_idle():
                return False
            if self.service.quiet_rounds(dict(before)):
                return True
            self.service.wake_all()
            self.clock.wait(stop, 0.05)
        return True

    def _seems_idle(self) -> bool:
        parts = self.parts
        if parts.delivery.busy or parts.scanner.more or self._will_settle():
            return False
        if any(not receiver.at_rest for receiver in parts.receivers.values()):
            return False
        blocked = parts.splitter.blocked + parts.handback.blocked + parts.releaser.blocked
        resting = [name for name, breaker in parts.delivery.weather().items() if breaker.is_outage]
        now = self.clock.now()
        return self.journal.read(lambda c: totals.moving(c, now, resting, most=blocked + 1)) <= blocked

    def _will_settle(self) -> bool:
        """Tell whether a file is only waiting for its quiet time."""
        return self.parts.scanner.due_in_seconds() is not None

    def close(self) -> None:
        """Stop everything in order: nothing new, running calls get a short deadline, the journal last."""
        if self._watcher is not None:
            self._watcher.stop()
        self.service.stop()
        self.service.join()
        self.parts.delivery.stop(10.0)
        for receiver in self.parts.receivers.values():
            receiver.close()
        self.pool.close()
        for client in self._clients.values():
            client.close()
        self.journal.close()
        self._lock.release()
