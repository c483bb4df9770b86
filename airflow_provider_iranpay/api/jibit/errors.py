"""What Jibit's error codes mean: tables that are read top down, exact code first, then its suffix, then the HTTP
status.

The list of codes is open (documented so): an unknown one keeps its text and is classed by the last two tables.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from airflow_provider_iranpay.api.contract import ErrorClass, Failure

__all__ = ["CODES", "CREDENTIAL_CODES", "PREFIXES", "SUFFIXES", "SUSPECTS", "failure", "is_known"]

SUSPECTS: Final = (
    "Check three things with Jibit: this machine's IP is on the whitelist, the service is enabled for the account, "
    "and the API key and secret key of the connection are the current ones."
)


class Rule(NamedTuple):
    """What to do about a code."""

    error_class: ErrorClass
    remedy: str


_A, _T, _Q, _O, _F = ErrorClass

_AGAIN: Final = "The access token was not accepted."
_LATER: Final = "Jibit or the bank behind it cannot answer now; ask again later."
_KEYS: Final = "Correct the API key (login) and the secret key (password) of the connection."
_INPUT: Final = "Correct the value, or leave the row out; asking again changes nothing."
_CARD: Final = "The card itself is at fault; asking again changes nothing."
_NOT_FOUND: Final = "No record exists for this input; asking again changes nothing."

CODES: Final[dict[str, Rule]] = {
    "forbidden": Rule(_A, _AGAIN),
    "token.is_required": Rule(_A, _AGAIN),
    "accessToken.is_required": Rule(_A, _AGAIN),
    "refreshToken.is_required": Rule(_A, _AGAIN),
    "refreshToken.not_valid": Rule(_A, _AGAIN),
    "invalid.tokens_pair": Rule(_A, _AGAIN),
    "server.error": Rule(_T, _LATER),
    "providers.not_available": Rule(_T, _LATER),
    "card.provider_is_not_active": Rule(_T, _LATER),
    "card.source_bank_is_not_active": Rule(_T, _LATER),
    "daily_limit.reached": Rule(_Q, "The account's daily quota is used up; go on on the next Tehran day."),
    "invalid.credentials": Rule(_O, _KEYS),
    "client.not_found": Rule(_O, _KEYS),
    "apiKey.is_required": Rule(_O, _KEYS),
    "secretKey.is_required": Rule(_O, _KEYS),
    "apiKey.not_valid": Rule(_O, _KEYS),
    "secretKey.not_valid": Rule(_O, _KEYS),
    "balance.not_enough": Rule(
        _O, "The Jibit wallet is empty: charge it, then run again; nothing was paid for this call."
    ),
    "handler.not_found": Rule(_O, "Jibit knows no such service: check the base URL (host) of the connection."),
    "matching.unknown": Rule(_F, "Jibit could not decide; this is not a 'no match'."),
    "parameters.not_acceptable": Rule(_F, _INPUT),
    "conversion.failed": Rule(_F, "The bank could not convert this number; asking again changes nothing."),
    "card.not_active": Rule(_F, _CARD),
    "card.is_expired": Rule(_F, _CARD),
    "card.registered_as_lost": Rule(_F, _CARD),
    "card.registered_as_stolen": Rule(_F, _CARD),
    "card.owner_not_authorized": Rule(_F, _CARD),
    "card_type.not_supported": Rule(_F, "Only debit cards can be converted."),
    "identity_info.not_found": Rule(_F, _NOT_FOUND),
    "iban.owner_not_found": Rule(_F, _NOT_FOUND),
    "names.not_match": Rule(_F, _INPUT),
    "invalid.request_body": Rule(_F, "Jibit could not read the request; please report this as a defect."),
    "bank.not_valid": Rule(_F, "Jibit knows no such bank: use its bank ids, such as MELLI or SAMAN."),
    "birthDate.not_valid": Rule(_F, "Jibit wants a Jalali birth date that exists; correct it in the source."),
    "yearMonthDay.not_valid": Rule(_F, "Jibit has no report for this day: ask for a past Jalali day."),
}

CREDENTIAL_CODES: Final = frozenset(code for code, rule in CODES.items() if rule.remedy == _KEYS)

SUFFIXES: Final[dict[str, Rule]] = {
    ".is_required": Rule(_F, _INPUT),
    ".not_valid": Rule(_F, _INPUT),
    ".not_found": Rule(_F, _NOT_FOUND),
    ".length_exceeded": Rule(_F, _INPUT),
    ".black_listed": Rule(_F, _INPUT),
}

PREFIXES: Final[dict[str, Rule]] = {
    "apiKey.": Rule(_O, _KEYS),
    "secretKey.": Rule(_O, _KEYS),
    "refreshToken.": Rule(_A, _AGAIN),
}

_UNKNOWN_CODE: Final = "This code is not in the contract: quote the track id to Jibit's support."


def failure(code: str | None, message: str, status: int) -> Failure:
    """Class an error of Jibit's own envelope.

    :param code: the provider's code; None where the envelope has none, and then the HTTP status alone decides.
    """
    rule = _by_code(code) or _by_status(status)
    return Failure(code or f"http_{status}", message, rule.error_class, rule.remedy)


def is_known(code: str) -> bool:
    """Whether a code, or the family it belongs to, is in the contract."""
    return _by_code(code) is not None


def _by_code(code: str | None) -> Rule | None:
    if code is None:
        return None
    if code in CODES:
        return CODES[code]
    families = [rule for prefix, rule in PREFIXES.items() if code.startswith(prefix)]
    families += [rule for suffix, rule in SUFFIXES.items() if code.endswith(suffix)]
    return families[0] if families else None


def _by_status(status: int) -> Rule:
    if status == 401:
        return Rule(_A, _AGAIN)
    if status == 429 or status >= 500:
        return Rule(_T, _LATER)
    return Rule(_F, _UNKNOWN_CODE)
