"""Routes chosen by what stands in a file, where its name says nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.files.durable import FileDoor
from gateway.intake.content import HEAD_BYTES, WHOLE_BYTES, choose_route
from gateway.settings import Route

IDOC = b"<ORDERS05><IDOC><EDI_DC40><MESTYP>ORDERS</MESTYP></EDI_DC40></IDOC></ORDERS05>"
NAMED = b'<?xml version="1.0"?><p:Orders xmlns:p="urn:x"><p:Head type="PO"> A </p:Head><!-- c --><p:Head/></p:Orders>'


def route(name: str, **content: str) -> Route:
    """Return a route that asks for some content."""
    return Route(name=name, match="*", mapping="csv-order", account="main", content=content or None)  # type: ignore[arg-type]


def chosen(tmp_path: Path, data: bytes, *routes: Route) -> str | None:
    """Return the name of the route that a file goes by."""
    path = tmp_path / "file"
    path.write_bytes(data)
    found = choose_route(FileDoor(), path, "file", "", routes)
    return found.name if found else None


@pytest.mark.parametrize(
    ("data", "content"),
    [
        (IDOC, {"root": "ORDERS05"}),
        (NAMED, {"root": "{urn:x}Orders"}),
        (IDOC, {"path": "ORDERS05/IDOC/EDI_DC40/MESTYP", "value": "ORDERS"}),
        (NAMED, {"path": "Orders/Head/@type", "value": "PO"}),
        (NAMED, {"path": "Orders/Head", "value": "A"}),
        (b"<Orders><Head/></Orders>", {"path": "Orders/Head", "value": ""}),
        (b"<!DOCTYPE Orders SYSTEM 'x.dtd'><Orders/>", {"root": "Orders"}),
        (b"OrderNo;Supplier;Item\r\n1;2;3\r\n", {"header": "OrderNo;Supplier"}),
        (b"\xef\xbb\xbfOrderNo;Supplier\n", {"header": "OrderNo;Supplier"}),
        ("Määrä;Hinta\n".encode(), {"header": "Määrä;"}),
        ("Määrä;Hinta\n".encode("cp1252"), {"header": "Määrä;"}),
        ("Määrä;Hinta\n".encode("utf-16"), {"header": "Määrä;"}),
        ("\ufeffMäärä;Hinta\n".encode("utf-16-be") + b"\x00", {"header": "Määrä;"}),
    ],
)
def test_a_file_goes_by_the_route_whose_content_it_holds(
    tmp_path: Path, data: bytes, content: dict[str, str]
) -> None:
    """Root, value at a path, header row in any usual encoding; a file that is something else goes on to the next."""
    wanted = route("wanted", **content)
    assert chosen(tmp_path, data, wanted, route("rest")) == "wanted"
    for other in (b"<Else><Head/></Else>", b"no xml, no such header", b"", b"<Orders", b"<Other><Head/></Other>"):
        assert chosen(tmp_path, other, wanted, route("rest")) == "rest"


@pytest.mark.parametrize("path", ["Orders/Foot", "Orders/Head/@no", "Orders/Head/Deep"])
def test_a_path_that_leads_nowhere_fits_nothing(tmp_path: Path, path: str) -> None:
    """Not even where an empty value is asked for."""
    assert chosen(tmp_path, NAMED, route("wanted", path=path, value="")) is None


def test_a_file_that_no_route_fits_goes_by_none(tmp_path: Path) -> None:
    """A route of another folder, or of another name, is not asked for its content."""
    elsewhere = route("elsewhere").model_copy(update={"folder": "plant-2"})
    other_name = route("other").model_copy(update={"match": "*.csv"})
    assert chosen(tmp_path, IDOC, elsewhere, other_name) is None


def test_a_header_cut_in_the_middle_of_a_character_is_compared_all_the_same(tmp_path: Path) -> None:
    """Only the head of a file is looked at, wherever that ends."""
    data = "Määrä;".encode() + b"x" * (HEAD_BYTES - 10) + "ä".encode()
    assert chosen(tmp_path, data, route("wanted", header="Määrä;")) == "wanted"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_large_xml_is_told_by_its_beginning(tmp_path: Path, encoding: str) -> None:
    """It is not held; what is asked for must stand in its first megabyte."""
    head = "<!DOCTYPE Orders SYSTEM 'x.dtd'>" if encoding == "utf-8" else ""
    data = f"{head}<Orders><Head type='PO'>A</Head>{'<Line/>' * 300_000}<Foot>B</Foot></Orders>".encode(encoding)
    assert len(data) > WHOLE_BYTES
    assert chosen(tmp_path, data, route("wanted", root="Orders")) == "wanted"
    assert chosen(tmp_path, data, route("wanted", path="Orders/Head/@type", value="PO")) == "wanted"
    assert chosen(tmp_path, data, route("wanted", path="Orders/Head", value="A")) == "wanted"
    assert chosen(tmp_path, data, route("wanted", path="Orders/Foot", value="B")) is None
    for other in (b"<Orders" + b" " * WHOLE_BYTES, b"no xml" * WHOLE_BYTES, b"<Else>" + data):
        assert chosen(tmp_path, other, route("wanted", root="Orders"), route("rest")) == "rest"
