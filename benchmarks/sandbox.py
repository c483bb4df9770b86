"""How fast the sandbox answers, with one core of its own, and how soon it is there.

Every round asks about people of whom nobody has asked before, as a bulk run does: the sandbox has to make each of them.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from functools import partial
from itertools import count, islice

import aiohttp
import requests

from airflow_provider_iranpay.sandbox.jibit.tokens import API_KEY, SECRET_KEY
from airflow_provider_iranpay.sandbox.population import Population
from airflow_provider_iranpay.sandbox.sample import customer
from benchmarks.measuring import Benchmark, Round, Timing, duration, interleaved, per_second, timed
from benchmarks.place import Place

__all__ = ["BENCHMARKS"]

_CONNECTIONS = 16
_REQUESTS = 3_000
_REQUEST_ROUNDS = 9
_START_ROUNDS = 7
_TIMEOUT_SECONDS = 60
_SERVE = ("airflow_provider_iranpay.sandbox", "serve", "--port", "0")

Query = dict[str, str]


def _request_rounds(place: Place) -> Iterator[Round]:
    with place.serving(*_SERVE) as line, asyncio.Runner() as runner:
        url = _jibit_url(line)
        session = runner.run(_open_session(url, _token(url)))
        try:
            yield from interleaved({"request": partial(_ask, runner, session, _queries())}, rounds=_REQUEST_ROUNDS)
        finally:
            runner.run(session.close())


def _jibit_url(line: str) -> str:
    found = re.search(r"Jibit at (http://\S+/ide)", line)
    if not found:
        raise SystemExit(f"The sandbox does not say where it serves Jibit: {line}")
    return found[1]


def _token(url: str) -> str:
    keys = {"apiKey": API_KEY, "secretKey": SECRET_KEY}
    answer = requests.post(f"{url}/v1/tokens/generate", json=keys, timeout=_TIMEOUT_SECONDS)
    return str(answer.json()["accessToken"])


async def _open_session(url: str, token: str) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        base_url=f"{url}/",
        connector=aiohttp.TCPConnector(limit=_CONNECTIONS),
        headers={"Authorization": f"Bearer {token}"},
        raise_for_status=True,
    )


def _queries() -> Iterator[Query]:
    population = Population(seed=1)
    for index in count():
        row = customer(population, index)
        yield {"cardNumber": row.card, "nationalCode": row.national_code, "birthDate": row.birth_date}


def _ask(runner: asyncio.Runner, session: aiohttp.ClientSession, people: Iterator[Query]) -> Timing:
    queries = list(islice(people, _REQUESTS))
    return timed(lambda: runner.run(_ask_all(session, queries)), units=_REQUESTS)


async def _ask_all(session: aiohttp.ClientSession, queries: Iterable[Query]) -> None:
    """Ask everything once, on each connection one question after another."""
    waiting = iter(queries)

    async def ask_on_one_connection() -> None:
        for query in waiting:
            async with session.get("v1/services/matching", params=query) as answer:
                await answer.read()

    await asyncio.gather(*(ask_on_one_connection() for _ in range(_CONNECTIONS)))


def _start_rounds(place: Place) -> Iterator[Round]:
    yield from interleaved({"start": partial(_start, place)}, rounds=_START_ROUNDS)


def _start(place: Place) -> Timing:
    with ExitStack() as stop:
        return timed(lambda: stop.enter_context(place.serving(*_SERVE)), units=1)


BENCHMARKS = [
    Benchmark(
        title="asking the sandbox",
        figures=[per_second("sandbox_requests_per_second", contender="request")],
        rounds=_request_rounds,
    ),
    Benchmark(
        title="starting the sandbox",
        figures=[duration("sandbox_start_seconds", contender="start", clock="wall", unit="s")],
        rounds=_start_rounds,
    ),
]
