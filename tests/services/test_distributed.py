"""The distributed night, small: every part is brought up for real, and a worker dies."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.docs.pages import ROOT


@pytest.mark.service
@pytest.mark.timeout(900)
def test_the_books_close_though_a_worker_is_killed():
    command = [sys.executable, "-m", "benchmarks.distributed", "--rows", "2000", "--chunks", "4", "--rate", "100"]
    night = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert night.returncode == 0, night.stdout + night.stderr
    assert re.search(r"worker-1 is killed after \d+ calls", night.stdout)
    assert re.search(r"rows in +│ 2,000 ", night.stdout)
    assert re.search(r"rows out +│ 2,000: ", night.stdout)
    assert re.search(r"tries beyond the first +│ [1-9]", night.stdout)
