"""What is remembered: the warehouse's connection, its tables, and the one path by which rows get into them.

Knows SQL and nothing of Airflow or of the providers' HTTP.
"""
