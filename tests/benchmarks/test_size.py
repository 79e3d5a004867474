"""A file ten times as large needs no more memory: the bounded version of `python -m tests.benchmarks.size`."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from tests.benchmarks.size import PROJECT, measure
from tests.benchmarks.size_files import write_csv, write_xml

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

SMALL_ROWS, LARGE_ROWS = 6_000, 60_000
LINES, BLANKS = 20, 300  # long rows, many an order: what is measured is the file, not the mapping of its orders
MORE, FLOOR_MEGABYTES = 1.1, 5.0
READ = """
import resource, sys
from pathlib import Path
from gateway.mapping.mapping import MappingStore
from gateway.mapping.reading import read_file
source, spool = map(Path, sys.argv[1:])
mapping = MappingStore(None).get("erp-xml-order")
result = read_file(mapping, source, name="f", trailer=False, max_bytes=10**9, spool=spool)
print(result.order_count, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000)
"""


def allowed(small: float) -> float:
    """Return the peak that a file ten times as large may have."""
    return small * MORE + FLOOR_MEGABYTES


def test_a_csv_of_ten_times_as_many_rows_needs_no_more_memory(tmp_path: Path) -> None:
    """Through the real command, with orders that fail and get their extracts: the service and each of its workers."""
    small, large = (
        measure(
            f"rows-{rows}.csv", partial(write_csv, rows=rows, lines=LINES, blanks=BLANKS, bad_every=40), LINES, tmp_path
        )
        for rows in (SMALL_ROWS, LARGE_ROWS)
    )
    assert large.states == {"rehearsed": 2925, "failed": 75}
    assert large.peak_spool > 10  # it was not held: it lay on disk
    assert large.peak_service < allowed(small.peak_service)
    assert large.peak_worker < allowed(small.peak_worker)


def test_an_xml_ten_times_as_large_is_read_in_the_same_memory(tmp_path: Path) -> None:
    """Pass one alone, which is what could hold it."""
    peaks = []
    for megabytes in (1, 10):
        source = tmp_path / f"{megabytes}.xml"
        orders = write_xml(source, megabytes)
        command = [sys.executable, "-c", READ, str(source), str(tmp_path / f"{megabytes}.spool")]
        ran = subprocess.run(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True, check=True)
        count, peak = ran.stdout.split()
        assert int(count) == orders
        peaks.append(float(peak))
    assert peaks[1] < allowed(peaks[0])
