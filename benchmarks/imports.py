"""What an import costs, each in a new interpreter: DAG files are parsed again and again."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from functools import partial

from benchmarks.measuring import Benchmark, Round, Timing, duration, interleaved, ratio
from benchmarks.place import PROJECT, Place

__all__ = ["BENCHMARKS"]

_ROUNDS = 5

_STATEMENTS = {
    "package": "import airflow_provider_iranpay",
    "operators": "import airflow_provider_iranpay.operators.jibit",
    "sdk": "import airflow.sdk",  # the least that any operator imports
}

_PROGRAM = """
import time
wall, cpu = time.perf_counter(), time.process_time()
{statement}
print(time.perf_counter() - wall, time.process_time() - cpu)
"""


def _rounds(_: Place) -> Iterator[Round]:
    yield from interleaved(
        {name: partial(_imported, statement) for name, statement in _STATEMENTS.items()}, rounds=_ROUNDS
    )


def _imported(statement: str) -> Timing:
    program = _PROGRAM.format(statement=statement)
    command = [sys.executable, "-W", "ignore", "-c", program]
    printed = subprocess.run(command, cwd=PROJECT, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603 - ours
    wall, cpu = printed.stdout.split()
    return Timing(float(wall), float(cpu))


BENCHMARKS = [
    Benchmark(
        title="imports",
        figures=[
            duration("import_package_ms", contender="package", clock="cpu", unit="ms"),
            duration("import_operators_ms", contender="operators", clock="cpu", unit="ms"),
            ratio("import_operators_vs_airflow_sdk", subject="operators", peer="sdk", clock="cpu"),
        ],
        rounds=_rounds,
    )
]
