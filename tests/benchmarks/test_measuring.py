"""What becomes of the rounds of a benchmark."""

from __future__ import annotations

import pytest

from benchmarks.measuring import Timing, duration, interleaved, per_second, ratio, summary, timed

ROUND = {"ours": Timing(wall=0.5, cpu=0.001), "theirs": Timing(wall=2.0, cpu=0.003)}


@pytest.mark.parametrize(("clock", "expected"), [("wall", 4), ("cpu", 3)])
def test_a_ratio_is_above_one_where_the_subject_is_cheaper(clock, expected):
    assert ratio("r", subject="ours", peer="theirs", clock=clock).of(ROUND) == pytest.approx(expected)


def test_a_rate_counts_by_the_clock():
    assert per_second("v", contender="ours").of(ROUND) == 2


@pytest.mark.parametrize(("unit", "expected"), [("s", 0.001), ("ms", 1), ("µs", 1000)])
def test_a_duration_is_in_its_unit(unit, expected):
    assert duration("v", contender="ours", clock="cpu", unit=unit).of(ROUND) == pytest.approx(expected)


def test_a_ratio_is_taken_within_each_round_and_not_between_the_medians():
    slower_and_slower = [{"ours": Timing(n, n), "theirs": Timing(2 * n, 2 * n)} for n in (1, 10, 100)]
    result = summary(ratio("r", subject="ours", peer="theirs", clock="wall"), slower_and_slower)
    assert (result.median, result.spread) == (2, 0)


def test_one_disturbed_round_moves_neither_median_nor_spread():
    calm, disturbed = {"ours": Timing(1, 1)}, {"ours": Timing(1000, 1)}
    result = summary(duration("v", contender="ours", clock="wall", unit="s"), [calm, calm, disturbed, calm, calm])
    assert (result.median, result.runs, result.spread) == (1, 5, 0)


def test_the_spread_is_the_distance_of_the_quartiles_over_the_median():
    rounds = [{"ours": Timing(wall, 1)} for wall in (8, 9, 10, 11, 12)]
    assert summary(duration("v", contender="ours", clock="wall", unit="s"), rounds).spread == pytest.approx(0.2)


def test_contenders_work_in_turns_forwards_and_backwards_after_a_round_that_does_not_count():
    worked = []

    def contender(name):
        def work():
            worked.append(name)
            return Timing(len(worked), 0)

        return work

    rounds = list(interleaved({name: contender(name) for name in "ab"}, rounds=2))
    assert "".join(worked) == "ab" + "ab" + "ba"
    assert rounds == [{"a": Timing(3, 0), "b": Timing(4, 0)}, {"b": Timing(5, 0), "a": Timing(6, 0)}]


def test_a_timing_is_for_one_unit_of_the_work(monkeypatch):
    walls, cpus = iter([10, 14]), iter([1, 3])
    monkeypatch.setattr("time.perf_counter", lambda: next(walls))
    monkeypatch.setattr("time.process_time", lambda: next(cpus))
    assert timed(lambda: None, units=2) == Timing(wall=2, cpu=1)
