"""A real journal for tests, with the stages before delivery played by hand: drop, map, begin, finish.

Nothing of the gateway is replaced: `Book` only speaks for a splitter and for a stylesheet that behaves as the
shipped ones do (as decided, else as the source says, else a change of every known order).
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from gateway.journal import accounts, interchanges, messages, sending
from gateway.journal.interchanges import Claim, Registration
from gateway.journal.journal import open_journal
from gateway.journal.lane_values import LaneRules
from gateway.journal.lanes import LaneKeeper
from gateway.journal.messages import ToMap
from gateway.journal.sending import Outcome, Outgoing
from gateway.journal.tables import message, order_memory
from gateway.model import (
    Answer,
    AnswerClass,
    Facts,
    Finding,
    InterchangeState,
    MapRequest,
    MapResult,
    MessageKind,
    MessageState,
    OrderSource,
)
from tests.clocks import ManualClock

ORDER_WAIT = timedelta(minutes=10)
ACCEPTED = Answer(answer_class=AnswerClass.ACCEPTED, status=200)
NAMESPACE = "urn:oasis:names:specification:ubl:schema:xsd:"


@dataclass(frozen=True, kw_only=True)
class Doc:
    """One order as its source says it. `hint` is what the source itself calls it."""

    number: str = "PO-1"
    text: str = "1"
    hint: str | None = None
    lines: tuple[str, ...] = ("10",)
    supplier: str = "S-1"
    buyer: str = "B-1"
    word: str = ""  # StatusMessage only
    bad_cell: bool = False
    refused: bool = False  # the stylesheet's result is not valid
    obeys: bool = True  # the stylesheet heeds what it is told

    def source(self, ordinal: int) -> OrderSource:
        """Return it as pass one reads it."""
        canonical = json.dumps(asdict(self)).encode()
        finding = Finding(code="bad-date", message="No such day.", row=ordinal + 1)
        return OrderSource(
            ordinal=ordinal,
            order_number=self.number,
            kind_hint=MessageKind(self.hint) if self.hint else None,
            revision=None,
            canonical=canonical,
            source_hash=hashlib.sha256(canonical).hexdigest(),
            findings=(finding,) if self.bad_cell else (),
        )


def order(number: str = "PO-1", text: str = "1", **more: Any) -> Doc:
    """Return an export that cannot say whether the order is new."""
    return Doc(number=number, text=text, **more)


def change(number: str = "PO-1", text: str = "2", **more: Any) -> Doc:
    """Return a change, because the source says so."""
    return Doc(number=number, text=text, hint="OrderChange", **more)


def status(number: str = "PO-1", word: str = "received", **more: Any) -> Doc:
    """Return a status message."""
    return Doc(number=number, text=word, hint="StatusMessage", word=word, lines=(), **more)


def stylesheet(request: MapRequest) -> MapResult:
    """Map as the shipped stylesheets do."""
    doc = Doc(**json.loads(request.canonical))
    told = request if doc.obeys else MapRequest(key=request.key, mapping="", canonical=b"")
    known_kind = MessageKind.CHANGE if told.known else MessageKind.ORDER
    kind = MessageKind(told.release_as or doc.hint or known_kind)
    if doc.refused:
        return MapResult(key=request.key, body=None, facts=None, findings=(Finding(code="schema", message="No."),))
    content = json.dumps([doc.text, doc.lines, doc.supplier, doc.buyer, doc.word]).encode()
    facts = Facts(
        kind=kind,
        order_number=doc.number,
        content_hash=hashlib.sha256(content).hexdigest(),
        supplier=doc.supplier,
        buyer=doc.buyer,
        line_ids=tuple(doc.lines),
        status_word=doc.word or None,
    )
    body = _body(doc, kind, told.change_number)
    return MapResult(key=request.key, body=body, facts=facts, mapping_hash="a" * 64)


def _body(doc: Doc, kind: MessageKind, change_number: int) -> bytes:
    """Write a document that the simulator takes."""
    if kind is MessageKind.STATUS:
        return f"<StatusMessage><OrderID>{doc.number}</OrderID><Status>{doc.word}</Status></StatusMessage>".encode()
    sequence = f"<b:SequenceNumberID>{change_number}</b:SequenceNumberID>" if kind is MessageKind.CHANGE else ""
    reference = f"<a:OrderReference><b:ID>{doc.number}</b:ID></a:OrderReference>" if sequence else ""
    lines = "".join(
        f"<a:OrderLine><a:LineItem><b:ID>{line}</b:ID><a:Item><b:Name>{doc.text}</b:Name></a:Item></a:LineItem>"
        "</a:OrderLine>"
        for line in doc.lines
    )
    return (
        f'<{kind} xmlns="{NAMESPACE}{kind}-2" xmlns:a="{NAMESPACE}CommonAggregateComponents-2"'
        f' xmlns:b="{NAMESPACE}CommonBasicComponents-2"><b:UBLVersionID>2.1</b:UBLVersionID>'
        f"<b:CustomizationID>Jakamo</b:CustomizationID><b:ID>{doc.number}</b:ID><b:IssueDate>2026-11-24</b:IssueDate>"
        f"{sequence}{reference}<a:BuyerCustomerParty><a:Party><a:PartyName><b:Name>{doc.buyer}</b:Name></a:PartyName>"
        f"</a:Party></a:BuyerCustomerParty><a:SellerSupplierParty><a:Party><a:PartyName><b:Name>{doc.supplier}</b:Name>"
        f"</a:PartyName></a:Party></a:SellerSupplierParty>{lines}</{kind}>"
    ).encode()


class Book:
    """A journal in a folder, with one account "main" unless told otherwise."""

    def __init__(
        self,
        folder: Path,
        clock: ManualClock,
        *,
        url: str = "",
        accounts_: Sequence[str] = ("main",),
        **rules: Any,
    ) -> None:
        self.clock = clock
        self.journal = open_journal(url or f"sqlite:///{folder / 'journal.sqlite3'}")
        self.keeper = LaneKeeper({name: LaneRules(order_wait=ORDER_WAIT, **rules) for name in accounts_})
        self.journal.write(lambda c: accounts.ensure(c, {name: f"https://x.example as {name}" for name in accounts_}))

    def close(self) -> None:
        """Close the journal."""
        self.journal.close()

    # Files

    def claim(self, name: str = "orders.csv", *, origin: str = "inbox", account: str | None = "main") -> int:
        """Record a claimed file; return its sequence."""
        claim = Claim(
            claim=uuid.uuid4().hex, node="node", origin=origin, folder="", name=name, path=f"/site/{name}",
            route="orders", account=account, mapping="csv-order",
        )  # fmt: skip

        def record(connection: Any) -> int:
            interchanges.record_claims(connection, [claim], self.clock.now())
            found = interchanges.in_state(connection, InterchangeState.CLAIMED)
            return int(found[-1]["sequence"])

        return self.journal.write(record)

    def split(self, sequence: int, *docs: Doc, repeat: str = "hold", lost: str = "hold", **more: Any) -> list[int]:
        """Take a claimed file through pass one; return the ids of its messages.

        `more`: account, complete, duplicate_of, place (lane major and minor), approved, release_as, state.
        """
        account = more.get("account", "main")
        rules = {
            "account": account, "mapping": "csv-order", "route": "orders", "repeat_rule": repeat,
            "lost_lines_rule": lost, "complete_order": more.get("complete", False),
        }  # fmt: skip
        registrations = [self._registration(doc, ordinal, sequence, more) for ordinal, doc in enumerate(docs)]

        def register(connection: Any) -> list[int]:
            row = interchanges.by_sequence(connection, sequence)
            assert row is not None
            now = self.clock.now()
            interchanges.mark_split(
                connection, row, sha256=more.get("sha256", f"{sequence:064}"), size=1,
                duplicate_of=more.get("duplicate_of"), now=now,
            )  # fmt: skip
            ids = interchanges.register(connection, row, registrations, rules, now)
            self.keeper.settle(connection, {(account, doc.number) for doc in docs}, now)
            return ids

        return self.journal.write(register)

    def _registration(self, doc: Doc, ordinal: int, sequence: int, more: dict[str, Any]) -> Registration:
        major, minor = more.get("place", (sequence, ordinal))
        return Registration(
            source=doc.source(ordinal), lane_major=major, lane_minor=minor, generation=more.get("generation", 1),
            state=MessageState(more.get("state", "failed" if doc.bad_cell else "registered")),
            reason_code="bad-date" if doc.bad_cell else None, approved=more.get("approved", False),
            release_as=more.get("release_as"), duplicate_of=more.get("duplicate_of"),
        )  # fmt: skip

    def drop(self, *docs: Doc, origin: str = "inbox", **more: Any) -> list[int]:
        """Let a file come in, be read and mapped; return the ids of its messages."""
        sequence = self.claim(origin=origin, account=more.get("account", "main"))
        ids = self.split(sequence, *docs, **more)
        self.map()
        return ids

    def map(self) -> None:
        """Map until nothing is left to be mapped."""
        for _ in range(20):
            todo: list[ToMap] = self.journal.read(lambda c: messages.to_map(c, limit=50))
            if not todo:
                return
            mapped = [(one, stylesheet(one.request)) for one in todo]
            self.journal.write(lambda c, m=mapped: messages.store_mapped(c, m, self.keeper, self.clock.now()))
        raise AssertionError("mapped again and again")

    # Sending

    def begin(self, limit: int = 50, account: str = "main", before: int | None = None, **more: Any) -> list[Outgoing]:
        """Commit intents."""
        now = self.clock.now()
        return self.journal.write(
            lambda c: sending.begin(
                c, account_name=account, limit=limit, before=before, now=now, keeper=self.keeper, **more
            )
        )

    def finish(self, *outgoing: Outgoing, state: MessageState = MessageState.SENT, **more: Any) -> None:
        """Record the same outcome for some messages; then map what is to be mapped again."""
        now = self.clock.now()
        values: dict[str, Any] = {"answer": ACCEPTED, "ended_at": now, **more}
        outcomes = [Outcome(outgoing=one, state=state, **values) for one in outgoing]
        self.journal.write(lambda c: sending.finish(c, outcomes, self.keeper, now))
        self.map()

    def send_all(self) -> list[tuple[MessageKind, str]]:
        """Send until nothing may go; return what was sent, in order: kind and order number."""
        sent: list[tuple[MessageKind, str]] = []
        while outgoing := self.begin():
            sent += [(one.kind, one.order_number) for one in outgoing]
            self.finish(*outgoing)
        return sent

    # Looking

    def row(self, key: int) -> dict[str, Any]:
        """Return one message's row."""
        found = self.journal.read(lambda c: messages.by_id(c, key))
        assert found is not None
        return dict(found)

    def state(self, key: int) -> str:
        """Return one message's state."""
        return str(self.row(key)["state"])

    def states(self, *keys: int) -> list[str]:
        """Return the states of some messages, or of all."""
        statement = select(message.c.id, message.c.state).order_by(message.c.id)
        found = {row[0]: row[1] for row in self.journal.read(lambda c: c.execute(statement).all())}
        return [found[key] for key in keys or sorted(found)]

    def memory(self, number: str = "PO-1") -> dict[str, Any] | None:
        """Return what is remembered of an order, whatever the generation: the newest."""
        statement = select(order_memory).where(order_memory.c.order_number == number)
        rows = self.journal.read(lambda c: c.execute(statement.order_by(order_memory.c.generation)).mappings().all())
        return dict(rows[-1]) if rows else None
