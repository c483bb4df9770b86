"""Rows to answers: a plan (free), a run (paid), results. No Airflow is needed here, and no question is paid twice."""
