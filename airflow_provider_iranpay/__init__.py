"""Apache Airflow provider for Jibit, the paid Iranian API of identity and bank inquiries.

Importing the package costs nothing: every layer is imported where it is used.
"""

__version__ = "0.1.0"
