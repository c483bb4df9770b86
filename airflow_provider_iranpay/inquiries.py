"""The catalogue of inquiries: what a row of a table has to hold, what it gets, and who can answer.

Data, one entry each. An inquiry is a question whoever answers it: its canonical inputs are the same for all providers,
so that a second one is never paid for what the first has answered. No I/O lives here, and no price: what a call costs
stands in the connection.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from operator import attrgetter
from typing import Any, Final, Literal, TypeVar

from airflow_provider_iranpay.api.contract import Endpoint, Safety
from airflow_provider_iranpay.api.jibit import endpoints as jibit
from airflow_provider_iranpay.api.paystar import endpoints as paystar
from airflow_provider_iranpay.exceptions import InvalidInput
from airflow_provider_iranpay.iran import banks, days, identifiers
from airflow_provider_iranpay.iran.cells import is_missing
from airflow_provider_iranpay.iran.checked import Checked, Reason

__all__ = ["INQUIRIES", "Answering", "Dtype", "Input", "Inquiry", "Output"]

T = TypeVar("T")

Dtype = Literal["boolean", "string", "Int64", "Float64", "datetime64[us, Asia/Tehran]"]
"""Of a pandas column; all of them can hold missing values."""

Cells = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Input:
    """One input column.

    :param check: the canonical text of a cell, or the reason why there is none.
    """

    name: str
    check: Callable[[object], Checked]
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Output:
    """One output column."""

    name: str
    dtype: Dtype


@dataclass(frozen=True, slots=True)
class Answering:
    """How one provider answers an inquiry.

    :param endpoint: its parameters are called like the inquiry's inputs.
    :param cells: turns the endpoint's answer into the cells of the outputs, in their order; missing ones are None.
    """

    endpoint: Endpoint[Any]
    cells: Callable[[Any], Cells]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """One entry of the catalogue.

    :param any_of: names of optional inputs of which a row needs at least one.
    :param answered_by: provider to how it answers.
    :param positive: tells a positive answer (its cells) from a negative one, such as "no match".
    :param fresh: for how long a positive answer stands for the truth (our assumption; a run may say otherwise).
    :param fresh_negative: the same for a negative answer, and for a definite error of this very question.
    """

    name: str
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    answered_by: Mapping[str, Answering]
    fresh: timedelta
    fresh_negative: timedelta
    any_of: tuple[str, ...] = ()
    positive: Callable[[Cells], bool] = lambda _: True

    @property
    def is_matching(self) -> bool:
        """Whether its answer is a yes or a no, and nothing else."""
        return self.outputs == _MATCHED

    @property
    def is_free(self) -> bool:
        """Whether no provider charges for it."""
        return all(way.endpoint.safety is Safety.FREE_READ for way in self.answered_by.values())

    def canonical(self, row: Mapping[str, object]) -> dict[str, str]:
        """Bring a row's inputs to the one spelling that identifies the question, without those that are left out.

        :raises InvalidInput: the first input that cannot be valid, by name and reason; nothing was sent.
        """
        inputs: dict[str, str] = {}
        for one in self.inputs:
            value = row.get(one.name)
            if one.optional and _is_blank(value):
                continue
            checked = one.check(value)
            if checked.value is None:
                raise InvalidInput(one.name, str(checked.reason), "Correct the cell, or leave the row out.")
            inputs[one.name] = checked.value
        if self.any_of and not inputs.keys() & set(self.any_of):
            raise InvalidInput(self.any_of[0], "is_required", f"Give at least one of {', '.join(self.any_of)}.")
        return inputs


def _is_blank(value: object) -> bool:
    return is_missing(value) or (isinstance(value, str) and not value.strip())


def _reference(value: object) -> Checked:
    text = value.strip() if isinstance(value, str) else ""
    return Checked(text) if text.isprintable() and text else Checked(None, Reason.EMPTY)


CARD: Final = Input("card", identifiers.card)
IBAN: Final = Input("iban", identifiers.iban)
NATIONAL_CODE: Final = Input("national_code", identifiers.national_code)
BIRTH_DATE: Final = Input("birth_date", days.birth_date)
MOBILE: Final = Input("mobile", identifiers.mobile)
BANK: Final = Input("bank", banks.iban_code)
ACCOUNT: Final = Input("account", identifiers.account)
POSTAL_CODE: Final = Input("postal_code", identifiers.postal_code)
NAME: Final = Input("name", identifiers.person_name)

_MATCHED: Final = (Output("matched", "boolean"),)
_IBAN: Final = (
    Output("iban", "string"),
    Output("bank_name", "string"),
    Output("account_number", "string"),
    Output("iban_status", "string"),
    Output("owner_names", "string"),
)
_RAW: Final = (Output("raw_json", "string"),)
"""Where no field of the answer is documented."""

_QUARTER, _MONTH, _WEEK, _DAY = timedelta(days=90), timedelta(days=30), timedelta(days=7), timedelta(days=1)
_YEAR: Final = timedelta(days=365)


def _one(answer: object) -> Cells:
    return (answer,)


def _raw(answer: Any) -> Cells:
    return (json.dumps(answer.raw, ensure_ascii=False, sort_keys=True),)


def _owner_names(answer: Any) -> str | None:
    names = (" ".join(filter(None, (owner.first_name, owner.last_name))) for owner in answer.owners)
    return "; ".join(filter(None, names)) or None


def _jibit_iban(answer: Any) -> Cells:
    return (answer.iban, answer.bank, answer.deposit_number, answer.status, _owner_names(answer))


def _paystar_iban(answer: Any) -> Cells:
    return (answer.iban, answer.bank, None, None, _owner_names(answer))


def _matching(
    name: str, *inputs: Input, fresh: timedelta = _QUARTER, fresh_negative: timedelta = _WEEK, **ways: Endpoint[bool]
) -> Inquiry:
    return Inquiry(
        name=name,
        inputs=inputs,
        outputs=_MATCHED,
        answered_by={provider: Answering(endpoint, _one) for provider, endpoint in ways.items()},
        fresh=fresh,
        fresh_negative=fresh_negative,
        positive=lambda cells: cells[0] is True,
    )


_ENTRIES: Final = (
    Inquiry(
        name="card_inquiry",
        inputs=(CARD,),
        outputs=(
            Output("bank_name", "string"),
            Output("card_type", "string"),
            Output("owner_name", "string"),
            Output("account_number", "string"),
        ),
        answered_by={
            "jibit": Answering(jibit.CARD_INQUIRY, attrgetter("bank", "type", "owner_name", "deposit_number"))
        },
        fresh=_QUARTER,
        fresh_negative=_WEEK,
    ),
    Inquiry(
        name="card_to_account",
        inputs=(CARD,),
        outputs=(Output("account_number", "string"), Output("bank_name", "string"), Output("card_type", "string")),
        answered_by={"jibit": Answering(jibit.CARD_TO_ACCOUNT, attrgetter("deposit_number", "bank", "type"))},
        fresh=_QUARTER,
        fresh_negative=_WEEK,
    ),
    Inquiry(
        name="card_to_iban",
        inputs=(CARD,),
        outputs=_IBAN,
        answered_by={
            "jibit": Answering(jibit.CARD_TO_IBAN, _jibit_iban),
            "paystar": Answering(paystar.CARD_TO_IBAN, _paystar_iban),
        },
        fresh=_QUARTER,
        fresh_negative=_WEEK,
    ),
    Inquiry(
        name="account_to_iban",
        inputs=(BANK, ACCOUNT),
        outputs=_IBAN,
        answered_by={
            "jibit": Answering(jibit.ACCOUNT_TO_IBAN, _jibit_iban),
            "paystar": Answering(paystar.ACCOUNT_TO_IBAN, _paystar_iban),
        },
        fresh=_YEAR,
        fresh_negative=_WEEK,
    ),
    Inquiry(
        name="iban_inquiry",
        inputs=(IBAN,),
        outputs=_IBAN[1:],
        answered_by={
            "jibit": Answering(jibit.IBAN_INQUIRY, lambda answer: _jibit_iban(answer)[1:]),
            "paystar": Answering(paystar.IBAN_INQUIRY, lambda answer: _paystar_iban(answer)[1:]),
        },
        fresh=_MONTH,
        fresh_negative=_WEEK,
    ),
    _matching("match_card", CARD, NATIONAL_CODE, BIRTH_DATE, jibit=jibit.MATCH_CARD, paystar=paystar.MATCH_CARD),
    _matching("match_iban", IBAN, NATIONAL_CODE, BIRTH_DATE, jibit=jibit.MATCH_IBAN, paystar=paystar.MATCH_IBAN),
    _matching(
        "match_mobile",
        MOBILE,
        NATIONAL_CODE,
        fresh=_MONTH,
        fresh_negative=_DAY,
        jibit=jibit.MATCH_MOBILE,
        paystar=paystar.MATCH_MOBILE,
    ),
    Inquiry(
        name="postal_code",
        inputs=(POSTAL_CODE,),
        outputs=(
            Output("province", "string"),
            Output("district", "string"),
            Output("address", "string"),
            Output("street", "string"),
            Output("no", "string"),
            Output("floor", "string"),
        ),
        answered_by={
            "jibit": Answering(
                jibit.POSTAL_CODE, attrgetter("province", "district", "address", "street", "no", "floor")
            )
        },
        fresh=_YEAR,
        fresh_negative=_MONTH,
    ),
    Inquiry(
        name="military_service",
        inputs=(NATIONAL_CODE,),
        outputs=(Output("qualified", "boolean"),),
        answered_by={"jibit": Answering(jibit.MILITARY_SERVICE, lambda answer: (answer.qualified,))},
        fresh=_QUARTER,
        fresh_negative=_WEEK,
        positive=lambda cells: cells[0] is True,
    ),
    Inquiry(
        name="sana",
        inputs=(NATIONAL_CODE, MOBILE),
        outputs=(Output("registered", "boolean"), Output("matched", "boolean")),
        answered_by={"jibit": Answering(jibit.SANA, attrgetter("registered", "matched"))},
        fresh=_MONTH,
        fresh_negative=_DAY,
        positive=lambda cells: cells == (True, True),
    ),
    _matching("match_card_name", CARD, NAME, jibit=jibit.MATCH_CARD_NAME),
    _matching("match_iban_name", IBAN, NAME, jibit=jibit.MATCH_IBAN_NAME),
    _matching("match_account_name", BANK, ACCOUNT, NAME, jibit=jibit.MATCH_ACCOUNT_NAME),
    _matching("match_account", BANK, ACCOUNT, NATIONAL_CODE, BIRTH_DATE, jibit=jibit.MATCH_ACCOUNT),
    Inquiry(
        name="name_similarity",
        inputs=(
            NATIONAL_CODE,
            BIRTH_DATE,
            *(
                Input(name, identifiers.person_name, optional=True)
                for name in ("first_name", "last_name", "full_name", "father_name")
            ),
        ),
        any_of=("first_name", "last_name", "full_name", "father_name"),
        outputs=(
            Output("first_name_percent", "Int64"),
            Output("last_name_percent", "Int64"),
            Output("full_name_percent", "Int64"),
            Output("father_name_percent", "Int64"),
        ),
        answered_by={
            "jibit": Answering(jibit.NAME_SIMILARITY, attrgetter("first_name", "last_name", "full_name", "father_name"))
        },
        fresh=_YEAR,
        fresh_negative=_MONTH,
    ),
    Inquiry(
        name="postal_location",
        inputs=(POSTAL_CODE,),
        outputs=(Output("latitude", "Float64"), Output("longitude", "Float64")),
        answered_by={"jibit": Answering(jibit.POSTAL_LOCATION, attrgetter("latitude", "longitude"))},
        fresh=_YEAR,
        fresh_negative=_MONTH,
    ),
    Inquiry(
        name="foreigner_identity",
        inputs=(Input("fida_code", identifiers.fida_code),),
        outputs=_RAW,
        answered_by={"jibit": Answering(jibit.FOREIGNER_IDENTITY, _raw)},
        fresh=_YEAR,
        fresh_negative=_MONTH,
    ),
    Inquiry(
        name="corporation_identity",
        inputs=(Input("code", identifiers.legal_id),),
        outputs=_RAW,
        answered_by={"jibit": Answering(jibit.CORPORATION_IDENTITY, _raw)},
        fresh=_YEAR,
        fresh_negative=_MONTH,
    ),
    Inquiry(
        name="gateway_inquiry",
        inputs=(Input("ref_num", _reference),),
        outputs=(
            Output("payment_status", "string"),
            Output("payment_amount_rial", "Int64"),
            Output("order_id", "string"),
            Output("payment_date", "datetime64[us, Asia/Tehran]"),
            Output("tracking_code", "string"),
            Output("masked_card_number", "string"),
        ),
        answered_by={
            "paystar": Answering(
                paystar.GATEWAY_INQUIRY,
                attrgetter("status", "payment_amount_rial", "order_id", "payment_date", "tracking_code", "card_number"),
            )
        },
        fresh=timedelta(0),
        fresh_negative=timedelta(0),
    ),
)

INQUIRIES: Final[dict[str, Inquiry]] = {entry.name: entry for entry in _ENTRIES}
"""Every inquiry, by name."""
