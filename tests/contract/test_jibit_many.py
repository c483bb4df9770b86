"""Many calls at once against the sandbox: whatever goes wrong, each job ends once and no question is paid twice."""

from __future__ import annotations

import threading

import pytest

from airflow_provider_iranpay import exceptions
from airflow_provider_iranpay.client.account import Account
from tests.client.many_jobs import Listed, client, matching

HOURS = 3600
FAULTS = ("reset_before", "reset_after", "die_on_reuse", "cut_body", "cut_header", "html_5xx", "json_5xx", "forbidden")


@pytest.fixture
def ours(sandbox):
    """Make a client of the sandbox."""

    def make(**settings):
        keys = (sandbox.api_key, sandbox.secret_key)
        return client(sandbox.jibit_url, **{"keys": keys, "in_flight": 64} | settings)

    return make


def questions(people, count: int):
    """So many matchings, each with another pair of person and mobile."""
    return [
        matching(people[number % 300].national_code, people[(number + number // 300) % 300].mobile)
        for number in range(count)
    ]


def token_calls(sandbox) -> tuple[int, int]:
    received = sandbox.world.received
    return received["jibit.generate_token"], received["jibit.refresh_token"]


def test_of_ten_thousand_jobs_among_faults_each_ends_once_and_none_is_paid_twice(ours, sandbox, people):
    sandbox.world.change_settings({"balances": {"PRF": 10**12}})
    for number, fault in enumerate(FAULTS):
        sandbox.world.faults.add(fault, service="jibit.match_mobile", probability=0.01, seed=number)
    source = Listed(questions(people, 10_000))
    ours().run(source)
    assert source.ends.total() == len(source.ends) == 10_000
    assert not [one for _, one in sandbox.world.ledger.repeated().items() if one > 1]
    unknown = {place for place, one in source.outcomes.items() if isinstance(one, exceptions.OutcomeUnknown)}
    answered = {place for place in source.outcomes if source.is_answered(place)}
    billed = {int(entry.track_id, 16) for entry in sandbox.world.ledger.entries}
    assert answered <= billed <= answered | unknown
    assert 300 < len(unknown) < 1000
    refused = [source.outcomes[place] for place in source.outcomes.keys() - answered - unknown]
    assert {type(one) for one in refused} <= {exceptions.OperatorNeeded, exceptions.TransientFailure}
    assert len(refused) < 10  # struck twice, or three times, by a fault that the provider owns up to


def test_nine_hundred_first_calls_make_one_token_call(ours, sandbox, people):
    source = Listed(questions(people, 900))
    ours(in_flight=900).run(source)
    assert len(source.answers()) == 900
    assert token_calls(sandbox) == (1, 0)


def test_nine_hundred_calls_with_a_dead_token_make_one_refresh(ours, sandbox, people):
    account = Account()
    ours(account=account).run(Listed(questions(people, 1)))
    sandbox.world.clock.advance(25 * HOURS)
    source = Listed(questions(people, 900))
    ours(account=account, in_flight=900).run(source)
    assert len(source.answers()) == 900
    assert token_calls(sandbox) == (1, 1)


def test_one_refusal_of_the_keys_ends_all_that_waited_for_tokens(ours, sandbox, people):
    source = Listed(questions(people, 200))
    ours(keys=(sandbox.api_key, "wrong"), in_flight=200).run(source)
    assert {one.code for one in source.outcomes.values()} == {"invalid.credentials"}
    assert token_calls(sandbox)[0] < 200
    assert sandbox.world.received["jibit.match_mobile"] == 0


def test_while_one_thread_gets_tokens_a_run_can_be_stopped(ours, sandbox, people):
    sandbox.world.faults.add("hang", service="jibit.generate_token")
    source, running = Listed(questions(people, 10)), ours(network={"read_timeout": 60.0})
    threading.Timer(0.3, running.stop).start()
    running.run(source)
    assert {type(one) for one in source.outcomes.values()} == {exceptions.NotSent}


def test_a_run_that_is_stopped_in_its_middle_has_an_outcome_for_all_that_was_billed(ours, sandbox, people):
    source = Listed(questions(people, 2000), then=lambda ended: running.stop() if ended == 500 else None)
    running = ours()
    running.run(source)
    assert source.ends.total() == source.taken < 2000
    billed = {int(entry.track_id, 16) for entry in sandbox.world.ledger.entries}
    assert billed <= {place for place in source.outcomes if source.is_answered(place)}
