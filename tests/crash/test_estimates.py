"""The estimate of a run against its bill, over a sandbox on which much goes wrong."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.crash.nights import SERVICES

PEOPLE = tuple(range(100))
KEPT = 10
FAULTS = [
    ("error", {"status": 400, "code": "matching.unknown", "probability": 0.1}),
    ("json_5xx", {"probability": 0.1}),
    ("reset_after", {"probability": 0.1}),
    ("reset_before", {"probability": 0.1}),
    ("non_json", {"probability": 0.1}),
]
"""A definite no, one that passes, an answer that is lost, a request that is lost, an answer that is none."""
ANSWERS = ("matched", "not_matched", "invalid_input")


@pytest.mark.parametrize("seed", [1, 2])
def test_the_estimate_is_the_bill_and_the_errors(night, seed):
    night.do(people=PEOPLE[:KEPT])
    for kind, options in FAULTS:
        night.sandbox.world.faults.add(kind, service=SERVICES["jibit"], seed=seed, **options)
    fixed = {"people": PEOPLE, "as_of": "tonight"}
    estimate = night.start(estimate_only=True, **fixed).manifest()["estimate"]
    assert (estimate["kept"], estimate["to_ask"], len(night.billed)) == (KEPT, len(PEOPLE) - KEPT, KEPT)

    manifest = night.do(**fixed)
    assert manifest["estimate"] == estimate
    errors = sum(count for status, count in manifest["status"].items() if status not in ANSWERS)
    states = {attempt.track_id: attempt.state for attempt in night.attempts()}
    billed = Counter(states[track_id] for track_id in night.billed[KEPT:])
    assert errors > 0
    assert estimate["to_ask"] == billed["answered"] + errors
    assert billed["unknown"] == billed.total() - billed["answered"] <= manifest["unknown"]
    assert manifest["spent_rial"] + manifest["reserved_rial"] <= estimate["cost_rial"]
    assert night.billed_again == {}
    night.assert_books_agree()


def test_a_run_that_is_cleared_pays_nothing_again(night):
    fixed = {"as_of": "tonight"}
    paid = night.do(**fixed)
    again = night.do(**fixed)
    assert again["as_of"] == paid["as_of"]
    assert (again["attempts"], again["origin"]["cached"]) == (0, len(night.errand.people))
