"""The folders that are scanned, and the words for files that are stuck in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from gateway.files.layout import RETRY_CLAIMS, printable_name
from gateway.intake.context import IntakeContext
from gateway.intake.settle import EveryFile, Observation, SettleTracker, Waiting
from gateway.journal import incidents

RETRY = "retry"


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """One folder that is scanned."""

    key: str  # subfolder of the inbox, or RETRY_CLAIMS
    path: Path
    work: Path
    origin: str
    tracker: SettleTracker


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderReport:
    """What the last scan of a folder saw, for `status`."""

    path: Path
    observation: Observation | None
    trouble: str | None = None


class Troubles:
    """Incidents about single things of the scan: opened when one meets trouble, closed when the same works again.

    `open_from` reads which ones an earlier life left open; `met_now` holds what was met since it was last cleared.
    Used by one thread only.
    """

    def __init__(self, context: IntakeContext) -> None:
        self._context = context
        self._open: set[str] = set()
        self.met_now: set[str] = set()

    def open_from(self, prefixes: Sequence[str]) -> None:
        """At start: learn which incidents of these kinds are open."""
        found = self._context.journal.read(lambda c: [incidents.open_keys(c, prefix) for prefix in prefixes])
        self._open.update(*found)

    def met(self, key: str, text: str) -> None:
        """Open an incident, or count it again."""
        now = self._context.clock.now()
        self._context.journal.write(lambda c: incidents.raise_incident(c, key, text, now))
        self._open.add(key)
        self.met_now.add(key)

    def over(self, keys: Iterable[str]) -> None:
        """Close those of these incidents that are open."""
        ended = self._open.intersection(keys)
        if ended:
            now = self._context.clock.now()
            self._context.journal.write(lambda c: [incidents.clear(c, key, now) for key in ended])
            self._open -= ended

    def of_kind(self, prefix: str) -> list[str]:
        """Return the open ones of a kind."""
        return [key for key in self._open if key.startswith(prefix)]


class StuckFiles:
    """Incidents about files that are stuck, and about folders that could not be listed. Used by one thread only."""

    def __init__(self, context: IntakeContext, watched: Sequence[Watched]) -> None:
        self._context = context
        self._alarmed = {one.key for one in watched}  # an incident of theirs may be open, from an earlier life

    def expect(self, watched: Watched) -> None:
        """Say that an incident about this folder was opened."""
        self._alarmed.add(watched.key)

    def report(self, watched: Watched, observation: Observation) -> None:
        """Open one incident for each file that is stuck; close those of files that moved on."""
        if not observation.newly_stuck and watched.key not in self._alarmed:
            return
        now = self._context.clock.now()
        prefix = f"stuck:{watched.key}:"
        stuck = {_stuck_key(prefix, waiting): waiting for waiting in observation.stuck}
        new = [_stuck_key(prefix, waiting) for waiting in observation.newly_stuck]
        places = (f"share:{watched.key or 'inbox'}", f"folder:{watched.key or 'inbox'}")

        def note(connection: Connection) -> None:
            for key in new:
                incidents.raise_incident(connection, key, stuck_text(watched, stuck[key]), now)
            for key in incidents.open_keys(connection, prefix) - stuck.keys():
                incidents.clear(connection, key, now)
            for key in places:
                incidents.clear(connection, key, now)

        stale = self._context.journal.read(lambda c: outdated(c, prefix, set(stuck), places))
        if new or stale:
            self._context.journal.write(note)
        (self._alarmed.add if stuck else self._alarmed.discard)(watched.key)


def _stuck_key(prefix: str, waiting: Waiting) -> str:
    return incidents.key_of(prefix, printable_name(waiting.entry.name))


def outdated(connection: Connection, prefix: str, stuck: set[str], places: Sequence[str]) -> bool:
    """Tell whether an incident is open that the present listing does not bear out."""
    if incidents.open_keys(connection, prefix) - stuck:
        return True
    return any(place in incidents.open_keys(connection, place) for place in places)


def stuck_text(watched: Watched, waiting: Waiting) -> str:
    name, detail = printable_name(waiting.entry.name), printable_name(waiting.detail)
    what = {
        "changing": "is still being written",
        "zero-bytes": "is empty",
        "no-marker": f"waits for its companion file {detail}",
        "marker-changing": f"waits for {detail}, which is still being written",
        "incomplete": "ends in the middle: its end is missing",
    }.get(str(waiting.reason), "waits")
    return f"{watched.path.name}/{name} {what}. Look whether the export was finished."


def watched_folders(context: IntakeContext) -> list[Watched]:
    layout, node, settings = context.layout, context.node, context.settings
    stuck_seconds = settings.stuck_minutes * 60
    folders = list(dict.fromkeys(["", *(route.folder for route in context.routes)]))
    watched = []
    for folder in folders:
        tracker = SettleTracker(
            [route for route in context.routes if route.folder == folder],
            settle_seconds=settings.settle_seconds, stuck_seconds=stuck_seconds,
            own_names=layout.own_names(folder, [f for f in folders if f]),
        )
        watched.append(
            Watched(
                key=folder, path=layout.intake(folder), work=layout.work(node, folder), origin="inbox",
                tracker=tracker,
            )
        )
    watched.append(
        Watched(
            key=RETRY_CLAIMS, path=layout.retry, work=layout.retry_work(node), origin=RETRY,
            tracker=SettleTracker(
                [EveryFile(RETRY)], settle_seconds=settings.settle_seconds, stuck_seconds=stuck_seconds
            ),
        )
    )
    return watched
