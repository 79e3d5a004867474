"""A site that is looked at, or asked for something, without running it: settings, journal, places; no lock held.

Layer: beside `app`, above the rooms; starts no loop and touches no order. What a person asks for is written
into the journal as an action, and whoever runs the site carries it out.
"""

from __future__ import annotations

import getpass
import os
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from filelock import FileLock, Timeout
from sqlalchemy import Connection

from gateway.clock import Clock, SystemClock
from gateway.errors import AlreadyRunning, JournalError, SettingsError, StorageError
from gateway.files.durable import FileDoor
from gateway.journal import accounts, actions, queries
from gateway.journal.journal import JOURNAL, Journal, journal_url, open_journal
from gateway.places import LOCK, RECORD_MODE, site_files, site_layout
from gateway.settings import Settings

LOOK_AGAIN_SECONDS = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One action to be asked for; `kind` and `arguments` as `gateway.operations.actions` takes them."""

    kind: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """What became of a wish: `state` is waiting, done or refused."""

    id: int
    kind: str
    state: str
    result: str | None


class Site:
    """One site with its journal open. Close it, or use it in a `with` block."""

    def __init__(self, settings: Settings, *, clock: Clock | None = None, create: bool = False) -> None:
        """Open the journal. Raises JournalError when it cannot be used, or there is none and `create` is not said."""
        self.settings = settings
        self.clock: Clock = clock or SystemClock()
        self.layout = site_layout(settings)
        if not create and not has_journal(settings):
            raise JournalError(
                f"This gateway has not run yet: there is no journal in {settings.folders.state}.",
                hint="Start it with `gateway run`. If it has, look whether the right settings are used (--config).",
            )
        self.journal: Journal = open_journal(journal_url(settings.journal.url, settings.folders.state))

    def __enter__(self) -> Site:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the journal."""
        self.journal.close()

    def files(self) -> FileDoor:
        """Return the door to the site's folders."""
        return site_files(self.settings, self.clock)

    # Asking

    def ask(self, wishes: Sequence[Wish]) -> list[int]:
        """Write actions into the journal, all of them or none; return their ids."""
        now, by = self.clock.now(), person()

        def request(connection: Connection) -> list[int]:
            return [actions.request(connection, wish.kind, wish.arguments, by, now) for wish in wishes]

        return self.journal.write(request)

    def results(self, ids: Sequence[int]) -> list[Carried]:
        """Return what has become of actions so far."""
        rows = self.journal.read(lambda c: queries.actions_by_id(c, ids))
        return [Carried(id=row["id"], kind=row["kind"], state=row["state"], result=row["result"]) for row in rows]

    def await_results(self, ids: Sequence[int], seconds: float) -> list[Carried]:
        """Wait until all are carried out, at most `seconds`; return what has become of them."""
        deadline = self.clock.monotonic() + seconds
        while True:
            results = self.results(ids)
            left = deadline - self.clock.monotonic()
            if left <= 0 or all(one.state != "waiting" for one in results):
                return results
            self.clock.wait(threading.Event(), min(LOOK_AGAIN_SECONDS, left))

    # Accounts

    def accept(self, name: str, *, fresh: bool) -> str:
        """Accept that an account points elsewhere now; return who it is from now on.

        Raises AlreadyRunning while a gateway runs on this site, JournalError for an account it does not know.
        """
        identity = self.settings.accounts[name].fingerprint()
        now = self.clock.now()
        with alone(self.settings):
            self.journal.write(lambda c: accounts.accept(c, name, identity, fresh=fresh, now=now))
        return identity

    def check_identities(self) -> None:
        """Give each account its row. Raises SettingsError when one points elsewhere than its memory says."""
        identities = {name: account.fingerprint() for name, account in self.settings.accounts.items()}
        moved = self.journal.write(lambda c: accounts.ensure(c, identities))
        if moved:
            raise SettingsError(
                f"Account {', '.join(moved)} now points elsewhere than when its orders were sent.",
                hint=f"If it is the same Jakamo account: `gateway account accept {moved[0]} --same`. If it is another "
                f"(demo to production, say): `gateway account accept {moved[0]} --fresh`.",
            )


def has_journal(settings: Settings) -> bool:
    """Tell whether the site has run before; a journal on a server is taken to be there.

    Raises StorageError when this user may not look.
    """
    if settings.journal.url:
        return True
    path = settings.folders.state / JOURNAL
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise StorageError(
            f"{path} cannot be looked at: {error.strerror}.", hint="Run the command as the user of the service."
        ) from error
    return True


def runs(settings: Settings) -> bool:
    """Tell whether a gateway runs on this machine's state folder now."""
    try:
        with alone(settings):
            return False
    except AlreadyRunning:
        return True


@contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """Hold the site's lock for a moment. Raises AlreadyRunning when a gateway holds it, StorageError without rights."""
    path = settings.folders.state / LOCK
    if not settings.folders.state.is_dir():
        yield  # nothing has ever run here, and looking must not make a state folder
        return
    lock = FileLock(path, mode=RECORD_MODE)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise AlreadyRunning(f"A gateway runs on {settings.folders.state}.") from None
    except OSError as error:
        raise StorageError(
            f"{path} cannot be used: {error.strerror}.", hint="Run the command as the user of the service."
        ) from error
    try:
        yield
    finally:
        lock.release()


def person() -> str:
    """Return who asks, for the record: user and machine."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container's user without a name
        user = f"user {os.getuid()}" if hasattr(os, "getuid") else "somebody"
    return f"{user}@{socket.gethostname()} (command line)"
