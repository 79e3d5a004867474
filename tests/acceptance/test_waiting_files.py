"""Files that are not finished: they wait, untouched and unsent; after `stuck_minutes` somebody is told.

The service lives in the background on a clock that only the test moves, so that half an hour takes no time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.app import Gateway
from gateway.simulator import Simulator
from tests.clocks import ManualClock
from tests.erp_xml import HEAD, TAIL, six_columns, ubl_order, xml_export, xml_order
from tests.orders import HEADER, bad, export, row
from tests.site import Site, eventually

MINUTE = 60.0


class Waiting:
    """A living site on a clock that stands still."""

    def __init__(self, site: Site, gateway: Gateway, clock: ManualClock) -> None:
        self.site, self.gateway, self.clock = site, gateway, clock

    def look(self) -> None:
        """Let every stage look at the present state twice."""
        before = self.gateway.service.rounds()
        self.gateway.service.wake_all()
        eventually(lambda: self._looked(before), "the stages look again")

    def _looked(self, before: dict[str, int]) -> bool:
        self.gateway.service.wake_all()
        return all(rounds >= before[name] + 2 for name, rounds in self.gateway.service.rounds().items())

    def after(self, seconds: float) -> None:
        """Let time pass, then let every stage look."""
        self.clock.advance(seconds)
        self.look()

    def stuck(self) -> list[str]:
        """Return what the open incidents of stuck files say."""
        return [text for key, text in self.site.incidents() if key.startswith("stuck:")]

    def reasons(self) -> list[tuple[str, str]]:
        """Return which files wait, and why, as `status` has it."""
        waiting = self.gateway.parts.scanner.waiting()
        return [(one.entry.name, str(one.reason)) for one in waiting]

    def sent_soon(self, *numbers: str) -> None:
        """Wait until exactly these orders have been sent, in whatever order."""
        eventually(lambda: len(self.site.sent()) >= len(numbers), f"sent: {', '.join(numbers)}")
        self.look()
        assert sorted(number for _, number in self.site.sent()) == sorted(numbers)


@pytest.fixture
def site(tmp_path: Path, simulator: Simulator) -> Site:
    """A site with quiet, marker and trailer routes and the settings of the documentation."""
    return Site(
        tmp_path,
        simulator,
        routes=[
            {"name": "csv", "match": "*.csv", "mapping": "csv-order", "account": "main"},
            {"name": "erp", "match": "*.xml", "mapping": "erp-xml-order", "account": "main"},
            {"name": "ubl", "match": "*.ubl", "mapping": "ubl", "account": "main"},
            {"name": "marked", "match": "*.dat", "mapping": "csv-order", "account": "main", "complete": "marker:.ok"},
            {"name": "both", "match": "*.erp", "mapping": "erp-xml-order", "account": "main", "complete": "marker:.ok"},
            {"name": "counted", "match": "*.cnt", "mapping": "counted", "account": "main", "complete": "trailer"},
        ],
        account={"poll_seconds": 86_400},  # no call is on its way while half an hour passes
        intake={"settle_seconds": 5, "stuck_minutes": 30},
    )


@contextmanager
def waiting(site: Site) -> Iterator[Waiting]:
    """Let the site live on a clock that stands still."""
    clock = ManualClock(waiting_moves_time=False)
    site.clock = clock
    counted(site.root / "xslt" / "counted")
    with site.living() as gateway:
        yield Waiting(site, gateway, clock)


def counted(folder: Path) -> None:
    """Write a site's own mapping: six columns, and a last row that counts the rows before it."""
    from gateway.mapping.mapping import shipped_folder

    folder.mkdir(parents=True)
    shipped = shipped_folder("xslt") / "csv-six-columns"
    for name in ("mapping.toml", "order.xsl"):
        (folder / name).write_bytes((shipped / name).read_bytes())
    with (folder / "mapping.toml").open("a", encoding="utf-8") as file:
        file.write('\n[csv.trailer]\nmark = "END"\ncount = 2\n')


