"""Apache Airflow provider for Jibit and Paystar, the paid Iranian inquiry and payment APIs.

Importing the package costs nothing: every layer is imported where it is used.
"""

__version__ = "0.1.0"
