"""Where everything lies: the contract of folders with people and ERPs. Pure: paths, no effects.

The names of files are in `names`; the ones other rooms use are offered here too, so that `layout` is the
one place to ask for names and places.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Protocol

from gateway.files.names import (
    DEFAULT_OUTBOX_TEMPLATE,
    MARKER,
    check_template,
    extract_name,
    free_name,
    ignored_reason,
    marker_prefix,
    natural_key,
    outbox_name,
    printable_name,
    reason_names,
    reason_of,
    safe_component,
    split_work_name,
    work_name,
)

__all__ = [
    "DEFAULT_OUTBOX_TEMPLATE",
    "MARKER",
    "RETRY_CLAIMS",
    "WORK",
    "Folders",
    "Layout",
    "check_template",
    "extract_name",
    "free_name",
    "ignored_reason",
    "marker_prefix",
    "natural_key",
    "outbox_name",
    "printable_name",
    "reason_names",
    "reason_of",
    "safe_component",
    "split_work_name",
    "work_name",
]

WORK = ".work"
RETRY_CLAIMS = ".retry"


class Folders(Protocol):
    """The configured folders, as absolute paths; `settings.folders` is one."""

    @property
    def inbox(self) -> Path: ...
    @property
    def outbox(self) -> Path: ...
    @property
    def error(self) -> Path: ...
    @property
    def retry(self) -> Path: ...
    @property
    def done(self) -> Path: ...
    @property
    def state(self) -> Path: ...


@dataclass(frozen=True, slots=True)
class Layout:
    """Every place of one gateway. `outboxes` holds the accounts that have an outbox of their own."""

    folders: Folders
    outboxes: Mapping[str, Path] = field(default_factory=dict)

    @property
    def inbox(self) -> Path:
        """Return the folder the ERP drops files into."""
        return self.folders.inbox

    def intake(self, folder: str = "") -> Path:
        """Return the folder a route takes files from: the inbox or a subfolder of it."""
        return self.inbox / folder

    @property
    def all_work(self) -> Path:
        """Return the folder that holds one work folder a node."""
        return self.inbox / WORK

    def work(self, node: str, folder: str = "") -> Path:
        """Return where a node keeps what it claimed from the inbox or a subfolder of it."""
        return self.all_work / node / folder

    def retry_work(self, node: str) -> Path:
        """Return where a node keeps what it claimed from `retry/`."""
        return self.all_work / node / RETRY_CLAIMS

    @property
    def done(self) -> Path:
        """Return the folder of closed originals, one subfolder a day."""
        return self.folders.done

    def done_for(self, day: date) -> Path:
        """Return the folder for what was closed on this local day."""
        return self.done / day.isoformat()

    @property
    def error(self) -> Path:
        """Return the folder of what an operator must look at."""
        return self.folders.error

    @property
    def unknown(self) -> Path:
        """Return the folder of orders whose outcome is unknown."""
        return self.error / "unknown"

    @property
    def arrived(self) -> Path:
        """Return where an operator moves what did arrive at Jakamo."""
        return self.unknown / "arrived"

    @property
    def send_again(self) -> Path:
        """Return where an operator moves what did not arrive at Jakamo."""
        return self.unknown / "send-again"

    @property
    def retry(self) -> Path:
        """Return the folder for corrected files."""
        return self.folders.retry

    def outbox(self, account: str) -> Path:
        """Return the folder the ERP reads this account's responses from."""
        return self.outboxes.get(account, self.folders.outbox)

    def outbox_work(self, account: str) -> Path:
        """Return the folder of this account's unfinished outbox files."""
        return self.outbox(account) / WORK

    def problems(self, account: str) -> Path:
        """Return the folder of queue messages that could not be understood."""
        return self.outbox(account) / "problems"

    @property
    def state(self) -> Path:
        """Return the gateway's private folder: journal, lock, token."""
        return self.folders.state

    @property
    def spools(self) -> Path:
        """Return the folder of what large files become while they are read; nothing in it outlives a start."""
        return self.state / "spool"

    @property
    def extract_spool(self) -> Path:
        """Return where a large file is read into while orders are cut out of it."""
        return self.spools / "extract"

    def folders_to_make(self, node: str, accounts: Iterable[str], route_folders: Iterable[str] = ()) -> list[Path]:
        """Return all folders a running gateway needs, parents first, each once; `state` is not among them."""
        places = [self.inbox, self.all_work, self.work(node), self.retry_work(node)]
        for folder in route_folders:
            places += [self.intake(folder), self.work(node, folder)]
        places += [self.done, self.error, self.unknown, self.arrived, self.send_again, self.retry]
        for account in accounts:
            places += [self.outbox(account), self.outbox_work(account), self.problems(account)]
        return list(dict.fromkeys(places))

    def folders_to_sweep(self, accounts: Iterable[str], route_folders: Iterable[str] = ()) -> list[Path]:
        """Return the folders in which a broken-off write may have left its temporary name; `done/` has its own days."""
        places = [self.state, self.inbox, *map(self.intake, route_folders), self.retry, self.error, self.unknown]
        for account in accounts:
            places += [self.outbox(account), self.outbox_work(account), self.problems(account)]
        return list(dict.fromkeys(places))

    def folders_to_mark(self, accounts: Iterable[str]) -> list[Path]:
        """Return the folders that carry a liveness marker: inbox, error, each outbox and its work folder."""
        places = [self.inbox, self.error]
        for account in accounts:
            places += [self.outbox(account), self.outbox_work(account)]
        return list(dict.fromkeys(places))

    def own_names(self, folder: str = "", route_folders: Iterable[str] = ()) -> frozenset[str]:
        """Return the names directly in an intake folder that are the gateway's own: no file of an ERP."""
        here = self.intake(folder)
        ours = [self.done, self.error, self.retry, *map(self.intake, route_folders)]
        inside = {place.relative_to(here).parts[0] for place in ours if place != here and place.is_relative_to(here)}
        return frozenset(inside | {WORK, MARKER})
