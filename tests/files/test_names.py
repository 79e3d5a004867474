"""Names from outside are only data: whatever comes in, what goes out is a harmless name."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.files.entry import Entry
from gateway.files.layout import (
    DEFAULT_OUTBOX_TEMPLATE,
    MARKER,
    check_template,
    extract_name,
    free_name,
    ignored_reason,
    natural_key,
    outbox_name,
    printable_name,
    reason_names,
    reason_of,
    safe_component,
    split_work_name,
    work_name,
)
from gateway.files.names import is_temporary, temporary_name

CLAIM = "0b1f7f5e-9a51-4f0e-8f57-0d6d3a1c2b3d"
AT = datetime(2026, 11, 24, 9, 5, 3, 42_999, tzinfo=UTC)
HOSTILE = [
    "..", ".", "", "/", "../../etc/passwd", "C:\\x", "CON", "nul.txt", "com1", "a\nb", "a\x00b", "\u202etxt.exe",
    "x" * 300, "-rf", "a.", "ä", "PO 1", "PO/1", "PO\\1", "~$x", ".work", "\ud800", "a\udce4b",
]
texts = st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(codec=None), max_size=120))
file_names = st.text(
    st.characters(exclude_characters="/\x00", exclude_categories=["Cs"]), min_size=1, max_size=255
).filter(lambda name: len(name.encode()) <= 255 and name not in (".", ".."))


def entry(name: str, *, is_file: bool = True, is_folder: bool = False, is_link: bool = False) -> Entry:
    return Entry(Path("inbox"), name, 1, 1, (1, 1), is_file, is_folder, is_link)


@given(texts, st.integers(16, 120))
def test_safe_component_is_safe_and_bounded(text: str, max_bytes: int) -> None:
    """Only the small alphabet comes out, never more than asked, never hidden, never a device name."""
    safe = safe_component(text, max_bytes)
    assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]*", safe)
    assert len(safe) <= max_bytes
    assert not safe.endswith(".")
    assert not re.fullmatch(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?", safe)


@given(st.lists(texts, min_size=2, max_size=8, unique=True))
def test_different_texts_do_not_meet_in_one_name(texts: list[str]) -> None:
    """What was changed or cut carries a hash of the whole."""
    assert len({safe_component(text) for text in texts}) == len(texts)


def test_safe_text_stays_as_it_is() -> None:
    """An order number of plain letters and digits is found again in the name."""
    assert [safe_component(text) for text in ("PO-1002", "4500012345", "a.b_c")] == ["PO-1002", "4500012345", "a.b_c"]
    assert re.fullmatch(r"PO_1-[0-9a-f]{8}", safe_component("PO 1"))


@given(file_names)
def test_work_name_round_trip(name: str) -> None:
    """A claimed file's name gives back its claim, and its name as far as it fits."""
    made = work_name(CLAIM, name)
    assert len(made.encode()) <= 255
    assert "/" not in made
    split = split_work_name(made)
    assert split is not None
    assert split[0] == CLAIM
    shown = printable_name(name)
    assert split[1] == shown or len(shown.encode()) > 255 - 37


def test_work_name_of_a_longest_name_keeps_the_extension() -> None:
    """A name of 255 bytes is cut between characters, and still ends in .csv."""
    name = "ä" * 125 + "x.csv"
    assert len(name.encode()) == 255
    made = work_name(UUID(CLAIM), name)
    assert split_work_name(made) == (CLAIM, "ä" * 107 + ".csv")
    assert 253 <= len(made.encode()) <= 255


def test_what_is_no_work_name() -> None:
    """Files that somebody put into the work folder are told apart."""
    strays = ["orders.csv", "x~orders.csv", f"{CLAIM}~", CLAIM, f"{CLAIM.upper()}~a", f"{CLAIM.replace('-', '')}~a"]
    assert [split_work_name(name) for name in strays] == [None] * len(strays)


@given(st.text(st.characters(codec=None), max_size=60))
def test_printable_names_can_be_stored_and_shown(name: str) -> None:
    """No control character, direction mark, separator or broken byte is left; done twice changes nothing more."""
    shown = printable_name(name)
    shown.encode("utf-8")
    assert not re.search(r"[\x00-\x1f\x7f-\x9f/\\\u200e\u200f\u202a-\u202e\u2066-\u2069]", shown)
    assert printable_name(shown) == shown


