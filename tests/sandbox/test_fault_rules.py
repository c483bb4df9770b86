"""When a fault fires: by service, path, order, count, chance."""

from __future__ import annotations

import math

import pytest

from airflow_provider_iranpay.sandbox.faults import KINDS, FaultBook
from airflow_provider_iranpay.sandbox.world import World

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
    assert (second.seen, second.fired) == (2, 1)


def test_rules_of_one_service_count_the_same_requests(book):
    first, second = book.add("hang", service="sana", nth=1), book.add("reset_before", service="sana", nth=2)
    assert [book.strike("sana", PATH, 1) for _ in range(4)] == [first, second, None, None]


def test_chance_is_the_same_again_after_a_reset():
    world = World()
    runs = []
    for _ in range(2):
        world.faults.add("reset_before", service="jibit.sana", probability=0.5, seed=7)
        runs.append(fired(world.faults, 50))
        world.reset()
    assert runs[0] == runs[1]


def test_chance_does_not_depend_on_rules_added_before():
    runs = []
    for others in (0, 3):
        book = FaultBook(SERVICES)
        for _ in range(others):
            book.add("hang", service="military")
        book.add("reset_before", service="sana", probability=0.5, seed=7)
        runs.append(fired(book, 50))
    assert runs[0] == runs[1]


def test_numbers_begin_again_after_a_reset(book):
    book.add("hang")
    book.reset()
    assert book.add("hang").number == 1


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
        *(("error", {"code": "server.error", "status": status}) for status in (0, 100, 204, 304, 600, 9999, True)),
        *(("redirect", {"location": text}) for text in ("http://x/\r\nA: b", "http://x/سلام", " /", "a\x00")),
        *(("huge_html", {"megabytes": size}) for size in (-1, 257, 1.5)),
        *(("slow_bytes", {"seconds": seconds}) for seconds in (-1, math.inf, math.nan, 10**400, True)),
        *(("hang", {"probability": chance}) for chance in (-0.1, 7, math.nan, True)),
        *(("hang", {name: times}) for name in ("nth", "count") for times in (0, -1, 1.0)),
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


def test_refusing_a_number_of_times_waits_for_requests(book):
    asked = []
    book.refuse = asked.append
    rule = book.add("refuse", seconds=2, count=2)
    assert (asked, rule.fired) == ([], 0)
    fired(book, 3)
    assert (asked, rule.fired) == ([2, 2], 2)


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