def test_a_slowly_growing_file_is_never_taken_early(site: Site) -> None:
    """An export that takes 40 minutes to write is left alone, alerts after half an hour, goes out once it is whole."""
    site.routes[0]["settle_seconds"] = 120
    whole, steps = export(*(row(f"PO-{number}") for number in range(3))), 24
    path = site.inbox / "orders.csv"
    with waiting(site) as life:
        for step in range(steps):
            with path.open("ab") as file:
                file.write(whole[len(whole) * step // steps : len(whole) * (step + 1) // steps])
            life.look()
            life.after(100)
            assert life.reasons() == [("orders.csv", "changing")]
            minutes = (step + 1) * 100 / 60
            assert (life.stuck() != []) == (minutes >= 30)
        assert life.stuck() == ["inbox/orders.csv is still being written. Look whether the export was finished."]
        assert (site.sent(), site.files()) == ([], [])

        life.after(20)
        life.sent_soon("PO-0", "PO-1", "PO-2")
        eventually(lambda: site.done() == ["orders.csv"], "filed")
        assert (life.stuck(), site.errors()) == ([], [])


def test_xml_without_its_end_waits_and_goes_out_once_the_writer_goes_on(site: Site) -> None:
    """The writer stops in the middle of the second order; nothing is refused, and the rest is not missed."""
    whole = xml_export(xml_order("PX-1"), xml_order("PX-2"))
    half = whole[: whole.index("<p:Price>1.50</p:Price>", whole.index("PX-2")) + 9]
    with waiting(site) as life:
        path = site.drop("orders.xml", half)
        life.look()
        life.after(5)
        eventually(lambda: site.files() == [("orders.xml", "returned")], "read once, and given back")
        eventually(lambda: ("orders.xml", "incomplete") in life.reasons(), "seen again, known as unfinished")
        life.after(29 * MINUTE)
        assert life.reasons() == [("orders.xml", "incomplete")]
        assert (path.read_text(), life.stuck(), site.errors()) == (half, [], [])

        life.after(2 * MINUTE)
        words = "inbox/orders.xml ends in the middle: its end is missing. Look whether the export was finished."
        eventually(lambda: life.stuck() == [words], "said to be stuck")
        assert site.files() == [("orders.xml", "returned")]  # not read again and again

        with path.open("a") as file:
            file.write(whole.removeprefix(half))
        life.look()
        life.after(5)
        life.sent_soon("PX-1", "PX-2")
        eventually(lambda: site.done() == ["orders.xml"], "filed")
        assert (life.stuck(), site.errors()) == ([], [])


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("orders.xml", HEAD),
        ("orders.xml", HEAD + xml_order("PX-1")),
        ("orders.xml", xml_export(xml_order("PX-1"))[:-3]),
        ("order.ubl", ubl_order("PO-1").removesuffix("</o:Order>\n")),
        ("order.ubl", ubl_order("PO-1")[:300]),
    ],
    ids=["head alone", "no end tag", "half an end tag", "ubl without end", "in a start tag"],
)
def test_half_an_xml_file_ends_a_run_without_being_touched(
    tmp_path: Path, simulator: Simulator, name: str, data: str
) -> None:
    """A run until idle does not wait for it; it lies in the inbox under its name, as it was, and no reason is given."""
    site = Site(tmp_path, simulator)
    path = site.drop(name, data)
    site.run()

    assert (path.read_text(), site.left_over()) == (data, [name])
    assert (site.errors(), site.sent(), site.files()) == ([], [], [(name, "returned")])


def test_a_file_without_its_companion_waits_for_it(site: Site) -> None:
    """The marker is the sign, however long the data lies still; with it the file goes, and both are filed."""
    with waiting(site) as life:
        site.drop("orders.dat", export(row("PO-1")))
        life.look()
        life.after(29 * MINUTE)
        assert (life.reasons(), life.stuck()) == ([("orders.dat", "no-marker")], [])
        life.after(2 * MINUTE)
        words = (
            "inbox/orders.dat waits for its companion file orders.dat.ok. Look whether the export was finished."
        )
        assert (life.stuck(), site.files(), site.errors()) == ([words], [], [])

        site.drop("orders.ok", b"")
        life.look()
        life.after(5)
        life.sent_soon("PO-1")
        eventually(lambda: site.done() == ["orders.dat", "orders.ok"], "both are filed")
        assert (life.stuck(), site.left_over()) == ([], [])


