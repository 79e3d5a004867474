"""Every error the gateway raises on purpose, and what each one fixes.

    GatewayError                 code, message, hint (what a person does next)
        SettingsError            the settings, a mapping folder or a schema is wrong; lists every problem
        UsageError               a command was given something it cannot use
        FileRejected             the whole file is refused: its structure cannot be trusted
        StorageError             our own side: disk, permission, share; never the fault of a file
            ShareGone            a folder that was there has lost its liveness marker
            FileDenied           one single file may not be read or moved; the others go on
        JournalError             the journal cannot be opened or does not fit this program
            StaleTransition      somebody else moved the row first; carries the present state
        AlreadyRunning           another instance holds the lock

Bottom layer: imports nothing of the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class GatewayError(Exception):
    """Base of all errors raised on purpose; `code` is stable, `hint` says what to do next."""

    code = "gateway"
    hint = ""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if hint is not None:
            self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip() if self.hint else self.message


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with the settings: `place` is a file and a key path, or a file and a line."""

    place: str
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


class SettingsError(GatewayError):
    """Settings, mapping folder or schema cannot be used; `problems` holds all of them at once."""

    code = "settings"
    hint = "Mend the settings named above, then run `gateway check`."

    def __init__(self, problems: Sequence[Problem] | str, *, hint: str | None = None) -> None:
        if isinstance(problems, str):
            problems = [Problem("settings", problems)]
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems), hint=hint)


class UsageError(GatewayError):
    """A command was called with something it cannot use."""

    code = "usage"


class FileRejected(GatewayError):
    """The structure of a source file is broken, so nothing of it may be sent.

    `findings` are `gateway.model.Finding` values; typed loosely because this module is the lowest.
    """

    code = "file-rejected"
    hint = "Correct the file and drop it into the retry folder."

    def __init__(self, message: str, findings: Sequence[object] = (), *, code: str = "file-rejected") -> None:
        super().__init__(message)
        self.code = code
        self.findings = tuple(findings)


class StorageError(GatewayError):
    """A folder or disk of ours does not do what it must; work waits, files stay where they are."""

    code = "storage"
    hint = "Check free space, rights and the mount of the folder named; the gateway goes on by itself."


class ShareGone(StorageError):
    """A folder that carried a liveness marker has none: an unmounted share looks like an empty folder."""

    code = "share-gone"
    hint = "Mount the share again. If the folder was replaced on purpose, run `gateway check --mark-folders`."


class FileDenied(StorageError):
    """One single file may not be read or moved (its rights, or another program holds it); others go on."""

    code = "file-denied"
    hint = "Check the rights of this file and whether another program holds it open; it is tried again."


class JournalError(GatewayError):
    """The journal cannot be opened, or was written by a newer program."""

    code = "journal"


class StaleTransition(JournalError):
    """A compare-and-set found the row in another state or version than the caller had seen."""

    code = "stale"

    def __init__(self, what: str, expected: str, present: str) -> None:
        super().__init__(f"{what} is {present}, no longer {expected}.", hint="Look again, then decide anew.")
        self.present = present


class AlreadyRunning(GatewayError):
    """Another gateway process holds the lock of this state folder."""

    code = "already-running"
    hint = "Stop the other instance first, or give this one its own state folder."
