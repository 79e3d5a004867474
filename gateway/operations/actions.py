"""Carries out what commands and the page asked for. Each is checked against the present state and recorded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, RowMapping

from gateway.errors import GatewayError, UsageError
from gateway.files.layout import free_name
from gateway.journal import accounts, actions, decisions, incidents, interchanges, queue
from gateway.model import InterchangeState, MessageKind, QueueState
from gateway.operations.context import OperationsContext
from gateway.operations.gestures import Gestures
from gateway.operations.redelivery import Redelivery, meant

T = TypeVar("T")


class Actions:
    """The only one that carries out actions. `step` is called by one thread only."""

    def __init__(
        self, context: OperationsContext, gestures: Gestures, redelivery: Redelivery, *, digest: Callable[[str], str]
    ) -> None:
        self._context, self._gestures = context, gestures
        self._digest = digest
        self._redelivery = redelivery
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

    def _decide(self, decision: Callable[[Connection], T], words: Callable[[T], str]) -> str:
        """Carry out a decision and conclude its action in one commit: a stop leaves both to be done, or neither."""
        now = self._context.clock.now()

        def decide(connection: Connection) -> str:
            result = words(decision(connection))
            actions.conclude(connection, self._current, refused=False, result=result, now=now)
            return result

        return self._context.journal.write(decide)

    def _retry(self, arguments: dict[str, Any], by: str) -> str:
        """Try messages again, and rejected files: these by the gesture that a person makes, on record before it."""
        context, now = self._context, self._context.clock.now()
        ids, files = list(arguments.get("messages", ())), list(arguments.get("interchanges", ()))
        moves = arguments.get("moves")  # noted by an earlier life, which a stop kept from the end
        if moves is None:
            moves = self._choose_moves(files)
            noted = {**arguments, "moves": moves}

            def begin(connection: Connection) -> None:
                if ids:
                    decisions.retry(connection, ids, by, context.keeper, now)
                actions.note(connection, self._current, noted)

            context.journal.write(begin)
        for source, target in moves:
            if context.files.exists(Path(source)):  # else moved already, and perhaps taken by the next scan since
                context.files.move(Path(source), Path(target), resume=True)
        return f"{len(ids) + len(files)} tried again"

    def _choose_moves(self, sequences: Sequence[int]) -> list[tuple[str, str]]:
        """Return from where to where each file goes. Raises UsageError when one of them does not wait there."""
        context, retry = self._context, self._context.layout.retry
        if not sequences:
            return []
        taken = {entry.name for entry in context.files.list_folder(retry)}
        rows = {row["sequence"]: row for row in context.journal.read(lambda c: interchanges.by_sequences(c, sequences))}
        moves = []
        for sequence in sequences:
            row = rows.get(sequence)
            if row is None or row["state"] != InterchangeState.REJECTED:
                raise UsageError(f"File {sequence} is not one that was rejected and waits.")
            if not context.files.exists(Path(row["path"])):
                raise UsageError(
                    f"{row['name']} is no longer at {row['path']}. `gateway repair-folders` puts back what was removed."
                )
            name = free_name(row["name"], taken)
            taken.add(name)
            moves.append((row["path"], str(retry / name)))
        return moves

    def _release(self, arguments: dict[str, Any], by: str) -> str:
        context, now = self._context, self._context.clock.now()
        kind = MessageKind(arguments["as"]) if arguments.get("as") else None
        return self._decide(
            lambda c: decisions.release(c, arguments["messages"], kind, by, context.keeper, now),
            lambda count: f"{count} released",
        )

    def _resolve(self, arguments: dict[str, Any], by: str) -> str:
        context, now = self._context, self._context.clock.now()
        arrived = bool(arguments["arrived"])
        return self._decide(
            lambda c: decisions.resolve(
                c, arguments["message"], arrived=arrived, by=by, keeper=context.keeper, now=now
            ),
            lambda _: "recorded as sent" if arrived else "sent again",
        )

    def _skip(self, arguments: dict[str, Any], by: str) -> str:
        context, now = self._context, self._context.clock.now()

        def skip(connection: Connection) -> int:
            ids = arguments.get("messages", [])
            count = decisions.skip(connection, ids, by, context.keeper, now) if ids else 0
            for sequence in arguments.get("interchanges", ()):
                count += decisions.close_rejected(connection, sequence, "skipped", f"Skipped by {by}.", now)
            return count

        return self._decide(skip, lambda count: f"{count} skipped")

    def _redeliver(self, arguments: dict[str, Any], by: str) -> str:
        """Write the stored bytes of a response to the outbox once more, under a new name."""
        rows = self._context.journal.read(lambda c: queue.of_order(c, arguments["order"], arguments.get("account")))
        rows = [row for row in rows if row["state"] in (QueueState.ACKNOWLEDGED, QueueState.PROBLEM)]
        rows = meant(rows, everything=arguments.get("all") is True)
        if not rows:
            raise UsageError(f"The journal holds no response for order {arguments['order']} to deliver again.")
        return self._redelivery.deliver(rows, by, self._current)

    def _pause(self, arguments: dict[str, Any], by: str) -> str:
        now, name = self._context.clock.now(), arguments["name"]
        if arguments.get("kind") == "route":
            return self._decide(
                lambda c: decisions.pause_route(c, name, by, now), lambda _: f"route {name} is paused"
            )
        reason, digest = f"Paused by {by}.", self._digest(name)
        return self._decide(
            lambda c: accounts.pause(c, name, reason=reason, digest=digest, by="person", now=now),
            lambda _: f"account {name} is paused",
        )

    def _resume(self, arguments: dict[str, Any], by: str) -> str:
        now, name = self._context.clock.now(), arguments["name"]
        if arguments.get("kind") == "route":
            return self._decide(lambda c: decisions.resume_route(c, name), lambda _: f"route {name} goes on")

        def resume(connection: Connection) -> None:
            accounts.resume(connection, name, why=f"resumed by {by}", now=now)
            incidents.clear(connection, f"paused:{name}", now)

        return self._decide(resume, lambda _: f"account {name} goes on")

    def _repair(self, arguments: dict[str, Any], by: str) -> str:
        return f"{self._gestures.repair()} file(s) put back for {by}"
