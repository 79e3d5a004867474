"""mapping.toml: what it may say, how its faults are told, when a mapping is loaded again."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from mapping_help import CSV_TOML, STYLESHEET, XML_TOML, csv_mapping, write_folder, xml_mapping

from gateway.errors import SettingsError
from gateway.mapping.check import check_mappings
from gateway.mapping.declaration import CsvFormat, MappingFile
from gateway.mapping.mapping import Mapping, MappingStore, folder_hash, load_mapping, shipped_folder
from gateway.mapping.schemas import ROOTS, SchemaStore


def problems(folder: Path) -> dict[str, str]:
    """Return the problems of a folder by key."""
    with pytest.raises(SettingsError) as caught:
        load_mapping(folder)
    return {one.place.partition("mapping.toml: ")[2]: one.message for one in caught.value.problems}


def test_shipped_mappings_and_schemas_are_sound() -> None:
    """What we ship loads, compiles, and every root we know has its schema."""
    assert check_mappings(None, None) == []
    assert {path.stem for path in shipped_folder("schemas").glob("*.xsd")} >= set(ROOTS)


def test_example_declares_what_the_readme_promises() -> None:
    """csv-order is the documented example: every order rule of it is readable from the loaded mapping."""
    mapping = MappingStore(None).get("csv-order")
    assert (mapping.format, mapping.repeat, mapping.lost_lines, mapping.doctype) == ("csv", "hold", "hold", "refuse")
    assert mapping.complete_order
    assert mapping.csv.encoding == "windows-1252"
    assert not mapping.tells_its_end
    assert mapping.stylesheet is not None
    assert mapping.stylesheet.is_file()


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    """An integrator mends a mapping in one round: shape, unknown keys, names that name nothing, missing files."""
    folder = write_folder(
        tmp_path / "bad",
        """
