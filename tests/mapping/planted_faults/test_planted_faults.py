"""Faults planted in every shipped mapping: the finding names the row or line, and the column, element or attribute."""

from __future__ import annotations

import os
import random
from collections import defaultdict

import pytest

from gateway.mapping.mapping import shipped_folder
from gateway.model import Finding
from tests.mapping.planted_faults.classes import CLASSES
from tests.mapping.planted_faults.planting import Planted, Planting
from tests.mapping.planted_faults.report import missed, rates, table
from tests.mapping.planted_faults.sites import Wanted

SEED = int(os.environ.get("PLANTED_FAULTS_SEED", "20261125"))
OF_EACH_MAPPING = 5
LEAST_ROWS, LEAST_COLUMNS = 0.95, 0.93
"""Of one mapping. The aim is every row; what is missed are values that several others contradict as well as they do."""

planting = Planting()


def judged(faults: list[Planted]) -> None:
    """Hold faults to what is promised: nearly every row and column of those that are noticed."""
    counts = rates(faults)
    told = f"seed {SEED}\n{table(faults)}\n{missed(faults)}"
    assert counts.noticed, told
    assert counts.row_rate >= LEAST_ROWS, told
    assert counts.column_rate >= LEAST_COLUMNS, told


def test_every_mapping_that_orders_come_by_is_tried() -> None:
    """A mapping that is shipped tomorrow is planted with faults without a word here."""
    folders = {path.parent.name for path in shipped_folder("xslt").glob("*/mapping.toml")}
    answers = {name for name in folders if 'format = "response"' in (
        (shipped_folder("xslt") / name / "mapping.toml").read_text(encoding="utf-8")
    )}  # fmt: skip
    assert set(planting.names()) == folders - answers


def test_some_faults_of_each_mapping_are_placed_right() -> None:
    """A few of each, chosen by the seed among those that are noticed at all."""
    pick = random.Random(SEED)
    faults: list[Planted] = []
    for name in planting.names():
        plans = planting.plans(SEED, name)
        pick.shuffle(plans)
        faults += [planting.plant(site, fault, with_usage=False) for site, fault in plans[:OF_EACH_MAPPING]]
    judged(faults)


@pytest.mark.slow
@pytest.mark.timeout(1500)
@pytest.mark.parametrize("name", planting.names())
def test_all_faults_of_a_mapping_are_placed_right(name: str) -> None:
    """Every column or element times every class of faults, on both levels; `python -m tests.mapping.planted_faults`
    prints the table.
    """
    judged([planting.plant(site, fault, with_usage=False) for site, fault in planting.plans(SEED, name)])


def planted(finding: Finding, wanted: Wanted) -> Planted:
    """Return a fault with one finding."""
    return Planted("m", "s", "file", "k", "missing", "", "copied", (finding,), wanted)


def test_the_judge_tells_right_from_wrong() -> None:
    """Another row, another column, no column, the other end of a comparison; for xml line and path."""
    wanted = Wanted(rows=frozenset({3}), column="Price")
    verdicts = defaultdict(list)
    for row, column, message in [
        (3, "Price", ""), (3, "Unit", ""), (4, "Price", ""), (3, None, ""), (3, "Total", '(Compared with "Price".)'),
    ]:  # fmt: skip
        one = planted(Finding(code="x", message=message, row=row, column=column), wanted)
        verdicts["row"].append(one.row_named)
        verdicts["column"].append(one.column_named)
        verdicts["misled"].append(one.misled)
    assert verdicts == {
        "row": [True, True, False, True, True],
        "column": [True, False, False, False, True],
        "misled": [False, True, True, False, False],
    }
    place = Wanted(line=7, path="/Line[2]/@no", lines=range(6, 9))
    right = planted(Finding(code="x", message="", line=7, path="/o:Order[1]/o:Line[2]/@no"), place)
    wrong = planted(Finding(code="x", message="", line=8, path="/Order/Line/@no"), place)
    assert (right.row_named, right.column_named, wrong.row_named, wrong.column_named) == (True, True, True, False)


def test_a_class_of_faults_applies_to_values_of_its_kind() -> None:
    """Each turns a value into another, or does not apply."""
    for value in ("12.50", "2026-11-24", "24.11.2026", "20261124", "Bolt", "EUR"):
        changed = {name: change(value) for name, change in CLASSES.items()}
        assert value not in changed.values()
        assert changed["missing"] == ""
    assert CLASSES["no real date"]("Bolt") is None
    assert CLASSES["below zero"]("24.11.2026") is None