def test_a_companion_that_came_too_early_goes_back_with_its_file(site: Site) -> None:
    """XML whose end is missing is given back with its marker, and is not asked for another one later."""
    whole = xml_export(xml_order("PX-1"))
    with waiting(site) as life:
        path = site.drop("orders.erp", whole[:-20])
        site.drop("orders.erp.ok", b"")
        life.look()
        life.after(5)
        eventually(lambda: site.files() == [("orders.erp", "returned")], "read once, and given back")
        eventually(lambda: ("orders.erp", "incomplete") in life.reasons(), "seen again, known as unfinished")
        life.look()
        assert site.left_over() == ["orders.erp", "orders.erp.ok"]
        assert life.reasons() == [("orders.erp", "incomplete")]

        with path.open("a") as file:
            file.write(whole[-20:])
        life.look()
        life.after(5)
        life.sent_soon("PX-1")
        eventually(lambda: site.done() == ["orders.erp", "orders.erp.ok"], "both are filed")
        assert site.left_over() == []


def test_the_companion_of_a_refused_file_is_filed_too(tmp_path: Path, simulator: Simulator) -> None:
    """A broken file, or one whose orders all fail, lies in error/; its marker has done its work and is filed."""
    site = Site(tmp_path, simulator, routes=[
        {"name": "marked", "match": "*.dat", "mapping": "csv-order", "account": "main", "complete": "marker:.ok"},
    ])
    site.drop("broken.dat", export(f"{row('PO-1')};more"))
    site.drop("failed.dat", export(bad("PO-2")))
    site.drop("partly.dat", export(bad("PO-3"), row("PO-4")))
    for name in ("broken.dat.ok", "failed.ok", "partly.dat.ok"):
        site.drop(name, b"")
    site.run()

    assert site.errors() == ["broken.dat", "failed.dat", "partly.PO-3.dat"]
    assert site.done() == ["broken.dat.ok", "failed.ok", "partly.dat", "partly.dat.ok"]
    assert site.left_over() == []


def test_a_name_in_done_that_somebody_took_meanwhile_is_left_alone(site: Site) -> None:
    """A person files an own file under the very name; the next original of that name goes beside it."""
    with waiting(site) as life:
        for number, name in ((1, "first.csv"), (2, "second.csv")):
            site.drop(name, export(row(f"PO-{number}")))
            life.look()
            life.after(5)
            life.sent_soon(*(f"PO-{n}" for n in range(1, number + 1)))
            eventually(lambda name=name: name in site.done(), "filed")  # type: ignore[misc]
            folder = next((site.inbox / "done").iterdir())
            (folder / "second.csv").write_bytes(b"a person's own") if number == 1 else None
        assert (folder / "second.csv").read_bytes() == b"a person's own"
        eventually(lambda: site.done() == ["first.csv", "second.csv", "second~2.csv"], "beside it")
        assert site.left_over() == []


def test_an_empty_file_waits_and_is_then_refused_as_empty(site: Site) -> None:
    """Zero bytes may become more: half an hour is given, then the file lies in error/ with its reason."""
    with waiting(site) as life:
        site.drop("orders.csv", b"")
        life.look()
        life.after(29 * MINUTE)
        assert (life.reasons(), site.errors(), site.files()) == ([("orders.csv", "zero-bytes")], [], [])

        life.after(2 * MINUTE)
        eventually(lambda: site.errors() == ["orders.csv"], "refused")
        life.look()
        reason = site.reason("orders.csv")
        assert (reason["state"], reason["code"]) == ("rejected", "empty")
        assert reason["reason"] == "The file is empty. Export it again."
        assert "Correct it, or export it again, and move it to the folder retry." in site.reason_text("orders.csv")
        assert (site.sent(), site.left_over(), life.stuck()) == ([], [], [])


