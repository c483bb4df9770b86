"""What Paystar's codes mean: two tables, one per family of ``status`` that has codes, and what they ask of the caller.

Both tables are open: an unknown code keeps its text and its message.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from airflow_provider_iranpay.api.contract import ErrorClass

__all__ = [
    "BARE_401",
    "CODES",
    "CREDENTIAL_CODES",
    "DIRECT_CODES",
    "GATEWAY_CODES",
    "INVALID_ACCESS",
    "REFRESH_CODES",
    "SUSPECTS",
    "TEXTS",
    "UNAUTHENTICATED",
    "UNKNOWN_PAYMENT",
    "Rule",
    "is_listed",
    "rule_of_code",
    "rule_of_status",
]

UNAUTHENTICATED: Final = "unauthenticated"
INVALID_ACCESS: Final = "invalid_access"
"""Our name for what Paystar says in Persian only, with HTTP 400."""

SUSPECTS: Final = (
    "Check three things with Paystar: this machine's IP is on the whitelist, the service is enabled, and the "
    "credentials of the connection are the current ones."
)


class Rule(NamedTuple):
    """What to do about a code.

    :param definite: on a call that moves money, whether it proves that nothing was carried out.
    :param listed: whether it is one of the contract's.
    """

    error_class: ErrorClass
    remedy: str
    definite: bool = False
    listed: bool = True


_A, _T, _Q, _O, _F = ErrorClass

_AGAIN: Final = "The key was not accepted."
_LATER: Final = "Paystar or the bank behind it cannot answer now; ask again later."
_INPUT: Final = "Correct the value; asking again changes nothing."
_RENEW_BY_HAND: Final = (
    "Put a new refresh token, from Paystar's panel, into the connection: this one is wrong, or was replaced."
)

CODES: Final[dict[int, Rule]] = {
    0: Rule(_T, _LATER),
    2: Rule(_O, "Correct the application id (or the wallet's hashid), the login of the connection.", definite=True),
    3: Rule(_O, "The application is not active: ask Paystar to activate it.", definite=True),
    4: Rule(_A, _AGAIN, definite=True),
    5: Rule(_A, _AGAIN, definite=True),
    6: Rule(_O, "Correct the access password, the password of the connection.", definite=True),
    7: Rule(_O, "Ask Paystar to put this machine's IP on the whitelist.", definite=True),
    8: Rule(_O, "Ask Paystar to enable the service for the application.", definite=True),
    9: Rule(_O, "The Paystar wallet does not cover this call: charge it, then run again."),
    10: Rule(_F, _INPUT, definite=True),
    11: Rule(_T, _LATER),
    12: Rule(_O, "The application's settings are incomplete: complete them in Paystar's panel.", definite=True),
    13: Rule(_O, _RENEW_BY_HAND, definite=True),
}
"""Open banking, bank transfer and wallet (documented)."""

REFRESH_CODES: Final[dict[int, Rule]] = {13: Rule(_A, _RENEW_BY_HAND, definite=True)}
"""Said of a refresh call itself: another refresh token may be the right one."""

GATEWAY_CODES: Final[dict[int, Rule]] = {
    -1: Rule(_F, _INPUT),
    -2: Rule(_O, "The gateway is not active: ask Paystar to activate it."),
    -3: Rule(_F, "The token was used already: create a new payment."),
    -4: Rule(_F, "The amount is over the gateway's ceiling."),
    -5: Rule(_F, "The gateway knows no such ref_num."),
    -6: Rule(_F, "The payment was verified before: only inquiry says what became of it."),
    -7: Rule(_F, _INPUT),
    -8: Rule(_F, "The payment cannot be verified (any more); if it was paid, the money goes back by itself."),
    -9: Rule(_F, "Verification failed: inquire before anything else."),
    -16: Rule(_O, "The wallet that pays the gateway's fee is short: charge it."),
    -98: Rule(_F, "The payer did not pay: it failed or was cancelled."),
    -99: Rule(_T, _LATER),
}
"""Payment gateway (observed)."""

DIRECT_CODES: Final[dict[int, Rule]] = {code - 100: GATEWAY_CODES[code] for code in (*range(-1, -10, -1), -98)}
"""The direct product's codes, with the same meanings (observed)."""

BARE_401: Final = "http_401"
"""Our name for an answer that says nothing but its HTTP status."""

TEXTS: Final[dict[str, Rule]] = {
    BARE_401: Rule(_A, _AGAIN, definite=True),
    UNAUTHENTICATED: Rule(_A, _AGAIN, definite=True),
    INVALID_ACCESS: Rule(_A, _AGAIN, definite=True),
}
"""What stands for a code in words, in every family."""

UNKNOWN_PAYMENT: Final = frozenset({"-5", "-105"})

CREDENTIAL_CODES: Final = frozenset({"2", "6", "13", UNAUTHENTICATED})

_UNKNOWN_CODE: Final = "This code is not in the contract: quote the track id to Paystar's support."


def rule_of_code(code: int | str, *, gateway: bool, http_status: int) -> Rule:
    """Find what a code means; one that no table knows is classed by the HTTP status.

    :param gateway: whether the payment gateway said it: its codes are its own.
    """
    if isinstance(code, str):
        rule = TEXTS.get(code)
    elif gateway:
        rule = GATEWAY_CODES.get(code) or DIRECT_CODES.get(code)
    else:
        rule = CODES.get(code)
    return rule or rule_of_status(http_status)


def is_listed(code: str) -> bool:
    """Whether a code, as errors carry it, stands in one of the tables."""
    known = {str(number) for table in (CODES, GATEWAY_CODES, DIRECT_CODES) for number in table}
    return code in known or code in TEXTS


def rule_of_status(http_status: int) -> Rule:
    """Class an answer without a code of the contract."""
    if http_status == 401:
        return Rule(_A, _AGAIN, listed=False)
    if http_status in (408, 429) or http_status >= 500:
        return Rule(_T, _LATER, listed=False)
    return Rule(_F, _UNKNOWN_CODE, listed=False)
