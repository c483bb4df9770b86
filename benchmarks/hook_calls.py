"""One call of a hook, beside Airflow's ``HttpHook`` and a bare ``requests.Session``, on one connection kept alive.

All three ask the same question and hand back the same ``bool``; only ours checks what it asks and what it is told.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator

import requests
from airflow.providers.http.hooks.http import HttpHook

from airflow_provider_iranpay.hooks.jibit import JibitHook
from airflow_provider_iranpay.iran.identifiers import complete_national_code
from benchmarks.measuring import Benchmark, Round, Timing, interleaved, per_second, ratio, timed
from benchmarks.place import Place

__all__ = ["BENCHMARKS"]

_CALLS = 500
_ROUNDS = 15

_PATH = "/v1/services/matching"
_MOBILE = "09120000000"
_NATIONAL_CODE = complete_national_code("123123123")
_QUERY = {"nationalCode": _NATIONAL_CODE, "mobileNumber": _MOBILE}
_HEADERS = {"Authorization": "Bearer benchmark-access"}
_TIMEOUT_SECONDS = 60


def _rounds(place: Place) -> Iterator[Round]:
    with place.serving("benchmarks.loopback") as port:
        url = f"http://127.0.0.1:{port}"
        os.environ["AIRFLOW_CONN_JIBIT_DEFAULT"] = json.dumps(
            {"conn_type": "jibit", "host": url, "login": "benchmark", "password": "benchmark"}
        )
        os.environ["AIRFLOW_CONN_HTTP_DEFAULT"] = json.dumps({"conn_type": "http", "host": url})
        hook, airflow_hook = JibitHook(), HttpHook(method="GET")
        with requests.Session() as session:
            calls: dict[str, Callable[[], bool]] = {
                "hook": lambda: hook.match_mobile(_MOBILE, _NATIONAL_CODE),
                "httphook": lambda: airflow_hook.run(_PATH, _QUERY, _HEADERS).json()["matched"],
                "requests": lambda: session.get(
                    url + _PATH, params=_QUERY, headers=_HEADERS, timeout=_TIMEOUT_SECONDS
                ).json()["matched"],
            }
            yield from interleaved({name: _many(call) for name, call in calls.items()}, rounds=_ROUNDS)


def _many(call: Callable[[], bool]) -> Callable[[], Timing]:
    def calls() -> None:
        for _ in range(_CALLS):
            if call() is not True:
                raise SystemExit("The loopback server has given another answer than its own.")

    return lambda: timed(calls, units=_CALLS)


BENCHMARKS = [
    Benchmark(
        title="one call of a hook",
        figures=[
            ratio("hook_call_vs_httphook", subject="hook", peer="httphook", clock="cpu"),
            ratio("hook_call_vs_requests", subject="hook", peer="requests", clock="cpu"),
            per_second("hook_calls_per_second", contender="hook"),
        ],
        rounds=_rounds,
    )
]
