"""What Jibit's answers become: frozen dataclasses and the readers that make them from a payload.

Fields that hold personal data are kept out of ``repr``; ``raw`` is the whole payload as it came. Bank, type, status
and service are open enumerations and pass as text. A reader raises ``UnreadablePayload`` rather than guess.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_iranpay.api.contract import Shown, Tokens, UnreadablePayload
from airflow_provider_iranpay.api.payload import boolean, integer, items, mapping, optional_text, text
from airflow_provider_iranpay.iran import identifiers

Payload = Mapping[str, Any]


def _personal() -> Any:
    return field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(Shown):
    """What every answer has: the payload as it came."""

    raw: Payload = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner(Shown):
    """One owner of an account."""

    first_name: str | None = _personal()
    last_name: str | None = _personal()


@dataclass(frozen=True, slots=True, kw_only=True)
class CardInfo(Answer):
    """A card: its bank, type, owner's name and account number."""

    number: str | None = _personal()
    bank: str | None
    type: str | None
    owner_name: str | None = _personal()
    deposit_number: str | None = _personal()


@dataclass(frozen=True, slots=True, kw_only=True)
class CardAccount(Answer):
    """The account behind a card."""

    number: str | None = _personal()
    type: str | None
    bank: str | None
    deposit_number: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class IbanInfo(Answer):
    """An IBAN: its bank, account number, status and owners."""

    iban: str = field(repr=False)
    bank: str | None
    deposit_number: str | None = _personal()
    status: str | None
    owners: tuple[Owner, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CardIban(IbanInfo):
    """The IBAN behind a debit card."""

    number: str | None = _personal()
    type: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountIban(IbanInfo):
    """The IBAN of an account number at a bank."""

    number: str | None = _personal()


@dataclass(frozen=True, slots=True, kw_only=True)
class CardToIbanAvailability(Answer):
    """Per bank (Jibit id), whether card-to-IBAN conversion works now: ``AVAILABLE``, ``NOT_AVAILABLE``, or newer
    words.
    """

    banks: Mapping[str, str]

    def available(self, bank: str) -> bool:
        """Whether the bank is reported as ``AVAILABLE``; False for a bank that the report does not name."""
        return self.banks.get(bank) == "AVAILABLE"

    @property
    def closed(self) -> frozenset[str]:
        """Banks that are reported as ``NOT_AVAILABLE``. A newer word is no documented no, and an error is free."""
        return frozenset(bank for bank, word in self.banks.items() if word == "NOT_AVAILABLE")


@dataclass(frozen=True, slots=True, kw_only=True)
class PostalAddress(Answer):
    """The address of a postal code."""

    postal_code: str | None = _personal()
    address: str | None = _personal()
    province: str | None
    district: str | None
    street: str | None = _personal()
    no: str | None = _personal()
    floor: str | None = _personal()


@dataclass(frozen=True, slots=True, kw_only=True)
class PostalLocation(Answer):
    """The coordinates (WGS 84, degrees) of a postal code."""

    postal_code: str | None = _personal()
    latitude: float = field(repr=False)
    longitude: float = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class MilitaryService(Answer):
    """Military service: qualified is True for women, exempt and completed; False for absent without leave."""

    qualified: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Sana(Answer):
    """Registration in SANA, the judiciary's notification system, and whether the two inputs belong together."""

    registered: bool
    matched: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NameSimilarity(Answer):
    """How alike the given names are to the registered ones, in percent (0..100).

    A name that was not given is 0 (observed), or None where the answer leaves it out.
    """

    first_name: int | None
    last_name: int | None
    full_name: int | None
    father_name: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity(Answer):
    """A foreigner or a corporation. Its fields are not documented: read them from ``raw``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance(Answer):
    """One balance. ``amount`` is in ``currency``, which is not Rial until it says so.

    :param balance_type: ``PRF`` prepaid, ``POF`` postpaid, or newer words.
    """

    balance_type: str
    currency: str
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Balances(Answer):
    """All balances of the account."""

    balances: tuple[Balance, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceUse(Answer):
    """How often one service was used on the day of the report."""

    service: str
    persian_name: str | None
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyReport(Answer):
    """The consumption of one Tehran day: the report objects as they came; a service may stand in several of them."""

    reports: tuple[tuple[ServiceUse, ...], ...]


def read_tokens(payload: Payload) -> Tokens:
    """Read the answer of both token calls."""
    access, refresh = text(payload, "accessToken"), text(payload, "refreshToken")
    try:
        return Tokens(access, refresh)
    except ValueError as unusable:
        raise UnreadablePayload(str(unusable)) from None


def read_matched(payload: Payload) -> bool:
    """Read the answer of every matching."""
    return boolean(payload, "matched")


def read_card(payload: Payload) -> CardInfo:
    """Read a card inquiry."""
    info = _telling(payload, "cardInfo", "bank", "type", "ownerName", "depositNumber")
    return CardInfo(
        number=optional_text(payload, "number"),
        bank=optional_text(info, "bank"),
        type=optional_text(info, "type"),
        owner_name=optional_text(info, "ownerName"),
        deposit_number=optional_text(info, "depositNumber"),
        raw=payload,
    )


def read_card_account(payload: Payload) -> CardAccount:
    """Read a card-to-account conversion."""
    info = mapping(payload, "depositInfo")
    return CardAccount(
        number=optional_text(payload, "number"),
        type=optional_text(payload, "type"),
        bank=optional_text(info, "bank"),
        deposit_number=text(info, "depositNumber"),
        raw=payload,
    )


def read_card_iban(payload: Payload) -> CardIban:
    """Read a card-to-IBAN conversion."""
    info = mapping(payload, "ibanInfo")
    return CardIban(
        number=optional_text(payload, "number"),
        type=optional_text(payload, "type"),
        iban=_valid_iban(text(info, "iban")),
        **_iban_details(info),
        raw=payload,
    )


def read_iban(payload: Payload) -> IbanInfo:
    """Read an IBAN inquiry: the IBAN itself is documented as ``value`` and observed inside as well."""
    info = mapping(payload, "ibanInfo")
    named = {_valid_iban(iban) for iban in (optional_text(payload, "value"), optional_text(info, "iban")) if iban}
    if len(named) != 1:
        raise UnreadablePayload("it names two IBANs" if named else "it names no IBAN")
    return IbanInfo(iban=named.pop(), **_iban_details(info), raw=payload)


def read_account_iban(payload: Payload) -> AccountIban:
    """Read an account-to-IBAN conversion: ``depositToIBANInfo`` first, then ``ibanInfo``."""
    short = payload.get("depositToIBANInfo")
    full = payload.get("ibanInfo")
    found = [info for info in (short, full) if isinstance(info, Mapping)]
    iban = next((value for info in found if (value := optional_text(info, "iban"))), None)
    if iban is None:
        raise UnreadablePayload("it has no text 'iban'")
    merged = {key: value for info in reversed(found) for key, value in info.items()}
    return AccountIban(
        number=optional_text(payload, "number"), iban=_valid_iban(iban), **_iban_details(merged), raw=payload
    )


def _valid_iban(iban: str) -> str:
    checked = identifiers.iban(iban)
    if checked.value is None:
        raise UnreadablePayload("its IBAN is not a valid one")
    return checked.value


def _telling(payload: Payload, key: str, *fields: str) -> Payload:
    """Read a nested object that says at least one of the things that were asked for."""
    info = mapping(payload, key)
    if not optional_text(info, *fields):
        raise UnreadablePayload(f"its {key!r} says nothing of what was asked")
    return info


def _iban_details(info: Payload) -> dict[str, Any]:
    owners = items(info, "owners") if info.get("owners") is not None else []
    return {
        "bank": optional_text(info, "bank"),
        "deposit_number": optional_text(info, "depositNumber"),
        "status": optional_text(info, "status"),
        "owners": tuple(
            Owner(first_name=optional_text(owner, "firstName"), last_name=optional_text(owner, "lastName"))
            for owner in owners
        ),
    }


def read_availability(payload: Payload) -> CardToIbanAvailability:
    """Read the card-to-IBAN availability report."""
    report = mapping(payload, "availabilityReport")
    banks = {bank: word for bank, word in report.items() if isinstance(word, str)}
    if report and not banks:
        raise UnreadablePayload("its 'availabilityReport' names no bank")
    return CardToIbanAvailability(banks=banks, raw=payload)


def read_postal_address(payload: Payload) -> PostalAddress:
    """Read a postal inquiry; some observed clients read capitalised keys, so both spellings are taken."""
    info = _telling(payload, "addressInfo", "address", "Address", "province", "Province", "district", "District")
    return PostalAddress(
        postal_code=optional_text(info, "postalCode") or optional_text(payload, "code"),
        address=optional_text(info, "address", "Address"),
        province=optional_text(info, "province", "Province"),
        district=optional_text(info, "district", "District"),
        street=optional_text(info, "street"),
        no=optional_text(info, "no"),
        floor=optional_text(info, "floor"),
        raw=payload,
    )


def read_postal_location(payload: Payload) -> PostalLocation:
    """Read the coordinates of a postal code (observed outside the documented set)."""
    info = mapping(payload, "wgsInfo")
    try:
        latitude, longitude = _degrees(info["latitude"]), _degrees(info["longitude"])
    except (KeyError, TypeError, ValueError):
        raise UnreadablePayload("its 'wgsInfo' has no latitude and longitude") from None
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise UnreadablePayload("its 'wgsInfo' is not a place on earth")
    return PostalLocation(
        postal_code=optional_text(info, "postalCode"), latitude=latitude, longitude=longitude, raw=payload
    )


def _degrees(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise TypeError("not a number of degrees")
    return float(value)


def read_military_service(payload: Payload) -> MilitaryService:
    """Read a military service inquiry."""
    info = mapping(payload, "militaryServiceQualificationInfo")
    return MilitaryService(qualified=boolean(info, "qualified"), raw=payload)


def read_sana(payload: Payload) -> Sana:
    """Read a SANA inquiry."""
    return Sana(registered=boolean(payload, "registered"), matched=boolean(payload, "matched"), raw=payload)


_SIMILARITY_KEYS = {
    "first_name": "firstNameSimilarityPercentage",
    "last_name": "lastNameSimilarityPercentage",
    "full_name": "fullNameSimilarityPercentage",
    "father_name": "fatherNameSimilarityPercentage",
}


def read_similarity(payload: Payload) -> NameSimilarity:
    """Read a name similarity (observed outside the documented set): at least one percentage of 0..100."""
    found = {
        name: integer(payload, key) if payload.get(key) is not None else None for name, key in _SIMILARITY_KEYS.items()
    }
    given = [value for value in found.values() if value is not None]
    if not given or not all(0 <= value <= 100 for value in given):
        raise UnreadablePayload("it has no similarity of 0 to 100 percent")
    return NameSimilarity(**found, raw=payload)


def read_identity(payload: Payload) -> Identity:
    """Read an identity whose fields nobody documents: an object that says more than an error would."""
    if not payload.keys() - {"code", "message", "errors"}:
        raise UnreadablePayload("it says nothing of who was asked about")
    return Identity(raw=payload)


def read_balances(payload: Payload) -> Balances:
    """Read the balances."""
    return Balances(
        balances=tuple(
            Balance(
                balance_type=text(item, "balanceType"),
                currency=text(item, "currency"),
                amount=integer(item, "amount"),
                raw=item,
            )
            for item in items(payload, "balances")
        ),
        raw=payload,
    )


def read_daily_report(payload: Payload) -> DailyReport:
    """Read a daily report; several report objects are possible, and an empty list is a day without use."""
    return DailyReport(
        reports=tuple(
            tuple(_service_use(item) for item in items(report, "services")) for report in items(payload, "report")
        ),
        raw=payload,
    )


def _service_use(item: Payload) -> ServiceUse:
    count = integer(item, "count")
    if count < 0:
        raise UnreadablePayload("a 'count' is below zero")
    return ServiceUse(
        service=text(item, "service"), persian_name=optional_text(item, "persianName"), count=count, raw=item
    )
