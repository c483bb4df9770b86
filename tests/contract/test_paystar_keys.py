"""Paystar's keys against the sandbox: how they are renewed, how they die, and many callers and workers at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from airflow.sdk import DAG, task

from airflow_provider_iranpay import exceptions
from airflow_provider_iranpay.client.account import Account
from airflow_provider_iranpay.hooks.paystar import PaystarBankingHook, PaystarWalletHook
from airflow_provider_iranpay.hooks.token_store import AirflowTokenStore
from tests.contract.paystar_calls import BILLABLE, FREE, MONEY

HOURS = 3600
LONG_PATH, SHORT_PATH = "/api/open-banking/application", "/api/application"


def refreshes(sandbox) -> int:
    return sandbox.world.received["paystar.refresh_api_key"]


def ask(hook, person) -> bool:
    return hook.match_mobile(person.mobile, person.national_code)


def as_another_process() -> None:
    """Forget what this process knows of every account; the hooks that are there keep what they hold."""
    Account._known.clear()


def test_refresh_api_key(banking, sandbox, person):
    now = datetime(2026, 11, 21, 10, tzinfo=UTC)
    sandbox.world.clock.set(now)
    sandbox.world.clock.freeze()
    assert banking.refresh_api_key() == now + timedelta(hours=24)
    assert ask(banking, person) is True
    assert refreshes(sandbox) == 1


def test_wallet_refresh_api_key(wallet, sandbox):
    assert wallet.refresh_api_key() > datetime.now(UTC) + timedelta(hours=23)
    assert sandbox.world.received["paystar.wallet_refresh_api_key"] == 1


def test_wallet_refresh_inquiry_key(wallet, sandbox):
    assert wallet.refresh_inquiry_key() > datetime.now(UTC) + timedelta(hours=23)
    wallet.balance()
    assert sandbox.world.received["paystar.wallet_refresh_inquiry_key"] == 1
    assert sandbox.world.received["paystar.wallet_refresh_api_key"] == 0


def test_a_refresh_that_is_asked_for_brings_another_key(banking, sandbox, person):
    ask(banking, person)
    banking.refresh_api_key()
    assert refreshes(sandbox) == 2


def test_the_second_path_renews_where_the_first_does_not(banking, sandbox, person):
    sandbox.world.faults.add("error", path=LONG_PATH, code="10", status=404)
    assert ask(banking, person) is True
    assert refreshes(sandbox) == 2


def test_the_first_path_is_enough(banking, sandbox, person):
    sandbox.world.faults.add("error", path=SHORT_PATH, code="10", status=404)
    assert ask(banking, person) is True
    assert refreshes(sandbox) == 1


EXPIRING = [call for call in (*BILLABLE, *FREE, *MONEY) if call.hook != "gateway"]


@pytest.mark.parametrize("form", ["code", "http_401", "unauthenticated", "http_400"])
@pytest.mark.parametrize("call", EXPIRING, ids=str)
def test_a_dead_key_is_renewed_once_and_the_call_replayed_once(request, sandbox, people, call, form):
    hook = request.getfixturevalue(call.hook)
    sandbox.world.change_settings({"paystar_expired_as": form, "paystar_duplicate_track_id": "again"})
    call.ask(hook, people[0])
    done, before = call.carried_out(sandbox), +sandbox.world.received
    sandbox.world.clock.advance(25 * HOURS)
    call.ask(hook, people[0])
    sent = sandbox.world.received - before
    assert sent.pop(f"paystar.{call.service}") == 2
    assert list(sent.values()) == [1]
    assert call.carried_out(sandbox) == (done + 1 if done else 0)


def test_an_unknown_key_is_renewed_like_a_dead_one(banking, sandbox, person):
    ask(banking, person)
    sandbox.world.paystar.desk.keys.reset()
    assert ask(banking, person) is True
    assert refreshes(sandbox) == 2


@pytest.mark.parametrize("fault", ["reset_before", "reset_after", "html_5xx", "cut_body"])
def test_a_refresh_without_an_answer_is_repeated_once(banking, sandbox, person, fault):
    sandbox.world.faults.add(fault, service="paystar.refresh_api_key", count=1)
    assert ask(banking, person) is True
    assert refreshes(sandbox) == 2
    assert sandbox.world.received["paystar.match_mobile"] == 1


def test_two_hundred_first_calls_at_once_make_one_refresh(connect_paystar, sandbox, people):
    with ThreadPoolExecutor(200) as pool:
        assert all(pool.map(lambda one: ask(PaystarBankingHook(), one), people[:200]))
    assert refreshes(sandbox) == 1


def test_two_hundred_calls_with_a_dead_key_make_one_refresh(banking, sandbox, people):
    ask(banking, people[0])
    sandbox.world.clock.advance(25 * HOURS)
    with ThreadPoolExecutor(200) as pool:
        assert all(pool.map(lambda one: ask(banking, one), people[:200]))
    assert refreshes(sandbox) == 2


def test_two_hundred_callers_of_a_wallet_make_one_refresh_of_each_key(connect_paystar, sandbox):
    def both(index: int) -> int:
        return PaystarWalletHook().balance().available_rial

    with ThreadPoolExecutor(200) as pool:
        assert len(set(pool.map(both, range(200)))) == 1
    assert sandbox.world.received["paystar.wallet_refresh_inquiry_key"] == 1
    assert sandbox.world.received["paystar.wallet_refresh_api_key"] == 0


def test_a_refusal_of_a_fresh_key_is_final_and_nothing_is_billed(banking, sandbox, person):
    sandbox.world.faults.add("forbidden", service="paystar.match_mobile")
    with pytest.raises(exceptions.OperatorNeeded, match="whitelist"):
        ask(banking, person)
    assert sandbox.world.received["paystar.match_mobile"] == 2
    assert sandbox.world.ledger.entries == []


def test_a_new_refresh_token_in_the_connection_goes_on_with_the_living_key(connect_paystar, sandbox, person):
    connect_paystar("banking", extra={"refresh_token": "wrong"})
    with pytest.raises(exceptions.OperatorNeeded, match=r"refresh_api_key.*new refresh token.*code 13"):
        ask(PaystarBankingHook(), person)
    connect_paystar("banking")
    assert ask(PaystarBankingHook(), person) is True
    connect_paystar("banking", extra={"refresh_token": "newer"})
    assert ask(PaystarBankingHook(), person) is True


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"login": "another"}, r"refresh_api_key.*code 2"),
        ({"password": "wrong"}, r"refresh_api_key.*code 6"),
    ],
)
def test_new_credentials_do_not_go_on_with_the_old_ones_key(connect_paystar, banking, sandbox, person, given, says):
    ask(banking, person)
    connect_paystar("banking", **given)
    with pytest.raises(exceptions.OperatorNeeded, match=says):
        ask(PaystarBankingHook(), person)
    assert sandbox.world.received["paystar.match_mobile"] == 1


class TestOneLivingKey:
    """Where a new key ends the older ones, workers end each other's keys."""

    @pytest.fixture(autouse=True)
    def _one_key(self, sandbox):
        sandbox.world.change_settings({"paystar_one_key": True})

    def test_two_processes_without_a_shared_store_take_turns(self, connect_paystar, sandbox, person):
        first = PaystarBankingHook()
        assert ask(first, person)
        as_another_process()
        second = PaystarBankingHook()
        for _ in range(2):
            assert ask(second, person)
            assert ask(first, person)
        assert refreshes(sandbox) == 5

    def test_in_tasks_the_loser_reads_the_winners_key(self, connect_paystar, sandbox, run_dag):
        connect_paystar("banking", extra={"account_name": "loser reads"})
        with DAG("loser_reads", schedule=None) as dag:

            @task(retries=0)
            def work():
                loser = PaystarBankingHook()
                loser.list_transfers()
                as_another_process()
                winner = PaystarBankingHook()
                winner.refresh_api_key()
                loser.list_transfers()
                winner.list_transfers()

            work()
        assert str(run_dag(dag).state) == "success"
        assert refreshes(sandbox) == 2

    def test_a_loser_that_comes_too_late_is_refused_and_then_reads(
        self, connect_paystar, sandbox, run_dag, monkeypatch
    ):
        sandbox.world.change_settings({"paystar_rotate_refresh_tokens": True})
        connect_paystar("banking", extra={"account_name": "too late"})
        load = AirflowTokenStore.load
        with DAG("too_late", schedule=None) as dag:

            @task(retries=0)
            def work():
                loser = PaystarBankingHook()
                loser.list_transfers()
                as_another_process()
                winner = PaystarBankingHook()

                def overtaken(store, bearer):
                    monkeypatch.setattr(AirflowTokenStore, "load", load)
                    seen = load(store, bearer)
                    winner.refresh_api_key()
                    return seen

                sandbox.world.clock.advance(25 * HOURS)
                monkeypatch.setattr(AirflowTokenStore, "load", overtaken)
                loser.list_transfers()
                winner.list_transfers()

            work()
        assert str(run_dag(dag).state) == "success"
        assert refreshes(sandbox) == 3