def test_printable_name_keeps_letters_and_shows_bytes() -> None:
    """Letters of any language stay; a byte that is no UTF-8 is shown by its value."""
    given_names = ["Bestellung März 7.csv", "注文.csv", "a\nb.csv", "M\udce4rz.csv", "a\u202eb"]
    expected = ["Bestellung März 7.csv", "注文.csv", "a%0Ab.csv", "M%E4rz.csv", "a%E2%80%AEb"]
    assert [printable_name(name) for name in given_names] == expected


def test_free_name_counts_up() -> None:
    """A name never replaces another; case is ignored, because shares ignore it."""
    assert free_name("orders.csv", []) == "orders.csv"
    assert free_name("orders.csv", ["Orders.CSV"]) == "orders~2.csv"
    assert free_name("orders.csv", {"orders.csv", "orders~2.csv"}) == "orders~3.csv"
    assert free_name("README", ["README"]) == "README~2"
    assert free_name("a" * 251 + ".csv", ["a" * 251 + ".csv"]) == "a" * 249 + "~2.csv"


def test_free_name_keeps_room_for_its_reasons() -> None:
    """A file and its two reason files go together."""
    taken = ["orders.csv.reason.json"]
    assert free_name("orders.csv", taken) == "orders.csv"
    assert free_name("orders.csv", taken, with_reasons=True) == "orders~2.csv"
    name = free_name("a" * 251 + ".csv", [], with_reasons=True)
    assert [len(other) for other in (name, *reason_names(name))] == [243, 254, 255]


@given(file_names, st.lists(file_names, max_size=4))
def test_free_name_is_free_and_fits(name: str, taken: list[str]) -> None:
    """Whatever is there already, the name is another and may be used."""
    made = free_name(name, [*taken, name], with_reasons=True)
    assert made.casefold() not in {other.casefold() for other in taken}
    assert all(len(one.encode()) <= 255 and "/" not in one for one in (made, *reason_names(made)))


@given(file_names, texts)
def test_extract_name_fits_with_its_reasons(name: str, order_number: str) -> None:
    """An extract's name is a name, for any file and any order number."""
    made = extract_name(name, order_number)
    assert "/" not in made
    assert len(reason_names(made)[1].encode()) <= 255


def test_extract_and_reason_names() -> None:
    """The operator sees which order of which file, and what belongs together."""
    assert extract_name("orders.csv", "PO-1002") == "orders.PO-1002.csv"
    assert extract_name("orders", "PO-1002") == "orders.PO-1002"
    assert reason_names("orders.csv") == ("orders.csv.reason.txt", "orders.csv.reason.json")
    names = ["orders.csv.reason.txt", "ORDERS.CSV.REASON.JSON", "orders.csv", ".reason.txt"]
    assert [reason_of(name) for name in names] == ["orders.csv", "ORDERS.CSV", None, None]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("a.tmp", "temporary name (.tmp)"),
        ("A.PART", "temporary name (.part)"),
        ("orders.csv.filepart", "temporary name (.filepart)"),
        ("orders.csv.crdownload", "temporary name (.crdownload)"),
        ("~$orders.xlsx", "name begins with ~$: lock file of an office program"),
        ("._orders.csv", "name begins with ._: side file of another system"),
        (".orders.csv", "name begins with a dot: hidden or unfinished"),
        (MARKER, "name begins with a dot: hidden or unfinished"),
        ("orders.csv~", "name ends with ~: backup copy of an editor"),
        ("Thumbs.db", "written by the file manager"),
        ("orders.csv.reason.txt", "a reason file of the gateway"),
    ],
)
def test_ignored_names_have_a_reason(name: str, words: str) -> None:
    """No file is passed over in silence."""
    assert ignored_reason(entry(name)) == words


def test_only_plain_files_are_taken() -> None:
    """Links, folders and fifos are listed with what they are; a plain file is taken."""
    assert ignored_reason(entry("orders.csv")) is None
    assert ignored_reason(entry("orders~2.csv")) is None
    assert ignored_reason(entry("a.csv", is_file=False, is_link=True)) == "a link; only plain files are taken"
    assert ignored_reason(entry("a.csv", is_file=False, is_folder=True)) == "a folder"
    assert ignored_reason(entry("a.csv", is_file=False)) == "not a plain file (fifo, socket or device)"


def test_natural_order_takes_digits_as_numbers() -> None:
    """PO-9 comes before PO-10, however long the numbers are."""
    names = ["PO-10", "po-9", "PO-9a", "PO-009", "a" + "9" * 5000, "a" + "1" + "0" * 5000, "10", "9"]
    expected = ["9", "10", "a" + "9" * 5000, "a" + "1" + "0" * 5000, "PO-009", "po-9", "PO-9a", "PO-10"]
    assert sorted(names, key=natural_key) == expected


