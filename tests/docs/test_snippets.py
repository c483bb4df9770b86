"""Every fenced block of the pages does what its page says. In Python, ``# ->`` stands before each printed line."""

from __future__ import annotations

import argparse
import io
import json
import os
import pkgutil
import re
import shlex
import subprocess
import sys
import tomllib
from contextlib import redirect_stdout
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from airflow.sdk.log import redact
from packaging.requirements import Requirement

from airflow_provider_iranpay.get_provider_info import get_provider_info
from airflow_provider_iranpay.iran.days import tehran_day
from airflow_provider_iranpay.sandbox.command import DEFAULT_PORT, add_arguments
from airflow_provider_iranpay.sandbox.connections import connections
from tests.docs.pages import PAGES, ROOT, blocks, prose, read

USUAL_PLACE = f"http://127.0.0.1:{DEFAULT_PORT}"
SHELLS = ("bash", "shell", "console")
CHECKED = {"python", "json", "sql", *SHELLS}
SHOWN_ONLY = {"mermaid", "text"}

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CONNECTION_TYPES = {kind["connection-type"]: kind for kind in get_provider_info()["connection-types"]}
TARGETS = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def test_no_block_is_in_a_language_that_nothing_checks():
    assert [str(block) for block in blocks() if block.language not in CHECKED | SHOWN_ONLY] == []


@pytest.mark.parametrize("block", blocks("python"), ids=str)
def test_python_prints_what_the_page_shows(block, filled_file, sandbox, connect_paystar):
    text = block.text.replace(USUAL_PLACE, sandbox.url)
    printed = io.StringIO()
    with redirect_stdout(printed):
        exec(compile(text, str(block), "exec"), {"__name__": "page"})
    assert printed.getvalue().splitlines() == re.findall(r"# -> (.*)$", block.text, re.MULTILINE)


def test_every_question_in_sql_has_an_answer(warehouse, fill):
    fill(warehouse)
    # psycopg takes % for a placeholder; a person's client does not.
    percent = "%%" if warehouse.engine.dialect.name == "postgresql" else "%"
    with warehouse.engine.connect() as connection:
        answers = {
            str(block): connection.exec_driver_sql(block.text.replace("%", percent)).all() for block in blocks("sql")
        }
    assert [question for question, answer in answers.items() if not answer] == []


@pytest.mark.parametrize("block", blocks("json"), ids=str)
def test_json_is_a_connection_or_a_manifest(block, filled_file):
    shown = json.loads(block.text)
    if "conn_type" in shown:
        read_connection(shown)
    else:
        (day,) = shown.pop("days")
        loaded = next(load for load in filled_file if load.day.isoformat() == day["day"]).as_manifest()
        assert day == loaded
        assert shown == {"times_used": loaded["times_used"], "went_down": 0}


def read_connection(described):
    """Read a connection as the hook of its type does; no extra of it goes unread."""
    from airflow.sdk import Connection

    from airflow_provider_iranpay.hooks.connection import read_extra, read_settings
    from airflow_provider_iranpay.hooks.warehouse import _url

    if isinstance(described, str):
        connection = Connection.from_uri(described, conn_id="c")
    else:
        fields = described | {"extra": json.dumps(described.get("extra", {}))}
        connection = Connection(conn_id="c", **fields)
    kind = CONNECTION_TYPES.get(connection.conn_type)
    if kind is None:
        return _url(connection)
    assert read_extra(connection).keys() <= kind["conn-fields"].keys()
    hook = pkgutil.resolve_name(kind["hook-class-name"])
    settings = read_settings(connection, default_base_url=hook.base_url, shape=hook.connection_shape)
    hook()._make_api(settings)
    return settings


@pytest.mark.parametrize("block", blocks(*SHELLS), ids=str)
def test_every_command_exists(block, sandbox, tmp_path):
    script = re.sub(r"^\$ ", "", block.text, flags=re.MULTILINE)
    subprocess.run(["bash", "-n", "-c", script], check=True)
    for line in script.splitlines():
        words = shlex.split(line)
        while re.fullmatch(r"[A-Z_]+=.*", words[0]):
            words.pop(0)
        COMMANDS[words[0]](words[1:], line=line, sandbox=sandbox, folder=tmp_path, page=block.page)


@pytest.mark.parametrize("page", PAGES)
def test_every_command_in_the_text_exists(page, sandbox, tmp_path):
    for line in re.findall(r"(?<!`)`([^`\n]+)`(?!`)", prose(page)):
        words = line.split()
        while len(words) > 1 and re.fullmatch(r"[A-Z_]+=.*", words[0]):
            words.pop(0)
        if len(words) > 1 and words[0] in ("make", "airflow", "python") and "…" not in line:
            COMMANDS[words[0]](words[1:], line=line, sandbox=sandbox, folder=tmp_path, page=page)


