"""Who lives in the sandbox: the records that the population is made of, and how common each trait is. No look-ups here.

Everything is invented. Shares are chosen so that every branch of an answer is met within some hundred people; they
describe no real statistics.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_provider_iranpay.iran.banks import Bank
    from airflow_provider_iranpay.sandbox.persian import Place

__all__ = [
    "BANK_SHARES",
    "CARD_STATES",
    "CARD_TYPES",
    "CONSCRIPTIONS",
    "IBAN_STATUSES",
    "Account",
    "Address",
    "Card",
    "CardState",
    "Company",
    "Conscription",
    "Foreigner",
    "Name",
    "Person",
]


class CardState(StrEnum):
    """What a bank would say about a card before it says anything else."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    EXPIRED = "expired"
    LOST = "lost"
    STOLEN = "stolen"
    OWNER_WITHHELD = "owner_withheld"


class Conscription(StrEnum):
    """Standing towards military service."""

    WOMAN = "woman"
    EXEMPT = "exempt"
    COMPLETED = "completed"
    ABSENT = "absent_without_leave"


@dataclass(frozen=True, slots=True)
class Name:
    """First and last name, in Persian."""

    first: str
    last: str

    def __str__(self) -> str:
        return f"{self.first} {self.last}"


@dataclass(frozen=True, slots=True)
class Card:
    """A bank card; ``type`` is one of the contract's card types."""

    number: str
    type: str
    state: CardState


@dataclass(frozen=True, slots=True)
class Account:
    """A bank account. ``owners`` is empty where the bank withholds them; a joint account has two."""

    bank: Bank
    number: str
    iban: str
    status: str
    owners: tuple[Name, ...]

    @property
    def bank_id(self) -> str:
        """The bank as Jibit spells it."""
        return self.bank.jibit_id or ""


@dataclass(frozen=True, slots=True)
class Address:
    """Where somebody lives."""

    postal_code: str
    place: Place
    street: str
    no: int
    floor: int


@dataclass(frozen=True, slots=True)
class Person:
    """One inhabitant with everything that is really theirs.

    ``birth_date`` is Jalali ``YYYYMMDD``; ``card`` and ``account`` belong together.
    """

    index: int
    name: Name
    father_name: str
    national_code: str
    birth_date: str
    mobile: str
    conscription: Conscription
    sana_registered: bool
    card: Card
    account: Account
    address: Address


@dataclass(frozen=True, slots=True)
class Foreigner:
    """A resident with a FIDA code instead of a national code."""

    fida: str
    name: Name
    father_name: str
    nationality: str


@dataclass(frozen=True, slots=True)
class Company:
    """A legal person."""

    legal_id: str
    name: str
    registration_number: str
    postal_code: str


def _spread(shares: dict[str, int]) -> tuple[str, ...]:
    return tuple(option for option, share in shares.items() for _ in range(share))


CARD_TYPES = _spread(
    {
        "DEBIT": 86,
        "CREDIT": 4,
        "CREDIT_SPECIAL": 1,
        "GIFT_CARD": 3,
        "ONLINE_PREPAID": 1,
        "VIRTUAL_CARD": 2,
        "INSTALLMENT_CARD": 1,
        "E_MONEY": 1,
        "UNKNOWN": 1,
    }
)
IBAN_STATUSES = _spread(
    {
        "ACTIVE": 92,
        "BLOCKED": 4,
        "BLOCK_WITH_DEPOSIT": 1,
        "BLOCK_WITHOUT_DEPOSIT": 1,
        "IDLE": 1,
        "UNKNOWN": 1,
    }
)
CARD_STATES = tuple(
    CardState(state)
    for state in _spread(
        {
            CardState.ACTIVE: 93,
            CardState.INACTIVE: 2,
            CardState.EXPIRED: 2,
            CardState.LOST: 1,
            CardState.STOLEN: 1,
            CardState.OWNER_WITHHELD: 1,
        }
    )
)
CONSCRIPTIONS = tuple(
    Conscription(state)
    for state in _spread({Conscription.COMPLETED: 13, Conscription.EXEMPT: 4, Conscription.ABSENT: 3})
)
BANK_SHARES = _spread(
    {
        "MELLI": 6,
        "MELLAT": 6,
        "SADERAT": 4,
        "SEPAH": 4,
        "TEJARAT": 4,
        "SAMAN": 4,
        "PASARGAD": 4,
        "PARSIAN": 3,
        "KESHAVARZI": 2,
        "MASKAN": 2,
        "REFAH": 2,
        "RESALAT": 2,
        "AYANDEH": 2,
        "EGHTESAD_NOVIN": 1,
        "KARAFARIN": 1,
        "SHAHR": 1,
        "SINA": 1,
        "MEHR_IRAN": 1,
    }
)