format = "csv"
repeat = "maybe"
colour = "red"
stylesheet = "none.xsl"
[csv]
encoding = "klingon"
delimiter = ";;"
order_number = "po"
revision = "rev"
kind = { field = "k", values = { N = "Order", X = "Invoice" } }
[csv.trailer]
mark = "T"
sum = 3
[[csv.columns]]
header = "A"
name = "1a"
type = "decimal"
max_length = 0
dates = ["dd.xx"]
[[csv.columns]]
header = "A"
name = "order"
type = "code"
[[csv.columns]]
header = "D"
name = "d"
type = "date"
values = ["x"]
position = 4
""",
    )
    found = problems(folder)
    assert set(found) == {
        "repeat", "colour", "stylesheet", "csv.encoding", "csv.delimiter", "csv.order_number", "csv.revision",
        "csv.kind.field", "csv.kind.values.X", "csv.trailer.sum_of", "csv.columns[1].name", "csv.columns[1].decimal",
        "csv.columns[1].max_length", "csv.columns[1].dates[1]", "csv.columns[2].name", "csv.columns[2].header",
        "csv.columns[2].values", "csv.columns[3].dates", "csv.columns[3].values", "csv.columns[3].position",
    }
    assert found["colour"] == "unknown key"
    assert "dd.mm.yyyy" in found["csv.columns[1].dates[1]"]


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('split = "/e:Orders/e:Order"', 'split = "e:Orders"', "xml.split"),
        ('split = "/e:Orders/e:Order"', 'split = "//e:Order"', "xml.split"),
        ('split = "/e:Orders/e:Order"', 'split = ["/e:Orders/x:Order"]', "xml.split"),
        ('order_number = "@no"', 'order_number = "/Orders/@no"', "xml.order_number"),
        ('order_number = "@no"', 'order_number = "@no["', "xml.order_number"),
        ('order_number = "@no"', 'order_number = "@no"\nenvelope = ["Head"]', "xml.envelope"),
        ('order_number = "@no"', 'order_number = "@no"\nkind = { path = "@t" }', "xml.kind.values"),
        ('order_number = "@no"', 'order_number = "@no"\nkind = {}', "xml.kind"),
        ('order_number = "@no"', 'order_number = "@no"\nkind = {root = {}, absent = "Order"}', "xml.kind.absent"),
        ('order_number = "@no"', 'order_number = "@no"\nfields = [{path = "a", of = "line"}]', "xml.fields[1].of"),
        ('order_number = "@no"', 'order_number = "@no"\nlines = [{path = "y:L"}]', "xml.lines[1].path"),
        ('order_number = "@no"', 'order_number = "@no"\nfields = [{path = "a", type = "date"}]', "xml.fields[1].dates"),
        ('format = "xml"', 'format = "csv"', "csv"),
        ('format = "xml"', 'format = "ubl"', "stylesheet"),
        ('format = "xml"', 'format = "ubl"\ndoctype = "ignore"', "doctype"),
        ('stylesheet = "order.xsl"', "", "stylesheet"),
        ('stylesheet = "order.xsl"', 'stylesheet = "../outside.xsl"', "stylesheet"),
    ],
)
def test_xml_declarations_are_checked(tmp_path: Path, old: str, new: str, key: str) -> None:
    """A path that cannot work is refused when the mapping is loaded, not at the first file."""
    assert key in problems(write_folder(tmp_path / "m", XML_TOML.replace(old, new)))


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('delimiter = ";"', 'delimiter = ";"\nquote = ";"', "csv.quote"),
        ('delimiter = ";"', 'delimiter = "\\n"', "csv.delimiter"),
        ('encoding = "utf-8"', 'encoding = "rot13"', "csv.encoding"),
        ('delimiter = ";"', 'delimiter = ";"\ncolumn_count = 3', "csv.column_count"),
        ('delimiter = ";"', 'delimiter = ";"\ntrailer = { mark = "T" }', "csv.trailer"),
        ('delimiter = ";"', 'delimiter = ";"\ntrailer = {mark="T", sum=2, sum_of="number"}', "csv.trailer.sum_of"),
        ('header = "Order"', "", "csv.columns[1].header"),
        ("required = true", "required = true\nmay_be_missing = true", "csv.order_number"),
        ("required = true", 'type = "decimal"\ndecimal = ","\nthousands = ","', "csv.columns[1].thousands"),
        ("[csv]", "[cvs]", "cvs"),
    ],
)
def test_csv_declarations_are_checked(tmp_path: Path, old: str, new: str, key: str) -> None:
    """A dialect that contradicts itself is refused when the mapping is loaded."""
    assert key in problems(write_folder(tmp_path / "m", CSV_TOML.replace(old, new, 1)))


def test_broken_files_are_told_with_their_place(tmp_path: Path) -> None:
    """TOML syntax, bytes that are no UTF-8, and a folder without the file name the file and what is wrong."""
    folder = tmp_path / "m"
    folder.mkdir()
    for content, words in ((b"format = ", "not valid TOML"), (b"\xff", "not valid TOML"), (None, "cannot be read")):
        path = folder / "mapping.toml"
        path.unlink(missing_ok=True)
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(SettingsError, match=words):
            load_mapping(folder)


def test_the_wrong_half_is_not_there(tmp_path: Path) -> None:
    """Asking a CSV mapping for its paths is a fault of ours, told as such."""
    mine, other = csv_mapping(tmp_path / "a"), xml_mapping(tmp_path / "b")
    with pytest.raises(TypeError):
        _ = mine.xml
    with pytest.raises(TypeError):
        _ = other.csv
    assert other.tells_its_end
    assert MappingStore(None).get("ubl").stylesheet is None


def test_a_mapping_is_loaded_again_when_its_files_change(tmp_path: Path) -> None:
    """An edited stylesheet is picked up without a restart, and the hash tells the versions apart."""
    csv_mapping(tmp_path / "site" / "mine")
    store = MappingStore(tmp_path / "site")
    first = store.get("mine")
    assert store.get("mine") is first
    path = tmp_path / "site" / "mine" / "order.xsl"
    path.write_text(STYLESHEET.format("<!-- changed -->"), encoding="utf-8")
    os.utime(path, ns=(1, 1))
    second = store.get("mine")
    assert second is not first
    assert second.hash != first.hash


def test_hash_covers_what_decides_the_result(tmp_path: Path) -> None:
    """Shared templates beside the mapping count, samples do not: they change nothing that is sent."""
    folder = csv_mapping(tmp_path / "site" / "mine").folder
    before = folder_hash(folder)
    (folder / "samples").mkdir()
    (folder / "samples" / "basic.csv").write_text("x", encoding="utf-8")
    assert folder_hash(folder) == before
    (tmp_path / "site" / "common").mkdir()
    (tmp_path / "site" / "common" / "party.xsl").write_text("<x/>", encoding="utf-8")
    assert folder_hash(folder) != before


def test_a_site_mapping_goes_before_a_shipped_one(tmp_path: Path) -> None:
    """A site holds only its own; a mapping of the same name replaces the shipped one."""
    store = MappingStore(tmp_path)
    shipped = store.get("csv-status")
    assert "csv-status" in store.names()
    csv_mapping(tmp_path / "csv-status")
    assert store.get("csv-status").folder == tmp_path / "csv-status" != shipped.folder


@pytest.mark.parametrize("name", ["nothing-of-the-kind", "", "..", "a/b", "../xslt/csv-order"])
def test_unknown_and_hostile_names_are_refused(name: str) -> None:
    """A name is a folder below the mapping folders, and the refusal lists what there is."""
    with pytest.raises(SettingsError, match="mapping"):
        MappingStore(None).get(name)


def test_check_names_stylesheet_and_line(tmp_path: Path) -> None:
    """A stylesheet that does not compile is told at start, with its line."""
    csv_mapping(tmp_path / "mine", body="<xsl:value-of/>")
    xml_mapping(tmp_path / "other", body='<xsl:value-of select="1"/>')
    write_folder(tmp_path / "third", CSV_TOML.replace("csv", "cvs"))
    found = check_mappings(tmp_path, None, ["mine", "other", "third"])
    assert any("order.xsl, line 1" in one.place for one in found)
    assert any("third" in one.place for one in found)
    assert not any("other" in one.place for one in found)


def test_site_schemas_stand_before_the_shipped_ones(tmp_path: Path) -> None:
    """A site may replace one schema; what that includes and the site lacks comes from the shipped folder."""
    shutil.copy(shipped_folder("schemas") / "Order.xsd", tmp_path)
    store = SchemaStore(tmp_path)
    assert store.problems() == []
    assert store.explainer("Order").url.startswith(tmp_path.as_uri())
    (tmp_path / "Order.xsd").write_text("<damaged", encoding="utf-8")
    store.refresh()
    assert [Path(one.place).name for one in store.problems()] == ["Order.xsd"]
    with pytest.raises(SettingsError):
        store.explainer("Order")
    with pytest.raises(SettingsError, match=r"no file Invoice\.xsd"):
        store.fast("Invoice")


def test_every_key_of_the_model_has_a_description() -> None:
    """The reference of mapping.toml is generated from the model: no key without words."""

    def silent(model: Any) -> list[str]:
        tables = [model, *model.get("$defs", {}).values()]
        keys = [(key, schema) for table in tables for key, schema in table.get("properties", {}).items()]
        return [key for key, schema in keys if "description" not in schema]

    assert silent(MappingFile.model_json_schema()) == []


def test_dialects_are_declared_never_defaulted() -> None:
    """Encoding and delimiter have no default: a mapping says them or is refused."""
    required = {name for name, field in CsvFormat.model_fields.items() if field.is_required()}
    assert required == {"encoding", "delimiter", "order_number", "columns"}


def test_mapping_is_frozen(tmp_path: Path) -> None:
    """A loaded mapping cannot be changed by whoever holds it."""
    mapping: Mapping = csv_mapping(tmp_path / "m")
    with pytest.raises(AttributeError):
        mapping.name = "other"  # type: ignore[misc]