class TestRefreshTokensThatRotate:
    """Not documented; if it ever happens, the new one is used from then on."""

    @pytest.fixture(autouse=True)
    def _rotate(self, sandbox):
        sandbox.world.change_settings({"paystar_rotate_refresh_tokens": True})

    def test_a_process_goes_on_with_the_new_one(self, banking, sandbox, person):
        for _ in range(3):
            assert ask(banking, person) is True
            sandbox.world.clock.advance(25 * HOURS)
        assert refreshes(sandbox) == 3

    def test_outside_a_task_it_is_said_aloud(self, banking, person, caplog):
        ask(banking, person)
        assert "replaced the refresh token" in caplog.text

    def test_the_next_process_outside_a_task_is_told_what_to_do(self, connect_paystar, person):
        ask(PaystarBankingHook(), person)
        as_another_process()
        with pytest.raises(exceptions.OperatorNeeded, match=r"refused with 13.*Put a new refresh token, from Paystar"):
            ask(PaystarBankingHook(), person)

    def test_a_new_one_that_is_lost_on_its_way_needs_a_person(self, banking, sandbox, person):
        sandbox.world.faults.add("reset_after", service="paystar.refresh_api_key", count=1)
        with pytest.raises(exceptions.OperatorNeeded, match=r"refused with 13.*this one is wrong, or was replaced"):
            ask(banking, person)
        assert sandbox.world.received["paystar.match_mobile"] == 0

    @pytest.mark.parametrize(
        ("kind", "call", "service"),
        [
            (PaystarBankingHook, PaystarBankingHook.list_transfers, "refresh_api_key"),
            (PaystarWalletHook, PaystarWalletHook.balance, "wallet_refresh_inquiry_key"),
        ],
    )
    def test_tasks_share_the_new_one(self, connect_paystar, sandbox, run_dag, kind, call, service):
        for product in ("banking", "wallet"):
            connect_paystar(product, extra={"account_name": f"rotating {product}"})
        with DAG(f"rotating_{service}", schedule=None) as dag:

            @task(retries=0)
            def work():
                as_another_process()
                call(kind())
                sandbox.world.clock.advance(25 * HOURS)

            work() >> work() >> work()
        assert str(run_dag(dag).state) == "success"
        assert sandbox.world.received[f"paystar.{service}"] == 3

    def test_a_test_of_the_connection_costs_the_tasks_nothing(self, connect_paystar, sandbox, run_dag):
        connect_paystar("banking", extra={"account_name": "tested"})
        with DAG("tested", schedule=None) as dag:

            @task(retries=0)
            def work():
                hook = PaystarBankingHook()
                works, message = hook.test_connection()
                assert works, message
                as_another_process()
                PaystarBankingHook().list_transfers()

            work()
        assert str(run_dag(dag).state) == "success"
