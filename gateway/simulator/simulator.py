"""The simulator as one object: options in, a running stand-in for Jakamo out."""

from __future__ import annotations

import itertools
import ssl
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from gateway.simulator.access import TOKEN_PATH, Access, OAuthClient
from gateway.simulator.answers import LineAnswer, Variant, ordered_lines, variant_answers
from gateway.simulator.checks import Document
from gateway.simulator.confirmations import attachment_message, delivered_status, order_response
from gateway.simulator.connection import Backend
from gateway.simulator.control import Control
from gateway.simulator.endpoints import ATTACHMENT_PATH, Api
from gateway.simulator.faults import FaultProgram
from gateway.simulator.ledger import Ledger, RequestRecord
from gateway.simulator.markup import parse
from gateway.simulator.orders import DuplicateOrders, KeptAttachment, OrderStore
from gateway.simulator.response_queue import ResponseQueue
from gateway.simulator.server import Server
from gateway.simulator.values import XML, Reply

DEFAULT_COMPANIES = ({"CompanyName": "Example Supplier Oy", "MappedId": "1001"},)
MAX_BODY_BYTES = 20 * 1024 * 1024


class Simulator:
    """A stand-in for Jakamo over real sockets. Orders, queue and ledger outlive stop and start.

    `success_body` is what an accepted call answers: empty, or for example `<status>ok</status>`.
    `auto_confirm` names variants; each accepted Order is confirmed by the next one, in turn.
    `idle_seconds` is after how long an idle connection is closed without a word; None: never.
    `on_request` is called, in the connection's thread, when a request is done with.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        username: str | None = "integration",
        password: str = "password",
        oauth: OAuthClient | None = None,
        duplicate_orders: DuplicateOrders = "refuse",
        success_status: int = 200,
        success_body: bytes = b"",
        auto_confirm: Sequence[Variant] = (),
        mapped_companies: Sequence[Mapping[str, str]] = DEFAULT_COMPANIES,
        max_body_bytes: int = MAX_BODY_BYTES,
        idle_seconds: float | None = None,
        fresh_acknowledge_uris: bool = False,
        tls: ssl.SSLContext | None = None,
        on_request: Callable[[RequestRecord], None] = lambda record: None,
    ) -> None:
        self.ledger = Ledger()
        self.faults = FaultProgram()
        self.access = Access(username, password, oauth)
        self.orders = OrderStore(self.ledger, duplicates=duplicate_orders)
        self.queue = ResponseQueue(fresh_uris=fresh_acknowledge_uris)
        self._host = host
        self._port = port
        self._tls = tls
        self._idle_seconds = idle_seconds
        self._server: Server | None = None
        self._numbers = itertools.count(1)
        self._variants = itertools.cycle(auto_confirm) if auto_confirm else None
        self._variants_lock = threading.Lock()
        self._api = Api(
            base_url=lambda: self.base_url,
            access=self.access,
            orders=self.orders,
            queue=self.queue,
            after_order=self._confirm_by_itself,
            success=Reply(success_status, success_body, (("Content-Type", XML),) if success_body else ()),
            mapped_companies=[dict(company) for company in mapped_companies],
        )
        self._backend = Backend(
            api=self._api,
            control=self._back_door(),
            faults=self.faults,
            ledger=self.ledger,
            max_body_bytes=max_body_bytes,
            on_request=on_request,
        )

    def _back_door(self) -> Control:
        return Control(
            ledger=self.ledger,
            orders=self.orders,
            queue=self.queue,
            faults=self.faults,
            confirm=self.confirm,
            delivered=self.delivered,
            attach=self.attach,
            change_settings=self.change_settings,
        )

    @property
    def base_url(self) -> str:
        """Return scheme, host and port, without a path; the port is known once started."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{'https' if self._tls else 'http'}://{host}:{self._port}"

    @property
    def token_url(self) -> str:
        """Return the address of the OAuth2 token endpoint."""
        return f"{self.base_url}{TOKEN_PATH}"

    def start(self) -> Simulator:
        """Listen; after `stop` on the same port as before. Raises OSError when the port is taken."""
        if self._server is None:
            self._server = Server(self._backend, self._host, self._port, tls=self._tls, idle=self._idle_seconds)
            self._port = self._server.port
            self._server.start()
        return self

    def stop(self) -> None:
        """Cut all connections and refuse new ones, as when the machine goes down. Held answers are let go."""
        server, self._server = self._server, None
        if server is not None:
            server.stop(self.faults.release_all)

    def __enter__(self) -> Simulator:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def enqueue(self, body: bytes, headers: Mapping[str, str | None] | None = None) -> str:
        """Put any bytes into the response queue and return the message's id.

        `headers` add to or replace Content-Type and X-Acknowledge-Uri; None drops one;
        `{acknowledge_path}` in a value becomes the path that acknowledges this message.
        """
        return self.queue.put(body, headers)

    def confirm(
        self, order: str, variant: Variant = "as-ordered", *, lines: Mapping[str, LineAnswer] | None = None
    ) -> bytes:
        """Let the supplier confirm an order, put the OrderResponse into the queue and return its bytes.

        `lines` answers single lines exactly and goes before `variant`. Raises LookupError for an unknown order
        or line, ValueError for an unknown variant.
        """
        latest = self.orders.get(order).latest
        if latest is None:
            raise LookupError(f"Order {order!r} has no document.")
        root = parse(latest.body)
        answers = dict(lines) if lines is not None else variant_answers(variant, ordered_lines(root))
        number = next(self._numbers)
        body = order_response(
            root,
            order,
            response_id=f"OR-{number:06}",
            sales_order_id=f"SO-{number:06}",
            issued_at=datetime.now(UTC),
            answers=answers,
        )
        self.queue.put(body, {"Jakamo-Order-Number": order})
        return body

    def delivered(self, order: str, lines: Sequence[str] = ()) -> bytes:
        """Let the supplier report delivery of an order, or of some rows; return the StatusMessage's bytes.

        Raises LookupError for an unknown order.
        """
        body = delivered_status(self.orders.get(order).number, tuple(lines))
        self.queue.put(body, {"Jakamo-Order-Number": order})
        return body

    def attach(self, order: str, filename: str, content: bytes, content_type: str = "application/octet-stream") -> str:
        """Let the supplier attach a file: an Attachment message in the queue, the file under its address.

        Returns the message's id; the order need not be known.
        """
        item = str(next(self._numbers))
        self._api.downloads[item] = KeptAttachment(filename, content_type, content)
        uri = f"{self.base_url}{ATTACHMENT_PATH}{item}"
        return self.queue.put(attachment_message(order, filename, uri), {"Jakamo-Order-Number": order})

    def change_settings(self, changes: Mapping[str, Any]) -> None:
        """Change while running: username with password, duplicate_orders, refuse_tokens, expire_tokens, fresh_uris.

        Raises ValueError for anything else.
        """
        for name, value in changes.items():
            match name:
                case "username":
                    self.access.set_basic(value, changes.get("password", ""))
                case "password" if "username" in changes:
                    pass
                case "duplicate_orders":
                    self.orders.set_duplicates(value)
                case "refuse_tokens":
                    self.access.refuse_tokens = bool(value)
                case "expire_tokens":
                    self.access.expire_tokens()
                case "fresh_uris":
                    self.queue.fresh_uris = bool(value)
                case _:
                    raise ValueError(f"{name!r} cannot be changed while running.")

    def _confirm_by_itself(self, document: Document) -> None:
        if self._variants is not None:
            with self._variants_lock:
                variant = next(self._variants)
            self.confirm(document.order_number, variant)
