"""Masks of whole columns. What may be shown is decided in :mod:`airflow_provider_iranpay.iran.masks`."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from airflow_provider_iranpay.iran.cells import cell_text
from airflow_provider_iranpay.iran.checked import Checked, check
from airflow_provider_iranpay.iran.columns.cells import Bytes, Column
from airflow_provider_iranpay.iran.columns.checks import CARD
from airflow_provider_iranpay.iran.columns.digits import are_digits, digits_of
from airflow_provider_iranpay.iran.columns.proving import Proof, over, verdicts
from airflow_provider_iranpay.iran.masks import mask_card

__all__ = ["mask_cards"]


def mask_cards(column: Column) -> npt.NDArray[np.object_]:
    """Mask a column like :func:`~airflow_provider_iranpay.iran.masks.mask_card`.

    :return: ``str``, and None for a cell that is neither text nor a number (dtype object).
    """
    return over(column, _masked, _UNMASKED).values


@check
def _masked(cell: object) -> Checked:
    return Checked(mask_card(cell if isinstance(cell, str) else cell_text(cell)))


def _starred(text: Bytes) -> Bytes:
    masked = text.copy()
    masked[6:-4] = ord("*")
    return masked


_UNMASKED: Final = Proof(CARD.width, lambda text: verdicts(are_digits(digits_of(text))), CARD.numbers, rewrite=_starred)
