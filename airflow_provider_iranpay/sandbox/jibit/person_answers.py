"""Answers about people, addresses, foreigners and companies. Parameters arrive validated.

Shapes: matching, postal code, military service and SANA documented; similarity and postal location observed; of
foreigners and companies only the paths are, so their bodies are assumed. Somebody unknown, or known with another birth
date, is ``identity_info.not_found`` (assumed).
"""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

from airflow_provider_iranpay.sandbox.jibit.errors import Refused
from airflow_provider_iranpay.sandbox.people import Conscription

if TYPE_CHECKING:
    from airflow_provider_iranpay.sandbox.jibit.desk import Desk
    from airflow_provider_iranpay.sandbox.people import Person

__all__ = [
    "citizen",
    "company",
    "foreigner",
    "match_mobile",
    "military",
    "postal_code",
    "postal_location",
    "same_name",
    "sana",
    "similarity",
]

_ONE_SPELLING = str.maketrans({"ي": "ی", "ى": "ی", "ك": "ک", "\u200c": None, " ": None})


def citizen(desk: Desk, asked: dict[str, str]) -> Person:
    """Who has this national code, and this birth date if one was asked.

    :raises Refused: ``identity_info.not_found``.
    """
    person = desk.population.by_national_code(asked["nationalCode"])
    if person is None or asked.get("birthDate", person.birth_date) != person.birth_date:
        raise Refused("identity_info.not_found")
    return person


def same_name(real: str, asked: str) -> bool:
    """Whether two names are one, whatever the spelling of ی and ک and the spaces."""
    return _spelled(real) == _spelled(asked)


def match_mobile(desk: Desk, asked: dict[str, str]) -> dict[str, Any]:
    """``nationalCode``, ``mobileNumber`` (Shahkar): a mobile that nobody has does not belong to this person either."""
    return {"matched": citizen(desk, asked).mobile == asked["mobileNumber"]}


def postal_code(desk: Desk, asked: dict[str, str]) -> dict[str, Any]:
    """``/v1/services/postal?code=``"""
    address = _resident(desk, asked).address
    place = address.place
    text = f"{place.province}، {place.district}، خیابان {address.street}، پلاک {address.no}، طبقه {address.floor}"
    return {
        "code": address.postal_code,
        "addressInfo": {
            "postalCode": address.postal_code,
            "address": text,
            "province": place.province,
            "district": place.district,
            "street": address.street,
            "no": str(address.no),
            "floor": str(address.floor),
        },
    }


def postal_location(desk: Desk, asked: dict[str, str]) -> dict[str, Any]:
    """``/v1/services/postal/wgs?code=``: degrees, near the middle of the town."""
    address = _resident(desk, asked).address
    return {
        "wgsInfo": {
            "postalCode": address.postal_code,
            "latitude": round(address.place.latitude + address.no / 10_000, 4),
            "longitude": round(address.place.longitude + address.floor / 1_000, 4),
        }
    }


def military(desk: Desk, asked: dict[str, str]) -> dict[str, Any]:
    """``/v1/services/social/msq?nationalCode=``: everybody qualifies but those absent without leave."""
    qualified = citizen(desk, asked).conscription is not Conscription.ABSENT
    return {"militaryServiceQualificationInfo": {"qualified": qualified}}


def sana(desk: Desk, asked: dict[str, str]) -> dict[str, Any]:
    """``/v1/services/social/sana``: code and mobile that do not belong together fail (documented; how is assumed)."""
    person = citizen(desk, asked)
    if person.mobile != asked["mobileNumber"]:
        raise Refused("identity_info.not_found")
    return {"registered": person.sana_registered, "matched": True}


def similarity(desk: Desk, asked: dict[str, str]) -> dict[str, Any]:
    """``/v1/services/identity/similarity``: 0 to 100 for each name that was given, 0 for the others (assumed)."""
    person = citizen(desk, asked)
    real = {
        "firstName": person.name.first,
        "lastName": person.name.last,
        "fullName": str(person.name),
        "fatherName": person.father_name,
    }
    if not any(asked.get(field) for field in real):
        raise Refused("parameters.not_acceptable")
    return {f"{field}SimilarityPercentage": _likeness(name, asked.get(field, "")) for field, name in real.items()}


def foreigner(desk: Desk, asked: dict[str, str]) -> dict[str, Any]:
    """``/v1/services/foreigners/identity?fida=``"""
    found = desk.population.by_fida(asked["fida"])
    if found is None:
        raise Refused("identity_info.not_found")
    return {
        "fida": found.fida,
        "identityInfo": {
            "firstName": found.name.first,
            "lastName": found.name.last,
            "fatherName": found.father_name,
            "nationality": found.nationality,
        },
    }


def company(desk: Desk, asked: dict[str, str]) -> dict[str, Any]:
    """``/v1/services/corporation/identity?code=``"""
    found = desk.population.by_legal_id(asked["code"])
    if found is None:
        raise Refused("identity_info.not_found")
    return {
        "code": found.legal_id,
        "corporationInfo": {
            "name": found.name,
            "registrationNumber": found.registration_number,
            "postalCode": found.postal_code,
        },
    }


def _resident(desk: Desk, asked: dict[str, str]) -> Person:
    person = desk.population.by_postal_code(asked["code"])
    if person is None:
        raise Refused("postalCode.not_found")
    return person


def _spelled(name: str) -> str:
    return name.translate(_ONE_SPELLING)


def _likeness(real: str, asked: str) -> int:
    return round(100 * SequenceMatcher(None, _spelled(real), _spelled(asked)).ratio())
