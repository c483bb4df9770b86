"""What bulk runs take from a hook: one account and one set of rules, for one call and for many."""

from __future__ import annotations

import subprocess
import sys

import pytest
from airflow.sdk.log import redact

from airflow_provider_iranpay.client.account import Account
from airflow_provider_iranpay.exceptions import ConfigurationError
from airflow_provider_iranpay.hooks.jibit import JibitHook
from airflow_provider_iranpay.hooks.paystar import PaystarBankingHook
from tests.client.many_jobs import Listed, matching


def test_many_calls_go_on_with_the_token_of_the_single_ones(hook, sandbox, people):
    hook.balances()
    source = Listed([matching(one.national_code, one.mobile) for one in people[:20]])
    hook.many_client(in_flight=4).run(source)
    assert all(source.is_answered(place) for place in range(20))
    assert sandbox.world.received["jibit.generate_token"] == 1


def test_single_calls_go_on_with_the_token_of_many(hook, sandbox, person):
    hook.many_client(in_flight=2).run(Listed([matching(person.national_code, person.mobile)]))
    JibitHook().balances()
    assert sandbox.world.received["jibit.generate_token"] == 1


def test_nothing_is_sent_while_it_must_not_be(hook, sandbox, person):
    asked = iter([False, False])
    client = hook.many_client(in_flight=1, may_send=lambda: next(asked, True))
    source = Listed([matching(person.national_code, person.mobile)])
    client.run(source)
    assert next(asked, None) is None
    assert source.is_answered(0)


def test_the_credentials_are_masked_before_any_client_is_made(connect):
    connect(login="an-invented-api-key", password="an-invented/secret")
    hook = JibitHook()
    assert hook.provider == "jibit"
    shown = redact("an-invented-api-key, an-invented/secret, an-invented%2Fsecret")
    assert shown == "***, ***, ***"
    assert "invented" not in repr(hook.api)


def test_a_worker_knows_the_longest_call_and_the_prices_of_its_connection(connect):
    connect(extra={"connect_timeout": 2, "read_timeout": 7.5, "prices": {"match_mobile": 3200}})
    hook = JibitHook()
    assert hook.whole_call_seconds == 9.5
    assert hook.prices == {"match_mobile": 3200}


def test_prices_may_be_the_text_of_a_form(connect, connect_paystar):
    text = '{"match_mobile": 3200}'
    connect(extra={"prices": text})
    connect_paystar("banking", extra={"prices": text})
    assert JibitHook().prices == PaystarBankingHook().prices == {"match_mobile": 3200}


def test_a_wrong_price_stops_no_single_call(connect):
    connect(extra={"prices": {"match_mobil": 3200}})
    hook = JibitHook()
    assert hook.balances().balances
    with pytest.raises(ConfigurationError, match="connection jibit_default: prices"):
        hook.prices  # noqa: B018 - reading it is what fails


def test_a_hook_for_single_calls_loads_no_libcurl():
    code = "import sys, airflow_provider_iranpay.hooks.jibit; print('pycurl' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split()[-1] == "False"


def test_two_hooks_of_a_connection_share_one_account(hook):
    assert hook.client._account is JibitHook().client._account
    assert hook.many_client(in_flight=1)._account is Account.of(hook._account_key())
