"""What every test shares: an Airflow of its own for each worker process, and no memory from one test to the next."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

pytest_plugins = ["tests.airflow_runs", "tests.browsing", "tests.databases", "tests.sandboxed"]

# Before anything imports Airflow: it reads these once.
_HOME = Path(tempfile.mkdtemp(prefix="iranpay-tests-"))
os.environ.update(
    AIRFLOW_HOME=str(_HOME),
    AIRFLOW__CORE__LOAD_EXAMPLES="False",
    AIRFLOW__CORE__UNIT_TEST_MODE="True",
    AIRFLOW__CORE__DAGS_FOLDER=os.devnull,
    AIRFLOW__CORE__TEST_CONNECTION="Enabled",
    AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"sqlite:///{_HOME / 'airflow.db'}",
)


@pytest.fixture(autouse=True)
def fresh_accounts():
    """Forget the tokens and pauses of every account."""
    from airflow_provider_iranpay.client.account import Account

    Account._known.clear()


def pytest_sessionfinish(session):
    """In CI a skipped test is a failed check: what the tests need comes from packages, so nothing has to be skipped."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter is not None and reporter.stats.get("skipped"):
        reporter.write_line("A check was skipped that should have run.", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
