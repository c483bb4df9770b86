"""Airflow's tasks. Thin: they hand a connection, a day and a warehouse to the layers below."""
