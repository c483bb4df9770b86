"""Which benchmarks run, where they may, and what is committed of them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from benchmarks.__main__ import RESULTS, _catalogue, _chosen
from benchmarks.measuring import Benchmark, per_second
from benchmarks.place import PROJECT, prepared


def benchmark(*names):
    return Benchmark(
        title=names[0], figures=[per_second(name, contender="c") for name in names], rounds=lambda place: iter(())
    )


CATALOGUE = [benchmark("calls", "calls_vs_peer"), benchmark("rows"), benchmark("imports")]


def titles(names):
    return [chosen.title for chosen in _chosen(CATALOGUE, names)]


def test_all_run_where_none_is_named():
    assert titles([]) == ["calls", "rows", "imports"]


def test_a_benchmark_runs_once_if_any_of_its_figures_is_named():
    assert titles(["imports", "calls_vs_peer", "calls"]) == ["calls", "imports"]


def test_an_unknown_name_is_refused_with_the_known_ones():
    with pytest.raises(SystemExit, match=r"speed.*calls, calls_vs_peer, rows, imports"):
        titles(["speed"])


def test_a_machine_with_one_core_is_refused(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {3})
    with pytest.raises(SystemExit, match="2 cores"), prepared():
        pass


def test_a_system_that_cannot_pin_is_refused(monkeypatch):
    monkeypatch.delattr(os, "sched_setaffinity")
    with pytest.raises(SystemExit, match="Linux"), prepared():
        pass


@pytest.fixture(scope="module")
def figures():
    return {figure.name: figure.kind for benchmark in _catalogue() for figure in benchmark.figures}


def test_the_committed_results_are_those_of_all_benchmarks(figures):
    committed = json.loads(RESULTS.read_text(encoding="utf-8"))
    assert {name: set(result) for name, result in committed.items()} == {
        name: {kind, "runs", "spread"} for name, kind in figures.items()
    }


def test_the_page_explains_every_figure(figures):
    page = Path(PROJECT, "docs", "performance.md").read_text(encoding="utf-8")
    assert [name for name in figures if f"| `{name}` |" not in page] == []
