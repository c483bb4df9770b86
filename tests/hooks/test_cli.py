"""``airflow iranpay``: mounted in Airflow's own command line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

AIRFLOW = Path(sys.executable).with_name("airflow")


def airflow(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [AIRFLOW, "iranpay", *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, env=os.environ, timeout=60)


def test_the_sandbox_is_a_command_of_airflow():
    done = airflow("sandbox", "env", "--port", "8399")
    assert "export AIRFLOW_CONN_JIBIT_DEFAULT=" in done.stdout
    assert "8399" in done.stdout


def test_a_wrong_command_says_what_there_is():
    done = airflow("sandbox", "sing")
    assert done.returncode == 2
    assert "serve" in done.stderr
