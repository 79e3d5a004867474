"""Pass one: the whole claimed file is read before anything of it may leave; then its messages stand.

A claimed interchange ends here as `split` (messages registered), `rejected` (nothing of it may be sent) or
`returned` (it changed, or is not finished: back to the inbox).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, RowMapping
from sqlalchemy.exc import SQLAlchemyError

from gateway.errors import FileRejected, GatewayError, SettingsError, StorageError
from gateway.intake.batches import Opened, Reading, Usable, read_batches, remove_spool, without_equal_bytes
from gateway.intake.context import IntakeContext, message_rules
from gateway.intake.giveback import finish_giving_back, give_back, is_changed
from gateway.intake.spooled import register_spooled, take_back
from gateway.intake.vanished import close_vanished
from gateway.journal import incidents, interchanges, pass_one
from gateway.journal.interchanges import Registered, Registration
from gateway.journal.order_memory import locate
from gateway.model import Finding, InterchangeState, MessageState, OrderSource, ReadResult

MOST_AT_ONCE = 100
INCOMPLETE = "incomplete"


class Splitter:
    """Reads claimed files from the inbox. `step` is called by one thread only."""

    def __init__(
        self, context: IntakeContext, incomplete: Callable[[str, str], None], registered: Callable[[], None]
    ) -> None:
        self._context = context
        self._incomplete = incomplete  # tells the scanner that a file lacks its end
        self._registered = registered  # tells the mapping that there is something to map
        self._unfinished = False  # a file was not moved back to the inbox, or not registered whole: `recover`
        self._quiet: set[str] = set()  # places of which surely no incident is open
        self.blocked = 0  # claimed files that cannot be read now, through no fault of their own

    def step(self) -> bool:
        """Take claimed interchanges through pass one; return whether any was moved on."""
        context = self._context
        if self._unfinished:
            self.recover()
        claimed = context.journal.read(
            lambda c: interchanges.in_state(c, InterchangeState.CLAIMED, node=context.node, limit=MOST_AT_ONCE)
        )
        rows = [row for row in claimed if row["origin"] == "inbox"]
        mappings = Usable(context)
        opened = [one for row in rows if (one := self._open(row, mappings)) is not None]
        moved = sum(self._conclude(batch, results) for batch, results in read_batches(context, opened))
        self.blocked = len(rows) if not moved else 0
        return bool(moved)

    def _open(self, row: RowMapping, mappings: Usable) -> Opened | None:
        """Look at the file before it is read; None when it cannot or need not be, which is on record then."""
        route = self._context.route(row["route"])
        if route is None:
            self._reject(row, no_route(row["name"]))
            return None
        path = Path(row["path"])
        try:
            mapping = mappings.get(route.mapping)
            entry = self._context.files.entry(path)
        except SettingsError as error:
            self._trouble(f"mapping:{route.mapping}", str(error))
            return None
        except FileNotFoundError:
            close_vanished(self._context, row, f"reading:{route.name}")
            return None
        if entry.size == 0:
            self._reject(row, FileRejected("The file is empty. Export it again.", code="empty"), size=0)
            return None
        return Opened(row=row, route=route, mapping=mapping, path=path, size=entry.size, signature=str(entry.signature))

    def _conclude(self, batch: Sequence[Opened], results: Sequence[Reading]) -> int:
        """Register what could be read, refuse or give back the rest; return how many moved on."""
        writes: list[Future[Any]] = []
        whole: list[tuple[Opened, ReadResult]] = []
        moved = 0
        for one, result in zip(batch, results, strict=True):
            if isinstance(result, FileRejected):
                writes += self._refused(one, result)
            elif isinstance(result, FileNotFoundError) and not self._context.files.exists(one.path):
                close_vanished(self._context, one.row, f"reading:{one.route.name}")
                moved += 1
            elif isinstance(result, Exception):
                self._trouble(f"reading:{one.route.name}", f"{one.row['name']}: {result}")
            elif is_changed(self._context, one.path, one.signature):
                self._give_back(one.row, "changed while read")
            elif result.spool is not None:
                self._register_spooled(one, result, result.spool)
                moved += 1
            else:
                whole.append((one, result))
            remove_spool(self._context, one)
        if whole:
            self._write(whole)
            self._quiet |= _places(whole)
            self._registered()
        for write in writes:
            write.result()
        return len(writes) + len(whole) + moved

    def _refused(self, one: Opened, rejected: FileRejected) -> list[Future[Any]]:
        if is_changed(self._context, one.path, one.signature) or rejected.code == INCOMPLETE:
            unfinished = rejected.code == INCOMPLETE
            self._give_back(one.row, f"not finished: {rejected.message}" if unfinished else "changed while read")
            return []
        sha256, size = self._context.files.sha256(one.path)
        return [self._reject(one.row, rejected, sha256=sha256, size=size)]

    def _give_back(self, row: RowMapping, why: str) -> None:
        try:
            give_back(self._context, row, why, self._incomplete)
        except StorageError:
            self._unfinished = True
            raise

    def _register_spooled(self, one: Opened, result: ReadResult, spool: Path) -> None:
        places = {f"mapping:{one.route.mapping}", f"reading:{one.route.name}"}
        self._unfinished = True
        register_spooled(self._context, one, result, spool, places - self._quiet)
        self._unfinished = False
        self._quiet |= places
        self._registered()

    def _write(self, whole: Sequence[tuple[Opened, ReadResult]]) -> None:
        """Register files in one transaction; when one of them is refused, each in its own."""
        journal = self._context.journal
        try:
            journal.write(lambda c: self._register(c, whole))
        except (GatewayError, SQLAlchemyError):
            if len(whole) == 1:
                raise
            for one in whole:
                self._write([one])

    def _register(self, connection: Connection, whole: Sequence[tuple[Opened, ReadResult]]) -> None:
        """Mark files as read and register their messages, in claim order."""
        now = self._context.clock.now()
        for files in without_equal_bytes(whole):
            self._register_different(connection, files, now)
        for key in _places(whole) - self._quiet:
            incidents.clear(connection, key, now)

    def _register_different(
        self, connection: Connection, files: Sequence[tuple[Opened, ReadResult]], now: datetime
    ) -> None:
        """Register files of which no two hold the same bytes: what was there before says what is a duplicate."""
        first = pass_one.first_with_bytes(connection, [result.sha256 for _, result in files])
        generations = {name: locate(connection, name) for name in {one.route.account for one, _ in files}}
        changes, registered = [], []
        for one, result in files:
            account, sequence = one.route.account, one.row["sequence"]
            duplicate_of = pass_one.earlier(first, account, result.sha256, sequence)
            changes.append(one.split(result, duplicate_of))
            registrations = [
                registration(
                    source, major=sequence, minor=source.ordinal, generation=generations[account],
                    duplicate_of=duplicate_of,
                )
                for source in result.orders
            ]
            registered.append(Registered(one.row, registrations, message_rules(one.mapping, one.route)))
        pass_one.mark_split(connection, changes, now)
        interchanges.register_many(connection, registered, now)
        failed = {
            (file.rules["account"], r.source.order_number)
            for file in registered for r in file.registrations if r.state is MessageState.FAILED
        }
        self._context.keeper.settle(connection, failed, now)

    def _reject(
        self, row: RowMapping, rejected: FileRejected, *, sha256: str | None = None, size: int | None = None
    ) -> Future[None]:
        now = self._context.clock.now()
        findings = [finding for finding in rejected.findings if isinstance(finding, Finding)]
        return self._context.journal.submit(
            lambda c: interchanges.mark_rejected(
                c, row, code=rejected.code, reason=rejected.message, findings=findings, now=now,
                sha256=sha256, size=size,
            )
        )

    def _trouble(self, key: str, text: str) -> None:
        self._quiet.discard(key)
        now = self._context.clock.now()
        self._context.journal.write(lambda c: incidents.raise_incident(c, key, text, now))

    def recover(self) -> None:
        """At start: finish giving back what a stop interrupted, and take back what it left half registered."""
        finish_giving_back(self._context)
        take_back(self._context)
        self._unfinished = False


def registration(
    source: OrderSource, *, major: int, minor: int, generation: int, duplicate_of: int | None = None
) -> Registration:
    """Return the message that a freshly read order becomes: to be mapped, or failed for its bad cells."""
    errors = [finding for finding in source.findings if finding.severity == "error"]
    if not errors:
        return Registration(
            source=source, lane_major=major, lane_minor=minor, generation=generation, duplicate_of=duplicate_of
        )
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    where = errors[0].where()
    return Registration(
        source=source, lane_major=major, lane_minor=minor, generation=generation, duplicate_of=duplicate_of,
        state=MessageState.FAILED, reason_code=errors[0].code,
        reason=f"{where}: {errors[0].message}{more}" if where else f"{errors[0].message}{more}",
    )


def no_route(name: str) -> FileRejected:
    """Return the reason for a file that no route takes."""
    return FileRejected(
        f"No route takes a file called {name}. Name it as agreed, or add a route for it to the settings.",
        code="no-route",
    )


def _places(whole: Sequence[tuple[Opened, ReadResult]]) -> set[str]:
    """Return the places whose trouble is over once these files have been read."""
    return {key for one, _ in whole for key in (f"mapping:{one.route.mapping}", f"reading:{one.route.name}")}
