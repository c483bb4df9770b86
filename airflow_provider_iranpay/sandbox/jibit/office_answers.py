"""Answers about the account itself: tokens, balances and the daily report. Parameters arrive validated."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from airflow_provider_iranpay.iran.days import from_jalali_yymmdd

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from airflow_provider_iranpay.sandbox.jibit.desk import Desk

__all__ = ["balances", "daily_report", "generate", "refresh"]


def generate(desk: Desk, asked: dict[str, str]) -> dict[str, Any]:
    """``POST /v1/tokens/generate``"""
    return {**desk.tokens.generate(asked["apiKey"], asked["secretKey"])}


def refresh(desk: Desk, asked: dict[str, str]) -> dict[str, Any]:
    """``POST /v1/tokens/refresh``"""
    return {**desk.tokens.refresh(asked["accessToken"], asked["refreshToken"])}


def balances(desk: Desk, _: dict[str, str]) -> dict[str, Any]:
    """``/v1/balances``"""
    return {
        "balances": [
            {"balanceType": kind, "currency": desk.settings.currency, "amount": amount}
            for kind, amount in desk.settings.balances.items()
        ]
    }


def daily_report(names: Mapping[str, tuple[str, str]]) -> Callable[[Desk, dict[str, str]], dict[str, Any]]:
    """``/v1/reports/daily?yearMonthDay=``

    :param names: service to its name and its Persian name in the report.
    """

    def answer(desk: Desk, asked: dict[str, str]) -> dict[str, Any]:
        settings = desk.settings
        day = desk.ledger.counts(from_jalali_yymmdd(asked["yearMonthDay"]))
        counts = Counter({service: count for service, count in day.items() if service in names})
        for service, correction in settings.report_corrections.get(asked["yearMonthDay"], {}).items():
            counts[service] = max(0, counts[service] + correction)
        parts = [
            {
                "services": [
                    {"service": names[service][0], "persianName": names[service][1], "count": share}
                    for service, count in sorted(counts.items())
                    if (share := _share(count, part, settings.report_parts))
                ]
            }
            for part in range(settings.report_parts)
        ]
        if settings.empty_report == "list":
            parts = [part for part in parts if part["services"]]
        return {"report": parts}

    return answer


def _share(count: int, part: int, parts: int) -> int:
    return count // parts + (part < count % parts)
