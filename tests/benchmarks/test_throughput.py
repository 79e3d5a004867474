"""The benchmark itself: it runs, measures both sides against one sink, and says what makes a run void."""

from __future__ import annotations

import json

import pytest

from tests.benchmarks.order_files import order_file
from tests.benchmarks.sink import Sink, most_per_second
from tests.benchmarks.throughput import main

pytestmark = pytest.mark.slow


def test_it_prints_both_sides_and_their_ratio(capsys: pytest.CaptureFixture[str]) -> None:
    """A short run: every order of both sides reached the sink, or it would have ended with a reason."""
    main(["--files", "20", "--rounds", "1", "--json"])
    found = json.loads(capsys.readouterr().out)

    assert found["ratio"]["median"] == pytest.approx(found["gateway"]["median"] / found["bare"]["median"])
    assert 0 < found["commits_per_order"]["median"] < 20
    assert found["void"] == (found["sink_multiple"]["min"] < 3)
    assert found["machine"]["cores"] >= 1


def test_it_prints_a_table_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    """Rates, ratio, commits, CPU and the machine."""
    main(["--files", "5", "--rounds", "1"])
    text = capsys.readouterr().out

    for words in ("bare loop, orders/s", "gateway / bare loop", "commits per order", "CPU s per 1,000", "cores"):
        assert words in text


def test_the_sink_counts_what_it_gets() -> None:
    """Orders and distinct orders since the last reset."""
    with Sink() as sink:
        most_per_second(sink.port, order_file(1), 10, connections=2)
        assert sink.report()["orders"] >= 10
        assert sink.report()["distinct"] == 1
        sink.reset()
        assert sink.report() == {"orders": 0, "distinct": 0, "first_at": None, "last_at": None}
