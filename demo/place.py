"""Where a demonstration runs: a folder that is made anew, a sandbox process on a free port, the connections to both."""

from __future__ import annotations

import csv
import os
import shlex
import shutil
import socket
import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from cryptography.fernet import Fernet

_PROJECT = Path(__file__).resolve().parent.parent
FOLDER = _PROJECT / ".demo"
DAGS = _PROJECT / "dags"
SANDBOX = [sys.executable, "-m", "airflow_provider_iranpay.sandbox"]


@dataclass(frozen=True)
class Place:
    """A running sandbox and its admin face."""

    url: str
    folder: Path

    def admin(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        answer = requests.request(method, f"{self.url}/_sandbox/{path}", json=body, timeout=10)
        answer.raise_for_status()
        return answer.json()

    def customers(self, rows: int) -> list[dict[str, str]]:
        path = self.folder / "customers.csv"
        subprocess.run(
            [*SANDBOX, "sample", "--rows", str(rows), "--out", str(path)], check=True, stdout=subprocess.DEVNULL
        )
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))


@contextmanager
def prepared() -> Iterator[Place]:
    """Start a sandbox, and point this process's connections and its Airflow at a new folder."""
    warnings.simplefilter("ignore")  # those of Airflow's own dependencies
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    port = _free_port()
    described = subprocess.run(
        [*SANDBOX, "env", "--port", str(port), "--warehouse", str(FOLDER / "warehouse.db")],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for line in described.splitlines():
        export, _, assignment = line.partition(" ")
        if export == "export":
            name, _, value = shlex.split(assignment)[0].partition("=")
            os.environ[name] = value
    os.environ.update(
        AIRFLOW_HOME=str(FOLDER / "airflow"),
        AIRFLOW__CORE__LOAD_EXAMPLES="False",
        AIRFLOW__CORE__DAGS_FOLDER=str(DAGS),
        AIRFLOW__CORE__FERNET_KEY=Fernet.generate_key().decode(),
        AIRFLOW__LOGGING__LOGGING_LEVEL="WARNING",
    )
    serving = subprocess.Popen([*SANDBOX, "serve", "--port", str(port)], stdout=subprocess.PIPE, text=True)
    try:
        assert serving.stdout is not None  # noqa: S101 - Popen was given a pipe
        serving.stdout.readline()  # it says where it serves once it does
        yield Place(f"http://127.0.0.1:{port}", FOLDER)
    finally:
        serving.terminate()
        serving.wait(timeout=10)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
