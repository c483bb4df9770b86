"""Authentication against the sandbox: lifetimes, refusals, and many callers at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from airflow_provider_iranpay import exceptions
from airflow_provider_iranpay.hooks.jibit import JibitHook

HOURS = 3600


def token_calls(sandbox) -> tuple[int, int]:
    received = sandbox.world.received
    return received["jibit.generate_token"], received["jibit.refresh_token"]


def ask(hook, person) -> bool:
    return hook.match_mobile(person.mobile, person.national_code)


def test_two_hundred_first_calls_at_once_make_one_token_call(connect, sandbox, people):
    def first_call(index: int) -> bool:
        return ask(JibitHook(), people[index])

    with ThreadPoolExecutor(200) as pool:
        assert list(pool.map(first_call, range(200))) == [True] * 200
    assert token_calls(sandbox) == (1, 0)


def test_two_hundred_calls_with_a_dead_token_make_one_refresh(hook, sandbox, people):
    ask(hook, people[0])
    sandbox.world.clock.advance(25 * HOURS)
    with ThreadPoolExecutor(200) as pool:
        assert all(pool.map(lambda one: ask(hook, one), people[:200]))
    assert token_calls(sandbox) == (1, 1)


def test_two_hundred_callers_share_one_refusal(connect, sandbox, people):
    connect(password="wrong")

    def refused(index: int) -> type[Exception]:
        with pytest.raises(exceptions.OperatorNeeded) as caught:
            ask(JibitHook(), people[index])
        return caught.value.code

    with ThreadPoolExecutor(200) as pool:
        assert set(pool.map(refused, range(200))) == {"invalid.credentials"}
    assert token_calls(sandbox)[0] < 200


def test_a_dead_access_token_is_refreshed(hook, sandbox, person):
    ask(hook, person)
    sandbox.world.clock.advance(25 * HOURS)
    assert ask(hook, person) is True
    assert token_calls(sandbox) == (1, 1)


def test_a_dead_pair_is_generated_anew(hook, sandbox, person):
    ask(hook, person)
    sandbox.world.clock.advance(49 * HOURS)
    assert ask(hook, person) is True
    assert token_calls(sandbox) == (2, 1)


def test_a_second_forbidden_is_final_and_nothing_is_billed(hook, sandbox, person):
    sandbox.world.change_settings({"switched_off": ["jibit.match_mobile"]})
    with pytest.raises(exceptions.OperatorNeeded, match="whitelist"):
        ask(hook, person)
    assert sandbox.world.received["jibit.match_mobile"] == 2
    assert sandbox.world.ledger.entries == []


def test_a_storm_of_forbidden_ends_and_the_replay_is_billed_once(hook, sandbox, person):
    sandbox.world.faults.add("forbidden", service="jibit.match_mobile", count=1)
    assert ask(hook, person) is True
    assert len(sandbox.world.ledger.entries) == 1


def test_new_credentials_do_not_go_on_with_the_old_ones_tokens(connect, sandbox, person):
    ask(JibitHook(), person)
    connect(password="wrong")
    with pytest.raises(exceptions.OperatorNeeded, match=r"invalid\.credentials"):
        ask(JibitHook(), person)
