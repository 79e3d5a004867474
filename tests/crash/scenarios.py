"""The stories in which the gateway is killed: what was before, what happens, and what it must come to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from gateway.clock import SystemClock
from gateway.journal import actions
from gateway.journal.journal import journal_url, open_journal
from gateway.mapping.worker import Worker
from gateway.model import QueueKind, ResponseRequest
from gateway.simulator import Fault
from tests.crash.audit import Expected
from tests.erp_xml import HEAD, xml_order
from tests.orders import bad, export, row
from tests.site import Site

ORDER = export(row("PO-1"))
MIXED = export(row("PO-1"), row("PO-2", quantity="9" * 40))  # read well, refused by the schema
REFUSED = export(row("PO-3"))
CHANGE = export(row("PO-1", kind="M", quantity="6"))
HALF_BAD = export(row("PO-1"), bad("PO-2"))
CORRECTED = export(row("PO-2"))
BROKEN = export(row("PO-1")) + b'N;PO-7;"'
MENDED = export(row("PO-1"), row("PO-7"))
UNREADABLE = b"<OrderResponse><ID>OR-1</ID>"
MARKER = b"a.csv is complete\n"
UNFINISHED = (HEAD + xml_order("PO-1") + xml_order("PO-2")[:200]).encode()


def _keep(site: Site, *bodies: bytes) -> None:
    """Put responses beside the site's folders, so that they come back with it: each story has its own."""
    for old in site.root.glob("response-*.xml"):
        old.unlink()  # a story that goes on from another one has only its own
    for number, body in enumerate(bodies):
        (site.root / f"response-{number}.xml").write_bytes(body)


def _kept(site: Site) -> tuple[bytes, ...]:
    return tuple(path.read_bytes() for path in sorted(site.root.glob("response-*.xml")))


@dataclass(frozen=True, slots=True)
class Scenario:
    """One story. `prepare` is lived undisturbed; the life after `act` is the one that is killed."""

    key: str
    title: str
    prepare: Callable[[Site], None]
    act: Callable[[Site], Expected]
    is_a_start: bool = False  # the story is the start itself
    options: Mapping[str, Any] = field(default_factory=dict)  # of the site, besides the plain ones


def _started(site: Site) -> None:
    site.run()


def _one_order(site: Site) -> Expected:
    site.drop("a.csv", ORDER)
    return Expected(files=(ORDER,), accepted=(("Order", "PO-1"),))


def _two_orders_and_a_refused_one(site: Site) -> Expected:
    words = b"<errors><error>No such item.</error></errors>"
    site.simulator.faults.add(Fault(endpoint="order", order="PO-3", status=400, times=None, body=words))
    site.drop("orders.csv", MIXED)
    site.drop("refused.csv", REFUSED)
    return Expected(files=(MIXED, REFUSED), accepted=(("Order", "PO-1"),))


def _order_and_change(site: Site) -> Expected:
    site.drop("a.csv", ORDER)
    site.drop("b.csv", CHANGE)
    return Expected(files=(ORDER, CHANGE), accepted=(("Order", "PO-1"), ("OrderChange", "PO-1")))


def _order_sent(site: Site) -> None:
    site.drop("a.csv", ORDER)
    site.run()
    _keep(site, site.simulator.confirm("PO-1", "as-ordered"), site.simulator.delivered("PO-1"))


def _responses(site: Site) -> Expected:
    for body in _kept(site):
        site.simulator.enqueue(body, {"Jakamo-Order-Number": "PO-1"})
    return Expected(files=(ORDER,), queue=_kept(site))


def _responses_mapped(site: Site) -> Expected:
    confirmation, _status = _kept(site)
    request = ResponseRequest(
        kind=QueueKind.RESPONSE, order_number="PO-1", account="main", body=confirmation, mapping="csv-confirmations"
    )
    rows = Worker(None, None).respond(request).written
    assert rows is not None
    return replace(_responses(site), mapped=(rows,))


def _extract_in_error(site: Site) -> None:
    site.drop("orders.csv", HALF_BAD)
    site.run()
    assert site.errors() == ["orders.PO-2.csv"]


def _extract_handed_back(site: Site) -> Expected:
    site.hand_back("orders.PO-2.csv", CORRECTED)
    return Expected(files=(HALF_BAD, CORRECTED), accepted=(("Order", "PO-2"),))


def _unknown(cut: str) -> Callable[[Site], None]:
    def prepare(site: Site) -> None:
        site.simulator.faults.add(Fault(endpoint="order", cut=cut))  # type: ignore[arg-type]
        site.drop("a.csv", ORDER)
        site.run()
        assert site.errors() == ["unknown/a.csv"]

    return prepare


def _arrived(site: Site) -> Expected:
    site.move_in_error("unknown/a.csv", "error/unknown/arrived")
    return Expected(files=(ORDER,))


