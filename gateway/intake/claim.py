"""The scan, which is the truth about folders, and the claim: a rename under a fresh uuid, then its row.

The rename comes first and is synced with its folders, the row second. A work file without a row (a stop
between the two) gets its row at the next scan; a row without its file is nobody's guess but a finding.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from queue import SimpleQueue
from uuid import uuid4

from gateway.errors import SettingsError, ShareGone, StorageError
from gateway.files.entry import Entry
from gateway.files.layout import printable_name, split_work_name, work_name
from gateway.intake.content import choose_route
from gateway.intake.context import IntakeContext
from gateway.intake.settle import Observation, Place, Settled, Waiting
from gateway.intake.watched import FolderReport, StuckFiles, Troubles, Watched, watched_folders
from gateway.journal import decisions, incidents, interchanges
from gateway.journal.interchanges import Claim

MOST_CLAIMS_A_SCAN = 200
MARKER_TAG = ".marker"
CLAIM, WORK_FOLDER = "claim:", "folder:work:"  # incidents: a file that cannot be claimed, a folder not listed


class Scanner:
    """Scans inbox and retry folders and claims what is settled. `step` is called by one thread only."""

    def __init__(self, context: IntakeContext) -> None:
        self._context = context
        self._watched = watched_folders(context)
        self._scan = 0
        self._recorded: set[str] = set()
        self._claimed_as: dict[str, tuple[Watched, Settled]] = {}
        self._notes: SimpleQueue[tuple[str, str]] = SimpleQueue()  # claims given back, and under which names
        self._stuck = StuckFiles(context, self._watched)
        self._orphans_likely = True
        self._broken: set[str] = set()  # incidents of mappings that cannot be used
        self._troubles = Troubles(context)
        self.reports: dict[str, FolderReport] = {}
        self.more = False  # more was settled than one scan takes

    def recover(self) -> None:
        """At start: learn which claims the journal knows."""
        node = self._context.node
        self._recorded = self._context.journal.read(lambda c: interchanges.known_claims(c, node))
        self._troubles.open_from((CLAIM, WORK_FOLDER))

    def step(self) -> bool:
        """Scan every folder once and claim what is settled, oldest first; return whether anything was."""
        self._scan += 1
        self._troubles.met_now.clear()
        context = self._context
        now = context.clock.monotonic()
        settled: list[tuple[Watched, Settled, str | None]] = []
        for watched in self._watched:
            observation = self._look(watched, now)
            if observation is None:
                continue
            settled += [(watched, one, one.route) for one in [*observation.empty, *observation.settled]]
            settled += [(watched, one, None) for one in self._unrouted_too_long(observation, now)]
            self._stuck.report(watched, observation)
        settled = self._allowed(settled)
        settled.sort(key=lambda item: item[1].place.key())
        self.more = len(settled) > MOST_CLAIMS_A_SCAN
        found = self._orphans() if self._orphans_likely else []
        self._orphans_likely = True  # until the rows of what is claimed now are durable
        found += self._claim(settled[:MOST_CLAIMS_A_SCAN])
        claims = self._durable(found)
        self._end_troubles(found, claims)
        if claims:
            at = context.clock.now()
            context.journal.write(lambda c: interchanges.record_claims(c, claims, at))
            self._recorded |= {claim.claim for claim in claims}
        # When there is nothing else to do a look costs nothing.
        self._orphans_likely = not claims or len(claims) < len(found)
        return bool(claims)

    def _end_troubles(self, found: Sequence[Claim], claims: Sequence[Claim]) -> None:
        """Close the incidents of files that are claimed now, and of those that somebody took away."""
        troubled = [key for key in self._troubles.of_kind(CLAIM) if key not in self._troubles.met_now]
        if not troubled:
            return
        seen = [report.observation for report in self.reports.values()]
        present = {_trouble_with(name) for one in seen if one is not None for name in one.names()}
        present |= {_trouble_with(claim.name) for claim in found}
        claimed = {_trouble_with(claim.name) for claim in claims}
        if None in seen:  # what cannot be listed may still be there
            self._troubles.over(claimed)
        else:
            self._troubles.over(key for key in troubled if key in claimed or key not in present)

    def _allowed(
        self, settled: list[tuple[Watched, Settled, str | None]]
    ) -> list[tuple[Watched, Settled, str | None]]:
        """Leave out the files of routes that are paused or whose mapping cannot be used."""
        routes = {one.route for _, one, _ in settled}
        if not routes:
            return []
        paused: set[str] = self._context.journal.read(decisions.paused_routes)
        allowed = {route for route in routes if route not in paused and self._usable(route)}
        return [item for item in settled if item[1].route in allowed]

    def waiting(self) -> list[Waiting]:
        """Return what waits in all folders, for `status` and for the end of a run until idle."""
        reports = [report.observation for report in self.reports.values() if report.observation is not None]
        return [waiting for observation in reports for waiting in observation.waiting]

    def due_in_seconds(self) -> float | None:
        """Return how soon another scan could find something settled, or None."""
        dues = [r.observation.due_in_seconds for r in self.reports.values() if r.observation is not None]
        return min((due for due in dues if due is not None), default=None)

    def note_incomplete(self, claim: str, name: str) -> None:
        """Let a file that is given back because its end is missing wait until it changes; called by any thread."""
        self._notes.put((claim, name))

    def _take_notes(self) -> None:
        while not self._notes.empty():
            claim, name = self._notes.get()
            known = self._claimed_as.get(claim)
            if known is not None:
                known[0].tracker.note_incomplete(name, known[1])

    def _look(self, watched: Watched, now: float) -> Observation | None:
        """List one folder; a share that is gone proves nothing about its files."""
        files = self._context.files
        try:
            if watched.origin == "inbox" and watched.key == "":
                files.check_marker(watched.path)
            listing = files.list_folder(watched.path)
        except StorageError as error:
            self.reports[watched.key] = FolderReport(path=watched.path, observation=None, trouble=str(error))
            word = "share" if isinstance(error, ShareGone) else "folder"
            self._stuck.expect(watched)
            self._incident(f"{word}:{watched.key or 'inbox'}", str(error))
            return None
        self._take_notes()  # after the listing: what is listed was noted before it was given back
        observation = watched.tracker.observe(listing, now, self._scan)
        self.reports[watched.key] = FolderReport(path=watched.path, observation=observation)
        return observation

    def _unrouted_too_long(self, observation: Observation, now: float) -> Iterable[Settled]:
        limit = self._context.settings.unrouted_minutes * 60
        for waiting in observation.unrouted:
            if now - waiting.since >= limit:
                place = Place(self._scan, waiting.entry.mtime_ns, waiting.entry.name)
                yield Settled(waiting.entry, "", place, None)

    def _claim(self, settled: Sequence[tuple[Watched, Settled, str | None]]) -> list[Claim]:
        """Rename each file into the work folder; nothing of it is durable yet."""
        files = self._context.files
        claims = []
        for watched, one, route_name in settled:
            claim_id = str(uuid4())
            target = watched.work / work_name(claim_id, one.entry.name)
            try:
                if one.marker is not None:
                    files.rename(one.marker.path, watched.work / f"{claim_id}{MARKER_TAG}~{one.marker.name}")
                files.rename(one.entry.path, target, one.entry)
                watched.tracker.forget(one.entry.name)
                self._remember(claim_id, watched, one)
                claims.append(self._row(claim_id, watched, one.entry.name, target, route_name))
            except FileNotFoundError:
                continue  # taken away or replaced since the listing; the next scan sees what is there
            except StorageError as error:
                self._troubles.met(_trouble_with(one.entry.name), str(error))
        return claims

    def _durable(self, claims: Sequence[Claim]) -> list[Claim]:
        """Sync files, then folders; return the claims whose file is on the disk.

        All renames come before the first sync: the disk then brings many files down in one go.
        """
        failed = self._context.files.sync_files([Path(claim.path) for claim in claims])
        synced = []
        for claim in claims:
            error = failed.get(Path(claim.path))
            if error is None:
                synced.append(claim)
            elif isinstance(error, StorageError):  # otherwise it was taken out of the work folder by hand
                self._troubles.met(_trouble_with(claim.name), str(error))
        keys = {claim.folder for claim in synced}
        touched = [watched for watched in self._watched if watched.key in keys]
        self._context.files.sync_folders([folder for one in touched for folder in (one.work, one.path)])
        return synced

    def _usable(self, route_name: str) -> bool:
        """Tell whether a route's mapping can be used; a broken one leaves its files in the inbox."""
        route = self._context.route(route_name)
        if route is None:
            return True
        key = f"mapping:{route.mapping}"
        try:
            self._context.mappings.get(route.mapping)
        except SettingsError as error:
            if key not in self._broken:
                self._broken.add(key)
                self._incident(key, f"The files of route {route.name} wait: {error}")
            return False
        if key in self._broken:
            self._broken.discard(key)
            now = self._context.clock.now()
            self._context.journal.write(lambda c: incidents.clear(c, key, now))
        return True

    def _remember(self, claim_id: str, watched: Watched, one: Settled) -> None:
        """Keep what was known of a claimed file, in case it is given back; of the newest claims only."""
        self._claimed_as[claim_id] = (watched, one)
        while len(self._claimed_as) > 10 * MOST_CLAIMS_A_SCAN:
            del self._claimed_as[next(iter(self._claimed_as))]

    def _row(self, claim_id: str, watched: Watched, name: str, path: Path, route_name: str | None) -> Claim:
        """Return the row of a claimed file. Raises StorageError when its content must be asked and cannot be now."""
        route = None
        if watched.origin == "inbox" and route_name is not None:
            route = choose_route(self._context.files, path, name, watched.key, self._context.routes)
        return Claim(
            claim=claim_id, node=self._context.node, origin=watched.origin, folder=watched.key,
            name=printable_name(name),
            path=str(path), route=route.name if route else None, account=route.account if route else None,
            mapping=route.mapping if route else None,
        )

    def _orphans(self) -> list[Claim]:
        """Make rows for work files that have none: a stop came between the rename and the commit."""
        claims: list[Claim] = []
        for watched in self._watched:
            try:
                listing = self._context.files.list_folder(watched.work)
            except StorageError as error:
                self._troubles.met(WORK_FOLDER + (watched.key or "inbox"), str(error))
                continue
            self._troubles.over((WORK_FOLDER + (watched.key or "inbox"),))
            claims += self._orphans_of(watched, listing)
        return claims

    def _orphans_of(self, watched: Watched, listing: Sequence[Entry]) -> list[Claim]:
        orphans: list[tuple[str, Entry, str]] = []
        data = set()
        markers = {}
        for entry in listing:
            claim_id, tag, rest = entry.name.partition(f"{MARKER_TAG}~")
            if tag:
                markers[claim_id] = (entry, rest)
                continue
            parts = split_work_name(entry.name)
            if parts is not None and entry.is_file:
                data.add(parts[0])
                if parts[0] not in self._recorded:
                    orphans.append((parts[0], entry, parts[1]))
        for claim_id, (entry, name) in markers.items():
            if claim_id not in data and claim_id not in self._recorded and not self._known(claim_id):
                self._put_back(entry, watched.path / name)
        return self._rows_of(watched, orphans) if orphans else []

    def _rows_of(self, watched: Watched, orphans: Sequence[tuple[str, Entry, str]]) -> list[Claim]:
        """Return rows for work files that have none; what came back after its row was closed is claimed anew."""
        files, ids = self._context.files, [claim_id for claim_id, _, _ in orphans]
        closed = self._context.journal.read(lambda c: interchanges.closed_claims(c, ids))
        claims = []
        for claim_id, entry, name in orphans:
            try:
                fresh = str(uuid4()) if claim_id in closed else claim_id
                path = watched.work / entry.name.replace(claim_id, fresh, 1)
                if fresh != claim_id:
                    files.rename(entry.path, path, entry)
                claims.append(self._row(fresh, watched, name, path, "?"))
            except FileNotFoundError:
                continue  # taken out of the work folder since the listing
            except StorageError as error:
                self._troubles.met(_trouble_with(name), str(error))
        return claims

    def _known(self, claim_id: str) -> bool:
        node = self._context.node
        known = self._context.journal.read(lambda c: interchanges.known_claims(c, node))
        return claim_id in known

    def _put_back(self, entry: Entry, target: Path) -> None:
        """A marker was taken, its file was not: both belong in the inbox."""
        try:
            self._context.files.move(entry.path, target)
        except FileExistsError:
            self._context.files.remove(entry.path)

    def _incident(self, key: str, text: str) -> None:
        now = self._context.clock.now()
        self._context.journal.write(lambda c: incidents.raise_incident(c, key, text, now))


def _trouble_with(name: str) -> str:
    return incidents.key_of(CLAIM, printable_name(name))
