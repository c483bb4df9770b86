"""The payment gateway's services: create, the payer's page, verify and inquiry. Codes and checks live here.

The life of a payment stands in ``payments``, its pages in ``page``. What the contract leaves open is chosen here and
listed in ``docs/sandbox-gateway.md``.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from airflow_provider_iranpay.iran import identifiers
from airflow_provider_iranpay.iran.days import TEHRAN
from airflow_provider_iranpay.iran.digits import is_ascii_number
from airflow_provider_iranpay.iran.masks import mask_card
from airflow_provider_iranpay.sandbox.messages import HTML, Answer
from airflow_provider_iranpay.sandbox.paystar import page, payer
from airflow_provider_iranpay.sandbox.paystar.callback import callback_fields, hashed_card, is_callback, location
from airflow_provider_iranpay.sandbox.paystar.credentials import CREDENTIALS
from airflow_provider_iranpay.sandbox.paystar.payments import NewPayment, Outcome, Unfit, Why
from airflow_provider_iranpay.sandbox.paystar.service import Answered, Family, Key, Refused, Service
from airflow_provider_iranpay.sandbox.paystar.signatures import is_signed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_provider_iranpay.iran.checked import Checked
    from airflow_provider_iranpay.sandbox.paystar.desk import Desk
    from airflow_provider_iranpay.sandbox.paystar.payments import Payment

    Given = Mapping[str, Any]
    Problems = dict[str, list[str]]

__all__ = ["SERVICES"]

LEAST_RIAL = 5_000
_MAX_DIGITS = 15
_MAX_TEXT = 255
_MAX_LENGTHS = {"callback": 2_048}
_HALF = re.compile("[\ud800-\udfff]")
"""Half a surrogate pair: JSON can spell it, and no sign or address can be made from it."""


class _Code(IntEnum):
    """The codes of the contract that a rule here brings about; all others come by faults."""

    INVALID = -1
    INACTIVE = -2
    TOKEN_USED = -3
    OVER_CEILING = -4
    REF_UNKNOWN = -5
    ALREADY_VERIFIED = -6
    PARAMETERS = -7
    NOT_VERIFIABLE = -8
    VERIFICATION_FAILED = -9


_MESSAGES = {
    _Code.INVALID: "درخواست نامعتبر است.",
    _Code.INACTIVE: "درگاه فعال نیست.",
    _Code.OVER_CEILING: "مبلغ بیش از سقف مجاز درگاه است.",
    _Code.REF_UNKNOWN: "شماره ارجاع معتبر نیست.",
    _Code.ALREADY_VERIFIED: "این تراکنش پیش‌تر تأیید شده است.",
    _Code.PARAMETERS: "پارامترهای ارسالی نامعتبر است.",
    _Code.NOT_VERIFIABLE: "این تراکنش قابل تأیید نیست.",
    _Code.VERIFICATION_FAILED: "تأیید تراکنش ناموفق بود.",
}
_REFUSALS = {
    Why.REF_UNKNOWN: _Code.REF_UNKNOWN,
    Why.ALREADY_VERIFIED: _Code.ALREADY_VERIFIED,
    Why.NOT_VERIFIABLE: _Code.NOT_VERIFIABLE,
}
_REQUIRED = "این فیلد الزامی است."
_WRONG = "مقدار این فیلد معتبر نیست."
_PAGE_HEADERS = (
    HTML,
    ("Cache-Control", "no-store"),
    ("Referrer-Policy", "no-referrer"),
    (
        "Content-Security-Policy",
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:",
    ),
)
_CLOSED_PAGES = {
    Why.TOKEN_UNKNOWN: (404, _Code.INVALID),
    Why.TOKEN_USED: (409, _Code.TOKEN_USED),
    Why.TOKEN_EXPIRED: (410, _Code.TOKEN_USED),
}
"""HTTP status and code of a page for a token that opens nothing."""


def _create(desk: Desk, given: Given) -> Answered:
    settings = desk.settings
    if not settings.paystar_gateway_active:
        raise _refused(_Code.INACTIVE)
    asked = _read_payment(given)
    if settings.paystar_gateway_signed:
        _require_sign(given, [(asked.amount_rial, asked.order_id, asked.callback)], code=_Code.INVALID)
    if asked.amount_rial > settings.paystar_gateway_ceiling_rial:
        raise _refused(_Code.OVER_CEILING)
    payment = desk.payments.create(asked)
    return Answered(
        {
            "token": payment.token,
            "ref_num": payment.ref_num,
            "order_id": asked.order_id,
            "payment_amount": payment.payment_amount_rial,
        }
    )


def _verify(desk: Desk, given: Given) -> Answered:
    problems: Problems = {}
    ref_num = _text(given, "ref_num", problems)
    amount = _amount(given, problems)
    if problems:
        raise _refused(_Code.PARAMETERS, data=problems)
    payment = _find(desk, ref_num)
    # Without a card and a tracking code there is nothing that a sign could be made from: this is asked first.
    if payment.paid_at is None:
        raise _refused(_Code.NOT_VERIFIABLE)
    if desk.settings.paystar_gateway_signed:
        fields = callback_fields(payment)
        forms: list[tuple[object, ...]] = [(amount, ref_num, fields["card_number"], fields["tracking_code"])]
        if desk.settings.paystar_gateway_short_verify_sign:
            forms.append((amount, ref_num))
        _require_sign(given, forms, code=_Code.VERIFICATION_FAILED)
    if amount not in {payment.asked.amount_rial, payment.payment_amount_rial}:
        raise _refused(_Code.VERIFICATION_FAILED)
    try:
        desk.payments.verify(payment)
    except Unfit as unfit:
        raise _refused(_REFUSALS[unfit.why]) from None
    return Answered({"price": amount, "ref_num": ref_num, "card_number": _masked(payment)})


def _inquiry(desk: Desk, given: Given) -> Answered:
    problems: Problems = {}
    ref_num = _text(given, "ref_num", problems)
    if problems:
        raise _refused(_Code.PARAMETERS, data=problems)
    payment = _find(desk, ref_num)
    return Answered(
        {
            "ref_num": payment.ref_num,
            "status": payment.state(desk.clock.timestamp()),
            "payment_date": _tehran(payment.paid_at),
            "payment_amount": payment.payment_amount_rial,
            "order_id": payment.asked.order_id,
            "ref_id": payment.ref_id,
            "tracking_code": payment.tracking_code,
            "card_number": _masked(payment),
            "hashed_card_number": hashed_card(payment.card) if payment.card and payment.paid_at is not None else None,
        }
    )


def _pay(desk: Desk, given: Given) -> Answer:
    lang = page.language(given.get("lang"))
    token = str(given.get("token", ""))
    try:
        choice, card = str(given.get("outcome", "")), str(given.get("card", ""))
        if choice not in set(Outcome):
            return _ask(desk, desk.payments.by_token(token), lang=lang)
        payment = payer.act(desk.payments, desk.population, token, outcome=Outcome(choice), card=card)
    except payer.NoCard:
        return _ask(desk, desk.payments.by_token(token), lang=lang, refused_card=card)
    except Unfit as unfit:
        status, code = _CLOSED_PAGES[unfit.why]
        return Answer(status, page.notice(unfit.why, code=code, lang=lang), _PAGE_HEADERS)
    return _send_back(payment, lang=lang)


def _ask(desk: Desk, payment: Payment, *, lang: page.Language, refused_card: str | None = None) -> Answer:
    card = payer.usual_card(payment, desk.population) if refused_card is None else refused_card
    left = payment.expires_at - desk.clock.timestamp()
    html = page.payment_form(payment, lang=lang, card=card, seconds_left=left, refused=refused_card is not None)
    return Answer(200, html, _PAGE_HEADERS)


def _send_back(payment: Payment, *, lang: page.Language) -> Answer:
    fields = callback_fields(payment)
    if payment.asked.callback_by_get:
        return Answer(303, b"", (("Location", location(payment.asked.callback, fields)), *_PAGE_HEADERS))
    return Answer(200, page.sending_back(payment, fields, lang=lang), _PAGE_HEADERS)


def _find(desk: Desk, ref_num: str) -> Payment:
    try:
        return desk.payments.by_ref_num(ref_num)
    except Unfit as unfit:
        raise _refused(_REFUSALS[unfit.why]) from None


def _read_payment(given: Given) -> NewPayment:
    problems: Problems = {}
    asked = NewPayment(
        order_id=_text(given, "order_id", problems),
        amount_rial=_amount(given, problems),
        callback=_text(given, "callback", problems),
        callback_by_get=str(given.get("callback_method", "")) == "1",
        card=_checked(given, "card_number", identifiers.card, problems),
        national_code=_checked(given, "national_code", identifiers.national_code, problems),
    )
    if asked.amount_rial < LEAST_RIAL and "amount" not in problems:
        problems["amount"] = [f"حداقل مبلغ {LEAST_RIAL} ریال است."]
    if asked.callback and not is_callback(asked.callback):
        problems["callback"] = [_WRONG]
    if problems:
        raise _refused(_Code.PARAMETERS, data=problems)
    return asked


def _require_sign(given: Given, forms: Sequence[tuple[object, ...]], *, code: _Code) -> None:
    sign = given.get("sign")
    if not isinstance(sign, str) or not sign:
        raise _refused(_Code.PARAMETERS, data={"sign": [_REQUIRED]})
    if not any(is_signed(sign, CREDENTIALS.gateway_sign_key, *parts) for parts in forms):
        raise _refused(code)


def _refused(code: _Code, *, data: Problems | None = None) -> Refused:
    return Refused(int(code), _MESSAGES[code], data=data)


def _text(given: Given, name: str, problems: Problems) -> str:
    value = given.get(name)
    if value is None or value == "":
        problems[name] = [_REQUIRED]
    elif (
        type(value) not in {str, int} or len(str(value)) > _MAX_LENGTHS.get(name, _MAX_TEXT) or _HALF.search(str(value))
    ):
        problems[name] = [_WRONG]
    else:
        return str(value)
    return ""


def _amount(given: Given, problems: Problems) -> int:
    """The amount in Rial, given as an integer or as its digits; ``10000.0`` is none."""
    text = _text(given, "amount", problems)
    if text and not (is_ascii_number(text) and len(text) <= _MAX_DIGITS):
        problems["amount"] = [_WRONG]
    return int(text) if "amount" not in problems else 0


def _checked(given: Given, name: str, rule: Any, problems: Problems) -> str | None:
    value = given.get(name)
    if value is None or value == "":
        return None
    checked: Checked = rule(value)
    if not checked.ok:
        problems[name] = [_WRONG]
    return checked.value


def _masked(payment: Payment) -> str | None:
    return mask_card(payment.card) if payment.card and payment.paid_at is not None else None


def _tehran(at: float | None) -> str | None:
    return None if at is None else f"{datetime.fromtimestamp(at, UTC).astimezone(TEHRAN):%Y-%m-%d %H:%M:%S}"


SERVICES: tuple[Service, ...] = (
    Service("paystar.gateway_create", ("POST",), "/pardakht/create", Family.GATEWAY, Key.GATEWAY_ID, _create),
    Service("paystar.gateway_pay", ("GET", "POST"), "/pardakht/payment", Family.GATEWAY, None, _pay),
    Service("paystar.gateway_verify", ("POST",), "/pardakht/verify", Family.GATEWAY, Key.GATEWAY_ID, _verify),
    Service("paystar.gateway_inquiry", ("POST",), "/pardakht/inquiry", Family.GATEWAY, Key.GATEWAY_ID, _inquiry),
)
"""The rows of the gateway; none is ever billed."""
