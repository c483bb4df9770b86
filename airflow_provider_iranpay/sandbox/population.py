"""The people of the sandbox, made when they are asked for, and found by any of their identifiers.

Each identifier carries its owner's index (``shuffle``); a look-up decodes the index, makes that person again and
compares, so an identifier that nobody has finds nobody. What people are made of stands in ``people`` and ``persian``.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

from airflow_provider_iranpay.iran.banks import by_jibit_id
from airflow_provider_iranpay.iran.checksums import legal_id_check_digit
from airflow_provider_iranpay.iran.days import jalali_yyyymmdd
from airflow_provider_iranpay.iran.identifiers import build_iban, complete_card, complete_national_code
from airflow_provider_iranpay.sandbox import people, persian
from airflow_provider_iranpay.sandbox.people import Account, Address, Card, Company, Foreigner, Name, Person
from airflow_provider_iranpay.sandbox.shuffle import CAPACITY, Dice, Shuffle

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_iranpay.iran.banks import Bank

__all__ = ["CAPACITY", "CITIZENS", "Population"]

CITIZENS = CAPACITY // 2
"""How many people a sample may name; the other half lends its cards, accounts and mobiles to mismatched rows."""

_CACHED_PEOPLE = 65_536
_FIRST_BIRTH = date(1945, 3, 21).toordinal()
_BIRTH_DAYS = 22_000
# Of the first five digits of a postal code none is 0 or 2, the fifth is not 5 and the first four are not all equal:
# a leading 5 and four of these.
_POSTAL_DIGITS = "1346789"
_POSTAL_BASE = len(_POSTAL_DIGITS)
_POSTAL_HEADS = _POSTAL_BASE**4
_MOBILE_DIGITS = "012399"
_WOMEN = 48


def _banks() -> tuple[Bank, ...]:
    found = (by_jibit_id(bank_id) for bank_id in people.BANK_SHARES)
    return tuple(bank for bank in found if bank is not None)


class Population:
    """Everybody who lives in the sandbox of one seed. Look-ups expect identifiers of the right shape.

    :param seed: the same seed makes the same people.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._banks = _banks()
        self._national_codes = Shuffle(seed, "national_code")
        self._cards = Shuffle(seed, "card")
        self._accounts = Shuffle(seed, "account")
        self._mobiles = Shuffle(seed, "mobile")
        self._postal_codes = Shuffle(seed, "postal_code")
        self._fidas = Shuffle(seed, "fida")
        self._companies = Shuffle(seed, "company")
        self._made: Callable[[int], Person] = lru_cache(_CACHED_PEOPLE)(self._make)

    def person(self, index: int) -> Person:
        """Person number ``index``.

        :raises IndexError: not ``0 <= index < CAPACITY``.
        """
        if not 0 <= index < CAPACITY:
            raise IndexError(f"people are numbered 0 to {CAPACITY - 1}")
        return self._made(index)

    def stranger(self, index: int) -> Person:
        """Somebody else, always the same, whose things appear in the mismatched rows of person ``index``."""
        return self.person((index + CITIZENS) % CAPACITY)

    def by_national_code(self, code: str) -> Person | None:
        """Whose national code this is."""
        person = self._made(self._national_codes.index(code[1:9]))
        return person if person.national_code == code else None

    def by_card(self, number: str) -> Person | None:
        """Whose card this is."""
        person = self._made(self._cards.index(number[7:15]))
        return person if person.card.number == number else None

    def by_iban(self, iban: str) -> Person | None:
        """Whose IBAN this is."""
        person = self._made(self._accounts.index(iban[-8:]))
        return person if person.account.iban == iban else None

    def by_account(self, bank_id: str, number: str) -> Person | None:
        """Whose account this is at the bank that Jibit calls ``bank_id``."""
        if not number[-8:].isdecimal():
            return None
        person = self._made(self._accounts.index(number[-8:]))
        return person if (person.account.bank_id, person.account.number) == (bank_id, number) else None

    def by_mobile(self, mobile: str) -> Person | None:
        """Whose mobile this is."""
        person = self._made(self._mobiles.index(mobile[3:]))
        return person if person.mobile == mobile else None

    def by_postal_code(self, code: str) -> Person | None:
        """Who lives there."""
        if not all(digit in _POSTAL_DIGITS for digit in code[1:5]):
            return None
        head = sum(_POSTAL_DIGITS.index(digit) * _POSTAL_BASE**place for place, digit in enumerate(code[1:5]))
        person = self._made(self._postal_codes.index(str(int(code[5:]) * _POSTAL_HEADS + head)))
        return person if person.address.postal_code == code else None

    def foreigner(self, index: int) -> Foreigner:
        """Foreign resident number ``index``."""
        dice = Dice(f"{self.seed}/foreigner/{index}")
        return Foreigner(
            fida=f"1{dice.below(1000):03d}{self._fidas.digits(index)}",
            name=Name(dice.pick(persian.MALE_NAMES), dice.pick(persian.FAMILY_NAMES)),
            father_name=dice.pick(persian.MALE_NAMES),
            nationality=dice.pick(persian.NATIONS),
        )

    def by_fida(self, fida: str) -> Foreigner | None:
        """Whose FIDA code this is."""
        found = self.foreigner(self._fidas.index(fida[4:]))
        return found if found.fida == fida else None

    def company(self, index: int) -> Company:
        """Company number ``index``."""
        dice = Dice(f"{self.seed}/company/{index}")
        stem = f"14{self._companies.digits(index)}"
        return Company(
            legal_id=stem + legal_id_check_digit(stem),
            name=f"شرکت {dice.pick(persian.TRADES)} {dice.pick(persian.STREETS)} {dice.pick(persian.FAMILY_NAMES)}",
            registration_number=str(1000 + dice.below(60_000)),
            postal_code=self.person(index).address.postal_code,
        )

    def by_legal_id(self, code: str) -> Company | None:
        """Whose legal-entity id this is."""
        found = self.company(self._companies.index(code[2:10]))
        return found if found.legal_id == code else None

    def _make(self, index: int) -> Person:
        dice = Dice(f"{self.seed}/person/{index}")
        woman = dice.below(100) < _WOMEN
        name = Name(dice.pick(persian.FEMALE_NAMES if woman else persian.MALE_NAMES), dice.pick(persian.FAMILY_NAMES))
        bank = dice.pick(self._banks)
        return Person(
            index=index,
            name=name,
            father_name=dice.pick(persian.MALE_NAMES),
            national_code=self._national_code(index),
            birth_date=jalali_yyyymmdd(date.fromordinal(_FIRST_BIRTH + dice.below(_BIRTH_DAYS))),
            mobile=f"09{dice.pick(_MOBILE_DIGITS)}{self._mobiles.digits(index)}",
            conscription=people.Conscription.WOMAN if woman else dice.pick(people.CONSCRIPTIONS),
            sana_registered=dice.below(5) > 0,
            card=self._card(index, bank, dice),
            account=self._account(index, name, bank=bank, dice=dice),
            address=self._address(index, dice),
        )

    def _national_code(self, index: int) -> str:
        digits = self._national_codes.digits(index)
        # A first digit that differs from the second: codes of one repeated digit are nobody's.
        first = (int(digits[0]) + 1 + int(digits[-1]) % 9) % 10
        return complete_national_code(f"{first}{digits}")

    def _card(self, index: int, bank: Bank, dice: Dice) -> Card:
        prefix = bank.card_prefixes[0]
        return Card(
            number=complete_card(f"{prefix}{dice.below(10)}{self._cards.digits(index)}"),
            type=dice.pick(people.CARD_TYPES),
            state=dice.pick(people.CARD_STATES),
        )

    def _account(self, index: int, name: Name, *, bank: Bank, dice: Dice) -> Account:
        number = f"{1000 + dice.below(9000)}{self._accounts.digits(index)}"
        kind = dice.below(100)
        partner = Name(dice.pick(persian.FEMALE_NAMES), dice.pick(persian.FAMILY_NAMES))
        return Account(
            bank=bank,
            number=number,
            iban=build_iban(bank.iban_code, number),
            status=dice.pick(people.IBAN_STATUSES),
            owners=() if kind == 0 else (name, partner) if kind < 5 else (name,),
        )

    def _address(self, index: int, dice: Dice) -> Address:
        number = int(self._postal_codes.digits(index))
        head = "".join(_POSTAL_DIGITS[number // _POSTAL_BASE**place % _POSTAL_BASE] for place in range(4))
        return Address(
            postal_code=f"5{head}{number // _POSTAL_HEADS:05d}",
            place=dice.pick(persian.PLACES),
            street=dice.pick(persian.STREETS),
            no=1 + dice.below(250),
            floor=dice.below(8),
        )
