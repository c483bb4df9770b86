"""Whether tasks run on this machine alone, as Airflow is configured. No executor is imported: that takes seconds."""

from __future__ import annotations

import os
import re
from typing import Final

from airflow.sdk.configuration import conf

__all__ = ["executor_elsewhere"]

_ON_THIS_MACHINE: Final = frozenset({"LocalExecutor", "SequentialExecutor"})
_IN_A_POD: Final = "AIRFLOW_IS_K8S_EXECUTOR_POD"
"""Set by the Kubernetes executor in its pods, in which ``[core] executor`` usually says ``LocalExecutor``."""


def executor_elsewhere() -> str | None:
    """Name the first executor whose tasks may run on another machine; None where all of them run on this one.

    What is neither Airflow's local executor nor its sequential one counts as elsewhere.
    """
    if os.environ.get(_IN_A_POD):
        return "KubernetesExecutor"
    configured = conf.get("core", "executor", fallback="LocalExecutor")
    # Names, paths of classes, "alias:path", and teams as "team=name"; several, apart by commas and semicolons.
    names = [re.split("[=:.]", one)[-1].strip() for one in re.split("[,;]", configured) if one.strip()]
    return next((name for name in names if name not in _ON_THIS_MACHINE), None)
