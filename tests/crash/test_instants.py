"""Workers that are killed at random instants of a run: as many as the environment variable IRANPAY_CRASHES says."""

from __future__ import annotations

import os
import random
import signal

import pytest

from airflow_provider_iranpay.sandbox.latency import Latency
from tests.crash.nights import until

INSTANTS = int(os.environ.get("IRANPAY_CRASHES", "12"))
ENGINES = [("sqlite", instant) for instant in range(INSTANTS)] + [
    ("postgresql", instant) for instant in range(1, INSTANTS, 2)
]


@pytest.mark.parametrize(("warehouse_url", "instant"), ENGINES, indirect=["warehouse_url"])
def test_a_worker_that_is_killed_at_any_instant_has_paid_nothing_that_is_paid_again(night, instant):
    """The instant is a few milliseconds after some request has come in: in the midst of a run on any machine."""
    night.sandbox.world.settings.latency = Latency("uniform", 0.0, 0.02, seed=instant)
    dice = random.Random(instant)
    received = dice.randint(0, len(night.errand.people))
    worker = night.start()
    until(lambda: worker.has_begun and night.received >= received)
    worker.process.join(dice.uniform(0.0, 0.05))
    worker.process.kill()
    assert worker.join() in (0, -signal.SIGKILL)
    left = night.states()["claimed"]
    assert left <= 2 * night.errand.concurrency
    night.assert_books_agree()

    night.let_leases_end()
    manifest = night.do()
    assert manifest["unknown"] == night.states()["unknown"] == left
    assert night.billed_again == {}
    night.assert_books_agree()
