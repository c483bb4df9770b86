"""Two workers at the same time over the same questions."""

from __future__ import annotations

from airflow_provider_iranpay.sandbox.latency import Latency
from tests.crash.nights import until
from tests.crash.strikes import Strike

COUNT = 80


def test_two_workers_that_ask_the_same_in_opposite_order_pay_each_question_once(night):
    night.sandbox.world.settings.latency = Latency("fixed", 0.02)
    people = tuple(range(COUNT))
    workers = [night.start(people=order, in_order=True) for order in (people, people[::-1])]
    manifests = [worker.manifest() for worker in workers]
    paid = [manifest["paid"] for manifest in manifests]
    assert min(paid) > 0
    assert sum(paid) == len(night.billed) == COUNT
    assert night.billed_again == {}
    for manifest in manifests:
        cached = COUNT - manifest["paid"]
        assert manifest["origin"] == {"paid": manifest["paid"], "cached": cached, "duplicate": 1, "none": 1}
        assert manifest["status"] == {"matched": COUNT + 1, "invalid_input": 1}
    night.assert_books_agree()


def test_two_workers_that_ask_the_same_in_one_order_pay_each_question_once(night):
    night.sandbox.world.settings.latency = Latency("fixed", 0.02)
    manifests = [worker.manifest() for worker in [night.start(people=tuple(range(COUNT))) for _ in range(2)]]
    assert sum(manifest["paid"] for manifest in manifests) == len(night.billed) == COUNT
    assert night.billed_again == {}
    assert [manifest["status"] for manifest in manifests] == [{"matched": COUNT + 1, "invalid_input": 1}] * 2
    night.assert_books_agree()


def test_two_workers_whose_tables_overlap_get_each_others_answers(night):
    night.sandbox.world.settings.latency = Latency("fixed", 0.02)
    tables = tuple(range(60)), tuple(range(100, 39, -1))
    workers = [night.start(people=people, in_order=True) for people in tables]
    manifests = [worker.manifest() for worker in workers]
    assert len(night.billed) == sum(manifest["paid"] for manifest in manifests) == 101
    assert night.billed_again == {}
    for people, manifest in zip(tables, manifests, strict=True):
        assert manifest["paid"] + manifest["origin"].get("cached", 0) == len(people)
    night.assert_books_agree()


def test_two_workers_share_a_budget_to_the_last_rial(night):
    night.sandbox.world.settings.latency = Latency("fixed", 0.02)
    cap_rial = night.errand.price_rial * 50 + 1
    tables = tuple(range(60)), tuple(range(60, 120))
    workers = [night.start(people=people, cap_rial=cap_rial) for people in tables]
    manifests = [worker.manifest() for worker in workers]
    assert sum(manifest["paid"] for manifest in manifests) == len(night.billed) == 50
    assert sum(manifest["status"]["not_sent_budget"] for manifest in manifests) == 70
    night.assert_books_agree()


def test_a_worker_that_waits_for_one_that_has_died_goes_on_when_its_lease_is_over(night):
    dead = night.start(people=(1, 2, 3), strike=Strike("an_answer_has_come"))
    dead.join()
    leases = night.leases()
    waiting = night.start()
    until(lambda: night.states()["answered"] == 27)
    assert night.states()["claimed"] == 3
    night.let_lease_end(*leases)
    manifest = waiting.manifest()
    assert (manifest["paid"], manifest["unknown"]) == (27, 3)
    night.assert_rows_close(manifest, waiting.errand)
    assert night.billed_again == {}
    night.assert_books_agree()
