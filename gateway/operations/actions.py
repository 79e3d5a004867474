"""Carries out what commands and the page asked for. Each is checked against the present state and recorded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, RowMapping

from gateway.errors import GatewayError, UsageError
from gateway.files.layout import free_name
from gateway.journal import accounts, actions, decisions, incidents, interchanges, queue
from gateway.model import MessageKind, QueueState
from gateway.operations.context import OperationsContext
from gateway.operations.gestures import Gestures
from gateway.operations.redelivery import Redelivery


class Actions:
    """The only one that carries out actions. `step` is called by one thread only."""

    def __init__(
        self, context: OperationsContext, gestures: Gestures, *, digest: Callable[[str], str], outbox_template: str
    ) -> None:
        self._context, self._gestures = context, gestures
        self._digest = digest
        self._redelivery = Redelivery(context, outbox_template)
        self._current = 0  # the action that is being carried out
        self._kinds: dict[str, Callable[[dict[str, Any], str], str]] = {
            "retry": self._retry,
            "release": self._release,
            "resolve": self._resolve,
            "skip": self._skip,
            "redeliver": self._redeliver,
            "pause": self._pause,
            "resume": self._resume,
            "repair": self._repair,
        }

    def step(self) -> bool:
        """Carry out what waits, oldest first; return whether there was anything."""
        context = self._context
        rows = context.journal.read(actions.waiting)
        for row in rows:
            self._current = row["id"]
            self._conclude(row, *self._carry_out(row))
        return bool(rows)

    def _conclude(self, row: RowMapping, refused: bool, result: str) -> None:
        now = self._context.clock.now()
        self._context.journal.write(
            lambda c: actions.conclude(c, row["id"], refused=refused, result=result, now=now)
        )

    def _carry_out(self, row: RowMapping) -> tuple[bool, str]:
        work = self._kinds.get(row["kind"])
        if work is None:
            return True, f'There is no action "{row["kind"]}".'
        try:
            return False, work(dict(row["arguments"]), row["requested_by"])
        except (GatewayError, FileNotFoundError, FileExistsError) as error:
            return True, str(error)

    def _write(self, operation: Callable[[Connection], Any]) -> Any:
        return self._context.journal.write(operation)

    def _retry(self, arguments: dict[str, Any], by: str) -> str:
        context, now = self._context, self._context.clock.now()
        ids, files = list(arguments.get("messages", ())), list(arguments.get("interchanges", ()))
        count = self._write(lambda c: decisions.retry(c, ids, by, context.keeper, now)) if ids else 0
        for sequence in files:
            self._hand_back(sequence)
        return f"{count + len(files)} tried again"

    def _hand_back(self, sequence: int) -> None:
        """Try a rejected file again: the same gesture that a person makes."""
        context = self._context
        row = context.journal.read(lambda c: interchanges.by_sequence(c, sequence))
        if row is None or row["state"] != "rejected":
            raise UsageError(f"File {sequence} is not one that was rejected and waits.")
        taken = {entry.name for entry in context.files.list_folder(context.layout.retry)}
        context.files.move(Path(row["path"]), context.layout.retry / free_name(row["name"], taken))

    def _release(self, arguments: dict[str, Any], by: str) -> str:
        context, now = self._context, self._context.clock.now()
        kind = MessageKind(arguments["as"]) if arguments.get("as") else None
        count = self._write(lambda c: decisions.release(c, arguments["messages"], kind, by, context.keeper, now))
        return f"{count} released"

    def _resolve(self, arguments: dict[str, Any], by: str) -> str:
        context, now = self._context, self._context.clock.now()
        arrived = bool(arguments["arrived"])
        self._write(
            lambda c: decisions.resolve(
                c, arguments["message"], arrived=arrived, by=by, keeper=context.keeper, now=now
            )
        )
        return "recorded as sent" if arrived else "sent again"

    def _skip(self, arguments: dict[str, Any], by: str) -> str:
        context, now = self._context, self._context.clock.now()

        def skip(connection: Connection) -> int:
            ids = arguments.get("messages", [])
            count = decisions.skip(connection, ids, by, context.keeper, now) if ids else 0
            for sequence in arguments.get("interchanges", ()):
                count += decisions.close_rejected(connection, sequence, "skipped", f"Skipped by {by}.", now)
            return count

        return f"{self._write(skip)} skipped"

    def _redeliver(self, arguments: dict[str, Any], by: str) -> str:
        """Write the stored bytes of a response to the outbox once more, under a new name."""
        rows = self._context.journal.read(lambda c: queue.of_order(c, arguments["order"], arguments.get("account")))
        rows = [row for row in rows if row["state"] in (QueueState.ACKNOWLEDGED, QueueState.PROBLEM)]
        if arguments.get("all") is not True:
            rows = rows[-1:]
        if not rows:
            raise UsageError(f"The journal holds no response for order {arguments['order']} to deliver again.")
        return self._redelivery.deliver(rows, by, self._current)

    def _pause(self, arguments: dict[str, Any], by: str) -> str:
        now, name = self._context.clock.now(), arguments["name"]
        if arguments.get("kind") == "route":
            self._write(lambda c: decisions.pause_route(c, name, by, now))
            return f"route {name} is paused"
        reason, digest = f"Paused by {by}.", self._digest(name)
        self._write(lambda c: accounts.pause(c, name, reason=reason, digest=digest, by="person", now=now))
        return f"account {name} is paused"

    def _resume(self, arguments: dict[str, Any], by: str) -> str:
        now, name = self._context.clock.now(), arguments["name"]
        if arguments.get("kind") == "route":
            self._write(lambda c: decisions.resume_route(c, name))
            return f"route {name} goes on"

        def resume(connection: Connection) -> None:
            accounts.resume(connection, name, why=f"resumed by {by}", now=now)
            incidents.clear(connection, f"paused:{name}", now)

        self._write(resume)
        return f"account {name} goes on"

    def _repair(self, arguments: dict[str, Any], by: str) -> str:
        return f"{self._gestures.repair()} file(s) put back for {by}"
