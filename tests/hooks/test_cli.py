"""``airflow iranpay``: mounted in Airflow's own command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

AIRFLOW = Path(sys.executable).with_name("airflow")


def airflow(*arguments: str, **settings: Any) -> subprocess.CompletedProcess[str]:
    command = [AIRFLOW, *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=60, **settings)


def test_the_sandbox_is_a_command_of_airflow(tmp_path):
    done = airflow("iranpay", "sandbox", "env", "--port", "8399", cwd=tmp_path)
    assert "export AIRFLOW_CONN_JIBIT_DEFAULT=" in done.stdout
    assert "8399" in done.stdout


def test_a_wrong_command_says_what_there_is():
    done = airflow("iranpay", "sandbox", "sing")
    assert done.returncode == 2
    assert "serve" in done.stderr


def test_the_journal_is_found_through_a_connection_in_airflows_own_database(tmp_path):
    database = f"sqlite:///{tmp_path / 'airflow.db'}"
    env = {"PATH": os.environ["PATH"], "AIRFLOW_HOME": str(tmp_path), "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database}
    described = json.dumps({"conn_type": "sqlite", "host": str(tmp_path / "w.db")})
    assert airflow("db", "migrate", env=env).returncode == 0
    assert airflow("connections", "add", "iranpay_warehouse", "--conn-json", described, env=env).returncode == 0
    done = airflow("iranpay", "journal", "show", env=env)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "This warehouse has no journal yet: the first bulk run makes it.\n"


def test_a_command_line_imports_nothing_of_ours_until_it_runs():
    code = (
        "import sys, airflow_provider_iranpay.cli as cli; cli.get_cli_commands(); "
        "print(*[name for name in sys.modules if name.startswith('airflow_provider_iranpay.')])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    info = "airflow_provider_iranpay.get_provider_info"
    assert set(done.stdout.splitlines()[-1].split()) == {info, "airflow_provider_iranpay.cli"}