def make(words, **_):
    assert {word for word in words if "=" not in word} <= TARGETS


def python(words, *, line, folder, sandbox, **_):
    module, *arguments = words[words.index("-m") + 1 :]
    if module.startswith("airflow_provider_iranpay"):
        in_sandbox(arguments)
    else:
        assert (ROOT / module.replace(".", "/")).with_suffix(".py").exists()
    if arguments[:1] in (["env"], ["sample"]):
        run(line, folder)
    if arguments[:1] == ["sample-orders"] and "--out" in arguments:
        run(f"{line} --port {sandbox.port}", folder)


def in_sandbox(arguments):
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_arguments(parser)
    if arguments:
        parser.parse_args(arguments)


def run(line, folder):
    places = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    ran = subprocess.run(
        ["bash", "-c", f"set -e; {line}; env -0"],
        cwd=folder, env={"PATH": places, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return dict(entry.split("=", 1) for entry in ran.stdout.split("\0") if "=" in entry)


def evaluate(_, *, line, folder, **__):
    environment = run(line, folder)
    for conn_id in (*connections(USUAL_PLACE), "iranpay_warehouse"):
        read_connection(json.loads(environment[f"AIRFLOW_CONN_{conn_id.upper()}"]))


def airflow(words, *, page, **_):
    from airflow.cli.cli_parser import get_parser

    arguments = get_parser().parse_args(words)
    if words[:2] == ["iranpay", "sandbox"]:
        in_sandbox(arguments.arguments)
    elif getattr(arguments, "dag_id", None):
        known = "".join(path.read_text(encoding="utf-8") for path in ROOT.glob("dags/*.py")) + read(page)
        assert re.search(rf'(dag_id=|DAG\()"{arguments.dag_id}"', known)
    if words[:2] == ["backfill", "create"]:
        days = days_between(arguments.from_date, arguments.to_date)
        assert (days[0], days[-1]) == (tehran_day(arguments.from_date), tehran_day(arguments.to_date))
    json.loads(getattr(arguments, "conf", None) or "{}")


def days_between(first, last):
    """The Tehran days for which Airflow would make a run of the nightly DAG."""
    from airflow.serialization.serialized_objects import DagSerialization

    from dags.iranpay_daily_consumption import dag

    scheduled = DagSerialization.from_dict(DagSerialization.to_dict(dag)).iter_dagrun_infos_between(first, last)
    return [tehran_day(info.data_interval.start) for info in scheduled]


def export(words, **_):
    name, value = words[0].split("=", 1)
    if name.startswith("AIRFLOW_CONN_"):
        read_connection(value)
    elif name == "AIRFLOW__CORE__SENSITIVE_VAR_CONN_NAMES":
        assert set(value.split(",")) == extras_that_airflow_does_not_hide()
    else:
        assert name == "AIRFLOW_HOME"


def extras_that_airflow_does_not_hide() -> set[str]:
    """The password fields of our connections whose names say nothing to Airflow's masker."""
    fields = [kind["conn-fields"] for kind in get_provider_info()["connection-types"]]
    secret = {name for form in fields for name, field in form.items() if field["schema"].get("format") == "password"}
    return {name for name in secret if redact({name: "long-secret"})[name] == "long-secret"}


def pip(words, **_):
    wheel = f"dist/{PROJECT['name'].replace('-', '_')}-{PROJECT['version']}-py3-none-any.whl"
    action, *rest = words
    constraints = rest.pop(rest.index("-c") + 1)
    rest.remove("-c")
    assert action == "install"
    assert (ROOT / "requirements" / Path(constraints).name).exists()
    for wanted in rest:
        requirement = Requirement(wanted) if wanted != wheel else Requirement(PROJECT["name"])
        assert requirement.name == PROJECT["name"]
        assert requirement.extras <= PROJECT["optional-dependencies"].keys()


def curl(words, *, sandbox, **_):
    parser = argparse.ArgumentParser(exit_on_error=False)
    parser.add_argument("-X", default="GET")
    parser.add_argument("-d")
    parser.add_argument("url")
    asked = parser.parse_args(words)
    answer = requests.request(asked.X, sandbox.url + urlsplit(asked.url).path, data=asked.d, timeout=10)
    assert answer.status_code == 200, answer.text


def source(words, **_):
    assert words == [".airflow/env"]
    script = (ROOT / "tools" / "airflow").read_text(encoding="utf-8")
    assert "home=$PWD/.airflow" in script
    assert '> "$home/env"' in script


COMMANDS = {
    ".": source,
    "airflow": airflow,
    "curl": curl,
    "eval": evaluate,
    "export": export,
    "make": make,
    "pip": pip,
    "python": python,
}
