"""How Paystar says yes and no: three families of ``status``, each read strictly, and what may be believed of a no.

A no to a call that moves money is believed only where the contract calls it definite; a no to verify only where it is
not a fault of the system. What is not believed is no answer, and the safety class decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from airflow_provider_iranpay.api.contract import Answered, ErrorClass, Failure, Safety, Success
from airflow_provider_iranpay.api.payload import decode_object
from airflow_provider_iranpay.api.paystar.errors import (
    INVALID_ACCESS,
    UNAUTHENTICATED,
    Rule,
    rule_of_code,
    rule_of_status,
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
    """Read a complete response; None where it is not in the envelope of its family, or says no in doubtful words."""
    payload = decode_object(body) or {}
    said = payload.get("status")
    if _same(said, _YES[family]):
        return Success(payload) if 200 <= http_status < 300 else None
    found = _no(family, said, message=_text(payload.get("message")), http_status=http_status)
    if found is None or not _believed(found[1], safety, http_status):
        return None
    code, rule = found
    return Failure(code, _explained(payload), rule.error_class, rule.remedy)


def _same(said: object, word: object) -> bool:
    return type(said) is type(word) and said == word


def _no(family: Family, said: object, *, message: str, http_status: int) -> tuple[str, Rule] | None:
    if said == UNAUTHENTICATED:
        return UNAUTHENTICATED, rule_of_code(UNAUTHENTICATED, gateway=False, http_status=http_status)
    if http_status == 400 and _INVALID_ACCESS_MESSAGE in fold_letters(message):
        return INVALID_ACCESS, rule_of_code(INVALID_ACCESS, gateway=False, http_status=http_status)
    if any(_same(said, yes) for yes in _YES.values()):
        return None  # another family's yes
    if type(said) is int or (family is Family.TEXT and isinstance(said, str) and said):
        return str(said), rule_of_code(said, gateway=family is Family.GATEWAY, http_status=http_status)
    return ("http_401", rule_of_status(401)) if http_status == 401 else None


def _believed(rule: Rule, safety: Safety, http_status: int) -> bool:
    if safety is Safety.MONEY_WRITE:
        return rule.definite and http_status < 500
    return not (safety is Safety.IDEMPOTENT_WRITE and rule.error_class is ErrorClass.TRANSIENT)


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
