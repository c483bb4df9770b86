"""What Airflow reads at the door is true, and reading it is cheap."""

from __future__ import annotations

import importlib
import importlib.metadata
import inspect
import json
import subprocess
import sys
from pathlib import Path

import airflow
import jsonschema
import pytest

from airflow_provider_iranpay.get_provider_info import get_provider_info

DISTRIBUTION = "airflow-provider-iranpay"
CONNECTION_TYPES = {entry["connection-type"]: entry for entry in get_provider_info()["connection-types"]}
NETWORK = {"account_name", "connect_timeout", "read_timeout", "proxy", "ca_bundle", "allow_http"}


def hook_of(kind: str) -> type:
    module, _, name = CONNECTION_TYPES[kind]["hook-class-name"].rpartition(".")
    return getattr(importlib.import_module(module), name)


def test_the_package_is_named_as_its_distribution():
    assert get_provider_info()["package-name"] == DISTRIBUTION
    assert importlib.metadata.version(DISTRIBUTION)


def test_the_info_is_in_the_form_of_airflows_schema():
    schema = Path(airflow.__file__).parent / "provider_info.schema.json"
    jsonschema.validate(get_provider_info(), json.loads(schema.read_text(encoding="utf-8")))


def test_everything_that_is_named_can_be_imported():
    info = get_provider_info()
    for group in ("hooks", "operators"):
        for entry in info[group]:
            for module in entry["python-modules"]:
                importlib.import_module(module)
    for path in [entry["hook-class-name"] for entry in info["connection-types"]] + info["cli"]:
        module, _, name = path.rpartition(".")
        assert hasattr(importlib.import_module(module), name)


def test_airflow_finds_provider_connection_type_and_form():
    from airflow.providers_manager import ProvidersManager
    from airflow.sdk.providers_manager_runtime import ProvidersManagerTaskRuntime

    manager = ProvidersManager()
    assert DISTRIBUTION in manager.providers
    for kind, described in CONNECTION_TYPES.items():
        assert ProvidersManagerTaskRuntime().hooks[kind].hook_class_name == described["hook-class-name"]
        assert {name for name in manager.connection_form_widgets if name.startswith(f"extra__{kind}__")} == {
            f"extra__{kind}__{field}" for field in described["conn-fields"]
        }


def test_each_product_has_a_connection_type_of_its_own():
    assert set(CONNECTION_TYPES) == {"jibit", "paystar_banking", "paystar_gateway", "paystar_wallet"}


@pytest.mark.parametrize("kind", CONNECTION_TYPES)
def test_a_hook_and_its_form_say_the_same(kind):
    described, hook = CONNECTION_TYPES[kind], hook_of(kind)
    assert (hook.conn_type, hook.hook_name) == (kind, described["hook-name"])
    assert hook.default_conn_name == f"{kind}_default"
    assert hook.conn_name_attr in inspect.signature(hook).parameters
    assert hook.base_url in described["ui-field-behaviour"]["placeholders"]["host"]


@pytest.mark.parametrize("kind", CONNECTION_TYPES)
def test_whatever_a_hook_reads_stands_in_its_form(kind):
    described, shape = CONNECTION_TYPES[kind], hook_of(kind).connection_shape
    labels = described["ui-field-behaviour"]["relabeling"]
    own = {name for name in (*shape.required, *shape.optional) if name not in ("login", "password")}
    assert own == set(described["conn-fields"]) - NETWORK
    assert {"login", "password"} <= set(labels)


@pytest.mark.parametrize("kind", CONNECTION_TYPES)
def test_a_form_hides_what_is_secret(kind):
    fields = CONNECTION_TYPES[kind]["conn-fields"]
    shown = {name for name, field in fields.items() if field["schema"].get("format") != "password"}
    assert shown <= NETWORK - {"proxy"} | {"birth_calendar", "prices"}


def imported_by(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(chr(10).join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return {name.partition(".")[0] for name in done.stdout.split()}


def test_the_package_and_its_info_import_nothing_heavy():
    heavy = {"airflow", "pandas", "requests", "sqlalchemy", "persiantools"}
    assert not heavy & imported_by("import airflow_provider_iranpay.get_provider_info as i; i.get_provider_info()")


def test_parsing_a_dag_imports_neither_pandas_nor_the_sandbox():
    loaded = imported_by("import airflow_provider_iranpay.operators.jibit")
    assert "pandas" not in loaded


def test_the_country_and_the_contracts_import_neither_http_nor_sql():
    assert not {"requests", "urllib3", "sqlalchemy", "pandas", "airflow"} & imported_by(
        "import airflow_provider_iranpay.api.jibit, airflow_provider_iranpay.api.paystar"
    )