def _send_again(site: Site) -> Expected:
    site.move_in_error("unknown/a.csv", "error/unknown/send-again")
    return Expected(files=(ORDER,), accepted=(("Order", "PO-1"),))


def _rejected(site: Site) -> None:
    site.drop("orders.csv", BROKEN)
    site.run()
    assert site.errors() == ["orders.csv"]


def _rejected_handed_back(site: Site) -> Expected:
    site.hand_back("orders.csv", MENDED)
    return Expected(files=(BROKEN, MENDED), accepted=(("Order", "PO-1"), ("Order", "PO-7")))


def _failed(site: Site) -> None:
    site.drop("a.csv", export(bad("PO-1")))
    site.run()
    assert site.errors() == ["a.csv"]


def _skipped(site: Site) -> Expected:
    site.move_in_error("a.csv", "done")
    return Expected(files=(export(bad("PO-1")),))


def _nothing(site: Site) -> None:
    site.settings()


def _first_start(_site: Site) -> Expected:
    return Expected(files=())


def _unreadable_message(site: Site) -> Expected:
    site.simulator.enqueue(UNREADABLE, {"Jakamo-Order-Number": "PO-1"})
    return Expected(files=(), queue=(UNREADABLE,), problems=(UNREADABLE,))


def _file_and_marker(site: Site) -> Expected:
    site.drop("a.csv", ORDER)
    site.drop("a.csv.ok", MARKER)
    return Expected(files=(ORDER, MARKER), accepted=(("Order", "PO-1"),))


def _unfinished_file(site: Site) -> Expected:
    site.drop("a.xml", UNFINISHED)
    return Expected(files=(UNFINISHED,))


def _unknown_and_confirmed(site: Site) -> None:
    _unknown("after-accepting")(site)
    _keep(site, site.simulator.confirm("PO-1", "as-ordered"))


def _fresh_export(site: Site) -> Expected:
    site.drop("b.csv", ORDER)
    return Expected(files=(export(bad("PO-1")), ORDER), accepted=(("Order", "PO-1"),))


def _response_taken(site: Site) -> None:
    _order_sent(site)
    site.run()
    [path, *others] = site.outbox_files()
    _keep(site, others[-1].read_bytes() if others else path.read_bytes())
    for taken in (path, *others):
        taken.unlink()  # the ERP has read them


def _asked_to_redeliver(site: Site) -> Expected:
    journal = open_journal(journal_url("", site.root / "state"))
    now = SystemClock().now()
    journal.write(lambda c: actions.request(c, "redeliver", {"order": "PO-1"}, "a test", now))
    journal.close()
    return Expected(files=(ORDER,), redelivered=_kept(site))


WITH_MARKER = {
    "routes": [
        {"name": "csv", "match": "*.csv", "mapping": "csv-order", "account": "main", "complete": "marker:.ok"}
    ]
}
WITH_END = {
    "routes": [{"name": "erp", "match": "*.xml", "mapping": "erp-xml-order", "account": "main", "complete": "trailer"}]
}
MAPPED = {"responses": {"mapping": "csv-confirmations", "keep_ubl": True}}
SCENARIOS = {
    scenario.key: scenario
    for scenario in (
        Scenario("A", "one file with one order", _started, _one_order),
        Scenario(
            "B", "two orders, one fails on mapping; a file whose order is refused",
            _started, _two_orders_and_a_refused_one,
        ),
        Scenario("C", "an order, then its change", _started, _order_and_change),
        Scenario("D", "a confirmation and a delivered status", _order_sent, _responses),
        Scenario("E", "a corrected extract handed back", _extract_in_error, _extract_handed_back),
        Scenario("F1", "an unknown outcome answered: arrived", _unknown("after-accepting"), _arrived),
        Scenario("F2", "an unknown outcome answered: send again", _unknown("after-reading"), _send_again),
        Scenario("F3", "an unknown outcome settled by its confirmation", _unknown_and_confirmed, _responses),
        Scenario("G", "the very first start", _nothing, _first_start, is_a_start=True),
        Scenario("H", "a rejected file, mended and handed back", _rejected, _rejected_handed_back),
        Scenario("I", "a failed file moved to done: skipped", _failed, _skipped),
        Scenario("J", "a queue message that cannot be understood", _started, _unreadable_message),
        Scenario("K", "a file with its companion marker", _started, _file_and_marker, options=WITH_MARKER),
        Scenario("L", "an unfinished file, given back", _started, _unfinished_file, options=WITH_END),
        Scenario("M", "a failed order replaced by a fresh export", _failed, _fresh_export),
        Scenario("N", "a response delivered again on demand", _response_taken, _asked_to_redeliver),
        Scenario("O", "a confirmation mapped, its UBL beside it", _order_sent, _responses_mapped, options=MAPPED),
    )
}
