"""When is a file complete? Pure: listings and instants in, verdicts out; no disk, no clock, no log.

One `SettleTracker` watches one intake folder. It is shown each listing of the folder with a monotonic instant
and says which files are settled, in the order they may be claimed, and why each other one waits. Only what
the tracker saw change counts; a file's own time is never compared with a clock. Its memory is the present
listing: a file that vanished is forgotten.

The sign by which a route's files are complete: "quiet" is the same size, time and file id for `settle_seconds`;
"marker" a quiet marker file besides; "trailer" is quiet here, and the reader that finds no end says so by
`note_incomplete`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple, Protocol

from gateway.files.entry import Entry
from gateway.files.layout import ignored_reason, natural_key
from gateway.settings.route import folded


class Rule(Protocol):
    """What is asked of a route; `settings.Route` is one."""

    @property
    def name(self) -> str: ...
    @property
    def settle_seconds(self) -> float | None: ...
    @property
    def marker_suffix(self) -> str | None: ...
    def matches(self, name: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class EveryFile:
    """A rule for folders without routes, such as `retry/`: any name, complete when quiet."""

    name: str
    settle_seconds: float | None = None
    marker_suffix: str | None = None

    def matches(self, name: str) -> bool:
        """Take every name."""
        return True


class Reason(StrEnum):
    """Why a file waits."""

    CHANGING = "changing"  # not unchanged for long enough
    ZERO_BYTES = "zero-bytes"
    NO_MARKER = "no-marker"
    MARKER_CHANGING = "marker-changing"
    INCOMPLETE = "incomplete"  # read without its end; waits until it changes
    BEHIND = "behind"  # settled itself, but an older file of its route is not
    NO_FILE = "no-file"  # a marker whose file is not there
    NO_ROUTE = "no-route"


class Place(NamedTuple):
    """A file's place in the order of files: first scan, then modification time at first sight, then name."""

    scan: int
    mtime_ns: int
    name: str

    def key(self) -> tuple[int, int, object]:
        """Return the sort key; digits in the name count as numbers."""
        return self.scan, self.mtime_ns, natural_key(self.name)


class Settled(NamedTuple):
    """A file that may be claimed. `marker` is to be moved before it; of several files with one, the last has it."""

    entry: Entry
    route: str
    place: Place
    marker: Entry | None


class Waiting(NamedTuple):
    """A file that may not be claimed yet. `since` is the monotonic instant since when it has been waiting."""

    entry: Entry
    route: str | None
    reason: Reason
    detail: str  # the marker's name, or the name of the file it waits for
    since: float


class Ignored(NamedTuple):
    """A name that is never taken, and why, in words."""

    entry: Entry
    reason: str


@dataclass(frozen=True, slots=True)
class Observation:
    """What one look at the folder tells."""

    settled: list[Settled] = field(default_factory=list)  # in the order in which they may be claimed
    waiting: list[Waiting] = field(default_factory=list)  # stuck ones too
    stuck: list[Waiting] = field(default_factory=list)  # unsettled for too long; hold nobody back
    newly_stuck: list[Waiting] = field(default_factory=list)  # each once: to be reported
    empty: list[Settled] = field(default_factory=list)  # zero bytes for too long: to be rejected
    unrouted: list[Waiting] = field(default_factory=list)
    ignored: list[Ignored] = field(default_factory=list)
    due_in_seconds: float | None = None  # when, at the earliest, a look could find something more settled

    def names(self) -> set[str]:
        """Return the names of the files it tells of."""
        waiting, settled = (*self.waiting, *self.unrouted), (*self.settled, *self.empty)
        return {one.entry.name for one in waiting} | {one.entry.name for one in settled}


class _Kind(StrEnum):
    IGNORED = "ignored"
    MARKER = "marker"
    DATA = "data"
    UNROUTED = "unrouted"


@dataclass(slots=True)
class _Seen:
    """What the tracker remembers of one name."""

    entry: Entry
    kind: _Kind
    rule: Rule | None
    settle_seconds: float
    marker_ending: str  # folded; empty where the rule asks for no marker
    reason: str  # of an ignored one
    place: Place
    first_seen: float
    unchanged_since: float
    unsettled_since: float | None
    incomplete: tuple[object, ...] | None = None  # the signature that was read without an end
    reported: bool = False


