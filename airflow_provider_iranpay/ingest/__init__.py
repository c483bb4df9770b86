"""A provider's lists and days into tables. Reads no network and knows nothing of Airflow: it is given answers."""