def test_an_empty_file_that_is_filled_in_time_goes_out(site: Site) -> None:
    """A writer that makes its file first and fills it 20 minutes later loses nothing."""
    with waiting(site) as life:
        path = site.drop("orders.csv", b"")
        life.look()
        life.after(20 * MINUTE)
        path.write_bytes(export(row("PO-1")))
        life.look()
        life.after(5)
        life.sent_soon("PO-1")
        assert site.errors() == []


def test_a_file_without_its_last_row_waits_for_it(site: Site) -> None:
    """The declared last row is the sign: without it the file is not finished, with a wrong count it is refused."""
    whole = six_columns("PO-1", "PO-2")
    with waiting(site) as life:
        path = site.drop("orders.cnt", whole)
        life.look()
        life.after(5)
        eventually(lambda: site.files() == [("orders.cnt", "returned")], "read once, and given back")
        eventually(lambda: ("orders.cnt", "incomplete") in life.reasons(), "seen again, known as unfinished")
        life.after(31 * MINUTE)
        words = "inbox/orders.cnt ends in the middle: its end is missing. Look whether the export was finished."
        assert (life.stuck(), site.sent(), site.errors()) == ([words], [], [])

        path.write_text(f"{whole}END,2,,,,\n")
        life.look()
        life.after(5)
        life.sent_soon("PO-1", "PO-2")
        eventually(lambda: site.done() == ["orders.cnt"], "filed")
        assert (life.stuck(), site.errors()) == ([], [])

        site.drop("wrong.cnt", six_columns("PO-3", "PO-4") + "END,3,,,,\n")
        life.look()
        life.after(5)
        eventually(lambda: site.errors() == ["wrong.cnt"], "refused")
        life.look()
        assert site.reason("wrong.cnt")["findings"] == [
            {
                "code": "trailer-mismatch",
                "message": "The last row says count 3 of rows, the rows give 2: rows are missing or doubled.",
                "severity": "error", "row": 4, "column": "2", "value": "3", "expected": "2",
            }
        ]
        life.sent_soon("PO-1", "PO-2")


def test_an_unfinished_file_holds_back_later_ones_of_its_route_for_half_an_hour(site: Site) -> None:
    """No file overtakes an older one that is being written; once that one is stuck, nobody waits for it any more."""
    site.routes[0]["settle_seconds"] = 5
    with waiting(site) as life:
        path = site.inbox / "first.csv"
        path.write_bytes(HEADER.encode())
        life.look()
        site.drop("second.csv", export(row("PO-2")))
        site.drop("other.xml", xml_export(xml_order("PX-1")))
        for _ in range(5):
            life.after(4)
            with path.open("ab") as file:
                file.write(b";")
            life.look()
        assert life.reasons() == [("first.csv", "changing"), ("second.csv", "behind")]
        life.sent_soon("PX-1")  # another route

        for _ in range(4):
            life.after(10 * MINUTE)
            with path.open("ab") as file:
                file.write(b";")
            life.look()
        life.sent_soon("PX-1", "PO-2")


def test_a_file_written_again_before_it_was_quiet_is_taken_in_its_last_form(site: Site) -> None:
    """The ERP writes the file twice within seconds: only the second form counts."""
    with waiting(site) as life:
        path = site.drop("orders.csv", export(row("PO-1", quantity="1")))
        life.look()
        life.after(4)
        path.write_bytes(export(row("PO-1", quantity="1000")))
        life.look()
        life.after(4)
        assert site.sent() == []
        life.after(1)
        life.sent_soon("PO-1")
        assert b">1000<" in site.simulator.ledger.documents[0].body


def test_the_end_of_the_root_is_the_end_of_an_xml_file(site: Site) -> None:
    """A closed root with blanks behind it is whole."""
    with waiting(site) as life:
        site.drop("orders.xml", HEAD + xml_order("PX-1") + TAIL + "\n \n")
        life.look()
        life.after(5)
        life.sent_soon("PX-1")
