"""A distributed night: PostgreSQL, Redis, an Airflow with Celery workers, a sandbox with faults, a worker that dies.

``python -m benchmarks.distributed`` brings all of it up in a temporary folder, runs one bulk inquiry over a table in
chunks, kills a worker in the middle, waits for the end, and holds three books against each other: the table of results,
the journal and the provider's ledger.
"""
