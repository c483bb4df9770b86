"""``airflow iranpay journal``: what a person sees of the journal of paid calls, and does to it. No rule of its own."""
