"""``airflow iranpay journal``."""
