"""``python -m benchmarks [NAME ...]``: run all benchmarks, or those with these figures; print them and write them down.

A whole run replaces ``benchmarks/results.json``; a run of some benchmarks replaces their figures in it.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.measuring import Benchmark, Figure, Result, summary
from benchmarks.place import Place, prepared

RESULTS = Path(__file__).with_name("results.json")
_MODULES = (
    "values",
    "columns",
    "imports",
    "hook_calls",
    "many_calls",
    "sandbox",
    "loading",
    "journal",
    "bulk",
    "shared_rate",
    "workers",
)
_DIGITS = 4


def main() -> None:
    """Measure what the command line names.

    :raises SystemExit: an unknown name, or a machine that is not fit; nothing is written then.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure the package beside its peers.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="a figure, as it stands in results.json (default all)")
    names: list[str] = parser.parse_args().names
    with prepared() as place:
        chosen = _chosen(_catalogue(), names)
        results = _run_all(chosen, place, Console())
    kept = json.loads(RESULTS.read_text(encoding="utf-8")) if names and RESULTS.exists() else {}
    RESULTS.write_text(json.dumps(kept | results, indent=2) + "\n", encoding="utf-8")


def _catalogue() -> list[Benchmark]:
    """Import the benchmarks; only now, because Airflow reads its settings when it is imported."""
    return [benchmark for module in _MODULES for benchmark in import_module(f"benchmarks.{module}").BENCHMARKS]


def _chosen(catalogue: Sequence[Benchmark], names: Sequence[str]) -> list[Benchmark]:
    known = {figure.name: benchmark for benchmark in catalogue for figure in benchmark.figures}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise SystemExit(f"No benchmark is called {', '.join(unknown)}. There are: {', '.join(known)}.")
    return [
        benchmark for benchmark in catalogue if not names or any(figure.name in names for figure in benchmark.figures)
    ]


def _run_all(benchmarks: Sequence[Benchmark], place: Place, console: Console) -> dict[str, dict[str, float]]:
    table = Table("figure", title="Benchmarks", title_justify="left")
    for column in ("median", "unit", "runs", "spread"):
        table.add_column(column, justify="left" if column == "unit" else "right")
    results: dict[str, dict[str, float]] = {}
    began = time.monotonic()
    for benchmark in benchmarks:
        console.print(f"{benchmark.title} … ", end="")
        load, started = os.getloadavg()[0], time.monotonic()
        rounds = list(benchmark.rounds(place))
        console.print(f"[dim]{time.monotonic() - started:.1f} s, load of the machine before it {load:.1f}")
        for figure in benchmark.figures:
            result = summary(figure, rounds)
            results[figure.name] = _written(figure, result)
            table.add_row(*_shown(figure, result))
    console.print(table)
    console.print(f"[dim]{time.monotonic() - began:.0f} s in all")
    return results


def _written(figure: Figure, result: Result) -> dict[str, float]:
    return {figure.kind: _rounded(result.median), "runs": result.runs, "spread": _rounded(result.spread)}


def _shown(figure: Figure, result: Result) -> Sequence[str]:
    return (figure.name, f"{_rounded(result.median):,.10g}", figure.unit, str(result.runs), f"{result.spread:.1%}")


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")


if __name__ == "__main__":
    main()