class SettleTracker:
    """Judges the files of one intake folder.

    `rules` are the routes that take from this folder, in the order of the settings: the first whose pattern
    fits a name says by which sign the file is complete. `settle_seconds` holds for those that name no time of
    their own; 0 means settled at first sight. `own_names` are names in the folder that are the gateway's own and
    appear nowhere. Instants are seconds of one monotonic clock.
    """

    def __init__(
        self,
        rules: Sequence[Rule],
        *,
        settle_seconds: float,
        stuck_seconds: float,
        own_names: Iterable[str] = (),
    ) -> None:
        self._rules = tuple((rule, folded(rule.marker_suffix or "")) for rule in rules)
        self._settle_seconds = settle_seconds
        self._stuck_seconds = stuck_seconds
        self._own_names = frozenset(own_names)
        self._seen: dict[str, _Seen] = {}  # in the order of places
        self._returned: dict[str, Settled | None] = {}
        self._scan = 0

    def observe(self, listing: Iterable[Entry], now: float, scan: int | None = None) -> Observation:
        """Take a whole listing of the folder and judge every name in it.

        `scan` numbers the round over all folders, so that places of several trackers compare; left out, the
        tracker counts by itself.
        """
        self._scan = self._scan + 1 if scan is None else scan
        present = {entry.name: entry for entry in listing if entry.name not in self._own_names}
        self._forget_vanished(present)
        self._update_known(present, now)
        self._add_new(present, now)
        self._returned = {name: one for name, one in self._returned.items() if name not in present}
        return _Judge(self._seen, now, self._stuck_seconds).judge()

    def note_incomplete(self, name: str, settled: Settled | None = None) -> None:
        """Let a file that the reader found without its end wait until it changes.

        For a file that was claimed and given back, `settled` is what `observe` had said of it: it keeps its
        place, and a change since then is not missed.
        """
        seen = self._seen.get(name)
        if seen is None:
            self._returned[name] = settled
        else:
            seen.incomplete = seen.entry.signature if settled is None else settled.entry.signature

    def forget(self, name: str) -> None:
        """Drop what is known of a name that was just claimed, so that a next file of that name starts anew."""
        self._seen.pop(name, None)

    def _forget_vanished(self, present: dict[str, Entry]) -> None:
        for name in [name for name, seen in self._seen.items() if not _is_same_file(seen.entry, present.get(name))]:
            del self._seen[name]

    def _update_known(self, present: dict[str, Entry], now: float) -> None:
        for name, seen in self._seen.items():
            entry = present[name]
            if entry.signature != seen.entry.signature:
                seen.unchanged_since = now
            seen.entry = entry

    def _add_new(self, present: dict[str, Entry], now: float) -> None:
        fresh = [self._first_sight(entry, now) for name, entry in present.items() if name not in self._seen]
        fresh.sort(key=lambda seen: seen.place.key())
        kept_a_place = any(seen.place.scan != self._scan for seen in fresh)
        self._seen.update((seen.entry.name, seen) for seen in fresh)
        if kept_a_place:  # rare: a file was given back
            self._seen = dict(sorted(self._seen.items(), key=lambda item: item[1].place.key()))

    def _first_sight(self, entry: Entry, now: float) -> _Seen:
        kind, rule, ending, reason = self._classify(entry)
        own_time = rule.settle_seconds if rule else None
        settle_seconds = self._settle_seconds if own_time is None else own_time
        place = Place(self._scan, entry.mtime_ns, entry.name)
        seen = _Seen(entry, kind, rule, settle_seconds, ending, reason, place, now, now, now)
        if entry.name in self._returned:
            before = self._returned[entry.name]
            seen.incomplete = before.entry.signature if before else entry.signature
            seen.place = before.place if before else place
        return seen

    def _classify(self, entry: Entry) -> tuple[_Kind, Rule | None, str, str]:
        if reason := ignored_reason(entry):
            return _Kind.IGNORED, None, "", reason
        name = folded(entry.name)
        for rule, ending in self._rules:
            if ending and name.endswith(ending) and len(name) > len(ending):
                return _Kind.MARKER, rule, ending, ""
        for rule, ending in self._rules:
            if rule.matches(entry.name):
                return _Kind.DATA, rule, ending, ""
        return _Kind.UNROUTED, None, "", ""


def _is_same_file(known: Entry, present: Entry | None) -> bool:
    """Tell whether the name still stands for the same file; another id is another file, in its own place."""
    return present is not None and (known.inode, known.is_file) == (present.inode, present.is_file)