@given(st.lists(st.integers(0, 10**12), min_size=2, max_size=6, unique=True))
def test_natural_order_of_numbered_names(numbers: list[int]) -> None:
    """Names that differ in a number sort by that number."""
    names = [f"orders_{number}.csv" for number in numbers]
    assert sorted(names, key=natural_key) == [f"orders_{number}.csv" for number in sorted(numbers)]


@given(texts)
def test_outbox_name_is_safe_for_any_order_number(order_number: str) -> None:
    """Any order number gives a name of the safe alphabet that fits."""
    name = outbox_name(order_number, "OrderResponse", AT, 7, "0a1b2c3d")
    assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]*", name)
    assert len(name) <= 243


def test_outbox_name_holds_order_kind_time_sequence_hash() -> None:
    """The default name says what it is; the instant is UTC to the millisecond, not rounded up."""
    expected = "PO-1002_OrderResponse_20261124T090503.042Z-00000017-0a1b2c3d.xml"
    assert outbox_name("PO-1002", "OrderResponse", AT, 17, "0a1b2c3d4e5f") == expected
    there = AT.astimezone(timezone(timedelta(hours=2)))
    assert outbox_name("PO-1002", "OrderResponse", there, 17, "0a1b2c3d4e5f") == expected
    assert outbox_name("PO-1", "K", AT, 7, "00", "{sequence}_{order}.xml") == "00000007_PO-1.xml"
    with pytest.raises(ValueError, match="zone"):
        outbox_name("PO-1", "K", AT.replace(tzinfo=None), 1, "00")


@given(st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 3)), min_size=2, max_size=8))
def test_names_of_one_order_sort_as_the_queue_gave_them(steps: list[tuple[int, int]]) -> None:
    """With a time that never goes back and a counting sequence, order of names is order of the queue."""
    at, names = AT, []
    for sequence, (milliseconds, _) in enumerate(steps, start=95):
        at += timedelta(milliseconds=milliseconds % 5)
        names.append(outbox_name("PO-1", "OrderResponse", at, sequence, "0a1b2c3d"))
    assert sorted(names) == names


def test_default_template_is_fine() -> None:
    """The template that is shipped has no problems, nor has a short one."""
    assert check_template(DEFAULT_OUTBOX_TEMPLATE) == []
    assert check_template("{sequence}.xml") == []


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{order}.xml", "{sequence} is missing"),
        ("{number}-{sequence}.xml", "unknown placeholder {number}"),
        ("{sequence!r}.xml", "unknown placeholder {sequence!r}"),
        ("{order.__class__}{sequence}", "unknown placeholder {order.__class__}"),
        ("{sequence", "a brace without its partner"),
        ("{{sequence}}-{sequence}", "a brace without its partner"),
        ("out/{sequence}.xml", "are allowed, not /"),
        ("out put {sequence}ä", "are allowed, not   ä"),
        (".{sequence}.xml", "must not begin with a dot"),
        ("{sequence}.tmp", "must not end like a temporary file"),
        ("{sequence}.", "must not end like a temporary file or with a dot"),
        ("{order}{order}{order}{sequence}.xml", "could give names of 260 bytes"),
        ("", "{sequence} is missing"),
    ],
)
def test_template_problems_are_named(template: str, words: str) -> None:
    """What is wrong with a template is said before the first file is written."""
    assert any(words in problem for problem in check_template(template))


@given(st.text(alphabet="{}ordesqunck_-.ab/ !", max_size=40))
def test_template_without_problems_works(template: str) -> None:
    """Whatever passes the check gives names; nothing that passes can break the naming."""
    if not check_template(template):
        assert "/" not in outbox_name("PO-1", "OrderResponse", AT, 1, "0a1b2c3d", template)


@given(file_names, st.sampled_from(["", "node-1", "Rechner äöü"]))
def test_temporary_names_are_hidden_and_known(name: str, owner: str) -> None:
    """A temporary name begins with a dot, fits, and is told to be this owner's and nobody else's."""
    made = temporary_name(name, owner, uuid4().hex[:16])
    assert made.startswith(".")
    assert "/" not in made
    assert len(made.encode()) <= 255
    assert ignored_reason(entry(made)) is not None
    assert [is_temporary(made, other) for other in (owner, "another")] == [True, False]
