"""The checks of ``iran`` for whole columns: the same answers as value by value, many times faster.

The functions for one value are the truth. Here live only short cuts that prove of a clean cell what its check would
say; every other cell goes through the check itself. The one part of ``iran`` that imports numpy and pandas (and
pyarrow, where a column is held by it): nothing else of ``iran`` imports this package.
"""

from airflow_provider_iranpay.iran.columns.banks import bank_of_card, bank_of_iban
from airflow_provider_iranpay.iran.columns.cells import Column
from airflow_provider_iranpay.iran.columns.checks import (
    COLUMN_CHECKS,
    account,
    card,
    column_check,
    fida_code,
    iban,
    iban_code,
    legal_id,
    mobile,
    national_code,
    person_name,
    postal_code,
)
from airflow_provider_iranpay.iran.columns.days import (
    CheckedDays,
    Days,
    birth_date,
    jalali_dashed,
    jalali_yyyymmdd,
    parse_day,
)
from airflow_provider_iranpay.iran.columns.masks import mask_cards
from airflow_provider_iranpay.iran.columns.proving import REASONS, CheckedColumn, each

__all__ = [
    "COLUMN_CHECKS",
    "REASONS",
    "CheckedColumn",
    "CheckedDays",
    "Column",
    "Days",
    "account",
    "bank_of_card",
    "bank_of_iban",
    "birth_date",
    "card",
    "column_check",
    "each",
    "fida_code",
    "iban",
    "iban_code",
    "jalali_dashed",
    "jalali_yyyymmdd",
    "legal_id",
    "mask_cards",
    "mobile",
    "national_code",
    "parse_day",
    "person_name",
    "postal_code",
]
