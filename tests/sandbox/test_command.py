"""The command line."""

from __future__ import annotations

import argparse
import base64
import csv
import http.client
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from airflow_provider_iranpay.sandbox import sample
from airflow_provider_iranpay.sandbox.command import add_arguments, run
from airflow_provider_iranpay.sandbox.jibit.face import Jibit
from airflow_provider_iranpay.sandbox.paystar.face import Paystar

MODULE = [sys.executable, "-m", "airflow_provider_iranpay.sandbox"]


def command(*words):
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return run(parser.parse_args(words))


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_serve_says_where_it_is_and_ends_on_a_signal(ending):
    with subprocess.Popen([*MODULE, "serve", "--port", "0"], stdout=subprocess.PIPE, text=True) as process:
        line = process.stdout.readline()
        assert re.search(r"`env --host 127\.0\.0\.1 --port [1-9]", line)
        port = int(re.search(r"http://127\.0\.0\.1:(\d+);", line)[1])
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", "/_sandbox/health")
        assert connection.getresponse().status == 200
        connection.close()
        process.send_signal(ending)
        assert process.wait(timeout=5) == 0
        assert process.stdout.read() == ""


def test_serve_starts_at_the_instant_given():
    words = [*MODULE, "serve", "--port", "0", "--seed", "5", "--clock", "2025-01-01T00:00:00+03:30"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        port = int(re.search(r"http://127\.0\.0\.1:(\d+);", process.stdout.readline())[1])
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", "/_sandbox/health")
        health = json.load(connection.getresponse())
        connection.close()
        process.terminate()
    assert health["seed"] == 5
    assert health["now"].startswith("2024-12-31T20:30:0")


def test_a_taken_port_is_a_clear_message_and_exit_2(capsys):
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = str(held.getsockname()[1])
        assert command("serve", "--port", port) == 2
    assert f"port {port}" in capsys.readouterr().err


def test_a_host_that_cannot_be_found_is_no_matter_of_the_port(capsys):
    assert command("serve", "--allow-remote", "--host", "nosuch.invalid", "--port", "0") == 2
    assert "Choose another --host." in capsys.readouterr().err


@pytest.mark.parametrize("action", [["env"], ["serve", "--port", "0"]])
def test_an_output_that_cannot_be_written_is_one_line(action, tmp_path):
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [*MODULE, *action], check=False, stdout=full, stderr=subprocess.PIPE, text=True, timeout=20, cwd=tmp_path
        )
    assert ended.returncode == 2
    assert ended.stderr == "Cannot write to the standard output: No space left on device.\n"


def test_an_address_that_others_reach_has_to_be_allowed(capsys):
    assert command("serve", "--host", "0.0.0.0") == 2
    assert "--allow-remote" in capsys.readouterr().err


def test_env_is_what_a_shell_evaluates(capsys, tmp_path):
    warehouse = tmp_path / "it's here" / "iranpay_warehouse.db"
    warehouse.parent.mkdir()
    assert command("env", "--port", "9000", "--warehouse", str(warehouse)) == 0
    script = capsys.readouterr().out
    shell = f'{script}\nprintf "%s\\n%s" "$AIRFLOW_CONN_JIBIT_DEFAULT" "$AIRFLOW_CONN_IRANPAY_WAREHOUSE"'
    printed = subprocess.run(["/bin/sh", "-c", shell], capture_output=True, text=True, check=True).stdout
    jibit, sqlite = map(json.loads, printed.split("\n"))
    assert jibit.pop("extra")["prices"]["match_mobile"] == Jibit.prices["jibit.match_mobile"]
    assert jibit == {
        "conn_type": "jibit",
        "host": "http://127.0.0.1:9000/ide",
        "login": "sandbox-api-key",
        "password": "sandbox-secret-key",
    }
    (key,) = sqlite.pop("extra")["journal_keys"].values()
    assert sqlite == {"conn_type": "sqlite", "host": str(warehouse)}
    assert len(base64.b64decode(key)) == 32


