"""What the payer sees: the payment form, the way back to the merchant, and kind words for a token that does not open.

Pages are whole in themselves: no script is needed and nothing is loaded. What a payment is, and what a choice does, is
not known here. Everything that was given by somebody is escaped in :func:`_fill`, the one place that fills a template.
"""

from __future__ import annotations

import math
from enum import StrEnum
from functools import lru_cache
from html import escape
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from airflow_provider_iranpay.sandbox.paystar.payments import Outcome, Why

if TYPE_CHECKING:
    from airflow_provider_iranpay.sandbox.paystar.payments import Payment

__all__ = ["Language", "language", "notice", "payment_form", "sending_back"]


class Language(StrEnum):
    """The languages of the pages."""

    FA = "fa"
    EN = "en"


_DIRECTIONS = {Language.FA: "rtl", Language.EN: "ltr"}
_PERSIAN = str.maketrans("0123456789,.", "۰۱۲۳۴۵۶۷۸۹٬٫")

_TEXTS: dict[Language, dict[str, str]] = {
    Language.FA: {
        "sandbox": "محیط آزمایشی: هیچ پولی جابه‌جا نمی‌شود.",
        "title": "پرداخت آزمایشی",
        "in_rial": "{} ریال",
        "in_toman": "برابر با {} تومان",
        "order_label": "شماره سفارش",
        "left_label": "زمان باقی‌مانده",
        "minutes": "{} دقیقه",
        "card_label": "شماره کارت",
        "card_hint": "این کارت ساختگی است؛ می‌توانید شماره دیگری بنویسید.",
        "card_wrong": "این شماره کارت درست نیست. شانزده رقم آن را دوباره ببینید.",
        "pay": "پرداخت",
        "fail": "رد کردن کارت",
        "cancel": "انصراف",
        "paid": "پرداخت انجام شد",
        "not_paid": "پرداخت انجام نشد",
        "going_back": "به سایت پذیرنده برمی‌گردید.",
        "continue": "بازگشت به سایت پذیرنده",
        Why.TOKEN_UNKNOWN.name: "پیوند پرداخت معتبر نیست",
        Why.TOKEN_USED.name: "این پرداخت پیش‌تر به پایان رسیده است",
        Why.TOKEN_EXPIRED.name: "مهلت این پرداخت گذشته است",
        "start_again": "به سایت پذیرنده برگردید؛ نتیجه آنجاست و اگر لازم است از همان‌جا دوباره آغاز کنید.",
    },
    Language.EN: {
        "sandbox": "This is a sandbox: no money moves.",
        "title": "Sandbox payment",
        "in_rial": "{} Rial",
        "in_toman": "equal to {} Toman",
        "order_label": "Order",
        "left_label": "Time left",
        "minutes": "{} min",
        "card_label": "Card number",
        "card_hint": "This card is invented; you may type another one.",
        "card_wrong": "This is no card number. Please look at its sixteen digits again.",
        "pay": "Pay",
        "fail": "Refuse card",
        "cancel": "Cancel",
        "paid": "Paid",
        "not_paid": "Not paid",
        "going_back": "You are going back to the merchant.",
        "continue": "Back to the merchant",
        Why.TOKEN_UNKNOWN.name: "This payment is not known",
        Why.TOKEN_USED.name: "This payment is already over",
        Why.TOKEN_EXPIRED.name: "The time for this payment is over",
        "start_again": "Go back to the merchant: the result stands there, and you may start again from there.",
    },
}


def language(given: object) -> Language:
    """The language that was asked for; Persian unless it is English."""
    return Language.EN if given == Language.EN else Language.FA


def payment_form(payment: Payment, *, lang: Language, card: str, seconds_left: float, refused: bool = False) -> bytes:
    """The page on which a payer decides.

    :param card: what stands in the card field first.
    :param seconds_left: until the token dies.
    :param refused: whether ``card`` was tried and is no card number.
    """
    texts = _TEXTS[lang]
    rial = payment.payment_amount_rial
    other = Language.EN if lang is Language.FA else Language.FA
    main = _fill(
        "payment_form",
        **texts,
        lang=lang,
        rial=str(rial),
        amount=texts["in_rial"].format(_number(rial, lang)),
        toman=texts["in_toman"].format(_number(rial / 10 if rial % 10 else rial // 10, lang)),
        order_id=payment.asked.order_id,
        left=texts["minutes"].format(_number(math.ceil(seconds_left / 60), lang)),
        token=payment.token,
        card=card if refused else " ".join(card[place : place + 4] for place in range(0, len(card), 4)),
        raw={
            "described": 'aria-invalid="true" aria-describedby="card-wrong card-hint"'
            if refused
            else 'aria-describedby="card-hint"',
            "wrong": f'<p class="wrong" role="alert" id="card-wrong">{texts["card_wrong"]}</p>\n' if refused else "",
        },
    )
    return _page(main, title=texts["title"], lang=lang, switch=(other, {"token": payment.token, "lang": other}))


def sending_back(payment: Payment, fields: dict[str, str], *, lang: Language) -> bytes:
    """The page that carries ``fields`` to the merchant: by itself, or by a button where scripts are off."""
    texts = _TEXTS[lang]
    title = texts["paid" if payment.outcome is Outcome.PAY else "not_paid"]
    hidden = (f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in fields.items())
    main = _fill(
        "sending_back",
        title=title,
        text=texts["going_back"],
        action=payment.asked.callback,
        button=texts["continue"],
        raw={"fields": "\n".join(hidden)},
    )
    return _page(main, title=title, lang=lang)


def notice(why: Why, *, code: int, lang: Language) -> bytes:
    """The page for a token that does not open a payment.

    :param code: the gateway's code for it, in small print.
    """
    texts = _TEXTS[lang]
    main = _fill("notice", title=texts[why.name], text=texts["start_again"], code=str(code))
    return _page(main, title=texts[why.name], lang=lang)


def _page(main: str, *, title: str, lang: Language, switch: tuple[Language, dict[str, str]] | None = None) -> bytes:
    footer = ""
    if switch is not None:
        other, query = switch
        name = {Language.FA: "فارسی", Language.EN: "English"}[other]
        link = f'<a id="language" lang="{other}" href="?{escape(urlencode(query))}">{name}</a>'
        footer = f"<footer>{link}</footer>"
    return _fill(
        "frame",
        lang=lang,
        dir=_DIRECTIONS[lang],
        title=title,
        sandbox=_TEXTS[lang]["sandbox"],
        raw={"main": main, "footer": footer},
    ).encode(errors="replace")


def _fill(name: str, *, raw: dict[str, str] | None = None, **texts: str) -> str:
    """A template with ``texts`` escaped, and ``raw`` as it is because it is markup of ours."""
    escaped = {key: escape(text) for key, text in texts.items()}
    return _template(name).substitute(escaped | (raw or {}))


@lru_cache
def _template(name: str) -> Template:
    return Template(files(__package__).joinpath("templates", f"{name}.html").read_text(encoding="utf-8"))


def _number(number: float, lang: Language) -> str:
    text = f"{number:,}"
    return text.translate(_PERSIAN) if lang is Language.FA else text
