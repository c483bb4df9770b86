"""What a row of Paystar's services is made of, and how it ends: ``Answered``, ``Refused`` or a plain ``Answer``.

No row lives here and no flow: ``face`` walks a request through its row.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from airflow_provider_iranpay.sandbox.messages import Answer
    from airflow_provider_iranpay.sandbox.paystar.desk import Desk

    Rule = Callable[[Any], str | None]
    Answering = Callable[[Desk, Mapping[str, Any]], "Answered | Answer"]

__all__ = ["Answered", "Family", "Key", "Parameter", "Refused", "Service"]


class Family(Enum):
    """What ``status`` holds."""

    GATEWAY = auto()
    """1, or a negative number, or ``unauthenticated``."""
    CODES = auto()
    """1, or 0 and 2 to 13."""
    TEXT = auto()
    """``ok``, or another text or code."""


class Key(Enum):
    """What stands behind ``Bearer``."""

    API_KEY = auto()
    """Of open banking; the call has to carry ``application_id`` and ``access_password`` too."""
    WALLET_API_KEY = auto()
    WALLET_INQUIRY_KEY = auto()
    GATEWAY_ID = auto()
    """Permanent; a wrong one is always ``unauthenticated``."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter that the face checks before the row answers; what is wrong is code 10 with ``{field: [texts]}``.

    :param rule: what is wrong with a value (a Persian text), or ``None``. It is asked only about values that are given.
    """

    name: str
    rule: Rule
    required: bool = True


@dataclass(frozen=True, slots=True)
class Answered:
    """A success.

    :param data: what stands under ``data``; ``None`` and empty are written as ``paystar_data_forms`` says.
    :param billed: the questions to bill, one ledger entry each; ``None`` bills the row's parameters as one question.
        Only rows with a price are billed.
    """

    data: Any = None
    message: str = "عملیات با موفقیت انجام شد."
    billed: tuple[str, ...] | None = None


class Refused(Exception):
    """Ends the handling of a request.

    :param code: what stands under ``status``.
    :param message: Persian; that of the code if left out.
    :param data: what stands under ``data``, for example ``{field: [texts]}``.
    :param status: HTTP status; that of the code if left out.
    """

    def __init__(
        self, code: int | str, message: str | None = None, *, data: Any = None, status: int | None = None
    ) -> None:
        super().__init__(code)
        self.code = code
        self.message = message
        self.data = data
        self.status = status


@dataclass(frozen=True, slots=True)
class Service:
    """One service.

    :param name: its name everywhere in the sandbox, with the provider: ``paystar.gateway_create``.
    :param path: below ``/api``, without a slash at the end.
    :param key: which Bearer it wants; ``None`` looks at none.
    :param answer: is given query and body merged (JSON or form; the types of JSON are kept, a form has texts), after
        all checks of the face. It may raise :class:`Refused`, and may answer with a plain ``Answer`` (a page).
    :param price_rial: default price of one success in Rial; 0 is never billed.
    :param parameters: what the face checks; a row may leave this empty and check for itself.
    """

    name: str
    method: tuple[str, ...]
    path: str
    family: Family
    key: Key | None
    answer: Answering
    price_rial: int = 0
    parameters: tuple[Parameter, ...] = field(default=())
