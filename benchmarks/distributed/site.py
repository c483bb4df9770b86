"""The site of a distributed night: PostgreSQL, Redis, and an Airflow whose tasks are done by Celery workers."""

from __future__ import annotations

import base64
import json
import os
import secrets
import socket
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from subprocess import STDOUT, CalledProcessError, check_output
from typing import Any

from cryptography.fernet import Fernet
from sqlalchemy import URL, Engine, create_engine, make_url, text

from benchmarks.distributed.processes import Ended, Process, free_port, program, until

__all__ = ["DAG_ID", "Site", "brought_up"]

DAG_ID = "distributed_night"
_DAGS = Path(__file__).with_name("dags")
_START_SECONDS = 180


class Site:
    """What is up.

    :ivar workers: Celery workers, each with one task at a time.
    :ivar warehouse: where customers, results and journal are.
    """

    def __init__(self, folder: Path, settings: Mapping[str, str], *, warehouse: URL, metadata: URL) -> None:
        self.warehouse: Engine = create_engine(warehouse)
        self.workers: list[Process] = []
        self._metadata = create_engine(metadata)
        self._folder = folder
        self._settings = settings
        self._parts: list[Process] = []

    def start(self, name: str, *command: str) -> Process:
        """Start a part of Airflow."""
        process = Process(
            name, [program("airflow"), *command], environment=self._settings, log=self._folder / f"{name}.log"
        )
        self._parts.append(process)
        return process

    def airflow(self, *command: str) -> None:
        """Carry out a command of Airflow.

        :raises Ended: it fails.
        """
        try:
            check_output([program("airflow"), *command], env=dict(self._settings), stderr=STDOUT)  # noqa: S603 - ours
        except CalledProcessError as failed:
            said = failed.output.decode(errors="replace")[-2000:]
            raise Ended(f"airflow {' '.join(command)} has failed:\n{said}") from None

    def look(self) -> None:
        """Look after all parts that should be there.

        :raises Ended: one is not.
        """
        for process in self._parts:
            process.look()

    def kill(self, worker: Process) -> None:
        """Kill a worker, and do without it."""
        self._parts.remove(worker)
        self.workers.remove(worker)
        worker.kill()

    def tasks(self) -> dict[str, int]:
        """Count the mapped tasks by their state."""
        return dict(self._ask("SELECT coalesce(state, 'none'), count(*) FROM task_instance GROUP BY 1"))

    def tries(self) -> int:
        """Count the tries of tasks beyond the first ones."""
        return int(self._ask("SELECT coalesce(sum(greatest(try_number - 1, 0)), 0) FROM task_instance")[0][0])

    def durations(self) -> dict[str, str]:
        """Say how long the last tries of each task took."""
        found = self._ask(
            "SELECT task_id, count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY duration) FROM task_instance "
            "GROUP BY task_id ORDER BY min(start_date)"
        )
        return {f"task {task_id}": f"{count} of {median:,.0f} s (median)" for task_id, count, median in found}

    def state(self) -> str:
        """Say how the run is."""
        found = self._ask(f"SELECT state FROM dag_run WHERE dag_id = '{DAG_ID}'")  # noqa: S608 - ours
        return str(found[0][0]) if found else "none"

    def knows_the_dag(self) -> bool:
        """Whether the DAG can be run."""
        return bool(self._ask(f"SELECT 1 FROM serialized_dag WHERE dag_id = '{DAG_ID}'"))  # noqa: S608 - ours

    def _ask(self, question: str) -> list[Any]:
        with self._metadata.connect() as connection:
            return list(connection.execute(text(question)))

    def close(self) -> None:
        """End all parts."""
        for process in self._parts:
            process.ask_to_end()
        for process in reversed(self._parts):
            process.stop()
        self.warehouse.dispose()
        self._metadata.dispose()


