"""Airflow's ``@task.…`` of this package: a function becomes a task."""
