"""How Paystar says yes and no: three families of ``status``, each read strictly, and what may be believed of a no.

Not every no proves that nothing was carried out: to a call that moves money only those that the contract calls definite
do, to create and verify all but a fault of the system. After the others the safety class decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from airflow_provider_iranpay.api.contract import Answered, ErrorClass, Failure, Safety, Success
from airflow_provider_iranpay.api.payload import decode_object
from airflow_provider_iranpay.api.paystar.errors import (
    BARE_401,
    INVALID_ACCESS,
    REFRESH_CODES,
    UNAUTHENTICATED,
    Rule,
    rule_of_code,
)
from airflow_provider_iranpay.iran.digits import fold_letters

__all__ = ["Family", "understand"]


class Family(StrEnum):
    """What ``status`` holds."""

    GATEWAY = "gateway"
    """1, or a negative code."""
    CODES = "codes"
    """1, or one of the codes 0 and 2 to 13."""
    TEXT = "text"
    """``ok``, or another text or code."""


_YES: Final[dict[Family, int | str]] = {Family.GATEWAY: 1, Family.CODES: 1, Family.TEXT: "ok"}
_INVALID_ACCESS_MESSAGE: Final = "دسترسی نامعتبر"


def understand(family: Family, safety: Safety, *, http_status: int, body: bytes) -> Answered | None:
    """Read a complete response; None where it is not in the envelope of its family."""
    payload = decode_object(body) or {}
    said = payload.get("status")
    if _same(said, _YES[family]):
        return Success(payload) if 200 <= http_status < 300 else None
    code = _no(family, payload, http_status)
    if code is None:
        return None
    rule = rule_of_code(code, gateway=family is Family.GATEWAY, http_status=http_status)
    if safety is Safety.TOKEN:
        rule = REFRESH_CODES.get(code, rule) if isinstance(code, int) else rule
    definite = _proves_nothing_happened(rule, payload, safety=safety, http_status=http_status)
    return Failure(str(code), _explained(payload), rule.error_class, rule.remedy, definite)


def _same(said: object, word: object) -> bool:
    return type(said) is type(word) and said == word


def _no(family: Family, payload: Mapping[str, Any], http_status: int) -> int | str | None:
    """Find the code of a no, or the word that stands for one."""
    said = payload.get("status")
    if said == UNAUTHENTICATED:
        return UNAUTHENTICATED
    if http_status == 400 and _INVALID_ACCESS_MESSAGE in fold_letters(_text(payload.get("message"))):
        return INVALID_ACCESS
    if any(_same(said, yes) for yes in _YES.values()):
        return None  # another family's yes
    if type(said) is int or (family is Family.TEXT and isinstance(said, str) and said):
        return said
    return BARE_401 if http_status == 401 else None


def _proves_nothing_happened(rule: Rule, payload: Mapping[str, Any], *, safety: Safety, http_status: int) -> bool:
    match safety:
        case Safety.MONEY_WRITE:  # and a no that names items may be a no to some of them
            return rule.definite and http_status < 500 and not _names_items(payload.get("data"))
        case Safety.IDEMPOTENT_WRITE | Safety.CREATE:
            return rule.error_class is not ErrorClass.TRANSIENT
        case Safety.BILLABLE_READ:  # a gateway on the way may have said it
            return rule.listed or rule.error_class is not ErrorClass.TRANSIENT
        case _:
            return True


def _names_items(data: object) -> bool:
    """Whether there is an item of a request in it; in a validation bag, ``track_id`` holds a list of texts."""
    found = data if isinstance(data, list) else [data]
    return any(isinstance(one, Mapping) and isinstance(one.get("track_id"), str | int) for one in found)


def _explained(payload: Mapping[str, Any]) -> str:
    """The message, and the texts of a validation bag: ``data`` as ``{field: [texts]}``."""
    bag = payload.get("data")
    said = [_text(payload.get("message"))]
    for name, texts in bag.items() if isinstance(bag, Mapping) else ():
        if isinstance(texts, list) and all(isinstance(text, str) for text in texts):
            said.append(f"{name}: {' '.join(texts)}")
    return "; ".join(filter(None, said))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
