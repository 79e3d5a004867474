"""The yardstick: read, XSLT, XSD, POST on warm connections, in one process with two threads; nothing is remembered.

Stylesheet and schema are compiled once and shared, requests prepared once and sent by the mounted adapter. What is
printed covers the loop alone, not the start.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import requests
from lxml import etree

PROJECT = Path(__file__).parents[2]
_P = "{urn:example:erp:purchasing}"


class BareLoop:
    """Sends every file of a folder once."""

    def __init__(self, folder: Path, base_url: str, threads: int) -> None:
        self._files = iter(sorted(folder.iterdir()))
        self._taking = threading.Lock()
        self._base_url, self._threads = base_url, threads
        self._transform = etree.XSLT(etree.parse(PROJECT / "xslt" / "erp-xml-order" / "order.xsl"))
        self._schema = etree.XMLSchema(etree.parse(PROJECT / "schemas" / "Order.xsd"))
        self._ready = threading.Barrier(threads + 1)
        self._counts: list[int] = []

    def run(self) -> dict[str, float]:
        """Return orders, wall seconds and CPU seconds."""
        workers = [threading.Thread(target=self._work) for _ in range(self._threads)]
        for worker in workers:
            worker.start()
        self._ready.wait()
        started, cpu = time.perf_counter(), time.process_time()
        for worker in workers:
            worker.join()
        return {
            "orders": sum(self._counts), "seconds": time.perf_counter() - started, "cpu": time.process_time() - cpu,
        }  # fmt: skip

    def _work(self) -> None:
        session = requests.Session()
        session.auth = ("integration", "password")
        adapter = session.get_adapter(self._base_url)
        prepared = session.prepare_request(
            requests.Request("POST", f"{self._base_url}/api/order", headers={"Content-Type": "application/xml"})
        )
        queue = session.prepare_request(requests.Request("GET", f"{self._base_url}/api/order/response"))
        adapter.send(queue).content  # noqa: B018 - the connection is warm from here on
        self._ready.wait()
        sent = 0
        for path in self._taken():
            prepared.body = self.document(path.read_bytes())
            prepared.headers["Content-Length"] = str(len(prepared.body))
            answer = adapter.send(prepared)
            if answer.status_code != 200 or answer.content:
                raise RuntimeError(f"the sink answered {answer.status_code}")
            sent += 1
        self._counts.append(sent)

    def _taken(self) -> Iterator[Path]:
        while True:
            with self._taking:
                path = next(self._files, None)
            if path is None:
                return
            yield path

    def document(self, data: bytes) -> bytes:
        """Return the valid UBL document of one file."""
        root = etree.fromstring(data)
        order = root.find(f"{_P}PurchaseOrder")
        source = etree.Element("order", number=order.get("number"), kind="Order")
        etree.SubElement(source, "envelope").append(root.find(f"{_P}Sender"))
        source.append(order)
        result = self._transform(source, known="'false'", **{"change-number": "'1'", "release-as": "''"})
        self._schema.assertValid(result)
        return bytes(result)


if __name__ == "__main__":
    print(json.dumps(BareLoop(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])).run()))
