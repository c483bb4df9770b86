"""What Airflow reads at the door is true, and reading it is cheap."""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import subprocess
import sys
from pathlib import Path

import airflow
import jsonschema

from airflow_provider_iranpay.get_provider_info import get_provider_info

DISTRIBUTION = "airflow-provider-iranpay"


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
    assert ProvidersManagerTaskRuntime().hooks["jibit"].hook_class_name.endswith("JibitHook")
    assert {name for name in manager.connection_form_widgets if name.startswith("extra__jibit__")} == {
        f"extra__jibit__{field}" for field in get_provider_info()["connection-types"][0]["conn-fields"]
    }


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
        "import airflow_provider_iranpay.api.jibit, airflow_provider_iranpay.api.encoding"
    )
