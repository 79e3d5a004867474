"""Somebody else puts files where the gateway was about to: nothing of either is lost or overwritten."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from gateway.app import Gateway
from gateway.files.durable import FileDoor
from gateway.journal import actions
from gateway.places import site_files
from gateway.simulator import Fault, Simulator
from tests.orders import bad, export, row
from tests.site import Site

FOREIGN = b"not ours"


@pytest.fixture
def site(tmp_path: Path, simulator: Simulator) -> Site:
    """A site with the shipped mappings."""
    return Site(tmp_path, simulator)


class RivalDoor(FileDoor):
    """When the gateway first creates a name that begins so, somebody is quicker and puts a file beside it."""

    def __init__(self, begins: str, rival: Path, **more: Any) -> None:
        super().__init__(**more)
        self.begins, self.rival = begins, rival

    def do_create(self, path: Path) -> int:
        if path.name.startswith(self.begins) and not self.rival.exists():
            self.rival.write_bytes(FOREIGN)
        return super().do_create(path)


def live(site: Site, door: FileDoor) -> None:
    """Run one life through this door until it is idle."""
    gateway = Gateway(site.settings(), files=door)
    try:
        assert gateway.run_until_idle(threading.Event()) == []
    finally:
        gateway.close()


def test_a_foreign_file_in_error_is_not_overwritten(site: Site) -> None:
    """A name that was free when it was chosen and is not any more: ours gets another, with its reasons."""
    site.settings()
    data = export(bad("PO-1"))
    site.drop("a.csv", data)
    plain = site_files(site.settings())
    live(site, RivalDoor(".a.csv.reason", site.error / "a.csv", file_mode=plain.file_mode, owner=plain.owner))

    assert site.errors() == ["a.csv", "a~2.csv"]
    assert (site.error / "a.csv").read_bytes() == FOREIGN
    assert (site.error / "a~2.csv").read_bytes() == data
    assert sorted(path.name for path in site.error.glob("*.reason.*")) == ["a~2.csv.reason.json", "a~2.csv.reason.txt"]
    assert site.left_over() == []


def test_a_correction_dropped_with_the_answer_is_filed_not_deleted(site: Site) -> None:
    """An extract that a person edited and moved to arrived/ is the answer; the edited bytes are kept in done/."""
    site.simulator.faults.add(Fault(endpoint="order", order="PO-2", cut="after-accepting"))
    site.drop("a.csv", export(row("PO-1"), row("PO-2")))
    site.run()
    assert site.errors() == ["unknown/a.PO-2.csv"]
    edited = export(row("PO-2", quantity="7"))
    (site.error / "unknown" / "a.PO-2.csv").write_bytes(edited)
    site.move_in_error("unknown/a.PO-2.csv", "error/unknown/arrived")
    site.run()

    assert site.states() == [("PO-1", "sent"), ("PO-2", "sent")]
    assert site.done() == ["a.PO-2.csv", "a.csv"]
    assert edited in [path.read_bytes() for path in (site.inbox / "done").rglob("a.PO-2.csv")]
    assert site.errors() == []


def test_a_file_removed_by_hand_is_put_back_with_its_reasons(site: Site) -> None:
    """`repair-folders` puts back what was deleted, whole file or extract, and its reasons."""
    site.drop("a.csv", export(bad("PO-1")))
    site.drop("b.csv", export(row("PO-2"), bad("PO-3")))
    site.run()
    before = {path.name: path.read_bytes() for path in site.error.glob("[ab]*")}
    for path in site.error.glob("[ab]*"):
        path.unlink()
    site.run()
    with site.living() as gateway:
        now = gateway.clock.now()
        gateway.journal.write(lambda c: actions.request(c, "repair", {}, "a test", now))
    site.run()

    after = {path.name: path.read_bytes() for path in site.error.glob("[ab]*")}
    assert after.keys() == before.keys()
    assert after["a.csv"] == before["a.csv"]
    assert after["b.PO-3.csv"] == before["b.PO-3.csv"]
