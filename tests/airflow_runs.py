"""DAGs run for real, in an Airflow of this process with a database of its own."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(scope="session")
def airflow_database():
    """Airflow's metadata database, made once."""
    from airflow.utils.db import initdb

    initdb()


@pytest.fixture
def run_dag(airflow_database):
    """Serialize a DAG as Airflow would, and run it to its end; returns the DAG run."""
    from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
    from airflow.models.dagbundle import DagBundleModel
    from airflow.utils.session import create_session

    def run(dag, **how):
        with create_session() as session:
            session.merge(DagBundleModel(name="testing"))
        bag = DagBag(dag_folder=os.devnull)
        bag.bag_dag(dag)
        sync_bag_to_db(bag, "testing", None)
        return dag.test(**how)

    return run
