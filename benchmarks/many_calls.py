"""Many calls at once, beside a bare aiohttp loop, a session of requests in 64 threads, and ``HttpHook`` in a loop.

All ask the same question of the same server and look at the same ``bool``; only ours checks what it asks and what it is
told, and proves of each call that breaks whether it was sent.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import aiohttp
import requests
from airflow.providers.http.hooks.http import HttpHook

from airflow_provider_iranpay.api.jibit import Jibit
from airflow_provider_iranpay.api.jibit.endpoints import MATCH_MOBILE
from airflow_provider_iranpay.client.account import Account, ProcessMemory
from airflow_provider_iranpay.client.many_driver import Ended, Job, ManyClient
from airflow_provider_iranpay.client.network import Network
from airflow_provider_iranpay.iran.identifiers import complete_national_code
from benchmarks.measuring import Benchmark, Round, Timing, duration, interleaved, ratio, timed
from benchmarks.place import Place

__all__ = ["BENCHMARKS", "measured"]

_IN_FLIGHT = 64
_ROUNDS = 11
_MANY, _FEW = 4000, 400
"""Calls in a round: of the fast contenders, and of those that take as long for a tenth of them."""

_PATH = "/v1/services/matching"
_MOBILE = "09120000000"
_NATIONAL_CODE = complete_national_code("123123123")
_QUERY = {"nationalCode": _NATIONAL_CODE, "mobileNumber": _MOBILE}
_HEADERS = {"Authorization": "Bearer benchmark-access"}
_TIMEOUT_SECONDS = 60


class _Questions:
    """The same question many times; counts the answers that are as expected."""

    def __init__(self, calls: int) -> None:
        self._left = calls
        self.matched = 0

    def take(self) -> Job[Any] | None:
        if not self._left:
            return None
        self._left -= 1
        request = MATCH_MOBILE.request({"national_code": _NATIONAL_CODE, "mobile": _MOBILE})
        return Job(request, os.urandom(16).hex())

    def exhausted(self) -> bool:
        return not self._left

    def ended(self, job: Job[Any], ended: Ended) -> None:  # noqa: ARG002 - its count is enough
        self.matched += ended.value is True


def _many_client(url: str, calls: int) -> int:
    questions = _Questions(calls)
    client = ManyClient(
        Jibit("benchmark", "benchmark"),
        Network(base_url=url),
        account=Account(),
        store=ProcessMemory(),
        in_flight=_IN_FLIGHT,
    )
    client.run(questions)
    return questions.matched


def _aiohttp_loop(url: str, calls: int) -> int:
    return asyncio.run(_asked(url, calls))


async def _asked(url: str, calls: int) -> int:
    left = iter(range(calls))

    async def worker(session: aiohttp.ClientSession) -> int:
        matched = 0
        for _ in left:
            async with session.get(url + _PATH, params=_QUERY, headers=_HEADERS) as response:
                matched += json.loads(await response.read())["matched"] is True
        return matched

    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_TIMEOUT_SECONDS)) as session:
        return sum(await asyncio.gather(*(worker(session) for _ in range(_IN_FLIGHT))))


def _threads(url: str, calls: int) -> int:
    with requests.Session() as session, ThreadPoolExecutor(_IN_FLIGHT) as pool:
        session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=_IN_FLIGHT))

        def ask(_: int) -> bool:
            response = session.get(url + _PATH, params=_QUERY, headers=_HEADERS, timeout=_TIMEOUT_SECONDS)
            return response.json()["matched"] is True

        return sum(pool.map(ask, range(calls)))


def _airflow_hook(url: str, calls: int) -> int:
    os.environ["AIRFLOW_CONN_HTTP_DEFAULT"] = json.dumps({"conn_type": "http", "host": url})
    hook = HttpHook(method="GET")
    return sum(hook.run(_PATH, _QUERY, _HEADERS).json()["matched"] is True for _ in range(calls))


_CONTENDERS: dict[str, tuple[Callable[[str, int], int], int]] = {
    "many": (_many_client, _MANY),
    "aiohttp": (_aiohttp_loop, _MANY),
    "threads": (_threads, _FEW),
    "httphook": (_airflow_hook, _FEW),
}


def _rounds(place: Place) -> Iterator[Round]:
    with place.serving("benchmarks.loopback") as port:
        url = f"http://127.0.0.1:{port}"
        yield from interleaved(
            {name: measured(name, url, calls) for name, (_, calls) in _CONTENDERS.items()}, rounds=_ROUNDS
        )


def measured(name: str, url: str, calls: int) -> Callable[[], Timing]:
    """Return what lets a contender make so many calls, once."""
    ask, _ = _CONTENDERS[name]

    def all_of_them() -> None:
        if ask(url, calls) != calls:
            raise SystemExit("The loopback server has given another answer than its own.")

    return lambda: timed(all_of_them, units=calls)


BENCHMARKS = [
    Benchmark(
        title="many calls at once",
        figures=[
            duration("many_call_us", contender="many", clock="cpu", unit="µs"),
            ratio("many_call_vs_aiohttp", subject="many", peer="aiohttp", clock="cpu"),
            ratio("many_call_vs_requests_threads", subject="many", peer="threads", clock="cpu"),
            ratio("many_call_vs_httphook", subject="many", peer="httphook", clock="cpu"),
        ],
        rounds=_rounds,
    )
]
