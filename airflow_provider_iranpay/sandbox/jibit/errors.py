"""Every refusal of the Jibit face: its code, its HTTP status and its Persian message. No rule that decides on one.

The envelope is documented (captured); of the statuses only 403 ``forbidden`` and 400 ``birthDate.not_valid`` were
observed, all others are assumed, and clients are told to branch on the code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_iranpay.sandbox.messages import json_answer

if TYPE_CHECKING:
    from airflow_provider_iranpay.sandbox.messages import Answer

__all__ = ["EXACT", "SUFFIXES", "Refused", "refusal"]


class Refused(Exception):
    """Ends the handling of a request with the code of the refusal."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


EXACT: dict[str, tuple[int, str]] = {
    "forbidden": (403, "دسترسی شما به این سرویس مجاز نیست."),
    "token.is_required": (401, "توکن دسترسی ارسال نشده است."),
    "invalid.credentials": (400, "کلید دسترسی یا کلید محرمانه نادرست است."),
    "invalid.tokens_pair": (400, "توکن دسترسی و توکن تازه‌سازی به هم تعلق ندارند."),
    "client.not_found": (400, "کاربر سرویس یافت نشد."),
    "refreshToken.not_valid": (400, "توکن تازه‌سازی معتبر نیست."),
    "handler.not_found": (404, "چنین سرویسی وجود ندارد."),
    "invalid.request_body": (400, "بدنهٔ درخواست قابل خواندن نیست."),
    "parameters.not_acceptable": (400, "ترکیب پارامترها قابل قبول نیست."),
    "balance.not_enough": (400, "موجودی حساب شما کافی نیست."),
    "daily_limit.reached": (429, "سقف استفادهٔ روزانه پر شده است."),
    "server.error": (500, "خطای داخلی سرور."),
    "providers.not_available": (503, "سرویس‌دهنده‌ها در دسترس نیستند."),
    "card.provider_is_not_active": (503, "سرویس‌دهندهٔ کارت فعال نیست."),
    "card.source_bank_is_not_active": (503, "بانک صادرکنندهٔ کارت پاسخگو نیست."),
    "card.not_active": (400, "کارت فعال نیست."),
    "card.is_expired": (400, "تاریخ انقضای کارت گذشته است."),
    "card.registered_as_lost": (400, "کارت مفقودی اعلام شده است."),
    "card.registered_as_stolen": (400, "کارت مسروقه اعلام شده است."),
    "card.owner_not_authorized": (400, "دارندهٔ کارت مجاز نیست."),
    "card_type.not_supported": (400, "این نوع کارت پشتیبانی نمی‌شود."),
    "matching.unknown": (400, "نتیجهٔ تطبیق نامشخص است."),
    "conversion.failed": (400, "تبدیل انجام نشد."),
    "identity_info.not_found": (404, "اطلاعات هویتی یافت نشد."),
    "iban.owner_not_found": (404, "صاحب شبا یافت نشد."),
    "names.not_match": (400, "نام‌ها با هم مطابقت ندارند."),
}
"""Code to status and message."""

SUFFIXES: dict[str, tuple[int, str]] = {
    "is_required": (400, "وارد کردن {subject} الزامی است."),
    "not_valid": (400, "مقدار {subject} معتبر نیست."),
    "not_found": (404, "{subject} یافت نشد."),
    "length_exceeded": (400, "طول {subject} بیش از حد مجاز است."),
    "black_listed": (400, "{subject} در فهرست سیاه است."),
}
"""Last word of any other code to status and message; ``subject`` is what stands before it."""

_UNLISTED = (400, "درخواست پذیرفته نشد.")


def refusal(code: str, *, status: int | None = None, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    """The answer that carries ``code``.

    :param status: instead of the table's; a code that no table knows gets 400.
    """
    subject, _, suffix = code.rpartition(".")
    listed, message = EXACT.get(code) or SUFFIXES.get(suffix, _UNLISTED)
    return json_answer(status or listed, {"code": code, "message": message.format(subject=subject)}, headers)
