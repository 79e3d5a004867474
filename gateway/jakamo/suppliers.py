"""Which suppliers Jakamo has a company for: `GET /api/mappedcompanies`, read and kept for a while.

Asked for in a thread of its own, so that nobody waits for Jakamo but the very first orders, and they a few seconds.
An answer that cannot be used is no list: nothing is refused for it. An empty list counts as none too, because it is
not known whether entries of Jakamo's newer mapping tables are listed.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from typing import Any

from gateway.clock import Clock
from gateway.jakamo.answers import Context, Reply, classify
from gateway.jakamo.protocol import Endpoint
from gateway.model import KnownSuppliers

OLDEST_SECONDS = 15 * 60.0
"""How old the list may be before it is asked for again."""

KEPT_SECONDS = 24 * 3600.0
"""How long a list is used when no newer one can be had."""

AGAIN_SECONDS = 60.0
FIRST_WAIT_SECONDS = 10.0


def read_companies(reply: Reply, context: Context) -> KnownSuppliers:
    """Return the numbers of a list of `{"CompanyName", "MappedId"}`, or why there is none."""
    if not 200 <= reply.status < 300:
        return KnownSuppliers(ids=None, trouble=classify(Endpoint.COMPANIES, reply, context).words)
    if not reply.complete:
        return KnownSuppliers(ids=None, trouble="Jakamo's list of companies did not arrive whole.")
    try:
        listed: Any = json.loads(reply.body)
    except (ValueError, RecursionError):
        return KnownSuppliers(ids=None, trouble="Jakamo's list of companies is no JSON.")
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        return KnownSuppliers(ids=None, trouble="Jakamo's list of companies has another shape than expected.")
    ids = frozenset(str(one["MappedId"]).strip() for one in listed if one.get("MappedId") not in (None, ""))
    if not ids:
        return KnownSuppliers(ids=None, trouble="Jakamo lists no mapped company for this integration.")
    return KnownSuppliers(ids=ids)


class SupplierList:
    """The list of one account. `step` belongs to one thread, `known` to any."""

    def __init__(self, ask: Callable[[], KnownSuppliers], clock: Clock) -> None:
        self._ask, self._clock = ask, clock
        self._asked = threading.Event()  # there was an answer, or somebody has waited long enough for one
        self._due = float("-inf")
        self._listed_at = float("-inf")
        self._known = KnownSuppliers(ids=None, trouble="Jakamo was not asked yet.")

    def step(self) -> bool:
        """Ask Jakamo if the list is old; never counts as work, so that nobody waits for it."""
        if self._clock.monotonic() >= self._due:
            answer = self._ask()
            now = self._clock.monotonic()
            if answer.ids is not None:
                self._listed_at = now
            if answer.ids is not None or now - self._listed_at >= KEPT_SECONDS:
                self._known = answer
            self._due = now + (OLDEST_SECONDS if answer.ids is not None else AGAIN_SECONDS)
            self._asked.set()
        return False

    def pause(self) -> float:
        """Return the seconds until Jakamo is to be asked again."""
        return max(1.0, self._due - self._clock.monotonic())

    def known(self) -> KnownSuppliers:
        """Return the list as it is; only before Jakamo's first answer wait a few seconds for it, once in all."""
        if not self._asked.is_set():
            self._clock.wait(self._asked, FIRST_WAIT_SECONDS)
            self._asked.set()
        return self._known


class SupplierLists:
    """The lists of all accounts that ask for one."""

    def __init__(self, asking: Mapping[str, Callable[[], KnownSuppliers]], clock: Clock) -> None:
        self.lists = {name: SupplierList(ask, clock) for name, ask in asking.items()}

    def known(self, account: str) -> KnownSuppliers:
        """Return whom Jakamo knows; of an account that sends nothing it is not asked."""
        if account not in self.lists:
            return KnownSuppliers(ids=None, trouble="Jakamo is not asked in a rehearsal (send = false).")
        return self.lists[account].known()
