"""``python -m demo.matching_task [estimate]``: the demonstration's bulk task, run by Airflow in this process.

Each time it is the same run of the same DAG, so that a second time is a retry of the first.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.dag_processing.bundles.manager import DagBundlesManager
from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
from airflow.sdk import DAG, Context
from airflow.utils.db import initdb

from airflow_provider_iranpay.operators.bulk import BulkInquiryOperator
from demo.matching import MANIFEST
from demo.place import FOLDER

NIGHT = datetime(2026, 11, 1, tzinfo=UTC)


class _Shown(BulkInquiryOperator):
    """Writes the manifest where the demonstration finds it."""

    def execute(self, context: Context) -> dict[str, Any]:
        manifest = super().execute(context)
        MANIFEST.write_text(json.dumps(manifest), encoding="utf-8")
        return manifest


with DAG(dag_id="demo_matching", schedule=None, start_date=NIGHT - timedelta(days=1)) as dag:
    _Shown(
        task_id="match_card",
        inquiry="match_card",
        input_path=str(FOLDER / "customers.csv"),
        key="customer_id",
        target_table="customer_card_match",
        budget_rial=100_000_000,
        estimate_only="{{ params.estimate }}",
        fail_above=0.2,
        params={"estimate": False},
    )

if __name__ == "__main__":
    initdb()
    DagBundlesManager().sync_bundles_to_db()
    bag = DagBag("/dev/null")
    bag.bag_dag(dag)
    sync_bag_to_db(bag, "dags-folder", None)
    run = dag.test(run_after=NIGHT, logical_date=NIGHT, run_conf={"estimate": "estimate" in sys.argv})
    sys.exit(0 if run.state == "success" else 1)
