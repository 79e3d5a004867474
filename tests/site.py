"""A whole site for tests: real folders, a real journal, the real gateway, a simulator over real sockets.

`run()` is one life of the service until it is idle; what is tested is what lies in folders and in the
simulator's ledger afterwards.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import select

from gateway.app import Gateway
from gateway.clock import Clock
from gateway.journal.tables import incident, interchange, message, queue_message
from gateway.settings import Settings, load_settings
from gateway.simulator import Simulator

FAST = {"settle_seconds": 0, "scan_seconds": 0.05, "watch": False, "node": "test"}
CSV_HEADER = "Order;Kind;Order date"


class Site:
    """One gateway site in a temporary folder, with its own simulator."""

    def __init__(
        self,
        root: Path,
        simulator: Simulator,
        *,
        routes: Sequence[Mapping[str, Any]] = (),
        account: Mapping[str, Any] | None = None,
        intake: Mapping[str, Any] | None = None,
        responses: Mapping[str, Any] | None = None,
    ) -> None:
        self.root, self.simulator = root, simulator
        self.account = {
            "base_url": simulator.base_url,
            "username": "integration",
            "password": "password",
            "poll_seconds": 0.05,
            **(account or {}),
        }
        self.routes = [dict(route) for route in routes] or [
            {"name": "csv", "match": "*.csv", "mapping": "csv-order", "account": "main"},
            {"name": "status", "match": "*.sta", "mapping": "csv-status", "account": "main"},
            {"name": "erp", "match": "*.xml", "mapping": "erp-xml-order", "account": "main"},
            {"name": "ubl", "match": "*.ubl", "mapping": "ubl", "account": "main"},
        ]
        self.intake = {**FAST, **(intake or {})}
        self.responses = dict(responses or {})
        self.more_accounts: dict[str, dict[str, Any]] = {}
        self.clock: Clock | None = None

    # Running

    def settings(self) -> Settings:
        """Write the settings file and load it, as the command would."""
        self.root.mkdir(parents=True, exist_ok=True)
        path = self.root / "gateway.toml"
        tables = {
            "intake": self.intake, "responses": self.responses, "routes": self.routes,
            "accounts": {"main": self.account, **self.more_accounts},
        }
        path.write_text(_toml(tables), encoding="utf-8")
        return load_settings(path, {})

    def gateway(self) -> Gateway:
        """Return a gateway on this site; the caller closes it."""
        return Gateway(self.settings(), clock=self.clock)

    def run(self, seconds: float = 30.0) -> None:
        """Run one life of the service until it is idle; fail if it is not within `seconds`."""
        gateway = self.gateway()
        stop = threading.Event()
        timer = threading.Timer(seconds, stop.set)
        timer.start()
        try:
            failed = gateway.run_until_idle(stop)
        finally:
            timer.cancel()
            gateway.close()
        assert failed == [], failed
        assert not stop.is_set(), f"not idle after {seconds} s: {self.states()}"

    @contextmanager
    def living(self) -> Iterator[Gateway]:
        """Let the service live in the background for a while, on `clock` if one was given."""
        gateway = self.gateway()
        try:
            gateway.start()
            yield gateway
        finally:
            gateway.close()
        assert gateway.service.failed == [], gateway.service.failed

    # Folders

    @property
    def inbox(self) -> Path:
        """The ERP's drop folder."""
        return self.root / "inbox"

    @property
    def error(self) -> Path:
        """The operator's folder."""
        return self.inbox / "error"

    @property
    def outbox(self) -> Path:
        """The ERP's import folder."""
        return self.root / "outbox"

    def drop(self, name: str, data: bytes | str) -> Path:
        """Put a file into the inbox, whole."""
        return _put(self.inbox / name, data)

    def hand_back(self, name: str, data: bytes | str | None = None) -> None:
        """Move a file from error/ to retry/, or drop corrected content there under that name."""
        target = self.inbox / "retry" / name
        if data is None:
            (self.error / name).rename(target)
        else:
            _put(target, data)

    def move_in_error(self, name: str, folder: str) -> None:
        """Move a file from error/ to a folder given relative to the inbox."""
        (self.error / name).rename(self.inbox / folder / Path(name).name)

    def errors(self) -> list[str]:
        """Return what lies in error/ besides reasons, with unknown/ as a prefix."""
        return _names(self.error)

    def done(self) -> list[str]:
        """Return the names of all closed originals."""
        folder = self.inbox / "done"
        return sorted(path.name for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))

    def reason(self, name: str) -> dict[str, Any]:
        """Return the reason for programs beside a file in error/."""
        data: dict[str, Any] = json.loads((self.error / f"{name}.reason.json").read_text(encoding="utf-8"))
        return data

    def reason_text(self, name: str) -> str:
        """Return the reason for people beside a file in error/."""
        return (self.error / f"{name}.reason.txt").read_text(encoding="utf-8")

    def outbox_files(self) -> list[Path]:
        """Return the finished files for the ERP, in the order of names."""
        return sorted(path for path in self.outbox.iterdir() if path.is_file() and not path.name.startswith("."))

    def left_over(self) -> list[str]:
        """Return what still lies in inbox, work folders and retry: nothing, when all is done."""
        folders = [self.inbox, self.inbox / "retry", self.outbox / ".work"]
        found = [p for f in folders for p in f.iterdir() if p.is_file() and not p.name.startswith(".gateway")]
        found += [p for p in (self.inbox / ".work").rglob("*") if p.is_file()]
        return sorted(path.name for path in found)

    # The other side and the journal

    def sent(self) -> list[tuple[str, str]]:
        """Return kind and order number of every document the simulator accepted, in order."""
        return [(document.kind, document.order_number) for document in self.simulator.ledger.documents]

    def states(self) -> list[tuple[str, str]]:
        """Return order number and state of every message, in order of registration."""
        rows = self._rows(select(message.c.order_number, message.c.state).order_by(message.c.id))
        return [(row[0], row[1]) for row in rows]

    def reasons(self) -> list[tuple[str, str, str | None]]:
        """Return order number, state and reason code of every message."""
        columns = (message.c.order_number, message.c.state, message.c.reason_code)
        return [(row[0], row[1], row[2]) for row in self._rows(select(*columns).order_by(message.c.id))]

    def files(self) -> list[tuple[str, str]]:
        """Return name and state of every interchange."""
        columns = (interchange.c.name, interchange.c.state)
        return [(row[0], row[1]) for row in self._rows(select(*columns).order_by(interchange.c.sequence))]

    def queue_states(self) -> list[str]:
        """Return the state of every queue message in sequence."""
        return [row[0] for row in self._rows(select(queue_message.c.state).order_by(queue_message.c.sequence))]

    def queue_findings(self) -> list[dict[str, Any]]:
        """Return the findings of every queue message in sequence."""
        rows = self._rows(select(queue_message.c.findings).order_by(queue_message.c.sequence))
        return [finding for row in rows for finding in row[0]]

    def incidents(self, *, open_only: bool = True) -> list[tuple[str, str]]:
        """Return key and text of the incidents that are open, or of all there ever were."""
        statement = select(incident.c.key, incident.c.text).order_by(incident.c.id)
        if open_only:
            statement = statement.where(incident.c.cleared_at.is_(None))
        return [(row[0], row[1]) for row in self._rows(statement)]

    def _rows(self, statement: Any) -> list[Any]:
        from gateway.journal.journal import journal_url, open_journal

        journal = open_journal(journal_url("", self.root / "state"))
        try:
            return journal.read(lambda c: list(c.execute(statement)))
        finally:
            journal.close()


def eventually(condition: Callable[[], bool], what: str = "", seconds: float = 10.0) -> None:
    """Wait until something that other threads bring about holds; fail if it does not within `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.01)


def _put(path: Path, data: bytes | str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(data if isinstance(data, bytes) else data.encode())
    part.rename(path)
    return path


def _names(folder: Path) -> list[str]:
    if not folder.exists():
        return []
    found = []
    for path in sorted(folder.rglob("*")):
        hidden = path.name.startswith(".") or path.name.endswith((".reason.txt", ".reason.json"))
        if path.is_file() and not hidden:
            found.append(str(path.relative_to(folder)))
    return found


def _toml(tables: Mapping[str, Any]) -> str:
    lines: list[str] = []
    for name, table in tables.items():
        if isinstance(table, list):
            for item in table:
                lines += [f"[[{name}]]", *_pairs(item)]
        elif name == "accounts":
            for key, value in table.items():
                lines += [f"[accounts.{key}]", *_pairs(value)]
        else:
            lines += [f"[{name}]", *_pairs(table)]
    return "\n".join(lines) + "\n"


def _pairs(table: Mapping[str, Any]) -> list[str]:
    return [f"{key} = {_value(value)}" for key, value in table.items()]


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_value(item)}" for key, item in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)
