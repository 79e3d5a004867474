"""The settings as a whole: typed, frozen, without unknown keys. Every description here is documentation.

Layer: settings. Holds what is true of one key; what concerns several keys at once is in `checks`.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from gateway.settings.account import Account
from gateway.settings.route import Route
from gateway.settings.values import (
    BY_PROGRAM,
    BYTES_PER_MB,
    Duration,
    FileMode,
    FolderMode,
    LocalPath,
    Megabytes,
    OutboxTemplate,
    Section,
    Wait,
    Word,
)


class Folders(Section):
    """Where files are. Paths are absolute here; in the file they may be relative to the file's own folder."""

    inbox: LocalPath = Field(default=Path("inbox"), description="The ERP drops its files here.")
    outbox: LocalPath = Field(default=Path("outbox"), description="The ERP takes supplier responses from here.")
    error: LocalPath = Field(
        default_factory=lambda data: _inside(data, "error"),
        json_schema_extra={"shown": "{inbox}/error"},
        description="Files that a person must look at.",
    )
    retry: LocalPath = Field(
        default_factory=lambda data: _inside(data, "retry"),
        json_schema_extra={"shown": "{inbox}/retry"},
        description="Corrected files are dropped here.",
    )
    done: LocalPath = Field(
        default_factory=lambda data: _inside(data, "done"),
        json_schema_extra={"shown": "{inbox}/done"},
        description="Originals that are finished, one folder a day.",
    )
    state: LocalPath = Field(
        default=Path("state"),
        description="The gateway's memory: journal and lock. A local disk, never a network share.",
    )
    mappings: LocalPath = Field(
        default=Path("xslt"),
        description="The site's own mappings, one folder each; those that come with the gateway need no folder here.",
    )
    schemas: LocalPath | None = Field(
        default=None,
        description="The site's own schemas in place of those that come with the gateway.",
        examples=["schemas"],
    )
    file_mode: FileMode = Field(default="0664", description="Rights of the files written, as octal digits.")
    dir_mode: FolderMode = Field(default="2775", description="Rights of the folders made, as octal digits.")
    group: Word | None = Field(
        default=None,
        description="Group that owns the files written, so that the ERP's user can take and delete them.",
        examples=["edi"],
    )

    @property
    def file_mode_bits(self) -> int:
        """Return file_mode as the number the operating system takes."""
        return int(self.file_mode, 8)

    @property
    def dir_mode_bits(self) -> int:
        """Return dir_mode as the number the operating system takes."""
        return int(self.dir_mode, 8)


def _inside(data: Mapping[str, Any], name: str) -> Any:
    """Return the default place of a folder that lives in the inbox."""
    return data["inbox"] / name


def safe_node_name(text: str) -> str:
    """Return a host name as a folder name: safe characters, at most 60, never empty."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", text).strip("-")[:60] or "node"


def _node(text: str) -> str:
    if text != safe_node_name(text):
        raise ValueError("must be letters, digits, - or _, at most 60 of them")
    return text


class Intake(Section):
    """How files are taken from the inbox."""

    settle_seconds: Wait = Field(
        default=5, description="Seconds that a file must be unchanged before it counts as complete."
    )
    scan_seconds: Duration = Field(default=10, description="Seconds between two looks at the inbox.")
    watch: bool = Field(
        default=True, description="Look at once when the system tells of a new file; never trusted alone."
    )
    max_file_mb: Megabytes = Field(
        default=50, description="Largest file that is read, in megabytes (1048576 bytes); a larger one is rejected."
    )
    stuck_minutes: Duration = Field(
        default=30, description="Minutes after which an unfinished file raises an alert and holds nobody back any more."
    )
    duplicate_file: Literal["hold", "skip", "send"] = Field(
        default="hold",
        description='What becomes of the same bytes dropped again: "hold" asks a person, "skip" files them away, '
        '"send" treats them as new.',
    )
    unrouted_minutes: Wait = Field(
        default=60, description="Minutes after which a file that no route fits goes to the error folder."
    )
    mapping_workers: int = Field(default=1, ge=1, le=64, description="How many processes read and map files.")
    node: Annotated[Word, AfterValidator(_node)] = Field(
        default_factory=lambda: safe_node_name(socket.gethostname()),
        description="Name of this gateway beside others on the same inbox; without it the host's name. "
        "Set it where that name changes at each start, as in containers.",
        examples=["edi-1"],
    )

    @property
    def max_file_bytes(self) -> int:
        """Return the largest file that is read, in bytes."""
        return self.max_file_mb * BYTES_PER_MB


class Responses(Section):
    """How supplier responses are written to the outbox."""

    outbox_name: OutboxTemplate = Field(
        default="{order}_{kind}_{time}-{sequence}-{hash8}.xml",
        description="How files in the outbox are named, from {order} {kind} {time} {sequence} {hash8}.",
    )
    keep_status_messages: bool = Field(
        default=True, description="Write status messages to the outbox too; false only records them."
    )
    mapping: str = Field(
        default="",
        description="A mapping of format response that writes what the ERP imports; empty: UBL as it came.",
    )
    keep_ubl: bool = Field(
        default=False, description="With a mapping: put the UBL beside each mapped file, with the ending .ubl."
    )
    on_problem: Literal["acknowledge", "stop"] = Field(
        default="acknowledge",
        description='What becomes of a queue message that cannot be understood: "acknowledge" keeps it in '
        'outbox/problems and goes on, "stop" waits for a person.',
    )


class Journal(Section):
    """Where the gateway remembers."""

    url: str = Field(
        default="",
        repr=False,
        description="Empty for a database file in the state folder; postgresql+psycopg://user:password@host/database "
        "when several gateways share one journal.",
    )


class Settings(Section):
    """All settings of one gateway. `path` is the file they came from, None when from the environment alone."""

    path: Path | None = Field(default=None, json_schema_extra=BY_PROGRAM)
    folders: Folders = Field(default_factory=Folders, description="Where files are.")
    intake: Intake = Field(default_factory=Intake, description="How files are taken from the inbox.")
    accounts: dict[str, Account] = Field(
        default_factory=dict,
        description="A Jakamo integration: its address, how to sign in, how patiently to send. One table for each.",
    )
    routes: tuple[Route, ...] = Field(
        default=(),
        description="Which files use which mapping and account. One table for each; the first that fits a file wins.",
    )
    responses: Responses = Field(
        default_factory=Responses, description="How supplier responses are written to the outbox."
    )
    journal: Journal = Field(default_factory=Journal, description="Where the gateway remembers.")

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, data: Any) -> Any:
        """Give each account its key as its name, and every absent section its defaults, folders resolved."""
        if not isinstance(data, dict):
            return data
        whole: dict[str, Any] = {"folders": {}, "intake": {}, "responses": {}, "journal": {}, **data}
        accounts, routes = whole.get("accounts"), whole.get("routes")
        if isinstance(accounts, dict):
            whole["accounts"] = {
                key: {**value, "name": key} if isinstance(value, dict) else value for key, value in accounts.items()
            }
        if isinstance(routes, list):
            whole["routes"] = tuple(routes)
        return whole

    def asking_for_suppliers(self) -> list[str]:
        """Return the accounts that send and have a route that asks whether Jakamo knows the supplier."""
        asking = {route.account for route in self.routes if route.rules.supplier_known != "off"}
        return [name for name, account in self.accounts.items() if name in asking and account.send]

    def outbox_for(self, account: str) -> Path:
        """Return the outbox folder of an account: its own, or the common one."""
        return self.accounts[account].outbox or self.folders.outbox
