"""The wire: one conversation, written once, and the drivers that run it. Knows nothing of Airflow or of tables."""
