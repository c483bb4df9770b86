"""When a fault fires: by service, path, order, count, chance."""

from __future__ import annotations

import pytest

from airflow_provider_iranpay.sandbox.faults import KINDS, FaultBook

SERVICES = frozenset({"sana", "military"})
PATH = "/ide/v1/services/social/sana"


@pytest.fixture
def book():
    return FaultBook(SERVICES)


def fired(book, times, *, service="sana", path=PATH, number=1):
    return [book.strike(service, path, number) is not None for _ in range(times)]


def test_without_conditions_it_fires_on_everything(book):
    book.add("reset_before")
    assert fired(book, 3) == [True] * 3


def test_by_service(book):
    book.add("reset_before", service="military")
    assert fired(book, 1) == [False]
    assert fired(book, 1, service="military") == [True]


def test_by_the_beginning_of_the_path(book):
    book.add("reset_before", path="/ide/v1/tokens")
    assert fired(book, 1) == [False]
    assert fired(book, 1, path="/ide/v1/tokens/generate") == [True]


def test_on_the_nth_fitting_request_once(book):
    book.add("reset_before", nth=3, service="sana")
    fired(book, 5, service="military")
    assert fired(book, 5) == [False, False, True, False, False]


def test_from_the_nth_request_a_number_of_times(book):
    book.add("reset_before", nth=2, count=2)
    assert fired(book, 5) == [False, True, True, False, False]


def test_a_number_of_times(book):
    book.add("forbidden", count=2)
    assert fired(book, 4) == [True, True, False, False]


def test_by_chance_always_the_same_for_a_seed(book):
    runs = []
    for _ in range(2):
        again = FaultBook(SERVICES)
        again.add("reset_before", probability=0.3, seed=4)
        runs.append(fired(again, 1000))
    assert runs[0] == runs[1]
    assert 250 < sum(runs[0]) < 350


def test_dying_on_reuse_waits_for_a_second_request(book):
    book.add("die_on_reuse")
    assert fired(book, 2, number=1) == [False, False]
    assert fired(book, 1, number=2) == [True]


def test_the_first_rule_that_fires_wins(book):
    first, second = book.add("hang", count=1), book.add("reset_before")
    assert [book.strike("sana", PATH, 1) for _ in range(2)] == [first, second]
    assert second.seen == 1


def test_a_rule_counts_what_it_saw_and_did(book):
    rule = book.add("cut_body", nth=2)
    fired(book, 3)
    assert (rule.seen, rule.fired) == (3, 1)


def test_rules_are_taken_out_by_number_or_all(book):
    rule = book.add("hang")
    book.add("reset_before")
    assert book.remove(rule.number)
    assert not book.remove(rule.number)
    assert [one.kind for one in book] == ["reset_before"]
    book.clear()
    assert list(book) == []


def test_options_have_defaults(book):
    assert book.add("json_5xx").options == {"status": 500, "code": "server.error"}
    assert book.add("json_5xx", status=503).options["status"] == 503


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("no_such_fault", {}),
        ("hang", {"service": "no_such_service"}),
        ("hang", {"seconds": 1}),
        ("hang", {"nth": "first"}),
        ("hang", {"count": True}),
        ("slow_bytes", {"seconds": "long"}),
        ("error", {}),
        ("redirect", {"status": 302}),
    ],
)
def test_a_wrong_rule_is_refused(book, kind, given):
    with pytest.raises(ValueError, match=r".+"):
        book.add(kind, **given)
    assert list(book) == []


def test_refusing_without_conditions_happens_at_once(book):
    asked = []
    book.refuse = asked.append
    book.add("refuse", seconds=2)
    assert asked == [2]
    assert list(book) == []


def test_refusing_with_conditions_happens_at_the_request(book):
    asked = []
    book.refuse = asked.append
    book.add("refuse", seconds=2, nth=2)
    fired(book, 1)
    assert asked == []
    fired(book, 1)
    assert asked == [2]


def test_every_kind_can_be_described(book):
    needed = {"error": {"code": "server.error"}, "redirect": {"location": "/"}}
    for kind in KINDS:
        described = book.add(kind, nth=100, **needed.get(kind, {})).as_dict()
        assert described["kind"] == kind
        assert KINDS[kind].options.keys() <= described.keys()
