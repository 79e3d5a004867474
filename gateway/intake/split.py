"""Pass one: the whole claimed file is read before anything of it may leave; then its messages stand.

A claimed interchange ends here as `split` (messages registered), `rejected` (nothing of it may be sent) or
`returned` (it changed, or is not finished: back to the inbox).
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, RowMapping

from gateway.errors import FileRejected, SettingsError, StorageError
from gateway.files.layout import free_name, marker_prefix
from gateway.intake.context import IntakeContext, message_rules
from gateway.journal import decisions, incidents, interchanges
from gateway.journal.history import Event, record
from gateway.journal.interchanges import Registration
from gateway.journal.order_memory import locate
from gateway.journal.states import Change, change_interchanges
from gateway.model import Finding, InterchangeState, MessageState, OrderSource, ReadResult
from gateway.settings import Route

MOST_AT_ONCE = 100
INCOMPLETE = "incomplete"


class Splitter:
    """Reads claimed files from the inbox. `step` is called by one thread only."""

    def __init__(self, context: IntakeContext, incomplete: Callable[[str, str], None]) -> None:
        self._context = context
        self._incomplete = incomplete  # tells the scanner that a file lacks its end
        self.blocked = 0  # claimed files that cannot be read now, through no fault of their own

    def step(self) -> bool:
        """Take claimed interchanges through pass one; return whether any was moved on."""
        context = self._context
        rows = context.journal.read(
            lambda c: interchanges.in_state(c, InterchangeState.CLAIMED, node=context.node, limit=MOST_AT_ONCE)
        )
        started = [(row, self._start(row)) for row in rows if row["origin"] == "inbox"]
        writes: list[Future[Any]] = []
        for row, reading in started:
            if reading is not None:
                writes += self._conclude(row, reading)
        for write in writes:
            write.result()
        self.blocked = len(started) if not writes else 0
        return bool(writes)

    def _start(self, row: RowMapping) -> tuple[Route, Any, str, Future[ReadResult]] | None:
        """Hand the file to a reader; None when it cannot be read now, through no fault of its own."""
        context = self._context
        route = context.route(row["route"])
        if route is None:
            self._reject(row, no_route(row["name"]))
            return None
        path = Path(row["path"])
        try:
            mapping = context.mappings.get(route.mapping)
            entry = context.files.entry(path)
            signature = str(entry.signature)
        except SettingsError as error:
            self._trouble(f"mapping:{route.mapping}", str(error))
            return None
        except FileNotFoundError:
            self._vanished(row)
            return None
        if entry.size == 0:
            self._reject(row, FileRejected("The file is empty. Export it again.", code="empty"), size=0)
            return None
        reading = context.pool.read(
            route.mapping, path, name=row["name"], trailer=route.complete == "trailer",
            max_bytes=context.settings.max_file_bytes,
        )
        return route, mapping, signature, reading

    def _conclude(self, row: RowMapping, started: tuple[Route, Any, str, Future[ReadResult]]) -> list[Future[Any]]:
        route, mapping, signature, reading = started
        context = self._context
        path = Path(row["path"])
        try:
            result = reading.result()
        except FileRejected as rejected:
            if self._changed(path, signature) or rejected.code == INCOMPLETE:
                unfinished = rejected.code == INCOMPLETE
                self._give_back(row, f"not finished: {rejected.message}" if unfinished else "changed while read")
                return []
            sha256, size = context.files.sha256(path)
            return [self._reject(row, rejected, sha256=sha256, size=size)]
        except (StorageError, SettingsError) as error:
            self._trouble(f"reading:{route.name}", f"{row['name']}: {error}")
            return []
        if self._changed(path, signature):
            self._give_back(row, "changed while read")
            return []
        return [
            context.journal.submit(lambda c: self._register(c, row, route, mapping, result, signature)),
            context.journal.submit(lambda c: _cleared(c, context, route)),
        ]

    def _changed(self, path: Path, signature: str) -> bool:
        """Tell whether somebody wrote to the file since; a writer may keep its handle over our rename."""
        try:
            return str(self._context.files.entry(path).signature) != signature
        except FileNotFoundError:
            return True

    def _register(
        self, connection: Connection, row: RowMapping, route: Route, mapping: Any, result: ReadResult, signature: str
    ) -> None:
        now = self._context.clock.now()
        sequence = row["sequence"]
        duplicate_of = interchanges.earlier_same_bytes(connection, sequence, route.account, result.sha256)
        interchanges.mark_split(
            connection, row, sha256=result.sha256, size=result.size, duplicate_of=duplicate_of, now=now,
            signature=signature, order_count=len(result.orders),
            findings=[finding.as_dict() for finding in result.warnings],
        )
        generation = locate(connection, route.account)
        registrations = [
            registration(source, major=sequence, minor=source.ordinal, generation=generation, duplicate_of=duplicate_of)
            for source in result.orders
        ]
        interchanges.register(connection, row, registrations, message_rules(mapping, route), now)
        failed = {(route.account, r.source.order_number) for r in registrations if r.state is MessageState.FAILED}
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

    def _give_back(self, row: RowMapping, why: str) -> None:
        """Return a file to the inbox under a free name; the row says so before the name changes."""
        context = self._context
        now = context.clock.now()
        folder = context.layout.intake(row["folder"])
        taken = {entry.name for entry in context.files.list_folder(folder)}
        target = folder / free_name(row["name"], taken)
        context.journal.write(lambda c: _returned(c, row, str(target), why, now))
        self._incomplete(row["claim"], target.name)
        self._give_back_marker(row, target)
        context.files.move(Path(row["path"]), target)

    def _give_back_marker(self, row: RowMapping, target: Path) -> None:
        """Return the companion marker that was taken along, under the name that belongs to the file's."""
        route = self._context.route(row["route"])
        if route is None or route.marker_suffix is None:
            return
        files, prefix = self._context.files, marker_prefix(row["claim"])
        for entry in files.list_folder(Path(row["path"]).parent):
            if entry.name.startswith(prefix):
                same_name = target.name == row["name"]
                name = entry.name.removeprefix(prefix) if same_name else target.name + route.marker_suffix
                try:
                    files.move(entry.path, target.parent / name)
                except FileExistsError:
                    files.remove(entry.path)  # the ERP gave another sign meanwhile

    def _vanished(self, row: RowMapping) -> None:
        """Somebody took the file out of the work folder: said once, and nothing waits for it any more."""
        context, now = self._context, self._context.clock.now()
        context.files.check_marker(context.layout.inbox)  # on a share that is gone absence proves nothing
        text = f"{row['name']} was taken out of the work folder by hand before it was read; nothing of it was sent."

        def close(connection: Connection) -> None:
            interchanges.mark_rejected(connection, row, code="vanished", reason=text, findings=(), now=now)
            decisions.close_rejected(connection, row["sequence"], "vanished", text, now)
            incidents.raise_incident(connection, f"vanished:{row['claim']}", text, now)

        context.journal.write(close)

    def _trouble(self, key: str, text: str) -> None:
        now = self._context.clock.now()
        self._context.journal.write(lambda c: incidents.raise_incident(c, key, text, now))

    def recover(self) -> None:
        """At start: finish giving back what a stop interrupted."""
        context = self._context
        rows = context.journal.read(lambda c: interchanges.in_state(c, InterchangeState.RETURNED, node=context.node))
        for row in rows:
            source = Path(row["path"])
            if row["target"] is not None and context.files.exists(source):
                folder = Path(row["target"]).parent
                taken = {entry.name for entry in context.files.list_folder(folder)}
                target = folder / free_name(row["name"], taken)
                self._give_back_marker(row, target)
                context.files.move(source, target)


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


def _returned(connection: Connection, row: RowMapping, target: str, why: str, now: Any) -> None:
    change_interchanges(
        connection,
        [Change(row["sequence"], row["state"], row["version"], state=str(InterchangeState.RETURNED), target=target)],
    )
    record(connection, now, [Event("interchange", row["sequence"], "returned", why)])


def _cleared(connection: Connection, context: IntakeContext, route: Route) -> None:
    now = context.clock.now()
    for key in (f"mapping:{route.mapping}", f"reading:{route.name}"):
        incidents.clear(connection, key, now)

