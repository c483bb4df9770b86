"""Workers that share one rate while one is killed and another one freezes; a server notes when requests come."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from array import array
from bisect import bisect_left
from contextlib import contextmanager

from airflow_provider_iranpay.client.pacer import BLOCK_SECONDS
from benchmarks.loopback import Answering
from tests.crash.nights import until

RATE = 40
"""Low enough that a busy machine loses few slots."""
FROZEN_SECONDS = 1.5


@contextmanager
def counting():
    """Serve answers, each at once; give the URL and when requests came."""
    loop, times = asyncio.new_event_loop(), array("d")
    server = loop.run_until_complete(loop.create_server(lambda: Answering(times), "127.0.0.1", 0))
    serving = threading.Thread(target=loop.run_forever)
    serving.start()
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", times
    finally:
        loop.call_soon_threadsafe(loop.stop)
        serving.join()
        server.close()
        loop.close()


def most_in_a_second(times):
    return max(bisect_left(times, moment + 1.0) - place for place, moment in enumerate(times))


def between(times, since, until_then):
    return bisect_left(times, until_then) - bisect_left(times, since)


def test_three_workers_share_one_rate_though_one_is_killed_and_another_one_freezes(night):
    with counting() as (url, times):
        killed, frozen, steady = (
            night.start(
                people=tuple(range(start, start + count)),
                url=url,
                rate_per_second=RATE,
                concurrency=16,
                cap_rial=10**10,
            )
            for start, count in ((0, 1000), (1000, 240), (2000, 540))
        )
        until(lambda: len(times) > RATE and all(one.has_begun for one in night.workers))
        began = time.monotonic()
        until(lambda: time.monotonic() > began + 1.5)
        killed.signal(signal.SIGKILL)
        until(lambda: time.monotonic() > began + 2.0)
        frozen.signal(signal.SIGSTOP)
        froze = time.monotonic()
        until(lambda: time.monotonic() > froze + FROZEN_SECONDS)
        frozen.signal(signal.SIGCONT)
        awake = time.monotonic()
        assert frozen.manifest()["status"]["matched"] == 240 + 1
        assert steady.manifest()["status"]["matched"] == 540 + 1
    assert killed.join() == -signal.SIGKILL
    assert most_in_a_second(times) <= RATE * (1 + BLOCK_SECONDS) + 1
    # On SQLite a worker that is frozen while it writes holds up the others: that time does not count.
    used = between(times, began, froze) + between(times, awake, times[-1])
    assert used >= 0.85 * RATE * (froze - began + times[-1] - awake)
