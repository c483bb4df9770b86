"""Airflow's connections become clients and warehouses. Thin: the rules are below."""