class _Judge:
    """One pass over all names, oldest place first; built for one observation and thrown away."""

    def __init__(self, seen: dict[str, _Seen], now: float, stuck_seconds: float) -> None:
        self._all = seen.values()
        self._now = now
        self._stuck_seconds = stuck_seconds
        self._markers = {folded(one.entry.name): one for one in self._all if one.kind is _Kind.MARKER}
        self._marker_holders: dict[str, tuple[list[Settled], int]] = {}  # the last file that may take it along
        self._markers_kept: set[str] = set()  # a waiting file still needs them
        self._first_unsettled: dict[str, str] = {}  # rule -> its oldest unsettled file
        self._due: float | None = None
        self._result = Observation()

    def judge(self) -> Observation:
        result = self._result
        for one in self._all:
            if one.kind is _Kind.IGNORED:
                result.ignored.append(Ignored(one.entry, one.reason))
            elif one.kind is _Kind.UNROUTED:
                result.unrouted.append(Waiting(one.entry, None, Reason.NO_ROUTE, "", one.first_seen))
            elif one.kind is _Kind.DATA and one.rule is not None:
                self._judge_data(one, one.rule)
        self._hand_out_markers()
        return replace(result, due_in_seconds=self._due)

    def _hand_out_markers(self) -> None:
        for marker, (files, index) in self._marker_holders.items():
            if marker not in self._markers_kept:
                files[index] = files[index]._replace(marker=self._markers[marker].entry)
        used = self._marker_holders.keys() | self._markers_kept
        for one in self._all:
            if one.kind is not _Kind.MARKER or one.rule is None:
                continue
            marker = folded(one.entry.name)
            if marker not in used or self._markers[marker] is not one:  # another spelling of it counts already
                waiting = Waiting(one.entry, one.rule.name, Reason.NO_FILE, "", one.first_seen)
                self._result.waiting.append(waiting)

    def _judge_data(self, one: _Seen, rule: Rule) -> None:
        marker = self._marker_of(one)
        found = self._why_unsettled(one, marker)
        if found is not None:
            self._judge_unsettled(one, rule, marker, *found)
            return
        one.unsettled_since, one.reported = None, False
        older = self._first_unsettled.get(rule.name)
        if older is not None:
            self._wait(one, rule, marker, Reason.BEHIND, older)
        else:
            self._release(self._result.settled, one, rule, marker)

    def _marker_of(self, one: _Seen) -> _Seen | None:
        if not one.marker_ending:
            return None
        name = folded(one.entry.name)
        stem = name.rpartition(".")[0]
        return self._markers.get(name + one.marker_ending) or self._markers.get(stem + one.marker_ending)

    def _why_unsettled(self, one: _Seen, marker: _Seen | None) -> tuple[Reason, str] | None:
        """Return why the file is not settled by its route's sign, None if it is."""
        if one.entry.size == 0:
            return Reason.ZERO_BYTES, ""
        if one.incomplete == one.entry.signature:
            return Reason.INCOMPLETE, ""
        if not self._is_quiet(one, one.settle_seconds):
            return Reason.CHANGING, ""
        if not one.marker_ending:
            return None
        if marker is None:
            return Reason.NO_MARKER, one.entry.name + one.marker_ending
        return None if self._is_quiet(marker, one.settle_seconds) else (Reason.MARKER_CHANGING, marker.entry.name)

    def _is_quiet(self, one: _Seen, settle_seconds: float) -> bool:
        left = settle_seconds - (self._now - one.unchanged_since)
        if left > 0 and (self._due is None or left < self._due):
            self._due = left
        return left <= 0

    def _judge_unsettled(self, one: _Seen, rule: Rule, marker: _Seen | None, reason: Reason, detail: str) -> None:
        if one.unsettled_since is None:  # it was settled, and is written again
            one.unsettled_since = self._now
        if reason is Reason.ZERO_BYTES and self._now - one.unchanged_since >= self._stuck_seconds:
            self._release(self._result.empty, one, rule, marker)
            return
        waiting = self._wait(one, rule, marker, reason, detail)
        if self._now - one.unsettled_since < self._stuck_seconds:
            self._first_unsettled.setdefault(rule.name, one.entry.name)
            return
        self._result.stuck.append(waiting)
        if not one.reported:
            self._result.newly_stuck.append(waiting)
            one.reported = True

    def _wait(self, one: _Seen, rule: Rule, marker: _Seen | None, reason: Reason, detail: str) -> Waiting:
        if marker is not None:
            self._markers_kept.add(folded(marker.entry.name))
        since = one.first_seen if one.unsettled_since is None else one.unsettled_since
        waiting = Waiting(one.entry, rule.name, reason, detail, since)
        self._result.waiting.append(waiting)
        return waiting

    def _release(self, to: list[Settled], one: _Seen, rule: Rule, marker: _Seen | None) -> None:
        if marker is not None:
            self._marker_holders[folded(marker.entry.name)] = (to, len(to))
        to.append(Settled(one.entry, rule.name, one.place, None))
