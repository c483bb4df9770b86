"""Paystar's envelope: ``status``, ``message`` and ``data``, by family; HTTP statuses and Persian messages of the codes.

Codes are documented, the forms of a dead Bearer observed; the HTTP statuses and the messages but one are assumed.
"""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING, Any

from airflow_provider_iranpay.sandbox.later_version import later
from airflow_provider_iranpay.sandbox.messages import json_answer
from airflow_provider_iranpay.sandbox.paystar.service import Family, Refused

if TYPE_CHECKING:
    from airflow_provider_iranpay.sandbox.messages import Answer
    from airflow_provider_iranpay.sandbox.paystar.service import Answered, Service
    from airflow_provider_iranpay.sandbox.settings import Settings

__all__ = ["Envelope", "invalid_access", "no_such_path", "unauthenticated", "unauthorized"]

_SUCCESS: dict[Family, int | str] = {Family.GATEWAY: 1, Family.CODES: 1, Family.TEXT: "ok"}
_CODES: dict[int | str, tuple[int, str]] = {
    0: (500, "خطای داخلی سرویس."),
    2: (200, "اپلیکیشن یافت نشد."),
    3: (200, "اپلیکیشن غیرفعال است."),
    4: (200, "توکن نامعتبر است."),
    5: (200, "توکن منقضی شده است."),
    6: (200, "رمز دسترسی نادرست است."),
    7: (200, "آی‌پی شما در فهرست مجاز نیست."),
    8: (200, "این سرویس غیرفعال است."),
    9: (200, "موجودی کیف پول کافی نیست."),
    10: (422, "ورودی نامعتبر است."),
    11: (200, "سرویس‌دهندهٔ بالادستی خطا داد."),
    12: (200, "تنظیمات این سرویس کامل نیست."),
    13: (200, "توکن تازه‌سازی نامعتبر است."),
    -1: (200, "درخواست نامعتبر است."),
    -2: (200, "درگاه فعال نیست."),
    -99: (200, "خطای سامانه."),
    "error": (500, "خطای داخلی سرویس."),
}
_OTHER = (200, "درخواست پذیرفته نشد.")
_LEFT_OUT = object()
_NOTHING_FORMS: tuple[Any, ...] = ([], None, _LEFT_OUT)


class Envelope:
    """Wraps what a row answers."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.reset()

    def reset(self) -> None:
        """The next answer without data has the first of the odd forms again."""
        self._nothing = cycle(_NOTHING_FORMS)

    def success(self, family: Family, answered: Answered) -> Answer:
        """HTTP 200 with the success of the family."""
        data = answered.data
        in_a_list = self._settings.paystar_data_forms == "odd" and data and isinstance(data, dict)
        return json_answer(200, self._body(_SUCCESS[family], answered.message, [data] if in_a_list else data))

    def refusal(self, refused: Refused, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
        """The error; a code that no table knows gets HTTP 200."""
        status, message = _CODES.get(refused.code, _OTHER)
        body = self._body(refused.code, refused.message or message, refused.data)
        return json_answer(refused.status or status, body, headers)

    def _body(self, status: int | str, message: str, data: Any) -> Any:
        body = {"status": status, "message": message, "data": data}
        if self._settings.paystar_data_forms == "odd" and not data:
            body["data"] = next(self._nothing)
            if body["data"] is _LEFT_OUT:
                del body["data"]
        return later(body, fields=True) if self._settings.unknown_fields else body


def unauthenticated(service: Service) -> Answer:
    """A Bearer that is not accepted, as the gateway says it."""
    tag, *_, action = service.path.strip("/").split("/")
    return json_answer(
        200,
        {
            "status": "unauthenticated",
            "message": "احراز هویت انجام نشد.",
            "tag": tag,
            "action": action,
            "api_version": "v1",
        },
    )


def unauthorized() -> Answer:
    """A Bearer that is not accepted, as HTTP says it."""
    return json_answer(401, {"message": "Unauthenticated."})


def invalid_access(status: int = 400) -> Answer:
    """A Bearer that is not accepted, in the provider's own words (observed; ``status`` of the body is assumed)."""
    return json_answer(status, {"status": "error", "message": "دسترسی نامعتبر"})


def no_such_path() -> Answer:
    """A request that means no service."""
    return json_answer(404, {"message": "چنین مسیری وجود ندارد."})
