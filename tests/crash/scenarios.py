"""The stories in which the gateway is killed: what was before, what happens, and what it must come to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gateway.simulator import Fault
from tests.crash.audit import Expected
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
RESPONSES: list[bytes] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One story. `prepare` is lived undisturbed; the life after `act` is the one that is killed."""

    key: str
    title: str
    prepare: Callable[[Site], None]
    act: Callable[[Site], Expected]


def _started(site: Site) -> None:
    site.run()


def _one_order(site: Site) -> Expected:
    site.drop("a.csv", ORDER)
    return Expected(files=(ORDER,), accepted=(("Order", "PO-1"),))


def _two_orders_and_a_refused_one(site: Site) -> Expected:
    site.simulator.faults.add(
        Fault(endpoint="order", order="PO-3", status=400, times=None, body=b"<errors><error>No such item.</error></errors>")
    )
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
    RESPONSES[:] = [site.simulator.confirm("PO-1", "as-ordered"), site.simulator.delivered("PO-1")]


def _responses(site: Site) -> Expected:
    for body in RESPONSES:
        site.simulator.enqueue(body, {"Jakamo-Order-Number": "PO-1"})
    return Expected(files=(ORDER,), queue=tuple(RESPONSES))


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


SCENARIOS = {
    scenario.key: scenario
    for scenario in (
        Scenario(key="A", title="one file with one order", prepare=_started, act=_one_order),
        Scenario(
            key="B", title="two orders, one fails on mapping; a file whose order is refused",
            prepare=_started, act=_two_orders_and_a_refused_one,
        ),
        Scenario(key="C", title="an order, then its change", prepare=_started, act=_order_and_change),
        Scenario(key="D", title="a confirmation and a delivered status", prepare=_order_sent, act=_responses),
        Scenario(key="E", title="a corrected extract handed back", prepare=_extract_in_error, act=_extract_handed_back),
        Scenario(key="F1", title="an unknown outcome answered: arrived", prepare=_unknown("after-accepting"), act=_arrived),
        Scenario(
            key="F2", title="an unknown outcome answered: send again", prepare=_unknown("after-reading"), act=_send_again
        ),
        Scenario(key="G", title="the very first start", prepare=_nothing, act=_first_start),
        Scenario(key="H", title="a rejected file, mended and handed back", prepare=_rejected, act=_rejected_handed_back),
        Scenario(key="I", title="a failed file moved to done: skipped", prepare=_failed, act=_skipped),
    )
}  # fmt: skip