@contextmanager
def brought_up(folder: Path, *, night: Mapping[str, str], jibit: Mapping[str, Any], workers: int) -> Iterator[Site]:
    """Bring all of it up, and down at the end of the block.

    :param night: variables of the environment for the DAG.
    :param jibit: the connection ``jibit_default``.
    :raises Ended: a part does not come up.
    """
    with ExitStack() as stack:
        redis, api = free_port(), free_port()
        server = _postgresql(stack, folder)
        _redis(stack, folder, redis)
        warehouse, metadata = (_new_database(server, name) for name in ("warehouse", "airflow"))
        settings = {
            **{name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")},
            **night,
            **_settings(folder, metadata=metadata, redis=redis, api=api),
            "AIRFLOW_CONN_JIBIT_DEFAULT": json.dumps(dict(jibit)),
            "AIRFLOW_CONN_IRANPAY_WAREHOUSE": json.dumps(_connection(warehouse)),
        }
        site = Site(folder, settings, warehouse=warehouse, metadata=metadata)
        stack.callback(site.close)
        site.airflow("db", "migrate")
        site.start("api-server", "api-server", "--workers", "1")
        until(lambda: _answers(api), what="the API server", seconds=_START_SECONDS, look=site.look)
        site.start("scheduler", "scheduler", "--skip-serve-logs")
        site.start("dag-processor", "dag-processor")
        for number in range(1, workers + 1):
            name = f"worker-{number}"
            options = ("--concurrency", "1", "--celery-hostname", f"{name}@%h", "--skip-serve-logs")
            site.workers.append(site.start(name, "celery", "worker", *options))
        until(site.knows_the_dag, what="the DAG", seconds=_START_SECONDS, look=site.look)
        for worker in site.workers:
            until(partial(_is_ready, worker), what=worker.name, seconds=_START_SECONDS, look=site.look)
        yield site


def _postgresql(stack: ExitStack, folder: Path) -> URL:
    """Serve the packaged PostgreSQL; returns the address of its maintenance database."""
    place = folder / "postgres"
    server = Process(
        "postgresql",
        [sys.executable, "-W", "ignore", "-m", "tools.postgres", str(place)],
        environment=os.environ,
        log=folder / "postgres.uri",
    )
    stack.callback(server.stop)
    until(lambda: "\n" in server.log.read_text(), what="PostgreSQL", seconds=_START_SECONDS, look=server.look)
    return make_url(server.log.read_text().splitlines()[0])


def _new_database(server: URL, name: str) -> URL:
    engine = create_engine(server.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return server.set(drivername="postgresql+psycopg", database=name)


def _redis(stack: ExitStack, folder: Path, port: int) -> None:
    command = [program("redis-server"), "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--dir", str(folder)]
    server = Process("redis", command, environment=os.environ, log=folder / "redis.log")
    stack.callback(server.stop)
    until(lambda: _listens(port), what="Redis", seconds=_START_SECONDS, look=server.look)


def _listens(port: int) -> bool:
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0


def _is_ready(worker: Process) -> bool:
    return " ready." in worker.log.read_text(errors="replace")


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v2/version", timeout=5):
            return True
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def _connection(warehouse: URL) -> dict[str, Any]:
    key = base64.b64encode(secrets.token_bytes(32)).decode()
    return {
        "conn_type": "postgres",
        "host": warehouse.query["host"],
        "login": warehouse.username,
        "schema": warehouse.database,
        "extra": {"journal_keys": {"night": key}},
    }


def _settings(folder: Path, *, metadata: URL, redis: int, api: int) -> dict[str, str]:
    """What makes an Airflow of its own; a task whose worker is gone is given up soon, not after five minutes."""
    url = metadata.set(drivername="postgresql+psycopg2").render_as_string(hide_password=False)
    return {
        "AIRFLOW_HOME": str(folder / "airflow"),
        "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{api}",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(api),
        "AIRFLOW__API__SECRET_KEY": secrets.token_hex(32),
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(32),
        "AIRFLOW__CELERY__BROKER_URL": f"redis://127.0.0.1:{redis}/0",
        "AIRFLOW__CELERY__RESULT_BACKEND": f"redis://127.0.0.1:{redis}/1",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(_DAGS),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{api}/execution/",
        "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
        "AIRFLOW__CORE__FERNET_KEY": Fernet.generate_key().decode(),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": url,
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "30",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
    }
