"""Which executors keep all tasks on this machine."""

from __future__ import annotations

import pytest

from airflow_provider_iranpay.hooks.executors import executor_elsewhere


@pytest.mark.parametrize(
    ("configured", "elsewhere"),
    [
        ("LocalExecutor", None),
        ("SequentialExecutor", None),
        ("airflow.executors.local_executor.LocalExecutor", None),
        ("here:airflow.executors.local_executor.LocalExecutor", None),
        ("LocalExecutor; team1=LocalExecutor", None),
        ("CeleryExecutor", "CeleryExecutor"),
        ("KubernetesExecutor", "KubernetesExecutor"),
        ("LocalExecutor, CeleryExecutor", "CeleryExecutor"),
        ("LocalExecutor,far:my.own.EcsExecutor", "EcsExecutor"),
        ("LocalExecutor;team1=KubernetesExecutor", "KubernetesExecutor"),
    ],
)
def test_an_executor_is_known_by_the_name_of_its_class(monkeypatch, configured, elsewhere):
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", configured)
    assert executor_elsewhere() == elsewhere


def test_a_pod_is_elsewhere_though_its_own_executor_is_called_local(monkeypatch):
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "LocalExecutor")
    monkeypatch.setenv("AIRFLOW_IS_K8S_EXECUTOR_POD", "True")
    assert executor_elsewhere() == "KubernetesExecutor"


def test_what_tests_and_a_shell_have_is_this_machine():
    assert executor_elsewhere() is None