def test_a_warehouse_has_one_key_that_only_its_owner_can_read(capsys, tmp_path):
    def printed(name):
        assert command("env", "--warehouse", str(tmp_path / name)) == 0
        return capsys.readouterr().out.splitlines()[-1].partition("journal_keys")[2]

    assert printed("one.db") == printed("one.db") != printed("two.db")
    assert (tmp_path / "one.db.journal-key").stat().st_mode & 0o777 == 0o600


def test_a_warehouse_in_no_directory_is_a_clear_message_and_exit_2(capsys, tmp_path):
    assert command("env", "--warehouse", str(tmp_path / "nowhere" / "w.db")) == 2
    assert "w.db: No such file or directory." in capsys.readouterr().err


def test_env_names_paystars_three_products(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert command("env", "--port", "9000") == 0
    exports = [shlex.split(line)[1].partition("=") for line in capsys.readouterr().out.splitlines()]
    described = {name.removeprefix("AIRFLOW_CONN_"): json.loads(value) for name, _, value in exports}
    banking, gateway, wallet = (described[f"PAYSTAR_{name}_DEFAULT"] for name in ("BANKING", "GATEWAY", "WALLET"))
    assert {one["host"] for one in (banking, gateway, wallet)} == {"http://127.0.0.1:9000/api"}
    assert banking["extra"].pop("prices")["match_mobile"] == Paystar.prices["paystar.match_mobile"]
    assert banking["extra"] == {"refresh_token": "sandbox-refresh-token"}
    assert gateway == {
        "conn_type": "paystar_gateway",
        "host": "http://127.0.0.1:9000/api",
        "login": "sandbox-gateway-id",
        "password": "sandbox-gateway-sign-key",
    }
    assert wallet["extra"].keys() == {"refresh_token", "refresh_inquiry_key", "sign_key"}


def test_env_makes_the_warehouse_path_absolute(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    command("env")
    assert f'"host": "{Path.cwd() / "iranpay_warehouse.db"}"' in capsys.readouterr().out


def test_sample_writes_the_rows(tmp_path, capsys):
    path = tmp_path / "customers.csv"
    assert command("sample", "--rows", "12", "--out", str(path), "--seed", "4") == 0
    with path.open(encoding="utf-8", newline="") as file:
        assert len(list(csv.DictReader(file))) == 12
    assert str(path) in capsys.readouterr().out


def test_an_interrupted_sample_is_one_line_and_exit_130(tmp_path, capsys, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(sample, "write_sample", interrupted)
    assert command("sample", "--rows", "1", "--out", str(tmp_path / "x.csv")) == 130
    assert capsys.readouterr().err.startswith("Interrupted")


def test_sample_says_why_it_cannot_write(tmp_path, capsys):
    assert command("sample", "--rows", "1", "--out", str(tmp_path / "no" / "such.csv")) == 2
    assert "Cannot write" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["sample", "--rows", "-1", "--out", "x"],
        ["serve", "--clock", "2025-01-01T00:00:00"],
        ["serve", "--clock", "yesterday"],
        ["serve", "--clock", "1900-01-01T00:00:00+00:00"],
        ["serve", "--port", "65536"],
        ["env", "--port", "-1"],
        ["env", "--host", ""],
        ["sample", "--rows", "abc", "--out", "x"],
    ],
)
def test_wrong_arguments_are_a_usage_error(words, capsys):
    with pytest.raises(SystemExit) as ended:
        command(*words)
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert "usage" in said
    assert "_" not in said


def test_the_parser_is_light():
    script = (
        "import argparse, sys; from airflow_provider_iranpay.sandbox import command; "
        "command.add_arguments(argparse.ArgumentParser()); "
        "print(sorted({'asyncio', 'h11', 'persiantools', 'requests', 'airflow'} & set(sys.modules)))"
    )
    printed = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": ""}
    )
    assert printed.stdout.strip() == "[]"
