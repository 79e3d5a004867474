"""Marks and other values: what they keep of a value, and that they tell whose they are."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mapping.marking import Marks, as_number, is_number, other_value
from gateway.mapping.rejection import shown

TEXTS = st.text(st.characters(exclude_categories=("Cs", "Co")), min_size=1, max_size=30)


@given(st.lists(TEXTS, min_size=1, max_size=5))
def test_a_marked_value_is_as_long_and_tells_whose_it_is(values: list[str]) -> None:
    """Blanks stay, so that a stylesheet that counts, cuts or normalises does to the marks what it does to the value."""
    marks = Marks(values)
    marked = [marks.marked(value, number) for number, value in enumerate(values)]
    assert [len(one) for one in marked] == [len(one) for one in values]
    owners = marks.owners("-".join(marked))
    filled = {number for number, value in enumerate(values) if value.strip()}
    assert set(owners) == filled
    assert all([one.isspace() for one in value] == [one.isspace() for one in values[number]]
               for number, value in enumerate(marked))  # fmt: skip


def test_marks_are_never_characters_of_the_values_themselves() -> None:
    """A source with symbols of a private font leaves its range out; there are enough for any order."""
    assert len(Marks(["plain"])) == 137_468
    marks = Marks(["\ue001 and \U000f1234"])
    assert len(marks) == 65_534
    assert marks.owners("\ue001\U000f1234") == {}
    assert marks.owners(marks.marked("ab", 65_533)) == {65_533: 2}
    with pytest.raises(IndexError):
        marks.marked("a", 65_534)


def test_marks_are_found_in_words_in_which_they_were_spelled_out() -> None:
    """Messages are made fit to be printed; the value comes back in the place of its marks."""
    marks = Marks(["four"])
    words = shown(f'"{marks.marked("four", 0)}" is no number.')
    assert marks.spelled(marks.told(words), 0, "four") == '"four" is no number.'
    assert marks.told(r"a path C:\users") == r"a path C:\users"


@given(TEXTS)
def test_another_value_is_another_of_the_same_length(value: str) -> None:
    """So that changing it changes what depends on it, and as little else as can be."""
    other = other_value(value)
    assert other != value
    assert len(other) == len(value) or value in ("true", "false")


@pytest.mark.parametrize(
    ("value", "other"),
    [("12.50", "23.61"), ("FI", "GJ"), ("2026-11-30", "2026-11-15"), ("true", "false"), ("Zz 9", "Yy 8"), ("-", "x")],
)
def test_another_value_has_the_same_looks(value: str, other: str) -> None:
    """A test for two capitals, a real date or a number goes out as before."""
    assert other == other_value(value)


def test_numbers_are_equal_however_they_are_written() -> None:
    """What a refusal states as 1605.29 stands in the file as 1605.290000."""
    assert as_number("1605.290000") == as_number("1605.29") == Decimal("1605.29")
    assert as_number("four") is None
    assert [is_number(one) for one in ("-.5", "+1.", "1e3", "", ".", "1,5")] == [True, True, False, False, False, False]
